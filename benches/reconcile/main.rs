//! `reconcile` on millions of usage events, beside DuckDB doing the same job.
//!
//! `cargo bench --bench reconcile -- --help` says how; README.md here says what each line shows.

mod answer;
#[path = "../common/mod.rs"]
mod common;
mod duckdb;
#[path = "../worlds/events.rs"]
mod events;
mod lines;
#[path = "../worlds/rng.rs"]
mod rng;
mod scaling;

use anyhow::{Result, ensure};
use clap::{Arg, ArgAction};
use common::{Number, Setup, report};
use lines::{Bench, LINES};

const EVENTS: Number = ("events", 10_000_000, 40_000, "Usage events");
const ACCOUNTS: Number = ("accounts", 5_000, 500, "Accounts");

fn main() -> Result<()> {
    let more = vec![
        Arg::new("duckdb").long("duckdb").value_name("PYTHON").default_value("python3").help(
            "A Python that has the package duckdb; where it has none, the comparison is left out, and says so",
        ),
        Arg::new("scaling").long("scaling").action(ArgAction::SetTrue).help(
            "Measure cold runs against 1/10, 1 and 5 × the events, accounts from 100 to 1,000,000, files from 1 to \
             64, repeated events from 0 to 50 %; instead of the lines",
        ),
    ];
    let about = "Reconciles made-up usage events with what was billed, beside DuckDB";
    let numbers = [EVENTS, ACCOUNTS];
    let Some(setup) = Setup::read("reconcile", about, LINES, &numbers, more)? else { return Ok(()) };
    let (events, accounts) = (setup.number(EVENTS), setup.number(ACCOUNTS));
    let python: Option<&String> = setup.own.get_one("duckdb");
    let duckdb = python.and_then(|p| duckdb::DuckDb::find(p));
    let mut versions = setup.tool.versions()?;
    versions.extend(duckdb.as_ref().map(|d| d.version.clone()));
    report::circumstances(&versions);
    let mut bench = Bench { setup: &setup, duckdb, events, accounts, faults: Vec::new() };
    if setup.own.get_flag("scaling") {
        scaling::run(&mut bench)?
    } else {
        bench.run()?
    }
    for fault in &bench.faults {
        report::say(format_args!("**WRONG ANSWER**: {fault}\n"));
    }
    ensure!(bench.faults.is_empty(), "wrong answers, so the times mean nothing: {}", bench.faults.join("; "));
    Ok(())
}
