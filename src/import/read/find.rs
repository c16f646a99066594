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

/// Every `a` and `b` in order: twice its place, and one more where it is `b`. The text must be shorter than 2 GiB.
pub(super) fn places2(bytes: &[u8], a: u8, b: u8, places: &mut Vec<u32>) {
    let (chunks, tail) = bytes.as_chunks::<64>();
    let mut at = 0u32;
    for chunk in chunks {
        let mut hits = marks(&chunk.map(|byte| u8::from(byte == a) | u8::from(byte == b)));
        while hits != 0 {
            let place = hits.trailing_zeros();
            places.push(((at + place) << 1) | u32::from(chunk[place as usize & 63] == b));
            hits &= hits - 1;
        }
        at += 64;
    }
    for (i, byte) in (at..).zip(tail) {
        if *byte == a || *byte == b {
            places.push((i << 1) | u32::from(*byte == b));
        }
    }
}

/// One bit for each byte, which must be 0 or 1. Without intrinsics: a product gathers eight of them in its top byte.
#[inline]
fn marks(bytes: &[u8; 64]) -> u64 {
    let (words, _) = bytes.as_chunks::<8>();
    let gather = |word: &[u8; 8]| u64::from_le_bytes(*word).wrapping_mul(0x0102_0408_1020_4080) >> 56;
    (0..).zip(words).fold(0, |all, (at, word)| all | gather(word) << (8 * at))
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

        #[test]
        fn it_finds_all_that_memchr_finds(
            bytes in prop::collection::vec(prop_oneof![Just(b','), Just(b'\n'), Just(b'-'), any::<u8>()], 0..100),
        ) {
            let mut places = Vec::new();
            places2(&bytes, b',', b'\n', &mut places);
            let plain: Vec<u32> = memchr::memchr2_iter(b',', b'\n', &bytes)
                .map(|i| (i as u32) << 1 | u32::from(bytes[i] == b'\n'))
                .collect();
            prop_assert_eq!(places, plain);
        }
    }
}
