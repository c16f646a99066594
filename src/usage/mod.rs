//! Metered usage: tens of millions of events, packed into column blocks at import and summed from them.

mod dedupe;
mod memo;
mod meter;
pub mod pack;
mod scan;

pub use meter::{Conflict, Copy, Event, Interval, Memo, MeterPart, Metering, SeriesKey, Sums, Suspected};
