//! What reconcile loads, and how it looks things up.

use super::readings::{Aggregation, Reading, Readings};
use crate::{
    data::{
        Data,
        records::{Account, Billed, Invoice, Metric, Plan, PriceTier, Subscription, Text, UsageTotal},
    },
    judge::price_book::PriceBook,
    model::time::{Stamp, add_days},
};
use anyhow::{Context as _, Result};
use chrono_tz::Tz;
use std::collections::{BTreeMap, HashMap, HashSet};

/// Everything but the events.
pub(super) struct Inputs<'d> {
    pub data: &'d Data<'d>,
    pub billed: Vec<Billed>,
    pub aggregations: HashMap<Text, Aggregation>,
    pub prices: PriceBook,
    accounts: HashMap<Text, Account>,
    subscriptions: HashMap<Text, Subscription>,
    /// The subscriptions of an account.
    by_account: HashMap<Text, Vec<Text>>,
    invoices: HashMap<Text, Invoice>,
    /// Accounts and metrics that have billed rows of their own.
    own_rows: HashSet<(Text, Text)>,
}

impl<'d> Inputs<'d> {
    pub(super) fn load(data: &'d Data<'d>) -> Result<Inputs<'d>> {
        let billed: Vec<Billed> = data.load()?;
        let accounts: Vec<Account> = data.load()?;
        let subscriptions: Vec<Subscription> = data.load()?;
        let metrics: Vec<Metric> = data.load()?;
        let tiers: Vec<PriceTier> = data.load()?;
        let plans: Vec<Plan> = data.load()?;
        let invoices: Vec<Invoice> = data.load()?;
        let mut by_account: HashMap<Text, Vec<Text>> = HashMap::new();
        for s in &subscriptions {
            by_account.entry(s.account_id).or_default().push(s.subscription_id);
        }
        // What is taken from the first of them must not follow from the order of rows.
        by_account.values_mut().for_each(|ids| ids.sort());
        let mut inputs = Inputs {
            data,
            aggregations: metrics
                .iter()
                .filter_map(|m| Some((m.metric, Aggregation::parse(m.aggregation.as_deref()?))))
                .collect(),
            prices: PriceBook::new(&tiers, &plans),
            accounts: accounts.into_iter().map(|a| (a.account_id, a)).collect(),
            subscriptions: subscriptions.into_iter().map(|s| (s.subscription_id, s)).collect(),
            by_account,
            invoices: invoices.into_iter().map(|i| (i.invoice_id, i)).collect(),
            own_rows: HashSet::new(),
            billed,
        };
        inputs.own_rows = inputs
            .billed
            .iter()
            .filter(|b| inputs.status(b) != Some("void"))
            .map(|b| (b.account_id, b.metric))
            .collect();
        Ok(inputs)
    }

    /// A row's state: its own, else its invoice's.
    pub(super) fn status<'s>(&'s self, b: &'s Billed) -> Option<&'s str> {
        b.status.as_deref().or_else(|| {
            let invoice = self.invoices.get(b.invoice_id.as_ref()?)?;
            Some(match &*invoice.status {
                "uncollectible" => "paid",
                other => other,
            })
        })
    }

    /// The zone that an account's periods are cut in: its subscription's, else `--timezone`.
    pub(super) fn agreed_zone(&self, account: &Text, subscription: Option<&Text>) -> Tz {
        let own = subscription.and_then(|s| self.subscriptions.get(s)).and_then(|s| s.timezone);
        own.unwrap_or_else(|| {
            let all = self.by_account.get(account).map_or(&[][..], Vec::as_slice);
            let mut zones: Vec<Option<Tz>> =
                all.iter().filter_map(|s| self.subscriptions.get(s)).map(|s| s.timezone).collect();
            zones.dedup();
            match zones[..] {
                [Some(zone)] => zone,
                _ => self.data.settings.timezone,
            }
        })
    }

    /// The plan a billed row is priced by: its own, its subscription's, its invoice's, its account's.
    pub(super) fn plan_of(&self, b: &Billed) -> Option<Text> {
        let subscription = || b.subscription_id.as_ref().and_then(|s| self.subscriptions.get(s));
        let invoice = || b.invoice_id.as_ref().and_then(|i| self.invoices.get(i));
        b.plan
            .or_else(|| subscription().map(|s| s.plan))
            .or_else(|| invoice().and_then(|i| i.plan))
            .or_else(|| self.plan_of_account(&b.account_id))
    }

    /// The plan of an account without a billed row: its only subscription's, else its own.
    pub(super) fn plan_of_account(&self, account: &Text) -> Option<Text> {
        let all = self.by_account.get(account).map_or(&[][..], Vec::as_slice);
        let mut plans: Vec<Text> = all
            .iter()
            .filter_map(|s| self.subscriptions.get(s))
            .filter(|s| s.canceled_at.is_none())
            .map(|s| s.plan)
            .collect();
        plans.dedup();
        match &plans[..] {
            [one] => Some(*one),
            _ => self.accounts.get(account).and_then(|a| a.plan).or_else(|| plans.first().cloned()),
        }
    }

    /// The currency that an account is billed in: its subscription's, else its own.
    pub(super) fn currency_of(&self, account: &Text) -> Option<Text> {
        let all = self.by_account.get(account).map_or(&[][..], Vec::as_slice);
        let subscribed = all.iter().filter_map(|s| self.subscriptions.get(s)).find_map(|s| s.currency);
        subscribed.or_else(|| self.accounts.get(account).and_then(|a| a.currency))
    }

    /// The day of the month on which an account's periods begin, where its subscription says one.
    pub(super) fn anchor_day(&self, account: &Text) -> Option<u32> {
        use chrono::Datelike as _;
        let first = self.by_account.get(account)?.first()?;
        Some(self.subscriptions.get(first)?.current_period_start.naive().day())
    }

    /// The account on whose bill an account's usage of a metric stands: its `bill_to`, followed to the end,
    /// unless it has billed rows of that metric itself.
    pub(super) fn payer(&self, account: &Text, metric: &Text) -> Text {
        let mut at = *account;
        for _ in 0..16 {
            if self.own_rows.contains(&(at, *metric)) {
                return at;
            }
            match self.accounts.get(&at).and_then(|a| a.bill_to) {
                Some(next) if next != at => at = next,
                _ => return at,
            }
        }
        *account
    }

    /// Whether an account is left out by scope.
    pub(super) fn excluded(&self, account: &Text) -> bool {
        let kind = self.accounts.get(account).and_then(|a| a.kind.as_deref());
        self.data.settings.scope.excludes(account, kind)
    }

    /// Whether accounts were given and this one is not among them.
    pub(super) fn unknown(&self, account: &Text) -> bool {
        !self.accounts.is_empty() && !self.accounts.contains_key(account)
    }
}

/// Totals by paying account and metric, and their first and last moment.
pub(super) struct Totals {
    pub readings: BTreeMap<(Text, Text), Readings>,
    pub coverage: Option<(i64, i64)>,
}

/// Loads `usage_totals`.
pub(super) fn totals(inputs: &Inputs<'_>) -> Result<Totals> {
    let mut by: BTreeMap<(Text, Text), Vec<Reading>> = BTreeMap::new();
    let mut coverage: Option<(i64, i64)> = None;
    let totals: Vec<UsageTotal> = inputs.data.load()?;
    for t in &totals {
        let zone = inputs.agreed_zone(&t.account_id, None);
        let source = inputs.data.zone_of(t.at.file as usize);
        let (from, to) = match (t.window_start, t.window_end, t.date) {
            (Some(from), Some(to), _) => (from.in_zone(source), to.in_zone(source)),
            (_, _, Some(day)) => {
                let next = add_days(day, 1).context("a total's day is the calendar's last")?;
                (Stamp::Date(day).in_zone(zone), Stamp::Date(next).in_zone(zone))
            }
            _ => continue,
        };
        let nanos = |t: crate::model::time::Instant| {
            t.timestamp_nanos_opt().context("a total's window lies outside the years 1678 to 2261")
        };
        let (from, to) = (nanos(from)?, nanos(to)?);
        coverage = Some(coverage.map_or((from, to), |(a, b)| (a.min(from), b.max(to))));
        let reading = Reading { from, to, quantity: t.quantity, ingested: None, unique: None };
        let payer = inputs.payer(&t.account_id, &t.metric);
        by.entry((payer, t.metric)).or_default().push(reading);
    }
    let readings = by
        .into_iter()
        .map(|(k, list)| {
            Ok((k, Readings::of_windows(list).context("usage totals are too large to be summed")?))
        })
        .collect::<Result<_>>()?;
    Ok(Totals { readings, coverage })
}
