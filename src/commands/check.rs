//! Runs one check on the given exports.

use super::{
    Failure, Session,
    answers::{self, Answer, Question},
    outputs::{Outputs, format_of, plain, render_options, told},
    past::Past,
    purge,
};
use crate::{
    checks,
    data::Data,
    engine::{self, Check, Outcome},
    history::Entry,
    render::{self, Format, RenderOptions},
    report::Report,
    ui::Stopwatch,
};
use std::io::Write;

/// What judging came to.
enum Judged {
    /// To be written as it is.
    Answer(Box<Answer>),
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
    let watch = Stopwatch::start();
    let work = Work { session, check, format, options: render_options(session), outputs, past: &past };
    let judged = work.judge(given).unwrap_or_else(|failure| {
        let report = engine::failed(check.info, Some(&session.settings), failure.problems, failure.exit_code);
        Judged::Report(Box::new((report, Outcome::default(), None)))
    });
    let (told, exit_code, entry) = match judged {
        Judged::Answer(answer) => {
            outputs.save_all(&[], &answer.files)?;
            if outputs.output.is_none() {
                session.ui.print(|out| out.write_all(answer.printed.as_bytes()))?;
            }
            (answer.told, answer.exit_code, answer.entry)
        }
        Judged::Report(whole) => {
            let (report, outcome, entry) = *whole;
            let took = watch.elapsed();
            work.write(&report, &outcome)?;
            outputs.write_metrics(session, &[(&report, took)], None)?;
            if let Some(people) = &outcome.purge {
                purge::run(session, people)?;
            }
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
        settings.rows_needed = self.outputs.rows_needed(self.format, &self.options, &settings);
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
            let ingested = session.ingest_for(cache, &exports, &[self.check.info])?;
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
            if let Some(name) = name.as_ref().filter(|_| self.outputs.metrics.is_none())
                && let Some(answer) = answers::recall(cache, name)?
            {
                return Ok(Judged::Answer(Box::new(answer)));
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
            let entry = self.past.settle(&before, &mut report, &settings).entry;
            if let Some(name) = name.filter(|_| !outcome.fleeting && self.outputs.metrics.is_none())
                && let Some(answer) = self.answer(&report, &outcome, &entry)
            {
                answers::remember(cache, &name, &answer).unwrap_or_else(forgotten);
                return Ok(Judged::Answer(Box::new(answer)));
            }
            Ok(Judged::Report(Box::new((report, outcome, entry))))
        })
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
            files.push((path.clone(), rendered(*format, &plain(&self.options))?));
        }
        let mut printed = String::new();
        match &self.outputs.output {
            Some(path) => files.push((path.clone(), rendered(self.format, &plain(&self.options))?)),
            None => printed = String::from_utf8(rendered(self.format, &self.options)?).ok()?,
        }
        Some(Answer { printed, files, told: told(report), exit_code: report.exit_code, entry: entry.clone() })
    }

    fn write(&self, report: &Report, outcome: &Outcome) -> Result<(), Failure> {
        self.outputs.save_all(&outcome.folders, &outcome.files)?;
        let render = |format: Format, options: &RenderOptions, out: &mut dyn Write| {
            render::render(report, format, options, out)
        };
        self.outputs.write(self.session, self.format, &self.options, &render)
    }
}
