//! `health` from the outside, where its cases do not reach.

use crate::home::{Home, repository};
use serde_json::{Value, json};
use std::collections::BTreeSet;

#[test]
fn a_history_written_row_by_row_is_the_one_that_is_held_whole() {
    let home = Home::new();
    let acme = repository().join("fixtures/acme");
    let said = |more: &[&str]| {
        let mut words =
            vec!["health", acme.to_str().unwrap(), "--as-of", "2026-11-05T06:00:00Z", "--history", "5"];
        words.extend(more);
        home.run(&words)
    };
    let json: Value = serde_json::from_str(&said(&["--format", "json"]).out).unwrap();
    let rows = json["rows"].as_array().unwrap();
    assert!(rows.len() > 20 && rows.len().is_multiple_of(5), "{}", rows.len());
    // Naming the accounts makes the report choose among rows that it holds.
    let accounts: BTreeSet<&str> = rows.iter().map(|r| r["account"].as_str().unwrap()).collect();
    let named: Vec<&str> = accounts.iter().flat_map(|a| ["--account", a]).collect();
    let held = |format| said(&[&["--format", format][..], &named].concat()).out;
    let other: Value = serde_json::from_str(&held("json")).unwrap();
    assert_eq!(json["rows"], other["rows"]);
    assert_eq!(said(&["--format", "rows-csv"]).out, held("rows-csv"));
    let cut: Value = serde_json::from_str(&said(&["--format", "json", "--limit", "7"]).out).unwrap();
    assert_eq!(
        (cut["rows"].as_array().unwrap().len(), &cut["summary"]["rows_total"]),
        (7, &json!(rows.len()))
    );
    let none: Value = serde_json::from_str(&said(&["--format", "json", "--rows", "none"]).out).unwrap();
    assert_eq!((&none["rows"], &none["summary"]["rows_total"]), (&json!([]), &json!(rows.len())));
}
