//! What customers do in a product day by day, with their tickets, renewals and the mails to them, as of
//! 2026-11-05T06:00Z.
//!
//! Accounts use the product evenly, less at weekends. Of 1,000 accounts each kind of trouble befalls one, by the
//! account's number. Renewals are spread over the year, and their conversations were held.

use crate::{
    common::data::{Made, Table, made},
    rng::Dice,
};
use anyhow::{Context as _, Result};
use chrono::{Datelike as _, Days, NaiveDate, Weekday};
use serde_json::{Value, json};
use std::{collections::BTreeMap, path::Path};

/// The moment for which the data is made.
pub(crate) const AS_OF: &str = "2026-11-05T06:00:00Z";

const PLANS: [(&str, &str, &[&str]); 4] = [
    ("starter", "starter", &["dashboards", "reports"]),
    ("pro", "pro", &["dashboards", "reports", "exports"]),
    ("business", "business", &["dashboards", "reports", "exports", "alerts"]),
    ("enterprise", "enterprise", &["dashboards", "reports", "exports", "alerts", "sso"]),
];
const AREAS: [&str; 4] = ["dashboards", "exports", "integrations", "login"];

const CYCLE: u64 = 1_000;

/// What befalls an account.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Trouble {
    /// Stopped a week ago, and complains.
    Stopped,
    /// Two fifths of the logins since 40 days.
    Declines,
    /// Nothing for 20 days.
    Silent,
    /// No longer uses reports, since 20 days.
    Abandons,
    /// Suspended, nothing for 30 days.
    Low,
    /// Renews in 15 days, and nobody wrote.
    Unheard,
    /// Enterprise, and its ticket stands unanswered in the wrong queue.
    Misrouted,
}

const TROUBLES: [(u64, Trouble, &[&str]); 7] = [
    (11, Trouble::Stopped, &["health/drop", "renewals/at-risk"]),
    (123, Trouble::Declines, &["health/decline"]),
    (235, Trouble::Silent, &["health/no-activity"]),
    (347, Trouble::Abandons, &["health/feature-abandoned"]),
    (459, Trouble::Low, &["health/low"]),
    (571, Trouble::Unheard, &["renewals/first-contact-late"]),
    (683, Trouble::Misrouted, &["triage/misrouted", "triage/response-overdue"]),
];

fn trouble(account: u64) -> Option<Trouble> {
    TROUBLES.iter().find(|(at, ..)| *at == account % CYCLE).map(|(_, trouble, _)| *trouble)
}

/// What to make.
pub(crate) struct Shape {
    pub(crate) accounts: u64,
    /// So many days of activity, up to 2026-11-04.
    pub(crate) days: u64,
    /// Whether the uses of each feature are exported as well, a row an account and day.
    pub(crate) feature_usage: bool,
}

impl Shape {
    /// The exports, made where they are not there yet.
    pub(crate) fn made(&self, dir: &Path) -> Result<Made> {
        let name = format!("health-{}-{}-{}", self.accounts, self.days, self.feature_usage);
        made(dir, &name, |folder| self.write(folder))
    }

    fn write(&self, folder: &Path) -> Result<Value> {
        let today = NaiveDate::from_ymd_opt(2026, 11, 5).context("a day")?;
        let mut rows = BTreeMap::new();
        let mut plans =
            Table::create(folder, "plans.csv", "plan,name,tier,rank,price,currency,interval,features")?;
        for (rank, (plan, tier, features)) in PLANS.iter().enumerate() {
            let (price, features) = (rank * 100 + 100, features.join(";"));
            plans.row(format_args!("{plan},{plan},{tier},{},{price},USD,month,{features}", rank + 1))?;
        }
        rows.insert("plans.csv", plans.finish()?);
        rows.insert("accounts.csv", self.accounts(folder)?);
        let (subscriptions, messages) = self.subscriptions(folder, today)?;
        rows.insert("subscriptions.csv", subscriptions);
        rows.insert("messages.csv", messages);
        rows.insert("tickets.csv", self.tickets(folder, today)?);
        rows.insert("activity.csv", self.activity(folder, today)?);
        if self.feature_usage {
            rows.insert("feature_usage.csv", self.uses(folder, today)?);
        }
        let mut seeded: BTreeMap<&str, u64> = BTreeMap::new();
        for (at, _, codes) in TROUBLES {
            for code in codes {
                *seeded.entry(code).or_default() += (self.accounts + CYCLE - 1 - at) / CYCLE;
            }
        }
        Ok(json!({ "rows": rows, "seeded": seeded }))
    }

    fn accounts(&self, folder: &Path) -> Result<u64> {
        const HEADER: &str = "account_id,name,kind,status,plan,arr,currency,account_manager,csm,email,country,created_at,updated_at";
        let mut table = Table::create(folder, "accounts.csv", HEADER)?;
        for n in 0..self.accounts {
            let status = if trouble(n) == Some(Trouble::Low) { "suspended" } else { "active" };
            table.row(format_args!(
                "acct_{n:06},Customer {n},customer,{status},{},{},USD,manager {},csm {},owner@customer{n}.example,US,2024-05-01T00:00:00Z,2026-11-05T04:00:00Z",
                plan_of(n).0,
                arr(n),
                n % 40,
                n % 25
            ))?;
        }
        table.finish()
    }

    /// Annual subscriptions, and the mails of each step before a renewal that is near.
    fn subscriptions(&self, folder: &Path, today: NaiveDate) -> Result<(u64, u64)> {
        const HEADER: &str = "subscription_id,account_id,plan,status,quantity,started_at,current_period_start,\
                              current_period_end,renewal_date,auto_renew,term,arr,currency,timezone";
        let mut table = Table::create(folder, "subscriptions.csv", HEADER)?;
        let mut messages =
            Table::create(folder, "messages.csv", "message_id,account_id,kind,channel,sent_at,related_id")?;
        for n in 0..self.accounts {
            let left = match trouble(n) {
                Some(Trouble::Stopped) => 20,
                Some(Trouble::Unheard) => 15,
                _ => 1 + n * 7 % 364,
            };
            let renewal = today + Days::new(left);
            let start = renewal.with_year(renewal.year() - 1).unwrap_or(renewal - Days::new(366));
            table.row(format_args!(
                "sub_{n:06},acct_{n:06},{},active,{},{start},{start},{renewal},{renewal},true,annual,{},USD,UTC",
                plan_of(n).0,
                seats(n),
                arr(n)
            ))?;
            if trouble(n) == Some(Trouble::Unheard) {
                continue;
            }
            for (kind, before) in
                [("executive_check_in", 95), ("value_review", 65), ("renewal_conversation", 38)]
            {
                let at = renewal - Days::new(before);
                if at < today {
                    messages.row(format_args!(
                        "msg_{kind}_{n:06},acct_{n:06},{kind},email,{at}T10:00:00Z,sub_{n:06}"
                    ))?;
                }
            }
        }
        Ok((table.finish()?, messages.finish()?))
    }

    /// Four tickets an account, spread over the days; those of today are open.
    fn tickets(&self, folder: &Path, today: NaiveDate) -> Result<u64> {
        const HEADER: &str = "ticket_id,account_id,created_at,updated_at,first_response_at,solved_at,status,priority,\
                              subject,body,feature_area,type,channel,sentiment,assignee,queue,requester_email";
        let mut table = Table::create(folder, "tickets.csv", HEADER)?;
        let mut number = 0;
        let mut ticket = |n: u64, ago: u64, sentiment: &str, wrong: bool| {
            number += 1;
            let day = today - Days::new(ago);
            let billing = number % 11 == 0 && !wrong;
            let (kind, area) = if billing { ("billing", "") } else { ("bug", AREAS[(number % 4) as usize]) };
            let queue = match plan_of(n).1 {
                _ if wrong => "general",
                "enterprise" => "priority",
                _ if billing => "billing",
                _ => "general",
            };
            let (answered, solved, status) = match (ago, wrong) {
                (_, true) => (String::new(), String::new(), "open"),
                (0, _) => (format!("{day}T00:20:00Z"), String::new(), "open"),
                _ => (format!("{day}T00:20:00Z"), format!("{day}T09:00:00Z"), "solved"),
            };
            table.row(format_args!(
                "tick_{number:07},acct_{n:06},{day}T00:05:00Z,{day}T09:00:00Z,{answered},{solved},{status},normal,\
                 \"Question {number}\",\"Since the last change, our team sees this on every page, please look\",{area},{kind},\
                 email,{sentiment},agent {},{queue},owner@customer{n}.example",
                number % 30
            ))
        };
        for n in 0..self.accounts {
            match trouble(n) {
                Some(Trouble::Stopped) => {
                    ticket(n, 20, "0.9", false)?;
                    for ago in 2..5 {
                        ticket(n, ago, "-0.9", false)?;
                    }
                }
                Some(Trouble::Misrouted) => ticket(n, 1, "0", true)?,
                _ => {
                    for part in 0..4 {
                        let ago = (n * 37 + part * 101) % self.days.max(1);
                        ticket(n, ago, if part % 2 == 0 { "0.2" } else { "0.4" }, false)?;
                    }
                }
            }
        }
        table.finish()
    }

    /// The days with their distance from today, oldest first.
    fn days(&self, today: NaiveDate) -> impl Iterator<Item = (u64, NaiveDate)> {
        (1..=self.days).rev().map(move |ago| (ago, today - Days::new(ago)))
    }

    fn activity(&self, folder: &Path, today: NaiveDate) -> Result<u64> {
        const HEADER: &str = "account_id,date,logins,active_users,api_calls,features_used,seats_used,rejected_invites,rate_limited";
        let mut table = Table::create(folder, "activity.csv", HEADER)?;
        let mut dice = Dice::new(20_261_104);
        for (ago, day) in self.days(today) {
            let weekend = matches!(day.weekday(), Weekday::Sat | Weekday::Sun);
            for n in 0..self.accounts {
                let trouble = trouble(n);
                let gone = match trouble {
                    Some(Trouble::Stopped) => 7,
                    Some(Trouble::Silent) => 20,
                    Some(Trouble::Low) => 30,
                    _ => 0,
                };
                if ago <= gone {
                    continue;
                }
                let usual = if weekend { seats(n) } else { seats(n) * 4 };
                let share = if trouble == Some(Trouble::Declines) && ago <= 40 { 2 } else { 5 };
                let logins = (usual * 5 + dice.below(usual)) * share / 25;
                let features = plan_of(n).2;
                let features = match trouble {
                    Some(Trouble::Abandons) if ago <= 20 => [features[0], "", features[2]].join(";"),
                    _ if ago % 3 == 0 => features.join(";"),
                    _ => features[..2].join(";"),
                };
                table.row(format_args!(
                    "acct_{n:06},{day},{logins},{},{},{features},{},0,0",
                    logins.min(seats(n)),
                    usual * 50 + dice.below(usual),
                    seats(n)
                ))?;
            }
        }
        table.finish()
    }

    /// A feature an account and day.
    fn uses(&self, folder: &Path, today: NaiveDate) -> Result<u64> {
        let mut table = Table::create(folder, "feature_usage.csv", "account_id,feature,date,uses")?;
        for (ago, day) in self.days(today) {
            for n in 0..self.accounts {
                let features = plan_of(n).2;
                let feature = features[(ago as usize + n as usize) % features.len()];
                table.row(format_args!("acct_{n:06},{feature},{day},{}", 1 + (n * 13 + ago * 7) % 90))?;
            }
        }
        table.finish()
    }
}

/// Name, tier and features of an account's plan; an account that leaves a feature is not on the least one.
fn plan_of(account: u64) -> (&'static str, &'static str, &'static [&'static str]) {
    match trouble(account) {
        Some(Trouble::Misrouted) => PLANS[3],
        Some(Trouble::Abandons) => PLANS[1],
        _ => PLANS[(account % 16).min(18 - account % 16).min(3) as usize],
    }
}

fn seats(account: u64) -> u64 {
    5 + account % 46
}

fn arr(account: u64) -> u64 {
    1_200 * seats(account)
}
