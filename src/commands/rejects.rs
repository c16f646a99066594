//! `crosscheck rejects`: the rows that could not be used.

use super::{Failure, Session, listing::Listing};
use crate::{
    cache::Cache,
    exit,
    import::ingest::Ingested,
    model::text::{counted, grouped},
};
use anyhow::Result;
use serde_json::{Value, json};

const COLUMNS: &[&str] = &["file", "line", "dataset", "column", "value", "reason"];

/// Runs the command; returns the exit code: 0, whether there are rejects or not.
pub fn run(session: &Session, given: &[String]) -> Result<u8, Failure> {
    let limit = session.settings.limit.and_then(|n| usize::try_from(n).ok()).unwrap_or(usize::MAX);
    let (rows, total, rejected) = session.with_cache(|cache| {
        let exports = session.exports(given, cache)?;
        let ingested = session.ingest(cache, &exports, false)?;
        let listed = cache.snapshot(&ingested.contents(), || list(cache, &ingested, limit))?;
        Ok(listed)
    })?;
    let shown = rows.len() as u64;
    let mut below =
        vec![format!("{} of {} rejected", grouped(&rejected.to_string()), counted(total, "row", "rows"))];
    if shown < rejected {
        below.push(format!("the first {} are shown", grouped(&shown.to_string())));
    }
    let mut listing = Listing {
        schema: "crosscheck.rejects/1",
        name: "rejects",
        columns: COLUMNS,
        rows,
        below,
        ..Listing::default()
    };
    listing.own.insert("rows".to_owned(), json!(total));
    listing.own.insert("rejected".to_owned(), json!(rejected));
    listing.print(session)?;
    Ok(exit::OK)
}

/// The rejects, at most `limit`; how many rows there are, and how many of them are rejected.
fn list(cache: &Cache, ingested: &Ingested, limit: usize) -> Result<(Vec<Vec<Value>>, u64, u64)> {
    let mut rows = Vec::new();
    let (mut total, mut rejected) = (0, 0);
    for input in &ingested.inputs {
        for p in &input.content.parts {
            total += p.rows;
            rejected += p.rejected;
            for r in cache.rejects(p.id, limit.saturating_sub(rows.len()))? {
                rows.push(vec![
                    json!(input.file),
                    json!(r.line),
                    json!(p.dataset.name),
                    json!(r.column),
                    json!(r.value),
                    json!(r.reason),
                ]);
            }
        }
    }
    Ok((rows, total, rejected))
}
