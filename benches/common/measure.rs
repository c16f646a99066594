//! What a whole process costs: wall clock, CPU time, peak memory.
//!
//! The system tells a parent the resources of its finished children together, and the peak of the largest. So each
//! process is started by a small helper of its own (this same program, told so by its first argument) whose only child
//! it is; the clock runs inside the helper, around the child alone.

use anyhow::{Context as _, Result, bail, ensure};
use serde::{Deserialize, Serialize};
use std::{
    env,
    fs::{self, File},
    path::{Path, PathBuf},
    process::{Command, Stdio},
    time::{Duration, Instant},
};

/// The first argument of the helper; then the file for the result, the program and its arguments.
const HELPER: &str = "--measure-one-process";

/// What a process cost.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(crate) struct Cost {
    /// From its start to its end.
    pub(crate) wall: Duration,
    /// User and system time of all its threads, and of the children that it waited for.
    pub(crate) cpu: Duration,
    /// Bytes: the most memory that it (or one of its children) had resident.
    pub(crate) peak: u64,
    /// The exit code; −1 when a signal ended it.
    pub(crate) code: i32,
}

/// A process to be started with nothing of the caller's environment but `PATH`.
#[derive(Clone, Debug)]
pub(crate) struct Job {
    /// The program and its arguments.
    pub(crate) words: Vec<String>,
    /// Its current folder and `HOME`. What it prints goes to `out` and `err` there.
    pub(crate) home: PathBuf,
}

impl Job {
    /// What it printed on standard output.
    pub(crate) fn printed(&self) -> Result<String> {
        Ok(fs::read_to_string(self.home.join("out"))?)
    }

    /// Runs it. What it writes for itself before it ends counts as its own.
    pub(crate) fn run(&self) -> Result<Cost> {
        let result = self.home.join("cost.json");
        let status = Command::new(env::current_exe()?)
            .arg(HELPER)
            .arg(&result)
            .args(&self.words)
            .current_dir(&self.home)
            .env_clear()
            .env("PATH", env::var_os("PATH").unwrap_or_default())
            .env("HOME", &self.home)
            // The second of two equal runs must print what the first did.
            .env("CROSSCHECK_NO_HISTORY", "true")
            .stdin(Stdio::null())
            .stdout(File::create(self.home.join("out"))?)
            .stderr(File::create(self.home.join("err"))?)
            .status()?;
        ensure!(status.success(), "{} could not be measured: {}", self.words.join(" "), self.complaint());
        Ok(serde_json::from_slice(&fs::read(result)?)?)
    }

    /// The end of what it printed on standard error.
    pub(crate) fn complaint(&self) -> String {
        let text = fs::read_to_string(self.home.join("err")).unwrap_or_default();
        let lines: Vec<&str> = text.lines().collect();
        lines[lines.len().saturating_sub(5)..].join("; ")
    }
}

/// Does the helper's work, where this process was started as one; says whether it was.
pub(crate) fn helped() -> Result<bool> {
    let mut words = env::args().skip(1);
    if words.next().as_deref() != Some(HELPER) {
        return Ok(false);
    }
    let (Some(result), Some(program)) = (words.next(), words.next()) else {
        bail!("{HELPER} FILE PROGRAM …")
    };
    let start = Instant::now();
    let status = Command::new(&program).args(words).status().context(program)?;
    let wall = start.elapsed();
    let (cpu, peak) = children()?;
    let cost = Cost { wall, cpu, peak, code: status.code().unwrap_or(-1) };
    fs::write(Path::new(&result), serde_json::to_vec(&cost)?)?;
    Ok(true)
}

/// CPU time and peak memory (bytes) of the children that have ended.
#[cfg(unix)]
fn children() -> Result<(Duration, u64)> {
    use nix::sys::resource::{UsageWho, getrusage};
    let used = getrusage(UsageWho::RUSAGE_CHILDREN)?;
    let span = |t: nix::sys::time::TimeVal| {
        Duration::from_secs(t.tv_sec().unsigned_abs()) + Duration::from_micros(t.tv_usec().unsigned_abs())
    };
    // macOS counts bytes, the other systems KiB.
    let unit = if cfg!(target_os = "macos") { 1 } else { 1024 };
    Ok((span(used.user_time()) + span(used.system_time()), used.max_rss().unsigned_abs() * unit))
}

#[cfg(not(unix))]
fn children() -> Result<(Duration, u64)> {
    bail!("the benchmarks need a Unix system: it tells what a process used")
}

/// The costs of several runs of the same thing; at least one.
#[derive(Clone, Debug)]
pub(crate) struct Samples {
    costs: Vec<Cost>,
}

impl Samples {
    /// From the runs.
    pub(crate) fn of(costs: Vec<Cost>) -> Result<Samples> {
        ensure!(!costs.is_empty(), "nothing was run");
        Ok(Samples { costs })
    }

    /// Least, median and greatest wall time.
    pub(crate) fn wall(&self) -> [Duration; 3] {
        spread(self.costs.iter().map(|c| c.wall))
    }

    /// Median CPU time.
    pub(crate) fn cpu(&self) -> Duration {
        spread(self.costs.iter().map(|c| c.cpu))[1]
    }

    /// The greatest peak, bytes.
    pub(crate) fn peak(&self) -> u64 {
        self.costs.iter().map(|c| c.peak).max().unwrap_or(0)
    }
}

/// Least, median (the lower of two middle ones) and greatest.
fn spread(times: impl Iterator<Item = Duration>) -> [Duration; 3] {
    let mut times: Vec<Duration> = times.collect();
    times.sort_unstable();
    let last = times.len() - 1;
    [times[0], times[last / 2], times[last]]
}
