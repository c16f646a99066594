//! Laws that hold for all exports: what the binary says follows from the records alone, not from their order,
//! their files, their form, or what the cache held before.

use crate::{
    home::{Home, repository},
    plain::{self, Answer, Export, Question, Row},
};
use chrono_tz::Tz;
use proptest::{
    collection::vec,
    prelude::*,
    sample::{Index, select},
    test_runner::Config,
};
use serde_json::{Value, json};
use std::{
    collections::{BTreeMap, BTreeSet},
    io::Write as _,
};

/// So many cases, or as many as PROPTEST_CASES says. What fails becomes a test of its own, not a seed file.
fn cases(usual: u32) -> Config {
    let said = std::env::var("PROPTEST_CASES").ok().and_then(|n| n.parse().ok());
    Config {
        cases: said.unwrap_or(usual),
        failure_persistence: None,
        max_shrink_iters: 300,
        ..Config::default()
    }
}

// ---- records ----

/// An event as it is written; an empty cell is no value.
#[derive(Clone, Debug, PartialEq, Eq)]
struct Event {
    id: String,
    at: String,
    account: String,
    metric: String,
    quantity: String,
    ingested: String,
    unique: String,
    dimension: String,
}

const EVENT_COLUMNS: [&str; 8] =
    ["event_id", "timestamp", "account_id", "metric", "quantity", "ingested_at", "unique_key", "dimension"];

impl Event {
    fn cells(&self) -> Vec<String> {
        let Event { id, at, account, metric, quantity, ingested, unique, dimension } = self.clone();
        vec![id, at, account, metric, quantity, ingested, unique, dimension]
    }
}

/// A billed row; its quantity is found when the events are known.
#[derive(Clone, Debug)]
struct Bill {
    account: String,
    metric: String,
    dimension: String,
    start: String,
    end: String,
    status: &'static str,
    share: Share,
}

/// What is billed of what was metered.
#[derive(Clone, Debug)]
enum Share {
    /// So many per mille of it.
    PerMille(i128),
    Other(String),
}

const BILLED_COLUMNS: [&str; 9] = [
    "line_id",
    "account_id",
    "metric",
    "dimension",
    "period_start",
    "period_end",
    "quantity",
    "status",
    "amount",
];

/// A company's exports.
#[derive(Clone, Debug)]
struct World {
    zone: Tz,
    as_of: String,
    events: Vec<Event>,
    bills: Vec<Bill>,
    aggregations: Vec<(String, &'static str)>,
}

/// A table with a header.
#[derive(Clone, Debug, PartialEq, Eq)]
struct Table {
    header: Vec<String>,
    rows: Vec<Vec<String>>,
}

impl Table {
    fn new(header: &[&str], rows: Vec<Vec<String>>) -> Table {
        Table { header: header.iter().map(|h| (*h).to_owned()).collect(), rows }
    }

    /// Columns without a single value are absent.
    fn without_empty_columns(mut self) -> Table {
        let kept: Vec<usize> =
            (0..self.header.len()).filter(|&c| self.rows.iter().any(|r| !r[c].is_empty())).collect();
        self.header = kept.iter().map(|&c| self.header[c].clone()).collect();
        for row in &mut self.rows {
            *row = kept.iter().map(|&c| row[c].clone()).collect();
        }
        self
    }

    fn with_rows(&self, rows: &[Vec<String>]) -> Table {
        Table { header: self.header.clone(), rows: rows.to_vec() }
    }
}

impl World {
    fn events_table(&self, events: &[Event]) -> Table {
        Table::new(&EVENT_COLUMNS, events.iter().map(Event::cells).collect())
    }

    fn metrics_table(&self) -> Table {
        let rows = self.aggregations.iter().map(|(m, a)| vec![m.clone(), (*a).to_owned()]).collect();
        Table::new(&["metric", "aggregation"], rows)
    }

    fn billed_with(&self, quantity: impl Fn(usize, &Bill) -> String) -> Table {
        let row = |(n, b): (usize, &Bill)| {
            let Bill { account, metric, dimension, start, end, .. } = b.clone();
            let billed = quantity(n, b);
            vec![
                format!("l{n}"),
                account,
                metric,
                dimension,
                start,
                end,
                billed,
                b.status.to_owned(),
                "9.50".to_owned(),
            ]
        };
        Table::new(&BILLED_COLUMNS, self.bills.iter().enumerate().map(row).collect())
    }

    /// The billed rows, their quantities taken from what the plain reading meters.
    fn billed_table(&self) -> Table {
        let events = csv_of(&self.events_table(&self.events), &Dialect::plain());
        let mut metered: Vec<i128> = Vec::new();
        for n in 0..self.bills.len() {
            if let Share::Other(_) = self.bills[n].share {
                metered.push(0);
                continue;
            }
            let alone = World { bills: vec![Bill { status: "", ..self.bills[n].clone() }], ..self.clone() };
            let billed = csv_of(&alone.billed_with(|_, _| "0".to_owned()), &Dialect::plain());
            let rows = self.plain_answer(&[(String::new(), events.clone(), b',')], &billed, b',').rows;
            metered.push(rows.iter().filter(|r| r.status != "unbilled").find_map(|r| r.metered).unwrap_or(0));
        }
        self.billed_with(|n, b| match &b.share {
            Share::PerMille(p) => plain::number_text(metered[n] / 1000 * p + metered[n] % 1000 * p / 1000),
            Share::Other(text) => text.clone(),
        })
    }

    /// What the plain reading makes of CSV files (name, bytes, delimiter).
    fn plain_answer(&self, events: &[(String, Vec<u8>, u8)], billed: &[u8], delimiter: u8) -> Answer {
        let as_of = plain::days_of(
            self.as_of[..4].parse().unwrap(),
            self.as_of[5..7].parse().unwrap(),
            self.as_of[8..10].parse().unwrap(),
        );
        plain::answer(&Question {
            zone: self.zone,
            as_of: plain::instant_of_civil(as_of * 86_400_000_000_000, self.zone),
            events: events
                .iter()
                .map(|(file, bytes, delimiter)| Export { file: file.clone(), bytes, delimiter: *delimiter })
                .collect(),
            billed: Export { file: String::new(), bytes: billed, delimiter },
            aggregations: self.aggregations.iter().map(|(m, a)| (m.clone(), (*a).to_owned())).collect(),
        })
    }

    fn arguments<'a>(&'a self, exports: &[&'a str]) -> Vec<&'a str> {
        let mut all = vec!["reconcile"];
        all.extend(exports);
        all.extend(["--as-of", &self.as_of, "--timezone", self.zone.name()]);
        all
    }

    /// Writes all of it as plain CSV.
    fn write_plainly(&self, home: &Home, folder: &str) {
        let plain = Dialect::plain();
        home.write(&format!("{folder}/usage_events.csv"), csv_of(&self.events_table(&self.events), &plain));
        home.write(&format!("{folder}/billed_usage.csv"), csv_of(&self.billed_table(), &plain));
        home.write(&format!("{folder}/metrics.csv"), csv_of(&self.metrics_table(), &plain));
    }
}

// ---- random records ----

const ZONES: [Tz; 11] = [
    Tz::UTC,
    Tz::Europe__Berlin,
    Tz::America__New_York,
    Tz::Asia__Kolkata,
    Tz::Asia__Kathmandu,
    Tz::Australia__Lord_Howe,
    Tz::America__St_Johns,
    Tz::Pacific__Auckland,
    Tz::America__Santiago,
    Tz::Asia__Beirut,
    Tz::Pacific__Kiritimati,
];

/// First days of spans in which many of the zones change their clocks: March, and October 2026.
const BASES: [i64; 2] = [20_513, 20_727];

fn id() -> impl Strategy<Value = String> {
    (0u32..40, 0usize..9).prop_map(|(n, class)| match class {
        0 | 1 => format!("e{n}"),
        2 => format!("0b1c2d3e-0000-4000-8000-0000000abc{n:02}"),
        3 => format!("0B1C2D3E-0000-4000-8000-0000000ABC{n:02}"),
        4 => format!("evt-{n:011}"),
        5 => format!("evt-{n:012}"),
        6 => format!("{}-{n}", "a long id that says which service sent it ".repeat(4)),
        7 => format!("événement-{n:02}"),
        _ => format!("a,\"b\";|\t{n}"),
    })
}

/// A second of a day; the hours in which clocks change are commoner.
fn second() -> impl Strategy<Value = i64> {
    prop_oneof![4 => 0i64..86_400, 2 => 0i64..14_400, 1 => Just(0i64), 1 => Just(86_399i64), 2 => (0i64..96).prop_map(|q| q * 900)]
}

/// A day of the span; ends, and days on which clocks change, are commoner.
fn day() -> impl Strategy<Value = i64> {
    prop_oneof![4 => 0i64..40, 1 => Just(0i64), 1 => Just(31i64), 2 => select(vec![3i64, 7, 24, 28, 31, 34, 35])]
}

fn civil_text(base: i64, day: i64, second: i64, mark: char) -> String {
    let (h, m, s) = (second / 3600, second / 60 % 60, second % 60);
    format!("{}{mark}{h:02}:{m:02}:{s:02}", plain::date_text(base + day))
}

/// A timestamp in any form.
fn moment(base: i64) -> impl Strategy<Value = String> {
    let fraction = prop_oneof![
        4 => Just(""),
        2 => select(vec![".5", ".250", ".123456", ".123456789", ".000000001", ".999999999", ".000"]),
    ];
    let offset = select(vec!["Z", "Z", "+00:00", "+02:00", "-05:00", "+05:45", "+14:00", "-12:00", "+10:30"]);
    (day(), second(), fraction, offset, 0usize..8).prop_map(move |(day, second, fraction, offset, form)| {
        match form {
            0 => plain::date_text(base + day),
            1 | 2 => format!("{}{fraction}", civil_text(base, day, second, ' ')),
            3 => format!("{}{fraction}", civil_text(base, day, second, 'T')),
            _ => format!("{}{fraction}{offset}", civil_text(base, day, second, 'T')),
        }
    })
}

fn quantity() -> impl Strategy<Value = String> {
    let exact = |m: i64| plain::number_text(i128::from(m));
    prop_oneof![
        4 => (0i32..2000).prop_map(|n| n.to_string()),
        2 => (-500i32..5000).prop_map(|n| format!("{}.{:02}", n / 100, n.abs() % 100)),
        2 => any::<i64>().prop_map(exact),
        1 => (0i64..9_999_999, 0u64..1_000_000_000).prop_map(|(w, p)| format!("{w}.{p:018}")),
        1 => select(vec!["", "007.50", "+3", "1.000", "-0", ".5", "0.000000000000000001", "-12"]).prop_map(str::to_owned),
    ]
}

const ACCOUNTS: [&str; 4] = ["acct_a", "acct_b", "Ünï \"co\", Ltd; x|y", "acct_d"];
const METRICS: [&str; 3] = ["api_calls", "storage.gb", "seats"];

fn name(list: &'static [&'static str]) -> impl Strategy<Value = String> {
    // The first are commoner, so that periods hold several events.
    (0usize..list.len() * 2).prop_map(move |n| list[n.saturating_sub(list.len())].to_owned())
}

fn event(base: i64) -> impl Strategy<Value = Event> {
    let ingested = prop_oneof![2 => Just(String::new()).boxed(), 1 => moment(base).boxed()];
    let unique = prop_oneof![1 => Just(String::new()).boxed(), 2 => (0u8..5).prop_map(|u| format!("user {u}")).boxed()];
    let dimension = select(vec!["", "", "eu", "us"]).prop_map(str::to_owned);
    (id(), moment(base), name(&ACCOUNTS), name(&METRICS), quantity(), ingested, unique, dimension).prop_map(
        |(id, at, account, metric, quantity, ingested, unique, dimension)| Event {
            id,
            at,
            account,
            metric,
            quantity,
            ingested,
            unique,
            dimension,
        },
    )
}

/// What a further copy of an event has otherwise.
#[derive(Clone, Debug)]
enum Change {
    Nothing,
    Id(String),
    Quantity(String),
    Account(String),
    Ingested(String),
    Dimension(String),
}

fn change(base: i64) -> impl Strategy<Value = Change> {
    prop_oneof![
        4 => Just(Change::Nothing),
        3 => (0u32..60).prop_map(|n| Change::Id(format!("alike-{n}"))),
        1 => quantity().prop_map(Change::Quantity),
        1 => name(&ACCOUNTS).prop_map(Change::Account),
        2 => moment(base).prop_map(Change::Ingested),
        1 => select(vec!["", "eu", "us"]).prop_map(|d| Change::Dimension(d.to_owned())),
    ]
}

fn changed(event: &Event, change: &Change) -> Event {
    let mut e = event.clone();
    match change.clone() {
        Change::Nothing => {}
        Change::Id(id) => e.id = id,
        Change::Quantity(quantity) => e.quantity = quantity,
        Change::Account(account) => e.account = account,
        Change::Ingested(ingested) => e.ingested = ingested,
        Change::Dimension(dimension) => e.dimension = dimension,
    }
    e
}

/// Events, some of them delivered again, some with another content.
fn events(base: i64, most: usize) -> impl Strategy<Value = Vec<Event>> {
    (vec(event(base), 1..most), vec((any::<Index>(), change(base)), 0..most / 2)).prop_map(
        |(mut events, again)| {
            let firsts = events.len();
            events.extend(
                again
                    .iter()
                    .map(|(at, change)| changed(&events[at.index(firsts)], change))
                    .collect::<Vec<_>>(),
            );
            events
        },
    )
}

/// Two events of an account of their own, so that the meter covers the span.
fn fence(base: i64) -> Vec<Event> {
    let at = |id: &str, day: i64| Event {
        id: id.to_owned(),
        at: civil_text(base, day, 0, 'T') + "Z",
        account: "fence".to_owned(),
        metric: "api_calls".to_owned(),
        quantity: "1".to_owned(),
        ingested: String::new(),
        unique: String::new(),
        dimension: String::new(),
    };
    vec![at("fence 1", -3), at("fence 2", 45)]
}

fn period(base: i64) -> impl Strategy<Value = (String, String)> {
    prop_oneof![
        3 => Just((plain::date_text(base), plain::date_text(base + 31))),
        2 => (day(), 1i64..20).prop_map(move |(d, n)| (plain::date_text(base + d), plain::date_text(base + d + n))),
        1 => (moment(base), moment(base)),
    ]
}

fn bill(base: i64) -> impl Strategy<Value = Bill> {
    let share = prop_oneof![
        3 => Just(Share::PerMille(1000)),
        1 => select(vec![960i128, 1050, 1051, 2000, 500]).prop_map(Share::PerMille),
        1 => quantity().prop_filter("billed quantities are given", |q| !q.is_empty()).prop_map(Share::Other),
    ];
    let dimension = select(vec!["", "", "", "eu", "ap"]).prop_map(str::to_owned);
    let status = select(vec!["", "", "draft", "open", "paid", "void"]);
    (name(&ACCOUNTS), name(&METRICS), dimension, period(base), status, share).prop_map(
        |(account, metric, dimension, (start, end), status, share)| Bill {
            account,
            metric,
            dimension,
            start,
            end,
            status,
            share,
        },
    )
}

fn world(most: usize) -> impl Strategy<Value = World> {
    let aggregation = || select(vec!["sum", "sum", "count", "max", "last", "unique"]);
    (select(BASES.to_vec()), select(ZONES.to_vec()), (aggregation(), aggregation(), aggregation()))
        .prop_flat_map(move |(base, zone, (a, b, c))| {
            let fenced = prop_oneof![9 => Just(true), 1 => Just(false)];
            let over = prop_oneof![9 => Just(60i64), 1 => 10i64..40];
            (events(base, most), vec(bill(base), 1..8), fenced, over).prop_map(
                move |(mut events, bills, fenced, over)| {
                    if fenced {
                        events.extend(fence(base));
                    }
                    World {
                        zone,
                        as_of: plain::date_text(base + over),
                        events,
                        bills,
                        aggregations: METRICS.iter().map(|m| (*m).to_owned()).zip([a, b, c]).collect(),
                    }
                },
            )
        })
}

// ---- files ----

/// How a table is written.
#[derive(Clone, Debug)]
struct Dialect {
    delimiter: u8,
    /// Every n-th cell is quoted though it need not be; 0: none.
    quoted: usize,
    crlf: bool,
    mark: bool,
    /// Whether the last line ends.
    ended: bool,
    /// The order of columns.
    columns: u64,
    /// How names of columns are spelt.
    spelling: usize,
    /// A further column, with delimiters, quotes and line ends in it.
    note: bool,
    packing: &'static str,
}

impl Dialect {
    fn plain() -> Dialect {
        Dialect {
            delimiter: b',',
            quoted: 0,
            crlf: false,
            mark: false,
            ended: true,
            columns: 0,
            spelling: 0,
            note: false,
            packing: "",
        }
    }
}

fn dialect() -> impl Strategy<Value = Dialect> {
    (
        select(vec![b',', b',', b';', b'\t', b'|']),
        0usize..4,
        any::<bool>(),
        any::<bool>(),
        any::<bool>(),
        prop_oneof![Just(0u64), any::<u64>()],
        0usize..4,
        any::<bool>(),
        select(vec!["", "", ".gz", ".zst"]),
    )
        .prop_map(|(delimiter, quoted, crlf, mark, ended, columns, spelling, note, packing)| Dialect {
            delimiter,
            quoted,
            crlf,
            mark,
            ended,
            columns,
            spelling,
            note,
            packing,
        })
}

/// The items in an order that the seed gives; 0 leaves them as they are.
fn shuffled<T: Clone>(seed: u64, list: &[T]) -> Vec<T> {
    let mut list = list.to_vec();
    let mut state = seed;
    if seed != 0 {
        for n in (1..list.len()).rev() {
            state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
            list.swap(n, (state >> 33) as usize % (n + 1));
        }
    }
    list
}

fn csv_of(table: &Table, d: &Dialect) -> Vec<u8> {
    let order = shuffled(d.columns, &(0..table.header.len()).collect::<Vec<_>>());
    let spell = |name: &str| match d.spelling {
        0 | 1 => name.to_owned(),
        2 => name.to_uppercase().replace('_', " "),
        _ => name.replace('_', "-"),
    };
    let mut lines: Vec<Vec<String>> = vec![order.iter().map(|&c| spell(&table.header[c])).collect()];
    lines.extend(table.rows.iter().map(|r| order.iter().map(|&c| r[c].clone()).collect()));
    if d.note {
        for (n, line) in lines.iter_mut().enumerate() {
            line.push(match n {
                0 => "note".to_owned(),
                n if n % 3 == 0 => "one line,\nand \"another\";".to_owned(),
                _ => String::new(),
            });
        }
    }
    let end = if d.crlf { "\r\n" } else { "\n" };
    let mut out = if d.mark { "\u{feff}".to_owned() } else { String::new() };
    let mut n = 0;
    for (at, line) in lines.iter().enumerate() {
        if at > 0 {
            out.push_str(end);
        }
        for (at, cell) in line.iter().enumerate() {
            if at > 0 {
                out.push(char::from(d.delimiter));
            }
            n += 1;
            let needs = cell.contains(['"', '\n', '\r', char::from(d.delimiter)]);
            if needs || d.quoted > 0 && n % d.quoted == 0 {
                out.push('"');
                out.push_str(&cell.replace('"', "\"\""));
                out.push('"');
            } else {
                out.push_str(cell);
            }
        }
    }
    if d.ended {
        out.push_str(end);
    }
    out.into_bytes()
}

fn packed(bytes: &[u8], packing: &str) -> Vec<u8> {
    match packing {
        ".gz" => {
            let mut gz = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast());
            gz.write_all(bytes).unwrap();
            gz.finish().unwrap()
        }
        ".zst" => zstd::encode_all(bytes, 1).unwrap(),
        _ => bytes.to_vec(),
    }
}

/// How records stand in a JSON file.
#[derive(Clone, Copy, Debug)]
enum Container {
    Array,
    Lines,
    /// An object that holds the list under this key.
    Enveloped(&'static str),
}

fn json_of(table: &Table, container: Container, numbers: bool) -> Vec<u8> {
    let value = |column: &str, cell: &str| -> Value {
        let figures =
            ["quantity", "amount", "unit_amount", "up_to", "flat_amount", "tier", "included_quantity"];
        let number = || serde_json::from_str::<serde_json::Number>(cell).ok().map(Value::Number);
        match cell {
            "" => Value::Null,
            _ if numbers && figures.contains(&column) => number().unwrap_or_else(|| json!(cell)),
            _ => json!(cell),
        }
    };
    let records: Vec<Value> = table
        .rows
        .iter()
        .map(|r| table.header.iter().zip(r).map(|(h, c)| (h.clone(), value(h, c))).collect::<Value>())
        .collect();
    match container {
        Container::Array => serde_json::to_vec_pretty(&records).unwrap(),
        Container::Lines => records.iter().flat_map(|r| format!("{r}\n").into_bytes()).collect(),
        Container::Enveloped(key) => json!({ "object": "list", key: records }).to_string().into_bytes(),
    }
}

// ---- reports ----

/// What must not depend on where the records stand: all of a report but inputs and places.
fn essence(report: &Value) -> Value {
    let mut report = report.clone();
    report.as_object_mut().unwrap().remove("inputs");
    for f in report["findings"].as_array_mut().unwrap() {
        let f = f.as_object_mut().unwrap();
        f.remove("evidence");
        if f["code"].as_str().unwrap().starts_with("data/") {
            f.remove("message");
        }
    }
    for p in report["problems"].as_array_mut().unwrap() {
        let p = p.as_object_mut().unwrap();
        p.remove("file");
        p.remove("line");
    }
    report
}

/// The report of a call that must succeed.
fn report(home: &Home, arguments: &[&str]) -> Value {
    let (report, gave) = home.json(arguments);
    assert!(gave.code != 2, "{gave:?}");
    report
}

fn same(what: &str, one: &Value, other: &Value) -> Result<(), TestCaseError> {
    if one == other {
        return Ok(());
    }
    let differing = |key: &str| {
        let (a, b) = (&one[key], &other[key]);
        let lists = a.as_array().zip(b.as_array());
        let items = lists.map(|(a, b)| {
            let only =
                |a: &[Value], b: &[Value]| a.iter().filter(|i| !b.contains(i)).cloned().collect::<Vec<_>>();
            (only(a, b), only(b, a))
        });
        match items {
            Some((x, y)) => format!("{key}: {} against {}", Value::from(x), Value::from(y)),
            None => format!("{key}: {a} against {b}"),
        }
    };
    let keys = one.as_object().unwrap().keys().filter(|k| one[k.as_str()] != other[k.as_str()]);
    let all: Vec<String> = keys.map(|k| differing(k)).collect();
    Err(TestCaseError::fail(format!("{what}: {}", all.join("\n"))))
}

/// The report's rows in the plain reading's words.
fn rows_of(report: &Value) -> Vec<Row> {
    let text = |v: &Value| v.as_str().map(str::to_owned);
    let at = |v: &Value| {
        let t: chrono::DateTime<chrono::Utc> = v.as_str().unwrap().parse().unwrap();
        t.timestamp_nanos_opt().unwrap()
    };
    let status = |v: &Value| {
        let known = ["ok", "drift", "mismatch", "unbilled", "no_usage", "not_judged"];
        *known.iter().find(|k| Some(**k) == v.as_str()).unwrap()
    };
    let mut rows: Vec<Row> = report["rows"]
        .as_array()
        .unwrap()
        .iter()
        .map(|r| Row {
            account: text(&r["account"]).unwrap(),
            metric: text(&r["metric"]).unwrap(),
            start: at(&r["period_start_at"]),
            end: at(&r["period_end_at"]),
            dimension: text(&r["dimension"]),
            metered: text(&r["metered"]).map(|m| plain::number(&m)),
            billed: plain::number(r["billed"].as_str().unwrap()),
            status: status(&r["status"]),
        })
        .collect();
    for (row, r) in rows.iter().zip(report["rows"].as_array().unwrap()) {
        let delta = row.metered.map(|m| plain::number_text(row.billed - m));
        assert_eq!(delta, text(&r["delta"]), "{r}");
    }
    rows.sort();
    rows
}

/// What the report says of events, in the plain reading's words.
fn answer_of(report: &Value) -> Answer {
    let mut answer = Answer { rows: rows_of(report), ..Answer::default() };
    for f in report["findings"].as_array().unwrap() {
        let text = |v: &Value| v.as_str().unwrap().to_owned();
        let id = text(&f["subject"]["id"]);
        match f["code"].as_str().unwrap() {
            "reconcile/duplicate-events" => {
                let figure = |n: usize| text(&f["diff"][n]["actual"]);
                answer.duplicates.insert(id, (figure(0).parse().unwrap(), plain::number(&figure(1))));
            }
            "reconcile/conflicting-events" => {
                answer.conflicts.insert(id, text(&f["account"]));
            }
            "reconcile/suspected-duplicates" => {
                let key = (text(&f["account"]), id, f["key"]["dimension"].as_str().map(str::to_owned));
                let words: Vec<String> = text(&f["message"]).split(' ').map(|w| w.replace(',', "")).collect();
                let after = |word: &str| words.iter().position(|w| w == word).unwrap();
                let extra = words[after("too") - 2].parse().unwrap();
                let quantity = plain::number(&words[after("too") + 2]);
                let evidence = f["evidence"].as_array().unwrap();
                let places =
                    evidence.iter().map(|e| (text(&e["file"]), e["line"].as_u64().unwrap())).collect();
                let groups = words[0].parse().unwrap();
                answer.suspected.insert(key, plain::Suspected { groups, extra, quantity, places });
            }
            _ => {}
        }
    }
    answer
}

// ---- the plain reading ----

proptest! {
    #![proptest_config(cases(96))]

    #[test]
    fn the_binary_says_what_the_plain_reading_says(
        world in world(48),
        dialects in vec(dialect(), 1..5),
        billed in dialect(),
        spread in any::<u64>(),
    ) {
        differential(&world, &dialects, &billed, spread)?;
    }
}

fn differential(
    world: &World,
    dialects: &[Dialect],
    billed: &Dialect,
    spread: u64,
) -> Result<(), TestCaseError> {
    let home = Home::new();
    let mut files = Vec::new();
    for (n, d) in dialects.iter().enumerate() {
        let mine = |(at, _): &(usize, &Event)| (spread >> (at % 60)) as usize % dialects.len() == n;
        let events: Vec<Event> =
            world.events.iter().enumerate().filter(mine).map(|(_, e)| e.clone()).collect();
        if events.is_empty() {
            continue;
        }
        let name = format!("usage_events-{n}.csv{}", d.packing);
        let bytes = csv_of(&world.events_table(&events).without_empty_columns(), d);
        home.write(&name, packed(&bytes, d.packing));
        files.push((name, bytes, d.delimiter));
    }
    let billed_bytes = csv_of(&world.billed_table(), billed);
    let billed_name = format!("billed_usage.csv{}", billed.packing);
    home.write(&billed_name, packed(&billed_bytes, billed.packing));
    home.write("metrics.csv", csv_of(&world.metrics_table(), &Dialect::plain()));
    let mut exports: Vec<&str> = files.iter().map(|(name, _, _)| name.as_str()).collect();
    exports.extend([billed_name.as_str(), "metrics.csv"]);
    let report = report(&home, &world.arguments(&exports));
    let said = answer_of(&report);
    let expected = world.plain_answer(&files, &billed_bytes, billed.delimiter);
    prop_assert_eq!(&said.rows, &expected.rows, "problems: {}", report["problems"]);
    prop_assert_eq!(&said.duplicates, &expected.duplicates);
    prop_assert_eq!(&said.conflicts, &expected.conflicts);
    prop_assert_eq!(&said.suspected, &expected.suspected);
    Ok(())
}

/// Events of many accounts, some delivered again: a file as large as `rows` makes it.
fn many(rows: u32, seed: u64) -> Vec<Event> {
    let numbers: Vec<u32> = shuffled(seed, &(0..rows).collect::<Vec<_>>());
    let event = |n: u32| {
        // One in eight has an id that was used before; one in sixty-four of those with another quantity.
        let first = if n % 8 == 7 { n / 3 } else { n };
        let other = if n % 512 == 511 { 1 } else { 0 };
        let (day, second) = (i64::from(first % 40), i64::from(first.wrapping_mul(7919) % 86_400));
        let id = match first % 3 {
            0 => format!("0b1c2d3e-0000-4000-8000-{first:012x}"),
            1 => format!("evt-{first}"),
            _ => format!("a longer id of the event number {first}"),
        };
        Event {
            id,
            at: civil_text(BASES[1], day, second, 'T')
                + match first % 10 {
                    0 => ".125Z",
                    1 => "",
                    _ => "Z",
                },
            account: format!("acct_{}", first % 97),
            metric: METRICS[first as usize % 3].to_owned(),
            quantity: format!("{}.{:02}", first % 1000 + other, first % 100),
            ingested: String::new(),
            unique: format!("user {}", first % 11),
            dimension: String::new(),
        }
    };
    numbers.into_iter().map(event).chain(fence(BASES[1])).collect()
}

/// A company with many events and a bill for each account.
fn large(rows: u32, seed: u64) -> World {
    let bill = |n: usize| Bill {
        account: format!("acct_{}", n % 97),
        metric: METRICS[n % 3].to_owned(),
        dimension: String::new(),
        start: plain::date_text(BASES[1]),
        end: plain::date_text(BASES[1] + 31),
        status: "",
        share: Share::Other("1000".to_owned()),
    };
    World {
        zone: Tz::America__New_York,
        as_of: plain::date_text(BASES[1] + 60),
        events: many(rows, seed),
        bills: (0..40).map(bill).collect(),
        aggregations: METRICS.iter().map(|m| (*m).to_owned()).zip(["sum", "sum", "unique"]).collect(),
    }
}

proptest! {
    #![proptest_config(cases(3))]

    #[test]
    fn a_file_that_several_threads_read_gives_what_the_plain_reading_gives(
        seed in any::<u64>(),
        dialects in vec(dialect(), 2..3),
        billed in dialect(),
    ) {
        let world = large(6_000, seed);
        differential(&world, &dialects, &billed, 0x5555_5555)?;
        let expected = {
            let home = Home::new();
            world.write_plainly(&home, "data");
            out(&home, &world, &["data"])
        };
        for _ in 0..2 {
            let home = Home::new();
            world.write_plainly(&home, "data");
            prop_assert_eq!(&out(&home, &world, &["data"]), &expected, "the same bytes on any schedule");
        }
    }
}

#[test]
fn packs_that_several_threads_sum_give_what_the_plain_reading_gives() {
    let world = large(110_000, 7);
    let other = Dialect { quoted: 5, crlf: true, ..Dialect::plain() };
    differential(&world, &[Dialect::plain(), other], &Dialect::plain(), 0x5555_5555).unwrap();
}

#[test]
fn sums_that_the_cache_remembers_are_those_it_would_compute() {
    let world = large(101_000, 3);
    let elsewhere = World { zone: Tz::Asia__Kolkata, ..world.clone() };
    let bill = Bill { start: plain::date_text(BASES[1] + 7), ..world.bills[0].clone() };
    let other_bills =
        World { bills: vec![bill, world.bills[1].clone(), world.bills[2].clone()], ..world.clone() };
    let mut fewer = world.clone();
    fewer.events.swap_remove(500);
    let identities = "system,external_id,account_id\ncrm,acct_1,acct_2\n";
    let fresh = |world: &World, with: Option<&str>| {
        let home = Home::new();
        world.write_plainly(&home, "data");
        with.map(|text| home.write("data/identities.csv", text));
        out(&home, world, &["data"])
    };
    let used = Home::new();
    let again = |world: &World| {
        world.write_plainly(&used, "data");
        out(&used, world, &["data"])
    };
    let expected = fresh(&world, None);
    assert!(again(&world) == expected, "cold");
    assert!(again(&world) == expected, "remembered");
    assert!(again(&elsewhere) == fresh(&elsewhere, None), "another zone");
    assert!(again(&other_bills) == fresh(&other_bills, None), "other bills");
    assert!(again(&fewer) == fresh(&fewer, None), "an event less");
    used.write("data/identities.csv", identities);
    assert!(again(&world) == fresh(&world, Some(identities)), "identities");
    std::fs::remove_file(used.path().join("data/identities.csv")).unwrap();
    assert!(again(&world) == expected, "as at first");
}

// ---- order, files, forms ----

proptest! {
    #![proptest_config(cases(24))]

    #[test]
    fn neither_the_order_of_rows_nor_of_files_matters(world in world(48), seeds in any::<[u64; 4]>(), files in 1usize..4) {
        let home = Home::new();
        let plain = Dialect::plain();
        let billed = world.billed_table();
        let spread = |folder: &str, seed: u64, order: u64| {
            let events = shuffled(seed, &world.events);
            for n in 0..files {
                let mine: Vec<Event> = events.iter().skip(n).step_by(files).cloned().collect();
                // The same rows, in other files under other names.
                let name = format!("{folder}/usage_events-{}.csv", (n as u64 ^ order) % 8);
                home.write(&name, csv_of(&world.events_table(&mine), &plain));
            }
            let rows = shuffled(order, &billed.rows);
            home.write(&format!("{folder}/billed_usage.csv"), csv_of(&billed.with_rows(&rows), &plain));
            home.write(&format!("{folder}/metrics.csv"), csv_of(&world.metrics_table(), &plain));
        };
        spread("one", 0, 0);
        spread("other", seeds[0] | 1, seeds[1] | 1);
        let one = report(&home, &world.arguments(&["one"]));
        same("order", &essence(&one), &essence(&report(&home, &world.arguments(&["other"]))))?;
        let mut names: Vec<String> =
            (0..files).map(|n| format!("one/usage_events-{n}.csv")).collect();
        names.extend(["one/billed_usage.csv".to_owned(), "one/metrics.csv".to_owned()]);
        let names = shuffled(seeds[2], &names);
        let named: Vec<&str> = names.iter().map(String::as_str).collect();
        same("files", &essence(&one), &essence(&report(&home, &world.arguments(&named))))?;
    }

    #[test]
    fn every_form_of_the_same_records_gives_the_same(
        world in world(32),
        dialect in dialect(),
        numbers in any::<bool>(),
        key in select(vec!["data", "results", "items", "usage_events"]),
        packing in select(vec!["", ".gz", ".zst"]),
    ) {
        let home = Home::new();
        world.write_plainly(&home, "csv");
        let events = world.events_table(&world.events);
        let billed = world.billed_table();
        let one = essence(&report(&home, &world.arguments(&["csv"])));
        let key_of = |dataset: &'static str| if key == "usage_events" { dataset } else { key };
        type Write<'w> = &'w dyn Fn(&Table, &'static str) -> Vec<u8>;
        let forms: [(&str, Write<'_>); 4] = [
            ("csv", &|t, _| csv_of(t, &dialect)),
            ("json", &|t, _| json_of(t, Container::Array, numbers)),
            ("ndjson", &|t, _| json_of(t, Container::Lines, numbers)),
            ("json", &|t, name| json_of(t, Container::Enveloped(key_of(name)), numbers)),
        ];
        for (n, (ending, write)) in forms.iter().enumerate() {
            for (dataset, table) in
                [("usage_events", &events), ("billed_usage", &billed), ("metrics", &world.metrics_table())]
            {
                let bytes = packed(&write(table, dataset), packing);
                home.write(&format!("form-{n}/{dataset}.{ending}{packing}"), bytes);
            }
            let other = report(&home, &world.arguments(&[&format!("form-{n}")]));
            same(&format!("form {n}, {ending}{packing}"), &one, &essence(&other))?;
        }
    }
}

/// A company of the fixtures with its settings.
struct Case {
    name: String,
    tables: Vec<(String, Table)>,
    /// Files that are taken as they are.
    others: Vec<(String, Vec<u8>)>,
    arguments: Vec<String>,
    config: Option<String>,
}

impl Case {
    fn all() -> Vec<String> {
        let folder = repository().join("fixtures/reconcile");
        let mut names: Vec<String> = std::fs::read_dir(folder)
            .unwrap()
            .map(|e| e.unwrap().path())
            .filter(|p| p.is_dir())
            .map(|p| p.file_name().unwrap().to_string_lossy().into_owned())
            // A vendor's export is recognised by the form that the vendor gives it.
            .filter(|name| !name.starts_with("vendor-"))
            .collect();
        names.sort();
        names
    }

    fn read(name: &str) -> Case {
        let folder = repository().join("fixtures/reconcile").join(name);
        let expected: toml::Table =
            std::fs::read_to_string(folder.with_extension("toml")).unwrap().parse().unwrap();
        let texts =
            |v: &toml::Value| v.as_array().unwrap().iter().map(|a| a.as_str().unwrap().to_owned()).collect();
        let mut case = Case {
            name: name.to_owned(),
            tables: Vec::new(),
            others: Vec::new(),
            arguments: expected.get("args").map(texts).unwrap_or_default(),
            config: expected.get("config").map(|c| c.as_str().unwrap().to_owned()),
        };
        let mut files: Vec<_> = std::fs::read_dir(&folder).unwrap().map(|e| e.unwrap().path()).collect();
        files.sort();
        for path in files.iter().filter(|p| p.is_file()) {
            let bytes = std::fs::read(path).unwrap();
            let file = path.file_name().unwrap().to_string_lossy().into_owned();
            match path.file_stem().unwrap().to_string_lossy().into_owned() {
                stem if file.ends_with(".csv") && table_of(&bytes).is_some() => {
                    case.tables.push((stem, table_of(&bytes).unwrap()));
                }
                _ => case.others.push((file, bytes)),
            }
        }
        case
    }

    /// The report when every table is written as `write` says: (stem, table) → files.
    fn report(&self, write: impl Fn(&str, &Table) -> Vec<(String, Vec<u8>)>) -> Value {
        let home = Home::new();
        if let Some(config) = &self.config {
            home.write("crosscheck.toml", config);
        }
        for (file, bytes) in &self.others {
            home.write(&format!("data/{file}"), bytes);
        }
        for (stem, table) in &self.tables {
            for (file, bytes) in write(stem, table) {
                home.write(&format!("data/{file}"), bytes);
            }
        }
        let mut arguments = vec!["reconcile", "data", "--as-of", "2026-12-01"];
        arguments.extend(self.arguments.iter().map(String::as_str));
        let mut essence = essence(&report(&home, &arguments));
        // Rules count rows, of which a file that is split has more.
        essence.as_object_mut().unwrap().remove("headline");
        essence
    }

    fn plainly(&self) -> Value {
        self.report(|stem, table| vec![(format!("{stem}.csv"), csv_of(table, &Dialect::plain()))])
    }
}

/// A CSV file's table, where all of its lines are whole.
fn table_of(bytes: &[u8]) -> Option<Table> {
    let mut reader = csv::Reader::from_reader(bytes);
    let header = reader.headers().ok()?.iter().map(str::to_owned).collect();
    let rows: Result<Vec<Vec<String>>, _> =
        reader.records().map(|r| r.map(|r| r.iter().map(str::to_owned).collect())).collect();
    Some(Table { header, rows: rows.ok()? }).filter(|t| !t.rows.is_empty())
}

proptest! {
    #![proptest_config(cases(32))]

    #[test]
    fn the_fixtures_say_the_same_in_any_order(name in select(Case::all()), seed in 1u64..) {
        let case = Case::read(&name);
        let other = case.report(|stem, t| {
            vec![(format!("{stem}.csv"), csv_of(&t.with_rows(&shuffled(seed, &t.rows)), &Dialect::plain()))]
        });
        same(&case.name, &case.plainly(), &other)?;
    }

    #[test]
    fn the_fixtures_say_the_same_when_their_files_are_split(name in select(Case::all()), at in any::<Index>()) {
        let case = Case::read(&name);
        let other = case.report(|stem, t| {
            let (a, b) = t.rows.split_at(at.index(t.rows.len() + 1));
            let file = |n: usize, rows: &[Vec<String>]| {
                (format!("{stem}-{n}.csv"), csv_of(&t.with_rows(rows), &Dialect::plain()))
            };
            if a.is_empty() || b.is_empty() { vec![file(1, &t.rows)] } else { vec![file(1, b), file(2, a)] }
        });
        same(&case.name, &case.plainly(), &other)?;
    }

    #[test]
    fn the_fixtures_say_the_same_in_any_form(
        name in select(Case::all()),
        dialect in dialect(),
        json in any::<bool>(),
        numbers in any::<bool>(),
    ) {
        let case = Case::read(&name);
        let other = case.report(|stem, t| {
            let (ending, bytes) = match json {
                true => ("json", json_of(t, Container::Array, numbers)),
                false => ("csv", csv_of(t, &dialect)),
            };
            vec![(format!("{stem}.{ending}{}", dialect.packing), packed(&bytes, dialect.packing))]
        });
        same(&case.name, &case.plainly(), &other)?;
    }
}

// ---- the cache ----

fn out(home: &Home, world: &World, exports: &[&str]) -> String {
    let mut arguments = world.arguments(exports);
    arguments.extend(["--format", "json"]);
    let gave = home.run(&arguments);
    assert!(gave.code != 2, "{gave:?}");
    gave.out
}

proptest! {
    #![proptest_config(cases(10))]

    #[test]
    fn the_same_exports_give_the_same_bytes_whatever_the_cache_held(
        world in world(32),
        before in world(16),
        zone in select(ZONES.to_vec()),
        at in any::<Index>(),
    ) {
        let fresh = Home::new();
        world.write_plainly(&fresh, "data");
        let expected = out(&fresh, &world, &["data"]);
        prop_assert_eq!(&out(&fresh, &world, &["data"]), &expected, "warm");

        let used = Home::new();
        before.write_plainly(&used, "before");
        before.write_plainly(&used, "data");
        out(&used, &before, &["before", "data"]);
        world.write_plainly(&used, "data");
        prop_assert_eq!(&out(&used, &world, &["data"]), &expected, "after other data");

        let mut fewer = world.clone();
        fewer.events.remove(at.index(world.events.len()));
        if !fewer.events.is_empty() {
            let table = csv_of(&fewer.events_table(&fewer.events), &Dialect::plain());
            used.write("data/usage_events.csv", &table);
            fresh.write("fewer/usage_events.csv", &table);
            let changed = out(&used, &world, &["data/usage_events.csv", "data/billed_usage.csv"]);
            fresh.write("data/usage_events.csv", &table);
            let anew = Home::new();
            world.write_plainly(&anew, "data");
            anew.write("data/usage_events.csv", &table);
            let expected_changed = out(&anew, &world, &["data/usage_events.csv", "data/billed_usage.csv"]);
            prop_assert_eq!(&changed, &expected_changed, "after a change");
            world.write_plainly(&used, "data");
            prop_assert_eq!(&out(&used, &world, &["data"]), &expected, "changed and changed back");
        }

        let gave = used.run(&["import", "--verify", "data"]);
        prop_assert!(gave.code == 0, "{:?}", gave);
        prop_assert_eq!(&out(&used, &world, &["data"]), &expected, "after --verify");
        let elsewhere = World { zone, ..world.clone() };
        out(&used, &elsewhere, &["data"]);
        prop_assert_eq!(&out(&used, &world, &["data"]), &expected, "after another zone");
    }

    #[test]
    fn another_zone_and_later_identities_need_no_new_import(
        world in world(32),
        zone in select(ZONES.to_vec()),
        pairs in vec((name(&ACCOUNTS), select(vec!["acct_a", "acct_b", "acct_z"])), 1..4),
    ) {
        let home = Home::new();
        world.write_plainly(&home, "data");
        out(&home, &world, &["data"]);
        let elsewhere = World { zone, ..world.clone() };
        let anew = Home::new();
        world.write_plainly(&anew, "data");
        prop_assert_eq!(out(&home, &elsewhere, &["data"]), out(&anew, &elsewhere, &["data"]), "zone");

        let rows = pairs.iter().map(|(id, a)| vec!["crm".to_owned(), id.clone(), (*a).to_owned()]).collect();
        let identities =
            csv_of(&Table::new(&["system", "external_id", "account_id"], rows), &Dialect::plain());
        let anew = Home::new();
        world.write_plainly(&anew, "data");
        home.write("data/identities.csv", &identities);
        anew.write("data/identities.csv", &identities);
        prop_assert_eq!(out(&home, &world, &["data"]), out(&anew, &world, &["data"]), "identities");
    }

    #[test]
    fn importing_first_or_twice_changes_nothing(world in world(32)) {
        let home = Home::new();
        world.write_plainly(&home, "data");
        let expected = out(&home, &world, &["data"]);
        let imported = Home::new();
        world.write_plainly(&imported, "data");
        for _ in 0..2 {
            let gave = imported.run(&["import", "data"]);
            prop_assert!(gave.code == 0, "{:?}", gave);
        }
        prop_assert_eq!(&out(&imported, &world, &["data"]), &expected);
        // What import has registered is what a call without paths judges.
        let registered: Value = serde_json::from_str(&out(&imported, &world, &[])).unwrap();
        same("registered", &essence(&serde_json::from_str(&expected).unwrap()), &essence(&registered))?;
    }
}

#[test]
fn a_settled_file_that_is_changed_is_read_again() {
    let home = Home::new();
    let billed =
        "line_id,account_id,metric,period_start,period_end,quantity\nl1,a,m,2026-10-01,2026-11-01,5\n";
    let events = |quantity: u8| {
        format!(
            "event_id,timestamp,account_id,metric,quantity\ne1,2026-09-01T00:00:00Z,a,m,1\n\
             e2,2026-10-05T00:00:00Z,a,m,{quantity}\ne3,2026-12-01T00:00:00Z,a,m,1\n"
        )
    };
    home.write("billed_usage.csv", billed);
    home.write("usage_events.csv", events(5));
    let arguments = ["reconcile", "usage_events.csv", "billed_usage.csv", "--as-of", "2026-12-02"];
    let metered = || report(&home, &arguments)["rows"][0]["metered"].as_str().unwrap().to_owned();
    std::thread::sleep(std::time::Duration::from_millis(2100));
    assert_eq!(metered(), "5");
    assert_eq!(metered(), "5");
    home.write("usage_events.csv", events(6));
    assert_eq!(metered(), "6");
    home.write("usage_events.csv", events(5));
    assert_eq!(metered(), "5");
}

// ---- what follows from the meaning of the records ----

/// Rows without what findings of others make of them.
fn rows_but_of(report: &Value, account: &str) -> Vec<Value> {
    report["rows"].as_array().unwrap().iter().filter(|r| r["account"] != account).cloned().collect()
}

proptest! {
    #![proptest_config(cases(24))]

    #[test]
    fn redeliveries_change_no_row(
        world in world(32),
        again in vec((any::<Index>(), moment(20_900), 0usize..3), 1..40),
    ) {
        let home = Home::new();
        world.write_plainly(&home, "data");
        let rows = report(&home, &world.arguments(&["data"]))["rows"].clone();
        for n in 0..3 {
            let mine: Vec<Event> = again
                .iter()
                .filter(|(_, _, file)| *file == n)
                .map(|(at, ingested, _)| {
                    let first = &world.events[at.index(world.events.len())];
                    // A later arrival of the content that is metered already decides nothing; of a conflict's
                    // copies it would.
                    let alone = world.events.iter().filter(|e| e.id == first.id).count() == 1;
                    let ingested = if alone { ingested.clone() } else { first.ingested.clone() };
                    Event { ingested, ..first.clone() }
                })
                .collect();
            if !mine.is_empty() {
                home.write(&format!("data/usage_events-{n}.csv"), csv_of(&world.events_table(&mine), &Dialect::plain()));
            }
        }
        let with = report(&home, &world.arguments(&["data"]))["rows"].clone();
        let but_cause = |rows: &Value| -> Vec<Value> {
            let mut rows = rows.as_array().unwrap().clone();
            for r in &mut rows {
                // More copies are more ways in which a bill can have gone wrong.
                r["cause"] = Value::Null;
            }
            rows
        };
        prop_assert_eq!(but_cause(&rows), but_cause(&with));
    }

    #[test]
    fn periods_that_cut_a_month_anywhere_add_up_to_it(
        world in world(48),
        cuts in vec((day(), second(), select(vec!["Z", "+02:00", "-05:00", ""])), 1..6),
    ) {
        let base = if world.as_of.as_str() < "2026-08" { BASES[0] } else { BASES[1] };
        let mut world = world;
        world.aggregations = vec![("api_calls".to_owned(), "sum"), ("storage.gb".to_owned(), "count")];
        world.events.extend(fence(base));
        world.as_of = plain::date_text(base + 60);
        let instant = |text: &str| {
            let billed = World {
                bills: vec![Bill {
                    account: "fence".to_owned(),
                    metric: "api_calls".to_owned(),
                    dimension: String::new(),
                    start: text.to_owned(),
                    end: text.to_owned(),
                    status: "",
                    share: Share::Other("0".to_owned()),
                }],
                ..world.clone()
            };
            let bytes = csv_of(&billed.billed_with(|_, _| "0".to_owned()), &Dialect::plain());
            let events = csv_of(&world.events_table(&world.events), &Dialect::plain());
            world.plain_answer(&[(String::new(), events, b',')], &bytes, b',').rows[0].start
        };
        let (first, last) = (plain::date_text(base), plain::date_text(base + 31));
        let mut edges: BTreeMap<i64, String> = BTreeMap::new();
        for (day, second, offset) in &cuts {
            let text = civil_text(base, *day, *second, 'T') + offset;
            edges.insert(instant(&text), text);
        }
        let (from, to) = (instant(&first), instant(&last));
        let inner = edges.range(from + 1..to).map(|(_, t)| t.clone());
        let edges: Vec<String> = [first.clone()].into_iter().chain(inner).chain([last.clone()]).collect();
        for metric in ["api_calls", "storage.gb"] {
            let bill = |start: &String, end: &String| Bill {
                account: "acct_a".to_owned(),
                metric: metric.to_owned(),
                dimension: String::new(),
                start: start.clone(),
                end: end.clone(),
                status: "",
                share: Share::Other("0".to_owned()),
            };
            let sum = |bills: Vec<Bill>| {
                let home = Home::new();
                let count = bills.len();
                // All events, so that names are known to the meter.
                let mut with = World { bills, ..world.clone() };
                with.events.push(Event { id: "there".to_owned(), account: "acct_a".to_owned(), metric: metric.to_owned(), ..fence(base).remove(0) });
                with.write_plainly(&home, "data");
                let report = report(&home, &with.arguments(&["data"]));
                let rows = rows_of(&report);
                let judged: Vec<&Row> = rows.iter().filter(|r| r.account == "acct_a" && r.status != "unbilled").collect();
                assert!(judged.len() == count && judged.iter().all(|r| r.metered.is_some()), "{rows:?}");
                judged.iter().filter_map(|r| r.metered).sum::<i128>()
            };
            let whole = sum(vec![bill(&first, &last)]);
            let parts = sum(edges.windows(2).map(|p| bill(&p[0], &p[1])).collect());
            prop_assert_eq!(plain::number_text(whole), plain::number_text(parts));
        }
    }

    #[test]
    fn an_unrelated_account_changes_no_other_accounts_rows(
        world in world(32),
        more in vec(event(BASES[0]), 1..10),
        bills in vec(bill(BASES[0]), 0..3),
        names in 0u64..,
    ) {
        let home = Home::new();
        let accounts = |extra: bool| {
            let mut rows: Vec<Vec<String>> =
                ACCOUNTS.iter().chain(&["fence"]).map(|a| vec![(*a).to_owned(), "active".to_owned()]).collect();
            if extra {
                rows.push(vec!["stranger".to_owned(), "paused".to_owned()]);
                rows = shuffled(names, &rows);
            }
            csv_of(&Table::new(&["account_id", "status"], rows), &Dialect::plain())
        };
        // Metrics that only the stranger has, so that no period of theirs is one 'in which others were billed'.
        let own = |metric: &str| format!("{metric} of the stranger");
        let mut with = world.clone();
        let span = if world.as_of.as_str() < "2026-08" { 0 } else { BASES[1] - BASES[0] };
        let inside = |e: &Event| {
            let day = plain::days_of(2026, e.at[5..7].parse().unwrap(), e.at[8..10].parse().unwrap()) + span;
            format!("{}{}", plain::date_text(day), &e.at[10..])
        };
        let covered: BTreeSet<String> = world.events.iter().map(|e| e.at.clone()).collect();
        let at = covered.first().unwrap().clone();
        with.events.extend(more.iter().enumerate().map(|(n, e)| Event {
            id: format!("stranger {n}"),
            account: "stranger".to_owned(),
            metric: own(&e.metric),
            // The coverage of the meter is the whole export's: it must not grow.
            at: if world.events.iter().any(|f| f.account == "fence") { inside(e) } else { at.clone() },
            ..e.clone()
        }));
        let theirs: Vec<String> = with.events.iter().map(|e| e.metric.clone()).collect();
        with.bills.extend(bills.iter().filter(|b| theirs.contains(&own(&b.metric))).map(|b| Bill {
            account: "stranger".to_owned(),
            metric: own(&b.metric),
            ..b.clone()
        }));
        world.write_plainly(&home, "one");
        with.write_plainly(&home, "other");
        home.write("one/accounts.csv", accounts(false));
        home.write("other/accounts.csv", accounts(true));
        let one = report(&home, &world.arguments(&["one"]));
        let other = report(&home, &with.arguments(&["other"]));
        // Where the names of the two sides differ too much nothing is compared: one more name may tip that.
        let guarded = |r: &Value| r["problems"].as_array().unwrap().iter().any(|p| p["code"] == "data/unknown-names");
        prop_assume!(!guarded(&one) && !guarded(&other));
        prop_assert_eq!(rows_but_of(&one, "stranger"), rows_but_of(&other, "stranger"));
    }
}

// ---- records of every dataset that reconcile reads, with keys that meet ----

/// A column and what its cells may be.
type Pool = (&'static str, &'static [&'static str]);

/// Rows of small pools: keys meet, and records with one key have other contents.
fn rows(pools: &'static [Pool], most: usize) -> impl Strategy<Value = Vec<Vec<String>>> {
    let row = vec(any::<Index>(), pools.len()).prop_map(move |picks| {
        picks
            .iter()
            .zip(pools)
            .map(|(i, (_, pool))| pool[i.index(pool.len())].to_owned())
            .collect::<Vec<String>>()
    });
    vec(row, 1..most)
}

const COMPANY: [(&str, &[Pool], usize); 7] = [
    (
        "accounts",
        &[
            ("account_id", &["a", "b", "c"]),
            ("status", &["active"]),
            ("plan", &["pro", "team", ""]),
            ("currency", &["USD", "EUR", ""]),
            ("bill_to", &["", "", "b"]),
            ("updated_at", &["", "2026-10-02", "2026-10-03T00:00:00Z"]),
        ],
        6,
    ),
    (
        "subscriptions",
        &[
            ("subscription_id", &["s1", "s2", "s3", "s4"]),
            ("account_id", &["a", "b", "c"]),
            ("plan", &["pro", "team"]),
            ("status", &["active"]),
            ("current_period_start", &["2026-10-01", "2026-10-15"]),
            ("current_period_end", &["2026-11-01"]),
            ("currency", &["USD", "EUR", ""]),
            ("timezone", &["Europe/Berlin", "America/New_York", ""]),
        ],
        7,
    ),
    (
        "plans",
        &[
            ("plan", &["pro", "team"]),
            ("currency", &["USD", "EUR"]),
            ("price", &["10"]),
            ("interval", &["month", "day", "year"]),
        ],
        4,
    ),
    (
        "prices",
        &[
            ("price_id", &["p1", "p2", "p3"]),
            ("plan", &["pro", "team", ""]),
            ("account_id", &["", "", "a"]),
            ("metric", &["m", "m", "n"]),
            ("model", &["flat"]),
            ("currency", &["USD", "EUR"]),
            ("tier", &["1"]),
            ("unit_amount", &["0.1", "0.2"]),
            ("minimum_amount", &["", "", "5"]),
        ],
        6,
    ),
    (
        "billed_usage",
        &[
            ("invoice_id", &["i1", "i2", "i3", ""]),
            ("account_id", &["a", "b", "c"]),
            ("metric", &["m", "m", "n"]),
            ("period_start", &["2026-10-01", "2026-10-01T00:00:00Z", "2026-10-15"]),
            ("period_end", &["2026-11-01", "2026-11-01T00:00:00Z", "2026-10-20"]),
            ("quantity", &["10", "20", "0.5"]),
            ("amount", &["1", "2.00", ""]),
            ("currency", &["USD", "EUR", ""]),
            ("plan", &["", "", "pro", "team"]),
            ("timezone", &["", "America/New_York", "Asia/Tokyo"]),
            ("status", &["", "draft", "open", "paid", "void"]),
            ("line_kind", &["", "", "usage", "minimum"]),
        ],
        10,
    ),
    (
        "invoices",
        &[
            ("invoice_id", &["i1", "i2", "i3"]),
            ("account_id", &["a", "b"]),
            ("status", &["draft", "open", "paid"]),
            ("total", &["1"]),
            ("currency", &["USD"]),
            ("plan", &["", "pro", "team"]),
        ],
        4,
    ),
    (
        "identities",
        &[("system", &["crm", "erp"]), ("external_id", &["x", "y"]), ("account_id", &["a", "b", "c"])],
        4,
    ),
];

fn company() -> impl Strategy<Value = Vec<(&'static str, Table)>> {
    let tables: Vec<BoxedStrategy<(&'static str, Table)>> = COMPANY
        .iter()
        .map(|(name, columns, most)| {
            let header: Vec<&str> = columns.iter().map(|(c, _)| *c).collect();
            rows(columns, *most).prop_map(move |rows| (*name, Table::new(&header, rows))).boxed()
        })
        .collect();
    tables
}

fn company_events() -> Table {
    let events = (0..60).map(|n: i64| {
        let at = civil_text(BASES[1], n - 5, n * 1433 % 86_400, 'T') + "Z";
        let account = ["a", "b", "c", "x", "y"][n as usize % 5].to_owned();
        let metric = ["m", "n"][n as usize % 2].to_owned();
        vec![format!("e{n}"), at, account, metric, "1".to_owned()]
    });
    Table::new(&EVENT_COLUMNS[..5], events.collect())
}

proptest! {
    #![proptest_config(cases(48))]

    #[test]
    fn of_records_with_one_key_the_same_is_used_in_any_order(tables in company(), seed in 1u64..) {
        let home = Home::new();
        let plain = Dialect::plain();
        for (name, table) in tables.iter().chain(&[("usage_events", company_events())]) {
            home.write(&format!("one/{name}.csv"), csv_of(table, &plain));
            home.write(&format!("other/{name}.csv"), csv_of(&table.with_rows(&shuffled(seed, &table.rows)), &plain));
        }
        let of = |folder: &str| essence(&report(&home, &["reconcile", folder, "--as-of", "2026-12-01"]));
        same("order", &of("one"), &of("other"))?;
    }
}

// ---- blocks and sums themselves ----

mod blocks {
    use super::cases;
    use chrono::{DateTime, NaiveDate, TimeDelta};
    use chrono_tz::Tz;
    use crosscheck::{
        cache::{BlockReader, BlockWriter, Cache, ContentDraft, Part},
        model::{datasets, decimal::Decimal, time::Stamp},
        usage::{
            MeterPart, Metering, SeriesKey,
            pack::{BlockView, EventCells, Packer, SeriesCache, SeriesTable, read_series, stamp},
        },
    };
    use proptest::{collection::vec, option, prelude::*, sample::select};
    use std::{
        collections::{BTreeMap, HashMap},
        sync::Arc,
    };

    #[derive(Clone, Debug)]
    struct Event {
        line: u64,
        id: String,
        at: Stamp,
        account: String,
        metric: String,
        quantity: Decimal,
        ingested: Option<Stamp>,
        unique: Option<String>,
        dimension: Option<String>,
    }

    impl Event {
        fn cells(&self) -> EventCells<'_> {
            EventCells {
                line: self.line,
                id: &self.id,
                timestamp: self.at,
                account: &self.account,
                metric: &self.metric,
                quantity: self.quantity,
                ingested_at: self.ingested,
                unique_key: self.unique.as_deref(),
                dimension: self.dimension.as_deref(),
            }
        }
    }

    fn stamps() -> impl Strategy<Value = Stamp> {
        let nanos = prop_oneof![
            any::<i64>(),
            (0i64..4_000_000).prop_map(|n| 1_790_000_000_000_000_000 + n * 1_000_000)
        ];
        (nanos, 0usize..5).prop_map(|(n, form)| {
            let t = DateTime::from_timestamp_nanos(n);
            match form {
                0 => Stamp::Date(
                    NaiveDate::from_ymd_opt(2026, 1, 1).unwrap() + TimeDelta::days(n.rem_euclid(400)),
                ),
                1 => Stamp::Civil(t.naive_utc()),
                _ => Stamp::Instant(t),
            }
        })
    }

    fn decimals() -> impl Strategy<Value = Decimal> {
        let of = |m: i128, s: u32| Decimal::from_i128_with_scale(m, s);
        prop_oneof![
            (0i64..1000).prop_map(Decimal::from),
            (any::<i64>(), 0u32..=18).prop_map(move |(m, s)| of(m.into(), s)),
            (-(1i128 << 96) + 1..1i128 << 96, 0u32..=28).prop_map(move |(m, s)| of(m, s)),
        ]
    }

    fn ids() -> impl Strategy<Value = String> {
        prop_oneof![
            any::<u128>().prop_map(|b| {
                let h = format!("{b:032x}");
                format!("{}-{}-{}-{}-{}", &h[..8], &h[8..12], &h[12..16], &h[16..20], &h[20..])
            }),
            "[ -~]{0,40}",
            "\\PC{0,20}",
        ]
    }

    fn event() -> impl Strategy<Value = Event> {
        (
            any::<u32>(),
            ids(),
            stamps(),
            "[a-c]|\\PC{0,8}",
            select(vec!["m", "n"]),
            decimals(),
            option::of(stamps()),
            option::of("[a-c]"),
            option::of("[a-c]?"),
        )
            .prop_map(|(line, id, at, account, metric, quantity, ingested, unique, dimension)| {
                Event {
                    line: line.into(),
                    id,
                    at,
                    account,
                    metric: metric.to_owned(),
                    quantity,
                    ingested,
                    unique,
                    dimension,
                }
            })
    }

    /// Puts blocks of events into a cache as one part.
    fn store(cache: &mut Cache, name: &str, blocks: &[Vec<Event>]) -> MeterPart {
        let table = SeriesTable::default();
        // As if by different threads: each block with a view of the table of its own.
        let stored: Vec<_> = blocks
            .iter()
            .map(|events| {
                let (mut packer, mut seen) = (Packer::default(), SeriesCache::default());
                for e in events {
                    packer.push(&e.cells(), &mut seen, &table).unwrap();
                }
                assert_eq!(packer.len(), events.len());
                let block = packer.take();
                assert!(packer.is_empty());
                block
            })
            .collect();
        let dataset = datasets::find("usage_events").unwrap();
        let (content, part, pack) = cache
            .write(|cache| {
                let content = cache.begin_content()?;
                let id = cache.begin_part(content, dataset)?;
                let mut writer = BlockWriter::new(cache);
                for block in stored {
                    writer.push(block)?;
                }
                let rows = blocks.iter().map(|b| b.len() as u64).sum();
                let part = Part { rows, loaded: rows, ..Part::new(id, dataset) };
                cache.finish_part(&part, Some(&table.into_bytes()))?;
                let pack = writer.finish(cache, content)?;
                let draft = ContentDraft {
                    digest: name.to_owned(),
                    recipe: name.to_owned(),
                    profile: None,
                    warnings: Vec::new(),
                    problems: Vec::new(),
                };
                cache.finish_content(content, &draft, pack.as_deref())?;
                Ok((content, id, pack))
            })
            .unwrap();
        let rows = blocks.iter().map(|b| b.len() as u64).sum();
        MeterPart { file: 0, content, pack, part, rows, zone: Tz::UTC, identity: name.to_owned() }
    }

    proptest! {
        #![proptest_config(cases(48))]

        #[test]
        fn blocks_come_back_from_the_cache_as_they_were(blocks in vec(vec(event(), 1..40), 1..4), rising: bool) {
            let mut blocks = blocks;
            if rising {
                for (n, e) in (2..).zip(blocks.iter_mut().flatten()) {
                    e.line = n;
                }
            }
            let folder = tempfile::tempdir().unwrap();
            let (mut cache, _) = Cache::open(folder.path()).unwrap();
            let part = store(&mut cache, "one", &blocks);
            let reader = BlockReader::open(&cache, part.content, part.pack.as_deref()).unwrap();
            let table = read_series(&cache.series(part.part).unwrap()).unwrap();
            let mut unique: HashMap<u64, String> = HashMap::new();
            for (n, events) in (0..).zip(&blocks) {
                let view = BlockView::open(&reader, n).unwrap().unwrap();
                prop_assert_eq!(view.meta.rows, events.len());
                let (series, times, quantities) =
                    (view.series().unwrap(), view.times().unwrap(), view.quantities().unwrap());
                let (lines, ingested, uniques) =
                    (view.lines().unwrap(), view.ingested().unwrap(), view.unique().unwrap());
                let all: Vec<usize> = (0..events.len()).collect();
                let ids = view.id_texts(&all).unwrap();
                for (row, e) in events.iter().enumerate() {
                    let s = &table[series[row] as usize];
                    prop_assert_eq!(stamp(times[row], s.form), e.at);
                    prop_assert_eq!((&s.account, &s.metric, &s.dimension), (&e.account, &e.metric, &e.dimension));
                    prop_assert_eq!(quantities.get(row), e.quantity);
                    prop_assert_eq!(lines.get(row), e.line);
                    prop_assert_eq!(&ids[row], &e.id);
                    prop_assert_eq!(&view.id_text(row).unwrap(), &e.id);
                    prop_assert_eq!(ingested.as_ref().and_then(|i| i[row]), e.ingested);
                    let hash = uniques.as_ref().and_then(|u| u[row]);
                    prop_assert_eq!(hash.is_some(), e.unique.is_some());
                    if let (Some(hash), Some(text)) = (hash, &e.unique) {
                        prop_assert_eq!(unique.entry(hash).or_insert_with(|| text.clone()), text);
                    }
                }
            }
            prop_assert!(BlockView::open(&reader, blocks.len() as u32).unwrap().is_none());
        }

        #[test]
        fn sums_are_those_of_the_events_each_counted_once(
            parts in vec(vec(vec(plain_event(), 1..30), 1..3), 1..4),
            cuts in vec(0i64..100, 0..5),
        ) {
            let folder = tempfile::tempdir().unwrap();
            let (mut cache, _) = Cache::open(folder.path()).unwrap();
            let stored: Vec<MeterPart> = parts
                .iter()
                .enumerate()
                .map(|(n, blocks)| MeterPart { file: n, ..store(&mut cache, &n.to_string(), blocks) })
                .collect();
            let key = |e: &Event| (e.account.clone(), e.metric.clone(), e.dimension.clone());
            let mut metering = Metering::open(&cache, &stored, |_, s| SeriesKey {
                account: s.account.as_str().into(),
                metric: s.metric.as_str().into(),
                dimension: s.dimension.as_deref().map(Into::into),
            })
            .unwrap();
            let mut cuts: Vec<i64> = cuts.iter().map(|c| c * 500_000_000).collect();
            cuts.sort_unstable();
            cuts.dedup();
            let keys = metering.keys().to_vec();
            let shared: Arc<[i64]> = cuts.clone().into();
            let sums = metering.sums(&vec![shared; keys.len()]).unwrap();

            let nanos = |s: Stamp| s.in_zone(Tz::UTC).timestamp_nanos_opt().unwrap();
            let mut by_id: BTreeMap<&str, Vec<&Event>> = BTreeMap::new();
            for e in parts.iter().flatten().flatten() {
                by_id.entry(&e.id).or_default().push(e);
            }
            let content = |e: &Event| (nanos(e.at), e.account.clone(), e.metric.clone(), e.quantity);
            let (mut live, mut conflicts, mut copies): (Vec<&Event>, Vec<&str>, u64) = (Vec::new(), Vec::new(), 0);
            for (id, list) in by_id {
                let latest = |e: &Event| {
                    list.iter().filter(|o| content(o) == content(e)).filter_map(|o| o.ingested).max()
                };
                let best = list.iter().max_by_key(|e| (latest(e), content(e))).unwrap();
                let of_best: Vec<&&Event> = list.iter().filter(|e| content(e) == content(best)).collect();
                let first = of_best.iter().min_by_key(|e| (e.ingested.map_or(i64::MAX, nanos), e.dimension.clone()));
                live.push(first.unwrap());
                copies += of_best.len() as u64 - 1;
                if of_best.len() < list.len() {
                    conflicts.push(id);
                }
            }
            let mut edges = vec![i64::MIN];
            edges.extend(&cuts);
            edges.push(i64::MAX);
            for (at, k) in keys.iter().enumerate() {
                let name = (k.account.to_string(), k.metric.to_string(), k.dimension.as_deref().map(str::to_owned));
                for (n, interval) in sums.intervals[at].iter().enumerate() {
                    let inside = |e: &&&Event| {
                        key(e) == name && edges[n] <= nanos(e.at) && nanos(e.at) < edges[n + 1]
                    };
                    let expected: i128 = live.iter().filter(inside).map(|e| at_18(e.quantity)).sum();
                    prop_assert_eq!(at_18(interval.sum), expected);
                    prop_assert_eq!(interval.count, live.iter().filter(inside).count() as u64);
                }
            }
            let said: Vec<&str> = sums.conflicts.iter().map(|c| c.id.as_str()).collect();
            prop_assert_eq!(said, conflicts);
            prop_assert_eq!(sums.duplicates.values().map(|d| d.count).sum::<u64>(), copies);

            let events = metering.events(&vec![true; keys.len()]).unwrap();
            let mut loaded: Vec<(i64, Decimal)> =
                events.iter().flatten().filter(|e| !e.again).map(|e| (e.time, e.quantity)).collect();
            let mut expected: Vec<(i64, Decimal)> = live.iter().map(|e| (nanos(e.at), e.quantity)).collect();
            loaded.sort_unstable();
            expected.sort_unstable();
            prop_assert_eq!(loaded, expected);
            prop_assert_eq!(events.iter().flatten().filter(|e| e.again).count() as u64, copies);
        }
    }

    fn at_18(d: Decimal) -> i128 {
        d.mantissa() * 10i128.pow(18 - d.scale())
    }

    /// Events that meet: few ids, moments and quantities.
    fn plain_event() -> impl Strategy<Value = Event> {
        let quantities = prop_oneof![
            (0i64..3).prop_map(Decimal::from),
            // Sums of them at 18 places have at most 28 digits.
            (any::<i64>(), 10u32..=18).prop_map(|(m, s)| Decimal::from_i128_with_scale(m.into(), s)),
        ];
        let instant = |n: i64| Stamp::Instant(DateTime::from_timestamp_nanos(n * 500_000_000));
        (
            0u32..20,
            0i64..100,
            "[ab]",
            select(vec!["m", "n"]),
            quantities,
            option::of(0i64..3),
            option::of("[xy]"),
        )
            .prop_map(move |(id, at, account, metric, quantity, ingested, dimension)| Event {
                line: 1,
                id: if id % 2 == 0 { format!("e{id}") } else { format!("an id that is longer {id}") },
                at: instant(at),
                account,
                metric: metric.to_owned(),
                quantity,
                ingested: ingested.map(instant),
                unique: None,
                dimension,
            })
    }
}

// ---- what the laws have brought to light ----

const BILLED: &str = "line_id,account_id,metric,period_start,period_end,quantity\n";

/// The report on these files as of 2026-12-02.
fn of_files(files: &[(&str, &str)]) -> Value {
    let home = Home::new();
    for (name, text) in files {
        home.write(&format!("data/{name}"), text);
    }
    report(&home, &["reconcile", "data", "--as-of", "2026-12-02"])
}

fn codes(report: &Value) -> Vec<&str> {
    report["findings"].as_array().unwrap().iter().map(|f| f["code"].as_str().unwrap()).collect()
}

#[test]
fn a_copy_with_another_dimension_is_a_duplicate_and_no_conflict() {
    let events = "event_id,timestamp,account_id,metric,quantity,ingested_at,dimension\n\
                  f1,2026-09-01T00:00:00Z,a,m,1,,\nf2,2026-12-01T00:00:00Z,a,m,1,,\n\
                  e1,2026-10-05T00:00:00Z,a,m,7,2026-10-06T00:00:00Z,eu\n\
                  e1,2026-10-05T00:00:00Z,a,m,7,2026-10-07T00:00:00Z,us\n";
    let billed = "line_id,account_id,metric,period_start,period_end,quantity,dimension\n\
                  l1,a,m,2026-10-01,2026-11-01,7,eu\nl2,a,m,2026-10-01,2026-11-01,0,us\n";
    let report = of_files(&[("usage_events.csv", events), ("billed_usage.csv", billed)]);
    assert_eq!(codes(&report), ["reconcile/duplicate-events"], "{report}");
    // The first to arrive is the one that is metered.
    assert_eq!(report["rows"][0]["metered"], "7");
    assert_eq!(report["rows"][1]["metered"], "0");
}

#[test]
fn of_a_conflict_the_greater_quantity_is_metered_whatever_the_dimensions() {
    let events = "event_id,timestamp,account_id,metric,quantity,dimension\n\
                  f1,2026-09-01T00:00:00Z,a,m,1,\nf2,2026-12-01T00:00:00Z,a,m,1,\n\
                  e1,2026-10-05T00:00:00Z,a,m,34.19,us\ne1,2026-10-05T00:00:00Z,a,m,1536,\n";
    let billed = format!("{BILLED}l1,a,m,2026-10-01,2026-11-01,1536\n");
    let report = of_files(&[("usage_events.csv", events), ("billed_usage.csv", &billed)]);
    assert_eq!(codes(&report), ["reconcile/conflicting-events"], "{report}");
    assert_eq!(report["rows"][0]["metered"], "1536");
}

#[test]
fn of_copies_that_arrived_together_the_same_key_is_counted_in_any_order() {
    let events = |first: &str, second: &str| {
        format!(
            "event_id,timestamp,account_id,metric,quantity,unique_key\n\
             f1,2026-09-01T00:00:00Z,a,m,1,\nf2,2026-12-01T00:00:00Z,a,m,1,\n\
             e1,2026-10-05T00:00:00Z,a,m,1,{first}\ne1,2026-10-05T00:00:00Z,a,m,1,{second}\n\
             e2,2026-10-05T00:00:00Z,a,m,1,anna\n"
        )
    };
    let billed = format!("{BILLED}l1,a,m,2026-10-01,2026-11-01,1\n");
    let of = |events: &str| {
        let metrics = "metric,aggregation\nm,unique\n";
        let report = of_files(&[
            ("usage_events.csv", events),
            ("billed_usage.csv", &billed),
            ("metrics.csv", metrics),
        ]);
        essence(&report)
    };
    assert_eq!(of(&events("anna", "bert")), of(&events("bert", "anna")));
}

#[test]
fn a_period_that_ends_before_it_starts_covers_no_usage() {
    let events = "event_id,timestamp,account_id,metric,quantity\n\
                  f1,2026-09-01T00:00:00Z,b,m,1\nf2,2026-12-01T00:00:00Z,b,m,1\n\
                  e1,2026-10-05T00:00:00Z,a,m,3\ne2,2026-10-15T00:00:00Z,a,m,4\ne3,2026-10-25T00:00:00Z,a,m,5\n";
    let billed = format!("{BILLED}l1,a,m,2026-10-20,2026-10-10,9\nl2,b,m,2026-10-01,2026-11-01,0\n");
    let report = of_files(&[("usage_events.csv", events), ("billed_usage.csv", &billed)]);
    let rows = rows_of(&report);
    let unbilled: Vec<String> = rows
        .iter()
        .filter(|r| r.status == "unbilled")
        .map(|r| plain::number_text(r.metered.unwrap()))
        .collect();
    assert_eq!(unbilled, ["12"], "{rows:?}");
}

#[test]
fn no_digit_is_lost_where_large_and_fine_quantities_meet() {
    let events = "event_id,timestamp,account_id,metric,quantity\n\
                  f1,2026-09-01T00:00:00Z,a,m,90000000000\nf2,2026-12-01T00:00:00Z,a,m,1\n\
                  e1,2026-10-05T00:00:00Z,a,m,0.000000000000000001\ne1,2026-10-05T00:00:00Z,a,m,0.000000000000000001\n";
    let billed = format!("{BILLED}l1,a,m,2026-10-01,2026-11-01,0.000000000000000002\n");
    let report = of_files(&[("usage_events.csv", events), ("billed_usage.csv", &billed)]);
    let row = &report["rows"][0];
    assert_eq!(
        (row["metered"].as_str(), row["delta"].as_str()),
        (Some("0.000000000000000001"), Some("0.000000000000000001"))
    );
    assert_eq!(row["cause"], "duplicates-counted", "{report}");

    // Two dimensions whose sum has more digits than a decimal can hold: not judged, never rounded.
    let events = "event_id,timestamp,account_id,metric,quantity,dimension\n\
                  f1,2026-09-01T00:00:00Z,a,m,1,\nf2,2026-12-01T00:00:00Z,a,m,1,\n\
                  e1,2026-10-05T00:00:00Z,a,m,100000000000,eu\ne2,2026-10-05T00:00:00Z,a,m,0.000000000000000001,us\n";
    let billed = format!("{BILLED}l1,a,m,2026-10-01,2026-11-01,100000000000\n");
    let row = &of_files(&[("usage_events.csv", events), ("billed_usage.csv", &billed)])["rows"][0];
    assert_eq!(row["status"], "not_judged");
    assert_eq!(row["reason"], "the sum of its quantities has more digits than can be kept");
}

#[test]
fn every_content_of_one_record_is_told_of_once_in_any_order() {
    let events = "event_id,timestamp,account_id,metric,quantity\n\
                  f1,2026-09-01T00:00:00Z,a,m,1\nf2,2026-12-01T00:00:00Z,a,m,1\n";
    let of = |order: [&str; 4]| {
        let rows: String = order.iter().map(|q| format!("l1,a,m,2026-10-01,2026-11-01,{q}\n")).collect();
        essence(&of_files(&[("usage_events.csv", events), ("billed_usage.csv", &format!("{BILLED}{rows}"))]))
    };
    let one = of(["1", "2", "1", "3"]);
    let conflicts = codes(&one).iter().filter(|c| **c == "data/conflicting-record").count();
    assert_eq!(conflicts, 2, "{one}");
    assert_eq!(one["rows"][0]["billed"], "3");
    for other in [["3", "2", "1", "1"], ["2", "3", "2", "1"], ["1", "1", "3", "2"]] {
        assert_eq!(of(other), one);
    }
}

#[test]
fn a_lines_currency_plan_and_texts_do_not_follow_from_the_order_of_its_rows() {
    let events = "event_id,timestamp,account_id,metric,quantity\n\
                  f1,2026-09-01T00:00:00Z,a,m,1\ne1,2026-10-05T00:00:00Z,a,m,5\nf2,2026-12-01T00:00:00Z,a,m,1\n";
    let of = |rows: [&str; 2]| {
        let header = "invoice_id,account_id,metric,period_start,period_end,quantity,amount,currency,plan";
        let billed = format!("{header}\n{}\n{}\n", rows[0], rows[1]);
        essence(&of_files(&[("usage_events.csv", events), ("billed_usage.csv", &billed)]))
    };
    let one = "i1,a,m,2026-10-01,2026-11-01,2,2.00,USD,pro";
    let two = "i2,a,m,2026-10-01T00:00:00Z,2026-11-01T00:00:00Z,3,3.00,EUR,team";
    assert_eq!(of([one, two]), of([two, one]));
}

#[test]
fn usage_nobody_billed_is_priced_alike_whichever_subscription_stands_first() {
    let events = "event_id,timestamp,account_id,metric,quantity\n\
                  f1,2026-09-01T00:00:00Z,b,m,1\ne1,2026-10-05T00:00:00Z,a,m,5\nf2,2026-12-01T00:00:00Z,b,m,1\n";
    let billed = format!("{BILLED}l1,b,m,2026-10-01,2026-11-01,0\n");
    let prices = "price_id,plan,metric,model,currency,tier,unit_amount\n\
                  p1,pro,m,flat,USD,1,0.10\np2,team,m,flat,EUR,1,0.20\n";
    let of = |rows: [&str; 2]| {
        let header =
            "subscription_id,account_id,plan,status,current_period_start,current_period_end,currency";
        let subscriptions = format!("{header}\n{}\n{}\n", rows[0], rows[1]);
        essence(&of_files(&[
            ("usage_events.csv", events),
            ("billed_usage.csv", &billed),
            ("prices.csv", prices),
            ("subscriptions.csv", &subscriptions),
        ]))
    };
    let one = "s1,a,pro,active,2026-10-01,2026-11-01,USD";
    let two = "s2,a,team,active,2026-10-15,2026-11-15,EUR";
    assert_eq!(of([one, two]), of([two, one]));
}
