//! A change as the exports tell it, with its billing cycle and its terms.

use super::inputs::{Inputs, Line, Wanted};
use crate::{
    data::{
        At,
        records::{Plan, Subscription, Text},
    },
    judge::{
        calendar::{Grid, Interval, Period, reading, reading_of},
        plans,
        proration::{Change, Cycle, Rules, Terms},
    },
    model::{
        decimal::{self, Decimal, Exact},
        time::{Instant, Stamp, Unit, resolve, rfc3339},
    },
};
use chrono::{Datelike as _, NaiveDateTime, TimeDelta};
use chrono_tz::Tz;

/// What kind of change it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Kind {
    /// A row of plan_changes.
    Change,
    /// A subscription that starts within a billing cycle.
    Start,
    /// A subscription that ends within one.
    Cancel,
}

/// A change of what an account pays.
#[derive(Clone)]
pub(super) struct Event<'i> {
    pub kind: Kind,
    /// `change_id`, else what tells it from others.
    pub id: String,
    pub account: Text,
    pub subscription: Option<&'i Subscription>,
    /// The subscription's id, also where the exports do not have the subscription.
    pub subscription_id: Option<Text>,
    pub at: Instant,
    pub zone: Tz,
    pub from: Option<Text>,
    pub to: Option<Text>,
    pub row: Option<&'i plans::Change>,
    /// The dataset and place of its row.
    pub place: (&'static str, At),
}

impl Event<'_> {
    /// The moment on the clocks of the billing zone.
    pub(super) fn on(&self) -> NaiveDateTime {
        reading(self.at, self.zone)
    }

    /// Whether a plan is one of its two.
    pub(super) fn names(&self, plan: &Text) -> bool {
        self.from.as_deref() == Some(plan) || self.to.as_deref() == Some(plan)
    }
}

/// A change with all that is needed to compute it.
pub(super) struct Priced {
    pub change: Change,
    pub rules: Rules,
    /// The cycle as instants.
    pub cycle: (Instant, Instant),
    /// Whether it falls on the cycle's very start or end.
    pub at_boundary: bool,
    /// Whether the customer pays less after it.
    pub downgrade: bool,
    /// Other prices that once held for the old and the new plan.
    pub old_prices: [Vec<Decimal>; 2],
}

/// All changes up to `--as-of` and later, in the order of account, moment and id.
pub(super) fn events<'i>(inputs: &'i Inputs<'_>) -> Vec<Event<'i>> {
    let mut found: Vec<Event<'i>> = inputs.history.changes().iter().map(|c| of_row(inputs, c)).collect();
    for s in inputs.history.subscriptions() {
        found.extend(start_of(inputs, s));
        found.extend(end_of(inputs, s));
    }
    found.sort_by(|a, b| (&a.account, a.at, &a.id).cmp(&(&b.account, b.at, &b.id)));
    // Of two changes at one moment the one comes first from which the other goes on.
    for n in 1..found.len() {
        let (a, b) = (&found[n - 1], &found[n]);
        if a.account == b.account && a.at == b.at && a.from == b.to && a.to != b.from {
            found.swap(n - 1, n);
        }
    }
    found
}

fn of_row<'i>(inputs: &'i Inputs<'_>, change: &'i plans::Change) -> Event<'i> {
    let subscription = inputs.history.subscription_of(change);
    let row = &change.row;
    let id = row.change_id.as_ref().map_or_else(
        || format!("{} {} {}", row.account_id, rfc3339(change.at), row.to_plan),
        ToString::to_string,
    );
    Event {
        kind: Kind::Change,
        id,
        account: row.account_id,
        subscription,
        subscription_id: row.subscription_id.or_else(|| subscription.map(|s| s.subscription_id)),
        at: change.at,
        zone: inputs.zone(subscription),
        from: Some(row.from_plan),
        to: Some(row.to_plan),
        row: Some(change),
        place: ("plan_changes", row.at),
    }
}

fn of_subscription<'i>(
    inputs: &Inputs<'_>,
    s: &'i Subscription,
    kind: Kind,
    at: Instant,
    plan: Text,
) -> Event<'i> {
    let (word, from, to) = match kind {
        Kind::Cancel => ("cancel", Some(plan), None),
        _ => ("start", None, Some(plan)),
    };
    Event {
        kind,
        id: format!("{word}:{}", s.subscription_id),
        account: s.account_id,
        subscription: Some(s),
        subscription_id: Some(s.subscription_id),
        at,
        zone: inputs.zone(Some(s)),
        from,
        to,
        row: None,
        place: ("subscriptions", s.at),
    }
}

/// The current period of a subscription on the clocks of its zone.
fn current(inputs: &Inputs<'_>, s: &Subscription) -> Option<Period> {
    let zone = inputs.zone(Some(s));
    let read = |stamp: Stamp| match stamp {
        Stamp::Civil(_) => reading(stamp.in_zone(inputs.data.zone_of(s.at.file as usize)), zone),
        stamp => reading_of(stamp, zone),
    };
    let period = Period { start: read(s.current_period_start), end: read(s.current_period_end) };
    (period.start < period.end).then_some(period)
}

/// The grid of a subscription's periods, as far as its current one tells.
fn grid(inputs: &Inputs<'_>, s: &Subscription, interval: Option<Interval>) -> Option<Grid> {
    let period = current(inputs, s)?;
    let interval = interval.or_else(|| Interval::spanning(period))?;
    Some(Grid::through(period.start, period.start.day().max(period.end.day()), interval))
}

/// The plan that a subscription had at a moment.
fn plan_at(inputs: &Inputs<'_>, s: &Subscription, at: Instant) -> Text {
    let known = inputs.history.in_force(&s.account_id, Some(&s.subscription_id), at);
    known.first().map_or_else(|| s.plan, |f| *f.plan)
}

/// A start that its subscription's grid of periods does not have: the first part of a period is charged. A first
/// line that runs for a whole interval says that the periods began elsewhere then.
fn start_of<'i>(inputs: &Inputs<'_>, s: &'i Subscription) -> Option<Event<'i>> {
    let (at, period) = start_within(inputs, s)?;
    if inputs.covered_from.is_none_or(|from| from > at) {
        return None;
    }
    let zone = inputs.zone(Some(s));
    let whole = |l: &Line| {
        let (Some(start), Some(end)) = (l.start, l.end) else { return false };
        let own = Period { start: reading(start, zone), end: reading(end, zone) };
        let length = Interval::spanning(own);
        &*l.row.kind == "subscription"
            && l.holds(at)
            && (start < at || length.is_some() && length == Interval::spanning(period))
    };
    let billed_whole = inputs.lines_of(&s.account_id, Some(&s.subscription_id)).into_iter().any(whole);
    (!billed_whole).then(|| of_subscription(inputs, s, Kind::Start, at, plan_at(inputs, s, at)))
}

/// Such a start with its period, as far as the subscription itself tells.
fn start_within(inputs: &Inputs<'_>, s: &Subscription) -> Option<(Instant, Period)> {
    let at = s.started_at.filter(|at| s.trial_end.is_none_or(|end| end <= *at))?;
    let on = reading(at, inputs.zone(Some(s)));
    let period = grid(inputs, s, None)?.containing(on)?;
    // Exports often give the day alone, without the zone in which it began.
    let within = on - period.start >= TimeDelta::hours(24) && period.end - on >= TimeDelta::hours(24);
    within.then_some((at, period))
}

/// Whose lines are needed: of all that may have a change.
pub(super) fn wanted(inputs: &Inputs<'_>) -> Wanted {
    let mut wanted = Wanted::default();
    for change in inputs.history.changes() {
        wanted.accounts.insert(change.row.account_id);
        let own = inputs.history.subscription_of(change).map(|s| &s.subscription_id);
        wanted.subscriptions.extend(change.row.subscription_id.iter().chain(own).cloned());
    }
    for s in inputs.history.subscriptions() {
        if start_within(inputs, s).is_some() || end_of(inputs, s).is_some() {
            wanted.accounts.insert(s.account_id);
            wanted.subscriptions.insert(s.subscription_id);
        }
    }
    wanted
}

/// An end within the current period.
fn end_of<'i>(inputs: &Inputs<'_>, s: &'i Subscription) -> Option<Event<'i>> {
    let at = s.canceled_at.map(|c| s.cancel_at.map_or(c, |later| later.max(c)))?;
    let zone = inputs.zone(Some(s));
    let period = current(inputs, s)?;
    let on = reading(at, zone);
    if &*s.status != "canceled" || on <= period.start || on >= period.end {
        return None;
    }
    let changes = inputs.history.changes_of(&s.account_id, Some(&s.subscription_id));
    let told = changes.into_iter().any(|c| (c.at - at).num_hours().abs() < 24);
    (!told).then(|| of_subscription(inputs, s, Kind::Cancel, at, plan_at(inputs, s, at)))
}

/// Computes what a change needs; the reason where it cannot.
pub(super) fn price(inputs: &Inputs<'_>, event: &Event<'_>, by: &Rules) -> Result<Priced, String> {
    let (line, period) = cycle_of(inputs, event)
        .ok_or("its billing cycle is not known: neither its subscription nor a billed line tells")?;
    let instants = (resolve(period.start, event.zone), resolve(period.end, event.zone));
    let currency = currency_of(inputs, event, line).ok_or("its currency is not known")?;
    let old = event.from.as_ref().map(|p| offer(inputs, event, p, &currency)).transpose()?;
    let new = event.to.as_ref().map(|p| offer(inputs, event, p, &currency)).transpose()?;
    let length = Interval::spanning(period);
    let anew = match (&old, &new) {
        (Some(old), Some(new)) => {
            old.interval.is_some() && new.interval.is_some() && old.interval != new.interval
        }
        _ => false,
    };
    let line_quantity = line.and_then(|l| l.row.quantity).map(|q| q.abs()).filter(|q| !q.is_zero());
    let own_quantity = event.subscription.and_then(|s| s.quantity);
    let row = event.row.map(|c| &c.row);
    let from_quantity =
        row.and_then(|r| r.from_quantity).or(line_quantity).or(own_quantity).unwrap_or(Decimal::ONE);
    let to_quantity = row.and_then(|r| r.to_quantity).unwrap_or(match event.kind {
        Kind::Start => own_quantity.unwrap_or(Decimal::ONE),
        _ => from_quantity,
    });
    let trial = event.subscription.and_then(|s| s.trial_end).is_some_and(|end| event.at < end);
    // A price that was billed with the discount already taken off is not cut twice.
    let percent = discount_of(event)?;
    let cut_before = old.iter().chain(&new).any(|o| o.has_off(percent));
    let discount = if cut_before { Decimal::ZERO } else { percent };
    let terms = |offer: &Option<Offer>, quantity: Decimal, whole: bool| -> Result<Terms, String> {
        let Some(offer) = offer else { return Ok(Terms::NOTHING) };
        let price = if whole { Some(offer.price) } else { offer.for_cycle(length) };
        let cut = cut_before && !offer.has_off(percent);
        let price = if cut { price.and_then(|p| less(p, percent)) } else { price };
        Ok(Terms { price: price.ok_or("its price has too many digits")?, quantity })
    };
    let from = if trial { Terms::NOTHING } else { terms(&old, from_quantity, false)? };
    let to = terms(&new, to_quantity, anew)?;
    let paid = line.filter(|l| l.row.plan == event.from).and_then(|l| inputs.paid_of(l));
    let on = event.on();
    let change = Change { from, to, period, on, cycle: if anew { Cycle::Anew } else { Cycle::Goes }, paid };
    Ok(Priced {
        downgrade: is_downgrade(event, &old, &new, (from, to)),
        at_boundary: on <= period.start || on >= period.end,
        cycle: instants,
        rules: Rules { currency, discount, ..by.clone() },
        old_prices: [others(inputs, event, &old, length, anew), others(inputs, event, &new, length, anew)],
        change,
    })
}

/// The billing cycle in which a change falls, and the line that bills it, where one does. First a line for the old
/// plan that holds the moment, then the subscription's current period, then its grid.
fn cycle_of<'i>(inputs: &'i Inputs<'_>, event: &Event<'_>) -> Option<(Option<&'i Line>, Period)> {
    let of_cycle = |l: &&Line| &*l.row.kind == "subscription" && l.holds(event.at);
    let all = inputs.lines_of(&event.account, event.subscription_id.as_ref());
    let own = |l: &&Line| l.row.plan == event.from && l.row.plan.is_some();
    let length = |l: &&Line| (l.start.is_some_and(|s| s < event.at), l.end.zip(l.start).map(|(e, s)| e - s));
    let lines = || all.iter().copied().filter(of_cycle).filter(|_| event.kind != Kind::Start);
    let line = lines().filter(own).filter(|l| !is_part(inputs, event, l)).max_by_key(length);
    let period_of =
        |l: &Line| Some(Period { start: reading(l.start?, event.zone), end: reading(l.end?, event.zone) });
    if let Some(period) = line.and_then(period_of) {
        return Some((line, period));
    }
    let on = event.on();
    if let Some(s) = event.subscription {
        let now = current(inputs, s).filter(|p| p.contains(on));
        if let Some(period) = now.filter(|p| p.start < on || !changes_interval(inputs, event)) {
            return Some((None, period));
        }
        let of_plan = |plan: &Option<Text>| plan.as_ref().and_then(|p| interval_of(inputs, event, p));
        let interval = of_plan(&event.from).filter(|_| changes_interval(inputs, event));
        if let Some(period) = grid(inputs, s, interval).and_then(|g| g.containing(on)) {
            return Some((None, period));
        }
    }
    let line = lines().filter(|l| l.start.is_some_and(|s| s < event.at)).max_by_key(length);
    if let Some(period) = line.and_then(period_of) {
        return Some((line, period));
    }
    let invoiced =
        inputs.invoiced_period(&event.account, event.subscription_id.as_ref(), event.at, event.zone);
    if let Some((start, end)) = invoiced {
        return Some((None, Period { start: reading(start, event.zone), end: reading(end, event.zone) }));
    }
    // A proration line ends with the cycle that it is of.
    let end = reading(near_proration(inputs, event)?.end?, event.zone);
    let plan = event.from.as_ref().or(event.to.as_ref())?;
    let grid = Grid::through(end, end.day(), interval_of(inputs, event, plan)?);
    Some((None, grid.containing(on)?))
}

/// A proration line that begins within a day of a change.
fn near_proration<'i>(inputs: &'i Inputs<'_>, event: &Event<'_>) -> Option<&'i Line> {
    let begins = |l: &&Line| l.start.is_some_and(|s| (s - event.at).num_seconds().abs() < 86_400);
    let lines = inputs.lines_of(&event.account, event.subscription_id.as_ref());
    lines.into_iter().find(|l| &*l.row.kind == "proration" && begins(l))
}

/// Whether a line bills the rest of a cycle after an earlier change: its period is no cycle.
fn is_part(inputs: &Inputs<'_>, event: &Event<'_>, line: &Line) -> bool {
    let earlier = inputs.history.account_changes(&event.account).filter(|c| {
        c.row.account_id == event.account && c.at < event.at && Some(&c.row.to_plan) == line.row.plan.as_ref()
    });
    let begins = |c: &plans::Change| line.start.is_some_and(|s| (s - c.at).num_hours().abs() < 24);
    let interval = |plan: &Text| interval_of(inputs, event, plan);
    earlier.filter(|c| begins(c)).any(|c| interval(&c.row.from_plan) == interval(&c.row.to_plan))
}

fn record<'i>(
    inputs: &'i Inputs<'_>,
    event: &Event<'_>,
    plan: &Text,
    currency: Option<&str>,
) -> Option<&'i Plan> {
    inputs.catalogue.in_force(plan, currency, event.at)
}

fn interval_of(inputs: &Inputs<'_>, event: &Event<'_>, plan: &Text) -> Option<Interval> {
    let unit = Unit::parse(record(inputs, event, plan, None)?.interval.as_deref()?)?;
    Some(Interval::of(unit))
}

fn changes_interval(inputs: &Inputs<'_>, event: &Event<'_>) -> bool {
    let of = |plan: &Option<Text>| plan.as_ref().and_then(|p| interval_of(inputs, event, p));
    matches!((of(&event.from), of(&event.to)), (Some(a), Some(b)) if a != b)
}

fn currency_of(inputs: &Inputs<'_>, event: &Event<'_>, line: Option<&Line>) -> Option<String> {
    let own = event.subscription.and_then(|s| s.currency.as_ref());
    let listed = || {
        let plan = event.from.as_ref().or(event.to.as_ref())?;
        record(inputs, event, plan, None)?.currency.as_ref()
    };
    own.or_else(|| line.map(|l| &l.row.currency))
        .or_else(|| near_proration(inputs, event).map(|l| &l.row.currency))
        .or_else(|| inputs.account_currency(&event.account))
        .or_else(listed)
        .map(ToString::to_string)
}

/// What a plan costs an account.
struct Offer {
    plan: Text,
    /// For one unit, for `interval` where the price is from the list, else for a billing cycle.
    price: Decimal,
    /// The price list's, in force at the change.
    listed: Option<Decimal>,
    from_list: bool,
    interval: Option<Interval>,
    rank: Option<i64>,
}

impl Offer {
    /// The price for a cycle of this length.
    fn for_cycle(&self, length: Option<Interval>) -> Option<Decimal> {
        scaled(self.price, self.interval.filter(|_| self.from_list), length)
    }

    /// Whether it is the list price less this many per cent.
    fn has_off(&self, percent: Decimal) -> bool {
        let cut = self.listed.and_then(|l| less(l, percent));
        !percent.is_zero() && !self.from_list && cut == Some(self.price)
    }
}

/// A price less a share in per cent.
fn less(price: Decimal, percent: Decimal) -> Option<Decimal> {
    let kept = decimal::sub(Decimal::ONE_HUNDRED, percent)?;
    decimal::mul(decimal::mul(price, kept)?, Decimal::new(1, 2))
}

/// A list price for a month is taken twelve times for a cycle of a year.
fn scaled(price: Decimal, interval: Option<Interval>, length: Option<Interval>) -> Option<Decimal> {
    let times = interval.zip(length).and_then(|(interval, length)| length.times(interval));
    decimal::mul(price, times.unwrap_or(1).into())
}

/// The account's last billed price for a plan, else the list price in force at the change.
fn offer(inputs: &Inputs<'_>, event: &Event<'_>, plan: &Text, currency: &str) -> Result<Offer, String> {
    let billed = inputs.billed.last(&event.account, plan, currency, event.at).map(|b| b.unit);
    let record = record(inputs, event, plan, Some(currency));
    let listed = record.and_then(|r| r.price);
    // Where neither is known: what the subscription says of its own plan, else what was billed for it later.
    let own = || event.subscription.filter(|s| s.plan == *plan).and_then(|s| s.price);
    let later = || {
        let all = inputs.billed.all(&event.account, plan);
        all.iter().find(|b| *b.currency == *currency).map(|b| b.unit)
    };
    let elsewhere = || billed.is_none().then(|| own().or_else(later)).flatten();
    let Some(price) = billed.or(listed).or_else(elsewhere) else {
        return Err(if inputs.catalogue.in_force(plan, None, event.at).is_some_and(|r| r.price.is_some()) {
            format!("{plan} has no price in {currency}: a change into another currency is not computed")
        } else {
            format!("no price of {plan} is known at the change")
        });
    };
    Ok(Offer {
        plan: *plan,
        price,
        listed,
        from_list: billed.is_none() && listed.is_some(),
        interval: interval_of(inputs, event, plan),
        rank: record.and_then(|r| r.rank),
    })
}

/// Prices that held for a plan at another time, or on the list where another was billed.
fn others(
    inputs: &Inputs<'_>,
    event: &Event<'_>,
    offer: &Option<Offer>,
    length: Option<Interval>,
    anew: bool,
) -> Vec<Decimal> {
    let Some(offer) = offer else { return Vec::new() };
    let length = length.filter(|_| !anew);
    let listed = inputs.catalogue.prices_of(&offer.plan).filter(|(c, _)| {
        event.subscription.and_then(|s| s.currency.as_ref()).is_none_or(|own| c.is_none_or(|c| c == own))
    });
    let list = listed.filter_map(|(_, price)| scaled(price, offer.interval, length));
    let billed = inputs.billed.all(&event.account, &offer.plan).iter().map(|b| b.unit);
    let mut found: Vec<Decimal> = list.chain(billed).collect();
    found.sort();
    found.dedup();
    let current =
        if offer.from_list { scaled(offer.price, offer.interval, length) } else { Some(offer.price) };
    found.retain(|p| Some(*p) != current);
    found
}

/// The subscription's discount in per cent.
fn discount_of(event: &Event<'_>) -> Result<Decimal, String> {
    let text = event.subscription.and_then(|s| s.discount.as_deref()).map_or("", str::trim);
    if text.is_empty() {
        return Ok(Decimal::ZERO);
    }
    decimal::parse(text.strip_suffix('%').unwrap_or(text).trim_end())
        .ok()
        .filter(|p| (Decimal::ZERO..=Decimal::ONE_HUNDRED).contains(p))
        .ok_or_else(|| "its subscription's discount is no share in per cent".to_owned())
}

/// Whether a change leads to less: by the plans' ranks where the interval changes, else by what a cycle costs.
fn is_downgrade(
    event: &Event<'_>,
    old: &Option<Offer>,
    new: &Option<Offer>,
    (from, to): (Terms, Terms),
) -> bool {
    match (event.kind, old, new) {
        (Kind::Cancel, ..) => true,
        (Kind::Start, ..) => false,
        (
            _,
            Some(Offer { rank: Some(a), interval: x, .. }),
            Some(Offer { rank: Some(b), interval: y, .. }),
        ) if x != y => b < a,
        _ => {
            let value = |t: Terms| Exact::from(t.price).mul(t.quantity.into());
            matches!((value(from), value(to)), (Ok(a), Ok(b)) if b < a)
        }
    }
}
