//! Flag the renewals that are at risk, 90 days out, with a plan of who speaks to whom by when.

mod calendar;
mod findings;
mod inputs;
mod judge;
mod plan;
mod risk;
mod rows;
mod signals;
mod terms;

use crate::{
    check::{CheckInfo, Field, Opt, OptKind, Reads, Rule, Shape},
    engine::Check,
    report::Severity,
};

/// The check.
pub(super) const CHECK: Check = Check { info: &INFO, run: judge::run };

static STEP: Shape = Shape {
    fields: &[
        Field {
            name: "message",
            kind: OptKind::Text,
            needed: true,
            help: "The kind of message by which the step is done, as in messages.kind",
        },
        Field { name: "days", kind: OptKind::Count, needed: true, help: "Days before the renewal" },
        Field {
            name: "always",
            kind: OptKind::Switch,
            needed: false,
            help: "Whether it is owed at any risk, and not at high and medium alone",
        },
    ],
    others: None,
    distinct: "message",
};

const STEPS: &str = r#"
[[step]]
message = "executive_check_in"
days = 90
[[step]]
message = "value_review"
days = 60
[[step]]
message = "renewal_conversation"
days = 30
always = true
"#;

const RENEWALS: &[&str] = &["subscriptions", "accounts", "activity"];
const MESSAGES: &[&str] = &["messages"];

const fn count(name: &'static str, default: &'static str, help: &'static str) -> Opt {
    Opt { name, kind: OptKind::Count, default, help }
}

const fn points(name: &'static str, default: &'static str, help: &'static str) -> Opt {
    Opt { name, kind: OptKind::Decimal, default, help }
}

static INFO: CheckInfo = CheckInfo {
    name: "renewals",
    about: "the renewals of the next 90 days: risk, and the outreach that is owed",
    doc: "Each renewal of the next 90 days against the account's health, its tickets and its engagement, and the \
          outreach that is owed against the messages. An annual contract ends in two weeks, and the first call in \
          three months learns of problems that nobody has the time to mend. The rows are a plan of work: who acts, \
          on what, by when, and why; `--ical` writes it as a calendar.",
    searches: false,
    reads: &[
        Reads { dataset: "subscriptions", needed: true },
        Reads { dataset: "accounts", needed: true },
        Reads { dataset: "activity", needed: true },
        Reads { dataset: "tickets", needed: false },
        Reads { dataset: "payments", needed: false },
        Reads { dataset: "invoices", needed: false },
        Reads { dataset: "plans", needed: false },
        Reads { dataset: "messages", needed: false },
        Reads { dataset: "identities", needed: false },
    ],
    rules: &[
        Rule {
            code: "renewals/at-risk",
            severity: Severity::Warning,
            what: "The risk is high: a score under 50, a drop of 20 within 7 days in the last 30, or a fall of 20 over \
                   90 days. An error where the renewal is 30 days away or less.",
            why: "What is wrong now takes weeks to mend, and the customer decides before the date.",
            remedy: "Start the outreach with the reasons that are named, and put an executive on it.",
            needs: RENEWALS,
        },
        Rule {
            code: "renewals/outreach-missed",
            severity: Severity::Error,
            what: "A step of the plan is more than 7 days past its date, and no message shows that it was held.",
            why: "Every step leaves time for the next one; without it the problems come up when it is too late.",
            remedy: "Hold the step now. If it was held, see that it is recorded.",
            needs: MESSAGES,
        },
        Rule {
            code: "renewals/outreach-due",
            severity: Severity::Info,
            what: "A step of the plan is due within 7 days, or was within the last 7, and has not been held.",
            why: "Who is to be spoken with this week.",
            remedy: "Hold it, and record it as a message of its kind.",
            needs: MESSAGES,
        },
        Rule {
            code: "renewals/first-contact-late",
            severity: Severity::Error,
            what: "The renewal is 30 days away or less, and nobody has been in touch with the account for 90 days. \
                   Mails that machines send do not count.",
            why: "The first call in three months is about money, and the customer's own issues come up when there is no \
                  time left for them.",
            remedy: "Call today, and ask before you sell.",
            needs: MESSAGES,
        },
        Rule {
            code: "renewals/no-owner",
            severity: Severity::Warning,
            what: "The account has neither an account manager nor a customer success manager.",
            why: "Nobody will hold the conversation.",
            remedy: "Name an owner.",
            needs: &["accounts.account_manager|accounts.csm"],
        },
        Rule {
            code: "renewals/unknown-risk",
            severity: Severity::Warning,
            what: "The account has no health score and nothing else speaks for a risk.",
            why: "Not to know is no good sign: it may be new, or its activity may be missing from the export.",
            remedy: "Ask the owner, and mend the export.",
            needs: RENEWALS,
        },
    ],
    options: &[
        count("within", "90", "Renewals up to so many days ahead"),
        Opt {
            name: "all-terms",
            kind: OptKind::Switch,
            default: "",
            help: "Renewals of terms shorter than a year too",
        },
        Opt {
            name: "ical",
            kind: OptKind::OutFile,
            default: "",
            help: "Write the steps that are open to this file as a calendar (iCalendar)",
        },
        points("high-score", "50", "A score under this is a high risk"),
        points("medium-score", "70", "A score under this is a medium risk"),
        points("drop", "20", "A fall of so many points within --drop-days is a high risk"),
        count("drop-days", "7", "Days within which a fall is a drop"),
        count("drop-within", "30", "Days for which a drop is a risk"),
        points("high-fall", "20", "A fall of so many points over 90 days is a high risk"),
        points("medium-fall", "10", "A fall of so many points over 90 days is a medium risk"),
        points("low-sentiment", "-0.2", "A mean sentiment of 90 days under this is a medium risk"),
        Opt {
            name: "less-engagement",
            kind: OptKind::Percent,
            default: "30%",
            help: "Logins or active users that are down by this share over 30 days are a medium risk",
        },
        Opt {
            name: "step",
            kind: OptKind::Tables(&STEP),
            default: STEPS,
            help: "The steps of outreach before a renewal",
        },
        count("early", "14", "How many days before its date a message may do a step"),
        count("late", "7", "Days after its date from which a step that was not held is missed"),
        count("soon", "7", "Days before its date from which a step is due"),
        count(
            "near",
            "30",
            "A renewal within so many days is near: high risk is an error, silence a finding",
        ),
        count("silence", "90", "Days without any contact that are a finding before a near renewal"),
        Opt {
            name: "automated",
            kind: OptKind::Texts,
            default: "deprecation_notice,final_notice,grace_expired,invoice,invoice_sent,known_issue_reply,newsletter,\
                      onboarding,payment_failed,payment_receipt,payment_recovered,payment_reminder,payment_urgent,\
                      receipt,status_update,trial_ending,upgrade_page,usage_alert",
            help: "Kinds of messages that machines send; they are no contact",
        },
    ],
    columns: rows::COLUMNS,
};
