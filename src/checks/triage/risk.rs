//! Which accounts are at risk, and which are among the largest.

use super::policy::Policy;
use crate::{
    data::records::{Account, Text},
    judge::{
        customers::Customers,
        health::{Loaded, fall::base_fall},
    },
    model::decimal::Decimal,
};
use chrono::NaiveDate;
use std::collections::{BTreeMap, BTreeSet, HashMap};

/// An account's health on a day.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Risk {
    /// The score with one decimal.
    pub(super) score: Option<Decimal>,
    /// `None` where there is no score.
    pub(super) at_risk: Option<bool>,
    /// Why it is at risk, in words.
    pub(super) why: String,
}

/// The health of accounts on the days that are asked for.
#[derive(Debug, Default)]
pub(super) struct Risks {
    by_day: HashMap<(Text, NaiveDate), Risk>,
}

impl Risks {
    /// The health on each account's days. A fall on the judged day is held against that of the whole base, as the
    /// check `health` does; on past days it stands for itself.
    pub(super) fn of(
        loaded: &Loaded,
        policy: &Policy,
        wanted: &BTreeMap<Text, BTreeSet<NaiveDate>>,
    ) -> Risks {
        let health = &loaded.health;
        let base = base(loaded, policy);
        let live: BTreeSet<&str> = live(&loaded.accounts).map(|a| &*a.account_id).collect();
        let mut risks = Risks::default();
        for (account, days) in wanted.iter().filter(|(account, _)| live.contains(&***account)) {
            let Some(customer) = health.find(account) else { continue };
            let first = days.first().copied().unwrap_or(health.day());
            let back = u32::try_from((health.day() - first).num_days()).unwrap_or(0) + policy.drop_days;
            let timeline = health.timeline(customer, back);
            for day in days {
                let Some(now) = timeline.on(*day) else { continue };
                let Some(score) = now.score() else { continue };
                let low = score.compare(policy.at_risk).is_lt();
                let base = if *day == health.day() { base } else { Decimal::ZERO };
                let fall = timeline
                    .deepest(&now, policy.drop_days)
                    .filter(|fall| fall.change.falls_by(policy.drop + base));
                let shown = score.rounded(1);
                let why = match &fall {
                    Some(fall) => format!(
                        "score {shown:.1}, {:.1} points within {} days",
                        fall.change.rounded(1),
                        policy.drop_days
                    ),
                    None => format!("score {shown:.1}"),
                };
                let risk = Risk { score: Some(shown), at_risk: Some(low || fall.is_some()), why };
                risks.by_day.insert((*account, *day), risk);
            }
        }
        risks
    }

    /// An account's health on a day; nothing is known of what was not asked for.
    pub(super) fn on(&self, account: &Text, day: NaiveDate) -> Risk {
        self.by_day.get(&(*account, day)).cloned().unwrap_or_default()
    }
}

fn live(accounts: &[Account]) -> impl Iterator<Item = &Account> {
    accounts.iter().filter(|a| &*a.status != "canceled")
}

/// How far the whole base fell to the judged day.
fn base(loaded: &Loaded, policy: &Policy) -> Decimal {
    let fall = |a: &Account| {
        let timeline = loaded.health.timeline(loaded.health.find(&a.account_id)?, policy.drop_days);
        Some(timeline.deepest(&timeline.now(), policy.drop_days)?.change)
    };
    let falls: Vec<_> = live(&loaded.accounts).filter_map(fall).collect();
    base_fall(&falls, policy.base_fall)
}

/// The accounts whose revenue is in the top share of their currency: fewer than that share of its paying accounts,
/// canceled ones not counted, have more. So the largest is always in, and equal ones are in together.
pub(super) fn largest(accounts: &[Account], customers: &Customers, share: Decimal) -> BTreeSet<Text> {
    let mut by_currency: BTreeMap<String, Vec<(Decimal, &Text)>> = BTreeMap::new();
    for account in live(accounts) {
        let Some(arr) = customers.arr(&account.account_id).filter(|m| m.amount > Decimal::ZERO) else {
            continue;
        };
        by_currency
            .entry(arr.currency.to_ascii_uppercase())
            .or_default()
            .push((arr.amount, &account.account_id));
    }
    let mut top = BTreeSet::new();
    for mut list in by_currency.into_values() {
        list.sort_by(|a, b| b.cmp(a));
        let all = share * Decimal::from(list.len());
        let within = |greater: usize| Decimal::from(greater) * Decimal::ONE_HUNDRED < all;
        for (amount, account) in &list {
            let greater = list.partition_point(|(other, _)| other > amount);
            if within(greater) {
                top.insert(*(*account));
            }
        }
    }
    top
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::data::At;

    fn account(id: &str, status: &str, arr: i64, currency: &str) -> Account {
        Account {
            at: At::default(),
            account_id: id.into(),
            name: None,
            kind: None,
            parent_account_id: None,
            bill_to: None,
            status: status.into(),
            status_since: None,
            canceled_at: None,
            plan: None,
            arr: Some(arr.into()),
            currency: Some(currency.into()),
            account_manager: None,
            csm: None,
            country: None,
            state: None,
            created_at: None,
            api_first: None,
            updated_at: None,
        }
    }

    fn top(accounts: &[Account], share: i64) -> Vec<String> {
        let customers = Customers::new(accounts, &[], &[]);
        largest(accounts, &customers, share.into()).iter().map(|t| t.to_string()).collect()
    }

    #[test]
    fn the_largest_tenth_is_counted_per_currency() {
        let mut accounts: Vec<Account> =
            (1..=20).map(|n| account(&format!("u{n:02}"), "active", n * 1000, "USD")).collect();
        accounts.push(account("j1", "active", 1_500_000, "JPY"));
        accounts.push(account("gone", "canceled", 99_000, "USD"));
        accounts.push(account("free", "active", 0, "EUR"));
        assert_eq!(top(&accounts, 10), ["j1", "u19", "u20"]);
        assert_eq!(top(&accounts, 0), [""; 0]);
        accounts.push(account("u21", "active", 21_000, "usd"));
        assert_eq!(top(&accounts, 10), ["j1", "u19", "u20", "u21"], "of 21, fewer than 2.1 are larger");
    }

    #[test]
    fn equal_revenues_are_in_or_out_together() {
        let equal: Vec<Account> =
            (1..=10).map(|n| account(&format!("a{n:02}"), "active", 500, "USD")).collect();
        assert_eq!(top(&equal, 10).len(), 10);
        let mut led = equal;
        led.push(account("big", "active", 900, "USD"));
        led.push(account("bigger", "active", 901, "USD"));
        assert_eq!(top(&led, 10), ["big", "bigger"]);
    }
}
