//! How billing systems differ in pricing the same tiers, as four switches and six named sets of them.

use std::fmt;

/// When amounts are rounded to the currency's minor unit, always half-up (away from zero).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Rounding {
    /// Each line (a tier's share, a tier's flat amount, the packages) is rounded, then the lines are summed.
    LineThenSum,
    /// The lines are summed exactly and the sum is rounded once.
    Once,
}

/// What billing systems do differently with one and the same price.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Switches {
    /// Whether the first tier's `flat_amount` is charged when no quantity is left to charge: at zero usage,
    /// and at usage that the included quantity covers.
    pub flat_at_zero: bool,
    /// Whether a volume price picks its tier by the next whole number that is not below the quantity. It
    /// matters only where a bound is not whole; the quantity that is multiplied stays as it is.
    pub volume_ceiling: bool,
    /// Whether a package price bills at least one package a period, used or not.
    pub package_min_one: bool,
    /// The rounding order.
    pub rounding: Rounding,
}

/// A named set of [`Switches`]: `[pricing] dialect`, or a price's own `dialect` column.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub enum Dialect {
    /// No charge at zero, raw quantity, no minimum package, each line rounded.
    #[default]
    Standard,
    /// As `standard`: 'rounding occurs on the line item level', each line before the lines are summed
    /// (docs.stripe.com/billing/subscriptions/decimal-amounts), and each tier is taken for a line. That nothing
    /// is charged at zero usage is this program's specification; no page of Stripe's was found to say it.
    Stripe,
    /// Charges the first tier's flat amount at zero usage (getlago/lago-api pull request 5760, June 2026;
    /// older installations do not), picks a volume tier by the ceiling (`volume_service.rb`: a range fits
    /// that starts at or below the ceiling and does not end below the quantity), sums the ranges exactly and
    /// rounds the fee once (`fees/charge_service.rb`).
    Lago,
    /// Charges the first tier's flat amount always (openmeterio/openmeter pull request 2119: 'first bucket's
    /// flat fee is always billed') and rounds every tier's share and flat amount by itself
    /// (`billing/rating/service/rate/tieredgraduated.go`, `RoundToPrecision`).
    OpenMeter,
    /// No charge at zero. In the aggregate mode usage is one item a period: its tiers are summed exactly
    /// (`UsageConsumableInArrearAggregate`) and the item is rounded (`InvoiceItemBase`, `KillBillMoney.of`).
    /// In the detail mode, with an item a tier, Kill Bill rounds as `standard`.
    KillBill,
    /// 'A minimum of one package is billed per billing period'
    /// (chargebee.com/docs/billing/2.0/product-catalog/package-pricing). All decimals enter the line item's
    /// amount, which is then rounded to the currency's places (support.chargebee.com, article 252239); a line
    /// item lists its tiers without amounts (datacatalog.chargebee.com, `line_item_tiers`), so that it is
    /// rounded once.
    Chargebee,
}

impl Dialect {
    /// Every dialect, `standard` first.
    pub const ALL: [Dialect; 6] = [
        Dialect::Standard,
        Dialect::Stripe,
        Dialect::Lago,
        Dialect::OpenMeter,
        Dialect::KillBill,
        Dialect::Chargebee,
    ];

    /// The word for it in crosscheck.toml and in prices.
    pub const fn name(self) -> &'static str {
        match self {
            Dialect::Standard => "standard",
            Dialect::Stripe => "stripe",
            Dialect::Lago => "lago",
            Dialect::OpenMeter => "openmeter",
            Dialect::KillBill => "killbill",
            Dialect::Chargebee => "chargebee",
        }
    }

    /// The dialect of a word, without regard to case; `None` for any other word.
    pub fn parse(word: &str) -> Option<Dialect> {
        Dialect::ALL.into_iter().find(|d| d.name().eq_ignore_ascii_case(word))
    }

    /// What it switches.
    pub const fn switches(self) -> Switches {
        let standard = Switches {
            flat_at_zero: false,
            volume_ceiling: false,
            package_min_one: false,
            rounding: Rounding::LineThenSum,
        };
        match self {
            Dialect::Standard | Dialect::Stripe => standard,
            Dialect::Lago => {
                Switches { flat_at_zero: true, volume_ceiling: true, rounding: Rounding::Once, ..standard }
            }
            Dialect::OpenMeter => Switches { flat_at_zero: true, ..standard },
            Dialect::KillBill => Switches { rounding: Rounding::Once, ..standard },
            Dialect::Chargebee => Switches { package_min_one: true, rounding: Rounding::Once, ..standard },
        }
    }
}

impl Default for Switches {
    fn default() -> Self {
        Dialect::Standard.switches()
    }
}

impl fmt::Display for Dialect {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_dialect_is_read_from_its_own_name_in_any_case() {
        for dialect in Dialect::ALL {
            assert_eq!(Dialect::parse(dialect.name()), Some(dialect));
            assert_eq!(Dialect::parse(&dialect.name().to_uppercase()), Some(dialect));
        }
        assert_eq!(Dialect::parse("zuora"), None);
    }

    #[test]
    fn the_dialects_switch_what_the_specification_says() {
        let on = |f: fn(Switches) -> bool| -> Vec<&str> {
            Dialect::ALL.into_iter().filter(|d| f(d.switches())).map(Dialect::name).collect()
        };
        assert_eq!(on(|s| s.flat_at_zero), ["lago", "openmeter"]);
        assert_eq!(on(|s| s.volume_ceiling), ["lago"]);
        assert_eq!(on(|s| s.package_min_one), ["chargebee"]);
        assert_eq!(on(|s| s.rounding == Rounding::Once), ["lago", "killbill", "chargebee"]);
        assert_eq!(Switches::default(), Dialect::Standard.switches());
    }
}
