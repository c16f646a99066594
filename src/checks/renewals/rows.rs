//! The result table, a renewal a row, and the revenue at risk by month and by reason.

use super::{judge::Case, risk::Risk};
use crate::{
    model::{
        decimal::Decimal,
        money::{self, Money},
        text::grouped,
    },
    report::{Row, RowColumn, Show, format_percent, totals},
};
use serde_json::{Value, json};
use std::{cmp::Reverse, collections::BTreeMap};

macro_rules! columns {
    ($($name:literal $show:ident $doc:literal,)*) => {
        &[$(RowColumn { name: $name, show: Show::$show, doc: $doc },)*]
    };
}

pub(super) const COLUMNS: &[RowColumn] = columns![
    "account" Text "the account",
    "renewal_date" Text "the day on which the subscription renews",
    "days_left" Number "days from today to it",
    "arr" Number "annual recurring revenue of what renews",
    "currency" Text "of the revenue",
    "auto_renew" Hidden "whether it renews by itself",
    "score" Hidden "health from 0 to 100, one decimal; null where there is none",
    "change_90d" Hidden "score less the score 90 days before; null where one of them is missing",
    "open_tickets" Hidden "tickets that are open; null without tickets",
    "sentiment" Hidden "mean sentiment of the tickets of 90 days, -1 to 1; null without any",
    "engagement_change" Hidden "logins or active users of 30 days against the 30 before them, in per cent; the lower of the two",
    "risk" Text "high, medium, low, unknown; ending where it has been canceled for a date",
    "reasons" Hidden "why: low-score, drop, falling-score, urgent-ticket, sentiment, engagement",
    "next_step" Text "the earliest step of the plan that is owed and not done",
    "next_due" Text "its date; one that is past is overdue",
    "owner" Text "the account manager, else the customer success manager",
    "subscription" Hidden "the subscription that renews",
    "risk_since" Hidden "the day from which on the risk has stood without a break",
];

/// One decimal, always: `97.0`.
pub(super) fn one_place(value: Decimal) -> String {
    fixed(value, 1)
}

fn fixed(value: Decimal, places: u32) -> String {
    let mut value = value;
    value.rescale(places);
    if value.is_zero() {
        value.set_sign_positive(true);
    }
    value.to_string()
}

/// `48,000.00 USD`.
pub(super) fn amount(m: &Money) -> String {
    format!("{} {}", grouped(&money::format(m.amount, &m.currency)), m.currency)
}

fn or_null<T, V: Into<Value>>(value: Option<T>, show: impl FnOnce(T) -> V) -> Value {
    value.map_or(Value::Null, |v| show(v).into())
}

/// `worst` is 0 with an error, 1 with a warning, 2 with an info, 3 without a finding.
pub(super) fn row(c: &Case<'_>, worst: u8) -> Row {
    let next = c.next();
    let values = vec![
        (&*c.account.account_id).into(),
        c.date.to_string().into(),
        c.days_left.into(),
        or_null(c.arr.as_ref(), |m| money::format(m.amount, &m.currency)),
        or_null(c.arr.as_ref(), |m| m.currency.clone()),
        or_null(c.subscription.auto_renew, |on| on),
        or_null(c.signals.score, |s| one_place(s.rounded(1))),
        or_null(c.signals.change, |s| one_place(s.rounded(1))),
        or_null(c.open_tickets, |n| n),
        or_null(c.signals.sentiments.and_then(|s| s.mean()), |m| fixed(m, 2)),
        or_null(c.signals.engagement(), format_percent),
        c.risk.name().into(),
        c.reasons.iter().map(|r| Value::from(r.name())).collect(),
        or_null(next, |s| s.message.clone()),
        or_null(next, |s| s.date.to_string()),
        or_null(c.owner(), |o| o.to_owned()),
        (&*c.subscription.subscription_id).into(),
        or_null(c.since, |s| s.day.to_string()),
    ];
    Row {
        values,
        account: Some(c.account.account_id.to_string()),
        flagged: worst < 3,
        // The nearer the renewal, the worse.
        rank: (worst, Reverse(-Decimal::from(c.days_left))),
    }
}

/// Renewals and their revenue in one currency; `None` where it is not known.
#[derive(Default)]
struct Sum<'c> {
    renewals: u64,
    all: Vec<&'c Money>,
    high: Vec<&'c Money>,
    medium: Vec<&'c Money>,
}

impl<'c> Sum<'c> {
    fn add(&mut self, c: &'c Case<'_>) {
        self.renewals += 1;
        let Some(arr) = &c.arr else { return };
        self.all.push(arr);
        match c.risk {
            Risk::High => self.high.push(arr),
            Risk::Medium => self.medium.push(arr),
            Risk::Low | Risk::Unknown | Risk::Ending => {}
        }
    }

    fn shown(list: &[&Money], currency: Option<&str>) -> Value {
        let Some(currency) = currency else { return Value::Null };
        let sum = totals(list.iter().copied()).first().map_or(Decimal::ZERO, |m| m.amount);
        money::format(sum, currency).into()
    }
}

fn currency<'c>(c: &'c Case<'_>) -> Option<&'c str> {
    c.arr.as_ref().map(|m| m.currency.as_str())
}

/// The revenue that renews by month and currency, and what of it is at high and at medium risk.
pub(super) fn by_month(cases: &[Case<'_>]) -> Vec<Value> {
    let mut sums: BTreeMap<(String, Option<&str>), Sum<'_>> = BTreeMap::new();
    for c in cases {
        sums.entry((c.date.format("%Y-%m").to_string(), currency(c))).or_default().add(c);
    }
    let shown = sums.into_iter().map(|((month, currency), s)| {
        json!({
            "month": month,
            "currency": currency,
            "renewals": s.renewals,
            "arr": Sum::shown(&s.all, currency),
            "high": Sum::shown(&s.high, currency),
            "medium": Sum::shown(&s.medium, currency),
        })
    });
    shown.collect()
}

/// The revenue at high and at medium risk by reason and currency. A renewal with several reasons counts under each.
pub(super) fn by_reason(cases: &[Case<'_>]) -> Vec<Value> {
    let mut sums: BTreeMap<(&str, Option<&str>), Sum<'_>> = BTreeMap::new();
    for c in cases {
        for reason in &c.reasons {
            sums.entry((reason.name(), currency(c))).or_default().add(c);
        }
    }
    let shown = sums.into_iter().map(|((reason, currency), s)| {
        json!({
            "reason": reason,
            "currency": currency,
            "renewals": s.renewals,
            "high": Sum::shown(&s.high, currency),
            "medium": Sum::shown(&s.medium, currency),
        })
    });
    shown.collect()
}
