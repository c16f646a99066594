//! Points from 0 to 100, exactly.
//!
//! A component is a ratio of counts, a score a weighted mean of such ratios: most of them do not end as decimals. They
//! are kept as fractions, so that a drop of exactly 20 points is one, and rounded only where they are shown.

use crate::model::decimal::{self, Decimal};
use ethnum::I256;
use std::cmp::Ordering;

/// A fraction of points: numerator and denominator (positive). `Points::ratio` bounds the components'
/// denominators so that no operation on five of them can overflow.
#[derive(Clone, Copy, Debug)]
pub struct Points {
    num: i128,
    den: i128,
}

/// How finely a component is kept: denominators up to `2^bits` are exact. Beyond, which takes a base of over ten
/// thousand million calls in four weeks without a common divisor, the value is rounded half-up to `places`.
#[derive(Clone, Copy, Debug)]
pub(super) struct Grain {
    bits: u32,
    places: u32,
}

/// For ratios of logins and of calls.
pub(super) const COUNTS: Grain = Grain { bits: 34, places: 10 };
/// For numbers of features.
pub(super) const FEATURES: Grain = Grain { bits: 12, places: 3 };
/// For means of sentiments.
pub(super) const SENTIMENTS: Grain = Grain { bits: 28, places: 8 };

/// The greatest weight of a component: five of them keep a score within 128 bits.
pub const MAX_WEIGHT: u32 = 100;

/// The most points in tenths.
pub const TENTHS: u16 = 1000;

impl Points {
    /// Whole points.
    pub fn whole(points: u32) -> Points {
        Points { num: i128::from(points), den: 1 }
    }

    /// `part / base × 100`, at most 100; `None` where the base is 0.
    pub(super) fn ratio(part: u128, base: u128, grain: Grain) -> Option<Points> {
        if base == 0 {
            return None;
        }
        if part >= base {
            return Some(Points::whole(100));
        }
        let (mut part, mut base) = (part, base);
        if base >> grain.bits != 0 {
            let divisor = gcd(part, base);
            (part, base) = (part / divisor, base / divisor);
        }
        if base >> grain.bits != 0 {
            let unit = 10u128.pow(grain.places);
            // Room for the product with `unit`, which is below 2^34.
            let down = (128 - base.leading_zeros()).saturating_sub(94);
            let scaled = ((part >> down) * unit + (base >> down) / 2) / (base >> down);
            (part, base) = (scaled, unit);
        }
        Some(Points { num: 100 * i128::try_from(part).ok()?, den: i128::try_from(base).ok()? })
    }

    /// The mean of points by weight; `None` without a weight. Weights up to [`MAX_WEIGHT`].
    pub(super) fn mean(parts: impl Iterator<Item = (u32, Points)> + Clone) -> Option<Points> {
        let weight: i128 = parts.clone().map(|(w, _)| i128::from(w)).sum();
        if weight == 0 {
            return None;
        }
        // The sum over a common denominator, part by part.
        let sum = |(num, den): (i128, i128), (w, p): (u32, Points)| {
            (num * p.den + i128::from(w) * p.num * den, den * p.den)
        };
        let (num, den) = parts.fold((0, 1), sum);
        Some(Points { num, den: den * weight })
    }

    /// What lies between: `self − earlier`.
    pub fn since(self, earlier: Points) -> Change {
        let (a, b) = (I256::from(self.num), I256::from(earlier.num));
        let (p, q) = (I256::from(self.den), I256::from(earlier.den));
        Change { num: a * q - b * p, den: p * q }
    }

    /// Half-up to `places`.
    pub fn rounded(self, places: u32) -> Decimal {
        round(I256::from(self.num), I256::from(self.den), places)
    }

    /// Half-up to tenths of a point: 0 to 1000.
    pub fn tenths(self) -> u16 {
        let small = || {
            let twice = self.num.checked_mul(20)?.checked_add(self.den)?;
            let (den, most) = (self.den.checked_mul(2)?, i128::from(TENTHS));
            // A guess by the leading bits is one off at most, and saves a division of 128 bits.
            let down = (128 - den.leading_zeros()).saturating_sub(50);
            let guess = u64::try_from(twice >> down).ok()? / u64::try_from(den >> down).ok()?;
            let mut tenths = i128::from(guess).min(most);
            while tenths.checked_mul(den)? > twice {
                tenths -= 1;
            }
            while (tenths + 1).checked_mul(den)? <= twice {
                tenths += 1;
            }
            u16::try_from(tenths).ok()
        };
        let exact = || u16::try_from(self.rounded(1).mantissa()).unwrap_or(TENTHS);
        small().unwrap_or_else(exact)
    }

    /// Compared with a decimal of points, unrounded.
    pub fn compare(self, limit: Decimal) -> Ordering {
        Change { num: I256::from(self.num), den: I256::from(self.den) }.compare(limit)
    }
}

impl PartialEq for Points {
    fn eq(&self, other: &Points) -> bool {
        self.cmp(other) == Ordering::Equal
    }
}

impl Eq for Points {}

impl PartialOrd for Points {
    fn partial_cmp(&self, other: &Points) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

impl Ord for Points {
    fn cmp(&self, other: &Points) -> Ordering {
        match (self.num.checked_mul(other.den), other.num.checked_mul(self.den)) {
            (Some(mine), Some(theirs)) => mine.cmp(&theirs),
            _ => self.since(*other).num.cmp(&I256::ZERO),
        }
    }
}

/// A difference of points, exactly; negative for a fall.
#[derive(Clone, Copy, Debug)]
pub struct Change {
    num: I256,
    den: I256,
}

impl Change {
    /// None.
    pub const ZERO: Change = Change { num: I256::ZERO, den: I256::ONE };

    /// The part that a component of this weight has in a change of the mean: `self × weight / all`.
    pub(super) fn weighted(self, weight: u32, all: u32) -> Change {
        Change { num: self.num * I256::from(weight), den: self.den * I256::from(all) }
    }

    /// Half-up (away from zero) to `places`.
    pub fn rounded(self, places: u32) -> Decimal {
        round(self.num, self.den, places)
    }

    /// Compared with a decimal of points, unrounded.
    pub fn compare(self, limit: Decimal) -> Ordering {
        let exact = || {
            let up = I256::from(10i128.checked_pow(limit.scale())?);
            let left = self.num.checked_mul(up)?;
            let right = self.den.checked_mul(I256::from(limit.mantissa()))?;
            Some(left.cmp(&right))
        };
        exact().unwrap_or_else(|| self.rounded(12).cmp(&limit))
    }

    /// Whether it falls by this many points or more.
    pub fn falls_by(self, points: Decimal) -> bool {
        self.compare(-points) != Ordering::Greater
    }

    /// Whether it is a fall.
    pub fn is_fall(self) -> bool {
        self.num < I256::ZERO
    }
}

/// `num / den` to `places`, half-up (away from zero). `den` is positive.
fn round(num: I256, den: I256, places: u32) -> Decimal {
    let value = round_small(num, den, places).unwrap_or_else(|| round_digits(num, den, places));
    let value = Decimal::try_from_i128_with_scale(value, places).unwrap_or(Decimal::MAX);
    if num < I256::ZERO && !value.is_zero() { -value } else { value }
}

/// The units of the last place, without the sign, where all products fit 128 bits; else `None`.
fn round_small(num: I256, den: I256, places: u32) -> Option<i128> {
    let (num, den) = (i128::try_from(num).ok()?.checked_abs()?, i128::try_from(den).ok()?);
    let unit = 10i128.checked_pow(places)?;
    let scaled = (num % den).checked_mul(unit)?;
    let (parts, rest) = (scaled / den, scaled % den);
    let half_up = i128::from(rest >= den - rest);
    (num / den).checked_mul(unit)?.checked_add(parts)?.checked_add(half_up)
}

/// The same digit by digit, for a product with 10^places need not fit.
fn round_digits(num: I256, den: I256, places: u32) -> i128 {
    let (mut value, mut rest) = ((num / den).abs(), (num % den).abs());
    let ten = I256::new(10);
    for _ in 0..places {
        rest *= ten;
        value = value * ten + rest / den;
        rest %= den;
    }
    if rest * I256::new(2) >= den {
        value += I256::ONE;
    }
    i128::try_from(value).unwrap_or(i128::MAX)
}

fn gcd(mut a: u128, mut b: u128) -> u128 {
    while b != 0 {
        (a, b) = (b, a % b);
    }
    a.max(1)
}

/// Parts of a total, rounded to `places` so that they still add up to the rounded total: what rounding leaves is
/// given, a unit of the last place each, to the parts that rounding has moved furthest the other way (the first of
/// equals). A part of 0 stays 0.
pub fn apportion(parts: &[Change], total: Change, places: u32) -> Vec<Decimal> {
    let mut rounded: Vec<Decimal> = parts.iter().map(|p| p.rounded(places)).collect();
    let unit = Decimal::new(1, places);
    let sum = decimal::sum(rounded.iter().copied()).unwrap_or_default();
    let mut left = decimal::sub(total.rounded(places), sum).unwrap_or_default();
    let step = if left.is_sign_negative() { -unit } else { unit };
    // How far rounding moved each part, seen two places finer.
    let finer: Vec<Decimal> = parts.iter().map(|p| p.rounded(places + 2)).collect();
    let mut order: Vec<usize> = (0..parts.len()).filter(|&i| !finer[i].is_zero()).collect();
    order.sort_by_key(
        |&i| if left.is_sign_negative() { finer[i] - rounded[i] } else { rounded[i] - finer[i] },
    );
    for &i in order.iter().cycle().take(parts.len() * 2) {
        if left.is_zero() {
            break;
        }
        rounded[i] += step;
        left -= step;
    }
    rounded
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::decimal::parse;

    fn d(text: &str) -> Decimal {
        parse(text).unwrap()
    }

    fn ratio(a: u128, b: u128) -> Points {
        Points::ratio(a, b, COUNTS).unwrap()
    }

    proptest::proptest! {
        #[test]
        fn tenths_are_what_rounding_gives(den in 1i128..1 << 120, part in 0i128..=1_000_000, cut in 0u32..120) {
            let den = (den >> cut).max(1);
            let points = Points { num: den / 10_000 * part + den % 10_000 * part / 10_000, den };
            proptest::prop_assume!(points.num <= 100 * den);
            proptest::prop_assert_eq!(Decimal::new(points.tenths().into(), 1), points.rounded(1));
            for num in [0, den, 50 * den, 100 * den - 1, 100 * den, den / 20, den / 20 + 1, 3 * den / 4] {
                let points = Points { num, den };
                proptest::prop_assert_eq!(Decimal::new(points.tenths().into(), 1), points.rounded(1));
            }
        }

        #[test]
        fn the_short_way_of_comparing_gives_what_the_long_one_gives(
            a in 0i128..1 << 124, b in 0i128..1 << 124, p in 1i128..1 << 117, q in 1i128..1 << 117, cut in 0u32..124,
        ) {
            let (x, y) = (Points { num: a >> cut, den: (p >> cut).max(1) }, Points { num: b >> cut, den: (q >> cut).max(1) });
            let long = I256::from(x.num) * I256::from(y.den);
            proptest::prop_assert_eq!(x.cmp(&y), long.cmp(&(I256::from(y.num) * I256::from(x.den))));
        }

        #[test]
        fn the_short_way_of_rounding_gives_what_the_long_one_gives(
            num in proptest::num::i128::ANY, shift in 0u32..120, den in 1i128..i128::MAX, cut in 0u32..120, places in 0u32..13,
        ) {
            let (num, den) = (I256::from(num >> shift), I256::from((den >> cut).max(1)));
            if let Some(short) = round_small(num, den, places) {
                proptest::prop_assert_eq!(short, round_digits(num, den, places));
            }
        }
    }

    #[test]
    fn a_ratio_is_at_most_a_hundred_and_none_without_a_base() {
        assert_eq!(ratio(1, 3).rounded(1), d("33.3"));
        assert_eq!(ratio(2, 3).rounded(1), d("66.7"));
        assert_eq!(ratio(7, 3), Points::whole(100));
        assert_eq!(ratio(0, 3), Points::whole(0));
        assert!(Points::ratio(1, 0, COUNTS).is_none());
    }

    #[test]
    fn halves_round_up_and_away_from_zero() {
        assert_eq!(ratio(1, 16).rounded(1), d("6.3"), "6.25");
        let down = ratio(1, 16).since(ratio(1, 8));
        assert_eq!(down.rounded(1), d("-6.3"), "-6.25");
        assert!(down.is_fall() && !Change::ZERO.is_fall());
    }

    #[test]
    fn huge_counts_are_rounded_to_ten_places_and_nothing_overflows() {
        let huge = Points::ratio(u64::MAX.into(), 3 * u128::from(u64::MAX) - 1, COUNTS).unwrap();
        assert_eq!(huge.rounded(6), d("33.333333"));
        let most = Points::ratio(u128::MAX / 3, u128::MAX - 2, COUNTS).unwrap();
        assert_eq!(most.rounded(6), d("33.333333"));
        let fine = Points { num: 100 * ((1 << 34) - 1), den: 1 << 34 };
        let full = Points { num: 100 * ((1 << 28) - 1), den: 1 << 28 };
        let few = Points { num: 100 * 4095, den: 4096 };
        let mean =
            Points::mean([fine, few, full, Points::whole(50), fine].map(|p| (MAX_WEIGHT, p)).into_iter());
        let low =
            Points::mean([fine, full, few, Points::whole(0), fine].map(|p| (MAX_WEIGHT, p)).into_iter());
        assert_eq!(mean.unwrap().rounded(1), d("90.0"));
        assert!(low.unwrap().since(mean.unwrap()).falls_by(d("9.9")));
    }

    #[test]
    fn exactly_twenty_is_twenty_though_no_part_of_it_ends() {
        // 25/85 of (100/3 + 104/3) = 25/85 × 68 = 20.
        let then =
            Points::mean([(25, ratio(2, 3)), (25, ratio(196, 300)), (35, Points::whole(9))].into_iter());
        let now = Points::mean([(25, ratio(1, 3)), (25, ratio(92, 300)), (35, Points::whole(9))].into_iter());
        let fall = now.unwrap().since(then.unwrap());
        assert!(fall.falls_by(d("20")) && !fall.falls_by(d("20.000000001")));
        assert_eq!(fall.compare(d("-20")), Ordering::Equal);
        assert_eq!(now.unwrap().compare(then.unwrap().rounded(12)), Ordering::Less);
    }

    #[test]
    fn apportioned_parts_add_up_to_the_rounded_total() {
        let parts: Vec<Change> = [(1, 3), (1, 3), (1, 7)]
            .map(|(a, b)| ratio(a, b).since(Points::whole(100)).weighted(25, 85))
            .into();
        let then = Points::mean([(25, Points::whole(100)); 3].into_iter().chain([(10, Points::whole(7))]));
        let now = Points::mean(
            [(25, ratio(1, 3)), (25, ratio(1, 3)), (25, ratio(1, 7)), (10, Points::whole(7))].into_iter(),
        );
        let total = now.unwrap().since(then.unwrap());
        for places in [0, 1, 9] {
            let shown = apportion(&parts, total, places);
            assert_eq!(shown.iter().copied().sum::<Decimal>(), total.rounded(places), "{places} places");
        }
    }
}
