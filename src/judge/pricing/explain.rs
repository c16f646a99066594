//! Why a billed amount is not what the price gives: hypotheses that are computed, never guessed.

use super::{Dialect, Model, PartPeriod, Price, Rounding, Switches, price};
use crate::model::decimal::{Decimal, Exact, TooLarge, shortest};
use crate::model::money;

/// Prices that are not in force for the billed period.
#[derive(Clone, Copy, Debug, Default)]
pub struct Alternatives<'a> {
    /// Older, newer or other prices of the same plan and metric, each with words that say when or for whom it
    /// holds (`in force 2026-01-01 to 2026-07-01`). Prices in other currencies explain nothing.
    pub prices: &'a [(&'a str, &'a Price)],
}

/// A hypothesis under which the price gives the billed amount.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AmountCause {
    /// `rounding-order`, `other-dialect`, `wrong-tier-mode`, `included-ignored`, `commitment-ignored`,
    /// `overage-ignored` or `old-price`.
    pub id: &'static str,
    /// One plain sentence with the figures.
    pub detail: String,
    /// Billed − hypothesis in major units: what of the billed amount is finer than the minor unit.
    pub residue: Decimal,
}

/// Names every hypothesis that reproduces a billed amount to the minor unit, the smallest change first.
///
/// `billed_amount` is in major units of the price's currency and is compared after rounding half-up to the
/// minor unit; `quantity` is the billed quantity, and `switches` and `part` are those under which the amount
/// is expected. The order is that of how much one would have to change: the order of rounding, the dialect,
/// the tier mode, the included quantity, the commitment, the overage, the price itself. Where the price in
/// force already gives the billed amount there is nothing to explain and the result is empty; a hypothesis
/// too large to compute is left out.
///
/// A dialect that gives the billed amount only because it rounds in another order is `rounding-order` and not
/// `other-dialect`. An alternative price is priced in its own dialect, else under `switches`.
pub fn explain_amount(
    billed_amount: Decimal,
    quantity: Decimal,
    in_force: &Price,
    switches: Switches,
    part: Option<PartPeriod>,
    alternatives: &Alternatives<'_>,
) -> Vec<AmountCause> {
    let figure = |quantity, of: &Price, switches| price(quantity, of, switches, part).ok().map(|p| p.amount);
    let Ok(billed) = money::round(billed_amount.into(), &in_force.currency) else { return Vec::new() };
    let Some(expected) = figure(quantity, in_force, switches).filter(|e| *e != billed) else {
        return Vec::new();
    };
    let gives = |quantity, of: &Price, switches| figure(quantity, of, switches) == Some(billed);
    let shown = |amount| format!("{} {}", money::format(amount, &in_force.currency), in_force.currency);
    let (billed_text, expected_text) = (shown(billed), shown(expected));
    let units = shortest(quantity);
    let mut causes = Vec::new();
    let mut found = |id, detail| causes.push(AmountCause { id, detail, residue: billed_amount - billed });

    let (other, order) = match switches.rounding {
        Rounding::LineThenSum => (Rounding::Once, "rounded once, after the lines are summed"),
        Rounding::Once => (Rounding::LineThenSum, "with each line rounded before the lines are summed"),
    };
    let only_order = gives(quantity, in_force, Switches { rounding: other, ..switches });
    if only_order {
        found(
            "rounding-order",
            format!(
                "{units} units come to {billed_text}, the billed amount, {order}, and to \
                 {expected_text} in the agreed order."
            ),
        );
    }

    let dialects: Vec<&str> = Dialect::ALL
        .into_iter()
        .filter(|d| gives(quantity, in_force, d.switches()))
        .filter(|d| {
            let same_order = Switches { rounding: switches.rounding, ..d.switches() };
            !(only_order && figure(quantity, in_force, same_order) == Some(expected))
        })
        .map(Dialect::name)
        .collect();
    if !dialects.is_empty() {
        found(
            "other-dialect",
            format!(
                "{units} units come to {billed_text}, the billed amount, as {} prices them, and to \
                 {expected_text} as agreed.",
                dialects.join(" or ")
            ),
        );
    }

    let mode = match in_force.model {
        Model::Graduated => Some((Model::Volume, "the whole quantity at the tier it falls in")),
        Model::GraduatedPercentage => {
            Some((Model::Volume, "the whole quantity at the rate of the tier it falls in"))
        }
        Model::Volume => Some((Model::Graduated, "each tier's share at its own tier")),
        Model::Flat | Model::Package | Model::Percentage => None,
    };
    if let Some((model, how)) = mode
        && gives(quantity, &Price { model, ..in_force.clone() }, switches)
    {
        found(
            "wrong-tier-mode",
            format!(
                "{units} units come to {billed_text}, the billed amount, with {how}, and to \
                 {expected_text} as a {} price.",
                in_force.model.name()
            ),
        );
    }

    if let Some(included) = in_force.included_quantity
        && gives(quantity, &Price { included_quantity: None, ..in_force.clone() }, switches)
    {
        found(
            "included-ignored",
            format!(
                "{units} units come to {billed_text}, the billed amount, without the {} that are \
                 included, and to {expected_text} with them.",
                shortest(included)
            ),
        );
    }

    if gives(quantity, &Price { minimum_amount: None, ..in_force.clone() }, switches) {
        found(
            "commitment-ignored",
            format!(
                "{units} units come to {billed_text}, the billed amount, without the period's minimum \
                 of {expected_text}."
            ),
        );
    }

    let minimum = in_force.minimum_for(part).unwrap_or_default();
    if let Some((cap, name)) = overage_caps(quantity, in_force).into_iter().find(|(cap, name)| {
        let with_flat = Switches { flat_at_zero: true, ..switches };
        gives(*cap, in_force, switches) || (*name == Cap::Included && gives(*cap, in_force, with_flat))
    }) {
        found(
            "overage-ignored",
            format!(
                "{} units, {}, come to {billed_text}, the billed amount; {units} units come to \
                 {expected_text}.",
                shortest(cap),
                match name {
                    Cap::Included => "as many as are included",
                    Cap::Bound => "as many as a tier ends at",
                }
            ),
        );
    } else if minimum == billed && Decimal::ZERO < billed && billed < expected {
        found(
            "overage-ignored",
            format!(
                "The period's minimum is {billed_text}, the billed amount; {units} units come to \
                 {expected_text}."
            ),
        );
    }

    for (label, other) in alternatives.prices {
        let switches = other.dialect.map_or(switches, Dialect::switches);
        if other.currency == in_force.currency && gives(quantity, other, switches) {
            found(
                "old-price",
                format!(
                    "{units} units come to {billed_text}, the billed amount, at price {} ({label}), \
                     and to {expected_text} at price {}.",
                    other.id, in_force.id
                ),
            );
        }
    }
    causes
}

/// Where a quantity may have been capped.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Cap {
    Included,
    Bound,
}

/// The quantities above 0 and below `quantity` at which the included part or a tier ends, highest first.
fn overage_caps(quantity: Decimal, of: &Price) -> Vec<(Decimal, Cap)> {
    let included = of.included_quantity.unwrap_or_default();
    let bounds =
        of.tiers.iter().rev().filter_map(|t| t.up_to?.checked_add(included)).map(|b| (b, Cap::Bound));
    let included = of.included_quantity.map(|q| (q, Cap::Included));
    bounds.chain(included).filter(|(cap, _)| Decimal::ZERO < *cap && *cap < quantity).collect()
}

/// How much of a difference a hypothesis explains.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Explained {
    /// Whether it explains at least 99 % of the difference: |billed − hypothesis| ≤ 1 % of |billed −
    /// expected|. A difference of 0 leaves nothing to explain, so that this is false.
    pub nearly_all: bool,
    /// Billed − hypothesis: what it leaves unexplained, 0 where it explains all.
    pub residue: Decimal,
}

/// Whether a hypothesis explains nearly all of the difference between an expected and a billed figure, and
/// what it leaves. Quantities and amounts alike, the three in one unit; exact, nothing is rounded.
pub fn nearly_all(expected: Decimal, billed: Decimal, hypothesis: Decimal) -> Result<Explained, TooLarge> {
    let size = |e: Exact| if e.is_negative() { Exact::ZERO.sub(e) } else { Ok(e) };
    let residue = Exact::from(billed).sub(hypothesis.into())?;
    let difference = Exact::from(billed).sub(expected.into())?;
    let of_hundred = size(residue)?.mul(Decimal::ONE_HUNDRED.into())?;
    Ok(Explained {
        nearly_all: !difference.is_zero() && of_hundred <= size(difference)?,
        residue: residue.to_decimal()?,
    })
}

#[cfg(test)]
mod tests {
    use super::super::tests::{d, flat, price_of, tier};
    use super::*;

    const STANDARD: Switches = Dialect::Standard.switches();

    fn ids(causes: &[AmountCause]) -> Vec<&'static str> {
        causes.iter().map(|c| c.id).collect()
    }

    fn explain(billed: &str, quantity: &str, of: &Price, switches: Switches) -> Vec<AmountCause> {
        explain_amount(d(billed), d(quantity), of, switches, None, &Alternatives::default())
    }

    fn graduated() -> Price {
        price_of(Model::Graduated, "USD", &[tier("100", "1", ""), tier("", "0.5", "")])
    }

    #[test]
    fn the_expected_amount_needs_no_explanation() {
        assert_eq!(explain("125", "150", &graduated(), STANDARD), []);
        assert_eq!(explain("125.004", "150", &graduated(), STANDARD), []);
    }

    #[test]
    fn what_no_hypothesis_reproduces_is_not_explained() {
        assert_eq!(explain("99.99", "150", &graduated(), STANDARD), []);
    }

    #[test]
    fn the_order_of_rounding_alone_is_named_as_such_and_not_as_a_dialect() {
        // 1 × 0.005 and 1 × 0.005: line by line 0.01 + 0.01, once 0.01.
        let p = price_of(Model::Graduated, "USD", &[tier("1", "0.005", ""), tier("", "0.005", "")]);
        let causes = explain("0.01", "2", &p, STANDARD);
        assert_eq!(causes[0].id, "rounding-order");
        assert_eq!(
            causes[0].detail,
            "2 units come to 0.01 USD, the billed amount, rounded once, after the lines are summed, \
             and to 0.02 USD in the agreed order."
        );
        assert!(!ids(&causes).contains(&"other-dialect"));
        let once = Dialect::KillBill.switches();
        let back = explain("0.02", "2", &p, once);
        assert_eq!(ids(&back), ["rounding-order"]);
        assert!(
            back[0].detail.contains("with each line rounded before the lines are summed"),
            "{}",
            back[0].detail
        );
    }

    #[test]
    fn a_dialect_that_differs_in_more_than_the_order_is_named() {
        let p = price_of(Model::Graduated, "USD", &[tier("100", "1", "20"), tier("", "0.5", "")]);
        let causes = explain("20", "0", &p, STANDARD);
        assert_eq!(ids(&causes), ["other-dialect"]);
        assert_eq!(
            causes[0].detail,
            "0 units come to 20.00 USD, the billed amount, as lago or openmeter prices them, and to \
             0.00 USD as agreed."
        );
        let mut package = flat("5", "USD");
        (package.model, package.package_size) = (Model::Package, Some(d("100")));
        let causes = explain("5", "0", &package, STANDARD);
        assert_eq!(ids(&causes), ["other-dialect"]);
        assert!(causes[0].detail.contains("as chargebee prices"));
    }

    #[test]
    fn graduated_billed_as_volume_and_back_is_the_wrong_tier_mode() {
        let causes = explain("75", "150", &graduated(), STANDARD);
        assert_eq!(ids(&causes), ["wrong-tier-mode"]);
        assert_eq!(
            causes[0].detail,
            "150 units come to 75.00 USD, the billed amount, with the whole quantity at the tier it \
             falls in, and to 125.00 USD as a graduated price."
        );
        let volume = Price { model: Model::Volume, ..graduated() };
        assert_eq!(ids(&explain("125", "150", &volume, STANDARD)), ["wrong-tier-mode"]);
        let rates = Price { model: Model::GraduatedPercentage, ..graduated() };
        assert_eq!(ids(&explain("75", "150", &rates, STANDARD)), ["wrong-tier-mode"]);
    }

    #[test]
    fn an_included_quantity_that_was_charged_is_named_with_its_size() {
        let mut p = flat("0.10", "USD");
        p.included_quantity = Some(d("1000"));
        let causes = explain("150", "1500", &p, STANDARD);
        assert_eq!(ids(&causes), ["included-ignored"]);
        assert_eq!(
            causes[0].detail,
            "1500 units come to 150.00 USD, the billed amount, without the 1000 that are included, \
             and to 50.00 USD with them."
        );
    }

    #[test]
    fn a_commitment_that_was_not_billed_is_named_in_part_periods_too() {
        let mut p = flat("1", "USD");
        p.minimum_amount = Some(d("500"));
        assert_eq!(
            explain("12", "12", &p, STANDARD),
            [AmountCause {
                id: "commitment-ignored",
                detail: "12 units come to 12.00 USD, the billed amount, without the \
                         period's minimum of 500.00 USD."
                    .to_owned(),
                residue: d("0"),
            }]
        );
        let part = Some(PartPeriod { days: 1, period_days: 30 });
        let causes = explain_amount(d("12"), d("12"), &p, STANDARD, part, &Alternatives::default());
        assert!(causes[0].detail.ends_with("minimum of 16.67 USD."), "{}", causes[0].detail);
    }

    #[test]
    fn a_quantity_capped_at_what_is_included_or_at_a_bound_is_overage_ignored() {
        // 200 a month with 1000 included, 0.04 each beyond: billed is the base fee alone.
        let mut p = price_of(Model::Flat, "USD", &[tier("", "0.04", "200")]);
        p.included_quantity = Some(d("1000"));
        let causes = explain("200", "1500", &p, STANDARD);
        assert_eq!(ids(&causes), ["overage-ignored"]);
        assert_eq!(
            causes[0].detail,
            "1000 units, as many as are included, come to 200.00 USD, the billed amount; 1500 units \
             come to 220.00 USD."
        );
        // The same as tiers.
        let p = price_of(Model::Graduated, "USD", &[tier("1000", "0", "200"), tier("", "0.04", "")]);
        let causes = explain("200", "1500", &p, STANDARD);
        assert_eq!(ids(&causes), ["overage-ignored"]);
        assert!(causes[0].detail.starts_with("1000 units, as many as a tier ends at, come to 200.00 USD"));
        // A commitment, and the overage above it not billed.
        let mut p = flat("1", "USD");
        p.included_quantity = Some(d("100"));
        p.minimum_amount = Some(d("50"));
        assert_eq!(ids(&explain("50", "300", &p, STANDARD)), ["overage-ignored"]);
    }

    #[test]
    fn a_commitment_billed_alone_is_overage_ignored() {
        let p = Price { minimum_amount: Some(d("500")), ..flat("1", "USD") };
        let causes = explain("500", "800", &p, STANDARD);
        assert_eq!(ids(&causes), ["overage-ignored"]);
        assert_eq!(
            causes[0].detail,
            "The period's minimum is 500.00 USD, the billed amount; 800 units come to 800.00 USD."
        );
        let nothing_included = Price { included_quantity: Some(d("0")), ..p };
        assert_eq!(explain("500", "800", &nothing_included, STANDARD), causes);
        let free = Price { minimum_amount: Some(d("0")), ..flat("1", "USD") };
        assert_eq!(explain("0", "800", &free, STANDARD), []);
    }

    #[test]
    fn the_highest_cap_that_explains_is_the_one_named() {
        let tiers = [tier("10", "1", ""), tier("20", "0", ""), tier("30", "0", ""), tier("", "1", "")];
        let p = price_of(Model::Graduated, "USD", &tiers);
        let causes = explain("10", "40", &p, STANDARD);
        assert_eq!(ids(&causes), ["overage-ignored"]);
        assert!(causes[0].detail.starts_with("30 units"), "{}", causes[0].detail);
    }

    #[test]
    fn another_price_is_named_by_its_id_and_its_dates() {
        let now = flat("0.12", "USD");
        let before = Price { id: "api-2025".to_owned(), ..flat("0.10", "USD") };
        let euro = Price { id: "api-eu".to_owned(), ..flat("0.10", "EUR") };
        let prices =
            [("in force 2025-01-01 to 2026-01-01", &before), ("in force 2025-01-01 to 2026-01-01", &euro)];
        let causes =
            explain_amount(d("10.001"), d("100"), &now, STANDARD, None, &Alternatives { prices: &prices });
        assert_eq!(
            causes,
            [AmountCause {
                id: "old-price",
                detail: "100 units come to 10.00 USD, the billed amount, at price api-2025 \
                         (in force 2025-01-01 to 2026-01-01), and to 12.00 USD at price p."
                    .to_owned(),
                residue: d("0.001"),
            }]
        );
    }

    #[test]
    fn an_alternative_is_priced_in_its_own_dialect() {
        let now = price_of(Model::Graduated, "USD", &[tier("", "1", "9")]);
        let mut before = price_of(Model::Graduated, "USD", &[tier("", "1", "7")]);
        before.dialect = Some(Dialect::OpenMeter);
        let prices = [("before", &before)];
        let causes = explain_amount(d("7"), d("0"), &now, STANDARD, None, &Alternatives { prices: &prices });
        assert_eq!(ids(&causes), ["old-price"]);
    }

    #[test]
    fn the_smallest_change_comes_first() {
        // Included ignored and an old price without inclusion give the same figure.
        let mut now = flat("1", "USD");
        now.included_quantity = Some(d("5"));
        let before = flat("1", "USD");
        let prices = [("before", &before)];
        let causes = explain_amount(d("8"), d("8"), &now, STANDARD, None, &Alternatives { prices: &prices });
        assert_eq!(ids(&causes), ["included-ignored", "old-price"]);
    }

    #[test]
    fn nearly_all_begins_at_exactly_ninety_nine_per_cent() {
        let of = |h: &str| nearly_all(d("1000"), d("1200"), d(h)).unwrap();
        assert_eq!(of("1200"), Explained { nearly_all: true, residue: d("0") });
        assert_eq!(of("1198"), Explained { nearly_all: true, residue: d("2") });
        assert_eq!(of("1202"), Explained { nearly_all: true, residue: d("-2") });
        assert!(!of("1197.999999999999999999").nearly_all);
        assert!(!of("1202.000000000000000001").nearly_all);
        assert!(!of("1000").nearly_all);
        assert!(!nearly_all(d("5"), d("5"), d("5")).unwrap().nearly_all);
        assert!(nearly_all(d("100"), d("-100"), d("-98")).unwrap().nearly_all);
    }
}
