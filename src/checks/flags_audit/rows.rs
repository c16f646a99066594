//! The result table: what to do with each flag.

use super::{
    assess::Assessment,
    ends::End,
    inputs::Known,
    references::Referenced,
    verdict::{Ruling, Verdict},
};
use crate::{
    model::{
        decimal::{self, Decimal},
        time::rfc3339,
    },
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
    "flag" Text "the flag's key",
    "owner" Text "the team or person that owns it",
    "kind" Hidden "release, experiment, operational, kill_switch or permission",
    "status" Hidden "its status, of the environment that counts where the export tells it",
    "age_days" Hidden "whole days since it was created; null where that is not known",
    "ends_at" Hidden "its end; null where it has none, or it is not known",
    "overdue_days" Number "whole days past its end; null where it is not past it",
    "rollout_percent" Hidden "its rollout in the environment that counts",
    "references" Hidden "where the code names it, as path:line; null where the code was not searched",
    "uncertain_references" Hidden "lines that hold its key as an everyday word; null where the code was not searched",
    "verdict" Text "remove, remove_with_care, extend or keep",
    "why" Text "the reasons of the verdict",
];

fn text(value: Option<&str>) -> Value {
    value.map_or(Value::Null, Into::into)
}

/// A flag's row; what can be deleted soonest comes first, of those the most overdue.
pub(super) fn row(
    known: &Known,
    found: &Assessment,
    ruling: &Ruling,
    referenced: Option<&Referenced>,
    flagged: bool,
) -> Row {
    let flag = &known.flag;
    let ends_at = match found.end {
        End::At(at, _) => Value::from(rfc3339(at)),
        End::None(_) | End::Unknown => Value::Null,
    };
    let overdue = found.overdue_days();
    let values = vec![
        text(Some(&flag.flag)),
        text(flag.owner.as_deref()),
        text(flag.kind.as_deref()),
        text(known.status.as_deref()),
        found.age_days.map_or(Value::Null, Value::from),
        ends_at,
        overdue.map_or(Value::Null, Value::from),
        known.rollout.map_or(Value::Null, |r| decimal::shortest(r).into()),
        referenced.map_or(Value::Null, |r| r.places.iter().map(String::as_str).collect()),
        referenced.map_or(Value::Null, |r| r.uncertain.into()),
        text(Some(ruling.verdict.name())),
        ruling.why.join("; ").into(),
    ];
    let rank = Verdict::ALL.iter().position(|v| *v == ruling.verdict).and_then(|at| u8::try_from(at).ok());
    let overdue = overdue.map_or(Decimal::NEGATIVE_ONE, Decimal::from);
    Row { values, account: None, flagged, rank: (rank.unwrap_or(u8::MAX), Reverse(overdue)) }
}
