//! Times that name their zone by an abbreviation: `2012-02-19 12:01:33 PST`.

use crate::model::time::{NotTime, Stamp};
use chrono::TimeDelta;

/// Abbreviations that name one offset, in minutes east of UTC. Those of North America are RFC 5322's (section 4.3),
/// whatever else `CST` or `PST` may stand for; of the others only such as no two zones used differently since 2000.
/// `IST` is India, Israel or Ireland, and so is not among them.
const OFFSETS: &[(&str, i32)] = &[
    ("UTC", 0),
    ("GMT", 0),
    ("Z", 0),
    ("EST", -300),
    ("EDT", -240),
    ("CST", -360),
    ("CDT", -300),
    ("MST", -420),
    ("MDT", -360),
    ("PST", -480),
    ("PDT", -420),
    ("AKST", -540),
    ("AKDT", -480),
    ("HST", -600),
    ("WET", 0),
    ("WEST", 60),
    ("BST", 60),
    ("CET", 60),
    ("CEST", 120),
    ("EET", 120),
    ("EEST", 180),
    ("JST", 540),
    ("AEST", 600),
    ("AEDT", 660),
    ("NZST", 720),
    ("NZDT", 780),
];

/// Why such a text is no time.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Fault {
    /// The time itself.
    Time(NotTime),
    /// The abbreviation, which is none of those that name one offset.
    Zone(String),
}

/// A time with an abbreviation of its zone is an instant; one without is read as any other.
pub(super) fn parse(text: &str) -> Result<Stamp, Fault> {
    let named =
        text.trim().rsplit_once(' ').filter(|(_, zone)| zone.starts_with(|c: char| c.is_ascii_alphabetic()));
    let Some((time, zone)) = named else { return Stamp::parse(text).map_err(Fault::Time) };
    let offset = OFFSETS.iter().find(|(name, _)| *name == zone).map(|(_, minutes)| *minutes);
    let Some(offset) = offset else { return Err(Fault::Zone(zone.to_owned())) };
    match Stamp::parse(time).map_err(Fault::Time)? {
        civil @ (Stamp::Civil(_) | Stamp::Date(_)) => {
            let utc = civil.naive() - TimeDelta::minutes(offset.into());
            Ok(Stamp::Instant(utc.and_utc()))
        }
        Stamp::Instant(_) => Err(Fault::Zone(zone.to_owned())),
    }
}

/// The abbreviations, for messages.
pub(super) fn known() -> String {
    OFFSETS.iter().map(|(name, _)| *name).collect::<Vec<_>>().join(", ")
}

#[cfg(test)]
mod tests {
    use super::*;
    use chrono::{DateTime, Offset, TimeZone, Utc};
    use chrono_tz::{OffsetName, TZ_VARIANTS};
    use std::collections::BTreeSet;

    fn at(text: &str) -> String {
        parse(text).unwrap().to_string()
    }

    #[test]
    fn a_time_with_an_abbreviation_is_an_instant() {
        assert_eq!(at("2012-02-19 12:01:33 PST"), "2012-02-19T20:01:33Z");
        assert_eq!(at("2012-07-19 12:01:33 PDT"), "2012-07-19T19:01:33Z");
        assert_eq!(at("2012-02-19 00:30:00 CET"), "2012-02-18T23:30:00Z");
        assert_eq!(at("2012-02-19 12:01:33 UTC"), "2012-02-19T12:01:33Z");
        assert_eq!(at("2012-02-19T12:01:33Z"), "2012-02-19T12:01:33Z");
        assert_eq!(at("2012-02-19 12:01:33"), "2012-02-19T12:01:33");
    }

    #[test]
    fn an_abbreviation_of_several_offsets_or_none_is_refused() {
        for zone in ["IST", "XYZ", "pst", "America/New_York"] {
            assert_eq!(parse(&format!("2012-02-19 12:01:33 {zone}")), Err(Fault::Zone(zone.to_owned())));
        }
        assert_eq!(parse("2012-02-19 12:01:33Z PST"), Err(Fault::Zone("PST".to_owned())));
        assert!(matches!(parse("19/02/2012 12:01:33 PST"), Err(Fault::Time(_))));
    }

    #[test]
    fn each_abbreviation_but_those_of_rfc_5322_has_had_one_offset_since_2000() {
        let rfc = ["EST", "EDT", "CST", "CDT", "MST", "MDT", "PST", "PDT"];
        let mut seen = BTreeSet::new();
        for zone in TZ_VARIANTS {
            for half_year in 0..54 {
                let day: DateTime<Utc> =
                    DateTime::UNIX_EPOCH + TimeDelta::days(10_957 + 15 + half_year * 182);
                let offset = zone.offset_from_utc_datetime(&day.naive_utc());
                if let Some(name) = offset.abbreviation() {
                    seen.insert((name.to_owned(), offset.fix().local_minus_utc() / 60));
                }
            }
        }
        for (name, minutes) in OFFSETS {
            let offsets: Vec<i32> = seen.iter().filter(|(n, _)| n == name).map(|(_, m)| *m).collect();
            if rfc.contains(name) {
                assert!(offsets.contains(minutes), "{name}");
            } else {
                assert!(*name == "Z" || offsets == [*minutes], "{name}: {offsets:?}");
            }
        }
        assert!(seen.iter().filter(|(n, _)| n == "IST").count() > 1);
    }
}
