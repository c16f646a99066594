//! Hold every charge against the product's state before it is made.

mod accounts;
mod book;
mod double;
mod findings;
mod index;
mod judge;
mod line;
mod load;
mod names;
mod repeated;
mod rows;

use crate::{
    check::{CheckInfo, Opt, OptKind, Reads, Rule},
    engine::Check,
    report::{RowColumn, Severity, Show},
};

/// The check.
pub(super) const CHECK: Check = Check { info: &INFO, run: judge::run };

static INFO: CheckInfo = CheckInfo {
    name: "charges",
    about: "every charge against the product's state",
    doc: "For each line of the draft and open invoices: is the account active, is the feature that is charged for \
          switched on, is the plan the one in force. A customer who moved from Enterprise to Pro in the middle of \
          September and is charged Enterprise on 1 October disputes the charge; a refund alone brings the same \
          dispute next month, because the change still has not reached billing. What the product's exports cannot \
          tell is held apart from what is wrong.",
    searches: false,
    reads: &[
        Reads { dataset: "invoices", needed: true },
        Reads { dataset: "invoice_lines", needed: true },
        Reads { dataset: "accounts", needed: true },
        Reads { dataset: "subscriptions", needed: false },
        Reads { dataset: "plans", needed: false },
        Reads { dataset: "plan_changes", needed: false },
        Reads { dataset: "entitlements", needed: false },
        Reads { dataset: "payments", needed: false },
        Reads { dataset: "credit_notes", needed: false },
        Reads { dataset: "activity", needed: false },
        Reads { dataset: "identities", needed: false },
    ],
    rules: &[
        Rule {
            code: "charges/account-inactive",
            severity: Severity::Error,
            what: "A line's period starts after its account was canceled, suspended or paused. A last line in \
                   arrears is due, and credits are exempt.",
            why: "A customer who has left is charged for time in which there was nothing to use: the surest way to a \
                  chargeback.",
            remedy: "Hold the invoice, take the line from it, and end the subscription in billing.",
            needs: &["accounts"],
        },
        Rule {
            code: "charges/feature-not-provisioned",
            severity: Severity::Error,
            what: "The feature that a line charges for, or one that its plan includes, was at no time of the line's \
                   period switched on for the account.",
            why: "Customers open tickets and dispute charges for what they cannot use.",
            remedy: "Switch the feature on, or take it from the invoice.",
            needs: &["entitlements"],
        },
        Rule {
            code: "charges/plan-stale",
            severity: Severity::Error,
            what: "A line charges another plan than the one in force at its period's start by the plan changes and \
                   subscriptions.",
            why: "A plan change that billing never heard of is charged wrongly every month until somebody mends the \
                  synchronisation.",
            remedy: "Carry the change over to billing and correct the invoice by the difference of the two prices.",
            needs: &["subscriptions|plan_changes"],
        },
        Rule {
            code: "charges/repeated",
            severity: Severity::Error,
            what: "An earlier invoice of the account had the same stale plan or the same feature that is not \
                   provisioned; each such invoice is named, with what was refunded on it.",
            why: "The refund went out and the root cause stayed; the customer sees the same error a second time.",
            remedy: "Mend the synchronisation, not the invoice alone.",
            needs: &["subscriptions|plan_changes|entitlements"],
        },
        Rule {
            code: "charges/double-charge",
            severity: Severity::Error,
            what: "What was paid on an invoice less what was refunded is above its total, or two lines charge for \
                   the same thing in periods that overlap.",
            why: "The customer pays twice for one thing.",
            remedy: "Refund the second payment, or take the second line from the invoice.",
            needs: &["payments|invoice_lines"],
        },
        Rule {
            code: "charges/second-subscription",
            severity: Severity::Warning,
            what: "The account has another live subscription to the same plan or product.",
            why: "Two checkouts of one customer bill side by side until the customer notices.",
            remedy: "Ask whether both are wanted; else end one and credit it.",
            needs: &["subscriptions"],
        },
        Rule {
            code: "charges/unverifiable",
            severity: Severity::Warning,
            what: "The product's exports say nothing about the account, or end before the line's period begins: \
                   whether the charge is right is unknown, which does not make it wrong.",
            why: "A charge that nobody could check is made on trust.",
            remedy: "Export the product's state with this account in it, or give an identities export.",
            needs: &[],
        },
        Rule {
            code: "charges/not-billed",
            severity: Severity::Warning,
            what: "A paid feature or plan was on, and no line covers that time, inside the span of the account's \
                   invoices.",
            why: "What is given away by mistake is hard to charge for later.",
            remedy: "Bill it, switch it off, or record that it is given away.",
            needs: &["entitlements"],
        },
        Rule {
            code: "charges/sync-stale",
            severity: Severity::Warning,
            what: "The newest record of accounts and activity is older than a day: the product's state was not \
                   synchronised.",
            why: "Whatever changed since is not known to this check, nor to billing.",
            remedy: "Run the synchronisation, export again, and then charge.",
            needs: &["accounts.updated_at|activity.date"],
        },
    ],
    options: &[
        Opt {
            name: "all",
            kind: OptKind::Switch,
            default: "false",
            help: "Judge the lines of invoices of every status, not only of draft and open ones",
        },
        Opt {
            name: "max-sync-age",
            kind: OptKind::Duration,
            default: "24h",
            help: "The newest record of the product's exports may be this old",
        },
        Opt {
            name: "hold-list",
            kind: OptKind::OutFile,
            default: "",
            help: "Write the ids of the draft and open invoices that must wait, one a line",
        },
        Opt {
            name: "unverified-list",
            kind: OptKind::OutFile,
            default: "",
            help: "Write those that only cannot be verified to this file, and not to the hold list",
        },
    ],
    columns: &[
        RowColumn { name: "invoice_id", show: Show::Text, doc: "the invoice" },
        RowColumn { name: "line_id", show: Show::Hidden, doc: "its line" },
        RowColumn { name: "account", show: Show::Text, doc: "the account that is charged" },
        RowColumn { name: "what", show: Show::Text, doc: "the line's kind and what it charges for" },
        RowColumn {
            name: "period",
            show: Show::Hidden,
            doc: "the line's period, start/end (exclusive), as the export gives it",
        },
        RowColumn { name: "charged_plan", show: Show::Hidden, doc: "the plan on the line" },
        RowColumn {
            name: "plan_in_force",
            show: Show::Text,
            doc: "the plan at the period's start; several subscriptions' are joined by ';'; null where unknown",
        },
        RowColumn {
            name: "provisioned",
            show: Show::Hidden,
            doc: "whether all features charged for were on in the period; null where none is charged or it is \
                  unknown",
        },
        RowColumn {
            name: "account_status",
            show: Show::Text,
            doc: "the account's status; null where unknown",
        },
        RowColumn { name: "amount", show: Show::Number, doc: "the line's amount" },
        RowColumn { name: "currency", show: Show::Text, doc: "of the amount" },
        RowColumn { name: "verdict", show: Show::Text, doc: "charge or hold" },
        RowColumn {
            name: "reason",
            show: Show::Text,
            doc: "the rules that the line breaks, or why it cannot be verified",
        },
    ],
};
