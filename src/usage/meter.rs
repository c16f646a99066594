//! Sums events over periods, each event once.

use super::{
    dedupe::{self, Place},
    memo,
    pack::{BlockView, Form, IdClass, Quantities, read_series, stamp},
    scan::{PartInfo, Scan},
};
use crate::{
    cache::{BlockReader, Cache},
    model::{
        decimal::{self, Decimal},
        time::Stamp,
    },
};
use anyhow::{Context as _, Result};
use chrono_tz::Tz;
use std::{
    collections::{BTreeMap, HashMap},
    sync::{
        Arc,
        atomic::{AtomicU8, Ordering},
    },
};

/// One export of usage events, as the cache has it.
#[derive(Clone, Debug)]
pub struct MeterPart {
    /// Index of the file among the report's inputs.
    pub file: usize,
    /// The content in the cache.
    pub content: i64,
    /// The pack that its blocks lie in.
    pub pack: Option<String>,
    /// The part in the cache.
    pub part: i64,
    /// Events in it.
    pub rows: u64,
    /// The zone in which timestamps without an offset were written.
    pub zone: Tz,
    /// Digest of the file's bytes and of how they were read.
    pub identity: String,
}

/// What usage is summed by, in the names that all exports share.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct SeriesKey {
    /// The account.
    pub account: Arc<str>,
    /// The metric.
    pub metric: Arc<str>,
    /// The dimension.
    pub dimension: Option<Arc<str>>,
}

/// The usage of one key between two neighbouring cuts.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Interval {
    /// The sum of quantities.
    pub sum: Decimal,
    /// The number of events.
    pub count: u64,
}

/// One event whole.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Event {
    /// When, nanoseconds since 1970 in UTC.
    pub time: i64,
    /// How much.
    pub quantity: Decimal,
    /// When it arrived, nanoseconds since 1970 in UTC.
    pub ingested: Option<i64>,
    /// The hash of its unique key.
    pub unique: Option<u64>,
    /// A further copy of an event that was already counted.
    pub again: bool,
    /// Index of the file among the report's inputs.
    pub file: usize,
    /// Line in it.
    pub line: u64,
    pub(super) place: Place,
}

/// One of several contents of one event id.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Copy {
    /// Its key's index.
    pub key: u32,
    /// When, nanoseconds since 1970 in UTC.
    pub time: i64,
    /// How much.
    pub quantity: Decimal,
    /// When it arrived.
    pub ingested: Option<i64>,
    /// Index of the file among the report's inputs.
    pub file: usize,
    /// Line in it.
    pub line: u64,
}

/// An event id with different contents; the first is the one that is metered.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Conflict {
    /// The id.
    pub id: String,
    /// One of each content.
    pub copies: Vec<Copy>,
}

/// Events of one key that are alike under different ids.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Suspected {
    /// The key's index.
    pub key: u32,
    /// Groups of three or more.
    pub groups: u64,
    /// Events beyond the first of each group.
    pub extra: u64,
    /// Their quantity.
    pub quantity: Decimal,
    /// File index and line of every event of the groups.
    pub places: Vec<(usize, u64)>,
}

/// What a whole reading of the events gives.
#[derive(Clone, Debug, Default)]
pub struct Sums {
    /// For each key the intervals before, between and after its cuts.
    pub intervals: Vec<Vec<Interval>>,
    /// Ids with different contents, by id.
    pub conflicts: Vec<Conflict>,
    /// By key: further copies of events and their quantity.
    pub duplicates: BTreeMap<u32, Interval>,
    /// Alike events under different ids.
    pub suspected: Vec<Suspected>,
    /// The first event's time, nanoseconds since 1970 in UTC.
    pub oldest: Option<i64>,
    /// The last event's time; the end of its day where only a day is given.
    pub newest: Option<i64>,
}

/// The events of several exports, opened together.
pub struct Metering<'c> {
    parts: Vec<PartInfo>,
    readers: Vec<BlockReader<'c>>,
    keys: Vec<SeriesKey>,
    /// Rows that do not count, rising, by part and block; true: a further copy of a counted event. `None` until
    /// the events were gone through.
    dead: Option<Dead>,
    cache: &'c Cache,
    /// Digest of the exports, names and zones.
    identity: blake3::Hash,
    /// Results that the cache should remember.
    fresh: Vec<Memo>,
}

type Dead = HashMap<(usize, u32), Vec<(u32, bool)>>;

/// A result with the digest of everything that it was computed from.
pub type Memo = ([u8; 32], Vec<u8>);

/// An event whose id may stand elsewhere too, whole.
#[derive(Clone)]
struct Candidate {
    place: Place,
    class: IdClass,
    bits: u128,
    unique: Option<u64>,
    copy: Copy,
}

/// What one thread gathers for the sums.
struct Share {
    totals: Totals,
    candidates: Vec<Candidate>,
    oldest: Option<i64>,
    newest: Option<i64>,
}

/// Above this many cells each thread's own totals would take too much memory.
const CELLS: usize = 2 << 20;

impl<'c> Metering<'c> {
    /// Opens the parts. `name` gives the key of each series in the names that all exports share.
    pub fn open(
        cache: &'c Cache,
        parts: &[MeterPart],
        mut name: impl FnMut(&MeterPart, &super::pack::Series) -> SeriesKey,
    ) -> Result<Metering<'c>> {
        let mut keys = Vec::new();
        let mut numbers: HashMap<SeriesKey, u32> = HashMap::new();
        let mut open = Vec::new();
        let mut readers = Vec::new();
        let mut identity = blake3::Hasher::new();
        identity.update(concat!("usage/2 ", env!("CARGO_PKG_VERSION")).as_bytes());
        for part in parts {
            identity.update(format!("{} {} {}", part.identity, part.file, part.zone.name()).as_bytes());
            let mut series = Vec::new();
            for s in read_series(&cache.series(part.part)?)? {
                let key = name(part, &s);
                let next = u32::try_from(keys.len())?;
                let number = *numbers.entry(key.clone()).or_insert_with(|| {
                    keys.push(key);
                    next
                });
                series.push((s.form, number));
            }
            let reader = BlockReader::open(cache, part.content, part.pack.as_deref())?;
            for (form, key) in &series {
                identity.update(&[*form as u8]);
                identity.update(&key.to_le_bytes());
            }
            let pack = part.pack.as_deref().map(|name| cache.dir().join(name));
            open.push(PartInfo { file: part.file, zone: part.zone, series, pack, rows: part.rows });
            readers.push(reader);
        }
        for key in &keys {
            for text in [&*key.account, &*key.metric, key.dimension.as_deref().unwrap_or("\0")] {
                identity.update(&(text.len() as u64).to_le_bytes());
                identity.update(text.as_bytes());
            }
        }
        let identity = identity.finalize();
        Ok(Metering { parts: open, readers, keys, dead: None, cache, identity, fresh: Vec::new() })
    }

    /// The keys; results name them by their index.
    pub fn keys(&self) -> &[SeriesKey] {
        &self.keys
    }

    fn scan(&self) -> Scan<'_, 'c> {
        Scan { parts: &self.parts, readers: &self.readers }
    }

    /// The key of a memo: a question about these events.
    fn question(&self, what: &str, parts: impl Iterator<Item = i64>) -> [u8; 32] {
        let mut hash = blake3::Hasher::new();
        hash.update(self.identity.as_bytes());
        hash.update(what.as_bytes());
        let bytes: Vec<u8> = parts.flat_map(i64::to_le_bytes).collect();
        hash.update(&bytes);
        *hash.finalize().as_bytes()
    }

    /// What was computed and is not yet in the cache: to be written there when nobody reads it any more.
    pub fn take_memos(&mut self) -> Vec<Memo> {
        std::mem::take(&mut self.fresh)
    }

    /// Sums every key between its cuts (nanoseconds since 1970 in UTC, rising).
    pub fn sums(&mut self, cuts: &[Arc<[i64]>]) -> Result<Sums> {
        let question = self.question(
            "sums",
            cuts.iter().flat_map(|c| std::iter::once(c.len() as i64).chain(c.iter().copied())),
        );
        let known = self.cache.recall(&question)?;
        if let Some(sums) =
            known.as_deref().and_then(memo::to_sums).filter(|s| s.intervals.len() == cuts.len())
        {
            return Ok(sums);
        }
        let sums = self.compute(cuts)?;
        if self.worth_remembering() {
            self.fresh.extend(memo::of_sums(&sums).map(|bytes| (question, bytes)));
        }
        Ok(sums)
    }

    /// A few events are summed sooner than remembered.
    fn worth_remembering(&self) -> bool {
        self.scan().rows() > 100_000
    }

    fn compute(&mut self, cuts: &[Arc<[i64]>]) -> Result<Sums> {
        let groups = dedupe::candidates(&self.scan())?;
        let mut doubtful: HashMap<(usize, u32), Vec<u32>> = HashMap::new();
        for place in groups.iter().flatten() {
            doubtful.entry((place.part(), place.block())).or_default().push(place.row() as u32);
        }
        for rows in doubtful.values_mut() {
            rows.sort_unstable();
        }
        let mut offsets = Vec::with_capacity(self.keys.len());
        let mut size = 0;
        for key in cuts {
            offsets.push(size);
            size += key.len() + 1;
        }
        let alike = Alike::new(self.scan().rows());
        let threads = if size > CELLS { 1 } else { usize::MAX };
        let threads = threads.min(std::thread::available_parallelism().map_or(1, usize::from));
        let parts = &self.parts;
        let shares = self.scan().run_on(
            threads,
            || Share {
                totals: Totals { cells: vec![(0, 0); size], scale: 0 },
                candidates: Vec::new(),
                oldest: None,
                newest: None,
            },
            |share, at, n, view| {
                let none = Vec::new();
                let rows = doubtful.get(&(at, n)).unwrap_or(&none);
                sum_block(&parts[at], (at, n), view, rows, cuts, &offsets, &alike, share)
            },
        )?;
        let mut sums = Sums::default();
        let mut shares = shares.into_iter();
        let mut first = shares.next().context("no share")?;
        for share in shares {
            first.totals.absorb(share.totals)?;
            first.candidates.extend(share.candidates);
            first.oldest = first.oldest.into_iter().chain(share.oldest).min();
            first.newest = first.newest.max(share.newest);
        }
        let Share { mut totals, candidates, oldest, newest } = first;
        self.dead = Some(Dead::new());
        (sums.oldest, sums.newest) = (oldest, newest);
        self.settle(candidates, cuts, &offsets, &mut totals, &mut sums)?;
        sums.suspected = self.suspected(&alike)?;
        sums.intervals = cuts
            .iter()
            .zip(&offsets)
            .map(|(key, &from)| (from..=from + key.len()).map(|cell| totals.interval(cell)).collect())
            .collect::<Result<_>>()?;
        Ok(sums)
    }

    /// Decides which of the doubtful events count, and adds those that do.
    fn settle(
        &mut self,
        mut candidates: Vec<Candidate>,
        cuts: &[Arc<[i64]>],
        offsets: &[usize],
        totals: &mut Totals,
        sums: &mut Sums,
    ) -> Result<()> {
        candidates.sort_unstable_by_key(|c| (c.class, c.bits, c.place));
        for same in candidates.chunk_by(|a, b| (a.class, a.bits) == (b.class, b.bits)) {
            let counted = match same {
                [one] => &one.copy,
                copies => self.judge_copies(copies, sums)?,
            };
            let key = counted.key as usize;
            let cell = offsets[key] + cuts[key].partition_point(|c| *c <= counted.time);
            let one = Quantities::Wide(vec![counted.quantity]);
            let factor = totals.factor(&one)?;
            totals.add(cell, &one, 0, factor)?;
        }
        for rows in self.dead.iter_mut().flat_map(HashMap::values_mut) {
            rows.sort_unstable();
        }
        sums.conflicts.sort_by(|a, b| a.id.cmp(&b.id));
        Ok(())
    }

    /// Of copies of one event one is counted: of equal contents the earliest to arrive, of different ones the
    /// latest to arrive (then the greater content), so that the order of files never matters. Content is account,
    /// metric, time and quantity alone.
    fn judge_copies<'k>(&mut self, copies: &'k [Candidate], sums: &mut Sums) -> Result<&'k Copy> {
        let keys = &self.keys;
        let content = |c: &Candidate| {
            let key = &keys[c.copy.key as usize];
            (c.copy.time, key.account.clone(), key.metric.clone(), c.copy.quantity)
        };
        let dimension = |c: &Candidate| keys[c.copy.key as usize].dimension.clone();
        let mut contents: Vec<Vec<&Candidate>> = Vec::new();
        for c in copies {
            match contents.iter_mut().find(|list| content(list[0]) == content(c)) {
                Some(list) => list.push(c),
                None => contents.push(vec![c]),
            }
        }
        for list in &mut contents {
            list.sort_by_cached_key(|c| {
                (c.copy.ingested.unwrap_or(i64::MAX), dimension(c), c.unique, c.place)
            });
        }
        if contents.len() > 1 {
            contents.sort_by_cached_key(|list| {
                let latest = list.iter().filter_map(|c| c.copy.ingested).max();
                std::cmp::Reverse((latest, content(list[0])))
            });
            let first = contents[0][0].place;
            let view =
                BlockView::open(&self.readers[first.part()], first.block())?.context("a block is gone")?;
            sums.conflicts.push(Conflict {
                id: view.id_text(first.row())?,
                copies: contents.iter().map(|list| list[0].copy.clone()).collect(),
            });
        }
        let counted = contents[0][0];
        for (at, list) in contents.iter().enumerate() {
            for c in list.iter().filter(|c| c.place != counted.place) {
                let again = at == 0;
                let dead = self.dead.get_or_insert_default();
                dead.entry((c.place.part(), c.place.block()))
                    .or_default()
                    .push((c.place.row() as u32, again));
                if again {
                    let d = sums.duplicates.entry(c.copy.key).or_default();
                    d.count += 1;
                    d.sum =
                        decimal::add(d.sum, c.copy.quantity).context("a sum of duplicates is too large")?;
                }
            }
        }
        Ok(&counted.copy)
    }

    fn suspected(&self, alike: &Alike) -> Result<Vec<Suspected>> {
        if !alike.any() {
            return Ok(Vec::new());
        }
        type Found = Vec<(u32, i64, Decimal, usize, u64)>;
        let none = Dead::new();
        let (parts, all_dead) = (&self.parts, self.dead.as_ref().unwrap_or(&none));
        let shares = self.scan().run(Found::new, |found, at, n, view| {
            let part = &parts[at];
            let (series, times) = (view.series()?, view.times()?);
            let mut rest = None;
            let mut dead = all_dead.get(&(at, n)).map_or(&[][..], Vec::as_slice).iter().peekable();
            for row in 0..view.meta.rows {
                let (form, key) = part.series[series[row] as usize];
                let time = instant(times[row], form, part.zone);
                let is_dead = dead.next_if(|(r, _)| *r as usize == row).is_some();
                if is_dead || time % 1_000_000_000 == 0 || !alike.maybe(key, time) {
                    continue;
                }
                if rest.is_none() {
                    rest = Some((view.quantities()?, view.lines()?));
                }
                if let Some((quantities, lines)) = &rest {
                    let quantity = quantities.get(row).normalize();
                    found.push((key, time, quantity, part.file, lines.get(row)));
                }
            }
            Ok(())
        })?;
        let mut all: Found = shares.into_iter().flatten().collect();
        all.sort_unstable();
        let mut by_key: Vec<Suspected> = Vec::new();
        for run in all.chunk_by(|a, b| (a.0, a.1, a.2) == (b.0, b.1, b.2)).filter(|run| run.len() >= 3) {
            let (key, _, quantity, _, _) = run[0];
            if by_key.last().is_none_or(|s| s.key != key) {
                let empty =
                    Suspected { key, groups: 0, extra: 0, quantity: Decimal::ZERO, places: Vec::new() };
                by_key.push(empty);
            }
            let Some(s) = by_key.last_mut() else { continue };
            let extra = run.len() as u64 - 1;
            s.groups += 1;
            s.extra += extra;
            let more = decimal::mul(quantity, Decimal::from(extra)).and_then(|q| decimal::add(s.quantity, q));
            s.quantity = more.context("a sum of alike events is too large")?;
            s.places.extend(run.iter().map(|(_, _, _, file, line)| (*file, *line)));
        }
        for s in &mut by_key {
            s.places.sort_unstable();
        }
        Ok(by_key)
    }

    /// Every event (further copies marked) of the wanted keys, by time and id.
    pub fn events(&mut self, wanted: &[bool]) -> Result<Vec<Vec<Event>>> {
        let asked = (0i64..).zip(wanted).filter(|(_, w)| **w).map(|(at, _)| at);
        let question = self.question("events", asked);
        let known = self.cache.recall(&question)?;
        if let Some(lists) = known.as_deref().and_then(memo::to_events).filter(|l| l.len() == self.keys.len())
        {
            return Ok(lists);
        }
        if self.dead.is_none() {
            // The sums were remembered; which events do not count is found out again.
            let nothing: Arc<[i64]> = Arc::from([]);
            self.compute(&vec![nothing; self.keys.len()])?;
        }
        let lists = self.read_events(wanted)?;
        if self.worth_remembering() {
            self.fresh.extend(memo::of_events(&lists).map(|bytes| (question, bytes)));
        }
        Ok(lists)
    }

    fn read_events(&self, wanted: &[bool]) -> Result<Vec<Vec<Event>>> {
        let wanted_parts: Vec<Vec<bool>> =
            self.parts.iter().map(|p| p.series.iter().map(|(_, k)| wanted[*k as usize]).collect()).collect();
        let none = Dead::new();
        let (parts, all_dead) = (&self.parts, self.dead.as_ref().unwrap_or(&none));
        let shares = self.scan().run(Vec::new, |found: &mut Vec<(u32, Event)>, at, n, view| {
            let (part, wanted) = (&parts[at], &wanted_parts[at]);
            let series = view.series()?;
            let rows: Vec<usize> = (0..view.meta.rows).filter(|&row| wanted[series[row] as usize]).collect();
            if rows.is_empty() {
                return Ok(());
            }
            let (times, quantities, lines) = (view.times()?, view.quantities()?, view.lines()?);
            let (ingested, unique) = (view.ingested()?, view.unique()?);
            let dead = all_dead.get(&(at, n)).map_or(&[][..], Vec::as_slice);
            for row in rows {
                let again = match dead.binary_search_by_key(&(row as u32), |(r, _)| *r) {
                    Ok(i) if !dead[i].1 => continue,
                    Ok(_) => true,
                    Err(_) => false,
                };
                let (form, key) = part.series[series[row] as usize];
                let event = Event {
                    time: instant(times[row], form, part.zone),
                    quantity: quantities.get(row).normalize(),
                    ingested: ingested.as_ref().and_then(|i| i[row]).and_then(|s| nanos(s, part.zone)),
                    unique: unique.as_ref().and_then(|u| u[row]),
                    again,
                    file: part.file,
                    line: lines.get(row),
                    place: Place::new(at, n, row)?,
                };
                found.push((key, event));
            }
            Ok(())
        })?;
        let mut lists: Vec<Vec<Event>> = vec![Vec::new(); self.keys.len()];
        for (key, event) in shares.into_iter().flatten() {
            lists[key as usize].push(event);
        }
        for list in &mut lists {
            self.sort(list)?;
        }
        Ok(lists)
    }

    /// Sorts events by time and id. Ids are read only where times are equal.
    pub fn sort(&self, events: &mut [Event]) -> Result<()> {
        events.sort_unstable_by_key(|e| (e.time, e.again, e.place));
        for run in events.chunk_by_mut(|a, b| a.time == b.time).filter(|run| run.len() > 1) {
            let mut named = Vec::with_capacity(run.len());
            for e in run.iter() {
                let reader = &self.readers[e.place.part()];
                let view = BlockView::open(reader, e.place.block())?.context("a block is gone")?;
                named.push((view.id_text(e.place.row())?, e.clone()));
            }
            named.sort_by(|a, b| (&a.0, a.1.again, a.1.place).cmp(&(&b.0, b.1.again, b.1.place)));
            for (slot, (_, e)) in run.iter_mut().zip(named) {
                *slot = e;
            }
        }
        Ok(())
    }
}

#[allow(clippy::too_many_arguments, reason = "the inner loop over tens of millions of events")]
fn sum_block(
    part: &PartInfo,
    (at, n): (usize, u32),
    view: &BlockView<'_, '_>,
    doubtful: &[u32],
    cuts: &[Arc<[i64]>],
    offsets: &[usize],
    alike: &Alike,
    share: &mut Share,
) -> Result<()> {
    let (series, times) = (view.series()?, view.times()?);
    let quantities = view.quantities()?;
    let factor = share.totals.factor(&quantities)?;
    let mut waiting = doubtful.iter().copied().peekable();
    for row in 0..view.meta.rows {
        let (form, key) = part.series[series[row] as usize];
        let time = instant(times[row], form, part.zone);
        if share.oldest.is_none_or(|o| time < o) {
            share.oldest = Some(time);
        }
        let until = if form == Form::Date { end_of_day(times[row], part.zone) } else { time };
        if share.newest.is_none_or(|o| until > o) {
            share.newest = Some(until);
        }
        if time % 1_000_000_000 != 0 {
            alike.count(key, time);
        }
        if waiting.next_if_eq(&(row as u32)).is_some() {
            continue;
        }
        let cell = offsets[key as usize] + cuts[key as usize].partition_point(|c| *c <= time);
        share.totals.add(cell, &quantities, row, factor)?;
    }
    if doubtful.is_empty() {
        return Ok(());
    }
    let (ids, classes, lines) = (view.ids()?, view.classes()?, view.lines()?);
    let (ingested, unique) = (view.ingested()?, view.unique()?);
    for &row in doubtful {
        let row = row as usize;
        let (form, key) = part.series[series[row] as usize];
        let mut bits = [0u8; 16];
        bits.copy_from_slice(&ids[row * 16..row * 16 + 16]);
        let copy = Copy {
            key,
            time: instant(times[row], form, part.zone),
            quantity: quantities.get(row).normalize(),
            ingested: ingested.as_ref().and_then(|i| i[row]).and_then(|s| nanos(s, part.zone)),
            file: part.file,
            line: lines.get(row),
        };
        let (place, class) = (Place::new(at, n, row)?, classes.get(row));
        let (bits, unique) = (u128::from_le_bytes(bits), unique.as_ref().and_then(|u| u[row]));
        share.candidates.push(Candidate { place, class, bits, unique, copy });
    }
    Ok(())
}

fn nanos(s: Stamp, zone: Tz) -> Option<i64> {
    s.in_zone(zone).timestamp_nanos_opt()
}

fn instant(ticks: i64, form: Form, zone: Tz) -> i64 {
    if form == Form::Instant || zone == Tz::UTC {
        return ticks;
    }
    nanos(stamp(ticks, form), zone).unwrap_or(ticks)
}

fn end_of_day(ticks: i64, zone: Tz) -> i64 {
    let next = ticks.saturating_add(86_400_000_000_000);
    instant(next, Form::Date, zone)
}

/// Sums at one scale, which rises when a finer quantity comes.
struct Totals {
    cells: Vec<(i128, u64)>,
    scale: u32,
}

const TOO_LARGE: &str = "the sum of a metric's quantities is too large to be kept exactly";

impl Totals {
    fn raise(&mut self, scale: u32) -> Result<()> {
        if scale == self.scale {
            return Ok(());
        }
        let factor = 10i128.checked_pow(scale - self.scale).context(TOO_LARGE)?;
        for (sum, _) in &mut self.cells {
            *sum = sum.checked_mul(factor).context(TOO_LARGE)?;
        }
        self.scale = scale;
        Ok(())
    }

    /// What a narrow block's mantissas are multiplied by; the totals' scale is raised where it is coarser.
    fn factor(&mut self, quantities: &Quantities) -> Result<i128> {
        let scale = match quantities {
            Quantities::Narrow(_, scale) => *scale,
            Quantities::Wide(list) => list.iter().map(Decimal::scale).max().unwrap_or(0),
        };
        if scale > self.scale {
            self.raise(scale)?;
        }
        10i128.checked_pow(self.scale - scale).context(TOO_LARGE)
    }

    fn add(&mut self, cell: usize, quantities: &Quantities, row: usize, factor: i128) -> Result<()> {
        let more = match quantities {
            Quantities::Narrow(list, _) => i128::from(list[row]).checked_mul(factor),
            Quantities::Wide(list) => {
                let d = list[row];
                10i128.checked_pow(self.scale - d.scale()).and_then(|f| d.mantissa().checked_mul(f))
            }
        };
        let (sum, count) = &mut self.cells[cell];
        *sum = more.and_then(|m| sum.checked_add(m)).context(TOO_LARGE)?;
        *count += 1;
        Ok(())
    }

    /// Adds another thread's totals of the same cells.
    fn absorb(&mut self, mut other: Totals) -> Result<()> {
        let scale = self.scale.max(other.scale);
        self.raise(scale)?;
        other.raise(scale)?;
        for (mine, theirs) in self.cells.iter_mut().zip(other.cells) {
            mine.0 = mine.0.checked_add(theirs.0).context(TOO_LARGE)?;
            mine.1 += theirs.1;
        }
        Ok(())
    }

    fn interval(&self, cell: usize) -> Result<Interval> {
        let (mut sum, count) = self.cells[cell];
        let mut scale = self.scale;
        while scale > 0 && sum % 10 == 0 {
            sum /= 10;
            scale -= 1;
        }
        let sum = Decimal::try_from_i128_with_scale(sum, scale).ok().context(TOO_LARGE)?;
        Ok(Interval { sum, count })
    }
}

/// Counts events by a hash of key and time: only where a counter reaches three can three be alike.
struct Alike {
    counters: Vec<AtomicU8>,
}

impl Alike {
    fn new(rows: u64) -> Alike {
        let size = (rows.max(16) * 6).next_power_of_two().clamp(1 << 16, 64 << 20);
        Alike { counters: (0..size).map(|_| AtomicU8::new(0)).collect() }
    }

    /// Events of one minute share a stretch of counters that fits a core's own cache, since most files are nearly
    /// in the order of time.
    fn cell(&self, key: u32, time: i64) -> usize {
        let mixed = (time as u64).wrapping_mul(0x9e37_79b9_7f4a_7c15)
            ^ u64::from(key).wrapping_mul(0xff51_afd7_ed55_8ccd);
        let mixed = (mixed ^ mixed >> 31).wrapping_mul(0x94d0_49bb_1331_11eb);
        let minute = (time >> 36) as usize;
        (minute << 16 | (mixed >> 48) as usize) & (self.counters.len() - 1)
    }

    fn count(&self, key: u32, time: i64) {
        let counter = &self.counters[self.cell(key, time)];
        if counter.load(Ordering::Relaxed) < 200 {
            counter.fetch_add(1, Ordering::Relaxed);
        }
    }

    fn maybe(&self, key: u32, time: i64) -> bool {
        self.counters[self.cell(key, time)].load(Ordering::Relaxed) >= 3
    }

    fn any(&self) -> bool {
        self.counters.iter().any(|c| c.load(Ordering::Relaxed) >= 3)
    }
}
