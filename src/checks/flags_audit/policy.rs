//! The policy in force.

use crate::{code_refs::words, settings::Settings};
use anyhow::{Context as _, Result};
use chrono::TimeDelta;
use std::{
    collections::{BTreeMap, BTreeSet},
    path::PathBuf,
};

/// Whose notion of staleness counts beside the playbook's.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Preset {
    None,
    LaunchDarkly,
    Unleash,
}

/// The policy, typed. A day is 24 hours.
#[derive(Clone, Debug)]
pub(super) struct Policy {
    pub(super) environment: String,
    pub(super) preset: Preset,
    /// By kind; `other` for a flag without one. A kind that is not there has no end.
    pub(super) lifespans: BTreeMap<String, TimeDelta>,
    pub(super) finished_after: TimeDelta,
    pub(super) stale_after: TimeDelta,
    pub(super) expiring_within: TimeDelta,
    pub(super) settled_after: TimeDelta,
    /// Words, in lower case.
    pub(super) careful: BTreeSet<String>,
    pub(super) code: Vec<PathBuf>,
}

impl Policy {
    pub(super) fn of(settings: &Settings) -> Result<Policy> {
        let table = settings.opt_table("lifespan")?;
        let mut lifespans = BTreeMap::new();
        for (kind, _) in table.entries() {
            let days = table.count(kind).unwrap_or(0);
            if days > 0 {
                lifespans.insert(kind.to_owned(), span(kind, days)?);
            }
        }
        let days = |name: &str| span(name, settings.opt_count(name)?);
        Ok(Policy {
            environment: settings.opt_text("environment")?,
            preset: match settings.opt_choice("preset")? {
                "launchdarkly" => Preset::LaunchDarkly,
                "unleash" => Preset::Unleash,
                _ => Preset::None,
            },
            lifespans,
            finished_after: days("finished-after")?,
            stale_after: days("stale-after")?,
            expiring_within: days("expiring-within")?,
            settled_after: days("settled-after")?,
            careful: settings.opt_texts("careful")?.iter().map(|w| w.trim().to_lowercase()).collect(),
            code: settings.opt_paths("code")?,
        })
    }

    /// The first careful word that a key, a tag or a path names.
    pub(super) fn careful_word(&self, text: &str) -> Option<String> {
        words(text).into_iter().find(|w| self.careful.contains(w))
    }
}

/// A hundred years are more than any flag should live.
const MOST_DAYS: u64 = 36_525;

fn span(name: &str, days: u64) -> Result<TimeDelta> {
    let days = i64::try_from(days.min(MOST_DAYS + 1)).ok().filter(|d| *d <= MOST_DAYS.cast_signed());
    days.map(TimeDelta::days).with_context(|| format!("{name} is more than {MOST_DAYS} days"))
}

#[cfg(test)]
pub(super) fn playbook() -> Policy {
    let day = TimeDelta::days;
    let lifespans = ["release", "experiment", "operational", "other"].map(|k| (k.to_owned(), day(90)));
    Policy {
        environment: "production".to_owned(),
        preset: Preset::None,
        lifespans: lifespans.into(),
        finished_after: day(30),
        stale_after: day(30),
        expiring_within: day(14),
        settled_after: day(30),
        careful: ["billing", "auth", "security"].map(str::to_owned).into(),
        code: Vec::new(),
    }
}
