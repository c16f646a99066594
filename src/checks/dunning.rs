//! Replay failed payments against the dunning schedule and against access to the product.

mod access;
mod findings;
mod inputs;
mod judge;
mod names;
mod policy;
mod retries;
mod sequence;
mod steps;
#[cfg(test)]
mod tests;
mod words;

use crate::{
    check::{CheckInfo, Field, Opt, OptKind, Reads, Rule, Shape},
    engine::Check,
    report::{RowColumn, Severity, Show},
};

/// The check.
pub(super) const CHECK: Check = Check { info: &INFO, run: judge::run };

static STEP: Shape = Shape {
    fields: &[
        Field {
            name: "day",
            kind: OptKind::Count,
            needed: true,
            help: "Days after the day of the first failed payment, which is day 0",
        },
        Field {
            name: "retry",
            kind: OptKind::Switch,
            needed: false,
            help: "Whether the payment is tried again",
        },
        Field {
            name: "message",
            kind: OptKind::Text,
            needed: false,
            help: "The kind of message that goes to the customer, as in messages.kind",
        },
        Field {
            name: "downgrade",
            kind: OptKind::Switch,
            needed: false,
            help: "Whether the grace period ends at this day's start, and access with billing's word",
        },
    ],
    others: None,
    distinct: "day",
};

static NETWORK: Shape = Shape {
    fields: &[
        Field {
            name: "retries",
            kind: OptKind::Count,
            needed: true,
            help: "Attempts beyond the first that are allowed for one invoice",
        },
        Field { name: "days", kind: OptKind::Count, needed: true, help: "Within any so many days" },
    ],
    others: None,
    distinct: "",
};

static NETWORKS: Shape = Shape { fields: &[], others: Some(OptKind::Table(&NETWORK)), distinct: "" };

const STEPS: &str = r#"
[[step]]
day = 0
retry = true
message = "payment_failed"
[[step]]
day = 3
retry = true
message = "payment_urgent"
[[step]]
day = 7
message = "final_notice"
[[step]]
day = 14
downgrade = true
"#;

const ACCESS: &[&str] = &["access_changes"];

static INFO: CheckInfo = CheckInfo {
    name: "dunning",
    about: "failed payments: the dunning schedule against access",
    doc: "For each invoice with a failed payment: the steps that were due since the first failure against the retries \
          and messages in the logs, and every change of access against the end of the grace period. A payment fails \
          on a Tuesday; billing writes mails, and on Wednesday the product finds an unpaid invoice and cuts the \
          customer off in the middle of a presentation. The rows are today's work: who needs what, by when, and who \
          must not be touched.",
    searches: false,
    reads: &[
        Reads { dataset: "payments", needed: true },
        Reads { dataset: "invoices", needed: true },
        Reads { dataset: "messages", needed: false },
        Reads { dataset: "access_changes", needed: false },
        Reads { dataset: "accounts", needed: false },
        Reads { dataset: "subscriptions", needed: false },
        Reads { dataset: "migrations", needed: false },
        Reads { dataset: "incidents", needed: false },
        Reads { dataset: "deletion_requests", needed: false },
        Reads { dataset: "identities", needed: false },
    ],
    rules: &[
        Rule {
            code: "dunning/access-removed-early",
            severity: Severity::Error,
            what: "Access was revoked or downgraded after the first failure and before the grace period's end, by \
                   whomever. The customer's own cancellation or chosen downgrade and a suspension for abuse do not \
                   count.",
            why: "The customer was promised the time to update a card, and is cut off at work.",
            remedy: "Restore access, and stop the job that acts on unpaid invoices without billing's word.",
            needs: ACCESS,
        },
        Rule {
            code: "dunning/data-deleted",
            severity: Severity::Error,
            what: "Data of the account was deleted in a dunning sequence or after one, without a request for \
                   erasure.",
            why: "Nobody should lose data because a credit card has expired.",
            remedy: "Restore it from a backup, and take deletion out of whatever acts on unpaid invoices.",
            needs: ACCESS,
        },
        Rule {
            code: "dunning/downgrade-unconfirmed",
            severity: Severity::Error,
            what: "Access was downgraded or revoked after the grace period, but billing had not confirmed its end: \
                   neither a downgrade by billing nor a message grace_expired came before it.",
            why: "Only billing knows of a wire that is on its way, or of more time that was granted.",
            remedy: "Let the product wait for billing's confirmation.",
            needs: &["access_changes", "messages"],
        },
        Rule {
            code: "dunning/step-missed",
            severity: Severity::Error,
            what: "A retry or message was not done when the next step's day came.",
            why: "The next step builds on it: a final notice is the first that the customer hears, or access ends \
                  without a warning.",
            remedy: "Find out why the schedule did not run, and write to the customer before the next step.",
            needs: &[],
        },
        Rule {
            code: "dunning/step-late",
            severity: Severity::Warning,
            what: "A retry or message came after its day, or is still undone when its day is over.",
            why: "Every day of delay is taken from the time that the customer has to pay.",
            remedy: "Do it today where it is undone; look for a run of the schedule that was left out.",
            needs: &[],
        },
        Rule {
            code: "dunning/step-early",
            severity: Severity::Warning,
            what: "A retry or message came before its day.",
            why: "The bank has had no time to change its mind, or the customer is pressed before the date that the \
                  first mail named.",
            remedy: "Hold the step until its day.",
            needs: &[],
        },
        Rule {
            code: "dunning/step-repeated",
            severity: Severity::Warning,
            what: "The same message went out twice for one step, or a retry was made again. A second attempt on \
                   day 0 is allowed.",
            why: "Two jobs run one schedule, and the customer is written to twice.",
            remedy: "Find the second job, or the retry outside the schedule.",
            needs: &[],
        },
        Rule {
            code: "dunning/network-limit",
            severity: Severity::Warning,
            what: "An invoice was retried more often within 30 days than the card networks allow (15 times).",
            why: "Networks fine each further attempt, and banks decline the merchant's other charges.",
            remedy: "Stop the retries and ask for another way to pay.",
            needs: &[],
        },
        Rule {
            code: "dunning/continued-after-recovery",
            severity: Severity::Error,
            what: "After the invoice was paid or void a dunning message was sent or access was taken, or access was \
                   not given back within an hour.",
            why: "The customer has paid and is treated as if not.",
            remedy: "Restore access and apologise; let the payment end the sequence everywhere.",
            needs: &["messages|access_changes"],
        },
        Rule {
            code: "dunning/grace-overdue",
            severity: Severity::Warning,
            what: "The last day of the schedule is past, and the account is neither paid nor downgraded.",
            why: "The service is given away, and the next customer is treated otherwise.",
            remedy: "Confirm the end of grace and downgrade, or write down why there is more time.",
            needs: ACCESS,
        },
        Rule {
            code: "dunning/retry-while-paused",
            severity: Severity::Error,
            what: "A payment was tried again in the window of a migration that touches billing, or in a SEV1 \
                   incident.",
            why: "Half-written charges are charged again: customers pay twice.",
            remedy: "Check whether the customer was charged once, and let the retry job heed the pause.",
            needs: &["migrations|incidents"],
        },
        Rule {
            code: "dunning/hard-decline-retried",
            severity: Severity::Warning,
            what: "A payment was tried again after a decline that forbids it, such as a stolen card.",
            why: "It can never succeed, costs a fee each time, and marks the merchant as careless.",
            remedy: "Ask the customer for another card.",
            needs: &["payments.failure_code"],
        },
        Rule {
            code: "dunning/step-due",
            severity: Severity::Info,
            what: "A step is due within the next 24 hours.",
            why: "Who is to be written to today, and whose access must stay.",
            remedy: "Do it on its day.",
            needs: &[],
        },
    ],
    options: &[
        Opt {
            name: "preset",
            kind: OptKind::Choice(&["schedule", "stripe-smart"]),
            default: "schedule",
            help: "With 'stripe-smart' the vendor picks the times of retries: only messages and access are held to \
                   the schedule",
        },
        Opt {
            name: "hard-declines",
            kind: OptKind::Texts,
            default: "authentication_required,do_not_try_again,fraudulent,highest_risk_level,incorrect_number,\
                      invalid_account,lost_card,pickup_card,restricted_card,revocation_of_all_authorizations,\
                      revocation_of_authorization,security_violation,stolen_card,stop_payment_order,\
                      transaction_not_allowed",
            help: "Failure codes after which a payment must not be tried again",
        },
        Opt {
            name: "restore-within",
            kind: OptKind::Duration,
            default: "1h",
            help: "How soon after recovery access must be back",
        },
        Opt {
            name: "step",
            kind: OptKind::Tables(&STEP),
            default: STEPS,
            help: "The steps of the schedule; any in the file replace them all",
        },
        Opt {
            name: "networks",
            kind: OptKind::Table(&NETWORKS),
            default: "[networks]\ncard = { retries = 15, days = 30 }\n",
            help: "How many retries each network allows; 'card' stands for every card network without its own",
        },
    ],
    columns: &[
        RowColumn { name: "account", show: Show::Text, doc: "the account that is billed" },
        RowColumn { name: "invoice_id", show: Show::Text, doc: "the invoice" },
        RowColumn { name: "amount", show: Show::Number, doc: "its total" },
        RowColumn { name: "currency", show: Show::Text, doc: "of the amount" },
        RowColumn {
            name: "first_failed_at",
            show: Show::Hidden,
            doc: "the first failed payment: the clock's start",
        },
        RowColumn {
            name: "day",
            show: Show::Number,
            doc: "days since day 0 in the billing zone, to the end of the sequence where it has ended",
        },
        RowColumn { name: "state", show: Show::Text, doc: "open, recovered or expired" },
        RowColumn {
            name: "steps_done",
            show: Show::Hidden,
            doc: "the days whose step is wholly done, joined by ';'",
        },
        RowColumn { name: "next_action", show: Show::Text, doc: "what is to be done next; null: nothing" },
        RowColumn { name: "next_at", show: Show::Text, doc: "when its day begins" },
        RowColumn {
            name: "grace_ends_at",
            show: Show::Hidden,
            doc: "the first instant after the grace period",
        },
        RowColumn {
            name: "access",
            show: Show::Text,
            doc: "kept, lost or downgraded; null without access changes",
        },
        RowColumn { name: "failure_code", show: Show::Hidden, doc: "of the latest decline" },
    ],
};
