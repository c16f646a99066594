//! Billed rows summed to lines: one line an account, metric, dimension and period.

use super::inputs::Inputs;
use crate::{
    data::{
        At,
        records::{Billed, Text},
    },
    model::{
        decimal::{self, Decimal},
        time::{Stamp, add_months, rfc3339},
    },
};
use anyhow::{Context as _, Result};
use chrono::{DateTime, Datelike, NaiveDate};
use chrono_tz::Tz;
use std::{cmp::Ordering, collections::BTreeSet};

/// What is compared with the meter.
#[derive(Clone, Debug)]
pub(super) struct Line {
    pub account: Text,
    pub metric: Text,
    pub dimension: Option<Text>,
    /// `[start, end)`, nanoseconds since 1970 in UTC.
    pub start: i64,
    pub end: i64,
    /// The period as the export gives it.
    pub start_text: String,
    pub end_text: String,
    /// The agreed zone.
    pub zone: Tz,
    /// The zones that billing says it used.
    pub billed_zones: Vec<Tz>,
    pub quantity: Decimal,
    /// All rows' amounts, true-ups and minimums included; `None` where a row has none.
    pub amount: Option<Decimal>,
    /// The single rows' quantities, for prices that round each.
    pub quantities: Vec<Decimal>,
    pub currency: Option<Text>,
    /// Rows of one line in different currencies cannot be summed.
    pub currencies: BTreeSet<Text>,
    pub plan: Option<Text>,
    pub invoices: BTreeSet<Text>,
    /// The least settled of the rows' states: draft, open, paid.
    pub status: Option<Text>,
    /// When the last of its invoices was finalized, nanoseconds.
    pub finalized_at: Option<i64>,
    pub rows: Vec<At>,
}

impl Line {
    /// The invoices' ids.
    pub(super) fn invoice_text(&self) -> Option<String> {
        let ids: Vec<&str> = self.invoices.iter().map(|i| &**i).collect();
        if ids.is_empty() { None } else { Some(ids.join(";")) }
    }

    /// Whether an invoice of it can still wait.
    pub(super) fn can_wait(&self) -> bool {
        matches!(self.status.as_deref(), Some("draft" | "open"))
    }

    /// Start and end as instants.
    pub(super) fn instants(&self) -> (String, String) {
        let text = |t: i64| rfc3339(DateTime::from_timestamp_nanos(t));
        (text(self.start), text(self.end))
    }

    /// `October 2026` where it is a calendar month given in days, else its ends.
    pub(super) fn period_text(&self) -> String {
        month(&self.start_text, &self.end_text)
            .unwrap_or_else(|| format!("{} … {}", self.start_text, self.end_text))
    }
}

/// The calendar month that begins on one day and ends before the other.
pub(super) fn month(start: &str, end: &str) -> Option<String> {
    let (from, to): (NaiveDate, NaiveDate) = (start.parse().ok()?, end.parse().ok()?);
    let whole = from.day() == 1 && add_months(from, 1, 1) == Some(to);
    whole.then(|| from.format("%B %Y").to_string())
}

fn nanos(stamp: Stamp, zone: Tz) -> Result<i64> {
    stamp.in_zone(zone).timestamp_nanos_opt().context("a period lies outside the years 1678 to 2261")
}

/// What a line is told by. Lines stand in this order.
#[derive(PartialEq, Eq, PartialOrd, Ord)]
struct LineKey<'b> {
    account: &'b str,
    metric: &'b str,
    dimension: Option<&'b str>,
    start: i64,
    end: i64,
}

impl Line {
    fn key(&self) -> LineKey<'_> {
        LineKey {
            account: &self.account,
            metric: &self.metric,
            dimension: self.dimension.as_deref(),
            start: self.start,
            end: self.end,
        }
    }
}

fn is_usage(b: &Billed) -> bool {
    b.line_kind.as_deref().is_none_or(|k| k == "usage")
}

/// A billed row with the period's instants and the agreed zone.
struct Placed<'b> {
    row: &'b Billed,
    key: LineKey<'b>,
    zone: Tz,
}

/// Sums the rows that are not void. True-ups and minimums add their amount to the usage line whose period they
/// complete; they have no quantity to compare.
pub(super) fn gather(inputs: &Inputs<'_>) -> Result<Vec<Line>> {
    let live = inputs.billed.iter().filter(|b| inputs.status(b) != Some("void"));
    let mut placed = live.map(|b| place(inputs, b)).collect::<Result<Vec<_>>>()?;
    // A line takes its plan, currency and texts from the first row that has them: first by what rows say, not by
    // where they stand.
    placed.sort_by(|a, b| a.key.cmp(&b.key).then_with(|| by_content(a.row, b.row)));
    let (usage, other): (Vec<Placed<'_>>, Vec<Placed<'_>>) =
        placed.into_iter().partition(|p| is_usage(p.row));
    let mut lines: Vec<Line> = Vec::new();
    for rows in usage.chunk_by(|a, b| a.key == b.key) {
        let mut line = begun(&rows[0]);
        for Placed { row, .. } in rows {
            line.quantity = decimal::add(line.quantity, row.quantity)
                .context("billed quantities are too large to be summed")?;
            line.quantities.push(row.quantity);
            add_row(inputs, &mut line, row)?;
        }
        lines.push(line);
    }
    for p in other {
        if let Some(at) = completed(&lines, &p.key) {
            add_row(inputs, &mut lines[at], p.row)?;
        }
    }
    for line in &mut lines {
        line.rows.sort_unstable();
    }
    Ok(lines)
}

fn place<'b>(inputs: &Inputs<'_>, b: &'b Billed) -> Result<Placed<'b>> {
    let zone = inputs.agreed_zone(&b.account_id, b.subscription_id.as_ref());
    let key = LineKey {
        account: &b.account_id,
        metric: &b.metric,
        dimension: b.dimension.as_deref(),
        start: nanos(b.period_start, zone)?,
        end: nanos(b.period_end, zone)?,
    };
    Ok(Placed { row: b, key, zone })
}

fn by_content(a: &Billed, b: &Billed) -> Ordering {
    let period = |b: &Billed| (b.period_start, b.period_end, b.timezone.map(|z| z.name()));
    (&a.invoice_id, &a.line_id, &a.subscription_id)
        .cmp(&(&b.invoice_id, &b.line_id, &b.subscription_id))
        .then_with(|| period(a).cmp(&period(b)))
        .then_with(|| (&a.plan, &a.currency, a.quantity).cmp(&(&b.plan, &b.currency, b.quantity)))
}

fn begun(first: &Placed<'_>) -> Line {
    let Placed { row, key, zone } = first;
    Line {
        account: row.account_id,
        metric: row.metric,
        dimension: row.dimension,
        start: key.start,
        end: key.end,
        start_text: row.period_start.to_string(),
        end_text: row.period_end.to_string(),
        zone: *zone,
        billed_zones: Vec::new(),
        quantity: Decimal::ZERO,
        amount: Some(Decimal::ZERO),
        quantities: Vec::new(),
        currency: None,
        currencies: BTreeSet::new(),
        plan: None,
        invoices: BTreeSet::new(),
        status: None,
        finalized_at: None,
        rows: Vec::new(),
    }
}

/// The line that a true-up or minimum completes: the one of its own period, else the one that ends with it, else the
/// one that it lies in.
fn completed(lines: &[Line], key: &LineKey<'_>) -> Option<usize> {
    if let Ok(at) = lines.binary_search_by(|l| l.key().cmp(key)) {
        return Some(at);
    }
    let group =
        |k: &LineKey<'_>| (k.account, k.metric, k.dimension) == (key.account, key.metric, key.dimension);
    let first = lines.partition_point(|l| {
        (&*l.account, &*l.metric, l.dimension.as_deref()) < (key.account, key.metric, key.dimension)
    });
    let same = lines[first..].iter().take_while(|l| group(&l.key()));
    (first..)
        .zip(same)
        .filter(|(_, l)| l.end == key.end || (l.start <= key.start && key.end <= l.end))
        .max_by_key(|(_, l)| (l.end == key.end, l.start))
        .map(|(at, _)| at)
}

fn add_row(inputs: &Inputs<'_>, line: &mut Line, b: &Billed) -> Result<()> {
    line.amount = match (line.amount, b.amount) {
        (Some(sum), Some(more)) => {
            Some(decimal::add(sum, more).context("billed amounts are too large to be summed")?)
        }
        _ => None,
    };
    if let Some(currency) = &b.currency {
        line.currencies.insert(*currency);
        line.currency.get_or_insert(*currency);
    }
    line.invoices.extend(b.invoice_id);
    if line.plan.is_none() {
        line.plan = inputs.plan_of(b);
    }
    let rank = |s: &str| match s {
        "draft" => 0,
        "open" => 1,
        _ => 2,
    };
    if let Some(status) = inputs.status(b)
        && line.status.as_deref().is_none_or(|old| rank(status) < rank(old))
    {
        line.status = Some(status.into());
    }
    if let Some(zone) = b.timezone
        && !line.billed_zones.contains(&zone)
    {
        line.billed_zones.push(zone);
    }
    let finalized = b.finalized_at.and_then(|t| t.timestamp_nanos_opt());
    line.finalized_at = line.finalized_at.max(finalized);
    line.rows.push(b.at);
    Ok(())
}
