//! What a quantity of usage costs: tiers, packages, rates, included quantities, commitments, and the ways in
//! which billing systems compute them differently.
//!
//! Everything is exact: quantities and amounts are decimals, products and sums carry 256 bits, and rounding
//! happens only where [`Rounding`] says, half-up (away from zero) to the currency's minor unit.
//!
//! - [`Price::from_rows`] makes a price of its rows and says what is wrong with them.
//! - [`price`] prices a quantity, line by line.
//! - [`explain_amount`] names every hypothesis under which the price gives a billed amount.
//! - [`nearly_all`] says whether a hypothesis explains at least 99 % of a difference.

mod dialect;
mod explain;
mod rows;

pub use dialect::{Dialect, Rounding, Switches};
pub use explain::{Alternatives, AmountCause, Explained, explain_amount, nearly_all};
pub use rows::{PriceError, PriceRow};

use crate::model::decimal::{Decimal, Exact, TooLarge};
use crate::model::money;
use std::fmt;

/// How a price turns a quantity into an amount.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Model {
    /// Quantity × unit_amount.
    Flat,
    /// Each tier's share of the quantity at that tier's unit_amount, plus the flat_amount of every tier
    /// entered.
    Graduated,
    /// The whole quantity at the unit_amount of the tier it falls in, plus that tier's flat_amount. Stairstep
    /// prices are volume prices of flat amounts alone.
    Volume,
    /// ceil(quantity / package_size) × unit_amount.
    Package,
    /// Quantity × unit_amount, which is a rate: 0.029 is 2.9 %.
    Percentage,
    /// As graduated, the unit amounts being rates.
    GraduatedPercentage,
}

impl Model {
    /// Every model.
    pub const ALL: [Model; 6] = [
        Model::Flat,
        Model::Graduated,
        Model::Volume,
        Model::Package,
        Model::Percentage,
        Model::GraduatedPercentage,
    ];

    /// The word for it in `prices`.
    pub const fn name(self) -> &'static str {
        match self {
            Model::Flat => "flat",
            Model::Graduated => "graduated",
            Model::Volume => "volume",
            Model::Package => "package",
            Model::Percentage => "percentage",
            Model::GraduatedPercentage => "graduated_percentage",
        }
    }

    /// The model of a word, without regard to case; `None` for any other word.
    pub fn parse(word: &str) -> Option<Model> {
        Model::ALL.into_iter().find(|m| m.name().eq_ignore_ascii_case(word))
    }

    /// Whether it may have more than one tier.
    pub const fn has_tiers(self) -> bool {
        matches!(self, Model::Graduated | Model::Volume | Model::GraduatedPercentage)
    }
}

/// One tier of a price. Tiers count from the quantity after the included part.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Tier {
    /// The inclusive upper bound in units ('up to and including', Stripe's `Price.tiers.up_to`); `None` for
    /// no end. What lies beyond the last bound is priced at the last tier, so that the last tier's bound has
    /// no effect on a price.
    pub up_to: Option<Decimal>,
    /// Major units of the currency per unit or package, or a rate; `None` charges nothing per unit.
    pub unit_amount: Option<Decimal>,
    /// Major units of the currency, once a period in which the tier is entered (graduated) or picked
    /// (volume).
    pub flat_amount: Option<Decimal>,
}

/// A price that can be computed: at least one tier, rising bounds, and a package size where one is needed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Price {
    id: String,
    model: Model,
    currency: String,
    tiers: Vec<Tier>,
    package_size: Option<Decimal>,
    included_quantity: Option<Decimal>,
    minimum_amount: Option<Decimal>,
    dialect: Option<Dialect>,
}

impl Price {
    /// `prices.price_id`.
    pub fn id(&self) -> &str {
        &self.id
    }

    /// How it is computed.
    pub fn model(&self) -> Model {
        self.model
    }

    /// ISO 4217, upper case.
    pub fn currency(&self) -> &str {
        &self.currency
    }

    /// The tiers, lowest first; never empty.
    pub fn tiers(&self) -> &[Tier] {
        &self.tiers
    }

    /// Units in a package, above 0; always there for a package price.
    pub fn package_size(&self) -> Option<Decimal> {
        self.package_size
    }

    /// Units that are free in a period, not below 0.
    pub fn included_quantity(&self) -> Option<Decimal> {
        self.included_quantity
    }

    /// The commitment for a whole period in major units, not below 0.
    pub fn minimum_amount(&self) -> Option<Decimal> {
        self.minimum_amount
    }

    /// The price's own dialect; without one `[pricing] dialect` holds.
    pub fn dialect(&self) -> Option<Dialect> {
        self.dialect
    }

    /// The switches of its own dialect, else those of `default`.
    pub fn switches(&self, default: Dialect) -> Switches {
        self.dialect.unwrap_or(default).switches()
    }

    /// The commitment for a period, in minor-unit places: the whole of it, or `minimum × days / period_days`
    /// rounded half-up for a part; 0 without a commitment.
    pub fn minimum_for(&self, part: Option<PartPeriod>) -> Result<Decimal, TooLarge> {
        let Some(minimum) = self.minimum_amount else { return Ok(Decimal::ZERO) };
        match part.filter(|p| p.days < p.period_days) {
            None => money::round(exact(minimum), &self.currency),
            Some(PartPeriod { days, period_days }) => exact(minimum)
                .mul(Decimal::from(days).into())?
                .div_round(Decimal::from(period_days).into(), money::minor_digits(&self.currency))
                .map(Option::unwrap_or_default),
        }
    }
}

/// A period that is shorter than the price's own, such as the first after a start in the middle of a month.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct PartPeriod {
    /// The days of the part. As many as the period has, or more, make it whole.
    pub days: u32,
    /// The days of the whole period that it lies in.
    pub period_days: u32,
}

/// What a line of a priced quantity is for. Tiers are counted from 1.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum What {
    /// The quantity after the included part, of a price without tiers.
    Usage,
    /// Packages begun.
    Packages,
    /// A tier's share of the quantity (graduated), or the whole quantity at the tier it falls in (volume).
    Tier(usize),
    /// A tier's flat amount.
    TierFlat(usize),
    /// Takes back a sum below zero, which is priced as 0.
    Floor,
    /// What lacked to the commitment: one line, at the period's end.
    TrueUp,
}

impl fmt::Display for What {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            What::Usage => f.write_str("usage"),
            What::Packages => f.write_str("packages"),
            What::Tier(n) => write!(f, "tier {n}"),
            What::TierFlat(n) => write!(f, "flat amount of tier {n}"),
            What::Floor => f.write_str("a negative sum is priced as 0"),
            What::TrueUp => f.write_str("true-up to the minimum"),
        }
    }
}

/// One line of a priced quantity.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Line {
    /// What it is for.
    pub what: What,
    /// Units, packages, or 1 for amounts that do not depend on the quantity.
    pub quantity: Decimal,
    /// Major units of the currency for one of `quantity`, or a rate.
    pub unit: Decimal,
    /// `quantity × unit` in major units: rounded to the minor unit where each line is rounded; else exact (to
    /// 28 digits where it has more).
    pub amount: Decimal,
}

/// What a quantity costs.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Priced {
    /// The lines, lowest tier first; empty where nothing is charged.
    pub lines: Vec<Line>,
    /// Major units at minor-unit places, never below 0. With [`Rounding::LineThenSum`] it is the sum of the
    /// lines; with [`Rounding::Once`] it differs from that by less than a minor unit.
    pub amount: Decimal,
    /// Whether the commitment was more than the usage came to.
    pub minimum_applied: bool,
}

/// A decimal without trailing zeros, so that products and sums have as much room as they can.
fn exact(value: Decimal) -> Exact {
    value.normalize().into()
}

/// The value in as many places as 28 digits hold, from exact down to `least` places.
fn shown(value: Exact, least: u32) -> Result<Decimal, TooLarge> {
    let rounded = || (least..28).rev().find_map(|places| value.round(places).ok());
    value.to_decimal().ok().or_else(rounded).ok_or(TooLarge)
}

/// A line before rounding.
struct Share {
    what: What,
    quantity: Exact,
    unit: Decimal,
}

/// The shares of a quantity, nothing rounded.
struct Shares(Vec<Share>);

impl Shares {
    fn push(&mut self, what: What, quantity: Exact, unit: Option<Decimal>) {
        if let Some(unit) = unit {
            self.0.push(Share { what, quantity, unit });
        }
    }

    fn of(quantity: Decimal, price: &Price, switches: Switches) -> Result<Shares, TooLarge> {
        let mut shares = Shares(Vec::new());
        let charged = charged(quantity, price)?;
        let one = exact(Decimal::ONE);
        // A flat amount belongs to usage; with none, only some systems charge it.
        let flat_due = !charged.is_zero() || switches.flat_at_zero;
        match price.model {
            Model::Flat | Model::Percentage | Model::Package => {
                let Some(tier) = price.tiers.first() else { return Ok(shares) };
                if price.model == Model::Package {
                    let size = exact(price.package_size.unwrap_or(Decimal::ONE));
                    let begun = charged.ceil_div(size)?.unwrap_or(Exact::ZERO);
                    let count = if switches.package_min_one { begun.max(one) } else { begun };
                    if !count.is_zero() {
                        shares.push(What::Packages, count, tier.unit_amount);
                    }
                } else if !charged.is_zero() {
                    shares.push(What::Usage, charged, tier.unit_amount);
                }
                if flat_due {
                    shares.push(What::TierFlat(1), one, tier.flat_amount);
                }
            }
            Model::Graduated | Model::GraduatedPercentage => {
                let mut lower = Exact::ZERO;
                for (i, tier) in price.tiers.iter().enumerate() {
                    if charged <= lower && !(i == 0 && flat_due) {
                        break;
                    }
                    let bound = tier.up_to.filter(|_| i + 1 < price.tiers.len()).map(exact);
                    let upper = bound.map_or(charged, |b| b.min(charged));
                    let share = upper.sub(lower)?;
                    if !share.is_zero() {
                        shares.push(What::Tier(i + 1), share, tier.unit_amount);
                    }
                    shares.push(What::TierFlat(i + 1), one, tier.flat_amount);
                    lower = upper;
                    if bound.is_none() {
                        break;
                    }
                }
            }
            Model::Volume => {
                let level = if switches.volume_ceiling { charged.ceil()? } else { charged };
                let fits = |t: &Tier| t.up_to.is_none_or(|b| level <= exact(b));
                let at = price.tiers.iter().position(fits).unwrap_or(price.tiers.len().saturating_sub(1));
                let Some(tier) = price.tiers.get(at).filter(|_| flat_due) else { return Ok(shares) };
                if !charged.is_zero() {
                    shares.push(What::Tier(at + 1), charged, tier.unit_amount);
                }
                shares.push(What::TierFlat(at + 1), one, tier.flat_amount);
            }
        }
        Ok(shares)
    }

    /// The sum, nothing rounded.
    #[cfg(test)]
    fn sum(&self) -> Result<Exact, TooLarge> {
        self.0.iter().try_fold(Exact::ZERO, |sum, s| sum.add(s.quantity.mul(exact(s.unit))?))
    }
}

/// The quantity that is charged: what exceeds the included part, never below 0.
fn charged(quantity: Decimal, price: &Price) -> Result<Exact, TooLarge> {
    let included = price.included_quantity.unwrap_or_default();
    if quantity <= included {
        return Ok(Exact::ZERO);
    }
    exact(quantity).sub(exact(included))
}

/// Prices a period's quantity, in major units of the price's currency.
///
/// The rules (checks-billing, reconcile, 'Amounts'):
/// - A quantity below 0 is priced as a quantity of 0, and a sum below 0 (of negative unit amounts) as 0; the
///   minimum still holds.
/// - `included_quantity` is free before the first tier: tiers, packages and rates apply to quantity −
///   included, and tier bounds count from there. With 100 included and a first tier up to 1 000, the second
///   tier starts at a quantity of 1 100. Lago's package model subtracts its free units the same way
///   (`package_service.rb`).
/// - `up_to` is inclusive, and the part beyond the last bound is priced at the last tier. A tier is entered
///   when the charged quantity exceeds its lower bound; the first tier also at 0 where `flat_at_zero` is set.
/// - A flat_amount of a flat, package or percentage price is charged as that of a single tier.
/// - `minimum_amount` is a floor for the period: the amount is the greater of the two, and what lacks is one
///   [`What::TrueUp`] line. For a `part` of a period the floor is [`Price::minimum_for`] it. Bounds, packages
///   and the included quantity are the same in a part as in a whole period.
///
/// Rounding is half-up (away from zero) to the minor unit, once or line by line as `switches` say; shares and
/// flat amounts are lines of their own. An error means that a figure needs more digits than 256 bits hold.
pub fn price(
    quantity: Decimal,
    price: &Price,
    switches: Switches,
    part: Option<PartPeriod>,
) -> Result<Priced, TooLarge> {
    let digits = money::minor_digits(&price.currency);
    let shares = Shares::of(quantity, price, switches)?;
    let mut lines = Vec::with_capacity(shares.0.len() + 1);
    let mut sum = Exact::ZERO;
    for share in shares.0 {
        let whole = share.quantity.mul(exact(share.unit))?;
        let amount = match switches.rounding {
            Rounding::LineThenSum => whole.round(digits)?,
            Rounding::Once => shown(whole, digits)?,
        };
        sum = sum.add(if switches.rounding == Rounding::Once { whole } else { amount.into() })?;
        lines.push(Line { what: share.what, quantity: shown(share.quantity, 0)?, unit: share.unit, amount });
    }
    let mut line = |what, amount| lines.push(Line { what, quantity: Decimal::ONE, unit: amount, amount });
    if sum.is_negative() {
        line(What::Floor, shown(Exact::ZERO.sub(sum)?, digits)?);
        sum = Exact::ZERO;
    }
    let usage = sum.round(digits)?;
    let minimum = price.minimum_for(part)?;
    let minimum_applied = minimum > usage;
    if minimum_applied {
        line(What::TrueUp, exact(minimum).sub(exact(usage))?.to_decimal()?);
    }
    Ok(Priced { lines, amount: usage.max(minimum), minimum_applied })
}

#[cfg(test)]
mod tests;
