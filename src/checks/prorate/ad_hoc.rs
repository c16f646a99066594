//! The mathematics alone, from options, without exports.

use crate::{
    engine::Outcome,
    judge::{
        calendar::{Interval, Period, reading, reading_of},
        proration::{
            Billed, Change, Convention, Cycle, Fraction, Line, Part, Rules, Span, Terms, amount,
            explain_change, explain_span,
        },
    },
    model::{
        decimal::Decimal,
        money,
        time::{Stamp, resolve, rfc3339},
    },
    report::{Passage, Row, RowColumn, Show},
    settings::{OptionalValue as _, Settings},
};
use anyhow::{Context as _, Result, bail, ensure};
use chrono::NaiveDateTime;
use chrono_tz::Tz;
use serde_json::{Value, json};
use std::cmp::Reverse;

const CHANGE_NEEDS: &str = "a change needs --from, --to, --cycle START..END and --on";
const SPAN_NEEDS: &str = "a span needs --price and --start";

static CHANGE_COLUMNS: &[RowColumn] = &[
    RowColumn { name: "fraction", show: Show::Number, doc: "the share of the cycle that is left" },
    RowColumn { name: "credit", show: Show::Number, doc: "what is given back, with tax; not above 0" },
    RowColumn { name: "charge", show: Show::Number, doc: "what is charged, with tax" },
    RowColumn { name: "net", show: Show::Number, doc: "charge + credit" },
    RowColumn { name: "currency", show: Show::Text, doc: "of the amounts" },
    RowColumn { name: "convention", show: Show::Text, doc: "how time was counted" },
    RowColumn { name: "credit_tax", show: Show::Hidden, doc: "the tax in credit" },
    RowColumn { name: "charge_tax", show: Show::Hidden, doc: "the tax in charge" },
];

static SPAN_COLUMNS: &[RowColumn] = &[
    RowColumn { name: "start", show: Show::Text, doc: "the first moment that is billed" },
    RowColumn { name: "end", show: Show::Text, doc: "the first moment after it" },
    RowColumn {
        name: "days",
        show: Show::Number,
        doc: "calendar days billed (of months of 30 with month30)",
    },
    RowColumn { name: "period_days", show: Show::Number, doc: "days of the whole period" },
    RowColumn { name: "fraction", show: Show::Number, doc: "the share of the period" },
    RowColumn { name: "amount", show: Show::Number, doc: "price × quantity × fraction, with tax" },
    RowColumn { name: "currency", show: Show::Hidden, doc: "of the amount" },
    RowColumn { name: "tax", show: Show::Hidden, doc: "the tax in amount" },
];

/// The answer where the options ask for a calculation; `None` where they ask for none.
pub(in crate::checks) fn answer(settings: &Settings) -> Result<Option<Outcome>> {
    let from = settings.opt_decimal("from").optional()?;
    let price = settings.opt_decimal("price").optional()?;
    match (from, price) {
        (None, None) => {
            let given = |names: &[&str]| -> Result<bool> {
                let set = |n: &&str| Ok(settings.opt_text(n).optional()?.is_some());
                names.iter().map(set).try_fold(false, |any, one: Result<bool>| Ok(any || one?))
            };
            let to = settings.opt_decimal("to").optional()?.is_some();
            ensure!(!to && !given(&["cycle", "on"])?, "{CHANGE_NEEDS}");
            ensure!(!given(&["start", "end", "through"])?, "{SPAN_NEEDS}");
            Ok(None)
        }
        (Some(from), None) => change(settings, from).map(Some),
        (None, Some(price)) => span(settings, price).map(Some),
        (Some(_), Some(_)) => bail!("--from asks for a change and --price for a span: give one of them"),
    }
}

fn rules(settings: &Settings) -> Result<Rules> {
    let currency = settings.opt_text("currency")?.to_ascii_uppercase();
    ensure!(money::currency(&currency).is_some(), "--currency: '{currency}' is no currency of ISO 4217");
    let discount = settings.opt_percent("discount")?;
    ensure!(discount <= Decimal::ONE_HUNDRED, "--discount: more than 100 % cannot come off a price");
    Ok(Rules { convention: convention(settings)?, currency, discount, tax: settings.opt_percent("tax")? })
}

/// `--by`.
pub(super) fn convention(settings: &Settings) -> Result<Convention> {
    Convention::parse(settings.opt_choice("by")?).context("--by names no convention")
}

fn stamp(option: &str, text: &str) -> Result<Stamp> {
    Stamp::parse(text.trim()).map_err(|e| anyhow::anyhow!("--{option}: '{text}' {e}"))
}

fn given_stamp(settings: &Settings, option: &str) -> Result<Option<Stamp>> {
    settings.opt_text(option).optional()?.map(|t| stamp(option, &t)).transpose()
}

fn not_negative(option: &str, value: Decimal) -> Result<Decimal> {
    ensure!(value >= Decimal::ZERO, "--{option} must not be below 0");
    Ok(value)
}

fn change(settings: &Settings, from: Decimal) -> Result<Outcome> {
    let zone = settings.timezone;
    let to = settings.opt_decimal("to").optional()?;
    let cycle = settings.opt_text("cycle").optional()?;
    let on = given_stamp(settings, "on")?;
    let (Some(to), Some(cycle), Some(on)) = (to, cycle, on) else {
        bail!(CHANGE_NEEDS);
    };
    let (start, end) =
        cycle.split_once("..").context("--cycle takes START..END, such as 2026-06-01..2026-07-01")?;
    let rules = rules(settings)?;
    let (start, end) = (stamp("cycle", start)?, stamp("cycle", end)?);
    let period = Period { start: reading_of(start, zone), end: reading_of(end, zone) };
    let on = reading_of(on, zone);
    let both_ends = rules.convention == Convention::DayInclusive;
    ensure!(
        period.start < period.end || both_ends && period.start == period.end,
        "--cycle: its end does not lie after its start"
    );
    let within = period.start <= on && (on <= period.end || both_ends && on.date() == period.end.date());
    ensure!(within, "--on does not lie in the cycle {cycle}");
    let quantity = not_negative("quantity", settings.opt_decimal("quantity")?)?;
    let to_quantity = settings.opt_decimal("to-quantity").optional()?.unwrap_or(quantity);
    let change = Change {
        from: Terms { price: not_negative("from", from)?, quantity },
        to: Terms { price: not_negative("to", to)?, quantity: not_negative("to-quantity", to_quantity)? },
        period,
        on,
        cycle: if settings.opt_switch("new-cycle")? { Cycle::Anew } else { Cycle::Goes },
        paid: settings.opt_decimal("paid").optional()?,
    };
    let done = change.prorate(&rules)?;
    let math = explain_change(&change, &done, &rules, zone)?;
    let money_of = |value: Decimal| json!(money::format(value, &rules.currency));
    let values = vec![
        json!(done.fraction.to_string()),
        money_of(done.credit.total),
        money_of(done.charge.total),
        money_of(done.net),
        json!(rules.currency),
        json!(rules.convention.name()),
        money_of(done.credit.tax),
        money_of(done.charge.tax),
    ];
    let what = if done.net < Decimal::ZERO { "to give back" } else { "to pay" };
    let headline = format!(
        "{} {what}: {} charged, {} credited, {} of the cycle left",
        amount(done.net.abs(), &rules.currency),
        amount(done.charge.total, &rules.currency),
        amount(done.credit.total.abs(), &rules.currency),
        done.fraction
    );
    let mut out = told(settings, headline, "The change", math)?;
    out.columns = Some(CHANGE_COLUMNS);
    out.rows = vec![row(values)];
    Ok(out)
}

fn span(settings: &Settings, price: Decimal) -> Result<Outcome> {
    let zone = settings.timezone;
    let start = given_stamp(settings, "start")?.context(SPAN_NEEDS)?;
    let end = given_stamp(settings, "end")?;
    let through = given_stamp(settings, "through")?.or(end);
    let rules = rules(settings)?;
    let every = settings.opt_int("every")?;
    let interval = Interval::parse(settings.opt_choice("interval")?, every)
        .context("--every must be a whole number from 1 on")?;
    let anchor_day = match settings.opt_int("anchor-day").optional()? {
        None => None,
        Some(day) => Some(
            u32::try_from(day)
                .ok()
                .filter(|d| (1..=31).contains(d))
                .context("--anchor-day must be a day of the month, 1 to 31")?,
        ),
    };
    let quantity = not_negative("quantity", settings.opt_decimal("quantity")?)?;
    let span = Span {
        terms: Terms { price: not_negative("price", price)?, quantity },
        interval,
        anchor_day,
        start: reading_of(start, zone),
        end: end.map(|e| reading_of(e, zone)),
        through: through.map_or_else(|| reading(settings.as_of, zone), |t| reading_of(t, zone)),
    };
    let billed = span.bill(&rules).context("--end")?;
    let math = explain_span(span.terms, &billed, &rules, zone)?;
    let periods = if billed.cycles == Fraction::ONE { "period" } else { "periods" };
    let headline = format!("{} {periods}, {}", billed.cycles, amount(billed.total, &rules.currency));
    let mut out = told(settings, headline, "The span", math)?;
    let forms = Forms { start, end, last: span.end, zone };
    out.columns = Some(SPAN_COLUMNS);
    out.rows = billed.parts.iter().map(|p| row(part_values(p, &forms, &rules))).collect();
    out.own.insert("cycles".into(), json!(nine_places(&billed)?));
    out.own.insert("total".into(), json!(money::format(billed.total, &rules.currency)));
    out.own.insert("currency".into(), json!(rules.currency));
    Ok(out)
}

/// Always with nine places.
fn nine_places(billed: &Billed) -> Result<String> {
    Ok(format!("{:.9}", billed.cycles.to_nine_places()?))
}

/// How the moments of a span are printed: in the form given.
struct Forms {
    start: Stamp,
    end: Option<Stamp>,
    /// The end's reading.
    last: Option<NaiveDateTime>,
    zone: Tz,
}

impl Forms {
    fn text(&self, at: NaiveDateTime) -> String {
        let form = if self.last == Some(at) { self.end.unwrap_or(self.start) } else { self.start };
        match form {
            Stamp::Date(_) => at.date().to_string(),
            _ => rfc3339(resolve(at, self.zone)),
        }
    }

    /// The end of the last part, where both ends count, is the day as it was given.
    fn end_text(&self, part: &Part, by: Convention) -> String {
        let given = self.last.filter(|last| {
            by == Convention::DayInclusive
                && part.billed.contains(*last)
                && part.billed.end.date() > last.date()
        });
        match given.filter(|last| part.billed.end.date().pred_opt() == Some(last.date())) {
            Some(last) => self.text(last),
            None => self.text(part.billed.end),
        }
    }
}

fn part_values(part: &Part, forms: &Forms, rules: &Rules) -> Vec<Value> {
    let Line { tax, total, .. } = part.line;
    vec![
        json!(forms.text(part.billed.start)),
        json!(forms.end_text(part, rules.convention)),
        json!(part.days),
        json!(part.period_days),
        json!(part.fraction.to_string()),
        json!(money::format(total, &rules.currency)),
        json!(rules.currency),
        json!(money::format(tax, &rules.currency)),
    ]
}

fn row(values: Vec<Value>) -> Row {
    Row { values, account: None, flagged: false, rank: (0, Reverse(Decimal::ZERO)) }
}

fn told(settings: &Settings, headline: String, title: &str, math: Vec<String>) -> Result<Outcome> {
    let mut out = Outcome { headline, checked: 1, ..Outcome::default() };
    if settings.opt_switch("show-math")? {
        out.own.insert("math".into(), json!(math));
        out.passages.push(Passage { title: title.to_owned(), lines: math, account: None });
    }
    Ok(out)
}
