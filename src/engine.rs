//! Makes a report of what a check found: severities, scope, how far it could judge, the verdict, the exit code.

mod compare;
mod waivers;

pub use compare::{compare, keep_new, lacking_rules, trusted};

use crate::{
    cache::Input,
    check::{CheckInfo, Reads, Rule},
    data::{ConflictingRecord, Data},
    exit,
    model::{
        datasets,
        mask::Private,
        money::Money,
        text::{counted, grouped},
        time::{Stamp, rfc3339},
    },
    report::{
        BySeverity, CauseSummary, Finding, Passage, Problem, Report, Row, RowColumn, RowSource, RuleReport,
        Severity, State, Subject, Summary, Verdict, sort_findings, totals,
    },
    settings::{Settings, format_duration},
};
use serde_json::{Map, Value};
use std::{collections::BTreeMap, path::PathBuf, sync::Arc};

/// What a check has found, before severities, waivers and the exit code are settled.
#[derive(Debug, Default)]
pub struct Outcome {
    /// What is at fault, with the rules' default severities.
    pub findings: Vec<Finding>,
    /// The whole result table.
    pub rows: Vec<Row>,
    /// Further rows, made while they are written.
    pub rows_later: Option<Arc<dyn RowSource>>,
    /// How many more rows it has that were not made, by their outcome; see [`Settings::rows_needed`].
    pub rows_left: BTreeMap<String, u64>,
    /// Its columns, where they differ from the check's usual ones.
    pub columns: Option<&'static [RowColumn]>,
    /// The verdict in a sentence, without the check's name.
    pub headline: String,
    /// Subjects judged.
    pub checked: u64,
    /// Subjects that could not be judged.
    pub not_judged: u64,
    /// By rule: how many subjects were judged and how many could not be.
    pub judged: BTreeMap<&'static str, (u64, u64)>,
    /// By rule: columns or datasets that were missing for a part of it, beyond those its record names; how many
    /// subjects that part is, `judged` says.
    pub missing: BTreeMap<&'static str, Vec<String>>,
    /// Accounts left out by scope.
    pub excluded: u64,
    /// Ids that match no account.
    pub unmatched_ids: u64,
    /// The check's own figures of the summary.
    pub own: Map<String, Value>,
    /// What a person should know.
    pub notes: Vec<String>,
    /// Longer texts that options asked for.
    pub passages: Vec<Passage>,
    /// Why the data cannot be trusted; any of them makes the exit code 3.
    pub problems: Vec<Problem>,
    /// Files that options asked for, written once the report stands.
    pub files: Vec<(PathBuf, Vec<u8>)>,
    /// Folders that are made for them, where they do not exist.
    pub folders: Vec<PathBuf>,
    /// People to be removed from what this program keeps, once all is written.
    pub purge: Option<Purge>,
    /// Whether the cache must not remember the answer: it depends on files beyond the exports, or shows what is
    /// masked elsewhere.
    pub fleeting: bool,
}

/// People to be removed from what this program keeps.
#[derive(Clone, Debug)]
pub struct Purge {
    /// What they are known by, as it was written.
    pub values: Vec<Private>,
}

/// A check: its record and its judgement.
#[derive(Clone, Copy)]
pub struct Check {
    /// What it reads and may report.
    pub info: &'static CheckInfo,
    /// Loads what it needs and judges it.
    pub run: fn(&Data<'_>) -> anyhow::Result<Outcome>,
}

/// A finding of every check: two exports hold one record with different contents.
pub static CONFLICTING_RECORD: Rule = Rule {
    code: "data/conflicting-record",
    severity: Severity::Warning,
    what: "Two rows with one key have different contents: in two exports, or twice in one.",
    why: "One of them is wrong or old, and whichever is used, another tool may use the other.",
    remedy: "Export again, or give only the newer file. The row that was updated last is used; without a date of \
             update the byte-greater one, so that the order of files never matters.",
    needs: &[],
};

/// Rules that belong to no single check.
pub static SHARED_RULES: &[&Rule] = &[&CONFLICTING_RECORD, &waivers::EXPIRED, &waivers::UNUSED];

/// Runs a check on the data and makes its report. `problems` are what reading the exports has brought up.
pub fn judge(check: &Check, data: &Data<'_>, problems: Vec<Problem>) -> anyhow::Result<(Report, Outcome)> {
    let info = check.info;
    let settings = data.settings;
    let mut problems = problems;
    problems.extend(missing(info, data));
    let lacks_data = lacks_data(&problems);
    let mut outcome = if lacks_data {
        Outcome { headline: "the data it needs is not there".to_owned(), ..Outcome::default() }
    } else {
        (check.run)(data)?
    };
    problems.append(&mut outcome.problems);
    problems.extend(of_inputs(info, data));
    if !lacks_data && outcome.checked == 0 && problems.is_empty() {
        let why = if outcome.not_judged > 0 {
            format!(
                "none of {} could be judged; see the notes",
                counted(outcome.not_judged, "subject", "subjects")
            )
        } else {
            "there was nothing to judge".to_owned()
        };
        problems.push(Problem::new("data/nothing-compared", why));
    }
    let noticed = data.take_noticed();
    outcome.notes.extend(noticed.notes);
    outcome.findings.extend(noticed.conflicts.iter().map(|c| conflict(data, c)));

    let mut rules = rules(info, data, &outcome, lacks_data);
    let mut findings = std::mem::take(&mut outcome.findings);
    if !lacks_data {
        waivers::apply(info, settings, &mut findings);
    }
    for f in &mut findings {
        let own = f.severity;
        let default = info.rules.iter().find(|r| r.code == f.code).map_or(own, |r| r.severity);
        // A rule whose severity was set keeps it for all its findings; else a finding may be milder than its rule.
        match settings.severity_of(f.code, default) {
            Some(s) if s != default => f.severity = s,
            _ => {}
        }
    }
    findings.retain(|f| settings.severity_of(f.code, f.severity).is_some() && settings.selects(f.code));
    findings.retain(|f| f.impact.as_ref().is_none_or(|i| i.amount >= settings.min_impact));
    if !settings.accounts.is_empty() {
        let wanted = |a: &Option<String>| a.as_ref().is_some_and(|a| settings.accounts.contains(a));
        findings.retain(|f| wanted(&f.account));
        outcome.rows.retain(|r| wanted(&r.account));
        outcome.passages.retain(|p| wanted(&p.account));
    }
    sort_findings(&mut findings);
    rules.retain(|r| settings.selects(r.code));
    let datasets = datasets_of(info);
    let mut report = Report {
        check: info.name,
        as_of: settings.as_of,
        timezone: settings.timezone.name().to_owned(),
        verdict: Verdict::NotJudged,
        exit_code: exit::OK,
        problems,
        parameters: settings.parameters(info),
        rules,
        inputs: data.input_reports(&datasets),
        summary: summary_of(&outcome),
        findings,
        columns: outcome.columns.unwrap_or(info.columns),
        rows: std::mem::take(&mut outcome.rows),
        rows_later: outcome.rows_later.take(),
        rows_left: std::mem::take(&mut outcome.rows_left),
        headline: std::mem::take(&mut outcome.headline),
        notes: std::mem::take(&mut outcome.notes),
        passages: std::mem::take(&mut outcome.passages),
    };
    settle(&mut report, settings);
    Ok((report, outcome))
}

/// Settles what the reports of one run have in common: waivers that any of them might have used.
pub fn settle_together(reports: &mut [Report], settings: &Settings) {
    for at in waivers::of_run(settings, reports) {
        let report = &mut reports[at];
        report.findings.retain(|f| settings.severity_of(f.code, f.severity).is_some());
        sort_findings(&mut report.findings);
        settle(report, settings);
    }
}

/// The needed datasets that were not given at all, alternatives joined by `|`.
pub fn absent(info: &CheckInfo, inputs: &[Input]) -> Vec<&'static str> {
    let given = |name: &str| inputs.iter().any(|i| i.content.parts.iter().any(|p| p.dataset.name == name));
    let lacks = |r: &&Reads| r.needed && !r.dataset.split('|').any(given);
    info.reads.iter().filter(lacks).map(|r| r.dataset).collect()
}

/// Whether a needed dataset is not there or empty.
fn lacks_data(problems: &[Problem]) -> bool {
    problems.iter().any(|p| p.code == "data/missing-dataset" || p.code == "data/empty-dataset")
}

/// Counts the findings, and draws verdict and exit code from the whole.
fn settle(report: &mut Report, settings: &Settings) {
    count(report);
    let fails = report.findings.iter().any(|f| f.state != State::Waived && settings.fails(f.severity));
    let partly = report.summary.not_judged > 0
        || report.rules.iter().any(|r| r.severity.is_some() && !r.missing.is_empty())
        || !report.problems.is_empty();
    report.verdict = if lacks_data(&report.problems) || report.summary.checked == 0 && !fails {
        Verdict::NotJudged
    } else if fails {
        Verdict::Findings
    } else if partly {
        Verdict::PartlyJudged
    } else {
        Verdict::Pass
    };
    report.exit_code = if !report.problems.is_empty() {
        exit::UNTRUSTED
    } else if fails {
        exit::FINDINGS
    } else {
        exit::OK
    };
}

/// The report of a check that answered from its options alone: no export was read, so no rule was judged, and there
/// is nothing that could not be trusted.
pub fn answered(info: &CheckInfo, settings: &Settings, outcome: Outcome) -> Report {
    Report {
        check: info.name,
        as_of: settings.as_of,
        timezone: settings.timezone.name().to_owned(),
        verdict: Verdict::Pass,
        exit_code: exit::OK,
        problems: Vec::new(),
        parameters: settings.parameters(info),
        rules: Vec::new(),
        inputs: Vec::new(),
        summary: summary_of(&outcome),
        findings: Vec::new(),
        columns: outcome.columns.unwrap_or(info.columns),
        rows: outcome.rows,
        rows_later: outcome.rows_later,
        rows_left: outcome.rows_left,
        headline: outcome.headline,
        notes: outcome.notes,
        passages: outcome.passages,
    }
}

/// A report for a call that could not be carried out at all.
pub fn failed(
    info: &CheckInfo,
    settings: Option<&Settings>,
    problems: Vec<Problem>,
    exit_code: u8,
) -> Report {
    Report {
        check: info.name,
        as_of: settings.map_or(chrono::DateTime::UNIX_EPOCH, |s| s.as_of),
        timezone: settings.map_or_else(|| "UTC".to_owned(), |s| s.timezone.name().to_owned()),
        verdict: Verdict::NotJudged,
        exit_code,
        problems,
        parameters: settings.map(|s| s.parameters(info)).unwrap_or_default(),
        rules: Vec::new(),
        inputs: Vec::new(),
        summary: Summary::default(),
        findings: Vec::new(),
        columns: &[],
        rows: Vec::new(),
        rows_later: None,
        rows_left: BTreeMap::new(),
        headline: "could not run".to_owned(),
        notes: Vec::new(),
        passages: Vec::new(),
    }
}

/// The datasets that a check reads, alternatives apart.
pub fn datasets_of(info: &CheckInfo) -> Vec<&'static str> {
    info.reads.iter().flat_map(|r| r.dataset.split('|')).collect()
}

/// Needed datasets that are not there or empty.
fn missing(info: &CheckInfo, data: &Data<'_>) -> Vec<Problem> {
    let mut problems = Vec::new();
    for reads in info.reads.iter().filter(|r| r.needed) {
        let names: Vec<&str> = reads.dataset.split('|').collect();
        if names.iter().any(|n| data.loaded(n) > 0) {
            continue;
        }
        let there: Vec<&str> = names.iter().copied().filter(|n| data.has(n)).collect();
        if let Some(name) = there.first() {
            let files: Vec<&str> = data.parts(name).map(|(f, _)| data.inputs[f].file.as_str()).collect();
            let message =
                format!("{name} has no usable row ({}); {} needs some", files.join(", "), info.name);
            problems.push(Problem::new("data/empty-dataset", message).at(files[0], None));
            continue;
        }
        let columns: Vec<String> = names
            .iter()
            .filter_map(|n| datasets::find(n))
            .map(|d| {
                let needed: Vec<&str> = d.columns.iter().filter(|c| c.required).map(|c| c.name).collect();
                format!("{} (columns {})", d.name, needed.join(", "))
            })
            .collect();
        let given = match data.inputs.len() as u64 {
            0 => "no file was given".to_owned(),
            1 => "the one file does not hold it".to_owned(),
            n => format!("none of the {} holds it", counted(n, "file", "files")),
        };
        let message = format!(
            "{} needs {}, and {given}; give a file of that name, or name it: {}=PATH",
            info.name,
            columns.join(" or "),
            names[0]
        );
        problems.push(Problem::new("data/missing-dataset", message));
    }
    problems
}

/// Rejected rows beyond what is allowed, exports that are cut or too old: in datasets that the check reads.
fn of_inputs(info: &CheckInfo, data: &Data<'_>) -> Vec<Problem> {
    let settings = data.settings;
    let read = datasets_of(info);
    let mut problems = Vec::new();
    let (mut rows, mut rejected) = (0, 0);
    let mut worst: Option<(&str, u64)> = None;
    for input in data.inputs {
        let parts: Vec<_> = input.content.parts.iter().filter(|p| read.contains(&p.dataset.name)).collect();
        if parts.is_empty() {
            continue;
        }
        for (code, message) in &input.content.problems {
            problems.push(Problem::new(code, message.clone()).at(&input.file, None));
        }
        let bad: u64 = parts.iter().map(|p| p.rejected).sum();
        rows += parts.iter().map(|p| p.rows).sum::<u64>();
        rejected += bad;
        if bad > 0 && worst.is_none_or(|(_, n)| bad > n) {
            worst = Some((&input.file, bad));
        }
        if let Some(max_age) = settings.source_of(&input.file).and_then(|s| s.max_age) {
            let zone = input.zone.unwrap_or(settings.timezone);
            let newest = parts
                .iter()
                .filter_map(|p| Stamp::parse(p.newest.as_deref()?).ok())
                .map(|s| s.in_zone(zone))
                .max();
            if let Some(newest) = newest.filter(|n| settings.as_of - *n > max_age) {
                let message = format!(
                    "its newest record is of {}, older than max_age {} at {}",
                    rfc3339(newest),
                    format_duration(max_age),
                    rfc3339(settings.as_of)
                );
                problems.push(Problem::new("data/too-old", message).at(&input.file, None));
            }
        }
    }
    if let Some((file, _)) = worst.filter(|_| !settings.allow_rejects.allows(rejected, rows)) {
        let message = format!(
            "{} of {} could not be used, more than --allow-rejects; `crosscheck rejects` lists them",
            grouped(&rejected.to_string()),
            counted(rows, "row", "rows")
        );
        problems.push(Problem::new("data/rejected-rows", message).at(file, None));
    }
    problems
}

fn conflict(data: &Data<'_>, c: &ConflictingRecord) -> Finding {
    let subject = Subject { kind: c.dataset.to_owned(), id: c.key.clone() };
    let rule = &CONFLICTING_RECORD;
    let mut f = Finding::new(rule.code, rule.severity, c.account.as_deref(), subject);
    f.evidence = vec![data.evidence(c.dataset, c.used), data.evidence(c.dataset, c.unused)];
    let place = |at: usize| format!("{}:{}", f.evidence[at].file, f.evidence[at].line);
    f.message = format!(
        "{} {} stands twice with different contents (first in {}): {} is used, {} is not.",
        c.dataset,
        c.key,
        c.column,
        place(0),
        place(1)
    );
    "Export again, or give only the newer file.".clone_into(&mut f.action);
    f.owner = "data";
    f
}

/// What of `needs` is not there.
fn lacking(rule: &Rule, data: &Data<'_>) -> Vec<String> {
    let there = |need: &str| match need.split_once('.') {
        None => data.has(need),
        Some((dataset, column)) => data.has_column(dataset, column),
    };
    rule.needs.iter().filter(|n| !n.split('|').any(there)).map(|n| (*n).to_owned()).collect()
}

fn rules(info: &CheckInfo, data: &Data<'_>, outcome: &Outcome, lacks_data: bool) -> Vec<RuleReport> {
    info.rules
        .iter()
        .map(|rule| {
            let mut missing = lacking(rule, data);
            let cannot = lacks_data || !missing.is_empty();
            missing.extend(outcome.missing.get(rule.code).into_iter().flatten().cloned());
            let (judged, not) =
                outcome.judged.get(rule.code).copied().unwrap_or((outcome.checked, outcome.not_judged));
            let (judged, not_judged) = if cannot { (0, judged + not) } else { (judged, not) };
            RuleReport {
                code: rule.code,
                severity: data.settings.severity(rule),
                judged,
                not_judged,
                missing,
            }
        })
        .collect()
}

/// What the check itself counted.
fn summary_of(outcome: &Outcome) -> Summary {
    Summary {
        checked: outcome.checked,
        not_judged: outcome.not_judged,
        excluded: outcome.excluded,
        unmatched_ids: outcome.unmatched_ids,
        own: outcome.own.clone(),
        ..Summary::default()
    }
}

/// Counts the findings into the summary; waived ones apart.
fn count(report: &mut Report) {
    let findings: Vec<&Finding> = report.findings.iter().filter(|f| f.state != State::Waived).collect();
    let waived = (report.findings.len() - findings.len()) as u64;
    let mut by_severity = BySeverity::default();
    let mut by_code: BTreeMap<String, u64> = BTreeMap::new();
    let mut causes: BTreeMap<(&str, &str), Vec<&Finding>> = BTreeMap::new();
    for &f in &findings {
        match f.severity {
            Severity::Error => by_severity.error += 1,
            Severity::Warning => by_severity.warning += 1,
            Severity::Info => by_severity.info += 1,
        }
        *by_code.entry(f.code.to_owned()).or_default() += 1;
        if let Some(c) = &f.cause {
            causes.entry((&c.id, &c.detail)).or_default().push(f);
        }
    }
    let money = |list: &[&Finding]| -> Vec<Money> { totals(list.iter().filter_map(|f| f.impact.as_ref())) };
    let mut causes: Vec<CauseSummary> = causes
        .into_iter()
        .map(|((id, detail), list)| CauseSummary {
            id: id.to_owned(),
            detail: detail.to_owned(),
            findings: list.len() as u64,
            impact: money(&list),
        })
        .collect();
    causes.sort_by(|a, b| {
        b.findings.cmp(&a.findings).then_with(|| (&a.id, &a.detail).cmp(&(&b.id, &b.detail)))
    });
    let (found, impact) = (findings.len() as u64, money(&findings));
    let summary = &mut report.summary;
    (summary.findings, summary.by_severity, summary.by_code) = (found, by_severity, by_code);
    (summary.impact, summary.causes) = (impact, causes);
    if waived > 0 {
        summary.own.insert("waived".to_owned(), Value::from(waived));
    } else {
        summary.own.remove("waived");
    }
}
