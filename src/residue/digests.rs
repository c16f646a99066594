//! Digests of addresses, as marketing tools keep them.

use super::HitKind;
use md5::Md5;
use sha1::Sha1;
use sha2::{Digest as _, Sha256};

/// The digests of an address that is trimmed and in lower case.
pub(super) fn of(address: &str) -> [(HitKind, Vec<u8>); 3] {
    [
        (HitKind::EmailMd5, Md5::digest(address).to_vec()),
        (HitKind::EmailSha1, Sha1::digest(address).to_vec()),
        (HitKind::EmailSha256, Sha256::digest(address).to_vec()),
    ]
}

/// Whether a digest may have so many bytes.
pub(super) fn is_length(bytes: usize) -> bool {
    [16, 20, 32].contains(&bytes)
}

/// The key under which a digest is looked up.
pub(super) fn key(digest: &[u8]) -> u64 {
    digest.iter().take(8).fold(0, |sum, b| sum << 8 | u64::from(*b))
}

/// In lower-case hexadecimal.
pub(super) fn hex(bytes: &[u8]) -> String {
    let digit = |n: u8| char::from(if n < 10 { b'0' + n } else { b'a' + n - 10 });
    bytes.iter().flat_map(|b| [digit(b >> 4), digit(b & 15)]).collect()
}

/// The bytes that an even number of hexadecimal digits stands for.
pub(super) fn unhex(digits: &[u8]) -> Option<Vec<u8>> {
    let value = |d: u8| char::from(d).to_digit(16).map(|v| v as u8);
    digits.chunks(2).map(|pair| Some(value(pair[0])? << 4 | value(*pair.get(1)?)?)).collect()
}
