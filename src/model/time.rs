//! Time: stamps as exports write them, zones, calendar arithmetic.
//!
//! A stamp with an offset is an instant. One without is a civil time, a reading of some clock on the wall, and
//! becomes an instant only when it is read in a zone; so the zone can change without a new import.

use chrono::{
    DateTime, Datelike, Days, LocalResult, Months, NaiveDate, NaiveDateTime, NaiveTime, TimeDelta, TimeZone,
    Utc,
};
use chrono_tz::Tz;
use std::fmt;
use thiserror::Error;

/// An instant, in UTC.
pub type Instant = DateTime<Utc>;

/// A point in time as it was written.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Stamp {
    /// Written with an offset.
    Instant(Instant),
    /// Written without one.
    Civil(NaiveDateTime),
    /// Only a day.
    Date(NaiveDate),
}

/// Why a text is no timestamp.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
pub enum NotTime {
    /// Nothing there.
    #[error("is empty")]
    Empty,
    /// `31/12/2026` and the like: which part is the day cannot be known.
    #[error("writes the date in another order; write YYYY-MM-DD")]
    Order,
    /// A day or hour that does not exist.
    #[error("names a day or time that does not exist")]
    NoSuch,
    /// Before 1678 or after 2261.
    #[error("lies outside the years 1678 to 2261")]
    Range,
    /// Anything else.
    #[error("is no timestamp; write 2026-10-31T21:00:00Z, 2026-10-31 21:00:00 or 2026-10-31")]
    Other,
}

impl Stamp {
    /// Reads RFC 3339, `YYYY-MM-DD HH:MM:SS[.fff][offset]` or `YYYY-MM-DD`. Years 1678 to 2261, at most nine
    /// digits of a second (more are cut off), `24:00` is refused, second 60 is the first of the next minute.
    pub fn parse(text: &str) -> Result<Stamp, NotTime> {
        let b = text.as_bytes();
        if b.is_empty() {
            return Err(NotTime::Empty);
        }
        let date = parse_date(b).ok_or_else(|| complain(text))?;
        if b.len() == 10 {
            return date.map(Stamp::Date).ok_or(NotTime::NoSuch);
        }
        let clock = parse_clock(&b[10..]).ok_or_else(|| complain(text))?;
        let (day, time) = (date.ok_or(NotTime::NoSuch)?, clock.time.ok_or(NotTime::NoSuch)?);
        let civil = day.and_time(time) + TimeDelta::seconds(i64::from(clock.leap));
        match clock.offset_seconds {
            None => Ok(Stamp::Civil(civil)),
            Some(o) => {
                let utc = civil - TimeDelta::seconds(i64::from(o));
                Ok(Stamp::Instant(utc.and_utc()))
            }
        }
    }

    /// The instant it names when clocks are read in `zone`. A day begins at its first instant there.
    pub fn in_zone(self, zone: Tz) -> Instant {
        match self {
            Stamp::Instant(t) => t,
            Stamp::Civil(t) => resolve(t, zone),
            Stamp::Date(d) => resolve(d.and_time(NaiveTime::MIN), zone),
        }
    }

    /// The civil reading without the zone: a day is its midnight, an instant its UTC reading.
    pub fn naive(self) -> NaiveDateTime {
        match self {
            Stamp::Instant(t) => t.naive_utc(),
            Stamp::Civil(t) => t,
            Stamp::Date(d) => d.and_time(NaiveTime::MIN),
        }
    }
}

/// Canonical text: `2026-10-31T21:00:00Z`, `2026-10-31T21:00:00`, `2026-10-31`; fractions without trailing zeros.
impl fmt::Display for Stamp {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Stamp::Instant(t) => write_civil(f, t.naive_utc()).and_then(|()| f.write_str("Z")),
            Stamp::Civil(t) => write_civil(f, *t),
            Stamp::Date(d) => write!(f, "{d}"),
        }
    }
}

fn write_civil(f: &mut fmt::Formatter<'_>, t: NaiveDateTime) -> fmt::Result {
    use chrono::Timelike as _;
    let (d, c) = (t.date(), t.time());
    let (year, month, day) = (d.year(), d.month(), d.day());
    write!(f, "{year:04}-{month:02}-{day:02}T{:02}:{:02}:{:02}", c.hour(), c.minute(), c.second())?;
    let nanos = c.nanosecond();
    if nanos != 0 {
        let digits = format!("{nanos:09}");
        write!(f, ".{}", digits.trim_end_matches('0'))?;
    }
    Ok(())
}

/// RFC 3339 in UTC with `Z`.
pub fn rfc3339(t: Instant) -> String {
    Stamp::Instant(t).to_string()
}

/// The instant of a civil time in a zone. In the hour that autumn repeats it is the first; a time that spring
/// skips is the first instant after the gap.
pub fn resolve(civil: NaiveDateTime, zone: Tz) -> Instant {
    if zone == Tz::UTC {
        return civil.and_utc();
    }
    match zone.from_local_datetime(&civil) {
        LocalResult::Single(t) => t.to_utc(),
        LocalResult::Ambiguous(first, _) => first.to_utc(),
        LocalResult::None => after_gap(civil, zone),
    }
}

/// The transition instant of the gap that `civil` lies in.
fn after_gap(civil: NaiveDateTime, zone: Tz) -> Instant {
    // The offset before the gap, applied to `civil`, gives an instant after the transition; the transition is
    // the first instant whose local reading lies beyond `civil`. Bisect between a day before and that instant.
    let reads_beyond = |t: Instant| t.with_timezone(&zone).naive_local() > civil;
    let (mut low, mut high) =
        (civil.and_utc() - TimeDelta::hours(40), civil.and_utc() + TimeDelta::hours(40));
    while (high - low).num_seconds() > 1 {
        let middle = low + (high - low) / 2;
        let middle = DateTime::from_timestamp(middle.timestamp(), 0).unwrap_or(middle);
        if reads_beyond(middle) {
            high = middle;
        } else {
            low = middle;
        }
    }
    high
}

/// The civil reading of an instant in a zone.
pub fn local(t: Instant, zone: Tz) -> NaiveDateTime {
    t.with_timezone(&zone).naive_local()
}

/// The first instant of a day in a zone.
pub fn day_start(day: NaiveDate, zone: Tz) -> Instant {
    resolve(day.and_time(NaiveTime::MIN), zone)
}

/// Seconds east of UTC in a zone at an instant.
pub fn offset_seconds(t: Instant, zone: Tz) -> i32 {
    use chrono::Offset;
    zone.offset_from_utc_datetime(&t.naive_utc()).fix().local_minus_utc()
}

/// `+05:45`, `-07:00`.
pub fn format_offset(seconds: i32) -> String {
    let (sign, s) = if seconds < 0 { ('-', -seconds) } else { ('+', seconds) };
    format!("{sign}{:02}:{:02}", s / 3600, s / 60 % 60)
}

/// An IANA zone by name.
pub fn zone(name: &str) -> Option<Tz> {
    name.parse().ok()
}

/// Calendar units that billing repeats by.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Unit {
    /// Calendar days.
    Day,
    /// Seven days.
    Week,
    /// Calendar months.
    Month,
    /// Twelve months.
    Year,
}

impl Unit {
    /// From `day`, `week`, `month`, `year`.
    pub fn parse(text: &str) -> Option<Unit> {
        Some(match text {
            "day" => Unit::Day,
            "week" => Unit::Week,
            "month" => Unit::Month,
            "year" => Unit::Year,
            _ => return None,
        })
    }

    /// `start` plus `n` units, keeping the clock reading; the day of the month is `anchor_day`, or the month's
    /// last day where it has no such day. `None` beyond the calendar.
    pub fn add(self, start: NaiveDateTime, n: i32, anchor_day: u32) -> Option<NaiveDateTime> {
        let date = start.date();
        let moved = match self {
            Unit::Day => add_days(date, i64::from(n))?,
            Unit::Week => add_days(date, i64::from(n) * 7)?,
            Unit::Month => add_months(date, n, anchor_day)?,
            Unit::Year => add_months(date, n.checked_mul(12)?, anchor_day)?,
        };
        Some(moved.and_time(start.time()))
    }
}

/// A day plus days, which may be negative.
pub fn add_days(date: NaiveDate, n: i64) -> Option<NaiveDate> {
    let days = Days::new(n.unsigned_abs());
    if n < 0 { date.checked_sub_days(days) } else { date.checked_add_days(days) }
}

/// A month plus months, on `anchor_day` or the month's last day.
pub fn add_months(date: NaiveDate, n: i32, anchor_day: u32) -> Option<NaiveDate> {
    let first = date.with_day(1)?;
    let months = Months::new(n.unsigned_abs());
    let first = if n < 0 { first.checked_sub_months(months)? } else { first.checked_add_months(months)? };
    let last = first.checked_add_months(Months::new(1))?.pred_opt()?;
    first.with_day(anchor_day.clamp(1, last.day()))
}

fn two(b: &[u8]) -> Option<u32> {
    match b {
        [a @ b'0'..=b'9', c @ b'0'..=b'9'] => Some(u32::from(a - b'0') * 10 + u32::from(c - b'0')),
        _ => None,
    }
}

/// `None`: not of the form; `Some(None)`: of the form, but no such day.
#[allow(clippy::option_option, reason = "form and existence are told apart in the message")]
fn parse_date(b: &[u8]) -> Option<Option<NaiveDate>> {
    if b.len() < 10 || b[4] != b'-' || b[7] != b'-' {
        return None;
    }
    let year = two(&b[0..2])? * 100 + two(&b[2..4])?;
    let (month, day) = (two(&b[5..7])?, two(&b[8..10])?);
    let year = i32::try_from(year).ok()?;
    if !(1678..=2261).contains(&year) {
        return Some(None);
    }
    Some(NaiveDate::from_ymd_opt(year, month, day))
}

struct Clock {
    time: Option<NaiveTime>,
    leap: u32,
    offset_seconds: Option<i32>,
}

/// Reads `T21:00:00[.fff][offset]` or with a space.
fn parse_clock(b: &[u8]) -> Option<Clock> {
    if b.len() < 9 || !matches!(b[0], b'T' | b't' | b' ') || b[3] != b':' || b[6] != b':' {
        return None;
    }
    let (hour, minute, second) = (two(&b[1..3])?, two(&b[4..6])?, two(&b[7..9])?);
    let mut rest = &b[9..];
    let mut nanos = 0u32;
    if rest.first() == Some(&b'.') || rest.first() == Some(&b',') {
        let digits = rest[1..].iter().take_while(|c| c.is_ascii_digit()).count();
        if digits == 0 {
            return None;
        }
        for i in 0..9 {
            let digit = if i < digits { rest[1 + i] - b'0' } else { 0 };
            nanos = nanos * 10 + u32::from(digit);
        }
        rest = &rest[1 + digits..];
    }
    let leap = u32::from(second == 60);
    let time = NaiveTime::from_hms_nano_opt(hour, minute, second - leap, nanos);
    Some(Clock { time, leap, offset_seconds: parse_offset(rest)? })
}

/// `Some(None)`: no offset given.
#[allow(clippy::option_option, reason = "a missing offset is not a malformed one")]
fn parse_offset(b: &[u8]) -> Option<Option<i32>> {
    let b = if b.first() == Some(&b' ') { &b[1..] } else { b };
    if b.is_empty() {
        return Some(None);
    }
    if matches!(b, b"Z" | b"z" | b"UTC") {
        return Some(Some(0));
    }
    let sign = match b[0] {
        b'+' => 1,
        b'-' => -1,
        _ => return None,
    };
    let (hours, minutes) = match b.len() {
        3 => (two(&b[1..3])?, 0),
        5 => (two(&b[1..3])?, two(&b[3..5])?),
        6 if b[3] == b':' => (two(&b[1..3])?, two(&b[4..6])?),
        _ => return None,
    };
    if hours > 18 || minutes > 59 {
        return None;
    }
    let seconds = i32::try_from(hours * 3600 + minutes * 60).ok()?;
    Some(Some(sign * seconds))
}

fn complain(text: &str) -> NotTime {
    let parts: Vec<_> = text.split(['/', '.', '-']).take(3).collect();
    let digits = |s: &str| s.chars().take_while(char::is_ascii_digit).count();
    let day_first =
        parts.len() == 3 && (1..=2).contains(&digits(parts[0])) && (1..=2).contains(&digits(parts[1]));
    let slashes = parts.len() == 3 && text.contains('/');
    if day_first || slashes { NotTime::Order } else { NotTime::Other }
}

/// The days `[from, to)`.
pub fn days_between(from: NaiveDate, to: NaiveDate) -> i64 {
    (to - from).num_days()
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn show(text: &str) -> String {
        Stamp::parse(text).map_or_else(|e| e.to_string(), |s| s.to_string())
    }

    #[test]
    fn the_documented_forms_are_read() {
        assert_eq!(show("2026-10-31T21:00:00Z"), "2026-10-31T21:00:00Z");
        assert_eq!(show("2026-10-31T21:00:00.250+02:00"), "2026-10-31T19:00:00.25Z");
        assert_eq!(show("2026-10-31 21:00:00"), "2026-10-31T21:00:00");
        assert_eq!(show("2026-10-31 21:00:00.5-0730"), "2026-11-01T04:30:00.5Z");
        assert_eq!(show("2026-10-31 21:00:00+00"), "2026-10-31T21:00:00Z");
        assert_eq!(show("2026-10-31"), "2026-10-31");
        assert_eq!(show("2016-12-31T23:59:60Z"), "2017-01-01T00:00:00Z");
    }

    #[test]
    fn others_are_refused_with_the_remedy() {
        for text in ["31/12/2026", "31.12.2026", "12/31/26", "2026/12/31"] {
            assert_eq!(Stamp::parse(text), Err(NotTime::Order), "{text}");
        }
        for text in ["2026-02-30", "2026-13-01", "2026-01-01T25:00:00Z", "2026-01-01T24:00:00Z", "0001-01-01"]
        {
            assert_eq!(Stamp::parse(text), Err(NotTime::NoSuch), "{text}");
        }
        for text in ["yesterday", "2026-10-31T21:00", "2026-10-31T21:00:00+25:00", "20261031", "1790726400"] {
            assert_eq!(Stamp::parse(text), Err(NotTime::Other), "{text}");
        }
        assert_eq!(Stamp::parse(""), Err(NotTime::Empty));
    }

    #[test]
    fn a_time_in_the_gap_is_the_first_instant_after_it() {
        let zone: Tz = "Europe/Berlin".parse().unwrap();
        let gap = Stamp::parse("2026-03-29 02:30:00").unwrap().in_zone(zone);
        assert_eq!(rfc3339(gap), "2026-03-29T01:00:00Z");
        let fold = Stamp::parse("2026-10-25 02:30:00").unwrap().in_zone(zone);
        assert_eq!(rfc3339(fold), "2026-10-25T00:30:00Z");
        let apia: Tz = "Pacific/Apia".parse().unwrap();
        assert_eq!(rfc3339(Stamp::parse("2011-12-30").unwrap().in_zone(apia)), "2011-12-30T10:00:00Z");
        let cairo: Tz = "America/Sao_Paulo".parse().unwrap();
        assert_eq!(rfc3339(Stamp::parse("2018-11-04").unwrap().in_zone(cairo)), "2018-11-04T03:00:00Z");
    }

    #[test]
    fn an_anchor_day_clamps_and_comes_back() {
        let jan31 = NaiveDate::from_ymd_opt(2026, 1, 31).unwrap().and_time(NaiveTime::MIN);
        let step = |n| Unit::Month.add(jan31, n, 31).unwrap().date().to_string();
        assert_eq!(
            [step(1), step(2), step(25), step(-11)],
            ["2026-02-28", "2026-03-31", "2028-02-29", "2025-02-28"]
        );
    }

    proptest! {
        #[test]
        fn canonical_text_comes_back(secs in -9_000_000_000i64..9_000_000_000, nanos in 0u32..1_000_000_000) {
            let t = DateTime::from_timestamp(secs, nanos).unwrap();
            for stamp in [Stamp::Instant(t), Stamp::Civil(t.naive_utc()), Stamp::Date(t.date_naive())] {
                prop_assert_eq!(Stamp::parse(&stamp.to_string()), Ok(stamp));
            }
        }

        #[test]
        fn days_tile_in_every_zone(day in 0i64..20_000, at in 0usize..chrono_tz::TZ_VARIANTS.len()) {
            let zone = chrono_tz::TZ_VARIANTS[at];
            let d = add_days(NaiveDate::from_ymd_opt(1980, 1, 1).unwrap(), day).unwrap();
            let (a, b) = (day_start(d, zone), day_start(d.succ_opt().unwrap(), zone));
            prop_assert!(a <= b);
            prop_assert!(a == b || local(a, zone).date() >= d);
        }

        #[test]
        fn civil_order_is_kept(secs in 0i64..2_000_000_000, more in 0i64..200_000, at in 0usize..chrono_tz::TZ_VARIANTS.len()) {
            let zone = chrono_tz::TZ_VARIANTS[at];
            let civil = DateTime::from_timestamp(secs, 0).unwrap().naive_utc();
            prop_assert!(resolve(civil, zone) <= resolve(civil + TimeDelta::seconds(more), zone));
        }
    }
}
