//! Rows that are shares of one: what two exports of events tell of the same account and day.

use crate::cache::{Cache, Folded};
use anyhow::Result;
use std::collections::{BTreeSet, HashMap, hash_map::Entry};

/// What stands behind the rows of the parts that were asked for.
#[derive(Default)]
pub(super) struct Shares {
    parts: HashMap<i64, Option<Folded>, foldhash::fast::RandomState>,
}

/// What stands behind one row.
pub(super) struct Share {
    /// Columns that count different values, and the hashes of these.
    counts: Vec<(usize, Vec<u64>)>,
    /// Columns that list them.
    lists: Vec<usize>,
}

impl Shares {
    /// What stands behind the `n`th row of a part; `None` where its rows are no shares.
    pub(super) fn of(&mut self, cache: &Cache, part: i64, n: u64) -> Result<Option<Share>> {
        let folded = match self.parts.entry(part) {
            Entry::Occupied(known) => known.into_mut(),
            Entry::Vacant(new) => new.insert(Folded::decode(&cache.series(part)?)?),
        };
        let Some(folded) = folded else { return Ok(None) };
        let row = folded.rows.get(usize::try_from(n)?).map_or(&[][..], Vec::as_slice);
        let counts = folded.counts.iter().copied().zip(row.iter().cloned()).collect();
        Ok(Some(Share { counts, lists: folded.lists.clone() }))
    }
}

/// A row united from shares, in the words of the first of them.
pub(super) struct Union {
    pub(super) cells: Vec<Option<String>>,
    /// The system whose ids stand in the cells.
    pub(super) system: Option<String>,
    counts: HashMap<usize, BTreeSet<u64>, foldhash::fast::RandomState>,
}

impl Union {
    pub(super) fn new(cells: Vec<Option<String>>, system: Option<String>, share: &Share) -> Union {
        let counts =
            share.counts.iter().map(|(at, hashes)| (*at, hashes.iter().copied().collect())).collect();
        Union { cells, system, counts }
    }

    /// Adds another share of the row.
    pub(super) fn add(&mut self, cells: &[Option<&str>], share: &Share) -> Result<()> {
        for (at, hashes) in &share.counts {
            let all = self.counts.entry(*at).or_default();
            all.extend(hashes);
            if !all.is_empty() {
                self.cells[*at] = Some(all.len().to_string());
            }
        }
        for &at in &share.lists {
            let mut all: BTreeSet<String> = BTreeSet::new();
            for list in [self.cells[at].as_deref(), cells[at]].into_iter().flatten() {
                all.extend(serde_json::from_str::<Vec<String>>(list)?);
            }
            if !all.is_empty() {
                self.cells[at] = Some(serde_json::to_string(&all)?);
            }
        }
        Ok(())
    }
}
