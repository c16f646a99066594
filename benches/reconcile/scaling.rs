//! How the cost of a cold run grows: with events, accounts, files and repeated events.

use crate::{
    common::{cold, in_turn, report},
    events::Shape,
    lines::{Bench, words},
};
use anyhow::Result;
use std::fs;

/// Measures all series, and prints them as one table. Data that only a series needs is deleted after it.
pub(crate) fn run(bench: &mut Bench<'_>) -> Result<()> {
    let base = Shape::new(bench.events, bench.accounts);
    let mut points: Vec<(&str, String, Shape)> = Vec::new();
    for events in [base.events / 10, base.events, base.events * 5] {
        points.push(("events", report::grouped(events), Shape { events, ..base.clone() }));
    }
    // More accounts than events would measure the bills alone.
    for accounts in [100, 1_000, 10_000, 100_000, 1_000_000].into_iter().filter(|a| *a <= base.events) {
        points.push(("accounts", report::grouped(accounts), Shape { accounts, ..base.clone() }));
    }
    for files in [1, 4, 16, 64] {
        points.push(("files", files.to_string(), Shape { files, ..base.clone() }));
    }
    for repeated in [0, 5, 50, 200, 500] {
        let share = format!("{:.1} %", repeated as f64 / 10.0);
        points.push(("repeated", share, Shape { repeated, ..base.clone() }));
    }
    let runs = bench.setup.runs;
    report::say(format_args!(
        "Cold runs, {runs} of each; `lines` are the billed rows, which are judged one by one.\n"
    ));
    let mut rows = Vec::new();
    for (series, at, shape) in points {
        report::note(format_args!("{series} {at}:"));
        let (made, place) = (shape.made(&bench.setup.dir)?, bench.setup.tool.place("scaling")?);
        let events: Vec<String> = shape.names().iter().map(|n| made.file(n)).collect();
        let words = words(&events, &made.file("billed_month.csv"));
        let mut call = words.clone();
        call.extend(["--format", "csv"].map(str::to_owned));
        let samples = in_turn(&[cold(&bench.setup.tool, "crosscheck", &place, &call)], runs)?;
        bench.verify(&format!("{series} {at}"), &place, &words, &made, "month", false)?;
        let each = samples[0].wall()[1].as_secs_f64() / shape.events as f64 * 1e9;
        let mut cells = vec![series.to_owned(), at];
        cells.extend(report::cells(&samples[0]));
        cells.push(format!("{each:.1}"));
        cells.push(report::grouped(made.answer["month"]["lines"].as_u64().unwrap_or(0)));
        rows.push(cells);
        fs::remove_dir_all(&made.folder)?;
    }
    report::table(&report::head(&["series", "at"], &["ns an event", "lines"]), 2, &rows);
    Ok(())
}
