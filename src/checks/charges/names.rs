//! Whether billing and product mean the same accounts and plans at all.

use super::book::Book;
use crate::{
    data::records::Text,
    model::{
        datasets::nearest,
        text::{counted, grouped},
    },
    report::Problem,
};
use std::collections::{BTreeMap, BTreeSet};

/// Problems where under half of the accounts or plans that are billed are known to the product's exports.
pub(super) fn differ(book: &Book<'_>) -> Vec<Problem> {
    let mut accounts: BTreeMap<&Text, u64> = BTreeMap::new();
    for bill in &book.bills {
        *accounts.entry(&book.holders[bill.account as usize].id).or_default() += 1;
    }
    let known: BTreeSet<&Text> = book.holders.iter().filter(|h| h.record.is_some()).map(|h| &h.id).collect();
    let mut plans: BTreeMap<super::book::Sym, u64> = BTreeMap::new();
    for line in &book.lines {
        if let Some(plan) = line.plan {
            *plans.entry(plan).or_default() += 1;
        }
    }
    let plans: BTreeMap<&Text, u64> = plans.into_iter().map(|(p, n)| (book.text(p), n)).collect();
    let changes = book.history.changes().iter().flat_map(|c| [&c.row.from_plan, &c.row.to_plan]);
    let named: BTreeSet<&Text> = changes
        .chain(book.history.subscriptions().iter().map(|s| &s.plan))
        .chain(book.plans.all().map(|p| &p.plan))
        .collect();
    let identities = "give an identities export that says which id is which account";
    let map = "name them alike under [map.plan] in crosscheck.toml";
    [unknown("account", &accounts, &known, identities), unknown("plan", &plans, &named, map)]
        .into_iter()
        .flatten()
        .collect()
}

/// The problem where more than half of the billed names are unknown: how many, and the ten most frequent with the
/// nearest known.
fn unknown(
    kind: &str,
    billed: &BTreeMap<&Text, u64>,
    known: &BTreeSet<&Text>,
    remedy: &str,
) -> Option<Problem> {
    let mut lacking: Vec<(&Text, u64)> =
        billed.iter().filter(|(name, _)| !known.contains(*name)).map(|(name, n)| (*name, *n)).collect();
    if known.is_empty() || lacking.len() * 2 <= billed.len() {
        return None;
    }
    let count = grouped(&lacking.len().to_string());
    lacking.sort_by(|a, b| b.1.cmp(&a.1).then_with(|| a.0.cmp(b.0)));
    let list: Vec<String> = lacking
        .iter()
        .take(10)
        .map(|(name, _)| match nearest(name, known.iter().map(|k| &***k)).first() {
            Some(near) => format!("{name} (nearest: {near})"),
            None => (**name).to_string(),
        })
        .collect();
    let message = format!(
        "{count} of {} that are billed are unknown to the product's exports, so nothing was compared: the two name \
         {kind}s differently; {remedy}. Unknown: {}",
        counted(billed.len() as u64, kind, &format!("{kind}s")),
        list.join(", ")
    );
    Some(Problem::new("data/unknown-names", message))
}
