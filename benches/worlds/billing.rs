//! A subscription business: three monthly invoices for every account, paid, with plan changes between them, as of
//! 2026-11-05T06:00Z.
//!
//! Every account has one subscription from the first of a month on, in UTC. Every second one moved to a higher plan on
//! some day of October, and its November invoice prorates that. Of 2,000 accounts each kind of fault has one, by the
//! account's number; all else is right.

use crate::common::data::{Made, Table, made};
use anyhow::Result;
use serde_json::{Value, json};
use std::{collections::BTreeMap, fmt, path::Path};

/// The moment for which the data is made.
pub(crate) const AS_OF: &str = "2026-11-05T06:00:00Z";

/// Name, price in cents a month, features.
const PLANS: [(&str, i64, &[&str]); 4] = [
    ("starter", 1_900, &["dashboards"]),
    ("pro", 4_900, &["dashboards", "reports"]),
    ("business", 9_900, &["dashboards", "reports", "exports"]),
    ("enterprise", 49_900, &["dashboards", "reports", "exports", "sso"]),
];

/// One account in so many has a given fault.
const CYCLE: u64 = 2_000;

/// What is wrong with an account.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Fault {
    /// Canceled in October, and charged for November.
    Canceled,
    /// A feature of its plan is switched off.
    NotProvisioned,
    /// Product moved it to a lower plan in October, and billing did not hear of it.
    PlanStale,
    /// October was paid twice.
    PaidTwice,
    SecondSubscription,
    /// The change was charged for the full month.
    FullPeriod,
    /// The change was not prorated.
    NotInvoiced,
    NotShown,
    /// The new plan's feature came three days late.
    LateFeature,
    /// Access was cut the day after the first failure.
    CutEarly,
    /// Failed on 1 October; nothing was done.
    Forgotten,
    /// A stolen card was tried again.
    HardDecline,
    DataDeleted,
}

/// By the account's number within the cycle: even ones changed their plan. With what must be found.
const FAULTS: [(u64, Fault, &[&str]); 13] = [
    (101, Fault::Canceled, &["charges/account-inactive"]),
    (203, Fault::NotProvisioned, &["charges/feature-not-provisioned"]),
    (305, Fault::PlanStale, &["charges/plan-stale", "prorate/not-invoiced"]),
    (407, Fault::PaidTwice, &["charges/double-charge"]),
    (509, Fault::SecondSubscription, &["charges/second-subscription"]),
    (606, Fault::FullPeriod, &["prorate/amount-mismatch"]),
    (708, Fault::NotInvoiced, &["prorate/not-invoiced"]),
    (810, Fault::NotShown, &["prorate/not-shown"]),
    (912, Fault::LateFeature, &["prorate/feature-moment"]),
    (1001, Fault::CutEarly, &["dunning/access-removed-early"]),
    (1103, Fault::Forgotten, &["dunning/step-missed", "dunning/grace-overdue"]),
    (1205, Fault::HardDecline, &["dunning/hard-decline-retried"]),
    (1307, Fault::DataDeleted, &["dunning/data-deleted"]),
];

fn fault(account: u64) -> Option<Fault> {
    FAULTS.iter().find(|(at, ..)| *at == account % CYCLE).map(|(_, fault, _)| *fault)
}

/// Cents as money.
struct Usd(i64);

impl fmt::Display for Usd {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let sign = if self.0 < 0 { "-" } else { "" };
        write!(f, "{sign}{}.{:02}", self.0.unsigned_abs() / 100, self.0.unsigned_abs() % 100)
    }
}

/// The exports for so many subscriptions, made where they are not there yet.
pub(crate) fn billing(dir: &Path, subscriptions: u64) -> Result<Made> {
    made(dir, &format!("billing-{subscriptions}"), |folder| World::open(folder)?.write(subscriptions))
}

struct World {
    accounts: Table,
    plans: Table,
    subscriptions: Table,
    plan_changes: Table,
    entitlements: Table,
    invoices: Table,
    invoice_lines: Table,
    payments: Table,
    messages: Table,
    access_changes: Table,
}

/// A change of October: its day, and the plans as places in the list.
struct Change {
    day: i64,
    from: usize,
    to: usize,
}

/// The plan that an account has at first, and its change in October.
fn plans_of(account: u64) -> (usize, Option<Change>) {
    let plan = (account / 2 % 3) as usize;
    let change = Change { day: 2 + (account / 6 % 27) as i64, from: plan, to: plan + 1 };
    (plan, account.is_multiple_of(2).then_some(change))
}

/// A share of October from a day on, of a price; half a cent up.
fn rest_of_october(price: i64, day: i64) -> i64 {
    (price * (32 - day) * 2 + 31) / 62
}

impl World {
    fn open(folder: &Path) -> Result<World> {
        let table = |name: &str, header: &str| Table::create(folder, &format!("{name}.csv"), header);
        Ok(World {
            accounts: table(
                "accounts",
                "account_id,name,kind,status,status_since,canceled_at,plan,currency,created_at,updated_at",
            )?,
            plans: table("plans", "plan,name,tier,rank,price,currency,interval,features")?,
            subscriptions: table(
                "subscriptions",
                "subscription_id,account_id,plan,status,quantity,started_at,current_period_start,current_period_end,term,currency,timezone,canceled_at",
            )?,
            plan_changes: table(
                "plan_changes",
                "change_id,account_id,subscription_id,from_plan,to_plan,from_quantity,to_quantity,effective_at,source,requested_at,shown_to_customer_at",
            )?,
            entitlements: table("entitlements", "account_id,feature,state,activated_at,deactivated_at")?,
            invoices: table(
                "invoices",
                "invoice_id,account_id,subscription_id,status,issued_at,due_at,period_start,period_end,total,currency,plan,paid_at",
            )?,
            invoice_lines: table(
                "invoice_lines",
                "line_id,invoice_id,account_id,kind,plan,feature,metric,quantity,unit_amount,amount,currency,period_start,period_end,description",
            )?,
            payments: table(
                "payments",
                "payment_id,invoice_id,account_id,attempted_at,status,amount,currency,failure_code,attempt",
            )?,
            messages: table("messages", "message_id,account_id,kind,channel,sent_at,related_id")?,
            access_changes: table("access_changes", "account_id,feature,change,at,actor,reason")?,
        })
    }

    fn write(mut self, count: u64) -> Result<Value> {
        let tiers = ["starter", "pro", "business", "enterprise"];
        for (rank, ((plan, price, features), tier)) in PLANS.iter().zip(tiers).enumerate() {
            let features = features.join(";");
            self.plans.row(format_args!(
                "{plan},{plan},{tier},{},{},USD,month,{features}",
                rank + 1,
                Usd(*price)
            ))?;
        }
        for account in 0..count {
            self.account(account)?;
            self.bills(account)?;
        }
        let mut seeded: BTreeMap<&str, u64> = BTreeMap::new();
        for (at, _, codes) in FAULTS {
            for code in codes {
                *seeded.entry(code).or_default() += (count + CYCLE - 1 - at) / CYCLE;
            }
        }
        let rows = json!({
            "accounts.csv": self.accounts.finish()?,
            "plans.csv": self.plans.finish()?,
            "subscriptions.csv": self.subscriptions.finish()?,
            "plan_changes.csv": self.plan_changes.finish()?,
            "entitlements.csv": self.entitlements.finish()?,
            "invoices.csv": self.invoices.finish()?,
            "invoice_lines.csv": self.invoice_lines.finish()?,
            "payments.csv": self.payments.finish()?,
            "messages.csv": self.messages.finish()?,
            "access_changes.csv": self.access_changes.finish()?,
        });
        Ok(json!({ "rows": rows, "seeded": seeded }))
    }

    /// The account, its subscription, change and entitlements.
    fn account(&mut self, n: u64) -> Result<()> {
        let (first, change) = plans_of(n);
        let fault = fault(n);
        let now = change.as_ref().map_or(first, |c| c.to);
        let plan = PLANS[now].0;
        let (status, since) = match fault {
            Some(Fault::Canceled) => ("canceled", "2026-10-10T00:00:00Z"),
            Some(Fault::CutEarly | Fault::Forgotten | Fault::HardDecline | Fault::DataDeleted) => {
                ("past_due", "2026-11-03T09:00:00Z")
            }
            _ => ("active", "2025-03-01T00:00:00Z"),
        };
        let canceled = if status == "canceled" { since } else { "" };
        self.accounts.row(format_args!(
            "acct_{n:06},Customer {n},customer,{status},{since},{canceled},{plan},USD,2025-03-01T00:00:00Z,2026-11-05T04:00:00Z"
        ))?;
        let second = fault == Some(Fault::SecondSubscription);
        for suffix in if second { &["", "_b"][..] } else { &[""] } {
            self.subscriptions.row(format_args!(
                "sub_{n:06}{suffix},acct_{n:06},{plan},{status},1,2025-03-01,2026-11-01,2026-12-01,monthly,USD,UTC,{canceled}"
            ))?;
        }
        if let Some(Change { day, from, to }) = change {
            let at = format!("2026-10-{day:02}T00:00:00Z");
            let shown = if fault == Some(Fault::NotShown) { "" } else { &at };
            let (from, to) = (PLANS[from].0, PLANS[to].0);
            self.plan_changes.row(format_args!(
                "chg_{n:06},acct_{n:06},sub_{n:06},{from},{to},1,1,{at},billing,{at},{shown}"
            ))?;
        } else if fault == Some(Fault::PlanStale) {
            let at = "2026-10-20T00:00:00Z";
            let to = PLANS[first + 1].0;
            self.plan_changes.row(format_args!(
                "chg_{n:06},acct_{n:06},sub_{n:06},{plan},{to},1,1,{at},product,{at},{at}"
            ))?;
        }
        for (at, feature) in PLANS[now].2.iter().enumerate() {
            let day = change.as_ref().map_or(1, |c| c.day);
            let since = match fault {
                _ if at <= first => "2025-03-01T00:00:00Z".to_owned(),
                Some(Fault::LateFeature) => format!("2026-10-{:02}T00:00:00Z", day + 3),
                _ => format!("2026-10-{day:02}T00:00:00Z"),
            };
            let off = fault == Some(Fault::NotProvisioned) && at == 0;
            let (state, until) = if off { ("inactive", "2026-08-01T00:00:00Z") } else { ("active", "") };
            self.entitlements.row(format_args!("acct_{n:06},{feature},{state},{since},{until}"))?;
        }
        Ok(())
    }

    /// The invoices of September, October and November with their lines and payments.
    fn bills(&mut self, n: u64) -> Result<()> {
        let (first, change) = plans_of(n);
        let fault = fault(n);
        for (month, days) in [(9, 30), (10, 31), (11, 30)] {
            let now = if month == 11 { change.as_ref().map_or(first, |c| c.to) } else { first };
            let id = format!("in_{month:02}_{n:06}");
            let (start, end) = (format!("2026-{month:02}-01"), format!("2026-{:02}-01", month + 1));
            let price = PLANS[now].1;
            let extra = (n % 900 + 100) as i64;
            // No bill reaches back before September, so the first one has no usage of the month before.
            let (what, since, until) = match month {
                9 => (format!("one_off,,,,1,{}", Usd(extra)), start.clone(), end.clone()),
                _ => {
                    let since = format!("2026-{:02}-01", month - 1);
                    (format!("usage,,,api_calls,{extra},0.01"), since, start.clone())
                }
            };
            let mut lines = vec![
                (
                    format!("subscription,{},,,1,{}", PLANS[now].0, Usd(price)),
                    price,
                    start.clone(),
                    end.clone(),
                ),
                (what, extra, since, until),
            ];
            if let Some(Change { day, from, to }) = &change
                && month == 11
                && fault != Some(Fault::NotInvoiced)
            {
                let at = format!("2026-10-{day:02}");
                let charge = if fault == Some(Fault::FullPeriod) {
                    PLANS[*to].1
                } else {
                    rest_of_october(PLANS[*to].1, *day)
                };
                for (plan, amount) in [(from, -rest_of_october(PLANS[*from].1, *day)), (to, charge)] {
                    let what = format!("proration,{},,,1,{}", PLANS[*plan].0, Usd(amount));
                    lines.push((what, amount, at.clone(), start.clone()));
                }
            }
            let net: i64 = lines.iter().map(|l| l.1).sum();
            let tax = (net * 2 * 8 + 100) / 200;
            lines.push((format!("tax,,,,1,{}", Usd(tax)), tax, start.clone(), end.clone()));
            for (at, (what, amount, from, to)) in lines.iter().enumerate() {
                self.invoice_lines.row(format_args!(
                    "il_{month:02}_{n:06}_{at},{id},acct_{n:06},{what},{},USD,{from},{to},line {at}",
                    Usd(*amount)
                ))?;
            }
            let total = net + tax;
            let unpaid = self.collect(n, month, &id, total, fault)?;
            let (status, paid) = match unpaid {
                Some(status) => (status, String::new()),
                None => ("paid", format!("2026-{month:02}-01T01:00:00Z")),
            };
            self.invoices.row(format_args!(
                "{id},acct_{n:06},sub_{n:06},{status},{start},2026-{month:02}-{days},{start},{end},{},USD,{},{paid}",
                Usd(total),
                PLANS[now].0
            ))?;
        }
        Ok(())
    }

    /// The attempts to collect an invoice, and what was written about them; its status where it is not paid.
    fn collect(
        &mut self,
        n: u64,
        month: u32,
        id: &str,
        total: i64,
        fault: Option<Fault>,
    ) -> Result<Option<&'static str>> {
        if month == 11 && (n % 100 == 3 || fault == Some(Fault::Canceled)) {
            return Ok(Some("draft"));
        }
        let mut attempt = 0;
        let mut pay = |at: &str, status: &str, code: &str| {
            attempt += 1;
            self.payments.row(format_args!(
                "pay_{month:02}_{n:06}_{attempt},{id},acct_{n:06},{at},{status},{},USD,{code},{attempt}",
                Usd(total)
            ))
        };
        let mut message = |kind: &str, at: &str| {
            self.messages.row(format_args!("msg_{kind}_{month:02}_{n:06},acct_{n:06},{kind},email,{at},{id}"))
        };
        let mut access = |change: &str, at: &str, actor: &str| {
            self.access_changes.row(format_args!("acct_{n:06},,{change},{at},{actor},unpaid"))
        };
        let day0 = "2026-11-03T09:00:00Z";
        match (month, fault) {
            (11, Some(Fault::CutEarly)) => {
                pay(day0, "failed", "insufficient_funds")?;
                message("payment_failed", "2026-11-03T09:05:00Z")?;
                access("revoked", "2026-11-04T08:00:00Z", "product")?;
                Ok(Some("open"))
            }
            (10, Some(Fault::Forgotten)) => {
                pay("2026-10-01T01:00:00Z", "failed", "insufficient_funds")?;
                Ok(Some("open"))
            }
            (11, Some(Fault::HardDecline)) => {
                pay("2026-11-01T01:00:00Z", "failed", "stolen_card")?;
                message("payment_failed", "2026-11-01T01:05:00Z")?;
                pay("2026-11-04T01:00:00Z", "failed", "stolen_card")?;
                message("payment_urgent", "2026-11-04T01:05:00Z")?;
                Ok(Some("open"))
            }
            (11, Some(Fault::DataDeleted)) => {
                pay(day0, "failed", "insufficient_funds")?;
                message("payment_failed", "2026-11-03T09:05:00Z")?;
                access("data_deleted", "2026-11-04T08:00:00Z", "product")?;
                Ok(Some("open"))
            }
            // Some fail at first and are paid on the third day, as they should be.
            (10, None) if n % 100 == 51 => {
                pay("2026-10-01T01:00:00Z", "failed", "insufficient_funds")?;
                message("payment_failed", "2026-10-01T01:05:00Z")?;
                pay("2026-10-04T01:00:00Z", "succeeded", "")?;
                message("payment_urgent", "2026-10-04T00:30:00Z")?;
                Ok(None)
            }
            (10, Some(Fault::PaidTwice)) => {
                pay("2026-10-01T01:00:00Z", "succeeded", "")?;
                pay("2026-10-01T01:02:00Z", "succeeded", "")?;
                Ok(None)
            }
            _ => {
                pay(&format!("2026-{month:02}-01T01:00:00Z"), "succeeded", "")?;
                Ok(None)
            }
        }
    }
}
