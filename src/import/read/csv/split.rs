//! Cuts a text into blocks of whole records.

use super::dialect::{sep_line, skip_blank};
use super::record::{Judged, fields, judge};
use super::rows::{Block, Cursor, Row};
use super::{Dialect, Layout, Terminator};
use crate::import::read::find::find2;
use crate::import::read::text::checked;
use crate::import::read::{Bad, Decoding, Identity, ReadError, Text};
use memchr::{memchr, memchr_iter, memrchr};

/// Counts how many of a record's fields, given without blanks around them, are names of known columns.
pub type Known<'o> = &'o dyn Fn(&[&str]) -> usize;

/// How separated values are taken apart.
#[derive(Clone, Copy, Default)]
pub struct CsvOptions<'o> {
    /// The dialect, if it is known; else it is detected.
    pub dialect: Option<Dialect>,
    /// Decides between delimiters.
    pub known: Option<Known<'o>>,
}

/// The first record.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Header {
    /// The names as written; may be empty or doubled.
    pub names: Vec<String>,
    /// Its line, from 1.
    pub line: u64,
}

/// Cuts a text into [`Block`]s. Fast where no quotes are: it then only looks for the last line end.
pub struct Splitter {
    text: Text,
    header: Header,
    layout: Layout,
    damaged: bool,
    /// What was read and not yet given out; begins at the start of a record.
    buffer: Vec<u8>,
    /// The line at which it begins.
    line: u64,
    ended: bool,
    /// The rest of a line that is too long is being dropped.
    dropping: Option<Bad>,
}

impl Splitter {
    /// Takes the header. Fails if there is none, or if its quotes are broken.
    pub fn new(mut text: Text, options: CsvOptions<'_>) -> Result<Splitter, ReadError> {
        let known = |names: &[&str]| options.known.map_or(0, |known| known(names));
        let dialect = options.dialect.unwrap_or_else(|| Dialect::detect(text.head(), &known));
        let limits = text.limits();
        let mut layout = Layout { dialect, columns: 0, limits };
        let damaged = text.decoding().damaged;
        let mut line = 1;
        let mut buffer = Vec::new();
        if let Some((_, next)) = sep_line(text.head(), dialect.terminator) {
            while buffer.len() < next && text.fill(&mut buffer)? {}
            buffer.drain(..next.min(buffer.len()));
            line += 1;
        }
        let mut ended = false;
        let (end, lines) = loop {
            let (blank, skipped) = skip_blank(&buffer, 0, dialect.newline());
            buffer.drain(..blank);
            line += skipped;
            if ended && matches!(buffer.as_slice(), [] | [b'\r']) {
                return Err(ReadError::Empty);
            }
            match judge(&buffer, 0, dialect, &limits, None, ended, line) {
                Judged::Whole { end, lines, .. } => break (end, lines),
                Judged::Bad(bad) => return Err(ReadError::Header { line, fault: bad.fault }),
                Judged::More => ended = !text.fill(&mut buffer)?,
            }
        };
        let rest = buffer.split_off(end);
        let header = checked(buffer, damaged, line, dialect.newline())?;
        let names: Vec<String> = fields(&header, dialect).into_iter().map(Into::into).collect();
        layout.columns = names.len();
        let header = Header { names, line };
        Ok(Splitter {
            text,
            header,
            layout,
            damaged,
            buffer: rest,
            line: line + lines,
            ended,
            dropping: None,
        })
    }

    /// The first record.
    pub fn header(&self) -> &Header {
        &self.header
    }

    /// The dialect, and what bounds records.
    pub fn layout(&self) -> Layout {
        self.layout
    }

    /// What the text is decoded as.
    pub fn decoding(&self) -> Decoding {
        self.text.decoding()
    }

    /// The next part of the file; `None` at its end. After an error nothing more comes.
    pub fn next_block(&mut self) -> Result<Option<Block>, ReadError> {
        loop {
            if !self.ended {
                self.ended = !self.text.fill(&mut self.buffer)?;
            }
            if let Some(bad) = self.dropping.take() {
                let newline = self.layout.dialect.newline();
                match memchr(newline, &self.buffer) {
                    None if !self.ended => {
                        self.buffer.clear();
                        self.dropping = Some(bad);
                        continue;
                    }
                    end => {
                        let end = end.map_or(self.buffer.len(), |i| i + 1);
                        self.buffer.drain(..end);
                        // an empty line stands for the one that was dropped
                        return self.block(vec![newline], vec![(0, bad)]).map(Some);
                    }
                }
            }
            let mut rejected = Vec::new();
            let cut = self.cut(&mut rejected);
            if cut > 0 {
                let mut rest = Vec::with_capacity(self.layout.limits.block + self.buffer.len() - cut);
                rest.extend_from_slice(self.buffer.get(cut..).unwrap_or_default());
                let mut bytes = std::mem::replace(&mut self.buffer, rest);
                bytes.truncate(cut);
                return self.block(bytes, rejected).map(Some);
            }
            if self.ended {
                return Ok(None);
            }
            if self.buffer.len() > self.layout.limits.record {
                let Layout { dialect, limits, columns } = self.layout;
                let judged = judge(&self.buffer, 0, dialect, &limits, Some(columns), false, self.line);
                if let Judged::Bad(bad) = judged {
                    self.buffer.clear();
                    self.dropping = Some(bad);
                }
            }
        }
    }

    fn block(&mut self, bytes: Vec<u8>, rejected: Vec<(usize, Bad)>) -> Result<Block, ReadError> {
        let newline = self.layout.dialect.newline();
        let first_line = self.line;
        let lines = memchr_iter(newline, &bytes).count() as u64;
        let text = checked(bytes, self.damaged, first_line, newline)?;
        self.line += lines;
        let nul = memchr(0, text.as_bytes()).is_some();
        Ok(Block { text, first_line, layout: self.layout, rejected, nul, damaged: self.damaged })
    }

    /// How much of the buffer is whole records. Rejects what only can be judged with what lies behind it.
    fn cut(&self, rejected: &mut Vec<(usize, Bad)>) -> usize {
        let bytes = self.buffer.as_slice();
        let newline = self.layout.dialect.newline();
        if memchr(b'"', bytes).is_none() {
            return match self.ended {
                true => bytes.len(),
                false => memrchr(newline, bytes).map_or(0, |i| i + 1),
            };
        }
        Scan { bytes, layout: &self.layout, last: self.ended, line: self.line, record: 0, rejected }.run()
    }

    /// What was read; reads what is left of the file. An error if the file changed meanwhile.
    pub fn finish(self) -> Result<Identity, ReadError> {
        self.text.finish()
    }
}

/// Follows quotes from record to record.
struct Scan<'s> {
    bytes: &'s [u8],
    layout: &'s Layout,
    last: bool,
    line: u64,
    /// Where the present record begins; all before it is whole.
    record: usize,
    rejected: &'s mut Vec<(usize, Bad)>,
}

/// What comes of a quoted field.
enum Close {
    /// Closed; goes on here, behind the quote.
    At(usize),
    /// The record spans lines, or is not closed.
    Judge,
    /// Text follows the quote: the record ends with its line.
    Broken,
    More,
}

impl Scan<'_> {
    /// Returns where the last whole record ends.
    fn run(mut self) -> usize {
        let newline = self.layout.dialect.newline();
        let mut at = 0;
        loop {
            let Some(i) = self.bytes.get(at..).and_then(|b| find2(b, b'"', newline)) else {
                return if self.last { self.bytes.len() } else { self.record };
            };
            let hit = at + i;
            if self.bytes.get(hit) == Some(&newline) {
                at = self.end_line(hit);
                continue;
            }
            let opens = hit == self.record || self.bytes.get(hit - 1) == Some(&self.layout.dialect.delimiter);
            if !opens {
                at = hit + 1;
                continue;
            }
            at = match self.close(hit + 1) {
                Close::At(next) => next,
                Close::More => return self.record,
                Close::Broken => match self.bytes.get(hit..).and_then(|b| memchr(newline, b)) {
                    Some(i) => self.end_line(hit + i),
                    None if self.last => return self.bytes.len(),
                    None => return self.record,
                },
                Close::Judge => match self.judge() {
                    Some(next) => next,
                    None => return self.record,
                },
            };
        }
    }

    fn end_line(&mut self, newline: usize) -> usize {
        self.line += 1;
        self.record = newline + 1;
        self.record
    }

    /// Looks for the quote that closes, on the same line, the field whose content begins at `at`.
    fn close(&self, mut at: usize) -> Close {
        let d = self.layout.dialect;
        let newline = d.newline();
        loop {
            let Some(i) = self.bytes.get(at..).and_then(|b| find2(b, b'"', newline)) else {
                return if self.last { Close::Judge } else { Close::More };
            };
            let hit = at + i;
            if self.bytes.get(hit) == Some(&newline) {
                return Close::Judge;
            }
            let after = hit + 1;
            return match self.bytes.get(after..).unwrap_or_default() {
                [b'"', ..] => {
                    at = hit + 2;
                    continue;
                }
                [b, ..] if *b == d.delimiter || *b == newline => Close::At(after),
                [b'\r', b'\n', ..] if d.terminator == Terminator::Lf => Close::At(after),
                [] | [b'\r'] if self.last => Close::At(after),
                [] | [b'\r'] => Close::More,
                _ => Close::Broken,
            };
        }
    }

    /// Judges the present record; returns where to go on, `None` if more bytes are needed.
    fn judge(&mut self) -> Option<usize> {
        let Layout { dialect, columns, limits } = self.layout;
        let judged = judge(self.bytes, self.record, *dialect, limits, Some(*columns), self.last, self.line);
        match judged {
            Judged::Whole { end, lines, .. } => {
                self.line += lines;
                self.record = end;
                Some(end)
            }
            Judged::Bad(bad) => {
                let rest = self.bytes.get(self.record..).unwrap_or_default();
                let end = match memchr(dialect.newline(), rest) {
                    Some(i) => self.record + i,
                    None if self.last => self.bytes.len(),
                    // its first line is not whole yet
                    None => return None,
                };
                self.rejected.push((self.record, bad));
                Some(self.end_line(end))
            }
            Judged::More => None,
        }
    }
}

/// The records of a text one after another, for small files and tests.
pub struct Reader {
    splitter: Splitter,
    block: Option<Block>,
    cursor: Cursor,
}

impl Reader {
    /// Takes the header.
    pub fn new(text: Text, options: CsvOptions<'_>) -> Result<Reader, ReadError> {
        let splitter = Splitter::new(text, options)?;
        Ok(Reader { splitter, block: None, cursor: Cursor::default() })
    }

    /// The first record.
    pub fn header(&self) -> &Header {
        self.splitter.header()
    }

    /// The next record, or why it is rejected; `None` at the end.
    pub fn next_row(&mut self) -> Result<Option<Result<Row<'_>, Bad>>, ReadError> {
        let found = loop {
            if let Some(block) = &self.block
                && let Some(found) = self.cursor.advance(block)
            {
                break found;
            }
            match self.splitter.next_block()? {
                Some(block) => self.cursor = Cursor::new(self.block.insert(block)),
                None => return Ok(None),
            }
        };
        Ok(self.block.as_ref().map(|block| found.map(|()| self.cursor.row(block))))
    }

    /// What was read. An error if the file changed meanwhile.
    pub fn finish(self) -> Result<Identity, ReadError> {
        self.splitter.finish()
    }
}
