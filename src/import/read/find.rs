//! Finding bytes that are near: fields are short, and a call of memchr costs as much as a field of them.

use memchr::memchr2;

const LOW: u64 = 0x0101_0101_0101_0101;
const HIGH: u64 = 0x8080_8080_8080_8080;
/// How many words of 8 bytes are looked at before memchr takes over.
const WORDS: usize = 4;

/// The first `a` or `b`, as [`memchr2`].
#[inline]
pub(super) fn find2(bytes: &[u8], a: u8, b: u8) -> Option<usize> {
    let (wide_a, wide_b) = (LOW * u64::from(a), LOW * u64::from(b));
    let mut at = 0;
    for _ in 0..WORDS {
        let Some(word) = bytes.get(at..).and_then(|rest| rest.first_chunk::<8>()) else { break };
        let word = u64::from_le_bytes(*word);
        // the lowest bit set marks the first byte that is equal; bits above it may err
        let hit = zero_bytes(word ^ wide_a) | zero_bytes(word ^ wide_b);
        if hit != 0 {
            return Some(at + hit.trailing_zeros() as usize / 8);
        }
        at += 8;
    }
    bytes.get(at..).and_then(|rest| memchr2(a, b, rest)).map(|i| at + i)
}

#[inline]
fn zero_bytes(word: u64) -> u64 {
    word.wrapping_sub(LOW) & !word & HIGH
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn it_finds_what_memchr_finds(
            bytes in prop::collection::vec(prop_oneof![Just(b','), Just(b'\n'), Just(b'-'), any::<u8>()], 0..100),
            pad in 0usize..60,
        ) {
            let bytes = [vec![b'x'; pad], bytes].concat();
            prop_assert_eq!(find2(&bytes, b',', b'\n'), memchr2(b',', b'\n', &bytes));
            prop_assert_eq!(find2(&bytes, b'"', b'"'), memchr2(b'"', b'"', &bytes));
        }
    }
}
