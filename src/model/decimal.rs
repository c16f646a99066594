//! Exact decimals.
//!
//! Values are [`Decimal`] (96-bit mantissa, at most 28 places). Products and quotients of two of them may need
//! more: [`Exact`] carries 256 bits, so that nothing is rounded before the one rounding that a rule asks for.

use ethnum::I256;
pub use rust_decimal::Decimal;
use thiserror::Error;

/// Why a text is no decimal.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
pub enum NotDecimal {
    /// Nothing there.
    #[error("is empty")]
    Empty,
    /// `1e3`.
    #[error("uses an exponent; write it out in full")]
    Exponent,
    /// `1,000` or `1.234,56`.
    #[error("has a thousands separator or a decimal comma; write 1234.56")]
    Comma,
    /// `(100)`.
    #[error("is in brackets; write a negative number with a minus sign")]
    Brackets,
    /// Over 28 digits.
    #[error("has more than 28 digits")]
    TooLong,
    /// Anything else.
    #[error("is not a decimal number")]
    Other,
}

/// Reads a decimal: an optional sign, digits, and optionally a point and digits. No exponent, no separators.
pub fn parse(text: &str) -> Result<Decimal, NotDecimal> {
    let bytes = text.as_bytes();
    let (negative, digits) = match bytes.first() {
        None => return Err(NotDecimal::Empty),
        Some(b'-') => (true, &bytes[1..]),
        Some(b'+') => (false, &bytes[1..]),
        Some(_) => (false, bytes),
    };
    let mut mantissa: i128 = 0;
    let mut scale = 0u32;
    let mut seen_point = false;
    let mut seen_digit = false;
    for &b in digits {
        match b {
            b'0'..=b'9' => {
                seen_digit = true;
                mantissa = mantissa
                    .checked_mul(10)
                    .and_then(|m| m.checked_add(i128::from(b - b'0')))
                    .ok_or(NotDecimal::TooLong)?;
                scale += u32::from(seen_point);
            }
            b'.' if !seen_point => seen_point = true,
            _ => return Err(complain(text)),
        }
    }
    if !seen_digit {
        return Err(complain(text));
    }
    while scale > 0 && mantissa % 10 == 0 && (scale > 28 || mantissa >= 1 << 96) {
        mantissa /= 10;
        scale -= 1;
    }
    let value = Decimal::try_from_i128_with_scale(mantissa, scale).map_err(|_| NotDecimal::TooLong)?;
    Ok(if negative { -value } else { value })
}

/// Reads a JSON number, exponent included.
pub fn parse_json_number(text: &str) -> Result<Decimal, NotDecimal> {
    let Some(at) = text.find(['e', 'E']) else { return parse(text) };
    let exponent: i32 = text[at + 1..].parse().map_err(|_| NotDecimal::Other)?;
    let base = parse(&text[..at])?.normalize();
    if base.is_zero() {
        return Ok(base);
    }
    let scale = i32::try_from(base.scale()).map_err(|_| NotDecimal::TooLong)?.saturating_sub(exponent);
    if scale >= 0 {
        let scale = u32::try_from(scale).map_err(|_| NotDecimal::TooLong)?;
        Decimal::try_from_i128_with_scale(base.mantissa(), scale).map_err(|_| NotDecimal::TooLong)
    } else {
        let factor = 10i128.checked_pow(scale.unsigned_abs()).ok_or(NotDecimal::TooLong)?;
        let mantissa = base.mantissa().checked_mul(factor).ok_or(NotDecimal::TooLong)?;
        Decimal::try_from_i128_with_scale(mantissa, 0).map_err(|_| NotDecimal::TooLong)
    }
}

fn complain(text: &str) -> NotDecimal {
    let t = text.trim();
    let numeric = |extra: &[char]| t.chars().all(|c| c.is_ascii_digit() || extra.contains(&c));
    if t.starts_with('(') && t.ends_with(')') {
        NotDecimal::Brackets
    } else if t.contains(['e', 'E']) && numeric(&['e', 'E', '+', '-', '.']) {
        NotDecimal::Exponent
    } else if t.contains([',', '\'', '\u{a0}', ' ']) && numeric(&['.', ',', '-', '+', '\'', '\u{a0}', ' ']) {
        NotDecimal::Comma
    } else if t.is_empty() {
        NotDecimal::Empty
    } else {
        NotDecimal::Other
    }
}

/// The shortest exact text: no trailing zeros, no exponent, no `-0`.
pub fn shortest(value: Decimal) -> String {
    let value = value.normalize();
    if value.is_zero() { "0".to_owned() } else { value.to_string() }
}

/// The sum with every digit; `None` where a [`Decimal`] cannot hold them all ([`Decimal`]'s own sum would round).
pub fn add(a: Decimal, b: Decimal) -> Option<Decimal> {
    let scale = a.scale().max(b.scale());
    let at_scale = |d: Decimal| d.mantissa().checked_mul(10i128.checked_pow(scale - d.scale())?);
    let narrow = || Decimal::try_from_i128_with_scale(at_scale(a)?.checked_add(at_scale(b)?)?, scale).ok();
    narrow().or_else(|| Exact::from(a).add(b.into()).ok()?.to_decimal().ok())
}

/// The difference with every digit; `None` where a [`Decimal`] cannot hold them all.
pub fn sub(a: Decimal, b: Decimal) -> Option<Decimal> {
    add(a, -b)
}

/// The product with every digit; `None` where a [`Decimal`] cannot hold them all.
pub fn mul(a: Decimal, b: Decimal) -> Option<Decimal> {
    Exact::from(a).mul(b.into()).ok()?.to_decimal().ok()
}

/// The sum of many with every digit; `None` where a [`Decimal`] cannot hold them all.
pub fn sum(list: impl IntoIterator<Item = Decimal>) -> Option<Decimal> {
    let mut list = list.into_iter();
    let total = list.try_fold(Exact::ZERO, |sum, d| sum.add(d.into())).ok()?;
    total.to_decimal().ok()
}

/// A result was too large even for 256 bits, or does not fit a [`Decimal`].
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
#[error("a figure is too large to be computed exactly")]
pub struct TooLarge;

/// An exact decimal of up to 76 digits, for what lies between input and rounding.
#[derive(Clone, Copy, Debug)]
pub struct Exact {
    mantissa: I256,
    scale: u32,
}

#[allow(clippy::should_implement_trait, reason = "the operators cannot fail; these can")]
impl Exact {
    /// Zero.
    pub const ZERO: Exact = Exact { mantissa: I256::ZERO, scale: 0 };

    fn pow10(n: u32) -> Result<I256, TooLarge> {
        I256::new(10).checked_pow(n).ok_or(TooLarge)
    }

    fn at_scale(self, scale: u32) -> Result<I256, TooLarge> {
        self.mantissa.checked_mul(Self::pow10(scale - self.scale)?).ok_or(TooLarge)
    }

    /// The sum.
    pub fn add(self, other: Exact) -> Result<Exact, TooLarge> {
        let scale = self.scale.max(other.scale);
        let mantissa = self.at_scale(scale)?.checked_add(other.at_scale(scale)?).ok_or(TooLarge)?;
        Ok(Exact { mantissa, scale })
    }

    /// The difference.
    pub fn sub(self, other: Exact) -> Result<Exact, TooLarge> {
        self.add(Exact { mantissa: -other.mantissa, scale: other.scale })
    }

    /// The product.
    pub fn mul(self, other: Exact) -> Result<Exact, TooLarge> {
        let mantissa = self.mantissa.checked_mul(other.mantissa).ok_or(TooLarge)?;
        Ok(Exact { mantissa, scale: self.scale + other.scale })
    }

    /// Whether it is below zero.
    pub fn is_negative(self) -> bool {
        self.mantissa < I256::ZERO
    }

    /// Whether it is zero.
    pub fn is_zero(self) -> bool {
        self.mantissa == I256::ZERO
    }

    /// The quotient rounded half-up (away from zero) to `places`; `None` where `other` is zero.
    pub fn div_round(self, other: Exact, places: u32) -> Result<Option<Decimal>, TooLarge> {
        if other.is_zero() {
            return Ok(None);
        }
        // self / other = (m1 / 10^s1) / (m2 / 10^s2); times 10^places, as one integer division.
        let up = places + other.scale;
        let (num, den) = if up >= self.scale {
            (self.mantissa.checked_mul(Self::pow10(up - self.scale)?).ok_or(TooLarge)?, other.mantissa)
        } else {
            let down = Self::pow10(self.scale - up)?;
            (self.mantissa, other.mantissa.checked_mul(down).ok_or(TooLarge)?)
        };
        let quotient = round_div(num, den)?;
        decimal(quotient, places).map(Some)
    }

    /// Rounded half-up (away from zero) to `places`.
    pub fn round(self, places: u32) -> Result<Decimal, TooLarge> {
        if self.scale <= places {
            return self.to_decimal();
        }
        let quotient = round_div(self.mantissa, Self::pow10(self.scale - places)?)?;
        decimal(quotient, places)
    }

    /// The least whole number that is not below it.
    pub fn ceil(self) -> Result<Exact, TooLarge> {
        let unit = Self::pow10(self.scale)?;
        let whole = self.mantissa / unit;
        let more = self.mantissa % unit > I256::ZERO;
        Ok(Exact { mantissa: if more { whole + I256::ONE } else { whole }, scale: 0 })
    }

    /// `ceil(self / other)` for a positive `other`; `None` where it is not positive.
    pub fn ceil_div(self, other: Exact) -> Result<Option<Exact>, TooLarge> {
        if other.is_zero() || other.is_negative() {
            return Ok(None);
        }
        let scale = self.scale.max(other.scale);
        let (num, den) = (self.at_scale(scale)?, other.at_scale(scale)?);
        let whole = num / den;
        let more = num % den > I256::ZERO;
        Ok(Some(Exact { mantissa: if more { whole + I256::ONE } else { whole }, scale: 0 }))
    }

    /// As a [`Decimal`], every digit kept; an error where it does not fit one.
    pub fn to_decimal(self) -> Result<Decimal, TooLarge> {
        let (mut mantissa, mut scale) = (self.mantissa, self.scale);
        let ten = I256::new(10);
        while scale > 0 && mantissa % ten == I256::ZERO {
            mantissa /= ten;
            scale -= 1;
        }
        decimal(mantissa, scale)
    }
}

fn round_div(num: I256, den: I256) -> Result<I256, TooLarge> {
    let quotient = num / den;
    let rest = num % den;
    let twice = rest.checked_abs().and_then(|r| r.checked_mul(I256::new(2))).ok_or(TooLarge)?;
    if twice >= den.checked_abs().ok_or(TooLarge)? {
        let away = if (num < I256::ZERO) == (den < I256::ZERO) { I256::ONE } else { -I256::ONE };
        return Ok(quotient + away);
    }
    Ok(quotient)
}

fn decimal(mantissa: I256, scale: u32) -> Result<Decimal, TooLarge> {
    let small = i128::try_from(mantissa).map_err(|_| TooLarge)?;
    Decimal::try_from_i128_with_scale(small, scale).map_err(|_| TooLarge)
}

impl From<Decimal> for Exact {
    fn from(value: Decimal) -> Self {
        Exact { mantissa: I256::new(value.mantissa()), scale: value.scale() }
    }
}

impl PartialEq for Exact {
    fn eq(&self, other: &Self) -> bool {
        self.cmp(other).is_eq()
    }
}
impl Eq for Exact {}
impl PartialOrd for Exact {
    fn partial_cmp(&self, other: &Self) -> Option<std::cmp::Ordering> {
        Some(self.cmp(other))
    }
}
impl Ord for Exact {
    fn cmp(&self, other: &Self) -> std::cmp::Ordering {
        let scale = self.scale.max(other.scale);
        match (self.at_scale(scale), other.at_scale(scale)) {
            (Ok(a), Ok(b)) => a.cmp(&b),
            // A mantissa that overflows when it is scaled up belongs to the number of larger magnitude.
            (Err(_), _) => self.mantissa.cmp(&I256::ZERO),
            (_, Err(_)) => I256::ZERO.cmp(&other.mantissa),
        }
    }
}

/// `delta / expected × 100`, rounded half-up to 2 places; `None` where `expected` is 0 or the figures are too
/// large to say.
pub fn percent(delta: Decimal, expected: Decimal) -> Option<Decimal> {
    let hundred = Exact::from(Decimal::ONE_HUNDRED);
    Exact::from(delta).mul(hundred).ok()?.div_round(Exact::from(expected), 2).ok()?
}

/// Whether `|delta|` is more than `share` per cent of `|base|`; any difference is more than a share of nothing.
pub fn exceeds(delta: Decimal, base: Decimal, share: Decimal) -> bool {
    let left = Exact::from(delta.abs()).mul(Exact::from(Decimal::ONE_HUNDRED));
    let right = Exact::from(base.abs()).mul(Exact::from(share));
    match (left, right) {
        (Ok(l), Ok(r)) => l > r,
        _ => delta.abs() > base.abs(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn d(text: &str) -> Decimal {
        parse(text).unwrap()
    }

    #[test]
    fn plain_decimals_are_read_exactly() {
        assert_eq!(d("0.000000000000000001").to_string(), "0.000000000000000001");
        assert_eq!(shortest(d("1400000.000")), "1400000");
        assert_eq!(shortest(d("-0.00")), "0");
        assert_eq!(shortest(d("+.5")), "0.5");
        assert_eq!(shortest(d("12345678.123456789012345678")), "12345678.123456789012345678");
    }

    #[test]
    fn other_notations_are_refused_with_their_name() {
        assert_eq!(parse("1e3"), Err(NotDecimal::Exponent));
        assert_eq!(parse("1.234,56"), Err(NotDecimal::Comma));
        assert_eq!(parse("1,000"), Err(NotDecimal::Comma));
        assert_eq!(parse("(100)"), Err(NotDecimal::Brackets));
        assert_eq!(parse(""), Err(NotDecimal::Empty));
        assert_eq!(parse("-"), Err(NotDecimal::Other));
        assert_eq!(parse("NaN"), Err(NotDecimal::Other));
        assert_eq!(parse("1.2.3"), Err(NotDecimal::Other));
        assert_eq!(parse("123456789012345678901234567890"), Err(NotDecimal::TooLong));
    }

    #[test]
    fn json_exponents_are_exact() {
        assert_eq!(shortest(parse_json_number("1e3").unwrap()), "1000");
        assert_eq!(shortest(parse_json_number("12.5E-1").unwrap()), "1.25");
        assert!(parse_json_number("1e400").is_err());
        assert!(parse_json_number("1e-400").is_err());
    }

    #[test]
    fn halves_round_away_from_zero() {
        let e = |t: &str| Exact::from(d(t));
        assert_eq!(e("2.345").round(2).unwrap(), d("2.35"));
        assert_eq!(e("-2.345").round(2).unwrap(), d("-2.35"));
        assert_eq!(e("2.3449999999999").round(2).unwrap(), d("2.34"));
        assert_eq!(percent(d("200000"), d("1200000")).unwrap().to_string(), "16.67");
        assert_eq!(percent(d("-1"), d("3")).unwrap().to_string(), "-33.33");
        assert_eq!(percent(d("1"), d("0")), None);
    }

    #[test]
    fn sums_keep_every_digit_or_are_refused() {
        let (large, small) = (d("100000000000"), d("0.000000000000000001"));
        assert_eq!(add(large, small), None);
        assert_eq!(sub(large, small), None);
        assert_eq!(add(d("9999999999"), small), Some(d("9999999999.000000000000000001")));
        assert_eq!(sum([large, small, -large]), Some(small));
        assert_eq!(mul(d("1000000000.5"), d("3")), Some(d("3000000001.5")));
        assert_eq!(
            mul(d("79228162514264337593543950335"), d("0.1")),
            Some(d("7922816251426433759354395033.5"))
        );
    }

    #[test]
    fn exactly_the_share_does_not_exceed_it() {
        assert!(!exceeds(d("5"), d("100"), d("5")));
        assert!(exceeds(d("5.000000000000000001"), d("100"), d("5")));
        assert!(exceeds(d("1"), d("0"), d("5")));
        assert!(!exceeds(d("0"), d("0"), d("5")));
    }

    proptest! {
        #[test]
        fn texts_come_back(m in -(1i128 << 95)..(1i128 << 95), s in 0u32..=28) {
            let value = Decimal::from_i128_with_scale(m, s);
            prop_assert_eq!(parse(&value.to_string()).unwrap(), value);
        }

        #[test]
        fn products_of_any_two_decimals_are_exact(a in any::<i64>(), b in any::<i64>(), s in 0u32..=18, t in 0u32..=18) {
            let (x, y) = (Decimal::from_i128_with_scale(a.into(), s), Decimal::from_i128_with_scale(b.into(), t));
            let product = Exact::from(x).mul(y.into()).unwrap();
            prop_assert_eq!(product.mantissa, I256::new(a.into()) * I256::new(b.into()));
            if b != 0 {
                prop_assert_eq!(product.div_round(y.into(), s).unwrap().unwrap(), x);
            }
        }

        #[test]
        fn order_agrees_with_subtraction(a in any::<i64>(), b in any::<i64>(), s in 0u32..=18, t in 0u32..=18) {
            let x = Exact::from(Decimal::from_i128_with_scale(a.into(), s));
            let y = Exact::from(Decimal::from_i128_with_scale(b.into(), t));
            prop_assert_eq!(x < y, x.sub(y).unwrap().is_negative());
        }
    }
}
