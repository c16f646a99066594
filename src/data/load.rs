//! Rows of the cache made into records: each once, of every dataset that is given.

use super::{
    At, Cells, Data, Exports, Naming, Record, Source, keyed::Loader, portions::Portions, record::Row,
};
use crate::{
    cache::{Block, Cache, Part, Trouble},
    model::{
        datasets::{self, Dataset, Kind},
        time::Stamp,
    },
};
use anyhow::{Context as _, Result};
use std::{
    marker::PhantomData,
    sync::mpsc::{SyncSender, sync_channel},
};

/// A part of this many rows is read on a thread of its own.
const MANY: u64 = 20_000;

/// Records that one thread hands to another at a time.
const BATCH: usize = 1024;

impl Data<'_> {
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
        if self.known_distinct(dataset, &parts)? {
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

    /// Records put together piece by piece, on all cores where they are many: `start` begins a piece, `add` adds a record
    /// to it, and `add_cells` does the same from the record's cells where they can be had, without making the record.
    /// Nothing may depend on where one piece ends and the next begins.
    pub fn fold<R: Record + Send, S: Send>(
        &self,
        start: impl Fn() -> S + Sync,
        add: impl Fn(&mut S, R) -> Result<()>,
        add_cells: impl Fn(&mut S, &Cells<'_>) -> Result<()> + Sync,
    ) -> Result<Vec<S>> {
        let dataset = datasets::find(R::DATASET).with_context(|| format!("no dataset {}", R::DATASET))?;
        let parts = self.newest_first(dataset);
        if !self.known_distinct(dataset, &parts)? {
            let mut one = start();
            for record in self.load::<R>()? {
                add(&mut one, record)?;
            }
            return Ok(vec![one]);
        }
        let mut pieces = Vec::new();
        for (file, part) in parts {
            pieces.extend(self.fold_part::<R, S>(dataset, file, part, &start, &add_cells)?);
        }
        Ok(pieces)
    }

    /// [`Data::fold`] of one part whose rows are records of their own: a piece a thread.
    fn fold_part<R: Record, S: Send>(
        &self,
        dataset: &'static Dataset,
        file: usize,
        part: &Part,
        start: &(impl Fn() -> S + Sync),
        add_cells: &(impl Fn(&mut S, &Cells<'_>) -> Result<()> + Sync),
    ) -> Result<Vec<S>> {
        let wanted = Wanted::of::<R>(self, dataset)?;
        let (zone, names, at_file) = (self.zone_of(file), &self.names, u32::try_from(file)?);
        let fold = |cache: &Cache, portions: &Portions, thread: usize| {
            let source = Source::new(names, part.system.as_deref(), zone, R::COLUMNS.len());
            let (mut piece, rows) = (start(), cache.rows(part)?);
            while let Some(numbers) = portions.next(thread) {
                rows.blocks(numbers, &wanted.columns, |block| {
                    wanted.each::<R>(block, at_file, &source, |cells| add_cells(&mut piece, cells))
                })?;
            }
            Ok(piece)
        };
        let cores = std::thread::available_parallelism().map_or(1, usize::from);
        let others: Result<Vec<Cache>> = match part.rows {
            0..MANY => Ok(Vec::new()),
            _ => (1..cores).map(|_| self.cache.another()).collect(),
        };
        let others = others.unwrap_or_default();
        let portions = Portions::new(part.loaded, others.len() + 1);
        let content = self.inputs[file].content.id;
        let (fold, all) = (&fold, &portions);
        let (first, rest) = std::thread::scope(|scope| {
            let threads: Vec<_> = (1..)
                .zip(others)
                .map(|(n, cache)| scope.spawn(move || cache.snapshot(&[content], || fold(&cache, all, n))))
                .collect();
            let first = fold(self.cache, all, 0);
            (first, threads.into_iter().map(std::thread::ScopedJoinHandle::join).collect::<Vec<_>>())
        });
        let mut pieces = vec![first?];
        for piece in rest {
            match piece.map_err(|_| anyhow::anyhow!("a thread that reads rows has died"))? {
                // Another run has replaced the file since; this run's own view still has it.
                Err(error) if Trouble::of(&error) == Some(Trouble::Replaced) => {
                    return Ok(vec![fold(self.cache, &Portions::new(part.loaded, 1), 0)?]);
                }
                piece => pieces.push(piece?),
            }
        }
        Ok(pieces)
    }

    /// Whether no two rows of a dataset's parts are known to have one key.
    fn known_distinct(&self, dataset: &Dataset, parts: &[(usize, &Part)]) -> Result<bool> {
        // Names change no key then, so a single part is known by what its import has seen.
        Ok(match (self.memo_of_distinct(dataset, parts), parts) {
            (Some(_), [(_, only)]) if only.distinct_keys => true,
            (Some(key), _) => self.cache.recall(&key)?.is_some(),
            (None, _) => false,
        })
    }

    /// Runs two loads at once, the first on a thread of its own with the same exports and names.
    pub fn both<A: Send, B>(
        &self,
        first: impl Fn(&Data<'_>) -> Result<A> + Sync,
        second: impl FnOnce(&Data<'_>) -> Result<B>,
    ) -> Result<(A, B)> {
        let Ok(other) = self.cache.another() else {
            return Ok((first(self)?, second(self)?));
        };
        let contents: Vec<i64> = self.inputs.iter().map(|i| i.content.id).collect();
        let (inputs, settings, names, load) = (self.inputs, self.settings, &self.names, &first);
        let (found, here) = std::thread::scope(|scope| {
            let there = scope.spawn(move || {
                other.snapshot(&contents, || {
                    let twin = Data::of(&other, Exports { inputs, settings, names: names.clone() });
                    let loaded = load(&twin)?;
                    Ok((loaded, twin.noticed.into_inner(), twin.memos.into_inner()))
                })
            });
            let here = second(self);
            (there.join(), here)
        });
        let here = here?;
        match found.map_err(|_| anyhow::anyhow!("the thread that reads rows has died"))? {
            Ok((loaded, noticed, memos)) => {
                let mut own = self.noticed.borrow_mut();
                own.conflicts.extend(noticed.conflicts);
                own.notes.extend(noticed.notes);
                drop(own);
                self.keep_memos(memos);
                Ok((loaded, here))
            }
            // Another run has replaced a file since; this run's own view still has it.
            Err(error) if Trouble::of(&error) == Some(Trouble::Replaced) => Ok((first(self)?, here)),
            Err(error) => Err(error),
        }
    }

    /// What to remember a dataset's parts by where no two of their rows have one key; `None` where that does not
    /// follow from the files alone, since names change the key.
    fn memo_of_distinct(&self, dataset: &Dataset, parts: &[(usize, &Part)]) -> Option<[u8; 32]> {
        let plain = |&c: &usize| self.names.naming(dataset, dataset.columns[c].name) == Naming::Plain;
        if !dataset.ever_identifying().iter().all(plain) {
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
            cache.rows(part)?.blocks(0..u64::MAX, &wanted.columns, |block| {
                wanted.each::<R>(block, file, &source, |cells| f(wanted.record(cells)?))
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
pub(super) struct Kept<R, T, F: FnMut(R) -> Result<T>> {
    make: F,
    list: Vec<T>,
    places: Vec<At>,
    _of: PhantomData<fn(R)>,
}

impl<R: Record, T, F: FnMut(R) -> Result<T>> Kept<R, T, F> {
    /// Keeps a record at `index`, in the place of another, or at the end.
    pub(super) fn put(&mut self, index: Option<usize>, record: R) -> Result<()> {
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
pub(super) struct Wanted {
    dataset: &'static Dataset,
    pub(super) columns: Vec<usize>,
    naming: Vec<Naming>,
}

impl Wanted {
    pub(super) fn of<R: Record>(data: &Data<'_>, dataset: &'static Dataset) -> Result<Wanted> {
        let columns: Vec<usize> = R::COLUMNS
            .iter()
            .map(|c| dataset.position(c).with_context(|| format!("{} has no column {c}", dataset.name)))
            .collect::<Result<_>>()?;
        let naming = columns.iter().map(|&c| data.names.naming(dataset, dataset.columns[c].name)).collect();
        Ok(Wanted { dataset, columns, naming })
    }

    /// Calls `f` with the cells of each row of a block.
    fn each<R: Record>(
        &self,
        block: &Block<'_>,
        file: u32,
        source: &Source<'_>,
        mut f: impl FnMut(&Cells<'_>) -> Result<()>,
    ) -> Result<()> {
        source.begin_block();
        for row in 0..block.rows() {
            let at = At { file, line: block.line(row) };
            f(&self.cells::<R>(Row::Stored(block, row), at, source))?;
        }
        Ok(())
    }

    fn cells<'c, R: Record>(&'c self, row: Row<'c>, at: At, source: &'c Source<'c>) -> Cells<'c> {
        Cells { at, row, naming: &self.naming, columns: R::COLUMNS, source }
    }

    fn record<R: Record>(&self, cells: &Cells<'_>) -> Result<R> {
        let name = self.dataset.name;
        R::read(cells).with_context(|| format!("the cache holds an unreadable row of {name}"))
    }

    /// A record from its columns' texts.
    pub(super) fn read<R: Record>(&self, texts: &[Option<&str>], at: At, source: &Source<'_>) -> Result<R> {
        self.record(&self.cells::<R>(Row::Texts(texts), at, source))
    }
}
