//! Reads single columns of a block.

use super::{
    CLASS, Form, ID, ID_TEXT, INGESTED, LINES, META, QUANTITY, SERIES, TIME, UNIQUE,
    ids::{IdClass, id_text},
    ints::unpack_ints,
    series::take_bytes,
    stamp,
};
use crate::model::{decimal::Decimal, time::Stamp};
use anyhow::{Context as _, Result, ensure};

/// The quantities of a block.
#[derive(Debug)]
pub enum Quantities {
    /// Mantissas at the block's scale.
    Narrow(Vec<i64>, u32),
    /// Decimals of any size.
    Wide(Vec<Decimal>),
}

impl Quantities {
    /// The quantity of a row.
    pub fn get(&self, row: usize) -> Decimal {
        match self {
            Quantities::Narrow(list, scale) => Decimal::from_i128_with_scale(i128::from(list[row]), *scale),
            Quantities::Wide(list) => list[row],
        }
    }
}

/// What every reader of a block needs first.
#[derive(Clone, Copy, Debug)]
pub struct Meta {
    /// Events in it.
    pub rows: usize,
    scale: u32,
    consecutive: bool,
    first_line: i64,
    class: u8,
    /// The least and the greatest reading of its timestamps, nanoseconds.
    pub span: (i64, i64),
}

/// Reads single columns of a block.
pub struct BlockView<'r, 'c> {
    reader: &'r crate::cache::BlockReader<'c>,
    n: u32,
    /// What it holds.
    pub meta: Meta,
}

impl<'r, 'c> BlockView<'r, 'c> {
    /// The block of that number, or `None` beyond the last.
    pub fn open(reader: &'r crate::cache::BlockReader<'c>, n: u32) -> Result<Option<BlockView<'r, 'c>>> {
        let Some(meta) = reader.column(n, META)? else { return Ok(None) };
        ensure!(meta.len() == 31, "a block's head has another length");
        let eight = |at: usize| Ok::<_, anyhow::Error>(i64::from_le_bytes(meta[at..at + 8].try_into()?));
        let meta = Meta {
            rows: u32::from_le_bytes(meta[0..4].try_into()?) as usize,
            scale: u32::from(meta[4]),
            consecutive: meta[5] == 1,
            first_line: eight(6)?,
            class: meta[14],
            span: (eight(15)?, eight(23)?),
        };
        Ok(Some(BlockView { reader, n, meta }))
    }

    fn need(&self, column: u8) -> Result<Vec<u8>> {
        self.reader.column(self.n, column)?.context("a block lacks a column")
    }

    /// The series number of each event.
    pub fn series(&self) -> Result<Vec<i64>> {
        unpack_ints(&self.need(SERIES)?, self.meta.rows)
    }

    /// The reading of each event's timestamp, nanoseconds.
    pub fn times(&self) -> Result<Vec<i64>> {
        unpack_ints(&self.need(TIME)?, self.meta.rows)
    }

    /// The quantities.
    pub fn quantities(&self) -> Result<Quantities> {
        let bytes = self.need(QUANTITY)?;
        let (&kind, data) = bytes.split_first().context("a packed column is empty")?;
        if kind == 0 {
            return Ok(Quantities::Narrow(unpack_ints(data, self.meta.rows)?, self.meta.scale));
        }
        ensure!(data.len() == 17 * self.meta.rows, "a packed column has another length");
        let mut list = Vec::with_capacity(self.meta.rows);
        for c in data.chunks_exact(17) {
            let mantissa = i128::from_le_bytes(c[..16].try_into()?);
            list.push(Decimal::try_from_i128_with_scale(mantissa, u32::from(c[16]))?);
        }
        Ok(Quantities::Wide(list))
    }

    /// The ids' bits, 16 bytes each.
    pub fn ids(&self) -> Result<Vec<u8>> {
        let ids = self.need(ID)?;
        ensure!(ids.len() == 16 * self.meta.rows, "a packed column has another length");
        Ok(ids)
    }

    /// The class of each id.
    pub fn classes(&self) -> Result<Classes> {
        Ok(if self.meta.class == 255 {
            Classes::Each(self.need(CLASS)?)
        } else {
            Classes::All(self.meta.class)
        })
    }

    /// The lines of the events.
    pub fn lines(&self) -> Result<Lines> {
        Ok(if self.meta.consecutive {
            Lines::From(self.meta.first_line)
        } else {
            Lines::Each(unpack_ints(&self.need(LINES)?, self.meta.rows)?)
        })
    }

    /// When each event arrived, as it was written.
    pub fn ingested(&self) -> Result<Option<Vec<Option<Stamp>>>> {
        let Some(bytes) = self.reader.column(self.n, INGESTED)? else { return Ok(None) };
        ensure!(bytes.len() >= self.meta.rows, "a packed column is cut short");
        let (forms, data) = bytes.split_at(self.meta.rows);
        let count = forms.iter().filter(|f| **f != 255).count();
        let mut values = unpack_ints(data, count)?.into_iter();
        Ok(Some(
            forms
                .iter()
                .map(|f| match f {
                    255 => None,
                    0 => values.next().map(|t| stamp(t, Form::Instant)),
                    1 => values.next().map(|t| stamp(t, Form::Civil)),
                    _ => values.next().map(|t| stamp(t, Form::Date)),
                })
                .collect(),
        ))
    }

    /// The hash of each event's unique key.
    pub fn unique(&self) -> Result<Option<Vec<Option<u64>>>> {
        let Some(bytes) = self.reader.column(self.n, UNIQUE)? else { return Ok(None) };
        ensure!(bytes.len() >= self.meta.rows, "a packed column is cut short");
        let (marks, data) = bytes.split_at(self.meta.rows);
        let mut values = data.chunks_exact(8).map(|c| {
            let mut raw = [0u8; 8];
            raw.copy_from_slice(c);
            u64::from_le_bytes(raw)
        });
        Ok(Some(marks.iter().map(|m| if *m == 1 { values.next() } else { None }).collect()))
    }

    /// The ids of some rows (rising) as they were written.
    pub fn id_texts(&self, rows: &[usize]) -> Result<Vec<String>> {
        let classes = self.classes()?;
        let ids = self.ids()?;
        let texts = self.reader.column(self.n, ID_TEXT)?.unwrap_or_default();
        let mut rest = texts.as_slice();
        let mut passed = 0;
        let mut found = Vec::with_capacity(rows.len());
        for &row in rows {
            while passed < row {
                if classes.get(passed) == IdClass::Hashed {
                    take_bytes(&mut rest)?;
                }
                passed += 1;
            }
            let mut raw = [0u8; 16];
            raw.copy_from_slice(&ids[row * 16..row * 16 + 16]);
            let text = match id_text(classes.get(row), u128::from_le_bytes(raw)) {
                Some(text) => text,
                None => {
                    passed += 1;
                    std::str::from_utf8(take_bytes(&mut rest)?)?.to_owned()
                }
            };
            found.push(text);
        }
        Ok(found)
    }

    /// The id of an event as it was written.
    pub fn id_text(&self, row: usize) -> Result<String> {
        Ok(self.id_texts(&[row])?.pop().unwrap_or_default())
    }
}

/// The classes of a block's ids.
#[derive(Debug)]
pub enum Classes {
    /// All the same.
    All(u8),
    /// One each.
    Each(Vec<u8>),
}

impl Classes {
    /// The class of a row's id.
    #[inline]
    pub fn get(&self, row: usize) -> IdClass {
        match self {
            Classes::All(c) => class_of(*c),
            Classes::Each(list) => class_of(list[row]),
        }
    }
}

#[inline]
fn class_of(byte: u8) -> IdClass {
    match byte {
        0 => IdClass::Short,
        1 => IdClass::Uuid,
        _ => IdClass::Hashed,
    }
}

/// The lines of a block's events.
#[derive(Debug)]
pub enum Lines {
    /// One after the other from this.
    From(i64),
    /// One each.
    Each(Vec<i64>),
}

impl Lines {
    /// The line of a row.
    pub fn get(&self, row: usize) -> u64 {
        let line = match self {
            Lines::From(first) => first.saturating_add(i64::try_from(row).unwrap_or(0)),
            Lines::Each(list) => list[row],
        };
        u64::try_from(line).unwrap_or(0)
    }
}
