//! The blocks of one file → rows of the cache, on all cores, written in the file's order.

#[cfg(test)]
mod tests;

use super::{
    detect::Detected,
    fast::{self, DayCache, EventFields, JsonFields},
    fold::FoldTable,
    ingest::Meter,
    mapping::{Mapping, OutRow, Record, Rejected, State, says_cut},
    read::{Bad, ReadError, csv, json},
};
use crate::{
    cache::{BlockWriter, Cache, PackedRows, Part, Reject, RowPacker, StoredBlock},
    model::{
        datasets::{Dataset, Store},
        decimal,
        decimal::Decimal,
        time::Stamp,
    },
    usage::pack::{self, EventCells, Form, Packer, SeriesCache, SeriesTable},
};
use anyhow::{Context as _, Result};
use serde_json::Value;
use std::{
    collections::BTreeMap,
    sync::{
        Mutex, PoisonError,
        atomic::{AtomicU64, Ordering},
        mpsc,
    },
    thread,
};

/// What reading one file needs.
pub(super) struct FileWork<'w> {
    pub cache: &'w Cache,
    pub mapping: Mapping,
    pub detected: Detected,
    /// Bytes read so far.
    pub bytes: &'w AtomicU64,
    pub meter: &'w dyn Meter,
}

/// A file whose rows are in the cache, not yet named.
pub(super) struct Loaded {
    pub content: i64,
    pub digest: String,
    pub profile: Option<String>,
    pub warnings: Vec<String>,
    pub problems: Vec<(String, String)>,
    pub blocks: BlockWriter,
}

/// A fault of the file or of the cache.
pub(super) enum LoadFault {
    Read(ReadError),
    Other(anyhow::Error),
}

impl From<ReadError> for LoadFault {
    fn from(e: ReadError) -> LoadFault {
        LoadFault::Read(e)
    }
}
impl From<anyhow::Error> for LoadFault {
    fn from(e: anyhow::Error) -> LoadFault {
        LoadFault::Other(e)
    }
}

/// A block of either kind.
enum Block {
    Csv(csv::Block),
    Json(json::Block),
}

/// What became of a block, by output.
#[derive(Default)]
struct Done {
    outputs: Vec<OutputDone>,
    cut: Option<String>,
}

#[derive(Default)]
struct OutputDone {
    rows: Vec<PackedRows>,
    /// A hash of the key of each of them.
    keys: Vec<u64>,
    events: Option<StoredBlock>,
    rejects: Vec<Reject>,
    counts: Counts,
    oldest: Option<Stamp>,
    newest: Option<Stamp>,
}

/// What the short way has seen of a block.
#[derive(Default)]
struct Quick {
    loaded: u64,
    oldest: Option<(i64, Form)>,
    newest: Option<(i64, Form)>,
}

impl Quick {
    fn count(&mut self, time: (i64, Form)) {
        self.loaded += 1;
        if self.oldest.is_none_or(|o| time.0 < o.0) {
            self.oldest = Some(time);
        }
        if self.newest.is_none_or(|n| time.0 > n.0) {
            self.newest = Some(time);
        }
    }

    fn settle(self, out: &mut OutputDone) {
        out.counts.loaded += self.loaded;
        for (t, form) in [self.oldest, self.newest].into_iter().flatten() {
            out.span(pack::stamp(t, form));
        }
    }
}

#[derive(Clone, Copy, Default)]
struct Counts {
    loaded: u64,
    filtered: u64,
    rejected: u64,
}

/// By output: what is gathered of its rows, where it folds them.
type Folds = Vec<Option<FoldTable>>;

/// A thread's tools for blocks.
struct Worker<'w> {
    mapping: &'w Mapping,
    state: State,
    tables: &'w [SeriesTable],
    caches: Vec<SeriesCache>,
    packers: Vec<Packer>,
    rows: Vec<RowPacker>,
    /// Of the outputs that fold their rows.
    folds: Folds,
    /// For the key of a row.
    scratch: Vec<u8>,
    /// For canonical CSV of usage events: the short way.
    fast: Option<EventFields>,
    /// For plain JSON of usage events: the short way.
    fast_json: Option<JsonFields>,
    days: DayCache,
}

/// Positions of usage_events' columns in the catalogue.
const EVENT_ID: usize = 0;
const TIMESTAMP: usize = 1;
const ACCOUNT: usize = 2;
const METRIC: usize = 3;
const QUANTITY: usize = 4;
const INGESTED: usize = 5;
const UNIQUE: usize = 6;
const DIMENSION: usize = 7;

fn reject_of(bad: &Bad, dataset: &Dataset, column: Option<&str>) -> Reject {
    let personal = match column.and_then(|c| dataset.match_header(c)) {
        Some(at) if bad.exact => dataset.columns[at].personal,
        _ => dataset.columns.iter().any(|c| c.personal),
    };
    let value = if personal { "•••".to_owned() } else { bad.value.clone() };
    Reject {
        line: bad.line,
        column: column.map(str::to_owned),
        value: Some(value),
        reason: bad.fault.to_string(),
    }
}

fn reject_row(r: &Rejected, line: u64) -> Reject {
    Reject {
        line,
        column: Some(r.column.to_owned()).filter(|c| !c.is_empty()),
        value: Some(r.value.clone()),
        reason: r.reason.as_str().to_owned(),
    }
}

impl<'w> Worker<'w> {
    fn new(mapping: &'w Mapping, tables: &'w [SeriesTable]) -> Worker<'w> {
        let outputs = mapping.datasets().len();
        let events = matches!(mapping.datasets(), [one] if one.store == Store::Packed);
        Worker {
            mapping,
            state: mapping.state(),
            tables,
            caches: (0..outputs).map(|_| SeriesCache::default()).collect(),
            packers: (0..outputs).map(|_| Packer::default()).collect(),
            rows: (0..outputs).map(|_| RowPacker::default()).collect(),
            folds: (0..outputs)
                .map(|at| Some(mapping.folds(at)).filter(|f| !f.is_empty()).map(FoldTable::new))
                .collect(),
            scratch: Vec::new(),
            fast: mapping.fields().filter(|_| events).and_then(EventFields::of),
            fast_json: if events { JsonFields::of(mapping) } else { None },
            days: DayCache::default(),
        }
    }

    fn block(&mut self, block: &Block, header: &[String]) -> Done {
        let datasets = self.mapping.datasets();
        let mut done = Done { outputs: datasets.iter().map(|_| OutputDone::default()).collect(), cut: None };
        match block {
            Block::Csv(block) => {
                let mut rows = block.rows();
                let mut cells: Vec<&str> = Vec::new();
                let mut quick = Quick::default();
                while let Some(row) = rows.next_row() {
                    match row {
                        Ok(row) => {
                            if self.short(&row, &mut quick) {
                                continue;
                            }
                            cells.clear();
                            // The cells live as long as the row; the vector's memory is used again.
                            let mut own: Vec<&str> = reuse(std::mem::take(&mut cells));
                            own.extend(row.iter());
                            self.record(Record::Cells(&own), &Value::Null, row.line, &mut done);
                            cells = reuse(own);
                        }
                        Err(bad) => {
                            let column = bad.column.and_then(|c| header.get(c.wrapping_sub(1)));
                            self.bad(&bad, column.map(String::as_str), &mut done);
                        }
                    }
                }
                quick.settle(&mut done.outputs[0]);
            }
            Block::Json(block) => {
                let mut quick = Quick::default();
                for item in block.items() {
                    if let Ok(item) = &item
                        && self.short_json(item, &mut quick)
                    {
                        continue;
                    }
                    match item.and_then(|i| i.parse().map(|v| (i.line, v))) {
                        Ok((line, value)) => {
                            self.record(Record::Json(&value), block.around(), line, &mut done)
                        }
                        Err(bad) => self.bad(&bad, None, &mut done),
                    }
                }
                quick.settle(&mut done.outputs[0]);
                if let Some(fields) = &self.fast_json {
                    self.mapping.note_seen(&mut self.state, &fields.seen);
                }
            }
        }
        for (at, out) in done.outputs.iter_mut().enumerate() {
            if !self.packers[at].is_empty() {
                out.events = Some(self.packers[at].take());
            }
            out.rows = self.rows[at].take();
        }
        done
    }

    /// Packs a plain usage event; false where it has to go the long way.
    fn short(&mut self, row: &csv::Row<'_>, quick: &mut Quick) -> bool {
        let Some(fields) = &self.fast else { return false };
        let (packer, cache) = (&mut self.packers[0], &mut self.caches[0]);
        match fast::pack(row, fields, &mut self.days, packer, cache, &self.tables[0]) {
            Some(time) => {
                quick.count(time);
                true
            }
            None => false,
        }
    }

    /// The same for a JSON record.
    fn short_json(&mut self, item: &json::Item<'_>, quick: &mut Quick) -> bool {
        let Some(fields) = &mut self.fast_json else { return false };
        let (packer, cache) = (&mut self.packers[0], &mut self.caches[0]);
        match fields.pack(item.text, item.line, &mut self.days, packer, cache, &self.tables[0]) {
            Some(time) => {
                quick.count(time);
                true
            }
            None => false,
        }
    }

    fn bad(&self, bad: &Bad, column: Option<&str>, done: &mut Done) {
        let dataset = self.mapping.datasets()[0];
        done.outputs[0].counts.rejected += 1;
        done.outputs[0].rejects.push(reject_of(bad, dataset, column));
    }

    /// `around`: the object that holds the list of records, where one does.
    fn record(&mut self, record: Record<'_>, around: &Value, line: u64, done: &mut Done) {
        let (packers, caches, tables) = (&mut self.packers, &mut self.caches, self.tables);
        let (packed_rows, scratch, folds) = (&mut self.rows, &mut self.scratch, &mut self.folds);
        let before = self.state.counts().to_vec();
        let outputs = &mut done.outputs;
        let outcome =
            self.mapping.apply_within(&mut self.state, record, around, &mut |row: OutRow<'_, '_>| {
                let out = &mut outputs[row.output];
                let time = row.dataset.event_time.and_then(|t| row.dataset.position(t));
                let stamp = time.and_then(|t| row.values[t].as_deref()).and_then(|t| Stamp::parse(t).ok());
                if let Some(table) = &mut folds[row.output] {
                    // It becomes a row with its like, when all are read.
                    table.add(line, row.values);
                    if let Some(stamp) = stamp {
                        out.span(stamp);
                    }
                    return;
                }
                if row.dataset.store == Store::Packed {
                    let (packer, cache) = (&mut packers[row.output], &mut caches[row.output]);
                    if let Err((column, reason)) = pack_row(&row, line, packer, cache, &tables[row.output]) {
                        let value = row.values[column].as_deref().unwrap_or("").to_owned();
                        let name = row.dataset.columns[column].name.to_owned();
                        out.counts.rejected += 1;
                        out.rejects.push(Reject {
                            line,
                            column: Some(name),
                            value: Some(value),
                            reason: reason.to_owned(),
                        });
                        return;
                    }
                } else {
                    out.keys.push(key_hash(&row, scratch));
                    packed_rows[row.output].push(line, row.values);
                }
                out.counts.loaded += 1;
                if let Some(stamp) = stamp {
                    out.span(stamp);
                }
            });
        for r in &outcome.rejected {
            done.outputs[r.output].counts.rejected += 1;
            done.outputs[r.output].rejects.push(reject_row(r, line));
        }
        for (at, (now, then)) in self.state.counts().iter().zip(&before).enumerate() {
            done.outputs[at].counts.filtered += now.filtered - then.filtered;
        }
        if outcome.cut.is_some() {
            done.cut = outcome.cut;
        }
    }
}

/// A hash of the columns that tell a row from the others.
fn key_hash(row: &OutRow<'_, '_>, scratch: &mut Vec<u8>) -> u64 {
    scratch.clear();
    for column in row.dataset.identifying(|column| row.values[column].is_some()) {
        let text = row.values[column].as_deref();
        scratch.extend_from_slice(&[column as u8, u8::from(text.is_some())]);
        let text = text.unwrap_or("");
        scratch.extend_from_slice(&(text.len() as u32).to_le_bytes());
        scratch.extend_from_slice(text.as_bytes());
    }
    xxhash_rust::xxh3::xxh3_64(scratch)
}

/// The same memory for borrows of another life; the vector must be empty, or is emptied.
fn reuse<'a>(mut cells: Vec<&str>) -> Vec<&'a str> {
    cells.clear();
    cells.into_iter().map(|_| "").collect()
}

impl OutputDone {
    fn span(&mut self, stamp: Stamp) {
        widen(&mut self.oldest, stamp, |a, b| a.naive() < b.naive());
        widen(&mut self.newest, stamp, |a, b| a.naive() > b.naive());
    }
}

fn widen(slot: &mut Option<Stamp>, stamp: Stamp, better: impl Fn(Stamp, Stamp) -> bool) {
    if slot.is_none_or(|s| better(stamp, s)) {
        *slot = Some(stamp);
    }
}

/// Packs a validated row of usage_events.
fn pack_row(
    row: &OutRow<'_, '_>,
    line: u64,
    packer: &mut Packer,
    cache: &mut SeriesCache,
    table: &SeriesTable,
) -> Result<(), (usize, &'static str)> {
    let text = |at: usize| row.values[at].as_deref();
    let stamp =
        |at: usize| text(at).map(|t| Stamp::parse(t).map_err(|_| (at, "is no timestamp"))).transpose();
    let quantity = match text(QUANTITY) {
        None => Decimal::ONE,
        Some(t) => decimal::parse(t).map_err(|_| (QUANTITY, "is not a decimal number"))?,
    };
    let event = EventCells {
        line,
        id: text(EVENT_ID).unwrap_or(""),
        timestamp: stamp(TIMESTAMP)?.ok_or((TIMESTAMP, "is required"))?,
        account: text(ACCOUNT).unwrap_or(""),
        metric: text(METRIC).unwrap_or(""),
        quantity,
        ingested_at: stamp(INGESTED)?,
        unique_key: text(UNIQUE),
        dimension: text(DIMENSION),
    };
    packer.push(&event, cache, table).map_err(|reason| (TIMESTAMP, reason))
}

/// Puts done blocks into the cache, in the file's order.
struct Sink<'w> {
    work: &'w FileWork<'w>,
    content: i64,
    parts: Vec<Part>,
    outputs: Vec<usize>,
    rows: Vec<u64>,
    keys: Vec<Vec<u64>>,
    rejects: Vec<u64>,
    blocks: BlockWriter,
    oldest: Vec<Option<Stamp>>,
    newest: Vec<Option<Stamp>>,
    cut: Option<String>,
    seen: u64,
}

impl<'w> Sink<'w> {
    fn new(work: &'w FileWork<'w>) -> Result<Sink<'w>> {
        let cache = work.cache;
        let content = cache.begin_content()?;
        let mut parts: Vec<Part> = Vec::new();
        let mut outputs = Vec::new();
        let system = work.detected.profile().and_then(|p| p.system.clone());
        // Several outputs may give one dataset: they share a part.
        for dataset in work.mapping.datasets() {
            let at = match parts.iter().position(|p| p.dataset.name == dataset.name) {
                Some(at) => at,
                None => {
                    let id = cache.begin_part(content, dataset)?;
                    parts.push(Part { system: system.clone(), ..Part::new(id, dataset) });
                    parts.len() - 1
                }
            };
            outputs.push(at);
        }
        let count = parts.len();
        Ok(Sink {
            work,
            content,
            parts,
            outputs,
            rows: vec![0; count],
            keys: vec![Vec::new(); count],
            rejects: vec![0; count],
            blocks: BlockWriter::new(cache),
            oldest: vec![None; count],
            newest: vec![None; count],
            cut: None,
            seen: 0,
        })
    }

    fn take(&mut self, done: Done) -> Result<()> {
        let cache = self.work.cache;
        for (output, mut out) in done.outputs.into_iter().enumerate() {
            let at = self.outputs[output];
            let part = &mut self.parts[at];
            self.rows[at] = self.blocks.push_rows(part.id, self.rows[at], out.rows)?;
            self.keys[at].append(&mut out.keys);
            if let Some(block) = out.events {
                self.blocks.push(block)?;
            }
            cache.insert_rejects(part.id, self.rejects[at], &out.rejects)?;
            self.rejects[at] += out.rejects.len() as u64;
            part.loaded += out.counts.loaded;
            part.filtered += out.counts.filtered;
            part.rejected += out.counts.rejected;
            self.seen += out.counts.loaded + out.counts.filtered + out.counts.rejected;
            for stamp in [out.oldest, out.newest].into_iter().flatten() {
                widen(&mut self.oldest[at], stamp, |a, b| a.naive() < b.naive());
                widen(&mut self.newest[at], stamp, |a, b| a.naive() > b.naive());
            }
        }
        if done.cut.is_some() {
            self.cut = done.cut;
        }
        self.work.meter.at(self.seen, self.work.bytes.load(Ordering::Relaxed));
        Ok(())
    }

    /// Adds the rows of an output that folds them; gives what stands behind them.
    fn fold(&mut self, output: usize, table: FoldTable) -> Result<Vec<u8>> {
        let at = self.outputs[output];
        let dataset = self.parts[at].dataset;
        let (rows, behind) = table.finish();
        let (mut packer, mut scratch) = (RowPacker::default(), Vec::new());
        for row in &rows {
            let out = OutRow { output, dataset, values: &row.cells };
            self.keys[at].push(key_hash(&out, &mut scratch));
            packer.push(row.line, &row.cells);
        }
        self.rows[at] = self.blocks.push_rows(self.parts[at].id, self.rows[at], packer.take())?;
        self.parts[at].loaded += rows.len() as u64;
        Ok(behind.encode())
    }

    fn finish(mut self, read: Read, digest: [u8; 32]) -> Result<Loaded> {
        let Read { state, tables, folds } = read;
        let cache = self.work.cache;
        let mut tables: Vec<Option<SeriesTable>> = tables.into_iter().map(Some).collect();
        let mut behind: BTreeMap<usize, Vec<u8>> = BTreeMap::new();
        for (output, table) in folds.into_iter().enumerate() {
            if let Some(table) = table {
                let bytes = self.fold(output, table)?;
                behind.insert(self.outputs[output], bytes);
            }
        }
        for (at, part) in self.parts.iter_mut().enumerate() {
            part.rows = part.loaded + part.rejected + part.filtered;
            anyhow::ensure!(
                self.rejects[at] == part.rejected,
                "{} rejects were listed for {} rejected rows",
                self.rejects[at],
                part.rejected
            );
            part.distinct_keys = part.dataset.store == Store::Rows && distinct(&mut self.keys[at]);
            part.present = self.work.mapping.present(&state, part.dataset);
            part.oldest = self.oldest[at].map(|s| s.to_string());
            part.newest = self.newest[at].map(|s| s.to_string());
            let output = self.outputs.iter().position(|o| *o == at).context("a part without an output")?;
            let series = match part.dataset.store {
                Store::Packed => tables[output].take().map(SeriesTable::into_bytes),
                Store::Rows => behind.remove(&at),
            };
            cache.finish_part(part, series.as_deref())?;
        }
        let mut problems = Vec::new();
        if let Some(path) = self.cut {
            let message = format!("the export says that it is cut short ({path}); export all pages");
            problems.push(("data/cut-export".to_owned(), message));
        }
        Ok(Loaded {
            content: self.content,
            digest: blake3::Hash::from(digest).to_hex().to_string(),
            profile: self.work.detected.profile().map(|p| p.name.clone()),
            warnings: Vec::new(),
            problems,
            blocks: self.blocks,
        })
    }
}

/// Whether no two hashes are the same; equal hashes of different keys only make reading slower.
fn distinct(hashes: &mut [u64]) -> bool {
    hashes.sort_unstable();
    hashes.windows(2).all(|pair| pair[0] != pair[1])
}

/// Reads a CSV file.
pub(super) fn csv(work: &FileWork<'_>, splitter: csv::Splitter) -> Result<Loaded, LoadFault> {
    let header = splitter.header().names.clone();
    let mut splitter = splitter;
    let (sink, read) = run(work, &header, || Ok(splitter.next_block()?.map(Block::Csv)))?;
    let identity = splitter.finish()?;
    Ok(sink.finish(read, identity.digest)?)
}

/// Reads a JSON file whose first block was taken already.
pub(super) fn json(
    work: &FileWork<'_>,
    splitter: json::Splitter,
    first: Option<json::Block>,
) -> Result<Loaded, LoadFault> {
    let mut splitter = splitter;
    let mut first = first;
    let (sink, read) = run(work, &[], || match first.take() {
        Some(block) => Ok(Some(Block::Json(block))),
        None => Ok(splitter.next_block()?.map(Block::Json)),
    })?;
    let members: serde_json::Map<String, serde_json::Value> = splitter.members().iter().cloned().collect();
    let others: Vec<String> = splitter.other_lists().to_vec();
    let identity = splitter.finish()?;
    let found = sink.parts.first().map_or(0, |p| p.loaded + p.filtered + p.rejected);
    let more = counted_more(work, &members, found);
    let mut loaded = sink.finish(read, identity.digest)?;
    if let Some(more) = more {
        loaded.problems.push(("data/cut-export".to_owned(), more));
    }
    if says_cut(&members) {
        let message = "the export says has_more: true, so this is not all of it; export all pages".to_owned();
        loaded.problems.push(("data/cut-export".to_owned(), message));
    }
    let around = serde_json::Value::Object(members);
    if let Some(told) = work.detected.profile().and_then(|p| p.says_more(&around)) {
        let message = format!(
            "the export says ({told}) that there is more, so this is not all of it; export all pages"
        );
        loaded.problems.push(("data/cut-export".to_owned(), message));
    }
    if !others.is_empty() {
        loaded.warnings.push(format!("holds further lists that were not read: {}", others.join(", ")));
    }
    Ok(loaded)
}

/// Where the profile's vendor says how many records there are, and it is more than were found: what to say.
fn counted_more(
    work: &FileWork<'_>,
    members: &serde_json::Map<String, serde_json::Value>,
    found: u64,
) -> Option<String> {
    let name = work.detected.profile()?.counted_by.as_deref()?;
    let said = members.get(name)?.as_u64().filter(|said| *said > found)?;
    Some(format!(
        "the export says {name}: {said} and holds {found}, so this is not all of it; export all pages"
    ))
}

/// What the threads have learnt of a file.
struct Read {
    state: State,
    tables: Vec<SeriesTable>,
    folds: Folds,
}

impl Read {
    /// Takes over what another thread has learnt.
    fn merge(&mut self, state: &State, folds: Folds) {
        self.state.merge(state);
        for (mine, theirs) in self.folds.iter_mut().zip(folds) {
            if let (Some(mine), Some(theirs)) = (mine, theirs) {
                mine.unite(theirs);
            }
        }
    }
}

/// A file this short is read on one thread.
const ALONE: u64 = 256 << 10;

/// Takes blocks from `next` until there are none, works them on all cores, and stores them in order.
fn run<'w>(
    work: &'w FileWork<'w>,
    header: &[String],
    mut next: impl FnMut() -> Result<Option<Block>, ReadError> + Send,
) -> Result<(Sink<'w>, Read), LoadFault> {
    let mut sink = Sink::new(work)?;
    let mapping = &work.mapping;
    let tables: Vec<SeriesTable> = mapping.datasets().iter().map(|_| SeriesTable::default()).collect();
    let mut worker = Worker::new(mapping, &tables);
    // The first blocks here; only a long file is worth its threads.
    loop {
        let Some(block) = next()? else {
            let Worker { state, folds, .. } = worker;
            return Ok((sink, Read { state, tables, folds }));
        };
        let done = worker.block(&block, header);
        sink.take(done)?;
        if work.bytes.load(Ordering::Relaxed) > ALONE {
            break;
        }
    }
    let threads = thread::available_parallelism().map_or(1, usize::from);
    let learnt: Mutex<Vec<(State, Folds)>> = Mutex::new(vec![(worker.state, worker.folds)]);
    let (block_out, block_in) = mpsc::sync_channel::<(u64, Block)>(threads * 2);
    let (done_out, done_in) = mpsc::sync_channel::<(u64, Done)>(threads * 4);
    let block_in = Mutex::new(block_in);
    let result: Result<(), LoadFault> = thread::scope(|scope| {
        let reader = scope.spawn(move || -> Result<(), ReadError> {
            let mut n = 0;
            while let Some(block) = next()? {
                // The receiver is gone only when the sink has failed, which is told below.
                if block_out.send((n, block)).is_err() {
                    break;
                }
                n += 1;
            }
            Ok(())
        });
        for _ in 0..threads {
            let done_out = done_out.clone();
            let (block_in, tables, learnt) = (&block_in, &tables, &learnt);
            scope.spawn(move || {
                let mut worker = Worker::new(mapping, tables);
                loop {
                    let taken = block_in.lock().unwrap_or_else(PoisonError::into_inner).recv();
                    let Ok((n, block)) = taken else { break };
                    if done_out.send((n, worker.block(&block, header))).is_err() {
                        break;
                    }
                }
                let mut learnt = learnt.lock().unwrap_or_else(PoisonError::into_inner);
                learnt.push((worker.state, worker.folds));
            });
        }
        drop(done_out);
        let mut waiting: BTreeMap<u64, Done> = BTreeMap::new();
        let mut turn = 0;
        let mut stored: Result<()> = Ok(());
        for (n, done) in &done_in {
            waiting.insert(n, done);
            while let Some(done) = waiting.remove(&turn) {
                turn += 1;
                if stored.is_ok() {
                    stored = sink.take(done);
                }
            }
        }
        let read = reader.join().map_err(|_| anyhow::anyhow!("a reading thread panicked"))?;
        stored?;
        read?;
        Ok(())
    });
    result?;
    let mut all = learnt.into_inner().unwrap_or_else(PoisonError::into_inner).into_iter();
    let (state, folds) = all.next().context("no state").map_err(LoadFault::Other)?;
    let mut read = Read { state, tables, folds };
    for (state, folds) in all {
        read.merge(&state, folds);
    }
    Ok((sink, read))
}
