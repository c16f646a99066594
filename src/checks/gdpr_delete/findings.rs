//! Findings in words and figures. Personal values are masked unless they are to be revealed.

use super::{
    inputs::{CONFIRMATIONS, REQUESTS, System},
    places::Places,
    policy::Policy,
    standing::{Answer, Case, Reply, Retention, Stated},
    subject::called,
    traces::{Proof, Trace},
};
use crate::{
    data::Data,
    judge::erasure::Extension,
    model::{
        mask::Veil,
        text::counted,
        time::{Instant, day_start, rfc3339},
    },
    report::{Diff, Evidence, Finding, Severity, Subject},
    residue::HitKind,
};
use chrono::{NaiveDate, TimeDelta};
use std::collections::BTreeMap;

/// Systems and the like that one sentence names.
const NAMED: usize = 6;

/// Makes the findings of one request.
pub(super) struct Teller<'t, 'd> {
    pub data: &'t Data<'d>,
    pub policy: &'t Policy,
    pub places: &'t Places,
    pub veil: &'t Veil,
    pub case: &'t Case<'t>,
}

/// `a, b and c`; beyond a few how many more.
fn listed(names: &[&str]) -> String {
    match names {
        [] => "none".to_owned(),
        [one] => (*one).to_owned(),
        [first @ .., last] if names.len() <= NAMED => format!("{} and {last}", first.join(", ")),
        _ => format!("{} and {} more", names[..NAMED].join(", "), names.len() - NAMED),
    }
}

/// `newsletter (marketing)`: the system with the team that owns it.
fn system(s: &System) -> String {
    match &s.owner {
        Some(owner) => format!("{} ({owner})", s.system),
        None => s.system.to_string(),
    }
}

/// Whose move it is where a system is concerned.
fn team(kind: Option<&str>) -> &'static str {
    match kind {
        Some("production") => "product",
        Some("support") => "support",
        Some("billing") => "billing",
        _ => "compliance",
    }
}

/// What was found, `the address on 2 lines, the full name on 2`.
fn forms(trace: &Trace) -> String {
    let word = |kind: HitKind| match kind {
        HitKind::Email => "the e-mail address",
        HitKind::EmailPlusTag => "the address with a tag",
        HitKind::EmailEncoded => "the address with escapes",
        HitKind::EmailMd5 => "the address's MD5",
        HitKind::EmailSha1 => "the address's SHA-1",
        HitKind::EmailSha256 => "the address's SHA-256",
        HitKind::Phone => "the phone number",
        HitKind::Name => "the full name",
        HitKind::Id => "an id",
    };
    let told: Vec<String> = trace
        .forms
        .iter()
        .map(|(kind, n)| format!("{} on {}", word(*kind), counted(*n, "line", "lines")))
        .collect();
    told.join(", ")
}

impl Teller<'_, '_> {
    fn id(&self) -> &str {
        &self.case.request.request_id
    }

    fn who(&self) -> String {
        called(self.case.request, self.policy.reveal)
    }

    /// Free text of an export, without the person's values.
    fn text(&self, text: &str) -> String {
        if self.policy.reveal { text.to_owned() } else { self.veil.hide(text) }
    }

    fn finding(&self, code: &'static str, severity: Severity, message: String, action: &str) -> Finding {
        let subject = Subject { kind: "request".to_owned(), id: self.id().to_owned() };
        let mut f = Finding::new(code, severity, self.case.request.account_id.as_deref(), subject);
        f.message = message;
        action.clone_into(&mut f.action);
        f.owner = "compliance";
        f.evidence = vec![self.data.evidence(REQUESTS, self.case.request.at)];
        f
    }

    fn of_system(
        &self,
        code: &'static str,
        severity: Severity,
        reply: &Reply<'_>,
        message: String,
        action: &str,
    ) -> Finding {
        let mut f = self.finding(code, severity, message, action).with_key("system", &*reply.system.system);
        f.owner = team(reply.system.kind.as_deref());
        f.evidence.extend(reply.confirmation.map(|c| self.data.evidence(CONFIRMATIONS, c.at)));
        f
    }

    /// The last second of a day.
    fn end_of(&self, day: NaiveDate) -> Option<Instant> {
        Some(day_start(day.succ_opt()?, self.policy.zone) - TimeDelta::seconds(1))
    }

    fn due(&self) -> Option<Instant> {
        self.end_of(self.case.deadline.due)
    }

    /// `was due 11 days ago, on 2026-10-12`.
    fn when_due(&self) -> String {
        let (days, day) = (self.case.days_left, self.case.deadline.due);
        let span = counted(days.unsigned_abs(), "day", "days");
        match days {
            0 => format!("is due today, {day}"),
            d if d < 0 => format!("was due {span} ago, on {day}"),
            _ => format!("is due in {span}, on {day}"),
        }
    }

    /// A system has not confirmed.
    pub(super) fn unconfirmed(&self, reply: &Reply<'_>) -> Finding {
        let severity = if self.case.past_due { Severity::Error } else { Severity::Warning };
        let said = if reply.answer == Answer::Pending { "says it is pending" } else { "has not answered" };
        let message =
            format!("{}: {} {said}; the deletion {}.", self.id(), system(reply.system), self.when_due());
        let action = "Have the system's owner delete the data and confirm it.";
        let mut f = self.of_system("gdpr-delete/unconfirmed", severity, reply, message, action);
        f.due = self.due();
        f.diff = vec![Diff::texts(
            "status",
            Some("deleted"),
            Some(if reply.answer == Answer::Pending { "pending" } else { "none" }),
        )];
        f
    }

    /// A system could not delete.
    pub(super) fn failed(&self, reply: &Reply<'_>) -> Finding {
        let message = format!(
            "{}: {} reports that the deletion failed; it {}.",
            self.id(),
            system(reply.system),
            self.when_due()
        );
        let action = "Find out why the deletion failed, and run it again.";
        let mut f = self.of_system("gdpr-delete/failed", Severity::Error, reply, message, action);
        f.due = self.due();
        f.diff = vec![Diff::texts("status", Some("deleted"), Some("failed"))];
        f
    }

    /// Past its last day.
    pub(super) fn overdue(&self, traces: &[Trace]) -> Finding {
        let missing: Vec<&str> = self.case.missing().map(|r| &*r.system.system).collect();
        let held: Vec<&str> = traces.iter().filter(|t| t.proof == Proof::Held).map(|t| &*t.name).collect();
        let mut why = Vec::new();
        if !missing.is_empty() {
            let systems = self.case.replies.len();
            why.push(format!(
                "{} of {systems} systems have not confirmed ({})",
                missing.len(),
                listed(&missing)
            ));
        }
        if !held.is_empty() {
            why.push(format!("data is still found in {}", listed(&held)));
        }
        if self.case.told.is_none() {
            why.push("the customer was not told".to_owned());
        }
        let message = format!(
            "{} of {} {} ({}), and {}.",
            self.id(),
            self.who(),
            self.when_due(),
            self.case.regime.law,
            why.join("; ")
        );
        let action = "Finish the deletion, tell the customer, and have counsel decide what else is owed.";
        let mut f = self.finding("gdpr-delete/overdue", Severity::Error, message, action);
        f.due = self.due();
        f
    }

    /// Due within some days.
    pub(super) fn due_soon(&self) -> Finding {
        let missing: Vec<&str> = self.case.missing().map(|r| &*r.system.system).collect();
        let what = match missing.len() {
            0 => "every system has confirmed, but the customer was not told".to_owned(),
            n => format!(
                "{n} of {} systems have not confirmed ({})",
                self.case.replies.len(),
                listed(&missing)
            ),
        };
        let message = format!("{} of {} {}: {what}.", self.id(), self.who(), self.when_due());
        let action =
            "Get the missing confirmations and tell the customer, or extend the period with a reason.";
        let mut f = self.finding("gdpr-delete/due-soon", Severity::Warning, message, action);
        f.due = self.due();
        f
    }

    /// The customer was told before every system had confirmed.
    pub(super) fn told_too_early(&self, told: Instant, before: &[&Reply<'_>]) -> Finding {
        let names: Vec<&str> = before.iter().map(|r| &*r.system.system).collect();
        let last = before.iter().filter(|r| r.confirmed()).filter_map(|r| r.at()).max();
        let still = before.iter().filter(|r| !r.confirmed()).count();
        let since = match (last, still) {
            (Some(last), 0) => format!("; the last of them did on {}", self.policy.day(last)),
            (_, n) => format!("; {n} still have not"),
        };
        let message = format!(
            "{}: {} was told on {} that the data is gone; by then {} of {} systems had not confirmed ({}){since}.",
            self.id(),
            self.who(),
            self.policy.day(told),
            before.len(),
            self.case.replies.len(),
            listed(&names)
        );
        let action = "Finish the deletion, and correct what the customer was told.";
        let mut f = self.finding("gdpr-delete/told-too-early", Severity::Error, message, action);
        f.evidence.extend(
            before.iter().filter_map(|r| r.confirmation).map(|c| self.data.evidence(CONFIRMATIONS, c.at)),
        );
        f.diff = vec![Diff::texts("customer_told_at", last.map(rfc3339).as_deref(), Some(&rfc3339(told)))];
        f
    }

    /// Data is kept, and the confirmation does not say why or until when.
    pub(super) fn without_basis(&self, reply: &Reply<'_>, r: Retention) -> Finding {
        let lacks: Vec<&str> = [(r.basis, "legal basis"), (r.end, "end")]
            .into_iter()
            .filter(|(stated, _)| *stated != Stated::Confirmed)
            .map(|(_, what)| what)
            .collect();
        let listed = r.stated() == Stated::Listed;
        let severity = if listed { Severity::Warning } else { Severity::Error };
        let rest = if listed { "; the list of systems gives it" } else { "" };
        let message = format!(
            "{}: {} keeps the data, and its confirmation names no {}{rest}.",
            self.id(),
            system(reply.system),
            lacks.join(" and no ")
        );
        let action = "Have the owner name the law and the day on which the data goes, or delete it.";
        self.of_system("gdpr-delete/retained-without-basis", severity, reply, message, action)
    }

    /// The reason to keep the data has passed.
    pub(super) fn retention_ended(&self, reply: &Reply<'_>, until: NaiveDate) -> Finding {
        let days = crate::judge::erasure::days_between(until, self.policy.today);
        let basis = reply.confirmation.and_then(|c| c.retention_basis.as_deref());
        let basis = basis.or(reply.system.retention_basis.as_deref()).map(|b| self.text(b));
        let message = format!(
            "{}: {} was to keep the data until {until} ({}); that was {} ago, and nobody has confirmed its deletion.",
            self.id(),
            system(reply.system),
            basis.as_deref().unwrap_or("no basis named"),
            counted(days.unsigned_abs(), "day", "days")
        );
        let action = "Delete what was kept, and confirm it.";
        let mut f = self.of_system("gdpr-delete/retention-ended", Severity::Error, reply, message, action);
        f.due = self.end_of(until);
        f.diff = vec![Diff::texts("status", Some("deleted"), Some("retained"))];
        f
    }

    /// An extension that does not count as it was noted.
    pub(super) fn extension(&self) -> Option<Finding> {
        let d = &self.case.deadline;
        let until = match self.case.request.extended_until? {
            crate::model::time::Stamp::Instant(at) => self.policy.day(at),
            civil => civil.naive().date(),
        };
        let (law, id) = (self.case.regime.law, self.id());
        let (message, latest) = match d.extension {
            Extension::Unreasoned => (
                format!(
                    "{id} was extended from {} to {until} without a reason; without one the extension does not count \
                     ({law}), and it {}.",
                    d.regular,
                    self.when_due()
                ),
                d.regular,
            ),
            Extension::TooLong if self.case.regime.reasoned => (
                format!("{id} was extended to {until}; {law} allows it until {} at most.", d.latest),
                d.latest,
            ),
            _ => return None,
        };
        let action = "Note why the request needs longer and tell the customer within the first month, or finish it now.";
        let mut f = self.finding("gdpr-delete/extension-unreasoned", Severity::Error, message, action);
        f.due = self.due();
        f.diff = vec![Diff::texts("extended_until", Some(&latest.to_string()), Some(&until.to_string()))];
        Some(f)
    }

    /// The person is still found in a system.
    pub(super) fn residual(&self, trace: &Trace) -> Finding {
        let reply = trace
            .system
            .as_deref()
            .and_then(|name| self.case.replies.iter().find(|r| *r.system.system == *name));
        let severity = match trace.proof {
            Proof::Held => Severity::Error,
            Proof::Waiting | Proof::Older | Proof::Returned | Proof::Name => Severity::Warning,
            Proof::Retained | Proof::NewAccount => Severity::Info,
        };
        let message = self.residual_message(trace, reply);
        let action = match trace.proof {
            Proof::Held => {
                "Delete what was found at the places named, and have the system's owner confirm again."
            }
            Proof::Waiting => "Delete what was found at the places named before the last day.",
            Proof::Older => "Export the system again, and search the new export.",
            Proof::Returned => "Look whether what was found is of the new account or of the old one.",
            Proof::Name => "Look whether this is the person who asked; others may be called the same.",
            Proof::Retained => "Delete it when the retention ends.",
            Proof::NewAccount => "Nothing, where the person came back after the deletion.",
        };
        let key = if trace.system.is_some() { "system" } else { "export" };
        let mut f =
            self.finding("gdpr-delete/residual-data", severity, message, action).with_key(key, &*trace.name);
        let found = match trace.proof {
            Proof::Held | Proof::Waiting | Proof::Retained => None,
            Proof::Older => Some("in an older export"),
            Proof::Returned => Some("with a new account"),
            Proof::Name => Some("name alone"),
            Proof::NewAccount => Some("of a new account"),
        };
        if let Some(found) = found {
            f = f.with_key("found", found);
        }
        f.owner = team(reply.and_then(|r| r.system.kind.as_deref()));
        f.evidence
            .extend(reply.and_then(|r| r.confirmation).map(|c| self.data.evidence(CONFIRMATIONS, c.at)));
        f.evidence.extend(self.places_of(trace));
        f.diff = vec![Diff::texts("lines", Some("0"), Some(&trace.lines.to_string()))];
        f
    }

    fn places_of(&self, trace: &Trace) -> Vec<Evidence> {
        let one = |(place, file, line): &(usize, String, u64)| {
            let place = &self.places.list[*place];
            let dataset = place.export.map_or_else(|| place.name(), |(_, dataset)| dataset);
            Evidence { dataset: dataset.to_owned(), file: self.text(&place.file(file)), line: *line }
        };
        trace.places.iter().map(one).collect()
    }

    fn residual_message(&self, trace: &Trace, reply: Option<&Reply<'_>>) -> String {
        let places = self.places_of(trace);
        let first = places.first().map_or_else(String::new, |e| {
            let more = if trace.lines > 1 { "first " } else { "" };
            format!(", {more}at {}:{}", e.file, e.line)
        });
        let lines = counted(trace.lines, "line", "lines");
        let name = match (&trace.system, reply) {
            (_, Some(reply)) => system(reply.system),
            (Some(name), None) => name.clone(),
            (None, None) => format!("the export {}", trace.name),
        };
        let at = reply.and_then(Reply::at).map(|at| self.policy.day(at));
        let said = match reply.map(|r| r.answer) {
            Some(Answer::Erased(_)) => {
                let status = reply.and_then(|r| r.confirmation).map_or("deleted", |c| &*c.status);
                let status = if status == "not_found" { "not found" } else { status };
                match at {
                    Some(day) => format!("{name} confirmed on {day} ({status})"),
                    None => format!("{name} confirmed ({status})"),
                }
            }
            Some(Answer::Pending) => format!("{name} says it is pending"),
            Some(Answer::Failed) => format!("{name} failed to delete"),
            Some(Answer::Retained(r)) => match r.until {
                Some(until) => format!("{name} keeps the data until {until}"),
                None => format!("{name} keeps the data"),
            },
            Some(Answer::Silent) => format!("{name} has not answered"),
            None => match (&trace.system, self.case.all_confirmed()) {
                (Some(_), _) => format!("{name} is not on the list of systems that must confirm"),
                (None, true) => "every system confirmed".to_owned(),
                (None, false) => "not every system has confirmed".to_owned(),
            },
        };
        let here = if trace.system.is_some() { "there" } else { &*format!("in {name}") };
        let (id, who) = (self.id(), self.who());
        let found = forms(trace);
        match trace.proof {
            Proof::Held | Proof::Waiting | Proof::Retained => {
                format!("{id}: {said}; {who} is still found {here} on {lines} ({found}){first}.")
            }
            Proof::Older => {
                let of = trace.of.map(rfc3339).unwrap_or_default();
                let what = match (trace.of, trace.by_file_time) {
                    (None, _) => "whose age is not known".to_owned(),
                    (_, true) => format!("written at {of}, before that"),
                    (_, false) => format!("whose newest record is of {of}, before that"),
                };
                format!(
                    "{id}: {said}; {who} is found {here} on {lines} ({found}){first}, but in an export {what}, which \
                     proves nothing."
                )
            }
            Proof::Returned => format!(
                "{id}: {said}; {who} is found {here} on {lines} ({found}){first}; the person has a new account since, so \
                 this may be of that."
            ),
            Proof::Name => format!(
                "{id}: {said}; possibly {who} is found {here}: the full name alone, on {lines}{first}."
            ),
            Proof::NewAccount => format!(
                "{id}: {said}; {who} is found {here} on {lines} ({found}){first}, of an account created after that."
            ),
        }
    }
}

/// Confirmations of systems that are not on the list, a finding for each system.
pub(super) fn unknown_systems(
    data: &Data<'_>,
    unknown: &BTreeMap<&str, Vec<crate::data::At>>,
    scanned: &[&str],
    systems: &[System],
) -> Vec<Finding> {
    let one = |(name, places): (&&str, &Vec<crate::data::At>)| {
        let near = crate::model::datasets::nearest(name, systems.iter().map(|s| &*s.system));
        let near = near.first().map_or_else(String::new, |n| format!("; the nearest is {n}"));
        let what = match (places.len() as u64, scanned.contains(name)) {
            (0, _) => "--scan names it".to_owned(),
            (n, false) => format!("{} it", counted(n, "confirmation names", "confirmations name")),
            (n, true) => {
                format!("{} it, and --scan does", counted(n, "confirmation names", "confirmations name"))
            }
        };
        let subject = Subject { kind: "system".to_owned(), id: (*name).to_owned() };
        let mut f = Finding::new("gdpr-delete/unknown-system", Severity::Warning, None, subject);
        f.message = format!("{name} is not on the list of systems ({what}){near}.");
        "Add the system to the list, or correct its name in the confirmations.".clone_into(&mut f.action);
        f.owner = "compliance";
        f.evidence = places.iter().map(|at| data.evidence(CONFIRMATIONS, *at)).collect();
        f
    };
    unknown.iter().map(one).collect()
}
