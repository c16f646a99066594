//! The result table: an account a row, or an account and day.

use super::assess::{Assessed, PastDay};
use crate::{
    data::records::{Account, Text},
    judge::{
        customers::Customers,
        health::{Change, Component, Points, Reading},
    },
    model::{
        decimal::{Decimal, shortest},
        money,
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
    "account" Text "the account",
    "name" Text "its name",
    "plan" Text "its plan",
    "arr" Number "its annual recurring revenue",
    "currency" Text "of the revenue",
    "score" Number "0 to 100, one decimal; null where there is none, see state",
    "state" Hidden "scored; new: younger than 42 days; unknown: under half of the weights had data",
    "coverage" Hidden "per cent of the weights that had data",
    "change_7d" Number "score less the score 7 days before",
    "change_30d" Number "score less the score 30 days before",
    "logins" Number "logins of 14 days against the 28 before them, 0 to 100; null where left out",
    "adoption" Number "share of the plan's features in use",
    "sentiment" Number "mean sentiment of 30 days of tickets",
    "billing" Number "100 where nothing is unpaid after a failure",
    "api" Number "API calls of 14 days against the 28 before them",
    "trend" Trend "the last 30 daily scores, oldest first; null for days without one",
    "account_manager" Text "who looks after it",
];

pub(super) const HISTORY: &[RowColumn] = columns![
    "account" Text "the account",
    "date" Text "the day; its own hours are not in the score",
    "name" Text "its name",
    "plan" Text "its plan today",
    "arr" Number "its annual recurring revenue today",
    "currency" Text "of the revenue",
    "score" Number "0 to 100, one decimal; null where there is none, see state",
    "state" Hidden "scored; new: younger than 42 days; unknown: under half of the weights had data",
    "coverage" Hidden "per cent of the weights that had data",
    "change_7d" Number "score less the score 7 days before",
    "change_30d" Number "score less the score 30 days before",
    "logins" Number "logins of 14 days against the 28 before them, 0 to 100; null where left out",
    "adoption" Number "share of the plan's features in use",
    "sentiment" Number "mean sentiment of 30 days of tickets",
    "billing" Number "100 where nothing was unpaid after a failure",
    "api" Number "API calls of 14 days against the 28 before them",
    "account_manager" Text "who looks after it",
];

/// One decimal, always: `97.0`.
pub(super) fn one_place(value: Decimal) -> String {
    let mut value = value;
    value.rescale(1);
    if value.is_zero() {
        value.set_sign_positive(true);
    }
    value.to_string()
}

fn text(value: Option<&Text>) -> Value {
    value.map_or(Value::Null, |t| (&**t).into())
}

fn points(value: Option<Points>) -> Value {
    value.map_or(Value::Null, |p| one_place(p.rounded(1)).into())
}

fn change(value: Option<Change>) -> Value {
    value.map_or(Value::Null, |c| one_place(c.rounded(1)).into())
}

/// Plan, revenue, currency.
fn of_account(account: &Account, customers: &Customers) -> [Value; 3] {
    let arr = customers.arr(&account.account_id);
    [
        text(customers.plan(&account.account_id)),
        arr.map_or(Value::Null, |m| money::format(m.amount, &m.currency).into()),
        arr.map_or(Value::Null, |m| m.currency.clone().into()),
    ]
}

/// Score, state, coverage, changes, components.
fn of_reading(reading: &Reading, week: Option<Change>, month: Option<Change>) -> Vec<Value> {
    let mut values = vec![
        points(reading.score()),
        reading.state.name().into(),
        shortest(reading.coverage.rounded(2)).into(),
        change(week),
        change(month),
    ];
    values.extend(Component::ALL.map(|c| points(reading.component(c))));
    values
}

/// The order of rows in a table.
pub(super) type Rank = (u8, Reverse<Decimal>);

/// Worst first: 0 with an error, 1 with a warning, 2 without a finding; then by score.
pub(super) fn rank(worst: u8, reading: &Reading) -> Rank {
    let lacking = reading.score().map_or(Decimal::NEGATIVE_ONE, |s| Decimal::ONE_HUNDRED - s.rounded(9));
    (worst, Reverse(lacking))
}

/// An account's row.
pub(super) fn row(account: &Account, customers: &Customers, a: &Assessed, rank: Rank) -> Row {
    let mut values = vec![text(Some(&account.account_id)), text(account.name.as_ref())];
    values.extend(of_account(account, customers));
    values.extend(of_reading(&a.now, a.change_7d, a.change_30d));
    values.push(a.trend.iter().map(|s| s.map_or(Value::Null, |s| one_place(s).into())).collect());
    values.push(text(account.account_manager.as_ref()));
    Row { values, account: Some(account.account_id.to_string()), flagged: rank.0 < 2, rank }
}

/// An account's rows of the history, oldest first.
pub(super) fn history(account: &Account, customers: &Customers, days: &[PastDay], rank: Rank) -> Vec<Row> {
    let rows = days.iter().map(|(reading, week, month)| {
        let mut values = vec![
            text(Some(&account.account_id)),
            reading.day.to_string().into(),
            text(account.name.as_ref()),
        ];
        values.extend(of_account(account, customers));
        values.extend(of_reading(reading, *week, *month));
        values.push(text(account.account_manager.as_ref()));
        Row { values, account: Some(account.account_id.to_string()), flagged: rank.0 < 2, rank }
    });
    rows.collect()
}
