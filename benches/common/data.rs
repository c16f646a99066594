//! Made-up exports on disk: written once, used again when the same were made before.

use anyhow::{Context as _, Result};
use serde_json::Value;
use std::{
    fmt::Arguments,
    fs::{self, File},
    io::{BufWriter, Write as _},
    path::{Path, PathBuf},
    thread,
    time::Duration,
};

/// Part of every folder's name: raise it when a generator writes something else for the same parameters.
const EDITION: u32 = 1;

/// A folder of exports, and what is known about them.
pub(crate) struct Made {
    /// Where they lie.
    pub(crate) folder: PathBuf,
    /// What the generator knows: rows, faults, the figures that must be found.
    pub(crate) answer: Value,
}

impl Made {
    /// The path of one of its files.
    pub(crate) fn file(&self, name: &str) -> String {
        self.folder.join(name).display().to_string()
    }
}

/// The exports of that name: those that lie there, else made now. `make` writes into the folder that it is given and
/// returns the answer. A folder appears under its name only when it is whole.
pub(crate) fn made(dir: &Path, name: &str, make: impl FnOnce(&Path) -> Result<Value>) -> Result<Made> {
    let folder = dir.join(format!("{name}-v{EDITION}"));
    let known = folder.join("answer.json");
    if known.exists() {
        let answer = serde_json::from_slice(&fs::read(&known)?)
            .with_context(|| format!("{} is damaged: delete its folder", known.display()))?;
        return Ok(Made { folder, answer });
    }
    super::report::note(format_args!("making {}", folder.display()));
    let part = dir.join(format!("{name}-v{EDITION}.part"));
    if part.exists() {
        fs::remove_dir_all(&part)?;
    }
    fs::create_dir_all(&part)?;
    let answer = make(&part)?;
    fs::write(part.join("answer.json"), serde_json::to_vec_pretty(&answer)?)?;
    fs::rename(&part, &folder)?;
    // crosscheck does not trust the times of files that were changed within the last two seconds.
    thread::sleep(Duration::from_millis(2_200));
    Ok(Made { folder, answer })
}

/// A text file with a row a line.
pub(crate) struct Table {
    out: BufWriter<File>,
    rows: u64,
}

impl Table {
    /// Creates the file, with a header line unless that is empty.
    pub(crate) fn create(folder: &Path, name: &str, header: &str) -> Result<Table> {
        let path = folder.join(name);
        let file = File::create(&path).with_context(|| path.display().to_string())?;
        let mut out = BufWriter::with_capacity(1 << 20, file);
        if !header.is_empty() {
            writeln!(out, "{header}")?;
        }
        Ok(Table { out, rows: 0 })
    }

    /// Writes a row.
    pub(crate) fn row(&mut self, row: Arguments<'_>) -> Result<()> {
        self.out.write_fmt(row)?;
        self.out.write_all(b"\n")?;
        self.rows += 1;
        Ok(())
    }

    /// Puts everything on the disk, so that no later measurement pays for it; gives the number of rows.
    pub(crate) fn finish(self) -> Result<u64> {
        let file = self.out.into_inner()?;
        file.sync_all()?;
        Ok(self.rows)
    }
}
