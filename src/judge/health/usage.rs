//! What an account's activity says beside the score: sums, features that were given up, silence.

use super::{
    Health,
    activity::{Day, FeatureId, date, number},
};
use crate::{
    data::{At, records::Text},
    model::decimal::{self, Decimal, Exact},
};
use chrono::NaiveDate;
use std::collections::BTreeMap;

/// A feature that was in use and is no more.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Abandoned {
    /// The feature.
    pub feature: Text,
    /// On how many days of the earlier window it was used.
    pub days: u32,
    /// The last day on which it was.
    pub last: NaiveDate,
    /// Where the rows of these days stand.
    pub rows: Vec<At>,
}

/// Logins of two windows.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Logins {
    /// In the earlier window.
    pub then: u64,
    /// Its days.
    pub then_days: u32,
    /// In the later window.
    pub now: u64,
    /// Its days.
    pub now_days: u32,
}

impl Logins {
    /// Whether the later mean is `percent` per cent of the earlier one or less; never where that was 0.
    pub fn at_most(&self, percent: Decimal) -> bool {
        let now = Exact::from(Decimal::from(self.now)).mul(Decimal::from(self.then_days * 100).into());
        let then = Exact::from(Decimal::from(self.then)).mul(Decimal::from(self.now_days).into());
        let limit = then.and_then(|t| t.mul(percent.into()));
        let above = now.and_then(|n| limit.and_then(|l| l.sub(n)));
        self.then > 0 && above.is_ok_and(|d| !d.is_negative())
    }

    /// The mean a day, to nine places: then, now, and what lies between.
    pub fn means(&self) -> Option<(Decimal, Decimal, Decimal)> {
        let exact = |n: u64| Exact::from(Decimal::from(n));
        let per = |n: Exact, days: u32| n.div_round(Decimal::from(days).into(), 9).ok().flatten();
        let (then, now) = (per(exact(self.then), self.then_days)?, per(exact(self.now), self.now_days)?);
        Some((then, now, decimal::sub(now, then)?))
    }
}

impl Health {
    /// The sums of an account's logins and active users over the days `[from, to)`; `None` where the activity export
    /// does not cover them all.
    pub fn engagement(&self, account: &Text, from: NaiveDate, to: NaiveDate) -> Option<(u64, u64)> {
        let (from, to) = (number(from), number(to));
        if !self.covers(from, to) {
            return None;
        }
        Some(self.activity.of(account).map_or((0, 0), |d| {
            let (logins, users, _) = d.sums(from, to);
            (logins, users)
        }))
    }

    /// The logins of the last `now_days` days before the judged day, and of `then_days` days that ended `ago` days
    /// before it; `None` where logins are not measured or the export does not cover these days.
    pub fn logins(&self, account: &Text, now_days: u32, ago: u32, then_days: u32) -> Option<Logins> {
        if !self.activity.measured.logins {
            return None;
        }
        let sum = |ago: u32, days: u32| {
            let to = self.days_ago(ago);
            let from = self.days_ago(ago + days);
            self.engagement(account, from, to).map(|(logins, _)| logins)
        };
        Some(Logins { then: sum(ago, then_days)?, then_days, now: sum(0, now_days)?, now_days })
    }

    /// The features used on `least` or more days of `[D − from, D − to)` and on none of `[D − to, D)`, by name; D is
    /// the judged day. `None` where features are not measured or the export does not cover these days.
    pub fn abandoned(&self, account: &Text, from: u32, to: u32, least: u32) -> Option<Vec<Abandoned>> {
        let (from, to) = (number(self.days_ago(from)), number(self.days_ago(to)));
        if !self.activity.measured.features || !self.covers(from, self.day) {
            return None;
        }
        let Some(daily) = self.activity.of(account) else { return Some(Vec::new()) };
        let mut days: BTreeMap<FeatureId, Vec<Day>> = BTreeMap::new();
        daily.each_use(from, self.day, |day, feature| days.entry(feature).or_default().push(day));
        let mut found = Vec::new();
        for (feature, mut on) in days {
            on.sort_unstable();
            let Some(&last) = on.last() else { continue };
            if last < to && on.len() >= least as usize {
                found.push(Abandoned {
                    feature: *self.activity.name(feature),
                    days: on.len() as u32,
                    last: date(last),
                    rows: on.iter().flat_map(|d| daily.rows(*d, d + 1)).collect(),
                });
            }
        }
        found.sort_by_key(|a| a.feature);
        Some(found)
    }

    /// Whether an account did nothing in the last `days` days before the judged day; `None` where the export does
    /// not cover them.
    pub fn silent(&self, account: &Text, days: u32) -> Option<bool> {
        let from = number(self.days_ago(days));
        let used = || self.activity.of(account).is_some_and(|d| d.used(from, self.day));
        self.covers(from, self.day).then(|| !used())
    }

    /// The last day before the judged one on which an account did anything, as far as days were kept.
    pub fn last_use(&self, account: &Text) -> Option<NaiveDate> {
        self.activity.of(account)?.last_use(self.day).map(date)
    }

    /// Where an account's activity rows of `[from, to)` stand.
    pub fn rows(&self, account: &Text, from: NaiveDate, to: NaiveDate) -> Vec<At> {
        self.activity.of(account).map_or_else(Vec::new, |d| d.rows(number(from), number(to)).collect())
    }

    /// The day so many days before the judged one.
    pub fn days_ago(&self, days: u32) -> NaiveDate {
        date(self.day.saturating_sub(i32::try_from(days).unwrap_or(i32::MAX)))
    }
}
