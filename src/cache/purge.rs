//! Removing people from the cache, so that no byte of them is left in its files.

use super::{BUSY, Cache};
use crate::model::datasets::Store;
use anyhow::{Result, bail};
use std::{fs, time::Duration};

pub(super) const TABLE: &str = "CREATE TABLE purged(digest TEXT PRIMARY KEY) WITHOUT ROWID";

/// How long runs that read the cache are waited for.
const PATIENCE: Duration = Duration::from_secs(30);

/// What was removed.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Purged {
    /// The paths of files whose content held somebody, as the cache knew them, sorted.
    pub holding: Vec<String>,
    /// Contents of usage events, which are packed and not looked into.
    pub events: u64,
}

impl Cache {
    /// Drops every content in which `holds` finds somebody, all remembered answers, and caches that were set aside;
    /// then writes the cache's file anew, so that nothing of them is left in it. Packed usage events are dropped
    /// unseen. A registered path stays registered and is read again by the next run.
    pub fn purge(&mut self, holds: &dyn Fn(&str) -> bool) -> Result<Purged> {
        let mut purged = Purged::default();
        let packs = self.write(|cache| {
            let contents: Vec<i64> = cache
                .conn
                .prepare("SELECT id FROM content ORDER BY id")?
                .query_map([], |r| r.get(0))?
                .collect::<Result<_, _>>()?;
            let mut packs = Vec::new();
            for id in contents {
                packs.extend(cache.purge_content(id, holds, &mut purged)?);
            }
            for known in cache.paths()?.iter().filter(|k| holds(&k.path)) {
                cache.forget(&known.path)?;
            }
            cache.conn.execute("DELETE FROM memo", [])?;
            packs.extend(cache.collect()?);
            Ok(packs)
        })?;
        self.remove_packs(&packs);
        self.remove_aside()?;
        self.rewrite()?;
        purged.holding.sort_unstable();
        Ok(purged)
    }

    /// Whether these bytes held somebody when the cache was last purged.
    pub fn was_purged(&self, digest: &str) -> Result<bool> {
        Ok(self.conn.prepare_cached("SELECT 1 FROM purged WHERE digest = ?1")?.exists([digest])?)
    }

    /// Drops one content where somebody is in it; the name of its pack is returned.
    fn purge_content(
        &self,
        id: i64,
        holds: &dyn Fn(&str) -> bool,
        purged: &mut Purged,
    ) -> Result<Option<String>> {
        let content = self.content(id)?;
        let mut found = content.warnings.iter().any(|w| holds(w));
        found |= content.problems.iter().any(|(_, message)| holds(message));
        let mut packed = false;
        for part in &content.parts {
            packed |= part.dataset.store != Store::Rows;
            if found {
                break;
            }
            let all: Vec<usize> = (0..part.dataset.columns.len()).collect();
            self.read_rows(part, &all, |_, _, cells| {
                found = found || cells.iter().flatten().any(|cell| holds(cell));
                Ok(())
            })?;
            let rejects = self.rejects(part.id, usize::MAX)?;
            found |= rejects.iter().any(|r| r.value.as_deref().is_some_and(holds) || holds(&r.reason));
        }
        if !found && !packed {
            return Ok(None);
        }
        let paths = self.paths()?;
        let own = paths.iter().filter(|k| k.content == id);
        if found {
            purged.holding.extend(own.clone().map(|k| k.path.clone()));
            self.conn.execute("INSERT OR IGNORE INTO purged VALUES (?1)", [&content.digest])?;
        } else {
            purged.events += 1;
        }
        self.discard(id)?;
        for known in own {
            self.forget(&known.path)?;
            if known.registered {
                // It points to nothing, as if it had never been read.
                let mut known = known.clone();
                (known.content, known.settled) = (self.begin_content()?, false);
                known.companions.clear();
                self.point(&known)?;
            }
        }
        Ok(content.pack)
    }

    /// Removes damaged caches that were set aside: what is in them cannot be looked through.
    fn remove_aside(&self) -> Result<()> {
        for entry in fs::read_dir(&self.dir)? {
            let entry = entry?;
            if entry.file_name().to_string_lossy().contains(".sqlite.aside-") {
                fs::remove_file(entry.path())?;
            }
        }
        Ok(())
    }

    /// Writes the file anew without what was deleted, and empties the log beside it.
    fn rewrite(&self) -> Result<()> {
        self.conn.busy_timeout(PATIENCE)?;
        self.conn.execute_batch("VACUUM")?;
        let busy: i64 = self.conn.query_row("PRAGMA wal_checkpoint(TRUNCATE)", [], |r| r.get(0))?;
        self.conn.busy_timeout(BUSY)?;
        if busy != 0 {
            bail!("another run reads the cache, so bytes may be left in its log; run --purge-cache again");
        }
        Ok(())
    }
}
