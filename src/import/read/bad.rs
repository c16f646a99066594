//! Records that cannot be read.

use thiserror::Error;

/// A record that was rejected before it had values.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Bad {
    /// The physical line on which the record begins, from 1.
    pub line: u64,
    /// The field, from 1, where one field is at fault.
    pub column: Option<usize>,
    /// Why.
    pub fault: Fault,
    /// The beginning of what stands there, at most 80 characters, as in the file (control characters included).
    pub value: String,
    /// Whether `value` is the text of `column` alone. If not, it may hold any column's text: whoever masks
    /// personal columns must mask it.
    pub exact: bool,
}

/// Why a record was rejected. The message follows the place.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
pub enum Fault {
    /// The field count is not the header's.
    #[error("has {found} {}, the header {header}; quote values that hold the delimiter", plural(*found, "field"))]
    Ragged {
        /// Fields of this record.
        found: usize,
        /// Fields of the header.
        header: usize,
    },
    /// A quoted field runs over several lines, and then the field count is wrong.
    #[error(
        "opens a quote that runs on to line {last_line}, and the record then has not the header's {header} \
         fields; a quote is missing or one too many (write \"\" for a quote inside a quoted value)"
    )]
    RaggedLines {
        /// The line up to which the record was followed.
        last_line: u64,
        /// Fields of the header.
        header: usize,
    },
    /// A quote is opened and not closed.
    #[error("opens a quote that is never closed; close it, or write \"\" for a quote inside a quoted value")]
    UnclosedQuote,
    /// `"a" b,`
    #[error("has text after a closing quote; write \"\" for a quote inside a quoted value")]
    TextAfterQuote,
    /// A field is over the limit.
    #[error("holds a value of more than {}; shorten or leave out that column", size(*limit as u64))]
    FieldTooLong {
        /// In bytes.
        limit: usize,
    },
    /// A record is over the limit.
    #[error("is longer than {}; check that the file's line ends and quotes are whole", size(*limit as u64))]
    RecordTooLong {
        /// In bytes.
        limit: usize,
    },
    /// A NUL byte.
    #[error("holds a NUL byte; the file may be damaged, export it again")]
    Nul,
    /// In a file that is UTF-8 on the whole.
    #[error("holds bytes that are not UTF-8, unlike the rest of the file; export it again as UTF-8")]
    NotUtf8,
    /// JSON that does not parse.
    #[error("is not valid JSON: {what} (line {line}, column {column}); export it again")]
    Json {
        /// What the parser says.
        what: String,
        /// The physical line of the place, from 1.
        line: u64,
        /// The byte within that line, from 1.
        column: usize,
    },
    /// JSON nested beyond 128 levels.
    #[error(
        "is nested more than 128 levels deep; records are flat objects, export it without the nested parts"
    )]
    TooDeep,
    /// A page of an envelope that lacks its array.
    #[error("is an object without the array `{key}`, unlike the one before it; it may be an error message")]
    NoRecords {
        /// Where records were found before.
        key: String,
    },
    /// A JSON value that is no record.
    #[error("is {found}, not an object; records are objects of named values")]
    NotObject {
        /// `a number`, `an array` …
        found: &'static str,
    },
}

/// At most 80 characters of a text, from its beginning.
pub fn excerpt(text: &str) -> String {
    match text.char_indices().nth(80) {
        Some((end, _)) => text.get(..end).unwrap_or_default().to_owned(),
        None => text.to_owned(),
    }
}

/// As [`excerpt`], of bytes that may not be UTF-8.
pub(super) fn excerpt_bytes(bytes: &[u8]) -> String {
    excerpt(&String::from_utf8_lossy(bytes.get(..320).unwrap_or(bytes)))
}

/// `64 GiB`, `1 MiB`, `300 bytes`: the largest unit that divides it.
pub(super) fn size(bytes: u64) -> String {
    for (shift, unit) in [(30, "GiB"), (20, "MiB"), (10, "KiB")] {
        if bytes >= 1 << shift && bytes.trailing_zeros() >= shift {
            return format!("{} {unit}", bytes >> shift);
        }
    }
    format!("{bytes} bytes")
}

fn plural(n: usize, noun: &str) -> String {
    if n == 1 { noun.to_owned() } else { format!("{noun}s") }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_excerpt_ends_between_characters() {
        assert_eq!(excerpt(&"é".repeat(100)).chars().count(), 80);
        assert_eq!(excerpt("short"), "short");
        assert_eq!(excerpt_bytes("é".repeat(200).as_bytes()).chars().count(), 80);
    }

    #[test]
    fn faults_say_both_values() {
        assert!(Fault::Ragged { found: 1, header: 3 }.to_string().starts_with("has 1 field, the header 3;"));
        assert!(Fault::FieldTooLong { limit: 1 << 20 }.to_string().contains("1 MiB"));
    }
}
