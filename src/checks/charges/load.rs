//! Loads the book: what billing exports on one thread, what the product exports on another.

use super::{
    book::{Bill, Book, Credit, Form, Holder, Kind, Line, Paid, Period, Status},
    index::{Runs, Symbols, address},
    rows::{Account, BillRow, CreditRow, PaymentRow},
};
use crate::{
    data::{
        Data,
        records::{Entitlement, InvoiceLine, Plan, PlanChange, Subscription, Text},
    },
    judge::{
        entitled::Entitlements,
        plans::{Catalogue, PlanHistory},
    },
};
use anyhow::Result;
use chrono_tz::Tz;
use std::collections::HashMap;

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
        let address = address(id);
        if self.last.0 == address {
            return Ok(self.last.1);
        }
        if let Some(&known) = self.by_address.get(&address) {
            self.last = (address, known);
            return Ok(known);
        }
        let new = u32::try_from(self.list.len())?;
        self.list.push(Holder { id: id.clone(), record: None, excluded: false, pays_for: Vec::new() });
        self.by_address.insert(address, new);
        Ok(new)
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
    names: Symbols,
    holders: Holders,
    bill_of: BillOf,
    bills: Vec<Bill>,
    lines: Vec<Line>,
    paid: Vec<Paid>,
    credits: Vec<Credit>,
}

impl Billing {
    /// `judges` says of which invoices' lines the ids are kept.
    fn load(data: &Data<'_>, judges: impl Fn(Status) -> bool) -> Result<Billing> {
        let mut billing = Billing::default();
        billing.bills = data.load_as(|row| billing.bill(row))?;
        billing.bill_of = (0u32..).zip(&billing.bills).map(|(n, b)| (address(&b.id), n)).collect();
        billing.lines = data.load_as(|row| billing.line(row, &judges))?;
        let all = billing.lines.len();
        billing.lines.retain(|l| l.bill != ORPHAN);
        let orphans = (all - billing.lines.len()) as u64;
        if orphans > 0 {
            data.note(format!(
                "{} of invoice_lines belong to no invoice that was exported and were passed over",
                crate::model::text::counted(orphans, "row", "rows")
            ));
        }
        billing.paid = data.load_as(|row| billing.payment(row))?;
        billing.paid.retain(|p| p.bill != ORPHAN);
        billing.credits = data.load_as(|row| billing.credit(row))?;
        billing.credits.retain(|c| c.bill != ORPHAN);
        Ok(billing)
    }

    fn bill_of(&self, invoice: &Text) -> u32 {
        self.bill_of.get(&address(invoice)).copied().unwrap_or(ORPHAN)
    }

    fn bill(&mut self, b: BillRow) -> Result<Bill> {
        let names = &mut self.names;
        Ok(Bill {
            at: b.at,
            account: self.holders.of(&b.account_id)?,
            subscription: names.of_some(b.subscription_id.as_ref())?,
            status: Status::parse(&b.status),
            issued: b.issued_at,
            total: b.total,
            currency: names.of(&b.currency)?,
            plan: names.of_some(b.plan.as_ref())?,
            period: Period::read(b.period_start, b.period_end),
            id: b.invoice_id,
        })
    }

    fn line(&mut self, l: InvoiceLine, judges: impl Fn(Status) -> bool) -> Result<Line> {
        let number = self.bill_of(&l.invoice_id);
        let bill = self.bills.get(number as usize);
        let names = &mut self.names;
        let kind = Kind::parse(&l.kind);
        let plan_of_bill = bill.and_then(|b| b.plan).filter(|_| kind == Kind::Subscription);
        let subscription = names.of_some(l.subscription_id.as_ref())?;
        Ok(Line {
            at: l.at,
            id: bill.filter(|b| judges(b.status)).map(|_| l.line_id.as_str().into()),
            bill: number,
            account: match &l.account_id {
                Some(id) => self.holders.of(id)?,
                None => bill.map_or(0, |b| b.account),
            },
            subscription: subscription.or_else(|| bill?.subscription),
            kind,
            plan: names.of_some(l.plan.as_ref())?.or(plan_of_bill),
            feature: names.of_some(l.feature.as_ref())?,
            metric: names.of_some(l.metric.as_ref())?,
            quantity: l.quantity,
            unit: l.unit_amount,
            amount: l.amount,
            currency: names.of(&l.currency)?,
            period: Period::read(l.period_start, l.period_end).or_else(|| bill?.period),
        })
    }

    fn payment(&mut self, p: PaymentRow) -> Result<Paid> {
        let moved = matches!(&*p.status, "succeeded" | "refunded");
        let bill = p.invoice_id.as_ref().filter(|_| moved).map_or(ORPHAN, |i| self.bill_of(i));
        let currency = self.names.of_some(p.currency.as_ref())?;
        Ok(Paid { at: p.at, bill, refund: &*p.status == "refunded", amount: p.amount, currency })
    }

    fn credit(&mut self, c: CreditRow) -> Result<Credit> {
        let refund = c.kind.as_deref() == Some("refund");
        let (bill, currency) = (self.bill_of(&c.invoice_id), self.names.of(&c.currency)?);
        Ok(Credit { at: c.at, bill, amount: c.amount, currency, refund })
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
            let own = line.subscription.and_then(|s| history.subscription(self.names.text(s))?.timezone);
            line.period = Some(period.in_zone(own.unwrap_or(default)));
        }
    }
}

/// Loads everything. `judges` says of which invoices' lines the ids are kept.
pub(super) fn load<'d>(data: &'d Data<'d>, judges: impl Fn(Status) -> bool) -> Result<Book<'d>> {
    let (product, mut billing) = data.both(Product::load, |data| Billing::load(data, judges))?;
    billing.agree_on_zones(&product.history, data.settings.timezone);
    let Billing { names, mut holders, bills, lines, paid, credits, .. } = billing;
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
        names,
        holders,
        bills,
        lines,
        paid,
        credits,
    })
}

/// Links each account with those whose `bill_to`, followed to its end, leads to it.
fn pay_for_each_other(holders: &mut [Holder]) {
    let by_id: HashMap<Text, u32> = (0u32..).zip(holders.iter()).map(|(n, h)| (h.id.clone(), n)).collect();
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
