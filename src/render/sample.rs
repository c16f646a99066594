//! Reports that tests render: one like that of a bad month, a good one, an unreadable one, a hostile one.

use super::{Format, RenderOptions, render};
use crate::model::{decimal::parse, money::Money};
use crate::report::*;
use chrono::TimeZone;
use serde_json::{Value, json};
use std::cmp::Reverse;
use std::path::PathBuf;

/// The report in a format, as text.
pub(crate) fn text(report: &Report, format: Format, options: &RenderOptions) -> String {
    let mut out = Vec::new();
    render(report, format, options, &mut out).unwrap();
    String::from_utf8(out).unwrap()
}

/// Compares with `snapshots/<name>.txt`; `UPDATE_SNAPSHOTS=1` writes it.
pub(crate) fn snapshot(name: &str, text: &str) {
    let file =
        PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("src/render/snapshots").join(format!("{name}.txt"));
    if std::env::var_os("UPDATE_SNAPSHOTS").is_some() {
        std::fs::write(&file, text).unwrap();
        return;
    }
    let golden = std::fs::read_to_string(&file).unwrap_or_default();
    if golden != text {
        let at = golden.lines().zip(text.lines()).position(|(a, b)| a != b).unwrap_or(0);
        panic!(
            "{name}.txt differs from line {}; look at it, then UPDATE_SNAPSHOTS=1\n- {}\n+ {}",
            at + 1,
            golden.lines().nth(at).unwrap_or(""),
            text.lines().nth(at).unwrap_or("")
        );
    }
}

const fn column(name: &'static str, show: Show) -> RowColumn {
    RowColumn { name, show, doc: "" }
}

static COLUMNS: [RowColumn; 15] = [
    column("account", Show::Text),
    column("metric", Show::Text),
    column("period_start", Show::Text),
    column("period_end", Show::Text),
    column("invoice_id", Show::Text),
    column("metered", Show::Number),
    column("billed", Show::Number),
    column("delta", Show::Number),
    column("delta_percent", Show::Percent),
    column("expected_amount", Show::Number),
    column("billed_amount", Show::Number),
    column("currency", Show::Text),
    column("status", Show::Text),
    column("cause", Show::Text),
    column("hold", Show::Text),
];

fn usd(amount: &str) -> Money {
    Money::new(parse(amount).unwrap(), "USD")
}

struct Line<'a> {
    account: &'a str,
    metric: &'a str,
    invoice: &'a str,
    metered: &'a str,
    billed: &'a str,
    amount: (&'a str, &'a str),
    currency: &'a str,
    cause: Option<(&'a str, &'a str)>,
}

const WINDOW: (&str, &str) = ("timezone-window", "window cut at UTC-07:00 (America/Los_Angeles)");
const TWICE: (&str, &str) = ("duplicates-counted", "redelivered events were billed");

fn row(line: &Line<'_>, status: &str) -> Row {
    let diff = Diff::decimals("quantity", parse(line.metered).unwrap(), parse(line.billed).unwrap());
    let judged = status != "not_judged";
    let text = |t: &Option<String>| t.clone().filter(|_| judged).map_or(Value::Null, Value::String);
    let loss = (parse(line.amount.1).unwrap() - parse(line.amount.0).unwrap()).abs();
    let tier = ["mismatch", "drift", "not_judged", "ok"].iter().position(|s| *s == status).unwrap();
    Row {
        values: vec![
            line.account.into(),
            line.metric.into(),
            "2026-10-01".into(),
            "2026-11-01".into(),
            line.invoice.into(),
            text(&diff.expected),
            text(&diff.actual),
            text(&diff.delta),
            text(&diff.delta_percent),
            line.amount.0.into(),
            line.amount.1.into(),
            line.currency.into(),
            status.into(),
            line.cause.map_or(Value::Null, |c| c.0.into()),
            (status == "mismatch" && line.invoice != "in_640").into(),
        ],
        account: Some(line.account.into()),
        flagged: status == "mismatch",
        rank: (tier as u8, Reverse(loss)),
    }
}

fn mismatch(line: &Line<'_>, at: u64) -> Finding {
    let subject = Subject { kind: "invoice".into(), id: line.invoice.into() };
    let mut f = Finding::new("reconcile/quantity-mismatch", Severity::Error, Some(line.account), subject)
        .with_key("metric", line.metric)
        .with_key("period", "2026-10-01..2026-11-01");
    let diff = Diff::decimals("quantity", parse(line.metered).unwrap(), parse(line.billed).unwrap());
    f.message = format!(
        "{} was billed {} {} for October 2026 on {}; metering counted {} ({} %).",
        line.account,
        super::text::grouped(line.billed),
        line.metric,
        line.invoice,
        super::text::grouped(line.metered),
        diff.delta_percent.as_deref().unwrap_or("-"),
    );
    let amounts = (parse(line.amount.0).unwrap(), parse(line.amount.1).unwrap());
    f.diff = vec![diff, Diff::decimals("amount", amounts.0, amounts.1)];
    f.cause = line.cause.map(|(id, detail)| Cause { id: id.into(), detail: detail.into() });
    f.impact = Some(Money::new((amounts.1 - amounts.0).abs(), line.currency));
    f.owner = "billing";
    f.action = match line.cause {
        Some(("timezone-window", _)) => {
            "Hold the draft and set the billing window to the agreed zone, then bill again."
        }
        Some(_) => "Hold the draft and deduplicate by event id, then bill again.",
        None => "Run reconcile --account with --by day to find the days that differ.",
    }
    .into();
    f.due = line.cause.map(|_| chrono::Utc.with_ymd_and_hms(2026, 11, 3, 0, 0, 0).unwrap());
    f.evidence = vec![
        Evidence { dataset: "billed_usage".into(), file: "exports/billed_usage.csv".into(), line: at },
        Evidence {
            dataset: "usage_events".into(),
            file: "exports/usage-2026-10.csv.zst".into(),
            line: at * 977,
        },
    ];
    f
}

/// October 2026 as in the sketch: 41 of 1,601 lines differ, 38 of them for one cause.
pub(crate) fn report() -> Report {
    let mut rows = Vec::new();
    let mut findings = Vec::new();
    let own: Vec<(String, String, String, String, String)> = (0..38)
        .map(|i: u64| {
            let metered = if i == 0 { 1_200_000 } else { 50_000 + i * 1000 };
            let billed = if i == 0 { 1_400_000 } else { metered + metered * (6 + i % 5) / 100 };
            let charge = if i == 0 { 800 } else { 315 - i };
            (
                if i == 0 { "acct_42".into() } else { format!("acct_{}", 100 + i) },
                format!("in_{}", 881 + i),
                metered.to_string(),
                billed.to_string(),
                format!("{}.00", 4000 + charge),
            )
        })
        .collect();
    for (account, invoice, metered, billed, amount) in &own {
        let (metric, currency, cause) = ("api_calls", "USD", Some(WINDOW));
        let amount = ("4000.00", amount.as_str());
        let line = Line { account, metric, invoice, metered, billed, amount, currency, cause };
        rows.push(row(&line, "mismatch"));
        findings.push(mismatch(&line, 2 + rows.len() as u64));
    }
    for (account, metric, invoice, metered, billed, amount, currency, cause) in [
        ("acct_17", "api_calls", "in_702", "50000", "53500", ("3000.00", "3210.00"), "USD", Some(TWICE)),
        (
            "acct_23",
            "storage_gb_hours",
            "in_704",
            "9000.5",
            "9900.5",
            ("900.00", "1000.00"),
            "USD",
            Some(TWICE),
        ),
        ("acct_88", "storage_gb_hours", "in_640", "19000", "17100", ("950.00", "855.00"), "EUR", None),
    ] {
        let line = Line { account, metric, invoice, metered, billed, amount, currency, cause };
        rows.push(row(&line, "mismatch"));
        findings.push(mismatch(&line, 2 + rows.len() as u64));
    }
    for i in 0..1583u64 {
        let status = match i {
            0..212 => "drift",
            212..235 => "not_judged",
            _ => "ok",
        };
        let (account, invoice) = (format!("acct_{}", 1000 + i), format!("in_{}", 2000 + i));
        let metered = (10_000 + i).to_string();
        let billed = if i < 212 { (10_100 + i).to_string() } else { metered.clone() };
        let (metric, currency, cause) = ("api_calls", "USD", None);
        let (metered, billed) = (metered.as_str(), billed.as_str());
        let amount = ("100.00", if i < 212 { "101.00" } else { "100.00" });
        let line =
            Line { account: &account, metric, invoice: &invoice, metered, billed, amount, currency, cause };
        rows.push(row(&line, status));
    }
    let metric = Subject { kind: "metric".into(), id: "api_calls".into() };
    let mut gap = Finding::new("reconcile/period-gap", Severity::Warning, Some("acct_3"), metric.clone());
    gap.message =
        "acct_3 was billed api_calls up to 2026-10-12 and from 2026-10-15; 3 days are on no invoice.".into();
    gap.action = "Bill the missing days or record why they are free.".into();
    gap.owner = "billing";
    gap.evidence =
        vec![Evidence { dataset: "billed_usage".into(), file: "exports/billed_usage.csv".into(), line: 77 }];
    let mut copies = Finding::new("reconcile/duplicate-events", Severity::Info, None, metric);
    copies.message = "1,204 events of api_calls were delivered more than once; each was counted once.".into();
    copies.action =
        "Nothing to do; see duplicates-counted for lines where billing counted them twice.".into();
    copies.owner = "product";
    copies.state = State::Persisting;
    findings.extend([gap, copies]);
    sort_findings(&mut findings);
    let rule = |code, severity, judged, not_judged, missing: &[&str]| RuleReport {
        code,
        severity: Some(severity),
        judged,
        not_judged,
        missing: missing.iter().map(|m| (*m).to_owned()).collect(),
    };
    let input = |dataset: &str, file: &str, rows, newest: &str| InputReport {
        dataset: dataset.into(),
        file: file.into(),
        profile: None,
        rows,
        loaded: rows,
        rejected: 0,
        filtered: 0,
        digest: "b3".repeat(32),
        oldest: Some("2026-10-01T00:00:02Z".into()),
        newest: Some(newest.into()),
    };
    let of = |cause: Option<&str>| {
        let has = |f: &&Finding| {
            f.code == "reconcile/quantity-mismatch" && f.cause.as_ref().map(|c| c.id.as_str()) == cause
        };
        let list: Vec<&Finding> = findings.iter().filter(has).collect();
        (list.len() as u64, totals(list.iter().filter_map(|f| f.impact.as_ref())))
    };
    let cause = |id: &str, detail: &str, (findings, impact)| CauseSummary {
        id: id.into(),
        detail: detail.into(),
        findings,
        impact,
    };
    let causes = vec![
        cause(WINDOW.0, WINDOW.1, of(Some(WINDOW.0))),
        cause(TWICE.0, TWICE.1, of(Some(TWICE.0))),
        cause("none shown", "try: reconcile --account acct_88 --by day", of(None)),
    ];
    let by_code = findings.iter().fold(std::collections::BTreeMap::new(), |mut by, f| {
        *by.entry(f.code.to_owned()).or_default() += 1;
        by
    });
    Report {
        check: "reconcile",
        as_of: chrono::Utc.with_ymd_and_hms(2026, 11, 1, 6, 0, 0).unwrap(),
        timezone: "UTC".into(),
        verdict: Verdict::Findings,
        exit_code: 1,
        problems: Vec::new(),
        parameters: json!({"threshold": "5", "min_delta": "0", "metric": []}).as_object().unwrap().clone(),
        rules: vec![
            rule("reconcile/quantity-mismatch", Severity::Error, 1601, 23, &[]),
            rule("reconcile/late-events", Severity::Error, 0, 1624, &["usage_events.ingested_at"]),
            rule("reconcile/period-gap", Severity::Warning, 1624, 0, &[]),
            rule("reconcile/duplicate-events", Severity::Info, 10_010_704, 0, &[]),
        ],
        inputs: vec![
            input("usage_events", "exports/usage-2026-10.csv.zst", 10_010_704, "2026-10-31T21:00:00Z"),
            input("billed_usage", "exports/billed_usage.csv", 1_626, "2026-11-01T00:00:00Z"),
        ],
        summary: Summary {
            checked: 1601,
            findings: findings.len() as u64,
            by_severity: BySeverity { error: 41, warning: 1, info: 1 },
            by_code,
            impact: totals(findings.iter().filter_map(|f| f.impact.as_ref())),
            causes,
            not_judged: 23,
            excluded: 3,
            unmatched_ids: 4,
            own: serde_json::Map::new(),
        },
        findings,
        columns: &COLUMNS,
        rows,
        rows_later: None,
        rows_left: std::collections::BTreeMap::new(),
        headline: "41 of 1,601 judged lines differ by more than 5 %; 23 not judged (October 2026)".into(),
        notes: vec![
            "19 lines end after the last event (2026-10-31T21:00Z), 4 ids match no account".into(),
            "Read as: event times carry +00:00; fee dates are account-local".into(),
        ],
        passages: Vec::new(),
    }
}

/// A report of nothing.
pub(crate) fn empty() -> Report {
    Report {
        verdict: Verdict::Pass,
        exit_code: 0,
        rules: Vec::new(),
        inputs: Vec::new(),
        summary: Summary::default(),
        findings: Vec::new(),
        columns: &[],
        rows: Vec::new(),
        headline: "nothing to compare".into(),
        notes: Vec::new(),
        ..report()
    }
}

/// The next month, in which all is well.
pub(crate) fn pass() -> Report {
    let mut good = report();
    good.rows.retain(|r| r.rank.0 == 3);
    good.findings.clear();
    good.rules.retain(|r| r.missing.is_empty());
    good.rules.iter_mut().for_each(|r| r.not_judged = 0);
    Report {
        verdict: Verdict::Pass,
        exit_code: 0,
        headline: "all 1,348 lines agree within 5 % (October 2026)".into(),
        summary: Summary { checked: 1348, ..Summary::default() },
        notes: vec!["Read as: event times carry +00:00; fee dates are account-local".into()],
        ..good
    }
}

/// An export that is cut short: nothing can be judged.
pub(crate) fn untrusted() -> Report {
    let mut bad = report();
    (bad.inputs[0].loaded, bad.inputs[0].rejected) = (bad.inputs[0].rows - 512, 512);
    bad.rules.iter_mut().for_each(|r| (r.judged, r.not_judged) = (0, r.judged + r.not_judged));
    Report {
        verdict: Verdict::NotJudged,
        exit_code: 3,
        headline: "the exports cannot be trusted; nothing was compared".into(),
        problems: vec![
            Problem::new(
                "data/rejected-rows",
                "512 of 10,010,704 rows were rejected, 0 are allowed; see crosscheck rejects, or allow them with \
                 --allow-rejects 512.",
            )
            .at("exports/usage-2026-10.csv.zst", Some(88)),
            Problem::new("data/missing-dataset", "No billed_usage export was given; reconcile cannot run without it."),
        ],
        summary: Summary { not_judged: 1624, ..Summary::default() },
        findings: Vec::new(),
        rows: Vec::new(),
        ..bad
    }
}

/// A report in which every text that may come from an export is an attack.
pub(crate) fn naughty() -> Report {
    const EVIL: &str = "\x1b[2J\x1b]0;owned\x07|`<script>alert(1)</script>`\r\n::error::x%0A=cmd()\u{202e}moc\u{9b}31m\u{7f}\u{ffff}]]>&\t@all";
    let evil = |text: &str| format!("{text}{EVIL}");
    let mut r = report();
    r.findings.truncate(3);
    r.rows.truncate(3);
    for (i, f) in r.findings.iter_mut().enumerate() {
        f.account = Some(evil("acct"));
        f.subject = Subject { kind: evil("invoice"), id: evil("=in") };
        f.key = [("metric".to_owned(), evil("@m"))].into_iter().collect();
        f.message = evil(["+", "名前", "plain "][i]);
        f.diff = vec![Diff::texts(&evil("f"), Some(&evil("a")), Some(&evil("b")))];
        f.cause = Some(Cause { id: evil("c"), detail: evil("d") });
        f.action = evil("Do ");
        f.evidence = vec![Evidence { dataset: evil("d"), file: evil("f"), line: 1 }];
        f.fingerprint = evil("0");
    }
    for row in &mut r.rows {
        for value in &mut row.values {
            *value = evil("=v").into();
        }
        row.values[1] = json!([EVIL, {"a": EVIL}]);
        row.values[4] = "a 👩‍👩‍👧 名前 e\u{301}".into();
    }
    r.problems = vec![Problem::new(&evil("p"), evil("m")).at(&evil("f"), Some(3))];
    for input in &mut r.inputs {
        (input.file, input.dataset) = (evil("f"), evil("d"));
    }
    r.rules[1].missing = vec![evil("x"), evil("y.z")];
    r.summary.causes[0] = CauseSummary {
        id: evil("c"),
        detail: evil("d"),
        findings: 3,
        impact: vec![Money { amount: parse("1").unwrap(), currency: evil("USD") }],
    };
    r.summary.impact = vec![Money { amount: parse("1").unwrap(), currency: evil("USD") }, usd("5")];
    r.summary.own.insert("x".into(), EVIL.into());
    r.parameters.insert("x".into(), EVIL.into());
    r.timezone = evil("z");
    r.headline = evil("h");
    r.notes = vec![evil("n")];
    r.passages = vec![Passage { title: evil("p"), lines: vec![evil("l")], account: None }];
    r
}
