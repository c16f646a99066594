//! Money: decimals in major units with an ISO 4217 currency.

use super::decimal::{Decimal, Exact, TooLarge};
use iso_currency::Currency;
use serde::{Deserialize, Serialize};

/// The currency of a code, upper or lower case.
pub fn currency(code: &str) -> Option<Currency> {
    Currency::from_code(&code.to_ascii_uppercase())
}

/// The digits after the point of a currency's minor unit: 2 for USD, 0 for JPY, 3 for KWD; 2 where ISO 4217
/// knows none.
pub fn minor_digits(code: &str) -> u32 {
    currency(code).and_then(|c| c.exponent()).map_or(2, u32::from)
}

/// One minor unit of a currency: 0.01 for USD, 1 for JPY.
pub fn minor_unit(code: &str) -> Decimal {
    Decimal::new(1, minor_digits(code))
}

/// Rounds half-up (away from zero) to the currency's minor unit.
pub fn round(amount: Exact, code: &str) -> Result<Decimal, TooLarge> {
    amount.round(minor_digits(code))
}

/// The amount with at least the places of its currency's minor unit (`800` → `800.00`); finer digits are kept.
pub fn format(amount: Decimal, code: &str) -> String {
    let mut shown = amount.normalize();
    let digits = minor_digits(code);
    if shown.scale() < digits {
        shown.rescale(digits);
    }
    if shown.is_zero() {
        shown.set_sign_positive(true);
    }
    shown.to_string()
}

/// An amount at stake.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Money {
    /// In major units, at minor-unit places.
    #[serde(serialize_with = "as_text", deserialize_with = "from_text")]
    pub amount: Decimal,
    /// ISO 4217.
    pub currency: String,
}

fn as_text<S: serde::Serializer>(amount: &Decimal, s: S) -> Result<S::Ok, S::Error> {
    s.collect_str(amount)
}

fn from_text<'de, D: serde::Deserializer<'de>>(d: D) -> Result<Decimal, D::Error> {
    let text = std::borrow::Cow::<str>::deserialize(d)?;
    super::decimal::parse(&text).map_err(serde::de::Error::custom)
}

impl Money {
    /// An amount whose text carries the currency's minor-unit places.
    pub fn new(amount: Decimal, currency: &str) -> Money {
        let mut amount = amount.normalize();
        let digits = minor_digits(currency);
        if amount.scale() < digits {
            amount.rescale(digits);
        }
        Money { amount, currency: currency.to_owned() }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::decimal::parse;

    #[test]
    fn amounts_print_at_minor_unit_places() {
        assert_eq!(format(parse("800").unwrap(), "USD"), "800.00");
        assert_eq!(format(parse("800").unwrap(), "JPY"), "800");
        assert_eq!(format(parse("1.5").unwrap(), "KWD"), "1.500");
        assert_eq!(format(parse("0.00004").unwrap(), "USD"), "0.00004");
        assert_eq!(format(parse("-0").unwrap(), "usd"), "0.00");
    }

    #[test]
    fn a_minor_unit_follows_the_currency() {
        assert_eq!(minor_unit("BHD").to_string(), "0.001");
        assert_eq!(minor_unit("KRW").to_string(), "1");
        assert!(currency("XXQ").is_none());
    }
}
