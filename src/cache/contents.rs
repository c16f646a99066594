//! Which files were read, and what was in them.

use super::{Cache, trouble::Replaced};
use crate::model::datasets::{self, Dataset};
use anyhow::Result;
use rusqlite::{OptionalExtension as _, params};
use std::collections::HashSet;

/// What the file system says of a file; equal stats mean an unchanged file.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Default)]
pub struct Stat {
    /// Bytes.
    pub size: i64,
    /// Last change of the bytes, nanoseconds since 1970.
    pub mtime: i64,
    /// Last change of the entry, nanoseconds since 1970.
    pub ctime: i64,
    /// The file's number on its disk.
    pub inode: i64,
}

/// What the cache knows of a path.
#[derive(Clone, Debug)]
pub struct KnownPath {
    /// The path, absolute.
    pub path: String,
    /// How the file was when it was read.
    pub stat: Stat,
    /// It had not been modified for two seconds when it was read, so that equal stats mean equal bytes.
    pub settled: bool,
    /// How it was read.
    pub recipe: String,
    /// Its content's id.
    pub content: i64,
    /// Named by `crosscheck import`.
    pub registered: bool,
    /// Path and digest of the files that gave it columns.
    pub companions: Vec<(String, String)>,
}

/// One file among those that a run was given.
#[derive(Clone, Debug)]
pub struct Input {
    /// As it was named.
    pub file: String,
    /// What it holds.
    pub content: Content,
    /// The zone its timestamps without an offset were written in, where a `[[source]]` says one.
    pub zone: Option<chrono_tz::Tz>,
}

/// One dataset of a content.
#[derive(Clone, Debug)]
pub struct Part {
    /// Its id in the cache.
    pub id: i64,
    /// The dataset.
    pub dataset: &'static Dataset,
    /// Records found: loaded + rejected + filtered.
    pub rows: u64,
    /// Records kept.
    pub loaded: u64,
    /// Records that could not be used.
    pub rejected: u64,
    /// Records that the profile leaves out.
    pub filtered: u64,
    /// The least event time, canonical text.
    pub oldest: Option<String>,
    /// The greatest event time, canonical text.
    pub newest: Option<String>,
    /// Positions of the columns that the export has.
    pub present: Vec<usize>,
    /// The system whose ids it carries, where a profile says so.
    pub system: Option<String>,
    /// The pack that its rows lie in, if they are many.
    pub pack: Option<String>,
    /// Whether no two of its rows have the same key as it is written in the export; false where that is not known.
    pub distinct_keys: bool,
}

impl Part {
    /// A part without rows.
    pub fn new(id: i64, dataset: &'static Dataset) -> Part {
        Part {
            id,
            dataset,
            rows: 0,
            loaded: 0,
            rejected: 0,
            filtered: 0,
            oldest: None,
            newest: None,
            present: Vec::new(),
            system: None,
            pack: None,
            distinct_keys: false,
        }
    }
}

/// A file's bytes, read in one way.
#[derive(Clone, Debug)]
pub struct Content {
    /// Its id in the cache.
    pub id: i64,
    /// BLAKE3 of the bytes, hexadecimal.
    pub digest: String,
    /// How it was read.
    pub recipe: String,
    /// The profile that mapped it.
    pub profile: Option<String>,
    /// The pack file's name, where the event blocks lie in one.
    pub pack: Option<String>,
    /// What a person should know of how it was read.
    pub warnings: Vec<String>,
    /// Why it cannot be trusted as it is: code and message.
    pub problems: Vec<(String, String)>,
    /// Its datasets.
    pub parts: Vec<Part>,
}

/// A content about to be stored, without the ids that the cache gives.
#[derive(Clone, Debug, Default)]
pub struct ContentDraft {
    /// BLAKE3 of the bytes, hexadecimal.
    pub digest: String,
    /// How it was read.
    pub recipe: String,
    /// The profile that mapped it.
    pub profile: Option<String>,
    /// See [`Content::warnings`].
    pub warnings: Vec<String>,
    /// See [`Content::problems`].
    pub problems: Vec<(String, String)>,
}

/// A record that could not be used.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Reject {
    /// Line in the file, from 1.
    pub line: u64,
    /// The column, where one is at fault.
    pub column: Option<String>,
    /// The value, masked where it is personal.
    pub value: Option<String>,
    /// What is wrong and the remedy.
    pub reason: String,
}

fn to_u64(n: i64) -> u64 {
    u64::try_from(n).unwrap_or(0)
}

fn to_i64(n: u64) -> i64 {
    i64::try_from(n).unwrap_or(i64::MAX)
}

impl Cache {
    /// What is known of a path.
    pub fn known(&self, path: &str) -> Result<Option<KnownPath>> {
        let mut statement = self.conn.prepare_cached("SELECT * FROM path WHERE path = ?1")?;
        Ok(statement.query_row([path], known_path).optional()?)
    }

    /// Every path that `import` has registered, in their order by name.
    pub fn registered(&self) -> Result<Vec<KnownPath>> {
        let mut statement =
            self.conn.prepare_cached("SELECT * FROM path WHERE registered = 1 ORDER BY path")?;
        let found = statement.query_map([], known_path)?.collect::<Result<_, _>>()?;
        Ok(found)
    }

    /// Every path in the cache.
    pub fn paths(&self) -> Result<Vec<KnownPath>> {
        let mut statement = self.conn.prepare_cached("SELECT * FROM path ORDER BY path")?;
        let found = statement.query_map([], known_path)?.collect::<Result<_, _>>()?;
        Ok(found)
    }

    /// A content with its parts.
    pub fn content(&self, id: i64) -> Result<Content> {
        let mut statement = self.conn.prepare_cached(
            "SELECT digest, profile, pack, warnings, problems, recipe FROM content WHERE id = ?1",
        )?;
        let mut content = statement
            .query_row([id], |r| {
                let warnings: String = r.get(3)?;
                let problems: String = r.get(4)?;
                Ok(Content {
                    id,
                    digest: r.get(0)?,
                    recipe: r.get(5)?,
                    profile: r.get(1)?,
                    pack: r.get(2)?,
                    warnings: serde_json::from_str(&warnings).unwrap_or_default(),
                    problems: serde_json::from_str(&problems).unwrap_or_default(),
                    parts: Vec::new(),
                })
            })
            .optional()?
            .ok_or(Replaced)?;
        let mut statement = self.conn.prepare_cached(
            "SELECT id, dataset, rows, loaded, rejected, filtered, oldest, newest, present, system, distinct_keys
             FROM part WHERE content = ?1 ORDER BY id",
        )?;
        let mut rows = statement.query([id])?;
        while let Some(r) = rows.next()? {
            let name: String = r.get(1)?;
            let Some(dataset) = datasets::find(&name) else { continue };
            let present: String = r.get(8)?;
            content.parts.push(Part {
                id: r.get(0)?,
                dataset,
                rows: to_u64(r.get(2)?),
                loaded: to_u64(r.get(3)?),
                rejected: to_u64(r.get(4)?),
                filtered: to_u64(r.get(5)?),
                oldest: r.get(6)?,
                newest: r.get(7)?,
                present: present.split(' ').filter_map(|c| dataset.position(c)).collect(),
                system: r.get(9)?,
                pack: content.pack.clone(),
                distinct_keys: r.get(10)?,
            });
        }
        Ok(content)
    }

    /// Whether a content is still there.
    pub(super) fn holds(&self, id: i64) -> Result<bool> {
        let mut statement = self.conn.prepare_cached("SELECT 1 FROM content WHERE id = ?1")?;
        Ok(statement.exists([id])?)
    }

    /// Whether a content is there, and its pack as well, where it has one.
    pub fn whole(&self, id: i64) -> Result<bool> {
        let mut statement = self.conn.prepare_cached("SELECT pack FROM content WHERE id = ?1")?;
        let pack: Option<Option<String>> = statement.query_row([id], |r| r.get(0)).optional()?;
        Ok(pack.is_some_and(|pack| pack.is_none_or(|name| self.dir.join(name).is_file())))
    }

    /// The content of these bytes read in this way, if it is there.
    pub fn find_content(&self, digest: &str, recipe: &str) -> Result<Option<i64>> {
        let mut statement =
            self.conn.prepare_cached("SELECT id FROM content WHERE digest = ?1 AND recipe = ?2")?;
        Ok(statement.query_row([digest, recipe], |r| r.get(0)).optional()?)
    }

    /// Makes an empty content that nothing finds until [`Cache::finish_content`] names it.
    pub fn begin_content(&self) -> Result<i64> {
        let mut statement = self.conn.prepare_cached(
            "INSERT INTO content(digest, recipe, warnings, problems)
             VALUES ('unfinished', lower(hex(randomblob(16))), '[]', '[]')",
        )?;
        Ok(statement.insert([])?)
    }

    /// Names a content whose rows are all in.
    pub fn finish_content(&self, id: i64, draft: &ContentDraft, pack: Option<&str>) -> Result<()> {
        self.conn.prepare_cached(
            "UPDATE content SET digest = ?2, recipe = ?3, profile = ?4, pack = ?5, warnings = ?6, problems = ?7
             WHERE id = ?1",
        )?
        .execute(params![
            id,
            draft.digest,
            draft.recipe,
            draft.profile,
            pack,
            to_json(&draft.warnings),
            to_json(&draft.problems)
        ])?;
        Ok(())
    }

    /// Makes an empty part.
    pub fn begin_part(&self, content: i64, dataset: &Dataset) -> Result<i64> {
        let mut statement = self.conn.prepare_cached(
            "INSERT INTO part(content, dataset, rows, loaded, rejected, filtered, present, distinct_keys)
             VALUES (?1, ?2, 0, 0, 0, 0, '', 0)",
        )?;
        Ok(statement.insert(params![content, dataset.name])?)
    }

    /// Writes a part's figures and, for events, its series; for folded rows what stands behind their counts.
    pub fn finish_part(&self, part: &Part, series: Option<&[u8]>) -> Result<()> {
        let present: Vec<&str> = part.present.iter().map(|&i| part.dataset.columns[i].name).collect();
        self.conn
            .prepare_cached(
                "UPDATE part SET rows = ?2, loaded = ?3, rejected = ?4, filtered = ?5, oldest = ?6, newest = ?7,
                 present = ?8, system = ?9, distinct_keys = ?10, series = ?11 WHERE id = ?1",
            )?
            .execute(params![
                part.id,
                to_i64(part.rows),
                to_i64(part.loaded),
                to_i64(part.rejected),
                to_i64(part.filtered),
                part.oldest,
                part.newest,
                present.join(" "),
                part.system,
                part.distinct_keys,
                series
            ])?;
        Ok(())
    }

    /// The packed series table of an events part; of a part of folded rows what stands behind them.
    pub fn series(&self, part: i64) -> Result<Vec<u8>> {
        let mut statement = self.conn.prepare_cached("SELECT series FROM part WHERE id = ?1")?;
        Ok(statement.query_row([part], |r| r.get::<_, Option<Vec<u8>>>(0))?.unwrap_or_default())
    }

    /// Adds rejects; `n` numbers them within the part.
    pub fn insert_rejects(&self, part: i64, first: u64, rejects: &[Reject]) -> Result<()> {
        let mut statement = self.conn.prepare_cached("INSERT INTO reject VALUES (?1, ?2, ?3, ?4, ?5, ?6)")?;
        for (n, r) in (first..).zip(rejects) {
            statement.execute(params![part, to_i64(n), to_i64(r.line), r.column, r.value, r.reason])?;
        }
        Ok(())
    }

    /// A part's rejects, in the file's order, at most `limit`.
    pub fn rejects(&self, part: i64, limit: usize) -> Result<Vec<Reject>> {
        let mut statement = self.conn.prepare_cached(
            "SELECT line, column, value, reason FROM reject WHERE part = ?1 ORDER BY n LIMIT ?2",
        )?;
        let limit = i64::try_from(limit).unwrap_or(i64::MAX);
        let found = statement
            .query_map([part, limit], |r| {
                Ok(Reject { line: to_u64(r.get(0)?), column: r.get(1)?, value: r.get(2)?, reason: r.get(3)? })
            })?
            .collect::<Result<_, _>>()?;
        Ok(found)
    }

    /// Says which content a path has now.
    pub fn point(&self, known: &KnownPath) -> Result<()> {
        self.conn
            .prepare_cached(
                "INSERT INTO path VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10)
                 ON CONFLICT(path) DO UPDATE SET size = ?2, mtime = ?3, ctime = ?4, inode = ?5, settled = ?6,
                 recipe = ?7, content = ?8, registered = max(registered, ?9), companions = ?10",
            )?
            .execute(params![
                known.path,
                known.stat.size,
                known.stat.mtime,
                known.stat.ctime,
                known.stat.inode,
                known.settled,
                known.recipe,
                known.content,
                known.registered,
                to_json(&known.companions)
            ])?;
        Ok(())
    }

    /// Forgets a path.
    pub fn forget(&self, path: &str) -> Result<()> {
        self.conn.prepare_cached("DELETE FROM path WHERE path = ?1")?.execute([path])?;
        Ok(())
    }

    /// Runs `f` so that an error takes back what it wrote, and nothing else of the transaction.
    pub fn nested<T, E: From<anyhow::Error>>(&self, f: impl FnOnce() -> Result<T, E>) -> Result<T, E> {
        let run = |sql: &str| self.conn.execute_batch(sql).map_err(|e| E::from(e.into()));
        run("SAVEPOINT nested")?;
        match f() {
            Ok(value) => {
                run("RELEASE nested")?;
                Ok(value)
            }
            Err(error) => {
                // Where this fails, SQLite has taken back the whole transaction, and the first error says why.
                let _ = self.conn.execute_batch("ROLLBACK TO nested; RELEASE nested");
                Err(error)
            }
        }
    }

    /// Removes a content: an unfinished one that turned out to be there already, or one whose pack is gone.
    pub fn discard(&self, content: i64) -> Result<()> {
        self.delete_content(content)
    }

    /// Removes contents that no path has any more; the names of their pack files, and of those that a killed run
    /// left behind, are returned, to be removed once the transaction is through.
    pub fn collect(&self) -> Result<Vec<String>> {
        let dead: Vec<(i64, Option<String>)> = self
            .conn
            .prepare_cached("SELECT id, pack FROM content WHERE id NOT IN (SELECT content FROM path)")?
            .query_map([], |r| Ok((r.get(0)?, r.get(1)?)))?
            .collect::<Result<_, _>>()?;
        let mut packs = Vec::new();
        for (id, pack) in dead {
            self.delete_content(id)?;
            packs.extend(pack);
        }
        packs.extend(self.orphans()?);
        Ok(packs)
    }

    /// Pack files that belong to no content. Packs are made in write transactions, of which this is the only one.
    fn orphans(&self) -> Result<Vec<String>> {
        let kept: HashSet<String> = self
            .conn
            .prepare_cached("SELECT pack FROM content WHERE pack IS NOT NULL")?
            .query_map([], |r| r.get(0))?
            .collect::<Result<_, _>>()?;
        let Ok(entries) = std::fs::read_dir(&self.dir) else { return Ok(Vec::new()) };
        let names = entries.flatten().filter_map(|e| e.file_name().into_string().ok());
        let pack = |n: &String| n.trim_start_matches('.').starts_with("pack-") && n.ends_with(".sqlite");
        Ok(names.filter(|n| pack(n) && !kept.contains(n)).collect())
    }

    fn delete_content(&self, id: i64) -> Result<()> {
        let parts: Vec<(i64, String)> = self
            .conn
            .prepare_cached("SELECT id, dataset FROM part WHERE content = ?1")?
            .query_map([id], |r| Ok((r.get(0)?, r.get(1)?)))?
            .collect::<Result<_, _>>()?;
        for (part, dataset) in parts {
            self.delete_rows(part, &dataset)?;
            self.conn.prepare_cached("DELETE FROM reject WHERE part = ?1")?.execute([part])?;
            self.conn.prepare_cached("DELETE FROM part WHERE id = ?1")?.execute([part])?;
        }
        self.delete_blocks(id)?;
        self.conn.prepare_cached("DELETE FROM content WHERE id = ?1")?.execute([id])?;
        Ok(())
    }

    /// Removes pack files that [`Cache::collect`] named.
    pub fn remove_packs(&self, names: &[String]) {
        for name in names {
            // A run that still reads it keeps its open file; one that cannot be removed is only waste.
            let _ = std::fs::remove_file(self.dir.join(name));
        }
    }
}

fn to_json<T: serde::Serialize>(list: &[T]) -> String {
    serde_json::to_string(list).unwrap_or_else(|_| "[]".to_owned())
}

fn known_path(r: &rusqlite::Row<'_>) -> rusqlite::Result<KnownPath> {
    Ok(KnownPath {
        path: r.get(0)?,
        stat: Stat { size: r.get(1)?, mtime: r.get(2)?, ctime: r.get(3)?, inode: r.get(4)? },
        settled: r.get(5)?,
        recipe: r.get(6)?,
        content: r.get(7)?,
        registered: r.get(8)?,
        companions: serde_json::from_str(&r.get::<_, String>(9)?).unwrap_or_default(),
    })
}
