//! How fast each dataset is read from plain CSV into an empty cache.

#[path = "worlds/billing.rs"]
mod billing;
#[allow(dead_code, reason = "no cache is used again here, and no check is run")]
mod common;
#[path = "worlds/health.rs"]
mod health;
#[path = "worlds/rng.rs"]
mod rng;

use anyhow::{Result, ensure};
use common::{Contender, Number, Setup, cold, in_turn, report};
use serde_json::Value;

const ROWS: Number =
    ("rows", 1_000_000, 20_000, "Rows of the largest datasets; the others have as many as belong to them");

const LINES: &[(&str, &str)] = &[
    ("accounts", ""),
    ("subscriptions", ""),
    ("plan_changes", ""),
    ("entitlements", ""),
    ("invoices", ""),
    ("invoice_lines", ""),
    ("payments", ""),
    ("messages", ""),
    ("tickets", ""),
    ("activity", "aim: 1,000,000 rows/s"),
    ("feature_usage", "aim: 1,000,000 rows/s"),
];

fn main() -> Result<()> {
    let about = "Imports made-up exports, a file at a time; other datasets aim at 250,000 rows/s";
    let Some(setup) = Setup::read("imports", about, LINES, &[ROWS], Vec::new())? else { return Ok(()) };
    let rows = setup.number(ROWS);
    let billing = billing::billing(&setup.dir, rows.div_ceil(10))?;
    let days = 100;
    let health =
        health::Shape { accounts: rows.div_ceil(days), days, feature_usage: true }.made(&setup.dir)?;
    report::circumstances(&setup.tool.versions()?);
    report::say(format_args!(
        "`crosscheck import FILE` into an empty cache, made for {} and {}; {} runs of each in turn.\n",
        billing::AS_OF,
        health::AS_OF,
        setup.runs
    ));
    let mut all = Vec::new();
    let mut sizes = Vec::new();
    for (dataset, _) in LINES.iter().filter(|(line, _)| setup.wants(line)) {
        let file = format!("{dataset}.csv");
        let count = |made: &common::data::Made| made.answer["rows"][&file].as_u64();
        // The world that has more of it.
        let made = if count(&billing) >= count(&health) { &billing } else { &health };
        let place = setup.tool.place(dataset)?;
        let words = ["import".to_owned(), made.file(&file), "--format".to_owned(), "json".to_owned()];
        all.push(Contender { codes: &[0], ..cold(&setup.tool, dataset, &place, &words) });
        sizes.push(count(made).unwrap_or(0));
    }
    let mut rows = Vec::new();
    for ((contender, samples), size) in all.iter().zip(in_turn(&all, setup.runs)?).zip(sizes) {
        let said: Value = serde_json::from_str(&contender.job.printed()?)?;
        let loaded = said["imports"][0]["loaded"].as_u64();
        ensure!(loaded == Some(size), "{}: {size} rows, and {loaded:?} were loaded", contender.name);
        let a_second = |time: std::time::Duration| report::grouped((size as f64 / time.as_secs_f64()) as u64);
        let mut cells = vec![contender.name.clone()];
        cells.extend(report::cells(&samples));
        cells.extend([report::grouped(size), a_second(samples.wall()[1]), a_second(samples.cpu())]);
        rows.push(cells);
    }
    report::table(&report::head(&["dataset"], &["rows", "rows/s", "rows/CPU s"]), 1, &rows);
    Ok(())
}
