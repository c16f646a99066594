//! The form of a block of events.
//!
//! Events stand in the file's order, so that times are small offsets and lines need no room. Columns are arrays
//! of little-endian integers of the least width that holds them, as offsets from the least, in the coarsest unit
//! that loses nothing. An event id is 128 bits: a UUID's own, a text of at most 15 bytes as it is, any other by
//! its XXH3-128 with the text kept beside; with 10^9 such ids in one comparison the odds of one collision are
//! below 10^-20 (n²/2^129).

mod ids;
mod ints;
mod packer;
mod series;
mod view;

pub use ids::{IdClass, id_bits};
pub use packer::{EventCells, PackedCells, PackedQuantity, Packer};
pub use series::{Series, SeriesCache, SeriesTable, read_series};
pub use view::{BlockView, Classes, Lines, Meta, Quantities};

use crate::model::time::Stamp;
use chrono::DateTime;

const META: u8 = 0;
const LINES: u8 = 1;
const SERIES: u8 = 2;
const TIME: u8 = 3;
const QUANTITY: u8 = 4;
const ID: u8 = 5;
const INGESTED: u8 = 6;
const UNIQUE: u8 = 7;
const ID_TEXT: u8 = 8;
const CLASS: u8 = 9;

/// How the timestamps of a series were written.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Form {
    /// With an offset: nanoseconds since 1970 in UTC.
    Instant,
    /// Without one: nanoseconds since 1970 on the clock of the source's zone.
    Civil,
    /// A day alone.
    Date,
}

/// Nanoseconds since 1970 of a stamp's reading, and its form. `None` outside 1678 … 2261.
pub fn ticks(stamp: Stamp) -> Option<(i64, Form)> {
    let form = match stamp {
        Stamp::Instant(_) => Form::Instant,
        Stamp::Civil(_) => Form::Civil,
        Stamp::Date(_) => Form::Date,
    };
    Some((stamp.naive().and_utc().timestamp_nanos_opt()?, form))
}

/// The stamp of a reading.
pub fn stamp(ticks: i64, form: Form) -> Stamp {
    let t = DateTime::from_timestamp_nanos(ticks);
    match form {
        Form::Instant => Stamp::Instant(t),
        Form::Civil => Stamp::Civil(t.naive_utc()),
        Form::Date => Stamp::Date(t.date_naive()),
    }
}
