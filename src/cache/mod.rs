//! The SQLite cache: what the exports held when they were last read. The only place that names rusqlite.
//!
//! A *content* is one file's bytes read in one way (its digest and the digest of the *recipe*: dataset, profile,
//! companion files). A *part* is one dataset of a content. Rows lie in blocks, column by column, in the
//! cache itself while they are few, else in a *pack*, a SQLite file of its own beside it that is written once,
//! renamed into place and never changed.
//!
//! The cache only makes a second read cheap: deleting it changes no result.

mod blocks;
mod contents;
mod folded;
pub mod foreign;
mod purge;
mod rows;
mod schema;
mod trouble;

pub use blocks::{BlockReader, BlockWriter, StoredBlock};
pub use contents::{Content, ContentDraft, Input, KnownPath, Part, Reject, Stat};
pub use folded::Folded;
pub use purge::Purged;
pub use rows::{Block, Number, Numbered, PackedRows, RowPacker, RowReader, Spelled, Value, Word};
pub use trouble::Trouble;

use anyhow::{Context as _, Result};
use rusqlite::{Connection, OpenFlags};
use std::{
    fs,
    path::{Path, PathBuf},
    time::Duration,
};

/// The cache's file in its folder.
const FILE: &str = "cache.sqlite";

/// An open cache.
pub struct Cache {
    conn: Connection,
    dir: PathBuf,
    /// Which file it is: another run may set it aside and begin a new one under its name.
    inode: u64,
    /// Set where the folder could not be used and a temporary one stands in.
    temporary: Option<tempfile::TempDir>,
}

/// How long a run waits for another one's write before it gives up.
const BUSY: Duration = Duration::from_secs(600);

impl Cache {
    /// Opens the cache in a folder, which is made where it does not exist (readable by its owner alone).
    ///
    /// A damaged or foreign file is set aside and a new one begun; a folder that cannot be written gives a
    /// temporary cache. Both are told in the returned warnings.
    pub fn open(dir: &Path) -> Result<(Cache, Vec<String>)> {
        let mut warnings = Vec::new();
        match Cache::open_at(dir, &mut warnings) {
            Ok(cache) => Ok((cache, warnings)),
            Err(error) => {
                warnings.push(format!(
                    "the cache in {} cannot be used ({error:#}); this run reads every export anew",
                    dir.display()
                ));
                let cache = Cache::temporary().map_err(|error| trouble::explained(error, dir))?;
                Ok((cache, warnings))
            }
        }
    }

    /// A cache for this run alone, thrown away at its end.
    pub fn temporary() -> Result<Cache> {
        let folder = tempfile::Builder::new().prefix("crosscheck-").tempdir();
        let folder =
            folder.context("cannot make a temporary cache; set TMPDIR to a folder that can be written")?;
        let mut cache = Cache::open_at(folder.path(), &mut Vec::new())?;
        cache.temporary = Some(folder);
        Ok(cache)
    }

    fn open_at(dir: &Path, warnings: &mut Vec<String>) -> Result<Cache> {
        private_dir(dir)?;
        let path = dir.join(FILE);
        let _lock = trouble::lock(dir)?;
        let conn = match connect(&path).and_then(|c| schema::prepare(&c).map(|()| c)) {
            Ok(conn) => conn,
            Err(schema::Unusable::Busy(error)) => return Err(error.into()),
            Err(schema::Unusable::Io(error)) => return Err(error),
            Err(schema::Unusable::Foreign(why)) => {
                let aside = trouble::set_aside(&path)?;
                warnings.push(trouble::told(&path, &why, &aside));
                connect(&path).and_then(|c| schema::prepare(&c).map(|()| c)).map_err(anyhow::Error::from)?
            }
        };
        Ok(Cache { conn, inode: trouble::inode(&path), dir: dir.to_owned(), temporary: None })
    }

    /// Another connection to the same file, for another thread; it sees what is committed when it first reads. An
    /// error where another run has set the file aside.
    pub fn another(&self) -> Result<Cache> {
        let path = self.dir.join(FILE);
        anyhow::ensure!(trouble::inode(&path) == self.inode, trouble::Replaced);
        let conn = connect(&path).map_err(anyhow::Error::from)?;
        Ok(Cache { conn, dir: self.dir.clone(), inode: self.inode, temporary: None })
    }

    /// The folder it lies in.
    pub fn dir(&self) -> &Path {
        &self.dir
    }

    /// Whether it is thrown away at the end.
    pub fn is_temporary(&self) -> bool {
        self.temporary.is_some()
    }

    /// Holds one consistent view of these contents until `f` returns, whatever other runs write meanwhile. An
    /// error ([`Trouble::Replaced`]) if one of them is gone already.
    pub fn snapshot<T>(&self, contents: &[i64], f: impl FnOnce() -> Result<T>) -> Result<T> {
        self.conn.execute_batch("BEGIN DEFERRED")?;
        let held = contents.iter().try_for_each(|id| match self.holds(*id)? {
            true => Ok(()),
            false => Err(trouble::Replaced.into()),
        });
        let result = held.and_then(|()| f());
        // Nothing was written; of two errors the first is the one to tell.
        let ended = self.conn.execute_batch("COMMIT");
        let value = result?;
        ended?;
        Ok(value)
    }

    /// Runs `f` in one write transaction: all of it lasts, or none.
    pub fn write<T>(&mut self, f: impl FnOnce(&Cache) -> Result<T>) -> Result<T> {
        let begun = self.conn.execute_batch("BEGIN IMMEDIATE");
        begun.map_err(|error| trouble::explained(error.into(), &self.dir))?;
        match f(self) {
            Ok(value) => {
                let done = self.conn.execute_batch("COMMIT");
                done.map(|()| value).map_err(|error| {
                    let _ = self.conn.execute_batch("ROLLBACK");
                    trouble::explained(error.into(), &self.dir)
                })
            }
            Err(error) => {
                // The first error is the one to tell; SQLite rolls back by itself where this fails.
                let _ = self.conn.execute_batch("ROLLBACK");
                Err(trouble::explained(error, &self.dir))
            }
        }
    }

    /// A remembered result, by the digest of everything it was computed from.
    pub fn recall(&self, key: &[u8; 32]) -> Result<Option<Vec<u8>>> {
        use rusqlite::OptionalExtension as _;
        let mut statement = self.conn.prepare_cached("SELECT value FROM memo WHERE key = ?1")?;
        Ok(statement.query_row([key.as_slice()], |r| r.get(0)).optional()?)
    }

    /// Remembers a result. The oldest are forgotten beyond 256 MB in all; one of over 64 MB is not kept.
    pub fn remember(&mut self, key: &[u8; 32], value: &[u8]) -> Result<()> {
        if value.len() > 64 << 20 {
            return Ok(());
        }
        self.write(|cache| {
            let conn = &cache.conn;
            conn.execute("INSERT OR REPLACE INTO memo(key, value) VALUES (?1, ?2)", (key.as_slice(), value))?;
            let mut total: i64 = conn.query_row("SELECT sum(length(value)) FROM memo", [], |r| r.get(0))?;
            while total > 256 << 20 {
                let (id, size): (i64, i64) =
                    conn.query_row("SELECT id, length(value) FROM memo ORDER BY id LIMIT 1", [], |r| {
                        Ok((r.get(0)?, r.get(1)?))
                    })?;
                conn.execute("DELETE FROM memo WHERE id = ?1", [id])?;
                total -= size;
            }
            Ok(())
        })
    }
}

pub(crate) fn private_dir(dir: &Path) -> Result<()> {
    if dir.is_dir() {
        return Ok(());
    }
    let mut builder = fs::DirBuilder::new();
    builder.recursive(true);
    #[cfg(unix)]
    {
        use std::os::unix::fs::DirBuilderExt as _;
        builder.mode(0o700);
    }
    builder.create(dir).with_context(|| format!("cannot make the folder {}", dir.display()))
}

/// Makes a file, readable by its owner alone, where it does not exist.
pub(crate) fn private_file(path: &Path) -> std::io::Result<()> {
    let mut options = fs::OpenOptions::new();
    options.create(true).truncate(false).write(true);
    #[cfg(unix)]
    {
        use std::os::unix::fs::OpenOptionsExt as _;
        options.mode(0o600);
    }
    options.open(path).map(drop)
}

fn connect(path: &Path) -> Result<Connection, schema::Unusable> {
    private_file(path).map_err(|e| schema::Unusable::Io(e.into()))?;
    let flags = OpenFlags::SQLITE_OPEN_READ_WRITE | OpenFlags::SQLITE_OPEN_NO_MUTEX;
    let conn = Connection::open_with_flags(path, flags)?;
    conn.busy_timeout(BUSY)?;
    conn.set_prepared_statement_cache_capacity(128);
    Ok(conn)
}
