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
use std::collections::{BTreeSet, HashMap};

/// Problems where under half of the accounts or plans that are billed are known to the product's exports.
pub(super) fn differ(book: &Book<'_>) -> Vec<Problem> {
    [accounts(book), plans(book)].into_iter().flatten().collect()
}

fn accounts(book: &Book<'_>) -> Option<Problem> {
    let mut bills = vec![0u64; book.holders.len()];
    book.bills.iter().for_each(|b| bills[b.account as usize] += 1);
    let billed = bills.iter().filter(|n| **n > 0).count();
    let lacking: Vec<(&Text, u64)> = book
        .holders
        .iter()
        .zip(bills)
        .filter(|(h, n)| *n > 0 && h.record.is_none())
        .map(|(h, n)| (&h.id, n))
        .collect();
    let known = || book.holders.iter().filter(|h| h.record.is_some()).map(|h| &h.id);
    let remedy = "give an identities export that says which id is which account";
    unknown("account", billed, lacking, known, remedy)
}

fn plans(book: &Book<'_>) -> Option<Problem> {
    let mut billed: HashMap<_, u64> = HashMap::new();
    for plan in book.lines.iter().filter_map(|l| l.plan) {
        *billed.entry(plan).or_default() += 1;
    }
    let changes = || book.history.changes().iter().flat_map(|c| [&c.row.from_plan, &c.row.to_plan]);
    let subscribed = || book.history.subscriptions().iter().map(|s| &s.plan);
    let known: BTreeSet<&Text> =
        changes().chain(subscribed()).chain(book.plans.all().map(|p| &p.plan)).collect();
    let named = billed.iter().map(|(plan, n)| (book.text(*plan), *n));
    let lacking: Vec<(&Text, u64)> = named.filter(|(name, _)| !known.contains(name)).collect();
    let remedy = "name them alike under [map.plan] in crosscheck.toml";
    unknown("plan", billed.len(), lacking, || known.iter().copied(), remedy)
}

/// The problem where more than half of the billed names are unknown: how many, and the ten most frequent with the
/// nearest known. Where the other side names none at all, there is nothing to compare with.
fn unknown<'n, K: Iterator<Item = &'n Text>>(
    kind: &str,
    billed: usize,
    mut lacking: Vec<(&Text, u64)>,
    known: impl Fn() -> K,
    remedy: &str,
) -> Option<Problem> {
    if lacking.len() * 2 <= billed || known().next().is_none() {
        return None;
    }
    let count = grouped(&lacking.len().to_string());
    lacking.sort_by(|a, b| b.1.cmp(&a.1).then_with(|| a.0.cmp(b.0)));
    let list: Vec<String> = lacking
        .iter()
        .take(10)
        .map(|(name, _)| match nearest(name, known().map(|k| &**k)).first() {
            Some(near) => format!("{name} (nearest: {near})"),
            None => (**name).to_string(),
        })
        .collect();
    let message = format!(
        "{count} of {} that are billed are unknown to the product's exports, so nothing was compared: the two name \
         {kind}s differently; {remedy}. Unknown: {}",
        counted(billed as u64, kind, &format!("{kind}s")),
        list.join(", ")
    );
    Some(Problem::new("data/unknown-names", message))
}
