use super::*;
use crate::import::read::{Limits, Open, Progress, ReadError, Source};
use proptest::prelude::*;

/// All records as (line, text or fault), and what ended the reading.
type All = (Vec<(u64, Result<String, Fault>)>, Result<Splitter, ReadError>);

fn splitter(text: &[u8], limits: Limits) -> Result<Splitter, ReadError> {
    let open = Open { limits, ..Open::default() };
    let text = Source::spool(text, None)?.open(&open, Progress::default())?;
    Splitter::new(text, JsonOptions { names: vec!["invoices".to_owned()] })
}

fn read_by(text: &[u8], limits: Limits) -> All {
    let mut all = Vec::new();
    let mut splitter = match splitter(text, limits) {
        Ok(splitter) => splitter,
        Err(e) => return (all, Err(e)),
    };
    loop {
        match splitter.next_block() {
            Ok(Some(block)) => {
                for item in block.items() {
                    let parsed = item.and_then(|i| i.parse().map(|_| (i.line, Ok(i.text.to_owned()))));
                    all.push(parsed.unwrap_or_else(|bad| (bad.line, Err(bad.fault))));
                }
            }
            Ok(None) => return (all, Ok(splitter)),
            Err(e) => {
                assert!(splitter.next_block().unwrap().is_none(), "nothing comes after an error");
                return (all, Err(e));
            }
        }
    }
}

fn read(text: &str) -> All {
    let whole = read_by(text.as_bytes(), Limits::default());
    for block in [1, 2, 3, 7, 31] {
        let cut = read_by(text.as_bytes(), Limits { block, ..Limits::default() });
        assert_eq!(whole.0, cut.0, "blocks of {block}");
        assert_eq!(whole.1.as_ref().err().map(ToString::to_string), cut.1.err().map(|e| e.to_string()));
    }
    whole
}

/// The records where nothing is wrong.
fn good(text: &str) -> (Vec<(u64, String)>, Splitter) {
    let (all, end) = read(text);
    (all.into_iter().map(|(line, item)| (line, item.unwrap())).collect(), end.unwrap())
}

fn is_json(fault: &Result<String, Fault>) -> bool {
    matches!(fault, Err(Fault::Json { .. }))
}

#[test]
fn records_are_found_in_every_shape_with_their_lines() {
    let a = (r#"{"id":1,"n":"a]}\" [{"}"#, r#"{"id":2,"l":[{"x":[1,2]}]}"#);
    let shapes = [
        (format!("[{},{}]", a.0, a.1), Shape::Array, [1, 1]),
        (format!("\n[\n  {},\n\n  {}\n]\n", a.0, a.1), Shape::Array, [3, 5]),
        (format!("[{}]\n[]\n[{}]", a.0, a.1), Shape::Array, [1, 3]),
        (format!("{}\n\n{}\n", a.0, a.1), Shape::Lines, [1, 3]),
        (format!("\r\n{}\r\n{}", a.0, a.1), Shape::Lines, [2, 3]),
        (format!("{}{}", a.0, a.1), Shape::Objects, [1, 1]),
        (format!("{} {}\n", a.0, a.1), Shape::Objects, [1, 1]),
        (format!("{{\"data\":[{},\n{}],\"has_more\":true}}", a.0, a.1), Shape::Envelope, [1, 2]),
        (format!("{{\"has_more\":true,\n\"invoices\":[\n{}\n,{}]}}\n", a.0, a.1), Shape::Envelope, [3, 4]),
    ];
    for (text, shape, lines) in shapes {
        let (records, end) = good(&text);
        assert_eq!(records, [(lines[0], a.0.to_owned()), (lines[1], a.1.to_owned())], "{text}");
        assert_eq!(end.shape(), shape, "{text}");
        end.finish().unwrap();
    }
}

#[test]
fn a_single_object_is_one_record() {
    assert_eq!(good("{\n \"id\": 1,\n \"items\": [1, 2]\n}\n").0.len(), 1);
    assert_eq!(good("{}").0, [(1, "{}".to_owned())]);
}

#[test]
fn empty_lists_have_no_records() {
    for text in ["[]", " [ ] ", "{\"data\":[],\"has_more\":false}"] {
        assert_eq!(good(text).0, []);
    }
    assert!(matches!(read(" \n\t").1, Err(ReadError::Empty)));
}

#[test]
fn other_members_of_an_envelope_are_kept() {
    let text = r#"{"object":"list","url":"/v1","page":{"n":[1,{"x":"}"}]},"n":12.50,
        "data":[{"id":1}],"items":[{"id":9}],"has_more":true,"next":null}"#;
    let (records, end) = good(text);
    assert_eq!((records.len(), end.key()), (1, Some("data")));
    let members: Vec<String> = end.members().iter().map(|(k, v)| format!("{k}={v}")).collect();
    assert_eq!(
        members,
        [
            "object=\"list\"",
            "url=\"/v1\"",
            "page={\"n\":[1,{\"x\":\"}\"}]}",
            "n=12.50",
            "has_more=true",
            "next=null"
        ]
    );
    assert_eq!(end.other_lists(), ["items"]);
}

#[test]
fn pages_one_after_another_are_one_list_and_a_page_without_it_is_rejected() {
    let text = "{\"object\":\"list\",\"data\":[{\"id\":1}],\"has_more\":true}\n\
        {\"error\":\"rate limited\"}\n\
        {\"object\":\"list\",\"data\":[{\"id\":2}],\"has_more\":false}\n";
    let (all, end) = read(text);
    assert_eq!(all[0], (1, Ok("{\"id\":1}".to_owned())));
    assert_eq!(all[1], (2, Err(Fault::NoRecords { key: "data".to_owned() })));
    assert_eq!(all[2], (3, Ok("{\"id\":2}".to_owned())));
    let end = end.unwrap();
    assert!(end.members().iter().any(|(k, v)| k == "has_more" && *v == Value::Bool(false)));
}

#[test]
fn a_block_is_of_one_page_and_knows_what_stands_around_its_records() {
    let text = r#"{"object":"list","customer":"cus_1","data":[{"id":1},{"id":2}],"has_more":false}
        {"object":"list","data":[],"customer":"cus_0"}
        {"object":"list","data":[{"id":3}],"customer":"cus_2"}"#;
    let mut splitter = splitter(text.as_bytes(), Limits::default()).unwrap();
    let mut pages = Vec::new();
    while let Some(block) = splitter.next_block().unwrap() {
        pages.push((block.items().count(), block.around()["customer"].as_str().unwrap().to_owned()));
    }
    assert_eq!(pages, [(2, "cus_1".to_owned()), (1, "cus_2".to_owned())]);
}

#[test]
fn a_line_at_fault_is_rejected_and_the_reading_goes_on() {
    let (all, end) = read("{\"id\":1}\n{\"id\":2,}\n\n{\"id\":\n7\n{\"id\":5} x\n{\"id\":6}\n{\"id\"");
    assert!(end.is_ok());
    let bad: Vec<u64> = all.iter().filter(|(_, item)| is_json(item)).map(|(line, _)| *line).collect();
    assert_eq!(bad, [2, 4, 6, 8]);
    assert_eq!(all[3], (5, Err(Fault::NotObject { found: "a number" })));
    assert_eq!(all.iter().filter(|(_, item)| item.is_ok()).count(), 2);
    let message = all[1].1.as_ref().unwrap_err().to_string();
    assert_eq!(message, "is not valid JSON: trailing comma (line 2, column 9); export it again");
}

#[test]
fn an_element_at_fault_is_rejected_and_the_reading_goes_on() {
    let (all, end) = read("[{\"id\":1},\n{\"id\" 2},\nnull,[1],\"x\",tru,\n{\"id\":3}]");
    assert!(end.is_ok());
    assert!(is_json(&all[1].1) && all[1].0 == 2);
    assert!(is_json(&all[5].1) && all[5].0 == 3);
    let kinds: Vec<String> = all[2..5].iter().map(|(_, f)| f.as_ref().unwrap_err().to_string()).collect();
    assert!(
        kinds[0].starts_with("is null, not an object") && kinds[1].starts_with("is an array"),
        "{kinds:?}"
    );
    assert_eq!(all[6], (4, Ok("{\"id\":3}".to_owned())));
}

#[test]
fn what_is_wrong_between_elements_ends_the_reading_after_what_is_whole() {
    for (text, line) in [
        ("[{\"id\":1},\n{\"id\":2}\n{\"id\":3}]", 3),
        ("[{\"id\":1},\n{\"id\":2},\n]", 3),
        ("[{\"id\":1},{\"id\":2}\n}", 2),
        ("[{\"id\":1},{\"id\":2},\n{\"id\":[3}}]", 2),
        ("[{\"id\":1},{\"id\":2}]\n\nmore", 3),
        ("{\"data\":[{\"id\":1},{\"id\":2}]}\nmore", 2),
        ("{\"data\":[{\"id\":1},{\"id\":2}],\n3}", 2),
        ("{\"data\":[{\"id\":1},{\"id\":2}],\"x\":}", 1),
    ] {
        let (all, end) = read(text);
        assert_eq!(all.iter().filter(|(_, item)| item.is_ok()).count(), 2, "{text}");
        match end.map(|s| s.shape()) {
            Err(ReadError::Json { line: at, .. }) => assert_eq!(at, line, "{text}"),
            other => panic!("{text}: {other:?}"),
        }
    }
}

#[test]
fn text_that_breaks_off_is_an_error_with_the_line_where_it_began() {
    for (text, whole, line) in [
        ("[{\"id\":1},\n{\"id\":2}", 2, 1),
        ("[{\"id\":1},\n{\"id\":2},\n\n{\"id\":", 2, 4),
        ("[", 0, 1),
        ("{\"object\":\"list\",\"data\":[\n{\"id\":1},\n{\"id\":2},\n", 2, 1),
        ("{\"data\":[{\"id\":1}],\n\"has_mo", 1, 2),
        ("\n{\n\"id\":1,\n\"x\"", 0, 2),
        ("{\n\"id\":1\n}\n{\n\"id\":2", 1, 4),
    ] {
        let (all, end) = read(text);
        assert_eq!(all.len(), whole, "{text}");
        match end.map(|s| s.shape()) {
            Err(ReadError::JsonCutShort { line: at }) => assert_eq!(at, line, "{text}"),
            other => panic!("{text}: {other:?}"),
        }
    }
}

#[test]
fn among_objects_over_several_lines_reading_goes_on_at_the_next_that_begins_a_line() {
    let (all, end) = read("{\n \"id\": 1\n}\n{\n \"id\": [2}\n}\nwhat\n{\n \"id\": 3\n}\n");
    assert!(end.is_ok());
    let lines: Vec<(u64, bool)> = all.iter().map(|(line, item)| (*line, item.is_ok())).collect();
    assert_eq!(lines, [(1, true), (4, false), (8, true)]);
}

#[test]
fn a_record_nested_too_deep_is_rejected() {
    let deep = format!("{{\"a\":{}{}}}", "[".repeat(200), "]".repeat(200));
    for text in [format!("[{deep},\n{{}}]"), format!("{{\"a\":1}}\n{deep}\n{{}}"), format!("{deep}{{}}")] {
        let (all, end) = read(&text);
        assert!(end.is_ok());
        assert_eq!(all.iter().filter(|(_, item)| *item == Err(Fault::TooDeep)).count(), 1, "{text}");
        assert_eq!(all.last().unwrap().1, Ok("{}".to_owned()));
    }
}

#[test]
fn a_record_over_the_limit_is_rejected_in_bounded_memory_and_reading_goes_on() {
    let long = format!("{{\"id\":2,\"x\":\"{}\"}}", "x]}\\\"".repeat(8 << 20));
    for text in [
        format!("[{{\"id\":1}},\n{long},\n{{\"id\":3}}]"),
        format!("{{\"id\":1}}\n{long}\n{{\"id\":3}}\n"),
        format!("{{\"id\":1\n}}\n{long}\n{{\"id\":3}}\n"),
        format!("{{\"object\":\"list\",\"other\":{long},\"data\":[{{\"id\":1}},\n{long},\n{{\"id\":3}}]}}"),
    ] {
        let (all, end) = read_by(text.as_bytes(), Limits::default());
        assert!(end.unwrap().buffered() <= 36 << 20);
        let said: Vec<bool> = all.iter().map(|(_, item)| item.is_ok()).collect();
        assert_eq!(said, [true, false, true], "{}", &text[..40]);
        assert_eq!(all[1].1, Err(Fault::RecordTooLong { limit: 16 << 20 }));
        assert_eq!(all[2].0, all[1].0 + 1);
    }
}

#[test]
fn an_envelope_too_long_to_look_through_is_streamed() {
    let limits = Limits { record: 100, block: 50, ..Limits::default() };
    let items: Vec<String> = (0..100).map(|i| format!("{{\"id\":{i}}}")).collect();
    for before in ["", "\"x\":[1,2,3],\"items\":[],", &format!("\"pad\":[{}],", ["7"; 200].join(","))] {
        let text = format!("{{{before}\"data\":[{}],\"has_more\":true}}", items.join(","));
        let (all, end) = read_by(text.as_bytes(), limits);
        assert_eq!(all.len(), 100, "{before}");
        assert_eq!(end.unwrap().key(), Some("data"));
    }
    let text = format!("{{\"pad\":[{}]}}", ["7"; 200].join(","));
    assert!(matches!(read_by(text.as_bytes(), limits).1, Err(ReadError::Json { .. })));
}

#[test]
fn a_byte_that_is_not_utf8_is_reported_with_its_line() {
    let text =
        [b"[{\"a\":\"x\"},\n{\"a\":\n".as_slice(), &b"\"y\"},".repeat(0), &[b' '; 70_000], b"\"\xff\"}]"]
            .concat();
    match read_by(&text, Limits::default()).1 {
        Err(ReadError::NotUtf8 { line }) => assert_eq!(line, 3),
        other => panic!("{:?}", other.map(|s| s.shape())),
    }
}

#[test]
fn damaged_characters_reject_their_record_alone() {
    let mut text = "{\"n\":\"Zürich\"}\n".repeat(20).into_bytes();
    text.extend(b"{\"n\":\"Gen\xc3ve\"}\n{\"n\":\"b\"}\n");
    let (all, end) = read_by(&text, Limits::default());
    assert!(end.is_ok());
    assert_eq!(all[20], (21, Err(Fault::NotUtf8)));
    assert!(all[21].1.is_ok() && all.len() == 22);
}

fn value() -> impl Strategy<Value = Value> {
    let leaf = prop_oneof![
        Just(Value::Null),
        any::<bool>().prop_map(Value::from),
        any::<i64>().prop_map(Value::from),
        "[a{}\\[\\],:\"\\\\ \né😀]{0,6}".prop_map(Value::from),
    ];
    leaf.prop_recursive(3, 20, 4, |inner| {
        prop_oneof![prop::collection::vec(inner.clone(), 0..4).prop_map(Value::from), object(inner),]
    })
}

fn object(inner: impl Strategy<Value = Value>) -> impl Strategy<Value = Value> {
    prop::collection::vec(("[ab{\"\\\\]{1,3}", inner), 0..4)
        .prop_map(|members| Value::Object(members.into_iter().collect()))
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 400, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn any_objects_are_read_back_from_any_shape(
        objects in prop::collection::vec(object(value()), 1..6),
        pretty in any::<bool>(),
        block in 1usize..80,
    ) {
        let write = |v: &Value| if pretty { serde_json::to_string_pretty(v) } else { serde_json::to_string(v) };
        // what is on one line and what is on several is not mixed by any writer: serde writes `{}` on one
        let objects: Vec<Value> = objects
            .into_iter()
            .map(|mut o| {
                o["z"] = Value::Null;
                o
            })
            .collect();
        let texts: Vec<String> = objects.iter().map(|o| write(o).unwrap()).collect();
        let shapes = [
            texts.join("\n"),
            texts.concat(),
            format!("[{}]", texts.join(",\n")),
            format!("{{\"a\":1,\"data\":[{}],\"b\":[]}}", texts.join(",")),
        ];
        for (i, text) in shapes.iter().enumerate() {
            let (all, end) = read_by(text.as_bytes(), Limits { block, ..Limits::default() });
            prop_assert!(end.is_ok(), "{}: {:?}", text, end.err());
            let read: Vec<Value> =
                all.iter().map(|(_, t)| serde_json::from_str(t.as_ref().unwrap()).unwrap()).collect();
            prop_assert_eq!(&read, &objects, "shape {}", i);
        }
    }

    #[test]
    fn whatever_stands_in_a_text_the_cuts_do_not_matter(
        pieces in prop::collection::vec(prop::sample::select(
            vec!["{", "}", "[", "]", "{\"a\":1}", "\"", ",", ":", "\n", "\n{", "1", "\"a\":", "\\", " ", "{\"data\":[", "é"]), 0..30),
        object in any::<bool>(),
        block in 1usize..30,
    ) {
        let text = format!("{}{}", if object { "{" } else { "[" }, pieces.concat());
        let limits = Limits { record: 25, ..Limits::default() };
        let whole = read_by(text.as_bytes(), limits);
        let cut = read_by(text.as_bytes(), Limits { block, ..limits });
        prop_assert_eq!(whole.0, cut.0);
        prop_assert_eq!(whole.1.err().map(|e| e.to_string()), cut.1.err().map(|e| e.to_string()));
    }
}
