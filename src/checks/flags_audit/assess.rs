//! What is the matter with one flag: a pure function of what is known of it and the moment.

use super::{
    ends::{End, Source, end},
    inputs::{Has, Known},
    policy::{Policy, Preset},
    references::Referenced,
};
use crate::model::{decimal::Decimal, time::Instant};
use chrono::TimeDelta;

/// Kinds that are at 0 or 100 % by their nature.
const STEADY: &[&str] = &["kill_switch", "operational", "permission"];

/// LaunchDarkly: a temporary flag older than this that is inactive or launched is ready for code removal
/// (launchdarkly.com/docs/home/flags/lifecycle).
const LAUNCHDARKLY_DAYS: i64 = 90;

/// Unleash's expected lifetimes (docs.getunleash.io/reference/feature-toggles#feature-flag-types), in days.
const UNLEASH_DAYS: &[(&str, i64)] = &[("release", 40), ("experiment", 40), ("operational", 7)];

/// Why a flag is stale.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Stale {
    /// Last evaluated so long ago.
    Evaluated(Instant),
    /// Never, since it was created.
    Never(Instant),
    /// By the preset, so many days after it was created.
    LaunchDarkly(i64),
    Unleash(i64),
}

/// `None` where it could not be judged.
pub(super) type Judged<T> = Option<T>;

/// What is the matter with a flag.
#[derive(Clone, Debug)]
pub(super) struct Assessment {
    pub(super) end: End,
    /// Whole days since it was created.
    pub(super) age_days: Option<i64>,
    /// Past its end: by how long.
    pub(super) overdue: Option<TimeDelta>,
    /// Before its end, and near it: how long there is.
    pub(super) expiring: Option<TimeDelta>,
    pub(super) no_owner: Judged<bool>,
    pub(super) extended_unjustified: Judged<bool>,
    pub(super) permanent_unjustified: Judged<bool>,
    /// Since when it stands at 0 or 100 %.
    pub(super) finished: Judged<Option<Instant>>,
    /// Every reason.
    pub(super) stale: Judged<Vec<Stale>>,
    /// The code was searched, and it stands nowhere.
    pub(super) unreferenced: Judged<bool>,
    pub(super) archived_in_code: Judged<bool>,
}

impl Assessment {
    /// Of an archived flag only what the code says of it is judged.
    fn archived(
        known: &Known,
        policy: &Policy,
        as_of: Instant,
        referenced: Option<&Referenced>,
    ) -> Assessment {
        Assessment {
            end: end(&known.flag, policy),
            age_days: age(known, as_of),
            overdue: None,
            expiring: None,
            no_owner: None,
            extended_unjustified: None,
            permanent_unjustified: None,
            finished: None,
            stale: None,
            unreferenced: None,
            archived_in_code: referenced.and_then(Referenced::is_there),
        }
    }

    /// Whole days past the end.
    pub(super) fn overdue_days(&self) -> Option<i64> {
        self.overdue.map(|d| d.num_days())
    }

    /// Whether any rule could be judged.
    pub(super) fn is_judged(&self) -> bool {
        self.end != End::Unknown
            || self.no_owner.is_some()
            || self.extended_unjustified.is_some()
            || self.permanent_unjustified.is_some()
            || self.finished.is_some()
            || self.stale.is_some()
            || self.unreferenced.is_some()
            || self.archived_in_code.is_some()
    }
}

/// A text that says something.
fn says(text: Option<&str>) -> bool {
    text.is_some_and(|t| !t.trim().is_empty())
}

fn age(known: &Known, as_of: Instant) -> Option<i64> {
    known.flag.created_at.map(|created| (as_of - created).num_days())
}

/// Assesses a flag. 'Past' is strictly after; what is so many days old is as old as that.
pub(super) fn assess(
    known: &Known,
    has: Has,
    policy: &Policy,
    as_of: Instant,
    referenced: Option<&Referenced>,
) -> Assessment {
    if known.is_archived() {
        return Assessment::archived(known, policy, as_of, referenced);
    }
    let flag = &known.flag;
    let end = end(flag, policy);
    let left = match end {
        End::At(at, _) => Some(at - as_of),
        End::None(_) | End::Unknown => None,
    };
    let justified = says(flag.justification.as_deref());
    let judged = |column: bool, value: bool| column.then_some(value);
    Assessment {
        end,
        age_days: age(known, as_of),
        overdue: left.filter(|left| *left < TimeDelta::zero()).map(|left| -left),
        expiring: left.filter(|left| *left >= TimeDelta::zero() && *left <= policy.expiring_within),
        no_owner: judged(has.owner, !says(flag.owner.as_deref())),
        extended_unjustified: judged(
            has.extended && has.justification,
            flag.extended_until.is_some() && !justified,
        ),
        permanent_unjustified: judged(
            has.permanent && has.justification,
            flag.permanent == Some(true) && !justified,
        ),
        finished: finished(known, has, policy, as_of),
        stale: stale(known, has, policy, as_of),
        unreferenced: referenced.and_then(Referenced::is_there).map(|there| !there),
        archived_in_code: None,
    }
}

/// Since when the flag stands at 0 or 100 %, where that is long enough.
fn finished(known: &Known, has: Has, policy: &Policy, as_of: Instant) -> Judged<Option<Instant>> {
    let flag = &known.flag;
    let steady = flag.kind.as_deref().is_some_and(|k| STEADY.contains(&k)) || flag.permanent == Some(true);
    if steady {
        return Some(None);
    }
    let rollout = known.rollout?;
    if rollout > Decimal::ZERO && rollout < Decimal::ONE_HUNDRED {
        return Some(None);
    }
    // One that was never changed stands as it was created.
    let since = known.changed_at.or(flag.created_at).filter(|_| has.changed)?;
    Some(Some(since).filter(|since| as_of - *since >= policy.finished_after))
}

fn stale(known: &Known, has: Has, policy: &Policy, as_of: Instant) -> Judged<Vec<Stale>> {
    let by_evaluation = match (has.evaluated, known.evaluated_at, known.flag.created_at) {
        (false, _, _) | (true, None, None) => None,
        (true, Some(at), _) => Some((as_of - at >= policy.stale_after).then_some(Stale::Evaluated(at))),
        (true, None, Some(at)) => Some((as_of - at >= policy.stale_after).then_some(Stale::Never(at))),
    };
    let by_preset = by_preset(known, policy.preset, as_of);
    if by_evaluation.is_none() && by_preset.is_none() {
        return None;
    }
    Some([by_evaluation, by_preset].into_iter().flatten().flatten().collect())
}

/// What another system says; `None` where nobody asks, or the export lacks what it needs.
fn by_preset(known: &Known, preset: Preset, as_of: Instant) -> Judged<Option<Stale>> {
    let flag = &known.flag;
    let age = as_of - flag.created_at?;
    let older = |days: i64| age > TimeDelta::days(days);
    match preset {
        Preset::None => None,
        Preset::LaunchDarkly => {
            let done = matches!(known.status.as_deref()?, "inactive" | "launched");
            let temporary = flag.temporary?;
            let stale = temporary && done && older(LAUNCHDARKLY_DAYS);
            Some(stale.then_some(Stale::LaunchDarkly(LAUNCHDARKLY_DAYS)))
        }
        Preset::Unleash => {
            let kind = flag.kind.as_deref()?;
            let days = UNLEASH_DAYS.iter().find(|(k, _)| *k == kind).map(|(_, days)| *days);
            Some(days.filter(|days| older(*days)).map(Stale::Unleash))
        }
    }
}

/// What sets the end, for a person: `90 days after it was created on 2026-02-17`.
pub(super) fn told_end(known: &Known, source: Source) -> String {
    match (source, known.flag.created_at) {
        (Source::Extended, _) => "it was extended to then".to_owned(),
        (Source::Lifespan(span), Some(created)) => {
            format!("{} days after it was created on {}", span.num_days(), created.date_naive())
        }
        (Source::Expires | Source::Lifespan(_), _) => "the day it was given".to_owned(),
    }
}
