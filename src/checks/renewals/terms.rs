//! Which subscriptions renew, and on what day.

use crate::{
    data::records::Subscription,
    model::time::{Stamp, add_months, local},
};
use chrono::{Datelike as _, NaiveDate};
use chrono_tz::Tz;

/// A billing period of so many days or more is one of a year: 52 weeks and the 360 days of a banker's year count.
const YEAR: i64 = 360;
/// Years beyond which no anniversary is looked for.
const MOST_YEARS: i32 = 600;

/// When a subscription renews.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Renewal {
    On(NaiveDate),
    /// Its term is a year or more, and when that ends is not told.
    Untold,
    /// It does not run, or its term is shorter than a year.
    Not,
}

/// The day of a stamp in a zone; one that was written without an offset stays as it was written.
fn day(stamp: Stamp, zone: Tz) -> NaiveDate {
    match stamp {
        Stamp::Date(d) => d,
        Stamp::Civil(t) => t.date(),
        Stamp::Instant(t) => local(t, zone).date(),
    }
}

/// Its own renewal date stands over all else. Without one, a term of a year or more (any term, with `all_terms`) ends
/// with its billing period where that is as long, and an annual one that is billed more often on the anniversary of
/// its start on or after the period's end. `zone` is for subscriptions that name none.
pub(super) fn renewal(s: &Subscription, zone: Tz, all_terms: bool) -> Renewal {
    if !matches!(&*s.status, "active" | "past_due" | "paused" | "unpaid") {
        return Renewal::Not;
    }
    if let Some(date) = s.renewal_date {
        return Renewal::On(date);
    }
    let zone = s.timezone.unwrap_or(zone);
    let (start, end) = (day(s.current_period_start, zone), day(s.current_period_end, zone));
    let long = (end - start).num_days() >= YEAR;
    match s.term.as_deref() {
        _ if long => Renewal::On(end),
        Some("annual") => {
            let began = s.started_at.map(|t| local(t, zone).date());
            began.and_then(|b| anniversary(b, end)).map_or(Renewal::Untold, Renewal::On)
        }
        Some("multi_year") => Renewal::Untold,
        _ if all_terms => Renewal::On(end),
        _ => Renewal::Not,
    }
}

/// The first yearly return of a day, after the day itself, on or after another; 29 February returns on the 28th in
/// years without one.
fn anniversary(began: NaiveDate, from: NaiveDate) -> Option<NaiveDate> {
    let years = (from.year() - began.year()).clamp(1, MOST_YEARS);
    (years..=years + 1).filter_map(|y| add_months(began, y * 12, began.day())).find(|d| *d >= from)
}

#[cfg(test)]
pub(super) mod tests {
    use super::*;
    use crate::data::At;
    use chrono_tz::UTC;

    pub(in super::super) fn subscription(from: &str, to: &str) -> Subscription {
        Subscription {
            at: At::default(),
            subscription_id: "sub_1".into(),
            account_id: "acct_1".into(),
            plan: "pro".into(),
            status: "active".into(),
            quantity: None,
            price: None,
            discount: None,
            started_at: None,
            current_period_start: Stamp::parse(from).unwrap(),
            current_period_end: Stamp::parse(to).unwrap(),
            renewal_date: None,
            auto_renew: None,
            term: None,
            arr: None,
            currency: None,
            timezone: None,
            trial_end: None,
            cancel_at: None,
            canceled_at: None,
        }
    }

    fn date(text: &str) -> NaiveDate {
        text.parse().unwrap()
    }

    fn on(s: &Subscription) -> Renewal {
        renewal(s, UTC, false)
    }

    #[test]
    fn an_explicit_date_stands_over_term_and_period() {
        let mut s = subscription("2026-11-01", "2026-12-01");
        s.term = Some("monthly".into());
        assert_eq!((on(&s), renewal(&s, UTC, true)), (Renewal::Not, Renewal::On(date("2026-12-01"))));
        s.renewal_date = Some(date("2028-02-29"));
        assert_eq!(on(&s), Renewal::On(date("2028-02-29")), "a leap day");
        s.status = "canceled".into();
        assert_eq!(on(&s), Renewal::Not);
    }

    #[test]
    fn a_period_of_a_year_is_a_term_of_a_year() {
        let s = subscription("2025-12-15", "2026-12-15");
        assert_eq!(on(&s), Renewal::On(date("2026-12-15")));
    }

    #[test]
    fn the_day_of_an_instant_is_the_one_of_the_subscriptions_zone() {
        let mut s = subscription("2026-01-31T23:00:00Z", "2027-01-31T23:00:00Z");
        s.term = Some("annual".into());
        assert_eq!(on(&s), Renewal::On(date("2027-01-31")));
        s.timezone = Some(chrono_tz::Europe::Berlin);
        assert_eq!(on(&s), Renewal::On(date("2027-02-01")), "east of UTC");
        let west = subscription("2026-02-01T05:00:00Z", "2027-02-01T04:59:59Z");
        assert_eq!(renewal(&west, chrono_tz::America::New_York, false), Renewal::On(date("2027-01-31")));
        let civil = subscription("2026-02-01 00:00:00", "2027-02-01 00:00:00");
        assert_eq!(renewal(&civil, chrono_tz::America::New_York, false), Renewal::On(date("2027-02-01")));
    }

    #[test]
    fn an_annual_term_that_is_billed_monthly_renews_on_its_anniversary() {
        let mut s = subscription("2026-11-05", "2026-12-05");
        s.term = Some("annual".into());
        assert_eq!(on(&s), Renewal::Untold);
        s.started_at = Some("2025-01-05T00:00:00Z".parse().unwrap());
        assert_eq!(on(&s), Renewal::On(date("2027-01-05")));
        s.started_at = Some("2025-12-05T00:00:00Z".parse().unwrap());
        assert_eq!(on(&s), Renewal::On(date("2026-12-05")), "the period ends with the term");
        s.started_at = Some("2026-11-05T00:00:00Z".parse().unwrap());
        assert_eq!(on(&s), Renewal::On(date("2027-11-05")), "never before its first year is over");
        s.started_at = Some("2024-02-29T00:00:00Z".parse().unwrap());
        assert_eq!(on(&s), Renewal::On(date("2027-02-28")));
        s.term = Some("multi_year".into());
        assert_eq!(on(&s), Renewal::Untold, "of how many years is not told");
    }
}
