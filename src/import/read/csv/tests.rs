use super::record::{Judged, judge};
use super::*;
use crate::import::read::{Bad, Fault, Limits, Open, Progress, ReadError, Source, Text};
use proptest::prelude::*;

type Rows = Vec<(u64, Vec<String>)>;

fn text(bytes: &[u8], limits: Limits) -> Result<Text, ReadError> {
    let open = Open { limits, ..Open::default() };
    Source::spool(bytes, None)?.open(&open, Progress::default())
}

fn of(dialect: Option<Dialect>) -> CsvOptions<'static> {
    CsvOptions { dialect, known: None }
}

/// Everything: header, rows, rejects.
fn read(
    bytes: &[u8],
    dialect: Option<Dialect>,
    limits: Limits,
) -> Result<(Header, Rows, Vec<Bad>), ReadError> {
    let mut reader = Reader::new(text(bytes, limits)?, of(dialect))?;
    let (mut rows, mut bad) = (Vec::new(), Vec::new());
    while let Some(row) = reader.next_row()? {
        match row {
            Ok(row) => rows.push((row.line, row.iter().map(str::to_owned).collect())),
            Err(b) => bad.push(b),
        }
    }
    let header = reader.header().clone();
    reader.finish()?;
    Ok((header, rows, bad))
}

fn read_plain(text: &str) -> (Rows, Vec<(u64, Option<usize>, String)>) {
    let (_, rows, bad) = read(text.as_bytes(), None, Limits::default()).unwrap();
    (rows, bad.into_iter().map(|b| (b.line, b.column, b.fault.to_string())).collect())
}

fn lines(rows: &Rows) -> Vec<u64> {
    rows.iter().map(|(line, _)| *line).collect()
}

#[test]
fn a_header_alone_has_no_rows_and_blank_lines_alone_are_empty() {
    let (header, rows, bad) = read(b"\r\n\nid,name\n", None, Limits::default()).unwrap();
    assert_eq!(header, Header { names: vec!["id".into(), "name".into()], line: 3 });
    assert!(rows.is_empty() && bad.is_empty());
    for blank in ["\n\r\n\n", "\r\n", "\u{feff}", "\u{feff}\r\n"] {
        assert!(
            matches!(read(blank.as_bytes(), None, Limits::default()), Err(ReadError::Empty)),
            "{blank:?}"
        );
    }
}

#[test]
fn a_header_whose_quote_is_never_closed_is_an_error() {
    let error = read(b"id,\"name\n1,a\n", None, Limits::default()).unwrap_err();
    assert!(matches!(error, ReadError::Header { line: 1, fault: Fault::UnclosedQuote }), "{error}");
}

#[test]
fn ragged_rows_are_rejected_and_not_padded() {
    let (rows, bad) = read_plain("a,b,c\n1,2\n1,2,3\n\n1,2,3,4\n");
    assert_eq!(lines(&rows), [3]);
    assert_eq!((bad[0].0, bad[1].0), (2, 5));
    assert!(bad[0].2.starts_with("has 2 fields, the header 3"), "{bad:?}");
    assert!(bad[1].2.starts_with("has 4 fields, the header 3"));
}

#[test]
fn an_unclosed_quote_in_the_middle_of_many_rows_costs_one_row() {
    let mut text = "id,name\n".to_owned();
    for i in 0..500_000 {
        text.push_str(if i == 250_000 { "x,\"open\n" } else { "1,name\n" });
    }
    let (rows, bad) = read_plain(&text);
    assert_eq!(rows.len(), 499_999);
    assert_eq!(bad.len(), 1);
    assert_eq!((bad[0].0, bad[0].1), (250_002, Some(2)));
    assert!(bad[0].2.contains("never closed"));
}

#[test]
fn an_unclosed_quote_that_the_next_quote_seems_to_close_costs_the_rows_it_must() {
    let (rows, bad) = read_plain("id,name,n\n1,\"a,1\n2,b,2\n3,\"c\",3\n4,\"d\ne\",4\n5,f,5\n");
    assert_eq!(lines(&rows), [3, 4, 5, 7]);
    assert_eq!(rows[2].1, ["4", "d\ne", "4"]);
    assert_eq!(bad.len(), 1);
    assert_eq!(bad[0].0, 2);
    assert!(bad[0].2.contains("text after a closing quote"), "{bad:?}");
}

#[test]
fn a_record_over_lines_with_a_wrong_count_is_rejected_at_its_first_line_only() {
    let (rows, bad) = read_plain("id,name\n1,\"a\n2,b\n3,c\n4,\"d\n5,e\n");
    assert_eq!(lines(&rows), [3, 4, 6]);
    assert_eq!(bad.iter().map(|b| b.0).collect::<Vec<_>>(), [2, 5]);
    let (rows, bad) = read_plain("id,name\n1,\"a\nb\",x\n2,b\n");
    assert_eq!((lines(&rows), bad.len()), (vec![3, 4], 1), "its second line is judged on its own");
    assert!(bad[0].2.contains("runs on to line 3"), "{bad:?}");
}

#[test]
fn a_field_of_20_mb_is_rejected_with_its_place_in_bounded_memory() {
    for quote in ["", "\""] {
        let text_of = format!("id,name\n1,a\n2,{quote}{}{quote}\n3,c\n", "x".repeat(20_000_000));
        let (_, rows, bad) = read(text_of.as_bytes(), None, Limits::default()).unwrap();
        assert_eq!(lines(&rows), [2, 4]);
        assert_eq!(bad.len(), 1);
        assert_eq!((bad[0].line, bad[0].column), (3, Some(2)));
        assert_eq!(bad[0].fault, Fault::FieldTooLong { limit: 1 << 20 });
        assert_eq!(bad[0].value, "x".repeat(80));
        let mut splitter =
            Splitter::new(text(text_of.as_bytes(), Limits::default()).unwrap(), of(None)).unwrap();
        while let Some(block) = splitter.next_block().unwrap() {
            assert!(block.len() <= 17 << 20);
        }
    }
}

#[test]
fn a_record_over_16_mib_of_short_fields_is_rejected_as_a_record() {
    let text = format!("id,name\n{}\n3,c\n", "xxxxxxx,".repeat(2_200_000));
    let (_, rows, bad) = read(text.as_bytes(), None, Limits::default()).unwrap();
    assert_eq!(lines(&rows), [3]);
    assert_eq!((bad.len(), &bad[0].fault), (1, &Fault::RecordTooLong { limit: 16 << 20 }));
}

#[test]
fn a_nul_byte_rejects_its_row_and_names_its_field() {
    let (rows, bad) = read_plain("id,name\n1,a\n2,b\0c\n3,d\n");
    assert_eq!(lines(&rows), [2, 4]);
    assert_eq!((bad.len(), bad[0].0, bad[0].1), (1, 3, Some(2)));
}

#[test]
fn rows_with_damaged_utf8_are_rejected_and_the_rest_is_read() {
    let bytes = [b"id,name\n", "1,Zürich\n".repeat(50).as_bytes(), b"2,Gen\xc3,\n3,x\xff\xfe\n4,\"\"\"a\"\n"]
        .concat();
    let (_, rows, bad) = read(&bytes, None, Limits::default()).unwrap();
    assert_eq!(rows.len(), 51);
    assert_eq!(bad.iter().map(|b| (b.line, b.column)).collect::<Vec<_>>(), [(52, None), (53, Some(2))]);
    assert_eq!(bad[1].fault, Fault::NotUtf8);
}

#[test]
fn lines_may_end_in_cr_alone() {
    let (rows, bad) = read_plain("id;name\r1;a\r\r2;\"b\rc\"\r3;d");
    assert_eq!(
        rows,
        [
            (2, vec!["1".into(), "a".into()]),
            (4, vec!["2".into(), "b\rc".into()]),
            (6, vec!["3".into(), "d".into()])
        ]
    );
    assert!(bad.is_empty());
}

#[test]
fn a_sep_line_is_no_header_and_counts_as_a_line() {
    let (header, rows, _) = read(b"\xef\xbb\xbfsep=;\r\nid;a,b\r\n1;2\r\n", None, Limits::default()).unwrap();
    assert_eq!((header.line, header.names), (2, vec!["id".to_owned(), "a,b".to_owned()]));
    assert_eq!(rows, [(3, vec!["1".into(), "2".into()])]);
}

#[test]
fn the_text_of_a_row_is_kept_as_it_was() {
    let mut reader =
        Reader::new(text(b"a,b\n\"x\"\"y\",\"z\"\r\n1,2\r\n", Limits::default()).unwrap(), of(None)).unwrap();
    let row = reader.next_row().unwrap().unwrap().unwrap();
    assert_eq!((row.raw(), row.get(0), row.get(2)), ("\"x\"\"y\",\"z\"", Some("x\"y"), None));
    let row = reader.next_row().unwrap().unwrap().unwrap();
    assert_eq!((row.raw(), row.len(), row.is_empty()), ("1,2", 2, false));
}

#[test]
fn many_stray_quotes_do_not_make_reading_slow() {
    // each line seems to open a quote that the next closes; all are followed, none over the whole file
    let text = format!("a,b\n{}", "b\",\"\n".repeat(200_000));
    let (rows, bad) = read_plain(&text);
    assert_eq!(rows.len() + bad.len(), 200_000);
}

const TINY: Limits = Limits { field: 6, record: 14, block: 1 };

/// The rules said as simply as can be, over the whole file at once.
fn model(
    bytes: &[u8],
    d: Dialect,
    limits: Limits,
    columns: usize,
    mut at: usize,
    mut line: u64,
) -> Vec<String> {
    let mut said = Vec::new();
    while at < bytes.len() {
        let next_line =
            |at: usize| memchr::memchr(d.newline(), &bytes[at..]).map_or(bytes.len(), |i| at + i + 1);
        if matches!(&bytes[at..next_line(at)], b"\n" | b"\r\n" | b"\r") {
            (at, line) = (next_line(at), line + 1);
            continue;
        }
        match judge(bytes, at, d, &limits, Some(columns), true, line) {
            Judged::Whole { end, fields, lines } => {
                let nul = bytes[at..end].contains(&0);
                said.push(format!("{line} {}", if fields != columns || nul { "bad" } else { "row" }));
                (at, line) = (end, line + lines);
            }
            Judged::Bad(bad) => {
                said.push(format!("{line} bad {:?}", bad.fault));
                (at, line) = (next_line(at), line + 1);
            }
            Judged::More => panic!("more at the end"),
        }
    }
    said
}

fn table() -> impl Strategy<Value = Vec<Vec<(String, bool)>>> {
    let piece = prop::sample::select(vec![
        "a", "b", " ", ",", ";", "\t", "|", "\"", "\n", "\r\n", "\r", "é", "😀", "",
    ]);
    let field = (prop::collection::vec(piece, 0..4), any::<bool>()).prop_map(|(p, q)| (p.concat(), q));
    (1usize..5).prop_flat_map(move |n| prop::collection::vec(prop::collection::vec(field.clone(), n), 1..12))
}

/// The table as a file, and the lines on which its records begin.
fn write(
    table: &[Vec<(String, bool)>],
    delimiter: u8,
    ends: &[bool],
    bom: bool,
    last: bool,
) -> (String, Vec<u64>) {
    let mut out = if bom { "\u{feff}".to_owned() } else { String::new() };
    let mut lines = Vec::new();
    for (i, record) in table.iter().enumerate() {
        let end = if ends[i % ends.len()] { "\r\n" } else { "\n" };
        if i % 5 == 3 {
            out.push_str(end);
        }
        lines.push(1 + out.matches('\n').count() as u64);
        for (j, (field, quote)) in record.iter().enumerate() {
            if j > 0 {
                out.push(char::from(delimiter));
            }
            let must = field.contains([char::from(delimiter), '\n', '\r']) || field.starts_with('"');
            match *quote || must {
                true => out.push_str(&format!("\"{}\"", field.replace('"', "\"\""))),
                false => out.push_str(field),
            }
        }
        if last || i + 1 < table.len() {
            out.push_str(end);
        }
    }
    (out, lines)
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 600, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn well_formed_tables_are_read_as_the_csv_crate_reads_them(
        table in table(),
        delimiter in prop::sample::select(vec![b',', b';', b'\t', b'|']),
        ends in prop::collection::vec(any::<bool>(), 1..4),
        bom in any::<bool>(),
        last in any::<bool>(),
        block in 1usize..60,
    ) {
        let (file, starts) = write(&table, delimiter, &ends, bom, last);
        let mut reference = ::csv::ReaderBuilder::new().delimiter(delimiter).has_headers(false).from_reader(file.as_bytes());
        let records: Vec<Vec<String>> =
            reference.records().map(|r| r.unwrap().iter().map(str::to_owned).collect()).collect();
        let d = Dialect { delimiter, terminator: Terminator::Lf };
        match read(file.as_bytes(), Some(d), Limits { block, ..Limits::default() }) {
            Err(ReadError::Empty) => prop_assert!(records.is_empty()),
            Err(e) => prop_assert!(false, "{e}"),
            Ok((header, rows, bad)) => {
                prop_assert_eq!(bad, vec![]);
                prop_assert_eq!(&header.names, &records[0]);
                let read: Vec<&Vec<String>> = rows.iter().map(|(_, r)| r).collect();
                prop_assert_eq!(read, records[1..].iter().collect::<Vec<_>>());
                prop_assert!(rows.iter().all(|(line, _)| starts.contains(line)));
            }
        }
    }

    #[test]
    fn whatever_stands_in_a_file_the_cuts_do_not_matter(
        pieces in prop::collection::vec(prop::sample::select(
            vec!["\"", "\"", ",", ",", "\n", "\n", "\r\n", "\r", "a", "bb", "ccccc", "\0", "é", "\"\"", "x,y\n"]), 0..60),
        cr in any::<bool>(),
        block in 1usize..40,
    ) {
        // more NUL bytes than these would make a file so short binary
        let file = format!("h,k\n{}", pieces.concat());
        let file = match file.match_indices('\0').nth(3) {
            Some((fourth, _)) => format!("{}{}", &file[..fourth], file[fourth..].replace('\0', "")),
            None => file,
        };
        let file = if cr { file.replace('\n', "\r") } else { file };
        let d = Dialect { delimiter: b',', terminator: if cr { Terminator::Cr } else { Terminator::Lf } };
        let whole = read(file.as_bytes(), Some(d), Limits { block: 1 << 20, ..TINY }).unwrap();
        let cut = read(file.as_bytes(), Some(d), Limits { block, ..TINY }).unwrap();
        prop_assert_eq!(&whole, &cut);
        let mut said: Vec<(u64, String)> = whole.1.iter().map(|(line, _)| (*line, format!("{line} row"))).collect();
        said.extend(whole.2.iter().map(|b| (b.line, match b.fault {
            Fault::Ragged { .. } | Fault::Nul => format!("{} bad", b.line),
            _ => format!("{} bad {:?}", b.line, b.fault),
        })));
        said.sort();
        let said: Vec<String> = said.into_iter().map(|s| s.1).collect();
        prop_assert_eq!(said, model(file.as_bytes(), d, TINY, 2, 4, 2));
    }
}
