//! `crosscheck checks`: every check, what it reads, and what can run on the given exports.

use super::{Failure, Session, listing::Listing};
use crate::{check::CheckInfo, checks, data::Data, exit};
use serde_json::{Value, json};

const COLUMNS: &[&str] = &["check", "compares", "can_run", "reads", "missing", "rules_not_judged"];

/// Runs the command; returns the exit code.
pub fn run(session: &Session, given: &[String]) -> Result<u8, Failure> {
    let rows = session.with_cache(|cache| {
        let exports = session.exports(given, cache)?;
        let ingested = session.ingest(cache, &exports, false)?;
        let rows = cache.snapshot(&ingested.contents(), || {
            let data = Data::open(cache, &ingested.inputs, &session.settings)?;
            Ok(checks::ALL.iter().map(|c| row(c.info, &data)).collect())
        })?;
        Ok(rows)
    })?;
    let listing = Listing {
        schema: "crosscheck.checks/1",
        name: "checks",
        columns: COLUMNS,
        rows,
        below: vec![
            "crosscheck explain CHECK says more; crosscheck schema DATASET lists a dataset's columns"
                .to_owned(),
        ],
        ..Listing::default()
    };
    listing.print(session)?;
    Ok(exit::OK)
}

fn there(data: &Data<'_>, need: &str) -> bool {
    need.split('|').any(|n| match n.split_once('.') {
        None => data.has(n),
        Some((dataset, column)) => data.has_column(dataset, column),
    })
}

/// The needed datasets that are not there, alternatives joined by `|`.
pub(super) fn missing(info: &CheckInfo, data: &Data<'_>) -> Vec<&'static str> {
    info.reads.iter().filter(|r| r.needed && !there(data, r.dataset)).map(|r| r.dataset).collect()
}

fn row(info: &CheckInfo, data: &Data<'_>) -> Vec<Value> {
    let missing = missing(info, data);
    let reads: Vec<String> = info
        .reads
        .iter()
        .map(|r| if r.needed { r.dataset.to_owned() } else { format!("[{}]", r.dataset) })
        .collect();
    let mut silent = Vec::new();
    for rule in info.rules {
        let lacks: Vec<&str> = rule.needs.iter().copied().filter(|n| !there(data, n)).collect();
        if !lacks.is_empty() {
            silent.push(format!("{} ({})", rule.code, lacks.join(", ")));
        }
    }
    vec![
        json!(info.name),
        json!(info.about),
        json!(if missing.is_empty() { "yes" } else { "no" }),
        json!(reads),
        json!(missing),
        json!(silent),
    ]
}
