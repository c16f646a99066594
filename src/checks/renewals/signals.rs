//! An account's signals on any day, and since when they have meant a risk.

use super::risk::{CHANGE_DAYS, ENGAGEMENT_DAYS, Limits, Sentiments, Signals, Trend, assess};
use crate::{
    data::records::Ticket,
    judge::health::{Customer, Health, Timeline},
    model::{
        decimal::{self, Decimal},
        time::{Instant, day_start},
    },
};
use chrono::{NaiveDate, TimeDelta};
use chrono_tz::Tz;
use std::cell::OnceCell;

/// Days of scores before the judged one that signals of `back` days ago are made of.
pub(super) fn reach(back: u32, limits: &Limits) -> u32 {
    back + CHANGE_DAYS.max(limits.drop_within + limits.drop_days)
}

/// Whether a ticket was open at a moment. One that is solved without a word of when counts as solved when it was
/// last updated.
pub(super) fn open_at(t: &Ticket, at: Instant) -> bool {
    let over = match t.status.as_deref() {
        Some("solved" | "closed") => t.solved_at.or(t.updated_at).or(Some(t.created_at)),
        Some(_) => None,
        None => t.solved_at,
    };
    t.created_at <= at && over.is_none_or(|o| o > at)
}

/// Since when a risk has stood without a break.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Since {
    pub(super) day: NaiveDate,
    /// Whether it stood on the first day that was looked at, and so may be older.
    pub(super) or_before: bool,
}

/// One account watched day by day.
pub(super) struct Watch<'h> {
    health: &'h Health,
    customer: &'h Customer,
    line: Timeline<'h>,
    tickets: &'h [Ticket],
    limits: &'h Limits,
    zone: Tz,
    /// By days back: the fewest days within which the score fell to that day by a drop's points.
    drops: Vec<OnceCell<Option<u32>>>,
}

impl<'h> Watch<'h> {
    /// Watches an account over `back` days before the judged one.
    pub(super) fn new(
        health: &'h Health,
        customer: &'h Customer,
        tickets: &'h [Ticket],
        limits: &'h Limits,
        zone: Tz,
        back: u32,
    ) -> Watch<'h> {
        let line = health.timeline(customer, reach(back, limits));
        let drops = (0..=back + limits.drop_within).map(|_| OnceCell::new()).collect();
        Watch { health, customer, line, tickets, limits, zone, drops }
    }

    /// The signals so many days before the judged one. Tickets are seen at `at`; without it at that day's start.
    pub(super) fn on(&self, back: u32, at: Option<Instant>) -> Signals {
        let day = self.health.days_ago(back);
        let at = at.unwrap_or_else(|| day_start(day, self.zone));
        let score = self.line.ago(back).and_then(|r| r.score());
        let then = self.line.ago(back + CHANGE_DAYS).and_then(|r| r.score());
        let urgent = |t: &&Ticket| t.priority.as_deref() == Some("urgent") && open_at(t, at);
        let [logins, users] = self.engagement(day);
        Signals {
            score,
            change: score.zip(then).map(|(now, then)| now.since(then)),
            dropped: self.dropped(back),
            urgent: self.tickets.iter().filter(urgent).count(),
            sentiments: self.sentiments(day),
            logins,
            users,
        }
    }

    /// Since when the signals have meant a risk, looking back so many days; the judged day where only its own do.
    pub(super) fn since(&self, back: u32) -> Since {
        let risky = |b: &u32| assess(&self.on(*b, None), self.limits).0.is_risk();
        let last = (1..=back).take_while(risky).last().unwrap_or(0);
        Since { day: self.health.days_ago(last), or_before: last == back }
    }

    /// Whether the score fell by a drop's points within a drop's days, both ends within the last days.
    fn dropped(&self, back: u32) -> bool {
        (0..self.limits.drop_within).any(|b| {
            let within = |days: u32| days <= self.limits.drop_within - b;
            self.shortest_drop(back + b).is_some_and(within)
        })
    }

    fn shortest_drop(&self, back: u32) -> Option<u32> {
        let find = || {
            let now = self.line.ago(back)?;
            let falls = |days: &u32| {
                self.line.change(&now, *days).is_some_and(|f| f.change.falls_by(self.limits.drop))
            };
            (1..=self.limits.drop_days).find(falls)
        };
        self.drops.get(back as usize).and_then(|cell| *cell.get_or_init(find))
    }

    fn sentiments(&self, day: NaiveDate) -> Option<Sentiments> {
        let from = day - TimeDelta::days(CHANGE_DAYS.into());
        let moods = self.customer.moods.iter().filter(|m| (from..day).contains(&m.day));
        let told: Vec<Decimal> =
            moods.map(|m| m.sentiment.clamp(Decimal::NEGATIVE_ONE, Decimal::ONE)).collect();
        let tickets = u32::try_from(told.len()).ok().filter(|n| *n > 0)?;
        Some(Sentiments { sum: decimal::sum(told)?, tickets })
    }

    /// Logins and active users of the last days before a day against those before them.
    fn engagement(&self, day: NaiveDate) -> [Option<Trend>; 2] {
        let window = TimeDelta::days(ENGAGEMENT_DAYS.into());
        let id = &self.customer.id;
        let sums = || {
            let then = self.health.engagement(id, day - window - window, day - window)?;
            Some((then, self.health.engagement(id, day - window, day)?))
        };
        let Some((then, now)) = sums() else { return [None; 2] };
        let measured = self.health.activity().measured;
        [
            measured.logins.then_some(Trend { then: then.0, now: now.0 }),
            measured.active_users.then_some(Trend { then: then.1, now: now.1 }),
        ]
    }
}
