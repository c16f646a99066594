//! `fixtures/<check>/<case>/` with its expectations in `<case>.toml` beside it.

use crate::home::{Home, repository};
use serde_json::Value;
use std::{collections::BTreeSet, path::Path};

fn text<'v>(table: &'v toml::Value, key: &str) -> Option<&'v str> {
    table.get(key).and_then(toml::Value::as_str)
}

fn list<'v>(table: &'v toml::Value, key: &str) -> &'v [toml::Value] {
    table.get(key).and_then(toml::Value::as_array).map_or(&[], Vec::as_slice)
}

/// Whether an actual finding is the expected one; keys that are left out are not compared.
fn is_it(expected: &toml::Value, actual: &Value) -> bool {
    let impact = || {
        let i = &actual["impact"];
        format!("{} {}", i["amount"].as_str().unwrap_or("-"), i["currency"].as_str().unwrap_or("-"))
    };
    let said = || format!("{} {}", actual["message"], actual["cause"]["detail"]);
    text(expected, "code") == actual["code"].as_str()
        && text(expected, "account") == actual["account"].as_str()
        && text(expected, "cause") == actual["cause"]["id"].as_str()
        && text(expected, "impact").is_none_or(|i| i == impact())
        && list(expected, "detail_contains").iter().all(|t| said().contains(t.as_str().unwrap()))
}

fn row_is_it(expected: &toml::Value, actual: &Value) -> bool {
    expected.as_table().unwrap().iter().all(|(key, value)| match value {
        toml::Value::Boolean(b) => actual[key].as_bool() == Some(*b),
        toml::Value::Integer(n) => actual[key].as_i64() == Some(*n),
        value => actual[key].as_str() == value.as_str(),
    })
}

/// What is wrong with a case; empty where all is as expected.
fn judge(check: &str, folder: &Path) -> Vec<String> {
    let expected: toml::Value = std::fs::read_to_string(folder.with_extension("toml"))
        .unwrap()
        .parse::<toml::Table>()
        .unwrap()
        .into();
    let home = Home::new();
    if let Some(config) = text(&expected, "config") {
        home.write("crosscheck.toml", config);
    }
    let folder_text = folder.to_str().unwrap();
    let mut arguments = vec![check, folder_text, "--as-of", "2026-12-01"];
    // {case} is the case's own folder.
    let own: Vec<String> =
        list(&expected, "args").iter().map(|a| a.as_str().unwrap().replace("{case}", folder_text)).collect();
    arguments.extend(own.iter().map(String::as_str));
    let (report, gave) = home.json(&arguments);
    let mut wrong = Vec::new();
    let exit = expected.get("exit").and_then(toml::Value::as_integer).unwrap();
    if i64::from(gave.code) != exit {
        wrong.push(format!("exit code {} instead of {exit}; {}", gave.code, gave.err.trim()));
    }
    if let Some(verdict) = text(&expected, "verdict").filter(|v| Some(*v) != report["verdict"].as_str()) {
        wrong.push(format!("verdict {} instead of {verdict}", report["verdict"]));
    }
    let mut left: Vec<&Value> = report["findings"].as_array().unwrap().iter().collect();
    let times = |e: &toml::Value| e.get("times").and_then(toml::Value::as_integer).unwrap_or(1);
    for e in list(&expected, "finding").iter().flat_map(|e| (0..times(e)).map(move |_| e)) {
        match left.iter().position(|a| is_it(e, a)) {
            Some(at) => {
                left.remove(at);
            }
            None => wrong.push(format!("no finding {}", e.to_string().replace('\n', " "))),
        }
    }
    for f in left {
        wrong.push(format!(
            "unexpected {} {} {} {}: {}",
            f["code"], f["account"], f["cause"], f["impact"], f["message"]
        ));
    }
    for (key, value) in expected.get("summary").and_then(toml::Value::as_table).into_iter().flatten() {
        let is = &report["summary"][key];
        if serde_json::to_value(value).unwrap() != *is {
            wrong.push(format!("{key} {is} instead of {value}"));
        }
    }
    let rows = report["rows"].as_array().unwrap();
    for e in list(&expected, "row") {
        if !rows.iter().any(|a| row_is_it(e, a)) {
            let near: Vec<String> = rows
                .iter()
                .filter(|a| a["account"].as_str() == text(e, "account"))
                .map(ToString::to_string)
                .collect();
            wrong.push(format!("no row {}; there are {}", e.to_string().replace('\n', " "), near.join(" ")));
        }
    }
    let codes: BTreeSet<&str> =
        report["problems"].as_array().unwrap().iter().map(|p| p["code"].as_str().unwrap()).collect();
    for code in list(&expected, "problem") {
        if !codes.contains(code.as_str().unwrap()) {
            wrong.push(format!("no problem {code}; there are {codes:?}"));
        }
    }
    wrong
}

fn cases(check: &str) -> Vec<std::path::PathBuf> {
    let mut found: Vec<_> = std::fs::read_dir(repository().join("fixtures").join(check))
        .unwrap()
        .map(|e| e.unwrap().path())
        .filter(|p| p.is_dir())
        .collect();
    found.sort();
    found
}

#[test]
fn every_case_of_every_check_is_judged_as_written() {
    for (check, least) in [
        ("reconcile", 100),
        ("charges", 30),
        ("dunning", 40),
        ("prorate", 60),
        ("health", 30),
        ("renewals", 40),
        ("triage", 40),
        ("flags-audit", 40),
        ("gdpr-delete", 40),
    ] {
        let mut wrong = Vec::new();
        let cases = cases(check);
        assert!(cases.len() > least, "cases of {check} are gone");
        for case in cases {
            let name = case.file_name().unwrap().to_string_lossy().into_owned();
            wrong.extend(judge(check, &case).into_iter().map(|w| format!("{name}: {w}")));
        }
        assert!(wrong.is_empty(), "{check}\n{}", wrong.join("\n"));
    }
}

/// The rows of tickets, accounts and incidents turned round: the same report but for the places.
#[test]
fn the_order_of_rows_does_not_matter_to_triage() {
    let home = Home::new();
    let acme = repository().join("fixtures/acme");
    for name in ["accounts", "plans", "activity", "known_issues"] {
        let text = std::fs::read_to_string(acme.join(format!("{name}.csv"))).unwrap();
        let (header, rows) = text.split_once('\n').unwrap();
        let turned: Vec<&str> = rows.lines().rev().collect();
        home.write(&format!("plain/{name}.csv"), &text);
        home.write(&format!("turned/{name}.csv"), format!("{header}\n{}\n", turned.join("\n")));
    }
    for name in ["tickets", "incidents"] {
        let text = std::fs::read_to_string(acme.join(format!("{name}.json"))).unwrap();
        let read: Value = serde_json::from_str(&text).unwrap();
        let mut rows = read.get("data").unwrap_or(&read).as_array().unwrap().clone();
        home.write(&format!("plain/{name}.json"), Value::Array(rows.clone()).to_string());
        rows.reverse();
        home.write(&format!("turned/{name}.json"), Value::Array(rows).to_string());
    }
    let report =
        |folder: &str| home.json(&["triage", folder, "--as-of", "2026-11-05T06:00:00Z", "--replay"]).0;
    let (plain, turned) = (report("plain"), report("turned"));
    assert_eq!(plain["summary"]["replay"][0]["tier"], "enterprise");
    assert_eq!(plain["summary"]["replay"][0]["tickets"], 37);
    assert_eq!(without_places(&plain), without_places(&turned));
}

#[test]
fn the_order_of_rows_changes_nothing_that_charges_finds() {
    let home = Home::new();
    std::fs::create_dir(home.path().join("turned")).unwrap();
    let acme = repository().join("fixtures/acme");
    for name in [
        "accounts",
        "plans",
        "subscriptions",
        "plan_changes",
        "entitlements",
        "invoices",
        "invoice_lines",
        "payments",
        "credit_notes",
    ] {
        let text = std::fs::read_to_string(acme.join(name).with_extension("csv")).unwrap();
        std::fs::write(home.path().join(format!("turned/{name}.csv")), &text).unwrap();
    }
    let judged = |home: &Home| {
        let (mut report, gave) =
            home.json(&["charges", "turned", "--as-of", "2026-11-05T06:00:00Z", "--all"]);
        assert_eq!(gave.code, 1, "{gave:?}");
        for finding in report["findings"].as_array_mut().unwrap() {
            finding["evidence"] = Value::Null;
        }
        (
            report["findings"].clone(),
            report["rows"].clone(),
            report["rules"].clone(),
            report["summary"].clone(),
        )
    };
    let before = judged(&home);
    for entry in std::fs::read_dir(home.path().join("turned")).unwrap() {
        let path = entry.unwrap().path();
        let text = std::fs::read_to_string(&path).unwrap();
        let (header, rows) = text.split_once('\n').unwrap();
        let rows: Vec<&str> = rows.lines().rev().collect();
        std::fs::write(&path, format!("{header}\n{}\n", rows.join("\n"))).unwrap();
    }
    assert!(before.0.as_array().unwrap().len() > 5);
    assert_eq!(judged(&home), before);
}

#[test]
fn charges_lists_what_is_wrong_and_what_is_unknown_apart() {
    let home = Home::new();
    let folder = repository().join("fixtures/charges/unverifiable-account");
    let call = ["charges", folder.to_str().unwrap(), "--as-of", "2026-12-01", "--hold-list", "hold.txt"];
    home.run(&call);
    assert_eq!(std::fs::read_to_string(home.path().join("hold.txt")).unwrap(), "in_12b\n");
    home.run(&[&call[..], &["--unverified-list", "unverified.txt"]].concat());
    assert_eq!(std::fs::read_to_string(home.path().join("hold.txt")).unwrap(), "");
    assert_eq!(std::fs::read_to_string(home.path().join("unverified.txt")).unwrap(), "in_12b\n");

    let acme = repository().join("fixtures/acme");
    let as_of = "2026-11-05T06:00:00Z";
    home.run(&["charges", acme.to_str().unwrap(), "--as-of", as_of, "--hold-list", "hold.txt"]);
    assert_eq!(std::fs::read_to_string(home.path().join("hold.txt")).unwrap(), "in_2611_20\nin_2611_26\n");
}

#[test]
fn by_day_shows_each_day_with_its_events_files_and_lines() {
    let home = Home::new();
    let folder = repository().join("fixtures/reconcile/cause-duplicates-counted");
    let by = ["reconcile", folder.to_str().unwrap(), "--as-of", "2026-12-01", "--by", "day"];
    let (report, gave) = home.json(&by);
    assert_eq!(gave.code, 1, "the findings are the same, only the rows are days");
    let rows = report["rows"].as_array().unwrap();
    assert_eq!(rows.len(), 31, "the days of the one line that differs");
    let diff = &report["findings"]
        .as_array()
        .unwrap()
        .iter()
        .find(|f| f["cause"]["id"] == "duplicates-counted")
        .unwrap()["diff"][0];
    assert_eq!(rows[30]["running"], diff["expected"], "the days add up to what was metered");
    let repeated: u64 = rows.iter().map(|r| r["repeated"].as_u64().unwrap()).sum();
    assert!(repeated > 0, "{rows:?}");
    let events: u64 = rows.iter().map(|r| r["events"].as_u64().unwrap()).sum();
    let lines = |r: &Value| {
        r["places"].as_array().unwrap().iter().map(|p| p["lines"].as_array().unwrap().len()).sum::<usize>()
    };
    assert_eq!(rows.iter().map(lines).sum::<usize>() as u64, events + repeated);
    assert!(rows[0]["day"] == "2026-10-01" && rows[0]["day_start_at"] == "2026-10-01T00:00:00Z");
}

#[test]
fn the_hold_list_names_the_drafts_that_should_wait_one_a_line() {
    let home = Home::new();
    let folder = repository().join("fixtures/acme");
    let gave = home.run(&[
        "reconcile",
        folder.to_str().unwrap(),
        "--as-of",
        "2026-11-05",
        "--hold-list",
        "hold.txt",
    ]);
    assert_eq!(gave.code, 1);
    let held = std::fs::read_to_string(home.path().join("hold.txt")).unwrap();
    assert_eq!(held, "in_2611_01\nin_2611_02\nin_2611_10\nin_2611_14\nin_2611_15\n");
}

/// All that a report says but where the rows stand.
fn without_places(report: &Value) -> Value {
    let mut report = report.clone();
    report["inputs"] = Value::Null;
    for finding in report["findings"].as_array_mut().unwrap() {
        finding["evidence"] = Value::Null;
    }
    report
}

/// The rows of every export turned round, and each file cut in two whose names sort the other way.
#[test]
fn neither_the_order_of_rows_nor_of_files_matters_to_dunning() {
    let home = Home::new();
    let acme = repository().join("fixtures/acme");
    for name in
        ["payments", "invoices", "messages", "access_changes", "accounts", "subscriptions", "migrations"]
    {
        let text = std::fs::read_to_string(acme.join(format!("{name}.csv"))).unwrap();
        let (header, rows) = text.split_once('\n').unwrap();
        let mut rows: Vec<&str> = rows.lines().collect();
        rows.reverse();
        // Of a snapshot an older file would be set aside.
        let cut = if matches!(name, "accounts" | "subscriptions") { rows.len() } else { rows.len() / 2 };
        for (part, lines) in [("b", &rows[..cut]), ("a", &rows[cut..])] {
            if !lines.is_empty() {
                home.write(&format!("turned/{name}-{part}.csv"), format!("{header}\n{}\n", lines.join("\n")));
            }
            home.write(&format!("plain/{name}.csv"), &text);
        }
    }
    let report = |folder: &str| home.json(&["dunning", folder, "--as-of", "2026-11-05T06:00:00Z"]).0;
    let (plain, turned) = (report("plain"), report("turned"));
    assert_eq!(plain["summary"]["findings"], 7);
    assert_eq!(without_places(&plain), without_places(&turned));
}
