//! The result table: a request a row.

use super::{
    standing::{Answer, Case, Life, Reply},
    traces::{Proof, Trace},
};
use crate::{
    model::{decimal::Decimal, time::rfc3339},
    report::{Row, RowColumn, Show},
};
use serde_json::Value;
use std::cmp::Reverse;

macro_rules! columns {
    ($($name:literal $show:ident $doc:literal,)*) => {
        &[$(RowColumn { name: $name, show: Show::$show, doc: $doc },)*]
    };
}

pub(super) const COLUMNS: &[RowColumn] = columns![
    "request" Text "the request",
    "received_at" Text "when it came",
    "due_at" Text "the last day on which it is answered in time, in the zone of the check",
    "systems" Number "systems that hold personal data",
    "confirmed" Number "of these, how many confirmed: deleted, anonymized, not found, or retained with basis and end",
    "retained" Number "of the confirmed, how many keep the data for a legal reason",
    "missing" Number "systems that have not confirmed",
    "residual" Number "lines on which the person is still found: where the system confirmed, or was to",
    "verdict" Text "complete, pending, incomplete, overdue; null for what was rejected or withdrawn",
    "account" Hidden "the account of the request",
    "status" Hidden "open, done, rejected or withdrawn, as the export says it",
    "verified" Hidden "whether it is known who asks",
    "regime" Hidden "the law whose period holds",
    "told_at" Hidden "when the customer was told that it is done",
    "missing_systems" Hidden "the systems that have not confirmed",
    "residual_systems" Hidden "the systems, or exports, in which the person is still found",
];

/// How a request stands, in one word.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Verdict {
    Complete,
    Pending,
    /// Something that was confirmed or said does not hold.
    Incomplete,
    Overdue,
}

impl Verdict {
    pub(super) fn name(self) -> &'static str {
        match self {
            Verdict::Complete => "complete",
            Verdict::Pending => "pending",
            Verdict::Incomplete => "incomplete",
            Verdict::Overdue => "overdue",
        }
    }
}

/// Whether a trace shows that data is still there which should be gone.
pub(super) fn proves(trace: &Trace) -> bool {
    trace.proof == Proof::Held
}

/// Whether all is confirmed and nothing that should be gone was found.
pub(super) fn erased(case: &Case<'_>, traces: &[Trace]) -> bool {
    case.all_confirmed() && !traces.iter().any(proves)
}

/// Past due, and not complete or not told. `told` is whether the export has a column for that.
pub(super) fn overdue(case: &Case<'_>, traces: &[Trace], told: bool) -> bool {
    let untold = told && case.told.is_none();
    case.life == Life::Owed && case.past_due && (!erased(case, traces) || untold)
}

/// The verdict; `None` where nothing is owed.
pub(super) fn verdict(case: &Case<'_>, traces: &[Trace], told: bool) -> Option<Verdict> {
    if case.life == Life::Closed {
        return None;
    }
    if overdue(case, traces, told) {
        return Some(Verdict::Overdue);
    }
    let ended = case.retention_ended();
    if erased(case, traces) && !ended {
        return Some(Verdict::Complete);
    }
    let broken = |r: &Reply<'_>| match r.answer {
        Answer::Failed => true,
        Answer::Retained(_) => !r.confirmed(),
        _ => false,
    };
    let wrong = ended || case.told.is_some() || traces.iter().any(proves) || case.replies.iter().any(broken);
    Some(if wrong { Verdict::Incomplete } else { Verdict::Pending })
}

/// Lines that count as residue.
pub(super) fn residual(traces: &[Trace]) -> u64 {
    counted(traces).map(|t| t.lines).sum()
}

fn counted(traces: &[Trace]) -> impl Iterator<Item = &Trace> {
    traces.iter().filter(|t| matches!(t.proof, Proof::Held | Proof::Waiting))
}

/// `worst` is 0 with an error, 1 with a warning, 2 with an info, 3 without a finding.
pub(super) fn row(case: &Case<'_>, traces: &[Trace], verdict: Option<Verdict>, worst: u8) -> Row {
    let r = case.request;
    let text = |t: Option<&str>| t.map_or(Value::Null, Value::from);
    let owed = case.life != Life::Closed;
    let count = |n: usize| if owed { Value::from(n) } else { Value::Null };
    let confirmed = case.replies.iter().filter(|r| r.confirmed());
    let retained = confirmed.clone().filter(|r| matches!(r.answer, Answer::Retained(_)));
    let missing: Vec<&str> =
        if owed { case.missing().map(|r| &*r.system.system).collect() } else { Vec::new() };
    let mut found: Vec<&str> = counted(traces).map(|t| &*t.name).collect();
    found.dedup();
    let values = vec![
        (&*r.request_id).into(),
        rfc3339(r.received_at).into(),
        if owed { case.deadline.due.to_string().into() } else { Value::Null },
        count(case.replies.len()),
        count(confirmed.count()),
        count(retained.count()),
        count(missing.len()),
        if owed { residual(traces).into() } else { Value::Null },
        text(verdict.map(Verdict::name)),
        text(r.account_id.as_deref()),
        text(r.status.as_deref()),
        (case.life != Life::Unverified).into(),
        case.regime.id.into(),
        text(case.told.map(rfc3339).as_deref()),
        missing.into(),
        found.into(),
    ];
    Row {
        values,
        account: r.account_id.as_deref().map(str::to_owned),
        flagged: worst < 3,
        // The nearer its last day, the worse.
        rank: (worst, Reverse(-Decimal::from(case.days_left))),
    }
}
