//! Where reports go: standard output, files, and what is said of them on standard error.

use super::{
    Failure, Session,
    files::{append, write_whole},
};
use crate::{
    exit,
    render::{Format, RenderOptions, RowsWanted, metrics},
    report::{Problem, Report, RowsNeeded, run::RunReport},
    settings::{RowsShown, Settings},
    ui::{DEFAULT_WIDTH, WriteError},
};
use std::{
    io::{self, Write},
    path::{Path, PathBuf},
    time::Duration,
};

/// Where a report goes.
#[derive(Clone, Debug, Default)]
pub struct Outputs {
    /// `--output`: instead of standard output.
    pub output: Option<PathBuf>,
    /// `--report FORMAT=FILE`.
    pub reports: Vec<(Format, PathBuf)>,
    /// `--metrics`: gauges for Prometheus.
    pub metrics: Option<PathBuf>,
    /// `$GITHUB_STEP_SUMMARY`: what other steps wrote to this file stays.
    pub summary: Option<PathBuf>,
}

impl Outputs {
    /// From the texts of the flags.
    pub fn parse(output: Option<&str>, reports: &[String]) -> Result<Outputs, Failure> {
        let mut found = Outputs { output: output.map(PathBuf::from), ..Outputs::default() };
        for text in reports {
            let pair = text.split_once('=').and_then(|(f, path)| Some((Format::parse(f)?, path)));
            let Some((format, path)) = pair.filter(|(_, p)| !p.is_empty()) else {
                let names: Vec<&str> = Format::names().collect();
                return Err(Failure::usage(
                    "usage/report",
                    format!("--report takes FORMAT=FILE with one of {}, not '{text}'", names.join(", ")),
                ));
            };
            found.reports.push((format, path.into()));
        }
        Ok(found)
    }

    /// Writes files that options asked for, and makes their folders.
    pub(super) fn save_all(&self, folders: &[PathBuf], files: &[(PathBuf, Vec<u8>)]) -> Result<(), Failure> {
        for folder in folders {
            let made = std::fs::create_dir_all(folder);
            made.map_err(|source| WriteError { to: folder.display().to_string(), source })?;
        }
        files.iter().try_for_each(|(path, bytes)| self.save(path, |out| out.write_all(bytes)))
    }

    /// Writes one file: whole or not at all.
    pub(super) fn save(
        &self,
        path: &Path,
        bytes: impl FnOnce(&mut dyn Write) -> io::Result<()>,
    ) -> Result<(), Failure> {
        let done = if self.summary.as_deref() == Some(path) {
            append(path, bytes)
        } else {
            write_whole(path, bytes)
        };
        done.map_err(|source| WriteError { to: path.display().to_string(), source }.into())
    }

    /// Writes a report everywhere it was asked for.
    pub(super) fn write(
        &self,
        session: &Session,
        format: Format,
        options: &RenderOptions,
        render: &dyn Fn(Format, &RenderOptions, &mut dyn Write) -> io::Result<()>,
    ) -> Result<(), Failure> {
        for (format, path) in &self.reports {
            self.save(path, |out| render(*format, &plain(options), out))?;
        }
        match &self.output {
            Some(path) => self.save(path, |out| render(format, &plain(options), out)),
            None => Ok(session.ui.print(|out| render(format, options, out))?),
        }
    }

    /// Writes the gauges of these reports, where they were asked for.
    pub(super) fn write_metrics(
        &self,
        session: &Session,
        reports: &[(&Report, Duration)],
        run: Option<&RunReport>,
    ) -> Result<(), Failure> {
        let Some(path) = &self.metrics else { return Ok(()) };
        // There is none before the first run.
        let before = std::fs::read_to_string(path).unwrap_or_default();
        let text = metrics(reports, run, session.started, &before);
        self.save(path, |out| out.write_all(text.as_bytes()))
    }

    /// The rows that the forms which were asked for show.
    pub(super) fn rows_needed(
        &self,
        format: Format,
        options: &RenderOptions,
        settings: &Settings,
    ) -> RowsNeeded {
        let whole = settings.accounts.is_empty();
        let files = self.reports.iter().map(|(format, _)| format.rows_needed(&plain(options), whole));
        let both = |a: RowsNeeded, b: RowsNeeded| match a.max(b) {
            // A table shows rows that are held, and which rows stay is known only when all have been judged.
            RowsNeeded::Each if a.min(b) == RowsNeeded::Telling || settings.only_new => RowsNeeded::All,
            most => most,
        };
        files.fold(both(format.rows_needed(options, whole), RowsNeeded::None), both)
    }
}

/// How reports are rendered that go into files.
pub(super) fn plain(options: &RenderOptions) -> RenderOptions {
    RenderOptions { color: false, width: DEFAULT_WIDTH, ..*options }
}

/// The format of reports in force.
pub fn format_of(session: &Session) -> Result<Format, Failure> {
    let name = session.settings.format;
    Format::parse(name)
        .ok_or_else(|| Failure::usage("usage/format", format!("format {name} does not exist yet")))
}

/// How reports are rendered.
pub fn render_options(session: &Session) -> RenderOptions {
    let s = &session.settings;
    RenderOptions {
        width: session.ui.width(),
        color: session.ui.color(),
        all_rows: s.all_rows,
        rows: match s.rows {
            RowsShown::All => RowsWanted::All,
            RowsShown::Flagged => RowsWanted::Flagged,
            RowsShown::None => RowsWanted::None,
        },
        limit: s.limit.and_then(|n| usize::try_from(n).ok()),
        verbose: s.verbose,
        details: false,
        fail_on: s.fail_on,
    }
}

/// What is wrong with the data or the call, for standard error; the last line is the reason of the exit code.
pub(super) fn told(report: &Report) -> Vec<String> {
    let mut lines: Vec<String> = report.problems.iter().map(described).collect();
    if report.exit_code == exit::UNTRUSTED {
        let mut codes: Vec<&str> = report.problems.iter().map(|p| p.code.as_str()).collect();
        codes.dedup();
        lines.push(format!("the data cannot be trusted ({}): exit code 3", codes.join(", ")));
    }
    lines
}

/// A problem in one line.
pub fn described(p: &Problem) -> String {
    match (&p.file, p.line) {
        (Some(file), Some(line)) => format!("{file}:{line}: {}", p.message),
        (Some(file), None) => format!("{file}: {}", p.message),
        _ => p.message.clone(),
    }
}
