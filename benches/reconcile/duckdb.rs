//! The peer: DuckDB, through its Python package.

use crate::common::{Contender, delete, measure::Job, report};
use anyhow::Result;
use std::{
    path::{Path, PathBuf},
    process::Command,
};

/// A Python with DuckDB.
pub(crate) struct DuckDb {
    python: String,
    /// As it names itself.
    pub(crate) version: String,
}

/// A call of the job.
pub(crate) struct Call<'c> {
    pub(crate) name: &'c str,
    /// A file or a pattern.
    pub(crate) events: String,
    pub(crate) billed: String,
    /// `month` or `day`.
    pub(crate) grain: &'c str,
    /// `natural` or `best`.
    pub(crate) wording: &'c str,
    /// Whether the tables are written to a database file first.
    pub(crate) to_file: bool,
    pub(crate) threads: usize,
}

impl DuckDb {
    /// None, said loudly, where that Python has no DuckDB.
    pub(crate) fn find(python: &str) -> Option<DuckDb> {
        let given = Command::new(python).args(["-c", "import duckdb; print(duckdb.__version__)"]).output();
        match given {
            Ok(given) if given.status.success() => {
                let version = format!("DuckDB {}", String::from_utf8_lossy(&given.stdout).trim());
                Some(DuckDb { python: python.to_owned(), version })
            }
            _ => {
                let why = format!("{python} has no package duckdb (pip install duckdb; --duckdb PYTHON)");
                report::skipped("the comparison with DuckDB", &why);
                None
            }
        }
    }

    /// The call, as something to measure in that place.
    pub(crate) fn contender(&self, place: PathBuf, call: &Call<'_>) -> Contender {
        let script = Path::new(env!("CARGO_MANIFEST_DIR")).join("benches/reconcile/duckdb_job.py");
        let mut words = vec![self.python.clone(), script.display().to_string()];
        let threads = call.threads.to_string();
        for (option, value) in [
            ("--events", &*call.events),
            ("--billed", &*call.billed),
            ("--grain", call.grain),
            ("--wording", call.wording),
            ("--database", if call.to_file { "peer.duckdb" } else { ":memory:" }),
            ("--threads", &*threads),
        ] {
            words.extend([option.to_owned(), value.to_owned()]);
        }
        let files = ["peer.duckdb", "peer.duckdb.wal"].map(|f| place.join(f));
        Contender {
            name: call.name.to_owned(),
            before: delete(files.into()),
            job: Job { words, home: place },
            codes: &[0],
        }
    }
}

/// How many rows the job printed.
pub(crate) fn printed_rows(contender: &Contender) -> Result<u64> {
    Ok(contender.job.printed()?.lines().count().saturating_sub(1) as u64)
}
