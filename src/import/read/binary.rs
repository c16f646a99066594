//! Data that is no text, by its first bytes.

use super::ReadError;
use memchr::memmem;

const EXPORT: &str = "export it as CSV or JSON";
const UNPACK: &str = "unpack it first (.gz and .zst are read as they are)";

/// First bytes, what they mean, the remedy. The longer of two that overlap stands first.
const SIGNATURES: &[(&[u8], &str, &str)] = &[
    (b"PK\x03\x04", "a zip archive", UNPACK),
    (b"PK\x05\x06", "an empty zip archive", UNPACK),
    (b"\x1f\x8b\x08", "gzip data inside compressed data", "unpack it first"),
    (b"\x28\xb5\x2f\xfd", "zstd data inside compressed data", "unpack it first"),
    (b"\xfd7zXZ\0", "an xz file", UNPACK),
    (b"7z\xbc\xaf\x27\x1c", "a 7-Zip archive", UNPACK),
    (b"Rar!\x1a\x07", "a RAR archive", UNPACK),
    (b"\x04\x22\x4d\x18", "an lz4 file", UNPACK),
    (b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1", "an old Excel workbook (.xls)", EXPORT),
    (b"%PDF-", "a PDF document", EXPORT),
    (b"\x89PNG\r\n\x1a\n", "a PNG image", EXPORT),
    (b"\xff\xd8\xff", "a JPEG image", EXPORT),
    (b"GIF8", "a GIF image", EXPORT),
    (b"SQLite format 3\0", "an SQLite database", EXPORT),
    (b"Obj\x01", "an Avro file", EXPORT),
    (b"\x7fELF", "a program", EXPORT),
    (b"\xff\xfe\0\0", "UTF-32 text", "save it as UTF-8"),
    (b"\0\0\xfe\xff", "UTF-32 text", "save it as UTF-8"),
];

/// Fails if a file's first bytes say that it is no text. UTF-16 is to be recognised before.
pub(super) fn refuse(head: &[u8]) -> Result<(), ReadError> {
    for &(magic, seems, remedy) in SIGNATURES {
        if head.starts_with(magic) {
            let workbook = magic == b"PK\x03\x04" && memmem::find(head, b"xl/").is_some();
            let (seems, remedy) =
                if workbook { ("an Excel workbook (.xlsx)", EXPORT) } else { (seems, remedy) };
            return Err(ReadError::Binary { seems, remedy });
        }
    }
    // a control byte is unheard of in text; a text may hold a few, so they must be many
    let controls = head.iter().filter(|b| matches!(b, 0..=8 | 14..=26 | 28..=31 | 127)).count();
    let binary = controls >= 4 && controls * 20 > head.len();
    let named: &[(&[u8], &str, &str)] = &[
        (b"PAR1", "a Parquet file", EXPORT),
        (b"ORC", "an ORC file", EXPORT),
        (b"ARROW1", "an Arrow file", EXPORT),
        (b"BZh", "a bzip2 file", UNPACK),
    ];
    for &(magic, seems, remedy) in named {
        // letters that a header could begin with
        if head.starts_with(magic) && (controls > 0 || std::str::from_utf8(head).is_err()) {
            return Err(ReadError::Binary { seems, remedy });
        }
    }
    if head.get(257..262) == Some(b"ustar") {
        return Err(ReadError::Binary { seems: "a tar archive", remedy: UNPACK });
    }
    if binary {
        return Err(ReadError::Binary { seems: "binary data", remedy: EXPORT });
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn seems(head: &[u8]) -> &'static str {
        match refuse(head) {
            Err(ReadError::Binary { seems, .. }) => seems,
            other => panic!("{other:?}"),
        }
    }

    #[test]
    fn binary_files_are_called_what_they_are() {
        assert_eq!(seems(b"PK\x03\x04\x14\0\x06\0xl/workbook.xml"), "an Excel workbook (.xlsx)");
        assert_eq!(seems(b"PK\x03\x04\x14\0\x06\0invoices.csv"), "a zip archive");
        assert_eq!(seems(b"PAR1\x15\x04\x15\x10"), "a Parquet file");
        assert_eq!(seems(b"%PDF-1.7\n"), "a PDF document");
        assert_eq!(seems(b"\x89PNG\r\n\x1a\n\0\0"), "a PNG image");
        assert_eq!(seems(b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1\0\0"), "an old Excel workbook (.xls)");
        assert_eq!(seems(b"SQLite format 3\0\x10\0"), "an SQLite database");
        assert_eq!(seems(&[0; 4096]), "binary data");
        let noise: Vec<u8> = (0..4096u32).map(|i| (i.wrapping_mul(2_654_435_761) >> 13) as u8).collect();
        assert_eq!(seems(&noise), "binary data");
    }

    #[test]
    fn text_with_a_nul_byte_or_a_header_like_a_signature_passes() {
        for text in
            [&b"id,name\n1,a\0b\n"[..], b"PAR1,BZh,ORC\n1,2,3\n", b"a\tb\r\n1\t2\r\n", b"", b"\xe9t\xe9"]
        {
            assert!(refuse(text).is_ok());
        }
    }
}
