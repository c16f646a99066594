//! Event ids in 128 bits.

/// How an id became 128 bits.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
#[repr(u8)]
pub enum IdClass {
    /// At most 15 bytes, as they are.
    Short = 0,
    /// A lower-case UUID with hyphens.
    Uuid = 1,
    /// XXH3-128 of a longer text.
    Hashed = 2,
}

/// An event id in 128 bits.
pub fn id_bits(text: &[u8]) -> (IdClass, u128) {
    if text.len() <= 15 {
        return (IdClass::Short, padded(text) | (text.len() as u128) << 120);
    }
    match uuid_bits(text) {
        Some(bits) => (IdClass::Uuid, bits),
        None => (IdClass::Hashed, xxhash_rust::xxh3::xxh3_128(text)),
    }
}

/// A text of at most 16 bytes with zeros behind it, the first byte lowest.
#[inline]
pub(super) fn padded(text: &[u8]) -> u128 {
    let n = text.len();
    if let (Some(first), Some(last)) = (text.first_chunk::<8>(), text.last_chunk::<8>()) {
        // Where the two overlap they are equal.
        u128::from(u64::from_le_bytes(*first)) | u128::from(u64::from_le_bytes(*last)) << (8 * (n - 8))
    } else if let (Some(first), Some(last)) = (text.first_chunk::<4>(), text.last_chunk::<4>()) {
        u128::from(u32::from_le_bytes(*first)) | u128::from(u32::from_le_bytes(*last)) << (8 * (n - 4))
    } else {
        text.iter().rev().fold(0, |all, byte| all << 8 | u128::from(*byte))
    }
}

/// The bits of a UUID as RFC 9562 prints it, in lower case.
#[inline]
fn uuid_bits(text: &[u8]) -> Option<u128> {
    let t: &[u8; 36] = text.try_into().ok()?;
    let four = |at: usize| u32::from_le_bytes([t[at], t[at + 1], t[at + 2], t[at + 3]]);
    let eight = |a: usize, b: usize| u64::from(four(a)) | u64::from(four(b)) << 32;
    let words = [eight(0, 4), eight(9, 14), eight(19, 24), eight(28, 32)];
    let hyphens = [t[8], t[13], t[18], t[23]] == [b'-'; 4];
    let (digits, wrong) = (words.map(digits), words.map(|w| written(digits(w)) ^ w));
    if !hyphens || wrong.iter().fold(0, |all, w| all | w) != 0 {
        return None;
    }
    Some(digits.iter().fold(0, |all, d| all << 32 | u128::from(joined(*d))))
}

const EACH: u64 = 0x0101_0101_0101_0101;

/// The values of eight lower-case hexadecimal digits at once: '0' … '9' are 0x30 … 0x39, 'a' … 'f' are 0x61 … 0x66,
/// so bit 6 tells letters. Other bytes give something that [`written`] does not give back.
#[inline]
fn digits(text: u64) -> u64 {
    (text & (EACH * 0x0f)) + (text >> 6 & EACH) * 9
}

/// Eight digits, each at most 24, as text; no text where one is above 15.
#[inline]
fn written(digits: u64) -> u64 {
    let letters = (digits + EACH * 6) >> 4 & EACH;
    let above = (digits + EACH * 0x70) & (EACH * 0x80);
    (digits + EACH * 0x30 + letters * 39) | above
}

/// Eight digits as one number, the digit in the lowest byte first.
#[inline]
fn joined(digits: u64) -> u32 {
    let pairs = (digits << 4 | digits >> 8) & 0x00ff_00ff_00ff_00ff;
    let quads = (pairs | pairs >> 8) & 0x0000_ffff_0000_ffff;
    ((quads | quads >> 16) as u32).swap_bytes()
}

/// The id as it was written; `None` where only its hash is kept.
pub(super) fn id_text(class: IdClass, bits: u128) -> Option<String> {
    match class {
        IdClass::Short => {
            let raw = bits.to_le_bytes();
            String::from_utf8(raw[..usize::from(raw[15].min(15))].to_vec()).ok()
        }
        IdClass::Uuid => {
            let hex = format!("{bits:032x}");
            let parts = [&hex[..8], &hex[8..12], &hex[12..16], &hex[16..20], &hex[20..]];
            Some(parts.join("-"))
        }
        IdClass::Hashed => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn ids_come_back_or_are_hashed(text in "[ -~]{0,40}|[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-g]{4}-[0-9a-f]{4}-[0-9a-f]{12}") {
            let (class, bits) = id_bits(text.as_bytes());
            match id_text(class, bits) {
                Some(back) => prop_assert_eq!(back, text),
                None => prop_assert!(text.len() > 15),
            }
        }

        #[test]
        fn uuids_come_back(bits: u128) {
            let text = id_text(IdClass::Uuid, bits).unwrap();
            prop_assert_eq!(id_bits(text.as_bytes()), (IdClass::Uuid, bits));
        }

        #[test]
        fn eight_digits_are_what_the_library_makes_of_them(text in "[0-9a-f]{8}|[0-9a-gA-F:/`@\u{e9}]{8}") {
            if let Ok(bytes) = <[u8; 8]>::try_from(text.as_bytes()) {
                let lower = text.bytes().all(|b| matches!(b, b'0'..=b'9' | b'a'..=b'f'));
                let word = u64::from_le_bytes(bytes);
                prop_assert_eq!(written(digits(word)) == word, lower);
                if lower {
                    prop_assert_eq!(joined(digits(word)), u32::from_str_radix(&text, 16).unwrap());
                }
            }
        }

        #[test]
        fn padding_keeps_the_bytes(text in prop::collection::vec(any::<u8>(), 0..=16)) {
            let mut raw = text.clone();
            raw.resize(16, 0);
            prop_assert_eq!(padded(&text).to_le_bytes().to_vec(), raw);
        }
    }

    #[test]
    fn an_upper_case_uuid_is_another_text() {
        assert_eq!(id_bits(b"0B1C2D3E-0000-4000-8000-00000000000A").0, IdClass::Hashed);
        assert_eq!(id_bits(b"0b1c2d3e-0000-4000-8000-00000000000a").0, IdClass::Uuid);
    }
}
