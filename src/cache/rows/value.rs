//! What a cell holds, as far as its text tells, without making the text.

use crate::model::{decimal::Decimal, time::Stamp};
use chrono::{Datelike as _, NaiveDateTime, Timelike as _};
use std::ops::Deref;

/// What a cell of a block holds; its canonical text can always be had.
#[derive(Clone, Copy, Debug)]
pub enum Value<'b> {
    /// Nothing.
    Empty,
    /// A text.
    Text(&'b str),
    /// One of the few different texts that the column has in this block.
    Word(&'b Word<'b>),
    /// A text that ends in a number, as most ids do: its form and the number.
    Numbered(&'b Numbered<'b>, u64),
    /// A number, where the text is a number's shortest.
    Number(Number),
    /// A day or a moment of whole seconds, where the text is its canonical one.
    Time(Stamp),
}

/// One of the few different texts that a column has in a block.
#[derive(Clone, Copy, Debug)]
pub struct Word<'b> {
    /// Its number among them.
    pub code: u8,
    /// The text.
    pub text: &'b str,
    /// What the text says beside itself.
    meaning: Option<Meaning>,
}

impl<'b> Word<'b> {
    pub(super) fn new(code: u8, text: &'b str) -> Word<'b> {
        Word { code, text, meaning: Meaning::of(text) }
    }
}

/// A value that a text is the canonical text of.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Meaning {
    Number(Number),
    Time(Stamp),
}

impl Meaning {
    pub(super) fn of(text: &str) -> Option<Meaning> {
        // A number has no `-` but at its front, a moment has two further on.
        match text.as_bytes() {
            [_, _, _, _, b'-', ..] => moment(text).map(Meaning::Time),
            _ => Number::of(text).map(Meaning::Number),
        }
    }
}

/// A stamp that has no fraction of a second and whose canonical text this is.
fn moment(text: &str) -> Option<Stamp> {
    let stamp = matches!(text.len(), 10 | 19 | 20).then(|| Stamp::parse(text).ok())??;
    (*Spelled::time(stamp) == *text).then_some(stamp)
}

/// A decimal number: `mantissa` × 10^−`places`, with no more places than it needs.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Number {
    mantissa: i64,
    places: u8,
}

/// Digits of a number that is kept as one; all fit 64 bits.
const DIGITS: usize = 18;

impl Number {
    /// The number of which this is the shortest text, up to 18 digits.
    pub(super) fn of(text: &str) -> Option<Number> {
        let digits = text.strip_prefix('-').unwrap_or(text).as_bytes();
        if digits.is_empty() || digits.len() > DIGITS + 1 || !digits[0].is_ascii_digit() {
            return None;
        }
        let (mut mantissa, mut point) = (0i64, None);
        for (at, &c) in digits.iter().enumerate() {
            match c {
                // Beyond 18 digits it does not count.
                b'0'..=b'9' => mantissa = mantissa.wrapping_mul(10).wrapping_add((c - b'0').into()),
                b'.' if point.is_none() => point = Some(at),
                _ => return None,
            }
        }
        let whole = point.unwrap_or(digits.len());
        let places = digits.len() - whole - usize::from(point.is_some());
        let plain = (whole == 1 || digits[0] != b'0')
            && (point.is_none() || !matches!(digits.last(), Some(b'0' | b'.')))
            && whole + places <= DIGITS;
        let negative = digits.len() < text.len();
        if !plain || negative && mantissa == 0 {
            return None;
        }
        Some(Number { mantissa: if negative { -mantissa } else { mantissa }, places: places as u8 })
    }

    /// `scaled` × 10^−`places`.
    #[inline]
    pub(super) fn new(scaled: i64, places: u8) -> Number {
        let (mut mantissa, mut places) = (scaled, places);
        while places > 0 && mantissa % 10 == 0 {
            mantissa /= 10;
            places -= 1;
        }
        Number { mantissa, places }
    }

    /// The mantissa with so many places.
    pub(super) fn scaled(self, places: u8) -> Option<i64> {
        let more = places.checked_sub(self.places)?;
        self.mantissa.checked_mul(10i64.checked_pow(more.into())?)
    }

    /// Digits behind the point.
    pub(super) fn places(self) -> u8 {
        self.places
    }

    /// The number, where it is a whole one.
    #[inline]
    pub fn whole(self) -> Option<i64> {
        (self.places == 0).then_some(self.mantissa)
    }

    /// The number.
    pub fn decimal(self) -> Decimal {
        Decimal::new(self.mantissa, self.places.into())
    }
}

/// The form of texts that end in a number.
#[derive(Clone, Copy, Debug)]
pub struct Numbered<'b> {
    pub(super) before: &'b str,
    /// Zeros fill the number up to so many digits; 0: it has none in front.
    pub(super) digits: u8,
}

impl Numbered<'_> {
    /// Whether a text is that of a number.
    fn is(&self, n: u64, text: &str) -> bool {
        let Some(digits) = text.strip_prefix(self.before) else { return false };
        let filled = match self.digits {
            0 => digits.len() == 1 || !digits.starts_with('0'),
            filled => digits.len() == usize::from(filled),
        };
        let add =
            |sum: u64, c: u8| Some(sum.checked_mul(10)? + u64::from(c.is_ascii_digit().then(|| c - b'0')?));
        filled && !digits.is_empty() && digits.bytes().try_fold(0u64, add) == Some(n)
    }
}

/// Bytes before the number, at most.
pub(super) const BEFORE: usize = 28;

impl<'b> Value<'b> {
    /// Its canonical text; `None` of an empty cell.
    #[inline]
    pub fn text(self) -> Option<Spelled<'b>> {
        match self {
            Value::Empty => None,
            Value::Text(text) => Some(Spelled(Letters::There(text))),
            Value::Word(word) => Some(Spelled(Letters::There(word.text))),
            Value::Numbered(form, n) => Some(Spelled::numbered(form, n)),
            Value::Number(number) => Some(Spelled::number(number)),
            Value::Time(stamp) => Some(Spelled::time(stamp)),
        }
    }

    /// Whether its canonical text is this one.
    #[inline]
    pub fn is(self, text: &str) -> bool {
        match self {
            Value::Empty => false,
            Value::Text(own) => own == text,
            Value::Word(word) => word.text == text,
            Value::Numbered(form, n) => form.is(n, text),
            Value::Number(_) | Value::Time(_) => self.text().is_some_and(|own| *own == *text),
        }
    }

    /// Whether the cell is empty.
    #[inline]
    pub fn is_empty(self) -> bool {
        matches!(self, Value::Empty)
    }

    /// The number that it is; `None` does not say that it is none.
    #[inline]
    pub fn number(self) -> Option<Number> {
        match self {
            Value::Number(number) => Some(number),
            Value::Word(Word { meaning: Some(Meaning::Number(number)), .. }) => Some(*number),
            _ => None,
        }
    }

    /// The stamp that it is; `None` does not say that it is none.
    #[inline]
    pub fn time(self) -> Option<Stamp> {
        match self {
            Value::Time(stamp) => Some(stamp),
            Value::Word(Word { meaning: Some(Meaning::Time(stamp)), .. }) => Some(*stamp),
            _ => None,
        }
    }
}

impl<'b> From<Option<&'b str>> for Value<'b> {
    fn from(text: Option<&'b str>) -> Value<'b> {
        text.map_or(Value::Empty, Value::Text)
    }
}

/// A cell's canonical text: as it is stored, or made in place.
#[derive(Clone, Copy, Debug)]
pub struct Spelled<'b>(Letters<'b>);

#[derive(Clone, Copy, Debug)]
enum Letters<'b> {
    There(&'b str),
    Made { bytes: [u8; Spelled::MOST], length: u8 },
}

impl Deref for Spelled<'_> {
    type Target = str;

    #[inline]
    fn deref(&self) -> &str {
        match &self.0 {
            Letters::There(text) => text,
            Letters::Made { bytes, length } => {
                std::str::from_utf8(&bytes[..usize::from(*length)]).unwrap_or_default()
            }
        }
    }
}

impl<'b> Spelled<'b> {
    /// Room for the longest: what stands before a number, and 20 digits.
    const MOST: usize = BEFORE + 20;

    /// The text as it is stored; `None` where it was made.
    pub fn stored(&self) -> Option<&'b str> {
        match self.0 {
            Letters::There(text) => Some(text),
            Letters::Made { .. } => None,
        }
    }

    fn numbered(form: &Numbered<'_>, n: u64) -> Spelled<'static> {
        let mut text = Letterer::new();
        text.put(form.before.as_bytes());
        text.put_digits(n, form.digits.into());
        text.done()
    }

    fn number(number: Number) -> Spelled<'static> {
        let mut text = Letterer::new();
        if number.mantissa < 0 {
            text.put(b"-");
        }
        let unit = 10u64.pow(number.places.into());
        let digits = number.mantissa.unsigned_abs();
        text.put_digits(digits / unit, 0);
        if number.places > 0 {
            text.put(b".");
            text.put_digits(digits % unit, number.places.into());
        }
        text.done()
    }

    /// A stamp without fractions of a second.
    fn time(stamp: Stamp) -> Spelled<'static> {
        let mut text = Letterer::new();
        text.put_day(stamp.naive());
        match stamp {
            Stamp::Date(_) => {}
            Stamp::Civil(t) => text.put_clock(t),
            Stamp::Instant(t) => {
                text.put_clock(t.naive_utc());
                text.put(b"Z");
            }
        }
        text.done()
    }
}

/// Writes a text in place.
struct Letterer {
    bytes: [u8; Spelled::MOST],
    length: usize,
}

impl Letterer {
    fn new() -> Letterer {
        Letterer { bytes: [0; Spelled::MOST], length: 0 }
    }

    fn put(&mut self, text: &[u8]) {
        let end = self.length + text.len();
        if let Some(room) = self.bytes.get_mut(self.length..end) {
            room.copy_from_slice(text);
            self.length = end;
        }
    }

    /// A number, with zeros in front up to `least` digits.
    fn put_digits(&mut self, mut n: u64, least: usize) {
        let mut digits = [b'0'; 20];
        let mut from = digits.len();
        while n > 0 || from == digits.len() {
            from -= 1;
            digits[from] = b'0' + (n % 10) as u8;
            n /= 10;
        }
        self.put(&digits[from.min(digits.len().saturating_sub(least))..]);
    }

    fn put_day(&mut self, t: NaiveDateTime) {
        self.put_digits(u64::from(t.year().unsigned_abs()), 4);
        for part in [t.month(), t.day()] {
            self.put(b"-");
            self.put_digits(part.into(), 2);
        }
    }

    fn put_clock(&mut self, t: NaiveDateTime) {
        for (mark, part) in [(b"T", t.hour()), (b":", t.minute()), (b":", t.second())] {
            self.put(mark);
            self.put_digits(part.into(), 2);
        }
    }

    fn done(self) -> Spelled<'static> {
        Spelled(Letters::Made { bytes: self.bytes, length: self.length as u8 })
    }
}
