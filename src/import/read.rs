//! Bytes of an export → records.
//!
//! One way, streaming and in bounded memory:
//! [`Source`] (a file, or a stream kept in a temporary file) → digest and byte count → decompression → UTF-8
//! ([`Text`]) → blocks of whole records ([`csv::Splitter`], [`json::Splitter`]) → records. Reading and cutting
//! is sequential and cheap; a block stands alone, so that any thread can take it apart.
//!
//! A record that cannot be read is a [`Bad`] with its place, and the reading goes on; a file that cannot be read
//! is a [`ReadError`]. Messages are written to follow the name of the file or the place, which the caller adds.
//! Nothing here knows a dataset.

mod bad;
mod binary;
mod charset;
pub mod csv;
mod error;
mod find;
pub mod json;
mod source;
mod text;
mod unpack;

pub use bad::{Bad, Fault, excerpt};
pub use charset::{Charset, Decoding, How, UnknownEncoding};
pub use error::ReadError;
pub use source::{Identity, Progress, Source, Stamp};
pub use text::Text;
pub use unpack::UnpackLimits;

/// What records are bounded by, and how large blocks are.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Limits {
    /// The longest field of a CSV record, in bytes of UTF-8 as written. 1 MiB.
    pub field: usize,
    /// The longest record, in bytes of UTF-8. 16 MiB.
    pub record: usize,
    /// About how many bytes a block holds; a longer record makes a longer block. 1 MiB.
    pub block: usize,
}

impl Default for Limits {
    fn default() -> Limits {
        Limits { field: 1 << 20, record: 16 << 20, block: 1 << 20 }
    }
}

/// How a file is opened.
#[derive(Clone, Debug, Default)]
pub struct Open {
    /// The encoding, as far as it is known.
    pub charset: Charset,
    /// What compressed files may unpack to.
    pub unpack: UnpackLimits,
    /// Limits of records and blocks.
    pub limits: Limits,
}

/// What a text is made of.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Format {
    /// Separated values with a header.
    Csv,
    /// An array, an object, or objects one after another.
    Json,
}

impl Format {
    /// Tells from the beginning of a text; `None` if it is all blank.
    ///
    /// `{` and `[` begin JSON only if what follows could be JSON, so that a header `[id],name` is CSV.
    pub fn sniff(head: &[u8]) -> Option<Format> {
        let mut bytes = head.iter().copied().filter(|b| !matches!(b, b' ' | b'\t' | b'\r' | b'\n'));
        let first = bytes.next()?;
        let json = match (first, bytes.next()) {
            (b'{', after) => matches!(after, None | Some(b'"' | b'}')),
            (b'[', after) => matches!(after, None | Some(b'{' | b'[' | b']' | b'"')),
            _ => false,
        };
        Some(if json { Format::Json } else { Format::Csv })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::io::Write;
    use std::sync::atomic::{AtomicU64, Ordering};
    use std::sync::{Mutex, mpsc};
    use std::thread;

    #[test]
    fn the_first_signs_tell_json_from_csv() {
        for json in ["{\"a\":1}", "  \n[\n {}]", "[]", "{}", "[\"a\"]"] {
            assert_eq!(Format::sniff(json.as_bytes()), Some(Format::Json), "{json}");
        }
        for csv in ["id,name\n", "[id],name\n", "{id};x", "\"id\",\"b\"", "1,2"] {
            assert_eq!(Format::sniff(csv.as_bytes()), Some(Format::Csv), "{csv}");
        }
        assert_eq!(Format::sniff(b" \r\n\t"), None);
    }

    #[test]
    fn a_compressed_export_in_another_encoding_is_read_by_several_threads() {
        let rows: String = (0..20_000).map(|i| format!("{i};Müller à Genève;\"{}\"\r\n", i % 7)).collect();
        let (bytes, _, _) = encoding_rs::WINDOWS_1252.encode(&rows);
        let mut gz = flate2::write::GzEncoder::new(b"".to_vec(), flate2::Compression::fast());
        gz.write_all(b"id;name;n\r\n").unwrap();
        gz.write_all(&bytes).unwrap();
        let gz = gz.finish().unwrap();
        let source = Source::spool(&gz[..], None).unwrap();
        let limits = Limits { block: 10_000, ..Limits::default() };
        let text = source.open(&Open { limits, ..Open::default() }, Progress::default()).unwrap();
        assert_eq!(Format::sniff(text.head()), Some(Format::Csv));
        let mut splitter = csv::Splitter::new(text, csv::CsvOptions::default()).unwrap();
        assert_eq!(splitter.decoding().name, "windows-1252");
        let (send, receive) = mpsc::sync_channel::<csv::Block>(4);
        let receive = Mutex::new(receive);
        let sum = AtomicU64::new(0);
        thread::scope(|scope| {
            for _ in 0..3 {
                scope.spawn(|| {
                    loop {
                        let next = receive.lock().unwrap().recv();
                        let Ok(block) = next else { break };
                        let mut rows = block.rows();
                        while let Some(row) = rows.next_row() {
                            let row = row.unwrap();
                            assert_eq!(row.get(1), Some("Müller à Genève"));
                            let id: u64 = row.get(0).unwrap().parse().unwrap();
                            assert_eq!(row.line, id + 2);
                            sum.fetch_add(id, Ordering::Relaxed);
                        }
                    }
                });
            }
            while let Some(block) = splitter.next_block().unwrap() {
                send.send(block).unwrap();
            }
            drop(send);
        });
        assert_eq!(sum.into_inner(), 19_999 * 20_000 / 2);
        assert_eq!(splitter.finish().unwrap().digest, *blake3::hash(&gz).as_bytes());
        let cut = Source::spool(&gz[..gz.len() / 2], None).unwrap();
        let end = cut.open(&Open::default(), Progress::default()).and_then(|text| {
            let mut splitter = csv::Splitter::new(text, csv::CsvOptions::default())?;
            while splitter.next_block()?.is_some() {}
            splitter.finish()
        });
        assert!(matches!(end, Err(ReadError::CutShort { format: "gzip" })), "{end:?}");
    }
}
