//! Exports that are not as they should be: what is said of them, the exit code, and the cache afterwards.

use crate::{
    company::{
        AS_OF, BILLED, EVENTS, LINE, assert_adds_up, assert_whole, billed, company, events, json, rejects,
        run, says, steering,
    },
    home::Home,
};
use std::io::Write as _;

/// The billed line with one cell replaced, as a second row.
fn with_cell(column: &str, value: &str) -> String {
    let at = BILLED.trim().split(',').position(|c| c == column).unwrap();
    let mut cells: Vec<&str> = LINE.trim().split(',').collect();
    cells[0] = "l2";
    cells[1] = "acct_2";
    cells[at] = value;
    let quoted: Vec<String> =
        cells.iter().map(|c| if c.contains(',') { format!("\"{c}\"") } else { (*c).to_owned() }).collect();
    format!("{BILLED}{LINE}{}\n", quoted.join(","))
}

fn gz(text: &[u8]) -> Vec<u8> {
    let mut packed = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast());
    packed.write_all(text).unwrap();
    packed.finish().unwrap()
}

/// A file that cannot be used as a whole: named as the dataset, then found in a folder.
fn useless(bytes: &[u8], named: i32, words: &[&str]) {
    let home = company();
    home.write("bad/billed_usage.csv", bytes);
    let gave = billed(&home, "bad/billed_usage.csv", &[]);
    assert_eq!(gave.code, named, "{gave:?}");
    says(&gave.err, &["bad/billed_usage.csv"]);
    says(&gave.err, words);
    let report = json(&billed(&home, "bad/billed_usage.csv", &["--format", "json"]));
    assert!(!report["problems"].as_array().unwrap().is_empty());
    let found = run(&home, &["reconcile", "good/usage_events.csv", "bad", "--as-of", AS_OF]);
    assert_eq!(found.code, 3, "its dataset is needed: {found:?}");
    says(&found.err, &["bad/billed_usage.csv", words[0]]);
    assert_whole(&home);
}

#[test]
fn an_empty_file_cannot_be_trusted() {
    useless(b"", 3, &["is empty", "export it again"]);
    useless(b"\r\n\n  \n", 3, &["is empty", "export it again"]);
}

#[test]
fn a_header_alone_is_an_empty_dataset() {
    useless(BILLED.as_bytes(), 3, &["billed_usage has no usable row", "reconcile needs some"]);
}

#[test]
fn a_file_without_a_header_says_so_and_shows_none_of_its_data() {
    useless(LINE.as_bytes(), 2, &["lacks", "account_id", "has it no header line?"]);
    let home = Home::new();
    home.write("accounts.csv", "acct_1,Jane Doe,jane@example.org,2026-01-01\n");
    let gave = run(&home, &["import", "accounts.csv"]);
    assert_eq!(gave.code, 2, "{gave:?}");
    assert!(!gave.err.contains("jane") && !gave.err.contains("Doe"), "{gave:?}");
}

#[test]
fn a_delimiter_that_is_not_read_is_suspected() {
    let odd = format!("{BILLED}{LINE}").replace(',', "^");
    useless(
        odd.as_bytes(),
        2,
        &["lacks", "line_id^account_id", "its delimiter seems to be '^'", "export it with"],
    );
}

#[test]
fn a_delimiter_that_is_guessed_wrong_can_be_set() {
    let home = company();
    home.write("odd.csv", format!("{BILLED}{LINE}").replace(',', "|").replace("l1|", "l,1|"));
    assert_eq!(billed(&home, "odd.csv", &[]).code, 0);
    home.write("crosscheck.toml", "[[source]]\nmatch = \"odd.csv\"\ndelimiter = \";\"\n");
    let gave = billed(&home, "odd.csv", &[]);
    assert_eq!(gave.code, 2, "what is set is followed: {gave:?}");
    says(&gave.err, &["its delimiter seems to be '|'"]);
}

#[test]
fn the_usual_delimiters_encodings_and_line_ends_are_read() {
    let text = format!("{BILLED}{LINE}");
    let utf16: Vec<u8> = text.encode_utf16().flat_map(u16::to_le_bytes).collect();
    let home = company();
    let files: &[(&str, Vec<u8>)] = &[
        ("semicolon", text.replace(',', ";").into()),
        ("tab", text.replace(',', "\t").into()),
        ("pipe", text.replace(',', "|").into()),
        ("crlf", text.replace('\n', "\r\n").into()),
        ("mixed", text.replacen('\n', "\r\n", 1).into()),
        ("bom", [b"\xef\xbb\xbf", text.as_bytes()].concat()),
        ("utf16", [b"\xff\xfe".to_vec(), utf16.clone()].concat()),
        ("utf16-without-mark", utf16),
        ("gz", gz(text.as_bytes())),
        ("zst", zstd::encode_all(text.as_bytes(), 3).unwrap()),
    ];
    for (name, bytes) in files {
        let file = format!("{name}.csv");
        home.write(&file, bytes);
        let gave = billed(&home, &file, &["--format", "json"]);
        assert_eq!((gave.code, gave.err.as_str()), (0, ""), "{name}: {gave:?}");
        assert_eq!(json(&gave)["rows"][0]["billed"], "3100", "{name}");
    }
    assert_whole(&home);
}

#[test]
fn cp1252_is_read_with_a_warning_and_without_one_where_it_is_declared() {
    let home = company();
    let text = format!("{},plan\n{},Größe – façade\n", BILLED.trim(), LINE.trim());
    home.write("cp.csv", encoding_rs::WINDOWS_1252.encode(&text).0);
    let gave = billed(&home, "cp.csv", &["--format", "json"]);
    assert_eq!(gave.code, 0, "{gave:?}");
    says(&gave.err, &["warning: cp.csv", "windows-1252", "guess", "UTF-8"]);
    home.write("crosscheck.toml", "[[source]]\nmatch = \"cp.csv\"\nencoding = \"windows-1252\"\n");
    assert_eq!(billed(&home, "cp.csv", &[]).err, "");
    assert_whole(&home);
}

#[test]
fn binary_files_are_named_for_what_they_are() {
    let noise: Vec<u8> = (0..20_000u32).map(|i| (i.wrapping_mul(2_654_435_761) >> 13) as u8).collect();
    for (bytes, word) in [
        (noise, "binary"),
        (b"PK\x03\x04\x14\0\0\0\0\0xl/workbook.xml".repeat(9), "not text"),
        (b"%PDF-1.7\n\0".to_vec(), "PDF"),
    ] {
        let home = company();
        home.write("bad.csv", &bytes);
        let gave = billed(&home, "bad.csv", &[]);
        assert_eq!(gave.code, 2, "{gave:?}");
        says(&gave.err, &["bad.csv", word]);
        // In a folder, and named after nothing, it is passed over with a warning.
        home.write("good/photo.csv", &bytes);
        let gave = run(&home, &["reconcile", "good", "--as-of", AS_OF]);
        assert_eq!(gave.code, 0, "{gave:?}");
        says(&gave.err, &["warning: good/photo.csv", "passed over"]);
        assert_whole(&home);
    }
}

#[test]
fn cells_that_could_mean_two_things_are_rejected_with_place_and_remedy() {
    let home = company();
    for (column, value, reason) in [
        ("quantity", "1.234,56", "write 1234.56"),
        ("quantity", "1,234.56", "write 1234.56"),
        ("quantity", "1e3", "write it out"),
        ("quantity", "0x10", "is not a decimal number"),
        ("quantity", "NaN", "is not a decimal number"),
        ("amount", "(100)", "minus sign"),
        ("amount", "$31", ""),
        ("period_start", "31/12/2026", "YYYY-MM-DD"),
        ("period_start", "2026-02-30", ""),
        ("currency", "XXQ", "ISO 4217"),
        ("account_id", "", "required"),
    ] {
        home.write("bad.csv", with_cell(column, value));
        let rejected = rejects(&home, &["billed_usage=bad.csv"]);
        assert_eq!(rejected.len(), 1, "{value}");
        let r = &rejected[0];
        assert_eq!(
            (r["file"].as_str(), r["line"].as_u64(), r["column"].as_str()),
            (Some("bad.csv"), Some(3), Some(column))
        );
        assert_eq!(r["value"].as_str().unwrap_or_default(), value);
        says(r["reason"].as_str().unwrap(), &[reason]);
        assert!(!r["reason"].as_str().unwrap().is_empty());

        let gave = billed(&home, "bad.csv", &["--format", "json"]);
        assert_eq!(gave.code, 3, "{value}: {gave:?}");
        says(&gave.err, &["bad.csv", "1 of 35 rows", "--allow-rejects", "crosscheck rejects"]);
        says(gave.err.lines().last().unwrap(), &["cannot be trusted", "data/rejected-rows", "3"]);
        let report = json(&gave);
        assert_adds_up(&report);
        assert_eq!(report["inputs"][0]["rejected"], 1);
        assert_eq!(report["rows"].as_array().unwrap().len(), 1, "the sound row is judged");
        for allowed in ["1", "3%"] {
            assert_eq!(billed(&home, "bad.csv", &["--allow-rejects", allowed]).code, 0, "{value}");
        }
        assert_eq!(billed(&home, "bad.csv", &["--allow-rejects", "2%"]).code, 3, "1 of 35 is 2.86 %");
    }
    assert_whole(&home);
}

#[test]
fn findings_are_still_findings_where_rejects_are_allowed() {
    let home = company();
    home.write("bad.csv", with_cell("quantity", "1e3").replace(",3100,", ",9100,"));
    let gave = billed(&home, "bad.csv", &[]);
    assert_eq!(gave.code, 3, "3 wins over 1");
    says(&gave.out, &["9,100", "193.55"]);
    assert_eq!(billed(&home, "bad.csv", &["--allow-rejects", "1"]).code, 1);
}

#[test]
fn json_numbers_may_have_an_exponent() {
    let home = company();
    let line = "{\"line_id\":\"l1\",\"account_id\":\"acct_1\",\"metric\":\"api_calls\",\"period_start\":\"2026-10-01\",\
                \"period_end\":\"2026-11-01\",\"quantity\":3.1e3,\"amount\":31.00,\"currency\":\"USD\"}";
    home.write("bad.json", format!("[{line}]"));
    let gave = billed(&home, "bad.json", &["--format", "json"]);
    assert_eq!((gave.code, json(&gave)["rows"][0]["billed"].as_str()), (0, Some("3100")), "{gave:?}");
    home.write("bad.json", format!("[{}]", line.replace("3.1e3", "\"3.1e3\"")));
    assert_eq!(rejects(&home, &["billed_usage=bad.json"])[0]["column"], "quantity", "a text is no number");
    for (text, words) in [
        (format!("[{line},"), ["breaks off", "line 1"]),
        (format!("{{\"has_more\":true,\"data\":[{line}]}}"), ["has_more", "export all pages"]),
    ] {
        home.write("bad.json", text);
        let gave = billed(&home, "bad.json", &["--format", "json"]);
        assert_eq!(gave.code, 3, "{gave:?}");
        says(&gave.err, &["bad.json"]);
        says(&gave.err, &words);
    }
    assert_whole(&home);
}

#[test]
fn a_nul_byte_costs_its_row_and_no_other() {
    let home = company();
    home.write("bad.csv", format!("{BILLED}{LINE}l2,acct_2,api\0calls,2026-10-01,2026-11-01,1,1,USD\n"));
    let r = &rejects(&home, &["billed_usage=bad.csv"])[0];
    assert_eq!((r["line"].as_u64(), r["column"].as_str()), (Some(3), Some("metric")));
    says(r["reason"].as_str().unwrap(), &["NUL byte", "export it again"]);
    let shown = run(&home, &["rejects", "billed_usage=bad.csv"]);
    assert_eq!(steering(&shown.out), None, "{shown:?}");
    assert_eq!(billed(&home, "bad.csv", &[]).code, 3);
    assert_whole(&home);
}

#[test]
fn an_unclosed_quote_among_a_hundred_thousand_rows_costs_one_row() {
    let home = company();
    let mut text = EVENTS.to_owned();
    for i in 0..100_000 {
        let open = if i == 50_000 { "\"" } else { "" };
        text.push_str(&format!("evt_{i},2026-10-05T12:00:00Z,{open}acct_1,api_calls,1\n"));
    }
    home.write("bad.csv", text);
    let listed = rejects(&home, &["usage_events=bad.csv"]);
    assert_eq!(listed.len(), 1);
    assert_eq!(
        (listed[0]["line"].as_u64(), listed[0]["column"].as_str()),
        (Some(50_002), Some("account_id"))
    );
    says(listed[0]["reason"].as_str().unwrap(), &["quote", "never closed"]);
    let report = json(&run(
        &home,
        &["reconcile", "usage_events=bad.csv", "good", "--as-of", AS_OF, "--format", "json"],
    ));
    assert_adds_up(&report);
    assert_eq!(report["exit_code"], 3);
    assert_whole(&home);
}

#[test]
fn a_field_of_20_mb_is_rejected_with_its_place() {
    let home = company();
    let long = "x".repeat(20_000_000);
    home.write("bad.csv", format!("{BILLED}l0,acct_{long},api_calls,2026-10-01,2026-11-01,1,1,USD\n{LINE}"));
    let listed = rejects(&home, &["billed_usage=bad.csv"]);
    assert_eq!(listed.len(), 1);
    assert_eq!((listed[0]["line"].as_u64(), listed[0]["column"].as_str()), (Some(2), Some("account_id")));
    says(listed[0]["reason"].as_str().unwrap(), &["1 MiB"]);
    assert!(listed[0]["value"].as_str().unwrap().len() < 200);
    let gave = billed(&home, "bad.csv", &["--format", "json"]);
    assert_eq!(
        (gave.code, json(&gave)["rows"][0]["billed"].as_str()),
        (3, Some("3100")),
        "the row after it is read"
    );
    assert_whole(&home);
}

#[test]
fn ragged_rows_are_rejected_and_not_padded() {
    let home = company();
    home.write(
        "bad.csv",
        format!("{BILLED}{LINE}l2,acct_2,api_calls\nl3,acct_3,api_calls,2026-10-01,2026-11-01,1,1,USD,x\n"),
    );
    let listed = rejects(&home, &["billed_usage=bad.csv"]);
    let lines: Vec<_> = listed.iter().map(|r| r["line"].as_u64().unwrap()).collect();
    assert_eq!(lines, [3, 4]);
    says(listed[0]["reason"].as_str().unwrap(), &["has 3 fields, the header 8"]);
    assert_whole(&home);
}

#[test]
fn a_time_in_a_daylight_saving_gap_is_the_first_instant_after_it() {
    let home = company();
    home.write(
        "gap.csv",
        format!(
            "{EVENTS}e1,2026-03-29 01:59:59,acct_1,api_calls,1\ne2,2026-03-29 02:30:00,acct_1,api_calls,1\n"
        ),
    );
    let report = json(&run(
        &home,
        &[
            "reconcile",
            "usage_events=gap.csv",
            "good/billed_usage.csv",
            "--timezone",
            "Europe/Berlin",
            "--as-of",
            AS_OF,
            "--format",
            "json",
        ],
    ));
    let events =
        report["inputs"].as_array().unwrap().iter().find(|i| i["dataset"] == "usage_events").unwrap();
    assert_eq!(
        (events["loaded"].as_u64(), events["newest"].as_str()),
        (Some(2), Some("2026-03-29T01:00:00Z"))
    );
    // The zone is no part of what is cached.
    let utc = json(&run(
        &home,
        &["reconcile", "usage_events=gap.csv", "good/billed_usage.csv", "--as-of", AS_OF, "--format", "json"],
    ));
    assert!(utc["inputs"].to_string().contains("2026-03-29T02:30:00Z"));
}

#[test]
fn a_column_that_stands_twice_is_an_error() {
    useless(
        format!("{BILLED}{LINE}").replacen("amount", "Quantity", 1).as_bytes(),
        2,
        &["Quantity", "stands twice", "6 and 7", "remove or rename"],
    );
}

#[test]
fn text_never_becomes_sql() {
    let home = company();
    let drop = "\"\"\"; DROP TABLE path; --\"";
    home.write(
        "bad.csv",
        format!(
            "{},{drop}\n{},{drop}\nl2,{drop},api_calls,2026-10-01,2026-11-01,0,0,USD,'\n",
            BILLED.trim(),
            LINE.trim()
        ),
    );
    let gave = billed(&home, "bad.csv", &["--format", "json"]);
    assert!(gave.code <= 1, "{gave:?}");
    assert_eq!(json(&gave)["inputs"][0]["loaded"], 2);
    let status = run(&home, &["status", "--format", "json"]);
    assert_eq!(status.code, 0);
    says(&status.out, &["/bad.csv", "billed_usage"]);
    assert_whole(&home);
}

#[test]
fn control_characters_and_overrides_reach_no_output_raw() {
    let evil = "acct_\u{1b}[31m\u{202e}gpj\u{7}\u{9b}2J\u{2066}";
    let home = company();
    home.write("bad.csv", format!("{BILLED}{LINE}l2,{evil},api_calls,2026-10-01,2026-11-01,77,7.70,USD\nl3,{evil},api_calls,{evil},2026-11-01,7,1,USD\n"));
    home.write(
        "accounts.csv",
        format!("account_id,name,status\n{evil},Name {evil},active\nacct_1,One,active\n"),
    );
    let file = "odd\u{1b}[2J\u{202e}.csv";
    home.write(file, "a,b\n1,2\n");
    for format in
        ["table", "markdown", "github", "junit", "csv", "rows-csv", "ndjson", "json", "sarif", "html"]
    {
        let gave = billed(&home, "bad.csv", &["accounts.csv", "--format", format, "--allow-rejects", "1"]);
        assert_eq!(gave.code, 1, "{format}: {gave:?}");
        says(&gave.out, &["77"]);
        let machine = ["ndjson", "json", "sarif"].contains(&format);
        let out = if machine {
            gave.out.replace(['\u{202e}', '\u{2066}', '\u{9b}'], "")
        } else {
            gave.out.replace("\r\n", "\n")
        };
        assert_eq!(steering(&out), None, "{format}: {}", gave.out);
    }
    for arguments in [
        &["rejects", "billed_usage=bad.csv"][..],
        &["rejects", "billed_usage=bad.csv", "--format", "csv"],
        &["rejects", "billed_usage=bad.csv", "--format", "markdown"],
        &["import", "billed_usage=bad.csv", "accounts.csv"],
        &["import", file],
        &["import", "."],
        &["status"],
        &["reconcile", file],
        &["profile", file],
        &["explain", evil],
        &["reconcile", "--by", evil],
        &["schema", evil],
    ] {
        let gave = run(&home, arguments);
        assert_eq!(steering(&gave.out.replace("\r\n", "\n")), None, "{arguments:?}: {gave:?}");
    }
}

#[test]
fn a_cut_gzip_file_is_never_half_read() {
    let home = company();
    let packed = gz(events().as_bytes());
    for cut in [packed.len() / 2, packed.len() - 4, packed.len() - 1] {
        home.write("cut/usage_events.csv.gz", &packed[..cut]);
        let gave =
            run(&home, &["reconcile", "cut", "good/billed_usage.csv", "--as-of", AS_OF, "--format", "json"]);
        assert_eq!(gave.code, 3, "{gave:?}");
        says(&gave.err, &["cut/usage_events.csv.gz", "breaks off", "again"]);
        assert_eq!(json(&gave)["rows"].as_array().unwrap().len(), 0, "nothing is judged");
    }
    home.write("cut/usage_events.csv.gz", packed);
    assert_eq!(run(&home, &["reconcile", "cut", "good/billed_usage.csv", "--as-of", AS_OF]).code, 0);
    assert_whole(&home);
}
