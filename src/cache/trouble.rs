//! What may befall the cache while it is used, and goes away when the work is done again.

use super::{Cache, private_file};
use anyhow::{Context as _, Result};
use rusqlite::ErrorCode;
use std::{
    fs,
    os::unix::fs::MetadataExt as _,
    path::{Path, PathBuf},
};
use thiserror::Error;

/// Why work on the cache failed through no fault of the exports.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Trouble {
    /// The file is damaged: it is to be set aside first.
    Damaged,
    /// Another run replaced what this one was reading.
    Replaced,
}

/// Another run removed a content between its import and its reading.
#[derive(Debug, Error)]
#[error("another crosscheck replaced in the cache what this one was reading; run again")]
pub(super) struct Replaced;

impl Trouble {
    /// The trouble behind an error, if there is one.
    pub fn of(error: &anyhow::Error) -> Option<Trouble> {
        error.chain().find_map(|cause| {
            if cause.is::<Replaced>() {
                return Some(Trouble::Replaced);
            }
            let error = cause.downcast_ref::<rusqlite::Error>()?;
            damaged(error).then_some(Trouble::Damaged)
        })
    }
}

/// Whether an error of SQLite tells of a damaged file. The statements are fixed and fit the tables, so one that
/// does not, or a cell of another type than was written, is damage too.
fn damaged(error: &rusqlite::Error) -> bool {
    use rusqlite::Error as E;
    match error.sqlite_error_code() {
        Some(ErrorCode::DatabaseCorrupt | ErrorCode::NotADatabase) => true,
        Some(ErrorCode::Unknown) => matches!(error, E::SqlInputError { .. }),
        Some(_) => false,
        None => matches!(
            error,
            E::InvalidColumnType(..)
                | E::FromSqlConversionFailure(..)
                | E::IntegralValueOutOfRange(..)
                | E::Utf8Error(..)
                | E::QueryReturnedNoRows
        ),
    }
}

/// The remedy to an error that the disk or the folder has brought about.
pub(super) fn explained(error: anyhow::Error, dir: &Path) -> anyhow::Error {
    let of_disk = |cause: &(dyn std::error::Error + 'static)| {
        let code = cause.downcast_ref::<rusqlite::Error>().and_then(rusqlite::Error::sqlite_error_code);
        let full =
            matches!(code, Some(ErrorCode::DiskFull | ErrorCode::SystemIoFailure | ErrorCode::ReadOnly));
        full || cause.is::<std::io::Error>()
    };
    if !error.chain().any(of_disk) {
        return error;
    }
    error.context(format!(
        "the cache in {} cannot be written; free some space, or name another folder with --cache",
        dir.display()
    ))
}

/// Held while a cache is opened or set aside, so that two runs do not set aside each other's new one. Gone with
/// its value.
pub(super) fn lock(dir: &Path) -> Result<fs::File> {
    let path = dir.join("cache.lock");
    private_file(&path)?;
    let file = fs::OpenOptions::new().write(true).open(&path)?;
    file.lock().with_context(|| format!("cannot lock {}", path.display()))?;
    Ok(file)
}

/// The number of a file in its file system; 0 where there is none.
pub(super) fn inode(path: &Path) -> u64 {
    fs::metadata(path).map_or(0, |m| m.ino())
}

/// Renames the cache's file, so that a new one can be begun in its place.
pub(super) fn set_aside(path: &Path) -> Result<PathBuf> {
    for n in 1..1000 {
        let aside = path.with_extension(format!("sqlite.aside-{n}"));
        if !aside.exists() {
            fs::rename(path, &aside).with_context(|| format!("cannot set {} aside", path.display()))?;
            for suffix in ["-wal", "-shm", "-journal"] {
                let mut name = path.as_os_str().to_owned();
                name.push(suffix);
                // There is seldom one.
                let _ = fs::remove_file(PathBuf::from(name));
            }
            return Ok(aside);
        }
    }
    anyhow::bail!("{} cannot be set aside: too many copies lie beside it", path.display())
}

/// What a person is told of it.
pub(super) fn told(path: &Path, why: &str, aside: &Path) -> String {
    format!(
        "{} {why}; it was set aside as {} and a new cache begun: name the exports again, or import them",
        path.display(),
        aside.display()
    )
}

impl Cache {
    /// Sets a cache aside that turned out damaged, unless another run has done so; returns the warning to give.
    pub fn set_aside(self) -> Result<Option<String>> {
        let path = self.dir.join(super::FILE);
        let _lock = lock(&self.dir)?;
        if inode(&path) != self.inode {
            return Ok(None);
        }
        drop(self.conn);
        let aside = set_aside(&path)?;
        Ok(Some(told(&path, "is damaged", &aside)))
    }
}
