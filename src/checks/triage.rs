//! Route every ticket by tier, subject, health and incidents, and find those that stand elsewhere.

mod findings;
mod hours;
mod judge;
mod outages;
mod policy;
mod replay;
mod requesters;
mod risk;
mod route;
mod rows;
mod select;

use crate::{
    check::{CheckInfo, Field, Opt, OptKind, Reads, Rule, Shape},
    engine::Check,
    report::Severity,
};

/// The check.
pub(super) const CHECK: Check = Check { info: &INFO, run: judge::run };

static QUEUES: Shape = Shape { fields: &[], others: Some(OptKind::Text), distinct: "" };

static SENIOR: Shape = Shape { fields: &[], others: Some(OptKind::Texts), distinct: "" };

static HOURS: Shape = Shape {
    fields: &[
        Field {
            name: "zone",
            kind: OptKind::Zone,
            needed: false,
            help: "The zone of the hours; without one that of --timezone",
        },
        Field {
            name: "days",
            kind: OptKind::Words(hours::DAYS),
            needed: false,
            help: "The days on which support works; Monday to Friday where none are named",
        },
        Field { name: "from", kind: OptKind::Clock, needed: false, help: "When it opens; 00:00 unless said" },
        Field { name: "to", kind: OptKind::Clock, needed: false, help: "When it closes; 24:00 unless said" },
        Field {
            name: "holidays",
            kind: OptKind::Texts,
            needed: false,
            help: "Dates on which it does not work, as 2026-12-25",
        },
    ],
    others: None,
    distinct: "",
};

const fn target(name: &'static str, default: &'static str, help: &'static str) -> Opt {
    Opt { name, kind: OptKind::Duration, default, help }
}

static INFO: CheckInfo = CheckInfo {
    name: "triage",
    about: "every ticket to the right queue",
    doc: "Each new or open ticket is routed by its customer's tier, what it is about, the account's health and the \
          incidents that were open when it came; the check names the tickets that stand elsewhere, wait too long, or \
          are with the wrong agent. A customer of 200,000 USD a year reports a critical fault; the ticket lands in \
          the general queue, for the help desk knows neither tier nor health, and four hours later the customer's \
          CTO writes to the CEO.",
    searches: false,
    reads: &[
        Reads { dataset: "tickets", needed: true },
        Reads { dataset: "accounts", needed: true },
        Reads { dataset: "plans", needed: false },
        Reads { dataset: "subscriptions", needed: false },
        Reads { dataset: "activity", needed: false },
        Reads { dataset: "payments", needed: false },
        Reads { dataset: "invoices", needed: false },
        Reads { dataset: "incidents", needed: false },
        Reads { dataset: "known_issues", needed: false },
        Reads { dataset: "identities", needed: false },
    ],
    rules: &[
        Rule {
            code: "triage/misrouted",
            severity: Severity::Error,
            what: "The ticket stands in another queue than its route says: priority for enterprise, billing for what \
                   is about billing, else the feature area's queue or general. A warning where neither enterprise \
                   nor billing is concerned.",
            why: "In the wrong queue it waits for people who cannot help, and the largest customers wait as long as \
                  the smallest.",
            remedy: "Move the ticket, and give the help desk the tier by which it routes.",
            needs: &["tickets.queue"],
        },
        Rule {
            code: "triage/response-overdue",
            severity: Severity::Error,
            what: "No first response came by the target of the customer's tier. A warning where it came late.",
            why: "Silence is what customers complain of first, and often in a contract's words.",
            remedy: "Answer now; where many are late, look at the queue in which they waited.",
            needs: &["tickets.first_response_at"],
        },
        Rule {
            code: "triage/junior-on-at-risk",
            severity: Severity::Warning,
            what: "The account's score is under 50 or dropped by 20 within 7 days, and the ticket's agent is not in \
                   [triage.senior].",
            why: "One more templated answer is what such an account leaves for.",
            remedy: "Hand the ticket to a senior agent.",
            needs: &["activity", "tickets.assignee"],
        },
        Rule {
            code: "triage/incident-untagged",
            severity: Severity::Warning,
            what: "An incident of the ticket's feature area, or of the whole product, was open when the ticket came, \
                   and the ticket does not carry its tag.",
            why: "It is investigated on its own, and its customer is forgotten when the incident is resolved.",
            remedy: "Add the tag incident:ID, and answer with the news of the incident.",
            needs: &["incidents|known_issues", "tickets.tags"],
        },
        Rule {
            code: "triage/no-account",
            severity: Severity::Warning,
            what: "Neither the ticket's account, nor the requester's address, nor its domain matches an account. \
                   Domains of free mail match nobody.",
            why: "Without the account nobody knows its tier, so it is treated as the smallest.",
            remedy: "Link the requester to the account in the help desk.",
            needs: &["tickets.account_id|tickets.requester_email"],
        },
    ],
    options: &[
        Opt {
            name: "all",
            kind: OptKind::Switch,
            default: "",
            help: "Judge pending, solved and closed tickets too",
        },
        Opt {
            name: "replay",
            kind: OptKind::Switch,
            default: "",
            help: "Judge all tickets by the health of the day on which they came, and sum up by tier what the rules \
                   would have changed",
        },
        target("target-enterprise", "1h", "When the first response is owed to enterprise customers"),
        target("target-business", "4h", "When it is owed to business customers"),
        target("target-pro", "8h", "When it is owed to pro customers"),
        target("target-other", "24h", "When it is owed to all others"),
        Opt {
            name: "at-risk",
            kind: OptKind::Decimal,
            default: "50",
            help: "A score under this is at risk, as is a drop by [health] drop within drop_days",
        },
        Opt {
            name: "top",
            kind: OptKind::Percent,
            default: "10%",
            help: "The share of the accounts of a currency whose revenue raises the priority",
        },
        Opt {
            name: "left-out",
            kind: OptKind::Texts,
            default: "merged,closed_by_merge,spam,internal",
            help: "Tags, channels and queues whose tickets are left out",
        },
        Opt {
            name: "queues",
            kind: OptKind::Table(&QUEUES),
            default: "",
            help: "The queue of each feature area; general for those without one",
        },
        Opt {
            name: "senior",
            kind: OptKind::Table(&SENIOR),
            default: "",
            help: "The senior agents, a list for each team; without any, agents are not judged",
        },
        Opt {
            name: "hours",
            kind: OptKind::Table(&HOURS),
            default: "",
            help: "Business hours, in which the time to respond runs; around the clock without any",
        },
        Opt {
            name: "queue-names",
            kind: OptKind::Table(&QUEUES),
            default: "",
            help: "The queue that each group id or name of the help desk stands for",
        },
    ],
    columns: rows::COLUMNS,
};
