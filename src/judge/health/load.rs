//! What scores are made of, taken from the exports: the one place here that reads.

use super::{
    Activity, Billing, Customer, Formula, Health, Plans,
    billing::{Standing, Trouble},
    day_of,
    days::{load_activity, shared_name},
    judged_day,
    plans::PlanRow,
    points::MAX_WEIGHT,
    sentiment::{TextSentiment, of_ticket},
};
use crate::{
    data::{
        At, Data,
        records::{Account, Invoice, Payment, Plan, Subscription, Text, Ticket},
    },
    judge::{
        collection::{Attempt, AttemptStatus, Collection, InvoiceStatus, Owed},
        customers::Customers,
        naming::Naming,
    },
    model::time::{Instant, day_start},
    settings::Settings,
};
use anyhow::{Context as _, Result, bail};
use chrono::NaiveDate;
use chrono_tz::Tz;
use std::collections::{BTreeMap, BTreeSet, HashMap, HashSet};

/// The accounts with all that scores are made of.
#[derive(Debug)]
pub struct Loaded {
    /// Scores.
    pub health: Health,
    /// The accounts in scope, canceled ones included, by id.
    pub accounts: Vec<Account>,
    /// Tiers and revenue.
    pub customers: Customers,
    /// The tickets of these accounts, by account; for evidence, and what else is asked of tickets.
    pub tickets: HashMap<Text, Vec<Ticket>>,
    /// Where the rows of failed payments stand, by account.
    pub failures: HashMap<Text, Vec<(NaiveDate, At)>>,
    /// Accounts that are out of scope.
    pub excluded: u64,
    /// Ids of the activity export that match no account.
    pub unknown: Vec<Text>,
    /// How many days before today the judged day is, for activity that ends earlier.
    pub back: i64,
}

impl Loaded {
    /// The ids of the activity export against the accounts.
    pub fn names(&self) -> Naming<'_> {
        let used = self.health.activity().accounts().map(|a| (&**a, 1));
        Naming::of(used, |a| self.unknown.binary_search_by(|u| (**u).cmp(a)).is_err())
    }
}

/// The formula in force: the weights of `[health]`, whichever check asks.
pub fn formula(settings: &Settings) -> Result<Formula> {
    let own = settings.for_check("health");
    let mut formula = Formula::default();
    for (component, weight) in super::Component::ALL.into_iter().zip(&mut formula.weights) {
        let name = format!("weight-{}", component.name());
        let value = own.opt_int(&name)?;
        *weight = u32::try_from(value).ok().filter(|w| *w <= MAX_WEIGHT).with_context(|| {
            format!(
                "[health] {} is {value}; weights are whole numbers from 0 to {MAX_WEIGHT}",
                name.replace('-', "_")
            )
        })?;
    }
    if formula.weights.iter().all(|w| *w == 0) {
        bail!("all weights of [health] are 0; at least one component must count");
    }
    Ok(formula)
}

/// What scores are made of beside activity.
struct Others {
    accounts: Vec<Account>,
    subscriptions: Vec<Subscription>,
    tickets: Vec<Ticket>,
    invoices: Vec<Invoice>,
    payments: Vec<Payment>,
}

impl Others {
    fn load(data: &Data<'_>) -> Result<Others> {
        Ok(Others {
            accounts: data.load()?,
            subscriptions: data.load()?,
            tickets: data.load()?,
            invoices: data.load()?,
            payments: data.load()?,
        })
    }
}

/// Loads what scores of the judged day and of `back` days before it are made of. Activity is kept for
/// `activity_days` days before the judged day, or as many as the scores need.
pub fn load(data: &Data<'_>, back: u32, activity_days: u32) -> Result<Loaded> {
    let settings = data.settings;
    let zone = settings.timezone;
    let formula = formula(settings)?;
    let today = day_of(settings.as_of, zone);
    let reach = (i64::from(back) + formula.reach()).max(i64::from(activity_days));
    // The judged day is up to three days before today.
    let from = today - chrono::TimeDelta::days(reach + 3);
    let plans: Vec<Plan> = data.load()?;
    // In the order of their names: which row of a plan counts may depend on it, and must not on who reads which rows.
    let listed: BTreeSet<&str> = plans
        .iter()
        .flat_map(|p| p.features.iter().flatten())
        .map(|name| shared_name(settings, name))
        .collect();
    let (others, mut activity) = data.both(Others::load, |data| load_activity(data, from, today, &listed))?;
    let Others { accounts: all, subscriptions, tickets, invoices, payments } = others;
    let (day, late) = judged_day(today, activity.span().map(|(_, last)| last));

    let known: HashSet<&Text> = all.iter().map(|a| &a.account_id).collect();
    let mut unknown: Vec<Text> = activity.accounts().filter(|a| !known.contains(a)).cloned().collect();
    unknown.sort();
    let (out, mut accounts): (Vec<Account>, Vec<Account>) =
        all.into_iter().partition(|a| settings.scope.excludes(&a.account_id, a.kind.as_deref()));
    accounts.sort_by_key(|a| a.account_id);

    let customers = Customers::new(&accounts, &subscriptions, &plans);
    let plans = plan_rows(settings, &plans, &mut activity);
    let tickets = tickets_by_account(tickets);
    let texts = settings.for_check("health").opt_switch("text-sentiment")?.then(TextSentiment::default);
    let mut bills = bills(invoices, payments, zone)?;
    let scored = accounts
        .iter()
        .map(|a| {
            let mut moods = Vec::new();
            for t in tickets.get(&a.account_id).into_iter().flatten() {
                if let Some(sentiment) = of_ticket(t, texts.as_ref()) {
                    moods.push(super::Mood { day: day_of(t.created_at, zone), sentiment });
                }
            }
            let standing = match &*a.status {
                "past_due" => Standing::PastDue,
                "suspended" => Standing::Suspended,
                _ => Standing::Good,
            };
            Customer {
                id: a.account_id,
                plan: customers.plan(&a.account_id).cloned(),
                currency: a.currency,
                created: a.created_at.map(|t| day_of(t, zone)),
                moods,
                billing: Billing {
                    troubles: bills.troubles.remove(&a.account_id).unwrap_or_default(),
                    standing,
                    since: a.status_since.map(|t| day_of(t, zone)),
                },
                at: a.at,
            }
        })
        .collect();
    let health = Health::new(formula, activity, plans, scored, day, back);
    Ok(Loaded {
        health,
        accounts,
        customers,
        tickets,
        failures: bills.failures,
        excluded: out.len() as u64,
        unknown,
        back: late,
    })
}

/// The first day that begins at or after a moment: what holds from the moment on holds at the start of that day.
fn day_from(t: Instant, zone: Tz) -> NaiveDate {
    let day = day_of(t, zone);
    if day_start(day, zone) >= t { day } else { day.succ_opt().unwrap_or(day) }
}

fn plan_rows(settings: &Settings, plans: &[Plan], activity: &mut Activity) -> Plans {
    let zone = settings.timezone;
    let rows = plans.iter().map(|p| PlanRow {
        plan: p.plan,
        currency: p.currency,
        from: p.effective_from.map(|t| day_from(t, zone)),
        to: p.effective_to.map(|t| day_from(t, zone)),
        features: p
            .features
            .iter()
            .flatten()
            .map(|name| activity.feature(shared_name(settings, name)))
            .collect(),
    });
    Plans::new(rows.collect::<Vec<_>>())
}

fn tickets_by_account(tickets: Vec<Ticket>) -> HashMap<Text, Vec<Ticket>> {
    let mut by: HashMap<Text, Vec<Ticket>> = HashMap::new();
    for t in tickets {
        if let Some(account) = &t.account_id {
            by.entry(*account).or_default().push(t);
        }
    }
    by
}

#[derive(Default)]
struct Bills {
    troubles: HashMap<Text, Vec<Trouble>>,
    failures: HashMap<Text, Vec<(NaiveDate, At)>>,
}

/// The troubles of all accounts: invoices with a failed attempt, each with the day on which it was settled.
///
/// An invoice that no export of invoices holds owes what its first failed attempt asked for; failed payments that
/// name no invoice are taken for one invoice an account, amount and currency.
fn bills(invoices: Vec<Invoice>, payments: Vec<Payment>, zone: Tz) -> Result<Bills> {
    let invoices: HashMap<Text, Invoice> = invoices.into_iter().map(|i| (i.invoice_id, i)).collect();
    let mut by_invoice: BTreeMap<Vec<Text>, Vec<Payment>> = BTreeMap::new();
    for p in payments {
        let key = match (&p.invoice_id, &p.account_id) {
            (Some(invoice), _) => vec![*invoice],
            (None, Some(account)) => {
                let amount = p.amount.map_or_else(String::new, |a| a.abs().normalize().to_string());
                vec![*account, amount.into(), p.currency.unwrap_or_else(|| "".into())]
            }
            (None, None) => continue,
        };
        by_invoice.entry(key).or_default().push(p);
    }
    let mut bills = Bills::default();
    for mut payments in by_invoice.into_values() {
        payments.sort_by(|a, b| (a.attempted_at, &a.payment_id).cmp(&(b.attempted_at, &b.payment_id)));
        let failed = |p: &&Payment| AttemptStatus::parse(&p.status) == Some(AttemptStatus::Failed);
        let Some(first) = payments.iter().find(failed) else { continue };
        let invoice = first.invoice_id.as_ref().and_then(|i| invoices.get(i));
        let Some(account) = invoice.map(|i| &i.account_id).or(first.account_id.as_ref()) else { continue };
        let owed = invoice.map_or_else(
            || Owed {
                total: first.amount.unwrap_or_default().abs(),
                status: InvoiceStatus::Open,
                paid_at: None,
                voided_at: None,
            },
            Owed::of,
        );
        let currency = invoice.map(|i| &i.currency).or(first.currency.as_ref());
        let attempts: Vec<Attempt> =
            payments.iter().filter_map(|p| Attempt::of(p, currency.map_or("", |c| c))).collect();
        let collection = Collection::of(&owed, &attempts)?;
        let Some(failed_at) = collection.first_failed_at else { continue };
        // Settled at a moment that nobody tells: not held against the account on any day.
        let settled = match (collection.recovered_at(), collection.unpaid_after_failure(failed_at)) {
            (None, None) => continue,
            (end, _) => end,
        };
        let trouble = Trouble { failed: day_of(failed_at, zone), settled: settled.map(|t| day_of(t, zone)) };
        bills.troubles.entry(*account).or_default().push(trouble);
        let places = payments.iter().filter(failed).map(|p| (day_of(p.attempted_at, zone), p.at));
        bills.failures.entry(*account).or_default().extend(places);
    }
    for troubles in bills.troubles.values_mut() {
        troubles.sort_unstable();
    }
    Ok(bills)
}
