//! The lines of the table.

use crate::{
    answer,
    common::{
        Before, CHECKED, Contender, Setup, cold,
        data::Made,
        in_turn,
        measure::{Job, Samples},
        report, tool, warm,
    },
    duckdb::{Call, DuckDb, printed_rows},
    events::{Form, Shape, ZONE},
};
use anyhow::{Context as _, Result};
use flate2::{Compression, write::GzEncoder};
use std::{
    collections::BTreeMap,
    fs::{self, File},
    io,
    path::{Path, PathBuf},
    process::Command,
    thread,
};

/// The lines, and what each shows.
pub(crate) const LINES: &[(&str, &str)] = &[
    ("cold", "no cache: import, cache written durably, report; a row a month billed; beside DuckDB"),
    ("cold-day", "the same with a row a day billed"),
    ("one-core", "cold on one core (taskset), both"),
    ("warm", "unchanged files, cached; a row a month billed"),
    ("warm-day", "the same with a row a day billed"),
    ("one-more-day", "a day's events as a new file beside the cached one"),
    ("small", "2,000 rows in 5 files, cold"),
    ("ndjson", "cold on CloudEvents, an object a line; beside DuckDB's read_json"),
    ("gzip", "cold on .csv.gz; beside gunzip into the parse, side by side"),
    ("large", "cold on 5 × the events: peak memory"),
];

/// The benchmark while it runs.
pub(crate) struct Bench<'s> {
    pub(crate) setup: &'s Setup,
    pub(crate) duckdb: Option<DuckDb>,
    pub(crate) events: u64,
    pub(crate) accounts: u64,
    /// Answers that were wrong.
    pub(crate) faults: Vec<String>,
}

/// The call of crosscheck on those files of events (`-`: standard input) and bills.
pub(crate) fn words(events: &[String], billed: &str) -> Vec<String> {
    let mut words = vec!["reconcile".to_owned()];
    let named = |e: &String| if e == "-" { "usage_events=-".to_owned() } else { e.clone() };
    words.extend(events.iter().map(named));
    words.push(format!("billed_usage={billed}"));
    words.extend(["--timezone", ZONE, "--as-of", "2026-12-01"].map(str::to_owned));
    words
}

/// The words with the findings as CSV: only what is flagged, as the peer's query prints it.
fn csv(words: &[String]) -> Vec<String> {
    let mut words = words.to_vec();
    words.extend(["--format", "csv"].map(str::to_owned));
    words
}

fn counts(value: &serde_json::Value) -> BTreeMap<String, u64> {
    let entries = value.as_object().into_iter().flatten();
    entries.filter_map(|(k, v)| Some((k.clone(), v.as_u64()?))).collect()
}

impl Bench<'_> {
    /// The events, the bills by month and by day, and the day after.
    fn usual(&self) -> Shape {
        Shape { daily: true, ..Shape::new(self.events, self.accounts) }
    }

    /// Measures all lines that are wanted.
    pub(crate) fn run(&mut self) -> Result<()> {
        let (events, runs) = (report::grouped(self.events), self.setup.runs);
        report::say(format_args!(
            "{events} events; {runs} runs of each in turn, page cache warm; whole processes; ratios of medians.\n"
        ));
        let mut rows = Vec::new();
        for (line, _) in LINES {
            if self.setup.wants(line) {
                report::note(format_args!("{line}:"));
                rows.extend(self.line(line).with_context(|| (*line).to_owned())?);
            }
        }
        report::table(&report::head(&["line", "what"], &["ratio to it", "of CPU s", "must"]), 2, &rows);
        Ok(())
    }

    fn line(&mut self, line: &str) -> Result<Vec<Vec<String>>> {
        match line {
            "cold" => self.beside_duckdb(line, &self.usual(), "month", ["≤ 0.40", "≤ 0.20"]),
            "cold-day" => self.beside_duckdb(line, &self.usual(), "day", ["≤ 0.40", "≤ 0.20"]),
            "one-core" => self.one_core(line),
            "warm" => self.warm(line, "month", "≤ 0.060 s"),
            "warm-day" => self.warm(line, "day", "≤ 0.800 s"),
            "one-more-day" => self.one_more_day(line),
            "small" => self.small(line),
            "ndjson" => {
                let shape = Shape { form: Form::CloudEvents, ..Shape::new(self.events, self.accounts) };
                self.beside_duckdb(line, &shape, "month", ["≤ 0.50", ""])
            }
            "gzip" => self.gzip(line),
            _ => {
                let shape = Shape::new(self.events * 5, self.accounts);
                let (made, place) = (shape.made(&self.setup.dir)?, self.setup.tool.place(line)?);
                let words = words(&[made.file(&shape.names()[0])], &made.file("billed_month.csv"));
                let contender = cold(&self.setup.tool, "crosscheck, 5 × the events", &place, &csv(&words));
                let samples = in_turn(&[contender], self.setup.runs.min(2))?;
                self.verify(line, &place, &words, &made, "month", false)?;
                Ok(vec![row(line, "crosscheck, 5 × the events", &samples[0], None, "≤ 600 MB")])
            }
        }
    }

    /// Holds what crosscheck says, with the cache that the last run left, against the answer.
    pub(crate) fn verify(
        &mut self,
        line: &str,
        place: &Path,
        words: &[String],
        made: &Made,
        grain: &str,
        later: bool,
    ) -> Result<()> {
        let report = self.setup.tool.report(place, words)?;
        let answer = &made.answer;
        let mut rows = answer["rows"].as_u64().unwrap_or(0);
        let mut repeats = counts(&answer["repeated"]);
        if later {
            rows += answer["later"]["rows"].as_u64().unwrap_or(0);
            repeats = counts(&answer["later"]["repeated"]);
        }
        self.faults.extend(answer::differences(line, &report, answer, grain, rows, &repeats));
        Ok(())
    }

    /// Cold runs in turn with DuckDB in memory, natural and best wording, and to a file.
    fn beside_duckdb(
        &mut self,
        line: &str,
        shape: &Shape,
        grain: &str,
        must: [&str; 2],
    ) -> Result<Vec<Vec<String>>> {
        let (made, place) = (shape.made(&self.setup.dir)?, self.setup.tool.place(line)?);
        let (events, billed) = (made.file(&shape.names()[0]), made.file(&format!("billed_{grain}.csv")));
        let words = words(std::slice::from_ref(&events), &billed);
        let mut all = vec![cold(&self.setup.tool, "crosscheck", &place, &csv(&words))];
        let threads = thread::available_parallelism().map_or(1, usize::from);
        for (name, wording, to_file) in [
            ("DuckDB in memory", "natural", false),
            ("DuckDB in memory, best wording", "best", false),
            ("DuckDB to a file", "natural", true),
        ] {
            let place = self.setup.tool.place(&format!("{line}-{wording}-{to_file}"))?;
            let (events, billed) = (events.clone(), billed.clone());
            let call = Call { name, events, billed, grain, wording, to_file, threads };
            all.extend(self.duckdb.as_ref().map(|d| d.contender(place, &call)));
        }
        let samples = in_turn(&all, self.setup.runs)?;
        self.verify(line, &place, &words, &made, grain, false)?;
        self.agree(line, &all[1..], &made, grain)?;
        Ok(beside(line, &all, &samples, &["≤ 400 MB", must[0], "", must[1]]))
    }

    /// Holds the peer against the answer as well: it must have done the same job.
    fn agree(&mut self, line: &str, peers: &[Contender], made: &Made, grain: &str) -> Result<()> {
        let known = made.answer[grain]["flagged"].as_u64().unwrap_or(0);
        for peer in peers {
            let found = printed_rows(peer)?;
            if found != known {
                self.faults.push(format!("{line}: {known} lines are beyond 5 %, {} says {found}", peer.name));
            }
        }
        Ok(())
    }

    fn one_core(&mut self, line: &str) -> Result<Vec<Vec<String>>> {
        if !Command::new("taskset").arg("--version").output().is_ok_and(|o| o.status.success()) {
            report::skipped(line, "there is no taskset (util-linux) here");
            return Ok(Vec::new());
        }
        let shape = self.usual();
        let (made, place) = (shape.made(&self.setup.dir)?, self.setup.tool.place(line)?);
        let (events, billed) = (made.file(&shape.names()[0]), made.file("billed_month.csv"));
        let words = words(std::slice::from_ref(&events), &billed);
        let mut all = vec![cold(&self.setup.tool, "crosscheck", &place, &csv(&words))];
        let (name, grain, wording) = ("DuckDB in memory", "month", "natural");
        let call = Call { name, events, billed, grain, wording, to_file: false, threads: 1 };
        let peer = self.setup.tool.place("one-core-peer")?;
        all.extend(self.duckdb.as_ref().map(|d| d.contender(peer, &call)));
        for contender in &mut all {
            contender.job.words.splice(0..0, ["taskset", "-c", "0"].map(str::to_owned));
        }
        let samples = in_turn(&all, self.setup.runs)?;
        self.verify(line, &place, &words, &made, "month", false)?;
        self.agree(line, &all[1..], &made, "month")?;
        Ok(beside(line, &all, &samples, &["", "≤ 0.50"]))
    }

    fn warm(&mut self, line: &str, grain: &str, must: &str) -> Result<Vec<Vec<String>>> {
        let shape = self.usual();
        let (made, place) = (shape.made(&self.setup.dir)?, self.setup.tool.place(line)?);
        let words = words(&[made.file(&shape.names()[0])], &made.file(&format!("billed_{grain}.csv")));
        in_turn(&[cold(&self.setup.tool, "filling the cache", &place, &csv(&words))], 1)?;
        let again = warm(&self.setup.tool, "crosscheck", &place, &csv(&words));
        let samples = in_turn(&[again], self.setup.runs)?;
        self.verify(line, &place, &words, &made, grain, false)?;
        Ok(vec![row(line, "crosscheck", &samples[0], None, must)])
    }

    fn one_more_day(&mut self, line: &str) -> Result<Vec<Vec<String>>> {
        let shape = self.usual();
        let made = shape.made(&self.setup.dir)?;
        let (before, after) = (self.setup.tool.place("before")?, self.setup.tool.place(line)?);
        let (main, billed) = (made.file(&shape.names()[0]), made.file("billed_month.csv"));
        let first = words(std::slice::from_ref(&main), &billed);
        let both = words(&[main, made.file("later_day.csv")], &billed);
        let main = cold(&self.setup.tool, "crosscheck, cold without the day", &before, &csv(&first));
        let more = Contender {
            before: restore(before.join("cache"), after.join("cache")),
            ..cold(&self.setup.tool, "crosscheck", &after, &csv(&both))
        };
        // Restoring needs the cache that the cold run of the same round has left, so the cold one goes first.
        let all = [main, more];
        let samples = in_turn(&all, self.setup.runs)?;
        self.verify(line, &after, &both, &made, "month", true)?;
        let [main, more] = all;
        let (cold, samples) = (samples[0].clone(), samples[1].clone());
        Ok(beside(line, &[more, main], &[samples, cold], &["", "≤ 0.20"]))
    }

    fn small(&mut self, line: &str) -> Result<Vec<Vec<String>>> {
        let shape = Shape { company: true, ..Shape::new(1_500, 100) };
        let (made, place) = (shape.made(&self.setup.dir)?, self.setup.tool.place(line)?);
        let mut words = words(&[made.file(&shape.names()[0])], &made.file("billed_month.csv"));
        words.splice(1..1, ["accounts", "subscriptions", "prices"].map(|d| made.file(&format!("{d}.csv"))));
        let contender = cold(&self.setup.tool, "crosscheck", &place, &csv(&words));
        // So short a run is measured more often.
        let samples = in_turn(&[contender], self.setup.runs * 4)?;
        self.verify(line, &place, &words, &made, "month", false)?;
        let report = self.setup.tool.report(&place, &words)?;
        let inputs = report["inputs"].as_array().into_iter().flatten();
        let rows: u64 = inputs.filter_map(|i| i["rows"].as_u64()).sum();
        Ok(vec![row(
            line,
            &format!("crosscheck, {} rows", report::grouped(rows)),
            &samples[0],
            None,
            "≤ 0.030 s",
        )])
    }

    fn gzip(&mut self, line: &str) -> Result<Vec<Vec<String>>> {
        let shape = self.usual();
        let (made, place) = (shape.made(&self.setup.dir)?, self.setup.tool.place(line)?);
        let packed = compressed(&made, &shape.names()[0])?;
        let billed = made.file("billed_month.csv");
        let words = words(std::slice::from_ref(&packed), &billed);
        let mut all = vec![cold(&self.setup.tool, "crosscheck", &place, &csv(&words))];
        if Command::new("gunzip").arg("--version").output().is_ok_and(|o| o.status.success()) {
            let piped = self.setup.tool.place("gunzip")?;
            let mut pipe = cold(
                &self.setup.tool,
                "gunzip \\| crosscheck",
                &piped,
                &csv(&crate::lines::words(&["-".to_owned()], &billed)),
            );
            pipe.job = piping(&packed, &pipe.job);
            let alone = self.setup.tool.place("gunzip-alone")?;
            let to_nothing = ["sh", "-c", "gunzip -c \"$0\" > /dev/null", &packed].map(str::to_owned);
            let alone = Contender {
                name: "gunzip alone".to_owned(),
                before: Box::new(|| Ok(())),
                job: Job { words: to_nothing.into(), home: alone },
                codes: CHECKED,
            };
            all.extend([pipe, alone]);
        } else {
            report::skipped("gzip's comparison", "there is no gunzip here");
        }
        let samples = in_turn(&all, self.setup.runs)?;
        self.verify(line, &place, &words, &made, "month", false)?;
        Ok(beside(line, &all, &samples, &["", "≤ 1.15", ""]))
    }
}

/// The second folder becomes a copy of the first, which holds only files.
fn restore(from: PathBuf, to: PathBuf) -> Before {
    Box::new(move || {
        tool::fresh(&to)?;
        for entry in fs::read_dir(&from)? {
            let entry = entry?;
            let copy = to.join(entry.file_name());
            fs::copy(entry.path(), &copy)?;
            File::open(copy)?.sync_all()?;
        }
        Ok(())
    })
}

/// The job with its standard input from gunzip.
fn piping(packed: &str, job: &Job) -> Job {
    let script = "packed=$1; shift; gunzip -c \"$packed\" | \"$@\"";
    let mut words = ["sh", "-c", script, "sh", packed].map(str::to_owned).to_vec();
    words.extend_from_slice(&job.words);
    Job { words, home: job.home.clone() }
}

/// The file, compressed beside it as `gzip` would; made where it is not there yet.
fn compressed(made: &Made, name: &str) -> Result<String> {
    let packed = made.folder.join("packed").join(format!("{name}.gz"));
    if !packed.exists() {
        report::note(format_args!("making {}", packed.display()));
        let part: PathBuf = made.folder.join("packed.part");
        tool::fresh(&made.folder.join("packed"))?;
        let mut out = GzEncoder::new(File::create(&part)?, Compression::default());
        io::copy(&mut File::open(made.folder.join(name))?, &mut out)?;
        out.finish()?.sync_all()?;
        fs::rename(&part, &packed)?;
    }
    Ok(packed.display().to_string())
}

/// A row of the table.
fn row(line: &str, name: &str, samples: &Samples, ratio: Option<[f64; 2]>, must: &str) -> Vec<String> {
    let mut cells = vec![line.to_owned(), name.to_owned()];
    cells.extend(report::cells(samples));
    cells.extend(ratio.map_or_else(Default::default, |r| r.map(|r| format!("{r:.3}"))));
    cells.push(must.to_owned());
    cells
}

/// Rows of things that were measured in turn: the first's medians, wall and CPU, over each other's.
fn beside(line: &str, all: &[Contender], samples: &[Samples], must: &[&str]) -> Vec<Vec<String>> {
    let medians = |s: &Samples| [s.wall()[1].as_secs_f64(), s.cpu().as_secs_f64()];
    let first = medians(&samples[0]);
    let mut rows = Vec::new();
    for (at, (contender, own)) in all.iter().zip(samples).enumerate() {
        let ratio = (at > 0).then(|| medians(own)).map(|[wall, cpu]| [first[0] / wall, first[1] / cpu]);
        rows.push(row(line, &contender.name, own, ratio, must.get(at).copied().unwrap_or("")));
    }
    rows
}
