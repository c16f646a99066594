//! One account judged: a pure function of its scores and the limits.

use crate::{
    data::records::{Account, Text},
    judge::health::{
        Abandoned, Change, Component, Customer, Fall, Health, Logins, Points, Reading, State, Timeline,
    },
    model::decimal::Decimal,
    settings::Settings,
};
use anyhow::{Context as _, Result};

/// Days of the two windows of logins that a decline compares.
pub(super) const DECLINE_DAYS: u32 = 14;
/// How long ago the earlier of them ended.
pub(super) const DECLINE_AGO: u32 = 60;
/// Days before the recent ones that logins are compared with where a feature was abandoned.
pub(super) const BEFORE_DAYS: u32 = 28;
/// Days of the trend in a row.
pub(super) const TREND_DAYS: u32 = 30;
/// In place of a day's score in tenths.
pub(super) const NO_SCORE: u16 = u16::MAX;
/// The longest history: three years, so that rows stay within reason.
const MOST_HISTORY: i64 = 1100;

/// The thresholds in force.
#[derive(Clone, Debug)]
pub(super) struct Limits {
    pub(super) drop: Decimal,
    pub(super) drop_days: u32,
    pub(super) base_fall: Decimal,
    pub(super) decline: Decimal,
    pub(super) low: Decimal,
    pub(super) leak: Decimal,
    pub(super) leak_days: u32,
    pub(super) abandoned_days: u32,
    pub(super) silent_days: u32,
    /// Days of history that rows are wanted for; 0 is the judged day alone.
    pub(super) history: u32,
}

impl Limits {
    pub(super) fn of(settings: &Settings) -> Result<Limits> {
        let days = |name: &str, least: i64, most: i64| -> Result<u32> {
            let value = settings.opt_int(name)?;
            u32::try_from(value)
                .ok()
                .filter(|_| (least..=most).contains(&value))
                .with_context(|| format!("--{name} is {value}; it takes {least} to {most} days"))
        };
        Ok(Limits {
            drop: settings.opt_decimal("drop")?,
            drop_days: days("drop-days", 1, 60)?,
            base_fall: settings.opt_decimal("base-fall")?,
            decline: settings.opt_percent("decline")?,
            low: settings.opt_decimal("low")?,
            leak: settings.opt_decimal("leak")?,
            leak_days: days("leak-days", 1, 366)?,
            abandoned_days: days("abandoned-days", 1, 28)?,
            silent_days: days("silent-days", 1, 366)?,
            history: days("history", 0, MOST_HISTORY)?,
        })
    }

    /// How many days before the judged one scores are needed for.
    pub(super) fn back(&self) -> u32 {
        self.leak_days.max(self.drop_days).max(TREND_DAYS).max(self.history.saturating_sub(1) + TREND_DAYS)
    }

    /// How many days of activity before the judged day are needed beside those of the scores.
    pub(super) fn activity_days(&self) -> u32 {
        (DECLINE_AGO + DECLINE_DAYS).max(self.silent_days)
    }
}

/// How an account declines.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Decline {
    /// Against two months ago.
    Months(Logins),
    /// Against the four weeks before, with an abandoned feature.
    Weeks(Logins),
}

/// One account on the judged day.
#[derive(Debug)]
pub(super) struct Assessed {
    pub(super) now: Reading,
    /// Score now − score then; `None` where one of them is missing.
    pub(super) change_7d: Option<Change>,
    pub(super) change_30d: Option<Change>,
    /// The last 30 daily scores, oldest first.
    pub(super) trend: Vec<Option<Decimal>>,
    /// The deepest fall to the judged day within the drop's days.
    pub(super) deepest: Option<Change>,
    /// Whether the fall over the leak's days could be compared, and is one.
    pub(super) leak: Option<bool>,
    /// Whether logins could be compared, and how they declined.
    pub(super) decline: Option<Option<Decline>>,
    pub(super) abandoned: Option<Vec<Abandoned>>,
    /// Whether it was silent; `None` where that is not asked of it or cannot be known.
    pub(super) silent: Option<bool>,
    /// How many days of the history are scored, new and unknown.
    pub(super) days: [u32; 3],
    /// Scores by day of the history, in tenths, for the base's medians; [`NO_SCORE`] where there is none.
    pub(super) scores: Vec<u16>,
}

/// A day of an account's history, with its changes of 7 and 30 days.
pub(super) type PastDay = (Reading, Option<Change>, Option<Change>);

/// An account's history, oldest first.
pub(super) fn history(health: &Health, limits: &Limits, customer: &Customer) -> Vec<PastDay> {
    let line = health.timeline(customer, limits.back());
    let days = line.last(limits.history);
    days.map(|reading| (reading, change(&line, &reading, 7), change(&line, &reading, 30))).collect()
}

/// By how much the score has changed since so many days before.
fn change(line: &Timeline<'_>, reading: &Reading, days: u32) -> Option<Change> {
    let then = line.on(reading.day - chrono::TimeDelta::days(days.into()))?;
    Some(reading.score()?.since(then.score()?))
}

/// Judges one account.
pub(super) fn assess(health: &Health, limits: &Limits, account: &Account, customer: &Customer) -> Assessed {
    let line = health.timeline(customer, limits.back());
    let now = line.now();
    let shown = |r: Reading| r.score().map(|s| s.rounded(1));
    let leak = line.change(&now, limits.leak_days).map(|fall| {
        fall.change.falls_by(limits.leak)
            && !line.fell_within(limits.drop, limits.drop_days, limits.leak_days)
    });
    let abandoned = health.abandoned(
        &account.account_id,
        DECLINE_DAYS + BEFORE_DAYS,
        DECLINE_DAYS,
        limits.abandoned_days,
    );
    let gave_up = abandoned.as_ref().is_some_and(|list| !list.is_empty());
    let mut days = [0; 3];
    let mut scores = Vec::with_capacity(limits.history as usize);
    let mut trend = Vec::with_capacity(TREND_DAYS as usize);
    for back in (0..limits.history.max(TREND_DAYS)).rev() {
        let Some(reading) = line.ago(back) else { continue };
        if back < TREND_DAYS {
            trend.push(shown(reading));
        }
        if back < limits.history {
            scores.push(reading.score().map_or(NO_SCORE, Points::tenths));
            days[match reading.state {
                State::Scored => 0,
                State::New => 1,
                State::Unknown => 2,
            }] += 1;
        }
    }
    Assessed {
        change_7d: change(&line, &now, 7),
        change_30d: change(&line, &now, 30),
        trend,
        deepest: line.deepest(&now, limits.drop_days).map(|f| f.change),
        leak,
        decline: (now.state != State::New)
            .then(|| decline(health, limits, &account.account_id, gave_up))
            .flatten(),
        abandoned,
        silent: asked_for_silence(health, limits, account, customer),
        days,
        scores,
        now,
    }
}

/// `None` where neither comparison could be made.
fn decline(health: &Health, limits: &Limits, account: &Text, gave_up: bool) -> Option<Option<Decline>> {
    let months = health.logins(account, DECLINE_DAYS, DECLINE_AGO, DECLINE_DAYS);
    let weeks = health.logins(account, DECLINE_DAYS, DECLINE_DAYS, BEFORE_DAYS);
    if let Some(m) = months.filter(|l| l.at_most(limits.decline)) {
        return Some(Some(Decline::Months(m)));
    }
    if let Some(w) = weeks.filter(|l| gave_up && l.at_most(limits.decline)) {
        return Some(Some(Decline::Weeks(w)));
    }
    months.map(|_| None)
}

/// Only an active account that has been there for all the days can be silent.
fn asked_for_silence(
    health: &Health,
    limits: &Limits,
    account: &Account,
    customer: &Customer,
) -> Option<bool> {
    let there = customer.created.is_none_or(|c| c <= health.days_ago(limits.silent_days));
    if &*account.status != "active" || !there {
        return None;
    }
    health.silent(&account.account_id, limits.silent_days)
}

/// The drop of an account whose deepest fall is known to be one.
pub(super) fn drop_of(health: &Health, limits: &Limits, customer: &Customer) -> Option<Fall> {
    let line = health.timeline(customer, limits.drop_days);
    line.deepest(&line.now(), limits.drop_days)
}

/// The fall over the leak's days.
pub(super) fn leak_of(health: &Health, limits: &Limits, customer: &Customer) -> Option<Fall> {
    let line = health.timeline(customer, limits.leak_days);
    line.change(&line.now(), limits.leak_days)
}

/// The components of a reading, lowest first.
pub(super) fn lowest_first(reading: &Reading) -> Vec<(Component, Points)> {
    let mut list: Vec<_> =
        Component::ALL.into_iter().filter_map(|c| Some((c, reading.component(c)?))).collect();
    list.sort_by_key(|(_, points)| *points);
    list
}
