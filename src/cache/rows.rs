//! Ordinary rows: some thousands to a block, column by column, each column in the form that fits it.
//!
//! A block is one blob; [`block`] says how it is laid out, [`column`](mod@column) which forms there are. Whatever the
//! form, a cell's canonical text comes back as it was. Numbers in it are LEB128, signed ones zigzag.

mod block;
mod bytes;
mod column;
#[cfg(test)]
mod tests;
mod value;

pub use block::{Block, RowPacker};
pub use value::{Number, Numbered, Spelled, Value, Word};

use super::{Cache, Part, blocks::open_pack};
use crate::model::datasets;
use anyhow::{Context as _, Result};
use rusqlite::{Connection, OptionalExtension as _};
use std::ops::Range;

pub(super) const TABLE: &str = "CREATE TABLE rows(id INTEGER PRIMARY KEY, part INTEGER NOT NULL, first INTEGER NOT NULL, \
                                data BLOB NOT NULL, UNIQUE(part, first))";

/// Some rows as they are stored.
pub struct PackedRows {
    pub(super) count: u64,
    pub(super) data: Vec<u8>,
}

/// Puts rows into the cache or a pack; `first` is the number of the first of them within the part.
pub(super) fn insert(conn: &Connection, part: i64, first: u64, rows: &PackedRows) -> Result<()> {
    conn.prepare_cached("INSERT INTO rows(part, first, data) VALUES (?1, ?2, ?3)")?.execute((
        part,
        i64::try_from(first)?,
        rows.data.as_slice(),
    ))?;
    Ok(())
}

/// Where the rows of a part lie.
enum Store<'c> {
    Cache(&'c Connection),
    Pack(Connection),
}

impl std::ops::Deref for Store<'_> {
    type Target = Connection;

    fn deref(&self) -> &Connection {
        match self {
            Store::Cache(conn) => conn,
            Store::Pack(conn) => conn,
        }
    }
}

/// The rows of a part, for reading some of them after others.
pub struct RowReader<'c> {
    part: &'c Part,
    store: Store<'c>,
}

impl RowReader<'_> {
    /// Calls `f` with each block whose first row's number is in a range, in the file's order. A block holds those columns.
    pub fn blocks(
        &self,
        numbers: Range<u64>,
        columns: &[usize],
        mut f: impl FnMut(&Block<'_>) -> Result<()>,
    ) -> Result<()> {
        let number = |n: u64| i64::try_from(n).unwrap_or(i64::MAX);
        let width = self.part.dataset.columns.len();
        let mut statement = self.store.prepare_cached(
            "SELECT first, data FROM rows WHERE part = ?1 AND first >= ?2 AND first < ?3 ORDER BY first",
        )?;
        let mut blocks = statement.query((self.part.id, number(numbers.start), number(numbers.end)))?;
        while let Some(row) = blocks.next()? {
            let first = u64::try_from(row.get::<_, i64>(0)?)?;
            f(&Block::open(first, row.get_ref(1)?.as_blob()?, width, columns)?)?;
        }
        Ok(())
    }
}

impl Cache {
    /// The rows of a part. Inside a snapshot they stay readable whatever other runs do.
    pub fn rows<'c>(&'c self, part: &'c Part) -> Result<RowReader<'c>> {
        let store = match &part.pack {
            None => Store::Cache(&self.conn),
            Some(name) => Store::Pack(open_pack(&self.dir.join(name))?),
        };
        Ok(RowReader { part, store })
    }

    /// Calls `f` with the number, the line and the wanted columns' cells of each row of a part, in the file's order.
    pub fn read_rows(
        &self,
        part: &Part,
        columns: &[usize],
        mut f: impl FnMut(u64, u64, &[Option<&str>]) -> Result<()>,
    ) -> Result<()> {
        self.rows(part)?.blocks(0..u64::MAX, columns, |block| block.each_text(&mut f))
    }

    /// All cells of one row, by its number within the part.
    pub fn read_row(&self, part: &Part, n: u64) -> Result<Vec<Option<String>>> {
        let rows = self.rows(part)?;
        let mut statement = rows.store.prepare_cached(
            "SELECT first, data FROM rows WHERE part = ?1 AND first <= ?2 ORDER BY first DESC LIMIT 1",
        )?;
        let block: Option<(i64, Vec<u8>)> = statement
            .query_row((part.id, i64::try_from(n)?), |row| Ok((row.get(0)?, row.get(1)?)))
            .optional()?;
        let (first, data) = block.context(DAMAGED)?;
        let first = u64::try_from(first)?;
        let all: Vec<usize> = (0..part.dataset.columns.len()).collect();
        let block = Block::open(first, &data, all.len(), &all)?;
        let at = n.checked_sub(first).and_then(|at| usize::try_from(at).ok()).context(DAMAGED)?;
        let text = |column: &usize| block.value(at, *column).text().map(|text| text.to_string());
        anyhow::ensure!(at < block.rows(), DAMAGED);
        Ok(all.iter().map(text).collect())
    }

    pub(super) fn delete_rows(&self, part: i64, dataset: &str) -> Result<()> {
        let rows = datasets::find(dataset).is_some_and(|d| d.store == datasets::Store::Rows);
        if rows {
            self.conn.prepare_cached("DELETE FROM rows WHERE part = ?1")?.execute([part])?;
        }
        Ok(())
    }
}

const DAMAGED: &str = "the cache holds rows that cannot be read; delete it";
