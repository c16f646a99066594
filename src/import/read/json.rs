//! JSON: the records of an array, of lines (NDJSON), of objects one after another, or of an array inside an object
//! (an envelope).
//!
//! The records are found by brackets and quotes alone; [`Splitter`] copies them into [`Block`]s and any thread
//! parses them by [`Item::parse`]. Numbers keep their digits. What is wrong inside a record rejects that record;
//! what is wrong between records ends the reading with an error, after all that is whole was given out.

mod path;
mod scan;
mod shape;
mod split;
#[cfg(test)]
mod tests;
mod window;

pub use path::{BadPath, Path, Scalar, scalar};
pub use shape::Shape;
pub use split::{JsonOptions, Splitter};

use super::{Bad, Fault, excerpt};
use memchr::{memchr, memchr_iter};
use serde_json::Value;

/// A part of a file that holds only whole records; about 1 MiB.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Block {
    text: String,
    items: Found,
    /// The object around the list of records.
    around: Value,
    /// Whether a NUL byte may stand for bytes that were not UTF-8.
    damaged: bool,
    /// The longest record, in bytes.
    limit: usize,
}

#[derive(Clone, Debug, PartialEq, Eq)]
enum Found {
    /// Each line that is not blank is a record; the first is on this line.
    Lines(u64),
    /// The records, or why they are rejected.
    Listed(Vec<Result<Span, Bad>>),
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Span {
    from: usize,
    to: usize,
    line: u64,
}

impl Block {
    /// Its size in bytes.
    pub fn len(&self) -> usize {
        self.text.len()
    }

    /// Whether it holds no text.
    pub fn is_empty(&self) -> bool {
        self.text.is_empty()
    }

    /// The members of the object around its records that are no arrays or objects: all that stand before the list,
    /// and in the page's last block also those after it. An empty object where there is none.
    pub fn around(&self) -> &Value {
        &self.around
    }

    /// Its records, and why others are rejected, in the file's order.
    pub fn items(&self) -> Items<'_> {
        let line = match self.items {
            Found::Lines(first) => first,
            Found::Listed(_) => 0,
        };
        Items { block: self, at: 0, line }
    }
}

/// The records of a block.
#[derive(Clone, Debug)]
pub struct Items<'b> {
    block: &'b Block,
    /// A byte in lines, an index in a list.
    at: usize,
    line: u64,
}

impl<'b> Iterator for Items<'b> {
    type Item = Result<Item<'b>, Bad>;

    fn next(&mut self) -> Option<Self::Item> {
        let text = self.block.text.as_str();
        let damaged = self.block.damaged;
        if let Found::Listed(found) = &self.block.items {
            let found = found.get(self.at)?;
            self.at += 1;
            return Some(match found {
                Ok(s) => Ok(Item { text: text.get(s.from..s.to).unwrap_or_default(), line: s.line, damaged }),
                Err(bad) => Err(bad.clone()),
            });
        }
        loop {
            let rest = text.get(self.at..).filter(|rest| !rest.is_empty())?;
            let end = memchr(b'\n', rest.as_bytes()).unwrap_or(rest.len());
            let line = self.line;
            self.at += end + 1;
            self.line += 1;
            let text = rest.get(..end).unwrap_or_default().trim_ascii();
            let item = Item { text, line, damaged };
            if end > self.block.limit {
                return Some(Err(item.bad(Fault::RecordTooLong { limit: self.block.limit })));
            }
            if !text.is_empty() {
                return Some(Ok(item));
            }
        }
    }
}

/// The text of one record.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Item<'b> {
    /// One JSON value, as far as brackets and quotes tell.
    pub text: &'b str,
    /// The physical line on which it begins, from 1.
    pub line: u64,
    damaged: bool,
}

impl<'b> Item<'b> {
    /// The record as an object; of a name given twice the last value stands. Rejected are what does not parse,
    /// what is no object, and what is nested over 128 levels.
    pub fn parse(&self) -> Result<Value, Bad> {
        self.parse_as::<Value>().and_then(|value| {
            let found = match value {
                Value::Object(_) => return Ok(value),
                Value::Array(_) => "an array",
                Value::String(_) => "a text",
                Value::Number(_) => "a number",
                Value::Bool(_) => "true or false",
                Value::Null => "null",
            };
            Err(self.bad(Fault::NotObject { found }))
        })
    }

    /// The record as any type that serde can make of it, which may borrow from the block.
    pub fn parse_as<T: serde::Deserialize<'b>>(&self) -> Result<T, Bad> {
        serde_json::from_str(self.text).map_err(|e| self.bad(self.explain(&e)))
    }

    fn explain(&self, error: &serde_json::Error) -> Fault {
        if memchr(0, self.text.as_bytes()).is_some() {
            return if self.damaged { Fault::NotUtf8 } else { Fault::Nul };
        }
        let text = error.to_string();
        if text.starts_with("recursion limit") {
            return Fault::TooDeep;
        }
        // the place is said in lines of the file, not of the record
        let what = text.split(" at line ").next().unwrap_or_default().to_owned();
        let line = self.line + (error.line() as u64).saturating_sub(1);
        Fault::Json { what, line, column: error.column() }
    }

    /// This record, rejected.
    pub fn bad(&self, fault: Fault) -> Bad {
        let value = excerpt(self.text.lines().next().unwrap_or_default());
        Bad { line: self.line, column: None, fault, value, exact: false }
    }
}

/// How many newlines there are.
fn newlines(bytes: &[u8]) -> u64 {
    memchr_iter(b'\n', bytes).count() as u64
}
