//! The routing policy in force.

use super::hours::Hours;
use crate::{model::decimal::Decimal, settings::Settings};
use anyhow::{Context as _, Result};
use chrono::TimeDelta;
use std::collections::{BTreeMap, BTreeSet};

/// The queue of enterprise customers.
pub(super) const PRIORITY: &str = "priority";
/// The queue of agents who are trained in billing, and their skill.
pub(super) const BILLING: &str = "billing";
/// The queue of everything else; a ticket that stands in no queue stands there.
pub(super) const GENERAL: &str = "general";

/// A name as it is compared: `CSV Export` and `csv-export` are `csv_export`.
pub(super) fn word(text: &str) -> String {
    text.trim().to_lowercase().replace(['-', ' '], "_")
}

/// How soon a first response is owed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Targets {
    pub(super) enterprise: TimeDelta,
    pub(super) business: TimeDelta,
    pub(super) pro: TimeDelta,
    pub(super) other: TimeDelta,
}

impl Targets {
    pub(super) fn of_tier(&self, tier: Option<&str>) -> TimeDelta {
        match tier {
            Some("enterprise") => self.enterprise,
            Some("business") => self.business,
            Some("pro") => self.pro,
            _ => self.other,
        }
    }
}

/// The policy, typed.
#[derive(Clone, Debug)]
pub(super) struct Policy {
    /// By feature area, as [`word`] writes it.
    pub(super) queues: BTreeMap<String, String>,
    /// The help desk's name or group id of a queue, as [`word`] writes it.
    pub(super) queue_names: BTreeMap<String, String>,
    /// The senior agents, as [`word`] writes them.
    pub(super) senior: BTreeSet<String>,
    /// Tags, channels and queues whose tickets are left out, as [`word`] writes them.
    pub(super) left_out: BTreeSet<String>,
    pub(super) targets: Targets,
    pub(super) hours: Hours,
    /// A score under this is at risk.
    pub(super) at_risk: Decimal,
    /// A fall of so many points within `drop_days` is at risk: health's own thresholds.
    pub(super) drop: Decimal,
    pub(super) drop_days: u32,
    /// How far three quarters of the accounts must have fallen for the base to count: health's.
    pub(super) base_fall: Decimal,
    /// Per cent of the accounts of a currency whose revenue raises the priority.
    pub(super) top: Decimal,
    /// Whether tickets of every status are judged.
    pub(super) all: bool,
    /// Whether tickets are judged as things stood when they were created.
    pub(super) replay: bool,
}

impl Policy {
    /// From `[triage]`, and `[health]` for what a drop is.
    pub(super) fn of(settings: &Settings) -> Result<Policy> {
        let health = settings.for_check("health");
        let drop_days = health.opt_int("drop-days")?;
        let replay = settings.opt_switch("replay")?;
        let pairs = |name: &str| -> Result<BTreeMap<String, String>> {
            let table = settings.opt_table(name)?;
            let of = |key: &str| Some((word(key), table.text(key)?.trim().to_owned()));
            Ok(table.entries().filter_map(|(key, _)| of(key)).collect())
        };
        let senior = settings.opt_table("senior")?;
        Ok(Policy {
            queues: pairs("queues")?,
            queue_names: pairs("queue-names")?,
            senior: senior.entries().flat_map(|(team, _)| senior.texts(team)).map(word).collect(),
            left_out: settings.opt_texts("left-out")?.iter().map(|t| word(t)).collect(),
            targets: Targets {
                enterprise: settings.opt_duration("target-enterprise")?,
                business: settings.opt_duration("target-business")?,
                pro: settings.opt_duration("target-pro")?,
                other: settings.opt_duration("target-other")?,
            },
            hours: Hours::of(&settings.opt_table("hours")?, settings.timezone)?,
            at_risk: settings.opt_decimal("at-risk")?,
            drop: health.opt_decimal("drop")?,
            drop_days: u32::try_from(drop_days)
                .ok()
                .filter(|days| (1..=60).contains(days))
                .with_context(|| format!("[health] drop_days is {drop_days}; it takes 1 to 60 days"))?,
            base_fall: health.opt_decimal("base-fall")?,
            top: settings.opt_percent("top")?,
            all: replay || settings.opt_switch("all")?,
            replay,
        })
    }

    /// The shared name of the queue that the help desk says.
    pub(super) fn queue_of<'a>(&'a self, said: &'a str) -> &'a str {
        self.queue_names.get(&word(said)).map_or(said.trim(), String::as_str)
    }
}

#[cfg(test)]
pub(super) fn playbook() -> Policy {
    Policy {
        queues: BTreeMap::from([("integrations".to_owned(), "connectors".to_owned())]),
        queue_names: BTreeMap::from([("360001".to_owned(), PRIORITY.to_owned())]),
        senior: BTreeSet::new(),
        left_out: ["spam", "merged"].map(str::to_owned).into(),
        targets: Targets {
            enterprise: TimeDelta::hours(1),
            business: TimeDelta::hours(4),
            pro: TimeDelta::hours(8),
            other: TimeDelta::hours(24),
        },
        hours: Hours::Always,
        at_risk: Decimal::from(50),
        drop: Decimal::from(20),
        drop_days: 7,
        base_fall: Decimal::from(5),
        top: Decimal::TEN,
        all: false,
        replay: false,
    }
}
