//! When a flag ends.

use super::{inputs::Flag, policy::Policy};
use crate::model::time::Instant;
use chrono::TimeDelta;

/// Kinds that have no end unless `[flags.lifespan]` gives them one: they are there to stay.
const TO_STAY: &[&str] = &["kill_switch", "permission"];

/// What says when a flag ends.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Source {
    Extended,
    Expires,
    /// So long after it was created.
    Lifespan(TimeDelta),
}

/// A flag's end.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum End {
    At(Instant, Source),
    /// It has none, since it is `permanent`, a `kill switch`, …
    None(&'static str),
    /// The export has neither an end nor the day it was created.
    Unknown,
}

/// The end: extended_until, else expires_at, else created_at and the lifespan of the kind. Permanent flags, kill
/// switches and permission flags have none.
pub(super) fn end(flag: &Flag, policy: &Policy) -> End {
    let kind = flag.kind.as_deref();
    let lifespan = policy.lifespans.get(kind.unwrap_or("other")).copied();
    if flag.permanent == Some(true) {
        return End::None("is permanent");
    }
    if let Some(kind) = kind.filter(|k| lifespan.is_none() && TO_STAY.contains(k)) {
        return End::None(if kind == "permission" { "is a permission flag" } else { "is a kill switch" });
    }
    if let Some(at) = flag.extended_until {
        return End::At(at, Source::Extended);
    }
    if let Some(at) = flag.expires_at {
        return End::At(at, Source::Expires);
    }
    match (lifespan, flag.created_at) {
        (None, _) => End::None("is of a kind without a lifespan"),
        (Some(lifespan), Some(created)) => match created.checked_add_signed(lifespan) {
            Some(at) => End::At(at, Source::Lifespan(lifespan)),
            None => End::Unknown,
        },
        (Some(_), None) => End::Unknown,
    }
}

#[cfg(test)]
pub(super) mod tests {
    use super::*;
    use crate::{
        checks::flags_audit::{inputs::Known, policy::playbook},
        data::At,
        model::time::Stamp,
    };

    pub(in super::super) fn at(text: &str) -> Instant {
        Stamp::parse(text).unwrap().in_zone(chrono_tz::Tz::UTC)
    }

    /// A release flag of 1 January 2028, of which nothing else is known.
    pub(in super::super) fn flag() -> Flag {
        Flag {
            at: At::default(),
            flag: "new-report".into(),
            owner: None,
            created_at: Some(at("2028-01-01T12:00:00Z")),
            expires_at: None,
            kind: Some("release".into()),
            status: None,
            rollout_percent: None,
            last_changed_at: None,
            last_evaluated_at: None,
            extended_until: None,
            justification: None,
            permanent: None,
            temporary: None,
            tags: None,
        }
    }

    pub(in super::super) fn known(flag: Flag) -> Known {
        Known {
            rollout: flag.rollout_percent,
            changed_at: flag.last_changed_at,
            evaluated_at: flag.last_evaluated_at,
            status: flag.status,
            environment_at: None,
            flag,
        }
    }

    fn ends(change: impl FnOnce(&mut Flag)) -> End {
        let mut flag = flag();
        change(&mut flag);
        end(&flag, &playbook())
    }

    #[test]
    fn ninety_days_are_counted_over_a_leap_day_and_by_the_hour() {
        // January 30 days, February 29, March 31.
        let lifespan = Source::Lifespan(TimeDelta::days(90));
        assert_eq!(ends(|_| {}), End::At(at("2028-03-31T12:00:00Z"), lifespan));
        assert_eq!(ends(|f| f.kind = None), End::At(at("2028-03-31T12:00:00Z"), lifespan));
    }

    #[test]
    fn an_extension_counts_before_an_expiry_and_that_before_the_lifespan() {
        let (early, late) = (at("2028-02-01"), at("2028-09-01"));
        assert_eq!(ends(|f| f.expires_at = Some(late)), End::At(late, Source::Expires));
        let both = |f: &mut Flag| (f.expires_at, f.extended_until) = (Some(late), Some(early));
        assert_eq!(ends(both), End::At(early, Source::Extended));
        let undated = |f: &mut Flag| (f.created_at, f.expires_at) = (None, Some(late));
        assert_eq!(ends(undated), End::At(late, Source::Expires));
    }

    #[test]
    fn what_is_there_to_stay_has_no_end_and_what_has_no_date_an_unknown_one() {
        assert_eq!(ends(|f| f.permanent = Some(true)), End::None("is permanent"));
        assert_eq!(ends(|f| f.kind = Some("kill_switch".into())), End::None("is a kill switch"));
        let dated =
            |f: &mut Flag| (f.kind, f.expires_at) = (Some("permission".into()), Some(at("2028-02-01")));
        assert_eq!(ends(dated), End::None("is a permission flag"));
        assert_eq!(ends(|f| f.created_at = None), End::Unknown);
    }
}
