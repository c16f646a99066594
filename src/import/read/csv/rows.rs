//! The records of a block.

use super::Layout;
use super::record::{After, Judged, Quoted, judge, newlines, quoted, without_cr};
use crate::import::read::find::{find2, places2};
use crate::import::read::{Bad, Fault, excerpt};
use memchr::memchr;

/// A part of a file that holds only whole records; about 1 MiB.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Block {
    pub(super) text: String,
    pub(super) first_line: u64,
    pub(super) layout: Layout,
    /// What the splitter rejected: where the record's first line begins, and why. Ascending.
    pub(super) rejected: Vec<(usize, Bad)>,
    /// Whether there is a NUL byte.
    pub(super) nul: bool,
    /// Whether a NUL byte may stand for bytes that were not UTF-8.
    pub(super) damaged: bool,
}

impl Block {
    /// The line at which it begins, from 1.
    pub fn first_line(&self) -> u64 {
        self.first_line
    }

    /// Its size in bytes.
    pub fn len(&self) -> usize {
        self.text.len()
    }

    /// Whether it holds nothing.
    pub fn is_empty(&self) -> bool {
        self.text.is_empty()
    }

    /// Its records, one after another.
    pub fn rows(&self) -> Rows<'_> {
        Rows { block: self, cursor: Cursor::new(self) }
    }
}

/// The records of a block, by [`Rows::next_row`]: a row borrows from here, so this is no `Iterator`.
pub struct Rows<'b> {
    block: &'b Block,
    cursor: Cursor,
}

impl Rows<'_> {
    /// The next record, or why it is rejected; `None` at the end of the block.
    pub fn next_row(&mut self) -> Option<Result<Row<'_>, Bad>> {
        match self.cursor.advance(self.block)? {
            Ok(()) => Some(Ok(self.cursor.row(self.block))),
            Err(bad) => Some(Err(bad)),
        }
    }
}

/// A record with as many fields as the header.
#[derive(Clone, Copy, Debug)]
pub struct Row<'r> {
    /// The physical line on which it begins, from 1.
    pub line: u64,
    text: &'r str,
    scratch: &'r str,
    spans: &'r [Span],
    raw: (usize, usize),
}

impl<'r> Row<'r> {
    /// The field at `index`, from 0, without its quotes.
    #[inline]
    pub fn get(&self, index: usize) -> Option<&'r str> {
        self.spans.get(index).map(|s| self.resolve(s))
    }

    /// The bytes of the field at `index`.
    #[inline]
    pub fn bytes(&self, index: usize) -> Option<&'r [u8]> {
        let span = self.spans.get(index)?;
        let from = if span.scratch { self.scratch } else { self.text };
        from.as_bytes().get(span.from as usize..span.to as usize)
    }

    #[inline]
    fn resolve(&self, span: &Span) -> &'r str {
        let from = if span.scratch { self.scratch } else { self.text };
        from.get(span.from as usize..span.to as usize).unwrap_or_default()
    }

    /// The fields in order.
    pub fn iter(&self) -> impl ExactSizeIterator<Item = &'r str> {
        let row = *self;
        row.spans.iter().map(move |s| row.resolve(s))
    }

    /// How many fields; always as many as the header has.
    pub fn len(&self) -> usize {
        self.spans.len()
    }

    /// Never: a record has a field at least.
    pub fn is_empty(&self) -> bool {
        self.spans.is_empty()
    }

    /// The record as it stands in the file (as UTF-8), with quotes, without the end of its last line.
    pub fn raw(&self) -> &'r str {
        self.text.get(self.raw.0..self.raw.1).unwrap_or_default()
    }
}

/// Blocks shorter than this have places that fit into 31 bits.
const INDEXED: usize = 1 << 31;

/// A field: a part of the block, or of the scratch text if quotes in it were undoubled. Blocks are far below 4 GiB.
#[derive(Clone, Copy, Debug)]
struct Span {
    from: u32,
    to: u32,
    scratch: bool,
}

/// A place in a block, with what was found there last; holds no borrow.
#[derive(Debug, Default)]
pub(super) struct Cursor {
    at: usize,
    line: u64,
    rejected: usize,
    row_line: u64,
    raw: (usize, usize),
    spans: Vec<Span>,
    scratch: String,
    /// All delimiters and newlines of a block without quotes, as [`places2`] gives them; else empty.
    places: Vec<u32>,
    /// The first of them that may lie behind `at`.
    next: usize,
}

impl Cursor {
    pub(super) fn new(block: &Block) -> Cursor {
        let bytes = block.text.as_bytes();
        let mut places = Vec::new();
        if bytes.len() < INDEXED && memchr(b'"', bytes).is_none() {
            places.reserve(bytes.len() / 12);
            let d = block.layout.dialect;
            places2(bytes, d.delimiter, d.newline(), &mut places);
        }
        Cursor {
            line: block.first_line,
            spans: Vec::with_capacity(block.layout.columns),
            places,
            ..Cursor::default()
        }
    }

    /// The row last found; for the same block only.
    pub(super) fn row<'r>(&'r self, block: &'r Block) -> Row<'r> {
        Row {
            line: self.row_line,
            text: &block.text,
            scratch: &self.scratch,
            spans: &self.spans,
            raw: self.raw,
        }
    }

    /// Goes to the next record.
    pub(super) fn advance(&mut self, block: &Block) -> Option<Result<(), Bad>> {
        let bytes = block.text.as_bytes();
        let d = block.layout.dialect;
        let newline = d.newline();
        loop {
            if let Some((offset, bad)) = block.rejected.get(self.rejected)
                && *offset == self.at
            {
                self.rejected += 1;
                self.skip_line(bytes, newline);
                return Some(Err(bad.clone()));
            }
            // one blank line at a time: the next may be one that was rejected
            match bytes.get(self.at..)? {
                [] | [b'\r'] if newline == b'\n' => return None,
                [] => return None,
                [b, ..] if *b == newline => self.skip_line(bytes, newline),
                [b'\r', b'\n', ..] if newline == b'\n' => self.skip_line(bytes, newline),
                _ => break,
            }
        }
        let start = self.at;
        self.row_line = self.line;
        if let Some(end) = self.take_plain(block, bytes) {
            self.raw = (start, end);
            return Some(if block.nul { self.check(block) } else { Ok(()) });
        }
        Some(match self.parse(block, bytes) {
            Ok(end) => {
                self.raw = (start, end);
                self.check(block)
            }
            Err(fault) => {
                let bad = self.fault(block, start, fault);
                self.at = start;
                self.skip_line(bytes, newline);
                Err(bad)
            }
        })
    }

    fn skip_line(&mut self, bytes: &[u8], newline: u8) {
        let rest = bytes.get(self.at..).unwrap_or_default();
        self.at = memchr(newline, rest).map_or(bytes.len(), |i| self.at + i + 1);
        self.line += 1;
    }

    /// Takes the record here from the places of its separators, if it has as many fields as the header and none
    /// that could be too long; returns where its text ends.
    #[inline]
    fn take_plain(&mut self, block: &Block, bytes: &[u8]) -> Option<usize> {
        let start = self.at;
        while (*self.places.get(self.next)? >> 1) < start as u32 {
            self.next += 1;
        }
        let columns = block.layout.columns;
        let row = self.places.get(self.next..self.next + columns)?;
        let (last, inner) = row.split_last()?;
        let end = (last >> 1) as usize;
        let plain = last & 1 == 1 && inner.iter().fold(0, |all, place| all | place) & 1 == 0;
        if !plain || end - start > block.layout.limits.field {
            return None;
        }
        let mut from = start as u32;
        self.spans.clear();
        self.scratch.clear();
        self.spans.extend(row.iter().map(|place| {
            let span = Span { from, to: place >> 1, scratch: false };
            from = span.to + 1;
            span
        }));
        let last = self.spans.last_mut()?;
        let to = without_cr(bytes, last.from as usize, end, block.layout.dialect);
        last.to = to as u32;
        self.next += columns;
        self.at = end + 1;
        self.line += 1;
        Some(to)
    }

    /// Finds the fields of the record here; returns where its text ends.
    #[inline]
    fn parse(&mut self, block: &Block, bytes: &[u8]) -> Result<usize, Fault> {
        let d = block.layout.dialect;
        let newline = d.newline();
        let max = block.layout.limits.field;
        self.spans.clear();
        self.scratch.clear();
        let mut at = self.at;
        let mut lines = 1;
        loop {
            let Some(rest) = bytes.get(at..) else { return Err(Fault::UnclosedQuote) };
            if rest.first() == Some(&b'"') {
                let Quoted::Field { from, to, doubled, next, after } = quoted(bytes, at, d, max, true) else {
                    return Err(Fault::UnclosedQuote);
                };
                if to - from > max {
                    return Err(Fault::FieldTooLong { limit: max });
                }
                if doubled {
                    self.undouble(block.text.get(from..to).unwrap_or_default());
                } else {
                    self.push(from, to, false);
                }
                lines += newlines(bytes, from, to, d);
                if after == After::Record {
                    let end = next - usize::from(bytes.get(next - 1) == Some(&newline));
                    if end - self.at > block.layout.limits.record {
                        return Err(Fault::RecordTooLong { limit: block.layout.limits.record });
                    }
                    self.at = next;
                    self.line += lines;
                    return Ok(to + 1);
                }
                at = next;
                continue;
            }
            let found = find2(rest, d.delimiter, newline).unwrap_or(rest.len());
            if found > max + 1 {
                return Err(Fault::FieldTooLong { limit: max });
            }
            let end = at + found;
            if rest.get(found) == Some(&d.delimiter) {
                if found > max {
                    return Err(Fault::FieldTooLong { limit: max });
                }
                self.push(at, end, false);
                at = end + 1;
                continue;
            }
            let to = without_cr(bytes, at, end, d);
            if to - at > max {
                return Err(Fault::FieldTooLong { limit: max });
            }
            self.push(at, to, false);
            if end - self.at > block.layout.limits.record {
                return Err(Fault::RecordTooLong { limit: block.layout.limits.record });
            }
            self.at = (end + 1).min(bytes.len());
            self.line += lines;
            return Ok(to);
        }
    }

    #[inline]
    fn push(&mut self, from: usize, to: usize, scratch: bool) {
        // blocks and records are bounded far below 4 GiB
        self.spans.push(Span { from: from as u32, to: to as u32, scratch });
    }

    fn undouble(&mut self, content: &str) {
        let from = self.scratch.len();
        let mut rest = content;
        while let Some((before, after)) = rest.split_once("\"\"") {
            self.scratch.push_str(before);
            self.scratch.push('"');
            rest = after;
        }
        self.scratch.push_str(rest);
        self.push(from, self.scratch.len(), true);
    }

    /// Field count and NUL bytes of the row just found.
    #[inline]
    fn check(&mut self, block: &Block) -> Result<(), Bad> {
        if self.spans.len() != block.layout.columns {
            let fault = Fault::Ragged { found: self.spans.len(), header: block.layout.columns };
            let value = excerpt(self.row(block).raw().lines().next().unwrap_or_default());
            return Err(Bad { line: self.row_line, column: None, fault, value, exact: false });
        }
        if block.nul && self.row(block).raw().contains('\0') {
            let row = self.row(block);
            let column = row.iter().position(|f| f.contains('\0')).unwrap_or_default();
            let value = excerpt(row.get(column).unwrap_or_default());
            let fault = if block.damaged { Fault::NotUtf8 } else { Fault::Nul };
            return Err(Bad { line: self.row_line, column: Some(column + 1), fault, value, exact: true });
        }
        Ok(())
    }

    /// Says what is wrong with the record at `start`, exactly as the splitter would.
    #[cold]
    fn fault(&self, block: &Block, start: usize, fault: Fault) -> Bad {
        let layout = &block.layout;
        let bytes = block.text.as_bytes();
        match judge(bytes, start, layout.dialect, &layout.limits, Some(layout.columns), true, self.row_line) {
            Judged::Bad(bad) => bad,
            _ => Bad { line: self.row_line, column: None, fault, value: String::new(), exact: false },
        }
    }
}
