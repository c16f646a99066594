//! Metered usage: tens of millions of events, packed into column blocks at import and summed from them.

mod alike;
mod dedupe;
mod events;
mod memo;
mod meter;
pub mod pack;
mod prints;
mod scan;
#[cfg(test)]
mod tests;
mod totals;

pub use meter::{Conflict, Copy, Event, Interval, Memo, MeterPart, Metering, SeriesKey, Sums, Suspected};
