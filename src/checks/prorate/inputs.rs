//! What prorate loads, and how it looks things up.

use super::bills::{Bill, Bills, Collected};
use crate::{
    data::{
        Cells, Data, Exports, Record as _, record,
        records::{Account, Entitlement, InvoiceLine, Plan, PlanChange, Subscription, Text},
    },
    judge::{
        entitled::Entitlements,
        plans::{BilledPrice, BilledPrices, Catalogue, PlanHistory, unit_price},
    },
    model::{
        decimal::{self, Decimal},
        time::{Instant, Stamp},
    },
};
use anyhow::Result;
use chrono_tz::Tz;
use std::collections::{HashMap, HashSet};

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

record! {
    /// Of a message what prorate needs.
    Told of "messages" {
        related_id: Option<Text>,
        sent_at: Instant,
    }
}

/// Maps of names that exports bring: fast, and seeded anew in each run.
pub(super) type Map<K, V> = HashMap<K, V, foldhash::fast::RandomState>;

/// The accounts and subscriptions whose lines are looked at: those that may have a change. Of the others, who are
/// most, no line is kept.
#[derive(Debug, Default)]
pub(super) struct Wanted {
    pub accounts: HashSet<Text, foldhash::fast::RandomState>,
    pub subscriptions: HashSet<Text, foldhash::fast::RandomState>,
}

pub(super) struct Inputs<'d> {
    pub data: &'d Exports<'d>,
    pub history: PlanHistory,
    pub catalogue: Catalogue,
    pub billed: BilledPrices,
    pub entitlements: Entitlements,
    /// The lines of all that may have a change.
    pub lines: Vec<Line>,
    /// Proration lines of others.
    pub loose: usize,
    /// Where an account's lines, and a subscription's, stand among them, rising.
    lines_by_account: Map<Text, Vec<usize>>,
    lines_by_subscription: Map<Text, Vec<usize>>,
    bills: Bills,
    /// The first message about an id.
    told: Map<Text, Instant>,
    accounts: Map<Text, Account>,
    /// The first moment that the invoices speak of.
    pub covered_from: Option<Instant>,
}

/// A stamp as an instant: a day begins in the billing zone, a time without an offset is read in its file's zone.
fn instant(stamp: Stamp, of_file: Tz, billing: Tz) -> Instant {
    match stamp {
        Stamp::Date(_) => stamp.in_zone(billing),
        other => other.in_zone(of_file),
    }
}

/// Lines while they are read.
struct Sieve<'s> {
    history: &'s PlanHistory,
    bills: &'s Bills,
    wanted: &'s Wanted,
    /// The billing zone where a subscription has none.
    zone: Tz,
}

/// What a piece of the lines came to.
#[derive(Default)]
struct Sifted {
    lines: Vec<Line>,
    loose: usize,
    first: Option<Instant>,
}

/// To whom a line belongs.
struct Owner {
    account: Text,
    subscription: Option<Text>,
    wanted: bool,
}

impl Sieve<'_> {
    /// `None` where the line's invoice is void or its account is not known.
    fn owner(&self, invoice: &Text, account: Option<Text>, subscription: Option<Text>) -> Option<Owner> {
        let bill = self.bills.get(invoice);
        if bill.is_some_and(|b| &*b.status == "void") {
            return None;
        }
        let account = account.or_else(|| bill.map(|b| b.account_id))?;
        let subscription = subscription.or_else(|| bill?.subscription_id);
        let wanted = self.wanted.accounts.contains(&account)
            || subscription.as_ref().is_some_and(|s| self.wanted.subscriptions.contains(s));
        Some(Owner { account, subscription, wanted })
    }

    fn moment(&self, stamp: Option<Stamp>, of_file: Tz, subscription: Option<&Text>) -> Option<Instant> {
        let own = || subscription.and_then(|s| self.history.subscription(s))?.timezone;
        let zone = |stamp| if matches!(stamp, Stamp::Date(_)) { own() } else { None };
        stamp.map(|s| instant(s, of_file, zone(s).unwrap_or(self.zone)))
    }

    fn take(&self, into: &mut Sifted, row: InvoiceLine, of_file: Tz) {
        let Some(owner) = self.owner(&row.invoice_id, row.account_id, row.subscription_id) else {
            return;
        };
        let moment = |stamp| self.moment(stamp, of_file, owner.subscription.as_ref());
        let (start, end) = (moment(row.period_start), moment(row.period_end));
        if owner.wanted {
            into.lines.push(Line {
                start,
                end,
                account: owner.account,
                subscription: owner.subscription,
                row,
            });
        } else {
            into.pass(start, &row.kind);
        }
    }

    /// The same without a record of a line that is not wanted.
    fn take_cells(&self, into: &mut Sifted, cells: &Cells<'_>) -> Result<()> {
        let owner = self.owner(&cells.get(INVOICE)?, cells.get(ACCOUNT)?, cells.get(SUBSCRIPTION)?);
        match owner {
            None => {}
            Some(owner) if owner.wanted => self.take(into, InvoiceLine::read(cells)?, cells.source.zone),
            Some(owner) => {
                let start = self.moment(cells.get(START)?, cells.source.zone, owner.subscription.as_ref());
                into.pass(start, cells.value(KIND).text().as_deref().unwrap_or_default());
            }
        }
        Ok(())
    }
}

/// Where the columns that every line is asked for stand in the record.
const INVOICE: usize = 1;
const ACCOUNT: usize = 2;
const SUBSCRIPTION: usize = 3;
const KIND: usize = 4;
const START: usize = 12;

impl Sifted {
    /// A line that nothing asks for.
    fn pass(&mut self, start: Option<Instant>, kind: &str) {
        self.first = [self.first, start].into_iter().flatten().min();
        self.loose += usize::from(kind == "proration");
    }
}

impl<'d> Inputs<'d> {
    /// Loads all; `wanted` says whose lines are looked at, from what the product side tells.
    pub(super) fn load(data: &'d Data<'d>, wanted: impl FnOnce(&Inputs<'d>) -> Wanted) -> Result<Inputs<'d>> {
        let (bills, mut inputs) = data.both(Bills::load, |_| Inputs::of_product(data))?;
        inputs.bills = bills;
        let wanted = wanted(&inputs);
        inputs.read_lines(data, &wanted)?;
        Ok(inputs)
    }

    /// What the product says, and what customers were told.
    fn of_product(data: &'d Data<'d>) -> Result<Inputs<'d>> {
        let billing = data.settings.timezone;
        let changes: Vec<PlanChange> = data.load()?;
        let subscriptions: Vec<Subscription> = data.load()?;
        let plans: Vec<Plan> = data.load()?;
        let entitlements: Vec<Entitlement> = data.load()?;
        let accounts: Vec<Account> = data.load()?;
        Ok(Inputs {
            data: &data.exports,
            history: PlanHistory::new(subscriptions, changes, true, billing, |at| {
                data.zone_of(at.file as usize)
            }),
            catalogue: Catalogue::new(plans),
            billed: BilledPrices::default(),
            entitlements: Entitlements::new(entitlements),
            lines: Vec::new(),
            loose: 0,
            lines_by_account: Map::default(),
            lines_by_subscription: Map::default(),
            bills: Bills::default(),
            told: told(data.load()?),
            accounts: accounts.into_iter().map(|a| (a.account_id, a)).collect(),
            covered_from: None,
        })
    }

    /// The lines of those who are wanted, in the order of their periods, and what became of the invoices' money.
    fn read_lines(&mut self, data: &Data<'_>, wanted: &Wanted) -> Result<()> {
        let sieve =
            Sieve { history: &self.history, bills: &self.bills, wanted, zone: data.settings.timezone };
        let pieces = data.fold(
            Sifted::default,
            |into, row: InvoiceLine| {
                let zone = data.zone_of(row.at.file as usize);
                sieve.take(into, row, zone);
                Ok(())
            },
            |into, cells| sieve.take_cells(into, cells),
        )?;
        let (mut lines, mut first) = (Vec::new(), None::<Instant>);
        for piece in pieces {
            lines.extend(piece.lines);
            self.loose += piece.loose;
            first = [first, piece.first].into_iter().flatten().min();
        }
        // The keys are small beside the lines: those are moved once.
        lines.sort_by_cached_key(|l: &Line| (l.start, l.row.line_id.clone(), l.row.at));
        for (at, line) in lines.iter().enumerate() {
            self.lines_by_account.entry(line.account).or_default().push(at);
            if let Some(subscription) = &line.subscription {
                self.lines_by_subscription.entry(*subscription).or_default().push(at);
            }
        }
        self.billed = BilledPrices::of(lines.iter().filter_map(|l| self.billed_price(l)));
        self.bills.group(&wanted.accounts);
        let issued = self.bills.all().iter().filter_map(|b| b.issued_at);
        self.covered_from = lines.iter().filter_map(|l| l.start).chain(first).chain(issued).min();
        self.lines = lines;
        self.bills.collect(data)
    }

    /// What a line says of its plan's price, with the account and the plan; nothing where its invoice is a draft.
    fn billed_price(&self, line: &Line) -> Option<(Text, Text, BilledPrice)> {
        let row = &line.row;
        let is_draft = self.bills.get(&row.invoice_id).is_some_and(|i| &*i.status == "draft");
        let plan = row.plan.as_ref().filter(|_| &*row.kind == "subscription" && !is_draft)?;
        let price = BilledPrice {
            start: line.start?,
            end: line.end,
            unit: unit_price(row.unit_amount, row.quantity, row.amount)?,
            currency: row.currency,
            invoice: row.invoice_id,
            at: row.at,
        };
        Some((line.account, *plan, price))
    }

    /// The lines that are of this account and, where both say one, of this subscription, in their order.
    pub(super) fn lines_of(&self, account: &Text, subscription: Option<&Text>) -> Vec<&Line> {
        let of = |map: &Map<Text, Vec<usize>>, key: &Text| map.get(key).cloned().unwrap_or_default();
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
    pub(super) fn account_currency(&self, account: &Text) -> Option<&Text> {
        self.accounts.get(account)?.currency.as_ref()
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

    /// What was paid of a line, before tax, and not refunded: all of it where its invoice was paid in full (a transfer
    /// may stand in no export of payments). `None` where that cannot be told.
    pub(super) fn paid_of(&self, line: &Line) -> Option<Decimal> {
        let invoice = self.bills.get(&line.row.invoice_id)?;
        let known = self.data.has("payments") && &*invoice.status != "draft";
        let is_paid = &*invoice.status == "paid";
        let of = self.bills.collected(&line.row.invoice_id);
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
        let issued = self.bills.get(&line.row.invoice_id).and_then(|i| i.issued_at);
        let (Some(start), Some(issued)) = (line.start, issued) else { return false };
        let before = self.history.in_force(&line.account, line.subscription.as_ref(), start);
        let was_on_it = before.iter().any(|f| Some(f.plan) == line.row.plan.as_ref());
        issued >= at && start >= cycle.0 && start < cycle.1 && start < at && !was_on_it
    }

    /// The period of an account's invoice that holds a moment; the longest.
    pub(super) fn invoiced_period(
        &self,
        account: &Text,
        subscription: Option<&Text>,
        at: Instant,
        zone: Tz,
    ) -> Option<(Instant, Instant)> {
        let own = self.bills.of_account(account);
        let own = own.filter(|i| match (&i.subscription_id, subscription) {
            (Some(own), Some(wanted)) => own == wanted,
            _ => true,
        });
        let moment = |i: &Bill, stamp: Option<Stamp>| {
            Some(instant(stamp?, self.data.zone_of(i.at.file as usize), zone))
        };
        own.filter_map(|i| Some((moment(i, i.period_start)?, moment(i, i.period_end)?)))
            .filter(|(start, end)| *start < at && at < *end)
            .max_by_key(|(start, end)| *end - *start)
    }

    /// When an invoice was charged: its first payment that succeeded, else when it was paid or issued. A draft was not.
    pub(super) fn charged_at(&self, invoice: &Text) -> Option<Instant> {
        let record = self.bills.get(invoice).filter(|i| &*i.status != "draft");
        let first = self.bills.collected(invoice).and_then(|c| c.first);
        first.or_else(|| record.and_then(|i| i.paid_at.or(i.issued_at)))
    }

    /// When the customer was first written to about an id.
    pub(super) fn told_at(&self, id: &Text) -> Option<Instant> {
        self.told.get(id).copied()
    }

    /// The first invoice that could have carried lines of a change at `at`: issued later, of the subscription where
    /// it says one.
    pub(super) fn later_invoice(
        &self,
        account: &Text,
        subscription: Option<&Text>,
        at: Instant,
    ) -> Option<&Bill> {
        let zone = self.data.settings.timezone;
        let moment = |i: &Bill| {
            i.issued_at
                .or_else(|| i.period_start.map(|s| instant(s, self.data.zone_of(i.at.file as usize), zone)))
        };
        self.bills
            .of_account(account)
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

fn told(messages: Vec<Told>) -> Map<Text, Instant> {
    let mut by: Map<Text, Instant> = Map::default();
    for m in messages {
        if let Some(id) = m.related_id {
            let first = by.entry(id).or_insert(m.sent_at);
            *first = m.sent_at.min(*first);
        }
    }
    by
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_columns_that_every_line_is_asked_for_stand_where_they_are_looked_for() {
        let names = [INVOICE, ACCOUNT, SUBSCRIPTION, KIND, START].map(|at| InvoiceLine::COLUMNS[at]);
        assert_eq!(names, ["invoice_id", "account_id", "subscription_id", "kind", "period_start"]);
    }
}
