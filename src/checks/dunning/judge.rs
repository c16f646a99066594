//! Judges every sequence, and makes the rows: who needs what, by when, and who must not be touched.

use super::{
    access::{Access, Fault, FaultKind, Story},
    findings::{Teller, parts_told},
    inputs::{self, Lookup, Map, Records, Sequences},
    names,
    policy::Policy,
    retries,
    sequence::{Ending, Sequence},
    steps::{self, MessageLog, Part, PartJudged, State, StepJudged},
};
use crate::{
    data::{
        Data,
        records::{AccessChange, Text},
    },
    engine::Outcome,
    model::{
        money,
        text::{counted, grouped},
        time::{Instant, rfc3339},
    },
    report::{Cause, Finding, Row, Severity},
};
use anyhow::Result;
use chrono::{NaiveDate, TimeDelta};
use serde_json::{Value, json};
use std::{
    cmp::Reverse,
    collections::{BTreeMap, BTreeSet, HashMap, HashSet},
};

/// How far ahead of the given time a step counts as due.
const AHEAD: TimeDelta = TimeDelta::hours(24);

/// What a person should know of a sequence.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Standing {
    Open,
    Recovered,
    Expired,
}

impl Standing {
    fn of(seq: &Sequence<'_>, policy: &Policy, as_of: Instant) -> Standing {
        match seq.end.map(|e| e.how) {
            Some(Ending::Paid | Ending::Void) => Standing::Recovered,
            Some(Ending::WrittenOff | Ending::Canceled) => Standing::Expired,
            None if seq.grace_end(policy.grace_day()).is_some_and(|end| as_of >= end) => Standing::Expired,
            None => Standing::Open,
        }
    }

    fn name(self) -> &'static str {
        match self {
            Standing::Open => "open",
            Standing::Recovered => "recovered",
            Standing::Expired => "expired",
        }
    }
}

/// A sequence as judged.
struct Judged {
    standing: Standing,
    steps: Vec<StepJudged>,
    /// `None` without access changes.
    access: Option<Access>,
    /// Whether access went once the grace period was over, and not before.
    grace_step_done: bool,
    /// What to do next, and when its day begins.
    next: Option<(String, Instant)>,
    findings: Vec<Finding>,
}

struct Judge<'j, 'd> {
    teller: Teller<'j, 'd>,
    policy: &'j Policy,
    records: &'j Records,
    lookup: &'j Lookup<'j>,
    log: MessageLog,
    access_known: bool,
    as_of: Instant,
}

/// Runs the check.
pub(super) fn run(data: &Data<'_>) -> Result<Outcome> {
    let as_of = data.settings.as_of;
    let policy = Policy::of(data.settings)?;
    let records = Records::load(data)?;
    let lookup = Lookup::new(&records, data.settings.timezone, as_of);
    let made = inputs::sequences(data, &records, &lookup, &policy)?;
    let accounts = names::accounts(&records, &lookup);
    let unmatched_ids = made.strayed + accounts.unknown.len() as u64;
    let mut out = Outcome { excluded: made.excluded, unmatched_ids, ..Outcome::default() };
    if let Some(problem) = names::differ(&records, &accounts) {
        out.problems.push(problem);
        "the exports name invoices or accounts differently".clone_into(&mut out.headline);
        return Ok(out);
    }
    let judge = Judge {
        teller: Teller { data, policy: &policy, as_of },
        policy: &policy,
        records: &records,
        lookup: &lookup,
        log: records.message_log(),
        access_known: data.has("access_changes"),
        as_of,
    };
    let judged = judge.all(&made.list);
    judge.rows(&mut out, &made.list, &judged);
    judge.rules(&mut out, &made.list, &judged);
    judge.close(&mut out, &made, &judged);
    out.findings = judged.into_iter().flat_map(|j| j.findings).collect();
    Ok(out)
}

impl Judge<'_, '_> {
    /// Every sequence, in the order of the list. Sequences of one account stand together in it.
    fn all(&self, list: &[Sequence<'_>]) -> Vec<Judged> {
        let with_sequences: HashSet<&Text> = list.iter().map(|s| &s.invoice.account_id).collect();
        let mut events: Map<'_, Vec<&AccessChange>> = HashMap::default();
        for e in &self.records.access {
            let account = self.lookup.payer(&e.account_id, |a| with_sequences.contains(a));
            events.entry(account).or_default().push(e);
        }
        let mut requests: Map<'_, Vec<Instant>> = HashMap::default();
        for r in &self.records.requests {
            let live = !matches!(r.status.as_deref(), Some("rejected" | "withdrawn"));
            if let Some(account) = r.account_id.as_ref().filter(|_| live) {
                requests.entry(account).or_default().push(r.received_at);
            }
        }
        let mut judged = Vec::with_capacity(list.len());
        for group in list.chunk_by(|a, b| a.invoice.account_id == b.invoice.account_id) {
            let account = &group[0].invoice.account_id;
            let sequences: Vec<&Sequence<'_>> = group.iter().collect();
            let canceled =
                group.iter().filter_map(|s| self.lookup.canceled_at(s.invoice, s.first_failed)).min();
            let story = Story {
                sequences: &sequences,
                events: events.get(account).map_or(&[], Vec::as_slice),
                deletion_requests: requests.get(account).map_or(&[], Vec::as_slice),
                inactive: self.lookup.inactive(account),
                canceled_at: canceled,
            };
            judged.extend(self.account(&story));
        }
        self.name_left_out_days(list, &mut judged);
        judged
    }

    fn account(&self, story: &Story<'_, '_>) -> Vec<Judged> {
        let rules = steps::Rules {
            policy: self.policy,
            pauses: &self.records.pauses,
            log: self.log,
            as_of: self.as_of,
        };
        let mut judged: Vec<Judged> = (0..story.sequences.len())
            .map(|at| {
                let seq = story.sequences[at];
                let steps = steps::judge(seq, &rules);
                let until =
                    seq.ended_at().map_or(self.as_of, |e| (e + self.policy.restore_within).min(self.as_of));
                let access = self.access_known.then(|| story.access(at, until));
                let grace_end = seq.grace_end(self.policy.grace_day()).filter(|end| *end <= until);
                let kept_before = |end| story.access(at, end - TimeDelta::nanoseconds(1)) == Access::Kept;
                let gone = access.is_some_and(|a| a != Access::Kept);
                let mut j = Judged {
                    standing: Standing::of(seq, self.policy, self.as_of),
                    next: None,
                    findings: self.retries_and_messages(seq),
                    steps,
                    access,
                    grace_step_done: gone && grace_end.is_some_and(kept_before),
                };
                j.next = self.next(story, at, &j);
                j.findings.extend(self.due(story, at, &j));
                j
            })
            .collect();
        if self.access_known {
            let unjudged = |f: &Fault<'_>| f.kind == FaultKind::Unconfirmed && self.log == MessageLog::Absent;
            for fault in story.judge(self.policy, self.as_of).iter().filter(|f| !unjudged(f)) {
                judged[fault.seq].findings.push(self.teller.access(story, fault));
            }
        }
        judged
    }

    fn retries_and_messages(&self, seq: &Sequence<'_>) -> Vec<Finding> {
        let faults = retries::judge(seq, self.policy, &self.records.pauses);
        let mut findings: Vec<Finding> = faults.iter().map(|f| self.teller.retry(seq, f)).collect();
        if let Some(end) = seq.recovered_at() {
            let mut kinds: BTreeSet<&str> = BTreeSet::new();
            for m in seq.messages.iter().filter(|m| m.at > end) {
                if kinds.insert(&m.kind) {
                    findings.push(self.teller.message_after(seq, &m.kind, m.at, m.place));
                }
            }
        }
        findings
    }

    /// Whether the downgrade is still to come: of the account's earliest unpaid invoice, while access is there.
    fn downgrade_open(&self, story: &Story<'_, '_>, at: usize, j: &Judged) -> bool {
        story.driver_now() == Some(at) && j.access.is_none_or(|a| a == Access::Kept) && !story.inactive
    }

    /// The next thing to do, and the start of its day.
    fn next(&self, story: &Story<'_, '_>, at: usize, j: &Judged) -> Option<(String, Instant)> {
        let seq = story.sequences[at];
        if seq.end.is_some() {
            let due = self.access_known.then(|| story.restore_due(at, self.policy, self.as_of)).flatten()?;
            return Some(("restore access".to_owned(), due));
        }
        for step in &self.policy.steps {
            let own = j.steps.iter().find(|s| s.day == step.day);
            let open: Vec<&PartJudged> =
                own.map(|s| s.parts.iter().filter(|p| p.state.is_open()).collect()).unwrap_or_default();
            if let Some(own) = own.filter(|_| !open.is_empty()) {
                return Some((action(own, &open), seq.clock.start(step.day)));
            }
            if step.downgrade && self.downgrade_open(story, at, j) {
                return Some(("downgrade".to_owned(), seq.clock.start(step.day)));
            }
        }
        None
    }

    /// Steps whose day has begun, or begins within the next 24 hours.
    fn due(&self, story: &Story<'_, '_>, at: usize, j: &Judged) -> Vec<Finding> {
        let seq = story.sequences[at];
        if seq.end.is_some() {
            return Vec::new();
        }
        let near = |day: i64| seq.clock.start(day) <= self.as_of + AHEAD && self.as_of < seq.clock.end(day);
        let mut findings = Vec::new();
        for step in self.policy.steps.iter().filter(|s| near(s.day)) {
            let mut what: Vec<String> = Vec::new();
            if let Some(own) = j.steps.iter().find(|s| s.day == step.day) {
                let waiting: Vec<&PartJudged> =
                    own.parts.iter().filter(|p| p.state == State::Waiting).collect();
                what.extend(waiting.iter().map(|p| parts_told(own, &[p])));
            }
            if step.downgrade && self.downgrade_open(story, at, j) {
                what.push("billing's word that grace has ended".to_owned());
                what.push("the downgrade".to_owned());
            }
            if !what.is_empty() {
                findings.push(self.teller.due(seq, step.day, &what));
            }
        }
        findings
    }

    /// Findings of steps. Where nothing of what several accounts' schedules had for a date was done on it, the job
    /// did not run that day, and that is the cause.
    fn name_left_out_days(&self, list: &[Sequence<'_>], judged: &mut [Judged]) {
        let mut days: BTreeMap<NaiveDate, (BTreeSet<&str>, u64, u64)> = BTreeMap::new();
        for (seq, j) in list.iter().zip(judged.iter()) {
            for step in &j.steps {
                let first = |p: &&PartJudged| step.day == 0 && p.part == Part::Retry;
                for p in step.parts.iter().filter(|p| !first(p)) {
                    let (due, done) = match p.state {
                        State::OnTime(_) => (1, 1),
                        State::Late(_) | State::TooLate(_) | State::Overdue | State::Missed => (1, 0),
                        _ => (0, 0),
                    };
                    let day = days.entry(seq.clock.date(step.day)).or_default();
                    if due > 0 {
                        day.0.insert(&seq.invoice.account_id);
                    }
                    day.1 += due;
                    day.2 += done;
                }
            }
        }
        let cause = |date: NaiveDate| {
            let (accounts, due, done) = days.get(&date)?;
            (accounts.len() > 1 && *done == 0).then(|| Cause {
                id: "missed-run".to_owned(),
                detail: format!(
                    "nothing of what was due on {date} was done that day: {} of {}",
                    counted(*due, "retry or message", "retries and messages"),
                    counted(accounts.len() as u64, "account", "accounts")
                ),
            })
        };
        for (seq, j) in list.iter().zip(judged.iter_mut()) {
            for step in &j.steps {
                let cause = cause(seq.clock.date(step.day));
                j.findings.extend(self.teller.step(seq, step, cause.as_ref()));
            }
        }
    }

    fn rows(&self, out: &mut Outcome, list: &[Sequence<'_>], judged: &[Judged]) {
        for (seq, j) in list.iter().zip(judged) {
            let i = seq.invoice;
            let last = seq.ended_at().map_or(self.as_of, |e| e.min(self.as_of));
            let worst = j.findings.iter().map(|f| f.severity).min();
            let rank = match (worst, j.standing) {
                (Some(Severity::Error), _) => 0,
                (Some(Severity::Warning), _) => 1,
                (Some(Severity::Info), _) => 2,
                (None, Standing::Open) => 3,
                (None, _) => 4,
            };
            out.rows.push(Row {
                values: vec![
                    json!(&*i.account_id),
                    json!(&*i.invoice_id),
                    json!(money::format(i.total, &i.currency)),
                    json!(&*i.currency),
                    json!(rfc3339(seq.first_failed)),
                    json!(seq.clock.day_of(last).max(0)),
                    json!(j.standing.name()),
                    json!(self.steps_done(j)),
                    json!(j.next.as_ref().map(|(what, _)| what)),
                    json!(j.next.as_ref().map(|(_, at)| rfc3339(*at))),
                    json!(seq.grace_end(self.policy.grace_day()).map(rfc3339)),
                    json!(j.access.map(Access::name)),
                    json!(seq.failure_code()),
                ],
                account: Some(i.account_id.to_string()),
                flagged: worst.is_some(),
                rank: (rank, Reverse(i.total)),
            });
        }
    }

    /// The days whose step is wholly done, `0;3;7`.
    fn steps_done(&self, j: &Judged) -> Option<String> {
        let done = |p: &PartJudged| p.state.done().is_some();
        let mut days: Vec<i64> = j
            .steps
            .iter()
            .filter(|s| {
                let owed = || s.parts.iter().filter(|p| p.state != State::NotOwed);
                owed().next().is_some() && owed().all(done)
            })
            .map(|s| s.day)
            .collect();
        days.extend(self.policy.grace_day().filter(|_| j.grace_step_done));
        days.sort_unstable();
        days.dedup();
        let days: Vec<String> = days.iter().map(ToString::to_string).collect();
        (!days.is_empty()).then(|| days.join(";"))
    }

    /// How many sequences, or parts of their steps, each rule could judge.
    fn rules(&self, out: &mut Outcome, list: &[Sequence<'_>], judged: &[Judged]) {
        let parts = || judged.iter().flat_map(|j| &j.steps).flat_map(|s| &s.parts);
        let unknown = parts().filter(|p| p.state == State::Unknown).count() as u64;
        let known = parts().count() as u64 - unknown;
        for code in
            ["dunning/step-missed", "dunning/step-late", "dunning/step-early", "dunning/step-repeated"]
        {
            out.judged.insert(code, (known, unknown));
        }
        let all = list.len() as u64;
        for code in [
            "dunning/access-removed-early",
            "dunning/data-deleted",
            "dunning/downgrade-unconfirmed",
            "dunning/network-limit",
            "dunning/continued-after-recovery",
            "dunning/grace-overdue",
            "dunning/retry-while-paused",
            "dunning/hard-decline-retried",
            "dunning/step-due",
        ] {
            out.judged.insert(code, (all, 0));
        }
        if self.log == MessageLog::Absent && parts().next().is_some() {
            for code in ["dunning/step-missed", "dunning/step-late"] {
                out.missing.insert(code, vec!["messages".to_owned()]);
            }
        }
        if unknown > 0 {
            let why = match self.log {
                MessageLog::Absent => "no messages export was given",
                MessageLog::From(..) => {
                    "their day lies before the message log, or the sequence ended at a moment that is not told"
                }
            };
            out.notes.push(format!(
                "not judged: {}: {why}",
                counted(unknown, "step's message or retry", "steps' messages and retries")
            ));
        }
        if !self.access_known && all > 0 {
            out.notes.push("not judged: access: no access_changes export was given".to_owned());
        }
    }

    fn close(&self, out: &mut Outcome, made: &Sequences<'_>, judged: &[Judged]) {
        let count = |s: Standing| judged.iter().filter(|j| j.standing == s).count() as u64;
        let all = judged.len() as u64;
        let bad = |j: &&Judged| j.findings.iter().any(|f| f.severity != Severity::Info);
        let at_fault = judged.iter().filter(bad).count() as u64;
        let standing = format!(
            "{} open, {} recovered, {} expired",
            grouped(&count(Standing::Open).to_string()),
            grouped(&count(Standing::Recovered).to_string()),
            grouped(&count(Standing::Expired).to_string())
        );
        out.headline = match (all, at_fault) {
            (0, _) => {
                format!(
                    "none of {} has a failed payment to follow up",
                    counted(made.invoices, "invoice", "invoices")
                )
            }
            (_, 0) => format!(
                "{}, none at fault ({standing})",
                counted(all, "dunning sequence", "dunning sequences")
            ),
            (_, n) => format!(
                "{} of {} {} at fault ({standing})",
                grouped(&n.to_string()),
                counted(all, "dunning sequence", "dunning sequences"),
                if n == 1 { "is" } else { "are" }
            ),
        };
        // Where no payment failed, every invoice was looked at and found in order.
        out.checked = if all == 0 { made.invoices.saturating_sub(made.unclear) } else { all };
        out.not_judged = made.unclear;
        let own: [(&str, Value); 3] = [
            ("open", json!(count(Standing::Open))),
            ("recovered", json!(count(Standing::Recovered))),
            ("expired", json!(count(Standing::Expired))),
        ];
        out.own.extend(own.map(|(k, v)| (k.to_owned(), v)));
        if made.unclear > 0 {
            out.notes.push(format!(
                "not judged: {}: the first failure lies before the first payment that was exported",
                counted(made.unclear, "invoice", "invoices")
            ));
        }
        if made.never_started > 0 {
            out.notes.push(format!(
                "{} never paid: no sequence",
                counted(made.never_started, "first invoice was", "first invoices were")
            ));
        }
        if made.strayed > 0 {
            out.notes.push(format!(
                "payments name {} that the invoices export lacks",
                counted(made.strayed, "invoice", "invoices")
            ));
        }
        if self.log != MessageLog::Absent && self.teller.data.has("messages") && all > 0 {
            let last = self.records.messages.last().map(|m| m.sent_at);
            if let Some(last) = last.filter(|t| self.as_of - *t > TimeDelta::days(3)) {
                out.notes.push(format!(
                    "the message log ends at {}: later steps count as not done",
                    rfc3339(last)
                ));
            }
        }
    }
}

/// `retry + payment_urgent`.
fn action(step: &StepJudged, parts: &[&PartJudged]) -> String {
    let name = |p: &&PartJudged| match p.part {
        Part::Retry => "retry".to_owned(),
        Part::Message => step.message.clone().unwrap_or_default(),
    };
    parts.iter().map(name).collect::<Vec<_>>().join(" + ")
}
