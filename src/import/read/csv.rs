//! Separated values (RFC 4180 and what exports make of it).
//!
//! A quote opens a quoted field only at the field's start; inside, `""` is a quote. A record whose quotes or field
//! count are wrong is rejected at its first line, and reading goes on with the next line, so that one stray quote
//! costs a few rows and not the rest of the file. Blank lines are no records. Lines are counted as they stand in
//! the file, from 1.
//!
//! [`Splitter`] cuts a [`super::Text`] into [`Block`]s of whole records; what it rejects itself travels in the
//! block. [`Block::rows`] gives the records, on any thread. [`Reader`] does both in one, for small files.

mod dialect;
mod record;
mod rows;
mod split;
#[cfg(test)]
mod tests;

pub use dialect::{Dialect, Terminator};
pub use rows::{Block, Row, Rows};
pub use split::{CsvOptions, Header, Known, Reader, Splitter};

use super::Limits;

/// What a block must know of its file.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Layout {
    /// Delimiter and line ends.
    pub dialect: Dialect,
    /// Fields of the header.
    pub columns: usize,
    /// Limits of fields and records.
    pub limits: Limits,
}
