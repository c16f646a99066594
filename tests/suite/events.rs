//! Event streams as activity: the same figures whatever the order of events, and however files share them.

use crate::{
    company::{decent, says},
    home::Home,
};
use serde_json::Value;

const AS_OF: &str = "2026-12-01";

/// Events of three accounts over sixty days, enough for several threads: of each person and day a page view, and a
/// login on most days. acct_2 comes less and less.
fn events() -> Vec<String> {
    let mut all = Vec::new();
    for day in 0..60u32 {
        let date =
            if day < 30 { format!("2026-10-{:02}", day + 1) } else { format!("2026-11-{:02}", day - 29) };
        for account in 1..=3u32 {
            for user in 0..12u32 {
                if account == 2 && user > 12 - day / 5 {
                    continue;
                }
                let line = |kind: &str, event: &str, hour: u32| {
                    format!(
                        r#"{{"messageId":"{kind}-{account}-{user}-{day}","type":"{kind}","event":"{event}","userId":"u{account}-{user}","timestamp":"{date}T{hour:02}:30:00.000Z","receivedAt":"{date}T{hour:02}:30:02.000Z","properties":{{"feature":"f{}"}},"context":{{"groupId":"acct_{account}"}}}}"#,
                        user % 3
                    )
                };
                all.push(line("page", "", user));
                all.push(line(
                    "track",
                    if (user + day) % 5 == 0 { "Feature Used" } else { "Signed In" },
                    23 - user % 4,
                ));
            }
        }
    }
    all
}

/// The rows of `health`, and what it says of the exports.
fn health(files: &[(&str, Vec<String>)]) -> (Value, Value, Value) {
    let home = Home::new();
    home.write("exports/accounts.csv", "account_id,status\nacct_1,active\nacct_2,active\nacct_3,active\n");
    for (name, lines) in files {
        home.write(&format!("exports/{name}.ndjson"), lines.join("\n") + "\n");
    }
    let (report, gave) = home.json(&["health", "exports", "--as-of", AS_OF]);
    decent(&gave);
    assert_ne!(gave.code, 2, "{gave:?}");
    let codes: Vec<Value> = report["findings"]
        .as_array()
        .unwrap()
        .iter()
        .map(|f| {
            Value::Array(vec![
                f["code"].clone(),
                f["account"].clone(),
                f["message"].clone(),
                f["diff"].clone(),
            ])
        })
        .collect();
    (report["rows"].clone(), Value::Array(codes), report["problems"].clone())
}

#[test]
fn neither_the_order_of_events_nor_how_files_share_them_changes_what_is_judged() {
    let events = events();
    assert!(events.iter().map(String::len).sum::<usize>() > 512 << 10, "read by several threads");
    let whole = health(&[("all", events.clone())]);
    assert_eq!(whole.0.as_array().unwrap().len(), 3);
    let reversed: Vec<String> = events.iter().rev().cloned().collect();
    assert_eq!(health(&[("all", reversed.clone())]), whole);
    // Each event twice.
    let twice: Vec<String> = events.iter().chain(&reversed).cloned().collect();
    assert_eq!(health(&[("all", twice)]), whole);
    // Cut in the middle of a day, and the second file begins a while before the first one ends.
    let (cut, before) = (events.len() / 2 + 17, events.len() / 2 - 40);
    let halves = [("a", events[..cut].to_vec()), ("b", events[before..].to_vec())];
    assert_eq!(health(&halves), whole);
    // Every second event in another file: each day is in both.
    let every = |n: usize| events.iter().skip(n).step_by(2).cloned().collect::<Vec<_>>();
    assert_eq!(health(&[("even", every(0)), ("odd", every(1))]), whole);
    // Three files that have it all.
    let thrice = ["a", "b", "c"].map(|name| (name, events.clone()));
    assert_eq!(health(&thrice), whole);
}

#[test]
fn what_is_a_login_and_when_a_day_begins_is_said_in_a_profile_of_ones_own() {
    let home = Home::new();
    home.write("exports/accounts.csv", "account_id,status\nacct_1,active\n");
    let event = |id: u32, event: &str, at: &str| {
        format!(
            r#"{{"messageId":"m{id}","type":"track","event":"{event}","userId":"u{id}","timestamp":"{at}","receivedAt":"{at}","context":{{"groupId":"acct_1"}}}}"#
        )
    };
    let lines = [
        event(1, "Session Started", "2026-11-29T23:30:00Z"),
        event(2, "Session Started", "2026-11-30T12:00:00Z"),
        event(3, "API Request", "2026-11-30T12:00:00Z"),
    ];
    home.write("exports/events.ndjson", lines.join("\n"));
    let loaded = || {
        let (told, gave) = home.json(&["import", "exports"]);
        decent(&gave);
        let import = told["imports"].as_array().unwrap().iter().find(|i| i["dataset"] == "activity").cloned();
        import.unwrap()
    };
    let before = loaded();
    assert_eq!((&before["loaded"], &before["profile"]), (&2.into(), &"segment/events".into()));
    home.write(
        "crosscheck.toml",
        "[profile.events]\nbase = \"segment/events\"\n[[profile.events.output]]\ndataset = \"activity\"\n\
         columns.date = { from = \"timestamp\", time = \"rfc3339\", zone = \"Europe/Paris\" }\n\
         columns.logins = { fold = \"distinct\", from = \"messageId\", when = { event = \"Session Started\" } }\n\
         columns.api_calls = { fold = \"distinct\", from = \"messageId\", when = { event = \"API Request\" } }\n",
    );
    // In Paris the first is of the 30th as well.
    let after = loaded();
    assert_eq!((&after["loaded"], &after["profile"]), (&1.into(), &"events".into()), "{after}");
    let (report, _) = home.json(&["health", "exports", "--as-of", AS_OF]);
    let text = report.to_string();
    assert!(!text.contains("has no logins"), "{text}");

    let wrong = "columns.account_id = { fold = \"distinct\", from = \"messageId\" }";
    let text = std::fs::read_to_string(home.path().join("crosscheck.toml")).unwrap();
    home.write("crosscheck.toml", format!("{text}{wrong}\n"));
    let gave = home.run(&["import", "exports"]);
    assert_eq!(gave.code, 2);
    says(&gave.err, &["fold", "makes a whole number; account_id is text"]);
}
