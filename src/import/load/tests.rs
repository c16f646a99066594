//! The short way of usage events in JSON gives what the long way gives, whatever the lines are.

use super::*;
use crate::{
    import::{
        profile::Profiles,
        read::{Open, Progress, Source},
    },
    model::datasets,
};
use proptest::{prelude::*, sample::select};

/// Keys, and values in which they mostly stand.
type Shape = [(&'static str, &'static str)];

const CANONICAL: &Shape = &[
    ("event_id", r#""0b1c2d3e-0000-4000-8000-00000000000a""#),
    ("timestamp", r#""2026-10-31T23:59:59.5Z""#),
    ("account_id", r#""acct_1""#),
    ("metric", r#""calls""#),
    ("quantity", "1.50"),
    ("note", "[1, {\"a\": null}]"),
    ("dimension", r#""eu""#),
    ("Account ID", r#""acct_2""#),
];

const OPENMETER: &Shape = &[
    ("specversion", r#""1.0""#),
    ("id", r#""0b1c2d3e-0000-4000-8000-00000000000a""#),
    ("source", r#""gateway""#),
    ("type", r#""calls""#),
    ("time", r#""2026-10-31T23:59:59.5Z""#),
    ("subject", r#""acct_1""#),
    ("data", r#"{"value":2,"n":-1e3}"#),
    ("ingestedAt", "null"),
];

/// What may stand in place of a value.
fn other() -> impl Strategy<Value = String> {
    let odd = [
        r#""""#,
        r#"" x""#,
        r#""a\u0062\n""#,
        "\"a\0b\"",
        "\"\t\"",
        r#""é""#,
        "null",
        "true",
        "12",
        "-0.5",
        "1e3",
        "01",
        "[]",
        r#"{"value":1}"#,
        r#"{"value":"3","value":4}"#,
        r#"{"n":-1e3,"value":2}"#,
        r#""2026-11-01""#,
        r#""2026-11-01 10:00""#,
        "",
    ];
    prop_oneof![
        select(odd.to_vec()).prop_map(str::to_owned),
        "\"[a-c]{1,20}\"",
        "[1-9][0-9]{0,20}(\\.[0-9]{1,9})?"
    ]
}

/// A line: of the members some other values, sometimes one member less, or two that change places, and its end.
fn line(shape: &'static Shape) -> impl Strategy<Value = String> {
    let values = prop::collection::vec((0..shape.len(), other()), 0..3);
    let ends = select(vec!["\n", "\n", "\n", "\r\n", "\n\n", " \n", "}\n", ",\n"]);
    let places = (0..shape.len(), 0..shape.len());
    (values, prop::option::weighted(0.2, 0..shape.len()), prop::option::weighted(0.2, places), ends).prop_map(
        move |(values, lacks, swapped, end)| {
            let mut members: Vec<(&str, String)> = shape.iter().map(|(k, v)| (*k, (*v).to_owned())).collect();
            for (at, value) in values {
                members[at].1 = value;
            }
            if let Some((a, b)) = swapped {
                members.swap(a, b);
            }
            // The last one is a second spelling or of no use; most lines are without.
            if let Some(at) = lacks.or(Some(shape.len() - 1)) {
                members.remove(at);
            }
            let members: Vec<String> = members.iter().map(|(k, v)| format!("\"{k}\":{v}")).collect();
            format!("{{{}}}{end}", members.join(","))
        },
    )
}

/// All that becomes of the lines.
fn loaded(mapping: &Mapping, text: &str, short: bool) -> Vec<String> {
    let text = Source::spool(text.as_bytes(), None).unwrap();
    let text = text.open(&Open::default(), Progress::default()).unwrap();
    let mut splitter = json::Splitter::new(text, json::JsonOptions::default()).unwrap();
    let tables = [SeriesTable::default()];
    let mut worker = Worker::new(mapping, &tables);
    assert!(worker.fast_json.is_some());
    worker.fast_json = worker.fast_json.filter(|_| short);
    let mut told = Vec::new();
    while let Some(block) = splitter.next_block().unwrap() {
        let done = worker.block(&Block::Json(block), &[]);
        let OutputDone {
            events, rejects, counts: Counts { loaded, filtered, rejected }, oldest, newest, ..
        } = &done.outputs[0];
        told.push(format!("{events:?} {loaded} {filtered} {rejected} {oldest:?} {newest:?}"));
        told.extend(rejects.iter().map(|r| format!("{} {:?} {:?} {}", r.line, r.column, r.value, r.reason)));
    }
    told.push(format!("{:?}", mapping.present(&worker.state, mapping.datasets()[0])));
    let [table] = tables;
    told.push(format!("{:?}", table.into_bytes()));
    told
}

fn same(mapping: &Mapping, shape: &Shape, lines: &[String], marked: bool) -> Result<(), TestCaseError> {
    let members: Vec<String> = shape[..7].iter().map(|(k, v)| format!("\"{k}\":{v}")).collect();
    let mark = if marked { "\u{feff}" } else { "" };
    let text = format!("{mark}{{{}}}\n{}", members.join(","), lines.concat());
    prop_assert_eq!(loaded(mapping, &text, true), loaded(mapping, &text, false), "{}", text);
    Ok(())
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 500, ..ProptestConfig::default() })]
    #[test]
    fn canonical_events_in_json_are_the_same_both_ways(
        lines in prop::collection::vec(line(CANONICAL), 0..20),
        marked: bool,
    ) {
        let mapping = Mapping::canonical(datasets::find("usage_events").unwrap(), None).unwrap();
        same(&mapping, CANONICAL, &lines, marked)?;
    }

    #[test]
    fn events_of_a_profile_are_the_same_both_ways(
        lines in prop::collection::vec(line(OPENMETER), 0..20),
        marked: bool,
    ) {
        let profiles = Profiles::builtin();
        let profile = profiles.get("openmeter/events").unwrap();
        let mapping = Mapping::profile(profile, None, Default::default()).unwrap();
        same(&mapping, OPENMETER, &lines, marked)?;
    }
}
