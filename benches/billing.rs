//! `charges`, `prorate` and `dunning` on the exports of a subscription business, cold and warm.

mod checks;
mod common;
#[path = "worlds/billing.rs"]
mod world;

use anyhow::Result;
use checks::Trial;
use common::{Number, Setup};

const SUBSCRIPTIONS: Number = (
    "subscriptions",
    100_000,
    2_000,
    "Subscriptions; each with 10 invoice lines, 3 payments, 0.5 plan changes",
);

const LINES: &[(&str, &str)] = &[
    ("charges", "every charge against the product's state, --all"),
    ("prorate", "the mathematics of each plan change against what was billed"),
    ("dunning", "failed-payment sequences against product access"),
];

const MUST: [&str; 2] = ["≤ 3 s, 500 MB", "≤ 1 s, 500 MB"];

fn main() -> Result<()> {
    let about = "Billing checks on made-up exports with a few faults of each kind";
    let Some(setup) = Setup::read("billing", about, LINES, &[SUBSCRIPTIONS], Vec::new())? else {
        return Ok(());
    };
    let made = world::billing(&setup.dir, setup.number(SUBSCRIPTIONS))?;
    let trials = [
        Trial { check: "charges", options: &["--all"], must: MUST },
        Trial { check: "prorate", options: &[], must: MUST },
        Trial { check: "dunning", options: &[], must: MUST },
    ];
    checks::measure(&setup, &made, world::AS_OF, &trials)
}
