//! What binary floating point would have made of a proration: a cent that it explains is a cause to name.
//!
//! Money is never computed so here. The figures are those of IEEE 754 binary64, reproduced in whole numbers.

use crate::{
    judge::proration::Rules,
    model::{
        decimal::{Decimal, Exact},
        money,
    },
};

/// A binary64 number that is not negative: `mantissa × 2^exponent`, 53 bits.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Double {
    mantissa: u128,
    exponent: i32,
}

const BITS: u32 = 53;

fn bits(n: u128) -> u32 {
    128 - n.leading_zeros()
}

impl Double {
    /// The nearest number to `mantissa × 2^exponent`, ties to even; `more`: whether something was cut off below.
    fn nearest(mantissa: u128, exponent: i32, more: bool) -> Option<Double> {
        let excess = bits(mantissa).saturating_sub(BITS);
        if excess == 0 {
            return Some(Double { mantissa, exponent });
        }
        let (kept, rest) = (mantissa >> excess, mantissa & ((1 << excess) - 1));
        let half = 1u128 << (excess - 1);
        let up = rest > half || rest == half && (more || kept & 1 == 1);
        Some(Double {
            mantissa: kept + u128::from(up),
            exponent: exponent.checked_add(i32::try_from(excess).ok()?)?,
        })
    }

    fn quotient(num: u128, den: u128, exponent: i32) -> Option<Double> {
        // Two bits more than are kept, and whether anything lies below them.
        let shift = (BITS + 2 + bits(den)).saturating_sub(bits(num));
        let wide = num.checked_shl(shift).filter(|w| w >> shift == num)?;
        let (whole, rest) = (wide.checked_div(den)?, wide.checked_rem(den)?);
        Double::nearest(whole, exponent.checked_sub(i32::try_from(shift).ok()?)?, rest != 0)
    }

    fn of(value: Decimal) -> Option<Double> {
        let value = value.normalize();
        let mantissa = u128::try_from(value.mantissa()).ok().filter(|m| bits(*m) <= 64)?;
        let scale = Some(value.scale()).filter(|s| *s <= 15)?;
        Double::quotient(mantissa, 10u128.pow(scale), 0)
    }

    fn times(self, other: Double) -> Option<Double> {
        Double::nearest(self.mantissa * other.mantissa, self.exponent.checked_add(other.exponent)?, false)
    }

    fn over(self, other: Double) -> Option<Double> {
        Double::quotient(self.mantissa, other.mantissa, self.exponent.checked_sub(other.exponent)?)
    }

    /// The whole part of `self × by`, exactly, and how what is left compares with a half (0 below, 1 equal, 2 above).
    fn whole(self, by: u128) -> Option<(u128, u8)> {
        let product = self.mantissa.checked_mul(by)?;
        if self.exponent >= 0 {
            return Some((product.checked_shl(self.exponent.unsigned_abs())?, 0));
        }
        let shift = self.exponent.unsigned_abs();
        if shift > 120 {
            return Some((0, 0));
        }
        let (whole, rest, half) = (product >> shift, product & ((1 << shift) - 1), 1u128 << (shift - 1));
        Some((whole, 1 + u8::from(rest > half) - u8::from(rest < half)))
    }
}

/// A share of a value, in minor units, in the ways in which programs that compute with floating point come to it.
/// `left` of `whole` units; `value` in major units.
fn minor_units(value: Decimal, (left, whole): (i64, i64), digits: u32) -> Option<Vec<u128>> {
    let number = |n: i64| Double::quotient(u128::try_from(n).ok()?, 1, 0);
    let scale = 10u128.checked_pow(digits)?;
    let factor = Double::quotient(scale, 1, 0)?;
    let (value, left, whole) = (Double::of(value)?, number(left)?, number(whole)?);
    let ways =
        [value.times(left.over(whole)?)?, value.over(whole)?.times(left)?, value.times(left)?.over(whole)?];
    let mut found = Vec::new();
    for way in ways {
        // Multiplied by the scale and rounded half-up; the same cut off; printed with the digits, ties to even.
        let (whole, rest) = way.times(factor)?.whole(1)?;
        found.extend([whole + u128::from(rest >= 1), whole]);
        let (whole, rest) = way.whole(scale)?;
        found.push(whole + u128::from(rest == 2 || rest == 1 && whole & 1 == 1));
    }
    found.sort_unstable();
    found.dedup();
    Some(found)
}

/// The amounts that floating point may give for `value × left / whole`, in major units; those that are right among
/// them.
pub(super) fn amounts(value: Exact, units: (i64, i64), rules: &Rules) -> Vec<Decimal> {
    let digits = money::minor_digits(&rules.currency);
    let Ok(value) = value.to_decimal() else { return Vec::new() };
    let found = minor_units(value, units, digits).unwrap_or_default();
    let amount = |n: u128| Decimal::try_from_i128_with_scale(i128::try_from(n).ok()?, digits).ok();
    found.into_iter().filter_map(amount).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::decimal::parse;
    use proptest::prelude::*;

    fn native(d: Double) -> f64 {
        d.mantissa as f64 * 2f64.powi(d.exponent)
    }

    #[test]
    fn a_price_is_the_nearest_binary_number() {
        for text in ["49", "99.99", "0.1", "1.005", "2.675", "123456.78", "0.29"] {
            let own = Double::of(parse(text).unwrap()).unwrap();
            assert_eq!(native(own), text.parse::<f64>().unwrap(), "{text}");
        }
    }

    #[test]
    fn a_half_cent_that_binary_cannot_hold_falls_below() {
        // 2.675 is 2.67499999999999982236431605997495353221893310546875.
        let found = minor_units(parse("5.35").unwrap(), (1, 2), 2).unwrap();
        assert!(found.contains(&267) && found.contains(&268), "{found:?}");
        assert_eq!(minor_units(parse("49").unwrap(), (15, 30), 2).unwrap(), [2450]);
    }

    proptest! {
        #[test]
        fn it_computes_as_the_machine_does(m in 0u64..100_000_000, s in 0u32..6, a in 0i64..3_000_000, b in 1i64..3_000_000) {
            let value = Decimal::from_i128_with_scale(m.into(), s);
            let own = Double::of(value).unwrap();
            let machine: f64 = value.to_string().parse().unwrap();
            prop_assert_eq!(native(own), machine);
            let (left, whole) = (Double::quotient(a as u128, 1, 0).unwrap(), Double::quotient(b as u128, 1, 0).unwrap());
            let (x, y) = (a as f64, b as f64);
            prop_assert_eq!(native(own.times(left.over(whole).unwrap()).unwrap()), machine * (x / y));
            prop_assert_eq!(native(own.over(whole).unwrap().times(left).unwrap()), machine / y * x);
            let cents = own.times(left).unwrap().over(whole).unwrap().times(Double::quotient(100, 1, 0).unwrap()).unwrap();
            prop_assert_eq!(cents.whole(1).unwrap().0 as f64, (machine * x / y * 100.0).floor());
        }
    }
}
