//! Compare the usage that was metered with the usage that was billed.

mod amounts;
mod by_day;
mod causes;
mod findings;
mod inputs;
mod judge;
mod lines;
mod meter;
mod readings;
mod rows;
mod unbilled;

use crate::{
    check::{CheckInfo, Opt, OptKind, Reads, Rule},
    engine::Check,
    report::{RowColumn, Severity, Show},
};

/// The check.
pub(super) const CHECK: Check = Check { info: &INFO, run: judge::run };

const QUANTITY: &[&str] = &["billed_usage", "usage_events|usage_totals"];

/// Totals are metered without their events: rules about single events then have nothing to judge.
const METERED: &[&str] = &["usage_events|usage_totals"];

static INFO: CheckInfo = CheckInfo {
    name: "reconcile",
    about: "usage metered against usage billed",
    doc: "For each billed period, account and metric: the sum of the metered events, each event once, against the \
          quantity on the invoice, and the amount against what the price list makes of that quantity. A customer \
          on a usage-based plan checks the bill; one that counts hours of another day, or an event twice, costs \
          trust in all of them. Causes are computed from the events and named only where they give the billed \
          figure.",
    searches: false,
    reads: &[
        Reads { dataset: "billed_usage", needed: true },
        Reads { dataset: "usage_events|usage_totals", needed: true },
        Reads { dataset: "prices", needed: false },
        Reads { dataset: "subscriptions", needed: false },
        Reads { dataset: "accounts", needed: false },
        Reads { dataset: "plans", needed: false },
        Reads { dataset: "invoices", needed: false },
        Reads { dataset: "metrics", needed: false },
        Reads { dataset: "identities", needed: false },
    ],
    rules: &[
        Rule {
            code: "reconcile/quantity-mismatch",
            severity: Severity::Error,
            what: "The billed quantity differs from the metered one by more than the threshold (5 %).",
            why: "The customer is charged for what was not used, or usage is given away; customers on usage-based \
                  plans check their bills.",
            remedy: "Hold the invoice while it is a draft, mend the cause that is named, and bill the metered \
                     quantity; credit what was overcharged on a paid one.",
            needs: QUANTITY,
        },
        Rule {
            code: "reconcile/quantity-drift",
            severity: Severity::Info,
            what: "The billed quantity is not the metered one, but within the threshold.",
            why: "Small differences grow; the same window or duplicate that makes 1 % today makes 17 % in another \
                  month.",
            remedy: "Look at the cause, if one is named; else watch it.",
            needs: QUANTITY,
        },
        Rule {
            code: "reconcile/unbilled-usage",
            severity: Severity::Error,
            what: "Usage was metered in a period in which its metric was billed to others, and no billed row of the \
                   account covers it.",
            why: "The usage is given away, and a bill for it months later comes as a shock.",
            remedy: "Bill the period, or enter the account's price as free.",
            needs: QUANTITY,
        },
        Rule {
            code: "reconcile/billed-without-usage",
            severity: Severity::Error,
            what: "A quantity was billed in a period in which the account used nothing of the metric.",
            why: "The customer pays for nothing: the plainest of all billing errors.",
            remedy: "Take the line from the draft, or credit it.",
            needs: QUANTITY,
        },
        Rule {
            code: "reconcile/amount-mismatch",
            severity: Severity::Error,
            what: "The billed amount is not what the price makes of the billed quantity: an error beyond the \
                   threshold, a warning below it.",
            why: "The quantity is right and the charge is not; the customer recomputes it from the price list.",
            remedy: "Apply the price in force at the period's start; the cause says what was applied instead.",
            needs: &["billed_usage.amount", "prices"],
        },
        Rule {
            code: "reconcile/period-overlap",
            severity: Severity::Error,
            what: "Two billed periods of one account and metric overlap.",
            why: "The time that both cover is billed twice.",
            remedy: "Cut the later period where the earlier ends, and credit what was billed twice.",
            needs: &["billed_usage"],
        },
        Rule {
            code: "reconcile/period-gap",
            severity: Severity::Warning,
            what: "Between two billed periods of one account and metric lies time that none covers.",
            why: "Usage in the hole is never billed, or billed late.",
            remedy: "Check whether the export is whole; else bill the hole.",
            needs: &["billed_usage"],
        },
        Rule {
            code: "reconcile/conflicting-events",
            severity: Severity::Error,
            what: "One event_id stands for different contents; the latest to arrive is metered.",
            why: "An id that is used twice hides an event, and whichever system reads the other one bills another \
                  figure.",
            remedy: "Find the sender that reuses ids, and correct the event.",
            needs: METERED,
        },
        Rule {
            code: "reconcile/duplicate-events",
            severity: Severity::Info,
            what: "Events were delivered more than once; each was counted once.",
            why: "Whoever sums them without regard to their id bills them again.",
            remedy: "Nothing, where billing counts each id once.",
            needs: METERED,
        },
        Rule {
            code: "reconcile/suspected-duplicates",
            severity: Severity::Warning,
            what: "Three or more events are alike in account, metric, timestamp (finer than a second) and quantity \
                   under different ids.",
            why: "A sender that makes a new id with every retry bills one use several times.",
            remedy: "Ask the sender's owner whether these were retries.",
            needs: METERED,
        },
        Rule {
            code: "reconcile/currency-mismatch",
            severity: Severity::Error,
            what: "A line is billed in another currency than its price is in.",
            why: "The figure on the bill means something else than the price list promised.",
            remedy: "Bill in the price's currency, or add a price in the billed one.",
            needs: &["billed_usage.currency", "prices"],
        },
    ],
    options: &[
        Opt {
            name: "threshold",
            kind: OptKind::Percent,
            default: "5%",
            help: "A difference of more than this share is a mismatch",
        },
        Opt {
            name: "min-delta",
            kind: OptKind::Decimal,
            default: "0",
            help: "Quantities that differ by no more than this are no mismatch",
        },
        Opt {
            name: "settle",
            kind: OptKind::Duration,
            default: "0s",
            help: "Judge a period only when it has been over for this long, for late events",
        },
        Opt {
            name: "metric",
            kind: OptKind::Texts,
            default: "",
            help: "Judge only this metric (repeatable)",
        },
        Opt {
            name: "by",
            kind: OptKind::Choice(&["period", "day"]),
            default: "period",
            help: "With 'day' the rows are an account's days, with the files and lines of their events",
        },
        Opt {
            name: "hold-list",
            kind: OptKind::OutFile,
            default: "",
            help: "Write the ids of the draft and open invoices that should wait, one a line",
        },
    ],
    columns: &[
        RowColumn { name: "account", show: Show::Text, doc: "the paying account" },
        RowColumn { name: "metric", show: Show::Text, doc: "the metric" },
        RowColumn { name: "dimension", show: Show::Hidden, doc: "the dimension, or null" },
        RowColumn {
            name: "period_start",
            show: Show::Text,
            doc: "the period's start as the export gives it",
        },
        RowColumn { name: "period_end", show: Show::Hidden, doc: "its end (exclusive)" },
        RowColumn { name: "period_start_at", show: Show::Hidden, doc: "the start as an instant" },
        RowColumn { name: "period_end_at", show: Show::Hidden, doc: "the end as an instant" },
        RowColumn { name: "invoice_id", show: Show::Text, doc: "its invoice; several are joined by ';'" },
        RowColumn { name: "metered", show: Show::Number, doc: "the metered quantity; null where not judged" },
        RowColumn { name: "billed", show: Show::Number, doc: "the billed quantity" },
        RowColumn { name: "delta", show: Show::Number, doc: "billed − metered" },
        RowColumn {
            name: "delta_percent",
            show: Show::Percent,
            doc: "delta / metered × 100; null where metered is 0",
        },
        RowColumn { name: "expected_amount", show: Show::Number, doc: "the price of the billed quantity" },
        RowColumn { name: "billed_amount", show: Show::Number, doc: "the billed amount" },
        RowColumn { name: "currency", show: Show::Text, doc: "of the amounts" },
        RowColumn {
            name: "status",
            show: Show::Text,
            doc: "ok, drift, mismatch, unbilled, no_usage or not_judged",
        },
        RowColumn { name: "cause", show: Show::Text, doc: "the cause's id, where the data shows one" },
        RowColumn { name: "hold", show: Show::Hidden, doc: "whether a draft or open invoice should wait" },
        RowColumn { name: "reason", show: Show::Hidden, doc: "why it was not judged" },
    ],
};
