//! The health of an account on a day: one score from what the exports say, for any day that they cover.
//!
//! A score is computed from the data alone, no history is stored: the same exports give the score of every past day.
//! A day D is a whole day in `--timezone`; all windows end before it, D's own day is never looked at. Five components,
//! 0 to 100 each, are averaged by weight over those that have data:
//!
//! | component | weight | on day D |
//! | --- | ---: | --- |
//! | logins | 25 | mean daily logins of `[D−14, D)` over the mean of `[D−42, D−14)`, at most 100; both 0: 0; a base of 0 with recent use: 100 |
//! | adoption | 25 | of the plan's features, those used in `[D−28, D)`; where the plan lists none: of those that any account on it used then |
//! | sentiment | 20 | mean sentiment of the tickets created in `[D−30, D)`, −1 … 1 mapped to 0 … 100 |
//! | billing | 15 | 100; 50 with a failed and unpaid invoice, 25 from the 7th day after its first failure; see [`billing`] |
//! | api | 15 | as logins, on API calls; left out where there never was one |
//!
//! A day without a row is a day with zeros inside the span of the activity export (first to last date over all
//! accounts) and unknown outside it: a component whose windows leave the span is left out. An account that is
//! younger than 42 days is [`State::New`]; where the components with data have less than half of the weight, the
//! score is [`State::Unknown`].
//!
//! Everything is exact ([`points`]); rounding happens where a figure is shown.

pub mod activity;
pub mod billing;
mod days;
pub mod fall;
mod load;
pub mod plans;
pub mod points;
pub mod sentiment;
pub mod timeline;
mod usage;

use crate::{
    data::{At, records::Text},
    model::{decimal::Decimal, time::local},
};
pub use activity::{Activity, Counts, FeatureId, Measured};
use activity::{Day, number};
pub use billing::Billing;
use chrono::NaiveDate;
use chrono_tz::Tz;
pub use fall::{Fall, Part};
pub use load::{Loaded, formula, load};
pub use plans::Plans;
pub use points::{Change, Points};
use std::collections::HashMap;
pub use timeline::{Reading, State, Timeline};
pub use usage::{Abandoned, Logins};

/// One of the five parts of a score.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Component {
    /// The trend of logins.
    Logins,
    /// The share of the plan's features in use.
    Adoption,
    /// What tickets sound like.
    Sentiment,
    /// Whether invoices are paid.
    Billing,
    /// The trend of API calls.
    Api,
}

impl Component {
    /// All, in the order in which they are listed.
    pub const ALL: [Component; 5] =
        [Component::Logins, Component::Adoption, Component::Sentiment, Component::Billing, Component::Api];

    /// Its name in rows and differences.
    pub fn name(self) -> &'static str {
        match self {
            Component::Logins => "logins",
            Component::Adoption => "adoption",
            Component::Sentiment => "sentiment",
            Component::Billing => "billing",
            Component::Api => "api",
        }
    }
}

/// The numbers of the formula; the defaults are the playbook's.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Formula {
    /// By component, 0 to [`points::MAX_WEIGHT`].
    pub weights: [u32; 5],
    /// Days whose logins and calls are looked at.
    pub recent_days: u16,
    /// Days before those, which they are compared with.
    pub base_days: u16,
    /// Days in which features count as used.
    pub adoption_days: u16,
    /// Days whose tickets count.
    pub sentiment_days: u16,
    /// An account that is younger than this many days has no score.
    pub new_days: u16,
    /// Per cent of the weights that must have data.
    pub least_coverage: u32,
}

impl Default for Formula {
    fn default() -> Formula {
        Formula {
            weights: [25, 25, 20, 15, 15],
            recent_days: 14,
            base_days: 28,
            adoption_days: 28,
            sentiment_days: 30,
            new_days: 42,
            least_coverage: 50,
        }
    }
}

impl Formula {
    /// How many days of activity before a day its score is made of.
    pub fn reach(&self) -> i64 {
        i64::from(self.recent_days + self.base_days).max(i64::from(self.adoption_days))
    }

    fn weight(&self, component: Component) -> u32 {
        self.weights[component as usize]
    }
}

/// The sentiment of one ticket.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Mood {
    /// The day it was created on.
    pub day: NaiveDate,
    /// −1 … 1; beyond, it is taken for −1 or 1. Places after the ninth are rounded.
    pub sentiment: Decimal,
}

/// What is known of an account beside its activity.
#[derive(Clone, Debug)]
pub struct Customer {
    /// Its id.
    pub id: Text,
    /// The plan it is on.
    pub plan: Option<Text>,
    /// The currency whose plan row it is on, where a plan is sold in several.
    pub currency: Option<Text>,
    /// The day it was created on.
    pub created: Option<NaiveDate>,
    /// Its tickets.
    pub moods: Vec<Mood>,
    /// Its invoices' troubles, and its state.
    pub billing: Billing,
    /// Where its row stands.
    pub at: At,
}

/// The accounts of a run with all that their scores are made of.
#[derive(Debug)]
pub struct Health {
    /// The numbers in force.
    pub formula: Formula,
    activity: Activity,
    plans: Plans,
    customers: Vec<Customer>,
    index: HashMap<Text, usize, foldhash::fast::RandomState>,
    day: Day,
    /// Earliest day whose scores can be asked for.
    earliest: Day,
}

/// The day that is judged at `today`: where activity ends up to three days earlier, the day after its last date; with
/// how many days that is back.
pub fn judged_day(today: NaiveDate, last_covered: Option<NaiveDate>) -> (NaiveDate, i64) {
    let next = last_covered.and_then(|d| d.succ_opt());
    match next.map(|n| (n, (today - n).num_days())) {
        Some((next, back @ 1..=3)) => (next, back),
        _ => (today, 0),
    }
}

impl Health {
    /// `day` is the judged day; scores can be asked for it and for `back` days before. `customers` are all accounts
    /// that are in scope, canceled ones included: what they used says what a plan offers.
    pub fn new(
        formula: Formula,
        activity: Activity,
        mut plans: Plans,
        mut customers: Vec<Customer>,
        day: NaiveDate,
        back: u32,
    ) -> Health {
        customers.sort_by_key(|a| a.id);
        for c in &mut customers {
            c.moods.sort_by_key(|m| m.day);
        }
        let index = customers.iter().enumerate().map(|(at, c)| (c.id, at)).collect();
        let day = number(day);
        let earliest = day.saturating_sub(i32::try_from(back).unwrap_or(i32::MAX));
        plans.see_uses(&activity, &customers, (earliest, day), i32::from(formula.adoption_days));
        Health { formula, activity, plans, customers, index, day, earliest }
    }

    /// The judged day.
    pub fn day(&self) -> NaiveDate {
        activity::date(self.day)
    }

    /// The accounts, by id.
    pub fn customers(&self) -> &[Customer] {
        &self.customers
    }

    /// The account of an id.
    pub fn find(&self, account: &Text) -> Option<&Customer> {
        self.index.get(account).map(|&at| &self.customers[at])
    }

    /// The activity.
    pub fn activity(&self) -> &Activity {
        &self.activity
    }

    /// An account's scores, day by day: for the judged day and at most `back` days before it.
    pub fn timeline<'h>(&'h self, customer: &'h Customer, back: u32) -> Timeline<'h> {
        let from = self.day.saturating_sub(i32::try_from(back).unwrap_or(i32::MAX)).max(self.earliest);
        Timeline::new(self, customer, from)
    }

    /// Whether the activity export covers all days of `[from, to)`.
    fn covers(&self, from: Day, to: Day) -> bool {
        self.activity.span_days().is_some_and(|(first, last)| first <= from && to - 1 <= last)
    }
}

/// The day of an instant in the zone that days are cut in.
pub fn day_of(t: crate::model::time::Instant, zone: Tz) -> NaiveDate {
    local(t, zone).date()
}

#[cfg(test)]
mod tests;
