//! What to do with a flag, and why.

use super::{
    assess::{Assessment, Stale},
    ends::End,
    inputs::Known,
    policy::Policy,
    references::Referenced,
};
use crate::model::{
    decimal::{self, Decimal},
    text::counted,
    time::Instant,
};

/// What to do; in the order of how soon it can be done.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Verdict {
    /// Delete it.
    Remove,
    /// Delete it, but look first.
    RemoveWithCare,
    /// It is past its end and still at work: finish it, or extend it with a justification.
    Extend,
    /// Nothing.
    Keep,
}

impl Verdict {
    pub(super) const ALL: [Verdict; 4] =
        [Verdict::Remove, Verdict::RemoveWithCare, Verdict::Extend, Verdict::Keep];

    pub(super) fn name(self) -> &'static str {
        match self {
            Verdict::Remove => "remove",
            Verdict::RemoveWithCare => "remove_with_care",
            Verdict::Extend => "extend",
            Verdict::Keep => "keep",
        }
    }
}

/// The verdict with its reasons.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Ruling {
    pub(super) verdict: Verdict,
    /// Clauses, the weightiest first.
    pub(super) why: Vec<String>,
    /// The word for which a removal needs care: billing, auth, security.
    pub(super) careful: Option<String>,
}

impl Ruling {
    fn of(verdict: Verdict, why: Vec<String>) -> Ruling {
        Ruling { verdict, why, careful: None }
    }
}

/// Rules on a flag.
pub(super) fn rule(
    known: &Known,
    found: &Assessment,
    policy: &Policy,
    as_of: Instant,
    referenced: Option<&Referenced>,
) -> Ruling {
    if known.is_archived() {
        return archived(known, policy, found, referenced);
    }
    if let End::None(why) = found.end {
        let mut why = vec![why.to_owned()];
        why.extend(dead(found));
        return Ruling::of(Verdict::Keep, why);
    }
    let mut why: Vec<String> = at_rest(known, found).into_iter().chain(dead(found)).collect();
    let verdict = bare_verdict(known, found, policy, as_of);
    if verdict == Verdict::Keep {
        if let Some(left) = found.expiring {
            why.push(format!("ends in {}", day_count(left.num_days())));
        }
        if found.end == End::Unknown {
            why.insert(0, "age unknown: neither an end nor the day it was created is known".to_owned());
        }
        if why.is_empty() {
            why.push("not yet at its end".to_owned());
        }
        return Ruling::of(verdict, why);
    }
    if matches!(verdict, Verdict::Extend | Verdict::RemoveWithCare) {
        why.extend(undecided(known, found));
    }
    why.extend(found.overdue_days().map(|days| match days {
        0 => "less than a day past its end".to_owned(),
        days => format!("{} past its end", day_count(days)),
    }));
    if verdict == Verdict::Extend {
        return Ruling::of(verdict, why);
    }
    let named = named(known, policy, referenced);
    let careful = named.as_ref().map(|(word, _)| word.clone());
    let care: Vec<String> =
        named.into_iter().map(|(_, clause)| clause).chain(recent(known, policy, as_of)).collect();
    let verdict = if care.is_empty() { verdict } else { Verdict::RemoveWithCare };
    Ruling { verdict, why: care.into_iter().chain(why).collect(), careful }
}

/// What speaks for itself, before anything asks for care.
fn bare_verdict(known: &Known, found: &Assessment, policy: &Policy, as_of: Instant) -> Verdict {
    let stale = found.stale.as_ref().is_some_and(|s| !s.is_empty());
    let unreferenced = found.unreferenced == Some(true);
    let finished = matches!(found.finished, Some(Some(_)));
    let launched = known.status.as_deref() == Some("launched");
    // Neither asked for nor in the code, or nothing left to decide.
    if finished || (stale && unreferenced) {
        return Verdict::Remove;
    }
    if found.overdue.is_none() {
        return if stale || unreferenced { Verdict::RemoveWithCare } else { Verdict::Keep };
    }
    let at_an_end = known.rollout.is_some_and(|r| r <= Decimal::ZERO || r >= Decimal::ONE_HUNDRED);
    let moving = known.changed_at.is_some_and(|at| as_of - at < policy.settled_after);
    match known.rollout {
        _ if stale || launched => Verdict::Remove,
        Some(_) if !at_an_end && moving => Verdict::Extend,
        // Steady in between, or at an end that nobody dates: somebody must say which side stays.
        Some(_) | None => Verdict::RemoveWithCare,
    }
}

fn archived(known: &Known, policy: &Policy, found: &Assessment, referenced: Option<&Referenced>) -> Ruling {
    let mut why = vec!["archived".to_owned()];
    if found.archived_in_code != Some(true) {
        why.extend(
            referenced.filter(|r| r.is_there() == Some(false)).map(|_| "nowhere in the code".to_owned()),
        );
        return Ruling::of(Verdict::Keep, why);
    }
    let places = referenced.map_or(0, |r| r.places.len() as u64);
    why.push(format!("still in the code at {}", counted(places, "place", "places")));
    match named(known, policy, referenced) {
        None => Ruling::of(Verdict::Remove, why),
        Some((word, clause)) => {
            why.insert(0, clause);
            Ruling { verdict: Verdict::RemoveWithCare, why, careful: Some(word) }
        }
    }
}

/// `at 100 % since 2026-04-02`.
fn at_rest(known: &Known, found: &Assessment) -> Option<String> {
    let since = found.finished??;
    let rollout = decimal::shortest(known.rollout?);
    Some(format!("at {rollout} % since {}", since.date_naive()))
}

/// What says that nothing asks for it.
fn dead(found: &Assessment) -> Vec<String> {
    let stale = found.stale.iter().flatten().map(|s| match s {
        Stale::Evaluated(at) => format!("not evaluated since {}", at.date_naive()),
        Stale::Never(_) => "never evaluated".to_owned(),
        Stale::LaunchDarkly(days) => {
            format!("temporary, over {days} days old and done by LaunchDarkly's rule")
        }
        Stale::Unleash(days) => format!("past the {days} days that Unleash expects"),
    });
    let unreferenced = (found.unreferenced == Some(true)).then(|| "nowhere in the code searched".to_owned());
    stale.chain(unreferenced).collect()
}

/// `at 50 %`, where somebody must decide which side stays.
fn undecided(known: &Known, found: &Assessment) -> Option<String> {
    match known.rollout {
        Some(r) if r > Decimal::ZERO && r < Decimal::ONE_HUNDRED => Some(match known.changed_at {
            Some(at) => format!("at {} %, last changed on {}", decimal::shortest(r), at.date_naive()),
            None => format!("at {} %", decimal::shortest(r)),
        }),
        Some(r) if found.finished.is_none() => {
            Some(format!("at {} %, since when is unknown", decimal::shortest(r)))
        }
        Some(_) => None,
        None => Some("rollout unknown".to_owned()),
    }
}

/// A rollout that changed lately: what it does is not settled.
fn recent(known: &Known, policy: &Policy, as_of: Instant) -> Option<String> {
    let recent = known.changed_at.filter(|at| as_of - *at < policy.settled_after);
    recent.map(|at| format!("rollout changed on {}", at.date_naive()))
}

/// The word, such as billing, that a tag, the key or a path names, and where.
fn named(known: &Known, policy: &Policy, referenced: Option<&Referenced>) -> Option<(String, String)> {
    let flag = &known.flag;
    let tags = flag.tags.iter().flatten().map(|tag| (&**tag, format!("tagged {tag}")));
    let key = (&*flag.flag, format!("called {}", flag.flag));
    let paths = referenced.iter().flat_map(|r| &r.paths).map(|p| (p.as_str(), format!("used in {p}")));
    tags.chain([key]).chain(paths).find_map(|(text, clause)| Some((policy.careful_word(text)?, clause)))
}

fn day_count(days: i64) -> String {
    counted(days.unsigned_abs(), "day", "days")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::checks::flags_audit::{
        assess::assess,
        ends::tests::{at, flag, known},
        inputs::{Flag, Has},
        policy::playbook,
    };
    use chrono::TimeDelta;
    use proptest::prelude::*;

    const ALL: Has = Has {
        owner: true,
        extended: true,
        justification: true,
        permanent: true,
        changed: true,
        evaluated: true,
    };

    fn ruled(flag: Flag, days: i64, referenced: Option<&Referenced>) -> (Ruling, Assessment) {
        let (policy, known) = (playbook(), known(flag));
        let as_of = at("2028-01-01T12:00:00Z") + TimeDelta::days(days);
        let found = assess(&known, ALL, &policy, as_of, referenced);
        (rule(&known, &found, &policy, as_of, referenced), found)
    }

    fn flags() -> impl Strategy<Value = Flag> {
        let kinds =
            prop::sample::select(vec!["release", "experiment", "operational", "kill_switch", "permission"]);
        let statuses = prop::sample::select(vec!["active", "inactive", "launched", "archived"]);
        let day = || prop::option::of(0i64..200);
        (kinds, statuses, prop::option::of(0u32..=4), day(), day(), any::<bool>(), any::<bool>()).prop_map(
            |(kind, status, quarter, changed, evaluated, billing, permanent)| {
                let moment = |day: Option<i64>| day.map(|d| at("2028-01-01") + TimeDelta::days(d));
                Flag {
                    kind: Some(kind.into()),
                    status: Some(status.into()),
                    rollout_percent: quarter.map(|q| Decimal::from(q * 25)),
                    last_changed_at: moment(changed),
                    last_evaluated_at: moment(evaluated),
                    tags: billing.then(|| vec!["billing".into()]),
                    permanent: Some(permanent),
                    ..flag()
                }
            },
        )
    }

    proptest! {
        #[test]
        fn what_names_billing_is_never_simply_removed_and_what_is_to_stay_never_at_all(
            flag in flags(),
            days in 0i64..400,
            found_in_code in prop::option::of(any::<bool>()),
        ) {
            let referenced = found_in_code.map(|there| Referenced {
                places: if there { vec!["src/a.ts:1".to_owned()] } else { vec![] },
                paths: if there { vec!["src/a.ts".to_owned()] } else { vec![] },
                uncertain: 0,
            });
            let (ruling, found) = ruled(flag.clone(), days, referenced.as_ref());
            prop_assert!(!ruling.why.is_empty());
            if flag.tags.is_some() {
                prop_assert_ne!(ruling.verdict, Verdict::Remove);
            }
            let archived = flag.status.as_deref() == Some("archived");
            if matches!(found.end, End::None(_)) && !archived {
                prop_assert_eq!(ruling.verdict, Verdict::Keep);
            }
            if archived {
                prop_assert_eq!(ruling.verdict == Verdict::Keep, found_in_code != Some(true));
            }
            // Past its end nothing is simply kept.
            if found.overdue.is_some() {
                prop_assert_ne!(ruling.verdict, Verdict::Keep);
            }
            prop_assert!(found.overdue.is_none() || found.expiring.is_none());
        }
    }

    #[test]
    fn a_launched_flag_past_its_end_is_removed_and_one_still_moving_is_not() {
        let asked_for = Some(at("2028-03-30"));
        let launched = Flag { status: Some("launched".into()), last_evaluated_at: asked_for, ..flag() };
        assert_eq!(ruled(launched.clone(), 91, None).0.verdict, Verdict::Remove);
        assert_eq!(ruled(launched, 90, None).0.verdict, Verdict::Keep);
        let moving = Flag {
            rollout_percent: Some(Decimal::from(40)),
            last_changed_at: Some(at("2028-03-20")),
            last_evaluated_at: asked_for,
            ..flag()
        };
        assert_eq!(ruled(moving, 95, None).0.verdict, Verdict::Extend);
    }
}
