//! Billing periods: an interval that repeats from an anchor, read on the clocks of the billing zone.
//!
//! All moments here are civil readings in the billing zone. So a day of 23 or 25 hours is one day, and a boundary
//! keeps its clock reading when the zone changes its offset.

use crate::model::time::{Instant, Stamp, Unit, local, resolve};
use chrono::{DateTime, Datelike as _, NaiveDateTime};
use chrono_tz::Tz;

/// How long a billing period is: so many days, weeks, months or years.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Interval {
    unit: Unit,
    count: i32,
}

impl Interval {
    /// The words of [`Interval::parse`].
    pub const NAMES: &'static [&'static str] = &["day", "week", "month", "quarter", "half-year", "year"];

    /// `every` times one of [`Interval::NAMES`]; `None` for another word, for less than one, or beyond the calendar.
    pub fn parse(word: &str, every: i64) -> Option<Interval> {
        let (unit, times) = match word {
            "quarter" => (Unit::Month, 3),
            "half-year" => (Unit::Month, 6),
            word => (Unit::parse(word)?, 1),
        };
        let count = i32::try_from(every).ok()?.checked_mul(times)?;
        (count >= 1).then_some(Interval { unit, count })
    }

    /// One of a unit.
    pub const fn of(unit: Unit) -> Interval {
        Interval { unit, count: 1 }
    }

    /// The interval that a period spans: whole months where they lead from its start to its end, else whole days.
    /// `None` where it is neither.
    pub fn spanning(period: Period) -> Option<Interval> {
        let (from, to) = (period.start, period.end);
        let months = Interval::of(Unit::Month).between(from, to);
        let anchor = from.day().max(to.day());
        if months >= 1 && Unit::Month.add(from, months, anchor) == Some(to) {
            return Some(Interval { unit: Unit::Month, count: months });
        }
        let days = i32::try_from((to.date() - from.date()).num_days()).ok()?;
        (days >= 1 && from.time() == to.time()).then_some(Interval { unit: Unit::Day, count: days })
    }

    /// How many of another interval make this one, where they do so without a rest.
    pub fn times(self, other: Interval) -> Option<i32> {
        let small = |i: Interval| match i.unit {
            Unit::Day => (i.count, 0),
            Unit::Week => (i.count.saturating_mul(7), 0),
            Unit::Month => (0, i.count),
            Unit::Year => (0, i.count.saturating_mul(12)),
        };
        match (small(self), small(other)) {
            ((a, 0), (b, 0)) | ((0, a), (0, b)) if b > 0 && a % b == 0 => Some(a / b),
            _ => None,
        }
    }

    /// The time between two moments in this interval's units, rounded towards the earlier: a first guess.
    fn between(self, from: NaiveDateTime, to: NaiveDateTime) -> i32 {
        let days = (to.date() - from.date()).num_days();
        let months =
            i64::from(to.year() - from.year()) * 12 + i64::from(to.month()) - i64::from(from.month());
        let units = match self.unit {
            Unit::Day => days,
            Unit::Week => days.div_euclid(7),
            Unit::Month => months,
            Unit::Year => months.div_euclid(12),
        };
        i32::try_from(units.div_euclid(i64::from(self.count))).unwrap_or(0)
    }
}

/// A stretch of civil time, `[start, end)`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Period {
    /// Its first moment.
    pub start: NaiveDateTime,
    /// The first moment after it.
    pub end: NaiveDateTime,
}

impl Period {
    /// Whether a moment lies in it.
    pub fn contains(&self, at: NaiveDateTime) -> bool {
        self.start <= at && at < self.end
    }
}

/// Boundaries of periods, without beginning or end.
#[derive(Clone, Copy, Debug)]
pub struct Grid {
    origin: NaiveDateTime,
    anchor_day: u32,
    interval: Interval,
}

impl Grid {
    /// The grid through `origin`. Months and years keep the day of the month `anchor_day`, or the month's last day
    /// where it has no such day; days and weeks count from `origin`.
    pub fn through(origin: NaiveDateTime, anchor_day: u32, interval: Interval) -> Grid {
        Grid { origin, anchor_day, interval }
    }

    /// The grid that starts on the anchor day of the month in which `start` lies, at the clock reading of `start`.
    /// `None` beyond the calendar.
    pub fn anchored(start: NaiveDateTime, anchor_day: u32, interval: Interval) -> Option<Grid> {
        let origin = Unit::Month.add(start, 0, anchor_day)?;
        Some(Grid { origin, anchor_day, interval })
    }

    /// The boundary so many intervals after the origin; `None` beyond the calendar.
    pub fn boundary(&self, n: i32) -> Option<NaiveDateTime> {
        self.interval.unit.add(self.origin, n.checked_mul(self.interval.count)?, self.anchor_day)
    }

    /// The number of the last boundary at or before a moment.
    pub fn index(&self, at: NaiveDateTime) -> Option<i32> {
        let mut n = self.interval.between(self.origin, at);
        while self.boundary(n)? > at {
            n -= 1;
        }
        while self.boundary(n + 1)? <= at {
            n += 1;
        }
        Some(n)
    }

    /// The period between a boundary and the next.
    pub fn period(&self, n: i32) -> Option<Period> {
        Some(Period { start: self.boundary(n)?, end: self.boundary(n + 1)? })
    }

    /// The period in which a moment lies.
    pub fn containing(&self, at: NaiveDateTime) -> Option<Period> {
        self.period(self.index(at)?)
    }
}

/// What the clocks of a zone read at an instant, never going back: through an hour that autumn repeats they stand
/// at its end the second time. So time that a clock shows twice counts once, and parts of a period always add up.
pub fn reading(at: Instant, zone: Tz) -> NaiveDateTime {
    let shown = local(at, zone);
    let first = resolve(shown, zone);
    if first >= at {
        return shown;
    }
    // The clocks went back between the first and the second reading: they had come as far as they showed then.
    let offset = |t: Instant| local(t, zone) - t.naive_utc();
    let before = offset(first);
    let (mut low, mut high) = (first.timestamp(), at.timestamp());
    while high - low > 1 {
        let middle = low + (high - low) / 2;
        match DateTime::from_timestamp(middle, 0) {
            Some(t) if offset(t) == before => low = middle,
            _ => high = middle,
        }
    }
    DateTime::from_timestamp(high, 0).map_or(shown, |t| t.naive_utc() + before)
}

/// The civil reading of a stamp in the billing zone; a day is its midnight.
pub fn reading_of(stamp: Stamp, zone: Tz) -> NaiveDateTime {
    match stamp {
        Stamp::Instant(at) => reading(at, zone),
        civil => civil.naive(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn at(text: &str) -> NaiveDateTime {
        Stamp::parse(text).unwrap().naive()
    }

    fn days(grid: Grid, range: std::ops::RangeInclusive<i32>) -> Vec<String> {
        range.map(|n| grid.boundary(n).unwrap().date().to_string()).collect()
    }

    #[test]
    fn an_anchor_beyond_a_months_end_falls_on_its_last_day_and_comes_back() {
        let grid = Grid::anchored(at("2027-11-30"), 31, Interval::parse("month", 1).unwrap()).unwrap();
        assert_eq!(
            days(grid, -1..=5),
            [
                "2027-10-31",
                "2027-11-30",
                "2027-12-31",
                "2028-01-31",
                "2028-02-29",
                "2028-03-31",
                "2028-04-30"
            ]
        );
    }

    #[test]
    fn every_multiplies_the_interval() {
        let grid = |word, every| {
            Grid::anchored(at("2026-02-24"), 10, Interval::parse(word, every).unwrap()).unwrap()
        };
        assert_eq!(days(grid("quarter", 1), -1..=1), ["2025-11-10", "2026-02-10", "2026-05-10"]);
        assert_eq!(days(grid("half-year", 1), 0..=1), ["2026-02-10", "2026-08-10"]);
        assert_eq!(days(grid("year", 2), 0..=1), ["2026-02-10", "2028-02-10"]);
        assert_eq!(days(grid("week", 2), -1..=1), ["2026-01-27", "2026-02-10", "2026-02-24"]);
        assert_eq!(days(grid("day", 10), 0..=2), ["2026-02-10", "2026-02-20", "2026-03-02"]);
    }

    #[test]
    fn a_leap_day_of_a_year_comes_back_in_the_next_leap_year() {
        let grid = Grid::anchored(at("2024-02-29"), 29, Interval::of(Unit::Year)).unwrap();
        assert_eq!(days(grid, 1..=4), ["2025-02-28", "2026-02-28", "2027-02-28", "2028-02-29"]);
    }

    #[test]
    fn an_interval_of_nothing_or_of_another_word_is_refused() {
        assert_eq!(Interval::parse("month", 0), None);
        assert_eq!(Interval::parse("month", -1), None);
        assert_eq!(Interval::parse("fortnight", 1), None);
        assert_eq!(Interval::parse("half-year", i64::from(i32::MAX)), None);
        assert!(Interval::NAMES.iter().all(|w| Interval::parse(w, 1).is_some()));
    }

    #[test]
    fn the_interval_of_a_period_is_told_by_its_ends() {
        let spanning = |a: &str, b: &str| Interval::spanning(Period { start: at(a), end: at(b) });
        let months = |n| Interval::parse("month", n);
        assert_eq!(spanning("2026-01-31", "2026-02-28"), months(1));
        assert_eq!(spanning("2026-02-28", "2026-03-31"), months(1));
        assert_eq!(spanning("2026-02-10", "2026-05-10"), months(3));
        assert_eq!(spanning("2026-02-10", "2026-02-24"), Interval::parse("day", 14));
        assert_eq!(spanning("2026-02-10", "2026-02-24 10:00:00"), None);
        let year = Interval::parse("year", 1).unwrap();
        assert_eq!(year.times(Interval::of(Unit::Month)), Some(12));
        assert_eq!(year.times(Interval::of(Unit::Week)), None);
        assert_eq!(Interval::of(Unit::Week).times(Interval::of(Unit::Day)), Some(7));
        assert_eq!(Interval::of(Unit::Month).times(year), None);
    }

    #[test]
    fn a_boundary_belongs_to_the_period_that_it_begins() {
        let grid = Grid::anchored(at("2026-01-01"), 1, Interval::of(Unit::Month)).unwrap();
        let march = Period { start: at("2026-03-01"), end: at("2026-04-01") };
        assert_eq!(grid.containing(at("2026-03-01")), Some(march));
        assert_eq!(grid.containing(at("2026-03-31 23:59:59")), Some(march));
        assert_ne!(grid.containing(at("2026-04-01")), Some(march));
        assert!(march.contains(march.start) && !march.contains(march.end));
    }

    #[test]
    fn an_hour_that_the_clock_shows_twice_counts_once() {
        let berlin: Tz = "Europe/Berlin".parse().unwrap();
        let read = |text| reading_of(Stamp::parse(text).unwrap(), berlin);
        assert_eq!(read("2026-10-25T00:30:00Z"), at("2026-10-25 02:30:00"));
        assert_eq!(read("2026-10-25T01:00:00Z"), at("2026-10-25 03:00:00"));
        assert_eq!(read("2026-10-25T01:30:00Z"), at("2026-10-25 03:00:00"));
        assert_eq!(read("2026-10-25T02:00:00Z"), at("2026-10-25 03:00:00"));
        assert_eq!(read("2026-03-29T00:59:59Z"), at("2026-03-29 01:59:59"));
        assert_eq!(read("2026-03-29T01:00:00Z"), at("2026-03-29 03:00:00"));
        let new_york: Tz = "America/New_York".parse().unwrap();
        let west = reading_of(Stamp::parse("2026-11-01T06:10:00Z").unwrap(), new_york);
        assert_eq!(west, at("2026-11-01 02:00:00"));
    }

    proptest! {
        #[test]
        fn a_moment_lies_in_exactly_the_period_that_contains_it(
            origin in 0i64..1_500_000_000, more in -900_000_000i64..900_000_000, anchor in 1u32..=31,
            word in 0usize..6, every in 1i64..5,
        ) {
            let civil = |s| DateTime::from_timestamp(s, 0).unwrap().naive_utc();
            let interval = Interval::parse(Interval::NAMES[word], every).unwrap();
            let grid = Grid::anchored(civil(origin), anchor, interval).unwrap();
            let n = grid.index(civil(origin + more)).unwrap();
            let period = grid.period(n).unwrap();
            prop_assert!(period.contains(civil(origin + more)), "{period:?}");
            prop_assert_eq!(grid.period(n + 1).unwrap().start, period.end);
        }

        #[test]
        fn readings_never_go_back(
            t in 1_000_000_000i64..2_000_000_000, more in 0i64..10_000, at in 0usize..chrono_tz::TZ_VARIANTS.len(),
        ) {
            let zone = chrono_tz::TZ_VARIANTS[at];
            let instant = |s| DateTime::from_timestamp(s, 0).unwrap();
            prop_assert!(reading(instant(t), zone) <= reading(instant(t + more), zone));
        }
    }
}
