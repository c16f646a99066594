//! Which price holds for an account, a plan and a metric at a moment.

use super::pricing::{Dialect, Model, Price, PriceRow};
use crate::{
    data::{
        At,
        records::{Plan, PriceTier, Text},
    },
    model::time::{Instant, Stamp, Unit},
};
use chrono_tz::Tz;
use std::collections::{BTreeMap, HashMap};

/// A price with what it holds for.
#[derive(Clone, Debug)]
pub struct Listed {
    /// How it is computed.
    pub price: Price,
    /// The account whose own it is.
    pub account: Option<Text>,
    /// The plan it belongs to.
    pub plan: Option<Text>,
    /// From when; `None` for ever before. A day or a time without an offset is read in the billing zone.
    pub from: Option<Stamp>,
    /// Until when (exclusive); `None` for no end.
    pub to: Option<Stamp>,
    /// Where its first tier stands.
    pub at: At,
}

impl Listed {
    fn in_force(&self, at: Instant, zone: Tz) -> bool {
        self.from.is_none_or(|f| f.in_zone(zone) <= at) && self.to.is_none_or(|t| at < t.in_zone(zone))
    }

    /// Its id and dates, for messages.
    pub fn label(&self) -> String {
        let day = |t: Option<Stamp>| t.map_or_else(String::new, |t| t.naive().date().to_string());
        match (self.from, self.to) {
            (None, None) => self.price.id().to_owned(),
            (from, to) => format!("{} ({} … {})", self.price.id(), day(from), day(to)),
        }
    }
}

/// The answer of [`PriceBook::find`].
#[derive(Clone, Copy, Debug)]
pub enum Found<'b> {
    /// The price in force.
    Price(&'b Listed),
    /// Prices are in force, but none in the currency asked for: the first of the others.
    OtherCurrency(&'b Listed),
    /// None.
    None,
}

/// All prices.
#[derive(Debug, Default)]
pub struct PriceBook {
    by_metric: HashMap<Text, Vec<Listed>>,
    intervals: HashMap<Text, Unit>,
    /// Prices that cannot be computed: id and reason.
    pub faults: Vec<(Text, String, At)>,
}

impl PriceBook {
    /// From the rows of `prices` and `plans`, in any order.
    pub fn new(tiers: &[PriceTier], plans: &[Plan]) -> PriceBook {
        let mut book = PriceBook::default();
        let mut by_id: BTreeMap<&Text, Vec<&PriceTier>> = BTreeMap::new();
        for tier in tiers {
            by_id.entry(&tier.price_id).or_default().push(tier);
        }
        for (id, mut tiers) in by_id {
            tiers.sort_by_key(|t| t.tier);
            let first = tiers[0];
            let rows: Vec<PriceRow<'_>> = tiers
                .iter()
                .map(|t| PriceRow {
                    tier: t.tier,
                    model: Model::parse(&t.model).unwrap_or(Model::Flat),
                    currency: &t.currency,
                    up_to: t.up_to,
                    unit_amount: t.unit_amount,
                    flat_amount: t.flat_amount,
                    package_size: t.package_size,
                    included_quantity: t.included_quantity,
                    minimum_amount: t.minimum_amount,
                    dialect: t.dialect.as_deref().and_then(Dialect::parse),
                })
                .collect();
            match Price::from_rows(id, &rows) {
                Ok(price) => book.by_metric.entry(first.metric).or_default().push(Listed {
                    price,
                    account: first.account_id,
                    plan: first.plan,
                    from: first.effective_from,
                    to: first.effective_to,
                    at: first.at,
                }),
                Err(error) => book.faults.push((*id, error.to_string(), first.at)),
            }
        }
        let mut plans: Vec<&Plan> = plans.iter().collect();
        plans.sort_by_key(|p| (p.effective_from, &p.currency, &p.interval));
        for plan in plans {
            if let Some(unit) = plan.interval.as_deref().and_then(Unit::parse) {
                book.intervals.insert(plan.plan, unit);
            }
        }
        book
    }

    /// The interval that a plan's prices hold for; a month where nothing says otherwise.
    pub fn interval(&self, plan: Option<&Text>) -> Unit {
        plan.and_then(|p| self.intervals.get(p)).copied().unwrap_or(Unit::Month)
    }

    /// The price of a metric in force at `at`: the account's own, else its plan's, else one for everybody. Of
    /// several the one that began last. In `currency` where it is given. `zone` is the billing zone.
    pub fn find(
        &self,
        account: &Text,
        plan: Option<&Text>,
        metric: &Text,
        currency: Option<&str>,
        (at, zone): (Instant, Tz),
    ) -> Found<'_> {
        for level in self.levels(account, plan, metric) {
            let in_force: Vec<&Listed> = level.into_iter().filter(|l| l.in_force(at, zone)).collect();
            if in_force.is_empty() {
                continue;
            }
            let fits = |l: &&&Listed| currency.is_none_or(|c| l.price.currency() == c);
            let best = in_force
                .iter()
                .filter(fits)
                .max_by(|a, b| a.from.cmp(&b.from).then_with(|| b.price.id().cmp(a.price.id())));
            return match best {
                Some(listed) => Found::Price(listed),
                None => Found::OtherCurrency(in_force[0]),
            };
        }
        Found::None
    }

    /// Every other price that once held, or holds later, in the place of `listed`.
    pub fn others(&self, listed: &Listed, metric: &Text) -> Vec<&Listed> {
        let same = |l: &&Listed| {
            l.account == listed.account
                && l.plan == listed.plan
                && l.price.currency() == listed.price.currency()
                && l.price.id() != listed.price.id()
        };
        self.by_metric.get(metric).map_or_else(Vec::new, |list| list.iter().filter(same).collect())
    }

    /// The account's own prices, its plan's, those for everybody.
    fn levels(&self, account: &Text, plan: Option<&Text>, metric: &Text) -> [Vec<&Listed>; 3] {
        let all = self.by_metric.get(metric).map_or(&[][..], Vec::as_slice);
        let own = all.iter().filter(|l| l.account.as_ref() == Some(account)).collect();
        let of_plan = all
            .iter()
            .filter(|l| l.account.is_none() && l.plan.is_some() && l.plan.as_ref() == plan)
            .collect();
        let general = all.iter().filter(|l| l.account.is_none() && l.plan.is_none()).collect();
        [own, of_plan, general]
    }
}
