//! `flags-audit` on source trees.

use crate::home::{Home, repository};
use serde_json::{Value, json};

const FLAGS: &str = "flag,owner,created_at,kind,status,rollout_percent,last_changed_at,last_evaluated_at,tags\n\
    new-report,web,2026-10-01T00:00:00Z,release,active,50,2026-10-25T00:00:00Z,2026-11-30T00:00:00Z,\n\
    old-menu,web,2026-10-01T00:00:00Z,release,archived,0,2026-10-25T00:00:00Z,2026-11-30T00:00:00Z,\n\
    search,web,2026-10-01T00:00:00Z,release,active,50,2026-10-25T00:00:00Z,2026-11-30T00:00:00Z,\n\
    lost-flag,web,2026-10-01T00:00:00Z,release,active,50,2026-10-25T00:00:00Z,2026-11-30T00:00:00Z,\n";

const AS_OF: [&str; 2] = ["--as-of", "2026-12-01"];

fn row<'r>(report: &'r Value, flag: &str) -> &'r Value {
    report["rows"].as_array().unwrap().iter().find(|r| r["flag"] == flag).unwrap()
}

fn home() -> Home {
    let home = Home::new();
    home.write("app/flags.csv", FLAGS);
    home.write("app/src/report.ts", "import x\nif (flags.newReport) {}\nsearch(y)\n");
    home.write("app/src/menu.py", "MENU = OLD_MENU\n# the flag 'old-menu'\n");
    home.write("app/.gitignore", "dist\n");
    home.write("app/dist/bundle.js", "'lost-flag'");
    home
}

#[test]
fn references_are_clickable_sorted_and_the_same_every_time() {
    let home = home();
    let call = ["flags-audit", "app/flags.csv", "--code", "app", AS_OF[0], AS_OF[1]];
    let (report, gave) = home.json(&call);
    assert_eq!(gave.code, 1, "{gave:?}");
    assert_eq!(row(&report, "new-report")["references"], json!(["app/src/report.ts:2"]));
    assert_eq!(row(&report, "old-menu")["references"], json!(["app/src/menu.py:1", "app/src/menu.py:2"]));
    assert_eq!(
        row(&report, "lost-flag")["references"],
        json!([]),
        "dist is ignored, and so is the export itself"
    );
    let search = row(&report, "search");
    assert_eq!((&search["references"], &search["uncertain_references"]), (&json!([]), &json!(1)));
    let codes: Vec<&str> =
        report["findings"].as_array().unwrap().iter().map(|f| f["code"].as_str().unwrap()).collect();
    assert_eq!(codes, ["flags-audit/archived-in-code", "flags-audit/unreferenced"]);
    assert_eq!(report["findings"][1]["subject"]["id"], "lost-flag");
    assert!(report["findings"][1]["message"].as_str().unwrap().contains("nowhere in app (2 files searched)"));
    assert_eq!(report["summary"]["code"]["folders"], json!(["app"]));
    assert_eq!(home.json(&call).1.out, gave.out, "the same bytes again");
    home.write("app/src/late.ts", "flag('lost-flag')");
    let (later, _) = home.json(&call);
    assert_eq!(
        row(&later, "lost-flag")["references"],
        json!(["app/src/late.ts:1"]),
        "no answer is remembered"
    );
}

#[test]
fn folders_may_stand_in_crosscheck_toml_and_are_seen_from_there() {
    let home = home();
    home.write("app/crosscheck.toml", "[flags]\ncode = [\"src\"]\n");
    let (report, _) =
        home.json(&["flags-audit", "app/flags.csv", "--config", "app/crosscheck.toml", AS_OF[0], AS_OF[1]]);
    let found = row(&report, "new-report")["references"][0].as_str().unwrap().to_owned();
    assert!(found.ends_with("app/src/report.ts:2"), "{found}");
}

#[test]
fn a_folder_without_code_is_not_taken_for_code_without_flags() {
    let home = home();
    home.write("old/flags.csv", "flag,owner,created_at\nold-banner,growth,2020-01-01\n");
    std::fs::create_dir(home.path().join("empty")).unwrap();
    let (report, gave) = home.json(&["flags-audit", "old/flags.csv", "--code", "empty", AS_OF[0], AS_OF[1]]);
    assert_eq!(gave.code, 3, "{gave:?}");
    assert_eq!(report["problems"][0]["code"], "code/nothing-searched");
    // What the flags themselves tell is told all the same, and nothing of the code.
    let (without, _) = home.json(&["flags-audit", "old/flags.csv", AS_OF[0], AS_OF[1]]);
    assert_ne!(report["findings"], json!([]));
    assert_eq!(report["findings"], without["findings"]);
    for rule in report["rules"].as_array().unwrap() {
        let of_code = ["flags-audit/unreferenced", "flags-audit/archived-in-code"]
            .contains(&rule["code"].as_str().unwrap());
        let flags = report["rows"].as_array().unwrap().len();
        assert!(!of_code || (rule["judged"] == 0 && rule["not_judged"] == flags), "{rule}");
    }
    let gave = home.run(&["flags-audit", "app/flags.csv", "--code", "nowhere", AS_OF[0], AS_OF[1]]);
    assert_eq!(gave.code, 2);
    assert!(gave.err.contains("nowhere cannot be searched"), "{gave:?}");
}

#[cfg(unix)]
#[test]
fn what_cannot_be_searched_is_named_and_the_rest_is_searched() {
    let home = home();
    let at = |name: &str| home.path().join("app/src").join(name);
    assert!(std::process::Command::new("mkfifo").arg(at("pipe")).status().unwrap().success());
    std::os::unix::fs::symlink("..", at("round")).unwrap();
    std::os::unix::fs::symlink("nowhere", at("broken")).unwrap();
    std::fs::File::create(at("core.dump")).unwrap().set_len(4 << 30).unwrap();
    let (report, _) = home.json(&["flags-audit", "app/flags.csv", "--code", "app/src", AS_OF[0], AS_OF[1]]);
    assert_eq!(row(&report, "new-report")["references"], json!(["app/src/report.ts:2"]));
    assert_eq!(
        report["summary"]["code"]["not_searched"],
        json!([
            {"path": "app/src/broken", "why": "is a broken link"},
            {"path": "app/src/core.dump", "why": "has 4096 MiB, more than the 64 that are read"},
            {"path": "app/src/pipe", "why": "is a FIFO, no file"},
            {"path": "app/src/round", "why": "is a link back to a folder that it lies in"},
        ])
    );
    let table = home.run(&["flags-audit", "app/flags.csv", "--code", "app/src", AS_OF[0], AS_OF[1]]);
    assert!(
        table.out.contains("4 paths were not searched: app/src/broken is a broken link"),
        "{}",
        table.out
    );
}

/// LaunchDarkly's flags, statuses and code references are three files of one folder.
#[test]
fn exports_of_one_vendor_are_put_together() {
    let home = Home::new();
    let folder = repository().join("fixtures/profiles/launchdarkly");
    let (report, gave) = home.json(&["flags-audit", folder.to_str().unwrap(), AS_OF[0], AS_OF[1]]);
    assert_eq!(gave.code, 1, "{gave:?}");
    let grid = row(&report, "new-report-grid");
    assert_eq!((&grid["verdict"], &grid["status"]), (&json!("remove"), &json!("launched")));
    assert_eq!(grid["references"], json!(["src/reports/grid.ts:12", "src/reports/grid.ts:40"]));
    assert_eq!(row(&report, "price-test")["rollout_percent"], "12.5");
    let (staging, _) =
        home.json(&["flags-audit", folder.to_str().unwrap(), "--environment", "staging", AS_OF[0], AS_OF[1]]);
    assert_eq!(row(&staging, "new-report-grid")["rollout_percent"], "0");
    assert_eq!(row(&staging, "price-test")["rollout_percent"], Value::Null);
}

/// A page of many is not the whole list.
#[test]
fn a_page_of_flags_says_that_it_is_cut() {
    let home = Home::new();
    let text = std::fs::read_to_string(repository().join("fixtures/profiles/unleash/search.json")).unwrap();
    home.write("flags.json", text.replace("\"total\": 3", "\"total\": 120"));
    let (report, gave) = home.json(&["flags-audit", "flags.json", AS_OF[0], AS_OF[1]]);
    assert_eq!((gave.code, &report["problems"][0]["code"]), (3, &json!("data/cut-export")));
}

/// What can be deleted today comes first, of those the most overdue.
#[test]
fn rows_answer_what_can_be_deleted_today() {
    let home = Home::new();
    let acme = repository().join("fixtures/acme");
    let (report, _) = home.json(&["flags-audit", acme.to_str().unwrap(), "--as-of", "2026-11-05T06:00:00Z"]);
    let rows = report["rows"].as_array().unwrap();
    let order = ["remove", "remove_with_care", "extend", "keep"];
    let ranks: Vec<(usize, i64)> = rows
        .iter()
        .map(|r| {
            let verdict = order.iter().position(|v| r["verdict"] == *v).unwrap();
            (verdict, -r["overdue_days"].as_i64().unwrap_or(-1))
        })
        .collect();
    assert!(ranks.is_sorted(), "{ranks:?}");
    assert_eq!(rows[0]["flag"], "old-onboarding-tour");
    assert_eq!((&report["summary"]["past_end"], &report["summary"]["flags"]), (&json!(10), &json!(31)));
    let mut turned = std::fs::read_to_string(acme.join("flags.csv")).unwrap();
    let (header, lines) = turned.split_once('\n').unwrap();
    let lines: Vec<&str> = lines.lines().rev().collect();
    turned = format!("{header}\n{}\n", lines.join("\n"));
    home.write("turned/flags.csv", turned);
    let (again, _) = home.json(&["flags-audit", "turned", "--as-of", "2026-11-05T06:00:00Z"]);
    assert_eq!(again["rows"], report["rows"], "the order of the export does not matter");
}
