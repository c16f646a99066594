//! Findings in words and figures.

use super::{
    judge::{Case, Setting},
    plan::{Planned, Standing},
    risk::Reason,
    rows::{amount, one_place},
    signals::open_at,
};
use crate::{
    data::Data,
    judge::health::Loaded,
    model::{
        decimal::{Decimal, shortest},
        money::Money,
        text::counted,
        time::day_start,
    },
    report::{Diff, Evidence, Finding, Severity, Subject, format_percent},
};
use chrono::NaiveDate;

/// Days of activity that stand as evidence of a risk.
const EVIDENCE_DAYS: u32 = 14;

/// Makes the findings of one renewal.
pub(super) struct Teller<'t, 'd> {
    pub(super) data: &'t Data<'d>,
    pub(super) loaded: &'t Loaded,
    pub(super) setting: &'t Setting,
    pub(super) case: &'t Case<'t>,
}

/// `executive_check_in` is `executive check-in`, any other kind its words.
pub(super) fn label(message: &str) -> String {
    message.replace("check_in", "check-in").replace('_', " ")
}

fn days(n: i64) -> String {
    counted(n.unsigned_abs(), "day", "days")
}

/// `in 14 days`, `today`.
fn in_days(n: i64) -> String {
    if n == 0 { "today".to_owned() } else { format!("in {}", days(n)) }
}

/// `+16.7`, `-3.0`: one decimal.
fn signed(value: Decimal) -> String {
    let plus = if value > Decimal::ZERO { "+" } else { "" };
    format!("{plus}{}", one_place(value))
}

impl Case<'_> {
    /// `Umbra Health (acct_03)`.
    pub(super) fn who(&self) -> String {
        let id = &self.account.account_id;
        self.account.name.as_ref().map_or_else(|| id.to_string(), |name| format!("{name} ({id})"))
    }

    /// `Umbra Health (acct_03) renews on 2026-12-15, in 40 days (48,000.00 USD a year)`.
    fn renews(&self) -> String {
        let arr = self.arr.as_ref().map_or_else(String::new, |m| format!(" ({} a year)", amount(m)));
        format!("{} renews on {}, {}{arr}", self.who(), self.date, in_days(self.days_left))
    }

    /// The reasons with their figures.
    pub(super) fn because(&self) -> String {
        let told: Vec<String> = self.reasons.iter().map(|r| self.reason(*r)).collect();
        told.join("; ")
    }

    fn reason(&self, reason: Reason) -> String {
        let s = &self.signals;
        let limits = &self.limits;
        match reason {
            Reason::LowScore => {
                let score = s.score.map_or_else(String::new, |p| one_place(p.rounded(1)));
                format!("its score is {score}")
            }
            Reason::Drop => format!(
                "its score dropped by {} or more within {} in the last {}",
                shortest(limits.drop),
                days(limits.drop_days.into()),
                days(limits.drop_within.into())
            ),
            Reason::FallingScore => {
                let change = s.change.map_or_else(String::new, |c| signed(c.rounded(1)));
                format!("its score changed by {change} over 90 days")
            }
            Reason::UrgentTicket => {
                format!("{} open", counted(s.urgent as u64, "urgent ticket is", "urgent tickets are"))
            }
            Reason::Sentiment => {
                let mean = s.sentiments.and_then(|s| s.mean()).map_or_else(String::new, shortest);
                format!("its tickets of 90 days have a mean sentiment of {mean}")
            }
            Reason::Engagement => {
                let trends = [("logins", s.logins), ("active users", s.users)];
                let lowest = trends
                    .into_iter()
                    .filter_map(|(name, t)| Some((t?.change()?, name)))
                    .min()
                    .map_or_else(String::new, |(c, name)| {
                        format!("{name} changed by {} %", format_percent(c))
                    });
                format!("{lowest} over 30 days")
            }
        }
    }
}

impl Teller<'_, '_> {
    fn finding(&self, code: &'static str, severity: Severity, message: &str, action: &str) -> Finding {
        let c = self.case;
        let id = c.subscription.subscription_id.to_string();
        let subject = Subject { kind: "subscription".to_owned(), id };
        let mut f = Finding::new(code, severity, Some(&c.account.account_id), subject);
        f.message = match c.owner() {
            Some(owner) => format!("{message} Owner: {owner}."),
            None => message.to_owned(),
        };
        action.clone_into(&mut f.action);
        f.owner = "cs";
        f.due = Some(day_start(c.date, self.data.settings.timezone));
        f.evidence = vec![
            self.data.evidence("subscriptions", c.subscription.at),
            self.data.evidence("accounts", c.account.at),
        ];
        f
    }

    fn activity(&self) -> Vec<Evidence> {
        let health = &self.loaded.health;
        let rows =
            health.rows(&self.case.account.account_id, health.days_ago(EVIDENCE_DAYS), health.days_ago(0));
        rows.into_iter().map(|at| self.data.evidence("activity", at)).collect()
    }

    fn urgent_tickets(&self) -> Vec<Evidence> {
        let tickets = self.loaded.tickets.get(&self.case.account.account_id).into_iter().flatten();
        let urgent = tickets
            .filter(|t| t.priority.as_deref() == Some("urgent") && open_at(t, self.data.settings.as_of));
        urgent.map(|t| self.data.evidence("tickets", t.at)).collect()
    }

    pub(super) fn at_risk(&self) -> Finding {
        let c = self.case;
        let near = c.days_left <= self.setting.policy.near;
        let severity = if near { Severity::Error } else { Severity::Warning };
        let since = c.since.map_or_else(String::new, |s| {
            let before = if s.or_before { " or before" } else { "" };
            format!(" since {}{before}", s.day)
        });
        let message = format!("{}, at high risk{since}: {}.", c.renews(), c.because());
        let action = match c.next() {
            Some(step) => format!("Hold the {} with the figures at hand.", label(&step.message)),
            None => "Follow up on the steps that were held, before the renewal date.".to_owned(),
        };
        let mut f = self.finding("renewals/at-risk", severity, &message, &action);
        f.impact = c.arr.clone().filter(|m: &Money| m.amount > Decimal::ZERO);
        if let Some(score) = c.signals.score {
            let now = score.rounded(9);
            let then = c.signals.change.map(|change| now - change.rounded(9));
            f.diff.push(Diff::decimals("score", then.unwrap_or(self.setting.limits.high_score), now));
        }
        if let Some(step) = c.next() {
            f.due = Some(self.start(step.date));
        }
        f.evidence.extend(self.urgent_tickets());
        f.evidence.extend(self.activity());
        f
    }

    fn start(&self, day: NaiveDate) -> crate::model::time::Instant {
        day_start(day, self.data.settings.timezone)
    }

    /// A step that is missed or due; `None` for any other.
    pub(super) fn step(&self, step: &Planned) -> Option<Finding> {
        let c = self.case;
        let what = label(&step.message);
        let mut f = match step.standing {
            Standing::Missed(late) => {
                let message = format!(
                    "{}; the {what} was due on {}, {} ago, and has not been held.",
                    c.renews(),
                    step.date,
                    days(late)
                );
                let action = format!("Hold the {what} now, and record it.");
                self.finding("renewals/outreach-missed", Severity::Error, &message, &action)
            }
            Standing::Due(ahead) => {
                let when = match ahead {
                    0 => "is due today".to_owned(),
                    1.. => format!("is due on {}, in {}", step.date, days(ahead)),
                    _ => format!("was due on {}, {} ago", step.date, days(ahead)),
                };
                let message = format!("{}; the {what} {when}.", c.renews());
                let action = format!("Hold the {what}, and record it.");
                self.finding("renewals/outreach-due", Severity::Info, &message, &action)
            }
            Standing::Done(_) | Standing::Later(_) | Standing::NotOwed | Standing::Unknown => return None,
        };
        f = f.with_key("step", &*step.message);
        f.due = Some(self.start(step.date));
        Some(f)
    }

    pub(super) fn first_contact_late(&self, last: Option<NaiveDate>) -> Finding {
        let c = self.case;
        let silence = self.setting.policy.silence;
        let last = last.map_or_else(
            || "No earlier contact is known.".to_owned(),
            |day| {
                let ago = (self.setting.today - day).num_days();
                format!("The last contact was on {day}, {} ago.", days(ago))
            },
        );
        let message =
            format!("{}, and nobody has been in touch with it for {}. {last}", c.renews(), days(silence));
        let action = "Call the customer today and ask what is wrong, before any talk of the renewal.";
        let mut f = self.finding("renewals/first-contact-late", Severity::Error, &message, action);
        if let Some(contact) = &c.last_contact {
            f.evidence.push(self.data.evidence("messages", *contact));
        }
        f
    }

    pub(super) fn no_owner(&self) -> Finding {
        let message = format!(
            "{} and has neither an account manager nor a customer success manager.",
            self.case.renews()
        );
        let action = "Name somebody who owns the renewal.";
        self.finding("renewals/no-owner", Severity::Warning, &message, action)
    }

    pub(super) fn unknown_risk(&self) -> Finding {
        let message = format!(
            "{}; its risk is unknown: it has no health score yet, or too little data for one.",
            self.case.renews()
        );
        let action = "Ask the owner for a judgement, and see that the account's activity is exported.";
        self.finding("renewals/unknown-risk", Severity::Warning, &message, action)
    }
}
