//! Ordinary rows: some hundreds to a block, column by column, every cell in its canonical text.
//!
//! A block is one blob. It begins with the number of rows and their lines, each as the signed difference to the one before;
//! then, for each column of the dataset, the sizes of its two pieces, the cells' lengths and their texts. Numbers are
//! LEB128, signed ones zigzag; a length is one more than the text's, 0 for an empty cell. Reading skips whole columns.

use super::Cache;
use crate::model::datasets::{Dataset, Store};
use anyhow::{Context as _, Result};
use rusqlite::OptionalExtension as _;
use std::borrow::Cow;

pub(super) const TABLE: &str = "CREATE TABLE rows(id INTEGER PRIMARY KEY, part INTEGER NOT NULL, first INTEGER NOT NULL, \
                                data BLOB NOT NULL, UNIQUE(part, first))";

/// Rows of a block: enough that a block costs nothing beside them, few enough that one row is soon found.
const BLOCK: usize = 512;

/// A row on its way into the cache: its line and its cells in catalogue order.
type Row<'a> = (u64, Vec<Option<Cow<'a, str>>>);

/// Rows of one dataset on their way into the cache.
pub struct RowBatch<'a> {
    /// The part they belong to.
    pub part: i64,
    /// Its dataset.
    pub dataset: &'static Dataset,
    /// The number of the first of them within the part.
    pub first: u64,
    /// Line and cells in catalogue order.
    pub rows: &'a [(u64, Vec<Option<Cow<'a, str>>>)],
}

impl Cache {
    /// Adds rows.
    pub fn insert_rows(&self, batch: &RowBatch<'_>) -> Result<()> {
        let mut statement =
            self.conn.prepare_cached("INSERT INTO rows(part, first, data) VALUES (?1, ?2, ?3)")?;
        let mut first = batch.first;
        let mut data = Vec::new();
        for rows in batch.rows.chunks(BLOCK) {
            data.clear();
            encode(rows, batch.dataset.columns.len(), &mut data);
            statement.execute((batch.part, i64::try_from(first)?, data.as_slice()))?;
            first += rows.len() as u64;
        }
        Ok(())
    }

    /// Calls `f` with the number, the line and the wanted columns' cells of each row of a part, in the file's order.
    pub fn read_rows(
        &self,
        part: i64,
        dataset: &Dataset,
        columns: &[usize],
        mut f: impl FnMut(u64, u64, &[Option<&str>]) -> Result<()>,
    ) -> Result<()> {
        let mut statement =
            self.conn.prepare_cached("SELECT first, data FROM rows WHERE part = ?1 ORDER BY first")?;
        let mut blocks = statement.query([part])?;
        while let Some(row) = blocks.next()? {
            let first = u64::try_from(row.get::<_, i64>(0)?)?;
            let data = row.get_ref(1)?.as_blob()?;
            decode(first, data, dataset.columns.len(), columns, &mut f)?;
        }
        Ok(())
    }

    /// All cells of one row, by its number within the part.
    pub fn read_row(&self, part: i64, dataset: &Dataset, n: u64) -> Result<Vec<Option<String>>> {
        let mut statement = self.conn.prepare_cached(
            "SELECT first, data FROM rows WHERE part = ?1 AND first <= ?2 ORDER BY first DESC LIMIT 1",
        )?;
        let block: Option<(i64, Vec<u8>)> = statement
            .query_row((part, i64::try_from(n)?), |row| Ok((row.get(0)?, row.get(1)?)))
            .optional()?;
        let (first, data) = block.context(DAMAGED)?;
        let all: Vec<usize> = (0..dataset.columns.len()).collect();
        let mut found = None;
        decode(u64::try_from(first)?, &data, all.len(), &all, &mut |at, _, cells| {
            if at == n {
                found = Some(cells.iter().map(|c| c.map(str::to_owned)).collect());
            }
            Ok(())
        })?;
        found.context(DAMAGED)
    }

    pub(super) fn delete_rows(&self, part: i64, dataset: &str) -> Result<()> {
        let rows = crate::model::datasets::find(dataset).is_some_and(|d| d.store == Store::Rows);
        if rows {
            self.conn.prepare_cached("DELETE FROM rows WHERE part = ?1")?.execute([part])?;
        }
        Ok(())
    }
}

const DAMAGED: &str = "the cache holds rows that cannot be read; delete it";

fn write_number(mut n: u64, out: &mut Vec<u8>) {
    while n >= 0x80 {
        out.push(n as u8 | 0x80);
        n >>= 7;
    }
    out.push(n as u8);
}

/// Takes a number off the front.
fn number(bytes: &mut &[u8]) -> Option<u64> {
    let mut value = 0u64;
    for shift in (0..64).step_by(7) {
        let (&byte, rest) = bytes.split_first()?;
        *bytes = rest;
        value |= u64::from(byte & 0x7f) << shift;
        if byte < 0x80 {
            return Some(value);
        }
    }
    None
}

/// Takes `n` bytes off the front.
fn piece<'b>(bytes: &mut &'b [u8], n: u64) -> Option<&'b [u8]> {
    let (head, rest) = bytes.split_at_checked(usize::try_from(n).ok()?)?;
    *bytes = rest;
    Some(head)
}

fn encode(rows: &[Row<'_>], width: usize, out: &mut Vec<u8>) {
    write_number(rows.len() as u64, out);
    let mut before = 0;
    for (line, _) in rows {
        let step = line.wrapping_sub(before).cast_signed();
        write_number(((step << 1) ^ (step >> 63)).cast_unsigned(), out);
        before = *line;
    }
    let (mut lengths, mut texts) = (Vec::new(), Vec::new());
    for column in 0..width {
        lengths.clear();
        texts.clear();
        for (_, cells) in rows {
            match cells.get(column).and_then(Option::as_deref) {
                None => lengths.push(0),
                Some(text) => {
                    write_number(text.len() as u64 + 1, &mut lengths);
                    texts.extend_from_slice(text.as_bytes());
                }
            }
        }
        write_number(lengths.len() as u64, out);
        write_number(texts.len() as u64, out);
        out.extend_from_slice(&lengths);
        out.extend_from_slice(&texts);
    }
}

/// One column of a block, from the cell that comes next.
#[derive(Clone, Copy, Default)]
struct Column<'b> {
    lengths: &'b [u8],
    texts: &'b str,
}

impl<'b> Column<'b> {
    fn next(&mut self) -> Option<Option<&'b str>> {
        let length = match self.lengths.split_first()? {
            (&byte, rest) if byte < 0x80 => {
                self.lengths = rest;
                u64::from(byte)
            }
            _ => number(&mut self.lengths)?,
        };
        let Some(length) = length.checked_sub(1) else { return Some(None) };
        let (text, rest) = self.texts.split_at_checked(usize::try_from(length).ok()?)?;
        self.texts = rest;
        Some(Some(text))
    }
}

fn decode(
    first: u64,
    mut data: &[u8],
    width: usize,
    wanted: &[usize],
    f: &mut impl FnMut(u64, u64, &[Option<&str>]) -> Result<()>,
) -> Result<()> {
    let rows = number(&mut data).context(DAMAGED)?;
    let mut lines = data;
    for _ in 0..rows {
        number(&mut data).context(DAMAGED)?;
    }
    let mut all = [Column::default(); 40];
    for column in all.iter_mut().take(width) {
        let sizes = number(&mut data).zip(number(&mut data));
        let (lengths, texts) = sizes.context(DAMAGED)?;
        column.lengths = piece(&mut data, lengths).context(DAMAGED)?;
        let texts = piece(&mut data, texts).context(DAMAGED)?;
        column.texts = std::str::from_utf8(texts).context(DAMAGED)?;
    }
    let mut columns = [Column::default(); 40];
    for (at, column) in wanted.iter().enumerate() {
        columns[at] = all[*column];
    }
    let columns = &mut columns[..wanted.len()];
    let mut line = 0u64;
    let mut cells: [Option<&str>; 40] = [None; 40];
    for n in first..first + rows {
        let step = number(&mut lines).context(DAMAGED)?;
        line = (step >> 1 ^ (step & 1).wrapping_neg()).wrapping_add(line);
        for (cell, column) in cells.iter_mut().zip(columns.iter_mut()) {
            *cell = column.next().context(DAMAGED)?;
        }
        f(n, line, &cells[..wanted.len()])?;
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn read(data: &[u8], width: usize, wanted: &[usize]) -> Vec<(u64, u64, Vec<Option<String>>)> {
        let mut found = Vec::new();
        decode(7, data, width, wanted, &mut |n, line, cells| {
            found.push((n, line, cells.iter().map(|c| c.map(str::to_owned)).collect()));
            Ok(())
        })
        .unwrap();
        found
    }

    proptest! {
        #[test]
        fn rows_come_back_as_they_were_written(
            rows in prop::collection::vec((-3i64..300, prop::collection::vec(prop::option::of(".{0,200}"), 3)), 0..20),
        ) {
            let mut line = 100u64;
            let rows: Vec<Row<'_>> = rows
                .into_iter()
                .map(|(step, cells)| {
                    line = line.saturating_add_signed(step);
                    (line, cells.into_iter().map(|c| c.map(Cow::Owned)).collect())
                })
                .collect();
            let mut data = Vec::new();
            encode(&rows, 3, &mut data);
            let found = read(&data, 3, &[2, 0]);
            prop_assert_eq!(found.len(), rows.len());
            for (at, (n, line, cells)) in found.iter().enumerate() {
                prop_assert_eq!((*n, *line), (7 + at as u64, rows[at].0));
                prop_assert_eq!(cells[0].as_deref(), rows[at].1[2].as_deref());
                prop_assert_eq!(cells[1].as_deref(), rows[at].1[0].as_deref());
            }
        }

        #[test]
        fn bytes_that_are_no_block_are_an_error_and_no_panic(data in prop::collection::vec(any::<u8>(), 0..200)) {
            let _ = decode(0, &data, 3, &[0, 1, 2], &mut |_, _, _| Ok(()));
        }
    }

    #[test]
    fn an_empty_text_is_not_an_empty_cell() {
        let mut data = Vec::new();
        encode(&[(2, vec![Some(Cow::Borrowed("")), None])], 2, &mut data);
        assert_eq!(read(&data, 2, &[0, 1]), [(7, 2, vec![Some(String::new()), None])]);
    }
}
