//! Business hours: when a response falls due.

use crate::{
    model::time::{Instant, day_start, local, resolve},
    settings::Table,
};
use anyhow::{Context as _, Result, bail};
use chrono::{Datelike as _, NaiveDate, NaiveTime, TimeDelta, Weekday};
use chrono_tz::Tz;
use std::collections::BTreeSet;

/// The days of a week as `[triage.hours]` names them, Monday first.
pub(super) const DAYS: &[&str] = &["mon", "tue", "wed", "thu", "fri", "sat", "sun"];

/// How far ahead an open hour is looked for: ten years of holidays are a fault of the settings.
const LONGEST_DAYS: u32 = 3660;

/// The hours in which support works.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Hours {
    /// Around the clock.
    Always,
    /// On some days of the week, within a span of the day.
    Business(Business),
}

/// Hours that begin and end, `[from, to)` as the clocks of a zone show them.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Business {
    zone: Tz,
    days: [bool; 7],
    from: NaiveTime,
    /// `None` is the day's end.
    to: Option<NaiveTime>,
    holidays: BTreeSet<NaiveDate>,
}

/// `None` for `24:00`.
fn clock(text: &str) -> Option<NaiveTime> {
    NaiveTime::parse_from_str(text, "%H:%M").ok()
}

impl Hours {
    /// From `[triage.hours]`; `zone` where it names none. An empty table is around the clock; days that are not
    /// named are Monday to Friday, hours that are not named the whole day.
    pub(super) fn of(table: &Table, zone: Tz) -> Result<Hours> {
        if table.entries().next().is_none() {
            return Ok(Hours::Always);
        }
        let named = table.texts("days");
        let weekdays = &DAYS[..5];
        let days = if named.is_empty() { weekdays } else { &named[..] };
        let from = table.text("from").unwrap_or("00:00");
        let to = table.text("to").unwrap_or("24:00");
        if from >= to {
            bail!("[triage.hours] opens at {from} and closes at {to}; it must close later on the same day");
        }
        let holiday = |text: &&str| {
            text.parse().with_context(|| format!("[triage.hours] holidays holds '{text}', which is no date"))
        };
        Ok(Hours::Business(Business {
            zone: table.zone("zone").unwrap_or(zone),
            days: std::array::from_fn(|at| days.contains(&DAYS[at])),
            from: clock(from).unwrap_or(NaiveTime::MIN),
            to: clock(to),
            holidays: table.texts("holidays").iter().map(holiday).collect::<Result<_>>()?,
        }))
    }

    /// When so much open time has passed since `created`; `None` where support is not open for ten years. Time is
    /// elapsed time: an hour that a clock change skips or repeats counts as the world counts it.
    pub(super) fn due(&self, created: Instant, target: TimeDelta) -> Option<Instant> {
        let Hours::Business(business) = self else { return created.checked_add_signed(target) };
        let mut left = target;
        let first = local(created, business.zone).date();
        for day in first.iter_days().take(LONGEST_DAYS as usize) {
            let Some((opens, closes)) = business.window(day) else { continue };
            let begin = opens.max(created);
            if begin >= closes {
                continue;
            }
            if left <= closes - begin {
                return Some(begin + left);
            }
            left -= closes - begin;
        }
        None
    }
}

impl Business {
    /// The open time of a day.
    fn window(&self, day: NaiveDate) -> Option<(Instant, Instant)> {
        if !self.works(day.weekday()) || self.holidays.contains(&day) {
            return None;
        }
        let opens = resolve(day.and_time(self.from), self.zone);
        let closes = match self.to {
            Some(to) => resolve(day.and_time(to), self.zone),
            None => day_start(day.succ_opt()?, self.zone),
        };
        Some((opens, closes))
    }

    fn works(&self, day: Weekday) -> bool {
        self.days[day.num_days_from_monday() as usize]
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::time::{Stamp, rfc3339};
    use proptest::prelude::*;

    fn at(text: &str) -> Instant {
        Stamp::parse(text).unwrap().in_zone(Tz::UTC)
    }

    fn nine_to_five(zone: &str) -> Business {
        Business {
            zone: zone.parse().unwrap(),
            days: [true, true, true, true, true, false, false],
            from: clock("09:00").unwrap(),
            to: clock("17:00"),
            holidays: BTreeSet::new(),
        }
    }

    fn due(hours: &Business, created: &str, target_hours: i64) -> String {
        let hours = Hours::Business(hours.clone());
        rfc3339(hours.due(at(created), TimeDelta::hours(target_hours)).unwrap())
    }

    #[test]
    fn around_the_clock_a_target_is_elapsed_time() {
        let due = Hours::Always.due(at("2026-11-05T01:55:00Z"), TimeDelta::hours(1)).unwrap();
        assert_eq!(rfc3339(due), "2026-11-05T02:55:00Z");
    }

    #[test]
    fn the_night_and_the_weekend_do_not_count() {
        let utc = nine_to_five("UTC");
        // Friday: one hour until the evening, three on Monday.
        assert_eq!(due(&utc, "2026-11-06T16:00:00Z", 4), "2026-11-09T12:00:00Z");
        // Exactly until closing is still on Friday.
        assert_eq!(due(&utc, "2026-11-06T16:00:00Z", 1), "2026-11-06T17:00:00Z");
        // At closing and before opening the clock stands.
        assert_eq!(due(&utc, "2026-11-06T17:00:00Z", 1), "2026-11-09T10:00:00Z");
        assert_eq!(due(&utc, "2026-11-09T03:00:00Z", 1), "2026-11-09T10:00:00Z");
        // 24 h are three working days of eight.
        assert_eq!(due(&utc, "2026-11-02T09:00:00Z", 24), "2026-11-04T17:00:00Z");
    }

    #[test]
    fn a_holiday_is_passed_over() {
        let mut hours = nine_to_five("UTC");
        hours.holidays.insert(NaiveDate::from_ymd_opt(2026, 12, 25).unwrap());
        // Friday the 25th is a holiday: Thursday 16:00 to 17:00, then Monday.
        assert_eq!(due(&hours, "2026-12-24T16:00:00Z", 2), "2026-12-28T10:00:00Z");
        assert_eq!(due(&hours, "2026-12-25T10:00:00Z", 1), "2026-12-28T10:00:00Z");
    }

    #[test]
    fn opening_follows_the_clock_of_the_zone_across_its_changes() {
        // New York opens at 13:00Z in summer and at 14:00Z from Sunday 1 November on.
        let west = nine_to_five("America/New_York");
        assert_eq!(due(&west, "2026-10-30T20:30:00Z", 1), "2026-11-02T14:30:00Z");
        // Berlin opens at 08:00Z in winter and at 07:00Z from Sunday 29 March on.
        let east = nine_to_five("Europe/Berlin");
        assert_eq!(due(&east, "2026-03-27T15:30:00Z", 1), "2026-03-30T07:30:00Z");
        // The local day counts: 2026-11-02T00:30 in Tokyo is still Sunday in UTC.
        assert_eq!(due(&nine_to_five("Asia/Tokyo"), "2026-11-01T15:30:00Z", 1), "2026-11-02T01:00:00Z");
    }

    #[test]
    fn a_whole_day_of_a_clock_change_has_23_or_25_hours() {
        let sundays = Business {
            days: [false, false, false, false, false, false, true],
            from: NaiveTime::MIN,
            to: None,
            ..nine_to_five("Europe/Berlin")
        };
        // 25 October 2026 has 25 hours: all 25 fit.
        assert_eq!(due(&sundays, "2026-10-24T22:00:00Z", 25), "2026-10-25T23:00:00Z");
        // 29 March 2026 has 23: the 24th hour is on the next Sunday, 5 April from 22:00Z of the 4th.
        assert_eq!(due(&sundays, "2026-03-28T23:00:00Z", 23), "2026-03-29T22:00:00Z");
        assert_eq!(due(&sundays, "2026-03-28T23:00:00Z", 24), "2026-04-04T23:00:00Z");
    }

    #[test]
    fn hours_that_never_open_have_no_due_time() {
        let never = Business { days: [false; 7], ..nine_to_five("UTC") };
        assert_eq!(Hours::Business(never).due(at("2026-11-05"), TimeDelta::hours(1)), None);
    }

    proptest! {
        #[test]
        fn a_longer_target_is_never_due_earlier_and_none_before_its_time(
            created in 1_700_000_000i64..1_900_000_000, a in 0i64..200, more in 0i64..100,
            zone in 0usize..chrono_tz::TZ_VARIANTS.len(),
        ) {
            let hours = Hours::Business(Business { zone: chrono_tz::TZ_VARIANTS[zone], ..nine_to_five("UTC") });
            let created = chrono::DateTime::from_timestamp(created, 0).unwrap();
            let due = |h| hours.due(created, TimeDelta::hours(h)).unwrap();
            prop_assert!(due(a) >= created + TimeDelta::hours(a));
            prop_assert!(due(a) <= due(a + more));
        }
    }
}
