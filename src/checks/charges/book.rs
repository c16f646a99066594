//! What charges loads: bills and product state, compact and indexed by account.

use super::{
    index::{Runs, Sym, Symbols, address},
    rows::{Account, BillRow, CreditRow, LineRow, PaymentRow},
};
use crate::{
    data::{
        At, Data,
        records::{Entitlement, Plan, PlanChange, Subscription, Text},
    },
    judge::{
        entitled::Entitlements,
        plans::{Catalogue, PlanHistory},
    },
    model::{
        decimal::Decimal,
        time::{Instant, Stamp, local, rfc3339},
    },
};
use anyhow::Result;
use chrono_tz::Tz;
use std::collections::HashMap;

/// What a line charges for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(super) enum Kind {
    Subscription,
    Usage,
    Proration,
    Credit,
    Tax,
    Discount,
    OneOff,
}

impl Kind {
    fn parse(text: &str) -> Kind {
        match text {
            "subscription" => Kind::Subscription,
            "usage" => Kind::Usage,
            "proration" => Kind::Proration,
            "credit" => Kind::Credit,
            "tax" => Kind::Tax,
            "discount" => Kind::Discount,
            _ => Kind::OneOff,
        }
    }

    pub(super) fn name(self) -> &'static str {
        match self {
            Kind::Subscription => "subscription",
            Kind::Usage => "usage",
            Kind::Proration => "proration",
            Kind::Credit => "credit",
            Kind::Tax => "tax",
            Kind::Discount => "discount",
            Kind::OneOff => "one_off",
        }
    }

    /// Whether it is for something of its own; taxes, discounts and credits follow from other lines.
    pub(super) fn is_own(self) -> bool {
        matches!(self, Kind::Subscription | Kind::Usage | Kind::Proration | Kind::OneOff)
    }
}

/// An invoice's state.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Status {
    Draft,
    Open,
    Paid,
    Uncollectible,
    Void,
}

impl Status {
    fn parse(text: &str) -> Status {
        match text {
            "draft" => Status::Draft,
            "open" => Status::Open,
            "uncollectible" => Status::Uncollectible,
            "void" => Status::Void,
            _ => Status::Paid,
        }
    }

    pub(super) fn name(self) -> &'static str {
        match self {
            Status::Draft => "draft",
            Status::Open => "open",
            Status::Paid => "paid",
            Status::Uncollectible => "uncollectible",
            Status::Void => "void",
        }
    }

    /// Whether the charge can still be held back.
    pub(super) fn can_wait(self) -> bool {
        matches!(self, Status::Draft | Status::Open)
    }
}

/// An invoice.
#[derive(Debug)]
pub(super) struct Bill {
    pub at: At,
    pub id: Text,
    pub account: u32,
    pub subscription: Option<Sym>,
    pub status: Status,
    pub issued: Option<Instant>,
    pub total: Decimal,
    pub currency: Sym,
    plan: Option<Sym>,
    period: (Option<Stamp>, Option<Stamp>),
    /// Its subscription's.
    zone: Option<Tz>,
}

/// How an export writes a moment.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Form {
    Instant,
    Civil,
    Date,
}

/// `[start, end)`, as moments and in the form that the export gives.
#[derive(Clone, Copy, Debug)]
pub(super) struct Period {
    pub start: Instant,
    pub end: Option<Instant>,
    pub form: Form,
}

impl Period {
    fn read(start: Option<Stamp>, end: Option<Stamp>, zone: Tz) -> Option<Period> {
        let start = start?;
        let form = match start {
            Stamp::Instant(_) => Form::Instant,
            Stamp::Civil(_) => Form::Civil,
            Stamp::Date(_) => Form::Date,
        };
        Some(Period { start: start.in_zone(zone), end: end.map(|e| e.in_zone(zone)), form })
    }

    /// A moment of it as the export would write it.
    pub(super) fn write(self, t: Instant, zone: Tz) -> String {
        match self.form {
            Form::Instant => rfc3339(t),
            Form::Civil => Stamp::Civil(local(t, zone)).to_string(),
            Form::Date => local(t, zone).date().to_string(),
        }
    }

    /// Whether two periods share time. One without an end is the moment of its start.
    pub(super) fn overlaps(self, other: Period) -> bool {
        let end = |p: Period| p.end.filter(|e| *e > p.start);
        match (end(self), end(other)) {
            (Some(a), Some(b)) => self.start < b && other.start < a,
            (Some(a), None) => self.start <= other.start && other.start < a,
            (None, Some(b)) => other.start <= self.start && self.start < b,
            (None, None) => self.start == other.start,
        }
    }
}

/// A line of an invoice.
#[derive(Debug)]
pub(super) struct Line {
    pub at: At,
    /// Its id, where its invoice is judged.
    pub id: Option<Box<str>>,
    pub bill: u32,
    pub account: u32,
    pub subscription: Option<Sym>,
    pub kind: Kind,
    /// Its own plan; on a subscription line else its invoice's.
    pub plan: Option<Sym>,
    pub feature: Option<Sym>,
    pub metric: Option<Sym>,
    pub quantity: Option<Decimal>,
    pub unit: Option<Decimal>,
    pub amount: Decimal,
    pub currency: Sym,
    /// Its own, else its invoice's.
    pub period: Option<Period>,
}

impl Line {
    /// Whether it asks for money for something of its own.
    pub(super) fn charges(&self) -> bool {
        self.kind.is_own() && self.amount > Decimal::ZERO
    }
}

/// A payment, or money given back.
#[derive(Debug)]
pub(super) struct Paid {
    pub at: At,
    pub bill: u32,
    pub refund: bool,
    pub amount: Option<Decimal>,
    pub currency: Option<Sym>,
}

/// A credit note.
#[derive(Debug)]
pub(super) struct Credit {
    pub at: At,
    pub bill: u32,
    pub amount: Decimal,
    pub currency: Sym,
    pub refund: bool,
}

/// An account that is billed or that the product knows.
#[derive(Debug)]
pub(super) struct Holder {
    pub id: Text,
    /// Its row in `accounts`.
    pub record: Option<Account>,
    /// Accounts whose bills it pays.
    pub pays_for: Vec<u32>,
}

/// All of it.
pub(super) struct Book<'d> {
    pub data: &'d Data<'d>,
    pub names: Symbols,
    pub holders: Vec<Holder>,
    pub bills: Vec<Bill>,
    pub lines: Vec<Line>,
    pub paid: Vec<Paid>,
    pub credits: Vec<Credit>,
    pub plans: Catalogue,
    pub history: PlanHistory,
    pub entitled: Entitlements,
    lines_of: Runs,
    lines_on: Runs,
    paid_on: Runs,
    credits_on: Runs,
    bills_of: Runs,
}

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
        self.list.push(Holder { id: id.clone(), record: None, pays_for: Vec::new() });
        self.by_address.insert(address, new);
        Ok(new)
    }
}

impl<'d> Book<'d> {
    /// Loads everything. `judges` says of which invoices' lines the ids are kept.
    pub(super) fn load(data: &'d Data<'d>, judges: impl Fn(Status) -> bool) -> Result<Book<'d>> {
        // What takes most room while it is read comes first.
        let entitled = Entitlements::new(data.load::<Entitlement>()?);
        let mut names = Symbols::default();
        let mut holders = Holders::default();
        for account in data.load::<Account>()? {
            let at = holders.of(&account.account_id)? as usize;
            holders.list[at].record = Some(account);
        }
        let history = PlanHistory::new(
            data.load::<Subscription>()?,
            data.load::<PlanChange>()?,
            data.has("plan_changes"),
            data.settings.timezone,
            |at| data.zone_of(at.file as usize),
        );
        let bills = bills(data, &history, &mut names, &mut holders)?;
        let bill_of: BillOf = (0u32..).zip(&bills).map(|(n, b)| (address(&b.id), n)).collect();
        let lines = Reader { data, history: &history, bills: &bills, bill_of: &bill_of, judges }
            .lines(&mut names, &mut holders)?;
        let known = |invoice: &Text| bill_of.get(&address(invoice)).copied().unwrap_or(ORPHAN);
        let mut paid = data.load_as(|p: PaymentRow| {
            let moved = matches!(&*p.status, "succeeded" | "refunded");
            let bill = p.invoice_id.as_ref().filter(|_| moved).map_or(ORPHAN, known);
            let currency = names.of_some(p.currency.as_ref())?;
            Ok(Paid { at: p.at, bill, refund: &*p.status == "refunded", amount: p.amount, currency })
        })?;
        paid.retain(|p| p.bill != ORPHAN);
        let mut credits = data.load_as(|c: CreditRow| {
            let refund = c.kind.as_deref() == Some("refund");
            let currency = names.of(&c.currency)?;
            Ok(Credit { at: c.at, bill: known(&c.invoice_id), amount: c.amount, currency, refund })
        })?;
        credits.retain(|c| c.bill != ORPHAN);
        let mut holders = holders.list;
        pay_for_each_other(&mut holders);
        Ok(Book {
            lines_of: Runs::new(lines.iter().map(|l| l.account), holders.len()),
            lines_on: Runs::new(lines.iter().map(|l| l.bill), bills.len()),
            paid_on: Runs::new(paid.iter().map(|p| p.bill), bills.len()),
            credits_on: Runs::new(credits.iter().map(|c| c.bill), bills.len()),
            bills_of: Runs::new(bills.iter().map(|b| b.account), holders.len()),
            plans: Catalogue::new(data.load::<Plan>()?),
            entitled,
            data,
            names,
            holders,
            bills,
            lines,
            paid,
            credits,
            history,
        })
    }

    /// A line's invoice.
    pub(super) fn bill(&self, line: &Line) -> &Bill {
        &self.bills[line.bill as usize]
    }

    /// A line's account.
    pub(super) fn holder(&self, line: &Line) -> &Holder {
        &self.holders[line.account as usize]
    }

    /// The lines of an account, by their place.
    pub(super) fn lines_of(&self, account: u32) -> impl Iterator<Item = (u32, &Line)> + Clone {
        self.lines_of.of(account).iter().map(|&l| (l, &self.lines[l as usize]))
    }

    /// The lines of an invoice.
    pub(super) fn lines_on(&self, bill: u32) -> impl Iterator<Item = (u32, &Line)> {
        self.lines_on.of(bill).iter().map(|&l| (l, &self.lines[l as usize]))
    }

    /// The payments and refunds of an invoice.
    pub(super) fn paid_on(&self, bill: u32) -> impl Iterator<Item = &Paid> + Clone {
        self.paid_on.of(bill).iter().map(|&p| &self.paid[p as usize])
    }

    /// The credit notes of an invoice.
    pub(super) fn credits_on(&self, bill: u32) -> impl Iterator<Item = &Credit> + Clone {
        self.credits_on.of(bill).iter().map(|&c| &self.credits[c as usize])
    }

    /// The invoices of an account.
    pub(super) fn bills_of(&self, account: u32) -> impl Iterator<Item = &Bill> {
        self.bills_of.of(account).iter().map(|&b| &self.bills[b as usize])
    }

    /// The name behind a number.
    pub(super) fn text(&self, sym: Sym) -> &Text {
        self.names.text(sym)
    }

    /// The zone that an account's days are cut in: the subscription's, else `--timezone`.
    pub(super) fn zone(&self, subscription: Option<Sym>) -> Tz {
        let own = subscription.and_then(|s| self.history.subscription(self.text(s))?.timezone);
        own.unwrap_or(self.data.settings.timezone)
    }

    /// Whether an account is left out by scope.
    pub(super) fn excluded(&self, account: u32) -> bool {
        let holder = &self.holders[account as usize];
        let kind = holder.record.as_ref().and_then(|a| a.kind.as_deref());
        self.data.settings.scope.excludes(&holder.id, kind)
    }

    /// An account and those whose bills it pays.
    pub(super) fn family(&self, account: u32) -> impl Iterator<Item = &Text> {
        let own = &self.holders[account as usize];
        let others = own.pays_for.iter().map(|&o| &self.holders[o as usize].id);
        std::iter::once(&own.id).chain(others)
    }
}

fn bills(
    data: &Data<'_>,
    history: &PlanHistory,
    names: &mut Symbols,
    holders: &mut Holders,
) -> Result<Vec<Bill>> {
    data.load_as(|b: BillRow| {
        Ok(Bill {
            at: b.at,
            account: holders.of(&b.account_id)?,
            subscription: names.of_some(b.subscription_id.as_ref())?,
            status: Status::parse(&b.status),
            issued: b.issued_at,
            total: b.total,
            currency: names.of(&b.currency)?,
            plan: names.of_some(b.plan.as_ref())?,
            period: (b.period_start, b.period_end),
            zone: b.subscription_id.and_then(|s| history.subscription(&s)?.timezone),
            id: b.invoice_id,
        })
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

/// Reads the lines of known invoices.
struct Reader<'r, J> {
    data: &'r Data<'r>,
    history: &'r PlanHistory,
    bills: &'r [Bill],
    bill_of: &'r BillOf,
    judges: J,
}

impl<J: Fn(Status) -> bool> Reader<'_, J> {
    fn lines(&self, names: &mut Symbols, holders: &mut Holders) -> Result<Vec<Line>> {
        let mut lines = self.data.load_as(|l: LineRow| self.line(l, names, holders))?;
        let all = lines.len();
        lines.retain(|l| l.bill != ORPHAN);
        let orphans = (all - lines.len()) as u64;
        if orphans > 0 {
            self.data.note(format!(
                "{} of invoice_lines belong to no invoice that was exported and were passed over",
                crate::model::text::counted(orphans, "row", "rows")
            ));
        }
        Ok(lines)
    }

    fn line(&self, l: LineRow, names: &mut Symbols, holders: &mut Holders) -> Result<Line> {
        let number = self.bill_of.get(&address(&l.invoice_id)).copied().unwrap_or(ORPHAN);
        let bill = self.bills.get(number as usize);
        let of_bill = bill.and_then(|b| b.subscription);
        let own = names.of_some(l.subscription_id.as_ref())?;
        let subscription = own.or(of_bill);
        let agreed = match own.filter(|own| Some(*own) != of_bill) {
            None => bill.and_then(|b| b.zone),
            Some(own) => self.history.subscription(names.text(own)).and_then(|s| s.timezone),
        };
        let zone = agreed.unwrap_or(self.data.settings.timezone);
        let period = Period::read(l.period_start, l.period_end, zone)
            .or_else(|| bill.and_then(|b| Period::read(b.period.0, b.period.1, zone)));
        let kind = Kind::parse(&l.kind);
        let plan_of_bill = bill.and_then(|b| b.plan).filter(|_| kind == Kind::Subscription);
        Ok(Line {
            at: l.at,
            id: bill.filter(|b| (self.judges)(b.status)).map(|_| l.line_id.as_str().into()),
            bill: number,
            account: match &l.account_id {
                Some(id) => holders.of(id)?,
                None => bill.map_or(0, |b| b.account),
            },
            subscription,
            kind,
            plan: names.of_some(l.plan.as_ref())?.or(plan_of_bill),
            feature: names.of_some(l.feature.as_ref())?,
            metric: names.of_some(l.metric.as_ref())?,
            quantity: l.quantity,
            unit: l.unit_amount,
            amount: l.amount,
            currency: names.of(&l.currency)?,
            period,
        })
    }
}
