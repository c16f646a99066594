//! Whether billing and product mean the same accounts and plans at all.

use super::book::Book;
use crate::{
    data::records::Text,
    judge::naming::{IDENTITIES, Naming, Words},
    report::Problem,
};
use std::collections::{HashMap, HashSet};

const CLAUSE: &str = "that are billed are unknown to the product's exports, so nothing was compared";

/// Problems where under half of the accounts or plans that are billed are known to the product's exports.
pub(super) fn differ(book: &Book<'_>) -> Vec<Problem> {
    [accounts(book), plans(book)].into_iter().flatten().collect()
}

fn accounts(book: &Book<'_>) -> Option<Problem> {
    let mut bills = vec![0u64; book.holders.len()];
    book.bills.iter().for_each(|b| bills[b.account as usize] += 1);
    let billed = book.holders.iter().zip(bills).filter(|(_, n)| *n > 0).map(|(h, n)| (&h.id, n));
    let known = book.holders.iter().filter(|h| h.record.is_some()).map(|h| &h.id);
    let known: HashSet<&Text, foldhash::fast::RandomState> = known.collect();
    let words = Words { kind: ("account", "accounts"), clause: CLAUSE, remedy: IDENTITIES };
    Naming::of(billed, |a| known.contains(a)).problem(&words, known.iter().map(|id| id.as_str()))
}

fn plans(book: &Book<'_>) -> Option<Problem> {
    let mut billed: HashMap<_, u64, foldhash::fast::RandomState> = HashMap::default();
    for plan in book.lines.iter().filter_map(|l| l.plan) {
        *billed.entry(plan).or_default() += 1;
    }
    let changes = book.history.changes().iter().flat_map(|c| [&c.row.from_plan, &c.row.to_plan]);
    let subscribed = book.history.subscriptions().iter().map(|s| &s.plan);
    let known = changes.chain(subscribed).chain(book.plans.all().map(|p| &p.plan));
    let known: HashSet<&Text> = known.collect();
    let words = Words {
        kind: ("plan", "plans"),
        clause: CLAUSE,
        remedy: "the two name plans differently; name them alike under [map.plan] in crosscheck.toml",
    };
    let billed = billed.iter().map(|(plan, n)| (plan, *n));
    Naming::of(billed, |p| known.contains(p)).problem(&words, known.iter().map(|p| p.as_str()))
}
