//! `crosscheck run`: every check on one reading, one summary, one exit code; metrics and job summaries.

use crate::{
    company::{AS_OF, BILLED, LINE, company, decent, says},
    home::{Gave, Home, repository},
};
use crosscheck::checks;
use serde_json::{Value, json};
use std::{collections::BTreeMap, fs};

const NOW: &str = "2026-11-05T06:00:00Z";

fn acme() -> String {
    repository().join("fixtures/acme").to_str().unwrap().to_owned()
}

fn run(home: &Home, arguments: &[&str]) -> Gave {
    let gave = home.run(&[&["run"], arguments].concat());
    decent(&gave);
    gave
}

fn json_of(home: &Home, arguments: &[&str]) -> (Value, Gave) {
    home.json(&[&["run"], arguments].concat())
}

fn names() -> Vec<&'static str> {
    checks::ALL.iter().map(|c| c.info.name).collect()
}

fn assert_fits(home: &Home, value: &Value) {
    let (schema, _) = home.json(&["schema", "run"]);
    let validator = jsonschema::validator_for(&schema).unwrap();
    let errors: Vec<String> =
        validator.iter_errors(value).map(|e| format!("{}: {e}", e.instance_path())).take(5).collect();
    assert_eq!(errors, [""; 0]);
}

#[test]
fn a_run_tells_of_each_check_what_the_check_alone_tells() {
    let home = Home::new();
    let acme = acme();
    let (whole, gave) = json_of(&home, &[&acme, "--as-of", NOW]);
    assert_eq!(
        (gave.code, &whole["schema"], &whole["exit_code"]),
        (1, &json!("crosscheck.run/1"), &json!(1))
    );
    assert_fits(&home, &whole);
    let reports = whole["reports"].as_array().unwrap();
    assert_eq!(reports.iter().map(|r| r["check"].as_str().unwrap()).collect::<Vec<_>>(), names());
    for report in reports {
        let check = report["check"].as_str().unwrap();
        let (alone, _) = home.json(&[check, &acme, "--as-of", NOW]);
        assert_eq!(report, &alone, "{check}");
    }
    // The same bytes, whichever thread was quicker.
    assert_eq!(gave.out, json_of(&home, &[&acme, "--as-of", NOW]).1.out);
}

#[test]
fn the_summary_has_a_line_a_check_and_details_the_whole_of_each() {
    let home = Home::new();
    let acme = acme();
    let gave = run(&home, &[&acme, "--as-of", NOW]);
    assert!(gave.out.starts_with(&format!("run  {} checks: ", names().len())), "{}", gave.out);
    for name in names() {
        assert!(gave.out.lines().any(|l| l.starts_with(&format!(" {name} "))), "{name}: {}", gave.out);
    }
    assert!(gave.out.lines().all(|l| l.chars().count() <= 100), "{}", gave.out);
    says(&gave.out, &["\nNext\n", "crosscheck show ", "MAIN REASON", "exit 1\n"]);
    let details = run(&home, &[&acme, "--as-of", NOW, "--details"]);
    for name in names() {
        let alone = home.run(&[name, &acme, "--as-of", NOW]);
        assert!(details.out.contains(&alone.out), "{name}");
    }
    assert_eq!(details.out.lines().last(), gave.out.lines().last());
}

#[test]
fn a_check_without_its_exports_is_skipped_by_name_and_fails_only_where_it_must_run() {
    let home = company();
    let (whole, gave) = json_of(&home, &["good", "--as-of", AS_OF]);
    assert_eq!(gave.code, 0, "{gave:?}");
    assert_fits(&home, &whole);
    assert_eq!(whole["reports"].as_array().unwrap().len(), 1);
    let skipped: BTreeMap<&str, &Value> = whole["skipped"]
        .as_array()
        .unwrap()
        .iter()
        .map(|s| (s["check"].as_str().unwrap(), &s["missing"]))
        .collect();
    assert_eq!(skipped.len(), names().len() - 1);
    assert_eq!(skipped["triage"], &json!(["tickets", "accounts"]));
    let table = run(&home, &["good", "--as-of", AS_OF]);
    assert_eq!((table.code, table.err.as_str()), (0, ""));
    says(&table.out, &["NOT RUN", "lacks tickets, accounts"]);

    for must in [&["--require", "triage"][..], &["--only", "reconcile,triage"]] {
        let (whole, gave) = json_of(&home, &[&["good", "--as-of", AS_OF][..], must].concat());
        assert_eq!((gave.code, &whole["problems"][0]["code"]), (3, &json!("run/required")), "{must:?}");
        assert_fits(&home, &whole);
        assert_eq!(whole["reports"][0]["exit_code"], 0);
        says(&gave.err, &["triage must run, and lacks tickets, accounts", "exit code 3"]);
    }
    home.write("crosscheck.toml", "[run]\nrequire = [\"triage\"]\n");
    assert_eq!(run(&home, &["good", "--as-of", AS_OF]).code, 3);
    home.write("crosscheck.toml", "[run]\nrequire = [\"triag\"]\n");
    let gave = run(&home, &["good"]);
    assert_eq!(gave.code, 2);
    says(&gave.err, &["crosscheck.toml:2", "names no check: 'triag'; did you mean 'triage'?"]);
}

#[test]
fn an_export_that_vanished_is_told_with_when_it_was_last_seen() {
    let home = company();
    let with_history = |arguments: &[&str]| {
        let mut command = home.command(arguments);
        command.env_remove("CROSSCHECK_NO_HISTORY");
        Gave::of(command.output().unwrap())
    };
    assert_eq!(with_history(&["run", "good", "--as-of", AS_OF]).code, 0);
    fs::remove_file(home.path().join("good/usage_events.csv")).unwrap();
    let gave = with_history(&["run", "good", "--as-of", "2026-12-02", "--require", "reconcile"]);
    assert_eq!(gave.code, 3);
    says(
        &gave.err,
        &["lacks usage_events or usage_totals (last seen as of 2026-12-01T00:00:00Z with 33 rows)"],
    );
}

#[test]
fn data_that_cannot_be_trusted_in_one_check_does_not_hide_what_another_found() {
    let home = company();
    home.write("good/billed_usage.csv", format!("{BILLED}{}", LINE.replace("3100", "4000")));
    home.write("good/tickets.csv", "ticket_id,account_id,created_at\nt1,acct_1,never\n");
    home.write("good/accounts.csv", "account_id,status\nacct_1,active\n");
    let (whole, gave) = json_of(&home, &["good", "--as-of", AS_OF, "--only", "reconcile,triage"]);
    assert_eq!(gave.code, 3, "{gave:?}");
    assert_fits(&home, &whole);
    assert_eq!(whole["summary"]["exit_codes"], json!({"reconcile": 1, "triage": 3}));
    assert_eq!(whole["verdict"], "findings");
    let table = run(&home, &["good", "--as-of", AS_OF, "--only", "reconcile,triage"]);
    says(&table.out, &["Not trusted", "triage: ", "1 check with 1, 1 check with 3", "exit 3"]);
    // Left out, it fails nothing.
    assert_eq!(run(&home, &["good", "--as-of", AS_OF, "--skip", "triage"]).code, 1);
}

#[test]
fn no_data_for_any_check_is_not_a_pass() {
    let home = Home::new();
    home.write("empty/readme.txt", "nothing here\n");
    home.write("plans/plans.csv", "plan,name\npro,Pro\n");
    let (whole, gave) = json_of(&home, &["plans"]);
    assert_eq!((gave.code, &whole["verdict"]), (3, &json!("not_judged")));
    assert_eq!(whole["problems"][0]["code"], "run/nothing-to-check");
    assert_fits(&home, &whole);
    for wrong in [&["nowhere"][..], &["plans", "--no-such-option"], &["plans", "--only", "flag"]] {
        let (whole, gave) = json_of(&home, wrong);
        assert_eq!(
            (gave.code, &whole["exit_code"], &whole["schema"]),
            (2, &json!(2), &json!("crosscheck.run/1"))
        );
        assert_fits(&home, &whole);
    }
}

#[test]
fn every_format_has_the_findings_of_all_checks() {
    let home = Home::new();
    let acme = acme();
    let (whole, _) = json_of(&home, &[&acme, "--as-of", NOW]);
    let reports = whole["reports"].as_array().unwrap();
    let findings: Vec<&Value> = reports.iter().flat_map(|r| r["findings"].as_array().unwrap()).collect();
    let ids: Vec<&str> = findings.iter().map(|f| f["fingerprint"].as_str().unwrap()).collect();
    let in_format = |format: &str| run(&home, &[&acme, "--as-of", NOW, "--format", format]).out;
    let ndjson = in_format("ndjson");
    let lines: Vec<Value> = ndjson.lines().map(|l| serde_json::from_str(l).unwrap()).collect();
    assert_eq!(lines.iter().collect::<Vec<_>>(), findings);
    let csv = in_format("csv");
    assert_eq!(csv::Reader::from_reader(csv.as_bytes()).records().count(), ids.len());
    assert_eq!(csv.matches("code,severity,account").count(), 1);
    let junit = in_format("junit");
    assert!(ids.iter().all(|id| csv.contains(id) && junit.contains(id)));
    assert_eq!(junit.matches("<testsuite ").count(), reports.len());
    let markdown = in_format("markdown");
    assert!(names().iter().all(|n| markdown.contains(&format!("\n### {n}: "))), "{markdown}");
    let github = in_format("github");
    for level in ["::error ", "::warning ", "::notice "] {
        let shown = github.lines().filter(|l| l.starts_with(level)).count();
        assert!((1..=10).contains(&shown), "{level}{shown}");
    }
    says(&github, &["Left out: "]);

    let gave = run(&home, &[&acme, "--as-of", NOW, "--format", "rows-csv"]);
    assert_eq!(gave.code, 2);
    says(&gave.err, &["rows-csv is the result table of one check", "--only"]);
    let one = run(&home, &[&acme, "--as-of", NOW, "--format", "rows-csv", "--only", "triage"]);
    let alone = home.run(&["triage", &acme, "--as-of", NOW, "--format", "rows-csv"]);
    assert_eq!((one.code, one.out), (1, alone.out));
}

#[test]
fn a_waiver_for_any_checks_findings_is_unused_only_where_none_had_it() {
    let home = company();
    let rows = "account_id,status,updated_at\nacct_1,active,2026-11-01\nacct_1,churned,2026-11-02\n";
    home.write("good/accounts.csv", rows.replace("churned", "canceled"));
    let waiver = |more: &str| {
        format!(
            "[[waiver]]\ncode = \"data/conflicting-record\"\nuntil = 2026-12-31\nreason = \"known\"\n{more}"
        )
    };
    let codes = |more: &[&str]| -> Vec<(String, String)> {
        let (whole, _) = json_of(&home, &[&["good", "--as-of", AS_OF][..], more].concat());
        let reports = whole["reports"].as_array().unwrap();
        let list = reports.iter().flat_map(|r| r["findings"].as_array().unwrap());
        let text = |v: &Value| v.as_str().unwrap().to_owned();
        list.map(|f| (text(&f["code"]), text(&f["state"]))).collect()
    };
    home.write("crosscheck.toml", waiver(""));
    let found = codes(&[]);
    assert!(found.contains(&("data/conflicting-record".into(), "waived".into())), "{found:?}");
    assert!(found.iter().all(|(code, _)| code != "waiver/unused"), "{found:?}");
    home.write("crosscheck.toml", waiver("account = \"acct_nobody\"\n"));
    assert_eq!(codes(&[]).iter().filter(|(code, _)| code == "waiver/unused").count(), 1);
    assert!(codes(&["--only", "reconcile"]).iter().all(|(code, _)| code != "waiver/unused"));
    home.write("crosscheck.toml", waiver("").replace("2026-12-31", "2026-11-30"));
    assert_eq!(codes(&[]).iter().filter(|(code, _)| code == "waiver/expired").count(), 1);
}

#[test]
fn a_waiver_of_a_check_that_did_not_run_is_not_called_unused() {
    let home = company();
    home.write(
        "crosscheck.toml",
        "[[waiver]]\ncode = \"triage/misrouted\"\nuntil = 2026-12-31\nreason = \"known\"\n",
    );
    let (whole, gave) = json_of(&home, &["good", "--as-of", AS_OF]);
    assert_eq!((gave.code, &whole["reports"][0]["findings"]), (0, &json!([])));
}

fn gauge(text: &str, name: &str) -> Option<String> {
    text.lines().find_map(|l| Some(l.strip_prefix(name)?.strip_prefix(' ')?.to_owned()))
}

#[test]
fn metrics_are_gauges_of_each_check() {
    let home = Home::new();
    let acme = acme();
    assert_eq!(run(&home, &[&acme, "--as-of", NOW, "--metrics", "all.prom"]).code, 1);
    let text = fs::read_to_string(home.path().join("all.prom")).unwrap();
    for name in names() {
        let of = |family: &str| gauge(&text, &format!("{family}{{check=\"{name}\"}}"));
        for family in
            ["rows", "rows_rejected", "duration_seconds", "exit_code", "last_success_timestamp_seconds"]
        {
            assert!(of(&format!("crosscheck_{family}")).is_some(), "{name} {family}: {text}");
        }
    }
    let (report, _) = home.json(&["reconcile", &acme, "--as-of", NOW, "--metrics", "one.prom"]);
    let one = fs::read_to_string(home.path().join("one.prom")).unwrap();
    for (text, name) in [(&text, "all"), (&one, "one")] {
        for severity in ["error", "warning", "info"] {
            let found =
                gauge(text, &format!("crosscheck_findings{{check=\"reconcile\",severity=\"{severity}\"}}"));
            let wanted = report["summary"]["by_severity"][severity].to_string();
            assert_eq!(found, Some(wanted), "{name} {severity}");
        }
        for money in report["summary"]["impact"].as_array().unwrap() {
            let currency = money["currency"].as_str().unwrap();
            let found =
                gauge(text, &format!("crosscheck_impact{{check=\"reconcile\",currency=\"{currency}\"}}"));
            assert_eq!(found.as_deref(), money["amount"].as_str());
        }
    }
    assert_eq!(gauge(&text, "crosscheck_run_exit_code").as_deref(), Some("1"));

    // A check without its exports keeps the moment of its last success.
    let success = "crosscheck_last_success_timestamp_seconds{check=\"triage\"}";
    let before = gauge(&text, success);
    let billed = format!("{acme}/billed_usage.csv");
    assert_eq!(run(&home, &[&billed, "--as-of", NOW, "--metrics", "all.prom"]).code, 3);
    let text = fs::read_to_string(home.path().join("all.prom")).unwrap();
    assert_eq!(gauge(&text, success), before);
    assert_eq!(gauge(&text, "crosscheck_skipped{check=\"triage\"}").as_deref(), Some("1"));
    assert_eq!(run(&home, &[&acme, "--as-of", NOW, "--metrics", "no/folder/x.prom"]).code, 2);
}

#[test]
fn a_job_summary_is_added_to_and_any_other_file_replaced() {
    let home = company();
    let summary = home.write("summary.md", "what another step wrote\n");
    let mut command = home.command(&[
        "run",
        "good",
        "--as-of",
        AS_OF,
        "--report",
        "markdown=summary.md",
        "--report",
        "markdown=other.md",
    ]);
    command.env("GITHUB_STEP_SUMMARY", "summary.md");
    for _ in 0..2 {
        assert_eq!(command.output().unwrap().status.code(), Some(0));
    }
    let text = fs::read_to_string(summary).unwrap();
    assert!(text.starts_with("what another step wrote\n## crosscheck: "), "{text}");
    assert_eq!(text.matches("## crosscheck: ").count(), 2);
    let other = fs::read_to_string(home.path().join("other.md")).unwrap();
    assert_eq!(other.matches("## crosscheck: ").count(), 1);
}
