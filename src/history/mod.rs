//! What earlier runs found: a SQLite database of its own beside the cache. It names rusqlite like the cache does,
//! and is kept apart from it since a cache can be thrown away and a history cannot be made again.
//!
//! A *run* is one check's report on one occasion. Its *scope* stands for the check, the paths and the options: only
//! runs of one scope are compared. Findings are kept as they were printed, masked like there; of those that persist
//! from night to night one *body* serves all runs.
//!
//! Nothing here deletes. A run is appended in one short transaction; until its end others see none of it, and a
//! process that is killed leaves none.

mod schema;

use crate::{
    cache::{private_dir, private_file},
    report::{State, earlier::EarlierFinding},
};
use rusqlite::{Connection, OpenFlags, OptionalExtension as _, Row, params};
use serde::{Deserialize, Serialize};
use std::{
    path::{Path, PathBuf},
    time::Duration,
};
use thiserror::Error;

/// The history's file in its folder.
const FILE: &str = "history.db";

/// How long a run waits for another one's append.
const BUSY: Duration = Duration::from_secs(60);

/// So many runs back is looked for one to compare with.
const LOOK_BACK: u32 = 400;

/// Why there is no history to use.
#[derive(Debug, Error)]
pub enum HistoryError {
    /// Not made by this program: it is left as it is.
    #[error("it is not a crosscheck history; move it away, or name another folder with --cache")]
    Foreign,
    /// Made by a later version: it is left as it is.
    #[error("a later crosscheck wrote it (version {version}, this one knows {wanted}); use that one")]
    Later {
        /// That of the file.
        version: usize,
        /// The last that is known.
        wanted: usize,
    },
    /// What SQLite says.
    #[error(transparent)]
    Sqlite(#[from] rusqlite::Error),
    /// The folder or disk does not allow it.
    #[error(transparent)]
    Io(#[from] anyhow::Error),
    /// A finding in it cannot be read.
    #[error("it holds a finding that cannot be read: {0}")]
    Json(#[from] serde_json::Error),
}

type Result<T> = std::result::Result<T, HistoryError>;

/// Check, paths and options in one.
pub type Scope = [u8; 32];

/// One run, to be appended.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Entry {
    /// The check.
    pub check: String,
    /// What it may be compared with.
    pub scope: Scope,
    /// The moment it was told for, RFC 3339.
    pub as_of: String,
    /// The exports as they were named.
    pub paths: Vec<String>,
    /// `pass`, `findings`, `partly_judged`, `not_judged`.
    pub verdict: String,
    /// Of the process.
    pub exit_code: u8,
    /// Whether the data could be trusted and anything was judged; else nothing is compared with it.
    pub trusted: bool,
    /// The rules that lacked data, by code, sorted.
    pub lacking: Vec<String>,
    /// Live findings: errors, warnings, infos; and those that are waived.
    pub counts: [u64; 4],
    /// Digest of what later runs compare with.
    pub content: [u8; 32],
    /// The report without findings and rows, JSON.
    pub report: String,
    /// The findings.
    pub findings: Vec<Told>,
}

/// One finding of a run.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Told {
    /// Its fingerprint.
    pub fingerprint: String,
    /// Its state in that run.
    pub state: String,
    /// The whole finding, JSON, its state told as `new`: so that the same finding of two runs is the same text.
    pub json: String,
}

/// One run, as it is listed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Run {
    /// Rises with every run.
    pub id: i64,
    /// The check.
    pub check: String,
    /// What it may be compared with.
    pub scope: Scope,
    /// When it ran, RFC 3339 in UTC, by the clock.
    pub at: String,
    /// The moment it was told for.
    pub as_of: String,
    /// The exports as they were named.
    pub paths: Vec<String>,
    /// Its verdict.
    pub verdict: String,
    /// Its exit code.
    pub exit_code: u8,
    /// Whether later runs are compared with it.
    pub trusted: bool,
    /// The rules that lacked data.
    pub lacking: Vec<String>,
    /// Live findings: errors, warnings, infos; and those that are waived.
    pub counts: [u64; 4],
    /// Digest of what later runs compare with.
    pub content: [u8; 32],
}

const RUN: &str = "id, check_name, scope, at, as_of, paths, verdict, exit_code, trusted, lacking, errors, warnings, \
                   infos, waived, content";

/// The run to compare with: the newest that judged every rule that can be judged now, so that what one night's
/// missing export has hidden is not new the night after; where there is none, the newest. Of [`History::candidates`].
pub fn comparable<'r>(candidates: &'r [Run], lacking: &[String]) -> Option<&'r Run> {
    let as_whole = |run: &&Run| run.lacking.iter().all(|code| lacking.contains(code));
    candidates.iter().find(as_whole).or(candidates.first())
}

/// An open history.
pub struct History {
    conn: Connection,
}

impl History {
    /// Opens the history in a folder; both are made, readable by their owner alone, where they do not exist.
    pub fn open(dir: &Path) -> Result<History> {
        private_dir(dir)?;
        let path = History::path(dir);
        private_file(&path).map_err(anyhow::Error::from)?;
        let flags = OpenFlags::SQLITE_OPEN_READ_WRITE | OpenFlags::SQLITE_OPEN_NO_MUTEX;
        let mut conn = Connection::open_with_flags(&path, flags)?;
        conn.busy_timeout(BUSY)?;
        schema::prepare(&mut conn)?;
        Ok(History { conn })
    }

    /// Where the history of a folder lies.
    pub fn path(dir: &Path) -> PathBuf {
        dir.join(FILE)
    }

    /// Appends runs: all of them, or none. `at` is when they took place, RFC 3339 in UTC; `version` the program's.
    pub fn append(&mut self, entries: &[Entry], at: &str, version: &str) -> Result<()> {
        let change = self.conn.transaction_with_behavior(rusqlite::TransactionBehavior::Immediate)?;
        for e in entries {
            let [errors, warnings, infos, waived] = e.counts;
            change.execute(
                "INSERT INTO run(check_name, scope, at, as_of, version, paths, verdict, exit_code, trusted, lacking,
                     errors, warnings, infos, waived, content, report)
                 VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12, ?13, ?14, ?15, ?16)",
                params![
                    e.check,
                    e.scope.as_slice(),
                    at,
                    e.as_of,
                    version,
                    serde_json::to_string(&e.paths)?,
                    e.verdict,
                    e.exit_code,
                    e.trusted,
                    e.lacking.join(" "),
                    errors.cast_signed(),
                    warnings.cast_signed(),
                    infos.cast_signed(),
                    waived.cast_signed(),
                    e.content.as_slice(),
                    e.report,
                ],
            )?;
            let run = change.last_insert_rowid();
            let mut find = change.prepare_cached("SELECT id FROM body WHERE digest = ?1")?;
            let mut add =
                change.prepare_cached("INSERT INTO body(digest, fingerprint, json) VALUES (?1, ?2, ?3)")?;
            let mut note =
                change.prepare_cached("INSERT INTO finding(run, n, body, state) VALUES (?1, ?2, ?3, ?4)")?;
            for (n, told) in e.findings.iter().enumerate() {
                let digest = blake3::hash(told.json.as_bytes());
                let known: Option<i64> =
                    find.query_row([digest.as_bytes().as_slice()], |r| r.get(0)).optional()?;
                let body = match known {
                    Some(id) => id,
                    None => add.insert(params![digest.as_bytes().as_slice(), told.fingerprint, told.json])?,
                };
                note.execute(params![run, i64::try_from(n).unwrap_or(i64::MAX), body, told.state])?;
            }
        }
        change.commit()?;
        Ok(())
    }

    /// The runs that one of this scope may be compared with, newest first: of those whose data could be trusted the
    /// newest for each set of rules that lacked data. With `before` only those before that run.
    pub fn candidates(&self, scope: &Scope, before: Option<i64>) -> Result<Vec<Run>> {
        let sql = format!(
            "SELECT {RUN} FROM run WHERE scope = ?1 AND trusted = 1 AND id < ?3 ORDER BY id DESC LIMIT ?2"
        );
        let mut newest: Vec<Run> = Vec::new();
        let mut statement = self.conn.prepare_cached(&sql)?;
        let mut rows = statement.query(params![scope.as_slice(), LOOK_BACK, before.unwrap_or(i64::MAX)])?;
        while let Some(row) = rows.next()? {
            let run = run(row)?;
            if newest.iter().all(|r| r.lacking != run.lacking) {
                newest.push(run);
            }
        }
        Ok(newest)
    }

    /// The last runs, newest first, of one check or of all.
    pub fn runs(&self, check: Option<&str>, most: u64) -> Result<Vec<Run>> {
        let sql =
            format!("SELECT {RUN} FROM run WHERE ?1 IS NULL OR check_name = ?1 ORDER BY id DESC LIMIT ?2");
        let mut statement = self.conn.prepare(&sql)?;
        let rows = statement.query_map(params![check, i64::try_from(most).unwrap_or(i64::MAX)], run)?;
        Ok(rows.collect::<rusqlite::Result<_>>()?)
    }

    /// The findings of a run, in the order in which they were printed.
    pub fn findings(&self, run: i64) -> Result<Vec<EarlierFinding>> {
        let mut statement = self.conn.prepare_cached(
            "SELECT b.json, f.state FROM finding f JOIN body b ON b.id = f.body WHERE f.run = ?1 ORDER BY f.n",
        )?;
        let mut rows = statement.query([run])?;
        let mut found = Vec::new();
        while let Some(row) = rows.next()? {
            found.push(finding(row)?);
        }
        Ok(found)
    }

    /// The findings whose fingerprint begins so, each as it was last seen, with its run and since when it has been
    /// known; at most a few.
    pub fn find(&self, beginning: &str) -> Result<Vec<(EarlierFinding, Run, String)>> {
        let mut statement = self.conn.prepare(
            "SELECT b.json, f.state, max(f.run), (SELECT min(r.at) FROM finding g JOIN body c ON c.id = g.body
                 JOIN run r ON r.id = g.run WHERE c.fingerprint = b.fingerprint)
             FROM body b JOIN finding f ON f.body = b.id
             WHERE b.fingerprint >= ?1 AND b.fingerprint < ?1 || 'g' GROUP BY b.fingerprint LIMIT 20",
        )?;
        let mut rows = statement.query([beginning])?;
        let mut found = Vec::new();
        while let Some(row) = rows.next()? {
            let id: i64 = row.get(2)?;
            let sql = format!("SELECT {RUN} FROM run WHERE id = ?1");
            found.push((finding(row)?, self.conn.query_row(&sql, [id], run)?, row.get(3)?));
        }
        Ok(found)
    }

    /// The report of the newest run of a check, of any scope, that satisfies a condition: JSON without findings and
    /// rows, and the moment it was told for.
    pub fn last_report<T>(
        &self,
        check: &str,
        wanted: impl Fn(&serde_json::Value) -> Option<T>,
    ) -> Result<Option<(T, String)>> {
        let mut statement = self.conn.prepare_cached(
            "SELECT report, as_of FROM run WHERE check_name = ?1 ORDER BY id DESC LIMIT ?2",
        )?;
        let mut rows = statement.query(params![check, LOOK_BACK])?;
        while let Some(row) = rows.next()? {
            let report: serde_json::Value = serde_json::from_str(&row.get::<_, String>(0)?)?;
            if let Some(found) = wanted(&report) {
                return Ok(Some((found, row.get(1)?)));
            }
        }
        Ok(None)
    }
}

/// What was taken out of a history.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Purged {
    /// Findings, each counted once however many runs had it.
    pub findings: u64,
    /// Runs whose paths or figures were taken out; when they ran and what they came to stays.
    pub runs: u64,
}

impl History {
    /// Takes out every finding in which `holds` finds somebody, and the paths and figures of runs where it does; then
    /// writes the file anew, so that nothing of them is left in it.
    pub fn purge(&mut self, holds: &dyn Fn(&str) -> bool) -> Result<Purged> {
        let mut purged = Purged::default();
        let change = self.conn.transaction_with_behavior(rusqlite::TransactionBehavior::Immediate)?;
        let texts = |sql: &str| -> Result<Vec<i64>> {
            let mut statement = change.prepare(sql)?;
            let mut rows = statement.query([])?;
            let mut found = Vec::new();
            while let Some(row) = rows.next()? {
                let json: serde_json::Value = serde_json::from_str(&row.get::<_, String>(1)?)?;
                if anywhere(&json, holds) {
                    found.push(row.get(0)?);
                }
            }
            Ok(found)
        };
        for body in texts("SELECT id, json FROM body")? {
            change.execute("DELETE FROM finding WHERE body = ?1", [body])?;
            change.execute("DELETE FROM body WHERE id = ?1", [body])?;
            purged.findings += 1;
        }
        let mut runs = texts("SELECT id, paths FROM run")?;
        for run in &runs {
            change.execute("UPDATE run SET paths = '[]' WHERE id = ?1", [run])?;
        }
        let reports = texts("SELECT id, report FROM run")?;
        for run in &reports {
            change.execute("UPDATE run SET report = '{}' WHERE id = ?1", [run])?;
        }
        runs.extend(reports);
        runs.sort_unstable();
        runs.dedup();
        purged.runs = runs.len() as u64;
        change.commit()?;
        self.conn.execute_batch("VACUUM")?;
        let busy: i64 = self.conn.query_row("PRAGMA wal_checkpoint(TRUNCATE)", [], |r| r.get(0))?;
        if busy != 0 {
            let still =
                "another run reads the history, so bytes may be left in its log; run --purge-cache again";
            return Err(anyhow::anyhow!(still).into());
        }
        Ok(purged)
    }
}

/// Whether a text is found in any string of a JSON value, keys included.
fn anywhere(value: &serde_json::Value, holds: &dyn Fn(&str) -> bool) -> bool {
    use serde_json::Value;
    match value {
        Value::String(text) => holds(text),
        Value::Array(list) => list.iter().any(|v| anywhere(v, holds)),
        Value::Object(map) => map.iter().any(|(key, v)| holds(key) || anywhere(v, holds)),
        _ => false,
    }
}

fn finding(row: &Row<'_>) -> Result<EarlierFinding> {
    let mut finding: EarlierFinding = serde_json::from_str(&row.get::<_, String>(0)?)?;
    let state: String = row.get(1)?;
    let states = [State::New, State::Worsened, State::Persisting, State::Waived];
    finding.state = states.into_iter().find(|s| s.name() == state).unwrap_or(State::New);
    Ok(finding)
}

fn run(row: &Row<'_>) -> rusqlite::Result<Run> {
    let count = |at: usize| row.get::<_, i64>(at).map(i64::cast_unsigned);
    let paths: String = row.get(5)?;
    let lacking: String = row.get(9)?;
    Ok(Run {
        id: row.get(0)?,
        check: row.get(1)?,
        scope: row.get(2)?,
        at: row.get(3)?,
        as_of: row.get(4)?,
        paths: serde_json::from_str(&paths).unwrap_or_default(),
        verdict: row.get(6)?,
        exit_code: row.get(7)?,
        trusted: row.get(8)?,
        lacking: lacking.split_whitespace().map(str::to_owned).collect(),
        counts: [count(10)?, count(11)?, count(12)?, count(13)?],
        content: row.get(14)?,
    })
}
