//! `crosscheck import`: fills the cache and says what was recognised, loaded and rejected.

use super::{Failure, Session, listing::Listing, outputs::described};
use crate::{
    cache::Cache,
    exit,
    import::ingest::Ingested,
    model::text::{counted, grouped},
};
use anyhow::Result;
use serde_json::{Value, json};

const COLUMNS: &[&str] =
    &["file", "dataset", "profile", "rows", "loaded", "rejected", "filtered", "oldest", "newest"];

/// A row a dataset of each file.
pub fn rows(ingested: &Ingested) -> Vec<Vec<Value>> {
    let mut rows = Vec::new();
    for input in &ingested.inputs {
        for p in &input.content.parts {
            rows.push(vec![
                json!(input.file),
                json!(p.dataset.name),
                json!(input.content.profile),
                json!(p.rows),
                json!(p.loaded),
                json!(p.rejected),
                json!(p.filtered),
                json!(p.oldest),
                json!(p.newest),
            ]);
        }
    }
    rows
}

/// The files of whose people the cache was purged, and which have not changed since. The lists of requests name them
/// by their nature.
fn still_hold(cache: &Cache, ingested: &Ingested) -> Result<Vec<String>> {
    let mut found = Vec::new();
    for input in &ingested.inputs {
        let lists = ["deletion_requests", "deletion_confirmations"];
        let own = input.content.parts.iter().any(|p| lists.contains(&p.dataset.name));
        if !own && cache.was_purged(&input.content.digest)? {
            found.push(input.file.clone());
        }
    }
    Ok(found)
}

/// Runs the command; returns the exit code.
pub fn run(session: &Session, given: &[String]) -> Result<u8, Failure> {
    let (ingested, folder, still_hold) = session.with_cache(|cache| {
        let exports = session.exports(given, cache)?;
        if exports.is_empty() {
            return Err(Failure::usage(
                "usage/no-exports",
                "name the exports to import: files, folders, or dataset=PATH",
            ));
        }
        let ingested = session.ingest(cache, &exports, true)?;
        let still_hold = still_hold(cache, &ingested)?;
        Ok((ingested, cache.dir().display().to_string(), still_hold))
    })?;
    let mut problems = ingested.problems.clone();
    let (mut total, mut rejected) = (0, 0);
    for input in &ingested.inputs {
        for (code, message) in &input.content.problems {
            problems.push(crate::report::Problem::new(code, message.clone()).at(&input.file, None));
        }
        total += input.content.parts.iter().map(|p| p.rows).sum::<u64>();
        rejected += input.content.parts.iter().map(|p| p.rejected).sum::<u64>();
    }
    if rejected > 0 && !session.settings.allow_rejects.allows(rejected, total) {
        problems.push(crate::report::Problem::new(
            "data/rejected-rows",
            format!(
                "{} of {} could not be used, more than --allow-rejects; `crosscheck rejects` lists them",
                grouped(&rejected.to_string()),
                counted(total, "row", "rows")
            ),
        ));
    }
    for file in &still_hold {
        session.ui.warning(&format!(
            "{file} still holds people who were removed from the cache (gdpr-delete --purge-cache): export it again"
        ));
    }
    let exit_code = if problems.is_empty() { exit::OK } else { exit::UNTRUSTED };
    let files = ingested.inputs.len();
    let mut listing = Listing {
        schema: "crosscheck.import/1",
        name: "imports",
        columns: COLUMNS,
        rows: rows(&ingested),
        below: vec![format!(
            "{} rows of {}, {} rejected; {} read, {} unchanged; cache: {}",
            grouped(&total.to_string()),
            counted(files as u64, "file", "files"),
            grouped(&rejected.to_string()),
            ingested.read,
            files.saturating_sub(ingested.read),
            folder
        )],
        ..Listing::default()
    };
    listing.own.insert("exit_code".to_owned(), json!(exit_code));
    listing.own.insert("still_hold".to_owned(), json!(still_hold));
    listing.own.insert("problems".to_owned(), json!(problems));
    listing.own.insert("warnings".to_owned(), json!(ingested.warnings));
    listing.print(session)?;
    for p in &problems {
        session.ui.error(&described(p));
    }
    Ok(exit_code)
}
