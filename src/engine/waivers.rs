//! Accepted findings: `[[waiver]]` of crosscheck.toml.

use crate::{
    check::{CheckInfo, Rule},
    report::{Evidence, Finding, Severity, State, Subject},
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

/// Marks what is waived, and adds a finding for each waiver of this check that is expired or matches nothing.
pub(super) fn apply(info: &CheckInfo, settings: &Settings, findings: &mut Vec<Finding>) {
    let whole = settings.accounts.is_empty() && settings.select.is_empty() && settings.ignore.is_empty();
    let mut told = Vec::new();
    for waiver in settings.waivers.iter().filter(|w| info.rules.iter().any(|r| r.code == w.code)) {
        if waiver.expired(settings.as_of, settings.timezone) {
            told.push(finding(
                &EXPIRED,
                waiver,
                format!("The waiver for {} ended on {}.", waiver.code, waiver.until),
            ));
            continue;
        }
        let mut used = false;
        for f in findings.iter_mut().filter(|f| fits(waiver, f)) {
            used = true;
            if below(waiver, f) {
                f.state = State::Waived;
            }
        }
        if !used && whole {
            told.push(finding(
                &UNUSED,
                waiver,
                format!("The waiver for {} matches no finding.", waiver.code),
            ));
        }
    }
    findings.extend(told);
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
