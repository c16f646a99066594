//! One line against the product's state at its period: the account's, the plan's, the features'.

use super::{
    book::{Bill, Book, Form, Kind, Line, Period},
    rows::Account,
};
use crate::{
    data::records::Text,
    judge::plans::{BilledPrice, BilledPrices, Change, InForce, unit_price, whole_units},
    model::{
        decimal::{self, Decimal, Exact},
        money,
        time::{Instant, Unit, add_days, day_start, local},
    },
};
use chrono::TimeDelta;
use chrono_tz::Tz;

/// The moments that judging needs.
#[derive(Clone, Copy, Debug)]
pub(super) struct Moments {
    /// `--as-of`.
    pub as_of: Instant,
    /// The newest product-side record, where one tells.
    pub product: Option<Instant>,
    /// How old product state may be.
    pub max_age: TimeDelta,
}

/// A line that charges another plan than the one in force.
#[derive(Clone, Debug)]
pub(super) struct Stale<'b> {
    pub charged: &'b Text,
    pub in_force: &'b Text,
    /// The change that made it so.
    pub change: Option<&'b Change>,
    /// A later change, to the very plan that is charged already.
    pub ahead: Option<&'b Change>,
    /// What the plan in force costs for the line's period and quantity.
    pub expected: Option<Decimal>,
}

/// Why product state says nothing about a line.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Unknown {
    Account,
    Entitlements,
    Plan,
    Older,
}

impl Unknown {
    pub(super) fn text(self) -> &'static str {
        match self {
            Unknown::Account => "the account is not in accounts",
            Unknown::Entitlements => "the account is not in entitlements",
            Unknown::Plan => "no subscription and no plan change of the account was exported",
            Unknown::Older => "the product's exports end before the period begins",
        }
    }
}

/// What is known about a line.
#[derive(Clone, Debug, Default)]
pub(super) struct State<'b> {
    /// The plan in force at the period's start; several where the account has several subscriptions.
    pub in_force: Vec<InForce<'b>>,
    /// Whether every feature it charges for was on at some time in its period; `None` where there is none, or
    /// that is not known.
    pub provisioned: Option<bool>,
    /// The features that were not.
    pub lacking: Vec<Text>,
    /// Since when the account is canceled, suspended or paused; the moment where it is known.
    pub inactive: Option<Option<Instant>>,
    pub stale: Option<Stale<'b>>,
    pub unknown: Vec<Unknown>,
    /// Whether its plan could be compared.
    pub plan_judged: Option<bool>,
    /// Whether the account's status could be.
    pub status_judged: bool,
}

/// Judges a line by the product's state.
pub(super) fn judge<'b>(book: &'b Book<'_>, line: &'b Line, moments: &Moments) -> State<'b> {
    let mut state = State::default();
    let Some(period) = line.period else { return state };
    if !line.kind.is_own() {
        return state;
    }
    let older =
        moments.product.is_some_and(|p| p + moments.max_age < period.start) && period.start < moments.as_of;
    if older {
        state.unknown.push(Unknown::Older);
    }
    match &book.holder(line).record {
        None => state.unknown.push(Unknown::Account),
        Some(account) if !older => {
            state.status_judged = true;
            if line.charges() {
                state.inactive = inactive(book, line, account, period, moments.as_of);
            }
        }
        Some(_) => {}
    }
    plan(book, line, period, &mut state);
    if !older {
        features(book, line, period, &mut state);
    }
    state
}

/// Since when the account of a line is inactive, if its period starts then or later. Where no moment is known its
/// status now is taken, save for what is billed in arrears: a last line is due.
fn inactive(
    book: &Book<'_>,
    line: &Line,
    account: &Account,
    period: Period,
    as_of: Instant,
) -> Option<Option<Instant>> {
    let since = match &*account.status {
        "canceled" => account.canceled_at.or(account.status_since),
        "suspended" | "paused" => account.status_since,
        _ => return None,
    };
    match since {
        Some(since) => (since <= period.start).then_some(Some(since)),
        None => {
            let billed = book.bill(line).issued.unwrap_or(as_of);
            let arrears = line.kind == Kind::Usage || period.end.is_some_and(|end| end <= billed);
            (!arrears).then_some(None)
        }
    }
}

/// The plan in force, and whether the line charges another. A part of a period is for prorate to judge, credits
/// give back what an older plan cost.
fn plan<'b>(book: &'b Book<'_>, line: &'b Line, period: Period, state: &mut State<'b>) {
    let account = &book.holder(line).id;
    let subscription = line.subscription.as_ref();
    let zone = book.zone(line.subscription);
    state.in_force = book.history.in_force(account, subscription, period.start);
    let Some(charged) = line.plan.as_ref() else { return };
    let judged =
        matches!(line.kind, Kind::Subscription | Kind::Usage | Kind::OneOff) && line.amount >= Decimal::ZERO;
    if !judged {
        return;
    }
    let Some(first) = state.in_force.first().copied() else {
        state.plan_judged = Some(false);
        let told = book.history.subscriptions_of(account).next().is_some()
            || subscription.is_some_and(|s| book.history.subscription(s).is_some());
        if !told && book.data.has("subscriptions") {
            state.unknown.push(Unknown::Plan);
        }
        return;
    };
    state.plan_judged = Some(true);
    let fits = |found: &[InForce<'_>]| found.iter().any(|f| f.plan == charged);
    if fits(&state.in_force) {
        return;
    }
    // A bare day holds all plans of that day; usage in arrears may be priced by any plan of its period.
    let until = match (line.kind, period.form) {
        (Kind::Usage, _) => period.end,
        (_, Form::Date) => day_after(period.start, zone),
        _ => None,
    };
    if let Some(until) = until {
        let during = |c: &&Change| period.start < c.at && c.at < until;
        let ids = state.in_force.iter().map(|f| f.subscription.map(|s| &s.subscription_id));
        let changes = ids.flat_map(|id| book.history.changes_of(account, id));
        if changes.filter(during).any(|c| c.row.to_plan == *charged) {
            return;
        }
    }
    let own = first.subscription.map(|s| &s.subscription_id);
    let ahead = book
        .history
        .changes_of(account, own)
        .find(|c| c.at > period.start && c.row.to_plan == *charged && c.moves());
    state.stale = Some(Stale {
        charged,
        in_force: first.plan,
        change: first.change,
        ahead,
        expected: expected(book, line, charged, first.plan, period, zone),
    });
}

fn day_after(start: Instant, zone: Tz) -> Option<Instant> {
    Some(day_start(add_days(local(start, zone).date(), 1)?, zone))
}

/// What a plan costs an account for a line's period and quantity: the account's last billed price for it, else the
/// list price; where the period is not as long as the price's, the charged amount in the proportion of the two
/// plans' list prices. Rounded half-up to the minor unit.
fn expected(
    book: &Book<'_>,
    line: &Line,
    charged: &Text,
    plan: &Text,
    period: Period,
    zone: Tz,
) -> Option<Decimal> {
    let currency = &line.currency;
    let quantity = line.quantity.unwrap_or(Decimal::ONE);
    let round = |exact: Exact| money::round(exact, currency).ok();
    let times = |unit: Decimal, n: i32| {
        let product = Exact::from(unit).mul(quantity.into()).ok()?;
        round(product.mul(Decimal::from(n).into()).ok()?)
    };
    let month = |start: Instant, end: Option<Instant>| whole_units(Unit::Month, start, end?, zone);
    let billed = billed_prices(book, line, plan);
    if let Some(last) = billed.last(&book.holder(line).id, plan, currency, period.start)
        && month(last.start, last.end) == month(period.start, period.end)
    {
        return times(last.unit, 1);
    }
    let list = |name: &Text| book.plans.in_force(name, Some(currency), period.start);
    let (right, wrong) = (list(plan)?, list(charged));
    let price = right.price?;
    let unit = right.interval.as_deref().and_then(Unit::parse).unwrap_or(Unit::Month);
    match period.end {
        None => times(price, 1),
        Some(end) => match whole_units(unit, period.start, end, zone) {
            Some(n) => times(price, n),
            None => {
                let wrong = wrong.filter(|w| w.interval == right.interval)?.price?;
                let product = Exact::from(line.amount).mul(price.into()).ok()?;
                product.div_round(wrong.into(), money::minor_digits(currency)).ok()?
            }
        },
    }
}

/// What the account of a line was billed for a plan.
fn billed_prices(book: &Book<'_>, line: &Line, plan: &Text) -> BilledPrices {
    use super::book::Status;
    let account = &book.holder(line).id;
    BilledPrices::of(book.lines_of(line.account).filter_map(|(_, l)| {
        let bill = book.bill(l);
        let billed = !matches!(bill.status, Status::Draft | Status::Void);
        let same = l.kind == Kind::Subscription && l.plan.is_some_and(|p| p == *plan);
        let period = l.period.filter(|_| billed && same)?;
        let price = BilledPrice {
            start: period.start,
            end: period.end,
            unit: unit_price(l.unit, l.quantity, l.amount)?,
            currency: l.currency,
            invoice: bill.id,
            at: l.at,
        };
        Some((*account, *plan, price))
    }))
}

/// Whether the line's feature, or those that its plan includes, were on in its period.
fn features(book: &Book<'_>, line: &Line, period: Period, state: &mut State<'_>) {
    if !line.charges() || !book.data.has("entitlements") {
        return;
    }
    let wanted = charged_features(book, line, period);
    if wanted.is_empty() {
        return;
    }
    if !book.family(line.account).any(|a| book.entitled.knows(a)) {
        state.unknown.push(Unknown::Entitlements);
        return;
    }
    let on = |feature: &Text| {
        book.family(line.account).any(|a| book.entitled.overlaps(a, feature, period.start, period.end))
    };
    let lacking: Vec<Text> = wanted.iter().filter(|f| !on(f)).cloned().collect();
    state.provisioned = Some(lacking.is_empty());
    // An account that has left has nothing switched on: that it has left is the finding.
    if state.inactive.is_none() {
        state.lacking = lacking;
    }
}

/// The features that a line charges for: its own, else on a subscription line those of its plan.
fn charged_features<'b>(book: &'b Book<'_>, line: &'b Line, period: Period) -> &'b [Text] {
    match &line.feature {
        Some(own) => std::slice::from_ref(own),
        None if line.kind == Kind::Subscription => plan_features(book, line, period).unwrap_or_default(),
        None => &[],
    }
}

/// The features of a line's plan at its period's start; `None` where the plans do not tell.
pub(super) fn plan_features<'b>(book: &'b Book<'_>, line: &Line, period: Period) -> Option<&'b [Text]> {
    let currency = &line.currency;
    book.plans.features(line.plan.as_ref()?, Some(currency), period.start)
}

impl State<'_> {
    /// Whether product state contradicts the line.
    pub(super) fn is_wrong(&self) -> bool {
        self.stale.is_some() || self.inactive.is_some() || !self.lacking.is_empty()
    }
}

impl Stale<'_> {
    /// Whole days from the change to the period's start.
    pub(super) fn days(&self, period: Period) -> Option<i64> {
        Some((period.start - self.change?.at).num_days())
    }

    /// The amount at stake: by how much the charge differs from the price of the plan in force.
    pub(super) fn difference(&self, line: &Line) -> Option<Decimal> {
        decimal::sub(line.amount, self.expected?)
    }
}

/// What a line is for, in a word or two.
pub(super) fn what(line: &Line) -> String {
    let named = match line.kind {
        Kind::Subscription => line.plan,
        Kind::Usage => line.metric.or(line.feature),
        _ => line.feature.or(line.plan).or(line.metric),
    };
    match named {
        Some(name) => format!("{} {}", line.kind.name(), name),
        None => line.kind.name().to_owned(),
    }
}

/// An invoice's id and state for messages: `in_1 (open)`.
pub(super) fn bill_text(bill: &Bill) -> String {
    format!("{} ({})", bill.id, bill.status.name())
}
