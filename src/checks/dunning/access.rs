//! Access against the grace period: who took it, when, and whether it came back.

use super::{policy::Policy, sequence::Sequence, words};
use crate::{data::records::AccessChange, model::time::Instant};

/// How a row tells of access.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Access {
    Kept,
    Lost,
    Downgraded,
}

impl Access {
    pub(super) fn name(self) -> &'static str {
        match self {
            Access::Kept => "kept",
            Access::Lost => "lost",
            Access::Downgraded => "downgraded",
        }
    }
}

/// What is wrong with access.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum FaultKind {
    /// Taken before the grace period's end.
    Early,
    /// Data was deleted.
    Deleted,
    /// Taken after the grace period without billing's word.
    Unconfirmed,
    /// Taken after the invoice was paid or void.
    AfterRecovery,
    /// Not given back in time; with the moment at which it came back, if ever.
    NotRestored(Option<Instant>),
    /// Still there past the last day.
    Overdue,
}

/// A fault, the sequence that it belongs to, and what happened.
#[derive(Clone, Debug)]
pub(super) struct Fault<'a> {
    pub kind: FaultKind,
    /// Index among the account's sequences.
    pub seq: usize,
    pub events: Vec<&'a AccessChange>,
}

/// One account's side of the story.
pub(super) struct Story<'a, 'd> {
    /// By first failure; not empty.
    pub sequences: &'a [&'a Sequence<'d>],
    /// By moment.
    pub events: &'a [&'a AccessChange],
    /// When deletion of its data was asked for.
    pub deletion_requests: &'a [Instant],
    /// Whether another export says that the account is canceled, suspended or on the free plan.
    pub inactive: bool,
    /// When the customer canceled.
    pub canceled_at: Option<Instant>,
}

fn is_removal(e: &AccessChange) -> bool {
    matches!(&*e.change, "revoked" | "downgraded")
}

impl<'a> Story<'a, '_> {
    /// Judges all events up to `as_of`. Without access changes nothing is judged; the caller sees to that.
    pub(super) fn judge(&self, policy: &Policy, as_of: Instant) -> Vec<Fault<'a>> {
        let mut faults: Vec<Fault<'a>> = Vec::new();
        let mut add = |kind: FaultKind, seq: usize, e: &'a AccessChange| match faults
            .iter_mut()
            .find(|f| f.kind == kind && f.seq == seq)
        {
            Some(fault) => fault.events.push(e),
            None => faults.push(Fault { kind, seq, events: vec![e] }),
        };
        for &e in self.events {
            if &*e.change == "data_deleted" {
                if let Some(seq) = self.deleted(e) {
                    add(FaultKind::Deleted, seq, e);
                }
            } else if is_removal(e)
                && !self.spared(e)
                && let Some((kind, seq)) = self.removal(e, policy)
            {
                add(kind, seq, e);
            }
        }
        faults.extend(self.not_restored(policy, as_of));
        faults.extend(self.overdue(policy, as_of));
        faults
    }

    /// The sequence that drives access at a moment: the earliest that runs.
    pub(super) fn driver(&self, at: Instant) -> Option<usize> {
        self.sequences.iter().position(|s| s.runs_at(at))
    }

    /// The sequence that drives access now: the earliest that has not ended.
    pub(super) fn driver_now(&self) -> Option<usize> {
        self.sequences.iter().position(|s| s.end.is_none())
    }

    /// The customer's own cancellation or chosen downgrade, and a suspension for abuse.
    fn spared(&self, e: &AccessChange) -> bool {
        let (actor, reason) = (e.actor.as_deref(), e.reason.as_deref());
        if words::is_customer(actor) {
            return true;
        }
        if words::is_nonpayment(reason) {
            return false;
        }
        words::is_customers_choice(reason)
            || words::is_abuse(reason)
            || self.canceled_at.is_some_and(|at| at <= e.moment)
    }

    fn removal(&self, e: &AccessChange, policy: &Policy) -> Option<(FaultKind, usize)> {
        if let Some(seq) = self.driver(e.moment) {
            let early = self.sequences[seq].grace_end(policy.grace_day()).is_none_or(|end| e.moment < end);
            if early {
                return Some((FaultKind::Early, seq));
            }
            return (!self.confirmed(seq, e, policy)).then_some((FaultKind::Unconfirmed, seq));
        }
        // Nothing is unpaid. What runs on by its schedule, or says so, belongs to the sequence that ended last.
        let ended = |s: &&Sequence<'_>| s.recovered_at().is_some_and(|at| at <= e.moment);
        let last = (0..self.sequences.len())
            .filter(|&i| ended(&self.sequences[i]))
            .max_by_key(|&i| self.sequences[i].recovered_at())?;
        let scheduled = e.moment < self.sequences[last].clock.end(policy.last_day());
        (scheduled || words::is_nonpayment(e.reason.as_deref())).then_some((FaultKind::AfterRecovery, last))
    }

    /// Billing confirms the end of grace by its own downgrade or by a message, before access goes.
    fn confirmed(&self, seq: usize, e: &AccessChange, policy: &Policy) -> bool {
        let grace_end = self.sequences[seq].grace_end(policy.grace_day());
        let by_change = self.events.iter().any(|b| {
            &*b.change == "downgraded"
                && words::is_billing(b.actor.as_deref())
                && b.moment <= e.moment
                && grace_end.is_none_or(|end| b.moment >= end)
        });
        by_change || {
            let messages = self.sequences[seq].messages.iter();
            messages.filter(|m| m.kind == super::policy::GRACE_EXPIRED).any(|m| m.at <= e.moment)
        }
    }

    fn deleted(&self, e: &AccessChange) -> Option<usize> {
        let asked = self.deletion_requests.iter().any(|at| *at <= e.moment)
            || words::is_customer(e.actor.as_deref())
            || words::is_erasure(e.actor.as_deref(), e.reason.as_deref());
        if asked {
            return None;
        }
        let started = |i: &usize| self.sequences[*i].first_failed <= e.moment;
        self.driver(e.moment).or_else(|| (0..self.sequences.len()).rfind(started))
    }

    /// What of the access that dunning took is missing at a moment: removals since `from` that nothing restored.
    fn missing(&self, from: Instant, at: Instant) -> Vec<&'a AccessChange> {
        let mut missing: Vec<&AccessChange> = Vec::new();
        for &e in self.events.iter().filter(|e| e.moment >= from && e.moment <= at) {
            if is_removal(e) && !self.spared(e) {
                missing.push(e);
            } else if &*e.change == "restored" {
                missing.retain(|m| e.feature.is_some() && m.feature != e.feature);
            }
        }
        missing
    }

    /// Whether a recovered sequence waits for its access, and since when; another that is past its grace period
    /// keeps it away rightly.
    fn waits(&self, seq: usize, policy: &Policy) -> Option<(Instant, Vec<&'a AccessChange>)> {
        let s = self.sequences[seq];
        let recovered = s.recovered_at().filter(|at| self.canceled_at.is_none_or(|c| c > *at))?;
        let others_grace_over = self.sequences.iter().enumerate().any(|(i, o)| {
            i != seq
                && o.runs_at(recovered)
                && o.grace_end(policy.grace_day()).is_some_and(|end| end <= recovered)
        });
        let missing = self.missing(s.first_failed, recovered);
        (!others_grace_over && !missing.is_empty()).then_some((recovered, missing))
    }

    fn not_restored(&self, policy: &Policy, as_of: Instant) -> Vec<Fault<'a>> {
        let mut faults = Vec::new();
        let mut told: Vec<&AccessChange> = Vec::new();
        for seq in 0..self.sequences.len() {
            let Some((recovered, missing)) = self.waits(seq, policy) else { continue };
            let from = self.sequences[seq].first_failed;
            let deadline = recovered + policy.restore_within;
            let new = missing.iter().any(|m| !told.iter().any(|t| std::ptr::eq(*t, *m)));
            if as_of <= deadline || !new || self.missing(from, deadline).is_empty() {
                continue;
            }
            let restored = self
                .events
                .iter()
                .filter(|e| e.moment > deadline && &*e.change == "restored")
                .map(|e| e.moment)
                .find(|at| {
                    !self.missing(from, *at).iter().any(|m| missing.iter().any(|n| std::ptr::eq(*n, *m)))
                });
            told.extend(&missing);
            faults.push(Fault { kind: FaultKind::NotRestored(restored), seq, events: missing });
        }
        faults
    }

    /// Whether a sequence's access should be given back now.
    pub(super) fn restore_due(&self, seq: usize, policy: &Policy, as_of: Instant) -> Option<Instant> {
        let (recovered, _) = self.waits(seq, policy)?;
        let missing = self.missing(self.sequences[seq].first_failed, as_of);
        (!missing.is_empty()).then_some(recovered + policy.restore_within)
    }

    fn overdue(&self, policy: &Policy, as_of: Instant) -> Option<Fault<'a>> {
        let seq = self.driver_now()?;
        let s = self.sequences[seq];
        let past = policy.grace_day().is_some_and(|day| as_of >= s.clock.end(day));
        let kept = self.access(seq, as_of) == Access::Kept && !self.inactive;
        (past && kept).then(|| Fault { kind: FaultKind::Overdue, seq, events: Vec::new() })
    }

    /// Access at a moment: of the whole account as all events leave it, and of features as this sequence's do.
    pub(super) fn access(&self, seq: usize, at: Instant) -> Access {
        let mut state = Access::Kept;
        for e in self.events.iter().filter(|e| e.moment <= at && e.feature.is_none()) {
            state = match &*e.change {
                "revoked" => Access::Lost,
                "downgraded" => Access::Downgraded,
                "restored" => Access::Kept,
                _ => state,
            };
        }
        if state != Access::Kept {
            return state;
        }
        let missing = self.missing(self.sequences[seq].first_failed, at);
        match missing.last() {
            Some(e) if &*e.change == "downgraded" => Access::Downgraded,
            Some(_) => Access::Lost,
            None => Access::Kept,
        }
    }
}
