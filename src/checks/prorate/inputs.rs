//! What prorate loads, and how it looks things up.

use crate::{
    data::{
        At, Data,
        records::{
            Account, Entitlement, Invoice, InvoiceLine, Message, Payment, Plan, PlanChange, Subscription,
            Text,
        },
    },
    judge::{
        entitled::Entitlements,
        plans::{BilledPrices, Catalogue, PlanHistory},
    },
    model::{
        decimal::{self, Decimal},
        time::{Instant, Stamp},
    },
};
use anyhow::{Context as _, Result};
use chrono_tz::Tz;
use std::collections::HashMap;

/// A line of an invoice that is not void, with its account and its moments.
pub(super) struct Line {
    pub row: InvoiceLine,
    pub account: Text,
    /// Its own subscription, else its invoice's.
    pub subscription: Option<Text>,
    pub start: Option<Instant>,
    pub end: Option<Instant>,
}

impl Line {
    /// Whether it is of this account and, where both say one, of this subscription.
    pub(super) fn is_of(&self, account: &Text, subscription: Option<&Text>) -> bool {
        match (&self.subscription, subscription) {
            (Some(own), Some(wanted)) => own == wanted,
            _ => self.account == *account,
        }
    }

    /// Whether its period holds a moment.
    pub(super) fn holds(&self, at: Instant) -> bool {
        self.start.is_some_and(|s| s <= at) && self.end.is_some_and(|e| at < e)
    }
}

/// What became of an invoice's money.
#[derive(Clone, Copy, Debug, Default)]
struct Collected {
    succeeded: Decimal,
    refunded: Decimal,
    /// The first attempt that succeeded.
    first: Option<Instant>,
}

pub(super) struct Inputs<'d> {
    pub data: &'d Data<'d>,
    pub history: PlanHistory,
    pub catalogue: Catalogue,
    pub billed: BilledPrices,
    pub entitlements: Entitlements,
    pub lines: Vec<Line>,
    /// Where an account's lines, and a subscription's, stand among them, rising.
    lines_by_account: HashMap<Text, Vec<usize>>,
    lines_by_subscription: HashMap<Text, Vec<usize>>,
    invoices: HashMap<Text, Invoice>,
    /// The invoices that are not void, by account.
    by_account: HashMap<Text, Vec<Text>>,
    collected: HashMap<Text, Collected>,
    /// The first message about an id.
    told: HashMap<Text, Instant>,
    accounts: HashMap<Text, Account>,
    /// The first moment that the invoices speak of.
    pub covered_from: Option<Instant>,
}

/// A stamp as an instant: a day begins in the billing zone, a time without an offset is read in its file's zone.
fn instant(data: &Data<'_>, stamp: Stamp, at: At, zone: Tz) -> Instant {
    match stamp {
        Stamp::Date(_) => stamp.in_zone(zone),
        other => other.in_zone(data.zone_of(at.file as usize)),
    }
}

impl<'d> Inputs<'d> {
    pub(super) fn load(data: &'d Data<'d>) -> Result<Inputs<'d>> {
        let billing = data.settings.timezone;
        let changes: Vec<PlanChange> = data.load()?;
        let subscriptions: Vec<Subscription> = data.load()?;
        let plans: Vec<Plan> = data.load()?;
        let entitlements: Vec<Entitlement> = data.load()?;
        let invoices: Vec<Invoice> = data.load()?;
        let rows: Vec<InvoiceLine> = data.load()?;
        let accounts: Vec<Account> = data.load()?;
        let history =
            PlanHistory::new(subscriptions, changes, true, billing, |at| data.zone_of(at.file as usize));
        let invoices: HashMap<Text, Invoice> =
            invoices.into_iter().map(|i| (i.invoice_id.clone(), i)).collect();
        let zone_of = |subscription: Option<&Text>| {
            subscription.and_then(|s| history.subscription(s)).and_then(|s| s.timezone).unwrap_or(billing)
        };
        let mut lines: Vec<Line> = Vec::with_capacity(rows.len());
        for row in rows {
            let invoice = invoices.get(&row.invoice_id);
            let account = row.account_id.clone().or_else(|| invoice.map(|i| i.account_id.clone()));
            let Some(account) = account.filter(|_| invoice.is_none_or(|i| &*i.status != "void")) else {
                continue;
            };
            let subscription =
                row.subscription_id.clone().or_else(|| invoice.and_then(|i| i.subscription_id.clone()));
            let zone = zone_of(subscription.as_ref());
            let moment = |stamp: Option<Stamp>| stamp.map(|s| instant(data, s, row.at, zone));
            let (start, end) = (moment(row.period_start), moment(row.period_end));
            lines.push(Line { start, end, account, subscription, row });
        }
        lines.sort_by(|a, b| (a.start, &a.row.line_id, a.row.at).cmp(&(b.start, &b.row.line_id, b.row.at)));
        let mut lines_by_account: HashMap<Text, Vec<usize>> = HashMap::new();
        let mut lines_by_subscription: HashMap<Text, Vec<usize>> = HashMap::new();
        for (at, line) in lines.iter().enumerate() {
            lines_by_account.entry(line.account.clone()).or_default().push(at);
            if let Some(subscription) = &line.subscription {
                lines_by_subscription.entry(subscription.clone()).or_default().push(at);
            }
        }
        let is_draft = |l: &Line| invoices.get(&l.row.invoice_id).is_some_and(|i| &*i.status == "draft");
        let billed = BilledPrices::new(
            lines.iter().filter(|l| !is_draft(l)).filter_map(|l| Some((&l.row, &l.account, l.start?, l.end))),
        );
        let mut by_account: HashMap<Text, Vec<Text>> = HashMap::new();
        for i in invoices.values().filter(|i| &*i.status != "void") {
            by_account.entry(i.account_id.clone()).or_default().push(i.invoice_id.clone());
        }
        by_account.values_mut().for_each(|ids| ids.sort());
        let issued = invoices.values().filter_map(|i| i.issued_at);
        let covered_from = lines.iter().filter_map(|l| l.start).chain(issued).min();
        Ok(Inputs {
            data,
            history,
            catalogue: Catalogue::new(plans),
            billed,
            entitlements: Entitlements::new(entitlements),
            lines,
            lines_by_account,
            lines_by_subscription,
            by_account,
            collected: collected(data.load()?)?,
            told: told(data.load()?),
            accounts: accounts.into_iter().map(|a| (a.account_id.clone(), a)).collect(),
            invoices,
            covered_from,
        })
    }

    /// The lines that are of this account and, where both say one, of this subscription, in their order.
    pub(super) fn lines_of(&self, account: &Text, subscription: Option<&Text>) -> Vec<&Line> {
        let of = |map: &HashMap<Text, Vec<usize>>, key: &Text| map.get(key).cloned().unwrap_or_default();
        let mut at = of(&self.lines_by_account, account);
        if let Some(subscription) = subscription {
            at.extend(of(&self.lines_by_subscription, subscription));
            at.sort_unstable();
            at.dedup();
        }
        at.into_iter().map(|l| &self.lines[l]).filter(|l| l.is_of(account, subscription)).collect()
    }

    /// The zone in which a subscription is billed.
    pub(super) fn zone(&self, subscription: Option<&Subscription>) -> Tz {
        subscription.and_then(|s| s.timezone).unwrap_or(self.data.settings.timezone)
    }

    /// The currency of an account where its subscription does not say.
    pub(super) fn account_currency(&self, account: &str) -> Option<&Text> {
        self.accounts.get(account)?.currency.as_ref()
    }

    /// Whether an account is left out by scope.
    pub(super) fn excluded(&self, account: &str) -> bool {
        let kind = self.accounts.get(account).and_then(|a| a.kind.as_deref());
        self.data.settings.scope.excludes(account, kind)
    }

    /// Whether accounts were given and this one is not among them.
    pub(super) fn unknown(&self, account: &str) -> bool {
        !self.accounts.is_empty() && !self.accounts.contains_key(account)
    }

    /// What was paid of a line, before tax, and not refunded: all of it where its invoice was paid in full (a transfer
    /// may stand in no export of payments). `None` where that cannot be told.
    pub(super) fn paid_of(&self, line: &Line) -> Option<Decimal> {
        let invoice = self.invoices.get(&line.row.invoice_id)?;
        let known = self.data.has("payments") && &*invoice.status != "draft";
        let is_paid = &*invoice.status == "paid";
        let of = self.collected.get(&line.row.invoice_id).copied();
        let of = of.or_else(|| (known || is_paid).then(Collected::default))?;
        let came = if is_paid { of.succeeded.max(invoice.total) } else { of.succeeded };
        let left = decimal::sub(came, of.refunded)?;
        Some(if left >= invoice.total {
            line.row.amount
        } else {
            left.max(Decimal::ZERO).min(line.row.amount)
        })
    }

    /// Whether a line, issued after a change at `at`, charges its plan for the very cycle of the change, in which the
    /// subscription was on another plan when it began: the new plan for the full period.
    pub(super) fn charges_anew(&self, line: &Line, at: Instant, cycle: (Instant, Instant)) -> bool {
        let issued = self.invoices.get(&line.row.invoice_id).and_then(|i| i.issued_at);
        let (Some(start), Some(issued)) = (line.start, issued) else { return false };
        let before = self.history.in_force(&line.account, line.subscription.as_deref(), start);
        let was_on_it = before.iter().any(|f| Some(f.plan) == line.row.plan.as_ref());
        issued >= at && start >= cycle.0 && start < cycle.1 && start < at && !was_on_it
    }

    /// The period of an account's invoice that holds a moment; the longest.
    pub(super) fn invoiced_period(
        &self,
        account: &str,
        subscription: Option<&Text>,
        at: Instant,
        zone: Tz,
    ) -> Option<(Instant, Instant)> {
        let own = self.by_account.get(account).into_iter().flatten().filter_map(|id| self.invoices.get(id));
        let own = own.filter(|i| match (&i.subscription_id, subscription) {
            (Some(own), Some(wanted)) => own == wanted,
            _ => true,
        });
        let moment = |i: &Invoice, stamp: Option<Stamp>| Some(instant(self.data, stamp?, i.at, zone));
        own.filter_map(|i| Some((moment(i, i.period_start)?, moment(i, i.period_end)?)))
            .filter(|(start, end)| *start < at && at < *end)
            .max_by_key(|(start, end)| *end - *start)
    }

    /// When an invoice was charged: its first payment that succeeded, else when it was paid or issued. A draft was not.
    pub(super) fn charged_at(&self, invoice: &str) -> Option<Instant> {
        let record = self.invoices.get(invoice).filter(|i| &*i.status != "draft");
        let first = self.collected.get(invoice).and_then(|c| c.first);
        first.or_else(|| record.and_then(|i| i.paid_at.or(i.issued_at)))
    }

    /// When the customer was first written to about an id.
    pub(super) fn told_at(&self, id: &str) -> Option<Instant> {
        self.told.get(id).copied()
    }

    /// The first invoice that could have carried lines of a change at `at`: issued later, of the subscription where
    /// it says one.
    pub(super) fn later_invoice(
        &self,
        account: &str,
        subscription: Option<&Text>,
        at: Instant,
    ) -> Option<&Invoice> {
        let of_account =
            self.by_account.get(account).into_iter().flatten().filter_map(|id| self.invoices.get(id));
        let zone = self.data.settings.timezone;
        let moment =
            |i: &Invoice| i.issued_at.or_else(|| i.period_start.map(|s| instant(self.data, s, i.at, zone)));
        of_account
            .filter(|i| match (&i.subscription_id, subscription) {
                (Some(own), Some(wanted)) => own == wanted,
                _ => true,
            })
            .filter_map(|i| Some((moment(i)?, i)))
            .filter(|(issued, _)| *issued > at)
            .min_by(|a, b| (a.0, &a.1.invoice_id).cmp(&(b.0, &b.1.invoice_id)))
            .map(|(_, i)| i)
    }
}

fn collected(payments: Vec<Payment>) -> Result<HashMap<Text, Collected>> {
    let mut by: HashMap<Text, Collected> = HashMap::new();
    for p in payments {
        let Some(id) = p.invoice_id else { continue };
        let of = by.entry(id).or_default();
        let amount = p.amount.unwrap_or_default().abs();
        let sum = match &*p.status {
            "succeeded" => {
                of.first = Some(of.first.map_or(p.attempted_at, |f| f.min(p.attempted_at)));
                &mut of.succeeded
            }
            "refunded" => &mut of.refunded,
            _ => continue,
        };
        *sum = decimal::add(*sum, amount).context("payments are too large to be summed")?;
    }
    Ok(by)
}

fn told(messages: Vec<Message>) -> HashMap<Text, Instant> {
    let mut by: HashMap<Text, Instant> = HashMap::new();
    for m in messages {
        if let Some(id) = m.related_id {
            let first = by.entry(id).or_insert(m.sent_at);
            *first = m.sent_at.min(*first);
        }
    }
    by
}
