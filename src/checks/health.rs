//! Score every account, and warn before it leaves.

mod assess;
mod findings;
mod judge;
mod rows;

use crate::{
    check::{CheckInfo, Opt, OptKind, Reads, Rule},
    engine::Check,
    report::Severity,
};

/// The check.
pub(super) const CHECK: Check = Check { info: &INFO, run: judge::run };

const SCORE: &[&str] = &["accounts", "activity"];
const LOGINS: &[&str] = &["accounts", "activity.logins"];
const FEATURES: &[&str] = &["accounts", "activity.features_used"];

const fn weight(name: &'static str, default: &'static str, help: &'static str) -> Opt {
    Opt { name, kind: OptKind::Int, default, help }
}

static INFO: CheckInfo = CheckInfo {
    name: "health",
    about: "a score for every account, with early warning",
    doc: "Each account's logins, use of its plan's features, tickets, bills and API calls make a score from 0 to \
          100, for every day that the exports cover. An account that leaves has stopped using the product weeks \
          before, while it still pays: the check names the ones whose score drops, declines or leaks, and through \
          what. No history is stored; a past day's score comes from the same exports.",
    searches: false,
    reads: &[
        Reads { dataset: "accounts", needed: true },
        Reads { dataset: "activity", needed: true },
        Reads { dataset: "tickets", needed: false },
        Reads { dataset: "payments", needed: false },
        Reads { dataset: "invoices", needed: false },
        Reads { dataset: "plans", needed: false },
        Reads { dataset: "subscriptions", needed: false },
        Reads { dataset: "identities", needed: false },
    ],
    rules: &[
        Rule {
            code: "health/drop",
            severity: Severity::Error,
            what: "The score is 20 or more points under the highest of the 7 days before, compared over the \
                   components that both days have.",
            why: "Something happened this week: a bad release, an angry ticket, a team that stopped. This week it \
                  can still be mended.",
            remedy: "Call the customer about the component that fell most; the parts add up to the drop.",
            needs: SCORE,
        },
        Rule {
            code: "health/decline",
            severity: Severity::Error,
            what: "Logins of the last 14 days are 60 % or less of the 14 days that ended 60 days ago, or a feature \
                   was abandoned and logins are 40 % under the four weeks before.",
            why: "Customers decide to leave weeks before they say so. A slow decline hides from a weekly comparison, \
                  for its baseline slides along, and the customer keeps paying until the end.",
            remedy: "Have the account manager and an executive talk to the customer before the renewal is near.",
            needs: LOGINS,
        },
        Rule {
            code: "health/low",
            severity: Severity::Warning,
            what: "The score is under 40.",
            why: "An account that is this low has little left to lose by leaving.",
            remedy: "Agree on a plan with the customer, starting with the lowest component.",
            needs: SCORE,
        },
        Rule {
            code: "health/feature-abandoned",
            severity: Severity::Warning,
            what: "A feature that was used on 5 or more days in the four weeks that ended 14 days ago has not been \
                   used since.",
            why: "Often it is the feature that the account was bought for.",
            remedy: "Ask its users what stopped them; a change in the product or in the team shows here first.",
            needs: FEATURES,
        },
        Rule {
            code: "health/slow-leak",
            severity: Severity::Warning,
            what: "The score fell by 20 or more points over 60 days without any drop of 20 within 7.",
            why: "Nobody notices a point a week, and it ends in the same place.",
            remedy: "Go through the last two months with the account manager: which component fell, and when.",
            needs: SCORE,
        },
        Rule {
            code: "health/no-activity",
            severity: Severity::Warning,
            what: "An active account has done nothing in the product for 14 days.",
            why: "It pays for what it does not use, and the next invoice will remind it.",
            remedy: "Find out whether its people have left or never arrived, and offer to set it up again.",
            needs: SCORE,
        },
    ],
    options: &[
        Opt {
            name: "history",
            kind: OptKind::Int,
            default: "0",
            help: "Rows for each of so many days up to the judged one, instead of the judged one alone",
        },
        Opt {
            name: "text-sentiment",
            kind: OptKind::Switch,
            default: "",
            help: "Read the sentiment of tickets without one from their subject and body",
        },
        Opt {
            name: "drop",
            kind: OptKind::Decimal,
            default: "20",
            help: "A fall of so many points within --drop-days is a drop",
        },
        Opt {
            name: "drop-days",
            kind: OptKind::Int,
            default: "7",
            help: "Days within which a fall is a drop",
        },
        Opt {
            name: "base-fall",
            kind: OptKind::Decimal,
            default: "5",
            help: "Where three quarters of the accounts fell by so many points, accounts are judged against the median",
        },
        Opt {
            name: "decline",
            kind: OptKind::Percent,
            default: "60%",
            help: "Logins at this share of the earlier ones or less are a decline",
        },
        Opt { name: "low", kind: OptKind::Decimal, default: "40", help: "A score under this is low" },
        Opt {
            name: "leak",
            kind: OptKind::Decimal,
            default: "20",
            help: "A fall of so many points over --leak-days without a drop is a leak",
        },
        Opt {
            name: "leak-days",
            kind: OptKind::Int,
            default: "60",
            help: "Days over which a leak is looked for",
        },
        Opt {
            name: "abandoned-days",
            kind: OptKind::Int,
            default: "5",
            help: "A feature that was used on so many days was in use",
        },
        Opt {
            name: "silent-days",
            kind: OptKind::Int,
            default: "14",
            help: "Days without any activity that are a finding",
        },
        weight("weight-logins", "25", "Weight of the trend of logins in the score"),
        weight("weight-adoption", "25", "Weight of the share of the plan's features in use"),
        weight("weight-sentiment", "20", "Weight of the tickets' sentiment"),
        weight("weight-billing", "15", "Weight of paid and unpaid invoices"),
        weight("weight-api", "15", "Weight of the trend of API calls"),
    ],
    columns: rows::COLUMNS,
};
