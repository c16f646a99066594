//! The cache's tables.

use rusqlite::{Connection, ErrorCode, config::DbConfig};
use thiserror::Error;

/// `XCHK`: tells a crosscheck cache from any other SQLite file.
pub(super) const APPLICATION_ID: i32 = 0x5843_484b;

/// Rises with every change of the tables or of what their cells mean; another version's cache is built anew.
const VERSION: i32 = 5;

/// Why a cache file cannot be used as it is.
#[derive(Debug, Error)]
pub(super) enum Unusable {
    /// Another program's, or damaged: set aside.
    #[error("{0}")]
    Foreign(String),
    /// Locked for too long.
    #[error("another crosscheck holds the cache: {0}")]
    Busy(rusqlite::Error),
    /// The folder or disk does not allow it.
    #[error(transparent)]
    Io(anyhow::Error),
}

impl From<rusqlite::Error> for Unusable {
    fn from(error: rusqlite::Error) -> Self {
        match error.sqlite_error_code() {
            Some(ErrorCode::NotADatabase | ErrorCode::DatabaseCorrupt) => {
                Unusable::Foreign("is damaged or no SQLite file".to_owned())
            }
            Some(ErrorCode::DatabaseBusy | ErrorCode::DatabaseLocked) => Unusable::Busy(error),
            _ => Unusable::Io(error.into()),
        }
    }
}

/// Makes the tables where there are none; a cache of another version is emptied.
pub(super) fn prepare(conn: &Connection) -> Result<(), Unusable> {
    conn.execute_batch("PRAGMA page_size = 16384; PRAGMA foreign_keys = OFF;")?;
    let mode: String = conn.query_row("PRAGMA journal_mode = WAL", [], |r| r.get(0))?;
    debug_assert!(mode == "wal" || mode == "memory");
    // NORMAL never leaves a damaged cache; after a power cut the last import may have to be done again, which is what
    // a cache is for. The packs of events are synced before the cache speaks of them. Without a checkpoint at every
    // close a small run waits for no disk.
    conn.execute_batch(
        "PRAGMA synchronous = NORMAL; PRAGMA secure_delete = ON; PRAGMA wal_autocheckpoint = 400;",
    )?;
    conn.set_db_config(DbConfig::SQLITE_DBCONFIG_NO_CKPT_ON_CLOSE, true)?;
    let read = |name: &str| conn.query_row(&format!("PRAGMA {name}"), [], |r| r.get::<_, i32>(0));
    let (id, version) = (read("application_id")?, read("user_version")?);
    if id == APPLICATION_ID && version == VERSION {
        return Ok(());
    }
    let tables: i64 = conn.query_row("SELECT count(*) FROM sqlite_schema", [], |r| r.get(0))?;
    if id != APPLICATION_ID && tables > 0 {
        return Err(Unusable::Foreign("is not a crosscheck cache".to_owned()));
    }
    conn.execute_batch("BEGIN IMMEDIATE")?;
    // Another run may have made the tables while this one waited.
    let made = (|| {
        if read("application_id")? == APPLICATION_ID && read("user_version")? == VERSION {
            return Ok(());
        }
        let names: Vec<String> = conn
            .prepare("SELECT name FROM sqlite_schema WHERE type = 'table' AND name NOT LIKE 'sqlite_%'")?
            .query_map([], |r| r.get(0))?
            .collect::<Result<_, _>>()?;
        for name in names {
            conn.execute_batch(&format!("DROP TABLE {}", quoted(&name)))?;
        }
        conn.execute_batch(&ddl())
    })();
    match made {
        Ok(()) => conn.execute_batch("COMMIT").map_err(Unusable::from),
        Err(error) => {
            let _ = conn.execute_batch("ROLLBACK");
            Err(error.into())
        }
    }
}

fn quoted(name: &str) -> String {
    format!("\"{}\"", name.replace('"', "\"\""))
}

fn ddl() -> String {
    format!(
        "PRAGMA application_id = {APPLICATION_ID};
         PRAGMA user_version = {VERSION};
         CREATE TABLE path(path TEXT PRIMARY KEY, size INTEGER, mtime INTEGER, ctime INTEGER, inode INTEGER,
             settled INTEGER NOT NULL, recipe TEXT NOT NULL, content INTEGER NOT NULL, registered INTEGER NOT NULL,
             companions TEXT NOT NULL);
         CREATE TABLE content(id INTEGER PRIMARY KEY AUTOINCREMENT, digest TEXT NOT NULL, recipe TEXT NOT NULL, profile TEXT,
             pack TEXT, warnings TEXT NOT NULL, problems TEXT NOT NULL, UNIQUE(digest, recipe));
         CREATE TABLE part(id INTEGER PRIMARY KEY, content INTEGER NOT NULL, dataset TEXT NOT NULL,
             rows INTEGER NOT NULL, loaded INTEGER NOT NULL, rejected INTEGER NOT NULL, filtered INTEGER NOT NULL,
             oldest TEXT, newest TEXT, present TEXT NOT NULL, system TEXT, distinct_keys INTEGER NOT NULL, series BLOB);
         CREATE INDEX part_content ON part(content);
         CREATE TABLE reject(part INTEGER NOT NULL, n INTEGER NOT NULL, line INTEGER NOT NULL, column TEXT,
             value TEXT, reason TEXT NOT NULL, PRIMARY KEY(part, n)) WITHOUT ROWID;
         CREATE TABLE memo(id INTEGER PRIMARY KEY AUTOINCREMENT, key BLOB NOT NULL UNIQUE, value BLOB NOT NULL);
         {};
         {};
         {};\n",
        super::purge::TABLE,
        super::blocks::TABLE,
        super::rows::TABLE
    )
}
