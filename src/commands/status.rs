//! `crosscheck status`: what the cache holds.

use super::{Failure, Session, listing::Listing};
use crate::{
    cache::Cache,
    exit,
    history::History,
    model::{
        text::{counted, grouped},
        time::Stamp,
    },
    settings::Settings,
};
use anyhow::Result;
use serde_json::{Value, json};

const COLUMNS: &[&str] =
    &["dataset", "file", "profile", "rows", "rejects", "newest", "age", "registered", "state"];

/// Runs the command; returns the exit code.
pub fn run(session: &Session) -> Result<u8, Failure> {
    let settings = &session.settings;
    let (mut rows, files, folder) = session.with_cache(|cache| {
        let (rows, files) = cache.snapshot(&[], || list(cache, settings))?;
        Ok((rows, files, cache.dir().display().to_string()))
    })?;
    rows.sort_by(|a, b| (a[0].as_str(), a[1].as_str()).cmp(&(b[0].as_str(), b[1].as_str())));
    let config = settings.config_path().map(|p| p.display().to_string());
    let total: u64 = rows.iter().filter_map(|r| r[3].as_u64()).sum();
    let history = History::path(settings.state_dir()).display().to_string();
    let mut listing = Listing {
        schema: "crosscheck.status/1",
        name: "datasets",
        columns: COLUMNS,
        rows,
        above: vec![
            format!("settings: {}", config.as_deref().unwrap_or("none found (crosscheck init writes one)")),
            format!("cache:    {folder}"),
            format!("history:  {history}"),
        ],
        below: vec![format!("{} rows of {}", grouped(&total.to_string()), counted(files, "file", "files"))],
        ..Listing::default()
    };
    listing.own.insert("config".to_owned(), json!(config));
    listing.own.insert("cache".to_owned(), json!(folder));
    listing.own.insert("state".to_owned(), json!(settings.state_dir().display().to_string()));
    listing.own.insert("history".to_owned(), json!(history));
    listing.print(session)?;
    Ok(exit::OK)
}

/// A row a dataset of each file, and how many files there are.
fn list(cache: &Cache, settings: &Settings) -> Result<(Vec<Vec<Value>>, u64)> {
    let mut rows = Vec::new();
    let mut files = 0;
    for known in cache.paths()? {
        files += 1;
        let content = cache.content(known.content)?;
        let gone = !std::path::Path::new(&known.path).exists();
        for p in &content.parts {
            let newest = p.newest.as_deref().and_then(|t| Stamp::parse(t).ok());
            let age = newest.map(|n| settings.as_of - n.in_zone(settings.timezone));
            rows.push(vec![
                json!(p.dataset.name),
                json!(known.path),
                json!(content.profile),
                json!(p.rows),
                json!(p.rejected),
                json!(p.newest),
                json!(age.map(age_text)),
                json!(known.registered),
                json!(if gone { "file is gone" } else { "cached" }),
            ]);
        }
    }
    Ok((rows, files))
}

/// `3d`, `5h`, `12m`; what lies ahead is `0m`.
fn age_text(age: chrono::TimeDelta) -> String {
    let minutes = age.num_minutes().max(0);
    match minutes {
        0..60 => format!("{minutes}m"),
        60..2880 => format!("{}h", minutes / 60),
        _ => format!("{}d", minutes / 1440),
    }
}
