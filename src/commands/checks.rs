//! `crosscheck checks`: every check, what it reads, what can run on the given exports, and which vendors' exports would
//! bring what lacks.

use super::{Failure, Session, listing::Listing};
use crate::{
    check::{CheckInfo, Rule},
    checks,
    data::Data,
    exit,
    import::profile::Profiles,
};
use serde_json::{Map, Value, json};
use std::collections::{BTreeMap, BTreeSet};

const COLUMNS: &[&str] =
    &["check", "compares", "can_run", "reads", "missing", "rules_not_judged", "rules", "brought_by"];

/// Where each column stands in a row.
const CHECK: usize = 0;
const COMPARES: usize = 1;
const CAN_RUN: usize = 2;
const READS: usize = 3;
const MISSING: usize = 4;
const RULES: usize = 6;
const BROUGHT_BY: usize = 7;

/// Runs the command; returns the exit code.
pub fn run(session: &Session, given: &[String]) -> Result<u8, Failure> {
    let profiles = session.profiles()?;
    let rows = session.with_cache(|cache| {
        let exports = session.exports(given, cache)?;
        let ingested = session.ingest(cache, &exports, false)?;
        let rows = cache.snapshot(&ingested.contents(), || {
            let data = Data::open(cache, &ingested.inputs, &session.settings)?;
            let vendors = Vendors::new(&profiles, &data);
            Ok(checks::ALL.iter().map(|c| row(c.info, &data, &vendors)).collect())
        })?;
        Ok(rows)
    })?;
    let listing = Listing {
        schema: "crosscheck.checks/1",
        name: "checks",
        columns: COLUMNS,
        rows,
        prose: Some(prose),
        below: vec![
            String::new(),
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

/// What of a rule's needs is not there.
fn lacks(rule: &Rule, data: &Data<'_>) -> Vec<&'static str> {
    rule.needs.iter().copied().filter(|n| !there(data, n)).collect()
}

/// The profiles, those of systems that the exports come from first.
struct Vendors<'p> {
    profiles: &'p Profiles,
    seen: BTreeSet<String>,
}

impl<'p> Vendors<'p> {
    fn new(profiles: &'p Profiles, data: &Data<'_>) -> Vendors<'p> {
        let contents = data.inputs.iter().map(|i| &i.content);
        let seen = contents
            .flat_map(|c| {
                let vendor = c.profile.as_deref().and_then(|p| p.split('/').next());
                vendor.into_iter().chain(c.parts.iter().filter_map(|p| p.system.as_deref()))
            })
            .map(str::to_lowercase)
            .collect();
        Vendors { profiles, seen }
    }

    /// The profiles that give a dataset, or a column of one.
    fn that_give(&self, need: &str) -> Vec<&'p str> {
        let (dataset, column) = need.split_once('.').map_or((need, None), |(d, c)| (d, Some(c)));
        let mut found: Vec<&str> =
            self.profiles.iter().filter(|p| p.gives(dataset, column)).map(|p| p.name.as_str()).collect();
        found.sort_by_key(|name| {
            let vendor = name.split('/').next().unwrap_or(name);
            (!self.seen.contains(vendor), *name)
        });
        found
    }
}

fn row(info: &CheckInfo, data: &Data<'_>, vendors: &Vendors<'_>) -> Vec<Value> {
    let missing = missing(info, data);
    let reads: Vec<String> = info
        .reads
        .iter()
        .map(|r| if r.needed { r.dataset.to_owned() } else { format!("[{}]", r.dataset) })
        .collect();
    let mut brought: BTreeSet<&str> = missing.iter().flat_map(|m| m.split('|')).collect();
    let (mut silent, mut rules) = (Vec::new(), Vec::new());
    for rule in info.rules {
        let lacks = lacks(rule, data);
        if !lacks.is_empty() {
            silent.push(format!("{} ({})", rule.code, lacks.join(", ")));
            brought.extend(lacks.iter().flat_map(|l| l.split('|')));
        }
        rules.push(json!({"code": rule.code, "needs": rule.needs, "lacks": lacks}));
    }
    let brought: Map<String, Value> =
        brought.into_iter().map(|need| (need.to_owned(), json!(vendors.that_give(need)))).collect();
    vec![
        json!(info.name),
        json!(info.about),
        json!(if missing.is_empty() { "yes" } else { "no" }),
        json!(reads),
        json!(missing),
        json!(silent),
        json!(rules),
        Value::Object(brought),
    ]
}

fn texts(value: &Value) -> Vec<&str> {
    value.as_array().into_iter().flatten().filter_map(Value::as_str).collect()
}

/// Alternatives in words.
fn or(need: &str) -> String {
    need.replace('|', " or ")
}

/// Words in lines of a width, after a label; further lines are indented as the first one's text.
fn wrapped(out: &mut Vec<String>, label: &str, indent: usize, text: &str, width: usize) {
    let mut line = format!("{label:indent$}");
    let mut empty = true;
    for word in text.split(' ') {
        if !empty && line.chars().count() + 1 + word.chars().count() > width {
            out.push(std::mem::replace(&mut line, " ".repeat(indent)));
            empty = true;
        }
        if !empty {
            line.push(' ');
        }
        line.push_str(word);
        empty = false;
    }
    out.push(line);
}

/// A block for each check, then what would bring what lacks.
fn prose(listing: &Listing, width: usize) -> Vec<String> {
    let mut out = Vec::new();
    let mut brought: BTreeMap<&str, Vec<&str>> = BTreeMap::new();
    for row in &listing.rows {
        check(&mut out, row, width);
        for (need, profiles) in row[BROUGHT_BY].as_object().into_iter().flatten() {
            brought.insert(need, texts(profiles));
        }
    }
    if brought.is_empty() {
        return out;
    }
    // Of a dataset that is not there at all its columns need no mention.
    let datasets: BTreeSet<&str> = brought.keys().copied().filter(|n| !n.contains('.')).collect();
    brought.retain(|need, _| need.split_once('.').is_none_or(|(dataset, _)| !datasets.contains(dataset)));
    let indent = brought.keys().map(|n| n.len()).max().unwrap_or(0).min(40) + 4;
    out.push("exports that bring what lacks, those of the systems here first".to_owned());
    let (by_vendors, own): (Vec<_>, Vec<_>) = brought.iter().partition(|(_, profiles)| !profiles.is_empty());
    for (need, profiles) in by_vendors {
        wrapped(&mut out, &format!("  {need}"), indent, &profiles.join(", "), width);
    }
    if !own.is_empty() {
        let own: Vec<&str> = own.into_iter().map(|(need, _)| *need).collect();
        wrapped(&mut out, "  no vendor's, but a table of your own: ", 4, &own.join(", "), width);
    }
    out
}

/// What a check compares, reads and lacks.
fn check(out: &mut Vec<String>, row: &[Value], width: usize) {
    const INDENT: usize = 14;
    let name = row[CHECK].as_str().unwrap_or_default();
    let rules = row[RULES].as_array().map_or(&[][..], Vec::as_slice);
    let judged = rules.iter().filter(|r| texts(&r["lacks"]).is_empty()).count();
    let missing: Vec<String> = texts(&row[MISSING]).into_iter().map(or).collect();
    let can = if row[CAN_RUN] == "yes" {
        format!("can run, {judged} of {} rules", rules.len())
    } else {
        format!("cannot run: lacks {}", missing.join(", "))
    };
    out.push(format!("{name:INDENT$}{}", row[COMPARES].as_str().unwrap_or_default()));
    wrapped(out, "", INDENT, &can, width);
    let reads = texts(&row[READS]);
    let bare = |r: &str| or(r.trim_matches(['[', ']']));
    let needed: Vec<String> = reads.iter().filter(|r| !r.starts_with('[')).map(|r| bare(r)).collect();
    let also: Vec<String> = reads.iter().filter(|r| r.starts_with('[')).map(|r| bare(r)).collect();
    wrapped(out, "  reads", INDENT, &needed.join(", "), width);
    if !also.is_empty() {
        wrapped(out, "  if there", INDENT, &also.join(", "), width);
    }
    // The rules that lack the same stand together.
    let mut silent: Vec<(Vec<&str>, Vec<&str>)> = Vec::new();
    for rule in rules {
        let (lacks, code) = (texts(&rule["lacks"]), rule["code"].as_str().unwrap_or_default());
        let short = code.split_once('/').map_or(code, |(_, short)| short);
        match silent.iter_mut().find(|(l, _)| *l == lacks) {
            _ if lacks.is_empty() => {}
            Some((_, codes)) => codes.push(short),
            None => silent.push((lacks, vec![short])),
        }
    }
    for (at, (lacks, codes)) in silent.iter().enumerate() {
        let label = if at == 0 { "  not judged" } else { "" };
        let lacks: Vec<String> = lacks.iter().map(|l| or(l)).collect();
        let text = format!("{} for want of {}", codes.join(", "), lacks.join(", "));
        wrapped(out, label, INDENT, &text, width);
    }
    out.push(String::new());
}
