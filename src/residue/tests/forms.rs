//! Every form in which something is written, and what only looks like it.

use super::{super::HitKind::*, *};

#[test]
fn an_address_is_found_in_any_case_and_surroundings() {
    let ann = one_email("ann@example.com");
    let frames = [
        "X",
        "\"X\"",
        "<X>",
        "mailto:X",
        "a,X,b",
        "email=X&b=1",
        "'X'",
        "(X)",
        "{X}",
        "see X.",
        "X, and",
        "X;X2",
        "|X|",
        "[X](mailto)",
        "...X",
        "-X",
        "\tX\t",
        "`X`",
        "https://X:8080/",
        "«X»",
        "邮箱X吗",
        "X-",
        "#X",
        "*X*",
    ];
    for frame in frames {
        for written in ["ann@example.com", "ANN@EXAMPLE.COM", "Ann@Example.Com"] {
            holds(&ann, frame.replace("X2", "").replacen('X', written, 1), Email, written);
        }
    }
    holds(&one_email(" Ann@Example.com\n"), "ann@example.com", Email, "ann@example.com");
    holds(&one_email("o'neil@example.com"), "to O'Neil@example.com", Email, "O'Neil@example.com");
    holds(&one_email("jürgen@exämple.de"), "an JÜRGEN@exÄmple.de", Email, "JÜRGEN@exÄmple.de");
    // The same in Windows-1252.
    let all = found(&[one_email("jürgen@exämple.de")], b"an J\xdcRGEN@ex\xc4mple.de");
    assert_eq!(all.len(), 1);
}

#[test]
fn an_address_that_looks_alike_is_another() {
    let ann = one_email("ann@example.com");
    for other in [
        "joann@example.com",
        "jo.ann@example.com",
        "jo-ann@example.com",
        "jo_ann@example.com",
        "jo+ann@example.com",
        "ann@example.com.au",
        "ann@example.community",
        "ann@example.co",
        "ann@example-com.de",
        "ann@sub.example.com",
        "ann@ example.com",
        "ann @example.com",
        "ann.example.com",
        "éann@example.com",
        "ann@example.comé",
        "ann2@example.com",
        "2ann@example.com",
        "@example.com",
        "ann@",
        "@",
        "jo%2Eann@example.com",
        "jo&#46;ann@example.com",
        "jo\\u002eann@example.com",
        "ann@example.com-x.de",
    ] {
        lacks(&ann, other);
    }
    lacks(&one_email("neil@example.com"), "o'neil@example.com");
}

#[test]
fn a_tag_is_the_same_mailbox() {
    let ann = one_email("ann@example.com");
    holds(&ann, "to ann+news@example.com", EmailPlusTag, "ann+news@example.com");
    holds(&ann, "ANN+a+b@EXAMPLE.com", EmailPlusTag, "ANN+a+b@EXAMPLE.com");
    lacks(&ann, "ann+news@example.org");
    lacks(&ann, "joann+news@example.com");
    let tagged = one_email("ann+shop@example.com");
    holds(&tagged, "ann+shop@example.com", Email, "ann+shop@example.com");
    lacks(&tagged, "ann@example.com, ann+news@example.com");
    let both = found(&[ann, tagged], b"ann+shop@example.com");
    let text = "ann+shop@example.com".to_owned();
    assert_eq!(both, [(0, EmailPlusTag, text.clone()), (1, Email, text)]);
}

#[test]
fn escapes_are_read_as_what_they_stand_for() {
    let ann = one_email("ann@example.com");
    for written in [
        "ann%40example.com",
        "ANN%40Example.com",
        "%61nn%40example%2Ecom",
        "ann\\u0040example.com",
        "ann&#64;example.com",
        "ann&#x40;example.com",
        "ann&commat;example.com",
        "ann\\x40example.com",
        "ann%2540example.com",
        "ann\\\\u0040example.com",
        "ann%252540example.com",
        "\\u0061nn@example.com",
        "ann%2Bnews%40example.com",
        "ann%2Bnews@example.com",
    ] {
        for frame in ["X", "\"X\"", "a=X&b", "see X.", "\\nX\\n", "%3CX%3E", "&lt;X&gt;", "a\\\"X\\\""] {
            holds(&ann, frame.replace('X', written), EmailEncoded, written);
        }
    }
    for frame in [
        "\\nX\\n",
        "%3CX%3E",
        "&lt;X&gt;",
        "\\u003cX\\u003e",
        "{\\\"e\\\":\\\"X\\\"}",
        "\\\\nX",
        "&nbsp;X",
        "=%20X",
    ] {
        holds(&ann, frame.replace('X', "ann@example.com"), Email, "ann@example.com");
    }
    lacks(&ann, "joann%40example.com");
    lacks(&ann, "jo%61nn%40example.com");
    holds(&one_name("José García"), r"Jos\u00e9 Garc\u00eda", Name, r"Jos\u00e9 Garc\u00eda");
    holds(&one_name("José García"), "Jos&eacute;&nbsp;Garc&iacute;a", Name, "Jos&eacute;&nbsp;Garc&iacute;a");
    holds(&one_name("José García"), "n=Jos%C3%A9%20Garc%C3%ADa&", Name, "Jos%C3%A9%20Garc%C3%ADa");
    holds(&one_phone("+49 30 1234567", None), "p=%2B49301234567", Phone, "%2B49301234567");
    holds(&one_id("usr_4711"), "\\nusr_4711\\n", Id, "usr_4711");
    holds(&one_name("Ann 𐐔𐐯"), r"ann \ud801\udc3c\ud801\udc2f", Name, r"ann \ud801\udc3c\ud801\udc2f");
}

#[test]
fn digests_of_an_address_are_found_in_any_case() {
    let ann = one_email(" Ann@Example.COM ");
    // printf ann@example.com | md5sum, sha1sum, sha256sum
    let digests = DIGESTS;
    for (kind, digest) in digests {
        for written in [digest.to_owned(), digest.to_uppercase()] {
            for frame in ["X", "\"X\"", "0xX", "\\\\xX", "a,X,b", "sha256:X", "id_X"] {
                holds(&ann, frame.replace('X', &written), kind, &written);
            }
            lacks(&ann, format!("{written}0"));
            lacks(&ann, format!("a{written}"));
            lacks(&ann, &written[1..]);
            lacks(&ann, format!("{}-{}", &written[..8], &written[8..]));
        }
    }
}

const DIGESTS: [(HitKind, &str); 3] = [
    (EmailMd5, "257c57037d384ae37ea27a07e8a01665"),
    (EmailSha1, "85e20fa15f500fa17c1b6975c6647445094c26d9"),
    (EmailSha256, "71d4f55f72fa128dfb468a1a3901507c804b74316488744d769d7f4b16696476"),
];

#[test]
fn a_number_is_found_in_any_notation() {
    let forms = [
        "+49 30 1234567",
        "030/1234567",
        "0049301234567",
        "0049 30 1234567",
        "+49301234567",
        "+49 (0)30 1234567",
        "+49 (0) 30 / 123 45 67",
        "(030) 1234567",
        "030-1234567",
        "030 123 4567",
        "+49-30-1234567",
        "+49.30.1234567",
        "(+49) 30 1234567",
        "49301234567",
        "0301234567",
        "+49\u{a0}30\u{a0}1234567",
        "030 – 1234567",
        "30 1234567",
        "301234567",
        "+490301234567",
        "011 49 30 1234567",
        "00 49 30 123 4567",
    ];
    let ways = [
        ("030 1234567", Some("DE")),
        ("+49 30 1234567", None),
        ("+49 (0)30 1234567", Some("FR")),
        ("0049 30 1234567", Some("de")),
        ("30 1234567", Some("DE")),
        ("49301234567", Some("DE")),
        ("+49 30 1234567 ext. 12", None),
    ];
    for (written, country) in ways {
        let subject = one_phone(written, country);
        for form in forms {
            for frame in
                ["X", "Tel. X", "\"X\",", "a,X,5", "tel:X;", "call X, 3 pm", "X\n12", "at 12:30 X", "X."]
            {
                let text = frame.replace('X', form);
                let all = found(std::slice::from_ref(&subject), text.as_bytes());
                assert_eq!(all.len(), 1, "{written} as {text}: {all:?}");
                assert_eq!(all[0].1, Phone);
            }
        }
    }
    let american = one_phone("(415) 555-2671", Some("US"));
    for form in [
        "4155552671",
        "415-555-2671",
        "+1 415 555 2671",
        "1-415-555-2671",
        "+1 (415) 555-2671",
        "415.555.2671x123",
        "4155552671.0",
    ] {
        assert_eq!(found(std::slice::from_ref(&american), form.as_bytes()).len(), 1, "{form}");
    }
    let italian = one_phone("06 6982 1234", Some("IT"));
    holds(&italian, "+39 06 69821234", Phone, "+39 06 69821234");
    lacks(&italian, "+39 6 69821234");
    let unknown = one_phone("030 1234567", None);
    holds(&unknown, "030/1234567", Phone, "030/1234567");
    lacks(&unknown, "+33 30 1234567");
    holds(&one_phone("+45 20 26 11 05", None), "20 26 11 05", Phone, "20 26 11 05");
    holds(&one_phone("0173 0786400", Some("DE")), "173 0786400", Phone, "173 0786400");
}

#[test]
fn digits_that_look_alike_are_no_number() {
    let subject = one_phone("030 1234567", Some("DE"));
    for other in [
        "10301234567",
        "03012345678",
        "990301234567899",
        "+33 30 1234567",
        "+33301234567",
        "+33 301234567",
        "0033 30 1234567",
        "1234567",
        "030-1234567-8",
        "0301234567-12",
        "2026-030-1234567",
        "5.0301234567",
        "0301234567.5",
        "4111 030 123 4567 1111",
        "a0301234567",
        "0301234567a",
        "030:1234567",
        "030,1234567",
        "030\n1234567",
        "030\t1234567",
        "+49 30 1234567 89",
        "+4930 12345678",
        "030 12345678",
        "_0301234567",
        "0x0301234567",
        "301234567e10",
        "+33 (30) 1234567",
    ] {
        lacks(&subject, other);
    }
    // Dates and Unix times.
    lacks(&one_phone("+45 20 26 11 05", None), "20261105 2026-11-05");
    lacks(&one_phone("0173 0786400", Some("DE")), "1730786400");
}

#[test]
fn a_name_is_found_in_either_order_and_across_columns() {
    let ann = one_name("Ann Smith");
    for form in [
        "Ann Smith",
        "ANN SMITH",
        "ann  smith",
        "Smith, Ann",
        "Smith,Ann",
        "Ann\nSmith",
        "Ann\r\n  Smith",
        "Ann\tSmith",
        "Ann\u{a0}Smith",
        "\"Ann\",\"Smith\"",
        "Ann;Smith",
        "Ann|Smith",
        "Smith Ann",
        "Ann-Smith",
        "Ann+Smith",
    ] {
        for frame in ["X", "Dear X,", "'X'", "(X)", "X's", "X’s", "\"X\"", "a,X,b", "von X.", "X\n"] {
            let text = frame.replace('X', form);
            let all = found(std::slice::from_ref(&ann), text.as_bytes());
            assert_eq!(all, [(0, Name, form.trim_matches('"').to_owned())], "{text}");
        }
    }
    for (name, form) in [
        ("Ann Marie Smith", "Smith, Ann Marie"),
        ("Ann van der Berg", "van der Berg, Ann"),
        ("Smith, Ann", "Ann Smith"),
        ("O'Neil, Shaun", "shaun o’neil"),
        ("Anne-Marie Duprès", "DUPRÈS Anne-Marie"),
        ("山田 太郎", "担当は山田太郎です"),
        ("J. R. Smith", "J R Smith"),
        ("J. R. Smith", "J.R. Smith"),
        ("김철수", "김철수님"),
        ("Madonna", "by MADONNA."),
        ("Ann Lee Ann Lee", "Ann Lee Ann Lee"),
    ] {
        assert_eq!(found(&[one_name(name)], form.as_bytes()).len(), 1, "{name} in {form}");
    }
    assert_eq!(found(&[one_name("Jos\u{e9} Roca")], b"Jos\xe9 Roca").len(), 1);
}

#[test]
fn a_name_within_another_is_another() {
    let ann = one_name("Ann Smith");
    for other in [
        "Joann Smith",
        "Ann Smithers",
        "Mary-Ann Smith",
        "Ann Smith-Jones",
        "D'Ann Smith",
        "Ann B Smith",
        "Ann",
        "Smith",
        "Ann: Smith",
        "Ann / Smith",
        "Ann_Smith",
        "Ann Smíth",
        "Ann Smith2",
        "Ann           Smith",
        "Ann,,Smith",
        "Ann,\nSmith",
        "AnnSmith",
        "ann.smith@example.org",
        "Ann..Smith",
        "éAnn Smith",
        "Ann Smithé",
    ] {
        lacks(&ann, other);
    }
    lacks(&one_name("Ann Marie Smith"), "Ann Smith, Marie Smith");
    lacks(&one_name("José Roca"), "Jose Roca");
}

#[test]
fn an_id_is_found_as_a_whole() {
    for id in [
        "usr_4711",
        "550e8400-e29b-41d4-a716-446655440000",
        "48213",
        "auth0|5f7c8a",
        "C-1001/2",
        "AB 12 34",
        "@annsmith",
        "客户4711号",
    ] {
        let subject = one_id(id);
        for frame in [
            "X",
            "\"X\"",
            "a,X,b",
            "/users/X/profile",
            "id=X&",
            "(X)",
            "see X.",
            "user:X",
            "X.json",
            "X, 5",
            " X ",
        ] {
            holds(&subject, frame.replace('X', id), Id, id);
        }
        for frame in ["aX", "Xa", "X9", "9X", "_X", "X_b", "a-X", "X-b", "éX", "Xé"] {
            let text = frame.replace('X', id);
            let edge = |c: Option<char>| c.is_some_and(chars::joins);
            let (left, right) = text.split_once(id).unwrap();
            // A mark or a word by itself at the id's own edge ends it.
            if (left.is_empty() || edge(id.chars().next()))
                && (right.is_empty() || edge(id.chars().next_back()))
            {
                lacks(&subject, text);
            }
        }
    }
    let number = one_id("48213");
    holds(&number, "48213.0", Id, "48213");
    holds(&number, "1,48213,7", Id, "48213");
    for other in ["48213.5", "0.48213", "48.48213", "2026-48213", "48213e5"] {
        lacks(&number, other);
    }
}

#[test]
fn the_case_of_an_id_matters_where_it_is_mixed() {
    holds(&one_id("usr_ab"), "USR_AB", Id, "USR_AB");
    holds(&one_id("550E8400-E29B"), "550e8400-e29b", Id, "550e8400-e29b");
    lacks(&one_id("cus_AbC"), "cus_abc CUS_ABC");
}

#[test]
fn identifiers_that_are_addresses_or_numbers_are_searched_as_such() {
    holds(&one_id("Ann@Example.com"), "ann+x@example.com", EmailPlusTag, "ann+x@example.com");
    holds(&one_id("+49 30 1234567"), "030/1234567", Phone, "030/1234567");
}

#[test]
fn values_that_cannot_be_told_from_other_text_are_named() {
    let subject = Subject {
        emails: vec!["ann@example.com".into(), "ann".into(), "@x".into(), "a b@x".into(), String::new()],
        phones: vec![phone("030 1234567", None), phone("12-34", None), phone("none", None)],
        names: vec!["Ann Smith".into(), "Al".into(), " ".into()],
        ids: vec!["12345".into(), "1234".into(), "ab".into(), "//|//".into()],
    };
    let unsearched = Index::new(&[Subject::default(), subject]).1;
    let fields: Vec<(usize, Field, usize)> =
        unsearched.iter().map(|u| (u.subject, u.field, u.value)).collect();
    let (e, p, n, i) = (Field::Email, Field::Phone, Field::Name, Field::Id);
    let expected = [(e, 1), (e, 2), (e, 3), (e, 4), (p, 1), (p, 2), (n, 1), (n, 2), (i, 1), (i, 2), (i, 3)];
    assert_eq!(fields, expected.map(|(field, value)| (1, field, value)));
}

#[test]
fn debug_shows_nothing_of_a_subject() {
    let hit = Hit {
        place: 0,
        file: "a.csv".into(),
        line: 1,
        subject: 0,
        kind: Email,
        matched: "ann@example.com".into(),
    };
    let scan = Scan { hits: vec![hit], ..Scan::default() };
    let shown = format!("{:?} {:?} {scan:?}", ann(), ann().phones).to_lowercase();
    for value in ["ann", "smith", "example", "1234567", "4711"] {
        assert!(!shown.contains(value), "{shown}");
    }
}
