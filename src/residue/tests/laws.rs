//! What holds of all texts: the reference finds the same; cuts, threads and the order of subjects change nothing.

use super::{
    slow::{fast, slow},
    *,
};
use proptest::prelude::*;
use std::fs;

fn subjects() -> Vec<Subject> {
    let subject = |email: &str, name: &str, id: &str| Subject {
        emails: vec![email.to_owned()],
        phones: Vec::new(),
        names: vec![name.to_owned()],
        ids: vec![id.to_owned()],
    };
    vec![
        subject("ann@ex.de", "Ann Ex", "ann-12345"),
        subject("jo.ann@ex.de", "Jo Ann", "12345"),
        subject("ann@de.ex.de", "De Ann", "id_1-a"),
        subject("an@n.de", "Ex De", "x.12345"),
    ]
}

/// Pieces of which look-alikes are made.
fn text() -> impl Strategy<Value = String> {
    let pieces = [
        "ann",
        "ANN",
        "jo",
        "ex",
        "de",
        "an",
        "n",
        "@",
        "@",
        "ann@ex.de",
        "jo.ann@ex.de",
        "ann+x@ex.de",
        ".",
        "-",
        "+",
        "_",
        "'",
        "=",
        " ",
        " ",
        ",",
        "\n",
        "\"",
        ";",
        "/",
        "12345",
        "0",
        "id_1-a",
        "Ann Ex",
        "Ex, Ann",
        "De  Ann",
        "x.12345",
        // md5 of ann@ex.de
        "c573ca9ad7ba90771d4f98c83624e8a4",
    ];
    prop::collection::vec(prop::sample::select(pieces.to_vec()), 0..40).prop_map(|p| p.concat())
}

/// Pieces with escapes, other scripts, numbers, and bytes that are no UTF-8.
fn wild() -> impl Strategy<Value = Vec<u8>> {
    let pieces: [&[u8]; 34] = [
        b"ann",
        b"@ex.de",
        b"ann@ex.de",
        b"%40",
        b"\\u0040",
        b"&#64;",
        b"\\n",
        b"\\",
        b"%",
        b"&",
        b"%25",
        b"&amp;",
        b"\\\\",
        b"Ann",
        b"Ex",
        b" ",
        b"&nbsp;",
        b"%20",
        "\u{a0}".as_bytes(),
        "é".as_bytes(),
        "山田".as_bytes(),
        b"\xe9",
        b"\xc3",
        b"\xff",
        b"030",
        b"1234567",
        b"+49",
        b"30",
        b"-",
        b"/",
        b"\n",
        b",",
        b"12345",
        b"\0",
    ];
    prop::collection::vec(prop::sample::select(pieces.to_vec()), 0..120).prop_map(|p| p.concat())
}

fn wild_subjects() -> Vec<Subject> {
    let mut all = subjects();
    all[0].phones.push(phone("030 1234567", Some("DE")));
    all[1].names.push("山田 Ann".to_owned());
    all[2].names.push("é".repeat(3));
    all
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(300))]

    #[test]
    fn the_reference_finds_the_same(text in text()) {
        let subjects = subjects();
        prop_assert_eq!(fast(&subjects, &text), slow(&subjects, &text), "{:?}", text);
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(60))]

    #[test]
    fn cuts_threads_and_the_order_of_subjects_change_nothing(
        parts in prop::collection::vec((wild(), 0_usize..30_000), 1..6),
        body in 1_usize..3_000,
        threads in 1_usize..4,
    ) {
        let folder = tempfile::tempdir().unwrap();
        let mut text = Vec::new();
        for (part, apart) in &parts {
            text.extend_from_slice(part);
            text.resize(text.len() + apart, b'.');
        }
        fs::write(folder.path().join("a"), &text).unwrap();
        let places = [Place { label: "x".to_owned(), path: folder.path().to_owned() }];
        let subjects = wild_subjects();
        let whole = search(&subjects, &places, &Options { threads: 1, ..Options::default() }, BODY).unwrap();
        let options = Options { threads, ..Options::default() };
        let cut = search(&subjects, &places, &options, body.max(text.len() / 200)).unwrap();
        prop_assert_eq!(&cut.hits, &whole.hits);
        prop_assert_eq!(&cut, &whole);
        let reversed: Vec<Subject> = subjects.iter().rev().cloned().collect();
        let mut turned = search(&reversed, &places, &options, BODY).unwrap();
        for hit in &mut turned.hits {
            hit.subject = subjects.len() - 1 - hit.subject;
        }
        turned.hits.sort();
        prop_assert_eq!(&turned.hits, &whole.hits);
    }
}
