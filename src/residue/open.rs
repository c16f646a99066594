//! What a file holds: text in some encoding, something compressed, an archive, a database.

use super::{
    Trouble,
    cut::{Block, Lines, Sizes, cut},
    digests,
};
use crate::cache::foreign::{Cell as DbCell, Foreign};
use encoding_rs::{Decoder, Encoding, UTF_16BE, UTF_16LE};
use flate2::bufread::MultiGzDecoder;
use std::{
    borrow::Cow,
    cell::{Cell, RefCell},
    fs::File,
    io::{self, BufReader, Read},
    path::Path,
    rc::Rc,
    sync::Arc,
};
use zip::{
    ZipArchive,
    read::{ZipFile, read_zipfile_from_stream},
    result::ZipError,
};

/// Archives in archives that are opened.
const DEPTH: usize = 4;

/// Bytes at the beginning by which a file is recognised.
const HEAD: usize = 4096;

/// The largest zstd window, as a power of two: 128 MiB, the bound of the zstd program.
const WINDOW_LOG: u32 = 27;

/// What is at the beginning of compressed files that are not opened.
const CLOSED: &[(&[u8], &str)] = &[
    (b"BZh", "bzip2"),
    (b"\xfd7zXZ\0", "xz"),
    (b"7z\xbc\xaf\x27\x1c", "7z"),
    (b"Rar!\x1a\x07", "RAR"),
    (b"\x04\x22\x4d\x18", "LZ4"),
    (b"\x1f\x9d", "compress"),
    (b"PAR1", "Parquet"),
    (b"ORC", "ORC"),
    (b"Obj\x01", "Avro"),
    (b"PGDMP", "pg_dump"),
    (b"%PDF-", "PDF"),
    (b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1", "Office 97"),
];

enum Form {
    Text,
    Wide(&'static Encoding),
    Gzip,
    Zstd,
    Zip,
    Sqlite,
    Closed(&'static str),
}

fn form(head: &[u8]) -> Form {
    match head {
        [0x1f, 0x8b, 0x08, ..] => Form::Gzip,
        [0x28, 0xb5, 0x2f, 0xfd, ..] | [0x50..=0x5f, 0x2a, 0x4d, 0x18, ..] => Form::Zstd,
        [b'P', b'K', 3, 4, ..] | [b'P', b'K', 5, 6, ..] | [b'P', b'K', 7, 8, b'P', b'K', ..] => Form::Zip,
        _ if head.starts_with(b"SQLite format 3\0") => Form::Sqlite,
        [0xff, 0xfe, ..] => Form::Wide(UTF_16LE),
        [0xfe, 0xff, ..] => Form::Wide(UTF_16BE),
        _ => {
            let closed = CLOSED.iter().find(|(magic, _)| head.starts_with(magic));
            closed.map_or_else(|| wide(head).map_or(Form::Text, Form::Wide), |(_, name)| Form::Closed(name))
        }
    }
}

/// UTF-16 without a mark: mostly Latin letters, so that nearly every second byte is zero and no other.
fn wide(head: &[u8]) -> Option<&'static Encoding> {
    let pairs = head.len() / 2;
    let zeros = |first: usize| head.iter().skip(first).step_by(2).filter(|b| **b == 0).count();
    let (even, odd) = (zeros(0), zeros(1));
    let mostly = |n: usize| pairs >= 8 && n * 10 > pairs * 6;
    let hardly = |n: usize| n * 50 <= pairs;
    if mostly(odd) && hardly(even) {
        Some(UTF_16LE)
    } else if mostly(even) && hardly(odd) {
        Some(UTF_16BE)
    } else {
        None
    }
}

/// One file on disk being searched.
pub(super) struct Opened<'a> {
    pub(super) place: usize,
    pub(super) sizes: Sizes,
    /// Bytes that it may still unpack to.
    pub(super) left: Rc<Cell<u64>>,
    /// Those at first.
    pub(super) most: u64,
    pub(super) troubles: Vec<Trouble>,
    pub(super) emit: &'a mut dyn FnMut(Block),
}

impl Opened<'_> {
    fn trouble(&mut self, name: &str, what: impl Into<String>) {
        self.troubles.push(Trouble { place: self.place, file: name.to_owned(), what: what.into() });
    }

    /// Why reading stopped before the end.
    fn stopped(&mut self, name: &str, depth: usize, error: &io::Error) {
        let what = if self.left.get() == 0 {
            format!("unpacks to more than {} bytes; the rest was not searched", self.most)
        } else if depth > 0 {
            "is damaged or cut short; what could be unpacked was searched".to_owned()
        } else {
            format!("cannot be read further ({}); the rest was not searched", error.kind())
        };
        self.trouble(name, what);
    }

    /// Searches what a reader gives, `depth` archives down. `disk` is where just that lies as a file.
    pub(super) fn content(&mut self, reader: &mut dyn Read, name: &str, depth: usize, disk: Option<&Path>) {
        let mut head = Vec::with_capacity(HEAD);
        if let Err(error) = reader.take(HEAD as u64).read_to_end(&mut head) {
            // What was read before the error is searched by itself.
            self.text(&mut head.as_slice(), name, depth);
            return self.stopped(name, depth, &error);
        }
        let form = form(&head);
        let mut reader = head.as_slice().chain(reader);
        let archive = matches!(form, Form::Gzip | Form::Zstd | Form::Zip | Form::Sqlite);
        if archive && depth >= DEPTH {
            self.trouble(name, format!("lies {DEPTH} archives deep and was not opened"));
            return self.text(&mut reader, name, depth);
        }
        match form {
            Form::Text => self.text(&mut reader, name, depth),
            Form::Wide(encoding) => {
                let mut decoded = Decoded::new(&mut reader, encoding.new_decoder());
                self.text(&mut decoded, name, depth);
            }
            Form::Closed(kind) => {
                self.trouble(name, format!("is {kind}, which is not unpacked; it was searched as it lies"));
                self.text(&mut reader, name, depth);
            }
            Form::Gzip => {
                let inner = MultiGzDecoder::new(BufReader::with_capacity(1 << 17, reader));
                self.unpacked(inner, name, depth);
            }
            Form::Zstd => {
                let decoder = zstd::Decoder::with_buffer(BufReader::with_capacity(1 << 17, reader));
                match decoder.and_then(|mut d| d.window_log_max(WINDOW_LOG).map(|()| d)) {
                    Ok(inner) => self.unpacked(inner, name, depth),
                    Err(error) => self.stopped(name, depth + 1, &error),
                }
            }
            Form::Zip | Form::Sqlite => {
                let spooled;
                let path = if let Some(path) = disk {
                    path
                } else {
                    spooled = spool(&mut reader);
                    match &spooled {
                        Ok(file) => file.path(),
                        Err(error) => return self.stopped(name, depth, error),
                    }
                };
                if matches!(form, Form::Zip) {
                    self.zip(path, name, depth)
                } else {
                    self.database(path, name, depth)
                }
            }
        }
    }

    fn unpacked(&mut self, inner: impl Read, name: &str, depth: usize) {
        let mut bounded = Bounded { inner, left: Rc::clone(&self.left) };
        self.content(&mut bounded, name, depth + 1, None);
    }

    fn text(&mut self, reader: &mut dyn Read, name: &str, depth: usize) {
        let shared = Arc::from(name);
        if let Err(error) = cut(reader, (self.place, &shared), self.sizes, self.emit) {
            self.stopped(name, depth, &error);
        }
    }

    /// Every member of an archive; where its directory is gone, what stands before.
    fn zip(&mut self, path: &Path, name: &str, depth: usize) {
        let archive =
            File::open(path).map_err(ZipError::from).and_then(|f| ZipArchive::new(BufReader::new(f)));
        let Ok(mut archive) = archive else {
            self.trouble(name, "is a damaged archive; what could be unpacked was searched");
            return self.members(path, name, depth);
        };
        for n in 0..archive.len() {
            let raw = archive.by_index_raw(n).ok();
            if raw.as_ref().is_some_and(ZipFile::is_dir) {
                continue;
            }
            let member = raw.as_ref().and_then(|m| m.name().ok()).map(Cow::into_owned);
            drop(raw);
            let member = format!("{name}!/{}", member.unwrap_or_else(|| format!("member {}", n + 1)));
            match archive.by_index(n) {
                Ok(inner) => self.unpacked(inner, &member, depth),
                Err(error) => self.trouble(&member, unopened(&error)),
            }
            if self.left.get() == 0 {
                return;
            }
        }
    }

    /// The members of an archive in the order in which they lie, without its directory.
    fn members(&mut self, path: &Path, name: &str, depth: usize) {
        let Ok(file) = File::open(path) else { return };
        let mut reader = BufReader::new(file);
        let mut number = 0;
        while let Ok(Some(inner)) = read_zipfile_from_stream(&mut reader) {
            number += 1;
            if inner.is_dir() {
                continue;
            }
            let member = inner.name().ok().map(Cow::into_owned);
            let member = format!("{name}!/{}", member.unwrap_or_else(|| format!("member {number}")));
            let before = self.troubles.len();
            self.unpacked(inner, &member, depth);
            if self.troubles.len() > before {
                return;
            }
        }
    }

    /// Every table of a database; what is no database after all is searched as it lies.
    fn database(&mut self, path: &Path, name: &str, depth: usize) {
        match Foreign::open(path).and_then(|db| Ok((db.tables()?, db))) {
            Ok((tables, db)) => {
                for table in tables {
                    let shown = format!("{name}!/{table}");
                    let mut rows = Rows::new(self.place, &shown, self.sizes);
                    let emit = RefCell::new(&mut *self.emit);
                    let whole = {
                        let rows = RefCell::new(&mut rows);
                        let each = |row: u64, cell: DbCell<'_>| rows.borrow_mut().cell(row, cell);
                        db.rows(&table, each, || rows.borrow_mut().end(&mut **emit.borrow_mut()))
                    };
                    rows.flush(&mut **emit.borrow_mut());
                    if let Err(error) = whole {
                        self.trouble(
                            &shown,
                            format!("cannot be read further: {error}; the rest was not searched"),
                        );
                    }
                }
            }
            Err(error) => {
                self.trouble(
                    name,
                    format!("cannot be read as a database: {error}; it was searched as it lies"),
                );
                match File::open(path) {
                    Ok(mut file) => self.text(&mut file, name, depth),
                    Err(error) => self.stopped(name, depth, &error),
                }
            }
        }
    }
}

fn unopened(error: &ZipError) -> String {
    match error {
        ZipError::UnsupportedArchive(ZipError::PASSWORD_REQUIRED) => {
            "is encrypted and was not searched".to_owned()
        }
        ZipError::UnsupportedArchive(_) => {
            "is compressed in a way that is not unpacked; it was not searched".to_owned()
        }
        _ => "is damaged and was not searched".to_owned(),
    }
}

/// A file of its own for what must be read in any order; gone when dropped, and readable by its owner alone.
fn spool(reader: &mut dyn Read) -> io::Result<tempfile::NamedTempFile> {
    let mut file = tempfile::NamedTempFile::new()?;
    io::copy(reader, &mut file)?;
    Ok(file)
}

/// What is unpacked, counted against what the file on disk may unpack to.
struct Bounded<R> {
    inner: R,
    left: Rc<Cell<u64>>,
}

impl<R: Read> Read for Bounded<R> {
    fn read(&mut self, to: &mut [u8]) -> io::Result<usize> {
        let read = self.inner.read(to)?;
        let left = self.left.get();
        self.left.set(left.saturating_sub(read as u64));
        if read as u64 >= left && read > 0 {
            return Err(io::ErrorKind::FileTooLarge.into());
        }
        Ok(read)
    }
}

/// UTF-16 as UTF-8.
struct Decoded<'r> {
    reader: &'r mut dyn Read,
    decoder: Decoder,
    raw: Vec<u8>,
    ended: bool,
    text: Vec<u8>,
    given: usize,
}

impl Decoded<'_> {
    fn new(reader: &mut dyn Read, decoder: Decoder) -> Decoded<'_> {
        Decoded { reader, decoder, raw: Vec::new(), ended: false, text: Vec::new(), given: 0 }
    }

    fn more(&mut self) -> io::Result<()> {
        self.raw.resize(1 << 16, 0);
        let read = self.reader.read(&mut self.raw)?;
        self.ended = read == 0;
        let most = self.decoder.max_utf8_buffer_length(read).unwrap_or(4 * read + 16);
        self.text.resize(most, 0);
        let (_, _, written, _) = self.decoder.decode_to_utf8(&self.raw[..read], &mut self.text, self.ended);
        self.text.truncate(written);
        self.given = 0;
        Ok(())
    }
}

impl Read for Decoded<'_> {
    fn read(&mut self, to: &mut [u8]) -> io::Result<usize> {
        while self.given == self.text.len() {
            if self.ended {
                return Ok(0);
            }
            self.more()?;
        }
        let long = to.len().min(self.text.len() - self.given);
        to[..long].copy_from_slice(&self.text[self.given..self.given + long]);
        self.given += long;
        Ok(long)
    }
}

/// Rows of a table, gathered into blocks.
struct Rows {
    place: usize,
    name: Arc<str>,
    sizes: Sizes,
    text: Vec<u8>,
    starts: Vec<(usize, u64)>,
    offset: u64,
    open: bool,
}

impl Rows {
    fn new(place: usize, name: &str, sizes: Sizes) -> Rows {
        let (text, starts) = (Vec::new(), Vec::new());
        Rows { place, name: Arc::from(name), sizes, text, starts, offset: 0, open: false }
    }

    /// Cells stand beside each other as in CSV: what is found across two columns there is found here.
    fn cell(&mut self, row: u64, cell: DbCell<'_>) {
        if self.open {
            self.text.extend_from_slice(b"\",\"");
        } else {
            self.starts.push((self.text.len(), row));
        }
        self.open = true;
        match cell {
            DbCell::Text(text) => self.text.extend_from_slice(text),
            DbCell::Blob(bytes) => {
                if digests::is_length(bytes.len()) {
                    self.text.extend_from_slice(digests::hex(bytes).as_bytes());
                    self.text.extend_from_slice(b"\",\"");
                }
                self.text.extend_from_slice(bytes);
            }
        }
    }

    fn end(&mut self, emit: &mut dyn FnMut(Block)) {
        self.open = false;
        // Nothing is found across this.
        self.text.extend_from_slice(b"\n\x1e\n");
        if self.text.len() >= self.sizes.body {
            self.flush(emit);
        }
    }

    fn flush(&mut self, emit: &mut dyn FnMut(Block)) {
        let text = std::mem::take(&mut self.text);
        let lines = Lines::Rows(std::mem::take(&mut self.starts));
        let (place, name, offset) = (self.place, Arc::clone(&self.name), self.offset);
        self.offset += text.len() as u64;
        emit(Block { place, name, body: 0..text.len(), text, offset, lines });
    }
}
