//! Sums events over periods, each event once.
//!
//! What was found is remembered by the digest of everything that it was found from. Exports are taken in the order
//! in which they came into the cache, so that a new one can be added to what is remembered of those before it.

use super::{
    alike::{self, Changed},
    dedupe::{self, Candidate, rule},
    memo,
    pack::{Form, read_series, stamp},
    scan::{self, BlockAt, Limits, PartInfo, Row, Scan, cores, within},
    totals::Totals,
};
use crate::{
    cache::{BlockReader, Cache},
    model::{
        decimal::{self, Decimal},
        interned::Text,
        time::Stamp,
    },
};
use anyhow::{Context as _, Result};
use chrono_tz::Tz;
use std::{
    cell::OnceCell,
    collections::{BTreeMap, HashMap, HashSet},
    sync::Arc,
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
    pub account: Text,
    /// The metric.
    pub metric: Text,
    /// The dimension.
    pub dimension: Option<Text>,
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
    pub(super) row: Row,
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
    pub(super) parts: Vec<PartInfo>,
    readers: Vec<BlockReader<'c>>,
    /// The blocks, once they were asked for.
    blocks: OnceCell<Vec<BlockAt>>,
    keys: Vec<SeriesKey>,
    /// How many keys the first parts have, by their number.
    pub(super) keys_of: Vec<usize>,
    /// Digest of the first parts, their names and zones, by their number less one.
    identities: Vec<blake3::Hash>,
    /// Events that do not count; `None` until the events were gone through.
    pub(super) dead: Option<Vec<(Row, bool)>>,
    pub(super) cache: &'c Cache,
    pub(super) limits: Limits,
    /// Results that the cache should remember.
    pub(super) fresh: Vec<Memo>,
}

/// A result with the digest of everything that it was computed from.
pub type Memo = ([u8; 32], Vec<u8>);

/// All that is known of some exports' events.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct State {
    pub intervals: Vec<Vec<Interval>>,
    /// Files are parts here.
    pub conflicts: Vec<Conflict>,
    pub duplicates: BTreeMap<u32, Interval>,
    pub alike: Vec<alike::Group>,
    pub oldest: Option<i64>,
    pub newest: Option<i64>,
}

/// Above this many cells each thread's own totals would take too much memory.
const CELLS: usize = 4 << 20;

impl<'c> Metering<'c> {
    /// Opens the parts. `name` gives the key of each series in the names that all exports share.
    pub fn open(
        cache: &'c Cache,
        parts: &[MeterPart],
        mut name: impl FnMut(&MeterPart, &super::pack::Series) -> SeriesKey,
    ) -> Result<Metering<'c>> {
        let mut sorted: Vec<&MeterPart> = parts.iter().collect();
        sorted.sort_by_key(|p| (p.content, p.part, p.file));
        let mut keys: Vec<SeriesKey> = Vec::new();
        let mut numbers: HashMap<SeriesKey, u32> = HashMap::new();
        let (mut open, mut readers, mut keys_of, mut identities) = (vec![], vec![], vec![], vec![]);
        let mut identity = blake3::Hasher::new();
        identity.update(concat!("usage/3 ", env!("CARGO_PKG_VERSION")).as_bytes());
        let mut text = Vec::new();
        for part in sorted {
            text.clear();
            put_text(&mut text, &part.identity);
            put_text(&mut text, part.zone.name());
            let known = keys.len();
            let mut series = Vec::new();
            for s in read_series(&cache.series(part.part)?)? {
                let key = name(part, &s);
                let next = u32::try_from(keys.len())?;
                let number = *numbers.entry(key.clone()).or_insert_with(|| {
                    keys.push(key);
                    next
                });
                text.push(s.form as u8);
                text.extend_from_slice(&number.to_le_bytes());
                series.push((s.form, number));
            }
            for key in &keys[known..] {
                put_text(&mut text, &key.account);
                put_text(&mut text, &key.metric);
                put_text(&mut text, key.dimension.as_deref().unwrap_or("\0"));
            }
            identity.update(&text);
            identities.push(identity.finalize());
            keys_of.push(keys.len());
            readers.push(BlockReader::open(cache, part.content, part.pack.as_deref())?);
            let pack = part.pack.as_deref().map(|name| cache.dir().join(name));
            open.push(PartInfo { file: part.file, zone: part.zone, series, pack, rows: part.rows });
        }
        Ok(Metering {
            parts: open,
            readers,
            blocks: OnceCell::new(),
            keys,
            keys_of,
            identities,
            dead: None,
            cache,
            limits: Limits::default(),
            fresh: Vec::new(),
        })
    }

    pub(super) fn scan(&self) -> Result<Scan<'_, 'c>> {
        let blocks = match self.blocks.get() {
            Some(blocks) => blocks,
            None => {
                let found = scan::blocks(&self.parts, &self.readers)?;
                self.blocks.get_or_init(|| found)
            }
        };
        Ok(Scan { parts: &self.parts, readers: &self.readers, blocks, limits: self.limits })
    }

    /// The keys; results name them by their index.
    pub fn keys(&self) -> &[SeriesKey] {
        &self.keys
    }

    /// What was computed and is not yet in the cache: to be written there when nobody reads it any more.
    pub fn take_memos(&mut self) -> Vec<Memo> {
        std::mem::take(&mut self.fresh)
    }

    /// A few events are summed sooner than remembered.
    pub(super) fn worth_remembering(&self) -> bool {
        self.parts.iter().map(|p| p.rows).sum::<u64>() > self.limits.remembered
    }

    /// Sums every key between its cuts (nanoseconds since 1970 in UTC, rising).
    pub fn sums(&mut self, cuts: &[Arc<[i64]>]) -> Result<Sums> {
        let questions = self.questions(cuts);
        for known in (1..=questions.len()).rev() {
            let Some(state) = self.recall(&questions[known - 1], &cuts[..self.keys_of[known - 1]])? else {
                continue;
            };
            if known == questions.len() {
                return self.told(state);
            }
            // What came since is added, where it is known which of the older events count.
            if let Some(dead) = self.recall_dead(known)? {
                return self.compute(cuts, known, state, dead);
            }
        }
        self.compute(cuts, 0, State::default(), Vec::new())
    }

    /// The names of the sums of the first parts, by their number less one.
    fn questions(&self, cuts: &[Arc<[i64]>]) -> Vec<[u8; 32]> {
        let mut lists: HashMap<*const i64, u64> = HashMap::new();
        let mut hash = blake3::Hasher::new();
        let mut from = 0;
        let mut questions = Vec::with_capacity(self.parts.len());
        for (identity, &keys) in self.identities.iter().zip(&self.keys_of) {
            let mut text = identity.as_bytes().to_vec();
            for list in &cuts[from..keys] {
                // Most keys share one list, which is written out once.
                let next = lists.len() as u64;
                let number = *lists.entry(list.as_ptr()).or_insert(next);
                text.extend_from_slice(&number.to_le_bytes());
                if number == next {
                    text.extend_from_slice(&(list.len() as u64).to_le_bytes());
                    text.extend(list.iter().flat_map(|c| c.to_le_bytes()));
                }
            }
            from = keys;
            hash.update(&text);
            questions.push(*hash.finalize().as_bytes());
        }
        questions
    }

    fn recall(&self, question: &[u8; 32], cuts: &[Arc<[i64]>]) -> Result<Option<State>> {
        let bytes = self.cache.recall(&named(question, "sums"))?;
        let fits = |s: &State| {
            s.intervals.len() == cuts.len()
                && s.intervals.iter().zip(cuts).all(|(i, c)| i.len() == c.len() + 1)
        };
        Ok(bytes.as_deref().and_then(memo::to_state).filter(fits))
    }

    /// Which events of the first parts do not count, where it is remembered.
    pub(super) fn recall_dead(&self, parts: usize) -> Result<Option<Vec<(Row, bool)>>> {
        let Some(name) = self.name_of(parts, "dead", &[]) else { return Ok(None) };
        Ok(self.cache.recall(&name)?.as_deref().and_then(memo::to_dead))
    }

    /// The name of something that is known of the first parts, whatever their events are summed by.
    pub(super) fn name_of(&self, parts: usize, what: &str, of: &[u8]) -> Option<[u8; 32]> {
        let identity = self.identities.get(parts.checked_sub(1)?)?;
        let asked = [identity.as_bytes(), of].concat();
        Some(named(blake3::hash(&asked).as_bytes(), what))
    }

    /// The state in the report's terms.
    fn told(&self, state: State) -> Result<Sums> {
        let file = |part: usize| self.parts.get(part).map(|p| p.file).context("an unknown part");
        let mut conflicts = state.conflicts;
        for copy in conflicts.iter_mut().flat_map(|c| &mut c.copies) {
            copy.file = file(copy.file)?;
        }
        let mut suspected: BTreeMap<u32, Suspected> = BTreeMap::new();
        for group in state.alike {
            let s = suspected.entry(group.key).or_insert_with(|| Suspected {
                key: group.key,
                groups: 0,
                extra: 0,
                quantity: Decimal::ZERO,
                places: Vec::new(),
            });
            let extra = group.places.len() as u64 - 1;
            s.groups += 1;
            s.extra += extra;
            let each = Decimal::try_from_i128_with_scale(group.quantity.0, group.quantity.1)?;
            let more = decimal::mul(each, Decimal::from(extra)).and_then(|q| decimal::add(s.quantity, q));
            s.quantity = more.context("a sum of alike events is too large")?;
            for (part, line) in group.places {
                s.places.push((file(part as usize)?, line));
            }
        }
        for s in suspected.values_mut() {
            s.places.sort_unstable();
        }
        Ok(Sums {
            intervals: state.intervals,
            conflicts,
            duplicates: state.duplicates,
            suspected: suspected.into_values().collect(),
            oldest: state.oldest,
            newest: state.newest,
        })
    }

    /// Adds the events of the parts from `known` on to what is known of those before.
    pub(super) fn compute(
        &mut self,
        cuts: &[Arc<[i64]>],
        known: usize,
        state: State,
        dead: Vec<(Row, bool)>,
    ) -> Result<Sums> {
        let scan = self.scan()?;
        let old = if known == 0 { 0 } else { scan.first_of(known) };
        let doubtful = dedupe::doubtful(&scan, old)?;
        let cells = Cells::new(cuts);
        let mut totals = cells.totals(&state.intervals)?;
        let mut state = state;
        for share in sum(&scan, old, &doubtful, &cells)? {
            totals.absorb(share.totals)?;
            state.oldest = state.oldest.into_iter().chain(share.oldest).min();
            state.newest = state.newest.max(share.newest);
        }
        let files: Vec<usize> = self.parts.iter().map(|p| p.file).collect();
        let mut settling = Settling {
            scan: &scan,
            keys: &self.keys,
            files: &files,
            cells: &cells,
            old,
            totals,
            state,
            revived: HashSet::new(),
            died: Vec::new(),
            touched: Vec::new(),
        };
        dedupe::groups(&scan, &doubtful, self.cache.dir(), |copies| settling.settle(copies))?;
        let Settling { totals, mut state, revived, died, touched, .. } = settling;
        let mut dead = dead;
        if !revived.is_empty() {
            dead.retain(|(row, _)| !revived.contains(row));
        }
        dead.extend(died);
        dead.sort_unstable();
        state.conflicts.sort_by(|a, b| a.id.cmp(&b.id));
        state.duplicates.retain(|_, d| d.count > 0);
        let few = old > 0 && scan.rows() - old < old / 4;
        let changed = if few { Some(Changed::new(&scan, old, touched.into_iter())?) } else { None };
        state.alike.retain(|g| changed.as_ref().is_some_and(|c| !c.touches(g)));
        state.alike.extend(alike::find(&scan, &dead, changed.as_ref())?);
        state.alike.sort_unstable_by_key(|g| (g.key, g.time, g.quantity));
        state.intervals = cells.intervals(&totals)?;
        if self.worth_remembering()
            && let Some(question) = self.questions(cuts).last()
        {
            self.fresh.extend(memo::of_state(&state).map(|bytes| (named(question, "sums"), bytes)));
            let name = self.name_of(self.parts.len(), "dead", &[]);
            self.fresh.extend(name.zip(memo::of_dead(&dead)));
        }
        self.dead = Some(dead);
        self.told(state)
    }
}

fn put_text(out: &mut Vec<u8>, text: &str) {
    out.extend_from_slice(&(text.len() as u64).to_le_bytes());
    out.extend_from_slice(text.as_bytes());
}

/// The name of one of the answers to a question.
fn named(question: &[u8; 32], what: &str) -> [u8; 32] {
    *blake3::Hasher::new().update(what.as_bytes()).update(question).finalize().as_bytes()
}

/// Where a key's intervals stand among the totals.
struct Cells {
    /// Different lists of cuts.
    lists: Vec<Arc<[i64]>>,
    /// By key: its first cell and its list.
    keys: Vec<(u32, u32)>,
    size: usize,
}

impl Cells {
    fn new(cuts: &[Arc<[i64]>]) -> Cells {
        let mut numbers: HashMap<&Arc<[i64]>, u32> = HashMap::new();
        let (mut lists, mut keys, mut size) = (Vec::new(), Vec::with_capacity(cuts.len()), 0usize);
        for key in cuts {
            let list = *numbers.entry(key).or_insert_with(|| {
                lists.push(key.clone());
                lists.len() as u32 - 1
            });
            keys.push((u32::try_from(size).unwrap_or(u32::MAX), list));
            size += key.len() + 1;
        }
        Cells { lists, keys, size }
    }

    fn list(&self, key: u32) -> (usize, &[i64]) {
        let (first, list) = self.keys[key as usize];
        (first as usize, &self.lists[list as usize])
    }

    fn of(&self, key: u32, time: i64) -> usize {
        let (first, cuts) = self.list(key);
        first + cuts.partition_point(|c| *c <= time)
    }

    /// Totals that begin with what is known.
    fn totals(&self, intervals: &[Vec<Interval>]) -> Result<Totals> {
        let mut totals = Totals::new(self.size);
        for (key, known) in (0..).zip(intervals) {
            let (first, _) = self.list(key);
            for (at, i) in known.iter().enumerate().filter(|(_, i)| i.count > 0) {
                totals.change(first + at, i.sum, i64::try_from(i.count)?)?;
            }
        }
        Ok(totals)
    }

    fn intervals(&self, totals: &Totals) -> Result<Vec<Vec<Interval>>> {
        let key = |key: u32| {
            let (first, cuts) = self.list(key);
            (first..=first + cuts.len()).map(|cell| totals.interval(cell)).collect()
        };
        (0..self.keys.len() as u32).map(key).collect()
    }
}

/// What one thread gathers for the sums.
struct Share {
    totals: Totals,
    oldest: Option<i64>,
    newest: Option<i64>,
    /// By list of cuts: the interval last used; neighbouring events are mostly of one.
    last: Vec<usize>,
}

/// Sums the events from `old` on, without the doubtful ones.
fn sum(scan: &Scan<'_, '_>, old: Row, doubtful: &[Row], cells: &Cells) -> Result<Vec<Share>> {
    let threads = if cells.size > CELLS { 1 } else { cores() };
    scan.run(
        threads,
        |b| b.first >= old,
        || Share {
            totals: Totals::new(cells.size),
            oldest: None,
            newest: None,
            last: vec![0; cells.lists.len()],
        },
        |share, block, view| {
            let part = &scan.parts[block.part];
            let (series, times) = (view.series()?, view.times()?);
            let quantities = view.quantities()?;
            let factor = share.totals.factor(&quantities)?;
            let mut waiting =
                within(doubtful, block).iter().map(|row| (row - block.first) as usize).peekable();
            // By form: the first and last reading of the clock. No zone turns their order round.
            let mut spans = [(i64::MAX, i64::MIN); 3];
            for (row, (series, &ticks)) in series.iter().zip(&times).enumerate() {
                let (form, key) = part.series[*series as usize];
                let span = &mut spans[form as usize];
                *span = (span.0.min(ticks), span.1.max(ticks));
                if waiting.next_if_eq(&row).is_some() {
                    continue;
                }
                let time = instant(ticks, form, part.zone);
                let (first, list) = cells.keys[key as usize];
                let (cuts, last) = (&cells.lists[list as usize], &mut share.last[list as usize]);
                let after = *last == 0 || cuts[*last - 1] <= time;
                if !after || cuts.get(*last).is_some_and(|c| *c <= time) {
                    *last = cuts.partition_point(|c| *c <= time);
                }
                share.totals.add(first as usize + *last, &quantities, row, factor)?;
            }
            for (form, (least, most)) in [Form::Instant, Form::Civil, Form::Date].into_iter().zip(spans) {
                if least > most {
                    continue;
                }
                let until = if form == Form::Date {
                    end_of_day(most, part.zone)
                } else {
                    instant(most, form, part.zone)
                };
                let since = instant(least, form, part.zone);
                share.oldest = Some(share.oldest.map_or(since, |o| o.min(since)));
                share.newest = share.newest.max(Some(until));
            }
            Ok(())
        },
    )
}

/// Decides which of the doubtful events count.
struct Settling<'s, 'c> {
    scan: &'s Scan<'s, 'c>,
    keys: &'s [SeriesKey],
    files: &'s [usize],
    cells: &'s Cells,
    /// Events before this are in the state already.
    old: Row,
    totals: Totals,
    state: State,
    /// Old events of which it is decided anew.
    revived: HashSet<Row>,
    died: Vec<(Row, bool)>,
    /// Key and time of old events whose id came again.
    touched: Vec<(u32, i64)>,
}

impl Settling<'_, '_> {
    /// All copies of one id, by place.
    fn settle(&mut self, copies: &[Candidate]) -> Result<()> {
        let all: Vec<&Candidate> = copies.iter().collect();
        let (old, _) = all.split_at(all.partition_point(|c| c.row < self.old));
        if old.len() == all.len() {
            return Ok(());
        }
        if let Some(was) = rule(old, self.keys, self.files) {
            self.totals.change(self.cell(was.counted), -was.counted.quantity, -1)?;
            for c in &was.again {
                self.duplicate(c, -1)?;
            }
            if !was.contents.is_empty() {
                let id = self.scan.id_text(was.counted.row)?;
                self.state.conflicts.retain(|c| c.id != id);
            }
            self.revived.extend(old.iter().map(|c| c.row));
            self.touched.extend(all.iter().map(|c| (c.key, c.time)));
        }
        let Some(is) = rule(&all, self.keys, self.files) else { return Ok(()) };
        self.totals.change(self.cell(is.counted), is.counted.quantity, 1)?;
        for c in &is.again {
            self.duplicate(c, 1)?;
            self.died.push((c.row, true));
        }
        self.died.extend(is.other.iter().map(|c| (c.row, false)));
        if !is.contents.is_empty() {
            let copies = is.contents.iter().map(|c| Copy {
                key: c.key,
                time: c.time,
                quantity: c.quantity,
                ingested: c.ingested,
                file: c.part as usize,
                line: c.line,
            });
            let conflict = Conflict { id: self.scan.id_text(is.counted.row)?, copies: copies.collect() };
            self.state.conflicts.push(conflict);
        }
        Ok(())
    }

    fn cell(&self, c: &Candidate) -> usize {
        self.cells.of(c.key, c.time)
    }

    /// Counts a further copy, or takes one back.
    fn duplicate(&mut self, c: &Candidate, count: i64) -> Result<()> {
        let d = self.state.duplicates.entry(c.key).or_default();
        d.count = d.count.checked_add_signed(count).context("a negative number of duplicates")?;
        let quantity = if count < 0 { -c.quantity } else { c.quantity };
        d.sum = decimal::add(d.sum, quantity).context("a sum of duplicates is too large")?;
        Ok(())
    }
}

pub(super) fn nanos(s: Stamp, zone: Tz) -> Option<i64> {
    s.in_zone(zone).timestamp_nanos_opt()
}

/// The instant of a reading.
pub(super) fn instant(ticks: i64, form: Form, zone: Tz) -> i64 {
    if form == Form::Instant || zone == Tz::UTC {
        return ticks;
    }
    nanos(stamp(ticks, form), zone).unwrap_or(ticks)
}

fn end_of_day(ticks: i64, zone: Tz) -> i64 {
    let next = ticks.saturating_add(86_400_000_000_000);
    instant(next, Form::Date, zone)
}
