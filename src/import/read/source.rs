//! Where bytes come from, what they were, and whether they stayed the same.

use super::{Charset, Open, ReadError, Text};
use std::fs::{self, File, Metadata};
use std::io::{self, Read};
use std::os::unix::fs::{FileExt, FileTypeExt, MetadataExt};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

/// Bytes read so far, as they lie on disk (compressed ones count as such). Shared with whoever shows progress.
pub type Progress = Arc<AtomicU64>;

/// Something that can be read as often as is needed.
#[derive(Clone, Debug)]
pub enum Source {
    /// A file; symbolic links are followed.
    File(PathBuf),
    /// A stream that was read to its end into a nameless temporary file, gone with the last clone of this.
    Spool(Arc<File>),
}

/// What the file system says of a file. An equal stamp means: not changed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Stamp {
    /// In bytes.
    pub size: u64,
    /// Nanoseconds since 1970 UTC at which its content was last written.
    pub modified_ns: i64,
    /// Nanoseconds since 1970 UTC at which its content or its entry last changed.
    pub changed_ns: i64,
    /// Its number in the file system.
    pub inode: u64,
}

/// What was read: known only when all of it was.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Identity {
    /// BLAKE3 of the bytes on disk.
    pub digest: [u8; 32],
    /// Their number.
    pub bytes: u64,
    /// The stamp, equal before and after reading; `None` for a stream.
    pub stamp: Option<Stamp>,
}

impl Stamp {
    fn of(meta: &Metadata) -> Stamp {
        let ns = |secs: i64, nanos: i64| secs.saturating_mul(1_000_000_000).saturating_add(nanos);
        Stamp {
            size: meta.size(),
            modified_ns: ns(meta.mtime(), meta.mtime_nsec()),
            changed_ns: ns(meta.ctime(), meta.ctime_nsec()),
            inode: meta.ino(),
        }
    }
}

impl Source {
    /// Keeps standard input in a nameless temporary file in `dir`, or in the system's folder for such.
    pub fn stdin(dir: Option<&Path>) -> Result<Source, ReadError> {
        Source::spool(io::stdin().lock(), dir)
    }

    /// Keeps a stream in a nameless temporary file, which only this process can open.
    pub fn spool(mut stream: impl Read, dir: Option<&Path>) -> Result<Source, ReadError> {
        let made = match dir {
            Some(dir) => tempfile::tempfile_in(dir),
            None => tempfile::tempfile(),
        };
        let mut file = made.map_err(ReadError::Spool)?;
        io::copy(&mut stream, &mut file).map_err(ReadError::Spool)?;
        Ok(Source::Spool(Arc::new(file)))
    }

    /// The stamp now, without reading; `None` for a stream. Fails for all that is no regular file.
    pub fn stamp(&self) -> Result<Option<Stamp>, ReadError> {
        match self {
            Source::File(path) => regular(path).map(|meta| Some(Stamp::of(&meta))),
            Source::Spool(_) => Ok(None),
        }
    }

    /// Opens it as text; see [`Text`]. `progress` grows as bytes are read.
    pub fn open(&self, open: &Open, progress: Progress) -> Result<Text, ReadError> {
        Text::new(self.raw(progress)?, open)
    }

    /// As [`Source::open`]; a file that begins as UTF-8 and is not is to be opened again with what this returns.
    pub fn charset_after_not_utf8(&self, open: &Open) -> Result<Charset, ReadError> {
        open.charset.after_not_utf8(self, open.unpack)
    }

    /// What its bytes are, without reading them as text.
    pub fn identity(&self) -> Result<Identity, ReadError> {
        self.raw(Progress::default())?.finish()
    }

    pub(super) fn raw(&self, progress: Progress) -> Result<Raw, ReadError> {
        let input = match self {
            Source::File(path) => {
                // looked at before it is opened, because opening a FIFO waits for a writer
                regular(path)?;
                let file = File::open(path).map_err(ReadError::of_io)?;
                let meta = file.metadata().map_err(ReadError::of_io)?;
                Input::File { before: Stamp::of(&meta), path: path.clone(), file }
            }
            Source::Spool(file) => Input::Spool { file: Arc::clone(file), at: 0 },
        };
        Ok(Raw { input, head: Vec::new(), head_at: 0, hasher: blake3::Hasher::new(), bytes: 0, progress })
    }
}

fn regular(path: &Path) -> Result<Metadata, ReadError> {
    let meta = fs::metadata(path).map_err(ReadError::of_io)?;
    let kind = meta.file_type();
    if kind.is_file() {
        Ok(meta)
    } else if kind.is_dir() {
        Err(ReadError::Folder)
    } else if kind.is_fifo() {
        Err(ReadError::NotAFile { kind: "a named pipe" })
    } else if kind.is_socket() {
        Err(ReadError::NotAFile { kind: "a socket" })
    } else {
        Err(ReadError::NotAFile { kind: "a device" })
    }
}

#[derive(Debug)]
enum Input {
    File { file: File, path: PathBuf, before: Stamp },
    Spool { file: Arc<File>, at: u64 },
}

/// The bytes on disk, hashed and counted on their way.
#[derive(Debug)]
pub(super) struct Raw {
    input: Input,
    head: Vec<u8>,
    head_at: usize,
    hasher: blake3::Hasher,
    bytes: u64,
    progress: Progress,
}

impl Raw {
    /// The first bytes, fewer than 8 only if there are no more; they will still be read.
    pub(super) fn magic(&mut self) -> io::Result<&[u8]> {
        while self.head.len() < 8 {
            let mut some = [0; 8];
            let n = self.pull(&mut some)?;
            if n == 0 {
                break;
            }
            self.head.extend_from_slice(some.get(..n).unwrap_or_default());
        }
        Ok(&self.head)
    }

    /// Bytes taken from the disk so far.
    pub(super) fn bytes(&self) -> u64 {
        self.bytes
    }

    fn pull(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let n = loop {
            let read = match &mut self.input {
                Input::File { file, .. } => file.read(buffer),
                Input::Spool { file, at } => file.read_at(buffer, *at),
            };
            match read {
                Err(e) if e.kind() == io::ErrorKind::Interrupted => {}
                read => break read?,
            }
        };
        if let Input::Spool { at, .. } = &mut self.input {
            *at += n as u64;
        }
        self.hasher.update(buffer.get(..n).unwrap_or_default());
        self.bytes += n as u64;
        self.progress.fetch_add(n as u64, Ordering::Relaxed);
        Ok(n)
    }

    /// Fails if the file is not what it was when reading began.
    pub(super) fn check_unchanged(&self) -> Result<(), ReadError> {
        let Input::File { file, path, before } = &self.input else { return Ok(()) };
        let held = Stamp::of(&file.metadata().map_err(ReadError::of_io)?);
        let named = match fs::metadata(path) {
            Ok(meta) => Stamp::of(&meta),
            Err(e) if e.kind() == io::ErrorKind::NotFound => {
                return Err(ReadError::FileChanged { what: "it was removed" });
            }
            Err(e) => return Err(ReadError::of_io(e)),
        };
        let what = if held.size > before.size {
            "it grew"
        } else if held.size < before.size {
            "it shrank"
        } else if named.inode != before.inode {
            "another file took its place"
        } else if held != *before || named != *before {
            "its times changed"
        } else {
            return Ok(());
        };
        Err(ReadError::FileChanged { what })
    }

    /// True once more was read than there was at the beginning: a file that is written faster than it is read
    /// must not keep the reader for ever.
    pub(super) fn overran(&self) -> bool {
        matches!(&self.input, Input::File { before, .. } if self.bytes > before.size)
    }

    /// Reads what is left, and says what it all was.
    pub(super) fn finish(mut self) -> Result<Identity, ReadError> {
        let mut rest = vec![0; 1 << 16];
        while !self.overran() && self.pull(&mut rest).map_err(ReadError::of_io)? > 0 {}
        self.check_unchanged()?;
        let stamp = match &self.input {
            Input::File { before, .. } => Some(*before),
            Input::Spool { .. } => None,
        };
        if stamp.is_some_and(|s| s.size != self.bytes) {
            return Err(ReadError::FileChanged { what: "its size is not what it was" });
        }
        Ok(Identity { digest: *self.hasher.finalize().as_bytes(), bytes: self.bytes, stamp })
    }
}

impl Read for Raw {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        if self.head_at < self.head.len() {
            let mut left = self.head.get(self.head_at..).unwrap_or_default();
            let n = left.read(buffer)?;
            self.head_at += n;
            return Ok(n);
        }
        self.pull(buffer)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::io::Write;

    fn identity(source: &Source) -> Identity {
        let mut raw = source.raw(Progress::default()).unwrap();
        assert!(raw.magic().unwrap().len() <= 8);
        io::copy(&mut raw, &mut io::sink()).unwrap();
        raw.finish().unwrap()
    }

    #[test]
    fn the_digest_is_of_all_bytes_and_progress_counts_them() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("x.csv");
        let bytes = b"id,name\n1,a\n".repeat(50_000);
        fs::write(&path, &bytes).unwrap();
        let progress = Progress::default();
        let raw = Source::File(path.clone()).raw(Arc::clone(&progress)).unwrap();
        let partly_read = raw.finish().unwrap();
        assert_eq!(progress.load(Ordering::Relaxed), bytes.len() as u64);
        assert_eq!(partly_read.digest, *blake3::hash(&bytes).as_bytes());
        assert_eq!(identity(&Source::File(path.clone())), partly_read);
        assert_eq!(partly_read.stamp, Source::File(path).stamp().unwrap());
    }

    #[test]
    fn a_stream_can_be_read_twice() {
        let source = Source::spool(&b"id\n1\n"[..], None).unwrap();
        let first = identity(&source);
        assert_eq!(first, identity(&source));
        assert_eq!((first.bytes, first.stamp), (5, None));
    }

    #[test]
    fn a_file_that_grows_while_read_is_said_to_have_changed() {
        let mut file = tempfile::NamedTempFile::new().unwrap();
        file.write_all(b"id\n1\n").unwrap();
        let mut raw = Source::File(file.path().to_owned()).raw(Progress::default()).unwrap();
        assert_eq!(raw.read(&mut [0; 2]).unwrap(), 2);
        file.write_all(b"2\n").unwrap();
        assert!(matches!(raw.finish(), Err(ReadError::FileChanged { what: "it grew" })));
    }

    #[test]
    fn a_file_that_is_cut_replaced_or_removed_while_read_is_said_to_have_changed() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("x.csv");
        let start = || {
            fs::write(&path, "id\n1\n").unwrap();
            Source::File(path.clone()).raw(Progress::default()).unwrap()
        };
        let raw = start();
        File::options().write(true).open(&path).unwrap().set_len(2).unwrap();
        assert!(matches!(raw.finish(), Err(ReadError::FileChanged { what: "it shrank" })));
        let raw = start();
        fs::write(dir.path().join("new"), "id\n2\n").unwrap();
        fs::rename(dir.path().join("new"), &path).unwrap();
        assert!(matches!(raw.finish(), Err(ReadError::FileChanged { what: "another file took its place" })));
        let raw = start();
        fs::remove_file(&path).unwrap();
        assert!(matches!(raw.finish(), Err(ReadError::FileChanged { what: "it was removed" })));
    }

    #[test]
    fn what_is_no_file_is_refused_without_waiting() {
        let dir = tempfile::tempdir().unwrap();
        let fifo = dir.path().join("fifo");
        assert!(std::process::Command::new("mkfifo").arg(&fifo).status().unwrap().success());
        let open = |path: &Path| Source::File(path.to_owned()).open(&Open::default(), Progress::default());
        assert!(matches!(open(&fifo), Err(ReadError::NotAFile { kind: "a named pipe" })));
        assert!(matches!(open(Path::new("/dev/zero")), Err(ReadError::NotAFile { kind: "a device" })));
        assert!(matches!(open(dir.path()), Err(ReadError::Folder)));
        assert!(matches!(open(&dir.path().join("none")), Err(ReadError::Missing)));
    }
}
