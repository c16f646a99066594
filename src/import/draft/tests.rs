//! What a draft proposes.

use super::*;
use crate::import::{
    detect::{Head, detect},
    mapping::{Joins, Mapping},
    profile::{Profile, Profiles},
};
use serde_json::json;
use std::sync::Arc;

fn parsed(draft: &Draft) -> Arc<Profile> {
    let text = draft.text();
    let table: toml::Table = toml::from_str(&text).unwrap_or_else(|e| panic!("{e}\n{text}"));
    let own = table["profile"].as_table().unwrap();
    let profiles = Profiles::with_table(own).unwrap_or_else(|e| panic!("{e}\n{text}"));
    Arc::clone(profiles.get(own.keys().next().unwrap()).unwrap())
}

const HEADER: &[&str] =
    &["Invoice Number", "Customer", "State", "Amount Cents", "Currency", "Created (UTC)", "Email"];

fn invoices() -> Draft {
    let row = |id, state, email| vec![id, "cus_1", state, "2900", "usd", "2026-01-01 00:00", email];
    let rows = [row("I-1", "paid", "ann@example.com"), row("I-2", "settled", "bob@example.com")];
    Draft::from_rows("billing export.csv", HEADER, &rows)
}

#[test]
fn a_draft_is_a_profile_that_reads_the_file() {
    let draft = invoices();
    assert_eq!(draft.dataset.name, "invoices");
    let text = draft.text();
    assert!(text.contains("total = { from = \"Amount Cents\", unit = \"minor\" }"), "{text}");
    assert!(text.contains("issued_at = { from = \"Created (UTC)\", time = \"minute\" }"), "{text}");
    assert!(text.contains("words = { \"settled\" = \"\" }"), "{text}");
    assert!(text.contains("[profile.billing_export]"), "{text}");
    let profile = parsed(&draft);
    assert!(Mapping::profile(&profile, Some(HEADER), Joins::new()).is_ok());
    assert!(profile.fits_header(HEADER).is_some());
}

#[test]
fn personal_values_are_masked_and_guesses_given() {
    let text = invoices().text();
    assert!(text.contains("Email") && text.contains("•••") && !text.contains("ann@"), "{text}");
    assert!(text.contains("number in minor units"), "{text}");
    assert!(text.contains("time: minute, zone UTC"), "{text}");
}

#[test]
fn json_gives_paths_and_names_its_nested_lists() {
    let records = [json!({
        "id": "ev_1", "event_name": "api_calls", "timestamp": 1_767_225_600, "payload": {"value": "25", "customer": "c"},
        "tags": ["a"], "items": [{"x": 1}]
    })];
    let draft = Draft::from_records("meter-events.json", &records);
    assert_eq!(draft.dataset.name, "usage_events");
    let text = draft.text();
    assert!(text.contains("timestamp = { from = \"timestamp\", time = \"unix_s\" }"), "{text}");
    assert!(
        text.contains("quantity = \"payload.value\"") && text.contains("account_id = \"payload.customer\""),
        "{text}"
    );
    assert!(text.contains("rows = \"items[]\""), "{text}");
    parsed(&draft);
}

#[test]
fn what_cannot_be_guessed_is_to_be_filled_in_and_the_draft_still_parses() {
    let nasty = ["\"; DROP TABLE x; --", "a\u{202e}b\nc", "@x", "=1+1", "", "ünïcode [metadata]"];
    let draft = Draft::from_rows("???.csv", &nasty, &[vec!["1"; 6], vec!["\u{1b}[2J"; 6]]);
    let text = draft.text();
    assert!(text.contains("FILL_IN") && !text.contains('\u{1b}') && !text.contains('\u{202e}'), "{text}");
    let profile = parsed(&draft);
    assert!(profile.fits_header(&nasty).is_some());
    let empty = Draft::from_records("x.json", &[]);
    parsed(&empty);
}

#[test]
fn every_dataset_can_be_drafted_from_its_own_columns() {
    for d in DATASETS {
        let header: Vec<_> = d.columns.iter().map(|c| c.name).collect();
        let draft = Draft::from_rows(&format!("{}.csv", d.name), &header, &[]);
        assert_eq!(draft.dataset.name, d.name);
        let head = Head::Header(&header);
        assert!(detect("x.csv", &head, None, &Profiles::builtin()).is_ok(), "{}", d.name);
        parsed(&draft);
    }
}

#[test]
fn a_word_is_never_drafted_as_another_one_that_looks_like_it() {
    let header = ["payment_id", "invoice_id", "account_id", "attempted_at", "Status"];
    let rows = [vec!["p1", "i1", "a1", "2026-01-01", "Paid"], vec!["p2", "i2", "a2", "2026-01-02", "Faild"]];
    let toml = Draft::from_rows("payments-export.csv", &header, &rows).toml;
    assert!(toml.contains("\"Paid\" = \"\""), "{toml}");
    assert!(toml.contains("\"Faild\" = \"failed\""), "{toml}");
}
