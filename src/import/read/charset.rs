//! Which encoding a text is in: BOM, then UTF-8 if all of it is, then what was declared, then what it looks like.

use super::source::Source;
use super::unpack::{Unpack, UnpackLimits};
use super::{Progress, ReadError};
use chardetng::{EncodingDetector, Iso2022JpDetection, Utf8Detection};
use encoding_rs::{Encoding, UTF_8, UTF_16BE, UTF_16LE};
use memchr::memrchr;
use thiserror::Error;

/// What is known of an encoding before a file is opened.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Charset {
    /// Nothing: UTF-8 or UTF-16 if it is that, else detected.
    #[default]
    Auto,
    /// What the user says of files that are neither UTF-8 nor marked as UTF-16.
    Declared(&'static Encoding),
    /// Settled: what a second reading is done with.
    Settled(&'static Encoding, How),
    /// UTF-8 with damaged places; records that hold one are rejected.
    DamagedUtf8,
}

/// How an encoding came to be known.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum How {
    /// By a byte-order mark, or as the bytes can be nothing else.
    Certain,
    /// The user said so.
    Declared,
    /// By what the text looks like. May be wrong.
    Detected,
}

/// What a text is decoded as.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Decoding {
    /// The encoding's name, such as `windows-1252`.
    pub name: &'static str,
    /// How it is known.
    pub how: How,
    /// Whether it is UTF-8 with damaged places.
    pub damaged: bool,
}

impl Decoding {
    /// What the user is to be told; the message follows the file's name.
    pub fn warning(&self) -> Option<String> {
        if self.damaged {
            let warning =
                "is UTF-8 with damaged places; the rows that hold them are rejected, export it again";
            return Some(warning.to_owned());
        }
        (self.how == How::Detected).then(|| {
            format!(
                "is not UTF-8; it was read as {}, which is a guess. If names look wrong, declare the encoding, \
                 or export it as UTF-8",
                self.name
            )
        })
    }
}

/// A name that is no encoding's.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
#[error("`{0}` is no known encoding; write for example utf-8, windows-1252, iso-8859-15, shift_jis")]
pub struct UnknownEncoding(String);

impl Charset {
    /// A declared encoding by any name that the WHATWG Encoding Standard lists for it.
    pub fn declared(label: &str) -> Result<Charset, UnknownEncoding> {
        let found = Encoding::for_label_no_replacement(label.trim().as_bytes());
        found.map(Charset::Declared).ok_or_else(|| UnknownEncoding(label.trim().to_owned()))
    }

    /// What to open a file with that turned out not to be UTF-8 ([`ReadError::NotUtf8`]). Reads the file, up to
    /// 16 MiB of the parts of it that are not plain ASCII.
    pub fn after_not_utf8(self, source: &Source, limits: UnpackLimits) -> Result<Charset, ReadError> {
        if let Charset::Declared(encoding) = self
            && encoding != UTF_8
        {
            return Ok(Charset::Settled(encoding, How::Declared));
        }
        let mut unpack = Unpack::new(source.raw(Progress::default())?, limits)?;
        let mut evidence = Evidence::new();
        let mut part = Vec::new();
        while evidence.fed < 16 << 20 && unpack.fill(&mut part, 1 << 18)? > 0 {
            // whole lines, so that leaving parts out breaks no character in two
            let cut = memrchr(b'\n', &part).map_or(part.len(), |i| i + 1);
            evidence.feed(part.get(..cut).unwrap_or_default());
            part.drain(..cut);
        }
        evidence.feed(&part);
        Ok(evidence.judge())
    }
}

/// What bytes say about their encoding.
pub(super) struct Evidence {
    detector: EncodingDetector,
    fed: usize,
    valid: usize,
    invalid: usize,
}

impl Evidence {
    pub(super) fn new() -> Evidence {
        Evidence { detector: EncodingDetector::new(Iso2022JpDetection::Deny), fed: 0, valid: 0, invalid: 0 }
    }

    pub(super) fn feed(&mut self, part: &[u8]) {
        if part.is_ascii() {
            return;
        }
        for chunk in part.utf8_chunks() {
            self.valid += chunk.valid().chars().filter(|c| !c.is_ascii()).count();
            self.invalid += usize::from(!chunk.invalid().is_empty());
        }
        self.detector.feed(part, false);
        self.fed += part.len();
    }

    /// UTF-8 with damage if nearly all that is not ASCII is UTF-8: other encodings look like it by chance only
    /// in few places. Else the likeliest encoding.
    pub(super) fn judge(mut self) -> Charset {
        self.detector.feed(b"", true);
        if self.valid > 4 * self.invalid {
            Charset::DamagedUtf8
        } else {
            Charset::Settled(self.detector.guess(None, Utf8Detection::Deny), How::Detected)
        }
    }
}

/// UTF-16 by where its NUL bytes stand: ASCII (digits, delimiters, names of columns) has one in every pair.
pub(super) fn utf16_by_pattern(head: &[u8]) -> Option<&'static Encoding> {
    let pairs = head.len() / 2;
    let mut nuls = [0usize; 2];
    for pair in head.chunks_exact(2) {
        for (count, byte) in nuls.iter_mut().zip(pair) {
            *count += usize::from(*byte == 0);
        }
    }
    let mostly = |many: usize, few: usize| many >= 4 && many * 4 > pairs && few * 10 <= many;
    match nuls {
        [first, second] if mostly(second, first) => Some(UTF_16LE),
        [first, second] if mostly(first, second) => Some(UTF_16BE),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn after(bytes: &[u8]) -> Charset {
        Charset::Auto.after_not_utf8(&Source::spool(bytes, None).unwrap(), UnpackLimits::default()).unwrap()
    }

    #[test]
    fn a_late_umlaut_in_a_long_ascii_file_is_found() {
        let mut bytes = b"id,name\n".repeat(200_000);
        bytes.extend(b"7,M\xfcller \xe0 Gen\xe8ve\n");
        bytes.extend(b"id,name\n".repeat(200_000));
        assert_eq!(after(&bytes), Charset::Settled(encoding_rs::WINDOWS_1252, How::Detected));
    }

    #[test]
    fn utf8_with_one_broken_character_is_not_taken_for_another_encoding() {
        let bytes = ["1,Zürich\n".repeat(50).as_bytes(), b"2,Gen\xc3ve\n"].concat();
        assert_eq!(after(&bytes), Charset::DamagedUtf8);
    }

    #[test]
    fn japanese_in_shift_jis_is_detected() {
        let (bytes, _, _) = encoding_rs::SHIFT_JIS.encode("番号,名前\n1,株式会社サンプル\n2,東京電力\n");
        assert_eq!(after(&bytes), Charset::Settled(encoding_rs::SHIFT_JIS, How::Detected));
    }

    #[test]
    fn a_declared_encoding_is_asked_for_by_any_of_its_names() {
        assert_eq!(Charset::declared(" Latin1 "), Ok(Charset::Declared(encoding_rs::WINDOWS_1252)));
        assert!(Charset::declared("klingon").unwrap_err().to_string().contains("`klingon`"));
    }

    #[test]
    fn utf16_is_known_by_its_nul_bytes_and_a_single_nul_is_not_it() {
        let le: Vec<u8> = "id,ключ\n1,да\n".encode_utf16().flat_map(u16::to_le_bytes).collect();
        let be: Vec<u8> = "id,name\n1,a\n".encode_utf16().flat_map(u16::to_be_bytes).collect();
        assert_eq!(utf16_by_pattern(&le), Some(UTF_16LE));
        assert_eq!(utf16_by_pattern(&be), Some(UTF_16BE));
        assert_eq!(utf16_by_pattern(b"id,name\n1,a\0b\n"), None);
        assert_eq!(utf16_by_pattern(&[0; 100]), None);
        assert_eq!(utf16_by_pattern(b"ab"), None);
    }
}
