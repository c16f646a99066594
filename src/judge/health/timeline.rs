//! An account's scores over a range of days, by sliding sums.

use super::{
    Component, Customer, Formula, Health,
    activity::{Day, FeatureId, date, number},
    points::{COUNTS, FEATURES, Points, SENTIMENTS},
};
use crate::model::decimal::Decimal;
use chrono::NaiveDate;

/// Whether an account has a score.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum State {
    /// It has.
    Scored,
    /// It is too young.
    New,
    /// Too little is known of it.
    Unknown,
}

impl State {
    /// `scored`, `new`, `unknown`.
    pub fn name(self) -> &'static str {
        match self {
            State::Scored => "scored",
            State::New => "new",
            State::Unknown => "unknown",
        }
    }
}

/// An account's health on one day.
#[derive(Clone, Copy, Debug)]
pub struct Reading {
    /// The day.
    pub day: NaiveDate,
    /// Whether it has a score.
    pub state: State,
    /// Per cent of the weights that had data.
    pub coverage: Points,
    components: [Option<Points>; 5],
    score: Option<Points>,
}

impl Reading {
    fn new(day: Day, formula: &Formula, new: bool, components: [Option<Points>; 5]) -> Reading {
        let weighed = || Component::ALL.into_iter().zip(components);
        let known: u32 = weighed().filter(|(_, p)| p.is_some()).map(|(c, _)| formula.weight(c)).sum();
        let all: u32 = formula.weights.iter().sum();
        let coverage = Points::ratio(known.into(), all.into(), COUNTS).unwrap_or(Points::whole(0));
        let state = if new {
            State::New
        } else if coverage < Points::whole(formula.least_coverage) {
            State::Unknown
        } else {
            State::Scored
        };
        let mean = || Points::mean(weighed().filter_map(|(c, p)| Some((formula.weight(c), p?))));
        let score = if state == State::Scored { mean() } else { None };
        Reading { day: date(day), state, coverage, components, score }
    }

    /// The score, unrounded.
    pub fn score(&self) -> Option<Points> {
        self.score
    }

    /// A component, where it has data.
    pub fn component(&self, component: Component) -> Option<Points> {
        self.components[component as usize]
    }
}

/// An account's health over a range of days.
#[derive(Debug)]
pub struct Timeline<'h> {
    health: &'h Health,
    customer: &'h Customer,
    from: Day,
    /// Sums of logins and calls of the days before each day from `base` on.
    base: Day,
    logins: Vec<u64>,
    calls: Vec<u128>,
    /// By day from `from` on: features used, features there are.
    adoption: Vec<Option<(u32, u32)>>,
    /// Sums of sentiments of the first n tickets, in 10^−9.
    moods: Vec<i128>,
}

/// Sentiments in 10^−9.
const MOOD_UNIT: i128 = 1_000_000_000;

fn billionths(sentiment: Decimal) -> i128 {
    let clamped = sentiment.clamp(Decimal::NEGATIVE_ONE, Decimal::ONE);
    let mut rounded = clamped.round_dp_with_strategy(9, rust_decimal::RoundingStrategy::MidpointAwayFromZero);
    rounded.rescale(9);
    rounded.mantissa()
}

impl<'h> Timeline<'h> {
    pub(super) fn new(health: &'h Health, customer: &'h Customer, from: Day) -> Timeline<'h> {
        let f = &health.formula;
        let base = from - i32::from(f.recent_days) - i32::from(f.base_days);
        let length = usize::try_from(health.day - base).unwrap_or(0);
        let (mut logins, mut calls) = (Vec::with_capacity(length + 1), Vec::with_capacity(length + 1));
        let (mut l, mut c) = (0u64, 0u128);
        logins.push(0);
        calls.push(0);
        if let Some(daily) = health.activity.of(&customer.id) {
            for (n, api) in daily.counts(base, health.day) {
                l += n;
                c += u128::from(api);
                logins.push(l);
                calls.push(c);
            }
        } else {
            logins.resize(length + 1, 0);
            calls.resize(length + 1, 0);
        }
        let mut sum = 0;
        let moods = std::iter::once(0)
            .chain(customer.moods.iter().map(|m| {
                sum += billionths(m.sentiment);
                sum
            }))
            .collect();
        let adoption = adoption(health, customer, from);
        Timeline { health, customer, from, base, logins, calls, adoption, moods }
    }

    /// The health on a day; `None` outside the range.
    pub fn on(&self, day: NaiveDate) -> Option<Reading> {
        self.reading(number(day))
    }

    /// The health on the judged day.
    pub fn now(&self) -> Reading {
        self.reading(self.health.day)
            .unwrap_or_else(|| Reading::new(self.health.day, &self.health.formula, false, [None; 5]))
    }

    /// The health `days` before the judged day.
    pub fn ago(&self, days: u32) -> Option<Reading> {
        self.reading(self.health.day - i32::try_from(days).ok()?)
    }

    /// Each day's health from `days − 1` before the judged day to it, oldest first; days outside the range are left
    /// out.
    pub fn last(&self, days: u32) -> impl Iterator<Item = Reading> {
        (0..days).rev().filter_map(|back| self.ago(back))
    }

    pub(super) fn formula(&self) -> &'h Formula {
        &self.health.formula
    }

    fn reading(&self, day: Day) -> Option<Reading> {
        if !(self.from..=self.health.day).contains(&day) {
            return None;
        }
        let formula = self.formula();
        let age = self.customer.created.map(|c| day - number(c));
        if age.is_some_and(|age| age < i32::from(formula.new_days)) {
            return Some(Reading::new(day, formula, true, [None; 5]));
        }
        let measured = self.health.activity.measured;
        let called = || self.health.activity.of(&self.customer.id).is_some_and(|d| d.called_before(day));
        let components = [
            if measured.logins {
                self.trend(day, |from, to| (self.logins[to] - self.logins[from]).into())
            } else {
                None
            },
            self.adopted(day),
            self.mood(day),
            Some(self.customer.billing.points(day)),
            if measured.api_calls && called() {
                self.trend(day, |from, to| self.calls[to] - self.calls[from])
            } else {
                None
            },
        ];
        Some(Reading::new(day, formula, false, components))
    }

    /// The mean of the recent days over that of the days before them.
    fn trend(&self, day: Day, sum: impl Fn(usize, usize) -> u128) -> Option<Points> {
        let f = self.formula();
        let (recent, before) = (i32::from(f.recent_days), i32::from(f.base_days));
        if !self.health.covers(day - recent - before, day) {
            return None;
        }
        let at = |d: Day| usize::try_from(d - self.base).unwrap_or(0);
        let now = sum(at(day - recent), at(day)) * u128::from(f.base_days);
        let then = sum(at(day - recent - before), at(day - recent)) * u128::from(f.recent_days);
        Some(Points::ratio(now, then, COUNTS).unwrap_or(Points::whole(if now > 0 { 100 } else { 0 })))
    }

    fn adopted(&self, day: Day) -> Option<Points> {
        let window = i32::from(self.formula().adoption_days);
        if !self.health.activity.measured.features || !self.health.covers(day - window, day) {
            return None;
        }
        let at = usize::try_from(day - self.from).ok()?;
        let (used, all) = (*self.adoption.get(at)?)?;
        Points::ratio(used.into(), all.into(), FEATURES)
    }

    fn mood(&self, day: Day) -> Option<Points> {
        let since = date(day - i32::from(self.formula().sentiment_days));
        let moods = &self.customer.moods;
        let from = moods.partition_point(|m| m.day < since);
        let to = moods.partition_point(|m| m.day < date(day));
        let n = i128::try_from(to.checked_sub(from).filter(|&n| n > 0)?).ok()?;
        let sum = self.moods[to] - self.moods[from];
        let (sum, most) =
            (u128::try_from(sum + n * MOOD_UNIT).ok()?, u128::try_from(2 * n * MOOD_UNIT).ok()?);
        Points::ratio(sum, most, SENTIMENTS)
    }
}

/// By day from `from` to the judged one: how many of the plan's features were used in the window before it, and how
/// many there are.
fn adoption(health: &Health, customer: &Customer, from: Day) -> Vec<Option<(u32, u32)>> {
    let window = i32::from(health.formula.adoption_days);
    let days = from..=health.day;
    let Some(plan) = customer.plan.as_ref() else { return days.map(|_| None).collect() };
    // The days on which each feature was used, ascending; few features have many.
    let mut uses: Vec<(FeatureId, Vec<Day>)> = Vec::new();
    if let Some(daily) = health.activity.of(&customer.id) {
        uses = daily.features().iter().map(|f| (*f, Vec::new())).collect();
        uses.sort_by_key(|(f, _)| *f);
        daily.each_use(from - window, health.day, |day, feature| {
            if let Ok(at) = uses.binary_search_by_key(&feature, |(f, _)| *f) {
                uses[at].1.push(day);
            }
        });
        for (_, days) in &mut uses {
            days.sort_unstable();
        }
    }
    let mut ends = vec![0usize; uses.len()];
    days.map(|day| {
        let listed = health.plans.listed(plan, customer.currency.as_deref(), day);
        let mut used = 0;
        for ((feature, on), end) in uses.iter().zip(&mut ends) {
            while on.get(*end).is_some_and(|d| *d < day) {
                *end += 1;
            }
            let recently = end.checked_sub(1).is_some_and(|last| on[last] >= day - window);
            let counts = listed.is_none_or(|l| l.binary_search(feature).is_ok());
            used += u32::from(recently && counts);
        }
        let all = match listed {
            Some(listed) => u32::try_from(listed.len()).ok()?,
            None => health.plans.used_by_any(plan, day)?,
        };
        Some((used, all))
    })
    .collect()
}
