//! Where fields and records end.

use super::Dialect;
use crate::import::read::bad::excerpt_bytes;
use crate::import::read::find::find2;
use crate::import::read::{Bad, Fault, Limits};
use memchr::{memchr, memchr_iter};
use std::borrow::Cow;

/// What follows a field.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum After {
    Field,
    Record,
}

/// A field that begins with a quote.
pub(super) enum Quoted {
    /// The content lies in `from..to`; `doubled` tells whether it holds `""`; what follows begins at `next`.
    Field { from: usize, to: usize, doubled: bool, next: usize, after: After },
    /// The content seen lies in `from..to`.
    Bad { fault: Fault, from: usize, to: usize },
    /// More bytes are needed.
    More,
}

/// Reads the quoted field whose opening quote stands at `open`. `last`: no more bytes follow.
pub(super) fn quoted(bytes: &[u8], open: usize, d: Dialect, max: usize, last: bool) -> Quoted {
    let from = open + 1;
    let end = bytes.len().min(from + max + 1);
    let newline = d.newline();
    let mut doubled = false;
    let mut at = from;
    loop {
        let Some(found) = bytes.get(at..end).and_then(|b| find2(b, b'"', b'"')) else {
            let over = bytes.len() > from + max;
            if !over && !last {
                return Quoted::More;
            }
            let lines = memchr(newline, bytes.get(from..end).unwrap_or_default()).is_some();
            let fault =
                if over && !lines { Fault::FieldTooLong { limit: max } } else { Fault::UnclosedQuote };
            return Quoted::Bad { fault, from, to: end };
        };
        let to = at + found;
        let field = |next, after| Quoted::Field { from, to, doubled, next, after };
        return match bytes.get(to + 1..).unwrap_or_default() {
            [b'"', ..] => {
                doubled = true;
                at = to + 2;
                continue;
            }
            [b, ..] if *b == d.delimiter => field(to + 2, After::Field),
            [b, ..] if *b == newline => field(to + 2, After::Record),
            [b'\r', b'\n', ..] => field(to + 3, After::Record),
            [b'\r'] if last => field(to + 2, After::Record),
            [] if last => field(to + 1, After::Record),
            [] | [b'\r'] if !last => Quoted::More,
            _ => Quoted::Bad { fault: Fault::TextAfterQuote, from, to },
        };
    }
}

/// Where an unquoted field ends that begins at `from`: end of its text, where what follows begins, what follows.
/// `None`: there is no end in these bytes.
pub(super) fn unquoted(bytes: &[u8], from: usize, d: Dialect) -> Option<(usize, usize, After)> {
    let end = from + find2(bytes.get(from..)?, d.delimiter, d.newline())?;
    if bytes.get(end) == Some(&d.delimiter) {
        return Some((end, end + 1, After::Field));
    }
    Some((without_cr(bytes, from, end, d), end + 1, After::Record))
}

/// The end of a record's last field without the CR of a CRLF.
pub(super) fn without_cr(bytes: &[u8], from: usize, end: usize, d: Dialect) -> usize {
    let cr = d.newline() == b'\n' && end > from && bytes.get(end - 1) == Some(&b'\r');
    end - usize::from(cr)
}

/// What is known of a record without keeping its fields.
pub(super) enum Judged {
    /// It ends before `end` and spans `lines` newlines (0 at the end of a file).
    Whole { end: usize, fields: usize, lines: u64 },
    /// Rejected; reading goes on after its first newline.
    Bad(Bad),
    /// More bytes are needed.
    More,
}

/// Judges the record at `start`, which is on line `line`.
///
/// It is followed over newlines in quotes. With `columns` given, one that spans lines must have that many fields;
/// one on a single line may have any number here.
pub(super) fn judge(
    bytes: &[u8],
    start: usize,
    d: Dialect,
    limits: &Limits,
    columns: Option<usize>,
    last: bool,
    line: u64,
) -> Judged {
    // exactly so much is looked at, however much there is, so that the verdict does not depend on it
    let bound = start + limits.record + 1;
    let bytes = bytes.get(..bound).unwrap_or(bytes);
    let bad = |fault: Fault, column: Option<usize>, from: usize, to: usize| {
        let text = bytes.get(from..to.min(from + limits.field).min(bytes.len())).unwrap_or_default();
        let text = text.split(|b| *b == d.newline()).next().unwrap_or_default();
        let exact = column.is_some() && !matches!(fault, Fault::UnclosedQuote | Fault::TextAfterQuote);
        Judged::Bad(Bad { line, column, fault, value: excerpt_bytes(text), exact })
    };
    let too_long = || bad(Fault::RecordTooLong { limit: limits.record }, None, start, start + 320);
    let over = bytes.len() > start + limits.record;
    let more = || if over { too_long() } else { Judged::More };
    let last = last && !over;
    let mut at = start;
    let mut count = 0;
    let mut lines = 0u64;
    loop {
        count += 1;
        let (next, after) = if bytes.get(at) == Some(&b'"') {
            match quoted(bytes, at, d, limits.field, last) {
                Quoted::Field { from, to, next, after, .. } => {
                    if to - from > limits.field {
                        return bad(Fault::FieldTooLong { limit: limits.field }, Some(count), from, to);
                    }
                    lines += newlines(bytes, from, to, d);
                    (next, after)
                }
                Quoted::Bad { fault, from, to } => return bad(fault, Some(count), from, to),
                Quoted::More => return more(),
            }
        } else {
            let (end, next, after) = match unquoted(bytes, at, d) {
                Some(found) => found,
                None if last => (without_cr(bytes, at, bytes.len(), d), bytes.len(), After::Record),
                // the CR of a CRLF is no part of the field
                None if bytes.len() > at + limits.field + 1 => (bytes.len(), bytes.len(), After::Field),
                None => return more(),
            };
            if end - at > limits.field {
                return bad(Fault::FieldTooLong { limit: limits.field }, Some(count), at, end);
            }
            (next, after)
        };
        let many = lines > 0 && columns.is_some_and(|c| count > c);
        let short = lines > 0 && after == After::Record && columns.is_some_and(|c| count != c);
        if many || short {
            let fault = Fault::RaggedLines { last_line: line + lines, header: columns.unwrap_or_default() };
            return bad(fault, None, start, start + 320);
        }
        let newline = next > start && bytes.get(next - 1) == Some(&d.newline());
        if after == After::Record {
            if next - usize::from(newline) - start > limits.record {
                return too_long();
            }
            return Judged::Whole { end: next, fields: count, lines: lines + u64::from(newline) };
        }
        at = next;
    }
}

pub(super) fn newlines(bytes: &[u8], from: usize, to: usize, d: Dialect) -> u64 {
    memchr_iter(d.newline(), bytes.get(from..to).unwrap_or_default()).count() as u64
}

/// The fields of a text that is one record. Broken quotes are taken as they come.
pub(super) fn fields(record: &str, d: Dialect) -> Vec<Cow<'_, str>> {
    let bytes = record.as_bytes();
    let mut all = Vec::new();
    let mut at = 0;
    loop {
        let field = match bytes.get(at) {
            Some(b'"') => quoted(bytes, at, d, bytes.len(), true),
            _ => Quoted::More,
        };
        let (text, next, after) = match field {
            Quoted::Field { from, to, doubled, next, after } => {
                let text = record.get(from..to).unwrap_or_default();
                (if doubled { text.replace("\"\"", "\"").into() } else { text.into() }, next, after)
            }
            _ => {
                let (end, next, after) = unquoted(bytes, at, d).unwrap_or((
                    without_cr(bytes, at, bytes.len(), d),
                    bytes.len(),
                    After::Record,
                ));
                (record.get(at..end).unwrap_or_default().into(), next, after)
            }
        };
        all.push(text);
        if after == After::Record {
            return all;
        }
        at = next;
    }
}

#[cfg(test)]
mod tests {
    use super::super::Terminator;
    use super::*;

    const D: Dialect = Dialect { delimiter: b',', terminator: Terminator::Lf };

    #[test]
    fn fields_follow_rfc_4180() {
        assert_eq!(fields("a,\"b \"\"x\"\", c\",\"d\ne\"\r\n", D), ["a", "b \"x\", c", "d\ne"]);
        assert_eq!(fields(",,\r\n", D), ["", "", ""]);
        assert_eq!(fields("5\" pipe,a\"b\"c", D), ["5\" pipe", "a\"b\"c"]);
        assert_eq!(fields("\"\",\"\"\"\"", D), ["", "\""]);
    }

    #[test]
    fn the_verdict_on_a_record_does_not_depend_on_how_much_follows() {
        let limits = Limits { field: 8, record: 20, block: 1 };
        let texts = [
            "a,\"b\nc\",d\nmore",
            "a,\"b\nc,d\nmore,and,more",
            "a,\"b\"x,c\nmore\nmore",
            "aaaaaaaaaaaa,b\nmore",
            "aaa,bbb,ccc,ddd,eee,fff,ggg\nx",
            "aaa,bbb,\"cc\ncc\",eee,fff,ggg\nx",
            "\"aaaaaaaaaaaaaaaa\",b\nx",
            "a\r\nb",
        ];
        for text in texts {
            let say = |judged| match judged {
                Judged::Whole { end, fields, lines } => Some(format!("{end} {fields} {lines}")),
                Judged::Bad(b) => Some(format!("{:?}", (b.column, b.fault))),
                Judged::More => None,
            };
            let bytes = text.as_bytes();
            let all = say(judge(bytes, 0, D, &limits, Some(3), true, 1));
            assert!(all.is_some());
            for n in 0..bytes.len() {
                let part = say(judge(&bytes[..n], 0, D, &limits, Some(3), false, 1));
                assert!(part.is_none() || part == all, "{text:?} at {n}: {part:?}, not {all:?}");
            }
        }
    }
}
