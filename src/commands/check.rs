//! Runs one check on the given exports.

use super::{Failure, Session, files::write_whole};
use crate::{
    checks,
    data::Data,
    engine::{self, Check, Outcome},
    exit,
    render::{self, Format, RenderOptions, RowsWanted},
    report::{Problem, Report},
    settings::RowsShown,
    ui::WriteError,
};
use std::path::{Path, PathBuf};

/// Where a check's report goes.
#[derive(Clone, Debug, Default)]
pub struct Outputs {
    /// `--output`: instead of standard output.
    pub output: Option<PathBuf>,
    /// `--report FORMAT=FILE`.
    pub reports: Vec<(Format, PathBuf)>,
}

impl Outputs {
    /// From the texts of the flags.
    pub fn parse(output: Option<&str>, reports: &[String]) -> Result<Outputs, Failure> {
        let mut found = Outputs { output: output.map(PathBuf::from), reports: Vec::new() };
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
        fail_on: s.fail_on,
    }
}

/// Reads the exports, judges them, writes the report everywhere it was asked for; returns the exit code.
pub fn run(session: &Session, check: &Check, given: &[String], outputs: &Outputs) -> Result<u8, Failure> {
    let format = format_of(session)?;
    let (report, outcome) = match judge(session, check, given) {
        Ok(pair) => pair,
        Err(failure) => {
            let report =
                engine::failed(check.info, Some(&session.settings), failure.problems, failure.exit_code);
            (report, Outcome::default())
        }
    };
    write(session, &report, format, outputs, &outcome)?;
    tell(session, &report);
    Ok(report.exit_code)
}

fn judge(session: &Session, check: &Check, given: &[String]) -> Result<(Report, Outcome), Failure> {
    let settings = session.settings.for_check(check.info.name);
    if let Some(answer) = checks::without_data(check.info.name).filter(|_| given.is_empty()) {
        let answered = answer(&settings).map_err(|e| Failure::usage("usage/arguments", format!("{e:#}")))?;
        if let Some(outcome) = answered {
            return Ok((engine::answered(check.info, &settings, outcome), Outcome::default()));
        }
    }
    session.with_cache(|cache| {
        let exports = session.exports(given, cache)?;
        let ingested = session.ingest(cache, &exports, false)?;
        let (judged, memos) = cache.snapshot(&ingested.contents(), || {
            let data = Data::open(cache, &ingested.inputs, &settings)?;
            let judged = engine::judge(check, &data, ingested.problems.clone())?;
            Ok((judged, data.take_memos()))
        })?;
        for (key, value) in memos {
            // The answer stands; only the next run would have been quicker.
            if let Err(error) = cache.remember(&key, &value) {
                session.ui.detail(&format!("the cache could not remember a result: {error:#}"));
            }
        }
        Ok(judged)
    })
}

fn save(
    path: &Path,
    bytes: impl FnOnce(&mut dyn std::io::Write) -> std::io::Result<()>,
) -> Result<(), Failure> {
    write_whole(path, bytes).map_err(|source| WriteError { to: path.display().to_string(), source }.into())
}

fn write(
    session: &Session,
    report: &Report,
    format: Format,
    outputs: &Outputs,
    outcome: &Outcome,
) -> Result<(), Failure> {
    let options = render_options(session);
    let plain = RenderOptions { color: false, width: crate::ui::DEFAULT_WIDTH, ..options };
    for (path, bytes) in &outcome.files {
        save(path, |out| out.write_all(bytes))?;
    }
    for (format, path) in &outputs.reports {
        save(path, |out| render::render(report, *format, &plain, out))?;
    }
    match &outputs.output {
        Some(path) => save(path, |out| render::render(report, format, &plain, out)),
        None => Ok(session.ui.print(|out| render::render(report, format, &options, out))?),
    }
}

/// What is wrong with the data or the call, on standard error; the last line is the reason of the exit code.
fn tell(session: &Session, report: &Report) {
    for p in &report.problems {
        session.ui.error(&described(p));
    }
    if report.exit_code == exit::UNTRUSTED {
        let codes: Vec<&str> = report.problems.iter().map(|p| p.code.as_str()).collect();
        let mut codes = codes;
        codes.dedup();
        session.ui.error(&format!("the data cannot be trusted ({}): exit code 3", codes.join(", ")));
    }
}

/// A problem in one line.
pub fn described(p: &Problem) -> String {
    match (&p.file, p.line) {
        (Some(file), Some(line)) => format!("{file}:{line}: {}", p.message),
        (Some(file), None) => format!("{file}: {}", p.message),
        _ => p.message.clone(),
    }
}
