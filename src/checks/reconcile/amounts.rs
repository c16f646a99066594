//! What a line's quantity costs, and why it was billed otherwise.

use super::{inputs::Inputs, lines::Line};
use crate::{
    data::records::Text,
    judge::{
        price_book::{Found, Listed},
        pricing::{self, Alternatives, Dialect, Model, PartPeriod, Rounding, Switches},
    },
    model::{
        decimal::{self, Decimal, TooLarge},
        money,
        time::{Instant, Unit, local},
    },
    report::Cause,
};
use chrono::{DateTime, Datelike, NaiveDateTime};
use std::collections::BTreeMap;

/// How a line is priced.
#[derive(Clone, Copy)]
pub(super) struct Terms<'b> {
    pub listed: &'b Listed,
    pub switches: Switches,
    pub part: Option<PartPeriod>,
}

/// The price of a line, or why there is none.
pub(super) enum Pricing<'b> {
    /// This price.
    Terms(Terms<'b>),
    /// Prices exist, but in another currency.
    OtherCurrency(&'b Listed),
    /// No price holds for it.
    Nothing,
}

/// Lines whose amounts are judged together: a line alone, or the parts of one interval of a price that cannot be
/// cut (tiers, an included quantity, a commitment).
pub(super) struct Bundle<'b> {
    pub lines: Vec<usize>,
    pub terms: Terms<'b>,
}

fn moment(t: i64) -> Instant {
    DateTime::from_timestamp_nanos(t)
}

impl Terms<'_> {
    /// The price of a quantity, in major units of the price's currency.
    pub(super) fn price(&self, quantity: Decimal) -> Result<Decimal, TooLarge> {
        Ok(pricing::price(quantity, &self.listed.price, self.switches, self.part)?.amount)
    }

    /// A plain price per unit, so that every row of a line is a line of the invoice.
    fn by_row(&self) -> bool {
        let p = &self.listed.price;
        matches!(p.model(), Model::Flat | Model::Percentage)
            && p.included_quantity().is_none_or(|q| q.is_zero())
            && p.minimum_amount().is_none_or(|m| m.is_zero())
            && p.tiers().iter().all(|t| t.flat_amount.is_none_or(|f| f.is_zero()))
    }

    /// What the billed rows come to: each rounded where the dialect rounds lines and the price is one per unit,
    /// else the price of their sum.
    pub(super) fn expected(&self, quantities: &[Decimal], switches: Switches) -> Result<Decimal, TooLarge> {
        let terms = Terms { switches, ..*self };
        let sum = || decimal::sum(quantities.iter().copied()).ok_or(TooLarge);
        if switches.rounding == Rounding::LineThenSum && self.by_row() {
            return quantities
                .iter()
                .try_fold(Decimal::ZERO, |s, q| decimal::add(s, terms.price(*q)?).ok_or(TooLarge));
        }
        terms.price(sum()?)
    }

    /// Whether it can be applied to any part of its interval: so much a unit and nothing else.
    fn divisible(&self) -> bool {
        self.by_row()
    }
}

/// The price in force for a line at its start, and the part of its interval that the line covers.
pub(super) fn price_line<'b>(inputs: &'b Inputs<'_>, line: &Line) -> Pricing<'b> {
    let plan = line.plan.as_ref();
    let currency = line.currency.as_deref();
    let found =
        inputs.prices.find(&line.account, plan, &line.metric, currency, (moment(line.start), line.zone));
    match found {
        Found::None => Pricing::Nothing,
        Found::OtherCurrency(listed) => Pricing::OtherCurrency(listed),
        Found::Price(listed) => Pricing::Terms(terms(inputs, line, listed)),
    }
}

/// The price for usage that nobody billed.
pub(super) fn price_unbilled<'b>(
    inputs: &'b Inputs<'_>,
    account: &Text,
    metric: &Text,
    start: i64,
) -> Option<Terms<'b>> {
    let plan = inputs.plan_of_account(account);
    let at = (moment(start), inputs.agreed_zone(account, None));
    let currency = inputs.currency_of(account);
    match inputs.prices.find(account, plan.as_ref(), metric, currency.as_deref(), at) {
        Found::Price(listed) | Found::OtherCurrency(listed) => {
            Some(Terms { listed, switches: switches(inputs, listed), part: None })
        }
        Found::None => None,
    }
}

fn switches(inputs: &Inputs<'_>, listed: &Listed) -> Switches {
    let default = Dialect::parse(inputs.data.settings.dialect).unwrap_or_default();
    listed.price.switches(default)
}

fn terms<'b>(inputs: &Inputs<'_>, line: &Line, listed: &'b Listed) -> Terms<'b> {
    let unit = inputs.prices.interval(line.plan.as_ref());
    let mut terms = Terms { listed, switches: switches(inputs, listed), part: None };
    if terms.divisible() {
        return terms;
    }
    let (from, to) = (civil(line, line.start), civil(line, line.end));
    if let Some((start, end)) = interval_of(inputs, line, unit, from).filter(|_| shorter(unit, from, to)) {
        terms.part = part(days(from, to), days(start, end));
    }
    terms
}

fn civil(line: &Line, t: i64) -> NaiveDateTime {
    local(moment(t), line.zone)
}

fn days(from: NaiveDateTime, to: NaiveDateTime) -> i64 {
    (to.date() - from.date()).num_days()
}

fn part(days: i64, period_days: i64) -> Option<PartPeriod> {
    Some(PartPeriod { days: u32::try_from(days).ok()?, period_days: u32::try_from(period_days).ok()? })
}

/// Whether `[from, to)` is shorter than one unit that begins at `from`.
fn shorter(unit: Unit, from: NaiveDateTime, to: NaiveDateTime) -> bool {
    unit.add(from, 1, from.day()).is_some_and(|end| to < end)
}

/// The whole interval that a part lies in: the one that ends with it or begins with it on the account's own
/// anchor day, else the calendar's.
fn interval_of(
    inputs: &Inputs<'_>,
    line: &Line,
    unit: Unit,
    from: NaiveDateTime,
) -> Option<(NaiveDateTime, NaiveDateTime)> {
    let midnight = from.date().and_hms_opt(0, 0, 0)?;
    let (mut start, anchor) = match unit {
        Unit::Day => (midnight, 1),
        Unit::Week => {
            let back = i32::try_from(midnight.weekday().num_days_from_monday()).ok()?;
            (Unit::Day.add(midnight, -back, 1)?, 1)
        }
        Unit::Month => {
            let anchor = inputs.anchor_day(&line.account).unwrap_or(1);
            (Unit::Month.add(midnight, 0, anchor)?, anchor)
        }
        Unit::Year => (midnight.with_day(1)?.with_month(1)?, 1),
    };
    if start > from {
        start = unit.add(start, -1, anchor)?;
    }
    Some((start, unit.add(start, 1, anchor)?))
}

/// Puts lines together that one price interval covers and that cannot be priced apart.
pub(super) fn bundles<'b>(inputs: &'b Inputs<'_>, lines: &[Line], priced: &[Pricing<'b>]) -> Vec<Bundle<'b>> {
    let mut found: Vec<Bundle<'b>> = Vec::new();
    let mut open: BTreeMap<(String, String, String, String), usize> = BTreeMap::new();
    for (at, (line, pricing)) in lines.iter().zip(priced).enumerate() {
        let Pricing::Terms(terms) = pricing else { continue };
        let (from, to) = (civil(line, line.start), civil(line, line.end));
        let unit = inputs.prices.interval(line.plan.as_ref());
        if terms.divisible() || !shorter(unit, from, to) {
            found.push(Bundle { lines: vec![at], terms: *terms });
            continue;
        }
        let interval = interval_of(inputs, line, unit, from);
        let within = line.invoice_text().unwrap_or_else(|| format!("{:?}", interval.map(|i| i.0)));
        let dimension = line.dimension.as_deref().unwrap_or("");
        let key = (line.account.to_string(), line.metric.to_string(), dimension.to_owned(), within);
        match open.get(&key) {
            Some(&bundle) => found[bundle].lines.push(at),
            None => {
                open.insert(key, found.len());
                found.push(Bundle { lines: vec![at], terms: *terms });
            }
        }
    }
    for bundle in found.iter_mut().filter(|b| b.lines.len() > 1) {
        let first = &lines[bundle.lines[0]];
        let covered: i64 = bundle
            .lines
            .iter()
            .map(|&l| days(civil(&lines[l], lines[l].start), civil(&lines[l], lines[l].end)))
            .sum();
        let unit = inputs.prices.interval(first.plan.as_ref());
        let interval = interval_of(inputs, first, unit, civil(first, first.start));
        bundle.terms.part =
            interval.filter(|(s, e)| covered < days(*s, *e)).and_then(|(s, e)| part(covered, days(s, e)));
    }
    found
}

/// Why an amount is not what the price gives.
pub(super) fn explain(
    inputs: &Inputs<'_>,
    terms: &Terms<'_>,
    metric: &Text,
    quantities: &[Decimal],
    billed: Decimal,
) -> Option<Cause> {
    let others = inputs.prices.others(terms.listed, metric);
    let labels: Vec<String> = others.iter().map(|l| l.label()).collect();
    let prices: Vec<(&str, &pricing::Price)> =
        labels.iter().zip(&others).map(|(label, l)| (label.as_str(), &l.price)).collect();
    let sum = decimal::sum(quantities.iter().copied())?;
    let mut causes: Vec<(String, String)> = Vec::new();
    // Rows that were rounded one by one, or once: the same rule one level higher.
    let flipped = Switches {
        rounding: match terms.switches.rounding {
            Rounding::LineThenSum => Rounding::Once,
            Rounding::Once => Rounding::LineThenSum,
        },
        ..terms.switches
    };
    let expected = terms.expected(quantities, terms.switches).ok()?;
    if quantities.len() > 1 && terms.by_row() {
        let other = terms.expected(quantities, flipped).ok();
        if other == Some(billed) && other != Some(expected) {
            let order = match flipped.rounding {
                Rounding::Once => "the lines were summed and rounded once",
                Rounding::LineThenSum => "each line was rounded before the lines were summed",
            };
            causes.push(("rounding-order".to_owned(), order.to_owned()));
        }
    }
    let found = pricing::explain_amount(
        billed,
        sum,
        &terms.listed.price,
        terms.switches,
        terms.part,
        &Alternatives { prices: &prices },
    );
    for c in found.into_iter().filter(|c| c.residue.is_zero()) {
        if !causes.iter().any(|(id, _)| id == c.id) {
            causes.push((c.id.to_owned(), c.detail));
        }
    }
    match &causes[..] {
        [] => None,
        [(id, detail)] => Some(Cause { id: id.clone(), detail: detail.clone() }),
        several => {
            let list: Vec<String> = several.iter().map(|(id, detail)| format!("{id}: {detail}")).collect();
            let detail = format!("several explain the figure equally: {}", list.join("; or "));
            Some(Cause { id: "ambiguous".to_owned(), detail })
        }
    }
}

/// `|a − b|` in a currency's minor units at least.
pub(super) fn difference(a: Decimal, b: Decimal, currency: &str) -> Option<Decimal> {
    let delta = decimal::sub(a, b)?.abs();
    money::round(delta.into(), currency).ok()
}
