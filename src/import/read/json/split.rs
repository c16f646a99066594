//! Cuts a JSON text into blocks of whole records.

use super::shape::{Shape, guess, is_key};
use super::window::{Taken, Window};
use super::{Block, Found, Span, newlines};
use crate::import::read::text::checked;
use crate::import::read::{Bad, Decoding, Fault, Identity, ReadError, Text};
use memchr::{memchr, memrchr};
use serde_json::{Map, Value};

/// How JSON is taken apart.
#[derive(Clone, Debug, Default)]
pub struct JsonOptions {
    /// Names under which an object may hold the records, beside the usual ones such as `data` and `results`.
    pub names: Vec<String>,
}

/// Cuts a text into [`Block`]s.
pub struct Splitter {
    w: Window,
    decoding: Decoding,
    names: Vec<String>,
    shape: Shape,
    /// An envelope's name of records.
    key: Option<String>,
    state: State,
    out: Vec<u8>,
    found: Vec<Result<Span, Bad>>,
    members: Vec<(String, Value)>,
    /// Those of the page that is being read.
    page: Map<String, Value>,
    other_lists: Vec<String>,
    /// The line on which the array or object at the top begins.
    top_line: u64,
    /// The rest of a line that is too long is being dropped.
    dropping: bool,
    failed: Option<ReadError>,
    done: bool,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum State {
    Top,
    Elements(Expect),
    /// And whether the records were found in this object.
    Members(Expect, bool),
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Expect {
    ValueOrEnd,
    Value,
    SeparatorOrEnd,
}

/// Other members of an envelope that are kept.
const MEMBERS: usize = 1000;
/// The longest member that is kept, in bytes: what says whether there are more pages is short.
const MEMBER: usize = 4096;

impl Splitter {
    /// Tells the shape, for which up to a record's limit is read.
    pub fn new(text: Text, options: JsonOptions) -> Result<Splitter, ReadError> {
        let mut s = Splitter {
            decoding: text.decoding(),
            w: Window::new(text),
            names: options.names,
            shape: Shape::Array,
            key: None,
            state: State::Top,
            out: Vec::new(),
            found: Vec::new(),
            members: Vec::new(),
            page: Map::new(),
            other_lists: Vec::new(),
            top_line: 1,
            dropping: false,
            failed: None,
            done: false,
        };
        match s.w.peek(0)? {
            None => return Err(ReadError::Empty),
            Some(b'[') => {}
            Some(b'{') => loop {
                let bytes = s.w.rest();
                if let Some((shape, key)) = guess(bytes, &s.names, s.w.ended, s.w.limits.record) {
                    (s.shape, s.key) = (shape, key);
                    break;
                }
                // twice as much each time, as it is looked through from the beginning
                let enough = 2 * bytes.len();
                while s.w.more()? && s.w.rest().len() < enough {}
            },
            Some(_) => return s.w.broken("it begins with neither [ nor {"),
        }
        Ok(s)
    }

    /// How the records lie.
    pub fn shape(&self) -> Shape {
        self.shape
    }

    /// What the text is decoded as.
    pub fn decoding(&self) -> Decoding {
        self.decoding
    }

    /// The name under which an envelope holds its records.
    pub fn key(&self) -> Option<&str> {
        self.key.as_deref()
    }

    /// The members of the envelope that are no arrays and no long objects, as far as they were read, in order; of
    /// several pages the values of the last. Whole after the last block.
    pub fn members(&self) -> &[(String, Value)] {
        &self.members
    }

    /// Other arrays of the envelope under names of records; they were not read. Whole after the last block.
    pub fn other_lists(&self) -> &[String] {
        &self.other_lists
    }

    /// The next records; `None` at the end. After an error nothing more comes.
    pub fn next_block(&mut self) -> Result<Option<Block>, ReadError> {
        if let Some(error) = self.failed.take() {
            self.done = true;
            return Err(error);
        }
        if self.done {
            return Ok(None);
        }
        if self.shape == Shape::Lines {
            return self.next_lines();
        }
        while self.out.len() < self.w.limits.block.max(1) && self.found.len() < 1 << 16 {
            match self.step() {
                // a block is of one page, so that what stands around its records is known
                Ok(true) if self.at_page_end() => break,
                Ok(true) => {}
                Ok(false) => {
                    self.done = true;
                    break;
                }
                Err(error) if self.found.is_empty() => {
                    self.done = true;
                    return Err(error);
                }
                Err(error) => {
                    self.failed = Some(error);
                    break;
                }
            }
        }
        if self.found.is_empty() { Ok(None) } else { self.block().map(Some) }
    }

    fn at_page_end(&self) -> bool {
        self.shape == Shape::Envelope && self.state == State::Top && !self.found.is_empty()
    }

    fn block(&mut self) -> Result<Block, ReadError> {
        let found = std::mem::take(&mut self.found);
        let out = std::mem::replace(&mut self.out, Vec::with_capacity(self.w.limits.block));
        let text = String::from_utf8(out).or_else(|e| {
            let bad = e.utf8_error().valid_up_to();
            let span = found.iter().flatten().rfind(|s| s.from <= bad);
            let line =
                span.map_or(0, |s| s.line + newlines(e.as_bytes().get(s.from..bad).unwrap_or_default()));
            match self.decoding.damaged {
                true => checked(e.into_bytes(), true, 0, b'\n'),
                false => Err(ReadError::NotUtf8 { line }),
            }
        })?;
        let (damaged, limit) = (self.decoding.damaged, self.w.limits.record);
        let around = Value::Object(self.page.clone());
        Ok(Block { text, items: Found::Listed(found), around, damaged, limit })
    }

    fn next_lines(&mut self) -> Result<Option<Block>, ReadError> {
        self.w.buffer.drain(..self.w.at);
        self.w.at = 0;
        loop {
            if !self.w.ended {
                self.w.ended = !self.w.text.fill(&mut self.w.buffer)?;
            }
            if self.dropping {
                let end = memchr(b'\n', &self.w.buffer);
                self.w.buffer.drain(..end.map_or(self.w.buffer.len(), |i| i + 1));
                self.dropping = end.is_none() && !self.w.ended;
                self.w.line += u64::from(end.is_some());
                continue;
            }
            let cut = match self.w.ended {
                true => self.w.buffer.len(),
                false => memrchr(b'\n', &self.w.buffer).map_or(0, |i| i + 1),
            };
            if cut > 0 {
                let rest = self.w.buffer.split_off(cut);
                let bytes = std::mem::replace(&mut self.w.buffer, rest);
                let first = self.w.line;
                self.w.line += newlines(&bytes);
                let (damaged, limit) = (self.decoding.damaged, self.w.limits.record);
                let text = checked(bytes, damaged, first, b'\n')?;
                let around = Value::Object(Map::new());
                return Ok(Some(Block { text, items: Found::Lines(first), around, damaged, limit }));
            }
            if self.w.ended {
                return Ok(None);
            }
            if self.w.buffer.len() > self.w.limits.record {
                let bad = self.w.too_long(self.w.line);
                self.w.buffer.clear();
                self.dropping = true;
                self.found.push(Err(bad));
                return self.block().map(Some);
            }
        }
    }

    fn cut_short<T>(&self) -> Result<T, ReadError> {
        Err(ReadError::JsonCutShort { line: self.top_line })
    }

    /// One step on; false at the end of the text.
    fn step(&mut self) -> Result<bool, ReadError> {
        let byte = self.w.peek(0)?;
        match self.state {
            State::Top => {
                let Some(byte) = byte else { return Ok(false) };
                self.top_line = self.w.line;
                match (self.shape, byte) {
                    (Shape::Array, b'[') => {
                        self.w.advance(1);
                        self.state = State::Elements(Expect::ValueOrEnd);
                    }
                    (Shape::Envelope, b'{') => {
                        self.w.advance(1);
                        // A page says of itself what it leaves out: the last one may lack what led here.
                        self.page.clear();
                        self.members.clear();
                        self.state = State::Members(Expect::ValueOrEnd, false);
                    }
                    (Shape::Objects, b'{') => self.object()?,
                    (Shape::Objects, _) => {
                        let what = "a record should begin here, with {".to_owned();
                        let bad = self.w.bad(self.w.line, Fault::Json { what, line: self.w.line, column: 1 });
                        self.found.push(Err(bad));
                        self.next_object_line()?;
                    }
                    _ => return self.w.broken("something follows the end of the data"),
                }
            }
            State::Elements(expect) => {
                let Some(byte) = byte else { return self.cut_short() };
                self.element(expect, byte)?;
            }
            State::Members(expect, found) => {
                let Some(byte) = byte else { return self.cut_short() };
                self.member(expect, found, byte)?;
            }
        }
        Ok(true)
    }

    fn element(&mut self, expect: Expect, byte: u8) -> Result<(), ReadError> {
        self.state = match (expect, byte) {
            (Expect::ValueOrEnd | Expect::SeparatorOrEnd, b']') => {
                self.w.advance(1);
                match self.shape {
                    Shape::Envelope => State::Members(Expect::SeparatorOrEnd, true),
                    _ => State::Top,
                }
            }
            (Expect::SeparatorOrEnd, b',') => {
                self.w.advance(1);
                State::Elements(Expect::Value)
            }
            (Expect::SeparatorOrEnd, _) => return self.w.broken("a comma is missing between two values"),
            (_, b',' | b']') => return self.w.broken("a comma has no value after it"),
            _ => {
                match self.w.value(false)? {
                    Taken::Whole(len) => self.keep(len),
                    Taken::Long(bad) => self.found.push(Err(bad)),
                    Taken::Broken(_) => return self.w.broken("brackets and quotes do not match"),
                }
                State::Elements(Expect::SeparatorOrEnd)
            }
        };
        Ok(())
    }

    fn member(&mut self, expect: Expect, found: bool, byte: u8) -> Result<(), ReadError> {
        self.state = match (expect, byte) {
            (Expect::ValueOrEnd | Expect::SeparatorOrEnd, b'}') => {
                if !found {
                    let Some(key) = self.key.clone() else {
                        return self.w.broken(
                            "the object ends without an array of records, such as `data`, `results` or `items`",
                        );
                    };
                    let bad = self.w.bad(self.top_line, Fault::NoRecords { key });
                    self.found.push(Err(Bad { value: String::new(), ..bad }));
                }
                self.w.advance(1);
                State::Top
            }
            (Expect::SeparatorOrEnd, b',') => {
                self.w.advance(1);
                State::Members(Expect::Value, found)
            }
            (Expect::ValueOrEnd | Expect::Value, b'"') => return self.named(found),
            _ => return self.w.broken("a name in quotes or a comma is missing"),
        };
        Ok(())
    }

    /// A member of an envelope.
    fn named(&mut self, found: bool) -> Result<(), ReadError> {
        let name = match self.w.value(false)? {
            Taken::Whole(len) => {
                let name = self.w.first(len);
                let name = serde_json::from_slice::<String>(name);
                self.w.advance(len);
                name.unwrap_or_default()
            }
            _ => return self.w.broken("a name is too long"),
        };
        match self.w.peek(0)? {
            Some(b':') => self.w.advance(1),
            None => return self.cut_short(),
            Some(_) => return self.w.broken("a colon is missing after a name"),
        }
        let Some(first) = self.w.peek(0)? else { return self.cut_short() };
        let list = first == b'[' && is_key(&name, &self.names);
        let chosen = match &self.key {
            Some(key) => *key == name,
            None => list && self.w.peek(1)? == Some(b'{'),
        };
        if first == b'[' && chosen && !found {
            self.key = Some(name);
            self.w.advance(1);
            self.state = State::Elements(Expect::ValueOrEnd);
            return Ok(());
        }
        if first == b'[' {
            self.w.skip(self.top_line)?;
            if list && !self.other_lists.contains(&name) {
                self.other_lists.push(name);
            }
        } else {
            match self.w.value(false)? {
                Taken::Whole(0) => return self.w.broken("a value is missing"),
                Taken::Whole(len) => {
                    let text = self.w.first(len);
                    let value: Option<Value> =
                        if len > MEMBER { None } else { serde_json::from_slice(text).ok() };
                    if value.is_none() && first != b'{' && serde_json::from_slice::<Value>(text).is_err() {
                        return self.w.broken("a value is none of JSON's");
                    }
                    self.w.advance(len);
                    self.members.retain(|(n, _)| *n != name);
                    if let Some(value) = value.as_ref().filter(|_| self.page.len() < MEMBERS) {
                        self.page.insert(name.clone(), value.clone());
                    }
                    if let Some(value) = value.filter(|_| self.members.len() < MEMBERS) {
                        self.members.push((name, value));
                    }
                }
                Taken::Long(_) => {}
                Taken::Broken(_) => return self.w.broken("brackets and quotes do not match"),
            }
        }
        self.state = State::Members(Expect::SeparatorOrEnd, found);
        Ok(())
    }

    /// An object at the top.
    fn object(&mut self) -> Result<(), ReadError> {
        match self.w.value(true)? {
            Taken::Whole(len) => self.keep(len),
            Taken::Long(bad) => self.found.push(Err(bad)),
            Taken::Broken(long) => {
                let what = "brackets and quotes do not match".to_owned();
                let fault = Fault::Json { what, line: self.w.line, column: 1 };
                self.found.push(Err(long.unwrap_or_else(|| self.w.bad(self.w.line, fault))));
                self.next_object_line()?;
            }
        }
        Ok(())
    }

    /// Goes to the next line that begins with `{`.
    fn next_object_line(&mut self) -> Result<(), ReadError> {
        loop {
            let rest = self.w.buffer.get(self.w.at..).unwrap_or_default();
            match memchr(b'\n', rest) {
                Some(i) => {
                    self.w.advance(i + 1);
                    if self.w.at == self.w.buffer.len() {
                        self.w.more()?;
                    }
                    if self.w.buffer.get(self.w.at) == Some(&b'{') {
                        return Ok(());
                    }
                }
                None => {
                    self.w.advance(rest.len());
                    if !self.w.more()? {
                        return Ok(());
                    }
                }
            }
        }
    }

    fn keep(&mut self, len: usize) {
        let from = self.out.len();
        self.out.extend_from_slice(self.w.first(len));
        self.found.push(Ok(Span { from, to: self.out.len(), line: self.w.line }));
        self.w.advance(len);
    }

    /// The memory that it holds for reading ahead.
    #[cfg(test)]
    pub(super) fn buffered(&self) -> usize {
        self.w.buffer.capacity() + self.out.capacity()
    }

    /// What was read; reads what is left of the file. An error if the file changed meanwhile.
    pub fn finish(self) -> Result<Identity, ReadError> {
        self.w.text.finish()
    }
}
