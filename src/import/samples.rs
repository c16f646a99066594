//! Holds every built-in profile to its samples: `fixtures/profiles/VENDOR/EXPORT*`, and beside each what it must give.

use super::{
    detect::{Detected, Head, detect, score_header},
    draft::Draft,
    fold::FoldTable,
    mapping::{JoinNeed, Joins, Lookup, Mapping, OutRow, Outcome, Record, says_cut},
    profile::Profiles,
    read::{Format, Open, Source, csv, json},
};
use crate::model::datasets::Dataset;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};
use std::{
    borrow::Cow,
    collections::{BTreeMap, BTreeSet},
    fs,
    path::{Path, PathBuf},
    sync::Arc,
};

/// What a sample must give: the file of the same stem that ends in `.toml`.
#[derive(Debug, Default, Deserialize, PartialEq, Serialize)]
#[serde(deny_unknown_fields, default)]
struct Expected {
    /// Companion files, where the profile joins one.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    with: Vec<String>,
    /// Rows that the profile leaves out.
    #[serde(skip_serializing_if = "is_zero")]
    filtered: u64,
    /// What says that the export is cut.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    cut: Vec<String>,
    /// Each rejected row: `dataset.column line N`.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    rejects: Vec<String>,
    /// Columns that this export cannot know: `dataset.column`.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    absent: Vec<String>,
    /// Every row, one a line: `dataset: column=value …`, columns in the catalogue's order.
    rows: String,
}

#[allow(clippy::trivially_copy_pass_by_ref, reason = "serde passes a reference")]
fn is_zero(n: &u64) -> bool {
    *n == 0
}

/// The records of a file, each with its line.
enum Records {
    Rows { header: Vec<String>, rows: Vec<(u64, Vec<String>)> },
    Items { items: Vec<Item>, members: Map<String, Value> },
}

/// A JSON record, and the object around the list that it stands in.
struct Item {
    line: u64,
    value: Value,
    around: Value,
}

fn read(path: &Path) -> Records {
    let all = Profiles::builtin();
    let text = Source::File(path.to_owned()).open(&Open::default(), Arc::default()).unwrap();
    if Format::sniff(text.head()) == Some(Format::Csv) {
        let known = |names: &[&str]| score_header(names, &all);
        let mut reader =
            csv::Reader::new(text, csv::CsvOptions { dialect: None, known: Some(&known) }).unwrap();
        let header = reader.header().names.clone();
        let mut rows = Vec::new();
        while let Some(row) = reader.next_row().unwrap() {
            let row = row.unwrap();
            rows.push((row.line, row.iter().map(str::to_owned).collect()));
        }
        return Records::Rows { header, rows };
    }
    let names = crate::model::datasets::DATASETS.iter().map(|d| d.name.to_owned()).collect();
    let mut splitter = json::Splitter::new(text, json::JsonOptions { names }).unwrap();
    let mut items = Vec::new();
    while let Some(block) = splitter.next_block().unwrap() {
        let own = |i: json::Item<'_>| Item {
            line: i.line,
            value: i.parse().unwrap(),
            around: block.around().clone(),
        };
        items.extend(block.items().map(|item| own(item.unwrap())));
    }
    Records::Items { items, members: splitter.members().iter().cloned().collect() }
}

fn recognised(records: &Records, all: &Profiles) -> Detected {
    let found = match records {
        Records::Rows { header, .. } => {
            let header: Vec<&str> = header.iter().map(String::as_str).collect();
            detect("export.csv", &Head::Header(&header), None, all)
        }
        Records::Items { items, .. } => {
            let first: Vec<Value> = items.iter().take(20).map(|i| i.value.clone()).collect();
            detect("export.json", &Head::Records { first: &first, container: None }, None, all)
        }
    };
    found.unwrap_or_else(|e| panic!("{e}"))
}

fn joins(found: &Detected, sample: &Path, with: &[String]) -> Joins {
    let mut joins = Joins::new();
    for need in found.profile().map(|p| p.joins()).unwrap_or_default() {
        let mut all: Option<Lookup> = None;
        for name in with {
            let records = read(&sample.with_file_name(name));
            let is_it = |wanted: &String| recognised(&records, &Profiles::builtin()).name() == wanted;
            if !need.profile.as_ref().is_none_or(is_it) {
                continue;
            }
            let table = lookup(&need, name, &records);
            match &mut all {
                Some(first) => first.merge(table),
                None => all = Some(table),
            }
        }
        match all {
            Some(table) => _ = joins.insert(need.join.clone(), table),
            None => assert!(need.optional, "no companion for {need}"),
        }
    }
    joins
}

fn lookup(need: &JoinNeed, name: &str, records: &Records) -> Lookup {
    match records {
        Records::Rows { header, rows } => {
            let header: Vec<&str> = header.iter().map(String::as_str).collect();
            let mut table = Lookup::new(need, name, Some(&header)).unwrap();
            for (_, row) in rows {
                table.add(&Record::Cells(&row.iter().map(String::as_str).collect::<Vec<_>>()));
            }
            table
        }
        Records::Items { items, .. } => {
            let mut table = Lookup::new(need, name, None).unwrap();
            items.iter().for_each(|item| table.add(&Record::Json(&item.value)));
            table
        }
    }
}

/// What the sample gives, and the profile that claims it.
fn given(sample: &Path, with: &[String], absent: &[String]) -> (String, Expected) {
    let records = read(sample);
    let found = recognised(&records, &Profiles::builtin());
    let joins = joins(&found, sample, with);
    let name = sample.file_name().unwrap().to_str().unwrap();
    let (mut got, present) = made(&found, &records, joins, name);
    got.with = with.to_vec();
    got.absent = absent.iter().filter(|c| !present.contains(*c)).cloned().collect();
    (found.name().to_owned(), got)
}

/// What a recognised file gives, and the columns that it has: `dataset.column`.
fn made(found: &Detected, records: &Records, joins: Joins, file_name: &str) -> (Expected, BTreeSet<String>) {
    let mut got = Expected::default();
    let mut rows: Vec<String> = Vec::new();
    let mut note = |line: u64, outcome: Outcome| {
        got.filtered += u64::from(outcome.filtered);
        got.cut.extend(outcome.cut);
        got.rejects
            .extend(outcome.rejected.iter().map(|r| format!("{}.{} line {line}", r.dataset, r.column)));
    };
    let mut folds: BTreeMap<usize, FoldTable> = BTreeMap::new();
    let shown = |dataset: &Dataset, values: &[Option<Cow<'_, str>>]| {
        let cells = dataset.columns.iter().zip(values);
        let filled = cells.filter_map(|(c, v)| v.as_ref().map(|v| format!(" {}={v}", c.name)));
        format!("{}:{}", dataset.name, filled.collect::<String>())
    };
    let mut keep = |mapping: &Mapping, row: OutRow<'_, '_>| match mapping.folds(row.output) {
        [] => rows.push(shown(row.dataset, row.values)),
        how => folds.entry(row.output).or_insert_with(|| FoldTable::new(how)).add(0, row.values),
    };
    let (mapping, state) = match records {
        Records::Rows { header, rows } => {
            let header: Vec<&str> = header.iter().map(String::as_str).collect();
            let mapping = Mapping::new(found, Some(&header), joins).unwrap().for_file(file_name);
            let mut state = mapping.state();
            for (line, row) in rows {
                let cells: Vec<&str> = row.iter().map(String::as_str).collect();
                note(*line, mapping.apply(&mut state, Record::Cells(&cells), &mut |row| keep(&mapping, row)));
            }
            (mapping, state)
        }
        Records::Items { items, members } => {
            let mapping = Mapping::new(found, None, joins).unwrap().for_file(file_name);
            let mut state = mapping.state();
            for i in items {
                let record = Record::Json(&i.value);
                let mut keep = |row: OutRow<'_, '_>| keep(&mapping, row);
                note(i.line, mapping.apply_within(&mut state, record, &i.around, &mut keep));
            }
            if says_cut(members) {
                got.cut.push("has_more".to_owned());
            }
            let around = Value::Object(members.clone());
            got.cut.extend(found.profile().and_then(|p| p.says_more(&around)));
            (mapping, state)
        }
    };
    let present: BTreeSet<String> = mapping
        .datasets()
        .iter()
        .flat_map(|d| {
            let there = mapping.present(&state, d);
            there.into_iter().map(|at| format!("{}.{}", d.name, d.columns[at].name)).collect::<Vec<_>>()
        })
        .collect();
    for (output, table) in folds {
        let dataset = mapping.datasets()[output];
        rows.extend(table.finish().0.iter().map(|r| shown(dataset, &r.cells)));
    }
    got.rows = rows.join("\n");
    (got, present)
}

/// Every sample with the profile that it is a sample of.
fn samples() -> Vec<(PathBuf, String)> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("fixtures/profiles");
    let mut all = Vec::new();
    for vendor in fs::read_dir(root).unwrap().map(|e| e.unwrap().path()) {
        let name = vendor.file_name().unwrap().to_str().unwrap().to_owned();
        for file in fs::read_dir(&vendor).unwrap().map(|e| e.unwrap().path()) {
            let stem = file.file_stem().unwrap().to_str().unwrap();
            if file.extension().is_some_and(|e| e != "toml") {
                let export = stem.split('-').next().unwrap();
                all.push((file.clone(), format!("{name}/{export}")));
            }
        }
    }
    all.sort();
    all
}

#[test]
fn every_built_in_profile_has_a_sample() {
    let shown: BTreeSet<String> = samples().into_iter().map(|(_, profile)| profile).collect();
    let known: BTreeSet<String> = Profiles::builtin().iter().map(|p| p.name.clone()).collect();
    assert_eq!(shown, known);
}

#[test]
fn every_sample_is_recognised_by_its_shape_alone_and_gives_the_rows_that_stand_beside_it() {
    let mut wrong = Vec::new();
    for (sample, profile) in samples() {
        let text = fs::read_to_string(sample.with_extension("toml")).unwrap_or_default();
        let mut expected: Expected = toml::from_str(&text).unwrap();
        expected.rows = expected.rows.trim().to_owned();
        let (name, got) = given(&sample, &expected.with, &expected.absent);
        if (&name, &got) != (&profile, &expected) {
            let mut pairs = expected.rows.lines().zip(got.rows.lines());
            let first = pairs.find(|(a, b)| a != b);
            let first = first.map_or(String::new(), |(a, b)| format!("# - {a}\n# + {b}\n"));
            let got = toml::to_string(&got).unwrap();
            wrong.push(format!("# {} is {name} and gives\n{first}{got}", sample.display()));
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

/// What a company's own table must give once its draft is in crosscheck.toml: `fixtures/tables/NAME.toml`.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Table {
    /// A check that reads it; tests on the built binary run it.
    #[allow(dead_code, reason = "read by the tests of the binary")]
    check: Option<String>,
    /// The system whose ids its accounts are.
    system: Option<String>,
    rows: String,
}

#[test]
fn a_draft_reads_its_table_without_an_edit() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("fixtures/tables");
    let mut files: Vec<PathBuf> = fs::read_dir(folder).unwrap().map(|e| e.unwrap().path()).collect();
    files.sort();
    let mut wrong = Vec::new();
    for file in files.iter().filter(|f| f.extension().is_some_and(|e| e != "toml")) {
        let table: Table = toml::from_str(&fs::read_to_string(file.with_extension("toml")).unwrap()).unwrap();
        let name = file.file_name().unwrap().to_str().unwrap();
        let records = read(file);
        let draft = match &records {
            Records::Rows { header, rows } => {
                let header: Vec<&str> = header.iter().map(String::as_str).collect();
                let rows: Vec<Vec<&str>> =
                    rows.iter().map(|(_, r)| r.iter().map(String::as_str).collect()).collect();
                Draft::from_rows(name, &header, &rows)
            }
            Records::Items { items, .. } => {
                Draft::from_records(name, &items.iter().map(|i| i.value.clone()).collect::<Vec<_>>())
            }
        };
        let own: toml::Table = toml::from_str(&draft.text()).unwrap();
        let profiles = Profiles::with_table(own["profile"].as_table().unwrap()).unwrap();
        let found = recognised(&records, &profiles);
        let system = found.profile().and_then(|p| p.system.clone());
        let result = std::panic::catch_unwind(|| made(&found, &records, Joins::new(), name).0);
        let got = result.unwrap_or_default();
        let plain = Expected { rows: table.rows.trim().to_owned(), ..Expected::default() };
        if got.rejects != plain.rejects || got.rows != plain.rows || system != table.system {
            wrong.push(format!("{name} by {} {system:?} gives\n{got:?}\n{}", found.name(), draft.toml));
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn the_ten_lines_of_contributing_read_the_export_that_stands_there() {
    let text = fs::read_to_string(Path::new(env!("CARGO_MANIFEST_DIR")).join("CONTRIBUTING.md")).unwrap();
    let section = text.split("## Adding a vendor's export").nth(1).unwrap().split("\n## ").next().unwrap();
    let mut blocks: Vec<String> = Vec::new();
    let mut inside = false;
    for line in section.lines() {
        match line.strip_prefix("    ") {
            Some(code) if inside => blocks.last_mut().unwrap().push_str(&format!("{code}\n")),
            Some(code) => blocks.push(format!("{code}\n")),
            None => {}
        }
        inside = line.starts_with("    ");
    }
    let [profile, sample, expected] = blocks.as_slice() else { panic!("{blocks:?}") };
    assert_eq!(profile.lines().count(), 10);
    let own = toml::Table::from_iter([("acme".to_owned(), toml::Value::Table(profile.parse().unwrap()))]);
    let profiles = Profiles::with_table(&own).unwrap();
    let mut lines = (1..).zip(sample.lines().map(|l| l.split(',').map(str::to_owned).collect::<Vec<_>>()));
    let (_, header) = lines.next().unwrap();
    let records = Records::Rows { header, rows: lines.collect() };
    let found = recognised(&records, &profiles);
    assert_eq!(found.name(), "acme");
    let mut expected: Expected = toml::from_str(expected).unwrap();
    expected.rows = expected.rows.trim().to_owned();
    assert_eq!(made(&found, &records, Joins::new(), "invoices.csv").0, expected);
}
