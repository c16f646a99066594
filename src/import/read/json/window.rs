//! The part of a JSON text that is being looked at.

use super::newlines;
use super::scan::{Scan, Step};
use crate::import::read::bad::excerpt_bytes;
use crate::import::read::{Bad, Fault, Limits, ReadError, Text};

/// What was read of a text and not yet done with, and the place of it.
pub(super) struct Window {
    pub(super) text: Text,
    pub(super) limits: Limits,
    pub(super) buffer: Vec<u8>,
    /// What of the buffer is done with.
    pub(super) at: usize,
    /// The line there, from 1.
    pub(super) line: u64,
    /// Whether no more comes.
    pub(super) ended: bool,
}

/// A value, as far as brackets and quotes tell.
pub(super) enum Taken {
    /// So many bytes, not done with yet.
    Whole(usize),
    /// Over the limit, and done with.
    Long(Bad),
    /// Brackets do not match. If it was over the limit before, what was read of it is done with.
    Broken(Option<Bad>),
}

impl Window {
    pub(super) fn new(text: Text) -> Window {
        Window { limits: text.limits(), text, buffer: Vec::new(), at: 0, line: 1, ended: false }
    }

    /// What is not done with.
    pub(super) fn rest(&self) -> &[u8] {
        self.buffer.get(self.at..).unwrap_or_default()
    }

    /// Its first bytes.
    pub(super) fn first(&self, bytes: usize) -> &[u8] {
        self.buffer.get(self.at..self.at + bytes).unwrap_or_default()
    }

    /// Reads more behind what is not done with. False at the end.
    pub(super) fn more(&mut self) -> Result<bool, ReadError> {
        self.buffer.drain(..self.at);
        self.at = 0;
        if !self.ended {
            self.ended = !self.text.fill(&mut self.buffer)?;
        }
        Ok(!self.ended)
    }

    pub(super) fn advance(&mut self, bytes: usize) {
        self.line += newlines(self.buffer.get(self.at..self.at + bytes).unwrap_or_default());
        self.at += bytes;
    }

    /// The first byte that is not blank, from `skip` bytes on. With `skip` 0 what is blank before it is done with.
    pub(super) fn peek(&mut self, skip: usize) -> Result<Option<u8>, ReadError> {
        let mut from = skip;
        loop {
            let rest = self.buffer.get(self.at + from..).unwrap_or_default();
            let blank = rest.iter().take_while(|b| b.is_ascii_whitespace()).count();
            let found = rest.get(blank).copied();
            if skip == 0 {
                self.advance(blank);
            } else {
                from += blank;
            }
            if found.is_some() || !self.more()? {
                return Ok(found);
            }
        }
    }

    pub(super) fn too_long(&self, line: u64) -> Bad {
        self.bad(line, Fault::RecordTooLong { limit: self.limits.record })
    }

    /// A record that begins here, rejected.
    pub(super) fn bad(&self, line: u64, fault: Fault) -> Bad {
        let rest = self.buffer.get(self.at..).unwrap_or_default();
        let text = rest.split(|b| *b == b'\n').next().unwrap_or_default();
        Bad { line, column: None, fault, value: excerpt_bytes(text), exact: false }
    }

    pub(super) fn broken<T>(&self, what: &'static str) -> Result<T, ReadError> {
        Err(ReadError::Json { line: self.line, what })
    }

    /// The value that begins here; only one that is too long is done with then.
    pub(super) fn value(&mut self, strict: bool) -> Result<Taken, ReadError> {
        let line = self.line;
        let mut scan = Scan::new(strict);
        let mut seen = 0;
        let mut long = None;
        loop {
            // up to the limit first, so that what is found beyond it does not depend on how much is read ahead
            let rest = self.buffer.get(self.at + seen..).unwrap_or_default();
            let part = match long {
                Some(_) => rest,
                None => rest.get(..self.limits.record + 1 - seen).unwrap_or(rest),
            };
            let fed = part.len();
            match scan.feed(part) {
                Step::Done(n) => match long {
                    None if seen + n <= self.limits.record => return Ok(Taken::Whole(seen + n)),
                    long => {
                        let bad = long.unwrap_or_else(|| self.too_long(line));
                        self.advance(seen + n);
                        return Ok(Taken::Long(bad));
                    }
                },
                Step::Broken(n) => {
                    if long.is_some() || !strict {
                        self.advance(seen + n);
                    }
                    return Ok(Taken::Broken(long));
                }
                Step::More => {
                    seen += fed;
                    if long.is_some() || seen > self.limits.record {
                        long = long.or_else(|| Some(self.too_long(line)));
                        self.advance(seen);
                        seen = 0;
                    }
                    if self.at + seen < self.buffer.len() {
                        continue;
                    }
                    if !self.more()? {
                        if scan.is_bare() && long.is_none() {
                            return Ok(Taken::Whole(seen));
                        }
                        // what lies before it is whole: it is the one that breaks off
                        return Err(ReadError::JsonCutShort { line });
                    }
                }
            }
        }
    }

    /// Passes over the value that begins here, however long it is. It lies in what begins on `top_line`.
    pub(super) fn skip(&mut self, top_line: u64) -> Result<(), ReadError> {
        let mut scan = Scan::new(false);
        loop {
            match scan.feed(self.buffer.get(self.at..).unwrap_or_default()) {
                Step::Done(n) => {
                    self.advance(n);
                    return Ok(());
                }
                Step::Broken(n) => {
                    self.advance(n);
                    return self.broken("brackets and quotes do not match");
                }
                Step::More => {
                    self.advance(self.buffer.len() - self.at);
                    if !self.more()? {
                        return Err(ReadError::JsonCutShort { line: top_line });
                    }
                }
            }
        }
    }
}
