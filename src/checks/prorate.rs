//! Compute what a change of plan comes to, and compare it with what was billed and switched on.

mod ad_hoc;
mod bills;
mod causes;
mod change;
mod double;
mod features;
mod inputs;
mod judge;
mod lines;
mod rows;
mod telling;

use crate::{
    check::{CheckInfo, Opt, OptKind, Reads, Rule},
    engine::Check,
    judge::{calendar::Interval, proration::Convention},
    report::{RowColumn, Severity, Show},
};

/// The check.
pub(super) const CHECK: Check = Check { info: &INFO, run: judge::run };

pub(super) use ad_hoc::answer as without_data;

const BILLED: &[&str] = &["plan_changes|subscriptions", "invoice_lines"];

static INFO: CheckInfo = CheckInfo {
    name: "prorate",
    about: "the mathematics of plan changes against what was billed",
    doc: "For each change of plan or seats, and each start or end of a subscription within a billing cycle: what is \
          left of the old plan is credited, the rest of the cycle on the new one is charged, each line rounded and \
          then summed. That is compared with the proration lines of the invoices, with what the customer was shown, \
          and with the moment at which the product switched features. Without exports it does the mathematics alone: \
          a change (--from, --to, --cycle, --on) or a span (--price, --interval, --start, --through). A customer who \
          is charged a full month and a proration besides asks support why, and support needs the answer.",
    searches: false,
    reads: &[
        Reads { dataset: "plan_changes|subscriptions", needed: true },
        Reads { dataset: "invoice_lines", needed: false },
        Reads { dataset: "invoices", needed: false },
        Reads { dataset: "plans", needed: false },
        Reads { dataset: "entitlements", needed: false },
        Reads { dataset: "payments", needed: false },
        Reads { dataset: "messages", needed: false },
        Reads { dataset: "accounts", needed: false },
        Reads { dataset: "identities", needed: false },
    ],
    rules: &[
        Rule {
            code: "prorate/amount-mismatch",
            severity: Severity::Error,
            what: "The proration lines of a change differ from what is due by more than a minor unit.",
            why: "The customer recomputes the change from the two prices and the calendar, finds another figure, and \
                  asks why; nobody who cannot see the calculation can answer.",
            remedy: "Hold or correct the invoice: credit what was overcharged, mend the cause that is named, and pass \
                     on the mathematics (--show-math).",
            needs: BILLED,
        },
        Rule {
            code: "prorate/not-invoiced",
            severity: Severity::Error,
            what: "A change took effect, a later invoice exists, and no line prorates it.",
            why: "An upgrade is given away, or the customer's credit is withheld.",
            remedy: "Add the credit and the charge to the next invoice, and tell the customer before.",
            needs: &["plan_changes|subscriptions", "invoice_lines", "invoices"],
        },
        Rule {
            code: "prorate/not-shown",
            severity: Severity::Warning,
            what: "The customer was not shown the mathematics of a change, or only after the charge.",
            why: "A charge that was not announced is disputed, even where it is right.",
            remedy: "Show the lines of --show-math before the charge is made.",
            needs: &["plan_changes.shown_to_customer_at"],
        },
        Rule {
            code: "prorate/feature-moment",
            severity: Severity::Warning,
            what: "A feature was switched on or off at another moment than the billing change, more than 5 minutes \
                   apart.",
            why: "Time with the feature is not billed, or time without it is paid for.",
            remedy: "Switch features by the billing change itself, and credit or bill the time between.",
            needs: &["plan_changes", "plans.features", "entitlements.activated_at"],
        },
        Rule {
            code: "prorate/feature-state",
            severity: Severity::Error,
            what: "A feature of the new plan is not active, or one that it does not include still is.",
            why: "The customer pays for what is not there, or uses what is not paid for.",
            remedy: "Switch the features to those of the plan; enter what is sold apart as an add-on.",
            needs: &["plan_changes", "plans.features", "entitlements"],
        },
    ],
    options: &[
        Opt {
            name: "by",
            kind: OptKind::Choice(Convention::NAMES),
            default: "second",
            help: "How time is counted: 'day' gives the day of the change to the new plan, 'day-inclusive' counts \
                   both ends, 'month30' gives every month 30 days",
        },
        Opt {
            name: "downgrade",
            kind: OptKind::Choice(&["credit", "at_period_end", "none"]),
            default: "credit",
            help: "What a change to less gives: a credit, the old plan up to the period's end, or nothing",
        },
        Opt {
            name: "moment-tolerance",
            kind: OptKind::Duration,
            default: "5m",
            help: "Features may be switched this much before or after the billing change",
        },
        Opt {
            name: "show-math",
            kind: OptKind::Switch,
            default: "",
            help: "Print each calculation in plain words, to answer 'why was I charged this?'",
        },
        Opt {
            name: "from",
            kind: OptKind::Decimal,
            default: "",
            help: "A change without exports: the old price for a whole cycle",
        },
        Opt { name: "to", kind: OptKind::Decimal, default: "", help: "The new price for a whole cycle" },
        Opt {
            name: "cycle",
            kind: OptKind::Text,
            default: "",
            help: "The billing cycle, START..END, dates or timestamps",
        },
        Opt {
            name: "on",
            kind: OptKind::Text,
            default: "",
            help: "When the change takes effect, a date or timestamp",
        },
        Opt {
            name: "price",
            kind: OptKind::Decimal,
            default: "",
            help: "A span without exports: the price for a whole period",
        },
        Opt {
            name: "interval",
            kind: OptKind::Choice(Interval::NAMES),
            default: "month",
            help: "How long a period of the span is",
        },
        Opt { name: "every", kind: OptKind::Int, default: "1", help: "So many intervals make a period" },
        Opt {
            name: "anchor-day",
            kind: OptKind::Int,
            default: "",
            help: "The day of the month on which periods begin, 1 to 31; without it the start's own",
        },
        Opt {
            name: "start",
            kind: OptKind::Text,
            default: "",
            help: "The span's start, a date or timestamp",
        },
        Opt { name: "end", kind: OptKind::Text, default: "", help: "Its end (exclusive), if it has one" },
        Opt {
            name: "through",
            kind: OptKind::Text,
            default: "",
            help: "Bill every period whose start this has reached; without it up to the end, else --as-of",
        },
        Opt { name: "currency", kind: OptKind::Text, default: "USD", help: "The currency, ISO 4217" },
        Opt {
            name: "quantity",
            kind: OptKind::Decimal,
            default: "1",
            help: "Seats or units (before a change)",
        },
        Opt {
            name: "to-quantity",
            kind: OptKind::Decimal,
            default: "",
            help: "Seats or units after the change; without it as before",
        },
        Opt {
            name: "discount",
            kind: OptKind::Percent,
            default: "0%",
            help: "Off the price, before proration",
        },
        Opt { name: "tax", kind: OptKind::Percent, default: "0%", help: "On each prorated line" },
        Opt {
            name: "paid",
            kind: OptKind::Decimal,
            default: "",
            help: "What was paid for the cycle and not yet credited, before tax: the credit is at most this",
        },
        Opt {
            name: "new-cycle",
            kind: OptKind::Switch,
            default: "",
            help: "The new plan has another interval: its cycle starts at the change and is charged whole",
        },
    ],
    columns: &[
        RowColumn { name: "account", show: Show::Text, doc: "the account" },
        RowColumn {
            name: "change",
            show: Show::Text,
            doc: "its change_id, else account, moment and plan; start: or cancel: and a subscription",
        },
        RowColumn { name: "effective_at", show: Show::Text, doc: "when it took effect" },
        RowColumn { name: "cycle_start", show: Show::Hidden, doc: "the billing cycle's start, an instant" },
        RowColumn { name: "cycle_end", show: Show::Hidden, doc: "its end (exclusive)" },
        RowColumn {
            name: "fraction",
            show: Show::Hidden,
            doc: "the share of the cycle that was left; exact inside, 9 places where it does not end",
        },
        RowColumn { name: "from", show: Show::Hidden, doc: "the plan before; null at a start" },
        RowColumn { name: "to", show: Show::Hidden, doc: "the plan after; null at an end" },
        RowColumn { name: "credit", show: Show::Hidden, doc: "−(old price × old quantity × fraction)" },
        RowColumn { name: "charge", show: Show::Hidden, doc: "new price × new quantity × fraction" },
        RowColumn { name: "net", show: Show::Number, doc: "charge + credit: what is due" },
        RowColumn {
            name: "invoiced",
            show: Show::Number,
            doc: "the sum of its invoice lines; null without any",
        },
        RowColumn { name: "delta", show: Show::Number, doc: "invoiced − net" },
        RowColumn { name: "currency", show: Show::Text, doc: "of the amounts" },
        RowColumn {
            name: "convention",
            show: Show::Hidden,
            doc: "the convention that fits what was invoiced, else the one in force",
        },
        RowColumn {
            name: "cause",
            show: Show::Text,
            doc: "the cause's id, where one reproduces what was invoiced",
        },
        RowColumn {
            name: "status",
            show: Show::Text,
            doc: "ok, mismatch, not_invoiced, open (no later invoice yet) or not_judged",
        },
        RowColumn { name: "from_price", show: Show::Hidden, doc: "the old price of one unit for a cycle" },
        RowColumn { name: "to_price", show: Show::Hidden, doc: "the new one" },
        RowColumn { name: "from_quantity", show: Show::Hidden, doc: "the old quantity" },
        RowColumn { name: "to_quantity", show: Show::Hidden, doc: "the new one" },
        RowColumn { name: "invoices", show: Show::Hidden, doc: "the invoices of its lines" },
        RowColumn { name: "reason", show: Show::Hidden, doc: "why it was not judged" },
        RowColumn { name: "math", show: Show::Hidden, doc: "with --show-math the calculation, line by line" },
    ],
};
