//! When an account had which feature.

use crate::{
    data::{
        At,
        records::{Entitlement, Text},
    },
    model::time::Instant,
};
use std::collections::HashMap;

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
#[derive(Clone, Copy, Debug)]
struct Told {
    /// Whether it tells of a time in which the feature was on.
    on: bool,
    active: Active,
}

/// An account's feature with the rows that tell of it, by their beginning.
#[derive(Clone, Debug)]
struct Feature {
    name: Text,
    rows: Vec<Told>,
}

impl Feature {
    fn active(&self) -> impl Iterator<Item = &Active> {
        self.rows.iter().filter(|r| r.on).map(|r| &r.active)
    }
}

/// The features of all accounts.
#[derive(Debug, Default)]
pub struct Entitlements {
    by_account: HashMap<Text, Vec<Feature>>,
}

impl Entitlements {
    /// From the rows of `entitlements`, in any order; one feature may have several. A row that is inactive and has
    /// no `deactivated_at` gives no time in which the feature was on.
    pub fn new(rows: impl IntoIterator<Item = Entitlement>) -> Entitlements {
        let mut by_account: HashMap<Text, Vec<Feature>> = HashMap::new();
        for row in rows {
            let features = by_account.entry(row.account_id).or_default();
            let at = match features.binary_search_by(|f| f.name.cmp(&row.feature)) {
                Ok(at) => at,
                Err(at) => {
                    features.insert(at, Feature { name: row.feature, rows: Vec::with_capacity(1) });
                    at
                }
            };
            let on = &*row.state == "active" || row.deactivated_at.is_some();
            let active = Active { from: row.activated_at, to: row.deactivated_at, at: row.at };
            features[at].rows.push(Told { on, active });
        }
        for feature in by_account.values_mut().flatten() {
            feature.rows.sort_by_key(|r| (r.active.from, r.active.to.is_none(), r.active.to, r.active.at));
        }
        Entitlements { by_account }
    }

    /// Whether no account has any row.
    pub fn is_empty(&self) -> bool {
        self.by_account.is_empty()
    }

    /// Whether the export has any row of the account; without one its state is unknown.
    pub fn knows(&self, account: &str) -> bool {
        self.by_account.contains_key(account)
    }

    /// The features that rows of an account tell of, by name, those included that were never on.
    pub fn features_of(&self, account: &str) -> impl Iterator<Item = &Text> {
        self.by_account.get(account).into_iter().flatten().map(|f| &f.name)
    }

    /// The times in which a feature was on, by their beginning; none where no row tells of one.
    pub fn active(&self, account: &str, feature: &str) -> impl Iterator<Item = &Active> {
        self.find(account, feature).into_iter().flat_map(Feature::active)
    }

    /// Where the rows about a feature stand.
    pub fn rows(&self, account: &str, feature: &str) -> impl Iterator<Item = At> {
        self.find(account, feature).into_iter().flat_map(|f| f.rows.iter().map(|r| r.active.at))
    }

    /// Whether a feature was on at a moment.
    pub fn active_at(&self, account: &str, feature: &str, at: Instant) -> bool {
        self.active(account, feature).any(|a| a.holds(at))
    }

    /// Whether a feature was on at some time within `[start, end)`.
    pub fn overlaps(&self, account: &str, feature: &str, start: Instant, end: Option<Instant>) -> bool {
        self.active(account, feature).any(|a| a.overlaps(start, end))
    }

    fn find(&self, account: &str, feature: &str) -> Option<&Feature> {
        let features = self.by_account.get(account)?;
        features.binary_search_by(|f| (*f.name).cmp(feature)).ok().map(|at| &features[at])
    }
}

#[cfg(test)]
mod tests;
