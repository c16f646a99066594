//! `crosscheck history` and `crosscheck diff`: the runs that were kept, and what changed between the last two.

use super::{Failure, Session, listing::Listing};
use crate::{
    checks, exit,
    history::{self, History, Run},
    model::{datasets::nearest, text::counted},
    report::{State, earlier::EarlierFinding},
};
use serde_json::{Map, Value, json};
use std::collections::BTreeMap;

const RUNS: &[&str] =
    &["run", "check", "at", "as_of", "verdict", "exit", "errors", "warnings", "infos", "waived", "exports"];
const CHANGES: &[&str] =
    &["change", "code", "severity", "account", "subject", "impact", "fingerprint", "message"];

/// So many runs a table lists, unless `--limit` says otherwise.
const FEW: u64 = 30;

/// Lists the runs, the newest first; returns the exit code.
pub fn run(session: &Session, check: Option<&str>) -> Result<u8, Failure> {
    known(check)?;
    let table = session.settings.format == "table";
    let most = session.settings.limit.unwrap_or(if table { FEW } else { i64::MAX.unsigned_abs() });
    let (history, path) = opened(session)?;
    let mut runs = history.as_ref().map_or(Ok(Vec::new()), |h| h.runs(check, most.saturating_add(1)))?;
    let more = runs.len() as u64 > most;
    runs.truncate(usize::try_from(most).unwrap_or(usize::MAX));
    let rows = runs.iter().map(row).collect();
    let mut listing = Listing {
        schema: "crosscheck.history/1",
        name: "runs",
        columns: RUNS,
        rows,
        above: vec![format!("history: {path}")],
        ..Listing::default()
    };
    listing.own.insert("history".to_owned(), json!(path));
    if runs.is_empty() {
        listing
            .below
            .push("no run is kept yet: every check keeps one, unless --no-history is given".to_owned());
    } else if more {
        listing.below.push(format!("only the last {most}; --limit all lists every run"));
    } else {
        listing.below.push("crosscheck diff [CHECK] says what changed between the last two".to_owned());
    }
    listing.print(session)?;
    Ok(exit::OK)
}

fn row(run: &Run) -> Vec<Value> {
    let [errors, warnings, infos, waived] = run.counts;
    vec![
        json!(run.id),
        json!(run.check),
        json!(run.at),
        json!(run.as_of),
        json!(run.verdict),
        json!(run.exit_code),
        json!(errors),
        json!(warnings),
        json!(infos),
        json!(waived),
        json!(run.paths),
    ]
}

/// What changed between the last two fully judged runs of a check, or of each; returns the exit code.
pub fn diff(session: &Session, check: Option<&str>) -> Result<u8, Failure> {
    known(check)?;
    let (history, path) = opened(session)?;
    let mut listing =
        Listing { schema: "crosscheck.diff/1", name: "findings", columns: CHANGES, ..Listing::default() };
    // Sentences are for programs; a person has `crosscheck show`.
    if session.settings.format == "table" {
        listing.columns = &CHANGES[..CHANGES.len() - 1];
    }
    let mut compared = Vec::new();
    for info in checks::ALL.iter().map(|c| c.info).filter(|i| check.is_none_or(|c| c == i.name)) {
        let Some(history) = &history else { break };
        let Some(Last { run: after, before, skipped }) = last(history, info.name)? else { continue };
        let Some(before) = before else {
            listing.below.push(format!(
                "{}: only one run with these exports and options could be judged, as of {}; there is nothing to \
                 compare it with",
                info.name, after.as_of
            ));
            continue;
        };
        let changes = Changes::between(history.findings(before.id)?, history.findings(after.id)?);
        listing.above.push(changes.told(&before, &after));
        if skipped > 0 {
            listing.above.push(format!(
                "  passed over: {} since whose data could not be trusted",
                counted(skipped, "run", "runs")
            ));
        }
        compared.push(json!({"check": info.name, "from": facts(&before), "to": facts(&after),
                             "counts": changes.counts()}));
        listing.rows.extend(changes.rows());
    }
    if compared.is_empty() && listing.below.is_empty() {
        listing.below.push(format!("no run is kept yet in {path}"));
    }
    listing.own.insert("compared".to_owned(), Value::Array(compared));
    listing.print(session)?;
    Ok(exit::OK)
}

/// The last run of a check that could be judged, and what it can be compared with.
struct Last {
    run: Run,
    before: Option<Run>,
    /// Runs that came after it, and could not be judged.
    skipped: u64,
}

fn last(history: &History, check: &str) -> Result<Option<Last>, Failure> {
    let mut runs = history.runs(Some(check), FEW)?;
    let Some(at) = runs.iter().position(|r| r.trusted) else { return Ok(None) };
    let run = runs.swap_remove(at);
    let skipped = runs[..at].iter().filter(|r| r.scope == run.scope).count() as u64;
    let candidates = history.candidates(&run.scope, Some(run.id))?;
    let before = history::comparable(&candidates, &run.lacking).cloned();
    Ok(Some(Last { run, before, skipped }))
}

fn facts(run: &Run) -> Value {
    let names = RUNS.iter().map(|n| (*n).to_owned());
    Value::Object(names.zip(row(run)).collect())
}

/// Findings by what became of them.
struct Changes {
    list: Vec<(&'static str, EarlierFinding)>,
}

impl Changes {
    /// Waived findings are left out on both sides: as soon as one counts again, it is new.
    fn between(before: Vec<EarlierFinding>, after: Vec<EarlierFinding>) -> Changes {
        let live = |list: Vec<EarlierFinding>| list.into_iter().filter(|f| f.state != State::Waived);
        let mut gone: BTreeMap<String, EarlierFinding> =
            live(before).map(|f| (f.fingerprint.clone(), f)).collect();
        let mut list = Vec::new();
        for f in live(after) {
            let change = match gone.remove(&f.fingerprint) {
                None => "new",
                Some(old) if crate::report::earlier::worse(&f, &old) => "worsened",
                Some(_) => "persisting",
            };
            list.push((change, f));
        }
        let mut gone: Vec<_> = gone.into_values().map(|f| ("gone", f)).collect();
        gone.sort_by(|(_, a), (_, b)| {
            (a.severity, &a.code, &a.account).cmp(&(b.severity, &b.code, &b.account))
        });
        list.extend(gone);
        list.sort_by_key(|(change, _)| KINDS.iter().position(|k| k == change));
        Changes { list }
    }

    fn count(&self, kind: &str) -> usize {
        self.list.iter().filter(|(k, _)| *k == kind).count()
    }

    fn counts(&self) -> Map<String, Value> {
        KINDS.iter().map(|k| ((*k).to_owned(), json!(self.count(k)))).collect()
    }

    fn told(&self, before: &Run, after: &Run) -> String {
        let counts: Vec<String> = KINDS.iter().map(|k| format!("{} {k}", self.count(k))).collect();
        format!("{}: {} (as of {} against {})", after.check, counts.join(", "), after.as_of, before.as_of)
    }

    fn rows(&self) -> impl Iterator<Item = Vec<Value>> + '_ {
        self.list.iter().map(|(change, f)| {
            vec![
                json!(change),
                json!(f.code),
                json!(f.severity),
                json!(f.account),
                json!(format!("{} {}", f.subject.kind, f.subject.id)),
                json!(f.impact.as_ref().map(|m| format!("{} {}", m.amount, m.currency))),
                json!(f.fingerprint),
                json!(f.message),
            ]
        })
    }
}

/// What may become of a finding, in the order in which it is listed.
const KINDS: [&str; 4] = ["new", "worsened", "gone", "persisting"];

/// The history where there is one, and where it would lie.
fn opened(session: &Session) -> Result<(Option<History>, String), Failure> {
    let path = History::path(session.settings.state_dir());
    let shown = path.display().to_string();
    if !path.exists() {
        return Ok((None, shown));
    }
    match History::open(session.settings.state_dir()) {
        Ok(history) => Ok((Some(history), shown)),
        Err(error) => Err(Failure::usage("usage/history", format!("{shown} cannot be read: {error}"))),
    }
}

fn known(check: Option<&str>) -> Result<(), Failure> {
    let Some(name) = check.filter(|c| checks::find(c).is_none()) else { return Ok(()) };
    let near = nearest(name, checks::ALL.iter().map(|c| c.info.name));
    let near = near.first().map_or_else(String::new, |n| format!("; did you mean {n}?"));
    Err(Failure::usage("usage/unknown-check", format!("there is no check {name}{near}")))
}

impl From<crate::history::HistoryError> for Failure {
    fn from(error: crate::history::HistoryError) -> Failure {
        Failure::usage("usage/history", error.to_string())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{
        model::{decimal::parse, money::Money},
        report::{Finding, Severity, Subject},
    };

    fn finding(account: &str, amount: &str, state: State) -> EarlierFinding {
        let subject = Subject { kind: "invoice".into(), id: "in_1".into() };
        let mut f = Finding::new("charges/late", Severity::Error, Some(account), subject);
        f.impact = Some(Money::new(parse(amount).unwrap(), "USD"));
        f.state = state;
        serde_json::from_value(serde_json::to_value(&f).unwrap()).unwrap()
    }

    #[test]
    fn each_finding_of_two_runs_is_new_worsened_gone_or_persisting() {
        let of = |list: &[(&str, &str)]| list.iter().map(|(a, m)| finding(a, m, State::New)).collect();
        let before: Vec<EarlierFinding> = of(&[("a", "1"), ("b", "1"), ("c", "1")]);
        let mut after: Vec<EarlierFinding> = of(&[("b", "1"), ("c", "2"), ("d", "1")]);
        after.push(finding("e", "1", State::Waived));
        let changes = Changes::between(before, after);
        let told: Vec<(&str, &str)> =
            changes.list.iter().map(|(k, f)| (*k, f.account.as_deref().unwrap())).collect();
        assert_eq!(told, [("new", "d"), ("worsened", "c"), ("gone", "a"), ("persisting", "b")]);
    }
}
