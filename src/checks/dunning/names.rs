//! Whether the exports speak of the same invoices and accounts.

use super::inputs::{Lookup, Records};
use crate::{
    data::records::Text,
    judge::naming::{Naming, Words},
    report::Problem,
};
use std::collections::HashSet;

const REMEDY: &str = "give the exports of the same system and time, or an identities export";

/// Accounts of invoices against those of an accounts export; nothing is unknown where there is no such export.
pub(super) fn accounts<'n>(records: &'n Records, lookup: &Lookup<'_>) -> Naming<'n, Text> {
    let billed = records.invoices.iter().map(|i| (&i.account_id, 1));
    let knows = |a: &Text| lookup.accounts.is_empty() || lookup.accounts.contains_key(a);
    Naming::of(billed, knows)
}

/// Where over half of the invoices that payments name, or of the invoices' accounts, are unknown to the other export,
/// that is one message and nothing is judged.
pub(super) fn differ(records: &Records, accounts: &Naming<'_, Text>) -> Option<Problem> {
    let known: HashSet<&Text, foldhash::fast::RandomState> =
        records.invoices.iter().map(|i| &i.invoice_id).collect();
    let paid = records.payments.iter().filter_map(|p| p.invoice_id.as_ref()).map(|i| (i, 1));
    let invoices = Words {
        kind: ("invoice", "invoices"),
        clause: "that payments name are unknown to the invoices export, so nothing was judged",
        remedy: REMEDY,
    };
    let of_accounts = Words {
        kind: ("account", "accounts"),
        clause: "that invoices name are unknown to the accounts export, so nothing was judged",
        remedy: REMEDY,
    };
    Naming::of(paid, |i| known.contains(i))
        .problem(&invoices, known.iter().map(|id| id.as_str()))
        .or_else(|| accounts.problem(&of_accounts, records.accounts.iter().map(|a| &*a.account_id)))
}
