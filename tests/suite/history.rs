//! Runs that are kept: states, `--only-new`, baselines, what is listed; and that nothing is lost.

use crate::{
    company::{AS_OF, BILLED, LINE, company, decent, many_events, says},
    home::{Gave, Home, repository},
};
use serde_json::{Value, json};
use std::{
    fs,
    os::unix::fs::PermissionsExt as _,
    path::PathBuf,
    process::{Command, Stdio},
    time::{Duration, Instant},
};

/// The command with a history.
fn command(home: &Home, arguments: &[&str]) -> Command {
    let mut command = home.command(arguments);
    command.env_remove("CROSSCHECK_NO_HISTORY");
    command
}

fn run(home: &Home, arguments: &[&str]) -> Gave {
    let gave = Gave::of(command(home, arguments).output().unwrap());
    decent(&gave);
    gave
}

fn json_of(home: &Home, arguments: &[&str]) -> (Value, Gave) {
    let gave = run(home, &[arguments, &["--format", "json"]].concat());
    (serde_json::from_str(&gave.out).unwrap_or_else(|e| panic!("{e}: {gave:?}")), gave)
}

/// acct_1 was billed so much for October, and used 3100.
fn bill(home: &Home, quantity: u32) {
    let line = LINE.replace("3100,31.00", &format!("{quantity},31.00"));
    home.write("good/billed_usage.csv", format!("{BILLED}{line}"));
}

const RECONCILE: [&str; 4] = ["reconcile", "good", "--as-of", AS_OF];

/// The states of the findings of a run, by code.
fn states(home: &Home, more: &[&str]) -> Vec<(String, String)> {
    let (report, _) = json_of(home, &[&RECONCILE, more].concat());
    let text = |v: &Value| v.as_str().unwrap().to_owned();
    let list = report["findings"].as_array().unwrap();
    list.iter().map(|f| (text(&f["code"]), text(&f["state"]))).collect()
}

/// The state of the one finding.
fn state(home: &Home, more: &[&str]) -> String {
    let found = states(home, more);
    assert_eq!(found.len(), 1, "{found:?}");
    found[0].1.clone()
}

fn runs(home: &Home, check: &[&str]) -> Vec<Value> {
    let (listing, gave) = json_of(home, &[&["history"], check].concat());
    assert_eq!(gave.code, 0, "{gave:?}");
    listing["runs"].as_array().unwrap().clone()
}

fn database(home: &Home) -> PathBuf {
    home.path().join("cache/history.db")
}

#[test]
fn a_finding_is_new_then_persists_and_has_worsened_when_it_grew_by_more_than_a_tenth() {
    let home = company();
    bill(&home, 4000);
    assert_eq!(state(&home, &[]), "new");
    assert_eq!(state(&home, &[]), "persisting");
    // 900 too much, then 990: a tenth more; then 991 + a tenth.
    bill(&home, 4090);
    assert_eq!(state(&home, &[]), "persisting");
    bill(&home, 4200);
    assert_eq!(state(&home, &[]), "worsened");
    bill(&home, 3100);
    assert_eq!(states(&home, &[]), []);
    bill(&home, 4000);
    assert_eq!(state(&home, &[]), "new");
    let listed: Vec<(Value, Value)> =
        runs(&home, &[]).iter().map(|r| (r["exit"].clone(), r["errors"].clone())).collect();
    let wanted = [(1, 1), (0, 0), (1, 1), (1, 1), (1, 1), (1, 1)];
    assert_eq!(listed, wanted.map(|(e, n)| (json!(e), json!(n))));
}

#[test]
fn only_new_prints_and_fails_on_what_is_new_or_worse_alone() {
    let home = company();
    bill(&home, 4000);
    let only_new = [&RECONCILE[..], &["--only-new"]].concat();
    assert_eq!(run(&home, &only_new).code, 1, "nothing is known yet");
    let (report, gave) = json_of(&home, &only_new);
    assert_eq!(
        (gave.code, &report["verdict"], &report["findings"]),
        (0, &json!("partly_judged"), &json!([]))
    );
    assert_eq!((&report["rows"], &report["summary"]["not_new"]), (&json!([]), &json!(1)));
    // What was not shown is known nonetheless.
    assert_eq!(state(&home, &[]), "persisting");
    bill(&home, 5000);
    let (report, gave) = json_of(&home, &only_new);
    assert_eq!((gave.code, &report["findings"][0]["state"]), (1, &json!("worsened")));
    assert_eq!(report["summary"]["by_severity"]["error"], 1);
    says(&run(&home, &only_new).out, &["nothing is new since the run of 2026-12-01T00:00:00Z; 1 not shown"]);
}

#[test]
fn a_run_that_could_not_be_trusted_is_not_compared_with() {
    let home = company();
    bill(&home, 4000);
    assert_eq!(state(&home, &[]), "new");
    let events = fs::read_to_string(home.path().join("good/usage_events.csv")).unwrap();
    fs::remove_file(home.path().join("good/usage_events.csv")).unwrap();
    assert_eq!(run(&home, &RECONCILE).code, 3);
    home.write("good/usage_events.csv", events);
    assert_eq!(state(&home, &[]), "persisting");
    assert_eq!(runs(&home, &[]).iter().map(|r| r["exit"].clone()).collect::<Vec<_>>(), [1, 3, 1]);
    let diff = run(&home, &["diff", "reconcile"]);
    says(&diff.out, &["0 new, 0 worsened, 0 gone, 1 persisting"]);
}

#[test]
fn what_one_nights_missing_export_hid_is_not_new_the_night_after() {
    let home = Home::new();
    for name in ["billed_usage.csv", "usage_events.csv", "prices.csv", "metrics.csv"] {
        home.write(&format!("good/{name}"), fs::read(repository().join("fixtures/acme").join(name)).unwrap());
    }
    let of = |states: Vec<(String, String)>| -> Vec<String> {
        let amounts = states.into_iter().filter(|(code, _)| code == "reconcile/amount-mismatch");
        amounts.map(|(_, state)| state).collect()
    };
    let prices = fs::read(home.path().join("good/prices.csv")).unwrap();
    assert_eq!(of(states(&home, &[])), ["new"]);
    fs::remove_file(home.path().join("good/prices.csv")).unwrap();
    assert_eq!(of(states(&home, &[])), [""; 0]);
    home.write("good/prices.csv", prices);
    let whole = states(&home, &[]);
    assert!(whole.iter().all(|(_, state)| state == "persisting"), "{whole:?}");
    assert_eq!(of(whole), ["persisting"]);
}

#[test]
fn only_runs_of_the_same_check_paths_and_options_are_compared() {
    let home = company();
    bill(&home, 4000);
    assert_eq!(state(&home, &[]), "new");
    assert_eq!(state(&home, &["--threshold", "6%"]), "new");
    assert_eq!(state(&home, &["--threshold", "6%"]), "persisting");
    assert_eq!(state(&home, &["--account", "acct_1"]), "new");
    // How it is printed, and what fails, is no other question.
    assert_eq!(state(&home, &["--fail-on", "never", "--rows", "none", "--verbose"]), "persisting");
    let later = ["reconcile", "good", "--as-of", "2026-12-02"];
    assert_eq!(json_of(&home, &later).0["findings"][0]["state"], "persisting");
    let written_otherwise = ["reconcile", "./good/../good/", "--as-of", AS_OF];
    let (report, _) = json_of(&home, &written_otherwise);
    assert_eq!(report["findings"][0]["state"], "persisting");
    let files = ["reconcile", "good/billed_usage.csv", "good/usage_events.csv", "--as-of", AS_OF];
    let (report, _) = json_of(&home, &files);
    assert_eq!(report["findings"][0]["state"], "new");
    let turned = ["reconcile", "good/usage_events.csv", "good/billed_usage.csv", "--as-of", AS_OF];
    let (report, _) = json_of(&home, &turned);
    assert_eq!(report["findings"][0]["state"], "persisting");
}

#[test]
fn no_history_reads_and_writes_none() {
    let home = company();
    bill(&home, 4000);
    let first = run(&home, &[&RECONCILE[..], &["--no-history"]].concat());
    assert!(!database(&home).exists());
    assert_eq!(state(&home, &[]), "new");
    let again = run(&home, &[&RECONCILE[..], &["--no-history"]].concat());
    assert_eq!((first.out, first.err), (again.out, again.err));
    assert_eq!(runs(&home, &[]).len(), 1);
}

#[test]
fn a_baseline_stands_in_for_the_history() {
    let home = company();
    bill(&home, 4000);
    let (report, _) = json_of(&home, &[&RECONCILE[..], &["--no-history"]].concat());
    home.write("baseline.json", report.to_string());
    assert_eq!(state(&home, &["--baseline", "baseline.json"]), "persisting");
    let gave = run(&home, &[&RECONCILE[..], &["--baseline", "baseline.json", "--only-new"]].concat());
    assert_eq!(gave.code, 0, "{gave:?}");
    bill(&home, 5000);
    assert_eq!(state(&home, &["--baseline", "baseline.json", "--no-history"]), "worsened");

    let charges = run(&home, &["charges", "good", "--baseline", "baseline.json"]);
    assert_eq!(charges.code, 2);
    says(&charges.err, &["baseline.json: holds no report of charges, but of reconcile"]);
    home.write("broken.json", "{\"schema\": ");
    for file in ["broken.json", "good/billed_usage.csv", "nowhere.json"] {
        let (report, gave) = json_of(&home, &[&RECONCILE[..], &["--baseline", file]].concat());
        assert_eq!((gave.code, &report["exit_code"]), (2, &json!(2)));
        says(&gave.err, &[file, "--baseline takes a report of --format json"]);
    }
}

#[test]
fn a_remembered_answer_has_the_states_of_its_own_run() {
    let home = company();
    bill(&home, 4000);
    home.write(
        "good/usage_events.csv",
        many_events(12_000)
            + "a,2026-09-02T00:00:00Z,acct_1,api_calls,1\nz,2026-11-02T00:00:00Z,acct_1,api_calls,1\n",
    );
    let first = states(&home, &[]);
    assert!(!first.is_empty() && first.iter().all(|(_, s)| s == "new"), "{first:?}");
    for _ in 0..3 {
        let later = states(&home, &[]);
        assert!(later.len() == first.len() && later.iter().all(|(_, s)| s == "persisting"), "{later:?}");
    }
    let listed = runs(&home, &[]);
    assert_eq!(listed.len(), 4);
    assert!(listed.iter().all(|r| r["errors"] == listed[0]["errors"]), "{listed:?}");
}

#[test]
fn history_diff_and_show_tell_of_what_was_kept() {
    let home = company();
    says(&run(&home, &["history"]).out, &["no run is kept yet"]);
    says(&run(&home, &["diff"]).out, &["no run is kept yet"]);
    assert!(!database(&home).exists(), "looking makes no history");
    bill(&home, 4000);
    let (report, _) = json_of(&home, &RECONCILE);
    let id = report["findings"][0]["fingerprint"].as_str().unwrap().to_owned();
    says(&run(&home, &["diff", "reconcile"]).out, &["only one run"]);
    bill(&home, 3100);
    run(&home, &RECONCILE);
    let (diff, gave) = json_of(&home, &["diff"]);
    assert_eq!(gave.code, 0);
    assert_eq!(diff["compared"][0]["counts"], json!({"new": 0, "worsened": 0, "gone": 1, "persisting": 0}));
    assert_eq!(
        (&diff["findings"][0]["change"], &diff["findings"][0]["fingerprint"]),
        (&json!("gone"), &json!(id))
    );

    // The exports no longer show it; the history does.
    let shown = run(&home, &["show", &id[..6]]);
    assert_eq!(shown.code, 0, "{shown:?}");
    says(
        &shown.out,
        &[&id, "acct_1", "good/billed_usage.csv:2", "seen      first", "did not find it any more"],
    );
    let (finding, _) = json_of(&home, &["show", &id]);
    assert_eq!(finding, report["findings"][0]);
    let (listing, _) = json_of(&home, &["history", "reconcile", "--limit", "1"]);
    assert_eq!(listing["runs"].as_array().unwrap().len(), 1);
    for format in ["table", "ndjson", "csv", "markdown"] {
        for verb in ["history", "diff"] {
            assert_eq!(run(&home, &[verb, "--format", format]).code, 0, "{verb} {format}");
        }
    }
    let wrong = run(&home, &["history", "reconcil"]);
    assert_eq!(wrong.code, 2);
    says(&wrong.err, &["there is no check reconcil; did you mean reconcile?"]);
}

#[test]
fn a_waived_finding_is_new_when_it_counts_again() {
    let home = company();
    bill(&home, 4000);
    home.write(
        "crosscheck.toml",
        "[[waiver]]\ncode = \"reconcile/quantity-mismatch\"\nuntil = 2026-12-31\nreason = \"agreed\"\n",
    );
    assert_eq!(state(&home, &[]), "waived");
    assert_eq!(state(&home, &[]), "waived");
    home.write("crosscheck.toml", "");
    assert_eq!(state(&home, &[]), "new");
    assert_eq!(state(&home, &[]), "persisting");
}

/// The result is told whatever befell the history, with a warning, and the history is left as it is.
#[test]
fn a_history_that_cannot_be_used_costs_a_warning_and_nothing_else() {
    let home = company();
    bill(&home, 4000);
    let wanted = run(&home, &[&RECONCILE[..], &["--no-history"]].concat());
    let warned = |what: &str| {
        let gave = run(&home, &RECONCILE);
        assert_eq!((gave.code, &gave.out), (wanted.code, &wanted.out), "{what}: {gave:?}");
        says(&gave.err, &["warning: ", "history.db", what]);
    };
    fs::create_dir(database(&home)).unwrap();
    warned("cannot be used");
    fs::remove_dir(database(&home)).unwrap();
    std::os::unix::fs::symlink("/dev/full", database(&home)).unwrap();
    warned("history");
    fs::remove_file(database(&home)).unwrap();
    home.write("cache/history.db", "no database, but somebody's notes ".repeat(500));
    warned("cannot be used");
    assert!(fs::read_to_string(database(&home)).unwrap().starts_with("no database"));
    fs::remove_file(database(&home)).unwrap();
    let theirs = rusqlite::Connection::open(database(&home)).unwrap();
    theirs.execute_batch("CREATE TABLE theirs(x); INSERT INTO theirs VALUES (1)").unwrap();
    warned("is not a crosscheck history");
    let kept: i64 = theirs.query_row("SELECT x FROM theirs", [], |r| r.get(0)).unwrap();
    assert_eq!(kept, 1);
    drop(theirs);
    fs::remove_file(database(&home)).unwrap();
    assert_eq!(state(&home, &[]), "new");
    rusqlite::Connection::open(database(&home)).unwrap().pragma_update(None, "user_version", 99).unwrap();
    warned("a later crosscheck wrote it (version 99");
}

#[test]
fn the_history_lies_beside_the_settings_and_is_its_owners_alone() {
    let home = company();
    bill(&home, 4000);
    home.write("crosscheck.toml", "");
    let mut call = command(&home, &RECONCILE);
    call.env_remove("CROSSCHECK_CACHE");
    assert_eq!(call.output().unwrap().status.code(), Some(1));
    let folder = home.path().join(".crosscheck");
    for name in ["history.db", "history.db-wal"] {
        let mode = fs::metadata(folder.join(name)).unwrap().permissions().mode() & 0o777;
        assert_eq!(mode, 0o600, "{name}");
    }
    fs::remove_file(home.path().join("crosscheck.toml")).unwrap();
    let mut call = command(&home, &RECONCILE);
    call.env_remove("CROSSCHECK_CACHE");
    assert_eq!(call.output().unwrap().status.code(), Some(1));
    assert!(home.path().join(".local/state/crosscheck/history.db").exists());
}

/// Opens the history as another program would, and holds it against itself.
fn sound(home: &Home) -> i64 {
    let conn = rusqlite::Connection::open(database(home)).unwrap();
    let one = |sql: &str| conn.query_row(sql, [], |r| r.get::<_, rusqlite::types::Value>(0)).unwrap();
    assert_eq!(one("PRAGMA integrity_check"), "ok".to_owned().into());
    // Every run has all its findings.
    let whole = "SELECT count(*) FROM run r WHERE errors + warnings + infos + waived
                 <> (SELECT count(*) FROM finding f JOIN body b ON b.id = f.body WHERE f.run = r.id)";
    assert_eq!(one(whole), 0.into());
    let rusqlite::types::Value::Integer(runs) = one("SELECT count(*) FROM run") else { panic!("no count") };
    runs
}

#[test]
fn two_hundred_runs_killed_at_any_moment_lose_nothing() {
    let home = company();
    bill(&home, 4000);
    let begun = Instant::now();
    assert_eq!(run(&home, &RECONCILE).code, 1);
    let whole = (begun.elapsed() * 2).clamp(Duration::from_millis(10), Duration::from_millis(60));
    let mut finished = 1;
    let mut killed = 0;
    for n in 0..200u32 {
        let mut child =
            command(&home, &RECONCILE).stdout(Stdio::null()).stderr(Stdio::null()).spawn().unwrap();
        // Spread over the whole run, a little beyond its end.
        std::thread::sleep(whole * (n * 83 % 200) / 200);
        child.kill().unwrap();
        match child.wait().unwrap().code() {
            Some(1) => finished += 1,
            Some(other) => panic!("exit code {other}"),
            None => killed += 1,
        }
    }
    let kept = sound(&home);
    assert!(killed > 20, "{killed} of 200 were killed in time");
    assert!(kept >= finished, "{finished} runs ended, {kept} are kept");
    assert!(kept <= finished + killed, "{kept} are kept, but {} began", finished + killed);
    assert_eq!(state(&home, &[]), "persisting");
    assert_eq!(sound(&home), kept + 1);
}

#[test]
fn runs_at_the_same_time_are_all_kept() {
    let home = company();
    bill(&home, 4000);
    let begin = || command(&home, &RECONCILE).stdout(Stdio::null()).stderr(Stdio::piped()).spawn().unwrap();
    let children: Vec<_> = (0..12).map(|_| begin()).collect();
    for child in children {
        let output = child.wait_with_output().unwrap();
        assert_eq!((output.status.code(), String::from_utf8(output.stderr).unwrap().as_str()), (Some(1), ""));
    }
    assert_eq!(sound(&home), 12);
}

#[test]
fn the_findings_that_persist_are_kept_once() {
    let home = Home::new();
    let acme = repository().join("fixtures/acme");
    for _ in 0..3 {
        run(&home, &["reconcile", acme.to_str().unwrap(), "--as-of", "2026-11-05T06:00:00Z"]);
    }
    let conn = rusqlite::Connection::open(database(&home)).unwrap();
    let count = |table: &str| -> i64 {
        conn.query_row(&format!("SELECT count(*) FROM {table}"), [], |r| r.get(0)).unwrap()
    };
    assert_eq!(count("run"), 3);
    assert_eq!(count("finding"), 3 * count("body"));
}
