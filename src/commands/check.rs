//! Runs one check on the given exports.

use super::{
    Failure, Session,
    answers::{self, Answer, Question},
    files::write_whole,
    past::{Past, reveals},
};
use crate::{
    checks,
    data::Data,
    engine::{self, Check, Outcome},
    exit,
    history::Entry,
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

/// What judging came to.
enum Judged {
    /// To be written as it is.
    Answer(Answer),
    /// To be rendered while it is written: it may be long. With what the history keeps of it.
    Report(Box<(Report, Outcome, Option<Entry>)>),
}

/// Longer answers are written row by row and not remembered.
const LONGEST: usize = 32 << 20;

/// Text up to [`LONGEST`] bytes.
#[derive(Default)]
struct Short(Vec<u8>);

impl std::io::Write for Short {
    fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
        if self.0.len() + bytes.len() > LONGEST {
            return Err(std::io::ErrorKind::FileTooLarge.into());
        }
        self.0.extend_from_slice(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> std::io::Result<()> {
        Ok(())
    }
}

/// Reads the exports, judges them, writes the report everywhere it was asked for; returns the exit code.
pub fn run(session: &Session, check: &Check, given: &[String], outputs: &Outputs) -> Result<u8, Failure> {
    let format = format_of(session)?;
    let past = Past::open(session, given)?;
    let work = Work { session, check, format, options: render_options(session), outputs, past: &past };
    let judged = work.judge(given).unwrap_or_else(|failure| {
        let report = engine::failed(check.info, Some(&session.settings), failure.problems, failure.exit_code);
        Judged::Report(Box::new((report, Outcome::default(), None)))
    });
    let (told, exit_code, entry) = match judged {
        Judged::Answer(answer) => {
            for (path, bytes) in &answer.files {
                save(path, |out| out.write_all(bytes))?;
            }
            if outputs.output.is_none() {
                session.ui.print(|out| out.write_all(answer.printed.as_bytes()))?;
            }
            (answer.told, answer.exit_code, answer.entry)
        }
        Judged::Report(whole) => {
            let (report, outcome, entry) = *whole;
            work.write(&report, &outcome)?;
            (told(&report), report.exit_code, entry)
        }
    };
    // After the report has been written: what nobody has read must be new to the next run.
    past.append(entry.as_slice());
    for line in told {
        session.ui.error(&line);
    }
    Ok(exit_code)
}

/// One run of a check.
struct Work<'w> {
    session: &'w Session,
    check: &'w Check,
    format: Format,
    options: RenderOptions,
    outputs: &'w Outputs,
    past: &'w Past<'w>,
}

impl Work<'_> {
    fn judge(&self, given: &[String]) -> Result<Judged, Failure> {
        let session = self.session;
        let mut settings = session.settings.for_check(self.check.info.name);
        let reports = self.outputs.reports.iter().map(|(format, _)| *format);
        settings.makes_rows = reports.chain([self.format]).any(Format::shows_rows);
        if let Some(answer) = checks::without_data(self.check.info.name).filter(|_| given.is_empty()) {
            let failure = |e: anyhow::Error| Failure::usage("usage/arguments", format!("{e:#}"));
            if let Some(outcome) = answer(&settings).map_err(failure)? {
                let report = engine::answered(self.check.info, &settings, outcome);
                return Ok(Judged::Report(Box::new((report, Outcome::default(), None))));
            }
        }
        let before = self.past.of(self.check.info, &settings);
        session.with_cache(|cache| {
            let exports = session.exports(given, cache)?;
            let ingested = session.ingest(cache, &exports, false)?;
            let question = Question {
                check: self.check.info.name,
                settings: &settings,
                format: self.format,
                options: &self.options,
                outputs: self.outputs,
                inputs: &ingested.inputs,
                problems: &ingested.problems,
                before: before.digest(settings.only_new),
            };
            let name = question.name();
            if let Some(name) = &name
                && let Some(answer) = answers::recall(cache, name)?
            {
                return Ok(Judged::Answer(answer));
            }
            let ((mut report, outcome), memos) = cache.snapshot(&ingested.contents(), || {
                let data = Data::open(cache, &ingested.inputs, &settings)?;
                let judged = engine::judge(self.check, &data, ingested.problems.clone())?;
                Ok((judged, data.take_memos()))
            })?;
            let forgotten = |error: anyhow::Error| {
                // The answer stands; only the next run would have been quicker.
                session.ui.detail(&format!("the cache could not remember a result: {error:#}"));
            };
            for (key, value) in memos {
                cache.remember(&key, &value).unwrap_or_else(forgotten);
            }
            let entry = self.past.settle(&before, &mut report, &settings);
            let entry = Some(entry).filter(|_| !reveals(&settings));
            if let Some(name) = name.filter(|_| !outcome.fleeting)
                && let Some(answer) = self.answer(&report, &outcome, &entry)
            {
                answers::remember(cache, &name, &answer).unwrap_or_else(forgotten);
                return Ok(Judged::Answer(answer));
            }
            Ok(Judged::Report(Box::new((report, outcome, entry))))
        })
    }

    /// How reports are rendered that go into files.
    fn plain(&self) -> RenderOptions {
        RenderOptions { color: false, width: crate::ui::DEFAULT_WIDTH, ..self.options }
    }

    /// The report in all forms that were asked for; `None` where one is long.
    fn answer(&self, report: &Report, outcome: &Outcome, entry: &Option<Entry>) -> Option<Answer> {
        let rendered = |format: Format, options: &RenderOptions| -> Option<Vec<u8>> {
            let mut text = Short::default();
            render::render(report, format, options, &mut text).ok()?;
            Some(text.0)
        };
        let mut files = outcome.files.clone();
        for (format, path) in &self.outputs.reports {
            files.push((path.clone(), rendered(*format, &self.plain())?));
        }
        let mut printed = String::new();
        match &self.outputs.output {
            Some(path) => files.push((path.clone(), rendered(self.format, &self.plain())?)),
            None => printed = String::from_utf8(rendered(self.format, &self.options)?).ok()?,
        }
        Some(Answer { printed, files, told: told(report), exit_code: report.exit_code, entry: entry.clone() })
    }

    fn write(&self, report: &Report, outcome: &Outcome) -> Result<(), Failure> {
        for (path, bytes) in &outcome.files {
            save(path, |out| out.write_all(bytes))?;
        }
        for (format, path) in &self.outputs.reports {
            save(path, |out| render::render(report, *format, &self.plain(), out))?;
        }
        match &self.outputs.output {
            Some(path) => save(path, |out| render::render(report, self.format, &self.plain(), out)),
            None => {
                let ui = &self.session.ui;
                Ok(ui.print(|out| render::render(report, self.format, &self.options, out))?)
            }
        }
    }
}

fn save(
    path: &Path,
    bytes: impl FnOnce(&mut dyn std::io::Write) -> std::io::Result<()>,
) -> Result<(), Failure> {
    write_whole(path, bytes).map_err(|source| WriteError { to: path.display().to_string(), source }.into())
}

/// What is wrong with the data or the call, for standard error; the last line is the reason of the exit code.
fn told(report: &Report) -> Vec<String> {
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
