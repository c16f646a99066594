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
                (a.account_id, Known { plan: plan_of(a, own), arr: arr_of(a, own) })
            })
            .collect();
        let mut rows: Vec<&Plan> = plans.iter().filter(|p| p.tier.is_some()).collect();
        rows.sort_by_key(|p| (p.effective_from, p.tier));
        let tiers = rows.into_iter().filter_map(|p| Some((p.plan, p.tier?))).collect();
        Customers { accounts, tiers }
    }

    /// The account's plan: its own column, else that of its running subscriptions where they are on one.
    pub fn plan(&self, account: &Text) -> Option<&Text> {
        self.accounts.get(account)?.plan.as_ref()
    }

    /// The account's annual recurring revenue: its own column, else the sum of its running subscriptions' where all
    /// say theirs and in one currency.
    pub fn arr(&self, account: &Text) -> Option<&Money> {
        self.accounts.get(account)?.arr.as_ref()
    }

    /// The tier of the account's plan: as its latest plan row says; a plan named as a tier, in any case, is of that
    /// tier where plans say nothing.
    pub fn tier(&self, account: &Text) -> Option<&str> {
        let plan = self.plan(account)?;
        let named = || TIERS.into_iter().find(|t| t.eq_ignore_ascii_case(plan));
        self.tiers.get(plan).map(|t| &**t).or_else(named)
    }
}

fn plan_of(account: &Account, running: &[&Subscription]) -> Option<Text> {
    let first = || running.first().filter(|f| running.iter().all(|s| s.plan == f.plan));
    account.plan.or_else(|| Some(first()?.plan))
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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{
        data::At,
        model::{
            decimal::{Decimal, parse},
            time::Stamp,
        },
    };

    fn account(id: &str, plan: Option<&str>, arr: Option<(&str, &str)>) -> Account {
        Account {
            at: At::default(),
            account_id: id.into(),
            name: None,
            kind: None,
            parent_account_id: None,
            bill_to: None,
            status: "active".into(),
            status_since: None,
            canceled_at: None,
            plan: plan.map(Into::into),
            arr: arr.map(|(amount, _)| parse(amount).unwrap()),
            currency: arr.map(|(_, currency)| currency.into()),
            account_manager: None,
            csm: None,
            country: None,
            state: None,
            created_at: None,
            api_first: None,
            updated_at: None,
        }
    }

    fn subscription(
        id: &str,
        account: &str,
        plan: &str,
        status: &str,
        arr: Option<(&str, &str)>,
    ) -> Subscription {
        let day = Stamp::parse("2026-01-01").unwrap();
        Subscription {
            at: At::default(),
            subscription_id: id.into(),
            account_id: account.into(),
            plan: plan.into(),
            status: status.into(),
            quantity: None,
            price: None,
            discount: None,
            started_at: None,
            current_period_start: day,
            current_period_end: day,
            renewal_date: None,
            auto_renew: None,
            term: None,
            arr: arr.map(|(amount, _)| parse(amount).unwrap()),
            currency: arr.map(|(_, currency)| currency.into()),
            timezone: None,
            trial_end: None,
            cancel_at: None,
            canceled_at: None,
        }
    }

    fn plan(name: &str, tier: Option<&str>, from: Option<&str>) -> Plan {
        Plan {
            at: At::default(),
            plan: name.into(),
            effective_from: from.map(|t| Stamp::parse(t).unwrap().in_zone(chrono_tz::UTC)),
            effective_to: None,
            name: None,
            tier: tier.map(Into::into),
            rank: None,
            price: None,
            currency: None,
            interval: None,
            seat_limit: None,
            api_limit: None,
            features: None,
        }
    }

    #[test]
    fn revenue_is_the_accounts_own_figure_else_what_runs_in_one_currency() {
        let usd = |amount| Some((amount, "USD"));
        let accounts = ["own", "sum", "mixed", "silent", "none"].map(|id| account(id, None, None));
        let mut accounts = accounts.to_vec();
        accounts[0] = account("own", None, usd("48000"));
        let subscriptions = [
            subscription("s1", "own", "pro", "active", usd("1")),
            subscription("s2", "sum", "pro", "active", usd("1200.50")),
            subscription("s3", "sum", "pro", "past_due", usd("600")),
            subscription("s4", "sum", "pro", "canceled", usd("9999")),
            subscription("s5", "mixed", "pro", "active", usd("5")),
            subscription("s6", "mixed", "team", "active", Some(("5", "EUR"))),
            subscription("s7", "silent", "pro", "active", usd("5")),
            subscription("s8", "silent", "pro", "active", None),
        ];
        let c = Customers::new(&accounts, &subscriptions, &[]);
        let arr = |id: &str| c.arr(&id.into()).map(|m: &Money| (m.amount, m.currency.as_str()));
        let is = |amount: &str| Some((parse(amount).unwrap() as Decimal, "USD"));
        assert_eq!(arr("own"), is("48000"));
        assert_eq!(arr("sum"), is("1800.50"));
        assert_eq!([arr("mixed"), arr("silent"), arr("none"), arr("unknown")], [None; 4]);
        assert_eq!(c.plan(&"sum".into()).map(|p| &**p), Some("pro"));
        assert_eq!(c.plan(&"mixed".into()), None, "on two plans at once");
    }

    #[test]
    fn a_tier_is_what_the_latest_plan_row_says_else_the_plans_name() {
        let accounts = [
            account("a", Some("scale"), None),
            account("b", Some("Enterprise"), None),
            account("c", Some("growth"), None),
            account("d", Some("pro"), None),
        ];
        let plans = [
            plan("scale", Some("enterprise"), Some("2026-06-01")),
            plan("scale", Some("business"), Some("2025-01-01")),
            plan("growth", None, None),
            plan("pro", Some("business"), None),
        ];
        for plans in [plans.to_vec(), plans.iter().rev().cloned().collect()] {
            let c = Customers::new(&accounts, &[], &plans);
            let tiers = ["a", "b", "c", "d", "x"].map(|id| c.tier(&id.into()));
            assert_eq!(tiers, [Some("enterprise"), Some("enterprise"), None, Some("business"), None]);
        }
    }
}
