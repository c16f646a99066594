//! Typed records from canonical cells.

use super::Names;
use crate::{
    cache::{Block, Number, Spelled, Value, Word},
    model::{
        decimal::{self, Decimal},
        interned::Text,
        mask::Private,
        time::{Instant, Stamp},
    },
};
use anyhow::{Context as _, Result};
use chrono::NaiveDate;
use chrono_tz::Tz;
use std::{borrow::Cow, cell::RefCell, cmp::Ordering, ops::Deref};

/// Where a record stands: index of the file among the inputs, and line.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Default)]
pub struct At {
    /// Index among the run's inputs.
    pub file: u32,
    /// Line in the file, from 1.
    pub line: u64,
}

/// A record of one dataset; see the macro `record!`.
pub trait Record: Sized {
    /// The dataset's name.
    const DATASET: &'static str;
    /// The columns it reads.
    const COLUMNS: &'static [&'static str];
    /// From a row's cells.
    fn read(cells: &Cells<'_>) -> Result<Self>;
    /// Where it stands.
    fn at(&self) -> At;
}

/// What the shared names need to know about a column.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Naming {
    /// Its texts are taken as they are.
    Plain,
    /// It holds ids of accounts.
    Account,
    /// Its names go through that map of crosscheck.toml.
    Mapped(&'static str),
}

/// A cell of a row.
#[derive(Clone, Copy)]
pub struct Cell<'c> {
    /// What it holds.
    pub value: Value<'c>,
    /// Where the row comes from.
    pub source: &'c Source<'c>,
    naming: Naming,
    /// Its place among the record's fields.
    field: usize,
}

impl<'c> Cell<'c> {
    /// Its canonical text.
    fn there(&self) -> Result<Spelled<'c>> {
        self.value.text().context("is empty")
    }

    fn stamp(&self) -> Result<Stamp> {
        match self.value.time() {
            Some(stamp) => Ok(stamp),
            None => Ok(Stamp::parse(&self.there()?)?),
        }
    }
}

/// Where rows come from, and how they are read.
pub struct Source<'c> {
    /// The shared names.
    pub names: &'c Names,
    /// The system whose ids stand in the file.
    pub system: Option<&'c str>,
    /// The zone of stamps without an offset.
    pub zone: Tz,
    /// The last name in each field: neighbours in an export often share theirs.
    last: RefCell<Vec<Option<Text>>>,
    /// By field, the shared names of the words that its column has in the block.
    words: RefCell<Vec<Vec<Option<Text>>>>,
}

impl<'c> Source<'c> {
    /// A source of records of `fields` fields.
    pub fn new(names: &'c Names, system: Option<&'c str>, zone: Tz, fields: usize) -> Source<'c> {
        let (last, words) = (RefCell::new(vec![None; fields]), RefCell::new(vec![Vec::new(); fields]));
        Source { names, system, zone, last, words }
    }

    /// Another block begins, with words of its own.
    pub(super) fn begin_block(&self) {
        self.words.borrow_mut().iter_mut().for_each(Vec::clear);
    }

    fn of_word(&self, cell: &Cell<'_>, word: &Word<'_>) -> Text {
        let (mut words, code) = (self.words.borrow_mut(), usize::from(word.code));
        let known = &mut words[cell.field];
        if known.len() <= code {
            known.resize(code + 1, None);
        }
        *known[code].get_or_insert_with(|| self.names.shared(cell.naming, self.system, word.text))
    }

    fn shared(&self, cell: &Cell<'_>) -> Result<Text> {
        if let Value::Word(word) = cell.value {
            return Ok(self.of_word(cell, word));
        }
        let text = cell.there()?;
        if cell.naming != Naming::Plain {
            return Ok(self.names.shared(cell.naming, self.system, &text));
        }
        let mut last = self.last.borrow_mut();
        match &mut last[cell.field] {
            Some(same) if **same == *text => Ok(*same),
            other => Ok(*other.insert(self.names.intern(&text))),
        }
    }
}

/// A row's cells: those that the record reads, in the order of its fields.
pub struct Cells<'c> {
    /// Where the row stands.
    pub at: At,
    pub(super) row: Row<'c>,
    /// What each column holds.
    pub naming: &'c [Naming],
    /// The columns' names, for messages.
    pub columns: &'static [&'static str],
    /// Where it comes from.
    pub source: &'c Source<'c>,
}

/// What a row is read from.
#[derive(Clone, Copy)]
pub(super) enum Row<'c> {
    /// A block, and which of its rows.
    Stored(&'c Block<'c>, usize),
    /// The columns' texts.
    Texts(&'c [Option<&'c str>]),
}

impl<'c> Cells<'c> {
    /// The value of a field, by its place among the record's fields.
    pub fn get<F: Field>(&self, at: usize) -> Result<F> {
        let read = |value| F::read(Cell { value, naming: self.naming[at], field: at, source: self.source });
        read(self.value(at)).with_context(|| format!("column {}", self.columns[at]))
    }

    /// What the cell of a field holds, before names are shared.
    #[inline]
    pub fn value(&self, at: usize) -> Value<'c> {
        match self.row {
            Row::Stored(block, row) => block.value(row, at),
            Row::Texts(texts) => texts.get(at).copied().flatten().into(),
        }
    }

    /// The block of the part that the row stands in, by its first row's number: there a [`Word`] has one code.
    pub fn block(&self) -> u64 {
        match self.row {
            Row::Stored(block, _) => block.first(),
            Row::Texts(_) => 0,
        }
    }
}

/// A type that a cell can be read as.
pub trait Field: Sized {
    /// From a canonical cell.
    fn read(cell: Cell<'_>) -> Result<Self>;
}

impl<F: Field> Field for Option<F> {
    fn read(cell: Cell<'_>) -> Result<Self> {
        if cell.value.is_empty() { Ok(None) } else { F::read(cell).map(Some) }
    }
}

impl Field for Text {
    fn read(cell: Cell<'_>) -> Result<Self> {
        cell.source.shared(&cell)
    }
}

/// A text of its own that is seldom kept: short ones need no memory beside the record. Their order is that of their bytes.
#[derive(Clone, Debug)]
pub enum Own {
    /// Up to 30 bytes.
    Short {
        /// The bytes and what follows them.
        bytes: [u8; 30],
        /// How many of them.
        length: u8,
    },
    /// Longer.
    Long(Box<str>),
}

impl Own {
    /// The text.
    pub fn as_str(&self) -> &str {
        std::str::from_utf8(self.as_bytes()).unwrap_or_default()
    }

    fn as_bytes(&self) -> &[u8] {
        match self {
            Own::Short { bytes, length } => &bytes[..usize::from(*length)],
            Own::Long(text) => text.as_bytes(),
        }
    }
}

impl Deref for Own {
    type Target = str;

    fn deref(&self) -> &str {
        self.as_str()
    }
}

impl PartialEq for Own {
    fn eq(&self, other: &Own) -> bool {
        self.as_bytes() == other.as_bytes()
    }
}

impl Eq for Own {}

impl Ord for Own {
    fn cmp(&self, other: &Own) -> Ordering {
        self.as_bytes().cmp(other.as_bytes())
    }
}

impl PartialOrd for Own {
    fn partial_cmp(&self, other: &Own) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

impl Field for Own {
    fn read(cell: Cell<'_>) -> Result<Self> {
        let text = cell.there()?;
        let mut bytes = [0; 30];
        match (bytes.get_mut(..text.len()), u8::try_from(text.len())) {
            (Some(short), Ok(length)) => {
                short.copy_from_slice(text.as_bytes());
                Ok(Own::Short { bytes, length })
            }
            _ => Ok(Own::Long((&*text).into())),
        }
    }
}

impl Field for Decimal {
    fn read(cell: Cell<'_>) -> Result<Self> {
        match cell.value.number() {
            Some(number) => Ok(number.decimal()),
            None => Ok(decimal::parse(&cell.there()?)?),
        }
    }
}

impl Field for i64 {
    fn read(cell: Cell<'_>) -> Result<Self> {
        match cell.value.number().and_then(Number::whole) {
            Some(n) => Ok(n),
            None => Ok(cell.there()?.parse()?),
        }
    }
}

impl Field for bool {
    fn read(cell: Cell<'_>) -> Result<Self> {
        Ok(*cell.there()? == *"true")
    }
}

impl Field for Stamp {
    fn read(cell: Cell<'_>) -> Result<Self> {
        cell.stamp()
    }
}

impl Field for Instant {
    fn read(cell: Cell<'_>) -> Result<Self> {
        Ok(cell.stamp()?.in_zone(cell.source.zone))
    }
}

impl Field for NaiveDate {
    fn read(cell: Cell<'_>) -> Result<Self> {
        match cell.stamp()? {
            Stamp::Date(date) => Ok(date),
            other => anyhow::bail!("holds {other} instead of a date"),
        }
    }
}

impl Field for Tz {
    fn read(cell: Cell<'_>) -> Result<Self> {
        cell.there()?.parse().ok().context("is no time zone")
    }
}

impl Field for Private {
    fn read(cell: Cell<'_>) -> Result<Self> {
        Ok(Private(cell.there()?.to_string()))
    }
}

impl Field for Vec<Private> {
    fn read(cell: Cell<'_>) -> Result<Self> {
        let list: Vec<String> = Field::read(cell)?;
        Ok(list.into_iter().map(Private).collect())
    }
}

impl Field for Vec<String> {
    fn read(cell: Cell<'_>) -> Result<Self> {
        Ok(serde_json::from_str(&cell.there()?)?)
    }
}

/// Each name of the list is shared and goes through its map.
impl Field for Vec<Text> {
    fn read(cell: Cell<'_>) -> Result<Self> {
        let text = cell.there()?;
        let list: Vec<Cow<'_, str>> = serde_json::from_str(&text)?;
        let names = cell.source.names;
        Ok(list.iter().map(|name| names.shared(cell.naming, cell.source.system, name)).collect())
    }
}

/// Declares a record: a struct whose fields are columns of a dataset.
///
/// A field is named as its column, or names it (`moment = "at"`: `at` is where a record stands); its type says whether
/// it may be empty (`Option`) and how it is read. A test holds every record against the catalogue.
macro_rules! record {
    ($(#[$meta:meta])* $name:ident of $dataset:literal {
        $($(#[$doc:meta])* $field:ident $(= $column:literal)?: $ty:ty,)*
    }) => {
        $(#[$meta])*
        #[derive(Clone, Debug)]
        #[allow(unreachable_pub, reason = "a check's own record is seen no further than its module")]
        pub struct $name {
            /// Where it stands.
            pub at: $crate::data::At,
            $(
                $(#[$doc])*
                #[doc = concat!("Column `", stringify!($field $(= $column)?), "`.")]
                pub $field: $ty,
            )*
        }
        impl $crate::data::Record for $name {
            const DATASET: &'static str = $dataset;
            const COLUMNS: &'static [&'static str] =
                &[$($crate::data::column!($field $(= $column)?)),*];
            fn read(cells: &$crate::data::Cells<'_>) -> anyhow::Result<Self> {
                let mut field = 0..;
                Ok($name { at: cells.at, $($field: cells.get(field.next().unwrap_or_default())?,)* })
            }
            fn at(&self) -> $crate::data::At {
                self.at
            }
        }
    };
}
pub(crate) use record;

/// The name of a field's column.
macro_rules! column {
    ($field:ident) => {
        stringify!($field)
    };
    ($field:ident = $column:literal) => {
        $column
    };
}
pub(crate) use column;
