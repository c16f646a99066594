//! Which plan an account was on at a moment, what that plan holds, and what was last billed for it.

use crate::{
    data::{
        At,
        records::{Plan, PlanChange, Subscription, Text},
    },
    model::{
        decimal::{Decimal, Exact},
        time::{Instant, Stamp, Unit, local},
    },
};
use chrono_tz::Tz;
use std::collections::HashMap;

/// Maps of names that exports bring: fast, and seeded anew in each run.
type Map<K, V> = HashMap<K, V, foldhash::fast::RandomState>;

/// The plans as they are sold: records keyed by plan, beginning and currency.
#[derive(Debug, Default)]
pub struct Catalogue {
    /// Each plan's records by beginning, then currency.
    by_plan: Map<Text, Vec<Plan>>,
}

impl Catalogue {
    /// From the rows of `plans`, in any order.
    pub fn new(plans: Vec<Plan>) -> Catalogue {
        let mut by_plan: Map<Text, Vec<Plan>> = Map::default();
        for plan in plans {
            by_plan.entry(plan.plan).or_default().push(plan);
        }
        for list in by_plan.values_mut() {
            list.sort_by(|a, b| {
                (a.effective_from, &a.currency, a.at).cmp(&(b.effective_from, &b.currency, b.at))
            });
        }
        Catalogue { by_plan }
    }

    /// Whether it has no plan at all.
    pub fn is_empty(&self) -> bool {
        self.by_plan.is_empty()
    }

    /// All records, in no particular order.
    pub fn all(&self) -> impl Iterator<Item = &Plan> {
        self.by_plan.values().flatten()
    }

    /// Whether it has a record of that plan, in force or not.
    pub fn knows(&self, plan: &Text) -> bool {
        self.by_plan.contains_key(plan)
    }

    /// The plan's record in force at `at`: `[effective_from, effective_to)`, an empty end being open. Of several
    /// the one that began last. In `currency` where it is given; a record without a currency fits any.
    pub fn in_force(&self, plan: &Text, currency: Option<&str>, at: Instant) -> Option<&Plan> {
        let fits = |p: &&Plan| match (&p.currency, currency) {
            (Some(own), Some(wanted)) => **own == *wanted,
            _ => true,
        };
        let holds =
            |p: &&Plan| p.effective_from.is_none_or(|f| f <= at) && p.effective_to.is_none_or(|t| at < t);
        let list = self.by_plan.get(plan)?;
        list.iter().filter(fits).filter(holds).max_by_key(|p| (p.effective_from, p.currency.is_some()))
    }

    /// The names of all plans, in no order.
    pub fn names(&self) -> impl Iterator<Item = &str> {
        self.by_plan.keys().map(|p| &**p)
    }

    /// The prices that a plan has at any time, with their currencies, by their beginning.
    pub fn prices_of(&self, plan: &Text) -> impl Iterator<Item = (Option<&Text>, Decimal)> {
        let list = self.by_plan.get(plan).into_iter().flatten();
        list.filter_map(|p| Some((p.currency.as_ref(), p.price?)))
    }

    /// The features that a plan includes at `at`, by the record in `currency`, else in any. `None` where no
    /// record in force says.
    pub fn features(&self, plan: &Text, currency: Option<&str>, at: Instant) -> Option<&[Text]> {
        let own = self.in_force(plan, currency, at).and_then(|p| p.features.as_deref());
        own.or_else(|| self.in_force(plan, None, at)?.features.as_deref())
    }
}

/// A change of plan or quantity with its moment.
#[derive(Clone, Debug)]
pub struct Change {
    /// The row.
    pub row: PlanChange,
    /// When it takes effect. A bare day begins in the billing zone, the subscription's own.
    pub at: Instant,
    /// Index of its subscription.
    subscription: Option<usize>,
}

impl Change {
    /// Whether it moves to another plan, and not only to another quantity.
    pub fn moves(&self) -> bool {
        self.row.from_plan != self.row.to_plan
    }
}

/// A plan in force at a moment.
#[derive(Clone, Copy, Debug)]
pub struct InForce<'h> {
    /// The plan.
    pub plan: &'h Text,
    /// The change that made it so; `None` where it was so before the first change, or there is none.
    pub change: Option<&'h Change>,
    /// The subscription, where the exports have it.
    pub subscription: Option<&'h Subscription>,
}

/// The subscriptions with the changes of each.
#[derive(Debug)]
pub struct PlanHistory {
    subscriptions: Vec<Subscription>,
    changes: Vec<Change>,
    /// An account's timelines, each of a subscription or of changes that name none.
    by_account: Map<Text, Vec<Timeline>>,
    by_id: Map<Text, usize>,
    /// Whether there is a log of changes.
    logged: bool,
    /// The zone of days where a subscription has none.
    billing: Tz,
}

/// One subscription's changes in order of their moments: a run of [`PlanHistory::changes`].
#[derive(Debug)]
struct Timeline {
    /// The subscription's id; `None` for the changes of an account whose subscription is not known.
    id: Option<Text>,
    /// Index among the subscriptions.
    subscription: Option<usize>,
    /// Indices among the changes, by moment.
    changes: Vec<usize>,
}

impl PlanHistory {
    /// From the rows of `subscriptions` and `plan_changes`, in any order. `logged`: whether an export of plan
    /// changes was given at all; without one a subscription's plan is known only from its current period on.
    /// A change that names no subscription belongs to its account's only one, else to the only one that is on a
    /// plan that it names. `billing` is the zone of days where a subscription has none; `source` the zone of the
    /// timestamps of a file.
    pub fn new(
        subscriptions: Vec<Subscription>,
        changes: Vec<PlanChange>,
        logged: bool,
        billing: Tz,
        source: impl Fn(At) -> Tz,
    ) -> PlanHistory {
        let mut history = PlanHistory {
            subscriptions,
            changes: Vec::with_capacity(changes.len()),
            by_account: Map::default(),
            by_id: Map::default(),
            logged,
            billing,
        };
        for (index, s) in history.subscriptions.iter().enumerate() {
            history.by_id.insert(s.subscription_id, index);
            history.by_account.entry(s.account_id).or_default().push(Timeline {
                id: Some(s.subscription_id),
                subscription: Some(index),
                changes: Vec::new(),
            });
        }
        for row in changes {
            let lines = history.by_account.entry(row.account_id).or_default();
            let line = place_of(&row, lines, &history.subscriptions);
            let zone = lines[line].subscription.and_then(|s| history.subscriptions[s].timezone);
            let at = match row.effective_at {
                Stamp::Date(_) => row.effective_at.in_zone(zone.unwrap_or(billing)),
                other => other.in_zone(source(row.at)),
            };
            lines[line].changes.push(history.changes.len());
            let subscription = lines[line].subscription;
            history.changes.push(Change { row, at, subscription });
        }
        let changes = &history.changes;
        for line in history.by_account.values_mut().flatten() {
            // Two changes at one moment: the one that starts from where the other ends comes later.
            line.changes.sort_by(|&a, &b| {
                let key = |i: usize| (&changes[i].row.change_id, &changes[i].row.to_plan);
                changes[a].at.cmp(&changes[b].at).then_with(|| key(a).cmp(&key(b)))
            });
            chain(&mut line.changes, changes);
        }
        for lines in history.by_account.values_mut() {
            lines.sort_by_key(|a| a.id);
        }
        history
    }

    /// The subscription of that id.
    pub fn subscription(&self, id: &Text) -> Option<&Subscription> {
        self.by_id.get(id).map(|&s| &self.subscriptions[s])
    }

    /// An account's subscriptions, by id.
    pub fn subscriptions_of(&self, account: &Text) -> impl Iterator<Item = &Subscription> {
        self.timelines(account).iter().filter_map(|t| Some(&self.subscriptions[t.subscription?]))
    }

    /// All subscriptions, as they were exported.
    pub fn subscriptions(&self) -> &[Subscription] {
        &self.subscriptions
    }

    /// The changes of all subscriptions of an account.
    pub fn account_changes(&self, account: &Text) -> impl Iterator<Item = &Change> {
        self.timelines(account).iter().flat_map(|t| t.changes.iter().map(|&c| &self.changes[c]))
    }

    /// All changes, as they were exported.
    pub fn changes(&self) -> &[Change] {
        &self.changes
    }

    /// The changes of a subscription in the order of their moments; of the account's changes that no
    /// subscription could be found for where `subscription` is `None`.
    pub fn changes_of(&self, account: &Text, subscription: Option<&Text>) -> impl Iterator<Item = &Change> {
        let wanted = self.timelines(account).iter().filter(move |t| t.id.as_ref() == subscription);
        wanted.flat_map(|t| t.changes.iter().map(|&c| &self.changes[c]))
    }

    /// The subscription that a change belongs to, where one is known.
    pub fn subscription_of(&self, change: &Change) -> Option<&Subscription> {
        change.subscription.map(|s| &self.subscriptions[s])
    }

    /// The plan of a subscription at a moment; where `subscription` is `None`, of every subscription of the
    /// account that had begun and not ended then (else of all). Empty where nothing tells.
    ///
    /// The changes tell: before the first its `from_plan`, from each on its `to_plan`, and of two changes at one
    /// moment the last. Without a change it is the subscription's plan.
    pub fn in_force(&self, account: &Text, subscription: Option<&Text>, at: Instant) -> Vec<InForce<'_>> {
        let lines = self.timelines(account);
        if let Some(id) = subscription {
            if let Some(line) = lines.iter().find(|t| t.id.as_deref() == Some(id)) {
                return self.of_line(line, at).into_iter().collect();
            }
            // A bill_to account's lines name the subscription of another.
            if let Some(s) = self.subscription(id) {
                let other = self.timelines(&s.account_id).iter().find(|t| t.id.as_deref() == Some(id));
                return other.and_then(|t| self.of_line(t, at)).into_iter().collect();
            }
        }
        let running = |t: &&Timeline| {
            t.subscription
                .map(|s| &self.subscriptions[s])
                .is_none_or(|s| s.started_at.is_none_or(|t| t <= at) && s.canceled_at.is_none_or(|t| at < t))
        };
        let found: Vec<InForce<'_>> =
            lines.iter().filter(running).filter_map(|t| self.of_line(t, at)).collect();
        if !found.is_empty() {
            return found;
        }
        lines.iter().filter_map(|t| self.of_line(t, at)).collect()
    }

    fn timelines(&self, account: &Text) -> &[Timeline] {
        self.by_account.get(account).map_or(&[], Vec::as_slice)
    }

    fn of_line<'h>(&'h self, line: &Timeline, at: Instant) -> Option<InForce<'h>> {
        let subscription = line.subscription.map(|s| &self.subscriptions[s]);
        let before = line.changes.partition_point(|&c| self.changes[c].at <= at);
        let plan = match (before, line.changes.first()) {
            (0, Some(&first)) => &self.changes[first].row.from_plan,
            (0, None) => {
                let s = subscription?;
                let zone = s.timezone.unwrap_or(self.billing);
                if !self.logged && at < s.current_period_start.in_zone(zone) {
                    return None;
                }
                &s.plan
            }
            (n, _) => &self.changes[line.changes[n - 1]].row.to_plan,
        };
        // A change in seats alone did not make the plan.
        let change = line.changes[..before].iter().rev().map(|&c| &self.changes[c]).find(|c| c.moves());
        Some(InForce { plan, change, subscription })
    }
}

/// Which of an account's timelines a change belongs to; a new one where none fits.
fn place_of(row: &PlanChange, lines: &mut Vec<Timeline>, subscriptions: &[Subscription]) -> usize {
    let found = match &row.subscription_id {
        Some(id) => lines.iter().position(|t| t.id.as_ref() == Some(id)),
        None => {
            let named = |t: &Timeline| t.subscription.map(|s| &subscriptions[s].plan);
            let of_plan = |plan: &Text| {
                let mut fitting = lines.iter().enumerate().filter(|(_, t)| named(t) == Some(plan));
                let first = fitting.next().map(|(at, _)| at);
                first.filter(|_| fitting.next().is_none())
            };
            let subscribed = lines.iter().filter(|t| t.subscription.is_some()).count();
            let only = || lines.iter().position(|t| t.subscription.is_some()).filter(|_| subscribed == 1);
            only()
                .or_else(|| of_plan(&row.to_plan))
                .or_else(|| of_plan(&row.from_plan))
                .or_else(|| lines.iter().position(|t| t.id.is_none()))
        }
    };
    found.unwrap_or_else(|| {
        lines.push(Timeline { id: row.subscription_id, subscription: None, changes: Vec::new() });
        lines.len() - 1
    })
}

/// Puts changes at one moment into the order in which each starts from where the one before it ends, where there
/// is such an order.
fn chain(order: &mut [usize], changes: &[Change]) {
    let mut from = 0;
    while from < order.len() {
        let at = changes[order[from]].at;
        let many = order[from..].iter().take_while(|&&c| changes[c].at == at).count();
        let run = &mut order[from..from + many];
        for n in 0..run.len() {
            let starts_free = |&c: &usize| {
                !run[n..].iter().any(|&o| o != c && changes[o].row.to_plan == changes[c].row.from_plan)
            };
            if let Some(next) = run[n..].iter().position(starts_free) {
                run[n..=n + next].rotate_right(1);
            }
        }
        from += many;
    }
}

/// What an account was billed for a plan.
#[derive(Clone, Debug)]
pub struct BilledPrice {
    /// The period's start and end.
    pub start: Instant,
    /// Its end (exclusive), where the line has one.
    pub end: Option<Instant>,
    /// The price of one seat or unit: the line's unit amount, else its amount by its quantity.
    pub unit: Decimal,
    /// ISO 4217.
    pub currency: Text,
    /// The invoice.
    pub invoice: Text,
    /// Where the line stands.
    pub at: At,
}

/// What accounts were billed for plans, by account and plan.
#[derive(Debug, Default)]
pub struct BilledPrices {
    by: Map<(Text, Text), Vec<BilledPrice>>,
}

impl BilledPrices {
    /// From prices with their account and plan, in any order. The caller leaves out the lines of void and draft invoices:
    /// those were not billed.
    pub fn of(prices: impl Iterator<Item = (Text, Text, BilledPrice)>) -> BilledPrices {
        let mut by: Map<(Text, Text), Vec<BilledPrice>> = Map::default();
        for (account, plan, price) in prices {
            by.entry((account, plan)).or_default().push(price);
        }
        for list in by.values_mut() {
            list.sort_by(|a, b| {
                (a.start, &a.invoice, a.unit, a.at).cmp(&(b.start, &b.invoice, b.unit, b.at))
            });
        }
        BilledPrices { by }
    }

    /// The last price billed to an account for a plan in a currency, for a period that began before `before`.
    pub fn last(&self, account: &Text, plan: &Text, currency: &str, before: Instant) -> Option<&BilledPrice> {
        let list = self.by.get(&(*account, *plan))?;
        let earlier = list.partition_point(|p| p.start < before);
        list[..earlier].iter().rev().find(|p| *p.currency == *currency)
    }

    /// Every price billed to an account for a plan, by the period's start.
    pub fn all(&self, account: &Text, plan: &Text) -> &[BilledPrice] {
        self.by.get(&(*account, *plan)).map_or(&[], Vec::as_slice)
    }
}

/// The price of one unit on a line: its unit amount, else amount / quantity where that ends within 12 places;
/// the amount itself without a quantity. `None` for a quantity of 0.
pub fn unit_price(unit: Option<Decimal>, quantity: Option<Decimal>, amount: Decimal) -> Option<Decimal> {
    if unit.is_some() {
        return unit;
    }
    let Some(quantity) = quantity else { return Some(amount) };
    let unit = Exact::from(amount).div_round(Exact::from(quantity), 12).ok()??;
    let back = Exact::from(unit).mul(Exact::from(quantity)).ok()?;
    (back == Exact::from(amount)).then_some(unit)
}

/// How many whole units a period `[start, end)` is long, as clocks in `zone` read it: 1 for a calendar month from
/// any day, from a month's last day to the next one's too, and across a change of the clock. `None` for a period
/// that is no whole number of them, up to 120.
pub fn whole_units(unit: Unit, start: Instant, end: Instant, zone: Tz) -> Option<i32> {
    use chrono::Datelike as _;
    let (from, to) = (local(start, zone), local(end, zone));
    // On a month's last day the anchor may be a later one, which the month cut.
    let last = from.date().succ_opt().is_none_or(|next| next.day() == 1);
    let anchors = from.day()..=if last { 31 } else { from.day() };
    (1..=120)
        .take_while(|&n| unit.add(from, n, 1).is_some_and(|t| t.date() <= to.date()))
        .find(|&n| anchors.clone().any(|anchor| unit.add(from, n, anchor) == Some(to)))
}

#[cfg(test)]
mod tests;
