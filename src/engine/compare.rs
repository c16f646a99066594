//! A report beside an earlier one: what is new, what has worsened, what persists.

use super::settle;
use crate::{
    exit,
    model::text::{counted, grouped},
    report::{Report, State, Verdict, earlier::Earlier},
    settings::Settings,
};
use serde_json::Value;
use std::collections::BTreeSet;

/// Says of each finding whether it is new; what is waived stays so.
pub fn compare(report: &mut Report, earlier: &Earlier) {
    for f in report.findings.iter_mut().filter(|f| f.state != State::Waived) {
        f.state = earlier.state_of(f);
    }
}

/// `--only-new`: leaves what is new or has worsened, with the rows and passages of its accounts, and draws the
/// verdict from that alone. `since` says in words what was compared with; `None` where there was nothing.
pub fn keep_new(report: &mut Report, settings: &Settings, since: Option<&str>) {
    let before = report.findings.len();
    report.findings.retain(|f| matches!(f.state, State::New | State::Worsened));
    let dropped = (before - report.findings.len()) as u64;
    let accounts: BTreeSet<&String> = report.findings.iter().filter_map(|f| f.account.as_ref()).collect();
    let stays = |account: &Option<String>| account.as_ref().is_some_and(|a| accounts.contains(a));
    report.rows.retain(|r| r.flagged && stays(&r.account));
    report.rows_left.clear();
    report.passages.retain(|p| stays(&p.account));
    settle(report, settings);
    report.summary.own.insert("not_new".to_owned(), Value::from(dropped));
    let Some(since) = since else {
        let why =
            "everything counts as new: there is no earlier fully judged run with these exports and options";
        report.notes.insert(0, why.to_owned());
        return;
    };
    let rest = match dropped {
        0 => String::new(),
        n => format!("; {} not shown", grouped(&n.to_string())),
    };
    let new = match report.findings.len() as u64 {
        0 => "nothing is new".to_owned(),
        n => counted(n, "finding is new or worse", "findings are new or worse"),
    };
    let whole = std::mem::replace(&mut report.headline, format!("{new} since {since}{rest}"));
    report.notes.insert(0, format!("in all, without regard to what is new: {whole}"));
}

/// Whether later runs may be compared with this one: its data could be trusted, and something was judged.
pub fn trusted(report: &Report) -> bool {
    report.exit_code < exit::USAGE && report.verdict != Verdict::NotJudged
}

/// The rules that are on and lacked data, by code, sorted.
pub fn lacking_rules(report: &Report) -> Vec<String> {
    let lack = report.rules.iter().filter(|r| r.severity.is_some() && !r.missing.is_empty());
    let codes: BTreeSet<String> = lack.map(|r| r.code.to_owned()).collect();
    codes.into_iter().collect()
}
