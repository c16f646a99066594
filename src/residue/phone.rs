//! Phone numbers: what a number may be written as, and whether digits in a text are it.

use super::{chars, countries};

/// Fewer digits than this are in every file by chance.
pub(super) const LEAST: usize = 7;

/// Most digits: fifteen of E.164, and what is dialled before them.
pub(super) const MOST: usize = 18;

/// Most groups of digits that one number is written in.
pub(super) const GROUPS: usize = 8;

/// A number, by what its digits may be.
#[derive(Clone)]
pub(super) struct Number {
    pub(super) subject: u32,
    /// Digits after a `+`.
    international: Vec<String>,
    /// Digits without one.
    plain: Vec<String>,
    /// The number without what is dialled before it in its country; where that is missing (a spreadsheet dropped the
    /// zero), only what cannot be a Unix time is it.
    bare: Option<String>,
}

/// Digits in a text that may be a number.
pub(super) struct Candidate<'t> {
    pub(super) digits: &'t str,
    /// After a `+`.
    pub(super) plus: bool,
    /// Groups that the digits stand in.
    pub(super) groups: usize,
}

/// Whether a text is a phone number and nothing else.
pub(super) fn is_written(text: &str) -> bool {
    text.chars().all(|c| c.is_ascii_digit() || c == '+' || separates(c))
}

impl Number {
    /// Of a number as written and the country where it is dialled.
    pub(super) fn new(subject: u32, written: &str, country: Option<&str>) -> Result<Number, &'static str> {
        let first = written.find(|c: char| c.is_ascii_digit()).ok_or("holds no digit")?;
        let plus = written[..first].contains('+');
        // An extension is not part of the number.
        let end = written[first..].find(char::is_alphabetic).map_or(written.len(), |at| first + at);
        let written = written[first..end].replace("(0)", "");
        let digits: String = written.chars().filter(char::is_ascii_digit).collect();
        if digits.len() < LEAST {
            return Err("is too short to be told from other numbers");
        }
        if digits.len() > MOST {
            return Err("has more digits than a phone number");
        }
        let home = country.and_then(countries::of);
        let dialled = digits.strip_prefix("00").or_else(|| {
            let american = home.is_some_and(|h| h.code == "1");
            digits.strip_prefix("011").filter(|_| american)
        });
        let abroad = if plus { Some(dialled.unwrap_or(&digits)) } else { dialled };
        let mut number =
            Number { subject, international: Vec::new(), plain: vec![digits.clone()], bare: None };
        if let Some(abroad) = abroad {
            number.international.push(abroad.to_owned());
            if let Some((calling, rest)) = countries::of_digits(abroad) {
                number.add(calling, rest);
            } else {
                number.plain.extend([format!("00{abroad}"), abroad.to_owned()]);
            }
        } else if let Some(home) = home {
            number.add(home, &digits);
            // Written without the +.
            if !(home.trunk == "0" && digits.starts_with('0'))
                && let Some(rest) = digits.strip_prefix(home.code).filter(|r| r.len() >= LEAST)
            {
                number.add(home, rest);
            }
        } else if let Some(rest) = digits.strip_prefix('0') {
            number.bare = Some(rest.to_owned());
        } else {
            number.international.push(digits.clone());
            number.plain.push(format!("00{digits}"));
        }
        number.bare = number.bare.take().filter(|b| b.len() > LEAST);
        for forms in [&mut number.international, &mut number.plain] {
            forms.retain(|f| (LEAST..=MOST).contains(&f.len()));
            forms.sort();
            forms.dedup();
        }
        Ok(number)
    }

    /// Adds all forms of a number in a country, with or without what is dialled before it there.
    fn add(&mut self, calling: countries::Calling, national: &str) {
        let countries::Calling { code, trunk } = calling;
        let stripped =
            national.strip_prefix(trunk).filter(|rest| !trunk.is_empty() && rest.len() >= LEAST - 1);
        let number = stripped.unwrap_or(national);
        self.international.push(format!("{code}{number}"));
        for dialled in ["", "00", "011"] {
            self.plain.push(format!("{dialled}{code}{number}"));
        }
        if trunk.is_empty() {
            self.plain.push(number.to_owned());
        } else {
            // +49 (0)30 …
            self.international.push(format!("{code}{trunk}{number}"));
            self.plain.extend([format!("00{code}{trunk}{number}"), format!("{trunk}{number}")]);
            self.bare = Some(number.to_owned());
        }
    }

    /// The last digits of all forms, as a key.
    pub(super) fn tails(&self) -> Vec<u64> {
        let forms = self.international.iter().chain(&self.plain).chain(&self.bare);
        let mut tails: Vec<u64> = forms.map(|f| tail(f.as_bytes())).collect();
        tails.sort_unstable();
        tails.dedup();
        tails
    }

    /// Whether the digits are this number.
    pub(super) fn is(&self, found: &Candidate<'_>) -> bool {
        let among = |forms: &[String]| forms.iter().any(|f| f == found.digits);
        if found.plus && among(&self.international) {
            return true;
        }
        // In a query string + is a space.
        if found.plus && !found.digits.starts_with('0') || is_date(found) {
            return false;
        }
        let unix = found.groups == 1 && found.digits.len() == 10 && found.digits.starts_with('1');
        among(&self.plain) || !unix && self.bare.as_deref() == Some(found.digits)
    }
}

/// `20261105`, `2026-11-05`.
fn is_date(found: &Candidate<'_>) -> bool {
    let d = found.digits;
    let between = |part: &str, least, most| part.parse::<u8>().is_ok_and(|n| (least..=most).contains(&n));
    !found.plus
        && d.len() == 8
        && [1, 3].contains(&found.groups)
        && (d.starts_with("19") || d.starts_with("20"))
        && between(&d[4..6], 1, 12)
        && between(&d[6..], 1, 31)
}

/// The last seven digits as a number.
pub(super) fn tail(digits: &[u8]) -> u64 {
    let from = digits.len().saturating_sub(LEAST);
    digits[from..].iter().fold(0, |sum, d| sum * 10 + u64::from(d.wrapping_sub(b'0')))
}

/// Whether a character stands between the digits of one number.
pub(super) fn separates(c: char) -> bool {
    is_space(c) || matches!(c, '-' | '.' | '/' | '(' | ')' | '\u{2010}'..='\u{2014}')
}

/// The spaces of a line.
pub(super) fn is_space(c: char) -> bool {
    matches!(c, ' ' | '\u{a0}' | '\u{2007}' | '\u{2009}' | '\u{202f}')
}

/// Whether what stands between two groups lets them be one number.
pub(super) fn between(text: &[u8]) -> bool {
    let (mut at, mut many) = (0, 0);
    while let Some((c, long)) = chars::char_at(text, at) {
        many += 1;
        if many > 4 || !separates(c) {
            return false;
        }
        at += long;
    }
    many > 0
}

/// Digits that begin at a place.
fn digits_at(text: &[u8], at: usize) -> usize {
    text.get(at..).unwrap_or_default().iter().take(MOST + 1).take_while(|b| b.is_ascii_digit()).count()
}

/// Digits that end at a place.
fn digits_before(text: &[u8], at: usize) -> usize {
    text[..at].iter().rev().take(MOST + 1).take_while(|b| b.is_ascii_digit()).count()
}

/// Punctuation that ties digits: a date, a time, a decimal.
fn ties(byte: Option<&u8>) -> bool {
    matches!(byte, Some(b'-' | b':' | b'.' | b'/' | b','))
}

/// Whether a number may end at a place; `spaced` says that spaces stand within it, so that a further group would
/// belong to it.
pub(super) fn ends(text: &[u8], at: usize, spaced: bool) -> bool {
    let Some((c, long)) = chars::char_at(text, at) else { return true };
    let more = digits_at(text, at + long);
    if is_space(c) {
        let after = at + long + more;
        let tied = ties(text.get(after)) && digits_at(text, after + 1) > 0;
        return !(spaced && (1..=4).contains(&more) && !tied);
    }
    if more == 0 || !separates(c) || c == '(' || c == ')' {
        return true;
    }
    match c {
        // A spreadsheet's 301234567.0.
        '.' => more == 1 && text.get(at + 1) == Some(&b'0'),
        // Two numbers.
        '/' => text.get(at + 1) == Some(&b'0') && more >= LEAST,
        _ => false,
    }
}

/// Whether a number may begin at a place, its `+` included. `international` says that its country code stands in it.
pub(super) fn begins(text: &[u8], at: usize, international: bool, spaced: bool) -> bool {
    let mut at = at;
    let mut spaces = 0;
    while let Some((c, long)) = chars::char_before(text, at)
        && (c == '(' || c == ')' || is_space(c))
        && spaces < 3
    {
        spaces += 1;
        at -= long;
    }
    let Some((c, long)) = chars::char_before(text, at) else { return true };
    if international {
        return true;
    }
    if c.is_ascii_digit() {
        // After a space or a parenthesis: another group.
        let before = digits_before(text, at);
        let group = at - before;
        let sign = group.checked_sub(1).and_then(|i| text.get(i));
        let code = before <= 5 && (sign == Some(&b'+') || text[group..at].starts_with(b"00"));
        let tied = ties(sign) && group >= 2 && text[group - 2].is_ascii_digit();
        let part = spaced && before <= 4 && !tied;
        return !(code || part);
    }
    spaces > 0 || !separates(c) || digits_before(text, at - long) == 0
}
