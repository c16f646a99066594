//! When an account had which feature.

use crate::{
    data::{
        At,
        records::{Entitlement, Text},
    },
    model::time::Instant,
};
use std::collections::HashMap;

/// Maps of names that exports bring: fast, and seeded anew in each run.
type Map<K, V> = HashMap<K, V, foldhash::fast::RandomState>;

/// A time in which a feature was on: `[from, to)`, open where an end is `None`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Active {
    /// When it was switched on; `None` for ever before.
    pub from: Option<Instant>,
    /// When it was switched off (exclusive); `None` while it is on.
    pub to: Option<Instant>,
    /// Where the row stands.
    pub at: At,
}

impl Active {
    /// Whether it was on at a moment.
    pub fn holds(&self, at: Instant) -> bool {
        self.from.is_none_or(|f| f <= at) && self.to.is_none_or(|t| at < t)
    }

    /// Whether it was on at some time within `[start, end)`, or at `start` where the period has no end or no
    /// length.
    pub fn overlaps(&self, start: Instant, end: Option<Instant>) -> bool {
        match end {
            Some(end) if start < end => {
                self.from.is_none_or(|f| f < end)
                    && self.to.is_none_or(|t| start < t)
                    && !matches!((self.from, self.to), (Some(f), Some(t)) if t <= f)
            }
            _ => self.holds(start),
        }
    }
}

/// One row on a feature.
#[derive(Clone, Debug)]
struct Told {
    feature: Text,
    /// Whether it tells of a time in which the feature was on.
    on: bool,
    active: Active,
}

impl Told {
    fn of(row: Entitlement) -> Told {
        let on = &*row.state == "active" || row.deactivated_at.is_some();
        let active = Active { from: row.activated_at, to: row.deactivated_at, at: row.at };
        Told { feature: row.feature, on, active }
    }
}

/// The features of all accounts.
#[derive(Debug, Default)]
pub struct Entitlements {
    /// An account's rows by feature and beginning.
    by_account: Map<Text, Vec<Told>>,
}

impl Entitlements {
    /// From the rows of `entitlements`, in any order; one feature may have several. A row that is inactive and has
    /// no `deactivated_at` gives no time in which the feature was on.
    pub fn new(rows: impl IntoIterator<Item = Entitlement>) -> Entitlements {
        let mut by_account: Map<Text, Vec<Told>> = Map::default();
        let mut rows = rows.into_iter().peekable();
        while let Some(first) = rows.next() {
            // An export mostly lists an account's features together.
            let account = first.account_id;
            let list = by_account.entry(account).or_default();
            list.push(Told::of(first));
            while let Some(row) = rows.next_if(|r| r.account_id == account) {
                list.push(Told::of(row));
            }
        }
        for list in by_account.values_mut() {
            let moment = |t: &Told| (t.active.from, t.active.to.is_none(), t.active.to, t.active.at);
            list.sort_by(|a, b| a.feature.cmp(&b.feature).then_with(|| moment(a).cmp(&moment(b))));
            list.shrink_to_fit();
        }
        Entitlements { by_account }
    }

    /// Whether no account has any row.
    pub fn is_empty(&self) -> bool {
        self.by_account.is_empty()
    }

    /// Whether the export has any row of the account; without one its state is unknown.
    pub fn knows(&self, account: &Text) -> bool {
        self.by_account.contains_key(account)
    }

    /// The features that rows of an account tell of, by name, those included that were never on.
    pub fn features_of(&self, account: &Text) -> impl Iterator<Item = &Text> {
        let rows = self.by_account.get(account).map_or(&[][..], Vec::as_slice);
        rows.chunk_by(|a, b| a.feature == b.feature).map(|run| &run[0].feature)
    }

    /// The times in which a feature was on, by their beginning; none where no row tells of one.
    pub fn active(&self, account: &Text, feature: &str) -> impl Iterator<Item = &Active> {
        self.find(account, feature).iter().filter(|t| t.on).map(|t| &t.active)
    }

    /// Where the rows about a feature stand.
    pub fn rows(&self, account: &Text, feature: &str) -> impl Iterator<Item = At> {
        self.find(account, feature).iter().map(|t| t.active.at)
    }

    /// Whether a feature was on at a moment.
    pub fn active_at(&self, account: &Text, feature: &str, at: Instant) -> bool {
        self.active(account, feature).any(|a| a.holds(at))
    }

    /// Whether a feature was on at some time within `[start, end)`.
    pub fn overlaps(&self, account: &Text, feature: &str, start: Instant, end: Option<Instant>) -> bool {
        self.active(account, feature).any(|a| a.overlaps(start, end))
    }

    fn find(&self, account: &Text, feature: &str) -> &[Told] {
        let rows = self.by_account.get(account).map_or(&[][..], Vec::as_slice);
        let from = rows.partition_point(|t| *t.feature < *feature);
        let many = rows[from..].iter().take_while(|t| *t.feature == *feature).count();
        &rows[from..from + many]
    }
}

#[cfg(test)]
mod tests;
