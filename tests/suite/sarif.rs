//! SARIF reports, held against the standard's own JSON Schema.

use crate::home::{Home, repository};
use serde_json::Value;
use std::{collections::BTreeSet, path::PathBuf, process::Command};

const AS_OF: &str = "2026-11-05T06:00:00Z";

/// The schema of SARIF 2.1.0, as the crate `serde-sarif` brings it: the file itself is OASIS' own, so it is not
/// copied here.
fn schema() -> Value {
    let output = Command::new(env!("CARGO"))
        .args(["metadata", "--format-version", "1", "--locked", "--offline"])
        .current_dir(repository())
        .output()
        .unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    let metadata: Value = serde_json::from_slice(&output.stdout).unwrap();
    let package =
        metadata["packages"].as_array().unwrap().iter().find(|p| p["name"] == "serde-sarif").unwrap();
    let folder = PathBuf::from(package["manifest_path"].as_str().unwrap());
    let text = std::fs::read_to_string(folder.with_file_name("src").join("schema.json")).unwrap();
    // The pattern of a language has a bracket too many, which regular expressions of Rust do not take.
    let broken = "-[a-zA-Z]{2}]?$";
    assert!(text.contains(broken));
    serde_json::from_str(&text.replace(broken, "(-[a-zA-Z]{2})?$")).unwrap()
}

/// What the schema says against a log.
fn faults(log: &Value) -> Vec<String> {
    let validator = jsonschema::options().should_validate_formats(true).build(&schema()).unwrap();
    validator.iter_errors(log).map(|e| format!("{}: {e}", e.instance_path())).collect()
}

fn acme() -> String {
    repository().join("fixtures/acme").to_str().unwrap().to_owned()
}

fn sarif(home: &Home, arguments: &[&str]) -> Value {
    let mut all = arguments.to_vec();
    all.extend(["--format", "sarif", "--as-of", AS_OF]);
    let gave = home.run(&all);
    serde_json::from_str(&gave.out).unwrap_or_else(|e| panic!("{e}: {gave:?}"))
}

#[test]
fn every_log_is_valid_sarif() {
    let home = Home::new();
    home.write(
        "evil [x](http:y) {0}/billed_usage.csv",
        "line_id,account_id,metric,period_start,period_end,quantity\n\
         l1,acct_[pay](https://e.example){0},api_calls,2026-10-01,2026-11-01,7\nl2,,,,,x\n",
    );
    home.write(
        "crosscheck.toml",
        "[rules]\n\"reconcile/quantity-mismatch\" = \"info\"\n\"charges/double-charge\" = \"off\"\n\
         [[waiver]]\ncode = \"health/decline\"\naccount = \"acct_03\"\nuntil = 2026-12-31\nreason = \"known\"\n",
    );
    let acme = acme();
    let calls: &[&[&str]] = &[
        &["run", &acme],
        &["reconcile", &acme],
        &["reconcile", "."],
        &["run", ".", "--require", "reconcile"],
        &["reconcile", "gone.csv"],
        &["run", "gone.csv"],
    ];
    for call in calls {
        let log = sarif(&home, call);
        assert_eq!(faults(&log), [""; 0], "{call:?}");
    }
}

#[test]
fn the_schema_is_in_force() {
    let mut log = sarif(&Home::new(), &["reconcile", &acme()]);
    log["runs"][0]["results"][0]["level"] = "grave".into();
    log["runs"][0]["results"][1]["unknown"] = 1.into();
    log["runs"][0]["tool"]["driver"]["name"] = Value::Null;
    assert_eq!(faults(&log).len(), 3);
}

#[test]
fn each_check_has_a_category_of_its_own_and_the_same_as_alone() {
    let home = Home::new();
    let log = sarif(&home, &["run", &acme()]);
    let runs = log["runs"].as_array().unwrap();
    let ids: BTreeSet<&str> = runs.iter().map(|r| r["automationDetails"]["id"].as_str().unwrap()).collect();
    assert_eq!(ids.len(), runs.len());
    assert!(runs.len() <= 20, "GitHub takes 20 a file");
    let (whole, _) = home.json(&["run", &acme(), "--as-of", AS_OF]);
    assert_eq!(runs.len(), whole["reports"].as_array().unwrap().len() + 1);
    let of = |check: &str| {
        let id = format!("crosscheck/{check}/");
        runs.iter().find(|r| r["automationDetails"]["id"] == id.as_str()).unwrap().clone()
    };
    assert_eq!(of("run")["invocations"][0]["exitCode"], whole["exit_code"]);
    let alone = sarif(&home, &["health", &acme()]);
    assert_eq!(alone["runs"][0], of("health"));
}

#[test]
fn fingerprints_are_those_of_the_findings() {
    let home = Home::new();
    let (report, _) = home.json(&["charges", &acme(), "--as-of", AS_OF]);
    let log = sarif(&home, &["charges", &acme()]);
    let findings = report["findings"].as_array().unwrap();
    let results = log["runs"][0]["results"].as_array().unwrap();
    assert!(!findings.is_empty());
    assert_eq!(findings.len(), results.len());
    for (f, r) in findings.iter().zip(results) {
        let id = f["fingerprint"].as_str().unwrap();
        assert_eq!(r["partialFingerprints"]["crosscheckFinding/v1"], id);
        assert_eq!(r["partialFingerprints"]["primaryLocationLineHash"], format!("{id}:1"));
    }
}
