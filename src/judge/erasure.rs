//! When a request to be deleted is due: the law that holds for it, its period, and its extension.
//!
//! Days are calendar days of the zone in which requests are answered. A request is in time through the whole of its
//! last day.

mod regime;

pub use regime::{REGIMES, Regime, Span};

use crate::model::time::add_days;
use chrono::{Datelike as _, NaiveDate, Weekday};
use std::collections::BTreeSet;

/// A deadline is never moved further than this: holidays without an end are a fault of the settings.
const MOST_MOVED: usize = 60;

/// The days on which nobody works.
#[derive(Clone, Debug, Default)]
pub struct Holidays(pub BTreeSet<NaiveDate>);

impl Holidays {
    /// Neither Saturday, Sunday nor a holiday.
    pub fn works(&self, day: NaiveDate) -> bool {
        !matches!(day.weekday(), Weekday::Sat | Weekday::Sun) && !self.0.contains(&day)
    }

    /// The day itself, else the first working day after it.
    pub fn next_working(&self, day: NaiveDate) -> NaiveDate {
        day.iter_days().take(MOST_MOVED).find(|d| self.works(*d)).unwrap_or(day)
    }
}

/// An extension that somebody has noted.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Asked {
    /// The day until which.
    pub until: NaiveDate,
    /// Whether a reason is noted.
    pub reasoned: bool,
}

/// What became of it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Extension {
    /// There is none, or it ends no later than the period itself.
    None,
    /// It counts.
    Counts,
    /// The law asks for a reason and there is none: it does not count.
    Unreasoned,
    /// It counts up to the latest day that the law allows.
    TooLong,
}

/// The last day on which a request is answered in time.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Deadline {
    /// With the extension, where it counts.
    pub due: NaiveDate,
    /// Without it.
    pub regular: NaiveDate,
    /// The latest to which the law lets it be extended.
    pub latest: NaiveDate,
    /// What became of the extension.
    pub extension: Extension,
}

/// The deadline of a request received on a day. `None` beyond the calendar.
pub fn deadline(
    regime: &Regime,
    received: NaiveDate,
    asked: Option<Asked>,
    holidays: &Holidays,
) -> Option<Deadline> {
    let moved = |day| if regime.working_day { holidays.next_working(day) } else { day };
    let regular = moved(regime.period.after(received)?);
    let latest = moved(regime.period.and(regime.more).after(received)?);
    let (due, extension) = match asked {
        Some(a) if a.until > regular => {
            let until = moved(a.until);
            if regime.reasoned && !a.reasoned {
                (regular, Extension::Unreasoned)
            } else if until > latest {
                (latest, Extension::TooLong)
            } else {
                (until, Extension::Counts)
            }
        }
        _ => (regular, Extension::None),
    };
    Some(Deadline { due, regular, latest, extension })
}

/// Whole days from one day to another; negative where it lies before.
pub fn days_between(from: NaiveDate, to: NaiveDate) -> i64 {
    (to - from).num_days()
}

/// The day so many days after a moment's day, as retention periods count.
pub fn retained_until(from: NaiveDate, days: i64) -> Option<NaiveDate> {
    add_days(from, days)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn day(text: &str) -> NaiveDate {
        text.parse().unwrap()
    }

    fn regime(id: &str) -> Regime {
        Regime::parse(id).unwrap()
    }

    fn due(id: &str, received: &str) -> String {
        deadline(&regime(id), day(received), None, &Holidays::default()).unwrap().due.to_string()
    }

    fn extended(id: &str, received: &str, until: &str, reasoned: bool) -> (String, Extension) {
        let asked = Some(Asked { until: day(until), reasoned });
        let found = deadline(&regime(id), day(received), asked, &Holidays::default()).unwrap();
        (found.due.to_string(), found.extension)
    }

    #[test]
    fn a_month_is_the_same_day_of_the_next_month() {
        assert_eq!(due("gdpr", "2026-10-12"), "2026-11-12");
        assert_eq!(due("gdpr", "2026-12-01"), "2027-01-01");
    }

    #[test]
    fn where_the_next_month_has_no_such_day_its_last_one_counts() {
        assert_eq!(due("gdpr", "2026-08-31"), "2026-09-30");
        assert_eq!(due("gdpr", "2027-01-29"), "2027-03-01", "28 February 2027 is a Sunday");
        assert_eq!(due("gdpr", "2028-01-31"), "2028-02-29");
    }

    #[test]
    fn a_weekend_moves_it_to_monday() {
        assert_eq!(due("gdpr", "2026-09-10"), "2026-10-12", "10 October 2026 is a Saturday");
        assert_eq!(due("gdpr", "2026-09-11"), "2026-10-12", "a Sunday");
        assert_eq!(due("gdpr", "2026-09-09"), "2026-10-09", "a Friday stays");
    }

    #[test]
    fn a_holiday_moves_it_to_the_next_working_day() {
        let holidays = Holidays([day("2026-12-25"), day("2026-12-28")].into());
        let found = deadline(&regime("gdpr"), day("2026-11-25"), None, &holidays).unwrap();
        assert_eq!(found.due, day("2026-12-29"), "Friday and Monday are holidays");
        assert_eq!(Holidays::default().next_working(day("2026-12-25")), day("2026-12-25"));
    }

    #[test]
    fn california_has_45_calendar_days_and_45_more() {
        assert_eq!(due("ccpa", "2026-10-21"), "2026-12-05", "a Saturday stays");
        assert_eq!(
            extended("ccpa", "2026-10-21", "2027-01-19", false),
            ("2027-01-19".into(), Extension::Counts)
        );
        assert_eq!(
            extended("ccpa", "2026-10-21", "2027-01-20", true),
            ("2027-01-19".into(), Extension::TooLong)
        );
    }

    #[test]
    fn an_extension_needs_a_reason_and_ends_two_months_later_at_most() {
        let of = |until, reasoned| extended("gdpr", "2026-08-12", until, reasoned);
        assert_eq!(of("2026-10-30", true), ("2026-10-30".into(), Extension::Counts));
        assert_eq!(
            of("2026-10-30", false),
            ("2026-09-14".into(), Extension::Unreasoned),
            "12 September is a Saturday"
        );
        assert_eq!(of("2026-11-12", true), ("2026-11-12".into(), Extension::Counts));
        assert_eq!(of("2026-11-13", true), ("2026-11-12".into(), Extension::TooLong));
        assert_eq!(of("2026-09-14", false), ("2026-09-14".into(), Extension::None), "it ends no later");
    }

    #[test]
    fn an_extension_to_a_weekend_ends_on_monday() {
        assert_eq!(
            extended("gdpr", "2026-09-10", "2026-12-05", true),
            ("2026-12-07".into(), Extension::Counts)
        );
        let last = extended("gdpr", "2026-09-12", "2026-12-12", true);
        assert_eq!(last, ("2026-12-14".into(), Extension::Counts), "three months end on a Saturday too");
    }

    proptest! {
        #[test]
        fn a_deadline_is_a_working_day_within_the_laws_bounds(
            received in 0i64..40_000, until in prop::option::of(0i64..200), reasoned in any::<bool>(),
            holidays in prop::collection::btree_set(0i64..140, 0..20),
        ) {
            let first = day("1990-01-01") + chrono::TimeDelta::days(received);
            let plus = |n: i64| first + chrono::TimeDelta::days(n);
            let holidays = Holidays(holidays.into_iter().map(plus).collect());
            let asked = until.map(|n| Asked { until: plus(n), reasoned });
            for id in ["gdpr", "ccpa", "30 days"] {
                let regime = regime(id);
                let found = deadline(&regime, first, asked, &holidays).unwrap();
                prop_assert!(found.regular <= found.due && found.due <= found.latest, "{found:?}");
                prop_assert!(found.due > first);
                prop_assert!(!regime.working_day || holidays.works(found.due), "{found:?}");
                if id == "gdpr" {
                    let days = days_between(first, found.regular);
                    // 28 to 31 days, and at most the free days after them.
                    prop_assert!((28..=31 + 2 + 3 * 20).contains(&days), "{days}");
                }
            }
        }

        #[test]
        fn a_later_receipt_is_never_due_earlier(received in 0i64..40_000) {
            let first = day("1990-01-01") + chrono::TimeDelta::days(received);
            for id in ["gdpr", "ccpa", "15 days + 10 days"] {
                let on = |d| deadline(&regime(id), d, None, &Holidays::default()).unwrap().due;
                prop_assert!(on(first) <= on(first.succ_opt().unwrap()));
            }
        }
    }
}
