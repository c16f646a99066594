//! Records told apart by their keys: identical copies count once, and of several contents one is used.

use super::{
    At, ConflictingRecord, Data, Naming, Record, Source,
    load::{Kept, Wanted},
    united::{Shares, Union},
};
use crate::{
    cache::Part,
    model::{
        datasets::Dataset,
        interned::Text,
        time::{Instant, Stamp},
    },
};
use anyhow::{Context as _, Result};
use hashbrown::HashTable;
use std::collections::HashMap;

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
    cells: Vec<Option<Text>>,
    at: At,
}

impl Variant {
    /// The greatest is used: a choice that does not depend on the order of rows or files.
    fn rank(&self) -> (Option<Instant>, &[Option<Text>]) {
        (self.updated, &self.cells)
    }
}

pub(super) struct Loader<'d, 'a> {
    data: &'d Data<'a>,
    dataset: &'static Dataset,
    /// What names have to do with each column.
    naming: Vec<Naming>,
    /// A slot a record, in the records' order, and the slots by key.
    slots: Vec<Slot>,
    by_key: HashTable<u32>,
    /// Keys with different contents, one of each.
    contested: HashMap<u128, Vec<Variant>, foldhash::fast::RandomState>,
    /// What stands behind the rows of folded parts.
    shares: Shares,
    /// Rows that several shares were united to.
    unions: HashMap<u128, Union, foldhash::fast::RandomState>,
    /// Whether any key stands twice.
    pub(super) repeated: bool,
    scratch: Vec<u8>,
}

impl<'d, 'a> Loader<'d, 'a> {
    pub(super) fn new(data: &'d Data<'a>, dataset: &'static Dataset, rows: usize) -> Loader<'d, 'a> {
        Loader {
            data,
            dataset,
            naming: dataset.columns.iter().map(|c| data.names.naming(dataset, c.name)).collect(),
            slots: Vec::with_capacity(rows),
            by_key: HashTable::with_capacity(rows),
            contested: HashMap::default(),
            shares: Shares::default(),
            unions: HashMap::default(),
            repeated: false,
            scratch: Vec::new(),
        }
    }

    /// The shared name in a cell of a column that names change.
    fn named(&self, column: usize, system: Option<&str>, text: &str) -> Option<Text> {
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

    /// The digest of a row's key: of the columns that tell it from others, see [`Dataset::identifying`].
    fn key(&mut self, system: Option<&str>, cells: &[Option<&str>]) -> u128 {
        let columns = self.dataset.identifying(|column| cells[column].is_some());
        self.digest(&columns, system, cells)
    }

    fn find(&self, key: u128) -> Option<usize> {
        let at = self.by_key.find(key as u64, |&at| self.slots[at as usize].key == key)?;
        Some(*at as usize)
    }

    /// Whether a part of a snapshot holds a record that a newer one holds too.
    pub(super) fn overlaps(&mut self, part: &Part) -> Result<bool> {
        let all: Vec<usize> = (0..self.dataset.columns.len()).collect();
        let mut found = false;
        let data = self.data;
        data.cache.read_rows(part, &all, |_, _, cells| {
            if !found {
                let key = self.key(part.system.as_deref(), cells);
                found = self.find(key).is_some();
            }
            Ok(())
        })?;
        Ok(found)
    }

    pub(super) fn read<R: Record, T, F: FnMut(R) -> Result<T>>(
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
        cache.read_rows(part, &all, |n, line, cells| {
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
                if let Some(union) = self.unite(index, &slot, cells)? {
                    let chosen: Vec<Option<&str>> =
                        wanted.columns.iter().map(|c| union.cells[*c].as_deref()).collect();
                    let (first, zone) =
                        (self.slots[index].at, self.data.zone_of(self.slots[index].at.file as usize));
                    let own = Source::new(&self.data.names, union.system.as_deref(), zone, R::COLUMNS.len());
                    let record = wanted.read(&chosen, first, &own)?;
                    self.unions.insert(slot.key, union);
                    return records.put(known, record);
                }
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

    /// The row that a share makes with what is known of its key; `None` where one of them is a row by itself.
    fn unite(&mut self, index: usize, slot: &Slot, cells: &[Option<&str>]) -> Result<Option<Union>> {
        let cache = self.data.cache;
        let Some(share) = self.shares.of(cache, slot.part, slot.n)? else { return Ok(None) };
        let mut union = match self.unions.remove(&slot.key) {
            Some(union) => union,
            None => {
                let first = &self.slots[index];
                let Some(other) = self.shares.of(cache, first.part, first.n)? else { return Ok(None) };
                let part = self.part_of(first)?;
                Union::new(cache.read_row(part, first.n)?, part.system.clone(), &other)
            }
        };
        union.add(cells, &share)?;
        Ok(Some(union))
    }

    fn part_of(&self, slot: &Slot) -> Result<&'d Part> {
        let parts = &self.data.inputs[slot.at.file as usize].content.parts;
        parts.iter().find(|p| p.id == slot.part).context("a row belongs to a part")
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
    fn all_named(&self, system: Option<&str>, cells: &[Option<&str>]) -> Vec<Option<Text>> {
        let name = |(column, cell): (usize, &Option<&str>)| {
            cell.map(|text| self.data.names.shared(self.naming[column], system, text))
        };
        cells.iter().enumerate().map(name).collect()
    }

    /// The row of a slot as it was read.
    fn stored(&self, slot: &Slot) -> Result<Variant> {
        let file = slot.at.file as usize;
        let part = self.part_of(slot)?;
        let cells = self.data.cache.read_row(part, slot.n)?;
        let cells: Vec<Option<&str>> = cells.iter().map(Option::as_deref).collect();
        let system = part.system.as_deref();
        let cells = self.all_named(system, &cells);
        Ok(Variant { content: slot.content, updated: self.updated(&cells, file), cells, at: slot.at })
    }

    fn updated(&self, cells: &[Option<Text>], file: usize) -> Option<Instant> {
        let column = self.dataset.position("updated_at")?;
        Some(Stamp::parse(cells[column].as_deref()?).ok()?.in_zone(self.data.zone_of(file)))
    }

    /// Tells of every content that is not used.
    pub(super) fn tell_conflicts(&self) {
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
