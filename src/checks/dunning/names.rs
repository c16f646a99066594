//! Whether the exports speak of the same invoices and accounts.

use super::inputs::{Lookup, Records, Sequences};
use crate::{
    model::{
        datasets::nearest,
        text::{counted, grouped},
    },
    report::Problem,
};
use std::collections::BTreeSet;

/// Names of one export that another does not know, by the reckoning of each: how many of how many.
pub(super) type Unknown<'n> = (Vec<&'n str>, usize);

/// Accounts of invoices that an accounts export lacks; none where there is no such export.
pub(super) fn unknown_accounts<'n>(records: &'n Records, lookup: &Lookup<'_>) -> Unknown<'n> {
    let mut billed: Vec<&str> = records.invoices.iter().map(|i| &*i.account_id).collect();
    billed.sort_unstable();
    billed.dedup();
    let all = billed.len();
    billed.retain(|a| !lookup.accounts.is_empty() && !lookup.accounts.contains_key(a));
    (billed, all)
}

/// Where over half of the invoices that payments name, or of the invoices' accounts, are unknown to the other export,
/// that is one message and nothing is judged.
pub(super) fn differ(records: &Records, made: &Sequences<'_>, accounts: &Unknown<'_>) -> Option<Problem> {
    let tell = |kind: &str, of: &str, unknown: &[&str], all: usize, known: &mut dyn Iterator<Item = &str>| {
        let known: Vec<&str> = known.collect();
        let list: Vec<String> = unknown
            .iter()
            .take(10)
            .map(|name| match nearest(name, known.iter().copied()).first() {
                Some(near) => format!("{name} (nearest: {near})"),
                None => (*name).to_owned(),
            })
            .collect();
        let message = format!(
            "{} of {} that {of} name are unknown to the {kind}s export, so nothing was judged: give the exports of \
             the same system and time, or an identities export. Unknown: {}",
            grouped(&unknown.len().to_string()),
            counted(all as u64, kind, &format!("{kind}s")),
            list.join(", ")
        );
        Problem::new("data/unknown-names", message)
    };
    if made.strayed * 2 > made.named {
        let known: BTreeSet<&str> = records.invoices.iter().map(|i| &*i.invoice_id).collect();
        let named: BTreeSet<&str> = records.payments.iter().filter_map(|p| p.invoice_id.as_deref()).collect();
        let unknown: Vec<&str> = named.difference(&known).copied().collect();
        return Some(tell("invoice", "payments", &unknown, named.len(), &mut known.into_iter()));
    }
    let (unknown, all) = accounts;
    (unknown.len() * 2 > *all).then(|| {
        tell("account", "invoices", unknown, *all, &mut records.accounts.iter().map(|a| &*a.account_id))
    })
}
