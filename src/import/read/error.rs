//! Files that cannot be read.

use super::bad::{Fault, size};
use std::io;
use thiserror::Error;

/// Why a file cannot be read. The message follows the file's name.
#[derive(Debug, Error)]
pub enum ReadError {
    /// No such file.
    #[error("does not exist; check the path")]
    Missing,
    /// Permission denied.
    #[error("may not be read by this user; change its permissions (chmod u+r)")]
    NoAccess,
    /// A folder.
    #[error("is a folder; name a file")]
    Folder,
    /// A FIFO, socket or device. It is never opened, as that could wait for ever.
    #[error("is {kind}, not a file; give `-` as the path and pipe the data into standard input")]
    NotAFile {
        /// `a named pipe` …
        kind: &'static str,
    },
    /// The system says so.
    #[error("cannot be read: {0}")]
    Io(io::Error),
    /// A stream could not be kept in a temporary file.
    #[error(
        "cannot be kept in a temporary file: {0}; free some space, or set TMPDIR to a folder that has it"
    )]
    Spool(io::Error),
    /// Size, times or identity are not what they were when reading began.
    #[error("changed while it was read ({what}); wait until it is complete, then run again")]
    FileChanged {
        /// What is seen of it.
        what: &'static str,
    },
    /// A compressed file that ends too early.
    #[error("is a {format} file that breaks off before its end; download or export it again")]
    CutShort {
        /// `gzip` or `zstd`.
        format: &'static str,
    },
    /// A compressed file that does not unpack.
    #[error("is a damaged {format} file ({why}); download or export it again")]
    Damaged {
        /// `gzip` or `zstd`.
        format: &'static str,
        /// What the library says.
        why: String,
    },
    /// A zstd file that needs more memory than is given.
    #[error(
        "is a zstd file that needs a window of more than 128 MiB; compress it again without --long or --ultra"
    )]
    Window,
    /// Over the bound on what compressed files unpack to.
    #[error("unpacks to more than {}; if it is meant to be that large, unpack it first", size(*limit))]
    Bomb {
        /// In bytes.
        limit: u64,
    },
    /// Data that is no text.
    #[error("is {seems}, not text; {remedy}")]
    Binary {
        /// `an Excel workbook` …
        seems: &'static str,
        /// What to do.
        remedy: &'static str,
    },
    /// It began as UTF-8; a later line is not. [`super::Charset::after_not_utf8`] says how to open it again.
    #[error("is not UTF-8 from line {line} on; export it as UTF-8 or declare its encoding")]
    NotUtf8 {
        /// From 1.
        line: u64,
    },
    /// Bytes that its encoding does not have.
    #[error("is not valid {encoding} on line {line}; export it as UTF-8 or declare its encoding")]
    Undecodable {
        /// The encoding's name.
        encoding: &'static str,
        /// From 1.
        line: u64,
    },
    /// No bytes, or only blank lines.
    #[error("is empty; export it again")]
    Empty,
    /// The header cannot be read.
    #[error("has a header (line {line}) that {fault}")]
    Header {
        /// From 1.
        line: u64,
        /// Why.
        fault: Fault,
    },
    /// JSON whose structure breaks, so that what follows cannot be told apart.
    #[error("is not valid JSON on line {line}: {what}; export it again")]
    Json {
        /// From 1.
        line: u64,
        /// What is wrong.
        what: &'static str,
    },
    /// JSON that ends inside an array or object.
    #[error("breaks off inside the JSON value that begins on line {line}; download or export it again")]
    JsonCutShort {
        /// From 1.
        line: u64,
    },
}

impl ReadError {
    /// The fitting error of a failed system call on a file.
    pub(super) fn of_io(error: io::Error) -> ReadError {
        match error.kind() {
            io::ErrorKind::NotFound => ReadError::Missing,
            io::ErrorKind::PermissionDenied => ReadError::NoAccess,
            io::ErrorKind::IsADirectory => ReadError::Folder,
            _ => ReadError::Io(error),
        }
    }
}
