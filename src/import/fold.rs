//! Many records that make one row: the shares are gathered by the row's other columns.
//!
//! Each thread has a table of its own, and tables are united: what is gathered are sets, so that neither the order of
//! records nor how threads share them matters. Memory grows with the rows and with what is counted of each, 8 bytes a
//! value, not with the records.

use super::profile::Fold;
use crate::cache::Folded;
use std::{
    borrow::Cow,
    collections::{BTreeSet, HashMap, HashSet},
};
use xxhash_rust::xxh3::xxh3_64;

/// The cells of a row.
type Cells = Vec<Option<Box<str>>>;

/// What is gathered for one column of a row.
#[derive(Debug)]
enum Gathered {
    Distinct(HashSet<u64, foldhash::fast::RandomState>),
    List(BTreeSet<Box<str>>),
}

#[derive(Debug)]
struct Group {
    /// The first line that gives a share.
    line: u64,
    gathered: Vec<Gathered>,
}

/// The rows of one output so far.
#[derive(Debug)]
pub(super) struct FoldTable {
    folds: Vec<(usize, Fold)>,
    groups: HashMap<Cells, Group, foldhash::fast::RandomState>,
}

/// A row that was made of its shares.
pub(super) struct FoldedRow {
    pub line: u64,
    pub cells: Vec<Option<Cow<'static, str>>>,
}

impl FoldTable {
    pub(super) fn new(folds: &[(usize, Fold)]) -> FoldTable {
        FoldTable { folds: folds.to_vec(), groups: HashMap::default() }
    }

    /// Adds a record's share.
    pub(super) fn add(&mut self, line: u64, values: &[Option<Cow<'_, str>>]) {
        let folded = |at: usize| self.folds.iter().any(|(f, _)| *f == at);
        let cell =
            |(at, v): (usize, &Option<Cow<'_, str>>)| v.as_deref().filter(|_| !folded(at)).map(Box::from);
        let key: Cells = values.iter().enumerate().map(cell).collect();
        let folds = &self.folds;
        let group = self.groups.entry(key).or_insert_with(|| Group {
            line,
            gathered: folds
                .iter()
                .map(|(_, fold)| match fold {
                    Fold::Distinct => Gathered::Distinct(HashSet::default()),
                    Fold::List => Gathered::List(BTreeSet::new()),
                })
                .collect(),
        });
        group.line = group.line.min(line);
        for ((at, _), gathered) in folds.iter().zip(&mut group.gathered) {
            let Some(value) = values[*at].as_deref() else { continue };
            match gathered {
                Gathered::Distinct(all) => {
                    all.insert(xxh3_64(value.as_bytes()));
                }
                Gathered::List(all) => {
                    if !all.contains(value) {
                        all.insert(value.into());
                    }
                }
            }
        }
    }

    /// Takes over another table's shares.
    pub(super) fn unite(&mut self, other: FoldTable) {
        for (key, theirs) in other.groups {
            match self.groups.entry(key) {
                std::collections::hash_map::Entry::Vacant(free) => {
                    free.insert(theirs);
                }
                std::collections::hash_map::Entry::Occupied(mut there) => {
                    let mine = there.get_mut();
                    mine.line = mine.line.min(theirs.line);
                    for (mine, theirs) in mine.gathered.iter_mut().zip(theirs.gathered) {
                        match (mine, theirs) {
                            (Gathered::Distinct(a), Gathered::Distinct(b)) => a.extend(b),
                            (Gathered::List(a), Gathered::List(b)) => a.extend(b),
                            _ => {}
                        }
                    }
                }
            }
        }
    }

    /// The rows in the order of their cells, and what stands behind them. A set without a value leaves its cell empty.
    pub(super) fn finish(self) -> (Vec<FoldedRow>, Folded) {
        let of = |fold: Fold| self.folds.iter().filter(move |(_, f)| *f == fold).map(|(at, _)| *at).collect();
        let mut folded = Folded { counts: of(Fold::Distinct), lists: of(Fold::List), rows: Vec::new() };
        let mut groups: Vec<_> = self.groups.into_iter().collect();
        groups.sort_unstable_by(|a, b| a.0.cmp(&b.0));
        let mut rows = Vec::with_capacity(groups.len());
        for (key, group) in groups {
            let mut cells: Vec<Option<Cow<'static, str>>> =
                key.into_iter().map(|c| c.map(|text| Cow::Owned(text.into_string()))).collect();
            let mut behind = Vec::new();
            for ((at, _), gathered) in self.folds.iter().zip(group.gathered) {
                cells[*at] = match gathered {
                    Gathered::Distinct(all) => {
                        let mut hashes: Vec<u64> = all.into_iter().collect();
                        hashes.sort_unstable();
                        let count = (!hashes.is_empty()).then(|| Cow::Owned(hashes.len().to_string()));
                        behind.push(hashes);
                        count
                    }
                    Gathered::List(all) if all.is_empty() => None,
                    Gathered::List(all) => {
                        let texts: Vec<serde_json::Value> = all.iter().map(|t| (**t).into()).collect();
                        Some(Cow::Owned(serde_json::Value::Array(texts).to_string()))
                    }
                };
            }
            folded.rows.push(behind);
            rows.push(FoldedRow { line: group.line, cells });
        }
        (rows, folded)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    const FOLDS: &[(usize, Fold)] = &[(2, Fold::Distinct), (3, Fold::List)];

    /// Account, day, who, feature.
    type Share = (u8, u8, Option<u8>, Option<u8>);

    fn add(table: &mut FoldTable, line: u64, (account, day, who, feature): &Share) {
        let text = |n: &u8| Cow::Owned(n.to_string());
        table.add(
            line,
            &[Some(text(account)), Some(text(day)), who.as_ref().map(text), feature.as_ref().map(text)],
        );
    }

    /// Cells, line and hashes of a row.
    type Shown = (Vec<Option<String>>, u64, Vec<Vec<u64>>);

    fn rows(table: FoldTable) -> Vec<Shown> {
        let (rows, behind) = table.finish();
        let cells = |r: &FoldedRow| r.cells.iter().map(|c| c.as_deref().map(str::to_owned)).collect();
        rows.iter().zip(behind.rows).map(|(r, b)| (cells(r), r.line, b)).collect()
    }

    #[test]
    fn a_value_counts_once_and_a_set_without_values_is_an_empty_cell() {
        let mut table = FoldTable::new(FOLDS);
        for (line, share) in (2..).zip([
            (1, 1, Some(7), None),
            (1, 1, Some(7), Some(3)),
            (1, 1, Some(8), Some(2)),
            (1, 2, None, None),
        ]) {
            add(&mut table, line, &share);
        }
        let shown: Vec<String> =
            rows(table).iter().map(|(cells, line, _)| format!("{line} {:?}", &cells[2..])).collect();
        assert_eq!(shown, [r#"2 [Some("2"), Some("[\"2\",\"3\"]")]"#, "5 [None, None]"]);
    }

    proptest! {
        #[test]
        fn neither_order_nor_the_tables_that_shares_go_through_matter(
            shares in proptest::collection::vec(
                (0u8..3, 0u8..3, proptest::option::of(0u8..5), proptest::option::of(0u8..4)), 0..40),
            seed in proptest::collection::vec(0usize..3, 40),
        ) {
            let mut one = FoldTable::new(FOLDS);
            let mut several = [FoldTable::new(FOLDS), FoldTable::new(FOLDS), FoldTable::new(FOLDS)];
            for (line, share) in (1..).zip(&shares) {
                add(&mut one, line, share);
            }
            for (n, share) in shares.iter().enumerate().rev() {
                add(&mut several[seed[n]], n as u64 + 1, share);
            }
            let [mut first, second, third] = several;
            first.unite(third);
            first.unite(second);
            prop_assert_eq!(rows(first), rows(one));
        }
    }
}
