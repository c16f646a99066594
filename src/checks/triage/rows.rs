//! The result table: each ticket's route.

use super::{
    judge::Judged,
    route::{PRIORITIES, current_queue},
};
use crate::{
    judge::customers::Customers,
    model::{decimal::Decimal, money, time::rfc3339},
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
    "ticket" Text "the ticket",
    "account" Text "the account of its requester; null where none matches",
    "tier" Text "the tier of the account's plan",
    "arr" Hidden "the account's annual recurring revenue",
    "currency" Hidden "of the revenue",
    "health" Number "the account's score, one decimal; null where there is none",
    "feature_area" Hidden "what it is about",
    "queue" Text "where it belongs",
    "level" Text "senior for an account at risk, else standard",
    "skill" Hidden "the skill that its agent needs: billing, or null",
    "priority" Text "the priority that it deserves",
    "tags" Hidden "the tags that it must carry",
    "target_at" Text "when the first response is owed",
    "reason" Hidden "why it is routed so",
    "current_queue" Text "where it stands, by its shared name",
];

fn text(value: Option<&str>) -> Value {
    value.map_or(Value::Null, Into::into)
}

/// A ticket's row. `worst` is 0 with an error, 1 with a warning, 2 without a finding.
pub(super) fn row(judged: &Judged<'_>, customers: &Customers, worst: u8) -> Row {
    let (ticket, known, route) = (judged.ticket, &judged.known, &judged.route);
    // An id that no account has is still what the export says.
    let account = known.account.as_deref().or(ticket.account_id.as_deref());
    let arr = known.account.as_ref().and_then(|a| customers.arr(a));
    let values = vec![
        text(Some(&ticket.ticket_id)),
        text(account),
        text(known.tier.as_deref()),
        arr.map_or(Value::Null, |m| money::format(m.amount, &m.currency).into()),
        text(arr.map(|m| m.currency.as_str())),
        known.risk.score.map_or(Value::Null, |s| format!("{s:.1}").into()),
        text(ticket.feature_area.as_deref()),
        text(Some(&route.queue)),
        text(Some(if route.senior { "senior" } else { "standard" })),
        text(route.skill),
        text(Some(PRIORITIES[route.priority])),
        route.tags.iter().map(String::as_str).collect(),
        route.target_at.map_or(Value::Null, |t| rfc3339(t).into()),
        text(Some(&route.reason)),
        text(current_queue(judged.policy, ticket)),
    ];
    Row {
        values,
        account: account.map(str::to_owned),
        flagged: worst < 2,
        rank: (worst, Reverse(Decimal::from(route.priority))),
    }
}
