//! A place of its own for each test: empty environment, own cache, own current folder.

use std::{
    path::{Path, PathBuf},
    process::{Command, Output, Stdio},
};

/// The repository.
pub(crate) fn repository() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

/// A folder that is gone with its value.
pub(crate) struct Home {
    folder: tempfile::TempDir,
}

/// What a call gave.
#[derive(Debug)]
pub(crate) struct Gave {
    pub(crate) code: i32,
    pub(crate) out: String,
    pub(crate) err: String,
}

impl Home {
    pub(crate) fn new() -> Home {
        Home { folder: tempfile::tempdir().unwrap() }
    }

    pub(crate) fn path(&self) -> &Path {
        self.folder.path()
    }

    /// Writes a file, with the folders above it; gives its path.
    pub(crate) fn write(&self, name: &str, bytes: impl AsRef<[u8]>) -> PathBuf {
        let path = self.path().join(name);
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        std::fs::write(&path, bytes).unwrap();
        path
    }

    /// The binary, in this folder, with nothing of the machine's environment.
    pub(crate) fn command(&self, arguments: &[&str]) -> Command {
        let mut command = Command::new(env!("CARGO_BIN_EXE_crosscheck"));
        command
            .args(arguments)
            .current_dir(self.path())
            .env_clear()
            .env("HOME", self.path())
            .env("TMPDIR", std::env::temp_dir())
            .env("CROSSCHECK_CACHE", self.path().join("cache"))
            // What a run finds does not depend on the one before; history.rs sees to the history.
            .env("CROSSCHECK_NO_HISTORY", "true")
            .stdin(Stdio::null());
        command
    }

    pub(crate) fn run(&self, arguments: &[&str]) -> Gave {
        Gave::of(self.command(arguments).output().unwrap())
    }

    /// Runs with `--format json` and reads what is printed.
    pub(crate) fn json(&self, arguments: &[&str]) -> (serde_json::Value, Gave) {
        let mut all = arguments.to_vec();
        all.extend(["--format", "json"]);
        let gave = self.run(&all);
        let value = serde_json::from_str(&gave.out).unwrap_or_else(|e| panic!("{e}: {gave:?}"));
        (value, gave)
    }
}

impl Gave {
    pub(crate) fn of(output: Output) -> Gave {
        Gave {
            code: output.status.code().unwrap_or(-1),
            out: String::from_utf8(output.stdout).unwrap(),
            err: String::from_utf8(output.stderr).unwrap(),
        }
    }
}
