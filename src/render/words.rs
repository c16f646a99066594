//! The sentences that every format for people has in common.

use super::text::{count, minutes, moneys, plural, safe};
use super::{RenderOptions, RowsWanted};
use crate::model::{
    datasets,
    time::{Instant, rfc3339},
};
use crate::report::{BySeverity, Finding, Problem, Report, Row, Severity, State, TOLD_ROWS, totals};
use std::collections::{BTreeMap, HashMap};

/// Rows of a table that is not told to show all.
const MOST_ROWS: usize = TOLD_ROWS;
/// Of one kind, or where nothing is wrong.
const FEW_ROWS: usize = 5;

/// Findings that have one answer: the same code, cause, action and owner.
pub(super) struct Group<'a> {
    pub(super) findings: Vec<&'a Finding>,
}

impl<'a> Group<'a> {
    /// The finding that stands for all in what they have in common.
    pub(super) fn first(&self) -> &'a Finding {
        self.findings[0]
    }

    /// `12,150.00 USD`, or nothing.
    pub(super) fn money(&self) -> String {
        moneys(&totals(self.findings.iter().filter_map(|f| f.impact.as_ref())))
    }

    /// What was found as the cause: in words where all of them have the same words.
    pub(super) fn cause(&self) -> Option<String> {
        let cause = self.first().cause.as_ref()?;
        let same = self.findings.iter().all(|f| f.cause.as_ref() == Some(cause));
        Some(if same && !cause.detail.is_empty() {
            format!("{}: {}", safe(&cause.id), safe(&cause.detail))
        } else {
            safe(&cause.id).into_owned()
        })
    }

    /// `Hold the draft. (billing, by 2026-11-03T00:00Z)`.
    pub(super) fn next(&self) -> Option<String> {
        let first = self.first();
        let due = self.findings.iter().filter_map(|f| f.due).min();
        let who: Vec<String> = [
            (!first.owner.is_empty()).then(|| first.owner.to_owned()),
            due.map(|t| format!("by {}", moment(t))),
        ]
        .into_iter()
        .flatten()
        .collect();
        match (first.action.is_empty(), who.is_empty()) {
            (true, true) => None,
            (true, false) => Some(who.join(", ")),
            (false, true) => Some(safe(&first.action).into_owned()),
            (false, false) => Some(format!("{} ({})", safe(&first.action), who.join(", "))),
        }
    }
}

/// The findings of a severity that are not waived, grouped, in the order of each group's first.
pub(super) fn groups(findings: &[Finding], severity: Severity) -> Vec<Group<'_>> {
    let mut groups: Vec<Group<'_>> = Vec::new();
    let mut places = HashMap::new();
    for f in findings.iter().filter(|f| f.severity == severity && f.state != State::Waived) {
        let kind = (f.code, f.cause.as_ref().map(|c| &c.id), &f.action, f.owner);
        let place = *places.entry(kind).or_insert_with(|| {
            groups.push(Group { findings: Vec::new() });
            groups.len() - 1
        });
        groups[place].findings.push(f);
    }
    groups
}

/// Those that were accepted until a date.
pub(super) fn waived(findings: &[Finding]) -> Vec<&Finding> {
    findings.iter().filter(|f| f.state == State::Waived).collect()
}

/// A finding's sentence with its state, where the state says something.
pub(super) fn message(f: &Finding) -> String {
    let state = match f.state {
        State::New | State::Waived => "",
        State::Worsened => " [worsened]",
        State::Persisting => " [persisting]",
    };
    format!("{}{state}", safe(&f.message))
}

/// `2026-11-01T06:00Z`.
pub(super) fn moment(t: Instant) -> String {
    minutes(&rfc3339(t))
}

/// `12,460.00 USD + 95.00 EUR`, or nothing.
pub(super) fn at_stake(report: &Report) -> Option<String> {
    (!report.summary.impact.is_empty()).then(|| moneys(&report.summary.impact))
}

/// What could not be judged and what was missing for it, rules with the same lack on one line.
pub(super) fn not_judged(report: &Report) -> Vec<String> {
    let mut by_lack: Vec<(&[String], Vec<String>)> = Vec::new();
    for rule in report.rules.iter().filter(|r| r.severity.is_some()) {
        if rule.missing.is_empty() && rule.not_judged == 0 {
            continue;
        }
        let name =
            rule.code.strip_prefix(report.check).and_then(|c| c.strip_prefix('/')).unwrap_or(rule.code);
        let words = match (rule.judged, rule.not_judged) {
            (_, 0) => name.to_owned(),
            (0, n) => format!("{name} (all {})", count(n)),
            (judged, n) => format!("{name} ({} of {})", count(n), count(judged.saturating_add(n))),
        };
        match by_lack.iter_mut().find(|(lack, _)| *lack == rule.missing.as_slice()) {
            Some((_, names)) => names.push(words),
            None => by_lack.push((&rule.missing, vec![words])),
        }
    }
    by_lack.sort_by_key(|(lack, _)| lack.is_empty());
    by_lack
        .into_iter()
        .map(|(lack, rules)| match lack {
            [] => rules.join(", "),
            lack => format!("{}: {}", missing(lack), rules.join(", ")),
        })
        .collect()
}

/// `no messages export`, `no column usage_events.ingested_at`, `no --scan`, `no [triage.senior] in crosscheck.toml`.
pub(super) fn missing(lack: &[String]) -> String {
    let words: Vec<String> = lack
        .iter()
        .map(|name| match name.split_once('.') {
            Some((of, _)) if !name.contains('|') && datasets::find(of).is_none() => {
                format!("no [{}] in crosscheck.toml", safe(name))
            }
            None if name.starts_with("--") => format!("no {}", safe(name)),
            Some(_) => format!("no column {}", safe(&name.replace('|', " or "))),
            None => format!("no {} export", safe(&name.replace('|', " or "))),
        })
        .collect();
    words.join(", ")
}

/// `usage.csv:12: 3 rows were rejected …`.
pub(super) fn problem(p: &Problem) -> String {
    let place = match (&p.file, p.line) {
        (Some(file), Some(line)) => format!("{}:{line}: ", safe(file)),
        (Some(file), None) => format!("{}: ", safe(file)),
        (None, _) => String::new(),
    };
    format!("{place}{}", safe(&p.message))
}

/// `4 errors`, `1 warning`; what there is not is left out, and where there is nothing, that is said.
pub(super) fn by_severity(by: BySeverity) -> Vec<String> {
    let mut found: Vec<String> = [(by.error, "error"), (by.warning, "warning"), (by.info, "info")]
        .into_iter()
        .filter(|(n, _)| *n > 0)
        .map(|(n, noun)| plural(n, noun))
        .collect();
    if found.is_empty() {
        found.push("no findings".to_owned());
    }
    found
}

/// The last line: what was counted, and why the exit code is what it is.
pub(super) fn result(report: &Report) -> String {
    let mut found = by_severity(report.summary.by_severity);
    let states = |s: State| report.findings.iter().filter(|f| f.state == s).count() as u64;
    let waived = states(State::Waived);
    if states(State::Persisting) + states(State::Worsened) > 0 {
        found.push(format!("{} new", count(states(State::New) + states(State::Worsened))));
    }
    if waived > 0 {
        found.push(format!("{} waived", count(waived)));
    }
    let mut parts = vec![found.join(", ")];
    if !report.inputs.is_empty() {
        let (rows, rejected) = report
            .inputs
            .iter()
            .fold((0u64, 0u64), |(r, j), i| (r.saturating_add(i.rows), j.saturating_add(i.rejected)));
        parts.push(format!("{} of {} rejected", count(rejected), plural(rows, "row")));
    }
    if report.summary.excluded > 0 {
        parts.push(format!("{} excluded", plural(report.summary.excluded, "account")));
    }
    parts.push(format!("as of {}", moment(report.as_of)));
    parts.push(match report.exit_code {
        2 => "exit 2 (usage)".to_owned(),
        3 => "exit 3 (the data cannot be trusted)".to_owned(),
        code => format!("exit {code}"),
    });
    parts.join("; ")
}

/// The rows that a table for people shows, worst first, and what the others are: `1,621 more: 38 mismatch, …`.
///
/// Where something is wrong, only that is shown: what is right would push it off the screen. And of what went
/// wrong in the same way a few are enough, so that the other ways are seen.
pub(super) fn pick_rows<'a>(
    report: &Report,
    mut rows: Vec<&'a Row>,
    options: &RenderOptions,
) -> (Vec<&'a Row>, Option<String>) {
    rows.sort_by_key(|r| r.rank);
    let nothing = BTreeMap::new();
    let left = if options.rows == RowsWanted::All { &report.rows_left } else { &nothing };
    let (shown, rest) = if let Some(limit) = options.limit {
        let rest = rows.split_off(limit.min(rows.len()));
        (rows, rest)
    } else if options.all_rows || rows.len() <= MOST_ROWS && left.is_empty() {
        (rows, Vec::new())
    } else if rows.iter().any(|r| r.flagged) {
        worst(report, rows)
    } else {
        let rest = rows.split_off(FEW_ROWS.min(rows.len()));
        (rows, rest)
    };
    let many = rest.len() as u64 + left.values().sum::<u64>();
    let more =
        (many > 0).then(|| format!("{} more{}", count(many), kinds(report, &rest, left).unwrap_or_default()));
    (shown, more)
}

/// Of the flagged rows the first ones, of each outcome and cause at most a few unless there is room.
fn worst<'a>(report: &Report, rows: Vec<&'a Row>) -> (Vec<&'a Row>, Vec<&'a Row>) {
    let kind: Vec<usize> = outcome(report).into_iter().chain(column(report, &["cause", "reason"])).collect();
    let few = if rows.iter().filter(|r| r.flagged).count() <= MOST_ROWS { MOST_ROWS } else { FEW_ROWS };
    let mut seen: HashMap<Vec<Option<&str>>, usize> = HashMap::new();
    let (mut shown, mut rest) = (Vec::new(), Vec::new());
    for row in rows {
        if row.flagged && shown.len() < MOST_ROWS {
            let of_kind = seen
                .entry(kind.iter().map(|i| row.values.get(*i).and_then(|v| v.as_str())).collect())
                .or_default();
            *of_kind += 1;
            if kind.is_empty() || *of_kind <= few {
                shown.push(row);
                continue;
            }
        }
        rest.push(row);
    }
    (shown, rest)
}

/// The check's column of outcomes, where it has one.
fn outcome(report: &Report) -> Option<usize> {
    column(report, &["status", "verdict", "state"])
}

fn column(report: &Report, names: &[&str]) -> Option<usize> {
    report.columns.iter().position(|c| names.contains(&c.name))
}

/// `: 38 mismatch, 1,348 ok`, by the check's column of outcomes.
fn kinds(report: &Report, rest: &[&Row], left: &BTreeMap<String, u64>) -> Option<String> {
    let column = outcome(report)?;
    let mut kinds: Vec<(&str, u64)> = Vec::new();
    let made = rest.iter().map(|row| Some((row.values.get(column)?.as_str()?, 1)));
    for one in made.chain(left.iter().map(|(kind, n)| Some((kind.as_str(), *n)))) {
        let (kind, n) = one?;
        match kinds.iter().position(|(k, _)| *k == kind) {
            Some(at) => kinds[at].1 += n,
            // So many outcomes are no outcomes.
            None if kinds.len() == 8 => return None,
            None => kinds.push((kind, n)),
        }
    }
    let spoken = |k: &str| safe(k).replace('_', " ");
    match kinds.as_slice() {
        [] => None,
        [(only, _)] => Some(format!(", all {}", spoken(only))),
        several => {
            let words: Vec<String> =
                several.iter().map(|(k, n)| format!("{} {}", count(*n), spoken(k))).collect();
            Some(format!(": {}", words.join(", ")))
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::render::sample;

    #[test]
    fn rules_that_lack_the_same_are_told_in_one_line() {
        let mut report = sample::report();
        for rule in &mut report.rules {
            rule.missing = vec!["messages".into()];
            (rule.judged, rule.not_judged) = (0, 0);
        }
        let lines = not_judged(&report);
        assert_eq!(lines.len(), 1);
        assert!(lines[0].starts_with("no messages export: quantity-mismatch, "), "{lines:?}");
    }

    #[test]
    fn a_rule_that_is_off_is_not_told_as_unjudged() {
        let mut report = sample::report();
        for rule in &mut report.rules {
            rule.severity = None;
        }
        assert!(not_judged(&report).is_empty());
    }

    #[test]
    fn a_waived_finding_stands_in_no_group_but_is_counted_in_the_result() {
        let mut report = sample::report();
        let before: usize = groups(&report.findings, Severity::Error).iter().map(|g| g.findings.len()).sum();
        report.findings[0].state = State::Waived;
        let after: usize = groups(&report.findings, Severity::Error).iter().map(|g| g.findings.len()).sum();
        assert_eq!(after, before - 1);
        assert!(result(&report).contains(", 1 waived;"), "{}", result(&report));
    }

    #[test]
    fn rows_that_are_not_shown_are_counted_by_their_outcome() {
        let report = sample::report();
        let options = RenderOptions { limit: Some(3), ..RenderOptions::default() };
        let (rows, more) = pick_rows(&report, report.rows.iter().collect(), &options);
        assert_eq!(rows.len(), 3);
        assert_eq!(more.unwrap(), "1,621 more: 38 mismatch, 212 drift, 23 not judged, 1,348 ok");
    }

    #[test]
    fn one_cause_does_not_hide_the_others_from_the_rows() {
        let report = sample::report();
        let (rows, more) = pick_rows(&report, report.rows.iter().collect(), &RenderOptions::default());
        let causes: Vec<_> = rows.iter().map(|r| r.values[13].as_str()).collect();
        assert_eq!(rows.len(), 8, "{causes:?}");
        assert!(causes.contains(&None) && causes.contains(&Some("duplicates-counted")), "{causes:?}");
        assert!(more.unwrap().starts_with("1,616 more: 33 mismatch, "));
    }

    #[test]
    fn rows_of_which_none_is_wrong_are_few() {
        let report = sample::pass();
        let (rows, more) = pick_rows(&report, report.rows.iter().collect(), &RenderOptions::default());
        assert_eq!((rows.len(), more.as_deref()), (5, Some("1,343 more, all ok")));
    }
}
