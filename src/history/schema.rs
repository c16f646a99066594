//! The history's tables, and how an older history becomes one of this version.

use super::HistoryError;
use rusqlite::{Connection, config::DbConfig};

/// `XHIS`: tells a crosscheck history from any other SQLite file.
const APPLICATION_ID: i32 = 0x5848_4953;

/// What each version adds to the one before; a new history takes all of them. Never changed once released, only
/// added to: `user_version` counts those that a file has had.
const MIGRATIONS: &[&str] = &["
    CREATE TABLE run(
        id INTEGER PRIMARY KEY AUTOINCREMENT,
        check_name TEXT NOT NULL,
        scope BLOB NOT NULL,
        at TEXT NOT NULL,
        as_of TEXT NOT NULL,
        version TEXT NOT NULL,
        paths TEXT NOT NULL,
        verdict TEXT NOT NULL,
        exit_code INTEGER NOT NULL,
        trusted INTEGER NOT NULL,
        lacking TEXT NOT NULL,
        errors INTEGER NOT NULL,
        warnings INTEGER NOT NULL,
        infos INTEGER NOT NULL,
        waived INTEGER NOT NULL,
        content BLOB NOT NULL,
        report TEXT NOT NULL);
    CREATE INDEX run_scope ON run(scope, id);
    CREATE INDEX run_check ON run(check_name, id);
    CREATE TABLE body(
        id INTEGER PRIMARY KEY,
        digest BLOB NOT NULL UNIQUE,
        fingerprint TEXT NOT NULL,
        json TEXT NOT NULL);
    CREATE INDEX body_fingerprint ON body(fingerprint);
    CREATE TABLE finding(
        run INTEGER NOT NULL REFERENCES run(id),
        n INTEGER NOT NULL,
        body INTEGER NOT NULL REFERENCES body(id),
        state TEXT NOT NULL,
        PRIMARY KEY(run, n)) WITHOUT ROWID;
    CREATE INDEX finding_body ON finding(body, run);
"];

/// Brings the file to this version; an error where it is another program's, or a later version's.
///
/// FULL: a run that has told its result is in the history even if the power fails the moment after.
pub(super) fn prepare(conn: &mut Connection) -> Result<(), HistoryError> {
    conn.execute_batch("PRAGMA foreign_keys = ON; PRAGMA secure_delete = ON;")?;
    let (id, version, tables) = state(conn)?;
    if id != APPLICATION_ID && tables > 0 {
        return Err(HistoryError::Foreign);
    }
    let wanted = MIGRATIONS.len();
    if version > wanted {
        return Err(HistoryError::Later { version, wanted });
    }
    let mode: String = conn.query_row("PRAGMA journal_mode = WAL", [], |r| r.get(0))?;
    debug_assert_eq!(mode, "wal");
    conn.execute_batch("PRAGMA synchronous = FULL;")?;
    conn.set_db_config(DbConfig::SQLITE_DBCONFIG_NO_CKPT_ON_CLOSE, true)?;
    if version == wanted {
        return Ok(());
    }
    let change = conn.transaction_with_behavior(rusqlite::TransactionBehavior::Immediate)?;
    // Another run may have done it while this one waited.
    let (_, version, _) = state(&change)?;
    for migration in MIGRATIONS.iter().skip(version) {
        change.execute_batch(migration)?;
    }
    change.execute_batch(&format!(
        "PRAGMA application_id = {APPLICATION_ID}; PRAGMA user_version = {wanted};"
    ))?;
    change.commit()?;
    Ok(())
}

/// Application id, version, and how many tables there are.
fn state(conn: &Connection) -> Result<(i32, usize, i64), HistoryError> {
    let pragma = |name: &str| conn.query_row(&format!("PRAGMA {name}"), [], |r| r.get::<_, i32>(0));
    let version = usize::try_from(pragma("user_version")?).unwrap_or(usize::MAX);
    let tables = conn.query_row("SELECT count(*) FROM sqlite_schema", [], |r| r.get(0))?;
    Ok((pragma("application_id")?, version, tables))
}
