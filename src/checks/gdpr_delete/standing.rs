//! How a request stands by its confirmations alone: pure, given the moment.

use super::{
    inputs::{Confirmation, Inputs, Request, System},
    policy::Policy,
};
use crate::{
    data::records::Text,
    judge::erasure::{Asked, Deadline, Regime, days_between, deadline, retained_until},
    model::time::{Instant, Stamp},
};
use chrono::NaiveDate;

/// What is owed to a request.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Life {
    /// Rejected or withdrawn: nothing.
    Closed,
    /// Who asks is not known yet: nothing is late. What was confirmed or said is judged all the same.
    Unverified,
    /// An answer by its last day.
    Owed,
}

/// What a system has answered by now.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Answer {
    /// Nothing.
    Silent,
    /// That it will.
    Pending,
    /// That it could not.
    Failed,
    /// Deleted, anonymized or not found, and when it said so.
    Erased(Option<Instant>),
    /// That it must keep the data.
    Retained(Retention),
}

/// Why and until when a system keeps data.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Retention {
    pub at: Option<Instant>,
    /// Where the legal basis stands.
    pub basis: Stated,
    /// Where the end stands.
    pub end: Stated,
    /// The last day on which it may be kept.
    pub until: Option<NaiveDate>,
    /// That day lies before today.
    pub ended: bool,
}

/// Where a part of a retention is stated.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Stated {
    /// In the confirmation.
    Confirmed,
    /// In the list of systems alone.
    Listed,
    /// Nowhere.
    Nowhere,
}

impl Retention {
    /// The weaker of its two parts.
    pub(super) fn stated(&self) -> Stated {
        self.basis.max(self.end)
    }
}

/// A system and its answer.
#[derive(Clone, Copy, Debug)]
pub(super) struct Reply<'i> {
    pub system: &'i System,
    pub answer: Answer,
    pub confirmation: Option<&'i Confirmation>,
}

impl Reply<'_> {
    /// Deleted, anonymized, not found, or retained with a legal basis and an end.
    pub(super) fn confirmed(&self) -> bool {
        match self.answer {
            Answer::Erased(_) => true,
            Answer::Retained(r) => r.stated() < Stated::Nowhere,
            Answer::Silent | Answer::Pending | Answer::Failed => false,
        }
    }

    /// When it confirmed, where that is known.
    pub(super) fn at(&self) -> Option<Instant> {
        match self.answer {
            Answer::Erased(at) => at,
            Answer::Retained(r) => r.at,
            Answer::Silent | Answer::Pending | Answer::Failed => None,
        }
    }

    /// Whether it may still hold the data.
    pub(super) fn retains(&self) -> bool {
        matches!(self.answer, Answer::Retained(r) if !r.ended && r.stated() < Stated::Nowhere)
    }
}

/// A request with all that follows from dates and confirmations.
pub(super) struct Case<'i> {
    pub request: &'i Request,
    pub life: Life,
    pub regime: Regime,
    pub deadline: Deadline,
    /// The systems that hold personal data, by name.
    pub replies: Vec<Reply<'i>>,
    /// When the customer was told that it is done, if by now.
    pub told: Option<Instant>,
    /// Whether its last day is over.
    pub past_due: bool,
    /// Days from today to its last day; negative where it is over.
    pub days_left: i64,
}

impl Case<'_> {
    /// Whether every system has confirmed.
    pub(super) fn all_confirmed(&self) -> bool {
        self.replies.iter().all(Reply::confirmed)
    }

    /// The systems that have not.
    pub(super) fn missing(&self) -> impl Iterator<Item = &Reply<'_>> {
        self.replies.iter().filter(|r| !r.confirmed())
    }

    /// The systems that had not confirmed when the customer was told; none where nobody told.
    pub(super) fn told_before(&self) -> Vec<&Reply<'_>> {
        let Some(told) = self.told else { return Vec::new() };
        self.replies.iter().filter(|r| !r.confirmed() || r.at().is_some_and(|at| at > told)).collect()
    }

    /// Whether a retention has ended and the data should be gone.
    pub(super) fn retention_ended(&self) -> bool {
        self.replies.iter().any(|r| matches!(r.answer, Answer::Retained(r) if r.ended))
    }

    /// When the last of the systems that have erased the data said so.
    pub(super) fn last_erased(&self) -> Option<Instant> {
        let erased = self.replies.iter().filter(|r| matches!(r.answer, Answer::Erased(_)));
        erased.filter_map(Reply::at).max()
    }
}

/// The answer of a confirmation as of now. One that is dated later has not been given yet.
fn answer(policy: &Policy, system: &System, confirmation: Option<&Confirmation>) -> Answer {
    let Some(c) = confirmation else { return Answer::Silent };
    if c.confirmed_at.is_some_and(|at| at > policy.as_of) {
        return Answer::Pending;
    }
    match &*c.status {
        "deleted" | "anonymized" | "not_found" => Answer::Erased(c.confirmed_at),
        "failed" => Answer::Failed,
        "retained" => Answer::Retained(retention(policy, system, c)),
        _ => Answer::Pending,
    }
}

/// Basis and end as confirmed; what the confirmation does not say, the list of systems may.
fn retention(policy: &Policy, system: &System, c: &Confirmation) -> Retention {
    let there = |text: &Option<Text>| text.as_deref().is_some_and(|t| !t.trim().is_empty());
    let basis = match (there(&c.retention_basis), there(&system.retention_basis)) {
        (true, _) => Stated::Confirmed,
        (false, true) => Stated::Listed,
        (false, false) => Stated::Nowhere,
    };
    let listed = || retained_until(policy.day(c.confirmed_at?), system.retention_days?);
    let (end, until) = match (c.retained_until, listed()) {
        (Some(day), _) => (Stated::Confirmed, Some(day)),
        (None, Some(day)) => (Stated::Listed, Some(day)),
        (None, None) => (Stated::Nowhere, None),
    };
    let ended = until.is_some_and(|day| day < policy.today);
    Retention { at: c.confirmed_at, basis, end, until, ended }
}

fn life(inputs: &Inputs, policy: &Policy, request: &Request) -> Life {
    let verified = request.verified_at.is_some_and(|at| at <= policy.as_of);
    match request.status.as_deref() {
        Some("rejected" | "withdrawn") => Life::Closed,
        _ if inputs.has.verified && !verified => Life::Unverified,
        _ => Life::Owed,
    }
}

/// The requests with what follows from dates and confirmations; `None` for one beyond the calendar.
pub(super) fn cases<'i>(inputs: &'i Inputs, policy: &Policy, fallback: Regime) -> Vec<Case<'i>> {
    let personal: Vec<&System> =
        inputs.systems.iter().filter(|s| s.holds_personal_data != Some(false)).collect();
    inputs.requests.iter().filter_map(|request| case(inputs, policy, fallback, &personal, request)).collect()
}

fn case<'i>(
    inputs: &'i Inputs,
    policy: &Policy,
    fallback: Regime,
    personal: &[&'i System],
    request: &'i Request,
) -> Option<Case<'i>> {
    let regime = policy.regime(request.country.as_deref(), request.state.as_deref()).unwrap_or(fallback);
    let reasoned =
        !inputs.has.reasons || request.extension_reason.as_deref().is_some_and(|r| !r.trim().is_empty());
    let asked = request.extended_until.map(|until| {
        let until = match until {
            Stamp::Instant(at) => policy.day(at),
            civil => civil.naive().date(),
        };
        Asked { until, reasoned }
    });
    let deadline = deadline(&regime, policy.day(request.received_at), asked, &policy.holidays)?;
    let given = inputs.confirmations.get(&request.request_id).map_or(&[][..], Vec::as_slice);
    let replies = personal.iter().map(|system| {
        let confirmation = given.iter().find(|c| c.system == system.system);
        Reply { system, answer: answer(policy, system, confirmation), confirmation }
    });
    let days_left = days_between(policy.today, deadline.due);
    Some(Case {
        request,
        life: life(inputs, policy, request),
        regime,
        deadline,
        replies: replies.collect(),
        told: request.customer_told_at.filter(|at| *at <= policy.as_of),
        past_due: days_left < 0,
        days_left,
    })
}
