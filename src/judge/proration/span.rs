//! A stretch of a subscription, billed in advance period by period.

use super::{
    change::{Line, Rules, Terms},
    convention::Convention,
    fraction::Fraction,
};
use crate::{
    judge::calendar::{Grid, Interval, Period},
    model::{
        decimal::{self, Decimal, TooLarge},
        time::add_days,
    },
};
use chrono::{Datelike as _, NaiveDateTime};
use thiserror::Error;

/// A subscription from its start to its end, or on and on.
#[derive(Clone, Copy, Debug)]
pub struct Span {
    /// What is paid for a whole period.
    pub terms: Terms,
    /// How long a period is.
    pub interval: Interval,
    /// The day of the month on which periods begin; `None`: the start's own.
    pub anchor_day: Option<u32>,
    /// Its first moment, in the billing zone.
    pub start: NaiveDateTime,
    /// The first moment after it; where both ends of a term count, its last day. `None`: it goes on.
    pub end: Option<NaiveDateTime>,
    /// A period is billed when this moment has reached its start.
    pub through: NaiveDateTime,
}

/// One billed part: a whole period, or what lies of one before the first boundary or before the end.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Part {
    /// What is billed, `[start, end)`.
    pub billed: Period,
    /// The period of the grid in which it lies.
    pub period: Period,
    /// Days billed.
    pub days: i64,
    /// Days of the whole period.
    pub period_days: i64,
    /// The share of the period.
    pub fraction: Fraction,
    /// Price × quantity × fraction.
    pub line: Line,
}

/// All parts of a span.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Billed {
    /// In order of time.
    pub parts: Vec<Part>,
    /// The fractions summed, exact.
    pub cycles: Fraction,
    /// The lines summed, with tax.
    pub total: Decimal,
}

/// Why a span has no parts.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
pub enum NoSpan {
    /// The end lies before the start.
    #[error("the end lies before the start")]
    EndBeforeStart,
    /// A boundary lies beyond the calendar, or a figure needs more digits than can be carried.
    #[error("a date or a figure lies beyond what can be computed")]
    TooLarge,
}

impl From<TooLarge> for NoSpan {
    fn from(_: TooLarge) -> NoSpan {
        NoSpan::TooLarge
    }
}

impl Span {
    /// Bills it. The grid of periods starts on the anchor day of the start's own month, at the start's clock reading,
    /// and goes on by the interval; the first boundary is the first of the grid at or after the start. A part before
    /// it, and one before the end, is measured against the period of the grid in which it lies.
    pub fn bill(&self, rules: &Rules) -> Result<Billed, NoSpan> {
        let end = match self.end {
            Some(last) if rules.convention == Convention::DayInclusive => {
                Some(add_days(last.date(), 1).ok_or(NoSpan::TooLarge)?.and_time(self.start.time()))
            }
            end => end,
        };
        if end.is_some_and(|e| e < self.start) {
            return Err(NoSpan::EndBeforeStart);
        }
        let anchor = self.anchor_day.unwrap_or_else(|| self.start.day());
        let grid = Grid::anchored(self.start, anchor, self.interval).ok_or(NoSpan::TooLarge)?;
        let mut n = grid.index(self.start).ok_or(NoSpan::TooLarge)?;
        let mut billed = Billed { parts: Vec::new(), cycles: Fraction::ZERO, total: Decimal::ZERO };
        let mut from = self.start;
        while from <= self.through && end.is_none_or(|e| from < e) {
            let period = grid.period(n).ok_or(NoSpan::TooLarge)?;
            let to = end.map_or(period.end, |e| e.min(period.end));
            let part = self.part(Period { start: from, end: to }, period, rules)?;
            billed.cycles = billed.cycles.plus(part.fraction)?;
            billed.total = decimal::add(billed.total, part.line.total).ok_or(NoSpan::TooLarge)?;
            billed.parts.push(part);
            from = to;
            n += 1;
        }
        Ok(billed)
    }

    fn part(&self, billed: Period, period: Period, rules: &Rules) -> Result<Part, TooLarge> {
        let by = rules.convention;
        let fraction = by.part(billed, period);
        Ok(Part {
            billed,
            period,
            days: by.days(billed.start, billed.end),
            period_days: by.days(period.start, period.end),
            fraction,
            line: rules.line(self.terms, fraction)?,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::{decimal::parse, time::Stamp};
    use proptest::prelude::*;

    fn at(text: &str) -> NaiveDateTime {
        Stamp::parse(text).unwrap().naive()
    }

    fn rules(convention: Convention) -> Rules {
        Rules { convention, currency: "USD".into(), discount: Decimal::ZERO, tax: Decimal::ZERO }
    }

    fn span(interval: &str, anchor: Option<u32>, start: &str, end: Option<&str>, through: &str) -> Span {
        Span {
            terms: Terms { price: parse("49").unwrap(), quantity: Decimal::ONE },
            interval: Interval::parse(interval, 1).unwrap(),
            anchor_day: anchor,
            start: at(start),
            end: end.map(at),
            through: at(through),
        }
    }

    /// `02-24…03-10 14/28 24.50` for each part, then the cycles.
    fn show(span: &Span, by: Convention) -> Vec<String> {
        let billed = span.bill(&rules(by)).unwrap();
        let day = |t: NaiveDateTime| t.format("%m-%d").to_string();
        let mut lines: Vec<String> = billed
            .parts
            .iter()
            .map(|p| {
                let (from, to) = (day(p.billed.start), day(p.billed.end));
                format!("{from}…{to} {}/{} {}", p.days, p.period_days, p.line.total)
            })
            .collect();
        lines.push(billed.cycles.to_string());
        lines
    }

    #[test]
    fn a_part_before_the_first_boundary_is_measured_against_its_own_period() {
        let monthly = span("month", Some(10), "2026-02-24", None, "2026-04-06");
        assert_eq!(
            show(&monthly, Convention::Second),
            ["02-24…03-10 14/28 24.50", "03-10…04-10 31/31 49.00", "1.5"]
        );
        let quarterly = span("quarter", Some(10), "2026-02-24", None, "2026-04-06");
        assert_eq!(show(&quarterly, Convention::Second), ["02-24…05-10 75/89 41.29", "0.842696629"]);
        let before = span("month", Some(10), "2026-02-05", None, "2026-02-09");
        assert_eq!(show(&before, Convention::Second), ["02-05…02-10 5/31 7.90", "0.161290323"]);
        let before = span("quarter", Some(10), "2026-02-05", None, "2026-02-05");
        assert_eq!(show(&before, Convention::Second), ["02-05…02-10 5/92 2.66", "0.054347826"]);
    }

    #[test]
    fn an_end_cuts_the_period_that_it_falls_in() {
        let before_the_boundary = span("month", Some(10), "2026-02-24", Some("2026-03-06"), "2026-04-06");
        assert_eq!(show(&before_the_boundary, Convention::Day), ["02-24…03-06 10/28 17.50", "0.357142857"]);
        let after = span("month", Some(10), "2026-02-24", Some("2026-04-01"), "2026-04-06");
        assert_eq!(
            show(&after, Convention::Day),
            ["02-24…03-10 14/28 24.50", "03-10…04-01 22/31 34.77", "1.209677419"]
        );
        let on_it = span("month", Some(10), "2026-02-10", Some("2026-03-10"), "2026-04-06");
        assert_eq!(show(&on_it, Convention::Day), ["02-10…03-10 28/28 49.00", "1"]);
    }

    #[test]
    fn a_period_is_billed_when_its_start_is_reached() {
        let until = |through| show(&span("month", None, "2026-01-31", None, through), Convention::Second);
        assert_eq!(until("2026-01-30"), ["0"]);
        assert_eq!(until("2026-01-31"), ["01-31…02-28 28/28 49.00", "1"]);
        assert_eq!(until("2026-02-27"), ["01-31…02-28 28/28 49.00", "1"]);
        assert_eq!(until("2026-02-28").last().unwrap(), "2");
        assert_eq!(until("2026-03-31").last().unwrap(), "3");
    }

    #[test]
    fn a_leap_years_period_has_366_days() {
        let leap = span("year", Some(1), "2028-02-29", None, "2028-03-01");
        assert_eq!(show(&leap, Convention::Day), ["02-29…02-01 338/366 45.25", "0.923497268"]);
        let plain = span("year", Some(1), "2027-03-01", Some("2027-04-01"), "2027-03-01");
        assert_eq!(show(&plain, Convention::Day), ["03-01…04-01 31/366 4.15", "0.084699454"]);
    }

    #[test]
    fn where_both_ends_count_the_end_is_the_last_day() {
        let to_the_fifteenth = span("month", Some(1), "2026-03-01", Some("2026-03-15"), "2026-03-01");
        assert_eq!(
            show(&to_the_fifteenth, Convention::DayInclusive),
            ["03-01…03-16 15/31 23.71", "0.483870968"]
        );
        let one_day = span("month", Some(1), "2026-03-01", Some("2026-03-01"), "2026-03-01");
        assert_eq!(show(&one_day, Convention::DayInclusive), ["03-01…03-02 1/31 1.58", "0.032258065"]);
        let month = span("month", Some(1), "2026-03-01", Some("2026-03-31"), "2026-03-01");
        assert_eq!(show(&month, Convention::DayInclusive), ["03-01…04-01 31/31 49.00", "1"]);
    }

    #[test]
    fn every_month_has_thirty_days_where_that_is_agreed() {
        let february = span("month", Some(1), "2026-02-16", None, "2026-02-16");
        assert_eq!(show(&february, Convention::Month30), ["02-16…03-01 15/30 24.50", "0.5"]);
    }

    #[test]
    fn an_end_before_the_start_is_refused_and_one_at_the_start_bills_nothing() {
        let wrong = span("month", None, "2026-03-01", Some("2026-02-28"), "2026-03-01");
        assert_eq!(wrong.bill(&rules(Convention::Second)), Err(NoSpan::EndBeforeStart));
        let nothing = span("month", None, "2026-03-01", Some("2026-03-01"), "2026-03-01");
        assert_eq!(show(&nothing, Convention::Second), ["0"]);
    }

    #[test]
    fn a_boundary_keeps_the_clock_reading_of_the_start() {
        let s = span("month", Some(10), "2026-02-24 12:00:00", None, "2026-02-24 12:00:00");
        let part = s.bill(&rules(Convention::Second)).unwrap().parts[0];
        assert_eq!(
            (part.billed.end, part.fraction.to_string()),
            (at("2026-03-10 12:00:00"), "0.5".to_owned())
        );
    }

    proptest! {
        /// Billing to a moment and from it on is billing the whole, wherever it is cut.
        #[test]
        fn spans_cut_in_two_add_up(
            start in 0i64..20_000, days in 1i64..800, cut in 0i64..=1000, anchor in 1u32..=31, word in 0usize..6,
            every in 1i64..4,
        ) {
            let day = |n| add_days(at("1990-01-01").date(), n).unwrap().and_time(chrono::NaiveTime::MIN);
            let middle = start + days * cut / 1000;
            let interval = Interval::parse(Interval::NAMES[word], every).unwrap();
            let terms = Terms { price: parse("49").unwrap(), quantity: Decimal::ONE };
            let end = day(start + days);
            let whole = Span { terms, interval, anchor_day: Some(anchor), start: day(start), end: Some(end), through: end };
            // One grid for all: cut the parts, not the subscription.
            for by in [Convention::Second, Convention::Minute, Convention::Day] {
                let billed = whole.bill(&rules(by)).unwrap();
                let first = Span { end: Some(day(middle)), ..whole }.bill(&rules(by)).unwrap();
                let mut sum = first.cycles;
                for p in &billed.parts {
                    if p.billed.end > day(middle) {
                        let start = p.billed.start.max(day(middle));
                        sum = sum.plus(by.part(Period { start, end: p.billed.end }, p.period)).unwrap();
                    }
                }
                prop_assert_eq!(sum, billed.cycles);
                prop_assert!(billed.parts.windows(2).all(|w| w[0].billed.end == w[1].billed.start));
            }
        }
    }
}
