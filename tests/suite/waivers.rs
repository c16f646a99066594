//! Accepted findings.

use crate::home::{Home, repository};
use serde_json::Value;

const STORY: &str = "fixtures/reconcile/story-timezone-overcharge";

/// The report of the playbook's story under these settings.
fn story(config: &str, more: &[&str]) -> (Value, i32) {
    let home = Home::new();
    home.write("crosscheck.toml", config);
    let folder = repository().join(STORY);
    let mut arguments = vec!["reconcile", folder.to_str().unwrap(), "--as-of", "2026-12-01"];
    arguments.extend(more);
    let (report, gave) = home.json(&arguments);
    (report, gave.code)
}

fn states(report: &Value) -> Vec<(String, String)> {
    let list = report["findings"].as_array().unwrap();
    let text = |v: &Value| v.as_str().unwrap().to_owned();
    list.iter().map(|f| (text(&f["code"]), text(&f["state"]))).collect()
}

fn waiver(more: &str) -> String {
    format!(
        "[[waiver]]\ncode = \"reconcile/quantity-mismatch\"\nuntil = 2026-12-01\nreason = \"credit agreed\"\n{more}"
    )
}

#[test]
fn a_waived_finding_is_listed_and_does_not_fail_the_run() {
    let (report, code) = story(&waiver("account = \"acct_42\"\nup_to = \"800 USD\"\n"), &[]);
    assert_eq!(code, 0, "{report:#}");
    assert!(states(&report).contains(&("reconcile/quantity-mismatch".into(), "waived".into())));
    assert_eq!(report["summary"]["waived"], 1);
    assert_eq!(report["summary"]["by_severity"]["error"], 0);
}

#[test]
fn a_finding_above_what_was_accepted_returns() {
    let (report, code) = story(&waiver("up_to = \"799.99 USD\"\n"), &[]);
    assert_eq!(code, 1);
    assert!(states(&report).iter().all(|(c, s)| s == "new" && c != "waiver/unused"), "{report:#}");
}

#[test]
fn an_expired_waiver_is_told_and_accepts_nothing() {
    let (report, code) = story(&waiver("").replace("2026-12-01", "2026-11-30"), &[]);
    assert_eq!(code, 1);
    assert!(states(&report).contains(&("waiver/expired".into(), "new".into())));
}

#[test]
fn a_waiver_that_matches_nothing_is_told_in_a_whole_run_only() {
    let config = waiver("account = \"acct_nobody\"\n");
    let (report, code) = story(&config, &[]);
    assert_eq!(code, 1);
    assert!(states(&report).contains(&("waiver/unused".into(), "new".into())));
    let (report, _) = story(&config, &["--account", "acct_42"]);
    assert!(states(&report).iter().all(|(c, _)| c != "waiver/unused"));
}
