//! What every check, rule, option and dataset owes to the register, and what follows from the register.

use crate::home::{Home, repository};
use crosscheck::{
    check::{CheckInfo, OptKind},
    checks,
    engine::SHARED_RULES,
    model::datasets::{self, DATASETS},
    render::Format,
};
use serde_json::{Value, json};
use std::{
    collections::{BTreeMap, BTreeSet},
    fs,
    path::PathBuf,
};

const AS_OF: &str = "2026-11-05T06:00:00Z";

fn infos() -> impl Iterator<Item = &'static CheckInfo> {
    checks::ALL.iter().map(|c| c.info)
}

fn acme() -> String {
    repository().join("fixtures/acme").to_str().unwrap().to_owned()
}

fn kebab(text: &str) -> bool {
    let inner = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '-';
    text.starts_with(|c: char| c.is_ascii_lowercase()) && text.chars().all(inner) && !text.ends_with('-')
}

/// One or more whole sentences.
fn sentence(text: &str) -> bool {
    text.starts_with(|c: char| c.is_uppercase() || !c.is_alphabetic())
        && text.ends_with('.')
        && !text.ends_with("..")
        && !text.contains("  ")
        && !text.contains('\n')
}

#[test]
fn every_check_is_a_file_of_its_name() {
    let mut names = BTreeSet::new();
    for info in infos() {
        assert!(kebab(info.name) && names.insert(info.name), "{}", info.name);
        let stem = info.name.replace('-', "_");
        assert!(repository().join(format!("src/checks/{stem}.rs")).is_file(), "src/checks/{stem}.rs");
        assert!(!info.about.is_empty() && !info.about.ends_with('.'), "{}: {}", info.name, info.about);
        assert!(sentence(info.doc), "{}: {}", info.name, info.doc);
        assert!(info.reads.iter().any(|r| r.needed), "{} needs nothing", info.name);
    }
    for entry in fs::read_dir(repository().join("src/checks")).unwrap() {
        let path = entry.unwrap().path();
        let stem = path.file_stem().unwrap().to_str().unwrap().replace('_', "-");
        assert!(stem == "mod" || names.contains(stem.as_str()), "{} is no registered check", path.display());
    }
}

#[test]
fn every_rule_is_named_and_explained() {
    let mut codes = BTreeSet::new();
    for info in infos() {
        assert!(!info.rules.is_empty(), "{}", info.name);
        for rule in info.rules {
            let own = rule.code.strip_prefix(info.name).and_then(|c| c.strip_prefix('/'));
            assert!(own.is_some_and(kebab), "{} is not {}/rule", rule.code, info.name);
        }
    }
    for rule in infos().flat_map(|i| i.rules).chain(SHARED_RULES.iter().copied()) {
        assert!(codes.insert(rule.code), "{} stands twice", rule.code);
        assert!(rule.code.split('/').all(kebab), "{}", rule.code);
        for text in [rule.what, rule.why, rule.remedy] {
            assert!(sentence(text), "{}: {text}", rule.code);
        }
    }
}

#[test]
fn every_option_is_named_and_explained() {
    for info in infos() {
        let mut names = BTreeSet::new();
        for o in info.options {
            assert!(kebab(o.name) && names.insert(o.name), "{} --{}", info.name, o.name);
            assert!(!o.help.is_empty() && !o.help.ends_with('.'), "{} --{}: {}", info.name, o.name, o.help);
            if let OptKind::Choice(words) = o.kind {
                assert!(words.contains(&o.default), "{} --{}: {}", info.name, o.name, o.default);
            }
        }
        let columns: BTreeSet<&str> = info.columns.iter().map(|c| c.name).collect();
        assert_eq!(columns.len(), info.columns.len(), "{}: a column stands twice", info.name);
        assert!(info.columns.iter().all(|c| !c.doc.is_empty() && !c.name.contains('-')), "{}", info.name);
    }
}

#[test]
fn every_dataset_and_column_that_a_check_names_exists() {
    for info in infos() {
        let exists = |need: &str| match need.split_once('.') {
            None => datasets::find(need).is_some(),
            Some((dataset, column)) => datasets::find(dataset).is_some_and(|d| d.position(column).is_some()),
        };
        let read: BTreeSet<&str> = info.reads.iter().flat_map(|r| r.dataset.split('|')).collect();
        for dataset in &read {
            assert!(!dataset.contains('.') && exists(dataset), "{} reads {dataset}", info.name);
        }
        for rule in info.rules {
            for need in rule.needs.iter().flat_map(|n| n.split('|')) {
                assert!(exists(need), "{} needs {need}", rule.code);
                let dataset = need.split('.').next().unwrap();
                assert!(
                    read.contains(dataset),
                    "{} needs {need}, which {} does not read",
                    rule.code,
                    info.name
                );
            }
        }
    }
}

#[test]
fn explain_knows_every_check_and_every_code() {
    let home = Home::new();
    let codes = infos().flat_map(|i| i.rules).chain(SHARED_RULES.iter().copied());
    for rule in codes {
        let gave = home.run(&["explain", rule.code]);
        assert_eq!(gave.code, 0, "{gave:?}");
        assert!(gave.out.starts_with(rule.code) && gave.out.contains("Why "), "{}", gave.out);
        let (value, _) = home.json(&["explain", rule.code]);
        assert_eq!((&value["code"], &value["what"]), (&json!(rule.code), &json!(rule.what)));
    }
    for info in infos() {
        let gave = home.run(&["explain", info.name]);
        assert_eq!(gave.code, 0, "{gave:?}");
        assert!(info.rules.iter().all(|r| gave.out.contains(r.code)), "{}", gave.out);
        let (value, _) = home.json(&["explain", info.name]);
        assert_eq!(value["rules"].as_array().unwrap().len(), info.rules.len());
    }
}

/// The cases of a check: name, folder, expectations.
fn cases(check: &str) -> Vec<(String, PathBuf, toml::Table)> {
    let mut found = Vec::new();
    for entry in fs::read_dir(repository().join("fixtures").join(check)).unwrap() {
        let path = entry.unwrap().path();
        if path.extension().is_some_and(|e| e == "toml") {
            let name = path.file_stem().unwrap().to_str().unwrap().to_owned();
            found.push((name, path.with_extension(""), fs::read_to_string(&path).unwrap().parse().unwrap()));
        }
    }
    found.sort_by(|a, b| a.0.cmp(&b.0));
    found
}

fn expected<'t>(case: &'t toml::Table, key: &'t str) -> impl Iterator<Item = &'t str> {
    let list = case.get("finding").and_then(toml::Value::as_array).map_or(&[][..], Vec::as_slice);
    list.iter().filter_map(move |f| f.get(key)?.as_str())
}

/// A fixture whose finding it is, and one in which the rule was judged and nothing found.
#[test]
fn every_rule_has_a_case_that_meets_it_and_one_that_comes_close() {
    let mut wrong = Vec::new();
    for info in infos() {
        let mut met = BTreeSet::new();
        let mut close = BTreeMap::new();
        for (name, folder, case) in cases(info.name) {
            let here: BTreeSet<&str> = expected(&case, "code").collect();
            met.extend(here.iter().map(|c| (*c).to_owned()));
            if close.len() == info.rules.len() {
                continue;
            }
            let home = Home::new();
            if let Some(config) = case.get("config").and_then(toml::Value::as_str) {
                home.write("crosscheck.toml", config);
            }
            let mut arguments = vec![info.name, folder.to_str().unwrap(), "--as-of", "2026-12-01"];
            let own = case.get("args").and_then(toml::Value::as_array).map_or(&[][..], Vec::as_slice);
            let own: Vec<String> =
                own.iter().map(|a| a.as_str().unwrap().replace("{case}", folder.to_str().unwrap())).collect();
            arguments.extend(own.iter().map(String::as_str));
            let (report, _) = home.json(&arguments);
            for rule in report["rules"].as_array().unwrap() {
                let code = rule["code"].as_str().unwrap();
                if !here.contains(code) && rule["judged"].as_u64() > Some(0) {
                    close.entry(code.to_owned()).or_insert_with(|| name.clone());
                }
            }
        }
        let rules = || info.rules.iter().map(|r| r.code);
        wrong.extend(rules().filter(|c| !met.contains(*c)).map(|c| format!("no case expects {c}")));
        wrong.extend(
            rules().filter(|c| !close.contains_key(*c)).map(|c| format!("no case comes close to {c}")),
        );
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

/// Causes are no register of their own: they are the ids that stand in the code.
#[test]
fn every_cause_of_reconcile_has_a_case() {
    let read = |path: &str| {
        let text = fs::read_to_string(repository().join(path)).unwrap();
        let code = text.split("#[cfg(test)]").next().unwrap();
        code.split_whitespace().collect::<Vec<_>>().join(" ")
    };
    let (quantity, amount) = (read("src/checks/reconcile/causes.rs"), read("src/judge/pricing/explain.rs"));
    let mut ids = BTreeSet::new();
    for (code, before) in [(&quantity, "Guess { id: \""), (&amount, "found( \""), (&amount, "found(\"")] {
        ids.extend(code.match_indices(before).map(|(at, m)| code[at + m.len()..].split('"').next().unwrap()));
    }
    ids.insert("ambiguous");
    assert!(ids.len() > 12, "the causes are written otherwise now: {ids:?}");
    let all = cases("reconcile");
    let met: BTreeSet<&str> = all.iter().flat_map(|(_, _, case)| expected(case, "cause")).collect();
    assert_eq!(ids.difference(&met).collect::<Vec<_>>(), [&""; 0], "have no case");
    assert_eq!(
        met.difference(&ids).collect::<Vec<_>>(),
        [&""; 0],
        "are expected, but nothing in the code gives them"
    );
}

#[test]
fn the_readme_lists_exactly_the_registered_checks() {
    let text = fs::read_to_string(repository().join("README.md")).unwrap();
    let table = text.split("| Check |").nth(1).expect("the table of checks").split("\n\n").next().unwrap();
    let listed: Vec<(String, String)> = table
        .lines()
        .filter(|l| l.starts_with("| `"))
        .map(|l| {
            let cells: Vec<&str> = l.trim_matches('|').split('|').map(str::trim).collect();
            (cells[0].trim_matches('`').to_owned(), cells[1].to_owned())
        })
        .collect();
    let registered: Vec<_> = infos().map(|i| (i.name.to_owned(), i.about.to_owned())).collect();
    assert_eq!(listed, registered);
}

fn assert_fits(schema: &Value, value: &Value, what: &str) {
    let validator = jsonschema::validator_for(schema).unwrap_or_else(|e| panic!("{what}: {e}"));
    let errors: Vec<String> =
        validator.iter_errors(value).map(|e| format!("{}: {e}", e.instance_path())).take(5).collect();
    assert_eq!(errors, [""; 0], "{what}");
}

fn schema(home: &Home, name: &str) -> Value {
    let (schema, gave) = home.json(&["schema", name]);
    assert_eq!(gave.code, 0, "{gave:?}");
    assert!(jsonschema::meta::is_valid(&schema), "{name}: no JSON Schema");
    schema
}

#[test]
fn reports_of_every_exit_code_fit_their_schema() {
    let home = Home::new();
    let schema = schema(&home, "report");
    let acme = acme();
    let billed = format!("{acme}/billed_usage.csv");
    for info in infos() {
        let calls: [(&[&str], i32); 7] = [
            (&[&acme], 1),
            (&[&acme, "--fail-on", "never"], 0),
            (&[&acme, "--rows", "flagged", "--limit", "3"], 1),
            (&["no/such/folder"], 2),
            (&[&acme, "--no-such-option"], 2),
            (&[&acme, "--timezone", "Mars/Olympus"], 2),
            (&[&billed], 3),
        ];
        for (arguments, exit) in calls {
            let mut all = vec![info.name, "--as-of", AS_OF];
            all.extend(arguments);
            let (report, gave) = home.json(&all);
            assert_eq!(gave.code, exit, "{all:?}: {}", gave.err);
            assert_eq!(report["exit_code"], json!(exit), "{all:?}");
            assert_eq!(report["check"], json!(info.name));
            assert_eq!(report["problems"].as_array().unwrap().is_empty(), exit < 2, "{all:?}");
            assert_fits(&schema, &report, &format!("{all:?}"));
        }
    }
}

#[test]
fn the_schema_refuses_what_is_no_report() {
    let home = Home::new();
    let schema = jsonschema::validator_for(&schema(&home, "report")).unwrap();
    let (report, _) = home.json(&["reconcile", &acme(), "--as-of", AS_OF]);
    assert!(schema.is_valid(&report));
    let broken: [(&str, Value); 4] = [
        ("/exit_code", json!("one")),
        ("/findings/0/severity", json!("fatal")),
        ("/findings/0/diff/0/delta", json!(1.5)),
        ("/verdict", json!("fine")),
    ];
    for (at, value) in broken {
        let mut report = report.clone();
        *report.pointer_mut(at).unwrap() = value;
        assert!(!schema.is_valid(&report), "{at}");
    }
}

#[test]
fn every_line_of_ndjson_is_a_finding() {
    let home = Home::new();
    let schema = schema(&home, "finding");
    for info in infos() {
        let gave = home.run(&[info.name, &acme(), "--as-of", AS_OF, "--format", "ndjson"]);
        assert!(!gave.out.is_empty());
        for line in gave.out.lines() {
            assert_fits(&schema, &serde_json::from_str(line).unwrap(), line);
        }
    }
}

#[test]
fn every_format_works_on_acme_and_says_the_same_codes() {
    let home = Home::new();
    for info in infos() {
        let (report, _) = home.json(&[info.name, &acme(), "--as-of", AS_OF]);
        let codes: BTreeSet<&str> =
            report["findings"].as_array().unwrap().iter().map(|f| f["code"].as_str().unwrap()).collect();
        assert!(!codes.is_empty());
        for format in Format::ALL {
            let name = format.name();
            let gave = home.run(&[info.name, &acme(), "--as-of", AS_OF, "--format", name]);
            assert_eq!(gave.code, 1, "{name}: {}", gave.err);
            if format == Format::RowsCsv {
                let header = gave.out.lines().next().unwrap();
                assert!(info.columns.iter().all(|c| header.split(',').any(|h| h == c.name)), "{header}");
            } else {
                assert!(codes.iter().all(|c| gave.out.contains(c)), "{name} lacks a code of {codes:?}");
            }
            let report = home.path().join(format!("report-{name}"));
            let both = format!("{name}={}", report.display());
            let again =
                home.run(&[info.name, &acme(), "--as-of", AS_OF, "--report", &both, "--format", "json"]);
            assert_eq!(again.code, 1, "{}", again.err);
            assert_eq!(
                fs::read_to_string(report).unwrap(),
                gave.out,
                "{name}: --report writes something else"
            );
        }
    }
}

#[test]
fn every_dataset_has_a_valid_schema() {
    let home = Home::new();
    for d in DATASETS {
        let schema = schema(&home, d.name);
        assert_eq!(schema["title"], json!(d.name));
        let columns = schema["properties"].as_object().unwrap();
        assert!(d.columns.iter().all(|c| columns.contains_key(c.name)) && columns.len() == d.columns.len());
    }
    let (all, _) = home.json(&["schema"]);
    assert!(jsonschema::meta::is_valid(&all));
    assert_eq!(all["$defs"].as_object().unwrap().len(), DATASETS.len());
}

#[test]
fn json_exports_of_acme_fit_the_schemas_of_their_datasets() {
    let home = Home::new();
    let read = |name: &str| fs::read_to_string(repository().join("fixtures/acme").join(name)).unwrap();
    let parse = |text: &str| serde_json::from_str::<Value>(text).unwrap();
    let wishes: Vec<Value> = read("feature_requests.ndjson").lines().map(parse).collect();
    let exports = [
        ("tickets", parse(&read("tickets.json"))),
        ("incidents", parse(&read("incidents.json"))["data"].clone()),
        ("feature_requests", Value::Array(wishes)),
    ];
    for (dataset, rows) in exports {
        let schema = schema(&home, dataset);
        let validator = jsonschema::validator_for(&schema).unwrap();
        let rows = rows.as_array().unwrap();
        assert!(rows.len() > 3, "{dataset}");
        for row in rows {
            let errors: Vec<String> = validator.iter_errors(row).map(|e| e.to_string()).collect();
            assert_eq!(errors, [""; 0], "{dataset}: {row}");
        }
        let mut row = rows[0].clone();
        let required = schema["required"][0].as_str().unwrap();
        row.as_object_mut().unwrap().remove(required);
        assert!(!validator.is_valid(&row), "{dataset} without {required} is accepted");
    }
}

#[test]
fn a_table_is_the_same_whether_all_rows_are_made_or_those_that_it_shows() {
    let home = Home::new();
    let mut calls: Vec<Vec<&str>> = infos().map(|info| vec![info.name]).collect();
    // More rows than a table shows of those that nothing speaks against.
    calls.extend([vec!["health", "--history", "9"], vec!["charges", "--all"]]);
    let acme = acme();
    for call in calls {
        let call = [&call[..], &[&acme, "--as-of", AS_OF]].concat();
        let few = home.run(&call);
        // JSON carries every row, so the check has to make them.
        let all = home.run(&[&call[..], &["--report", "json=all.json"]].concat());
        assert_eq!((few.code, &few.out), (all.code, &all.out), "{call:?}");
        assert!(few.out.contains(call[0]));
    }
}
