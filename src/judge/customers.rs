//! What every check means by an account's tier and by its annual recurring revenue.

use crate::{
    data::records::{Account, Plan, Subscription, Text},
    model::{decimal, money::Money},
};
use std::collections::HashMap;

/// The tiers that plans come in, lowest first.
pub const TIERS: [&str; 5] = ["free", "starter", "pro", "business", "enterprise"];

/// Tiers and revenue of a run's accounts.
#[derive(Debug, Default)]
pub struct Customers {
    accounts: HashMap<Text, Known, foldhash::fast::RandomState>,
    tiers: HashMap<Text, Text, foldhash::fast::RandomState>,
}

#[derive(Debug, Default)]
struct Known {
    plan: Option<Text>,
    arr: Option<Money>,
}

/// Whether a subscription brings revenue: it is neither over nor not yet begun.
fn runs(s: &Subscription) -> bool {
    matches!(&*s.status, "active" | "past_due" | "paused" | "unpaid")
}

impl Customers {
    /// From the exports; `subscriptions` and `plans` may be empty.
    pub fn new(accounts: &[Account], subscriptions: &[Subscription], plans: &[Plan]) -> Customers {
        let mut running: HashMap<&Text, Vec<&Subscription>> = HashMap::new();
        for s in subscriptions.iter().filter(|s| runs(s)) {
            running.entry(&s.account_id).or_default().push(s);
        }
        let accounts = accounts
            .iter()
            .map(|a| {
                let own = running.get(&a.account_id).map_or(&[][..], Vec::as_slice);
                (a.account_id.clone(), Known { plan: plan_of(a, own), arr: arr_of(a, own) })
            })
            .collect();
        let mut rows: Vec<&Plan> = plans.iter().filter(|p| p.tier.is_some()).collect();
        rows.sort_by_key(|p| (p.effective_from, p.tier.clone()));
        let tiers = rows.into_iter().filter_map(|p| Some((p.plan.clone(), p.tier.clone()?))).collect();
        Customers { accounts, tiers }
    }

    /// The account's plan: its own column, else that of its running subscriptions where they are on one.
    pub fn plan(&self, account: &str) -> Option<&Text> {
        self.accounts.get(account)?.plan.as_ref()
    }

    /// The account's annual recurring revenue: its own column, else the sum of its running subscriptions' where all
    /// say theirs and in one currency.
    pub fn arr(&self, account: &str) -> Option<&Money> {
        self.accounts.get(account)?.arr.as_ref()
    }

    /// The tier of the account's plan: as its latest plan row says; a plan named as a tier, in any case, is of that
    /// tier where plans say nothing.
    pub fn tier(&self, account: &str) -> Option<&str> {
        let plan = self.plan(account)?;
        let named = || TIERS.into_iter().find(|t| t.eq_ignore_ascii_case(plan));
        self.tiers.get(plan).map(|t| &**t).or_else(named)
    }
}

fn plan_of(account: &Account, running: &[&Subscription]) -> Option<Text> {
    let first = || running.first().filter(|f| running.iter().all(|s| s.plan == f.plan));
    account.plan.clone().or_else(|| Some(first()?.plan.clone()))
}

fn arr_of(account: &Account, running: &[&Subscription]) -> Option<Money> {
    if let (Some(arr), Some(currency)) = (account.arr, &account.currency) {
        return Some(Money::new(arr, currency));
    }
    let currency = running.first()?.currency.as_ref()?;
    let amounts: Option<Vec<_>> =
        running.iter().map(|s| s.arr.filter(|_| s.currency.as_ref() == Some(currency))).collect();
    Some(Money::new(decimal::sum(amounts?)?, currency))
}
