//! `health`, `renewals` and `triage` on a year and more of activity, cold and warm.

mod checks;
mod common;
#[path = "worlds/rng.rs"]
mod rng;
#[path = "worlds/health.rs"]
mod world;

use anyhow::Result;
use checks::Trial;
use common::{Number, Setup};
use world::Shape;

const ACCOUNTS: Number = ("accounts", 50_000, 1_000, "Accounts");
const DAYS: Number = ("days", 400, 120, "Days of activity, a row an account");

const LINES: &[(&str, &str)] = &[
    ("health", "a score for every account"),
    ("renewals", "risk of the renewals of the next 90 days"),
    ("triage", "the queue of every open ticket"),
];

fn main() -> Result<()> {
    let about = "Customer checks on made-up exports with a few troubles of each kind";
    let Some(setup) = Setup::read("health", about, LINES, &[ACCOUNTS, DAYS], Vec::new())? else {
        return Ok(());
    };
    let shape = Shape { accounts: setup.number(ACCOUNTS), days: setup.number(DAYS), feature_usage: false };
    let made = shape.made(&setup.dir)?;
    let trials = ["health", "renewals", "triage"].map(|check| Trial { check, options: &[], must: [""; 2] });
    checks::measure(&setup, &made, world::AS_OF, &trials)
}
