//! The plan of `crosscheck renewals`: its calendar, its sums, and that the order of rows does not matter.

use crate::home::{Home, repository};
use serde_json::{Value, json};

const AS_OF: &str = "2026-11-05T06:00:00Z";

fn acme() -> String {
    repository().join("fixtures/acme").to_str().unwrap().to_owned()
}

/// The calendar that a run over the company writes.
fn calendar(home: &Home, more: &[&str]) -> String {
    let call = ["renewals", &acme(), "--as-of", AS_OF, "--ical", "plan.ics"];
    home.run(&[&call[..], more].concat());
    std::fs::read_to_string(home.path().join("plan.ics")).unwrap()
}

#[test]
fn the_calendar_has_an_event_for_each_open_step_and_is_the_same_when_written_again() {
    let home = Home::new();
    let first = calendar(&home, &[]);
    let days: Vec<&str> = first.lines().filter_map(|l| l.strip_prefix("DTSTART;VALUE=DATE:")).collect();
    assert_eq!(
        days,
        ["20261020", "20261115", "20261221", "20270102"],
        "the conversation of acct_12 was held"
    );
    assert!(first.contains("SUMMARY:Renewal conversation: Umbra Health (acct_03)\r\n"), "{first}");
    assert!(first.lines().filter(|l| l.starts_with("DTSTAMP:")).all(|l| l == "DTSTAMP:20261105T060000Z"));
    assert_eq!(first, calendar(&home, &[]));
    let one = calendar(&home, &["--account", "acct_03"]);
    let uids = |text: &str| -> Vec<String> {
        text.lines().filter(|l| l.starts_with("UID:")).map(str::to_owned).collect()
    };
    assert_eq!(uids(&one), [uids(&first)[1].clone()], "the same event as in the whole plan");
}

#[test]
fn revenue_at_risk_is_summed_by_month_and_by_reason() {
    let (report, gave) = Home::new().json(&["renewals", &acme(), "--as-of", AS_OF]);
    assert_eq!(gave.code, 1);
    let december = json!({
        "month": "2026-12", "currency": "USD", "renewals": 2,
        "arr": "144000.00", "high": "48000.00", "medium": "0.00",
    });
    assert_eq!(report["summary"]["arr_by_month"][1], december);
    let engagement = json!({
        "reason": "engagement", "currency": "USD", "renewals": 1, "high": "48000.00", "medium": "0.00",
    });
    assert_eq!(report["summary"]["arr_by_reason"][0], engagement);
}

/// What a report says, without where it read it.
fn essence(report: &Value) -> Value {
    let findings: Vec<Value> = report["findings"]
        .as_array()
        .unwrap()
        .iter()
        .map(|f| json!([f["code"], f["severity"], f["message"], f["diff"], f["due"], f["fingerprint"]]))
        .collect();
    json!([findings, report["rows"], report["summary"], report["rules"]])
}

#[test]
fn the_order_of_rows_does_not_matter() {
    let home = Home::new();
    let names = ["subscriptions", "accounts", "activity", "messages", "plans", "payments", "invoices"];
    let run = |turn: usize| {
        for name in names {
            let text =
                std::fs::read_to_string(repository().join(format!("fixtures/acme/{name}.csv"))).unwrap();
            let (header, rows) = text.split_once('\n').unwrap();
            let mut rows: Vec<&str> = rows.lines().collect();
            let middle = turn * 7 % rows.len();
            rows.rotate_left(middle);
            if turn % 2 == 1 {
                rows.reverse();
            }
            home.write(&format!("turn{turn}/{name}.csv"), format!("{header}\n{}\n", rows.join("\n")));
        }
        let folder = home.path().join(format!("turn{turn}"));
        let call =
            ["renewals", folder.to_str().unwrap(), "--as-of", AS_OF, "--all-terms", "--ical", "plan.ics"];
        let (report, gave) = home.json(&call);
        assert_eq!(gave.code, 1, "{gave:?}");
        (essence(&report), std::fs::read_to_string(home.path().join("plan.ics")).unwrap())
    };
    let plain = run(0);
    assert!(plain.0[1].as_array().unwrap().len() > 15, "monthly terms are there too");
    for turn in 1..5 {
        assert_eq!(run(turn), plain, "turn {turn}");
    }
}
