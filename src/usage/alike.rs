//! Events that are alike in account, metric, timestamp and quantity under different ids: retries under new ids,
//! perhaps. Only timestamps finer than a second say so much.

use super::{
    meter::instant,
    pack::BlockView,
    prints::{self, Filter, Prints, repeated},
    scan::{BlockAt, PartInfo, Row, Scan, cores, within},
};
use crate::model::decimal::Decimal;
use anyhow::{Context as _, Result};
use serde::{Deserialize, Serialize};

/// Three or more events that are alike.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Group {
    /// The key's index.
    pub key: u32,
    /// Nanoseconds since 1970 in UTC.
    pub time: i64,
    /// The quantity of each: mantissa and digits after the point.
    pub quantity: (i128, u32),
    /// Part and line of each.
    pub places: Vec<(u32, u64)>,
}

/// Fewer are chance.
const LEAST: usize = 3;

fn print(key: u32, time: i64) -> u64 {
    let mixed = u128::from(time as u64 ^ 0x9e37_79b9_7f4a_7c15)
        * u128::from(u64::from(key) << 20 ^ 0xd6e8_feb8_6659_fd93);
    let folded = (mixed as u64) ^ (mixed >> 64) as u64;
    folded.wrapping_mul(0xff51_afd7_ed55_8ccd) ^ folded >> 29
}

/// What has changed since the groups of the events before `old` were found.
pub(super) struct Changed {
    old: Row,
    filter: Filter,
    /// The hours in which something did, rising.
    hours: Vec<i64>,
}

/// Nanoseconds in an hour.
const HOUR: i64 = 3_600_000_000_000;

impl Changed {
    /// The events from `old` on, and others by key and time.
    pub(super) fn new(
        scan: &Scan<'_, '_>,
        old: Row,
        others: impl ExactSizeIterator<Item = (u32, i64)>,
    ) -> Result<Changed> {
        let size = u64::from(scan.rows() - old) + others.len() as u64;
        let shares = scan.run(
            1,
            |b| b.first >= old,
            || Changed { old, filter: Filter::new(size), hours: Vec::new() },
            |mine, block, view| each(&scan.parts[block.part], view, |_, key, time| mine.insert(key, time)),
        )?;
        let mut changed = shares.into_iter().next().context("no events were read")?;
        for (key, time) in others {
            changed.insert(key, time);
        }
        changed.hours.sort_unstable();
        changed.hours.dedup();
        Ok(changed)
    }

    #[inline]
    fn insert(&mut self, key: u32, time: i64) {
        self.filter.insert(print(key, time));
        let hour = time.div_euclid(HOUR);
        // Neighbouring events are mostly of one hour.
        if self.hours.last() != Some(&hour) {
            self.hours.push(hour);
        }
    }

    /// Whether a block may hold an event of which it is to be found out anew with what it is alike.
    fn meets(&self, block: &BlockAt) -> bool {
        let (first, last) = (block.times.0.div_euclid(HOUR), block.times.1.div_euclid(HOUR));
        let next = self.hours.partition_point(|hour| *hour < first);
        block.first >= self.old || self.hours.get(next).is_some_and(|hour| *hour <= last)
    }

    /// Whether a group of old events may have become another one.
    pub(super) fn touches(&self, group: &Group) -> bool {
        self.filter.has(print(group.key, group.time))
    }
}

fn each(part: &PartInfo, view: &BlockView<'_, '_>, mut f: impl FnMut(u32, u32, i64)) -> Result<()> {
    let (series, times) = (view.series()?, view.times()?);
    for (at, (series, ticks)) in (0..).zip(series.iter().zip(times)) {
        let (form, key) = part.series[*series as usize];
        let time = instant(ticks, form, part.zone);
        if time % 1_000_000_000 != 0 {
            f(at, key, time);
        }
    }
    Ok(())
}

/// The groups among events that count; with `changed` only those that it may touch.
pub(super) fn find(
    scan: &Scan<'_, '_>,
    dead: &[(Row, bool)],
    changed: Option<&Changed>,
) -> Result<Vec<Group>> {
    let expected = match changed {
        None => u64::from(scan.rows()),
        Some(c) => u64::from(scan.rows() - c.old) * 2,
    };
    let (rounds, mut rows) = (prints::rounds(expected, scan.limits.round), Vec::new());
    for round in 0..rounds {
        let room = expected / rounds / cores() as u64;
        let shares = scan.run(
            cores(),
            |block| changed.is_none_or(|c| c.meets(block)),
            || Prints::new(room, round, rounds),
            |mine, block, view| {
                let mut gone = dead_in(dead, block).iter().map(|(row, _)| row - block.first).peekable();
                let known = changed.filter(|c| block.first < c.old);
                each(&scan.parts[block.part], view, |at, key, time| {
                    while gone.next_if(|g| *g < at).is_some() {}
                    let print = print(key, time);
                    if gone.peek() != Some(&at) && known.is_none_or(|c| c.filter.has(print)) {
                        mine.push(print, block.first + at);
                    }
                })
            },
        )?;
        rows.extend(repeated(shares, LEAST as u32, 0));
    }
    rows.sort_unstable();
    exact(scan, &rows)
}

/// The dead events of a block.
pub(super) fn dead_in<'d>(dead: &'d [(Row, bool)], block: &BlockAt) -> &'d [(Row, bool)] {
    let span = block.span();
    &dead[dead.partition_point(|d| d.0 < span.start)..dead.partition_point(|d| d.0 < span.end)]
}

/// Compares the events themselves.
fn exact(scan: &Scan<'_, '_>, rows: &[Row]) -> Result<Vec<Group>> {
    type Found = Vec<(u32, i64, Decimal, u32, u64)>;
    let shares = scan.run(
        cores(),
        |b| !within(rows, b).is_empty(),
        Found::new,
        |found, block, view| {
            let part = &scan.parts[block.part];
            let (series, times) = (view.series()?, view.times()?);
            let (quantities, lines) = (view.quantities()?, view.lines()?);
            for row in within(rows, block) {
                let at = (row - block.first) as usize;
                let (form, key) = part.series[series[at] as usize];
                let time = instant(times[at], form, part.zone);
                let quantity = quantities.get(at).normalize();
                found.push((key, time, quantity, u32::try_from(block.part)?, lines.get(at)));
            }
            Ok(())
        },
    )?;
    let mut all: Found = shares.into_iter().flatten().collect();
    all.sort_unstable();
    let alike = all.chunk_by(|a, b| (a.0, a.1, a.2) == (b.0, b.1, b.2));
    Ok(alike
        .filter(|run| run.len() >= LEAST)
        .map(|run| Group {
            key: run[0].0,
            time: run[0].1,
            quantity: (run[0].2.mantissa(), run[0].2.scale()),
            places: run.iter().map(|(_, _, _, part, line)| (*part, *line)).collect(),
        })
        .collect())
}
