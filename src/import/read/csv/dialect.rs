//! Delimiter and line ends, told from the beginning of a file.

use super::record::{Judged, fields, judge};
use crate::import::read::Limits;
use memchr::{memchr, memrchr};

/// How a file separates.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Dialect {
    /// Between fields: `,` `;` tab or `|`.
    pub delimiter: u8,
    /// Between records.
    pub terminator: Terminator,
}

/// What ends a line.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Terminator {
    /// LF, CRLF, or both mixed.
    Lf,
    /// CR alone: old spreadsheets on the Macintosh.
    Cr,
}

const DELIMITERS: [u8; 4] = *b",;\t|";

impl Dialect {
    /// The byte that ends a line.
    pub fn newline(self) -> u8 {
        match self.terminator {
            Terminator::Lf => b'\n',
            Terminator::Cr => b'\r',
        }
    }

    /// Tells the dialect from the beginning of a text.
    ///
    /// A first line `sep=;` decides. Else the delimiter is the one by which the first record has the most names
    /// that `known` knows (it counts them); then the most fields, if there are several and its quotes are whole; then the most records of the header's length.
    pub fn detect(head: &[u8], known: &dyn Fn(&[&str]) -> usize) -> Dialect {
        let lf = memchr(b'\n', head).is_some();
        let terminator = if !lf && memchr(b'\r', head).is_some() { Terminator::Cr } else { Terminator::Lf };
        if let Some((delimiter, _)) = sep_line(head, terminator) {
            return Dialect { delimiter, terminator };
        }
        let mut best = (Dialect { delimiter: b',', terminator }, (0, false, 0, 0));
        for delimiter in DELIMITERS {
            let dialect = Dialect { delimiter, terminator };
            let score = dialect.score(head, known);
            if score > best.1 {
                best = (dialect, score);
            }
        }
        best.0
    }

    fn score(self, head: &[u8], known: &dyn Fn(&[&str]) -> usize) -> (usize, bool, usize, usize) {
        let limits = Limits::default();
        let mut at = skip_blank(head, 0, self.newline()).0;
        let whole = match judge(head, at, self, &limits, None, true, 1) {
            Judged::Whole { end, .. } => Some(end),
            _ => None,
        };
        // counted even if it is broken: what is wrong with the header is said later
        let rest = head.get(at..).unwrap_or_default();
        let end = whole.unwrap_or_else(|| memchr(self.newline(), rest).map_or(head.len(), |i| at + i + 1));
        let header = String::from_utf8_lossy(head.get(at..end).unwrap_or_default()).into_owned();
        let names = fields(&header, self);
        let names: Vec<&str> = names.iter().map(|n| n.trim()).collect();
        let mut alike = 0;
        at = end;
        // the last line may be cut
        let complete = memrchr(self.newline(), head).map_or(0, |i| i + 1);
        for _ in 0..50 {
            at = skip_blank(head, at, self.newline()).0;
            if at >= complete {
                break;
            }
            match judge(head.get(..complete).unwrap_or_default(), at, self, &limits, None, true, 1) {
                Judged::Whole { end, fields, .. } => {
                    alike += usize::from(fields == names.len());
                    at = end;
                }
                _ => break,
            }
        }
        (known(&names), whole.is_some() && names.len() > 1, names.len(), alike)
    }
}

/// The delimiter that a first line `sep=;` names, and where the next line begins.
pub(super) fn sep_line(head: &[u8], terminator: Terminator) -> Option<(u8, usize)> {
    let (quoted, rest) = match head {
        [b'"', rest @ ..] => (true, rest),
        rest => (false, rest),
    };
    let after = rest.get(..4).filter(|s| s.eq_ignore_ascii_case(b"sep=")).and_then(|_| rest.get(4..))?;
    let (&delimiter, mut after) = after.split_first()?;
    if quoted {
        after = after.strip_prefix(b"\"")?;
    }
    let after = match terminator {
        Terminator::Lf => after.strip_prefix(b"\r").unwrap_or(after).strip_prefix(b"\n")?,
        Terminator::Cr => after.strip_prefix(b"\r")?,
    };
    DELIMITERS.contains(&delimiter).then_some((delimiter, head.len() - after.len()))
}

/// Where the next line that is not blank begins, and how many were skipped. A CR before the LF or before the end
/// belongs to the blank line.
pub(super) fn skip_blank(bytes: &[u8], mut at: usize, newline: u8) -> (usize, u64) {
    let mut lines = 0;
    loop {
        at += match bytes.get(at..).unwrap_or_default() {
            [b, ..] if *b == newline => 1,
            [b'\r', b'\n', ..] if newline == b'\n' => 2,
            _ => return (at, lines),
        };
        lines += 1;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn detect(head: &str) -> (char, Terminator) {
        let d = Dialect::detect(head.as_bytes(), &|_| 0);
        (char::from(d.delimiter), d.terminator)
    }

    #[test]
    fn the_delimiter_with_most_fields_is_taken() {
        assert_eq!(detect("id,name\n1,a\n"), (',', Terminator::Lf));
        assert_eq!(detect("id;amount\n1;2,5\n"), (';', Terminator::Lf));
        assert_eq!(detect("id\tname\n1\ta\n"), ('\t', Terminator::Lf));
        assert_eq!(detect("id|name\r\n1|a\r\n"), ('|', Terminator::Lf));
        assert_eq!(detect("\"a,b,c\";\"d\"\n"), (';', Terminator::Lf));
        assert_eq!(detect("\n\r\nid;name\n"), (';', Terminator::Lf));
        assert_eq!(detect("id\n1\n"), (',', Terminator::Lf));
        assert_eq!(detect(""), (',', Terminator::Lf));
    }

    #[test]
    fn as_many_fields_either_way_are_decided_by_the_rows() {
        assert_eq!(detect("Amount, net;Date\n1;2026-10-01\n2;2026-10-02\n"), (';', Terminator::Lf));
    }

    #[test]
    fn known_names_outweigh_more_fields() {
        let head = b"id;a,b,c,d;name\n1;2;3\n";
        let known = |names: &[&str]| names.iter().filter(|n| ["id", "name"].contains(n)).count();
        assert_eq!(Dialect::detect(head, &known).delimiter, b';');
        assert_eq!(
            Dialect::detect(head, &|_| 0).delimiter,
            b',',
            "most fields, and no row to tell otherwise"
        );
    }

    #[test]
    fn a_lone_cr_ends_lines_only_where_there_is_no_lf() {
        assert_eq!(detect("id;name\r1;a\r"), (';', Terminator::Cr));
        assert_eq!(detect("id;name\r\n1;a\r2;b\n"), (';', Terminator::Lf));
    }

    #[test]
    fn a_sep_line_decides() {
        assert_eq!(detect("sep=;\r\na,b,c;d\r\n"), (';', Terminator::Lf));
        assert_eq!(detect("\"sep=|\"\nid|x\n"), ('|', Terminator::Lf));
        assert_eq!(sep_line(b"sep=;\r\nid", Terminator::Lf), Some((b';', 7)));
        assert_eq!(sep_line(b"sep=x\n", Terminator::Lf), None);
        assert_eq!(sep_line(b"sep=,more\n", Terminator::Lf), None);
    }
}
