//! The dunning policy in force: the steps, the bounds of the card networks, the declines that forbid a retry.

use crate::settings::{Settings, Table};
use anyhow::Result;
use chrono::TimeDelta;
use std::collections::{BTreeMap, BTreeSet};

/// What belongs to one day of the sequence.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Step {
    /// Days after day 0.
    pub day: i64,
    /// Whether billing tries again.
    pub retry: bool,
    /// The kind of message that goes to the customer.
    pub message: Option<String>,
    /// Whether access ends, once billing confirms it.
    pub downgrade: bool,
}

/// How many retries of one invoice a network allows within a rolling time.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Bound {
    /// Attempts beyond the first.
    pub retries: usize,
    /// Of 24 hours each.
    pub days: i64,
}

/// The policy, typed.
#[derive(Clone, Debug)]
pub(super) struct Policy {
    /// By day.
    pub steps: Vec<Step>,
    /// Whether retries are held to the steps' days; not where the vendor picks them.
    pub retries_scheduled: bool,
    /// Lower case, words joined by `_`.
    pub hard_declines: BTreeSet<String>,
    /// By network, `card` for every card network without an entry of its own.
    pub networks: BTreeMap<String, Bound>,
    /// How long after recovery access may take to come back.
    pub restore_within: TimeDelta,
}

/// The message by which billing confirms that the grace period has ended.
pub(super) const GRACE_EXPIRED: &str = "grace_expired";

/// Ways of paying that no card network carries, as exports name them.
const NO_CARDS: &[&str] = &[
    "ach",
    "bacs",
    "bank_transfer",
    "becs",
    "cash",
    "check",
    "cheque",
    "direct_debit",
    "invoice",
    "paypal",
    "sepa",
    "sepa_debit",
    "transfer",
    "wire",
];

/// A century: no dunning sequence is longer, and the calendar goes on beyond it.
const LONGEST: u64 = 36_500;

/// A word of an export as the policy writes it: `Lost Card` is `lost_card`.
pub(super) fn word(text: &str) -> String {
    text.trim().to_lowercase().replace(['-', ' '], "_")
}

impl Policy {
    /// From `[dunning]`.
    pub(super) fn of(settings: &Settings) -> Result<Policy> {
        let mut steps: Vec<Step> = settings.opt_tables("step")?.iter().map(step).collect();
        steps.sort_by_key(|s| s.day);
        let networks = settings.opt_table("networks")?;
        let bound = |name: &str| {
            let t = networks.table(name)?;
            let retries = usize::try_from(t.count("retries")?).unwrap_or(usize::MAX);
            Some((word(name), Bound { retries, days: days(t.count("days")?) }))
        };
        Ok(Policy {
            steps,
            retries_scheduled: settings.opt_choice("preset")? != "stripe-smart",
            hard_declines: settings.opt_texts("hard-declines")?.iter().map(|c| word(c)).collect(),
            networks: networks.entries().filter_map(|(name, _)| bound(name)).collect(),
            restore_within: settings.opt_duration("restore-within")?,
        })
    }

    /// The day at whose start the grace period ends; `None` where no step takes access away.
    pub(super) fn grace_day(&self) -> Option<i64> {
        self.steps.iter().find(|s| s.downgrade).map(|s| s.day)
    }

    /// The day of the step after the one of `day`.
    pub(super) fn next_day(&self, day: i64) -> Option<i64> {
        self.steps.iter().map(|s| s.day).find(|d| *d > day)
    }

    /// The last day of the schedule.
    pub(super) fn last_day(&self) -> i64 {
        self.steps.last().map_or(0, |s| s.day)
    }

    /// Whether a step has a retry on its day.
    pub(super) fn retries_on(&self, step: &Step) -> bool {
        step.retry && self.retries_scheduled
    }

    /// Whether a kind of message is one of dunning.
    pub(super) fn is_dunning(&self, kind: &str) -> bool {
        kind == GRACE_EXPIRED || self.steps.iter().any(|s| s.message.as_deref() == Some(kind))
    }

    /// The entry and the bound of a payment's network; `None` where no card network carries it.
    pub(super) fn bound(&self, network: Option<&str>) -> Option<(&str, Bound)> {
        let name = network.map(word).unwrap_or_default();
        let own = self.networks.get_key_value(&name);
        let shared =
            || (!NO_CARDS.contains(&name.as_str())).then(|| self.networks.get_key_value("card")).flatten();
        own.or_else(shared).map(|(name, bound)| (name.as_str(), *bound))
    }
}

fn days(n: u64) -> i64 {
    i64::try_from(n.min(LONGEST)).unwrap_or(0)
}

fn step(t: &Table) -> Step {
    Step {
        day: days(t.count("day").unwrap_or(0)),
        retry: t.switch("retry"),
        message: t.text("message").map(word),
        downgrade: t.switch("downgrade"),
    }
}

#[cfg(test)]
pub(super) fn playbook() -> Policy {
    let step = |day, retry, message: Option<&str>, downgrade| Step {
        day,
        retry,
        message: message.map(str::to_owned),
        downgrade,
    };
    Policy {
        steps: vec![
            step(0, true, Some("payment_failed"), false),
            step(3, true, Some("payment_urgent"), false),
            step(7, false, Some("final_notice"), false),
            step(14, false, None, true),
        ],
        retries_scheduled: true,
        hard_declines: ["lost_card", "stolen_card"].map(str::to_owned).into(),
        networks: BTreeMap::from([("card".to_owned(), Bound { retries: 15, days: 30 })]),
        restore_within: TimeDelta::hours(1),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_network_has_its_own_bound_or_that_of_cards_and_a_bank_has_none() {
        let mut policy = playbook();
        policy.networks.insert("visa".to_owned(), Bound { retries: 4, days: 10 });
        assert_eq!(policy.bound(Some("Visa")), Some(("visa", Bound { retries: 4, days: 10 })));
        assert_eq!(policy.bound(Some("mastercard")).map(|(n, b)| (n, b.retries)), Some(("card", 15)));
        assert_eq!(policy.bound(None).map(|(n, _)| n), Some("card"));
        assert_eq!(policy.bound(Some("SEPA debit")), None);
        policy.networks.insert("sepa_debit".to_owned(), Bound { retries: 2, days: 30 });
        assert_eq!(policy.bound(Some("SEPA debit")).map(|(n, _)| n), Some("sepa_debit"));
    }

    #[test]
    fn the_days_follow_the_steps() {
        let policy = playbook();
        assert_eq!((policy.next_day(3), policy.next_day(14)), (Some(7), None));
        assert_eq!((policy.grace_day(), policy.last_day()), (Some(14), 14));
        assert!(policy.is_dunning("grace_expired") && !policy.is_dunning("onboarding"));
    }
}
