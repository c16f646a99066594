//! Laws of metering: how exports are cut, in what order they come, what is remembered and what is spilled changes
//! nothing.

use super::{
    Event, MeterPart, Metering, SeriesKey, Sums,
    pack::{EventCells, Packer, SeriesCache, SeriesTable},
    scan::Limits,
};
use crate::{
    cache::{BlockWriter, Cache, ContentDraft, Part},
    model::{
        datasets,
        decimal::{self, Decimal},
        time::Stamp,
    },
};
use chrono_tz::Tz;
use proptest::prelude::*;
use std::{
    collections::{BTreeMap, BTreeSet},
    sync::Arc,
};

#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
struct Row {
    id: String,
    /// Milliseconds after a midnight.
    time: i64,
    account: &'static str,
    quantity: i64,
    ingested: Option<i64>,
}

const MIDNIGHT: i64 = 1_790_812_800_000;

fn stamp(ms: i64) -> Stamp {
    Stamp::Instant(chrono::DateTime::from_timestamp_millis(MIDNIGHT + ms).unwrap())
}

/// With an offset where the export's zone is UTC, else the same reading without one.
fn written(ms: i64, zone: Tz) -> Stamp {
    match stamp(ms) {
        Stamp::Instant(t) if zone != Tz::UTC => Stamp::Civil(t.naive_utc()),
        stamp => stamp,
    }
}

fn store(cache: &mut Cache, file: usize, rows: &[Row], zone: Tz) -> MeterPart {
    let dataset = datasets::find("usage_events").unwrap();
    let table = SeriesTable::default();
    let mut series = SeriesCache::default();
    let mut packer = Packer::default();
    let name = format!("{file} {rows:?}");
    let (content, part) = cache
        .write(|cache| {
            let content = cache.begin_content()?;
            let part = cache.begin_part(content, dataset)?;
            let mut writer = BlockWriter::new(cache);
            for (at, row) in rows.iter().enumerate() {
                let cells = EventCells {
                    line: at as u64 + 2,
                    id: &row.id,
                    timestamp: written(row.time, zone),
                    account: row.account,
                    metric: "calls",
                    quantity: Decimal::new(row.quantity, 1),
                    ingested_at: row.ingested.map(|ms| written(ms, zone)),
                    unique_key: None,
                    dimension: None,
                };
                packer.push(&cells, &mut series, &table).unwrap();
                if packer.len() == 3 {
                    writer.push(packer.take())?;
                }
            }
            if !packer.is_empty() {
                writer.push(packer.take())?;
            }
            let whole =
                Part { rows: rows.len() as u64, loaded: rows.len() as u64, ..Part::new(part, dataset) };
            cache.finish_part(&whole, Some(&table.into_bytes()))?;
            let pack = writer.finish(cache, content)?;
            let draft =
                ContentDraft { digest: name.clone(), recipe: "test".to_owned(), ..ContentDraft::default() };
            cache.finish_content(content, &draft, pack.as_deref())?;
            Ok((content, part))
        })
        .unwrap();
    MeterPart { file, content, pack: None, part, rows: rows.len() as u64, zone, identity: name }
}

/// Groups, events beyond the first of each, their quantity, and the places of all.
type Group = (u64, u64, Decimal, Vec<(usize, u64)>);

/// What a person sees of the events: nothing of the order in which they came.
#[derive(Debug, PartialEq)]
struct Seen {
    sums: BTreeMap<String, Vec<(Decimal, u64)>>,
    conflicts: Vec<(String, BTreeSet<(i64, Decimal)>)>,
    duplicates: BTreeMap<String, (Decimal, u64)>,
    suspected: BTreeMap<String, Group>,
    span: (Option<i64>, Option<i64>),
    events: BTreeMap<String, Vec<(i64, Decimal, bool)>>,
}

fn meter(cache: &mut Cache, parts: &[MeterPart], limits: Limits) -> Seen {
    let (seen, memos) = {
        let key = |_: &MeterPart, s: &super::pack::Series| SeriesKey {
            account: s.account.as_str().into(),
            metric: s.metric.as_str().into(),
            dimension: None,
        };
        let mut metering = Metering::open(cache, parts, key).unwrap();
        metering.limits = limits;
        let list: Arc<[i64]> = [2, 5].map(|ms| (MIDNIGHT + ms) * 1_000_000).to_vec().into();
        let cuts = vec![list; metering.keys().len()];
        let sums = metering.sums(&cuts).unwrap();
        let events = metering.events(&vec![true; cuts.len()]).unwrap();
        (seen(&metering, sums, events), metering.take_memos())
    };
    for (key, value) in memos {
        cache.remember(&key, &value).unwrap();
    }
    seen
}

fn seen(metering: &Metering<'_>, sums: Sums, events: Vec<Vec<Event>>) -> Seen {
    let name = |key: u32| metering.keys()[key as usize].account.to_string();
    Seen {
        sums: (0..)
            .zip(sums.intervals)
            .map(|(k, i)| (name(k), i.iter().map(|i| (i.sum, i.count)).collect()))
            .collect(),
        conflicts: sums
            .conflicts
            .into_iter()
            .map(|c| (c.id, c.copies.iter().map(|c| (c.time, c.quantity)).collect()))
            .collect(),
        duplicates: sums.duplicates.into_iter().map(|(k, i)| (name(k), (i.sum, i.count))).collect(),
        suspected: sums
            .suspected
            .into_iter()
            .map(|s| (name(s.key), (s.groups, s.extra, s.quantity, s.places)))
            .collect(),
        span: (sums.oldest, sums.newest),
        events: (0..)
            .zip(events)
            .map(|(k, list)| (name(k), list.iter().map(|e| (e.time, e.quantity, e.again)).collect()))
            .collect(),
    }
}

/// The sums of an account's counted events before 2, in [2, 5), and from 5 ms on, from nothing but the rules.
fn plainly(rows: &[Row]) -> BTreeMap<String, Vec<(Decimal, u64)>> {
    let mut by_id: BTreeMap<&str, Vec<&Row>> = BTreeMap::new();
    for row in rows {
        by_id.entry(&row.id).or_default().push(row);
    }
    let mut sums: BTreeMap<String, Vec<(Decimal, u64)>> =
        rows.iter().map(|r| (r.account.to_owned(), vec![(Decimal::ZERO, 0); 3])).collect();
    for copies in by_id.values() {
        let mut latest: BTreeMap<(i64, &str, Decimal), Option<i64>> = BTreeMap::new();
        for c in copies {
            let slot = latest.entry((c.time, c.account, Decimal::new(c.quantity, 1))).or_default();
            *slot = (*slot).max(c.ingested);
        }
        let (content, _) = latest.into_iter().max_by_key(|(content, latest)| (*latest, *content)).unwrap();
        let interval = usize::from(content.0 >= 2) + usize::from(content.0 >= 5);
        let cell = &mut sums.get_mut(content.1).unwrap()[interval];
        *cell = (decimal::add(cell.0, content.2).unwrap().normalize(), cell.1 + 1);
    }
    sums
}

fn row() -> impl Strategy<Value = Row> {
    let id = prop_oneof!["[a-e]", "long-[ab]-identifier-[0-9]", "0b1c2d3e-0000-4000-8000-00000000000[0-3]"];
    // Mostly alike, on days that are far from one another.
    let time = (0i64..8, prop_oneof![Just(0i64), Just(0), Just(3), Just(9)]);
    let time = time.prop_map(|(ms, day)| day * 86_400_000 + ms);
    (id, time, prop_oneof![Just("x"), Just("y")], -2i64..4, prop::option::of(0i64..3))
        .prop_map(|(id, time, account, quantity, ingested)| Row { id, time, account, quantity, ingested })
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 96, ..ProptestConfig::default() })]
    #[test]
    fn one_export_more_gives_what_all_at_once_give(
        rows in prop::collection::vec(row(), 1..60),
        marks in prop::collection::vec(0usize..40, 60),
        held in 1usize..6,
        round in 1u64..20,
        zone in prop::sample::select(vec![Tz::UTC, Tz::Asia__Tokyo, Tz::America__New_York]),
    ) {
        // Two large exports, and small ones that come later.
        let mut exports: Vec<Vec<Row>> = vec![Vec::new(); 4];
        for (row, mark) in rows.iter().zip(marks) {
            exports[match mark { 0..20 => 0, 20..36 => 1, 36..38 => 2, _ => 3 }].push(row.clone());
        }
        exports.retain(|e| !e.is_empty());
        let small = Limits { remembered: 0, held, round };
        let mut whole = Cache::temporary().unwrap();
        let all: Vec<MeterPart> = exports.iter().enumerate().map(|(f, e)| store(&mut whole, f, e, zone)).collect();
        let expected = meter(&mut whole, &all, Limits::default());
        if zone == Tz::UTC {
            prop_assert_eq!(&expected.sums, &plainly(&rows));
        }

        let mut grown = Cache::temporary().unwrap();
        let mut parts = Vec::new();
        let mut last = None;
        for (file, export) in exports.iter().enumerate() {
            // Where a file stands among the inputs says nothing of when it came.
            parts.insert(0, store(&mut grown, file, export, zone));
            last = Some(meter(&mut grown, &parts, small));
        }
        prop_assert_eq!(last.as_ref(), Some(&expected));
        // Remembered whole.
        prop_assert_eq!(&meter(&mut grown, &parts, small), &expected);
    }
}
