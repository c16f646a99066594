//! Checks on made-up exports, cold and warm.

use crate::common::{Setup, cold, data::Made, in_turn, report, warm};
use anyhow::{Context as _, Result, bail};
use serde_json::Value;
use std::collections::BTreeMap;

/// A check, and what it must keep to.
pub(crate) struct Trial {
    /// The check.
    pub(crate) check: &'static str,
    /// Its options.
    pub(crate) options: &'static [&'static str],
    /// The times that are asked for at the full size: cold, warm.
    pub(crate) must: [&'static str; 2],
}

/// Measures the trials that are wanted, and holds the findings against the faults that were seeded: each must be
/// found. Other findings are shown, as healthy data may have its edges.
pub(crate) fn measure(setup: &Setup, made: &Made, as_of: &str, trials: &[Trial]) -> Result<()> {
    report::circumstances(&setup.tool.versions()?);
    let mut sizes = Vec::new();
    let mut files = Vec::new();
    for (file, rows) in made.answer["rows"].as_object().into_iter().flatten() {
        sizes.push(format!("{file} {}", report::grouped(rows.as_u64().unwrap_or(0))));
        files.push(made.file(file));
    }
    report::say(format_args!("Rows: {}. {} runs of each in turn.\n", sizes.join(", "), setup.runs));
    let (mut times, mut found, mut missed) = (Vec::new(), Vec::new(), Vec::new());
    for trial in trials.iter().filter(|t| setup.wants(t.check)) {
        let check = trial.check;
        if !setup
            .tool
            .job(&setup.tool.place(check)?, &["explain".to_owned(), check.to_owned()])
            .run()
            .is_ok_and(|c| c.code == 0)
        {
            report::skipped(check, "this crosscheck has no such check");
            continue;
        }
        let place = setup.tool.place(check)?;
        let mut words = vec![check.to_owned()];
        words.extend_from_slice(&files);
        words.extend(["--as-of", as_of].map(str::to_owned));
        words.extend(trial.options.iter().map(|o| (*o).to_owned()));
        // In each round the warm run uses the cache that the cold one has just written.
        let pair = [cold(&setup.tool, "cold", &place, &words), warm(&setup.tool, "warm", &place, &words)];
        let samples = in_turn(&pair, setup.runs).context(check)?;
        for ((contender, samples), must) in pair.iter().zip(&samples).zip(trial.must) {
            let mut cells = vec![check.to_owned(), contender.name.clone()];
            cells.extend(report::cells(samples));
            cells.push(must.to_owned());
            times.push(cells);
        }
        let given = setup.tool.report(&place, &words)?;
        for (code, seeded, shown) in compared(check, &given, &made.answer) {
            if shown < seeded {
                missed.push(format!("{code}: {seeded} seeded, {shown} found"));
            }
            found.push(vec![code, report::grouped(seeded), report::grouped(shown)]);
        }
    }
    if times.is_empty() {
        return Ok(());
    }
    report::table(&report::head(&["check", "cache"], &["must"]), 2, &times);
    report::table(&["finding", "seeded", "found"], 1, &found);
    if missed.is_empty() {
        return Ok(());
    }
    for line in &missed {
        report::say(format_args!("**WRONG ANSWER**: {line}\n"));
    }
    bail!("wrong answers, so the times mean nothing: {}", missed.join("; "))
}

/// Every code of a check that was seeded or found: how often each.
fn compared(check: &str, given: &Value, answer: &Value) -> Vec<(String, u64, u64)> {
    let mut codes: BTreeMap<&str, (u64, u64)> = BTreeMap::new();
    let counts = |value: &'_ Value| value.as_object().cloned().unwrap_or_default();
    let (seeded, found) = (counts(&answer["seeded"]), counts(&given["summary"]["by_code"]));
    let own = |code: &&String| code.split('/').next() == Some(check);
    for code in seeded.keys().filter(own) {
        codes.entry(code).or_default().0 = seeded[code].as_u64().unwrap_or(0);
    }
    for code in found.keys().filter(own) {
        codes.entry(code).or_default().1 = found[code].as_u64().unwrap_or(0);
    }
    codes.into_iter().map(|(code, (s, f))| (code.to_owned(), s, f)).collect()
}
