//! How time is counted when a part of a billing period is paid for.

use super::fraction::Fraction;
use crate::judge::calendar::Period;
use chrono::{Datelike as _, NaiveDate, NaiveDateTime};

/// A way of counting time. Every one of them counts civil time in the billing zone, in which a day of 23 or 25 hours
/// is one day.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Convention {
    /// Seconds: Stripe prorates to the second (docs.stripe.com/billing/subscriptions/prorations).
    Second,
    /// Minutes that have begun.
    Minute,
    /// Whole days; the day of a change belongs to the new plan. Kill Bill counts so.
    Day,
    /// Whole days of which the first and the last both count, for terms that are given by their last day.
    DayInclusive,
    /// Every month has 30 days (30E/360 of the ISDA definitions, 4.16(g)): a 31st counts as the 30th.
    Month30,
}

impl Convention {
    /// Every convention, in the order in which they are tried.
    pub const ALL: [Convention; 5] = [
        Convention::Second,
        Convention::Minute,
        Convention::Day,
        Convention::DayInclusive,
        Convention::Month30,
    ];

    /// The words of `--by`, in the same order.
    pub const NAMES: &'static [&'static str] = &["second", "minute", "day", "day-inclusive", "month30"];

    /// Its word.
    pub fn name(self) -> &'static str {
        Self::NAMES[self as usize]
    }

    /// From its word.
    pub fn parse(word: &str) -> Option<Convention> {
        Convention::ALL.into_iter().find(|c| c.name() == word)
    }

    /// What it counts.
    pub fn unit(self) -> &'static str {
        match self {
            Convention::Second => "seconds",
            Convention::Minute => "minutes",
            _ => "days",
        }
    }

    /// Seconds of one unit.
    pub fn unit_seconds(self) -> i64 {
        match self {
            Convention::Second => 1,
            Convention::Minute => 60,
            _ => 86_400,
        }
    }

    /// Where a moment stands on the line of time, in units that have begun.
    fn position(self, at: NaiveDateTime) -> i64 {
        match self {
            Convention::Second => at.and_utc().timestamp(),
            Convention::Minute => at.and_utc().timestamp().div_euclid(60),
            Convention::Day | Convention::DayInclusive => i64::from(at.date().num_days_from_ce()),
            Convention::Month30 => thirty_day_months(at.date()),
        }
    }

    /// Units that count beside those between two moments: the last day, where both ends count.
    fn more(self) -> i64 {
        i64::from(self == Convention::DayInclusive)
    }

    /// The units from one moment to another.
    pub fn units(self, from: NaiveDateTime, to: NaiveDateTime) -> i64 {
        self.position(to) - self.position(from)
    }

    /// The units that are left of a period at a moment, and those of the whole. A moment before the period leaves the
    /// whole, one after it nothing. Where both ends count, the period's end is the last day as it was given:
    /// (end − at + 1) of (end − start + 1).
    pub fn rest(self, period: Period, at: NaiveDateTime) -> (i64, i64) {
        let whole = (self.units(period.start, period.end) + self.more()).max(0);
        let left = self.units(at, period.end) + self.more();
        (left.clamp(0, whole), whole)
    }

    /// The share of a period that is left at a moment. A period of less than one unit belongs to who has it at its
    /// start.
    pub fn rest_fraction(self, period: Period, at: NaiveDateTime) -> Fraction {
        let (left, whole) = self.rest(period, at);
        let less_than_a_unit = if at < period.end { Fraction::ONE } else { Fraction::ZERO };
        Fraction::new(left, whole).unwrap_or(less_than_a_unit)
    }

    /// The share that a part has of the period in which it lies. The parts of a period add up to 1.
    pub fn part(self, part: Period, period: Period) -> Fraction {
        let (units, whole) = (self.units(part.start, part.end), self.units(period.start, period.end));
        let less_than_a_unit = if part == period { Fraction::ONE } else { Fraction::ZERO };
        Fraction::new(units.clamp(0, whole.max(0)), whole).unwrap_or(less_than_a_unit)
    }

    /// The days between two moments: calendar days, or those of months of 30 days.
    pub fn days(self, from: NaiveDateTime, to: NaiveDateTime) -> i64 {
        match self {
            Convention::Month30 => self.units(from, to),
            _ => Convention::Day.units(from, to),
        }
    }
}

fn thirty_day_months(day: NaiveDate) -> i64 {
    360 * i64::from(day.year()) + 30 * i64::from(day.month()) + i64::from(day.day().min(30))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::time::Stamp;
    use proptest::prelude::*;

    fn at(text: &str) -> NaiveDateTime {
        Stamp::parse(text).unwrap().naive()
    }

    fn period(start: &str, end: &str) -> Period {
        Period { start: at(start), end: at(end) }
    }

    #[test]
    fn each_convention_counts_in_its_own_unit() {
        let august = period("2026-08-01", "2026-09-01");
        let rest = |c: Convention| c.rest(august, at("2026-08-16 10:30:20"));
        assert_eq!(rest(Convention::Second), (1_344_580, 2_678_400));
        assert_eq!(rest(Convention::Minute), (22_410, 44_640));
        assert_eq!(rest(Convention::Day), (16, 31));
        assert_eq!(rest(Convention::DayInclusive), (17, 32));
        assert_eq!(rest(Convention::Month30), (15, 30));
    }

    #[test]
    fn a_last_day_as_given_counts_where_both_ends_do() {
        let june = period("2026-06-01", "2026-06-30");
        assert_eq!(Convention::DayInclusive.rest(june, at("2026-06-16")), (15, 30));
        assert_eq!(Convention::DayInclusive.rest(june, at("2026-06-30")), (1, 30));
        assert_eq!(Convention::DayInclusive.rest(june, at("2026-06-01")), (30, 30));
    }

    #[test]
    fn a_thirty_first_counts_as_the_thirtieth() {
        let c = Convention::Month30;
        assert_eq!(c.units(at("2026-01-31"), at("2026-02-28")), 28);
        assert_eq!(c.units(at("2026-01-30"), at("2026-01-31")), 0);
        assert_eq!(c.units(at("2026-02-28"), at("2026-03-01")), 3);
        assert_eq!(c.units(at("2026-01-01"), at("2027-01-01")), 360);
    }

    #[test]
    fn the_very_start_leaves_the_whole_and_the_very_end_nothing() {
        let june = period("2026-06-01", "2026-07-01");
        for c in [Convention::Second, Convention::Minute, Convention::Day, Convention::Month30] {
            assert_eq!(c.rest_fraction(june, june.start), Fraction::ONE);
            assert_eq!(c.rest_fraction(june, june.end), Fraction::ZERO);
        }
    }

    #[test]
    fn an_hour_is_less_than_a_day_and_belongs_to_who_has_it_at_its_start() {
        let hour = period("2026-06-01 10:00:00", "2026-06-01 11:00:00");
        assert_eq!(Convention::Day.rest_fraction(hour, at("2026-06-01 10:30:00")), Fraction::ONE);
        assert_eq!(Convention::Day.rest_fraction(hour, hour.end), Fraction::ZERO);
        assert_eq!(Convention::Day.part(hour, hour), Fraction::ONE);
    }

    #[test]
    fn names_come_back() {
        for (c, name) in Convention::ALL.into_iter().zip(Convention::NAMES) {
            assert_eq!((c.name(), Convention::parse(name)), (*name, Some(c)));
        }
        assert_eq!(Convention::parse("hour"), None);
    }

    proptest! {
        /// The parts of a period, cut anywhere and at any number of points, add up to the whole under every
        /// convention but the one in which the day of a cut counts twice.
        #[test]
        fn parts_add_up_to_the_whole(
            start in 0i64..2_000_000_000, length in 86_400i64..90_000_000,
            mut cuts in prop::collection::vec(0u32..=1000, 0..6),
        ) {
            let civil = |s| chrono::DateTime::from_timestamp(s, 0).unwrap().naive_utc();
            cuts.sort_unstable();
            let whole = Period { start: civil(start), end: civil(start + length) };
            let mut points = vec![whole.start];
            points.extend(cuts.iter().map(|c| civil(start + length * i64::from(*c) / 1000)));
            points.push(whole.end);
            for c in [Convention::Second, Convention::Minute, Convention::Day, Convention::Month30] {
                if c.units(whole.start, whole.end) == 0 {
                    continue;
                }
                let sum = points.windows(2).try_fold(Fraction::ZERO, |sum, w| {
                    sum.plus(c.part(Period { start: w[0], end: w[1] }, whole))
                });
                prop_assert_eq!(sum.unwrap(), Fraction::ONE, "{:?}", c);
            }
        }

        /// What is used and what is left add up, and the longer one waits the less is left.
        #[test]
        fn less_is_left_later(start in 0i64..2_000_000_000, length in 1i64..90_000_000, a in 0u32..=1000, b in 0u32..=1000) {
            let civil = |s| chrono::DateTime::from_timestamp(s, 0).unwrap().naive_utc();
            let period = Period { start: civil(start), end: civil(start + length) };
            let at = |p: u32| civil(start + length * i64::from(p) / 1000);
            for c in Convention::ALL {
                let (early, late) = (c.rest(period, at(a.min(b))), c.rest(period, at(a.max(b))));
                prop_assert!(early.0 >= late.0 && late.0 >= 0 && early.0 <= early.1, "{c:?} {early:?} {late:?}");
            }
        }
    }
}
