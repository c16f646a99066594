//! Metering and the core of reconcile, written down as plainly as they can be: no packing, no cuts, no threads,
//! the csv crate, hash maps, and whole numbers of 10^-18. The binary is held against it on random exports.
//!
//! It shares one thing with the binary: the time zone database, of which it asks only 'which offset holds now?'.

use chrono::{DateTime, Offset as _, TimeZone as _};
use chrono_tz::Tz;
use std::collections::{BTreeMap, BTreeSet, HashMap, HashSet};

const SECOND: i64 = 1_000_000_000;
const DAY: i64 = 86_400;

/// One export as plain CSV.
pub(crate) struct Export<'a> {
    pub(crate) file: String,
    pub(crate) bytes: &'a [u8],
    pub(crate) delimiter: u8,
}

/// What is asked of the exports.
pub(crate) struct Question<'a> {
    pub(crate) zone: Tz,
    /// Nanoseconds since 1970 in UTC.
    pub(crate) as_of: i64,
    pub(crate) events: Vec<Export<'a>>,
    pub(crate) billed: Export<'a>,
    /// By metric; sum where there is none.
    pub(crate) aggregations: HashMap<String, String>,
}

/// A row of the report.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Row {
    pub(crate) account: String,
    pub(crate) metric: String,
    pub(crate) start: i64,
    pub(crate) end: i64,
    pub(crate) dimension: Option<String>,
    pub(crate) metered: Option<i128>,
    pub(crate) billed: i128,
    pub(crate) status: &'static str,
}

/// Alike events of one account, metric and dimension under different ids.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Suspected {
    pub(crate) groups: u64,
    pub(crate) extra: u64,
    pub(crate) quantity: i128,
    /// File and line of each.
    pub(crate) places: BTreeSet<(String, u64)>,
}

/// Account, metric, dimension.
pub(crate) type Key = (String, String, Option<String>);

/// What the exports say.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Answer {
    pub(crate) rows: Vec<Row>,
    /// By metric: further copies and their quantity.
    pub(crate) duplicates: BTreeMap<String, (u64, i128)>,
    /// Ids with two contents, and the account that is metered.
    pub(crate) conflicts: BTreeMap<String, String>,
    pub(crate) suspected: BTreeMap<Key, Suspected>,
}

#[derive(Clone, Debug)]
struct Event {
    id: String,
    time: i64,
    /// When it was over: the end of the day where only a day is given.
    until: i64,
    account: String,
    metric: String,
    quantity: i128,
    ingested: Option<i64>,
    unique: Option<String>,
    dimension: Option<String>,
    file: usize,
    line: u64,
}

/// Days since 1970 of a date.
pub(crate) fn days_of(year: i64, month: i64, day: i64) -> i64 {
    let leap = |y: i64| y % 4 == 0 && (y % 100 != 0 || y % 400 == 0);
    let lengths = |y: i64| [31, if leap(y) { 29 } else { 28 }, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31];
    let years: i64 = (1970..year).map(|y| lengths(y).iter().sum::<i64>()).sum();
    let months: i64 = lengths(year).iter().take(month as usize - 1).sum();
    years + months + day - 1
}

/// A date of days since 1970.
pub(crate) fn date_text(days: i64) -> String {
    let (mut year, mut month) = (1970, 1);
    while days_of(year + 1, 1, 1) <= days {
        year += 1;
    }
    while month < 12 && days_of(year, month + 1, 1) <= days {
        month += 1;
    }
    format!("{year:04}-{month:02}-{:02}", days - days_of(year, month, 1) + 1)
}

/// A decimal of at most 18 places as a whole number of 10^-18.
pub(crate) fn number(text: &str) -> i128 {
    let (sign, digits) = match text.strip_prefix('-') {
        Some(rest) => (-1, rest),
        None => (1, text.strip_prefix('+').unwrap_or(text)),
    };
    let (whole, places) = digits.split_once('.').unwrap_or((digits, ""));
    assert!(places.len() <= 18, "{text}");
    let all = format!("{whole}{places:0<18}");
    sign * all.parse::<i128>().unwrap()
}

/// The shortest text of a whole number of 10^-18.
pub(crate) fn number_text(value: i128) -> String {
    let digits = format!("{:019}", value.abs());
    let (whole, places) = digits.split_at(digits.len() - 18);
    let text = format!("{}{whole}.{places}", if value < 0 { "-" } else { "" });
    text.trim_end_matches('0').trim_end_matches('.').to_owned()
}

/// Seconds east of UTC.
fn offset(zone: Tz, utc_second: i64) -> i64 {
    let utc = DateTime::from_timestamp(utc_second, 0).unwrap().naive_utc();
    i64::from(zone.offset_from_utc_datetime(&utc).fix().local_minus_utc())
}

/// The first instant at which clocks in the zone show that reading; the first after the gap where they skip it.
pub(crate) fn instant_of_civil(civil: i64, zone: Tz) -> i64 {
    let second = civil.div_euclid(SECOND);
    let near: BTreeSet<i64> = (-30..=30).map(|hour| offset(zone, second + hour * 3600)).collect();
    let shown = near.iter().filter(|o| offset(zone, second - **o) == **o).map(|o| civil - o * SECOND).min();
    shown.unwrap_or_else(|| {
        let from = second - second.rem_euclid(60) - 30 * 3600;
        (from..).step_by(60).find(|t| t + offset(zone, *t) > second).unwrap() * SECOND
    })
}

fn civil_of_instant(instant: i64, zone: Tz) -> i64 {
    instant + offset(zone, instant.div_euclid(SECOND)) * SECOND
}

/// A timestamp's instant, and when what it names is over.
fn time(text: &str, zone: Tz) -> (i64, i64) {
    let at = |from: usize, to: usize| text[from..to].parse::<i64>().unwrap();
    let day = days_of(at(0, 4), at(5, 7), at(8, 10));
    if text.len() == 10 {
        let midnight = |day: i64| instant_of_civil(day * DAY * SECOND, zone);
        return (midnight(day), midnight(day + 1));
    }
    let seconds = day * DAY + at(11, 13) * 3600 + at(14, 16) * 60 + at(17, 19);
    let rest = &text[19..];
    let digits = match rest.strip_prefix('.') {
        Some(r) => &r[..r.find(|c: char| !c.is_ascii_digit()).unwrap_or(r.len())],
        None => "",
    };
    let civil = seconds * SECOND + format!("{digits:0<9}").parse::<i64>().unwrap();
    let tail = if digits.is_empty() { rest } else { &rest[1 + digits.len()..] };
    let instant = match tail.as_bytes() {
        [] => instant_of_civil(civil, zone),
        b"Z" => civil,
        [sign, ..] => {
            let east = tail[1..3].parse::<i64>().unwrap() * 3600 + tail[4..6].parse::<i64>().unwrap() * 60;
            civil - if *sign == b'-' { -east } else { east } * SECOND
        }
    };
    (instant, instant)
}

/// Each record as column → cell, with its line.
fn records(export: &Export<'_>) -> Vec<(u64, HashMap<String, String>)> {
    let bytes = export.bytes.strip_prefix(b"\xef\xbb\xbf").unwrap_or(export.bytes);
    let mut reader = csv::ReaderBuilder::new().delimiter(export.delimiter).from_reader(bytes);
    let fold = |h: &str| h.to_lowercase().replace([' ', '-', '_'], "");
    let header: Vec<String> = reader.headers().unwrap().iter().map(fold).collect();
    let (mut passed, mut line) = (0, 1);
    reader
        .records()
        .map(|r| {
            let r = r.unwrap();
            let cells = header.iter().zip(r.iter()).map(|(h, c)| (h.clone(), c.to_owned()));
            // The csv crate counts the line feed of CRLF as the next record's: lines are counted here.
            let from = r.position().unwrap().byte() as usize;
            let ends = bytes[from..].iter().take_while(|b| matches!(b, b'\r' | b'\n')).count();
            line += bytes[passed..from + ends].iter().filter(|b| **b == b'\n').count() as u64;
            passed = from + ends;
            (line, cells.collect())
        })
        .collect()
}

fn cell(record: &HashMap<String, String>, column: &str) -> Option<String> {
    record.get(column).filter(|c| !c.is_empty()).cloned()
}

fn read_events(q: &Question<'_>) -> Vec<Event> {
    let mut events = Vec::new();
    for (file, export) in q.events.iter().enumerate() {
        for (line, r) in records(export) {
            let (at, until) = time(&cell(&r, "timestamp").unwrap(), q.zone);
            events.push(Event {
                id: cell(&r, "eventid").unwrap(),
                time: at,
                until,
                account: cell(&r, "accountid").unwrap(),
                metric: cell(&r, "metric").unwrap(),
                quantity: number(&cell(&r, "quantity").unwrap_or_else(|| "1".to_owned())),
                ingested: cell(&r, "ingestedat").map(|t| time(&t, q.zone).0),
                unique: cell(&r, "uniquekey"),
                dimension: cell(&r, "dimension"),
                file,
                line,
            });
        }
    }
    events
}

/// Each event id once; tells of duplicates and conflicts.
fn dedupe(events: &[Event], answer: &mut Answer) -> Vec<Event> {
    let mut by_id: HashMap<&str, Vec<&Event>> = HashMap::new();
    for e in events {
        by_id.entry(&e.id).or_default().push(e);
    }
    let mut live = Vec::new();
    for (id, copies) in by_id {
        type Content<'e> = (i64, &'e str, &'e str, i128);
        let mut contents: HashMap<Content<'_>, Vec<&Event>> = HashMap::new();
        for e in copies {
            contents.entry((e.time, &e.account, &e.metric, e.quantity)).or_default().push(e);
        }
        let latest = |list: &[&Event]| list.iter().filter_map(|e| e.ingested).max();
        let (_, winners) = contents.iter().max_by_key(|(content, list)| (latest(list), **content)).unwrap();
        let first = winners
            .iter()
            .min_by_key(|e| (e.ingested.unwrap_or(i64::MAX), e.dimension.clone(), e.file, e.line))
            .unwrap();
        if contents.len() > 1 {
            answer.conflicts.insert(id.to_owned(), first.account.clone());
        }
        if winners.len() > 1 {
            let d = answer.duplicates.entry(first.metric.clone()).or_default();
            d.0 += winners.len() as u64 - 1;
            d.1 += first.quantity * (winners.len() as i128 - 1);
        }
        live.push((*first).clone());
    }
    live
}

fn suspect(live: &[Event], files: &[Export<'_>], answer: &mut Answer) {
    let mut alike: HashMap<(Key, i64, i128), Vec<&Event>> = HashMap::new();
    for e in live.iter().filter(|e| e.time % SECOND != 0) {
        let key = (e.account.clone(), e.metric.clone(), e.dimension.clone());
        alike.entry((key, e.time, e.quantity)).or_default().push(e);
    }
    for ((key, _, quantity), list) in alike.into_iter().filter(|(_, l)| l.len() >= 3) {
        let s = answer.suspected.entry(key).or_default();
        s.groups += 1;
        s.extra += list.len() as u64 - 1;
        s.quantity += quantity * (list.len() as i128 - 1);
        s.places.extend(list.iter().map(|e| (files[e.file].file.clone(), e.line)));
    }
}

/// The quantity of events, in 10^-18.
fn aggregate(aggregation: Option<&String>, mut events: Vec<&Event>) -> i128 {
    const ONE: i128 = 1_000_000_000_000_000_000;
    match aggregation.map_or("sum", String::as_str) {
        "count" => events.len() as i128 * ONE,
        "max" => events.iter().map(|e| e.quantity).max().unwrap_or(0),
        "last" => {
            events.sort_by_key(|e| (e.time, &e.id));
            events.last().map_or(0, |e| e.quantity)
        }
        "unique" => {
            events.iter().filter_map(|e| e.unique.as_ref()).collect::<HashSet<_>>().len() as i128 * ONE
        }
        _ => events.iter().map(|e| e.quantity).sum(),
    }
}

/// What is left of `[start, end)`.
fn uncovered(start: i64, end: i64, covered: &[(i64, i64)]) -> Vec<(i64, i64)> {
    let mut edges: BTreeSet<i64> = covered.iter().flat_map(|(a, b)| [*a, *b]).collect();
    edges.extend([start, end]);
    let edges: Vec<i64> = edges.into_iter().filter(|e| (start..=end).contains(e)).collect();
    let mut left: Vec<(i64, i64)> = Vec::new();
    for pair in edges.windows(2).filter(|p| !covered.iter().any(|(a, b)| *a <= p[0] && p[1] <= *b)) {
        match left.last_mut().filter(|l| l.1 == pair[0]) {
            Some(last) => last.1 = pair[1],
            None => left.push((pair[0], pair[1])),
        }
    }
    left
}

/// Answers from the exports alone.
pub(crate) fn answer(q: &Question<'_>) -> Answer {
    let mut answer = Answer::default();
    let events = read_events(q);
    let live = dedupe(&events, &mut answer);
    suspect(&live, &q.events, &mut answer);
    let oldest = events.iter().map(|e| e.time).min().unwrap();
    let newest = events.iter().map(|e| e.until).max().unwrap();
    let has_dimension = q.events.iter().any(|e| {
        let head = e.bytes.split(|b| matches!(b, b'\n' | b'\r')).next().unwrap();
        String::from_utf8_lossy(head).to_lowercase().contains("dimension")
    });

    let mut lines: BTreeMap<(Key, i64, i64), i128> = BTreeMap::new();
    for (_, r) in records(&q.billed).into_iter().filter(|(_, r)| cell(r, "status").as_deref() != Some("void"))
    {
        let key = (cell(&r, "accountid").unwrap(), cell(&r, "metric").unwrap(), cell(&r, "dimension"));
        let at = |column: &str| time(&cell(&r, column).unwrap(), q.zone).0;
        let line = lines.entry((key, at("periodstart"), at("periodend"))).or_default();
        *line += number(&cell(&r, "quantity").unwrap());
    }

    let names = |f: fn(&Event) -> &String| -> HashSet<&String> { events.iter().map(f).collect() };
    let (accounts, metrics) = (names(|e| &e.account), names(|e| &e.metric));
    let differ = |billed: BTreeSet<&String>, metered: &HashSet<&String>| {
        let unknown = billed.iter().filter(|b| !metered.contains(**b)).count();
        unknown * 2 > billed.len()
    };
    let guarded = differ(lines.keys().map(|(k, _, _)| &k.0).collect(), &accounts)
        || differ(lines.keys().map(|(k, _, _)| &k.1).collect(), &metrics);

    let mut of: HashMap<(&str, &str), Vec<&Event>> = HashMap::new();
    for e in &live {
        of.entry((&e.account, &e.metric)).or_default().push(e);
    }
    let used = |(account, metric, dimension): &Key, start: i64, end: i64| {
        let all = of.get(&(account.as_str(), metric.as_str())).map_or(&[][..], Vec::as_slice);
        let inside: Vec<&Event> = all
            .iter()
            .copied()
            .filter(|e| start <= e.time && e.time < end)
            .filter(|e| dimension.is_none() || e.dimension == *dimension)
            .collect();
        aggregate(q.aggregations.get(metric), inside)
    };
    for ((key, start, end), billed) in &lines {
        let judged = !guarded
            && *end <= q.as_of
            && start < end
            && metrics.contains(&key.1)
            && oldest <= *start
            && *end <= newest
            && (key.2.is_none() || has_dimension);
        let metered = judged.then(|| used(key, *start, *end));
        let status = match metered {
            None => "not_judged",
            Some(m) if m == *billed => "ok",
            Some(0) => "no_usage",
            Some(m) if (billed - m).abs() * 100 > m.abs() * 5 => "mismatch",
            Some(_) => "drift",
        };
        answer.rows.push(Row {
            account: key.0.clone(),
            metric: key.1.clone(),
            start: *start,
            end: *end,
            dimension: key.2.clone(),
            metered,
            billed: *billed,
            status,
        });
    }
    if !guarded {
        unbilled(q, &lines, (oldest, newest), &events, &used, &mut answer.rows);
    } else {
        answer = Answer { rows: answer.rows, ..Answer::default() };
    }
    answer.rows.sort();
    answer
}

/// Usage in periods in which its metric was billed to others.
fn unbilled(
    q: &Question<'_>,
    lines: &BTreeMap<(Key, i64, i64), i128>,
    (oldest, newest): (i64, i64),
    events: &[Event],
    used: &dyn Fn(&Key, i64, i64) -> i128,
    rows: &mut Vec<Row>,
) {
    let groups: BTreeSet<(&String, &String)> = events.iter().map(|e| (&e.account, &e.metric)).collect();
    for (account, metric) in groups {
        // The periods of that metric as clocks show them: the commonest first, then the longest, then the first.
        let mut periods: BTreeMap<(i64, i64), i64> = BTreeMap::new();
        for ((_, start, end), _) in lines.iter().filter(|((k, _, _), _)| k.1 == *metric) {
            let civil = (civil_of_instant(*start, q.zone), civil_of_instant(*end, q.zone));
            if civil.0 < civil.1 {
                *periods.entry(civil).or_default() += 1;
            }
        }
        let mut periods: Vec<((i64, i64), i64)> = periods.into_iter().collect();
        periods.sort_by_key(|((a, b), count)| (-count, a - b, *a, *b));
        let own = |k: &Key| k.0 == *account && k.1 == *metric;
        let mut covered: Vec<(i64, i64)> =
            lines.keys().filter(|(k, _, _)| own(k)).map(|(_, a, b)| (*a, *b)).collect();
        for ((from, to), _) in periods {
            let (start, end) = (instant_of_civil(from, q.zone), instant_of_civil(to, q.zone));
            let left = uncovered(start, end, &covered);
            covered.push((start, end));
            let (Some(first), Some(last)) = (left.first(), left.last()) else { continue };
            let (start, end) = (first.0, last.1);
            if end > q.as_of || start < oldest || end > newest {
                continue;
            }
            let key = (account.clone(), metric.clone(), None);
            let metered: i128 = left.iter().map(|(a, b)| used(&key, *a, *b)).sum();
            if metered > 0 {
                rows.push(Row {
                    account: account.clone(),
                    metric: metric.clone(),
                    start,
                    end,
                    dimension: None,
                    metered: Some(metered),
                    billed: 0,
                    status: "unbilled",
                });
            }
        }
    }
}

#[test]
fn the_plain_reading_reads_times_and_numbers_as_people_do() {
    let berlin = Tz::Europe__Berlin;
    let at = |text: &str| time(text, berlin).0;
    assert_eq!(date_text(days_of(2028, 2, 29)), "2028-02-29");
    assert_eq!(at("2026-03-29T02:30:00"), at("2026-03-29T01:00:00Z"), "a skipped time");
    assert_eq!(at("2026-10-25 02:30:00"), at("2026-10-25T02:30:00+02:00"), "a repeated time is the first");
    assert_eq!(at("2026-10-25T03:00:00"), at("2026-10-25T03:00:00+01:00"));
    assert_eq!(time("2026-03-29", berlin).1 - at("2026-03-29"), 23 * 3600 * SECOND);
    assert_eq!(at("2026-01-01T00:00:00.25-05:30") - at("2026-01-01T05:30:00Z"), SECOND / 4);
    assert_eq!(number_text(number("-0012.500")), "-12.5");
    assert_eq!(number_text(number(".000000000000000001")), "0.000000000000000001");
    assert_eq!(number_text(number("-0")), "0");
}
