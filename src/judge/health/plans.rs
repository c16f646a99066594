//! What features an account's plan has on a day.

use super::{
    Customer,
    activity::{Activity, Day, FeatureId, number},
};
use crate::data::records::Text;
use chrono::NaiveDate;
use std::collections::{BTreeMap, HashMap};

/// One row of a plan: its features from one day on, for those who pay in one currency.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PlanRow {
    /// The plan.
    pub plan: Text,
    /// The currency of its price.
    pub currency: Option<Text>,
    /// In force from this day on.
    pub from: Option<NaiveDate>,
    /// And before this one.
    pub to: Option<NaiveDate>,
    /// Its features.
    pub features: Vec<FeatureId>,
}

/// The plans' features by day.
#[derive(Debug, Default)]
pub struct Plans {
    rows: HashMap<Text, Vec<PlanRow>, foldhash::fast::RandomState>,
    /// For plans that list no features: from the first of these days on, how many features any account on the plan
    /// used in the window before each day.
    used: HashMap<Text, Vec<u32>, foldhash::fast::RandomState>,
    used_from: Day,
}

impl Plans {
    /// From the rows of a plans export; rows without features say nothing.
    pub fn new(rows: impl IntoIterator<Item = PlanRow>) -> Plans {
        let mut plans = Plans::default();
        for mut row in rows {
            row.features.sort_unstable();
            row.features.dedup();
            if !row.features.is_empty() {
                plans.rows.entry(row.plan).or_default().push(row);
            }
        }
        for rows in plans.rows.values_mut() {
            rows.sort_by(|a, b| {
                (a.from, &a.currency, a.to, &a.features).cmp(&(b.from, &b.currency, b.to, &b.features))
            });
        }
        plans
    }

    /// The features that a plan lists on a day: of the rows in force those in the account's currency, of several the
    /// one that came into force last. Before a plan's first row that one counts, after its last row the last.
    pub(super) fn listed(&self, plan: &Text, currency: Option<&str>, day: Day) -> Option<&[FeatureId]> {
        let rows = self.rows.get(plan)?;
        let begun = |r: &&PlanRow| r.from.is_none_or(|d| number(d) <= day);
        let lasts = |r: &&PlanRow| r.to.is_none_or(|d| day < number(d));
        let own = |r: &&PlanRow| currency.is_some() && r.currency.as_deref() == currency;
        let rank = |r: &PlanRow| (begun(&r) && lasts(&r), begun(&r), own(&r));
        // Rows stand by their first day: of equals the latest begun is the last, of those to come the first.
        let best = rows.iter().map(rank).max()?;
        let mut equal = rows.iter().filter(|r| rank(r) == best);
        let row = if best.1 {
            let latest = rows.iter().filter(|r| rank(r) == best).map(|r| r.from).max()?;
            equal.find(|r| r.from == latest)?
        } else {
            equal.next()?
        };
        Some(&row.features)
    }

    /// Where the plan lists no features: how many any account on it used in the window before the day.
    pub(super) fn used_by_any(&self, plan: &Text, day: Day) -> Option<u32> {
        let at = usize::try_from(day - self.used_from).ok()?;
        self.used.get(plan)?.get(at).copied()
    }

    /// Counts, for plans that list no features, those that their accounts used in `[D − window, D)`, for each D of
    /// `days` (both included).
    pub(super) fn see_uses(
        &mut self,
        activity: &Activity,
        customers: &[Customer],
        days: (Day, Day),
        window: Day,
    ) {
        let (from, to) = days;
        self.used_from = from;
        let mut by_plan: BTreeMap<&Text, Vec<&Customer>> = BTreeMap::new();
        for c in customers {
            if let Some(plan) = c.plan.as_ref().filter(|p| !self.rows.contains_key(*p)) {
                by_plan.entry(plan).or_default().push(c);
            }
        }
        for (plan, customers) in by_plan {
            let length = usize::try_from(to - from + 1).unwrap_or(0);
            // By feature the days D on whose window it was used, as changes: +1 where one begins, −1 where it ends.
            let mut seen: HashMap<FeatureId, Vec<bool>, foldhash::fast::RandomState> = HashMap::default();
            for daily in customers.iter().filter_map(|c| activity.of(&c.id)) {
                daily.each_use(from - window, to, |day, feature| {
                    let days = seen.entry(feature).or_insert_with(|| vec![false; length + window as usize]);
                    days[(day - (from - window)) as usize] = true;
                });
            }
            let mut counts = vec![0u32; length];
            for days in seen.values() {
                let mut last: Option<usize> = None;
                for (at, &used) in days.iter().enumerate() {
                    // The window of the day at `at − window` of the result ends before `at`.
                    if let Some(d) = at.checked_sub(window as usize).filter(|&d| d < length)
                        && last.is_some_and(|l| l + window as usize >= at)
                    {
                        counts[d] += 1;
                    }
                    if used {
                        last = Some(at);
                    }
                }
            }
            self.used.insert(*plan, counts);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn day(text: &str) -> NaiveDate {
        text.parse().unwrap()
    }

    fn row(from: Option<&str>, to: Option<&str>, currency: &str, features: &[u32]) -> PlanRow {
        PlanRow {
            plan: "pro".into(),
            currency: Some(currency.into()),
            from: from.map(day),
            to: to.map(day),
            features: features.iter().map(|&n| FeatureId(n)).collect(),
        }
    }

    #[test]
    fn the_row_in_force_counts_and_of_several_that_of_the_accounts_currency() {
        let rows = [
            row(Some("2026-03-01"), None, "USD", &[1, 2, 3]),
            row(Some("2026-01-01"), Some("2026-03-01"), "USD", &[1, 2]),
            row(Some("2026-03-01"), None, "EUR", &[4]),
            row(None, None, "JPY", &[]),
        ];
        for rows in [rows.to_vec(), rows.iter().rev().cloned().collect()] {
            let plans = Plans::new(rows);
            let n = |currency, d| plans.listed(&"pro".into(), currency, number(day(d))).map(<[_]>::len);
            assert_eq!(n(Some("USD"), "2026-02-28"), Some(2));
            assert_eq!(n(Some("USD"), "2026-03-01"), Some(3), "the end is exclusive");
            assert_eq!(n(Some("EUR"), "2026-03-01"), Some(1));
            assert_eq!(n(Some("EUR"), "2026-02-28"), Some(2), "there was no row in EUR yet");
            assert_eq!(n(Some("USD"), "2025-06-01"), Some(2), "before all rows the first counts");
            assert_eq!(plans.listed(&"team".into(), None, 0), None);
        }
    }
}
