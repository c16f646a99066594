//! `crosscheck run`: every check whose data is there, on one reading of the exports.

use super::{
    Failure, Session,
    outputs::{Outputs, described, format_of, render_options},
    past::Past,
};
use crate::{
    cache::Cache,
    checks,
    data::Data,
    engine::{self, Check, Outcome},
    exit,
    history::Entry,
    import::ingest::Ingested,
    render::{self, Format, RenderOptions},
    report::{
        Problem, Report, RowsNeeded, Verdict,
        run::{RunReport, Skipped},
    },
    settings::Settings,
    ui::Stopwatch,
    usage::Memo,
};
use std::{
    io::Write,
    sync::atomic::{AtomicUsize, Ordering},
    time::Duration,
};

/// How many threads judge: checks wait for the cache's disk and for one another's rows as much as they compute.
const MOST_THREADS: usize = 4;

/// One check of a run, judged.
struct Judged {
    report: Report,
    outcome: Outcome,
    memos: Vec<Memo>,
    took: Duration,
}

/// What a run came to.
struct Done {
    run: RunReport,
    outcomes: Vec<Outcome>,
    entries: Vec<Entry>,
    took: Vec<Duration>,
}

/// Judges every check whose data is there, writes one report of all everywhere it was asked for; returns the exit
/// code.
pub fn run(session: &Session, given: &[String], outputs: &Outputs, details: bool) -> Result<u8, Failure> {
    let format = format_of(session)?;
    let options = RenderOptions { details, ..render_options(session) };
    let past = Past::open(session, given)?;
    // The table of a run is its summary, unless the details of each check are asked for.
    let summary = Some(format).filter(|f| *f != Format::Table || details);
    let rows = outputs.rows_needed(summary.unwrap_or(Format::Csv), &options, &session.settings);
    let done = judge(session, given, &past, rows);
    let done = done.unwrap_or_else(|failure| Done {
        run: failed(Some(&session.settings), failure.problems, failure.exit_code),
        outcomes: Vec::new(),
        entries: Vec::new(),
        took: Vec::new(),
    });
    if let Some(formats) = one_table(&done.run, format, outputs) {
        return Err(Failure::usage("usage/format", formats));
    }
    for outcome in &done.outcomes {
        outputs.save_all(&outcome.folders, &outcome.files)?;
    }
    let render = |format: Format, options: &RenderOptions, out: &mut dyn Write| {
        render::render_run(&done.run, format, options, out)
    };
    outputs.write(session, format, &options, &render)?;
    let measured = done.run.reports.iter().zip(done.took.iter().copied());
    outputs.write_metrics(session, &measured.collect::<Vec<_>>(), Some(&done.run))?;
    for line in told(&done.run) {
        session.ui.error(&line);
    }
    // After the report has been written: what nobody has read must be new to the next run.
    past.append(&done.entries);
    Ok(done.run.exit_code)
}

/// The report of a run that could not be carried out at all.
pub fn failed(settings: Option<&Settings>, problems: Vec<Problem>, exit_code: u8) -> RunReport {
    RunReport {
        as_of: settings.map_or(chrono::DateTime::UNIX_EPOCH, |s| s.as_of),
        timezone: settings.map_or_else(|| "UTC".to_owned(), |s| s.timezone.name().to_owned()),
        verdict: Verdict::NotJudged,
        exit_code,
        problems,
        reports: Vec::new(),
        skipped: Vec::new(),
        since: None,
    }
}

/// Why a result table cannot be written: those of several checks have different columns.
fn one_table(run: &RunReport, format: Format, outputs: &Outputs) -> Option<String> {
    let wanted = format == Format::RowsCsv || outputs.reports.iter().any(|(f, _)| *f == Format::RowsCsv);
    (wanted && run.reports.len() > 1).then(|| {
        let names: Vec<&str> = run.reports.iter().map(|r| r.check).collect();
        format!(
            "rows-csv is the result table of one check, and {} have one each: name one with --only, or take json",
            names.join(", ")
        )
    })
}

fn judge(session: &Session, given: &[String], past: &Past<'_>, rows: RowsNeeded) -> Result<Done, Failure> {
    let wanted = &session.settings.run;
    let named = |list: &[String], check: &Check| list.iter().any(|n| n == check.info.name);
    let chosen: Vec<&'static Check> = checks::ALL
        .iter()
        .filter(|c| (wanted.only.is_empty() || named(&wanted.only, c)) && !named(&wanted.skip, c))
        .collect();
    let mut shared = session.settings.clone();
    shared.rows_needed = rows;
    shared.whole = wanted.only.is_empty() && wanted.skip.is_empty();
    session.with_cache(|cache| {
        let exports = session.exports(given, cache)?;
        let infos: Vec<_> = chosen.iter().map(|check| check.info).collect();
        let ingested = session.ingest_for(cache, &exports, &infos)?;
        let mut skipped = Vec::new();
        let mut problems = Vec::new();
        let mut jobs = Vec::new();
        for check in &chosen {
            let missing = engine::absent(check.info, &ingested.inputs);
            if missing.is_empty() {
                jobs.push((*check, shared.for_check(check.info.name)));
                continue;
            }
            let required = named(&wanted.require, check) || named(&wanted.only, check);
            problems.extend(required.then(|| vanished(check, &missing, past)));
            skipped.push(Skipped { check: check.info.name, missing });
        }
        for name in wanted.require.iter().filter(|n| !chosen.iter().any(|c| c.info.name == **n)) {
            let message = format!("{name} is required and left out at once: see --only, --skip and --require");
            problems.push(Problem::new("run/required", message));
        }
        if jobs.is_empty() && problems.is_empty() {
            let message = "no check has the exports that it needs; `crosscheck checks EXPORTS` says what each \
                           lacks";
            problems.push(Problem::new("run/nothing-to-check", message));
        }
        let judged = side_by_side(cache, &ingested, &jobs)?;
        let forgotten = |error: anyhow::Error| {
            session.ui.detail(&format!("the cache could not remember a result: {error:#}"));
        };
        let mut done = Done {
            run: RunReport {
                problems,
                skipped,
                ..failed(Some(&session.settings), Vec::new(), exit::OK)
            },
            outcomes: Vec::new(),
            entries: Vec::new(),
            took: Vec::new(),
        };
        for one in judged {
            for (key, value) in one.memos {
                cache.remember(&key, &value).unwrap_or_else(forgotten);
            }
            done.run.reports.push(one.report);
            done.outcomes.push(one.outcome);
            done.took.push(one.took);
        }
        engine::settle_together(&mut done.run.reports, &shared);
        for (report, (check, settings)) in done.run.reports.iter_mut().zip(&jobs) {
            // What could not be judged for a fault of the program or the cache is no run to compare with.
            if report.exit_code == exit::USAGE {
                continue;
            }
            let settled = past.settle(&past.of(check.info, settings), report, settings);
            done.entries.extend(settled.entry);
            done.run.since = done.run.since.take().max(settled.since);
        }
        done.run.settle();
        Ok(done)
    })
}

/// A check that must run cannot: an export has vanished.
fn vanished(check: &Check, missing: &[&str], past: &Past<'_>) -> Problem {
    let told: Vec<String> = missing
        .iter()
        .map(|datasets| {
            let seen = past.last_seen(check.info.name, datasets).map_or_else(String::new, |(as_of, rows)| {
                format!(" (last seen as of {as_of} with {rows} rows)")
            });
            format!("{}{seen}", datasets.replace('|', " or "))
        })
        .collect();
    let message = format!("{} must run, and lacks {}", check.info.name, told.join(", "));
    Problem::new("run/required", message)
}

/// Judges the checks on as many threads as there are cores, each with its own view of the same contents.
fn side_by_side(
    cache: &Cache,
    ingested: &Ingested,
    jobs: &[(&'static Check, Settings)],
) -> Result<Vec<Judged>, Failure> {
    let next = AtomicUsize::new(0);
    let cores = std::thread::available_parallelism().map_or(1, usize::from);
    let more = cores.min(MOST_THREADS).min(jobs.len()).saturating_sub(1);
    let others: Vec<Cache> = (0..more).map_while(|_| cache.another().ok()).collect();
    let work = |cache: &Cache| -> anyhow::Result<Vec<(usize, Judged)>> {
        cache.snapshot(&ingested.contents(), || {
            let mut done = Vec::new();
            loop {
                let at = next.fetch_add(1, Ordering::Relaxed);
                let Some((check, settings)) = jobs.get(at) else { return Ok(done) };
                done.push((at, one(cache, ingested, check, settings)?));
            }
        })
    };
    let mut judged = std::thread::scope(|scope| {
        let threads: Vec<_> = others.into_iter().map(|own| scope.spawn(move || work(&own))).collect();
        let mut judged = work(cache)?;
        for thread in threads {
            let done = thread.join().map_err(|_| anyhow::anyhow!("a thread that judges has died"))?;
            judged.extend(done?);
        }
        anyhow::Ok(judged)
    })?;
    judged.sort_by_key(|(at, _)| *at);
    Ok(judged.into_iter().map(|(_, judged)| judged).collect())
}

/// Judges one check. One that fails for a fault of its settings does not keep the others from being told.
fn one(
    cache: &Cache,
    ingested: &Ingested,
    check: &'static Check,
    settings: &Settings,
) -> anyhow::Result<Judged> {
    let watch = Stopwatch::start();
    let judge = || {
        let data = Data::open(cache, &ingested.inputs, settings)?;
        let (report, outcome) = engine::judge(check, &data, ingested.problems.clone())?;
        anyhow::Ok((report, outcome, data.take_memos()))
    };
    let (report, outcome, memos) = match judge() {
        Ok(found) => found,
        // Damage to the cache is mended, and the whole run done again.
        Err(error) if crate::cache::Trouble::of(&error).is_some() => return Err(error),
        Err(error) => {
            let problem = Problem::new("usage/failed", format!("{error:#}"));
            let report = engine::failed(check.info, Some(settings), vec![problem], exit::USAGE);
            (report, Outcome::default(), Vec::new())
        }
    };
    Ok(Judged { report, outcome, memos, took: watch.elapsed() })
}

/// What is wrong with the data or the call, for standard error; the last line is the reason of the exit code.
fn told(run: &RunReport) -> Vec<String> {
    let mut lines: Vec<String> = run.problems.iter().map(described).collect();
    let mut codes: Vec<&str> = run.problems.iter().map(|p| p.code.as_str()).collect();
    for report in &run.reports {
        lines.extend(report.problems.iter().map(|p| format!("{}: {}", report.check, described(p))));
        codes.extend(report.problems.iter().map(|p| p.code.as_str()));
    }
    codes.sort_unstable();
    codes.dedup();
    match run.exit_code {
        exit::UNTRUSTED => {
            lines.push(format!("the data cannot be trusted ({}): exit code 3", codes.join(", ")));
        }
        exit::USAGE if !run.reports.is_empty() => {
            lines.push("a check could not be carried out: exit code 2".to_owned());
        }
        _ => {}
    }
    lines
}
