//! What is known of events in the form in which the cache remembers it.
//!
//! A memo's key is the digest of everything that it was computed from: the exports' bytes and how they were read,
//! the names and zones in force, and the question. So a memo can be old but never wrong. Files are parts here, by
//! their order in the cache.

use super::{
    alike::Group,
    meter::{Conflict, Copy, Event, Interval, State},
    scan::Row,
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

/// key, time, quantity, ingested, part, line.
type CopyForm = (u32, i64, Number, Option<i64>, u32, u64);

#[derive(Serialize, Deserialize)]
struct StateForm {
    /// How many intervals each key has; all intervals in a row: fewer lists are read faster.
    lengths: Vec<u32>,
    intervals: Vec<(Number, u64)>,
    conflicts: Vec<(String, Vec<CopyForm>)>,
    duplicates: Vec<(u32, Number, u64)>,
    alike: Vec<Group>,
    oldest: Option<i64>,
    newest: Option<i64>,
}

/// time after the one before, quantity, ingested, unique, again, part, line, place.
type EventForm = (i64, Number, Option<i64>, Option<u64>, bool, u32, u64, Row);

fn copy_form(c: &Copy) -> CopyForm {
    (c.key, c.time, number(c.quantity), c.ingested, c.file as u32, c.line)
}

fn copy_of((key, time, quantity, ingested, part, line): CopyForm) -> Option<Copy> {
    Some(Copy { key, time, quantity: decimal(quantity)?, ingested, file: part as usize, line })
}

pub(super) fn of_state(s: &State) -> Option<Vec<u8>> {
    let interval = |i: &Interval| (number(i.sum), i.count);
    postcard::to_stdvec(&StateForm {
        lengths: s.intervals.iter().map(|list| list.len() as u32).collect(),
        intervals: s.intervals.iter().flatten().map(interval).collect(),
        conflicts: s
            .conflicts
            .iter()
            .map(|c| (c.id.clone(), c.copies.iter().map(copy_form).collect()))
            .collect(),
        duplicates: s.duplicates.iter().map(|(k, i)| (*k, number(i.sum), i.count)).collect(),
        alike: s.alike.clone(),
        oldest: s.oldest,
        newest: s.newest,
    })
    .ok()
}

pub(super) fn to_state(bytes: &[u8]) -> Option<State> {
    let form: StateForm = postcard::from_bytes(bytes).ok()?;
    let interval = |(sum, count): (Number, u64)| Some(Interval { sum: decimal(sum)?, count });
    let mut all = form.intervals.into_iter();
    let mut intervals = Vec::with_capacity(form.lengths.len());
    for n in form.lengths {
        let list: Vec<Interval> = all.by_ref().take(n as usize).map(interval).collect::<Option<_>>()?;
        if list.len() != n as usize {
            return None;
        }
        intervals.push(list);
    }
    Some(State {
        intervals,
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
        alike: form.alike,
        oldest: form.oldest,
        newest: form.newest,
    })
}

/// Events that do not count, rising.
pub(super) fn of_dead(dead: &[(Row, bool)]) -> Option<Vec<u8>> {
    let mut before = 0;
    let step = |(row, again): &(Row, bool)| {
        let step = u64::from(row.wrapping_sub(before)) << 1 | u64::from(*again);
        before = *row;
        step
    };
    postcard::to_stdvec(&dead.iter().map(step).collect::<Vec<u64>>()).ok()
}

pub(super) fn to_dead(bytes: &[u8]) -> Option<Vec<(Row, bool)>> {
    let steps: Vec<u64> = postcard::from_bytes(bytes).ok()?;
    let mut row: Row = 0;
    let one = |step: u64| {
        row = row.checked_add(Row::try_from(step >> 1).ok()?)?;
        Some((row, step & 1 == 1))
    };
    steps.into_iter().map(one).collect()
}

pub(super) fn of_events(lists: &[Vec<Event>]) -> Option<Vec<u8>> {
    let list = |events: &Vec<Event>| {
        let mut before = 0;
        let form = |e: &Event| {
            let step = e.time.wrapping_sub(before);
            before = e.time;
            (step, number(e.quantity), e.ingested, e.unique, e.again, e.file as u32, e.line, e.row)
        };
        events.iter().map(form).collect::<Vec<EventForm>>()
    };
    postcard::to_stdvec(&lists.iter().map(list).collect::<Vec<_>>()).ok()
}

pub(super) fn to_events(bytes: &[u8]) -> Option<Vec<Vec<Event>>> {
    let forms: Vec<Vec<EventForm>> = postcard::from_bytes(bytes).ok()?;
    let list = |forms: Vec<EventForm>| {
        let mut time = 0i64;
        let event = |(step, quantity, ingested, unique, again, part, line, row): EventForm| {
            time = time.wrapping_add(step);
            let (quantity, file) = (decimal(quantity)?, part as usize);
            Some(Event { time, quantity, ingested, unique, again, file, line, row })
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
    fn what_is_remembered_comes_back() {
        let d = |t: &str| parse(t).unwrap();
        let copy = Copy { key: 1, time: -5, quantity: d("-0.5"), ingested: Some(7), file: 2, line: 9 };
        let state = State {
            intervals: vec![vec![Interval { sum: d("1.000000000000000001"), count: 3 }], vec![]],
            conflicts: vec![Conflict { id: "e".into(), copies: vec![copy.clone(), copy] }],
            duplicates: [(4, Interval { sum: d("2"), count: 1 })].into(),
            alike: vec![Group { key: 3, time: 5, quantity: (-2, 1), places: vec![(0, 4), (1, 2)] }],
            oldest: Some(i64::MIN),
            newest: None,
        };
        assert_eq!(to_state(&of_state(&state).unwrap()).unwrap(), state);
        let event = |time| Event {
            time,
            quantity: d("1.5"),
            ingested: None,
            unique: Some(u64::MAX),
            again: true,
            file: 1,
            line: 2,
            row: 77,
        };
        let lists = vec![vec![event(i64::MAX), event(-3)], Vec::new()];
        assert_eq!(to_events(&of_events(&lists).unwrap()).unwrap(), lists);
        let dead = vec![(0, true), (5, false), (Row::MAX, true)];
        assert_eq!(to_dead(&of_dead(&dead).unwrap()).unwrap(), dead);
        assert!(to_state(b"cut").is_none() && to_events(b"\xff\xff").is_none() && to_dead(b"\x05").is_none());
    }
}
