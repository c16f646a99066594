//! A cell becomes its canonical text, or the reason why it cannot.
//!
//! Canonical text is what the cache keeps: the same value always has the same bytes, so that rows can be
//! compared and hashed. Nothing is allocated where the cell is canonical already.

use crate::model::{
    datasets::{Column, Dataset, Type, fold_name, nearest},
    decimal::{self, NotDecimal},
    money,
    time::{Stamp, zone},
};
use chrono::{Datelike, Timelike};
use serde_json::Value;
use std::{borrow::Cow, fmt};

/// Why a value cannot be used: a clause that follows 'the value', with the remedy where there is one.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Reason(Cow<'static, str>);

impl Reason {
    /// From a fixed clause.
    pub const fn fixed(clause: &'static str) -> Reason {
        Reason(Cow::Borrowed(clause))
    }

    /// From a clause made for the case. It must not repeat the value: that stands beside it, masked where needed.
    pub fn new(clause: String) -> Reason {
        Reason(Cow::Owned(clause))
    }

    /// The clause.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for Reason {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// The reason of a required column without a value.
pub const REQUIRED: Reason = Reason::fixed("is required");

type Checked<'a> = Result<Option<Cow<'a, str>>, Reason>;

/// The canonical text of a cell. Blanks around it do not count; an empty cell is `None`, an absent value, and
/// refused where the column requires one.
///
/// Decimals are shortest exact text, bools `true`/`false`, times [`Stamp`]'s text, enum words and currencies in
/// their one spelling, lists JSON arrays of texts.
pub fn check<'a>(column: &Column, raw: &'a str) -> Checked<'a> {
    let raw = raw.trim_ascii();
    if raw.is_empty() {
        return if column.required { Err(REQUIRED) } else { Ok(None) };
    }
    Ok(Some(match column.ty {
        Type::Text => text(raw)?,
        Type::Int => int(raw)?,
        Type::Decimal | Type::Money => number(raw)?,
        Type::Time => time(raw)?,
        Type::Date => date(raw)?,
        Type::Bool => Cow::Borrowed(truth(raw)?),
        Type::List => match list(raw)? {
            Some(items) => items,
            None if column.required => return Err(REQUIRED),
            None => return Ok(None),
        },
        Type::Enum(words) => Cow::Borrowed(word(raw, words)?),
        Type::Currency => currency(raw)?,
        Type::Zone => zone_name(raw)?,
    }))
}

/// The canonical text of a JSON value: as [`check`], and numbers may have an exponent, lists may be arrays.
pub fn check_json<'a>(column: &Column, value: &'a Value) -> Checked<'a> {
    match value {
        Value::Null if column.required => Err(REQUIRED),
        Value::Null => Ok(None),
        Value::Bool(true) => check(column, "true"),
        Value::Bool(false) => check(column, "false"),
        Value::String(s) => check(column, s),
        Value::Number(n) => check_json_number(column, n.as_str()),
        Value::Array(items) if column.ty == Type::List => {
            let mut texts = Vec::with_capacity(items.len());
            for item in items {
                texts.extend(item_text(item)?);
            }
            if texts.is_empty() && column.required {
                return Err(REQUIRED);
            }
            Ok(Some(Cow::Owned(array(&texts)?)))
        }
        Value::Array(_) => Err(Reason::fixed("is a list; one value is expected")),
        Value::Object(_) => {
            Err(Reason::fixed("is an object; one value is expected (a profile can say which part of it)"))
        }
    }
}

/// A JSON number's text for a column.
pub fn check_json_number<'a>(column: &Column, number: &'a str) -> Checked<'a> {
    let numeric = matches!(column.ty, Type::Int | Type::Decimal | Type::Money);
    if numeric && number.contains(['e', 'E']) {
        let value = decimal::parse_json_number(number).map_err(not_decimal)?;
        let plain = decimal::shortest(value);
        return match check(column, &plain)? {
            Some(_) => Ok(Some(Cow::Owned(plain))),
            None => Ok(None),
        };
    }
    check(column, number)
}

/// What a whole row must hold: its required columns, and one of each group of alternatives. `None`, or the
/// position of the column at fault and the reason.
pub fn lacking(dataset: &Dataset, values: &[Option<Cow<'_, str>>]) -> Option<(usize, Reason)> {
    let missing = |at: usize| values.get(at).is_none_or(Option::is_none);
    if let Some(at) = (0..dataset.columns.len()).find(|&at| dataset.columns[at].required && missing(at)) {
        return Some((at, REQUIRED));
    }
    dataset.one_of.iter().find_map(|group| {
        let first = dataset.position(group.first()?)?;
        let none = group.iter().all(|name| dataset.position(name).is_none_or(missing));
        none.then(|| (first, Reason::new(format!("is required (one of {})", group.join(", ")))))
    })
}

fn text(raw: &str) -> Result<Cow<'_, str>, Reason> {
    if memchr::memchr(0, raw.as_bytes()).is_some() {
        return Err(Reason::fixed("holds a NUL byte"));
    }
    Ok(Cow::Borrowed(raw))
}

fn not_decimal(e: NotDecimal) -> Reason {
    match e {
        NotDecimal::Other => Reason::fixed("is not a decimal number"),
        e => Reason::new(e.to_string()),
    }
}

fn number(raw: &str) -> Result<Cow<'_, str>, Reason> {
    if is_shortest(raw.as_bytes()) {
        return Ok(Cow::Borrowed(raw));
    }
    let value = decimal::parse(raw).map_err(not_decimal)?;
    Ok(Cow::Owned(decimal::shortest(value)))
}

/// Whether a text is a decimal's shortest text already (28 digits always fit).
fn is_shortest(b: &[u8]) -> bool {
    let digits = b.strip_prefix(b"-").unwrap_or(b);
    if digits.len() > 28 || digits == b"0" {
        return b == b"0";
    }
    let whole = digits.iter().take_while(|c| c.is_ascii_digit()).count();
    let leading = whole > 0 && (digits[0] != b'0' || whole == 1);
    match digits.get(whole) {
        None => leading && digits[0] != b'0',
        Some(b'.') => {
            let places = &digits[whole + 1..];
            leading && places.last().is_some_and(|c| *c != b'0') && places.iter().all(u8::is_ascii_digit)
        }
        Some(_) => false,
    }
}

fn int(raw: &str) -> Result<Cow<'_, str>, Reason> {
    const FAULT: Reason = Reason::fixed("is not a whole number");
    const LARGE: Reason = Reason::fixed("does not fit 64 bits");
    if raw.len() <= 18 && !raw.contains('.') && is_shortest(raw.as_bytes()) {
        return Ok(Cow::Borrowed(raw));
    }
    let value =
        decimal::parse(raw).map_err(|e| if e == NotDecimal::Other { FAULT } else { not_decimal(e) })?;
    // `12.0` is how spreadsheets and data frames write a whole number in a column with gaps.
    if !value.is_integer() {
        return Err(FAULT);
    }
    let whole = i64::try_from(value.normalize().mantissa()).map_err(|_| LARGE)?;
    Ok(Cow::Owned(whole.to_string()))
}

fn time(raw: &str) -> Result<Cow<'_, str>, Reason> {
    let stamp = Stamp::parse(raw).map_err(|e| {
        if raw.len() >= 9 && raw.bytes().all(|c| c.is_ascii_digit()) {
            Reason::fixed(
                "is a number; Unix time is read where a profile says so (time = \"unix_s\" or \"unix_ms\")",
            )
        } else {
            Reason::new(e.to_string())
        }
    })?;
    Ok(if is_stamp_text(raw.as_bytes()) { Cow::Borrowed(raw) } else { Cow::Owned(stamp_text(stamp)) })
}

/// Whether a text that is a stamp is written as [`Stamp`] prints it.
fn is_stamp_text(b: &[u8]) -> bool {
    if b.len() == 10 {
        return true;
    }
    if b.get(10) != Some(&b'T') || b.get(17..19) == Some(b"60") {
        return false;
    }
    let rest = b.get(19..).unwrap_or_default();
    let rest = rest.strip_suffix(b"Z").unwrap_or(rest);
    match rest {
        [] => true,
        [b'.', digits @ ..] => {
            (1..=9).contains(&digits.len())
                && digits.iter().all(u8::is_ascii_digit)
                && digits.last() != Some(&b'0')
        }
        _ => false,
    }
}

/// [`Stamp`]'s canonical text; much faster than its `Display`, as imports make tens of millions of them.
pub(crate) fn stamp_text(stamp: Stamp) -> String {
    let civil = match stamp {
        Stamp::Date(day) => return day.to_string(),
        Stamp::Civil(t) => t,
        Stamp::Instant(t) => t.naive_utc(),
    };
    let mut out = String::with_capacity(30);
    put(&mut out, civil.year().unsigned_abs(), 4);
    for (mark, n) in [
        ('-', civil.month()),
        ('-', civil.day()),
        ('T', civil.hour()),
        (':', civil.minute()),
        (':', civil.second()),
    ] {
        out.push(mark);
        put(&mut out, n, 2);
    }
    let nanos = civil.nanosecond() % 1_000_000_000;
    if nanos != 0 {
        let digits = format!("{nanos:09}");
        out.push('.');
        out.push_str(digits.trim_end_matches('0'));
    }
    if matches!(stamp, Stamp::Instant(_)) {
        out.push('Z');
    }
    out
}

fn put(out: &mut String, n: u32, width: u32) {
    for at in (0..width).rev() {
        out.push(char::from_digit(n / 10u32.pow(at) % 10, 10).unwrap_or('0'));
    }
}

fn date(raw: &str) -> Result<Cow<'_, str>, Reason> {
    match Stamp::parse(raw) {
        Ok(Stamp::Date(_)) => Ok(Cow::Borrowed(raw)),
        Ok(_) => Err(Reason::fixed("is a timestamp where a day is expected; write YYYY-MM-DD")),
        Err(crate::model::time::NotTime::Other) => Err(Reason::fixed("is no day; write YYYY-MM-DD")),
        Err(e) => Err(Reason::new(e.to_string())),
    }
}

fn truth(raw: &str) -> Result<&'static str, Reason> {
    let is = |words: [&str; 3]| words.iter().any(|w| raw.eq_ignore_ascii_case(w));
    if is(["true", "yes", "1"]) {
        Ok("true")
    } else if is(["false", "no", "0"]) {
        Ok("false")
    } else {
        Err(Reason::fixed("is none of true, false, yes, no, 1, 0"))
    }
}

/// The word of a list of words that a text means: without regard to case, spaces, `-` and `_`, and with
/// `cancelled` read as `canceled`.
pub fn word(raw: &str, words: &'static [&'static str]) -> Result<&'static str, Reason> {
    if let Some(same) = words.iter().find(|w| **w == raw) {
        return Ok(same);
    }
    let folded = fold_name(raw).replace("cancelled", "canceled");
    if let Some(same) = words.iter().find(|w| fold_name(w) == folded) {
        return Ok(same);
    }
    let mut clause = format!("is none of {}", words.join(", "));
    let near = if raw.len() < 40 { nearest(&folded, words.iter().copied()) } else { Vec::new() };
    if let Some(near) = near.first() {
        clause.push_str("; did you mean ");
        clause.push_str(near);
        clause.push('?');
    }
    Err(Reason::new(clause))
}

fn currency(raw: &str) -> Result<Cow<'_, str>, Reason> {
    let known = raw.len() == 3 && money::currency(raw).is_some();
    if !known {
        return Err(Reason::fixed("is no ISO 4217 currency code, such as USD"));
    }
    Ok(if raw.bytes().all(|c| c.is_ascii_uppercase()) {
        Cow::Borrowed(raw)
    } else {
        Cow::Owned(raw.to_ascii_uppercase())
    })
}

fn zone_name(raw: &str) -> Result<Cow<'_, str>, Reason> {
    if zone(raw).is_some() {
        return Ok(Cow::Borrowed(raw));
    }
    let names = || chrono_tz::TZ_VARIANTS.iter().map(|z| z.name());
    if let Some(same) = names().find(|n| n.eq_ignore_ascii_case(raw)) {
        return Ok(Cow::Borrowed(same));
    }
    let near = if raw.len() < 40 { nearest(raw, names()) } else { Vec::new() };
    Err(match near.first() {
        Some(near) => Reason::new(format!("is no IANA time zone; did you mean {near}?")),
        None => Reason::fixed("is no IANA time zone, such as Europe/Berlin"),
    })
}

/// `None` where no text is left: `;` alone is an empty cell, `[]` an empty list.
fn list(raw: &str) -> Result<Option<Cow<'_, str>>, Reason> {
    if !raw.starts_with('[') {
        let items: Vec<Cow<'_, str>> = raw.split(';').filter_map(trimmed).map(Cow::Borrowed).collect();
        return if items.is_empty() { Ok(None) } else { array(&items).map(Cow::Owned).map(Some) };
    }
    let items: Vec<Value> = serde_json::from_str(raw)
        .map_err(|_| Reason::fixed("begins with [ but is no JSON array; write [\"a\",\"b\"] or a;b"))?;
    let mut texts = Vec::with_capacity(items.len());
    for item in &items {
        texts.extend(item_text(item)?);
    }
    let made = array(&texts)?;
    Ok(Some(if made == raw { Cow::Borrowed(raw) } else { Cow::Owned(made) }))
}

fn trimmed(text: &str) -> Option<&str> {
    let text = text.trim_ascii();
    (!text.is_empty()).then_some(text)
}

fn item_text(item: &Value) -> Result<Option<Cow<'_, str>>, Reason> {
    Ok(match item {
        Value::Null => None,
        Value::Bool(b) => Some(Cow::Borrowed(if *b { "true" } else { "false" })),
        Value::Number(n) => Some(Cow::Borrowed(n.as_str())),
        Value::String(s) => trimmed(s).map(Cow::Borrowed),
        Value::Array(_) | Value::Object(_) => {
            return Err(Reason::fixed("is a list that holds lists or objects; plain texts are expected"));
        }
    })
}

/// A JSON array of texts.
fn array(items: &[Cow<'_, str>]) -> Result<String, Reason> {
    for item in items {
        text(item)?;
    }
    serde_json::to_string(items).map_err(|_| Reason::fixed("cannot be written as a JSON array"))
}

/// A value as it may stand in a reject: whole, cut after 120 characters, or `•••` where the column is personal.
pub fn shown(personal: bool, raw: &str) -> String {
    const LONGEST: usize = 120;
    if personal && !raw.trim().is_empty() {
        return "•••".to_owned();
    }
    match raw.char_indices().nth(LONGEST) {
        Some((at, _)) => format!("{}…", &raw[..at]),
        None => raw.to_owned(),
    }
}

#[cfg(test)]
mod tests;
