//! The exports as a check sees them: records with shared names, each counted once, from the files it was given.

mod names;
mod record;
pub mod records;

pub use names::Names;
pub(crate) use record::record;
pub use record::{At, Cell, Cells, Field, Naming, Own, Record, Source};

use crate::{
    cache::{Cache, Input, Part},
    model::{
        datasets::{self, Dataset, Kind},
        time::{Instant, Stamp},
    },
    report::{Evidence, InputReport},
    settings::Settings,
    usage::{Memo, MeterPart},
};
use anyhow::{Context as _, Result};
use chrono_tz::Tz;
use hashbrown::HashTable;
use std::{
    cell::RefCell,
    collections::{BTreeSet, HashMap},
    marker::PhantomData,
    sync::{
        Arc,
        mpsc::{SyncSender, sync_channel},
    },
};

/// A part of this many rows is read on a thread of its own.
const MANY: u64 = 20_000;

/// Records that one thread hands to another at a time.
const BATCH: usize = 1024;

/// A record that several exports hold with different contents.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ConflictingRecord {
    /// The dataset.
    pub dataset: &'static str,
    /// The key's values, joined.
    pub key: String,
    /// The account, where the dataset has one.
    pub account: Option<String>,
    /// Where the record that is used stands.
    pub used: At,
    /// Where the one that is not stands.
    pub unused: At,
    /// The first column in which they differ.
    pub column: &'static str,
}

/// What loading has noticed beside the records.
#[derive(Clone, Debug, Default)]
pub struct Noticed {
    /// Records with two contents.
    pub conflicts: Vec<ConflictingRecord>,
    /// What a person should know of how the data was read.
    pub notes: BTreeSet<String>,
}

/// The exports of one run.
pub struct Data<'a> {
    /// The cache they lie in.
    pub cache: &'a Cache,
    /// The files.
    pub inputs: &'a [Input],
    /// What was asked for.
    pub settings: &'a Settings,
    /// Shared names.
    pub names: Names,
    noticed: RefCell<Noticed>,
    memos: RefCell<Vec<Memo>>,
}

impl<'a> Data<'a> {
    /// The exports of these files.
    pub fn open(cache: &'a Cache, inputs: &'a [Input], settings: &'a Settings) -> Result<Data<'a>> {
        let names = Names::load(cache, inputs, settings)?;
        Ok(Data { cache, inputs, settings, names, noticed: RefCell::default(), memos: RefCell::default() })
    }

    /// The parts of a dataset, with the index of their file.
    pub fn parts(&self, dataset: &str) -> impl Iterator<Item = (usize, &Part)> {
        let wanted = datasets::find(dataset).map_or("", |d| d.name);
        self.inputs.iter().enumerate().flat_map(move |(at, input)| {
            input.content.parts.iter().filter(move |p| p.dataset.name == wanted).map(move |p| (at, p))
        })
    }

    /// Whether an export of the dataset was given.
    pub fn has(&self, dataset: &str) -> bool {
        self.parts(dataset).next().is_some()
    }

    /// Whether an export of the dataset has the column; an empty cell is a value, an absent column is not.
    pub fn has_column(&self, dataset: &str, column: &str) -> bool {
        self.parts(dataset).any(|(_, p)| p.dataset.position(column).is_some_and(|c| p.present.contains(&c)))
    }

    /// Rows of a dataset that can be used, over all files.
    pub fn loaded(&self, dataset: &str) -> u64 {
        self.parts(dataset).map(|(_, p)| p.loaded).sum()
    }

    /// The zone of a file's timestamps without an offset.
    pub fn zone_of(&self, file: usize) -> Tz {
        self.inputs.get(file).and_then(|i| i.zone).unwrap_or(self.settings.timezone)
    }

    /// Adds a remark on how the data was read.
    pub fn note(&self, text: impl Into<String>) {
        self.noticed.borrow_mut().notes.insert(text.into());
    }

    /// Keeps results for [`Data::take_memos`].
    pub fn keep_memos(&self, memos: Vec<Memo>) {
        self.memos.borrow_mut().extend(memos);
    }

    /// Results that the cache should remember, once nobody reads it any more.
    pub fn take_memos(&self) -> Vec<Memo> {
        std::mem::take(&mut *self.memos.borrow_mut())
    }

    /// What loading has noticed so far.
    pub fn take_noticed(&self) -> Noticed {
        let mut noticed = std::mem::take(&mut *self.noticed.borrow_mut());
        noticed.conflicts.sort_by(|a, b| {
            (a.dataset, &a.key, a.used, a.unused).cmp(&(b.dataset, &b.key, b.used, b.unused))
        });
        noticed.conflicts.dedup();
        noticed
    }

    /// Evidence of a place.
    pub fn evidence(&self, dataset: &str, at: At) -> Evidence {
        let file = self.inputs.get(at.file as usize).map_or_else(String::new, |i| i.file.clone());
        Evidence { dataset: dataset.to_owned(), file, line: at.line }
    }

    /// The usage events' parts.
    pub fn meter_parts(&self) -> Vec<MeterPart> {
        // A file that could not be read has a part without rows, and no events.
        self.parts("usage_events")
            .filter(|(_, part)| part.rows > 0)
            .map(|(file, part)| MeterPart {
                file,
                content: self.inputs[file].content.id,
                pack: self.inputs[file].content.pack.clone(),
                part: part.id,
                rows: part.loaded,
                zone: self.zone_of(file),
                identity: format!(
                    "{} {}",
                    self.inputs[file].content.digest, self.inputs[file].content.recipe
                ),
            })
            .collect()
    }

    /// The files as the report lists them.
    pub fn input_reports(&self, datasets: &[&str]) -> Vec<InputReport> {
        let wanted = |p: &&Part| datasets.contains(&p.dataset.name);
        let time = |file: usize, text: &Option<String>| {
            let stamp = Stamp::parse(text.as_deref()?).ok()?;
            Some(match stamp {
                Stamp::Date(d) => d.to_string(),
                other => crate::model::time::rfc3339(other.in_zone(self.zone_of(file))),
            })
        };
        let mut found: Vec<InputReport> = self
            .inputs
            .iter()
            .enumerate()
            .flat_map(|(at, input)| {
                input.content.parts.iter().filter(wanted).map(move |p| InputReport {
                    dataset: p.dataset.name.to_owned(),
                    file: input.file.clone(),
                    profile: input.content.profile.clone(),
                    rows: p.rows,
                    loaded: p.loaded,
                    rejected: p.rejected,
                    filtered: p.filtered,
                    digest: input.content.digest.clone(),
                    oldest: time(at, &p.oldest),
                    newest: time(at, &p.newest),
                })
            })
            .collect();
        found.sort_by(|a, b| (&a.dataset, &a.file).cmp(&(&b.dataset, &b.file)));
        found
    }

    /// The records of a dataset: names shared, identical copies counted once, of conflicting ones the one that
    /// was updated last (else the byte-greater), of several snapshots the newest. In the order of files and lines.
    pub fn load<R: Record + Send>(&self) -> Result<Vec<R>> {
        self.load_as(Ok)
    }

    /// [`Data::load`] with each record made into what a check keeps of it: a million records are never held whole.
    pub fn load_as<R: Record + Send, T>(&self, make: impl FnMut(R) -> Result<T>) -> Result<Vec<T>> {
        let dataset = datasets::find(R::DATASET).with_context(|| format!("no dataset {}", R::DATASET))?;
        let parts = self.newest_first(dataset);
        let rows: u64 = parts.iter().map(|(_, p)| p.loaded).sum();
        let mut records = Kept {
            make,
            list: Vec::with_capacity(usize::try_from(rows)?),
            places: Vec::new(),
            _of: PhantomData,
        };
        let memo = self.memo_of_distinct(dataset, &parts);
        if let Some(key) = &memo
            && self.cache.recall(key)?.is_some()
        {
            for (file, part) in &parts {
                self.read_distinct(dataset, *file, part, &mut records)?;
            }
            return Ok(records.in_order());
        }
        let mut loader = Loader::new(self, dataset, usize::try_from(rows)?);
        for (at, (file, part)) in parts.iter().enumerate() {
            if dataset.kind == Kind::Snapshot && at > 0 && loader.overlaps(part)? {
                loader.repeated = true;
                self.note(format!(
                    "{}: {} is an older export of the same records and was set aside for a newer one",
                    dataset.name, self.inputs[*file].file
                ));
                continue;
            }
            loader.read(*file, part, &mut records)?;
        }
        loader.tell_conflicts();
        if let Some(key) = memo.filter(|_| !loader.repeated) {
            self.keep_memos(vec![(key, Vec::new())]);
        }
        Ok(records.in_order())
    }

    /// What to remember a dataset's parts by where no two of their rows have one key; `None` where that does not
    /// follow from the files alone, since names change the key.
    fn memo_of_distinct(&self, dataset: &Dataset, parts: &[(usize, &Part)]) -> Option<[u8; 32]> {
        let plain = |&c: &usize| self.names.naming(dataset, dataset.columns[c].name) == Naming::Plain;
        if !(0..dataset.columns.len()).all(|c| plain(&c)) {
            return None;
        }
        let mut hash = blake3::Hasher::new();
        hash.update(b"distinct keys 1\0");
        hash.update(dataset.name.as_bytes());
        for (file, part) in parts {
            let content = &self.inputs[*file].content;
            let identity = format!("\0{} {} {}", content.digest, content.recipe, part.loaded);
            hash.update(identity.as_bytes());
        }
        Some(*hash.finalize().as_bytes())
    }

    /// Reads a part whose rows are known to be records of their own.
    fn read_distinct<R: Record + Send, T, F: FnMut(R) -> Result<T>>(
        &self,
        dataset: &'static Dataset,
        file: usize,
        part: &Part,
        records: &mut Kept<R, T, F>,
    ) -> Result<()> {
        let wanted = Wanted::of::<R>(self, dataset)?;
        let (system, zone, names) = (part.system.as_deref(), self.zone_of(file), &self.names);
        let content = self.inputs[file].content.id;
        let file = u32::try_from(file)?;
        let read = |cache: &Cache, f: &mut dyn FnMut(R) -> Result<()>| {
            let source = Source::new(names, system, zone, R::COLUMNS.len());
            cache.read_rows(part.id, dataset, &wanted.columns, |_, line, cells| {
                f(wanted.read(cells, At { file, line }, &source)?)
            })
        };
        if part.rows < MANY {
            return read(self.cache, &mut |record| records.put(None, record));
        }
        let Ok(other) = self.cache.another() else {
            return read(self.cache, &mut |record| records.put(None, record));
        };
        // One thread makes records of rows, this one makes of them what the check keeps.
        let (send, receive) = sync_channel::<Vec<R>>(8);
        let read_there = &read;
        let mut received = 0;
        let done = std::thread::scope(|scope| {
            let reader = scope.spawn(move || {
                other.snapshot(&[content], || {
                    let mut batch = Vec::with_capacity(BATCH);
                    read_there(&other, &mut |record| {
                        batch.push(record);
                        if batch.len() == BATCH {
                            hand_over(&send, std::mem::replace(&mut batch, Vec::with_capacity(BATCH)))?;
                        }
                        Ok(())
                    })?;
                    hand_over(&send, batch)
                })
            });
            for batch in receive {
                received += batch.len();
                for record in batch {
                    records.put(None, record)?;
                }
            }
            reader.join().map_err(|_| anyhow::anyhow!("the thread that reads rows has died"))?
        });
        match done {
            // Another run has replaced the file since; this run's own view still has it.
            Err(_) if received == 0 => read(self.cache, &mut |record| records.put(None, record)),
            other => other,
        }
    }

    /// Parts of a snapshot from the newest (by its newest record, then by file name), parts of a log as given.
    fn newest_first(&self, dataset: &'static Dataset) -> Vec<(usize, &Part)> {
        let mut parts: Vec<_> = self.parts(dataset.name).collect();
        if dataset.kind == Kind::Snapshot {
            let newest = |(file, part): &(usize, &Part)| {
                let stamp = part.newest.as_deref().and_then(|t| Stamp::parse(t).ok());
                (stamp.map(|s| s.in_zone(self.zone_of(*file))), self.inputs[*file].file.clone())
            };
            parts.sort_by_cached_key(|p| std::cmp::Reverse(newest(p)));
        }
        parts
    }
}

/// Passes records to the thread that waits for them.
fn hand_over<R>(to: &SyncSender<Vec<R>>, batch: Vec<R>) -> Result<()> {
    to.send(batch).map_err(|_| anyhow::anyhow!("the thread that waits for rows has stopped"))
}

/// What a check keeps of each record, and where the record stands.
struct Kept<R, T, F: FnMut(R) -> Result<T>> {
    make: F,
    list: Vec<T>,
    places: Vec<At>,
    _of: PhantomData<fn(R)>,
}

impl<R: Record, T, F: FnMut(R) -> Result<T>> Kept<R, T, F> {
    /// Keeps a record at `index`, in the place of another, or at the end.
    fn put(&mut self, index: Option<usize>, record: R) -> Result<()> {
        let place = record.at();
        let kept = (self.make)(record)?;
        match index {
            None => {
                self.list.push(kept);
                self.places.push(place);
            }
            Some(i) => {
                self.list[i] = kept;
                self.places[i] = place;
            }
        }
        Ok(())
    }

    /// In the order of files and lines.
    fn in_order(self) -> Vec<T> {
        if self.places.is_sorted() {
            return self.list;
        }
        let mut placed: Vec<(At, T)> = self.places.into_iter().zip(self.list).collect();
        placed.sort_by_key(|(at, _)| *at);
        placed.into_iter().map(|(_, kept)| kept).collect()
    }
}

/// The columns that a record reads.
struct Wanted {
    dataset: &'static Dataset,
    columns: Vec<usize>,
    naming: Vec<Naming>,
}

impl Wanted {
    fn of<R: Record>(data: &Data<'_>, dataset: &'static Dataset) -> Result<Wanted> {
        let columns: Vec<usize> = R::COLUMNS
            .iter()
            .map(|c| dataset.position(c).with_context(|| format!("{} has no column {c}", dataset.name)))
            .collect::<Result<_>>()?;
        let naming = columns.iter().map(|&c| data.names.naming(dataset, dataset.columns[c].name)).collect();
        Ok(Wanted { dataset, columns, naming })
    }

    /// A record from its columns' cells.
    fn read<R: Record>(&self, texts: &[Option<&str>], at: At, source: &Source<'_>) -> Result<R> {
        R::read(&Cells { at, texts, naming: &self.naming, columns: R::COLUMNS, source })
            .with_context(|| format!("the cache holds an unreadable row of {}", self.dataset.name))
    }
}

/// The row of a key that was read first, or that is used.
struct Slot {
    key: u128,
    content: u128,
    part: i64,
    n: u64,
    at: At,
}

/// One of several contents of a key.
struct Variant {
    content: u128,
    updated: Option<Instant>,
    cells: Vec<Option<Arc<str>>>,
    at: At,
}

impl Variant {
    /// The greatest is used: a choice that does not depend on the order of rows or files.
    fn rank(&self) -> (Option<Instant>, &[Option<Arc<str>>]) {
        (self.updated, &self.cells)
    }
}

struct Loader<'d, 'a> {
    data: &'d Data<'a>,
    dataset: &'static Dataset,
    /// What names have to do with each column.
    naming: Vec<Naming>,
    key: Vec<usize>,
    fallback: Vec<usize>,
    /// A slot a record, in the records' order, and the slots by key.
    slots: Vec<Slot>,
    by_key: HashTable<u32>,
    /// Keys with different contents, one of each.
    contested: HashMap<u128, Vec<Variant>, foldhash::fast::RandomState>,
    /// Whether any key stands twice.
    repeated: bool,
    scratch: Vec<u8>,
}

impl<'d, 'a> Loader<'d, 'a> {
    fn new(data: &'d Data<'a>, dataset: &'static Dataset, rows: usize) -> Loader<'d, 'a> {
        let fallback = dataset.fallback_key.iter().filter_map(|c| dataset.position(c)).collect();
        Loader {
            data,
            dataset,
            naming: dataset.columns.iter().map(|c| data.names.naming(dataset, c.name)).collect(),
            key: dataset.key().collect(),
            fallback,
            slots: Vec::with_capacity(rows),
            by_key: HashTable::with_capacity(rows),
            contested: HashMap::default(),
            repeated: false,
            scratch: Vec::new(),
        }
    }

    /// The shared name in a cell of a column that names change.
    fn named(&self, column: usize, system: Option<&str>, text: &str) -> Option<Arc<str>> {
        let naming = self.naming[column];
        (naming != Naming::Plain).then(|| self.data.names.shared(naming, system, text))
    }

    /// The digest of some columns' cells, with shared names.
    fn digest(&mut self, columns: &[usize], system: Option<&str>, cells: &[Option<&str>]) -> u128 {
        let mut bytes = std::mem::take(&mut self.scratch);
        bytes.clear();
        for &column in columns {
            let cell = cells[column];
            bytes.extend_from_slice(&[column as u8, u8::from(cell.is_some())]);
            let named = cell.and_then(|text| self.named(column, system, text));
            let text = named.as_deref().or(cell).unwrap_or("");
            bytes.extend_from_slice(&(text.len() as u32).to_le_bytes());
            bytes.extend_from_slice(text.as_bytes());
        }
        let digest = xxhash_rust::xxh3::xxh3_128(&bytes);
        self.scratch = bytes;
        digest
    }

    /// The digest of a row's key: of its key columns that have a value, else of the fallback's, else of all.
    fn key(&mut self, system: Option<&str>, cells: &[Option<&str>]) -> u128 {
        let key: Vec<usize> = self.key.iter().copied().filter(|&c| cells[c].is_some()).collect();
        let columns = if !key.is_empty() {
            key
        } else if self.fallback.is_empty() {
            (0..cells.len()).collect()
        } else {
            self.fallback.clone()
        };
        self.digest(&columns, system, cells)
    }

    fn find(&self, key: u128) -> Option<usize> {
        let at = self.by_key.find(key as u64, |&at| self.slots[at as usize].key == key)?;
        Some(*at as usize)
    }

    /// Whether a part of a snapshot holds a record that a newer one holds too.
    fn overlaps(&mut self, part: &Part) -> Result<bool> {
        let all: Vec<usize> = (0..self.dataset.columns.len()).collect();
        let mut found = false;
        let data = self.data;
        data.cache.read_rows(part.id, self.dataset, &all, |_, _, cells| {
            if !found {
                let key = self.key(part.system.as_deref(), cells);
                found = self.find(key).is_some();
            }
            Ok(())
        })?;
        Ok(found)
    }

    fn read<R: Record, T, F: FnMut(R) -> Result<T>>(
        &mut self,
        file: usize,
        part: &Part,
        records: &mut Kept<R, T, F>,
    ) -> Result<()> {
        let all: Vec<usize> = (0..self.dataset.columns.len()).collect();
        let wanted = Wanted::of::<R>(self.data, self.dataset)?;
        let system = part.system.as_deref();
        let source = Source::new(&self.data.names, system, self.data.zone_of(file), R::COLUMNS.len());
        let cache = self.data.cache;
        cache.read_rows(part.id, self.dataset, &all, |n, line, cells| {
            let at = At { file: u32::try_from(file)?, line };
            let slot = Slot {
                key: self.key(system, cells),
                content: self.digest(&all, system, cells),
                part: part.id,
                n,
                at,
            };
            let known = self.find(slot.key);
            if let Some(index) = known {
                self.repeated = true;
                if self.slots[index].content == slot.content
                    || !self.wins(index, &slot, file, system, cells)?
                {
                    return Ok(());
                }
            }
            let mut chosen: [Option<&str>; 40] = [None; 40];
            for (cell, &column) in chosen.iter_mut().zip(&wanted.columns) {
                *cell = cells[column];
            }
            let record = wanted.read(&chosen[..wanted.columns.len()], at, &source)?;
            records.put(known, record)?;
            self.keep(known, slot)
        })
    }

    /// Keeps a slot in the place of another, or at the end.
    fn keep(&mut self, index: Option<usize>, slot: Slot) -> Result<()> {
        if let Some(index) = index {
            self.slots[index] = slot;
            return Ok(());
        }
        let (hash, at) = (slot.key as u64, u32::try_from(self.slots.len())?);
        self.slots.push(slot);
        let slots = &self.slots;
        self.by_key.insert_unique(hash, at, |&at| slots[at as usize].key as u64);
        Ok(())
    }

    /// Whether another content of a key is the one to be used from now on.
    fn wins(
        &mut self,
        index: usize,
        slot: &Slot,
        file: usize,
        system: Option<&str>,
        cells: &[Option<&str>],
    ) -> Result<bool> {
        if !self.contested.contains_key(&slot.key) {
            let first = self.stored(&self.slots[index])?;
            self.contested.insert(slot.key, vec![first]);
        }
        let cells = self.all_named(system, cells);
        let updated = self.updated(&cells, file);
        let variants = self.contested.entry(slot.key).or_default();
        if variants.iter().any(|v| v.content == slot.content) {
            return Ok(false);
        }
        let new = Variant { content: slot.content, updated, cells, at: slot.at };
        let wins = variants.iter().all(|v| new.rank() > v.rank());
        variants.push(new);
        Ok(wins)
    }

    /// A row's cells with shared names.
    fn all_named(&self, system: Option<&str>, cells: &[Option<&str>]) -> Vec<Option<Arc<str>>> {
        let name = |(column, cell): (usize, &Option<&str>)| {
            cell.map(|text| self.data.names.shared(self.naming[column], system, text))
        };
        cells.iter().enumerate().map(name).collect()
    }

    /// The row of a slot as it was read.
    fn stored(&self, slot: &Slot) -> Result<Variant> {
        let cells = self.data.cache.read_row(slot.part, self.dataset, slot.n)?;
        let cells: Vec<Option<&str>> = cells.iter().map(Option::as_deref).collect();
        let file = slot.at.file as usize;
        let parts = &self.data.inputs[file].content.parts;
        let system = parts.iter().find(|p| p.id == slot.part).and_then(|p| p.system.as_deref());
        let cells = self.all_named(system, &cells);
        Ok(Variant { content: slot.content, updated: self.updated(&cells, file), cells, at: slot.at })
    }

    fn updated(&self, cells: &[Option<Arc<str>>], file: usize) -> Option<Instant> {
        let column = self.dataset.position("updated_at")?;
        Some(Stamp::parse(cells[column].as_deref()?).ok()?.in_zone(self.data.zone_of(file)))
    }

    /// Tells of every content that is not used.
    fn tell_conflicts(&self) {
        let account_column = self.dataset.position("account_id");
        for variants in self.contested.values() {
            let Some(used) = variants.iter().max_by(|a, b| a.rank().cmp(&b.rank())) else { continue };
            let shown: Vec<&str> = self
                .dataset
                .key()
                .filter(|&c| !self.dataset.columns[c].personal)
                .filter_map(|c| used.cells[c].as_deref())
                .collect();
            let account = account_column.and_then(|c| used.cells[c].as_deref());
            for unused in variants.iter().filter(|v| v.content != used.content) {
                let differs = used.cells.iter().zip(&unused.cells).position(|(a, b)| a != b).unwrap_or(0);
                self.data.noticed.borrow_mut().conflicts.push(ConflictingRecord {
                    dataset: self.dataset.name,
                    key: shown.join(" "),
                    account: account.map(str::to_owned),
                    used: used.at,
                    unused: unused.at,
                    column: self.dataset.columns[differs].name,
                });
            }
        }
    }
}
