//! Bills and product state, compact and indexed by account.

use super::{index::Runs, rows::Account};
use crate::{
    data::{At, Exports, Own, records::Text},
    judge::{
        entitled::Entitlements,
        plans::{Catalogue, PlanHistory},
    },
    model::{
        decimal::Decimal,
        time::{Instant, Stamp, local, resolve, rfc3339},
    },
};
use chrono_tz::Tz;

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
    pub(super) fn parse(text: &str) -> Kind {
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
    pub(super) fn parse(text: &str) -> Status {
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
    pub subscription: Option<Text>,
    pub status: Status,
    pub issued: Option<Instant>,
    pub total: Decimal,
    pub currency: Text,
    pub plan: Option<Text>,
    pub period: Option<Period>,
}

/// How an export writes a moment.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Form {
    Instant,
    Civil,
    Date,
}

impl Form {
    fn of(stamp: Stamp) -> Form {
        match stamp {
            Stamp::Instant(_) => Form::Instant,
            Stamp::Civil(_) => Form::Civil,
            Stamp::Date(_) => Form::Date,
        }
    }
}

/// `[start, end)`, as moments and in the form that the export gives.
#[derive(Clone, Copy, Debug)]
pub(super) struct Period {
    pub start: Instant,
    pub end: Option<Instant>,
    /// The start's.
    pub form: Form,
    end_form: Form,
}

impl Period {
    /// From what the export says, clocks read in UTC until [`Period::in_zone`].
    pub(super) fn read(start: Option<Stamp>, end: Option<Stamp>) -> Option<Period> {
        let (start, form) = (start?.in_zone(Tz::UTC), Form::of(start?));
        let end_form = end.map_or(form, Form::of);
        Some(Period { start, end: end.map(|e| e.in_zone(Tz::UTC)), form, end_form })
    }

    /// The same with clocks read in `zone`, where the export gives no offset.
    pub(super) fn in_zone(self, zone: Tz) -> Period {
        let read = |t: Instant, form| match form {
            Form::Instant => t,
            Form::Civil | Form::Date => resolve(t.naive_utc(), zone),
        };
        let end = self.end.map(|e| read(e, self.end_form));
        Period { start: read(self.start, self.form), end, ..self }
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
    pub id: Option<Own>,
    pub bill: u32,
    pub account: u32,
    pub subscription: Option<Text>,
    pub kind: Kind,
    /// Its own plan; on a subscription line else its invoice's.
    pub plan: Option<Text>,
    pub feature: Option<Text>,
    pub metric: Option<Text>,
    pub quantity: Option<Decimal>,
    pub unit: Option<Decimal>,
    pub amount: Decimal,
    pub currency: Text,
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
    pub currency: Option<Text>,
}

/// A credit note.
#[derive(Debug)]
pub(super) struct Credit {
    pub at: At,
    pub bill: u32,
    pub amount: Decimal,
    pub currency: Text,
    pub refund: bool,
}

/// An account that is billed or that the product knows.
#[derive(Debug)]
pub(super) struct Holder {
    pub id: Text,
    /// Its row in `accounts`.
    pub record: Option<Account>,
    /// Whether it is left out by scope.
    pub excluded: bool,
    /// Accounts whose bills it pays.
    pub pays_for: Vec<u32>,
}

/// All of it.
pub(super) struct Book<'d> {
    pub data: &'d Exports<'d>,
    pub holders: Vec<Holder>,
    pub bills: Vec<Bill>,
    pub lines: Vec<Line>,
    pub paid: Vec<Paid>,
    pub credits: Vec<Credit>,
    pub plans: Catalogue,
    pub history: PlanHistory,
    pub entitled: Entitlements,
    pub(super) lines_of: Runs,
    pub(super) lines_on: Runs,
    pub(super) paid_on: Runs,
    pub(super) credits_on: Runs,
    pub(super) bills_of: Runs,
}

impl Book<'_> {
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

    /// The zone that an account's days are cut in: the subscription's, else `--timezone`.
    pub(super) fn zone(&self, subscription: Option<Text>) -> Tz {
        let own = subscription.and_then(|s| self.history.subscription(&s)?.timezone);
        own.unwrap_or(self.data.settings.timezone)
    }

    /// Whether an account is left out by scope.
    pub(super) fn excluded(&self, account: u32) -> bool {
        self.holders[account as usize].excluded
    }

    /// An account and those whose bills it pays.
    pub(super) fn family(&self, account: u32) -> impl Iterator<Item = &Text> {
        let own = &self.holders[account as usize];
        let others = own.pays_for.iter().map(|&o| &self.holders[o as usize].id);
        std::iter::once(&own.id).chain(others)
    }
}
