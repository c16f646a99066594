//! What makes a renewal a risk: a pure function of an account's signals on one day.

use crate::{
    judge::health::{Change, Points},
    model::decimal::{self, Decimal, Exact},
    settings::Settings,
};
use anyhow::{Context as _, Result};
use std::cmp::Ordering;

/// Days over which a change of the score and the mean of sentiments are looked at.
pub(super) const CHANGE_DAYS: u32 = 90;
/// Days of each of the two windows of engagement.
pub(super) const ENGAGEMENT_DAYS: u32 = 30;

/// The thresholds in force.
#[derive(Clone, Debug)]
pub(super) struct Limits {
    /// A score under this is a high risk.
    pub(super) high_score: Decimal,
    /// A score under this is a medium risk.
    pub(super) medium_score: Decimal,
    /// A fall of so many points within `drop_days` is a high risk for `drop_within` days.
    pub(super) drop: Decimal,
    pub(super) drop_days: u32,
    pub(super) drop_within: u32,
    /// A fall of so many points over [`CHANGE_DAYS`] is a high risk.
    pub(super) high_fall: Decimal,
    /// A fall of so many points over [`CHANGE_DAYS`] is a medium risk.
    pub(super) medium_fall: Decimal,
    /// A mean sentiment under this, −1 … 1, is a medium risk.
    pub(super) sentiment: Decimal,
    /// Engagement down by so many per cent is a medium risk.
    pub(super) engagement: Decimal,
}

impl Limits {
    pub(super) fn of(settings: &Settings) -> Result<Limits> {
        let days = |name: &str, most: u64| -> Result<u32> {
            let value = settings.opt_count(name)?;
            u32::try_from(value)
                .ok()
                .filter(|_| (1..=most).contains(&value))
                .with_context(|| format!("--{name} is {value}; it takes 1 to {most} days"))
        };
        Ok(Limits {
            high_score: settings.opt_decimal("high-score")?,
            medium_score: settings.opt_decimal("medium-score")?,
            drop: settings.opt_decimal("drop")?,
            drop_days: days("drop-days", 60)?,
            drop_within: days("drop-within", 90)?,
            high_fall: settings.opt_decimal("high-fall")?,
            medium_fall: settings.opt_decimal("medium-fall")?,
            sentiment: settings.opt_decimal("low-sentiment")?,
            engagement: settings.opt_percent("less-engagement")?,
        })
    }
}

/// How likely a renewal is to fail.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(super) enum Risk {
    High,
    Medium,
    Low,
    /// Nothing speaks for a risk, and there is no score to speak against it.
    Unknown,
    /// The subscription has been canceled for a date: there is nothing to renew.
    Ending,
}

impl Risk {
    pub(super) fn name(self) -> &'static str {
        match self {
            Risk::High => "high",
            Risk::Medium => "medium",
            Risk::Low => "low",
            Risk::Unknown => "unknown",
            Risk::Ending => "ending",
        }
    }

    /// Whether the whole plan of outreach is owed.
    pub(super) fn is_risk(self) -> bool {
        matches!(self, Risk::High | Risk::Medium)
    }
}

/// Why.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(super) enum Reason {
    LowScore,
    Drop,
    FallingScore,
    UrgentTicket,
    Sentiment,
    Engagement,
}

impl Reason {
    pub(super) fn name(self) -> &'static str {
        match self {
            Reason::LowScore => "low-score",
            Reason::Drop => "drop",
            Reason::FallingScore => "falling-score",
            Reason::UrgentTicket => "urgent-ticket",
            Reason::Sentiment => "sentiment",
            Reason::Engagement => "engagement",
        }
    }
}

/// The sentiments of some tickets.
#[derive(Clone, Copy, Debug)]
pub(super) struct Sentiments {
    pub(super) sum: Decimal,
    /// At least 1.
    pub(super) tickets: u32,
}

impl Sentiments {
    /// Compared with a mean, unrounded.
    fn compare(&self, mean: Decimal) -> Ordering {
        let limit = Exact::from(mean).mul(Decimal::from(self.tickets).into());
        limit.map_or(Ordering::Equal, |l| Exact::from(self.sum).cmp(&l))
    }

    /// To two places, half away from zero.
    pub(super) fn mean(&self) -> Option<Decimal> {
        Exact::from(self.sum).div_round(Decimal::from(self.tickets).into(), 2).ok().flatten()
    }
}

/// A count over [`ENGAGEMENT_DAYS`] and over those before them.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Trend {
    pub(super) then: u64,
    pub(super) now: u64,
}

impl Trend {
    /// In per cent, to two places; `None` where there was nothing before.
    pub(super) fn change(&self) -> Option<Decimal> {
        let (then, now) = (Decimal::from(self.then), Decimal::from(self.now));
        decimal::percent(decimal::sub(now, then)?, then)
    }

    /// Whether it is down by so many per cent or more, unrounded.
    fn is_down(&self, percent: Decimal) -> bool {
        let fall = Decimal::from(self.then.saturating_sub(self.now));
        let fall = Exact::from(fall).mul(Decimal::ONE_HUNDRED.into());
        let limit = Exact::from(Decimal::from(self.then)).mul(percent.into());
        self.then > 0 && self.now < self.then && matches!((fall, limit), (Ok(f), Ok(l)) if f >= l)
    }
}

/// What is known of an account on one day.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Signals {
    pub(super) score: Option<Points>,
    /// Over [`CHANGE_DAYS`]; `None` where one of the scores is missing.
    pub(super) change: Option<Change>,
    /// A drop within the last days.
    pub(super) dropped: bool,
    /// Urgent tickets that are open.
    pub(super) urgent: usize,
    /// `None` without a ticket that says one.
    pub(super) sentiments: Option<Sentiments>,
    /// `None` where not measured or not covered.
    pub(super) logins: Option<Trend>,
    pub(super) users: Option<Trend>,
}

impl Signals {
    /// The lower change of logins and of active users, in per cent.
    pub(super) fn engagement(&self) -> Option<Decimal> {
        [self.logins, self.users].into_iter().filter_map(|t| t?.change()).min()
    }
}

/// The risk of a renewal and why.
pub(super) fn assess(signals: &Signals, limits: &Limits) -> (Risk, Vec<Reason>) {
    let under = |limit| signals.score.is_some_and(|s| s.compare(limit).is_lt());
    let fell = |points| signals.change.is_some_and(|c| c.falls_by(points));
    let down = |t: Option<Trend>| t.is_some_and(|t| t.is_down(limits.engagement));
    let told = [
        (Reason::LowScore, under(limits.high_score), under(limits.medium_score)),
        (Reason::Drop, signals.dropped, false),
        (Reason::FallingScore, fell(limits.high_fall), fell(limits.medium_fall)),
        (Reason::UrgentTicket, false, signals.urgent > 0),
        (Reason::Sentiment, false, signals.sentiments.is_some_and(|s| s.compare(limits.sentiment).is_lt())),
        (Reason::Engagement, false, down(signals.logins) || down(signals.users)),
    ];
    let reasons: Vec<Reason> =
        told.iter().filter(|(_, high, medium)| *high || *medium).map(|(r, _, _)| *r).collect();
    let risk = if told.iter().any(|(_, high, _)| *high) {
        Risk::High
    } else if !reasons.is_empty() {
        Risk::Medium
    } else if signals.score.is_some() {
        Risk::Low
    } else {
        Risk::Unknown
    };
    (risk, reasons)
}

#[cfg(test)]
pub(super) fn playbook() -> Limits {
    let d = |n: i64, scale: u32| Decimal::new(n, scale);
    Limits {
        high_score: d(50, 0),
        medium_score: d(70, 0),
        drop: d(20, 0),
        drop_days: 7,
        drop_within: 30,
        high_fall: d(20, 0),
        medium_fall: d(10, 0),
        sentiment: d(-2, 1),
        engagement: d(30, 0),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn scored(score: u32, before: u32) -> Signals {
        let score = Points::whole(score);
        let change = Some(score.since(Points::whole(before)));
        Signals { score: Some(score), change, ..Signals::default() }
    }

    fn of(signals: &Signals) -> (Risk, Vec<&'static str>) {
        let (risk, reasons) = assess(signals, &playbook());
        (risk, reasons.iter().map(|r| r.name()).collect())
    }

    #[test]
    fn a_score_of_exactly_a_limit_is_above_it() {
        assert_eq!(of(&scored(49, 49)), (Risk::High, vec!["low-score"]));
        assert_eq!(of(&scored(50, 50)), (Risk::Medium, vec!["low-score"]));
        assert_eq!(of(&scored(69, 69)), (Risk::Medium, vec!["low-score"]));
        assert_eq!(of(&scored(70, 70)), (Risk::Low, vec![]));
    }

    #[test]
    fn a_fall_of_exactly_a_limit_is_one() {
        assert_eq!(of(&scored(75, 95)), (Risk::High, vec!["falling-score"]));
        assert_eq!(of(&scored(76, 95)), (Risk::Medium, vec!["falling-score"]));
        assert_eq!(of(&scored(85, 95)), (Risk::Medium, vec!["falling-score"]));
        assert_eq!(of(&scored(86, 95)), (Risk::Low, vec![]));
        assert_eq!(of(&scored(95, 70)), (Risk::Low, vec![]), "a rise");
    }

    #[test]
    fn a_drop_alone_is_a_high_risk_and_an_urgent_ticket_a_medium_one() {
        let well = scored(90, 90);
        assert_eq!(of(&Signals { dropped: true, ..well }), (Risk::High, vec!["drop"]));
        let signals = Signals { urgent: 1, ..well };
        assert_eq!(of(&signals), (Risk::Medium, vec!["urgent-ticket"]));
    }

    #[test]
    fn a_mean_sentiment_of_exactly_a_fifth_below_zero_is_no_risk() {
        let with = |sum: i64| Signals {
            sentiments: Some(Sentiments { sum: Decimal::new(sum, 2), tickets: 3 }),
            ..scored(90, 90)
        };
        assert_eq!(of(&with(-60)), (Risk::Low, vec![]));
        assert_eq!(of(&with(-61)), (Risk::Medium, vec!["sentiment"]));
    }

    #[test]
    fn engagement_counts_by_logins_or_by_users_and_never_from_nothing() {
        let with = |logins: (u64, u64), users: (u64, u64)| Signals {
            logins: Some(Trend { then: logins.0, now: logins.1 }),
            users: Some(Trend { then: users.0, now: users.1 }),
            ..scored(90, 90)
        };
        assert_eq!(of(&with((100, 71), (10, 10))), (Risk::Low, vec![]));
        assert_eq!(of(&with((100, 70), (10, 10))), (Risk::Medium, vec!["engagement"]));
        assert_eq!(of(&with((100, 100), (10, 7))), (Risk::Medium, vec!["engagement"]));
        assert_eq!(of(&with((0, 0), (0, 5))), (Risk::Low, vec![]));
        assert_eq!(with((100, 90), (10, 8)).engagement(), Some(Decimal::new(-2000, 2)));
    }

    #[test]
    fn without_a_score_the_risk_is_unknown_unless_something_speaks_for_it() {
        assert_eq!(of(&Signals::default()), (Risk::Unknown, vec![]));
        let urgent = Signals { urgent: 2, ..Signals::default() };
        assert_eq!(of(&urgent), (Risk::Medium, vec!["urgent-ticket"]));
    }
}
