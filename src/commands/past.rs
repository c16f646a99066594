//! The history around one call: what its reports are compared with, and what is appended to it.

use super::{Failure, Session};
use crate::{
    check::CheckInfo,
    engine,
    history::{self, Entry, History, Run, Scope, Told},
    import::exports,
    model::time::rfc3339,
    report::{
        Problem, Report, State,
        earlier::{Earlier, EarlierFinding},
    },
    settings::Settings,
};
use serde::Deserialize;
use serde_json::json;
use std::{cell::RefCell, collections::BTreeMap, fs, path::Path};

/// Settings that change no finding, and so do not part one run from another.
const NO_MATTER: [&str; 2] = ["fail_on", "allow_rejects"];

/// The earlier runs that a call may look at.
pub(super) struct Past<'s> {
    session: &'s Session,
    /// `None` where there is none, or none is wanted.
    history: RefCell<Option<History>>,
    /// The exports as they were named.
    paths: Vec<String>,
    /// What `--baseline` holds.
    baseline: Option<Baseline>,
}

/// What one check's report of this call is compared with.
pub(super) struct Before {
    scope: Scope,
    candidates: Vec<Run>,
    /// Of `--baseline`.
    baseline: Option<(Earlier, String)>,
}

/// What comparing a report came to.
pub(super) struct Settled {
    /// What the history keeps; `None` for a report that shows what is masked elsewhere.
    pub(super) entry: Option<Entry>,
    /// The moment of the run that it was compared with.
    pub(super) since: Option<String>,
}

/// What a baseline's reports found, by check.
struct Baseline {
    reports: BTreeMap<String, (Earlier, String)>,
}

/// As much of a report or of a run's reports as a baseline needs.
#[derive(Deserialize)]
struct Written {
    schema: String,
    check: Option<String>,
    as_of: Option<String>,
    exit_code: Option<u8>,
    findings: Option<Vec<EarlierFinding>>,
    reports: Option<Vec<Written>>,
}

impl Session {
    /// The history, unless none is wanted; why there is none is told as a warning.
    pub(super) fn history(&self) -> Option<History> {
        if self.settings.no_history {
            return None;
        }
        let dir = self.settings.state_dir();
        match History::open(dir) {
            Ok(history) => Some(history),
            Err(error) => {
                self.warn(&format!(
                    "the history in {} cannot be used, so everything counts as new and this run is not kept: {error}",
                    History::path(dir).display()
                ));
                None
            }
        }
    }
}

impl<'s> Past<'s> {
    /// Opens what a call on these exports may look at.
    pub(super) fn open(session: &'s Session, given: &[String]) -> Result<Past<'s>, Failure> {
        let named = exports::arguments(given, &session.settings);
        let paths = named.unwrap_or_else(|| vec!["(imported)".to_owned()]);
        let baseline = session.settings.baseline.as_deref().map(|path| Baseline::read(session, path));
        let baseline = baseline.transpose()?;
        Ok(Past { session, history: RefCell::new(session.history()), paths, baseline })
    }

    /// What a check's report is compared with.
    pub(super) fn of(&self, info: &CheckInfo, settings: &Settings) -> Before {
        let scope = scope(info, &self.paths, settings);
        let mut history = self.history.borrow_mut();
        let candidates = match history.as_ref().map(|h| h.candidates(&scope, None)) {
            Some(Ok(candidates)) => candidates,
            Some(Err(error)) => {
                self.unusable(&error.to_string());
                *history = None;
                Vec::new()
            }
            None => Vec::new(),
        };
        let baseline = self.baseline.as_ref().map(|b| b.reports.get(info.name).cloned().unwrap_or_default());
        Before { scope, candidates, baseline }
    }

    /// Lays the states on a report, leaves only what is new where that was asked for, and gives what the history is
    /// to keep: the report as it was found, whatever of it is shown.
    pub(super) fn settle(&self, before: &Before, report: &mut Report, settings: &Settings) -> Settled {
        let lacking = engine::lacking_rules(report);
        let run = history::comparable(&before.candidates, &lacking);
        let since = run.filter(|_| before.baseline.is_none()).map(|run| run.as_of.clone());
        let compared = match (&before.baseline, run) {
            (Some(baseline), _) => Some(baseline.clone()),
            (None, Some(run)) => self.earlier(run).map(|e| (e, format!("the run of {}", run.as_of))),
            (None, None) => None,
        };
        if let Some((earlier, _)) = &compared {
            engine::compare(report, earlier);
        }
        let mut entry = self.entry(before.scope, report);
        if settings.only_new {
            let since = compared.map(|(_, since)| since).filter(|s| !s.is_empty());
            engine::keep_new(report, settings, since.as_deref());
            entry.exit_code = report.exit_code;
        }
        Settled { entry: Some(entry).filter(|_| !reveals(settings)), since }
    }

    /// When a dataset was last among the exports of a check: the moment of that run, and its rows.
    pub(super) fn last_seen(&self, check: &str, datasets: &str) -> Option<(String, u64)> {
        let history = self.history.borrow();
        let names: Vec<&str> = datasets.split('|').collect();
        let rows = |report: &serde_json::Value| {
            let inputs = report["inputs"].as_array()?.iter();
            let of = |i: &&serde_json::Value| i["dataset"].as_str().is_some_and(|d| names.contains(&d));
            Some(inputs.filter(of).filter_map(|i| i["rows"].as_u64()).sum()).filter(|n| *n > 0)
        };
        history.as_ref()?.last_report(check, rows).ok()?.map(|(rows, as_of)| (as_of, rows))
    }

    fn earlier(&self, run: &Run) -> Option<Earlier> {
        let history = self.history.borrow();
        match history.as_ref()?.findings(run.id) {
            Ok(findings) => Some(Earlier::of(&findings)),
            Err(error) => {
                self.unusable(&error.to_string());
                None
            }
        }
    }

    fn entry(&self, scope: Scope, report: &Report) -> Entry {
        let by = report.summary.by_severity;
        let waived = report.findings.iter().filter(|f| f.state == State::Waived).count() as u64;
        let mut told = Vec::with_capacity(report.findings.len());
        let mut earlier = Vec::with_capacity(report.findings.len());
        for f in &report.findings {
            let written = serde_json::to_value(f).unwrap_or_default();
            earlier.extend(EarlierFinding::deserialize(&written).ok());
            let mut plain = written;
            plain["state"] = json!(State::New.name());
            told.push(Told {
                fingerprint: f.fingerprint.clone(),
                state: f.state.name().to_owned(),
                json: plain.to_string(),
            });
        }
        let verdict = serde_json::to_value(report.verdict).unwrap_or_default();
        Entry {
            check: report.check.to_owned(),
            scope,
            as_of: rfc3339(report.as_of),
            paths: self.paths.clone(),
            verdict: verdict.as_str().unwrap_or_default().to_owned(),
            exit_code: report.exit_code,
            trusted: engine::trusted(report),
            lacking: engine::lacking_rules(report),
            counts: [by.error, by.warning, by.info, waived],
            content: Earlier::of(&earlier).digest(),
            report: json!({
                "headline": report.headline,
                "timezone": report.timezone,
                "problems": report.problems,
                "parameters": report.parameters,
                "rules": report.rules,
                "inputs": report.inputs,
                "summary": report.summary,
            })
            .to_string(),
            findings: told,
        }
    }

    /// Appends runs to the history. The result was told already: a failure is a warning.
    pub(super) fn append(&self, entries: &[Entry]) {
        let mut history = self.history.borrow_mut();
        let Some(history) = history.as_mut().filter(|_| !entries.is_empty()) else { return };
        let at = rfc3339(self.session.started);
        if let Err(error) = history.append(entries, &at, env!("CARGO_PKG_VERSION")) {
            let path = History::path(self.session.settings.state_dir());
            self.session.warn(&format!(
                "this run could not be kept in the history in {}, so the next one is compared with an earlier one: \
                 {error}",
                path.display()
            ));
        }
    }

    fn unusable(&self, why: &str) {
        let path = History::path(self.session.settings.state_dir());
        self.session.warn(&format!(
            "the history in {} cannot be read, so everything counts as new: {why}",
            path.display()
        ));
    }
}

impl Before {
    /// The same where the states of the same findings are the same, and with `--only-new` what is told of them.
    pub(super) fn digest(&self, only_new: bool) -> [u8; 32] {
        let mut hash = blake3::Hasher::new();
        if let Some((earlier, since)) = &self.baseline {
            hash.update(&earlier.digest());
            hash.update(since.as_bytes());
        } else {
            for run in &self.candidates {
                hash.update(&run.content);
                hash.update(run.lacking.join(" ").as_bytes());
                if only_new {
                    hash.update(run.as_of.as_bytes());
                }
            }
            // No run and one that found nothing tell the same, unless it is told what was compared with.
            let nothing = Earlier::default().digest();
            if !only_new && self.candidates.iter().all(|r| r.content == nothing) {
                return nothing;
            }
        }
        *hash.finalize().as_bytes()
    }
}

impl Baseline {
    fn read(session: &Session, path: &Path) -> Result<Baseline, Failure> {
        let wrong = |why: String| {
            let problem =
                Problem::new("usage/baseline", format!("{why}; --baseline takes a report of --format json"));
            Failure::of(vec![problem.at(&path.display().to_string(), None)])
        };
        let text = fs::read(path).map_err(|e| wrong(format!("cannot be opened: {e}")))?;
        let written: Written =
            serde_json::from_slice(&text).map_err(|e| wrong(format!("is no report of crosscheck: {e}")))?;
        let reports = match written.schema.as_str() {
            "crosscheck.report/1" => vec![written],
            "crosscheck.run/1" => written.reports.unwrap_or_default(),
            other => return Err(wrong(format!("is a {other}"))),
        };
        let mut found = BTreeMap::new();
        for report in reports {
            let (check, as_of) = (report.check.unwrap_or_default(), report.as_of.unwrap_or_default());
            if report.exit_code.is_some_and(|code| code >= crate::exit::USAGE) {
                session.warn(&format!(
                    "{}: the data of this report of {check} could not be trusted: what it lacks counts as new",
                    path.display()
                ));
            }
            let since = format!("{} of {as_of}", path.display());
            found.insert(check, (Earlier::of(&report.findings.unwrap_or_default()), since));
        }
        if let Some(check) = session.settings.check().filter(|c| !found.contains_key(*c)) {
            let held: Vec<&str> = found.keys().map(String::as_str).collect();
            return Err(wrong(format!("holds no report of {check}, but of {}", held.join(", "))));
        }
        Ok(Baseline { reports: found })
    }
}

/// Stands for the check, the exports as places, and every option that may change a finding; not for the moment.
fn scope(info: &CheckInfo, paths: &[String], settings: &Settings) -> Scope {
    let mut places: Vec<String> = paths.iter().map(|p| exports::place(p)).collect();
    places.sort();
    places.dedup();
    let mut options = settings.parameters(info);
    options.retain(|name, _| !NO_MATTER.contains(&name.as_str()));
    let whole = json!([
        "scope/1",
        info.name,
        places,
        options,
        settings.timezone.name(),
        settings.accounts,
        settings.scope.accounts,
    ]);
    *blake3::hash(whole.to_string().as_bytes()).as_bytes()
}

/// Whether a report shows what is masked elsewhere: such a one is kept nowhere.
fn reveals(settings: &Settings) -> bool {
    settings.opt_switch("reveal").unwrap_or(false)
}
