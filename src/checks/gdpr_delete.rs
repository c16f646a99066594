//! Prove that a person's data is gone from every system, in time.

mod certificate;
mod findings;
mod inputs;
mod judge;
mod places;
mod policy;
mod records;
mod rows;
mod standing;
mod subject;
mod traces;

use crate::{
    check::{CheckInfo, Opt, OptKind, Reads, Rule, Shape},
    engine::Check,
    report::Severity,
};

/// The check.
pub(super) const CHECK: Check = Check { info: &INFO, run: judge::run };

static REGIME: Shape = Shape { fields: &[], others: Some(OptKind::Text), distinct: "" };

static INFO: CheckInfo = CheckInfo {
    name: "gdpr-delete",
    about: "a deletion confirmed by every system",
    doc: "Every system that holds personal data must confirm each request to be deleted: deleted, anonymized, not \
          found, or retained with a legal basis and an end; within one month of receipt, or the period of the law that \
          holds. What the systems still hold is searched for the person: --scan names it, and the exports that are \
          given are searched as well. A customer asks to be deleted and the production database is wiped; name and \
          address remain in the warehouse, the mailing tool and three support tickets, and an audit finds them. \
          Personal values are masked in all that is printed.",
    searches: true,
    reads: &[
        Reads { dataset: "deletion_requests", needed: true },
        Reads { dataset: "systems", needed: true },
        Reads { dataset: "deletion_confirmations", needed: true },
        Reads { dataset: "accounts", needed: false },
        Reads { dataset: "identities", needed: false },
    ],
    rules: &[
        Rule {
            code: "gdpr-delete/residual-data",
            severity: Severity::Error,
            what: "The person is still found in a system that confirmed the deletion, or whose time to confirm is over. \
                   A warning while the system has time, where the name alone was found, and where what was searched is \
                   older than the confirmation; an info where the system may keep the data or the account is a new \
                   one.",
            why: "A deletion that was confirmed and did not happen is what an audit looks for, and the customer was \
                  told otherwise.",
            remedy: "Delete what stands at the places named, find out why the system missed it, and search again.",
            needs: &[],
        },
        Rule {
            code: "gdpr-delete/unconfirmed",
            severity: Severity::Error,
            what: "A system that holds personal data has not confirmed the deletion. A warning until the last day is \
                   over.",
            why: "One silent system makes the whole deletion incomplete.",
            remedy: "Ask the system's owner; where it holds no personal data, say so in the list of systems.",
            needs: &[],
        },
        Rule {
            code: "gdpr-delete/overdue",
            severity: Severity::Error,
            what: "The last day is over, and the deletion is not complete or the customer was not told.",
            why: "The law's period is missed; the authority may fine, and the person may claim damages.",
            remedy: "Finish the deletion and tell the customer today; let counsel decide what else is owed.",
            needs: &[],
        },
        Rule {
            code: "gdpr-delete/due-soon",
            severity: Severity::Warning,
            what: "The last day is near, and the deletion is not complete or the customer was not told.",
            why: "After it the request is overdue.",
            remedy: "Get the missing confirmations, or extend the period with a reason and tell the customer.",
            needs: &[],
        },
        Rule {
            code: "gdpr-delete/told-too-early",
            severity: Severity::Error,
            what: "The customer was told that the data is gone before every system had confirmed.",
            why: "What was told was not true, and a copy that turns up later proves it.",
            remedy: "Finish the deletion, correct what was said, and tell customers only once all have confirmed.",
            needs: &["deletion_requests.customer_told_at"],
        },
        Rule {
            code: "gdpr-delete/retained-without-basis",
            severity: Severity::Error,
            what: "A system keeps the data, and no legal basis or no end is named. A warning where the list of systems \
                   names what the confirmation does not.",
            why: "Data may be kept against a request for a reason that the law knows, and only as long as it lasts.",
            remedy: "Name the law and the last day, or delete the data.",
            needs: &[],
        },
        Rule {
            code: "gdpr-delete/retention-ended",
            severity: Severity::Error,
            what: "The day until which a system was to keep the data is over.",
            why: "From then on nothing allows to keep it.",
            remedy: "Delete the data and confirm it.",
            needs: &["deletion_confirmations.retained_until|systems.retention_days"],
        },
        Rule {
            code: "gdpr-delete/extension-unreasoned",
            severity: Severity::Error,
            what: "The period was extended without a reason, or beyond what the law allows.",
            why: "Such an extension does not count, and the request is due as if there were none.",
            remedy: "Note the reason and tell the customer within the first month, or finish the request.",
            needs: &["deletion_requests.extended_until", "deletion_requests.extension_reason"],
        },
        Rule {
            code: "gdpr-delete/unknown-system",
            severity: Severity::Warning,
            what: "A confirmation or --scan names a system that is not on the list.",
            why: "Either the list lacks a system that holds personal data, or a confirmation counts for nothing.",
            remedy: "Add the system, or correct its name.",
            needs: &[],
        },
        Rule {
            code: "gdpr-delete/failed",
            severity: Severity::Error,
            what: "A system reports that the deletion failed.",
            why: "The data is still there, and nobody may be looking.",
            remedy: "Find out why, and run the deletion again.",
            needs: &[],
        },
    ],
    options: &[
        Opt {
            name: "scan",
            kind: OptKind::Texts,
            default: "",
            help: "SYSTEM=PATH: search what a system still holds: CSV, JSON, text, .gz, .zst, .zip, SQLite files, or \
                   folders of them",
        },
        Opt {
            name: "certificate",
            kind: OptKind::OutFile,
            default: "",
            help: "Write a certificate of each complete request into this folder, as Markdown and as JSON",
        },
        Opt {
            name: "reveal",
            kind: OptKind::Switch,
            default: "",
            help: "Show personal values in clear; without it they are masked everywhere",
        },
        Opt {
            name: "purge-cache",
            kind: OptKind::Switch,
            default: "",
            help: "Afterwards remove the people of the requests from crosscheck's own cache, so that no byte is left",
        },
        Opt {
            name: "soon",
            kind: OptKind::Count,
            default: "7",
            help: "Days before the last one from which on a request is due soon",
        },
        Opt {
            name: "holidays",
            kind: OptKind::Texts,
            default: "",
            help: "Dates beside Saturday and Sunday on which nobody works, as 2026-12-25",
        },
        Opt {
            name: "suppression",
            kind: OptKind::Texts,
            default: "",
            help: "Systems that may keep hashes of addresses, so that nobody is written to again",
        },
        Opt {
            name: "regime",
            kind: OptKind::Table(&REGIME),
            default: "[regime]\ndefault = \"gdpr\"\nGB = \"uk-gdpr\"\nUS-CA = \"ccpa\"\n",
            help: "The law by COUNTRY or COUNTRY-STATE: gdpr, uk-gdpr, ccpa, or a period as \"30 days + 15 days\"",
        },
    ],
    columns: rows::COLUMNS,
};
