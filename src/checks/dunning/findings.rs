//! What is told of each fault.

use super::{
    access::{self, FaultKind, Story},
    policy::Policy,
    retries::{self, Why},
    sequence::{Sequence, Try},
    steps::{Part, PartJudged, State, StepJudged},
};
use crate::{
    data::{At, Data, records::AccessChange},
    model::{
        money,
        text::{counted, grouped},
        time::Instant,
    },
    report::{Cause, Diff, Evidence, Finding, Severity, Subject},
};

/// Tells of faults, one sequence at a time.
pub(super) struct Teller<'t, 'd> {
    pub data: &'t Data<'d>,
    pub policy: &'t Policy,
    pub as_of: Instant,
}

/// `the retry and payment_urgent`.
pub(super) fn parts_told(step: &StepJudged, parts: &[&PartJudged]) -> String {
    let name = |p: &&PartJudged| match p.part {
        Part::Retry => "the retry".to_owned(),
        Part::Message => step.message.clone().unwrap_or_default(),
    };
    parts.iter().map(name).collect::<Vec<_>>().join(" and ")
}

/// `product`, `an unnamed actor`.
fn actor(e: &AccessChange) -> &str {
    e.actor.as_deref().filter(|a| !a.trim().is_empty()).unwrap_or("an unnamed actor")
}

impl Teller<'_, '_> {
    fn finding(
        &self,
        code: &'static str,
        severity: Severity,
        seq: &Sequence<'_>,
        key: &[(&str, String)],
    ) -> Finding {
        let subject = Subject { kind: "invoice".to_owned(), id: seq.invoice.invoice_id.to_string() };
        let new = Finding::new(code, severity, Some(&seq.invoice.account_id), subject);
        let mut f = key.iter().fold(new, |f, (name, value)| f.with_key(name, value.clone()));
        f.owner = "billing";
        f.evidence = vec![self.data.evidence("invoices", seq.invoice.at)];
        f.evidence.extend(seq.tries.first().map(|t| self.data.evidence("payments", t.place)));
        f
    }

    fn also(&self, f: &mut Finding, dataset: &str, places: impl IntoIterator<Item = At>) {
        let more: Vec<Evidence> = places.into_iter().map(|at| self.data.evidence(dataset, at)).collect();
        f.evidence.extend(more.into_iter().filter(|e| !f.evidence.contains(e)).collect::<Vec<_>>());
    }

    /// `in_1 (45.00 EUR, first failed Tue 2026-11-03 06:41 UTC)`.
    fn about(&self, seq: &Sequence<'_>) -> String {
        let i = seq.invoice;
        format!(
            "{} ({} {}, first failed {})",
            i.invoice_id,
            grouped(&money::format(i.total, &i.currency)),
            i.currency,
            seq.clock.told(seq.first_failed)
        )
    }

    fn parts(&self, f: &mut Finding, parts: &[&PartJudged]) {
        for p in parts {
            let dataset = if p.part == Part::Retry { "payments" } else { "messages" };
            let places = p.place.into_iter().chain(p.early.iter().map(|e| e.1));
            self.also(f, dataset, places.chain(p.repeated.iter().map(|r| r.1)));
        }
    }

    /// Findings of one step; `cause` where a whole day was left out.
    pub(super) fn step(&self, seq: &Sequence<'_>, step: &StepJudged, cause: Option<&Cause>) -> Vec<Finding> {
        let key = [("step", step.day.to_string())];
        let with = |wanted: &dyn Fn(&PartJudged) -> bool| -> Vec<&PartJudged> {
            step.parts.iter().filter(|p| wanted(p)).collect()
        };
        let mut out = Vec::new();
        let missed = with(&|p| matches!(p.state, State::Missed | State::TooLate(_)));
        if !missed.is_empty() {
            let mut f = self.finding("dunning/step-missed", Severity::Error, seq, &key);
            let next = self.policy.next_day(step.day);
            let next = next.map_or_else(String::new, |d| {
                format!("; day {d} came on {} before that was done", seq.clock.date(d))
            });
            f.message = format!(
                "Day {} of dunning for {}: {} should have come on {}{next}{}.",
                step.day,
                self.about(seq),
                parts_told(step, &missed),
                seq.clock.date(step.day),
                came_after_all(seq, step, &missed),
            );
            "Find out why the schedule did not run, and tell the customer before the next step."
                .clone_into(&mut f.action);
            f.cause = cause.cloned();
            self.timed(&mut f, seq, step, &missed);
            out.push(f);
        }
        let late = with(&|p| matches!(p.state, State::Late(_) | State::Overdue));
        if !late.is_empty() {
            let mut f = self.finding("dunning/step-late", Severity::Warning, seq, &key);
            let undone: Vec<&PartJudged> =
                late.iter().copied().filter(|p| p.state == State::Overdue).collect();
            let open = !undone.is_empty() && seq.end.is_none();
            let rest = match (undone.is_empty(), seq.ended_at()) {
                (true, _) => String::new(),
                (false, Some(at)) => {
                    format!(
                        "; {} had not come when it ended on {}",
                        parts_told(step, &undone),
                        seq.clock.told(at)
                    )
                }
                (false, None) => {
                    let verb = if undone.len() == 1 { "has" } else { "have" };
                    format!("; {} {verb} not come yet", these(step, &late, &undone))
                }
            };
            f.message = format!(
                "Day {} of dunning for {}: {} belonged on {}{}{rest}.",
                step.day,
                self.about(seq),
                parts_told(step, &late),
                seq.clock.date(step.day),
                came_after_all(seq, step, &late),
            );
            if open {
                "Do it today, before the next step's day comes.".clone_into(&mut f.action);
                f.due = self.policy.next_day(step.day).map(|d| seq.clock.start(d));
            } else {
                "Find out why the schedule ran a day late.".clone_into(&mut f.action);
            }
            f.cause = cause.cloned();
            self.timed(&mut f, seq, step, &late);
            out.push(f);
        }
        let early = with(&|p| !p.early.is_empty());
        if !early.is_empty() {
            let mut f = self.finding("dunning/step-early", Severity::Warning, seq, &key);
            let when: Vec<String> =
                early.iter().flat_map(|p| &p.early).map(|(at, _)| seq.clock.told(*at)).collect();
            f.message = format!(
                "Day {} of dunning for {}: {} came early, on {}; its day is {}.",
                step.day,
                self.about(seq),
                parts_told(step, &early),
                when.join(" and "),
                seq.clock.date(step.day),
            );
            "Hold the step back until its day: the customer was promised the time.".clone_into(&mut f.action);
            self.parts(&mut f, &early);
            out.push(f);
        }
        let repeated = with(&|p| !p.repeated.is_empty());
        if !repeated.is_empty() {
            let mut f = self.finding("dunning/step-repeated", Severity::Warning, seq, &key);
            let when: Vec<String> =
                repeated.iter().flat_map(|p| &p.repeated).map(|(at, _)| seq.clock.told(*at)).collect();
            f.message = format!(
                "Day {} of dunning for {}: {} came again, on {}.",
                step.day,
                self.about(seq),
                parts_told(step, &repeated),
                when.join(" and "),
            );
            "Let each step run once: look for a second job, or a retry outside the schedule."
                .clone_into(&mut f.action);
            self.parts(&mut f, &repeated);
            out.push(f);
        }
        out
    }

    /// Where a part was done, when it should have been and when it was.
    fn timed(&self, f: &mut Finding, seq: &Sequence<'_>, step: &StepJudged, parts: &[&PartJudged]) {
        let day = seq.clock.date(step.day).to_string();
        for p in parts {
            let field = match p.part {
                Part::Retry => "retry",
                Part::Message => step.message.as_deref().unwrap_or("message"),
            };
            let done = p.state.done().map(crate::model::time::rfc3339);
            f.diff.push(Diff::texts(field, Some(&day), done.as_deref()));
        }
        self.parts(f, parts);
    }

    /// What is due within a day: parts of a step, or the downgrade.
    pub(super) fn due(&self, seq: &Sequence<'_>, day: i64, what: &[String]) -> Finding {
        let mut f = self.finding("dunning/step-due", Severity::Info, seq, &[("step", day.to_string())]);
        let verb = if what.len() == 1 { "is" } else { "are" };
        f.message = format!(
            "Day {day} of dunning for {}: {} {verb} due on {}.",
            self.about(seq),
            what.join(" and "),
            seq.clock.date(day)
        );
        "Do it on its day; access stays as it is until billing confirms the end of grace."
            .clone_into(&mut f.action);
        f.due = Some(seq.clock.end(day));
        f
    }

    /// One fault of the attempts.
    pub(super) fn retry(&self, seq: &Sequence<'_>, fault: &retries::Fault<'_>) -> Finding {
        let when = |tries: &[Try]| {
            let shown: Vec<String> = tries.iter().take(3).map(|t| seq.clock.told(t.at)).collect();
            let more = tries.len().saturating_sub(3);
            if more > 0 { format!("{} and {more} more", shown.join(", ")) } else { shown.join(" and ") }
        };
        let (mut f, tries) = match fault {
            retries::Fault::Paused { pause, tries } => {
                let key = [("pause", pause.id.to_string())];
                let mut f = self.finding("dunning/retry-while-paused", Severity::Error, seq, &key);
                let (dataset, what) = match pause.why {
                    Why::Migration => {
                        ("migrations", format!("migration {}, which touches billing", pause.id))
                    }
                    Why::Incident => ("incidents", format!("SEV1 incident {}", pause.id)),
                };
                f.message = format!(
                    "{} was tried again on {}, in {what} ({} to {}): billing holds its retries then.",
                    self.about(seq),
                    when(tries),
                    seq.clock.told(pause.from),
                    seq.clock.told(pause.to),
                );
                "Check that the customer was charged once, and let the pause stop the retry job."
                    .clone_into(&mut f.action);
                self.also(&mut f, dataset, [pause.place]);
                (f, tries)
            }
            retries::Fault::HardDecline { code, declined_at, place, tries } => {
                let mut f = self.finding("dunning/hard-decline-retried", Severity::Warning, seq, &[]);
                f.message = format!(
                    "{} was declined with {code} on {}, which forbids a retry, and tried {} more: {}.",
                    self.about(seq),
                    seq.clock.told(*declined_at),
                    counted(tries.len() as u64, "time", "times"),
                    when(tries),
                );
                "Ask the customer for another card, and take the invoice from the retry job."
                    .clone_into(&mut f.action);
                self.also(&mut f, "payments", [*place]);
                (f, tries)
            }
            retries::Fault::TooMany { network, bound, tries } => {
                let key = [("network", network.clone())];
                let mut f = self.finding("dunning/network-limit", Severity::Warning, seq, &key);
                f.message = format!(
                    "{} was retried {} within {} days; the card networks allow {} ({network}).",
                    self.about(seq),
                    counted(tries.len() as u64, "time", "times"),
                    bound.days,
                    bound.retries,
                );
                f.diff = vec![Diff::decimals("retries", bound.retries.into(), tries.len().into())];
                "Stop retrying: networks fine each further attempt; ask for another way to pay."
                    .clone_into(&mut f.action);
                (f, tries)
            }
        };
        self.also(&mut f, "payments", tries.iter().map(|t| t.place));
        f
    }

    /// A dunning message after recovery.
    pub(super) fn message_after(&self, seq: &Sequence<'_>, kind: &str, at: Instant, place: At) -> Finding {
        let key = [("what", "message".to_owned()), ("message", kind.to_owned())];
        let mut f = self.finding("dunning/continued-after-recovery", Severity::Error, seq, &key);
        f.message = format!(
            "{} {} on {}, and {kind} was still sent on {}.",
            self.about(seq),
            ended_told(seq),
            seq.ended_at().map(|t| seq.clock.told(t)).unwrap_or_default(),
            seq.clock.told(at),
        );
        "Apologise to the customer, and let the sequence end with the invoice.".clone_into(&mut f.action);
        self.also(&mut f, "messages", [place]);
        f
    }

    /// One fault of access.
    pub(super) fn access(&self, story: &Story<'_, '_>, fault: &access::Fault<'_>) -> Finding {
        let seq = story.sequences[fault.seq];
        let grace = seq.grace_end(self.policy.grace_day()).map(|t| seq.clock.told(t));
        let first = fault.events.first();
        let who = first.map_or("nobody", |e| actor(e));
        let when = first.map(|e| seq.clock.told(e.moment)).unwrap_or_default();
        let day = first.map_or(0, |e| seq.clock.day_of(e.moment));
        let verb =
            first.map_or("revoked", |e| if &*e.change == "downgraded" { "downgraded" } else { "revoked" });
        let again = match fault.events.len() {
            0 | 1 => String::new(),
            n => format!(" ({} changes in all)", grouped(&n.to_string())),
        };
        let account = &seq.invoice.account_id;
        let found = |code, key: &[(&str, String)], severity| self.finding(code, severity, seq, key);
        let mut f = match fault.kind {
            FaultKind::Early => {
                let mut f = found("dunning/access-removed-early", &[], Severity::Error);
                f.message = format!(
                    "{account}: access was {verb} by {who} on {when}{again}, on day {day} of dunning for {}; {}.",
                    self.about(seq),
                    match &grace {
                        Some(end) => format!("the grace period runs until {end}"),
                        None => "no step of the schedule takes access away".to_owned(),
                    }
                );
                "Restore access now, and stop whatever acts on unpaid invoices without billing's word."
                    .clone_into(&mut f.action);
                f.owner = "product";
                f
            }
            FaultKind::Deleted => {
                let mut f = found("dunning/data-deleted", &[], Severity::Error);
                f.message = format!(
                    "{account}: data was deleted by {who} on {when}{again}, on day {day} after the failed payment of {}; \
                     a payment that fails never costs the customer's data.",
                    self.about(seq)
                );
                "Restore the data from a backup while there is one, and tell the customer."
                    .clone_into(&mut f.action);
                f.owner = "product";
                f
            }
            FaultKind::Unconfirmed => {
                let mut f = found("dunning/downgrade-unconfirmed", &[], Severity::Error);
                f.message = format!(
                    "{account}: access was {verb} by {who} on {when}{again}, on day {day} of dunning for {}; the grace \
                     period ended {}, but billing had not confirmed it.",
                    self.about(seq),
                    grace.unwrap_or_default(),
                );
                "Let billing confirm the end of grace, or restore access until it does."
                    .clone_into(&mut f.action);
                f.owner = "product";
                f
            }
            FaultKind::AfterRecovery => {
                let key = [("what", "access".to_owned())];
                let mut f = found("dunning/continued-after-recovery", &key, Severity::Error);
                f.message = format!(
                    "{account}: {} {} on {}, and access was still {verb} by {who} on {when}{again}.",
                    self.about(seq),
                    ended_told(seq),
                    seq.ended_at().map(|t| seq.clock.told(t)).unwrap_or_default(),
                );
                "Restore access now, and let the sequence end with the invoice.".clone_into(&mut f.action);
                f.owner = "product";
                f
            }
            FaultKind::NotRestored(back) => {
                let key = [("what", "restore".to_owned())];
                let mut f = found("dunning/continued-after-recovery", &key, Severity::Error);
                let deadline = seq.ended_at().map(|at| at + self.policy.restore_within);
                f.message = format!(
                    "{account}: {} {} on {}, and access, {verb} on {when}{again}, {}; it should be back within {}.",
                    self.about(seq),
                    ended_told(seq),
                    seq.ended_at().map(|t| seq.clock.told(t)).unwrap_or_default(),
                    match back {
                        Some(at) => format!("came back only on {}", seq.clock.told(at)),
                        None => "has not come back".to_owned(),
                    },
                    crate::settings::format_duration(self.policy.restore_within),
                );
                f.owner = "product";
                f.due = deadline;
                match back {
                    Some(_) => "Let a payment restore access at once.",
                    None => "Restore access now: the customer has paid.",
                }
                .clone_into(&mut f.action);
                f
            }
            FaultKind::Overdue => {
                let mut f = found("dunning/grace-overdue", &[], Severity::Warning);
                f.message = format!(
                    "{account}: {} is unpaid on day {}; the grace period ended {}, and the account was not downgraded.",
                    self.about(seq),
                    seq.clock.day_of(self.as_of),
                    grace.unwrap_or_default(),
                );
                "Confirm the end of grace and downgrade to the free tier, or write down why the customer has more time."
                    .clone_into(&mut f.action);
                f
            }
        };
        self.also(&mut f, "access_changes", fault.events.iter().map(|e| e.at));
        f
    }
}

fn ended_told(seq: &Sequence<'_>) -> &'static str {
    seq.end.map_or("ended", |e| e.how.told())
}

/// `; it came on …` for parts that were done after their day.
fn came_after_all(seq: &Sequence<'_>, step: &StepJudged, parts: &[&PartJudged]) -> String {
    let came: Vec<String> = parts
        .iter()
        .filter_map(|p| Some((p, p.state.done()?)))
        .map(|(p, at)| format!("{} came on {}", these(step, parts, &[p]), seq.clock.told(at)))
        .collect();
    if came.is_empty() { String::new() } else { format!("; {}", came.join(" and ")) }
}

/// `it` or `they` where the parts are all that was named before, else their names.
fn these(step: &StepJudged, named: &[&PartJudged], parts: &[&PartJudged]) -> String {
    match (named.len(), parts.len()) {
        (1, 1) => "it".to_owned(),
        (n, m) if n == m => "they".to_owned(),
        _ => parts_told(step, parts),
    }
}
