//! Accepted findings: `[[waiver]]` of crosscheck.toml.

use crate::{
    check::{CheckInfo, Rule},
    report::{Evidence, Finding, Report, Severity, State, Subject, Verdict},
    settings::{Settings, Waiver},
};

/// A waiver whose last day is over.
pub(super) static EXPIRED: Rule = Rule {
    code: "waiver/expired",
    severity: Severity::Warning,
    what: "A [[waiver]] has passed its last day; what it accepted counts again.",
    why: "An acceptance without an end hides the fault for good.",
    remedy: "Mend what it accepted and remove it, or accept it anew until a later day, with a reason.",
    needs: &[],
};

/// A waiver that matched nothing.
pub(super) static UNUSED: Rule = Rule {
    code: "waiver/unused",
    severity: Severity::Warning,
    what: "A [[waiver]] matched no finding of its check.",
    why: "What it accepted is mended, or it is misspelt and protects nothing; either way it will hide the next one.",
    remedy: "Remove it, or correct its account, subject or key.",
    needs: &[],
};

/// Marks what is waived, and adds a finding for each waiver of this check that is expired or matches nothing. A waiver
/// for findings that any check may have can be known to match nothing only after a whole `run`: see [`of_run`].
pub(super) fn apply(info: &CheckInfo, settings: &Settings, findings: &mut Vec<Finding>) {
    let mut told = Vec::new();
    for waiver in &settings.waivers {
        let own = info.rules.iter().any(|r| r.code == waiver.code);
        if !own && !shared(waiver) {
            continue;
        }
        if waiver.expired(settings.as_of, settings.timezone) {
            told.push(expired(waiver));
            continue;
        }
        let mut used = false;
        for f in findings.iter_mut().filter(|f| fits(waiver, f)) {
            used = true;
            if below(waiver, f) {
                f.state = State::Waived;
            }
        }
        if !used && own && whole(settings) {
            told.push(unused(waiver));
        }
    }
    findings.extend(told);
}

/// What waivers for findings that any check may have come to in a run of several checks: one that is expired is told
/// once, in the first report, and so is one that matched nothing in any. Gives the places of the reports that have
/// changed.
pub(super) fn of_run(settings: &Settings, reports: &mut [Report]) -> Vec<usize> {
    let mut changed = Vec::new();
    let judged = |r: &Report| r.verdict != Verdict::NotJudged;
    let Some(first) = reports.iter().position(judged) else { return changed };
    for waiver in settings.waivers.iter().filter(|w| shared(w)) {
        if waiver.expired(settings.as_of, settings.timezone) {
            let id = expired(waiver).fingerprint;
            let mut seen = false;
            for (at, report) in reports.iter_mut().enumerate() {
                let before = report.findings.len();
                report.findings.retain(|f| f.fingerprint != id || !std::mem::replace(&mut seen, true));
                if report.findings.len() < before {
                    changed.push(at);
                }
            }
        } else if whole(settings) && !reports.iter().flat_map(|r| &r.findings).any(|f| fits(waiver, f)) {
            reports[first].findings.push(unused(waiver));
            changed.push(first);
        }
    }
    changed
}

/// Whether all of the data is looked at, so that a waiver without a match says something.
fn whole(settings: &Settings) -> bool {
    settings.whole && settings.accounts.is_empty() && settings.select.is_empty() && settings.ignore.is_empty()
}

/// Whether its code is of findings that any check may have.
fn shared(waiver: &Waiver) -> bool {
    waiver.code == super::CONFLICTING_RECORD.code
}

fn expired(waiver: &Waiver) -> Finding {
    finding(&EXPIRED, waiver, format!("The waiver for {} ended on {}.", waiver.code, waiver.until))
}

fn unused(waiver: &Waiver) -> Finding {
    finding(&UNUSED, waiver, format!("The waiver for {} matches no finding.", waiver.code))
}

fn fits(waiver: &Waiver, f: &Finding) -> bool {
    f.code == waiver.code
        && waiver.account.as_ref().is_none_or(|a| f.account.as_ref() == Some(a))
        && waiver.subject.as_ref().is_none_or(|s| f.subject.id == *s)
        && waiver.key.iter().all(|(k, v)| f.key.get(k) == Some(v))
}

/// Whether the finding's impact is within what was accepted; another currency is not.
fn below(waiver: &Waiver, f: &Finding) -> bool {
    match (&waiver.up_to, &f.impact) {
        (None, _) => true,
        (Some(_), None) => false,
        (Some(limit), Some(impact)) => limit.currency == impact.currency && impact.amount <= limit.amount,
    }
}

fn finding(rule: &'static Rule, waiver: &Waiver, message: String) -> Finding {
    let subject = Subject { kind: "waiver".to_owned(), id: waiver.code.clone() };
    let mut f = Finding::new(rule.code, rule.severity, waiver.account.as_deref(), subject)
        .with_key("line", waiver.line.to_string());
    f.message = message;
    "Remove the waiver, or write it anew.".clone_into(&mut f.action);
    f.owner = "billing";
    f.evidence =
        vec![Evidence { dataset: "settings".to_owned(), file: waiver.file.clone(), line: waiver.line }];
    f
}
