//! Sums and events in the form in which the cache remembers them.
//!
//! A memo's key is the digest of everything that it was computed from: the exports' bytes and how they were read,
//! the names and zones in force, and the question. So a memo can be old but never wrong.

use super::{
    dedupe::Place,
    meter::{Conflict, Copy, Event, Interval, Sums, Suspected},
};
use crate::model::decimal::Decimal;
use serde::{Deserialize, Serialize};

/// Mantissa and digits after the point.
type Number = (i128, u32);

fn number(d: Decimal) -> Number {
    (d.mantissa(), d.scale())
}

fn decimal(n: Number) -> Option<Decimal> {
    Decimal::try_from_i128_with_scale(n.0, n.1).ok()
}

/// key, time, quantity, ingested, file, line.
type CopyForm = (u32, i64, Number, Option<i64>, u32, u64);

/// key, groups, extra, quantity, file and line of each.
type SuspectedForm = (u32, u64, u64, Number, Vec<(u32, u64)>);

#[derive(Serialize, Deserialize)]
struct SumsForm {
    intervals: Vec<Vec<(Number, u64)>>,
    conflicts: Vec<(String, Vec<CopyForm>)>,
    duplicates: Vec<(u32, Number, u64)>,
    suspected: Vec<SuspectedForm>,
    oldest: Option<i64>,
    newest: Option<i64>,
}

/// time after the one before, quantity, ingested, unique, again, file, line, place.
type EventForm = (i64, Number, Option<i64>, Option<u64>, bool, u32, u64, u64);

fn copy_form(c: &Copy) -> CopyForm {
    (c.key, c.time, number(c.quantity), c.ingested, c.file as u32, c.line)
}

fn copy_of((key, time, quantity, ingested, file, line): CopyForm) -> Option<Copy> {
    Some(Copy { key, time, quantity: decimal(quantity)?, ingested, file: file as usize, line })
}

pub(super) fn of_sums(s: &Sums) -> Option<Vec<u8>> {
    let interval = |i: &Interval| (number(i.sum), i.count);
    postcard::to_stdvec(&SumsForm {
        intervals: s.intervals.iter().map(|list| list.iter().map(interval).collect()).collect(),
        conflicts: s
            .conflicts
            .iter()
            .map(|c| (c.id.clone(), c.copies.iter().map(copy_form).collect()))
            .collect(),
        duplicates: s.duplicates.iter().map(|(k, i)| (*k, number(i.sum), i.count)).collect(),
        suspected: s
            .suspected
            .iter()
            .map(|s| {
                let places = s.places.iter().map(|(f, l)| (*f as u32, *l)).collect();
                (s.key, s.groups, s.extra, number(s.quantity), places)
            })
            .collect(),
        oldest: s.oldest,
        newest: s.newest,
    })
    .ok()
}

pub(super) fn to_sums(bytes: &[u8]) -> Option<Sums> {
    let form: SumsForm = postcard::from_bytes(bytes).ok()?;
    let interval = |(sum, count): (Number, u64)| Some(Interval { sum: decimal(sum)?, count });
    Some(Sums {
        intervals: form
            .intervals
            .into_iter()
            .map(|list| list.into_iter().map(interval).collect::<Option<Vec<_>>>())
            .collect::<Option<_>>()?,
        conflicts: form
            .conflicts
            .into_iter()
            .map(|(id, copies)| {
                Some(Conflict { id, copies: copies.into_iter().map(copy_of).collect::<Option<_>>()? })
            })
            .collect::<Option<_>>()?,
        duplicates: form
            .duplicates
            .into_iter()
            .map(|(k, sum, count)| Some((k, interval((sum, count))?)))
            .collect::<Option<_>>()?,
        suspected: form
            .suspected
            .into_iter()
            .map(|(key, groups, extra, quantity, places)| {
                let places = places.into_iter().map(|(f, l)| (f as usize, l)).collect();
                Some(Suspected { key, groups, extra, quantity: decimal(quantity)?, places })
            })
            .collect::<Option<_>>()?,
        oldest: form.oldest,
        newest: form.newest,
    })
}

pub(super) fn of_events(lists: &[Vec<Event>]) -> Option<Vec<u8>> {
    let list = |events: &Vec<Event>| {
        let mut before = 0;
        let form = |e: &Event| {
            let step = e.time.wrapping_sub(before);
            before = e.time;
            (step, number(e.quantity), e.ingested, e.unique, e.again, e.file as u32, e.line, e.place.bits())
        };
        events.iter().map(form).collect::<Vec<EventForm>>()
    };
    postcard::to_stdvec(&lists.iter().map(list).collect::<Vec<_>>()).ok()
}

pub(super) fn to_events(bytes: &[u8]) -> Option<Vec<Vec<Event>>> {
    let forms: Vec<Vec<EventForm>> = postcard::from_bytes(bytes).ok()?;
    let list = |forms: Vec<EventForm>| {
        let mut time = 0i64;
        let event = |(step, quantity, ingested, unique, again, file, line, place): EventForm| {
            time = time.wrapping_add(step);
            let (quantity, file) = (decimal(quantity)?, file as usize);
            Some(Event {
                time,
                quantity,
                ingested,
                unique,
                again,
                file,
                line,
                place: Place::from_bits(place),
            })
        };
        forms.into_iter().map(event).collect::<Option<Vec<_>>>()
    };
    forms.into_iter().map(list).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::decimal::parse;

    #[test]
    fn sums_and_events_come_back() {
        let d = |t: &str| parse(t).unwrap();
        let copy = Copy { key: 1, time: -5, quantity: d("-0.5"), ingested: Some(7), file: 2, line: 9 };
        let sums = Sums {
            intervals: vec![vec![Interval { sum: d("1.000000000000000001"), count: 3 }], vec![]],
            conflicts: vec![Conflict { id: "e".into(), copies: vec![copy.clone(), copy] }],
            duplicates: [(4, Interval { sum: d("2"), count: 1 })].into(),
            suspected: vec![Suspected {
                key: 3,
                groups: 1,
                extra: 2,
                quantity: d("6"),
                places: vec![(0, 4)],
            }],
            oldest: Some(i64::MIN),
            newest: None,
        };
        let back = to_sums(&of_sums(&sums).unwrap()).unwrap();
        assert_eq!(format!("{back:?}"), format!("{sums:?}"));
        let event = |time| Event {
            time,
            quantity: d("1.5"),
            ingested: None,
            unique: Some(u64::MAX),
            again: true,
            file: 1,
            line: 2,
            place: Place::from_bits(77),
        };
        let lists = vec![vec![event(i64::MAX), event(-3)], Vec::new()];
        assert_eq!(to_events(&of_events(&lists).unwrap()).unwrap(), lists);
        assert!(to_sums(b"cut").is_none() && to_events(b"\xff\xff").is_none());
    }
}
