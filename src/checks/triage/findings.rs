//! Findings in words and figures.

use super::{
    judge::Judged,
    outages::Outage,
    policy::{BILLING, PRIORITY},
    route::{Response, current_queue, missing_tags},
};
use crate::{
    data::{Data, records::Account},
    judge::{customers::Customers, health::Loaded},
    model::{
        decimal::Decimal,
        money,
        text::{counted, grouped},
        time::{Instant, rfc3339},
    },
    report::{Diff, Finding, Severity, Subject},
};
use chrono::TimeDelta;

/// Makes the findings of one ticket.
pub(super) struct Teller<'t, 'd> {
    pub(super) data: &'t Data<'d>,
    pub(super) loaded: &'t Loaded,
    pub(super) judged: &'t Judged<'t>,
    pub(super) account: Option<&'t Account>,
}

/// `4 h 5 min`, `3 days 2 h`, `40 s`: whole units, rounded down.
pub(super) fn span(d: TimeDelta) -> String {
    let (days, hours, minutes) = (d.num_days(), d.num_hours() % 24, d.num_minutes() % 60);
    let parts = if days > 0 {
        [Some(counted(days.unsigned_abs(), "day", "days")), (hours > 0).then(|| format!("{hours} h"))]
    } else if d.num_minutes() > 0 {
        [(hours > 0).then(|| format!("{hours} h")), (minutes > 0).then(|| format!("{minutes} min"))]
    } else {
        [Some(format!("{} s", d.num_seconds())), None]
    };
    parts.into_iter().flatten().collect::<Vec<_>>().join(" ")
}

impl Teller<'_, '_> {
    fn customers(&self) -> &Customers {
        &self.loaded.customers
    }

    /// `Vandelay Industries (acct_04, enterprise, 200,000.00 USD a year)`.
    fn who(&self) -> String {
        let Some(account) = self.account else {
            return match &self.judged.ticket.account_id {
                Some(id) => format!("{id} (no known account)"),
                None => "an unknown requester".to_owned(),
            };
        };
        let id = &account.account_id;
        let mut known = Vec::new();
        if account.name.is_some() {
            known.push(id.to_string());
        }
        known.extend(self.judged.known.tier.clone());
        if let Some(m) = self.customers().arr(id).filter(|m| m.amount > Decimal::ZERO) {
            known.push(format!("{} {} a year", grouped(&money::format(m.amount, &m.currency)), m.currency));
        }
        let name = account.name.as_deref().unwrap_or(id);
        if known.is_empty() { name.to_owned() } else { format!("{name} ({})", known.join(", ")) }
    }

    fn finding(&self, code: &'static str, severity: Severity, message: String, action: &str) -> Finding {
        let ticket = self.judged.ticket;
        let subject = Subject { kind: "ticket".to_owned(), id: ticket.ticket_id.to_string() };
        let account = self.judged.known.account.as_deref().or(ticket.account_id.as_deref());
        let mut f = Finding::new(code, severity, account, subject);
        f.message = message;
        action.clone_into(&mut f.action);
        f.owner = "support";
        f.evidence = vec![self.data.evidence("tickets", ticket.at)];
        f.evidence.extend(self.account.map(|a| self.data.evidence("accounts", a.at)));
        f
    }

    /// It stands in another queue than the one it belongs in.
    pub(super) fn misrouted(&self, as_of: Instant) -> Finding {
        let (ticket, route) = (self.judged.ticket, &self.judged.route);
        let current = current_queue(self.judged.policy, ticket);
        let severe = matches!(route.queue.as_str(), PRIORITY | BILLING);
        let severity = if severe { Severity::Error } else { Severity::Warning };
        let stands = current.map_or_else(|| "in no queue".to_owned(), |q| format!("in {q}"));
        let until = ticket.solved_at.filter(|t| *t <= as_of);
        let (verb, end) = match until {
            Some(end) => ("stood", end),
            None => ("stands", as_of),
        };
        let skill = route.skill.filter(|s| *s != route.queue);
        let skill = skill.map_or_else(String::new, |s| format!(", with an agent trained in {s}"));
        let message = format!(
            "{} of {} {verb} {stands}, {} after it came; it belongs in {}{skill} ({}).",
            ticket.ticket_id,
            self.who(),
            span(end - ticket.created_at),
            route.queue,
            route.reason
        );
        let action = match route.queue.as_str() {
            PRIORITY => {
                "Move the ticket to the priority queue, and find out why it was routed without the tier."
            }
            BILLING => "Move the ticket to the billing queue.",
            _ => "Move the ticket to the queue that its row names.",
        };
        let mut f = self.finding("triage/misrouted", severity, message, action);
        f.diff = vec![Diff::texts("queue", Some(&route.queue), current)];
        f
    }

    /// No first response came by the target.
    pub(super) fn overdue(&self, target: Instant, response: Response, as_of: Instant) -> Finding {
        let ticket = self.judged.ticket;
        let owed = self.judged.policy.targets.of_tier(self.judged.known.tier.as_deref());
        let (severity, waited, came) = match response {
            Response::Late(came) => (
                Severity::Warning,
                format!("had its first response {} after it came", span(came - ticket.created_at)),
                Some(rfc3339(came)),
            ),
            _ => (
                Severity::Error,
                format!("has had no first response for {}", span(as_of - ticket.created_at)),
                None,
            ),
        };
        let message = format!(
            "{} of {} {waited}; it was owed within {}, by {}.",
            ticket.ticket_id,
            self.who(),
            span(owed),
            rfc3339(target)
        );
        let action = match response {
            Response::Late(_) => "Find out where the ticket waited, and mend its route.",
            _ => "Answer the ticket now, by somebody who knows the customer.",
        };
        let mut f = self.finding("triage/response-overdue", severity, message, action);
        f.due = Some(target);
        f.diff = vec![Diff::texts("first_response_at", Some(&rfc3339(target)), came.as_deref())];
        f
    }

    /// A junior has the ticket of an account at risk.
    pub(super) fn junior(&self, assignee: &str) -> Finding {
        let message = format!(
            "{} of {} is with {assignee}, who is no senior agent; the account is at risk ({}).",
            self.judged.ticket.ticket_id,
            self.who(),
            self.judged.known.risk.why
        );
        let action = "Hand the ticket to a senior agent, and tell the account's manager.";
        let mut f = self.finding("triage/junior-on-at-risk", Severity::Warning, message, action);
        f.diff = vec![Diff::texts("level", Some("senior"), Some("standard"))];
        f
    }

    /// It lacks the tag of an incident that was open when it came.
    pub(super) fn untagged(&self, outages: &[&Outage]) -> Vec<Finding> {
        let missing = missing_tags(self.judged.ticket, &self.judged.route);
        let lacking = outages.iter().filter(|o| missing.contains(&o.tag().as_str()));
        let told = lacking.map(|outage| {
            let ticket = self.judged.ticket;
            let area = ticket.feature_area.as_deref().unwrap_or("the product");
            let message = format!(
                "{} of {} came at {} about {area}, while {} was open; it lacks the tag {}.",
                ticket.ticket_id,
                self.who(),
                rfc3339(ticket.created_at),
                outage.id,
                outage.tag()
            );
            let action =
                "Tag the ticket with its incident, so that it is answered with the news of the incident.";
            let mut f = self
                .finding("triage/incident-untagged", Severity::Warning, message, action)
                .with_key("incident", &*outage.id);
            f.diff = vec![Diff::texts("tags", Some(&outage.tag()), None)];
            let (dataset, at) = outage.at;
            f.evidence.push(self.data.evidence(dataset, at));
            f
        });
        told.collect()
    }

    /// Its requester matches no account.
    pub(super) fn no_account(&self) -> Finding {
        let ticket = self.judged.ticket;
        let why = match (&ticket.account_id, &ticket.requester_email) {
            (Some(id), Some(_)) => {
                format!("no account is called {id}, and the requester's address names none")
            }
            (Some(id), None) => format!("no account is called {id}, and there is no address"),
            (None, Some(_)) => "it names none, and the requester's address and domain name none".to_owned(),
            (None, None) => "it names none, and there is no address".to_owned(),
        };
        let message =
            format!("{} matches no account: {why}; tier, health and revenue are unknown.", ticket.ticket_id);
        let action = "Find the customer, and link the requester in the help desk.";
        self.finding("triage/no-account", Severity::Warning, message, action)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn spans_are_told_in_two_units() {
        let of = |seconds| span(TimeDelta::seconds(seconds));
        assert_eq!([of(40), of(60), of(3600), of(14_700)], ["40 s", "1 min", "1 h", "4 h 5 min"]);
        assert_eq!([of(86_400), of(93_600), of(180_000)], ["1 day", "1 day 2 h", "2 days 2 h"]);
    }
}
