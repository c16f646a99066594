//! Retries against what forbids them: pauses of billing, hard declines, the networks' bounds.

use super::{
    policy::{Bound, Policy},
    sequence::{Sequence, Try},
};
use crate::{
    data::{
        At,
        records::{Incident, Migration, Text},
    },
    model::time::Instant,
};
use chrono::TimeDelta;
use std::collections::BTreeMap;

/// Why billing holds its retries.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Why {
    Migration,
    Incident,
}

/// A time in which billing holds its retries: `[from, to)`.
#[derive(Clone, Debug)]
pub(super) struct Pause {
    pub why: Why,
    pub id: Text,
    pub from: Instant,
    pub to: Instant,
    pub place: At,
}

impl Pause {
    /// A migration that touches billing: from its start to its end. One that is not over lasts until now; one that
    /// has not begun is as long as it is estimated to be.
    pub(super) fn of_migration(m: &Migration, as_of: Instant) -> Option<Pause> {
        if m.touches_billing != Some(true) {
            return None;
        }
        let from = m.started_at.unwrap_or(m.scheduled_at);
        let estimated =
            m.estimated_seconds.and_then(TimeDelta::try_seconds).and_then(|d| from.checked_add_signed(d));
        let to = m.finished_at.or(estimated.filter(|_| m.started_at.is_none())).unwrap_or(as_of);
        (from < to).then_some(Pause { why: Why::Migration, id: m.migration_id, from, to, place: m.at })
    }

    /// A SEV1 incident: from its start until it is resolved.
    pub(super) fn of_incident(i: &Incident, as_of: Instant) -> Option<Pause> {
        let (from, to) = (i.started_at, i.resolved_at.unwrap_or(as_of));
        let counts = i.severity.as_deref() == Some("SEV1") && from < to;
        counts.then_some(Pause { why: Why::Incident, id: i.incident_id, from, to, place: i.at })
    }
}

/// All pauses, by their start.
#[derive(Clone, Debug, Default)]
pub(super) struct Pauses {
    list: Vec<Pause>,
    /// The latest end of a pause and all before it: how far back a search must go.
    latest: Vec<Instant>,
}

impl Pauses {
    pub(super) fn new(mut list: Vec<Pause>) -> Pauses {
        list.sort_by(|a, b| (a.from, a.to, &a.id).cmp(&(b.from, b.to, &b.id)));
        let mut end = Instant::MIN_UTC;
        let latest = list
            .iter()
            .map(|p| {
                end = end.max(p.to);
                end
            })
            .collect();
        Pauses { list, latest }
    }

    /// The pauses that share time with `[from, to)`, the latest first.
    fn within(&self, from: Instant, to: Instant) -> impl Iterator<Item = &Pause> {
        let last = self.list.partition_point(|p| p.from < to);
        (0..last)
            .rev()
            .take_while(move |&i| self.latest[i] > from)
            .map(|i| &self.list[i])
            .filter(move |p| p.to > from)
    }

    /// The pause in which a moment lies; of several the latest to begin.
    pub(super) fn holding(&self, at: Instant) -> Option<&Pause> {
        self.within(at, at + TimeDelta::nanoseconds(1)).next()
    }

    /// Whether one shares time with `[from, to)`.
    pub(super) fn overlap(&self, from: Instant, to: Instant) -> bool {
        self.within(from, to).next().is_some()
    }
}

/// Retries that should not have been.
#[derive(Clone, Debug)]
pub(super) enum Fault<'p> {
    /// In a pause.
    Paused { pause: &'p Pause, tries: Vec<Try> },
    /// After a decline that forbids one.
    HardDecline { code: String, declined_at: Instant, place: At, tries: Vec<Try> },
    /// More within the network's days than it allows.
    TooMany { network: String, bound: Bound, tries: Vec<Try> },
}

/// Judges the attempts after the first failure.
pub(super) fn judge<'p>(seq: &Sequence<'_>, policy: &Policy, pauses: &'p Pauses) -> Vec<Fault<'p>> {
    let retries = seq.tries.get(1..).unwrap_or_default();
    let mut faults = Vec::new();
    paused(retries, pauses, &mut faults);
    hard_declines(seq, policy, &mut faults);
    too_many(retries, policy, &mut faults);
    faults
}

/// One fault a pause.
fn paused<'p>(retries: &[Try], pauses: &'p Pauses, faults: &mut Vec<Fault<'p>>) {
    let mut by: Vec<(&Pause, Vec<Try>)> = Vec::new();
    for t in retries {
        let Some(pause) = pauses.holding(t.at) else { continue };
        match by.iter_mut().find(|(p, _)| std::ptr::eq(*p, pause)) {
            Some((_, tries)) => tries.push(t.clone()),
            None => by.push((pause, vec![t.clone()])),
        }
    }
    faults.extend(by.into_iter().map(|(pause, tries)| Fault::Paused { pause, tries }));
}

/// A lost card never pays: an attempt that succeeds, or that another network carries, was made with another card.
fn hard_declines(seq: &Sequence<'_>, policy: &Policy, faults: &mut Vec<Fault<'_>>) {
    let hard = |t: &&Try| t.code.as_ref().is_some_and(|c| policy.hard_declines.contains(c));
    let Some((at, first)) = seq.tries.iter().enumerate().find(|(_, t)| hard(t)) else { return };
    let same_card = |t: &&Try| t.network.is_none() || first.network.is_none() || t.network == first.network;
    let tries: Vec<Try> =
        seq.tries[at + 1..].iter().filter(|t| !t.succeeded).filter(same_card).cloned().collect();
    if !tries.is_empty() {
        faults.push(Fault::HardDecline {
            code: first.code.clone().unwrap_or_default(),
            declined_at: first.at,
            place: first.place,
            tries,
        });
    }
}

/// One fault a network, with the retries of the fullest window.
fn too_many(retries: &[Try], policy: &Policy, faults: &mut Vec<Fault<'_>>) {
    let mut by: BTreeMap<&str, (Bound, Vec<&Try>)> = BTreeMap::new();
    for t in retries {
        if let Some((name, bound)) = policy.bound(t.network.as_deref()) {
            by.entry(name).or_insert((bound, Vec::new())).1.push(t);
        }
    }
    for (network, (bound, list)) in by {
        let length = TimeDelta::days(bound.days);
        let mut from = 0;
        let mut fullest = 0..0;
        for (to, t) in list.iter().enumerate() {
            while t.at - list[from].at >= length {
                from += 1;
            }
            if to + 1 - from > fullest.len() {
                fullest = from..to + 1;
            }
        }
        if fullest.len() > bound.retries {
            let tries = list[fullest].iter().map(|t| (*t).clone()).collect();
            faults.push(Fault::TooMany { network: network.to_owned(), bound, tries });
        }
    }
}
