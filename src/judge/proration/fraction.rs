//! Exact fractions of a billing period.

use crate::model::decimal::{Decimal, Exact, TooLarge};
use std::fmt;

/// An exact fraction in lowest terms, its denominator above 0.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Fraction {
    num: i128,
    den: i128,
}

impl Fraction {
    /// Nothing.
    pub const ZERO: Fraction = Fraction { num: 0, den: 1 };
    /// The whole.
    pub const ONE: Fraction = Fraction { num: 1, den: 1 };

    /// `num / den`; `None` for a denominator that is not above 0.
    pub fn new(num: i64, den: i64) -> Option<Fraction> {
        (den > 0).then(|| Fraction::lowest(num.into(), den.into()))
    }

    fn lowest(num: i128, den: i128) -> Fraction {
        let (mut a, mut b) = (num.unsigned_abs(), den.unsigned_abs());
        while b != 0 {
            (a, b) = (b, a % b);
        }
        let common = i128::try_from(a.max(1)).unwrap_or(1);
        Fraction { num: num / common, den: den / common }
    }

    /// The sum, exact.
    pub fn plus(self, other: Fraction) -> Result<Fraction, TooLarge> {
        let left = self.num.checked_mul(other.den).ok_or(TooLarge)?;
        let right = other.num.checked_mul(self.den).ok_or(TooLarge)?;
        let den = self.den.checked_mul(other.den).ok_or(TooLarge)?;
        Ok(Fraction::lowest(left.checked_add(right).ok_or(TooLarge)?, den))
    }

    /// `amount × fraction`, rounded half-up (away from zero) to `places`: the only rounding.
    pub fn of(self, amount: Exact, places: u32) -> Result<Decimal, TooLarge> {
        let quotient = amount.mul(exact(self.num)?)?.div_round(exact(self.den)?, places)?;
        quotient.ok_or(TooLarge)
    }

    /// Rounded half-up to 9 places.
    pub fn to_nine_places(self) -> Result<Decimal, TooLarge> {
        self.of(Exact::from(Decimal::ONE), 9)
    }

    /// Whether 9 places hold it whole.
    fn ends_within_nine_places(self) -> bool {
        1_000_000_000 % self.den == 0
    }
}

fn exact(value: i128) -> Result<Exact, TooLarge> {
    Decimal::try_from_i128_with_scale(value, 0).map(Exact::from).map_err(|_| TooLarge)
}

/// The shortest exact text (`0.5`), or 9 places where it does not end within them (`0.354838710`).
impl fmt::Display for Fraction {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.to_nine_places() {
            Ok(d) if self.ends_within_nine_places() => write!(f, "{}", d.normalize()),
            Ok(d) => write!(f, "{d}"),
            Err(_) => write!(f, "{}/{}", self.num, self.den),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::decimal::parse;

    #[test]
    fn a_fraction_that_ends_is_shown_whole_and_another_to_nine_places() {
        let show = |n, d| Fraction::new(n, d).unwrap().to_string();
        assert_eq!([show(15, 30), show(0, 31), show(31, 31), show(3, 1)], ["0.5", "0", "1", "3"]);
        assert_eq!([show(11, 31), show(16, 31), show(1, 512)], ["0.354838710", "0.516129032", "0.001953125"]);
        assert_eq!(show(2, 3), "0.666666667");
        assert_eq!(Fraction::new(1, 0), None);
    }

    #[test]
    fn halves_of_a_minor_unit_round_away_from_zero() {
        let half = Fraction::new(1, 2).unwrap();
        let of = |amount: &str| half.of(parse(amount).unwrap().into(), 2).unwrap().to_string();
        assert_eq!([of("0.01"), of("-0.01"), of("49")], ["0.01", "-0.01", "24.50"]);
    }

    #[test]
    fn sums_are_exact() {
        let third = Fraction::new(1, 3).unwrap();
        assert_eq!(third.plus(third).unwrap().plus(third).unwrap(), Fraction::ONE);
    }
}
