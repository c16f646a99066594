//! One invoice's dunning sequence: its clock, what was tried and said, and how it ended.

use super::policy::word;
use crate::{
    data::{
        At,
        records::{Invoice, Message, Payment, Text},
    },
    model::time::{Instant, add_days, day_start, days_between, local},
};
use chrono::{NaiveDate, TimeDelta};
use chrono_tz::Tz;

/// Days counted from the day of the first failure, in the billing zone.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Clock {
    /// The date of day 0.
    pub day0: NaiveDate,
    /// The billing zone.
    pub zone: Tz,
}

impl Clock {
    /// Set at the first failure.
    pub(super) fn set(first_failed: Instant, zone: Tz) -> Clock {
        Clock { day0: local(first_failed, zone).date(), zone }
    }

    /// The date of a day.
    pub(super) fn date(self, day: i64) -> NaiveDate {
        add_days(self.day0, day).unwrap_or(self.day0)
    }

    /// Its first instant.
    pub(super) fn start(self, day: i64) -> Instant {
        day_start(self.date(day), self.zone)
    }

    /// Where it is over (exclusive): at the next day's start, and not before 24 hours have gone by, so that a day
    /// that spring cuts to 23 hours is no shorter for billing.
    pub(super) fn end(self, day: i64) -> Instant {
        self.start(day + 1).max(self.start(day) + TimeDelta::hours(24))
    }

    /// The day that a moment lies in; negative before day 0.
    pub(super) fn day_of(self, at: Instant) -> i64 {
        days_between(self.day0, local(at, self.zone).date())
    }

    /// A moment for people: `Wed 2026-11-04 09:12`, with the zone where it is not UTC.
    pub(super) fn told(self, at: Instant) -> String {
        let text = local(at, self.zone).format("%a %Y-%m-%d %H:%M");
        if self.zone == Tz::UTC { format!("{text} UTC") } else { format!("{text} {}", self.zone.name()) }
    }
}

/// How a sequence ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Ending {
    Paid,
    Void,
    WrittenOff,
    /// By the customer.
    Canceled,
}

impl Ending {
    /// `was paid` and so on.
    pub(super) fn told(self) -> &'static str {
        match self {
            Ending::Paid => "was paid",
            Ending::Void => "was voided",
            Ending::WrittenOff => "was written off",
            Ending::Canceled => "ended with the customer's cancellation",
        }
    }
}

/// The end of a sequence; the moment is `None` where the exports do not tell it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct End {
    pub how: Ending,
    pub at: Option<Instant>,
}

/// An attempt to collect.
#[derive(Clone, Debug)]
pub(super) struct Try {
    pub at: Instant,
    pub succeeded: bool,
    pub failed: bool,
    /// Of a failed one, as the policy writes it.
    pub code: Option<String>,
    pub network: Option<String>,
    pub place: At,
}

impl Try {
    pub(super) fn of(p: &Payment) -> Try {
        let failed = &*p.status == "failed";
        Try {
            at: p.attempted_at,
            succeeded: &*p.status == "succeeded",
            failed,
            code: p.failure_code.as_deref().filter(|_| failed).map(word),
            network: p.network.as_deref().map(word),
            place: p.at,
        }
    }
}

/// A dunning message.
#[derive(Clone, Debug)]
pub(super) struct Sent {
    pub at: Instant,
    /// As the policy writes it.
    pub kind: String,
    pub channel: Option<Text>,
    pub recipient: Option<Text>,
    pub place: At,
}

impl Sent {
    pub(super) fn of(m: &Message, kind: String) -> Sent {
        Sent { at: m.sent_at, kind, channel: m.channel, recipient: m.recipient, place: m.at }
    }

    /// Whether it is the same message again: not the same notice by another channel or to another person.
    pub(super) fn repeats(&self, other: &Sent) -> bool {
        let same = |a: &Option<Text>, b: &Option<Text>| a.is_none() || b.is_none() || a == b;
        self.kind == other.kind
            && same(&self.channel, &other.channel)
            && same(&self.recipient, &other.recipient)
    }
}

/// A dunning sequence.
#[derive(Clone, Debug)]
pub(super) struct Sequence<'d> {
    pub invoice: &'d Invoice,
    pub clock: Clock,
    /// The first failure: the clock's beginning.
    pub first_failed: Instant,
    /// From the first failure on, by time; none after the end.
    pub tries: Vec<Try>,
    /// By time; those after the end too.
    pub messages: Vec<Sent>,
    pub end: Option<End>,
}

impl Sequence<'_> {
    /// Whether it runs at a moment: from the first failure (included) to its end (excluded). An end whose moment is
    /// not known ends nothing.
    pub(super) fn runs_at(&self, at: Instant) -> bool {
        self.first_failed <= at && self.ended_at().is_none_or(|end| at < end)
    }

    /// When it ended, where that is known.
    pub(super) fn ended_at(&self) -> Option<Instant> {
        self.end.and_then(|e| e.at)
    }

    /// When the invoice was paid or voided, where that is known.
    pub(super) fn recovered_at(&self) -> Option<Instant> {
        self.end.filter(|e| matches!(e.how, Ending::Paid | Ending::Void)).and_then(|e| e.at)
    }

    /// Whether it ended at a moment that the exports do not tell.
    pub(super) fn end_unknown(&self) -> bool {
        self.end.is_some_and(|e| e.at.is_none())
    }

    /// The first instant after the grace period.
    pub(super) fn grace_end(&self, grace_day: Option<i64>) -> Option<Instant> {
        grace_day.map(|day| self.clock.start(day))
    }

    /// The latest decline's code.
    pub(super) fn failure_code(&self) -> Option<&str> {
        self.tries.iter().rev().find(|t| t.failed).and_then(|t| t.code.as_deref())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::time::{Stamp, rfc3339, zone};
    use proptest::prelude::*;

    fn at(text: &str) -> Instant {
        Stamp::parse(text).unwrap().in_zone(Tz::UTC)
    }

    fn starts(first: &str, zone_name: &str, days: &[i64]) -> Vec<String> {
        let clock = Clock::set(at(first), zone(zone_name).unwrap());
        days.iter().map(|d| rfc3339(clock.start(*d))).collect()
    }

    #[test]
    fn day_0_is_the_civil_day_of_the_billing_zone_east_and_west() {
        assert_eq!(
            starts("2026-10-05T02:00:00Z", "America/New_York", &[0, 14]),
            ["2026-10-04T04:00:00Z", "2026-10-18T04:00:00Z"]
        );
        assert_eq!(
            starts("2026-10-04T20:00:00Z", "Asia/Tokyo", &[0, 3]),
            ["2026-10-04T15:00:00Z", "2026-10-07T15:00:00Z"]
        );
    }

    #[test]
    fn days_go_over_month_ends_and_a_leap_day() {
        assert_eq!(
            starts("2028-02-26T12:00:00Z", "UTC", &[3, 7]),
            ["2028-02-29T00:00:00Z", "2028-03-04T00:00:00Z"]
        );
        assert_eq!(starts("2026-12-31T23:59:59Z", "UTC", &[14]), ["2027-01-14T00:00:00Z"]);
    }

    #[test]
    fn a_day_of_25_hours_is_one_day_and_one_of_23_leaves_24() {
        let berlin = zone("Europe/Berlin").unwrap();
        let autumn = Clock::set(at("2026-10-25T08:00:00Z"), berlin);
        assert_eq!(rfc3339(autumn.start(0)), "2026-10-24T22:00:00Z");
        assert_eq!(rfc3339(autumn.end(0)), "2026-10-25T23:00:00Z");
        let spring = Clock::set(at("2026-03-29T08:00:00Z"), berlin);
        assert_eq!(rfc3339(spring.start(1)), "2026-03-29T22:00:00Z");
        assert_eq!(rfc3339(spring.end(0)), "2026-03-29T23:00:00Z");
        assert_eq!((spring.end(0) - spring.start(0)).num_hours(), 24);
    }

    proptest! {
        #[test]
        fn a_moment_lies_in_the_day_that_it_is_counted_to(
            first in 0i64..2_000_000_000,
            after in 0i64..3_000_000,
            name in prop::sample::select(vec![
                "UTC", "Europe/Berlin", "America/New_York", "America/Sao_Paulo", "Asia/Kolkata", "Asia/Tokyo",
                "Australia/Lord_Howe", "Pacific/Kiritimati",
            ]),
        ) {
            let instant = |s| chrono::DateTime::from_timestamp(s, 0).unwrap();
            let clock = Clock::set(instant(first), zone(name).unwrap());
            let day = clock.day_of(instant(first + after));
            prop_assert!(day >= 0);
            prop_assert!(clock.start(day) <= instant(first + after));
            prop_assert!(instant(first + after) < clock.end(day));
        }
    }
}
