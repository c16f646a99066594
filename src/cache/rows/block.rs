//! Rows put together into a block, and a block opened.
//!
//! A block begins with the number of its rows; then come their lines and the dataset's columns one after another, each
//! with its size before it, so that what nobody asks for is passed over.

use super::{
    DAMAGED, PackedRows,
    bytes::{Distances, number, piece, put_number},
    column::{Column, pack},
    value::Value,
};
use anyhow::{Context as _, Result};
use std::borrow::Cow;

/// Rows of a block: enough that a block costs nothing beside them, few enough that one row is soon found.
pub(super) const BLOCK: usize = 4096;

/// Makes blocks of rows, far from the cache: any thread may.
#[derive(Default)]
pub struct RowPacker {
    done: Vec<PackedRows>,
    lines: Vec<Option<i64>>,
    columns: Vec<Cells>,
}

/// A column's cells until the block is full.
#[derive(Default)]
struct Cells {
    /// A text's length, `None` of an empty cell.
    lengths: Vec<Option<u32>>,
    texts: String,
}

impl Cells {
    fn pack(&mut self, out: &mut Vec<u8>) {
        let mut left = self.texts.as_str();
        let cells: Vec<Option<&str>> = self
            .lengths
            .iter()
            .map(|length| {
                let (text, rest) = left.split_at_checked((*length)? as usize)?;
                left = rest;
                Some(text)
            })
            .collect();
        pack(&cells, out);
        self.lengths.clear();
        self.texts.clear();
    }
}

impl RowPacker {
    /// Adds a row of one and the same dataset: its line, and its cells in catalogue order.
    pub fn push(&mut self, line: u64, cells: &[Option<Cow<'_, str>>]) {
        self.columns.resize_with(cells.len(), Cells::default);
        self.lines.push(Some(line.cast_signed()));
        for (column, cell) in self.columns.iter_mut().zip(cells) {
            column.lengths.push(cell.as_ref().map(|text| text.len() as u32));
            column.texts.push_str(cell.as_deref().unwrap_or_default());
        }
        if self.lines.len() == BLOCK {
            self.close();
        }
    }

    fn close(&mut self) {
        let (mut data, mut piece) = (Vec::new(), Vec::new());
        put_number(self.lines.len() as u64, &mut data);
        let mut add = |piece: &mut Vec<u8>| {
            put_number(piece.len() as u64, &mut data);
            data.append(piece);
        };
        // Lines of a file never lie 2^64 apart.
        let _ = Distances::put(&self.lines, &mut piece);
        add(&mut piece);
        for column in &mut self.columns {
            column.pack(&mut piece);
            add(&mut piece);
        }
        self.done.push(PackedRows { count: self.lines.len() as u64, data });
        self.lines.clear();
    }

    /// Everything since the last time, in blocks.
    pub fn take(&mut self) -> Vec<PackedRows> {
        if !self.lines.is_empty() {
            self.close();
        }
        std::mem::take(&mut self.done)
    }
}

/// Some rows that follow one another, with the columns that were asked for.
pub struct Block<'b> {
    first: u64,
    rows: usize,
    lines: Distances<'b>,
    columns: Vec<Column<'b>>,
}

impl<'b> Block<'b> {
    /// Opens a block of rows of `width` columns, of which those of the numbers `wanted` are read. `first` is the number of
    /// the first row.
    pub(super) fn open(first: u64, data: &'b [u8], width: usize, wanted: &[usize]) -> Result<Block<'b>> {
        Block::opened(first, data, width, wanted).context(DAMAGED)
    }

    fn opened(first: u64, mut data: &'b [u8], width: usize, wanted: &[usize]) -> Option<Block<'b>> {
        let rows = usize::try_from(number(&mut data)?).ok().filter(|rows| *rows <= BLOCK)?;
        let mut next = || {
            let size = number(&mut data)?;
            piece(&mut data, size)
        };
        let lines =
            Distances::open(next()?, rows).filter(|lines| (0..rows).all(|n| lines.get(n).is_some()))?;
        let pieces: Vec<&[u8]> = (0..width).map(|_| next()).collect::<Option<_>>()?;
        let columns = wanted.iter().map(|column| Column::open(pieces.get(*column)?, rows));
        Some(Block { first, rows, lines, columns: columns.collect::<Option<_>>()? })
    }

    /// The number of the first row within its part.
    pub fn first(&self) -> u64 {
        self.first
    }

    /// How many rows there are.
    pub fn rows(&self) -> usize {
        self.rows
    }

    /// The line of a row.
    #[inline]
    pub fn line(&self, row: usize) -> u64 {
        self.lines.get(row).unwrap_or_default().cast_unsigned()
    }

    /// The cell of a row, by the place of its column among those that were asked for. Empty where there is no such row or
    /// column.
    #[inline]
    pub fn value(&self, row: usize, column: usize) -> Value<'_> {
        self.columns.get(column).map_or(Value::Empty, |column| column.value(row))
    }

    /// Calls `f` with the number, the line and the cells' texts of each row.
    pub(super) fn each_text(
        &self,
        f: &mut impl FnMut(u64, u64, &[Option<&str>]) -> Result<()>,
    ) -> Result<()> {
        // Texts that are not stored as they are, one row's behind one another.
        let mut made = String::new();
        for (n, row) in (self.first..).zip(0..self.rows) {
            made.clear();
            let mut ends = [0; 40];
            let mut cells: [Option<&str>; 40] = [None; 40];
            for (column, (cell, end)) in cells.iter_mut().zip(&mut ends).enumerate().take(self.columns.len())
            {
                if let Some(text) = self.value(row, column).text() {
                    match text.stored() {
                        Some(stored) => *cell = Some(stored),
                        None => made.push_str(&text),
                    }
                }
                *end = made.len();
            }
            let mut from = 0;
            for (cell, end) in cells.iter_mut().zip(ends).take(self.columns.len()) {
                // Nothing that is made is an empty text.
                if end > from {
                    *cell = made.get(from..end);
                }
                from = end;
            }
            f(n, self.line(row), &cells[..self.columns.len()])?;
        }
        Ok(())
    }
}
