//! `--by day`: what an account used a day, with the places of its events.

use super::{inputs::Inputs, lines::Line, meter::Meter};
use crate::{
    model::{
        decimal::{self, Decimal, shortest},
        time::{add_days, day_start, local, rfc3339},
    },
    report::{Row, RowColumn, Show},
};
use anyhow::{Context as _, Result};
use chrono::DateTime;
use serde_json::{Value, json};
use std::{
    cmp::Reverse,
    collections::{BTreeMap, BTreeSet},
};

pub(super) static COLUMNS: &[RowColumn] = &[
    RowColumn { name: "account", show: Show::Text, doc: "the paying account" },
    RowColumn { name: "metric", show: Show::Text, doc: "the metric" },
    RowColumn { name: "day", show: Show::Text, doc: "the day in the agreed zone" },
    RowColumn { name: "day_start_at", show: Show::Hidden, doc: "its first instant" },
    RowColumn { name: "metered", show: Show::Number, doc: "the day's quantity" },
    RowColumn { name: "running", show: Show::Number, doc: "the period's quantity up to the day's end" },
    RowColumn { name: "events", show: Show::Number, doc: "the number of events" },
    RowColumn { name: "repeated", show: Show::Number, doc: "further copies, not counted" },
    RowColumn { name: "period_start", show: Show::Hidden, doc: "the billed period it lies in" },
    RowColumn { name: "places", show: Show::Hidden, doc: "file and lines of the events" },
];

/// The days of the accounts of `--account`, else of the lines that differ.
pub(super) fn rows(
    inputs: &Inputs<'_>,
    lines: &[Line],
    meter: &mut Meter<'_>,
    differs: impl Fn(usize) -> bool,
) -> Result<Vec<Row>> {
    let accounts = &inputs.data.settings.accounts;
    let mut rows = Vec::new();
    for (at, line) in lines.iter().enumerate() {
        let wanted = if accounts.is_empty() { differs(at) } else { accounts.contains(&*line.account) };
        if wanted {
            days(inputs, line, meter, &mut rows)?;
        }
    }
    Ok(rows)
}

fn days(inputs: &Inputs<'_>, line: &Line, meter: &mut Meter<'_>, rows: &mut Vec<Row>) -> Result<()> {
    let wanted = (line.account, line.metric, line.dimension);
    let events = meter.events(&wanted)?;
    let read = |t: i64| local(DateTime::from_timestamp_nanos(t), line.zone).date();
    let nanos = |t: crate::model::time::Instant| t.timestamp_nanos_opt().unwrap_or(i64::MAX);
    let (mut day, last) = (read(line.start), read(line.end - 1));
    let mut running = Decimal::ZERO;
    while day <= last {
        let next = add_days(day, 1).context("a period ends on the calendar's last day")?;
        let first_instant = day_start(day, line.zone);
        let (from, to) =
            (nanos(first_instant).max(line.start), nanos(day_start(next, line.zone)).min(line.end));
        let inside =
            &events[events.partition_point(|e| e.time < from)..events.partition_point(|e| e.time < to)];
        let mut used = Decimal::ZERO;
        let mut places: BTreeMap<&str, BTreeSet<u64>> = BTreeMap::new();
        for e in inside {
            if !e.again {
                used = decimal::add(used, e.quantity)
                    .context("a day's quantities are too large to be summed")?;
            }
            let file = inputs.data.inputs.get(e.file).map_or("", |i| i.file.as_str());
            places.entry(file).or_default().insert(e.line);
        }
        running = decimal::add(running, used).context("a period's quantities are too large to be summed")?;
        let again = inside.iter().filter(|e| e.again).count();
        let places: Vec<Value> =
            places.iter().map(|(file, lines)| json!({"file": file, "lines": lines})).collect();
        rows.push(Row {
            values: vec![
                json!(&*line.account),
                json!(&*line.metric),
                json!(day.to_string()),
                json!(rfc3339(first_instant)),
                json!(shortest(used)),
                json!(shortest(running)),
                json!(inside.len() - again),
                json!(again),
                json!(line.start_text),
                Value::from(places),
            ],
            account: Some(line.account.to_string()),
            flagged: again > 0,
            rank: (0, Reverse(Decimal::ZERO)),
        });
        day = next;
    }
    Ok(())
}
