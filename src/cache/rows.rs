//! Ordinary rows: some hundreds to a block, column by column, every cell in its canonical text.
//!
//! A block is one blob. It begins with the number of rows and their lines, each as the signed difference to the one before;
//! then, for each column of the dataset, the sizes of its two pieces, the cells' lengths and their texts. Numbers are
//! LEB128, signed ones zigzag; a length is one more than the text's, 0 for an empty cell. Reading skips whole columns.

use super::{Cache, Part, blocks::open_pack};
use crate::model::datasets;
use anyhow::{Context as _, Result};
use rusqlite::{Connection, OptionalExtension as _};
use std::{borrow::Cow, ops::Range};

pub(super) const TABLE: &str = "CREATE TABLE rows(id INTEGER PRIMARY KEY, part INTEGER NOT NULL, first INTEGER NOT NULL, \
                                data BLOB NOT NULL, UNIQUE(part, first))";

/// Rows of a block: enough that a block costs nothing beside them, few enough that one row is soon found.
const BLOCK: usize = 512;

/// Some rows as they are stored.
pub struct PackedRows {
    pub(super) count: u64,
    pub(super) data: Vec<u8>,
}

/// Makes blocks of rows, far from the cache: any thread may.
#[derive(Default)]
pub struct RowPacker {
    done: Vec<PackedRows>,
    count: usize,
    last: u64,
    lines: Vec<u8>,
    columns: Vec<PackedColumn>,
}

#[derive(Default)]
struct PackedColumn {
    lengths: Vec<u8>,
    texts: Vec<u8>,
}

impl RowPacker {
    /// Adds a row of one and the same dataset: its line, and its cells in catalogue order.
    pub fn push(&mut self, line: u64, cells: &[Option<Cow<'_, str>>]) {
        self.columns.resize_with(cells.len(), PackedColumn::default);
        let step = line.wrapping_sub(self.last).cast_signed();
        write_number(((step << 1) ^ (step >> 63)).cast_unsigned(), &mut self.lines);
        self.last = line;
        for (column, cell) in self.columns.iter_mut().zip(cells) {
            match cell {
                None => column.lengths.push(0),
                Some(text) => {
                    write_number(text.len() as u64 + 1, &mut column.lengths);
                    column.texts.extend_from_slice(text.as_bytes());
                }
            }
        }
        self.count += 1;
        if self.count == BLOCK {
            self.close();
        }
    }

    fn close(&mut self) {
        let size: usize = self.columns.iter().map(|c| c.lengths.len() + c.texts.len() + 10).sum();
        let mut data = Vec::with_capacity(size + self.lines.len() + 10);
        write_number(self.count as u64, &mut data);
        data.append(&mut self.lines);
        for column in &mut self.columns {
            write_number(column.lengths.len() as u64, &mut data);
            write_number(column.texts.len() as u64, &mut data);
            data.append(&mut column.lengths);
            data.append(&mut column.texts);
        }
        self.done.push(PackedRows { count: self.count as u64, data });
        (self.count, self.last) = (0, 0);
    }

    /// Everything since the last time, in blocks.
    pub fn take(&mut self) -> Vec<PackedRows> {
        if self.count > 0 {
            self.close();
        }
        std::mem::take(&mut self.done)
    }
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

impl Cache {
    /// Where the rows of a part lie. Inside a snapshot it stays readable whatever other runs do.
    fn store(&self, part: &Part) -> Result<Store<'_>> {
        Ok(match &part.pack {
            None => Store::Cache(&self.conn),
            Some(name) => Store::Pack(open_pack(&self.dir.join(name))?),
        })
    }

    /// Calls `f` with the number, the line and the wanted columns' cells of each row of a part, in the file's order.
    pub fn read_rows(
        &self,
        part: &Part,
        columns: &[usize],
        f: impl FnMut(u64, u64, &[Option<&str>]) -> Result<()>,
    ) -> Result<()> {
        self.read_some_rows(part, 0..u64::MAX, columns, f)
    }

    /// The same for the blocks whose first row's number is in a range.
    pub fn read_some_rows(
        &self,
        part: &Part,
        numbers: Range<u64>,
        columns: &[usize],
        mut f: impl FnMut(u64, u64, &[Option<&str>]) -> Result<()>,
    ) -> Result<()> {
        let number = |n: u64| i64::try_from(n).unwrap_or(i64::MAX);
        let width = part.dataset.columns.len();
        let store = self.store(part)?;
        let mut statement = store.prepare_cached(
            "SELECT first, data FROM rows WHERE part = ?1 AND first >= ?2 AND first < ?3 ORDER BY first",
        )?;
        let mut blocks = statement.query((part.id, number(numbers.start), number(numbers.end)))?;
        while let Some(row) = blocks.next()? {
            let first = u64::try_from(row.get::<_, i64>(0)?)?;
            let data = row.get_ref(1)?.as_blob()?;
            decode(first, data, width, columns, &mut f)?;
        }
        Ok(())
    }

    /// All cells of one row, by its number within the part.
    pub fn read_row(&self, part: &Part, n: u64) -> Result<Vec<Option<String>>> {
        let store = self.store(part)?;
        let mut statement = store.prepare_cached(
            "SELECT first, data FROM rows WHERE part = ?1 AND first <= ?2 ORDER BY first DESC LIMIT 1",
        )?;
        let block: Option<(i64, Vec<u8>)> = statement
            .query_row((part.id, i64::try_from(n)?), |row| Ok((row.get(0)?, row.get(1)?)))
            .optional()?;
        let (first, data) = block.context(DAMAGED)?;
        let all: Vec<usize> = (0..part.dataset.columns.len()).collect();
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
        let rows = datasets::find(dataset).is_some_and(|d| d.store == datasets::Store::Rows);
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
            let mut packer = RowPacker::default();
            let rows: Vec<(u64, Vec<Option<String>>)> = rows
                .into_iter()
                .map(|(step, cells)| {
                    line = line.saturating_add_signed(step);
                    packer.push(line, &cells.iter().map(|c| c.as_deref().map(Cow::Borrowed)).collect::<Vec<_>>());
                    (line, cells)
                })
                .collect();
            let found: Vec<_> = packer.take().iter().flat_map(|block| read(&block.data, 3, &[2, 0])).collect();
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
        let mut packer = RowPacker::default();
        packer.push(2, &[Some(Cow::Borrowed("")), None]);
        let [block] = packer.take().try_into().ok().unwrap();
        assert_eq!(read(&block.data, 2, &[0, 1]), [(7, 2, vec![Some(String::new()), None])]);
    }
}
