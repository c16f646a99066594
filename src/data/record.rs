//! Typed records from canonical cells.

use crate::model::{
    datasets::Dataset,
    decimal::{self, Decimal},
    time::{Instant, Stamp},
};
use anyhow::{Context as _, Result};
use chrono::NaiveDate;
use chrono_tz::Tz;
use std::{borrow::Cow, sync::Arc};

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
    fn read(cells: &mut Cells<'_>) -> Result<Self>;
    /// Where it stands.
    fn at(&self) -> At;
}

/// A row's cells, canonical.
pub struct Cells<'c> {
    dataset: &'static Dataset,
    cells: &'c [Option<Arc<str>>],
    /// Where the row stands.
    pub at: At,
    zone: Tz,
}

impl<'c> Cells<'c> {
    /// The cells of a row, in catalogue order; stamps without an offset are read in `zone`.
    pub fn new(dataset: &'static Dataset, cells: &'c [Option<Arc<str>>], at: At, zone: Tz) -> Cells<'c> {
        Cells { dataset, cells, at, zone }
    }

    /// The value of a column.
    pub fn get<F: Field>(&self, column: &str) -> Result<F> {
        let at = self.dataset.position(column).with_context(|| format!("no column {column}"))?;
        F::read(self.cells[at].as_ref(), self.zone).with_context(|| format!("column {column}"))
    }
}

/// A type that a cell can be read as.
pub trait Field: Sized {
    /// From a canonical cell.
    fn read(cell: Option<&Arc<str>>, zone: Tz) -> Result<Self>;
}

impl<F: Field> Field for Option<F> {
    fn read(cell: Option<&Arc<str>>, zone: Tz) -> Result<Self> {
        cell.map(|c| F::read(Some(c), zone)).transpose()
    }
}

fn there(cell: Option<&Arc<str>>) -> Result<&Arc<str>> {
    cell.context("is empty")
}

impl Field for Arc<str> {
    fn read(cell: Option<&Arc<str>>, _: Tz) -> Result<Self> {
        there(cell).cloned()
    }
}

impl Field for Decimal {
    fn read(cell: Option<&Arc<str>>, _: Tz) -> Result<Self> {
        Ok(decimal::parse(there(cell)?)?)
    }
}

impl Field for i64 {
    fn read(cell: Option<&Arc<str>>, _: Tz) -> Result<Self> {
        Ok(there(cell)?.parse()?)
    }
}

impl Field for bool {
    fn read(cell: Option<&Arc<str>>, _: Tz) -> Result<Self> {
        Ok(&**there(cell)? == "true")
    }
}

impl Field for Stamp {
    fn read(cell: Option<&Arc<str>>, _: Tz) -> Result<Self> {
        Ok(Stamp::parse(there(cell)?)?)
    }
}

impl Field for Instant {
    fn read(cell: Option<&Arc<str>>, zone: Tz) -> Result<Self> {
        Ok(Stamp::parse(there(cell)?)?.in_zone(zone))
    }
}

impl Field for NaiveDate {
    fn read(cell: Option<&Arc<str>>, _: Tz) -> Result<Self> {
        Ok(there(cell)?.parse()?)
    }
}

impl Field for Tz {
    fn read(cell: Option<&Arc<str>>, _: Tz) -> Result<Self> {
        there(cell)?.parse().ok().context("is no time zone")
    }
}

impl Field for Vec<String> {
    fn read(cell: Option<&Arc<str>>, _: Tz) -> Result<Self> {
        Ok(serde_json::from_str(there(cell)?)?)
    }
}

impl Field for Vec<Arc<str>> {
    fn read(cell: Option<&Arc<str>>, _: Tz) -> Result<Self> {
        let list: Vec<Cow<'_, str>> = serde_json::from_str(there(cell)?)?;
        Ok(list.into_iter().map(Arc::from).collect())
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
        pub struct $name {
            /// Where it stands.
            pub at: $crate::data::At,
            $(
                $(#[$doc])*
                #[doc = concat!("Column `", $crate::data::record::column!($field $(= $column)?), "`.")]
                pub $field: $ty,
            )*
        }
        impl $crate::data::Record for $name {
            const DATASET: &'static str = $dataset;
            const COLUMNS: &'static [&'static str] =
                &[$($crate::data::record::column!($field $(= $column)?)),*];
            fn read(cells: &mut $crate::data::Cells<'_>) -> anyhow::Result<Self> {
                Ok($name {
                    at: cells.at,
                    $($field: cells.get($crate::data::record::column!($field $(= $column)?))?,)*
                })
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
