//! A short way for plain usage events: from the cells of a CSV row or a JSON record straight into a block.
//!
//! It takes only what it can tell at a glance to be what validation would make of it; every other row goes the long
//! way, so that both ways give the same.

mod json;
mod layout;
mod sketch;

pub(super) use json::JsonFields;

use super::read::csv::Row;
use crate::{
    model::time::Stamp,
    usage::pack::{Form, PackedCells, PackedQuantity, Packer, SeriesCache, SeriesTable, ticks},
};

/// Where the columns of usage_events stand in a file, in catalogue order.
#[derive(Clone, Copy, Debug)]
pub(super) struct EventFields {
    id: usize,
    timestamp: usize,
    account: usize,
    metric: usize,
    quantity: Option<usize>,
    ingested: Option<usize>,
    unique: Option<usize>,
    dimension: Option<usize>,
}

impl EventFields {
    /// From a canonical mapping's fields; `None` where a required one is missing.
    pub(super) fn of(fields: &[Option<usize>]) -> Option<EventFields> {
        let [id, timestamp, account, metric, quantity, ingested, unique, dimension] = fields else {
            return None;
        };
        Some(EventFields {
            id: (*id)?,
            timestamp: (*timestamp)?,
            account: (*account)?,
            metric: (*metric)?,
            quantity: *quantity,
            ingested: *ingested,
            unique: *unique,
            dimension: *dimension,
        })
    }
}

/// The day last seen: neighbouring events are mostly of one day.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct DayCache {
    day: [u8; 10],
    /// Nanoseconds since 1970 at its midnight.
    midnight: i64,
}

/// Packs a row; `None` sends it the long way, nothing being packed then.
pub(super) fn pack(
    row: &Row<'_>,
    fields: &EventFields,
    days: &mut DayCache,
    packer: &mut Packer,
    cache: &mut SeriesCache,
    table: &SeriesTable,
) -> Option<(i64, Form)> {
    let maybe = |at: Option<usize>| at.and_then(|at| row.bytes(at)).filter(|text| !text.is_empty());
    let cells = Cells {
        line: row.line,
        id: row.bytes(fields.id)?,
        timestamp: row.bytes(fields.timestamp)?,
        account: row.bytes(fields.account)?,
        metric: row.bytes(fields.metric)?,
        quantity: maybe(fields.quantity),
        ingested: maybe(fields.ingested),
        unique: maybe(fields.unique),
        dimension: maybe(fields.dimension),
    };
    cells.pack(days, packer, cache, table)
}

/// An event's cells as they are written; optional ones are `None` where they are empty.
struct Cells<'c> {
    line: u64,
    id: &'c [u8],
    timestamp: &'c [u8],
    account: &'c [u8],
    metric: &'c [u8],
    quantity: Option<&'c [u8]>,
    ingested: Option<&'c [u8]>,
    unique: Option<&'c [u8]>,
    dimension: Option<&'c [u8]>,
}

impl Cells<'_> {
    /// Packs the event; `None` where a cell is not plain, nothing being packed then.
    #[inline]
    fn pack(
        &self,
        days: &mut DayCache,
        packer: &mut Packer,
        cache: &mut SeriesCache,
        table: &SeriesTable,
    ) -> Option<(i64, Form)> {
        let odd = |text: Option<&[u8]>| text.is_some_and(|t| !plain(t));
        if !(plain(self.id) && plain(self.timestamp) && plain(self.account) && plain(self.metric))
            || odd(self.ingested)
            || odd(self.unique)
            || odd(self.dimension)
        {
            return None;
        }
        let quantity = match self.quantity {
            None => PackedQuantity::Narrow(1, 0),
            Some(text) => quantity(text)?,
        };
        let time = time(self.timestamp, days)?;
        let ingested = match self.ingested {
            None => None,
            Some(text) => Some(self::time(text, days)?),
        };
        let event = PackedCells {
            line: self.line,
            id: self.id,
            time,
            account: self.account,
            metric: self.metric,
            quantity,
            ingested,
            unique_key: self.unique,
            dimension: self.dimension,
        };
        packer.push_packed(&event, cache, table);
        Some(time)
    }
}

/// Neither empty nor with anything at its ends that validation might cut off.
#[inline]
fn plain(text: &[u8]) -> bool {
    matches!((text.first(), text.last()), (Some(first), Some(last)) if *first > b' ' && *last > b' ' && *first < 127 && *last < 127)
}

/// A decimal of at most 18 digits: sign, digits, point, digits.
fn quantity(b: &[u8]) -> Option<PackedQuantity> {
    let (negative, digits) = match b {
        [b'-', rest @ ..] => (true, rest),
        rest => (false, rest),
    };
    if digits.len() > 18 {
        return None;
    }
    let mut mantissa = 0i64;
    let mut scale = 0u8;
    let mut point = false;
    for &c in digits {
        match c {
            b'0'..=b'9' => {
                mantissa = mantissa * 10 + i64::from(c - b'0');
                scale += u8::from(point);
            }
            b'.' if !point => point = true,
            _ => return None,
        }
    }
    if !digits.first()?.is_ascii_digit() {
        return None;
    }
    if mantissa == 0 {
        return Some(PackedQuantity::Narrow(0, 0));
    }
    while scale > 0 && mantissa % 10 == 0 {
        mantissa /= 10;
        scale -= 1;
    }
    Some(PackedQuantity::Narrow(if negative { -mantissa } else { mantissa }, scale))
}

/// `2026-10-31T21:00:00[.f…]Z` at a glance, every other form by the ordinary reader.
fn time(text: &[u8], days: &mut DayCache) -> Option<(i64, Form)> {
    let other = || ticks(Stamp::parse(std::str::from_utf8(text).ok()?).ok()?);
    quick(text, days).map(|t| (t, Form::Instant)).or_else(other)
}

fn quick(b: &[u8], days: &mut DayCache) -> Option<i64> {
    let (day, rest) = b.split_first_chunk::<10>()?;
    let (clock, rest) = rest.split_first_chunk::<9>()?;
    let [b'T', h1, h2, b':', m1, m2, b':', s1, s2] = *clock else { return None };
    let two = |a: u8, b: u8| {
        let (a, b) = (a.wrapping_sub(b'0'), b.wrapping_sub(b'0'));
        if a > 9 || b > 9 { 255 } else { a * 10 + b }
    };
    let (hour, minute, second) = (two(h1, h2), two(m1, m2), two(s1, s2));
    if hour > 23 || minute > 59 || second > 59 {
        return None;
    }
    let nanos = match rest {
        [b'Z'] => 0,
        [b'.', digits @ .., b'Z'] if (1..=9).contains(&digits.len()) => {
            let mut n = 0i64;
            for c in digits {
                if !c.is_ascii_digit() {
                    return None;
                }
                n = n * 10 + i64::from(c - b'0');
            }
            const POWERS: [i64; 10] =
                [1_000_000_000, 100_000_000, 10_000_000, 1_000_000, 100_000, 10_000, 1_000, 100, 10, 1];
            n * POWERS[digits.len()]
        }
        _ => return None,
    };
    if *day != days.day {
        let midnight = match Stamp::parse(std::str::from_utf8(day).ok()?) {
            Ok(stamp @ Stamp::Date(_)) => ticks(stamp)?.0,
            _ => return None,
        };
        *days = DayCache { day: *day, midnight };
    }
    let seconds = i64::from(hour) * 3600 + i64::from(minute) * 60 + i64::from(second);
    days.midnight.checked_add(seconds * 1_000_000_000 + nanos)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::decimal;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn quantities_are_what_the_ordinary_reader_makes_of_them(text in "-?[0-9.]{0,20}|[-+0-9.eE ,]{0,8}") {
            if let Some(fast) = quantity(text.as_bytes()) {
                let slow: PackedQuantity = decimal::parse(&text).unwrap().into();
                prop_assert_eq!(fast, slow);
            }
        }

        #[test]
        fn times_are_what_the_ordinary_reader_makes_of_them(
            text in "20[0-9]{2}-[01][0-9]-[0-3][0-9][T ][0-2][0-9]:[0-6][0-9]:[0-6][0-9](\\.[0-9]{0,10})?(Z|z|\\+02:00|)"
        ) {
            let slow = Stamp::parse(&text).ok().and_then(ticks);
            prop_assert_eq!(time(text.as_bytes(), &mut DayCache::default()), slow);
        }
    }

    #[test]
    fn what_is_not_plain_goes_the_long_way() {
        assert!(quantity(b"1e3").is_none() && quantity(b"+1").is_none() && quantity(b".5").is_none());
        assert!(
            quantity(b"1234567890123456789").is_none() && quantity(b"").is_none() && quantity(b"-").is_none()
        );
        assert!(!plain(b" a") && !plain(b"a\t") && !plain(b"") && plain(b"a b"));
    }
}
