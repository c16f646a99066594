//! Text for people: made harmless, measured, cut, wrapped, and figures with their separators.

use crate::report::Verdict;
use crate::{model::money::Money, report::Report};
use serde_json::Value;
use std::borrow::Cow;
use unicode_width::{UnicodeWidthChar, UnicodeWidthStr};

/// Text from an export as it may reach a terminal, a chat, a CI log or an XML file: control characters (C0, C1,
/// DEL), line separators, bidirectional controls and the noncharacters that XML forbids become visible escapes
/// like `\u{202e}`; a line break becomes `\n`, a tab `\t`. Text without any is handed through.
///
/// The result is one line.
pub fn safe(text: &str) -> Cow<'_, str> {
    if !text.bytes().any(may_begin_hostile) || !text.chars().any(is_hostile) {
        return Cow::Borrowed(text);
    }
    let mut out = String::with_capacity(text.len() + 16);
    for c in text.chars() {
        match c {
            '\n' => out.push_str("\\n"),
            '\r' => out.push_str("\\r"),
            '\t' => out.push_str("\\t"),
            c if is_hostile(c) => out.extend(c.escape_unicode()),
            c => out.push(c),
        }
    }
    Cow::Owned(out)
}

/// Whether a character can drive a terminal, break a line or turn the reading direction.
pub(super) fn is_hostile(c: char) -> bool {
    matches!(c,
        '\0'..='\x1f' | '\x7f'..='\u{9f}'
        | '\u{61c}' | '\u{200e}' | '\u{200f}' | '\u{2028}'..='\u{202e}' | '\u{2066}'..='\u{2069}'
        | '\u{fffe}' | '\u{ffff}')
}

/// Whether a byte of UTF-8 is, or begins, a character of which some are hostile.
pub(super) fn may_begin_hostile(b: u8) -> bool {
    b < 0x20 || matches!(b, 0x7f | 0xc2 | 0xd8 | 0xe2 | 0xef)
}

/// Columns that a text takes on a terminal.
pub(super) fn width(text: &str) -> usize {
    text.width()
}

/// The text in at most `max` columns, an ellipsis where something was cut.
pub(super) fn cut(text: &str, max: usize) -> Cow<'_, str> {
    if width(text) <= max {
        return Cow::Borrowed(text);
    }
    let mut used = 1;
    let mut out = String::new();
    for c in text.chars() {
        used += c.width().unwrap_or(0);
        if used > max {
            break;
        }
        out.push(c);
    }
    out.truncate(out.trim_end().len());
    if max > 0 {
        out.push('…');
    }
    Cow::Owned(out)
}

/// Breaks a text at spaces into lines of at most `max` columns; the first begins with `first`, the others with
/// `rest`. A word that is longer than a line is broken.
pub(super) fn wrap(text: &str, max: usize, first: &str, rest: &str) -> Vec<String> {
    let mut lines = Vec::new();
    let mut line = first.to_owned();
    let mut empty = true;
    for word in text.split(' ') {
        let mut word = word;
        if !empty && width(&line) + 1 + width(word) > max {
            lines.push(std::mem::replace(&mut line, rest.to_owned()));
            empty = true;
        }
        if !empty {
            line.push(' ');
        }
        while width(&line) + width(word) > max && width(rest) + 8 < max {
            let room = max.saturating_sub(width(&line));
            let at = split_at_width(word, room);
            line.push_str(&word[..at]);
            word = &word[at..];
            lines.push(std::mem::replace(&mut line, rest.to_owned()));
        }
        line.push_str(word);
        empty = false;
    }
    lines.push(line);
    for line in &mut lines {
        line.truncate(line.trim_end().len());
    }
    lines
}

/// The byte index behind the characters that fit into `room` columns; at least one character.
fn split_at_width(word: &str, room: usize) -> usize {
    let mut used = 0;
    for (at, c) in word.char_indices() {
        used += c.width().unwrap_or(0);
        if used > room && at > 0 {
            return at;
        }
    }
    word.len()
}

/// Whether a text is a plain decimal: a sign, digits, a point and digits.
pub(super) fn is_plain_number(text: &str) -> bool {
    let digits = text.strip_prefix(['-', '+']).unwrap_or(text);
    let (whole, fraction) = match digits.split_once('.') {
        Some((w, f)) => (w, Some(f)),
        None => (digits, None),
    };
    let all_digits = |t: &str| !t.is_empty() && t.bytes().all(|b| b.is_ascii_digit());
    all_digits(whole) && fraction.is_none_or(all_digits)
}

/// A plain decimal with thousands separators, anything else as it is: `1400000.5` → `1,400,000.5`.
pub(super) fn grouped(text: &str) -> String {
    if !is_plain_number(text) {
        return text.to_owned();
    }
    let sign = text.len() - text.trim_start_matches(['-', '+']).len();
    let end = text.find('.').unwrap_or(text.len());
    let mut out = String::with_capacity(text.len() + 8);
    for (i, c) in text.char_indices() {
        if i > sign && i < end && (end - i).is_multiple_of(3) {
            out.push(',');
        }
        out.push(c);
    }
    out
}

/// A count with thousands separators.
pub(super) fn count(n: u64) -> String {
    grouped(&n.to_string())
}

/// `1 error`, `41 errors`.
pub(super) fn plural(n: u64, noun: &str) -> String {
    let s = if n == 1 { "" } else { "s" };
    format!("{} {noun}{s}", count(n))
}

/// `12,460.00 USD`.
pub(super) fn money(m: &Money) -> String {
    format!("{} {}", grouped(&m.amount.to_string()), safe(&m.currency))
}

/// `95.00 EUR, 12,460.00 USD`: one amount a currency.
pub(super) fn moneys(list: &[Money]) -> String {
    list.iter().map(money).collect::<Vec<_>>().join(" + ")
}

/// A whole timestamp without its zero seconds: `2026-10-31T21:00:00Z` → `2026-10-31T21:00Z`. Anything else as it
/// is.
pub(super) fn minutes(text: &str) -> String {
    match text.strip_suffix(":00Z") {
        Some(start) if is_timestamp(text) => format!("{start}Z"),
        _ => text.to_owned(),
    }
}

/// `2026-10-31T21:00:00Z`.
pub(super) fn is_timestamp(text: &str) -> bool {
    text.len() == 20
        && text.bytes().zip(b"0000-00-00T00:00:00Z").all(|(b, shape)| match shape {
            b'0' => b.is_ascii_digit(),
            other => b == *other,
        })
}

/// `2026-10-31`.
pub(super) fn is_date(text: &str) -> bool {
    text.len() == 10 && is_timestamp(&format!("{text}T00:00:00Z"))
}

/// A value of the result table as text, not yet made safe.
pub(super) fn plain(value: &Value) -> Cow<'_, str> {
    match value {
        Value::Null => Cow::Borrowed(""),
        Value::Bool(true) => Cow::Borrowed("true"),
        Value::Bool(false) => Cow::Borrowed("false"),
        Value::String(s) => Cow::Borrowed(s),
        Value::Number(n) => Cow::Owned(n.to_string()),
        Value::Array(list) => Cow::Owned(list.iter().map(plain).collect::<Vec<_>>().join("; ")),
        Value::Object(_) => Cow::Owned(value.to_string()),
    }
}

/// The verdict as a headline shows it.
pub(super) fn verdict(report: &Report) -> &'static str {
    match report.verdict {
        Verdict::Pass => "PASS",
        Verdict::Findings => "FAIL",
        Verdict::PartlyJudged => "PARTLY JUDGED",
        Verdict::NotJudged => "NOT JUDGED",
    }
}

/// ANSI styles, or nothing.
#[derive(Clone, Copy)]
pub(crate) struct Paint(pub(crate) bool);

impl Paint {
    /// Wraps a text that has no styles of its own.
    fn wear(self, style: &str, text: &str) -> String {
        if self.0 { format!("\x1b[{style}m{text}\x1b[0m") } else { text.to_owned() }
    }

    pub(crate) fn bold(self, text: &str) -> String {
        self.wear("1", text)
    }

    pub(crate) fn dim(self, text: &str) -> String {
        self.wear("2", text)
    }

    pub(crate) fn red(self, text: &str) -> String {
        self.wear("1;31", text)
    }

    pub(crate) fn yellow(self, text: &str) -> String {
        self.wear("1;33", text)
    }

    pub(crate) fn green(self, text: &str) -> String {
        self.wear("1;32", text)
    }

    pub(crate) fn cyan(self, text: &str) -> String {
        self.wear("1;36", text)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn harmless_text_is_not_copied() {
        for text in ["", "acct_42", "Müller & Söhne GmbH", "日本語", "naïve “quotes” – dash … €", "🦀👩‍👩‍👧"]
        {
            assert!(matches!(safe(text), Cow::Borrowed(t) if t == text), "{text}");
        }
    }

    #[test]
    fn controls_become_visible() {
        assert_eq!(safe("a\x1b[2Jb"), "a\\u{1b}[2Jb");
        assert_eq!(safe("\u{9b}31m\x7f\0"), "\\u{9b}31m\\u{7f}\\u{0}");
        assert_eq!(safe("two\r\nlines\tand"), "two\\r\\nlines\\tand");
        assert_eq!(safe("invoice\u{202e}fdp.exe"), "invoice\\u{202e}fdp.exe");
        for c in
            ['\u{61c}', '\u{200e}', '\u{200f}', '\u{202a}', '\u{2028}', '\u{2066}', '\u{2069}', '\u{ffff}']
        {
            assert_eq!(safe(&format!("x{c}y")), format!("x\\u{{{:x}}}y", u32::from(c)));
        }
    }

    proptest! {
        #[test]
        fn nothing_hostile_survives(text in any::<String>()) {
            prop_assert!(!safe(&text).chars().any(is_hostile));
        }

        #[test]
        fn a_cut_text_fits(text in "[a-z日本é ]{0,40}", max in 0usize..30) {
            prop_assert!(width(&cut(&text, max)) <= max);
        }

        #[test]
        fn wrapped_lines_fit_and_lose_no_word(text in "[a-z日é]{1,30}( [a-z日é]{1,30}){0,12}", max in 24usize..60) {
            let lines = wrap(&text, max, "- ", "    ");
            prop_assert!(lines.iter().all(|l| width(l) <= max), "{lines:?}");
            let kept: String = lines.concat().chars().filter(|c| !" -".contains(*c)).collect();
            prop_assert_eq!(kept, text.replace(' ', ""));
        }
    }

    #[test]
    fn figures_get_separators_and_other_text_does_not() {
        for (text, shown) in [
            ("0", "0"),
            ("999", "999"),
            ("1000", "1,000"),
            ("-1400000.5000", "-1,400,000.5000"),
            ("+200000", "+200,000"),
            ("in_1000", "in_1000"),
            ("1e9000", "1e9000"),
            ("", ""),
            ("1234.", "1234."),
        ] {
            assert_eq!(grouped(text), shown);
        }
    }

    #[test]
    fn zero_seconds_are_left_out_of_a_timestamp() {
        assert_eq!(minutes("2026-10-31T21:00:00Z"), "2026-10-31T21:00Z");
        assert_eq!(minutes("2026-10-31T21:00:01Z"), "2026-10-31T21:00:01Z");
        assert_eq!(minutes("see:00Z"), "see:00Z");
        assert!(is_date("2026-10-31") && !is_date("2026-10-3x"));
    }
}
