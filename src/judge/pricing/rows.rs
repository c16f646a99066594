//! A price from its rows: one row a tier, in any order, the price's own columns on every row or on some.

use super::{Dialect, Model, Price, Tier};
use crate::model::decimal::{Decimal, shortest};
use thiserror::Error;

/// One row of `prices`, without the columns that say whose price it is and when it holds.
#[derive(Clone, Copy, Debug)]
pub struct PriceRow<'a> {
    /// The tier's number. Numbers order the tiers and may have gaps or start anywhere.
    pub tier: i64,
    /// The price's model; the same on every row.
    pub model: Model,
    /// ISO 4217; the same on every row, without regard to case.
    pub currency: &'a str,
    /// The tier's inclusive upper bound in units; `None` for no end.
    pub up_to: Option<Decimal>,
    /// Major units of the currency per unit or package; for percentage models a rate (0.029 = 2.9 %).
    pub unit_amount: Option<Decimal>,
    /// Major units of the currency, once a period in which the tier is entered.
    pub flat_amount: Option<Decimal>,
    /// Units in a package.
    pub package_size: Option<Decimal>,
    /// Units that are free, before the first tier.
    pub included_quantity: Option<Decimal>,
    /// The commitment for a period, in major units.
    pub minimum_amount: Option<Decimal>,
    /// The price's own dialect.
    pub dialect: Option<Dialect>,
}

/// Why rows make no price.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
pub enum PriceError {
    /// No row at all.
    #[error("has no tier; give at least one row")]
    NoTier,
    /// A column of the price as a whole has two values.
    #[error("says two things in `{column}`; rows of one price agree or leave it empty")]
    Disagree {
        /// The column.
        column: &'static str,
    },
    /// A tier's number stands twice.
    #[error("has tier {tier} twice; each row needs its own number")]
    TierTwice {
        /// The number.
        tier: i64,
    },
    /// A model without tiers has several.
    #[error(
        "is a {} price with {tiers} tiers; only graduated, volume and graduated_percentage have more than \
         one",
        model.name()
    )]
    TooManyTiers {
        /// The model.
        model: Model,
        /// How many rows.
        tiers: usize,
    },
    /// A tier says no amount. Stripe refuses it too ('An entry in the tiers array is missing an amount'):
    /// read as free, a lost column would look like a mispriced account.
    #[error("has neither unit_amount nor flat_amount in tier {tier}; write 0 where it is free")]
    NoAmount {
        /// The tier's number.
        tier: i64,
    },
    /// A package or percentage price without its price or rate.
    #[error("is a {} price without unit_amount; give the {}", model.name(), rate_or_price(*model))]
    NoUnitAmount {
        /// The model.
        model: Model,
    },
    /// A bound below zero.
    #[error("has tier {tier} up to {}; a bound is not below 0", shortest(*up_to))]
    NegativeBound {
        /// The tier's number.
        tier: i64,
        /// Its bound.
        up_to: Decimal,
    },
    /// A bound that is not above the one before.
    #[error(
        "has tier {tier} up to {}, and the tier before it up to {}; bounds must rise",
        shortest(*up_to),
        shortest(*before)
    )]
    BoundsDoNotRise {
        /// The tier's number.
        tier: i64,
        /// Its bound.
        up_to: Decimal,
        /// The bound of the tier before.
        before: Decimal,
    },
    /// A tier without end that others follow.
    #[error("has no up_to in tier {tier}, which is not the last; only the last tier has no end")]
    OpenTierNotLast {
        /// The tier's number.
        tier: i64,
    },
    /// A package price without a size.
    #[error("is a package price without package_size; give the units in a package")]
    NoPackageSize,
    /// A package of no units.
    #[error("has a package_size of {}; it must be above 0", shortest(*size))]
    PackageSizeNotPositive {
        /// The size.
        size: Decimal,
    },
    /// A size, other than 1, where nothing is sold in packages.
    #[error(
        "is a {} price with a package_size of {}; only package prices have one",
        model.name(),
        shortest(*size)
    )]
    UnusedPackageSize {
        /// The model.
        model: Model,
        /// The size.
        size: Decimal,
    },
    /// Fewer than no units included.
    #[error("has an included_quantity of {}; it is not below 0", shortest(*included))]
    NegativeIncluded {
        /// The quantity.
        included: Decimal,
    },
    /// A commitment below zero.
    #[error("has a minimum_amount of {}; it is not below 0", shortest(*minimum))]
    NegativeMinimum {
        /// The amount.
        minimum: Decimal,
    },
}

fn rate_or_price(model: Model) -> &'static str {
    if model == Model::Package { "price of a package" } else { "rate" }
}

/// The one value that a column of the whole price has on the rows that fill it.
fn agreed<T: PartialEq>(
    column: &'static str,
    values: impl Iterator<Item = Option<T>>,
) -> Result<Option<T>, PriceError> {
    let mut found = None;
    for value in values.flatten() {
        match &found {
            None => found = Some(value),
            Some(first) if *first != value => return Err(PriceError::Disagree { column }),
            Some(_) => {}
        }
    }
    Ok(found)
}

impl Price {
    /// Builds a price from its rows, in any order.
    ///
    /// Tiers are ordered by their numbers, which may have gaps. Bounds are not negative and rise strictly;
    /// only the last tier may lack one. Every tier says an amount. `package_size`, `included_quantity`,
    /// `minimum_amount` and `dialect` belong to the price: rows agree on them or leave them empty. A
    /// `package_size` of 1 is accepted, and has no effect, for models that do not sell packages.
    pub fn from_rows(id: &str, rows: &[PriceRow<'_>]) -> Result<Price, PriceError> {
        let mut rows: Vec<&PriceRow<'_>> = rows.iter().collect();
        rows.sort_by_key(|r| r.tier);
        let first = *rows.first().ok_or(PriceError::NoTier)?;
        let model = first.model;
        if rows.iter().any(|r| r.model != model) {
            return Err(PriceError::Disagree { column: "model" });
        }
        if rows.iter().any(|r| !r.currency.eq_ignore_ascii_case(first.currency)) {
            return Err(PriceError::Disagree { column: "currency" });
        }
        let package_size = agreed("package_size", rows.iter().map(|r| r.package_size))?;
        let included_quantity = agreed("included_quantity", rows.iter().map(|r| r.included_quantity))?;
        let minimum_amount = agreed("minimum_amount", rows.iter().map(|r| r.minimum_amount))?;
        let dialect = agreed("dialect", rows.iter().map(|r| r.dialect))?;

        if let Some(twice) = rows.windows(2).find(|w| w[0].tier == w[1].tier) {
            return Err(PriceError::TierTwice { tier: twice[0].tier });
        }
        if rows.len() > 1 && !model.has_tiers() {
            return Err(PriceError::TooManyTiers { model, tiers: rows.len() });
        }
        check_tiers(&rows)?;
        if matches!(model, Model::Package | Model::Percentage) && first.unit_amount.is_none() {
            return Err(PriceError::NoUnitAmount { model });
        }
        match package_size {
            None if model == Model::Package => return Err(PriceError::NoPackageSize),
            Some(size) if size <= Decimal::ZERO => return Err(PriceError::PackageSizeNotPositive { size }),
            Some(size) if model != Model::Package && size != Decimal::ONE => {
                return Err(PriceError::UnusedPackageSize { model, size });
            }
            _ => {}
        }
        if let Some(included) = included_quantity.filter(|q| *q < Decimal::ZERO) {
            return Err(PriceError::NegativeIncluded { included });
        }
        if let Some(minimum) = minimum_amount.filter(|m| *m < Decimal::ZERO) {
            return Err(PriceError::NegativeMinimum { minimum });
        }
        Ok(Price {
            id: id.to_owned(),
            model,
            currency: first.currency.to_ascii_uppercase(),
            tiers: rows
                .iter()
                .map(|r| Tier { up_to: r.up_to, unit_amount: r.unit_amount, flat_amount: r.flat_amount })
                .collect(),
            package_size,
            included_quantity,
            minimum_amount,
            dialect,
        })
    }
}

/// Amounts are there, bounds rise, and only the last of the sorted rows lacks one.
fn check_tiers(rows: &[&PriceRow<'_>]) -> Result<(), PriceError> {
    let mut before: Option<Decimal> = None;
    for (i, row) in rows.iter().enumerate() {
        let tier = row.tier;
        if row.unit_amount.is_none() && row.flat_amount.is_none() {
            return Err(PriceError::NoAmount { tier });
        }
        match (row.up_to, before) {
            (None, _) if i + 1 < rows.len() => return Err(PriceError::OpenTierNotLast { tier }),
            (Some(up_to), _) if up_to < Decimal::ZERO => {
                return Err(PriceError::NegativeBound { tier, up_to });
            }
            (Some(up_to), Some(before)) if up_to <= before => {
                return Err(PriceError::BoundsDoNotRise { tier, up_to, before });
            }
            _ => {}
        }
        before = row.up_to;
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::decimal::parse;

    fn d(text: &str) -> Decimal {
        parse(text).unwrap()
    }

    fn row(tier: i64, model: Model, up_to: Option<&str>, unit: Option<&str>) -> PriceRow<'static> {
        PriceRow {
            tier,
            model,
            currency: "USD",
            up_to: up_to.map(d),
            unit_amount: unit.map(d),
            flat_amount: None,
            package_size: None,
            included_quantity: None,
            minimum_amount: None,
            dialect: None,
        }
    }

    fn refused(rows: &[PriceRow<'_>]) -> PriceError {
        Price::from_rows("p", rows).unwrap_err()
    }

    #[test]
    fn tier_numbers_order_the_rows_and_may_have_gaps() {
        let rows = [
            row(30, Model::Graduated, None, Some("1")),
            row(0, Model::Graduated, Some("10"), Some("3")),
            row(7, Model::Graduated, Some("20"), Some("2")),
        ];
        let price = Price::from_rows("p", &rows).unwrap();
        let units: Vec<_> = price.tiers().iter().map(|t| t.unit_amount.unwrap()).collect();
        assert_eq!(units, [d("3"), d("2"), d("1")]);
    }

    #[test]
    fn columns_of_the_whole_price_may_stand_on_any_row() {
        let mut rows = [row(1, Model::Volume, Some("10"), Some("3")), row(2, Model::Volume, None, Some("2"))];
        rows[1].included_quantity = Some(d("5"));
        rows[0].minimum_amount = Some(d("20"));
        rows[1].dialect = Some(Dialect::Lago);
        rows[1].currency = "usd";
        let price = Price::from_rows("p", &rows).unwrap();
        assert_eq!(price.included_quantity(), Some(d("5")));
        assert_eq!(price.minimum_amount(), Some(d("20")));
        assert_eq!(price.dialect(), Some(Dialect::Lago));
        assert_eq!(price.currency(), "USD");
        rows[0].included_quantity = Some(d("5.0"));
        assert!(Price::from_rows("p", &rows).is_ok());
        rows[0].included_quantity = Some(d("6"));
        assert_eq!(refused(&rows), PriceError::Disagree { column: "included_quantity" });
    }

    #[test]
    fn rows_of_two_models_or_currencies_are_no_price() {
        let mut rows =
            [row(1, Model::Volume, Some("10"), Some("3")), row(2, Model::Graduated, None, Some("2"))];
        assert_eq!(refused(&rows), PriceError::Disagree { column: "model" });
        rows[1].model = Model::Volume;
        rows[1].currency = "EUR";
        assert_eq!(refused(&rows), PriceError::Disagree { column: "currency" });
    }

    #[test]
    fn bounds_must_rise_and_only_the_last_tier_is_open() {
        let g = |tier, up_to, unit| row(tier, Model::Graduated, up_to, unit);
        assert_eq!(
            refused(&[g(1, Some("10"), Some("1")), g(2, Some("10"), Some("1"))]),
            PriceError::BoundsDoNotRise { tier: 2, up_to: d("10"), before: d("10") }
        );
        assert_eq!(
            refused(&[g(1, None, Some("1")), g(2, Some("10"), Some("1"))]),
            PriceError::OpenTierNotLast { tier: 1 }
        );
        assert_eq!(
            refused(&[g(1, Some("-1"), Some("1")), g(2, None, Some("1"))]),
            PriceError::NegativeBound { tier: 1, up_to: d("-1") }
        );
        assert!(Price::from_rows("p", &[g(1, Some("0"), Some("1")), g(2, None, Some("1"))]).is_ok());
        assert_eq!(
            refused(&[g(4, Some("1"), Some("1")), g(4, None, Some("1"))]),
            PriceError::TierTwice { tier: 4 }
        );
        assert_eq!(refused(&[]), PriceError::NoTier);
    }

    #[test]
    fn a_tier_without_any_amount_is_refused_and_a_zero_is_not() {
        let g = |tier, up_to, unit| row(tier, Model::Graduated, up_to, unit);
        assert_eq!(
            refused(&[g(1, Some("10"), None), g(2, None, Some("1"))]),
            PriceError::NoAmount { tier: 1 }
        );
        assert!(Price::from_rows("p", &[g(1, Some("10"), Some("0")), g(2, None, Some("1"))]).is_ok());
        let mut fee = row(1, Model::Percentage, None, None);
        fee.flat_amount = Some(d("1"));
        assert_eq!(refused(&[fee]), PriceError::NoUnitAmount { model: Model::Percentage });
    }

    #[test]
    fn a_package_needs_a_size_above_zero_and_only_a_package_has_one() {
        let mut p = row(1, Model::Package, None, Some("5"));
        assert_eq!(refused(&[p]), PriceError::NoPackageSize);
        p.package_size = Some(d("0"));
        assert_eq!(refused(&[p]), PriceError::PackageSizeNotPositive { size: d("0") });
        p.package_size = Some(d("100"));
        assert!(Price::from_rows("p", &[p]).is_ok());
        p.model = Model::Flat;
        assert_eq!(refused(&[p]), PriceError::UnusedPackageSize { model: Model::Flat, size: d("100") });
        p.package_size = Some(d("1"));
        assert!(Price::from_rows("p", &[p]).is_ok());
    }

    #[test]
    fn only_tiered_models_have_several_tiers() {
        let rows = [row(1, Model::Flat, Some("10"), Some("1")), row(2, Model::Flat, None, Some("1"))];
        assert_eq!(refused(&rows), PriceError::TooManyTiers { model: Model::Flat, tiers: 2 });
        assert_eq!(
            refused(&rows).to_string(),
            "is a flat price with 2 tiers; only graduated, volume and graduated_percentage have more than one"
        );
    }

    #[test]
    fn negative_inclusions_and_commitments_are_refused() {
        let mut p = row(1, Model::Flat, None, Some("1"));
        p.included_quantity = Some(d("-1"));
        assert_eq!(refused(&[p]), PriceError::NegativeIncluded { included: d("-1") });
        p.included_quantity = None;
        p.minimum_amount = Some(d("-0.01"));
        assert_eq!(refused(&[p]), PriceError::NegativeMinimum { minimum: d("-0.01") });
    }
}
