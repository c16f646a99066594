//! The content of a file as UTF-8.

use super::charset::{Charset, Decoding, Evidence, How, utf16_by_pattern};
use super::source::{Identity, Raw};
use super::unpack::Unpack;
use super::{Limits, Open, ReadError, binary};
use encoding_rs::{Decoder, DecoderResult, Encoding, UTF_8, UTF_16BE, UTF_16LE};
use memchr::memchr_iter;

/// Bytes from the beginning by which format, encoding and dialect are told.
const HEAD: usize = 64 << 10;
/// Bytes from the beginning that are looked at when they are not UTF-8.
const SAMPLE: usize = 4 << 20;

/// A file opened, unpacked and decoded, without its byte-order mark.
///
/// Text that came as UTF-8 is checked when blocks are made of it, all other text is UTF-8 as it comes.
pub struct Text {
    unpack: Unpack,
    decoder: Option<Decoder>,
    decoding: Decoding,
    limits: Limits,
    /// Decoded and not yet taken.
    pending: Vec<u8>,
    taken: usize,
    /// Raw bytes, kept for their allocation.
    raw: Vec<u8>,
    /// The line up to which it is decoded, from 1; counted only while decoding.
    line: u64,
    ended: bool,
}

impl Text {
    pub(super) fn new(raw: Raw, open: &Open) -> Result<Text, ReadError> {
        let mut unpack = Unpack::new(raw, open.unpack)?;
        let mut head = Vec::new();
        unpack.fill(&mut head, HEAD)?;
        if head.is_empty() {
            // an empty file that has just grown is not empty
            unpack.finish()?;
            return Err(ReadError::Empty);
        }
        let (encoding, how, damaged) = settle(&mut head, &mut unpack, open.charset)?;
        let mut text = Text {
            unpack,
            decoder: (encoding != UTF_8).then(|| encoding.new_decoder_without_bom_handling()),
            decoding: Decoding { name: encoding.name(), how, damaged },
            limits: open.limits,
            pending: Vec::new(),
            taken: 0,
            raw: Vec::new(),
            line: 1,
            ended: false,
        };
        let mut pending = Vec::new();
        text.decode(head, &mut pending, false)?;
        text.pending = pending;
        Ok(text)
    }

    /// The beginning, by which to tell format and dialect; nothing is taken by looking. Up to 64 KiB of the file,
    /// all of it if it is shorter. May end inside a character.
    pub fn head(&self) -> &[u8] {
        let rest = self.pending.get(self.taken..).unwrap_or_default();
        rest.get(..HEAD).unwrap_or(rest)
    }

    /// What it is decoded as.
    pub fn decoding(&self) -> Decoding {
        self.decoding
    }

    /// The limits it was opened with.
    pub(super) fn limits(&self) -> Limits {
        self.limits
    }

    /// Appends about a block. False at the end, when nothing was appended.
    pub(super) fn fill(&mut self, out: &mut Vec<u8>) -> Result<bool, ReadError> {
        let want = self.limits.block.max(1);
        let rest = self.pending.get(self.taken..).unwrap_or_default();
        if !rest.is_empty() {
            let some = rest.get(..want).unwrap_or(rest);
            out.extend_from_slice(some);
            self.taken += some.len();
            return Ok(true);
        }
        self.pending = Vec::new();
        self.taken = 0;
        if self.decoder.is_none() {
            return Ok(self.unpack.fill(out, want)? > 0);
        }
        let before = out.len();
        while out.len() == before && !self.ended {
            let mut raw = std::mem::take(&mut self.raw);
            raw.clear();
            let last = self.unpack.fill(&mut raw, want)? == 0;
            self.raw = self.decode(raw, out, last)?;
            self.ended = last;
        }
        Ok(out.len() > before)
    }

    /// Appends what raw bytes say; gives their buffer back.
    fn decode(&mut self, raw: Vec<u8>, out: &mut Vec<u8>, last: bool) -> Result<Vec<u8>, ReadError> {
        let Some(decoder) = &mut self.decoder else {
            out.extend_from_slice(&raw);
            return Ok(raw);
        };
        let mut at = 0;
        loop {
            let from = raw.get(at..).unwrap_or_default();
            let start = out.len();
            // a character of at most 4 bytes must fit, or the decoder could not go on
            let room = decoder.max_utf8_buffer_length_without_replacement(from.len()).unwrap_or(0).max(16);
            out.resize(start + room, 0);
            let into = out.get_mut(start..).unwrap_or_default();
            let (result, read, written) = decoder.decode_to_utf8_without_replacement(from, into, last);
            out.truncate(start + written);
            at += read;
            self.line += memchr_iter(b'\n', out.get(start..).unwrap_or_default()).count() as u64;
            match result {
                DecoderResult::InputEmpty => return Ok(raw),
                DecoderResult::OutputFull => {}
                DecoderResult::Malformed(..) => {
                    return Err(ReadError::Undecodable { encoding: self.decoding.name, line: self.line });
                }
            }
        }
    }

    /// What was read; reads what is left of the file. An error if the file changed meanwhile.
    pub fn finish(self) -> Result<Identity, ReadError> {
        self.unpack.finish()
    }
}

/// The encoding of a file that begins with `head`, from which a byte-order mark is taken; more is read if needed.
fn settle(
    head: &mut Vec<u8>,
    unpack: &mut Unpack,
    known: Charset,
) -> Result<(&'static Encoding, How, bool), ReadError> {
    let utf32 = head.starts_with(b"\xff\xfe\0\0");
    if let Some((encoding, mark)) = Encoding::for_bom(head).filter(|_| !utf32) {
        head.drain(..mark);
        // a file marked as UTF-8 is never read as anything else: what is not UTF-8 in it is damage
        let second_try = matches!(known, Charset::DamagedUtf8 | Charset::Settled(..));
        let damaged = encoding == UTF_8 && (second_try || !begins_as_utf8(head));
        return Ok((encoding, How::Certain, damaged));
    }
    if let Charset::Declared(encoding) = known
        && (encoding == UTF_16LE || encoding == UTF_16BE)
    {
        return Ok((encoding, How::Declared, false));
    }
    if let Some(encoding) = utf16_by_pattern(head) {
        return Ok((encoding, How::Certain, false));
    }
    binary::refuse(head)?;
    match known {
        Charset::Settled(encoding, how) => Ok((encoding, how, false)),
        Charset::DamagedUtf8 => Ok((UTF_8, How::Certain, true)),
        _ if begins_as_utf8(head) => Ok((UTF_8, How::Certain, false)),
        Charset::Declared(encoding) => Ok((encoding, How::Declared, encoding == UTF_8)),
        Charset::Auto => {
            unpack.fill(head, SAMPLE - HEAD)?;
            let mut evidence = Evidence::new();
            evidence.feed(head);
            match evidence.judge() {
                Charset::Settled(encoding, how) => Ok((encoding, how, false)),
                _ => Ok((UTF_8, How::Certain, true)),
            }
        }
    }
}

/// Whether it is UTF-8, but for a character that the end cuts in two.
fn begins_as_utf8(head: &[u8]) -> bool {
    std::str::from_utf8(head).map_or_else(|e| e.error_len().is_none(), |_| true)
}

/// Bytes as text. If `damaged`, a NUL byte stands for each invalid byte, so that its record is rejected and places stay; else
/// an invalid place is an error, with its line counted from `first_line`.
pub(super) fn checked(
    bytes: Vec<u8>,
    damaged: bool,
    first_line: u64,
    newline: u8,
) -> Result<String, ReadError> {
    let error = match String::from_utf8(bytes) {
        Ok(text) => return Ok(text),
        Err(error) => error,
    };
    if damaged {
        let mut text = String::with_capacity(error.as_bytes().len());
        for chunk in error.as_bytes().utf8_chunks() {
            text.push_str(chunk.valid());
            text.extend(chunk.invalid().iter().map(|_| '\0'));
        }
        return Ok(text);
    }
    let valid = error.as_bytes().get(..error.utf8_error().valid_up_to()).unwrap_or_default();
    Err(ReadError::NotUtf8 { line: first_line + memchr_iter(newline, valid).count() as u64 })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::import::read::{Progress, Source};

    fn read(bytes: &[u8], charset: Charset, block: usize) -> Result<(String, Decoding), ReadError> {
        let limits = Limits { block, ..Limits::default() };
        let open = Open { charset, limits, ..Open::default() };
        let mut text = Source::spool(bytes, None)?.open(&open, Progress::default())?;
        let mut out = Vec::new();
        while text.fill(&mut out)? {}
        let decoding = text.decoding();
        text.finish()?;
        Ok((checked(out, decoding.damaged, 1, b'\n')?, decoding))
    }

    const SAMPLE_TEXT: &str = "id,name\n1,Müller €\n2,Łódź 😀\n";

    #[test]
    fn utf8_and_utf16_are_read_with_and_without_a_mark() {
        let le: Vec<u8> = SAMPLE_TEXT.encode_utf16().flat_map(u16::to_le_bytes).collect();
        let be: Vec<u8> = SAMPLE_TEXT.encode_utf16().flat_map(u16::to_be_bytes).collect();
        let mark = |mark: &[u8], rest: &[u8]| [mark, rest].concat();
        let utf8 = SAMPLE_TEXT.as_bytes();
        let files = [
            ("UTF-8", utf8.to_vec()),
            ("UTF-8", mark(b"\xef\xbb\xbf", utf8)),
            ("UTF-16LE", mark(b"\xff\xfe", &le)),
            ("UTF-16BE", mark(b"\xfe\xff", &be)),
            ("UTF-16LE", le),
            ("UTF-16BE", be),
        ];
        for (name, bytes) in files {
            for block in [1, 3, 7, 1 << 20] {
                let (text, decoding) = read(&bytes, Charset::Auto, block).unwrap();
                assert_eq!((text.as_str(), decoding.name), (SAMPLE_TEXT, name), "block {block}");
                assert_eq!(decoding.warning(), None);
            }
        }
    }

    #[test]
    fn cp1252_is_detected_with_a_warning_and_taken_as_declared_without() {
        let (bytes, _, _) = encoding_rs::WINDOWS_1252.encode("id,name\n1,Müller à Genève – 5 €\n");
        let (text, decoding) = read(&bytes, Charset::Auto, 5).unwrap();
        assert_eq!(text, "id,name\n1,Müller à Genève – 5 €\n");
        assert!(decoding.warning().unwrap().contains("read as windows-1252"));
        let (text, decoding) = read(&bytes, Charset::declared("iso-8859-2").unwrap(), 5).unwrap();
        assert!(text.contains("Genčve"));
        assert_eq!(decoding.warning(), None);
    }

    #[test]
    fn utf8_wins_over_what_was_declared() {
        let (text, decoding) = read(SAMPLE_TEXT.as_bytes(), Charset::declared("latin1").unwrap(), 9).unwrap();
        assert_eq!((text.as_str(), decoding.name), (SAMPLE_TEXT, "UTF-8"));
    }

    #[test]
    fn what_stops_being_utf8_is_reported_with_its_line_and_read_by_a_second_try() {
        let mut bytes = b"id,name\n".to_vec();
        bytes.extend(b"1,plain ascii\n".repeat(10_000));
        bytes.extend(b"2,M\xfcller\n");
        let source = Source::spool(&bytes[..], None).unwrap();
        assert!(matches!(read(&bytes, Charset::Auto, 1 << 20), Err(ReadError::NotUtf8 { line: 10_002 })));
        let charset = source.charset_after_not_utf8(&Open::default()).unwrap();
        let (text, decoding) = read(&bytes, charset, 1 << 20).unwrap();
        assert!(text.ends_with("2,Müller\n"));
        assert!(decoding.warning().is_some());
    }

    #[test]
    fn damaged_utf8_keeps_its_good_characters_and_marks_the_bad() {
        let bytes = ["1,Zürich\n".repeat(50).as_bytes(), b"2,Gen\xc3ve\n"].concat();
        let (text, decoding) = read(&bytes, Charset::Auto, 1 << 20).unwrap();
        assert!(text.ends_with("1,Zürich\n2,Gen\0ve\n"));
        assert!(decoding.damaged && decoding.warning().is_some());
    }

    #[test]
    fn half_a_surrogate_pair_is_an_error_and_no_replacement_character() {
        let mut units: Vec<u16> = "id,name\n1,a\n2,b".encode_utf16().collect();
        units.push(0xd800);
        units.extend("x\n".encode_utf16());
        let bytes: Vec<u8> = units.into_iter().flat_map(u16::to_le_bytes).collect();
        for block in [2, 3, 1 << 20] {
            let error = read(&bytes, Charset::Auto, block).unwrap_err();
            assert!(matches!(error, ReadError::Undecodable { encoding: "UTF-16LE", line: 3 }), "{error:?}");
        }
        // and an odd byte at the end
        let odd: Vec<u8> = "id,name\n1,a\n".encode_utf16().flat_map(u16::to_le_bytes).chain([7]).collect();
        assert!(matches!(read(&odd, Charset::Auto, 64), Err(ReadError::Undecodable { .. })));
    }

    #[test]
    fn an_empty_file_is_empty_and_a_binary_one_is_named() {
        assert!(matches!(read(b"", Charset::Auto, 64), Err(ReadError::Empty)));
        assert!(matches!(read(b"%PDF-1.4", Charset::Auto, 64), Err(ReadError::Binary { .. })));
        assert!(matches!(read(b"\xff\xfe\0\0i\0\0\0", Charset::Auto, 64), Err(ReadError::Binary { .. })));
    }
}
