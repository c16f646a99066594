//! What a newcomer meets: the overview, the nearest name to a misspelt one, and `crosscheck init`.

use crate::{
    company::{run, says},
    home::{Home, repository},
};
use crosscheck::checks;
use serde_json::json;
use std::fs;

#[test]
fn the_overview_is_short_names_every_command_and_its_example_works() {
    let home = Home::new();
    let gave = run(&home, &[]);
    assert_eq!((gave.code, gave.err.as_str()), (0, ""));
    for sub in crosscheck::cli::command().get_subcommands() {
        let name = format!("  {} ", sub.get_name());
        assert_eq!(gave.out.lines().filter(|l| l.starts_with(&name)).count(), 1, "{name}: {}", gave.out);
    }
    assert!(gave.out.lines().all(|l| l.chars().count() <= 100), "{}", gave.out);
    assert!(gave.out.lines().count() < 30 + checks::ALL.len(), "{}", gave.out);
    let example = gave.out.lines().find_map(|l| l.strip_prefix("Try ")).unwrap().trim();
    let words: Vec<&str> = example.strip_prefix("crosscheck ").unwrap().split(' ').collect();
    let tried = run(&home, &words);
    assert_eq!((tried.code, tried.err.as_str()), (0, ""), "{example}");
    says(&tried.out, &["25.00 USD to pay"]);
}

#[test]
fn a_misspelt_name_gets_the_nearest() {
    let home = Home::new();
    home.write("exports/plans.csv", "plan,name\npro,Pro\n");
    let profile = |dataset: &str, column: &str| {
        format!(
            "[profile.x]\ntitle = \"x\"\nformat = \"csv\"\nrecognise.all = [\"A\"]\n[[profile.x.output]]\n\
             dataset = \"{dataset}\"\ncolumns.{column} = \"A\"\n"
        )
    };
    home.write("dataset.toml", profile("invoces", "invoice_id"));
    home.write("column.toml", profile("invoices", "invoce_id"));
    home.write("key.toml", "[reconcile]\ntreshold = 3\n");
    home.write("section.toml", "[triag]\nx = 1\n");
    home.write("code.toml", "[rules]\n\"reconcile/unbiled-usage\" = \"off\"\n");
    for (arguments, near) in [
        (&["reconsile", "exports"][..], "'reconcile'"),
        (&["histori"], "'history'"),
        (&["reconcile", "--treshold", "3", "exports"], "'--threshold'"),
        (&["reconcile", "invoces=exports"], "invoices"),
        (&["schema", "invoces"], "invoices"),
        (&["explain", "reconcile/unbiled-usage"], "reconcile/unbilled-usage"),
        (&["run", "exports", "--only", "triag"], "'triage'"),
        (&["diff", "helth"], "health"),
        (&["reconcile", "exports", "--format", "jsn"], "'json'"),
        (&["reconcile", "exports", "--select", "reconcile/unbiled-usage"], "'reconcile/unbilled-usage'"),
        (&["run", "exports", "--config", "dataset.toml"], "invoices"),
        (&["run", "exports", "--config", "column.toml"], "invoice_id"),
        (&["run", "exports", "--config", "key.toml"], "'threshold'"),
        (&["run", "exports", "--config", "section.toml"], "[triage]"),
        (&["run", "exports", "--config", "code.toml"], "'reconcile/unbilled-usage'"),
    ] {
        let gave = run(&home, arguments);
        assert_eq!(gave.code, 2, "{arguments:?}: {gave:?}");
        says(&gave.err, &[near]);
    }
}

#[test]
fn init_names_what_it_recognised_and_what_each_check_still_needs() {
    let home = Home::new();
    let acme = repository().join("fixtures/acme");
    let copy = |from: &str, to: &str| home.write(to, fs::read(acme.join(from)).unwrap());
    copy("billed_usage.csv", "exports/billed_usage.csv");
    copy("usage_events.csv", "exports/usage-2026-10-01.csv");
    copy("accounts.csv", "exports/accounts.csv");
    copy("identities.csv", "exports/identities.csv");
    home.write("exports/odd.csv", "a,b\n1,2\n");
    home.write("notes.txt.bak", "no export");
    home.write("deep/down/below/invoices.csv", "not looked at");
    let gave = run(&home, &["init"]);
    assert_eq!((gave.code, gave.err.as_str()), (0, ""), "{gave:?}");
    says(&gave.out, &["exports/billed_usage.csv: billed_usage, 27 rows", "not recognised: exports/odd.csv"]);
    let line = |check: &str| {
        let begins = format!(" {check} ");
        gave.out.lines().find(|l| l.starts_with(&begins)).unwrap_or_else(|| panic!("{check}: {}", gave.out))
    };
    assert!(line("reconcile").contains(" yes"), "{}", gave.out);
    assert!(line("triage").contains(" no ") && line("triage").ends_with("tickets"), "{}", gave.out);
    assert!(line("health").ends_with("activity"), "{}", gave.out);

    let text = fs::read_to_string(home.path().join("crosscheck.toml")).unwrap();
    let table: toml::Table = text.parse().unwrap();
    assert_eq!(table["data"]["paths"].as_array().unwrap(), &["exports".into()]);
    let sources: Vec<(&str, Option<&str>)> = table["source"]
        .as_array()
        .unwrap()
        .iter()
        .map(|s| (s["match"].as_str().unwrap(), s.get("dataset").and_then(toml::Value::as_str)))
        .collect();
    assert_eq!(
        sources,
        [
            ("exports/accounts.csv", Some("accounts")),
            ("exports/billed_usage.csv", Some("billed_usage")),
            ("exports/identities.csv", None),
            ("exports/usage-*.csv", Some("usage_events")),
        ]
    );
    says(&text, &["Not recognised: \"exports/odd.csv\"", "#timezone = \"UTC\"", "#[reconcile]"]);

    // What it wrote is read, and a call needs no path any more.
    let named = home.json(&["reconcile", "exports", "--as-of", "2026-11-05", "--no-history"]);
    let unnamed = home.json(&["reconcile", "--as-of", "2026-11-05", "--no-history"]);
    assert_eq!((unnamed.1.code, &unnamed.0["findings"]), (1, &named.0["findings"]));
    let again = run(&home, &["init"]);
    assert_eq!(again.code, 2);
    says(&again.err, &["crosscheck.toml exists already"]);
}

#[test]
fn init_in_a_folder_of_exports_names_the_folder_itself() {
    let home = Home::new();
    home.write("plans.csv", "plan,name\npro,Pro\n");
    let (told, gave) = home.json(&["init"]);
    assert_eq!(
        (gave.code, &told["recognised"][0]["datasets"][0]["dataset"]),
        (0, &json!("plans")),
        "{gave:?}"
    );
    let read = || -> toml::Table {
        let table = fs::read_to_string(home.path().join("crosscheck.toml")).unwrap().parse().unwrap();
        fs::remove_file(home.path().join("crosscheck.toml")).unwrap();
        table
    };
    assert_eq!(read()["data"]["paths"].as_array().unwrap(), &[".".into()]);
    // Below lies what was not looked at: the folder as a whole would bring it in.
    home.write("old/2025/plans.csv", "plan,name\npro,Pro\n");
    assert_eq!(run(&home, &["init"]).code, 0);
    assert_eq!(read()["data"]["paths"].as_array().unwrap(), &["plans.csv".into()]);
    assert_eq!(run(&home, &["init", "old"]).code, 0);
    assert_eq!(read()["data"]["paths"].as_array().unwrap(), &["old".into()]);
    let gave = run(&home, &["init", "nowhere"]);
    assert_eq!(gave.code, 2);
    assert!(!home.path().join("crosscheck.toml").exists());
}

#[test]
fn init_without_exports_writes_every_default_and_says_so() {
    let home = Home::new();
    let gave = run(&home, &["init"]);
    assert_eq!(gave.code, 0);
    says(&gave.out, &["every line is a default", "no export was recognised here"]);
    let text = fs::read_to_string(home.path().join("crosscheck.toml")).unwrap();
    assert!(text.lines().all(|l| l.is_empty() || l.starts_with('#')));
}
