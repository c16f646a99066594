//! The steps of a sequence against the schedule: done on their day, early, late, missed, or twice.

use super::{
    policy::{Policy, Step},
    retries::Pauses,
    sequence::{Sent, Sequence, Try},
};
use crate::{data::At, model::time::Instant};

/// What a step consists of.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Part {
    Retry,
    Message,
}

/// How a part of a step stands at the given time.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum State {
    /// Done on its day.
    OnTime(Instant),
    /// Done before its day.
    Early(Instant),
    /// Done after its day, before the next step's.
    Late(Instant),
    /// Done when the next step's day had come.
    TooLate(Instant),
    /// Its day has not come, or is not over.
    Waiting,
    /// Not done; its day is over.
    Overdue,
    /// Not done; the next step's day has come.
    Missed,
    /// Nobody had to do it: the sequence ended before its day was over, or the decline forbids a retry.
    NotOwed,
    /// Whether it was done cannot be known.
    Unknown,
}

impl State {
    /// When it was done.
    pub(super) fn done(self) -> Option<Instant> {
        match self {
            State::OnTime(at) | State::Early(at) | State::Late(at) | State::TooLate(at) => Some(at),
            _ => None,
        }
    }

    /// Whether it still stands to be done.
    pub(super) fn is_open(self) -> bool {
        matches!(self, State::Waiting | State::Overdue)
    }
}

/// One part of one step.
#[derive(Clone, Debug)]
pub(super) struct PartJudged {
    pub part: Part,
    pub state: State,
    /// What was done before its day beside it or in place of it.
    pub early: Vec<(Instant, At)>,
    /// What was done again.
    pub repeated: Vec<(Instant, At)>,
    /// Where what was done stands.
    pub place: Option<At>,
}

/// A step with its parts.
#[derive(Clone, Debug)]
pub(super) struct StepJudged {
    pub day: i64,
    /// The kind of its message.
    pub message: Option<String>,
    pub parts: Vec<PartJudged>,
}

/// What is known of the message log.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum MessageLog {
    /// There is none.
    Absent,
    /// Its first record's moment and place.
    From(Instant, At),
}

/// What the steps are judged by.
#[derive(Clone, Copy)]
pub(super) struct Rules<'r> {
    pub policy: &'r Policy,
    pub pauses: &'r Pauses,
    pub log: MessageLog,
    pub as_of: Instant,
}

/// Judges each step that has a retry or a message; the downgrade is a matter of access.
pub(super) fn judge(seq: &Sequence<'_>, rules: &Rules<'_>) -> Vec<StepJudged> {
    let retry_steps: Vec<&Step> =
        rules.policy.steps.iter().filter(|s| s.day > 0 && rules.policy.retries_on(s)).collect();
    rules
        .policy
        .steps
        .iter()
        .map(|step| {
            let mut parts = Vec::new();
            if rules.policy.retries_on(step) {
                parts.push(match retry_steps.iter().position(|s| s.day == step.day) {
                    Some(at) => retry(seq, &retry_steps, at, rules),
                    None => first_retry(seq, step, retry_steps.is_empty(), rules.policy),
                });
            }
            if step.message.is_some() {
                parts.push(message(seq, step, rules));
            }
            StepJudged { day: step.day, message: step.message.clone(), parts }
        })
        .filter(|s| !s.parts.is_empty())
        .collect()
}

/// Whether a hard decline came before a moment.
fn declined(seq: &Sequence<'_>, policy: &Policy, before: Instant) -> bool {
    seq.tries
        .iter()
        .take_while(|t| t.at < before)
        .any(|t| t.code.as_ref().is_some_and(|c| policy.hard_declines.contains(c)))
}

/// Whether an attempt is one too many where its time is not a step's: money that came is not, since whoever pays by
/// hand does what billing waits for; and after a hard decline every attempt is a fault of its own kind.
fn is_extra(seq: &Sequence<'_>, policy: &Policy, t: &Try) -> bool {
    !t.succeeded && !declined(seq, policy, t.at)
}

/// The first failure is day 0's retry; a second attempt that day is allowed.
fn first_retry(seq: &Sequence<'_>, step: &Step, is_last: bool, policy: &Policy) -> PartJudged {
    let own_end = seq.clock.end(step.day);
    let extra: Vec<&Try> = seq.tries.iter().skip(1).filter(|t| is_extra(seq, policy, t)).collect();
    let own_day = extra.iter().filter(|t| t.at < own_end).skip(1);
    let beyond = extra.iter().filter(|t| is_last && t.at >= own_end);
    PartJudged {
        part: Part::Retry,
        state: State::OnTime(seq.first_failed),
        early: Vec::new(),
        repeated: own_day.chain(beyond).map(|t| (t.at, t.place)).collect(),
        place: seq.tries.first().map(|t| t.place),
    }
}

/// The retry of a later step is the first attempt from its day's start until the next retry step's. What is tried
/// again on its day is repeated; what is tried between two days is the later one's, done early, and after the last
/// of them repeated.
fn retry(seq: &Sequence<'_>, steps: &[&Step], at: usize, rules: &Rules<'_>) -> PartJudged {
    let (step, policy) = (steps[at], rules.policy);
    let (from, own_end) = (seq.clock.start(step.day), seq.clock.end(step.day));
    let next = steps.get(at + 1).map(|s| seq.clock.start(s.day));
    let before = at.checked_sub(1).map_or(0, |b| steps[b].day);
    let tries = || seq.tries.iter().skip(1);
    let mut window = tries().filter(|t| t.at >= from && next.is_none_or(|n| t.at < n));
    let done = window.find(|t| !t.succeeded || t.at < own_end);
    let mut part = PartJudged {
        part: Part::Retry,
        state: State::NotOwed,
        early: Vec::new(),
        repeated: Vec::new(),
        place: done.map(|t| t.place),
    };
    let forbidden = done.map_or_else(|| declined(seq, policy, own_end), |t| declined(seq, policy, t.at));
    if forbidden {
        return PartJudged { place: None, ..part };
    }
    part.repeated = window
        .filter(|t| (t.at < own_end || next.is_none()) && is_extra(seq, policy, t))
        .map(|t| (t.at, t.place))
        .collect();
    // Of what was tried since the day before it, the first is that step's own where it was late.
    let (since, over) = (seq.clock.start(before), seq.clock.end(before));
    let own_was_late = at > 0 && !tries().any(|t| t.at >= since && t.at < over);
    part.early = tries()
        .filter(|t| t.at >= over && t.at < from)
        .skip(usize::from(own_was_late))
        .filter(|t| is_extra(seq, policy, t))
        .map(|t| (t.at, t.place))
        .collect();
    part.state = match (done, part.early.first().copied()) {
        (Some(t), _) => match timing(seq, step, t.at, policy) {
            // Billing holds its retries in a pause, and makes up for them after it.
            State::Late(at) if rules.pauses.overlap(from, own_end) => State::OnTime(at),
            state => state,
        },
        (None, Some((at, place))) => {
            part.place = Some(place);
            State::Early(at)
        }
        (None, None) => undone(seq, step, rules, true),
    };
    part
}

fn message(seq: &Sequence<'_>, step: &Step, rules: &Rules<'_>) -> PartJudged {
    let kind = step.message.as_deref().unwrap_or_default();
    let sent: Vec<&Sent> = seq
        .messages
        .iter()
        .filter(|m| m.kind == kind && seq.ended_at().is_none_or(|end| m.at <= end))
        .filter(|m| step_of(seq, rules.policy, m) == Some(step.day))
        .collect();
    let from = seq.clock.start(step.day);
    let state = match sent.first() {
        Some(m) => timing(seq, step, m.at, rules.policy),
        None => undone(seq, step, rules, known(seq, step, rules)),
    };
    let repeats = |at: usize| sent[..at].iter().any(|before| sent[at].repeats(before));
    PartJudged {
        part: Part::Message,
        state,
        early: sent.iter().take(1).filter(|m| m.at < from).map(|m| (m.at, m.place)).collect(),
        repeated: (0..sent.len()).filter(|&i| repeats(i)).map(|i| (sent[i].at, sent[i].place)).collect(),
        place: sent.first().map(|m| m.place),
    }
}

/// The step that a message is: of those with its kind the latest whose day had come, else the first.
fn step_of(seq: &Sequence<'_>, policy: &Policy, m: &Sent) -> Option<i64> {
    let mut days =
        policy.steps.iter().filter(|s| s.message.as_deref() == Some(m.kind.as_str())).map(|s| s.day);
    let first = days.next()?;
    Some(days.take_while(|d| seq.clock.start(*d) <= m.at).last().unwrap_or(first))
}

/// Whether the message log tells of a step's day: it begins before that day is over, or with this very sequence.
fn known(seq: &Sequence<'_>, step: &Step, rules: &Rules<'_>) -> bool {
    match rules.log {
        MessageLog::Absent => false,
        MessageLog::From(at, place) => {
            at < seq.clock.end(step.day) || seq.messages.first().is_some_and(|m| m.place == place)
        }
    }
}

fn timing(seq: &Sequence<'_>, step: &Step, at: Instant, policy: &Policy) -> State {
    let next = policy.next_day(step.day).map(|d| seq.clock.start(d));
    if at < seq.clock.start(step.day) {
        State::Early(at)
    } else if at < seq.clock.end(step.day) {
        State::OnTime(at)
    } else if next.is_some_and(|n| at >= n) {
        State::TooLate(at)
    } else {
        State::Late(at)
    }
}

fn undone(seq: &Sequence<'_>, step: &Step, rules: &Rules<'_>, known: bool) -> State {
    let next = rules.policy.next_day(step.day).map(|d| seq.clock.start(d));
    let over = seq.clock.end(step.day);
    let stop = seq.ended_at().map_or(rules.as_of, |end| end.min(rules.as_of));
    let ended = seq.end.is_some();
    if rules.as_of < seq.clock.start(step.day) {
        return if ended { State::NotOwed } else { State::Waiting };
    }
    if !known || seq.end_unknown() {
        return State::Unknown;
    }
    if next.is_some_and(|n| stop >= n.max(over)) {
        State::Missed
    } else if stop >= over {
        State::Overdue
    } else if ended {
        State::NotOwed
    } else {
        State::Waiting
    }
}
