//! What the check reads, and what of it counts in one environment.

use super::policy::Policy;
use crate::{
    data::{At, Data, record, records::Text},
    model::{decimal::Decimal, time::Instant},
};
use anyhow::Result;
use std::collections::{BTreeMap, BTreeSet, HashMap};

record! {
    /// A feature flag.
    Flag of "flags" {
        flag: Text,
        owner: Option<Text>,
        created_at: Option<Instant>,
        expires_at: Option<Instant>,
        kind: Option<Text>,
        status: Option<Text>,
        rollout_percent: Option<Decimal>,
        last_changed_at: Option<Instant>,
        last_evaluated_at: Option<Instant>,
        extended_until: Option<Instant>,
        justification: Option<Text>,
        permanent: Option<bool>,
        temporary: Option<bool>,
        tags: Option<Vec<Text>>,
    }
}

record! {
    /// What one row tells of a flag in one environment.
    InEnvironment of "flag_environments" {
        flag: Text,
        environment: Text,
        rollout_percent: Option<Decimal>,
        status: Option<Text>,
        last_changed_at: Option<Instant>,
        last_evaluated_at: Option<Instant>,
    }
}

record! {
    /// A place in the code, as another tool has found it.
    CodeReference of "flag_references" {
        flag: Text,
        path: Text,
        line: Option<i64>,
    }
}

/// Columns that the exports have; an empty cell is a value, an absent column is not.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Has {
    pub(super) owner: bool,
    pub(super) extended: bool,
    pub(super) justification: bool,
    pub(super) permanent: bool,
    pub(super) changed: bool,
    pub(super) evaluated: bool,
}

impl Has {
    pub(super) fn of(data: &Data<'_>) -> Has {
        let has = |column| data.has_column("flags", column);
        let either = |column| has(column) || data.has_column("flag_environments", column);
        Has {
            owner: has("owner"),
            extended: has("extended_until"),
            justification: has("justification"),
            permanent: has("permanent"),
            changed: either("last_changed_at"),
            evaluated: either("last_evaluated_at"),
        }
    }
}

/// What counts of a flag.
#[derive(Clone, Debug)]
pub(super) struct Known {
    pub(super) flag: Flag,
    /// Of the environment that counts, else of the flag.
    pub(super) rollout: Option<Decimal>,
    pub(super) changed_at: Option<Instant>,
    pub(super) evaluated_at: Option<Instant>,
    pub(super) status: Option<Text>,
    /// The row of the environment.
    pub(super) environment_at: Option<At>,
}

impl Known {
    pub(super) fn is_archived(&self) -> bool {
        self.status.as_deref() == Some("archived")
    }
}

/// What is known of one flag in the environment that counts.
#[derive(Clone, Debug, Default)]
struct There {
    /// The row that changed last and has a rollout.
    rollout: Option<(Option<Instant>, Decimal, At)>,
    changed_at: Option<Instant>,
    evaluated_at: Option<Instant>,
    /// The status of the row that was evaluated last.
    status: Option<(Option<Instant>, Text)>,
}

impl There {
    /// Adds a row; the order of rows does not matter.
    fn add(&mut self, row: &InEnvironment) {
        self.changed_at = self.changed_at.max(row.last_changed_at);
        self.evaluated_at = self.evaluated_at.max(row.last_evaluated_at);
        if let Some(percent) = row.rollout_percent {
            self.rollout = self.rollout.take().max(Some((row.last_changed_at, percent, row.at)));
        }
        if let Some(status) = &row.status {
            self.status = self.status.take().max(Some((row.last_evaluated_at, *status)));
        }
    }
}

/// All flags, and what was noticed of their environments.
#[derive(Debug, Default)]
pub(super) struct Inputs {
    pub(super) flags: Vec<Known>,
    /// The environments that the export tells of, where the one that counts is not among them.
    pub(super) other_environments: Option<BTreeSet<Text>>,
    pub(super) references: Option<Vec<CodeReference>>,
}

pub(super) fn load(data: &Data<'_>, policy: &Policy) -> Result<Inputs> {
    let rows: Vec<InEnvironment> = data.load()?;
    let wanted = policy.environment.trim();
    let names: BTreeSet<Text> = rows.iter().map(|r| r.environment).collect();
    let is_it = |name: &str| name.trim().eq_ignore_ascii_case(wanted);
    let mut there: HashMap<Text, There> = HashMap::new();
    for row in rows.iter().filter(|r| is_it(&r.environment)) {
        there.entry(row.flag).or_default().add(row);
    }
    let known = |flag: Flag| {
        let there = there.remove(&flag.flag).unwrap_or_default();
        known(flag, there)
    };
    let flags: Vec<Flag> = data.load()?;
    let flags = flags.into_iter().map(known).collect();
    let references = data.has("flag_references").then(|| data.load()).transpose()?;
    let lacks = !names.is_empty() && !names.iter().any(|n| is_it(n));
    Ok(Inputs { flags, other_environments: lacks.then_some(names), references })
}

fn known(flag: Flag, there: There) -> Known {
    let archived = flag.status.as_deref() == Some("archived");
    let status = if archived { flag.status } else { there.status.map(|(_, s)| s).or(flag.status) };
    let environment_at = there.rollout.as_ref().map(|(_, _, at)| *at);
    Known {
        rollout: there.rollout.map(|(_, percent, _)| percent).or(flag.rollout_percent),
        changed_at: there.changed_at.or(flag.last_changed_at),
        evaluated_at: there.evaluated_at.or(flag.last_evaluated_at),
        status,
        environment_at,
        flag,
    }
}

/// The flags by name.
pub(super) fn names(flags: &[Known]) -> BTreeMap<&str, usize> {
    flags.iter().enumerate().map(|(at, known)| (&*known.flag.flag, at)).collect()
}
