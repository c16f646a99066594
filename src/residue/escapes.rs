//! Text in which characters are written as escapes, read as what they stand for: `ann%40example.com`,
//! `Jos\u00e9`, `&#64;`, and `\n` before an address. It is searched as it stands, and beside that around each escape
//! as it reads, twice where escapes are escaped.

use super::{
    HitKind,
    find::{Found, find},
    index::Index,
};
use memchr::memchr3_iter;

/// How often escapes within escapes are read.
const DEPTH: usize = 3;

/// Something found counts as touched by an escape that lies within so many bytes of it: nothing further decides
/// whether it is found.
const NEAR: usize = 40;

/// Finds everything in a text, as it stands and as it reads.
pub(super) fn find_all(index: &Index, text: &[u8], found: &mut Vec<Found>) {
    find(index, text, found);
    let as_it_stands = found.len();
    let margin = index.reach() + 2 * NEAR;
    let mut view = View::default();
    for (at, escape) in escapes(text) {
        let last = view.marks.last().map(|m| m.raw + m.long);
        if let Some(last) = last.filter(|l| at - l > 2 * margin) {
            view.finish(text, last + margin);
            view.search(index, found, 1);
            view = View::default();
        }
        if view.marks.is_empty() {
            view.from = at.saturating_sub(margin);
        }
        view.add(text, at, &escape);
    }
    if let Some(last) = view.marks.last().map(|m| m.raw + m.long) {
        view.finish(text, (last + margin).min(text.len()));
        view.search(index, found, 1);
    }
    if found.len() > as_it_stands {
        found.sort_unstable();
        found.dedup_by(|b, a| a.start == b.start && a.subject == b.subject && a.kind == b.kind);
    }
}

/// An escape: how long it is, and the bytes it stands for.
struct Escape {
    long: usize,
    bytes: [u8; 4],
    many: usize,
}

impl Escape {
    fn byte(long: usize, byte: u8) -> Escape {
        Escape { long, bytes: [byte, 0, 0, 0], many: 1 }
    }

    fn char(long: usize, c: char) -> Escape {
        let mut bytes = [0; 4];
        let many = c.encode_utf8(&mut bytes).len();
        Escape { long, bytes, many }
    }
}

/// The escapes of a text in their order.
fn escapes(text: &[u8]) -> impl Iterator<Item = (usize, Escape)> {
    let mut free = 0;
    memchr3_iter(b'\\', b'%', b'&', text).filter_map(move |at| {
        let escape = if at < free { None } else { escape_at(text, at) }?;
        free = at + escape.long;
        Some((at, escape))
    })
}

fn escape_at(text: &[u8], at: usize) -> Option<Escape> {
    let rest = &text[at..];
    match rest.first()? {
        b'%' => Some(Escape::byte(3, u8::try_from(number(rest.get(1..3)?, 16)?).ok()?)),
        b'&' => entity(rest),
        _ => match *rest.get(1)? {
            b'n' => Some(Escape::byte(2, b'\n')),
            b'r' => Some(Escape::byte(2, b'\r')),
            b't' => Some(Escape::byte(2, b'\t')),
            b'b' | b'f' => Some(Escape::byte(2, b' ')),
            c @ (b'"' | b'\'' | b'\\' | b'/') => Some(Escape::byte(2, c)),
            b'x' => Some(Escape::char(4, char::from_u32(number(rest.get(2..4)?, 16)?)?)),
            b'u' => unicode(rest),
            _ => None,
        },
    }
}

/// `\u0040`, and pairs of surrogates.
fn unicode(rest: &[u8]) -> Option<Escape> {
    let first = number(rest.get(2..6)?, 16)?;
    if !(0xd800..0xdc00).contains(&first) {
        return Some(Escape::char(6, char::from_u32(first).unwrap_or(char::REPLACEMENT_CHARACTER)));
    }
    let second = rest.get(6..12).and_then(|s| number(s.strip_prefix(b"\\u")?, 16));
    let Some(second) = second.filter(|s| (0xdc00..0xe000).contains(s)) else {
        return Some(Escape::char(6, char::REPLACEMENT_CHARACTER));
    };
    let c = 0x10000 + ((first - 0xd800) << 10) + (second - 0xdc00);
    Some(Escape::char(12, char::from_u32(c)?))
}

/// The character of an HTML entity that ends at a place.
pub(super) fn entity_before(text: &[u8], end: usize) -> Option<char> {
    let from = end.saturating_sub(12);
    let near = text[from..end].strip_suffix(b";")?;
    let start = from + memchr::memrchr(b'&', near)?;
    let escape = entity(&text[start..end]).filter(|e| start + e.long == end)?;
    std::str::from_utf8(&escape.bytes[..escape.many]).ok()?.chars().next()
}

/// `&#64;`, `&#x40;`, `&amp;`.
fn entity(rest: &[u8]) -> Option<Escape> {
    let end = rest.iter().take(12).position(|b| *b == b';')?;
    let name = &rest[1..end];
    let c = match name.strip_prefix(b"#") {
        Some([b'x' | b'X', digits @ ..]) => char::from_u32(number(digits, 16)?)?,
        Some(digits) => char::from_u32(number(digits, 10)?)?,
        None => named(std::str::from_utf8(name).ok()?)?,
    };
    Some(Escape::char(end + 1, c))
}

fn number(digits: &[u8], base: u32) -> Option<u32> {
    let value =
        |sum: Option<u32>, d: &u8| sum?.checked_mul(base)?.checked_add(char::from(*d).to_digit(base)?);
    if digits.is_empty() { None } else { digits.iter().fold(Some(0), value) }
}

/// The named characters of HTML that stand in addresses, numbers and names: those of ASCII, and U+00A0 to U+00FF.
/// Source: HTML 4.01, 24.2.1.
fn named(name: &str) -> Option<char> {
    const ASCII: &[(&str, char)] = &[
        ("amp", '&'),
        ("lt", '<'),
        ("gt", '>'),
        ("quot", '"'),
        ("apos", '\''),
        ("commat", '@'),
        ("period", '.'),
        ("plus", '+'),
        ("lowbar", '_'),
        ("hyphen", '‐'),
        ("dash", '‐'),
        ("sol", '/'),
        ("lpar", '('),
        ("rpar", ')'),
        ("colon", ':'),
        ("comma", ','),
        ("num", '#'),
        ("Tab", '\t'),
        ("NewLine", '\n'),
        ("rsquo", '’'),
        ("lsquo", '‘'),
        ("ndash", '–'),
        ("mdash", '—'),
    ];
    const LATIN: &str = "nbsp iexcl cent pound curren yen brvbar sect uml copy ordf laquo not shy reg macr deg plusmn \
        sup2 sup3 acute micro para middot cedil sup1 ordm raquo frac14 frac12 frac34 iquest Agrave Aacute Acirc Atilde \
        Auml Aring AElig Ccedil Egrave Eacute Ecirc Euml Igrave Iacute Icirc Iuml ETH Ntilde Ograve Oacute Ocirc Otilde \
        Ouml times Oslash Ugrave Uacute Ucirc Uuml Yacute THORN szlig agrave aacute acirc atilde auml aring aelig ccedil \
        egrave eacute ecirc euml igrave iacute icirc iuml eth ntilde ograve oacute ocirc otilde ouml divide oslash \
        ugrave uacute ucirc uuml yacute thorn yuml";
    let ascii = ASCII.iter().find(|(n, _)| *n == name).map(|(_, c)| *c);
    ascii.or_else(|| {
        let nth = LATIN.split_ascii_whitespace().position(|n| n == name)?;
        char::from_u32(0xa0 + nth as u32)
    })
}

/// Where an escape stood, and where what it stands for is.
#[derive(Clone, Copy)]
struct Mark {
    raw: usize,
    long: usize,
    read: usize,
    many: usize,
}

/// A stretch of text as it reads.
#[derive(Default)]
struct View {
    from: usize,
    read: Vec<u8>,
    marks: Vec<Mark>,
}

impl View {
    fn add(&mut self, text: &[u8], at: usize, escape: &Escape) {
        let from = self.marks.last().map_or(self.from, |m| m.raw + m.long);
        self.read.extend_from_slice(&text[from..at]);
        self.marks.push(Mark { raw: at, long: escape.long, read: self.read.len(), many: escape.many });
        self.read.extend_from_slice(&escape.bytes[..escape.many]);
    }

    fn finish(&mut self, text: &[u8], to: usize) {
        let from = self.marks.last().map_or(self.from, |m| m.raw + m.long);
        self.read.extend_from_slice(&text[from..to]);
    }

    /// The last escape that stands for something before a place.
    fn before(&self, read: usize) -> Option<&Mark> {
        let after = self.marks.partition_point(|m| m.read < read);
        after.checked_sub(1).and_then(|i| self.marks.get(i))
    }

    fn is_near(&self, found: &Found) -> bool {
        self.before(found.end + NEAR).is_some_and(|m| m.read + m.many + NEAR > found.start)
    }

    /// Where something read stands in the text; its kind says whether it is escaped itself.
    fn placed(&self, found: &Found) -> Found {
        let start = match self.before(found.start + 1) {
            None => self.from + found.start,
            Some(m) if found.start < m.read + m.many => m.raw,
            Some(m) => m.raw + m.long + (found.start - m.read - m.many),
        };
        let (end, within) = match self.before(found.end) {
            None => (self.from + found.end, false),
            Some(m) => {
                let end = m.raw + m.long + found.end.saturating_sub(m.read + m.many);
                (end, m.read + m.many > found.start)
            }
        };
        let address = matches!(found.kind, HitKind::Email | HitKind::EmailPlusTag);
        let kind = if address && within { HitKind::EmailEncoded } else { found.kind };
        Found { start, end, kind, ..*found }
    }

    /// Adds what is found near the escapes, by its place in the text.
    fn search(&self, index: &Index, found: &mut Vec<Found>, depth: usize) {
        let mut here = Vec::new();
        find(index, &self.read, &mut here);
        here.retain(|f| self.is_near(f));
        if depth < DEPTH {
            let mut inner = View::default();
            for (at, escape) in escapes(&self.read) {
                inner.add(&self.read, at, &escape);
            }
            if !inner.marks.is_empty() {
                inner.finish(&self.read, self.read.len());
                inner.search(index, &mut here, depth + 1);
            }
        }
        found.extend(here.iter().map(|f| self.placed(f)));
    }
}
