//! The mathematics of `crosscheck prorate` without exports.

use crate::home::{Home, repository};
use serde_json::{Value, json};

fn answer(arguments: &[&str]) -> Value {
    let home = Home::new();
    let (report, gave) = home.json(&[&["prorate", "--as-of", "2026-12-01"], arguments].concat());
    assert_eq!(gave.code, 0, "{gave:?}");
    assert_eq!(report["verdict"], "pass");
    assert!(!home.path().join("cache").exists(), "no cache is needed");
    report
}

/// Fraction, credit, charge, net.
fn change(arguments: &str) -> [String; 4] {
    let all: Vec<&str> = arguments.split(' ').collect();
    let row = &answer(&all)["rows"][0];
    ["fraction", "credit", "charge", "net"].map(|k| row[k].as_str().unwrap().to_owned())
}

/// `start…end days/period_days fraction amount` a row, then cycles and total.
fn span(arguments: &str) -> Vec<String> {
    let all: Vec<&str> = arguments.split(' ').collect();
    let report = answer(&all);
    let text = |v: &Value| v.as_str().unwrap().to_owned();
    let mut lines: Vec<String> = report["rows"]
        .as_array()
        .unwrap()
        .iter()
        .map(|r| {
            let (days, whole) = (&r["days"], &r["period_days"]);
            format!(
                "{}…{} {days}/{whole} {} {}",
                text(&r["start"]),
                text(&r["end"]),
                text(&r["fraction"]),
                text(&r["amount"])
            )
        })
        .collect();
    lines.push(format!("{} {}", text(&report["summary"]["cycles"]), text(&report["summary"]["total"])));
    lines
}

#[test]
fn a_change_is_computed_without_data() {
    let june = "--from 49 --to 99 --cycle 2026-06-01..2026-07-01 --on 2026-06-16";
    assert_eq!(change(june), ["0.5", "-24.50", "49.50", "25.00"]);
    for by in ["minute", "day", "month30"] {
        assert_eq!(change(&format!("{june} --by {by}")), ["0.5", "-24.50", "49.50", "25.00"]);
    }
    // (15 + 1) of (30 + 1).
    assert_eq!(change(&format!("{june} --by day-inclusive")), ["0.516129032", "-25.29", "51.10", "25.81"]);
    assert_eq!(change(&format!("{june} --discount 20% --tax 8.25%")), ["0.5", "-21.22", "42.87", "21.65"]);
    assert_eq!(
        change(&format!("{june} --quantity 3 --to-quantity 5")),
        ["0.5", "-73.50", "247.50", "174.00"]
    );
    assert_eq!(change(&format!("{june} --paid 10")), ["0.5", "-10.00", "49.50", "39.50"]);
    assert_eq!(change(&format!("{june} --new-cycle")), ["0.5", "-24.50", "99.00", "74.50"]);
    assert_eq!(change(&format!("{june} --currency jpy")), ["0.5", "-25", "50", "25"]);
    assert_eq!(change(&format!("{june} --currency KWD")), ["0.5", "-24.500", "49.500", "25.000"]);
}

#[test]
fn a_change_at_the_very_start_or_end_is_the_whole_or_nothing() {
    let on = |day: &str| change(&format!("--from 49 --to 99 --cycle 2026-06-01..2026-07-01 --on {day}"));
    assert_eq!(on("2026-06-01"), ["1", "-49.00", "99.00", "50.00"]);
    assert_eq!(on("2026-07-01"), ["0", "0.00", "0.00", "0.00"]);
    assert_eq!(on("2026-06-16T10:30:00Z"), ["0.485416667", "-23.79", "48.06", "24.27"]);
}

#[test]
fn a_day_of_23_or_25_hours_is_one_day() {
    let zone = "--from 31 --to 62 --timezone Europe/Berlin";
    // 29 March 2026 has 23 hours there, 25 October 25.
    let spring = format!("{zone} --cycle 2026-03-01..2026-04-01 --on 2026-03-31");
    assert_eq!(change(&spring), ["0.032258065", "-1.00", "2.00", "1.00"]);
    let spring =
        format!("{zone} --cycle 2026-02-28T23:00:00Z..2026-03-31T22:00:00Z --on 2026-03-30T22:00:00Z");
    assert_eq!(change(&spring), ["0.032258065", "-1.00", "2.00", "1.00"]);
    let autumn = format!("{zone} --cycle 2026-10-01..2026-11-01 --on 2026-10-02");
    assert_eq!(change(&autumn), ["0.967741935", "-30.00", "60.00", "30.00"]);
}

#[test]
fn a_span_is_billed_in_advance_period_by_period() {
    let price = "--price 49 --anchor-day 10 --start 2026-02-24";
    assert_eq!(
        span(&format!("{price} --interval month --through 2026-04-06")),
        ["2026-02-24…2026-03-10 14/28 0.5 24.50", "2026-03-10…2026-04-10 31/31 1 49.00", "1.500000000 73.50"]
    );
    assert_eq!(
        span(&format!("{price} --interval month --end 2026-03-06 --through 2026-04-06")),
        ["2026-02-24…2026-03-06 10/28 0.357142857 17.50", "0.357142857 17.50"]
    );
    assert_eq!(
        span(&format!("{price} --interval quarter --through 2026-04-06")),
        ["2026-02-24…2026-05-10 75/89 0.842696629 41.29", "0.842696629 41.29"]
    );
    assert_eq!(span(&format!("{price} --through 2026-02-23")), ["0.000000000 0.00"]);
}

#[test]
fn an_anchor_beyond_a_months_end_comes_back() {
    assert_eq!(
        span("--price 30 --anchor-day 31 --start 2028-01-31 --through 2028-03-31 --quantity 2"),
        [
            "2028-01-31…2028-02-29 29/29 1 60.00",
            "2028-02-29…2028-03-31 31/31 1 60.00",
            "2028-03-31…2028-04-30 30/30 1 60.00",
            "3.000000000 180.00"
        ]
    );
}

#[test]
fn periods_print_in_the_form_given() {
    assert_eq!(
        span("--price 30 --start 2026-01-15T12:00:00+01:00 --through 2026-01-15T11:00:00Z --end 2026-01-31"),
        ["2026-01-15T11:00:00Z…2026-01-31 16/31 0.501344086 15.04", "0.501344086 15.04"]
    );
    assert_eq!(
        span("--price 31 --anchor-day 1 --start 2026-03-01 --end 2026-03-15 --by day-inclusive"),
        ["2026-03-01…2026-03-15 15/31 0.483870968 15.00", "0.483870968 15.00"]
    );
}

#[test]
fn show_math_tells_it_line_by_line() {
    let home = Home::new();
    let june = ["--from", "49", "--to", "99", "--cycle", "2026-06-01..2026-07-01", "--on", "2026-06-16"];
    let gave = home.run(&[&["prorate", "--show-math", "--as-of", "2026-12-01"], &june[..]].concat());
    for part in [
        "15 of 30 days",
        "49.00 × 15/30 = 24.50 USD",
        "99.00 × 15/30 = 49.50 USD",
        "49.50 - 24.50 = 25.00 USD to pay",
    ] {
        assert!(gave.out.contains(part), "'{part}' is not in {}", gave.out);
    }
    let report = answer(&[&["--show-math"], &june[..]].concat());
    assert_eq!(report["summary"]["math"].as_array().unwrap().len(), 6);
    assert_eq!(answer(&june)["summary"]["math"], json!(null));
}

#[test]
fn what_cannot_be_computed_is_a_fault_of_the_call_and_never_of_the_data() {
    let home = Home::new();
    let acme = repository().join("fixtures/acme");
    let acme = acme.to_str().unwrap();
    let calls: &[(&str, &str)] = &[
        ("--from 49", "--to"),
        ("--from 49 --to 99 --cycle 2026-06-01 --on 2026-06-16", "START..END"),
        ("--from 49 --to 99 --cycle 2026-07-01..2026-06-01 --on 2026-06-16", "does not lie after its start"),
        ("--from 49 --to 99 --cycle 2026-06-01..2026-07-01 --on 2026-07-02", "does not lie in the cycle"),
        ("--from 49 --to 99 --cycle 2026-06-01..2026-07-01 --on 16/06/2026", "another order"),
        ("--from -49 --to 99 --cycle 2026-06-01..2026-07-01 --on 2026-06-16", "below 0"),
        ("--from 49 --to 99 --cycle 2026-06-01..2026-07-01 --on 2026-06-16 --currency XXQ", "ISO 4217"),
        ("--from 49 --to 99 --cycle 2026-06-01..2026-07-01 --on 2026-06-16 --discount 101%", "100 %"),
        ("--from 49 --price 49", "one of them"),
        ("--price 49", "--start"),
        ("--to 99 --on 2026-06-16", "--from"),
        ("--start 2026-06-01", "--price"),
        ("--price 49 --start 2026-06-01 --end 2026-05-31", "before the start"),
        ("--price 49 --start 2026-06-01 --every 0", "--every"),
        ("--price 49 --start 2026-06-01 --anchor-day 32", "1 to 31"),
        (&format!("{acme} --price 49 --start 2026-06-01"), "name no exports"),
    ];
    for (call, says) in calls {
        let all: Vec<&str> = ["prorate"].into_iter().chain(call.split(' ')).collect();
        let (report, gave) = home.json(&all);
        assert_eq!((gave.code, &report["exit_code"]), (2, &json!(2)), "{call}: {gave:?}");
        assert!(gave.err.contains(says), "{call}: {}", gave.err);
    }
}

/// Findings without the places of their facts, and rows.
fn told(report: &Value) -> (Vec<Value>, Value) {
    let mut findings = report["findings"].as_array().unwrap().clone();
    findings.iter_mut().for_each(|f| f["evidence"] = json!(null));
    (findings, report["rows"].clone())
}

#[test]
fn the_order_of_rows_does_not_matter() {
    let home = Home::new();
    let acme = repository().join("fixtures/acme");
    for name in
        ["plan_changes", "invoice_lines", "invoices", "plans", "subscriptions", "entitlements", "payments"]
    {
        let text = std::fs::read_to_string(acme.join(format!("{name}.csv"))).unwrap();
        let (header, rows) = text.split_once('\n').unwrap();
        let turned: Vec<&str> = rows.lines().rev().collect();
        home.write(&format!("a/{name}.csv"), &text);
        home.write(&format!("b/{name}.csv"), format!("{header}\n{}\n", turned.join("\n")));
    }
    let judged = |folder: &str| {
        let as_of = ["--as-of", "2026-11-05T06:00:00Z", "--show-math"];
        let (report, gave) = home.json(&[&["prorate", folder], &as_of[..]].concat());
        assert_eq!(gave.code, 1, "{gave:?}");
        told(&report)
    };
    assert_eq!(judged("a"), judged("b"));
}

#[test]
fn every_cause_has_a_case() {
    let folder = repository().join("fixtures/prorate");
    let mut met = std::collections::BTreeSet::new();
    for entry in std::fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.extension().is_some_and(|e| e == "toml") {
            let case: toml::Table = std::fs::read_to_string(path).unwrap().parse().unwrap();
            let lists = ["finding", "row"].into_iter().filter_map(|k| case.get(k)?.as_array());
            met.extend(lists.flatten().filter_map(|f| Some(f.get("cause")?.as_str()?.to_owned())));
        }
    }
    let causes = [
        "ambiguous",
        "binary-float",
        "charged-twice",
        "credit-from-last-payment",
        "credit-missing",
        "full-period-charged",
        "old-price",
        "other-convention",
        "prices-swapped",
        "quantity-ignored",
    ];
    assert_eq!(met.iter().map(String::as_str).collect::<Vec<_>>(), causes);
}
