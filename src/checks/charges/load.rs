//! Loads the book: what billing exports on one thread, what the product exports on another.

use super::{
    book::{Bill, Book, Credit, Form, Holder, Kind, Line, Paid, Period, Status},
    index::Runs,
    rows::{Account, BillRow, CreditRow, PaymentRow},
};
use crate::{
    data::{
        At, Data,
        records::{Entitlement, InvoiceLine, Plan, PlanChange, Subscription, Text},
    },
    judge::{
        entitled::Entitlements,
        plans::{Catalogue, PlanHistory},
    },
};
use anyhow::Result;
use chrono_tz::Tz;
use std::{
    collections::HashMap,
    sync::{Mutex, PoisonError},
};

/// The invoices by the address of their id.
type BillOf = HashMap<usize, u32, foldhash::fast::RandomState>;

/// What belongs to no invoice that was exported; it is passed over.
const ORPHAN: u32 = u32::MAX;

/// Accounts numbered as they are met.
#[derive(Default)]
struct Holders {
    by_address: HashMap<usize, u32, foldhash::fast::RandomState>,
    /// The last that was asked for: neighbours in an export are often of one account.
    last: (usize, u32),
    list: Vec<Holder>,
}

impl Holders {
    fn of(&mut self, id: &Text) -> Result<u32> {
        let address = id.address();
        if self.last.0 == address {
            return Ok(self.last.1);
        }
        if let Some(&known) = self.by_address.get(&address) {
            self.last = (address, known);
            return Ok(known);
        }
        let new = u32::try_from(self.list.len())?;
        self.list.push(Holder { id: *id, record: None, excluded: false, pays_for: Vec::new() });
        self.by_address.insert(address, new);
        Ok(new)
    }

    /// The number of an account that has one; quick where it is `likely`.
    fn known(&self, id: &Text, likely: u32) -> Option<u32> {
        match self.list.get(likely as usize) {
            Some(holder) if holder.id == *id => Some(likely),
            _ => self.by_address.get(&id.address()).copied(),
        }
    }
}

/// What the product says.
struct Product {
    accounts: Vec<Account>,
    history: PlanHistory,
    plans: Catalogue,
    entitled: Entitlements,
}

impl Product {
    fn load(data: &Data<'_>) -> Result<Product> {
        Ok(Product {
            // What takes most room while it is read comes first.
            entitled: Entitlements::new(data.load::<Entitlement>()?),
            accounts: data.load()?,
            history: PlanHistory::new(
                data.load::<Subscription>()?,
                data.load::<PlanChange>()?,
                data.has("plan_changes"),
                data.settings.timezone,
                |at| data.zone_of(at.file as usize),
            ),
            plans: Catalogue::new(data.load::<Plan>()?),
        })
    }
}

/// What billing says.
#[derive(Default)]
struct Billing {
    holders: Holders,
    bill_of: BillOf,
    bills: Vec<Bill>,
    lines: Vec<Line>,
    paid: Vec<Paid>,
    credits: Vec<Credit>,
}

impl Billing {
    /// `judges` says of which invoices' lines the ids are kept.
    fn load(data: &Data<'_>, judges: impl Fn(Status) -> bool + Sync) -> Result<Billing> {
        let mut billing = Billing::default();
        billing.bills = data.load_as(|row| billing.bill(row))?;
        billing.bill_of = (0u32..).zip(&billing.bills).map(|(n, b)| (b.id.address(), n)).collect();
        let strangers = Mutex::default();
        let mut lines = data.load_as(|row| Ok(billing.line(row, &judges, &strangers)))?;
        let all = lines.len();
        lines.retain(|l| l.bill != ORPHAN);
        let orphans = (all - lines.len()) as u64;
        if orphans > 0 {
            data.note(format!(
                "{} of invoice_lines belong to no invoice that was exported and were passed over",
                crate::model::text::counted(orphans, "row", "rows")
            ));
        }
        let strangers = strangers.into_inner().unwrap_or_else(PoisonError::into_inner);
        let strangers: HashMap<At, Text> = strangers.into_iter().collect();
        if !strangers.is_empty() {
            for line in &mut lines {
                if let Some(id) = strangers.get(&line.at) {
                    line.account = billing.holders.of(id)?;
                }
            }
        }
        billing.lines = lines;
        billing.paid = data.load_as(|row| Ok(billing.payment(&row)))?;
        billing.paid.retain(|p| p.bill != ORPHAN);
        billing.credits = data.load_as(|row| Ok(billing.credit(&row)))?;
        billing.credits.retain(|c| c.bill != ORPHAN);
        Ok(billing)
    }

    fn bill_of(&self, invoice: &Text) -> u32 {
        self.bill_of.get(&invoice.address()).copied().unwrap_or(ORPHAN)
    }

    fn bill(&mut self, b: BillRow) -> Result<Bill> {
        Ok(Bill {
            at: b.at,
            account: self.holders.of(&b.account_id)?,
            subscription: b.subscription_id,
            status: Status::parse(&b.status),
            issued: b.issued_at,
            total: b.total,
            currency: b.currency,
            plan: b.plan,
            period: Period::read(b.period_start, b.period_end),
            id: b.invoice_id,
        })
    }

    /// `strangers` takes the accounts of lines that no invoice is of.
    fn line(
        &self,
        l: InvoiceLine,
        judges: impl Fn(Status) -> bool,
        strangers: &Mutex<Vec<(At, Text)>>,
    ) -> Line {
        let number = self.bill_of(&l.invoice_id);
        let bill = self.bills.get(number as usize);
        let of_bill = bill.map_or(0, |b| b.account);
        let kind = Kind::parse(&l.kind);
        let plan_of_bill = bill.and_then(|b| b.plan).filter(|_| kind == Kind::Subscription);
        Line {
            at: l.at,
            account: match &l.account_id {
                Some(id) => self.holders.known(id, of_bill).unwrap_or_else(|| {
                    strangers.lock().unwrap_or_else(PoisonError::into_inner).push((l.at, *id));
                    of_bill
                }),
                None => of_bill,
            },
            id: bill.filter(|b| judges(b.status)).map(|_| l.line_id),
            bill: number,
            subscription: l.subscription_id.or_else(|| bill?.subscription),
            kind,
            plan: l.plan.or(plan_of_bill),
            feature: l.feature,
            metric: l.metric,
            quantity: l.quantity,
            unit: l.unit_amount,
            amount: l.amount,
            currency: l.currency,
            period: Period::read(l.period_start, l.period_end).or_else(|| bill?.period),
        }
    }

    fn payment(&self, p: &PaymentRow) -> Paid {
        let moved = matches!(&*p.status, "succeeded" | "refunded");
        let bill = p.invoice_id.as_ref().filter(|_| moved).map_or(ORPHAN, |i| self.bill_of(i));
        Paid { at: p.at, bill, refund: &*p.status == "refunded", amount: p.amount, currency: p.currency }
    }

    fn credit(&self, c: &CreditRow) -> Credit {
        let refund = c.kind.as_deref() == Some("refund");
        Credit { at: c.at, bill: self.bill_of(&c.invoice_id), amount: c.amount, currency: c.currency, refund }
    }

    /// Reads the clocks of periods without an offset in the agreed zone: the subscription's, else `default`.
    fn agree_on_zones(&mut self, history: &PlanHistory, default: Tz) {
        if default == Tz::UTC
            && history.subscriptions().iter().all(|s| s.timezone.is_none_or(|z| z == Tz::UTC))
        {
            return;
        }
        for line in &mut self.lines {
            let Some(period) = line.period.filter(|p| p.form != Form::Instant) else { continue };
            let own = line.subscription.and_then(|s| history.subscription(&s)?.timezone);
            line.period = Some(period.in_zone(own.unwrap_or(default)));
        }
    }
}

/// Loads everything. `judges` says of which invoices' lines the ids are kept.
pub(super) fn load<'d>(data: &'d Data<'d>, judges: impl Fn(Status) -> bool + Sync) -> Result<Book<'d>> {
    let (product, mut billing) = data.both(Product::load, |data| Billing::load(data, judges))?;
    billing.agree_on_zones(&product.history, data.settings.timezone);
    let Billing { mut holders, bills, lines, paid, credits, .. } = billing;
    for account in product.accounts {
        let at = holders.of(&account.account_id)? as usize;
        holders.list[at].record = Some(account);
    }
    let mut holders = holders.list;
    for holder in &mut holders {
        let kind = holder.record.as_ref().and_then(|a| a.kind.as_deref());
        holder.excluded = data.settings.scope.excludes(&holder.id, kind);
    }
    pay_for_each_other(&mut holders);
    Ok(Book {
        lines_of: Runs::new(lines.iter().map(|l| l.account), holders.len()),
        lines_on: Runs::new(lines.iter().map(|l| l.bill), bills.len()),
        paid_on: Runs::new(paid.iter().map(|p| p.bill), bills.len()),
        credits_on: Runs::new(credits.iter().map(|c| c.bill), bills.len()),
        bills_of: Runs::new(bills.iter().map(|b| b.account), holders.len()),
        plans: product.plans,
        entitled: product.entitled,
        history: product.history,
        data: &data.exports,
        holders,
        bills,
        lines,
        paid,
        credits,
    })
}

/// Links each account with those whose `bill_to`, followed to its end, leads to it.
fn pay_for_each_other(holders: &mut [Holder]) {
    let by_id: HashMap<Text, u32> = (0u32..).zip(holders.iter()).map(|(n, h)| (h.id, n)).collect();
    let next = |at: u32, list: &[Holder]| {
        let to = list[at as usize].record.as_ref()?.bill_to.as_ref()?;
        by_id.get(to).copied().filter(|&n| n != at)
    };
    let mut pairs = Vec::new();
    for at in 0..holders.len() as u32 {
        let mut payer = at;
        for _ in 0..16 {
            match next(payer, holders) {
                Some(n) => payer = n,
                None => break,
            }
        }
        if payer != at {
            pairs.push((payer, at));
        }
    }
    for (payer, at) in pairs {
        holders[payer as usize].pays_for.push(at);
    }
}
