//! What the charts of each check show, drawn from its rows and its summary.

use super::charts::{Chart, Mark, Shade};
use crate::model::decimal::{self, Decimal};
use crate::render::table::{cell, is_signed};
use crate::render::text::{count, grouped, money, plain, plural, safe};
use crate::report::{Report, Row, Show, run::RunReport, totals};
use serde_json::Value;
use std::collections::BTreeMap;

/// Marks of a chart of single things; the table below it has them all.
const MOST: usize = 8;
/// Months of a chart.
const MOST_MONTHS: usize = 24;
/// Currencies that have a chart of their own.
const MOST_CURRENCIES: usize = 4;

/// The charts of a check.
pub(super) fn of(report: &Report) -> Vec<Chart> {
    match report.check {
        "reconcile" => metered_against_billed(report).into_iter().collect(),
        "health" => [distribution(report), declines(report)].into_iter().flatten().collect(),
        "renewals" => at_risk_by_month(report),
        "flags-audit" => flags_by_age(report).into_iter().collect(),
        _ => Vec::new(),
    }
}

/// Rows read by the names of their columns.
struct Table<'r> {
    report: &'r Report,
}

impl<'r> Table<'r> {
    fn value(&self, row: &'r Row, name: &str) -> Option<&'r Value> {
        let at = self.report.columns.iter().position(|c| c.name == name)?;
        row.values.get(at).filter(|v| !v.is_null())
    }

    fn text(&self, row: &'r Row, name: &str) -> String {
        self.value(row, name).map_or_else(String::new, |v| plain(v).into_owned())
    }

    fn number(&self, row: &'r Row, name: &str) -> Option<Decimal> {
        decimal(self.value(row, name)?)
    }

    fn shown(&self, row: &'r Row, name: &str) -> String {
        cell(self.value(row, name).unwrap_or(&Value::Null), Show::Number, is_signed(name), false)
    }
}

fn decimal(value: &Value) -> Option<Decimal> {
    decimal::parse(&plain(value)).ok()
}

/// The sum of decimals; what is beyond their range is drawn as the most.
fn sum(list: impl IntoIterator<Item = Decimal>) -> Decimal {
    list.into_iter().fold(Decimal::ZERO, Decimal::saturating_add)
}

/// Money at stake of each check, a chart a currency: amounts of different checks may tell of the same money and are
/// not added.
pub(super) fn at_stake(run: &RunReport) -> Vec<Chart> {
    let all = totals(run.reports.iter().flat_map(|r| &r.summary.impact));
    let chart = |currency: &str| {
        let mut of: Vec<_> = run
            .reports
            .iter()
            .flat_map(|r| r.summary.impact.iter().map(move |m| (r.check, m)))
            .filter(|(_, m)| m.currency == currency)
            .collect();
        of.sort_by_key(|(_, m)| std::cmp::Reverse(m.amount));
        let whole = of.first().map_or(Decimal::ZERO, |(_, m)| m.amount);
        let marks = of.iter().map(|(check, m)| Mark {
            label: (*check).to_owned(),
            figure: money(m),
            beside: Vec::new(),
            bars: vec![vec![(Shade::Bad, m.amount)]],
            whole,
        });
        Chart {
            title: format!("Money at stake, {}.", safe(currency)),
            told: of
                .first()
                .map_or_else(String::new, |(check, m)| format!("Most of it in {check}: {}.", money(m))),
            heads: ["Check", "At stake"],
            legend: Vec::new(),
            marks: marks.collect(),
            upright: false,
        }
    };
    all.iter().take(MOST_CURRENCIES).map(|m| chart(&m.currency)).collect()
}

/// The lines that differ most for the money at stake, metered above billed.
fn metered_against_billed(report: &Report) -> Option<Chart> {
    let table = Table { report };
    let mut rows: Vec<&Row> = report.rows.iter().filter(|r| r.flagged).collect();
    rows.sort_by_key(|r| r.rank);
    let mark = |row: &&Row| {
        let (metered, billed) = (table.number(row, "metered")?, table.number(row, "billed")?);
        let quantity = |n: Decimal| grouped(&decimal::shortest(n));
        let share = table.value(row, "delta_percent");
        Some(Mark {
            label: format!("{} {}", table.text(row, "account"), table.text(row, "metric")),
            figure: share.map_or_else(String::new, |v| cell(v, Show::Percent, true, false)),
            beside: vec![quantity(metered), quantity(billed)],
            bars: vec![vec![(Shade::First, metered)], vec![(Shade::Bad, billed)]],
            whole: metered.max(billed),
        })
    };
    let differ = |row: &&Row| table.number(row, "metered") != table.number(row, "billed");
    let marks: Vec<Mark> = rows.iter().copied().filter(differ).filter_map(|r| mark(&r)).take(MOST).collect();
    (!marks.is_empty()).then(|| Chart {
        title: "Metered against billed.".to_owned(),
        told: format!(
            "The {} that differ most; each pair has a scale of its own.",
            plural(marks.len() as u64, "line")
        ),
        heads: ["Line", "Metered → billed; difference"],
        legend: vec![(Shade::First, "metered"), (Shade::Bad, "billed")],
        marks,
        upright: false,
    })
}

/// How many accounts have which score. Of a history the newest day counts.
fn scored(report: &Report) -> Vec<&Row> {
    let table = Table { report };
    let newest = report.rows.iter().map(|r| table.text(r, "date")).max().unwrap_or_default();
    report.rows.iter().filter(|r| table.text(r, "date") == newest).collect()
}

fn distribution(report: &Report) -> Option<Chart> {
    let table = Table { report };
    let low = report.parameters.get("low").and_then(decimal).unwrap_or_default();
    let mut tens = [0u64; 10];
    let mut below = 0;
    for score in scored(report).into_iter().filter_map(|r| table.number(r, "score")) {
        below += u64::from(score < low);
        let ten = score.checked_div(Decimal::TEN).and_then(|s| usize::try_from(s.trunc()).ok()).unwrap_or(0);
        tens[ten.min(9)] += 1;
    }
    let whole = Decimal::from(tens.iter().copied().max().unwrap_or(0));
    let all: u64 = tens.iter().sum();
    let mark = |(at, n): (usize, u64)| {
        let from = Decimal::from(at as u64 * 10);
        let shade = if from < low { Shade::Bad } else { Shade::First };
        Mark {
            label: from.to_string(),
            figure: count(n),
            beside: Vec::new(),
            bars: vec![vec![(shade, n.into())]],
            whole,
        }
    };
    (all > 0).then(|| Chart {
        title: "Health of the accounts.".to_owned(),
        told: format!("{} by score, in steps of ten; {} below {low}.", plural(all, "account"), count(below)),
        heads: ["Score from", "Accounts"],
        legend: Vec::new(),
        marks: tens.into_iter().enumerate().map(mark).collect(),
        upright: true,
    })
}

/// The accounts whose score has fallen most in 30 days.
fn declines(report: &Report) -> Option<Chart> {
    let table = Table { report };
    let change = |r: &Row| {
        report.columns.iter().position(|c| c.name == "change_30d").and_then(|at| decimal(r.values.get(at)?))
    };
    let mut fallen: Vec<(Decimal, &Row)> = scored(report)
        .into_iter()
        .filter_map(|r| Some((change(r)?, r)))
        .filter(|(c, _)| *c < Decimal::ZERO)
        .collect();
    fallen.sort_by_key(|(change, row)| (*change, row.account.clone()));
    let whole = -fallen.first()?.0;
    let mark = |(change, row): &(Decimal, &Row)| {
        let name = table.text(row, "name");
        let account = table.text(row, "account");
        Mark {
            label: if name.is_empty() { account } else { name },
            figure: format!("{} to {}", table.shown(row, "change_30d"), table.shown(row, "score")),
            beside: Vec::new(),
            bars: vec![vec![(if row.flagged { Shade::Bad } else { Shade::Plain }, -*change)]],
            whole,
        }
    };
    Some(Chart {
        title: "Worst declines.".to_owned(),
        told: "Points of the score that were lost in 30 days, and the score now.".to_owned(),
        heads: ["Account", "Change in 30 days"],
        legend: vec![(Shade::Bad, "with a finding"), (Shade::Plain, "without")],
        marks: fallen.iter().take(MOST).map(mark).collect(),
        upright: false,
    })
}

/// Revenue that renews, a chart a currency, a bar a month.
fn at_risk_by_month(report: &Report) -> Vec<Chart> {
    let months = report.summary.own.get("arr_by_month").and_then(Value::as_array);
    let mut by: BTreeMap<&str, Vec<(&str, [Decimal; 3])>> = BTreeMap::new();
    for m in months.into_iter().flatten() {
        let amount = |name: &str| m.get(name).and_then(decimal);
        let (Some(month), Some(currency)) = (m["month"].as_str(), m["currency"].as_str()) else { continue };
        let Some(arr) = amount("arr") else { continue };
        let (high, medium) = (amount("high").unwrap_or_default(), amount("medium").unwrap_or_default());
        by.entry(currency).or_default().push((month, [high, medium, arr]));
    }
    let chart = |(currency, months): (&str, Vec<(&str, [Decimal; 3])>)| {
        let whole = months.iter().map(|(_, [_, _, arr])| *arr).max().unwrap_or_default();
        let risk = sum(months.iter().flat_map(|(_, [high, medium, _])| [*high, *medium]));
        let all = sum(months.iter().map(|(_, [_, _, arr])| *arr));
        let said = |n: Decimal| grouped(&n.to_string());
        let mark = |(month, [high, medium, arr]): &(&str, [Decimal; 3])| {
            let rest = arr.saturating_sub(*high).saturating_sub(*medium);
            Mark {
                label: (*month).to_owned(),
                figure: format!("{} of {}", said(high.saturating_add(*medium)), said(*arr)),
                beside: Vec::new(),
                bars: vec![vec![(Shade::Bad, *high), (Shade::Odd, *medium), (Shade::Plain, rest)]],
                whole,
            }
        };
        Chart {
            title: format!("Revenue at risk by month of renewal, {}.", safe(currency)),
            told: format!("{} of {} a year at high or medium risk.", said(risk), said(all)),
            heads: ["Month", "At risk, of what renews"],
            legend: vec![(Shade::Bad, "high risk"), (Shade::Odd, "medium"), (Shade::Plain, "low or unknown")],
            marks: months.iter().take(MOST_MONTHS).map(mark).collect(),
            upright: false,
        }
    };
    by.into_iter().take(MOST_CURRENCIES).map(chart).collect()
}

/// How old the flags are, and how many of each age are past their end.
fn flags_by_age(report: &Report) -> Option<Chart> {
    const AGES: [(u32, &str); 5] =
        [(30, "< 30 d"), (90, "30–89"), (180, "90–179"), (365, "180–364"), (u32::MAX, "≥ 365")];
    let table = Table { report };
    let mut ages = [(0u64, 0u64); AGES.len()];
    for row in &report.rows {
        let Some(age) = table.number(row, "age_days") else { continue };
        let at = AGES.iter().position(|(below, _)| age < Decimal::from(*below)).unwrap_or(AGES.len() - 1);
        let late = table.number(row, "overdue_days").is_some();
        ages[at].0 += u64::from(late);
        ages[at].1 += u64::from(!late);
    }
    let (late, all) = ages.iter().fold((0, 0), |(l, a), (late, other)| (l + late, a + late + other));
    let whole = Decimal::from(ages.iter().map(|(l, o)| l + o).max().unwrap_or(0));
    let mark = |((_, label), (late, other)): (&(u32, &str), &(u64, u64))| Mark {
        label: (*label).to_owned(),
        figure: count(late + other),
        beside: Vec::new(),
        bars: vec![vec![(Shade::Bad, (*late).into()), (Shade::First, (*other).into())]],
        whole,
    };
    (all > 0).then(|| Chart {
        title: "Flags by age in days.".to_owned(),
        told: format!("{}; {} past their end.", plural(all, "flag"), count(late)),
        heads: ["Age in days", "Flags"],
        legend: vec![(Shade::Bad, "past their end"), (Shade::First, "not past it")],
        marks: AGES.iter().zip(&ages).map(mark).collect(),
        upright: true,
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::render::sample;
    use crate::report::RowColumn;
    use serde_json::json;
    use std::cmp::Reverse;

    macro_rules! columns {
        ($($name:literal)*) => { &[$(RowColumn { name: $name, show: Show::Text, doc: "" },)*] };
    }

    fn report(check: &'static str, columns: &'static [RowColumn], rows: &[Value]) -> Report {
        let row = |values: &Value| Row {
            values: values.as_array().unwrap().clone(),
            account: values[0].as_str().map(str::to_owned),
            flagged: true,
            rank: (0, Reverse(Decimal::ZERO)),
        };
        Report { check, columns, rows: rows.iter().map(row).collect(), ..sample::empty() }
    }

    /// Label and figure of each mark.
    fn told(chart: &Chart) -> Vec<(&str, &str)> {
        chart.marks.iter().map(|m| (m.label.as_str(), m.figure.as_str())).collect()
    }

    #[test]
    fn flags_stand_in_the_column_of_their_age() {
        let rows =
            [json!(["a", 29, null]), json!(["b", 30, 5]), json!(["c", 365, null]), json!(["d", null, 1])];
        let charts = of(&report("flags-audit", columns!["flag" "age_days" "overdue_days"], &rows));
        let wanted = [("< 30 d", "1"), ("30–89", "1"), ("90–179", "0"), ("180–364", "0"), ("≥ 365", "1")];
        assert_eq!(told(&charts[0]), wanted);
        assert_eq!(charts[0].told, "3 flags; 1 past their end.");
    }

    #[test]
    fn scores_stand_in_their_ten_and_falls_are_sorted_by_what_was_lost() {
        let rows = [
            json!(["a", "Ann", "100.0", "-1.5"]),
            json!(["b", "Bob", "39.9", "-20.0"]),
            json!(["c", null, null, null]),
            json!(["d", "Dee", "40.0", "3.0"]),
        ];
        let mut report = report("health", columns!["account" "name" "score" "change_30d"], &rows);
        report.parameters = json!({"low": "40"}).as_object().unwrap().clone();
        let charts = of(&report);
        let figures: Vec<&str> = told(&charts[0]).iter().map(|(_, n)| *n).collect();
        assert_eq!(figures, ["0", "0", "0", "1", "1", "0", "0", "0", "0", "1"]);
        assert_eq!(charts[0].told, "3 accounts by score, in steps of ten; 1 below 40.");
        assert_eq!(told(&charts[1]), [("Bob", "-20.0 to 39.9"), ("Ann", "-1.5 to 100.0")]);
    }

    #[test]
    fn revenue_of_different_currencies_has_charts_of_its_own() {
        let month = |month: &str, currency: &str, arr: &str, high: &str, medium: &str| json!({"month": month, "currency": currency, "renewals": 1, "arr": arr, "high": high, "medium": medium});
        let mut report = report("renewals", columns!["account"], &[]);
        report.summary.own.insert(
            "arr_by_month".to_owned(),
            json!([
                month("2026-11", "USD", "1000.00", "600.00", "150.00"),
                month("2026-11", "EUR", "50.00", "0.00", "0.00"),
                json!({"month": "2026-12", "currency": null, "renewals": 1, "arr": null, "high": null, "medium": null}),
            ]),
        );
        let charts = of(&report);
        assert_eq!(charts.len(), 2);
        assert_eq!(told(&charts[0]), [("2026-11", "0.00 of 50.00")]);
        assert_eq!(told(&charts[1]), [("2026-11", "750.00 of 1,000.00")]);
        assert_eq!(charts[1].marks[0].bars[0][2], (Shade::Plain, Decimal::new(25000, 2)));
    }

    #[test]
    fn lines_that_agree_are_in_no_chart() {
        let charts = of(&sample::report());
        assert_eq!(charts[0].marks.len(), MOST);
        assert_eq!(charts[0].marks[0].beside, ["1,200,000", "1,400,000"]);
        assert_eq!(charts[0].marks[0].figure, "+16.67 %");
        assert!(of(&sample::pass()).is_empty());
        assert!(of(&report("triage", columns!["ticket"], &[])).is_empty());
    }
}
