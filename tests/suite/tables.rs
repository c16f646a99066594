//! A company's own tables: `crosscheck profile FILE --write`, then import and check without another word.

use crate::{
    company::{AS_OF, BILLED, LINE, run, says},
    home::{Home, repository},
};
use serde_json::Value;
use std::{fs, path::PathBuf};

#[test]
fn a_draft_is_written_the_next_import_uses_it_and_a_check_reads_it() {
    let mut tables: Vec<PathBuf> =
        fs::read_dir(repository().join("fixtures/tables")).unwrap().map(|e| e.unwrap().path()).collect();
    tables.retain(|t| t.extension().is_some_and(|e| e != "toml"));
    assert!(tables.len() > 20);
    for table in tables {
        let expected: toml::Table =
            fs::read_to_string(table.with_extension("toml")).unwrap().parse().unwrap();
        let rows: Vec<&str> = expected["rows"].as_str().unwrap().trim().lines().collect();
        let dataset = rows[0].split(':').next().unwrap();
        let file = format!("exports/{}", table.file_name().unwrap().to_str().unwrap());
        let home = Home::new();
        home.write(&file, fs::read(&table).unwrap());
        let gave = run(&home, &["profile", &file, "--write"]);
        assert_eq!((gave.code, gave.err.as_str()), (0, ""), "{file}: {gave:?}");
        says(&gave.out, &[&format!("is read as {dataset}")]);
        let (told, gave) = home.json(&["import", "exports"]);
        let import = &told["imports"][0];
        assert_eq!(gave.code, 0, "{file}: {gave:?}");
        assert_eq!(import["dataset"], dataset, "{file}");
        assert_eq!(import["loaded"], rows.len(), "{file}: {import}");
        assert!(import["profile"].is_string(), "{file}: {import}");
        // No check reads feature_usage yet.
        let Some(check) = expected.get("check").and_then(toml::Value::as_str) else { continue };
        let (report, gave) = home.json(&[check, "exports", "--as-of", AS_OF]);
        assert_ne!(gave.code, 2, "{file}: {gave:?}");
        let inputs = report["inputs"].as_array().unwrap();
        assert!(inputs.iter().any(|i| i["dataset"] == dataset), "{check} does not read {file}: {inputs:?}");
        let lacks: Vec<&Value> = report["problems"].as_array().unwrap().iter().collect();
        assert!(!lacks.iter().any(|p| p["message"].as_str().unwrap().contains(dataset)), "{file}: {lacks:?}");
    }
}

#[test]
fn what_a_warehouse_counted_by_the_day_is_compared_with_what_was_billed() {
    let home = Home::new();
    let day = |n: u32| format!("acct_1,api_calls,2026-10-{n:02},100\n");
    let days: String = (1..=31).map(day).collect();
    let around = "acct_1,api_calls,2026-09-28,1\nacct_1,api_calls,2026-11-02,1\n";
    home.write("exports/usage by day.csv", format!("customer,meter,day,calls\n{days}{around}"));
    home.write("exports/billed_usage.csv", format!("{BILLED}{LINE}"));
    assert_eq!(run(&home, &["profile", "exports/usage by day.csv", "--write"]).code, 0);
    let reconcile = || run(&home, &["reconcile", "exports", "--as-of", AS_OF]);
    let gave = reconcile();
    assert_eq!(gave.code, 0, "{gave:?}");
    home.write("exports/billed_usage.csv", format!("{BILLED}{}", LINE.replace("3100", "2900")));
    let gave = reconcile();
    assert_eq!(gave.code, 1, "{gave:?}");
    says(&gave.out, &["3,100", "2,900"]);
}

#[test]
fn what_cannot_be_written_is_said_and_nothing_is_changed() {
    let home = Home::new();
    home.write("odd.csv", "customer,meter,calls\na,b,1\n");
    let gave = run(&home, &["profile", "odd.csv", "--write"]);
    assert_eq!(gave.code, 2, "{gave:?}");
    says(&gave.err, &["seems to give", "without --write"]);
    assert!(!home.path().join("crosscheck.toml").exists());
    says(&run(&home, &["profile", "odd.csv"]).out, &["FILL_IN"]);

    home.write("use.csv", "customer,meter,day,calls\na,b,2026-10-01,1\n");
    home.write("crosscheck.toml", "[reconcile]\nthreshold = 3");
    assert_eq!(run(&home, &["profile", "use.csv", "--write"]).code, 0);
    let written = fs::read_to_string(home.path().join("crosscheck.toml")).unwrap();
    assert!(written.starts_with("[reconcile]\nthreshold = 3\n\n[profile.use]\n"), "{written}");
    let gave = run(&home, &["profile", "use.csv", "--write"]);
    assert_eq!(gave.code, 2);
    says(&gave.err, &["[profile.use] stands in", "already"]);
    assert_eq!(fs::read_to_string(home.path().join("crosscheck.toml")).unwrap(), written);

    // A file that its name or columns would give to a dataset gets the line that says otherwise.
    home.write("activity.csv", "account_id,date,sessions,users\na,2026-10-01,3,2\n");
    assert_eq!(run(&home, &["profile", "activity.csv", "--write"]).code, 0);
    let written = fs::read_to_string(home.path().join("crosscheck.toml")).unwrap();
    says(&written, &["[[source]]\nmatch = \"activity.csv\"\nprofile = \"activity\""]);
    let (told, _) = home.json(&["import", "activity.csv"]);
    assert_eq!(told["imports"][0]["profile"], "activity");
}
