//! The crosscheck under measurement, as a user would start it.

use super::measure::Job;
use anyhow::{Context as _, Result, ensure};
use serde_json::Value;
use std::{
    fs,
    path::{Path, PathBuf},
    process::Command,
};

/// A built crosscheck, and a folder in which its runs leave their caches and what they print.
pub(crate) struct Tool {
    binary: String,
    work: PathBuf,
}

impl Tool {
    /// `work` is emptied.
    pub(crate) fn new(binary: String, work: PathBuf) -> Result<Tool> {
        fresh(&work)?;
        Ok(Tool { binary, work })
    }

    /// Its version, and that of the compiler that is at hand.
    pub(crate) fn versions(&self) -> Result<Vec<String>> {
        let rustc = version("rustc").unwrap_or_else(|_| "rustc unknown".to_owned());
        Ok(vec![version(&self.binary)?, rustc])
    }

    /// A folder of its own for a part of the work.
    pub(crate) fn place(&self, name: &str) -> Result<PathBuf> {
        let place = self.work.join(name);
        fs::create_dir_all(&place)?;
        Ok(place)
    }

    /// A run in that place, with its cache in the place's folder `cache`.
    pub(crate) fn job(&self, place: &Path, words: &[String]) -> Job {
        let mut all = vec![self.binary.clone()];
        all.extend_from_slice(words);
        all.extend(["--cache", "cache", "--no-progress"].map(str::to_owned));
        Job { words: all, home: place.to_owned() }
    }

    /// The JSON that the same call prints, rows left out; not measured.
    pub(crate) fn report(&self, place: &Path, words: &[String]) -> Result<Value> {
        let mut words = words.to_vec();
        words.extend(["--format", "json", "--rows", "none"].map(str::to_owned));
        let job = self.job(place, &words);
        job.run()?;
        serde_json::from_str(&job.printed()?).with_context(|| job.complaint())
    }
}

impl Drop for Tool {
    fn drop(&mut self) {
        fs::remove_dir_all(&self.work).ok();
    }
}

/// The folder, with nothing in it.
pub(crate) fn fresh(folder: &Path) -> Result<()> {
    if folder.exists() {
        fs::remove_dir_all(folder)?;
    }
    Ok(fs::create_dir_all(folder)?)
}

fn version(program: &str) -> Result<String> {
    let given = Command::new(program).arg("--version").output().with_context(|| program.to_owned())?;
    ensure!(given.status.success(), "{program} --version fails");
    Ok(String::from_utf8_lossy(&given.stdout).trim().to_owned())
}
