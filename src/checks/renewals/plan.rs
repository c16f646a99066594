//! The plan of outreach before a renewal, held against the messages.

use super::{risk::Risk, signals::Since};
use crate::{
    data::{At, records::Text},
    model::time::Instant,
    settings::{Settings, Table},
};
use anyhow::{Context as _, Result};
use chrono::{NaiveDate, TimeDelta};
use std::collections::BTreeSet;

/// Ten years: no step lies further ahead of its renewal.
const LONGEST: u64 = 3650;

/// One step of the plan.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Step {
    /// The kind of message by which it is done.
    pub(super) message: String,
    /// Days before the renewal.
    pub(super) days: i64,
    /// Whether it is owed at any risk.
    pub(super) always: bool,
}

/// What is owed, in days.
#[derive(Clone, Debug)]
pub(super) struct Policy {
    /// The earliest first.
    pub(super) steps: Vec<Step>,
    /// How long before its date a message may do a step.
    pub(super) early: i64,
    /// A step that is later than this is missed.
    pub(super) late: i64,
    /// A step is due when its date is no further ahead.
    pub(super) soon: i64,
    /// Days without contact that are silence.
    pub(super) silence: i64,
    /// A renewal within so many days is near.
    pub(super) near: i64,
    /// Kinds of messages that machines send.
    pub(super) automated: BTreeSet<String>,
}

/// A word of an export as the policy writes it: `Value Review` is `value_review`.
pub(super) fn word(text: &str) -> String {
    text.trim().to_lowercase().replace(['-', ' '], "_")
}

fn step(t: &Table) -> Step {
    let days = t.count("days").unwrap_or(0).min(LONGEST);
    Step {
        message: t.text("message").map(word).unwrap_or_default(),
        days: i64::try_from(days).unwrap_or(0),
        always: t.switch("always"),
    }
}

impl Policy {
    pub(super) fn of(settings: &Settings) -> Result<Policy> {
        let mut steps: Vec<Step> = settings.opt_tables("step")?.iter().map(step).collect();
        steps.sort_by(|a, b| (b.days, &a.message).cmp(&(a.days, &b.message)));
        let days = |name: &str| -> Result<i64> {
            let value = settings.opt_count(name)?;
            i64::try_from(value)
                .ok()
                .filter(|_| value <= LONGEST)
                .with_context(|| format!("--{name} is {value}; it takes 0 to {LONGEST} days"))
        };
        Ok(Policy {
            steps,
            early: days("early")?,
            late: days("late")?,
            soon: days("soon")?,
            silence: days("silence")?,
            near: days("near")?,
            automated: settings.opt_texts("automated")?.iter().map(|k| word(k)).collect(),
        })
    }

    /// How far back the earliest step of a renewal that is still ahead can lie.
    pub(super) fn longest(&self) -> u32 {
        self.steps.iter().filter_map(|s| u32::try_from(s.days).ok()).max().unwrap_or(0)
    }
}

/// One message to an account.
#[derive(Clone, Debug)]
pub(super) struct Contact {
    /// As [`word`] writes it.
    pub(super) kind: String,
    pub(super) sent_at: Instant,
    /// The day of that.
    pub(super) day: NaiveDate,
    pub(super) related: Option<Text>,
    pub(super) at: At,
}

/// The messages as far as they are known.
#[derive(Clone, Copy, Debug)]
pub(super) struct Log<'m> {
    /// To the account, oldest first, none of them after today.
    pub(super) contacts: &'m [Contact],
    /// The first day of the whole export; `None` where it has no message at all.
    pub(super) from: Option<NaiveDate>,
}

/// How a step stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Standing {
    /// By a message of that day.
    Done(NaiveDate),
    /// Its date passed so many days ago, more than is allowed.
    Missed(i64),
    /// Its date is so many days ahead, or passed a few days ago where negative.
    Due(i64),
    /// Its date is so many days ahead.
    Later(i64),
    /// Its date lay before the risk arose.
    NotOwed,
    /// Whether it was done cannot be known.
    Unknown,
}

impl Standing {
    /// Whether somebody must still act.
    pub(super) fn is_open(self) -> bool {
        matches!(self, Standing::Missed(_) | Standing::Due(_) | Standing::Later(_))
    }
}

/// A step of one renewal.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Planned {
    pub(super) message: String,
    pub(super) date: NaiveDate,
    pub(super) standing: Standing,
}

/// The steps of a renewal, the earliest first. `since` says from which day on there is a risk; `log` is `None` without
/// an export of messages.
pub(super) fn plan(
    policy: &Policy,
    renewal: NaiveDate,
    today: NaiveDate,
    risk: Risk,
    since: Option<Since>,
    log: Option<Log<'_>>,
) -> Vec<Planned> {
    if risk == Risk::Ending {
        return Vec::new();
    }
    let owed = policy.steps.iter().filter(|s| s.always || risk.is_risk());
    owed.map(|s| {
        let date = renewal - TimeDelta::days(s.days);
        let arose_later = since.is_some_and(|since| date < since.day);
        let standing = if arose_later && !s.always {
            Standing::NotOwed
        } else {
            standing(policy, &s.message, date, today, log)
        };
        Planned { message: s.message.clone(), date, standing }
    })
    .collect()
}

fn standing(
    policy: &Policy,
    message: &str,
    date: NaiveDate,
    today: NaiveDate,
    log: Option<Log<'_>>,
) -> Standing {
    let opens = date - TimeDelta::days(policy.early);
    let done = |l: Log<'_>| l.contacts.iter().find(|c| c.kind == message && c.day >= opens).map(|c| c.day);
    let ahead = (date - today).num_days();
    // What a log that begins when the step's time is over says nothing of.
    let told = |l: Log<'_>| l.from.is_none_or(|from| from <= date + TimeDelta::days(policy.late));
    if let Some(day) = log.and_then(done) {
        return Standing::Done(day);
    }
    match log {
        None if opens <= today => Standing::Unknown,
        Some(l) if !told(l) => Standing::Unknown,
        _ if ahead < -policy.late => Standing::Missed(-ahead),
        _ if ahead <= policy.soon => Standing::Due(ahead),
        _ => Standing::Later(ahead),
    }
}

/// Whether an account was contacted by a person.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Silence {
    /// A message of that day was the last, and is recent enough.
    Contacted(NaiveDate),
    /// None in the days that count; the last one before them, where it is known.
    Silent(Option<NaiveDate>),
    /// The log begins later than the days that count.
    Unknown,
}

/// Whether an account heard of nobody for [`Policy::silence`] days up to today. A message of exactly that many days ago
/// still counts.
pub(super) fn silence(policy: &Policy, today: NaiveDate, log: Log<'_>) -> Silence {
    let since = today - TimeDelta::days(policy.silence);
    let last = log.contacts.iter().rfind(|c| !policy.automated.contains(&c.kind)).map(|c| c.day);
    match last {
        Some(day) if day >= since => Silence::Contacted(day),
        _ if log.from.is_some_and(|from| from > since) => Silence::Unknown,
        last => Silence::Silent(last),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn date(text: &str) -> NaiveDate {
        text.parse().unwrap()
    }

    fn policy() -> Policy {
        let step = |message: &str, days, always| Step { message: message.to_owned(), days, always };
        Policy {
            steps: vec![
                step("executive_check_in", 90, false),
                step("value_review", 60, false),
                step("renewal_conversation", 30, true),
            ],
            early: 14,
            late: 7,
            soon: 7,
            silence: 90,
            near: 30,
            automated: ["payment_failed".to_owned()].into(),
        }
    }

    fn sent(kind: &str, day: &str) -> Contact {
        let day = date(day);
        let sent_at = day.and_hms_opt(12, 0, 0).unwrap().and_utc();
        Contact { kind: kind.to_owned(), sent_at, day, related: None, at: At::default() }
    }

    const TODAY: &str = "2026-12-01";

    fn planned(days_left: i64, risk: Risk, since: Option<&str>, contacts: &[Contact]) -> Vec<Standing> {
        let today = date(TODAY);
        let since = since.map(|d| Since { day: date(d), or_before: false });
        let log = Log { contacts, from: Some(date("2026-01-01")) };
        let steps = plan(&policy(), today + TimeDelta::days(days_left), today, risk, since, Some(log));
        steps.into_iter().map(|p| p.standing).collect()
    }

    #[test]
    fn a_renewal_in_exactly_90_days_owes_its_check_in_today() {
        use Standing::{Due, Later};
        let long = Some("2026-06-01");
        assert_eq!(planned(90, Risk::High, long, &[]), [Due(0), Later(30), Later(60)]);
        assert_eq!(planned(90, Risk::Low, None, &[]), [Later(60)]);
        assert_eq!(planned(90, Risk::Unknown, None, &[]), [Later(60)]);
        assert_eq!(planned(90, Risk::Ending, None, &[]), []);
    }

    #[test]
    fn a_step_is_due_a_week_ahead_and_missed_after_a_week() {
        use Standing::{Due, Later, Missed};
        let conversation = |days| planned(days, Risk::Low, None, &[])[0];
        assert_eq!([38, 37, 30, 23, 22].map(conversation), [Later(8), Due(7), Due(0), Due(-7), Missed(8)]);
    }

    #[test]
    fn a_step_whose_date_lay_before_the_risk_arose_is_not_owed() {
        use Standing::{Due, Missed, NotOwed};
        // Dates of a renewal on 31 December: 2 October, 1 November, 1 December.
        assert_eq!(planned(30, Risk::High, Some("2026-10-02"), &[]), [Missed(60), Missed(30), Due(0)]);
        assert_eq!(planned(30, Risk::High, Some("2026-10-03"), &[]), [NotOwed, Missed(30), Due(0)]);
        assert_eq!(planned(30, Risk::Medium, Some("2026-11-02"), &[]), [NotOwed, NotOwed, Due(0)]);
        let late = planned(14, Risk::High, Some("2026-11-30"), &[]);
        assert_eq!(late, [NotOwed, NotOwed, Missed(16)], "the conversation is owed at any risk");
    }

    #[test]
    fn a_message_does_a_step_from_14_days_before_its_date_on() {
        use Standing::{Done, Missed};
        // The conversation's date is 15 November.
        let one = |day: &str| planned(14, Risk::Low, None, &[sent("renewal_conversation", day)])[0];
        assert_eq!(one("2026-10-31"), Missed(16));
        assert_eq!(one("2026-11-01"), Done(date("2026-11-01")));
        assert_eq!(one("2026-12-01"), Done(date("2026-12-01")));
        let other = [sent("value_review", "2026-11-10")];
        assert_eq!(planned(14, Risk::Low, None, &other), [Missed(16)]);
    }

    #[test]
    fn what_the_log_does_not_cover_is_unknown() {
        let (today, renewal) = (date(TODAY), date("2026-12-15"));
        let with = |log| plan(&policy(), renewal, today, Risk::Low, None, log)[0].standing;
        assert_eq!(with(None), Standing::Unknown);
        let from = |day: &str| with(Some(Log { contacts: &[], from: Some(date(day)) }));
        assert_eq!(from("2026-11-22"), Standing::Missed(16));
        assert_eq!(from("2026-11-23"), Standing::Unknown, "it begins when the step's time is over");
        assert_eq!(with(Some(Log { contacts: &[], from: None })), Standing::Missed(16));
        let ahead = plan(&policy(), date("2027-02-01"), today, Risk::Low, None, None);
        assert_eq!(ahead[0].standing, Standing::Later(32), "what lies ahead needs no log");
    }

    #[test]
    fn silence_is_broken_by_people_alone_and_needs_a_log_of_90_days() {
        let today = date(TODAY);
        let of = |contacts: &[Contact], from: &str| {
            silence(&policy(), today, Log { contacts, from: Some(date(from)) })
        };
        let old = "2026-01-01";
        assert_eq!(
            of(&[sent("check_in", "2026-09-02")], old),
            Silence::Contacted(date("2026-09-02")),
            "exactly 90 days ago"
        );
        let before = [sent("check_in", "2026-09-01"), sent("payment_failed", "2026-11-30")];
        assert_eq!(of(&before, old), Silence::Silent(Some(date("2026-09-01"))));
        assert_eq!(of(&[], "2026-09-02"), Silence::Silent(None));
        assert_eq!(of(&[], "2026-09-03"), Silence::Unknown);
    }
}
