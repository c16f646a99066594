//! Decompression, recognised by content and bounded.

use super::ReadError;
use super::source::Raw;
use flate2::bufread::MultiGzDecoder;
use std::io::{self, BufReader, Read};

/// What compressed files may unpack to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct UnpackLimits {
    /// Bytes in all. 64 GiB.
    pub size: u64,
    /// Bytes from each byte on disk, once `after` bytes are unpacked. 2000; an ordinary export is below 50.
    pub ratio: u64,
    /// Where the ratio begins to count: small files may be very even. 64 MiB.
    pub after: u64,
}

impl Default for UnpackLimits {
    fn default() -> UnpackLimits {
        UnpackLimits { size: 64 << 30, ratio: 2000, after: 64 << 20 }
    }
}

/// The largest zstd window, as a power of two: 128 MiB, the bound of the zstd program.
const WINDOW_LOG: u32 = 27;

/// The content of a file: itself, or what it unpacks to.
pub(super) struct Unpack {
    inner: Inner,
    limits: UnpackLimits,
    out: u64,
}

enum Inner {
    Plain(Raw),
    Gzip(Box<MultiGzDecoder<BufReader<Raw>>>),
    Zstd(zstd::Decoder<'static, BufReader<Raw>>),
}

/// The most that is read at once.
const STRETCH: usize = 128 << 10;

impl Unpack {
    pub(super) fn new(mut raw: Raw, limits: UnpackLimits) -> Result<Unpack, ReadError> {
        let magic = raw.magic().map_err(ReadError::of_io)?;
        // 1f 8b 08: gzip with deflate. fd2fb528: a zstd frame; 184d2a5x: a skippable one before it.
        let gzip = magic.starts_with(&[0x1f, 0x8b, 0x08]);
        let zstd = magic.starts_with(&[0x28, 0xb5, 0x2f, 0xfd])
            || matches!(magic, [0x50..=0x5f, 0x2a, 0x4d, 0x18, ..]);
        let inner = if gzip {
            Inner::Gzip(Box::new(MultiGzDecoder::new(BufReader::with_capacity(1 << 17, raw))))
        } else if zstd {
            let mut decoder = zstd::Decoder::with_buffer(BufReader::with_capacity(1 << 17, raw))
                .map_err(ReadError::of_io)?;
            decoder.window_log_max(WINDOW_LOG).map_err(ReadError::of_io)?;
            Inner::Zstd(decoder)
        } else {
            Inner::Plain(raw)
        };
        Ok(Unpack { inner, limits, out: 0 })
    }

    fn raw(&self) -> &Raw {
        match &self.inner {
            Inner::Plain(raw) => raw,
            Inner::Gzip(d) => d.get_ref().get_ref(),
            Inner::Zstd(d) => d.get_ref().get_ref(),
        }
    }

    /// Appends up to `want` bytes; fewer only at the end. Returns how many.
    pub(super) fn fill(&mut self, out: &mut Vec<u8>, want: usize) -> Result<usize, ReadError> {
        let start = out.len();
        out.reserve(want);
        let mut end = start;
        while end < start + want {
            // What was read is hashed while it is still in the core's own cache.
            out.resize((end + STRETCH).min(start + want), 0);
            let free = &mut out[end..];
            let read = match &mut self.inner {
                Inner::Plain(raw) => raw.read(free),
                Inner::Gzip(d) => d.read(free),
                Inner::Zstd(d) => d.read(free),
            };
            match read {
                Ok(0) => break,
                Ok(n) => {
                    end += n;
                    self.out += n as u64;
                    self.check()?;
                }
                Err(e) if e.kind() == io::ErrorKind::Interrupted => {}
                Err(e) => return Err(self.explain(e)),
            }
        }
        out.truncate(end);
        Ok(end - start)
    }

    fn check(&self) -> Result<(), ReadError> {
        if self.raw().overran() {
            self.raw().check_unchanged()?;
        }
        if matches!(self.inner, Inner::Plain(_)) {
            return Ok(());
        }
        let by_ratio = self.raw().bytes().saturating_mul(self.limits.ratio).max(self.limits.after);
        let limit = by_ratio.min(self.limits.size);
        if self.out > limit { Err(ReadError::Bomb { limit }) } else { Ok(()) }
    }

    fn explain(&self, error: io::Error) -> ReadError {
        let format = match &self.inner {
            Inner::Gzip(_) => "gzip",
            Inner::Zstd(_) => "zstd",
            Inner::Plain(_) => return ReadError::of_io(error),
        };
        if error.raw_os_error().is_some() {
            return ReadError::of_io(error);
        }
        // a file that is still being written is cut or damaged for that reason
        if let Err(changed) = self.raw().check_unchanged() {
            return changed;
        }
        let why = error.to_string();
        if error.kind() == io::ErrorKind::UnexpectedEof {
            ReadError::CutShort { format }
        } else if why.contains("too much memory") {
            ReadError::Window
        } else {
            ReadError::Damaged { format, why }
        }
    }

    /// What the bytes on disk were; reads what is left of them.
    pub(super) fn finish(self) -> Result<super::Identity, ReadError> {
        match self.inner {
            Inner::Plain(raw) => raw.finish(),
            Inner::Gzip(d) => d.into_inner().into_inner().finish(),
            Inner::Zstd(d) => d.finish().into_inner().finish(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::import::read::{Progress, Source};
    use std::io::Write;

    fn gzip(bytes: &[u8]) -> Vec<u8> {
        let mut e = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast());
        e.write_all(bytes).unwrap();
        e.finish().unwrap()
    }

    fn unpack(bytes: &[u8], limits: UnpackLimits) -> Result<(Vec<u8>, [u8; 32]), ReadError> {
        let source = Source::spool(bytes, None)?;
        let mut unpack = Unpack::new(source.raw(Progress::default())?, limits)?;
        let mut out = Vec::new();
        while unpack.fill(&mut out, 1000)? > 0 {}
        Ok((out, unpack.finish()?.digest))
    }

    fn text() -> Vec<u8> {
        (0..5000).flat_map(|i| format!("{i},acct_{},{}\n", i * 7 % 13, i * i).into_bytes()).collect()
    }

    #[test]
    fn gzip_of_several_members_and_zstd_of_several_frames_are_read_whole() {
        let (a, b) = (text(), b"the end\n".to_vec());
        let whole = [a.clone(), b.clone()].concat();
        let gz = [gzip(&a), gzip(&b)].concat();
        let zst = [zstd::encode_all(&a[..], 3).unwrap(), zstd::encode_all(&b[..], 3).unwrap()].concat();
        for packed in [gz, zst, whole.clone()] {
            let (out, digest) = unpack(&packed, UnpackLimits::default()).unwrap();
            assert!(out == whole);
            assert_eq!(digest, *blake3::hash(&packed).as_bytes());
        }
    }

    #[test]
    fn a_file_cut_at_any_place_is_an_error_and_never_a_short_success() {
        let text = text();
        let (gz, zst) = (gzip(&text), zstd::encode_all(&text[..], 3).unwrap());
        for (packed, name) in [(&gz, "gzip"), (&zst, "zstd")] {
            for cut in [12, 20, 100, packed.len() / 2, packed.len() - 9, packed.len() - 4, packed.len() - 1] {
                match unpack(&packed[..cut], UnpackLimits::default()) {
                    Err(ReadError::CutShort { format }) => assert_eq!(format, name),
                    other => panic!("{name} cut at {cut}: {:?}", other.map(|o| o.0.len())),
                }
            }
        }
        // two members, the second one cut inside its header
        let two = [gz.clone(), gz[..5].to_vec()].concat();
        assert!(matches!(unpack(&two, UnpackLimits::default()), Err(ReadError::CutShort { .. })));
    }

    #[test]
    fn damage_inside_is_an_error() {
        let mut gz = gzip(&text());
        let last = gz.len() - 6;
        gz[last] ^= 1;
        assert!(matches!(unpack(&gz, UnpackLimits::default()), Err(ReadError::Damaged { .. })));
    }

    #[test]
    fn a_bomb_ends_at_the_bound() {
        let zeros = vec![b'0'; 4 << 20];
        let small = UnpackLimits { size: 1 << 20, ratio: 2000, after: 64 << 20 };
        let error = unpack(&gzip(&zeros), small).unwrap_err();
        assert!(error.to_string().starts_with("unpacks to more than 1 MiB"), "{error}");
        let ratio = UnpackLimits { size: 64 << 30, ratio: 100, after: 1 << 20 };
        let zst = zstd::encode_all(&zeros[..], 3).unwrap();
        assert!(matches!(unpack(&zst, ratio), Err(ReadError::Bomb { limit }) if limit == 1 << 20));
        assert!(unpack(&zst, UnpackLimits::default()).is_ok());
    }

    #[test]
    fn a_window_over_the_limit_is_refused() {
        let mut e = zstd::Encoder::new(Vec::new(), 1).unwrap();
        e.window_log(30).unwrap();
        e.long_distance_matching(true).unwrap();
        e.write_all(&text()).unwrap();
        assert!(matches!(unpack(&e.finish().unwrap(), UnpackLimits::default()), Err(ReadError::Window)));
    }
}
