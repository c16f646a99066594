//! Characters of bytes that are UTF-8 where they can be, and Windows-1252 where they cannot: files mix the two.

/// 0x80 to 0x9F of Windows-1252.
const HIGH: [char; 32] = [
    '€', '\u{81}', '‚', 'ƒ', '„', '…', '†', '‡', 'ˆ', '‰', 'Š', '‹', 'Œ', '\u{8d}', 'Ž', '\u{8f}', '\u{90}',
    '‘', '’', '“', '”', '•', '–', '—', '˜', '™', 'š', '›', 'œ', '\u{9d}', 'ž', 'Ÿ',
];

fn windows(byte: u8) -> char {
    HIGH.get(usize::from(byte).wrapping_sub(0x80)).copied().unwrap_or(char::from(byte))
}

/// The only character of bytes that are one in UTF-8.
fn only(bytes: &[u8]) -> Option<char> {
    let mut chars = std::str::from_utf8(bytes).ok()?.chars();
    chars.next().filter(|_| chars.next().is_none())
}

/// The character that begins at a place, and its bytes. `None` at the end.
pub(super) fn char_at(text: &[u8], at: usize) -> Option<(char, usize)> {
    let first = *text.get(at)?;
    let long = match first {
        0..0x80 => return Some((char::from(first), 1)),
        0xc2..0xe0 => 2,
        0xe0..0xf0 => 3,
        0xf0..0xf5 => 4,
        _ => return Some((windows(first), 1)),
    };
    let whole = text.get(at..at + long).and_then(only);
    Some(whole.map_or((windows(first), 1), |c| (c, long)))
}

/// The character that ends at a place, and its bytes. `None` at the beginning.
pub(super) fn char_before(text: &[u8], at: usize) -> Option<(char, usize)> {
    let last = *text.get(at.checked_sub(1)?)?;
    if last >= 0x80 {
        for long in 2..=4.min(at) {
            if let Some(c) = only(&text[at - long..at]) {
                return Some((c, long));
            }
        }
    }
    Some((windows_or_ascii(last), 1))
}

fn windows_or_ascii(byte: u8) -> char {
    if byte < 0x80 { char::from(byte) } else { windows(byte) }
}

/// Whether a character stands in words: letters, digits, the underscore, and accents that follow their letter.
pub(super) fn in_word(c: char) -> bool {
    c.is_alphanumeric() || c == '_' || matches!(c, '\u{300}'..='\u{36f}')
}

/// Whether a character is a word by itself: the scripts that put no space between words.
pub(super) fn alone(c: char) -> bool {
    matches!(c,
        '\u{e00}'..='\u{eff}' | '\u{1000}'..='\u{109f}' | '\u{1780}'..='\u{17ff}' | '\u{3005}'..='\u{3007}'
        | '\u{3040}'..='\u{30ff}' | '\u{3400}'..='\u{4dbf}' | '\u{4e00}'..='\u{9fff}' | '\u{ac00}'..='\u{d7a3}'
        | '\u{f900}'..='\u{faff}' | '\u{20000}'..='\u{3ffff}')
}

/// Whether a character joins to its neighbour: part of a word that does not stand alone.
pub(super) fn joins(c: char) -> bool {
    in_word(c) && !alone(c)
}

/// Text in lower case, a character at a time (so that it does not depend on its surroundings).
pub(super) fn lower(text: &[u8]) -> String {
    let mut out = String::with_capacity(text.len());
    let mut at = 0;
    while let Some((c, long)) = char_at(text, at) {
        out.extend(c.to_lowercase());
        at += long;
    }
    out
}

/// Whether text is, but for its case, the text given in lower case.
pub(super) fn same(text: &[u8], lower_case: &str) -> bool {
    if text.is_ascii() {
        return text.eq_ignore_ascii_case(lower_case.as_bytes());
    }
    lower(text) == lower_case
}

/// A number for text that is the same in every case. Text in which a letter is not ASCII is hashed in lower case.
pub(super) fn hash(text: &[u8]) -> u64 {
    if text.is_ascii() { hash_ascii(text, 0, text.len()) } else { hash_folded(lower(text).as_bytes()) }
}

/// [`hash`] of ASCII at a place of a longer text. Bit 5 is set in all bytes, which makes letters lower case; what it
/// confuses besides is told apart by whoever compares.
pub(super) fn hash_ascii(text: &[u8], start: usize, end: usize) -> u64 {
    let long = end - start;
    let mut sum = (long as u64).wrapping_mul(MIX);
    let mut at = start;
    while at + 8 <= end {
        sum = mix(sum, word(text, at));
        at += 8;
    }
    let rest = end - at;
    if rest > 0 {
        sum = mix(sum, word(text, at) & ((1 << (8 * rest)) - 1));
    }
    sum
}

fn hash_folded(text: &[u8]) -> u64 {
    hash_ascii(text, 0, text.len())
}

const MIX: u64 = 0x9e37_79b9_7f4a_7c15;

/// Eight bytes as a number, letters in lower case; zeros beyond the end.
fn word(text: &[u8], at: usize) -> u64 {
    if let Some(Ok(eight)) = text.get(at..at + 8).map(<[u8; 8]>::try_from) {
        return u64::from_le_bytes(eight) | 0x2020_2020_2020_2020;
    }
    let mut eight = [0; 8];
    for (to, from) in eight.iter_mut().zip(&text[at..]) {
        *to = *from;
    }
    u64::from_le_bytes(eight) | 0x2020_2020_2020_2020
}

/// One number of two.
pub(super) fn mix(a: u64, b: u64) -> u64 {
    let wide = u128::from(a ^ 0xa076_1d64_78bd_642f) * u128::from(b ^ MIX);
    (wide >> 64) as u64 ^ wide as u64
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn bytes_that_are_no_utf8_are_windows_1252() {
        let text = "é".as_bytes();
        assert_eq!((char_at(text, 0), char_before(text, 2)), (Some(('é', 2)), Some(('é', 2))));
        assert_eq!((char_at(b"\xe9a", 0), char_before(b"\xe9", 1)), (Some(('é', 1)), Some(('é', 1))));
        assert_eq!(char_at(b"\x80", 0), Some(('€', 1)));
        assert_eq!((char_at(b"", 0), char_before(b"a", 0)), (None, None));
    }

    #[test]
    fn the_hash_is_the_same_in_every_case_and_encoding() {
        assert_eq!(hash("JOSÉ".as_bytes()), hash("josé".as_bytes()));
        assert_eq!(hash(b"JOS\xc9"), hash("josé".as_bytes()));
        assert_eq!(hash(b"Ann_Smith99"), hash_ascii(b"xANN_SMITH99y", 1, 12));
        assert_ne!(hash(b"ann"), hash(b"anna"));
        assert_ne!(hash(b"ab"), hash(b"ba"));
    }
}
