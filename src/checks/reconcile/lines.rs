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
use std::collections::{BTreeMap, BTreeSet};

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

#[derive(Clone, PartialEq, Eq, PartialOrd, Ord)]
struct LineKey {
    account: Text,
    metric: Text,
    dimension: Option<Text>,
    start: i64,
    end: i64,
}

fn is_usage(b: &Billed) -> bool {
    b.line_kind.as_deref().is_none_or(|k| k == "usage")
}

/// Sums the rows that are not void. True-ups and minimums add their amount to the usage line whose period they
/// complete; they have no quantity to compare.
pub(super) fn gather(inputs: &Inputs<'_>) -> Result<Vec<Line>> {
    let mut lines: BTreeMap<LineKey, Line> = BTreeMap::new();
    let mut live: Vec<&Billed> = inputs.billed.iter().filter(|b| inputs.status(b) != Some("void")).collect();
    // A line takes its plan, currency and texts from the first row that has them: first by what rows say, not by
    // where they stand.
    live.sort_by_cached_key(|b| {
        let ids = (b.invoice_id.clone(), b.line_id.clone(), b.subscription_id.clone());
        let period = (b.period_start, b.period_end, b.timezone.map(|z| z.name()));
        (ids, period, b.plan.clone(), b.currency.clone(), b.quantity)
    });
    for b in live.iter().filter(|b| is_usage(b)) {
        let (key, zone) = key_of(inputs, b)?;
        let line = lines.entry(key.clone()).or_insert_with(|| Line {
            account: key.account.clone(),
            metric: key.metric.clone(),
            dimension: key.dimension.clone(),
            start: key.start,
            end: key.end,
            start_text: b.period_start.to_string(),
            end_text: b.period_end.to_string(),
            zone,
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
        });
        line.quantity = decimal::add(line.quantity, b.quantity)
            .context("billed quantities are too large to be summed")?;
        line.quantities.push(b.quantity);
        add_row(inputs, line, b)?;
    }
    for b in live.iter().filter(|b| !is_usage(b)) {
        let (key, _) = key_of(inputs, b)?;
        let at = match lines.contains_key(&key) {
            true => Some(key.clone()),
            // Its own period may begin elsewhere: the line that ends with it, else the one it lies in.
            false => lines
                .range(LineKey { start: i64::MIN, ..key.clone() }..)
                .take_while(|(k, _)| {
                    k.account == key.account && k.metric == key.metric && k.dimension == key.dimension
                })
                .map(|(k, _)| k)
                .filter(|k| k.end == key.end || (k.start <= key.start && key.end <= k.end))
                .max_by_key(|k| (k.end == key.end, k.start))
                .cloned(),
        };
        if let Some(line) = at.and_then(|k| lines.get_mut(&k)) {
            add_row(inputs, line, b)?;
        }
    }
    for line in lines.values_mut() {
        line.rows.sort_unstable();
    }
    Ok(lines.into_values().collect())
}

fn key_of(inputs: &Inputs<'_>, b: &Billed) -> Result<(LineKey, Tz)> {
    let zone = inputs.agreed_zone(&b.account_id, b.subscription_id.as_deref());
    let key = LineKey {
        account: b.account_id.clone(),
        metric: b.metric.clone(),
        dimension: b.dimension.clone(),
        start: nanos(b.period_start, zone)?,
        end: nanos(b.period_end, zone)?,
    };
    Ok((key, zone))
}

fn add_row(inputs: &Inputs<'_>, line: &mut Line, b: &Billed) -> Result<()> {
    line.amount = match (line.amount, b.amount) {
        (Some(sum), Some(more)) => {
            Some(decimal::add(sum, more).context("billed amounts are too large to be summed")?)
        }
        _ => None,
    };
    if let Some(currency) = &b.currency {
        line.currencies.insert(currency.clone());
        line.currency.get_or_insert_with(|| currency.clone());
    }
    line.invoices.extend(b.invoice_id.clone());
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
