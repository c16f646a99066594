//! Blocks of usage events and of ordinary rows.
//!
//! A block of events is some thousands of them; each of its columns is one blob. A small export's blocks lie in the cache
//! itself, a large one's in a pack: a SQLite file of their own, written without a journal under a temporary
//! name, synced, and renamed into place, so that it is whole or not there. A pack never changes.

use super::{
    Cache, private_file,
    rows::{self, PackedRows},
    schema,
    trouble::Replaced,
};
use anyhow::{Context as _, Result};
use rusqlite::{Connection, OpenFlags, OptionalExtension as _, params};
use std::{
    path::{Path, PathBuf},
    sync::mpsc,
    thread,
};

pub(super) const TABLE: &str = "CREATE TABLE block(id INTEGER PRIMARY KEY, data BLOB NOT NULL)";

/// Blocks up to this many bytes in all stay in the cache itself.
const INLINE: usize = 2 << 20;

/// A block's columns as they are stored, by column number (below 16).
#[derive(Clone, Debug, Default)]
pub struct StoredBlock {
    /// Column number and bytes.
    pub columns: Vec<(u8, Vec<u8>)>,
}

impl StoredBlock {
    fn size(&self) -> usize {
        self.columns.iter().map(|(_, c)| c.len()).sum()
    }
}

fn key(content: i64, n: u32, column: u8) -> i64 {
    (content << 32) | (i64::from(n) << 4) | i64::from(column)
}

/// Some rows of a part, on their way into the cache.
struct HeldRows {
    part: i64,
    first: u64,
    rows: PackedRows,
}

/// Writes the blocks of one content.
pub struct BlockWriter {
    dir: PathBuf,
    held: Vec<StoredBlock>,
    held_rows: Vec<HeldRows>,
    held_size: usize,
    pack: Option<Pack>,
    blocks: u32,
}

struct Pack {
    conn: Connection,
    file: tempfile::TempPath,
    /// Bytes put since the disk was last asked to take them.
    waiting: usize,
    disk: Disk,
}

/// Has the disk take what is written while more is written, so that the last sync has little to wait for.
struct Disk {
    ask: mpsc::SyncSender<()>,
    done: thread::JoinHandle<std::io::Result<()>>,
}

/// The disk is asked after so many bytes.
const STRETCH: usize = 8 << 20;

impl Disk {
    fn open(path: &Path) -> std::io::Result<Disk> {
        let file = std::fs::File::open(path)?;
        let (ask, asked) = mpsc::sync_channel(1);
        let done = thread::spawn(move || asked.iter().try_for_each(|()| file.sync_data()));
        Ok(Disk { ask, done })
    }

    /// Asks it, unless it is busy with what it was asked before.
    fn ask(&self) {
        // Where the thread has failed, `finish` tells.
        let _ = self.ask.try_send(());
    }

    fn finish(self) -> Result<()> {
        drop(self.ask);
        self.done.join().map_err(|_| anyhow::anyhow!("a writing thread panicked"))??;
        Ok(())
    }
}

impl BlockWriter {
    /// A writer for the cache's folder.
    pub fn new(cache: &Cache) -> BlockWriter {
        BlockWriter {
            dir: cache.dir.clone(),
            held: Vec::new(),
            held_rows: Vec::new(),
            held_size: 0,
            pack: None,
            blocks: 0,
        }
    }

    /// Adds the next block.
    pub fn push(&mut self, block: StoredBlock) -> Result<()> {
        if let Some(pack) = &mut self.pack {
            pack.put(0, self.blocks, &block)?;
            self.blocks += 1;
            return Ok(());
        }
        self.held_size += block.size();
        self.held.push(block);
        self.blocks += 1;
        self.settle()
    }

    /// Adds rows to a part that has `first` already; returns how many it has now.
    pub fn push_rows(&mut self, part: i64, first: u64, rows: Vec<PackedRows>) -> Result<u64> {
        let mut first = first;
        for rows in rows {
            let next = first + rows.count;
            match &mut self.pack {
                Some(pack) => pack.put_rows(part, first, &rows)?,
                None => {
                    self.held_size += rows.data.len();
                    self.held_rows.push(HeldRows { part, first, rows });
                }
            }
            first = next;
        }
        self.settle()?;
        Ok(first)
    }

    /// Begins a pack where too much is held.
    fn settle(&mut self) -> Result<()> {
        if self.pack.is_none() && self.held_size > INLINE {
            let mut pack = Pack::create(&self.dir)?;
            for (n, block) in (0..).zip(self.held.drain(..)) {
                pack.put(0, n, &block)?;
            }
            for held in self.held_rows.drain(..) {
                pack.put_rows(held.part, held.first, &held.rows)?;
            }
            self.pack = Some(pack);
        }
        Ok(())
    }

    /// Puts everything in place; returns the pack's name, if there is one. Inside the cache's transaction.
    pub fn finish(self, cache: &Cache, content: i64) -> Result<Option<String>> {
        let Some(pack) = self.pack else {
            let mut insert = cache.conn.prepare_cached("INSERT INTO block(id, data) VALUES (?1, ?2)")?;
            for (n, block) in (0..).zip(&self.held) {
                for (column, data) in &block.columns {
                    insert.execute(params![key(content, n, *column), data])?;
                }
            }
            for held in &self.held_rows {
                rows::insert(&cache.conn, held.part, held.first, &held.rows)?;
            }
            return Ok(None);
        };
        pack.conn.execute_batch("COMMIT").context("cannot write the pack")?;
        pack.conn.close().map_err(|(_, e)| e)?;
        pack.disk.finish().context("cannot write the pack")?;
        std::fs::File::open(&pack.file)?.sync_all()?;
        let name = pack
            .file
            .file_name()
            .map(|n| n.to_string_lossy().trim_start_matches('.').to_owned())
            .context("a temporary file has a name")?;
        pack.file.persist(self.dir.join(&name)).context("cannot put the pack in place")?;
        Ok(Some(name))
    }
}

impl Pack {
    fn create(dir: &Path) -> Result<Pack> {
        let file =
            tempfile::Builder::new().prefix(".pack-").suffix(".sqlite").tempfile_in(dir)?.into_temp_path();
        private_file(&file)?;
        let conn = Connection::open(&file)?;
        conn.execute_batch(&format!(
            "PRAGMA page_size = 65536; PRAGMA journal_mode = OFF; PRAGMA synchronous = OFF;
             PRAGMA locking_mode = EXCLUSIVE; PRAGMA cache_size = 64; PRAGMA application_id = {};
             BEGIN; {TABLE}; {};",
            schema::APPLICATION_ID,
            rows::TABLE
        ))?;
        let disk = Disk::open(&file)?;
        Ok(Pack { conn, file, waiting: 0, disk })
    }

    fn put(&mut self, content: i64, n: u32, block: &StoredBlock) -> Result<()> {
        let mut insert = self.conn.prepare_cached("INSERT INTO block(id, data) VALUES (?1, ?2)")?;
        for (column, data) in &block.columns {
            insert.execute(params![key(content, n, *column), data])?;
        }
        drop(insert);
        self.wrote(block.size());
        Ok(())
    }

    fn put_rows(&mut self, part: i64, first: u64, rows: &PackedRows) -> Result<()> {
        rows::insert(&self.conn, part, first, rows)?;
        self.wrote(rows.data.len());
        Ok(())
    }

    fn wrote(&mut self, bytes: usize) {
        self.waiting += bytes;
        if self.waiting > STRETCH {
            self.waiting = 0;
            self.disk.ask();
        }
    }
}

/// Reads the blocks of one content. Open it inside a snapshot: it then stays readable whatever others do.
pub struct BlockReader<'c> {
    conn: Source<'c>,
    content: i64,
}

enum Source<'c> {
    Cache(&'c Connection),
    Pack(Connection),
}

impl<'c> BlockReader<'c> {
    /// Opens the blocks of a content.
    pub fn open(cache: &'c Cache, content: i64, pack: Option<&str>) -> Result<BlockReader<'c>> {
        match pack {
            None => Ok(BlockReader { conn: Source::Cache(&cache.conn), content }),
            Some(name) => BlockReader::open_pack(&cache.dir.join(name)),
        }
    }

    /// Opens a pack with a connection of its own, for use on another thread.
    pub fn open_pack(path: &Path) -> Result<BlockReader<'static>> {
        Ok(BlockReader { conn: Source::Pack(open_pack(path)?), content: 0 })
    }

    /// One column of a block; `None` where the block or the column is not there.
    pub fn column(&self, n: u32, column: u8) -> Result<Option<Vec<u8>>> {
        let conn = match &self.conn {
            Source::Cache(conn) => conn,
            Source::Pack(conn) => conn,
        };
        let mut statement = conn.prepare_cached("SELECT data FROM block WHERE id = ?1")?;
        Ok(statement.query_row([key(self.content, n, column)], |r| r.get(0)).optional()?)
    }
}

/// A pack, for reading.
pub(super) fn open_pack(path: &Path) -> Result<Connection> {
    let flags = OpenFlags::SQLITE_OPEN_READ_ONLY | OpenFlags::SQLITE_OPEN_NO_MUTEX;
    // Another run may have replaced the content and removed its pack.
    let conn = Connection::open_with_flags(path, flags).map_err(|error| match path.exists() {
        true => anyhow::Error::new(error).context(format!("cannot read {}", path.display())),
        false => Replaced.into(),
    })?;
    // One transaction for all reads: a pack never changes, and taking its lock for each costs as much as reading.
    conn.execute_batch("BEGIN")?;
    Ok(conn)
}

impl Cache {
    pub(super) fn delete_blocks(&self, content: i64) -> Result<()> {
        self.conn
            .prepare_cached("DELETE FROM block WHERE id >= ?1 AND id < ?2")?
            .execute([content << 32, (content + 1) << 32])?;
        Ok(())
    }
}
