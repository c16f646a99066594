//! The mathematics in plain words, line by line, as support can pass them on to a customer.

use super::{
    change::{Change, Cycle, Line, Prorated, Rules, Terms},
    convention::Convention,
    fraction::Fraction,
    span::Billed,
};
use crate::{
    judge::calendar::Period,
    model::{
        decimal::{Decimal, TooLarge, shortest},
        money,
        text::{counted, grouped},
    },
};
use chrono::{NaiveDateTime, NaiveTime};
use chrono_tz::Tz;

/// `1,234.50 USD`.
pub fn amount(value: Decimal, currency: &str) -> String {
    format!("{} {currency}", plain(value, currency))
}

fn plain(value: Decimal, currency: &str) -> String {
    grouped(&money::format(value, currency))
}

/// A day where the clock reads midnight, else day and clock.
fn moment(at: NaiveDateTime) -> String {
    if at.time() == NaiveTime::MIN {
        at.date().to_string()
    } else {
        at.format("%Y-%m-%d %H:%M:%S%.f").to_string()
    }
}

fn number(n: i64) -> String {
    grouped(&n.to_string())
}

/// Counts of units with their name: days where they are whole days, else what the convention counts.
#[derive(Clone, Copy)]
struct Units {
    left: i64,
    whole: i64,
    name: &'static str,
}

impl Units {
    fn of(by: Convention, (left, whole): (i64, i64)) -> Units {
        let day = 86_400 / by.unit_seconds();
        if left % day == 0 && whole % day == 0 {
            return Units { left: left / day, whole: whole / day, name: "days" };
        }
        Units { left, whole, name: by.unit() }
    }

    /// `15 of 30 days`, `1,344,600 of 2,678,400 seconds`.
    fn share(self) -> String {
        format!("{} of {} {}", number(self.left), number(self.whole), self.name)
    }

    /// `15/30`.
    fn ratio(self) -> String {
        format!("{}/{}", number(self.left), number(self.whole))
    }
}

fn zone_line(zone: Tz) -> Option<String> {
    (zone != Tz::UTC).then(|| format!("Days and clock times are those of {}.", zone.name()))
}

fn how(by: Convention) -> &'static str {
    match by {
        Convention::Second => "Time is counted in seconds; a day of 23 or 25 hours counts as one day.",
        Convention::Minute => "Time is counted in minutes that have begun.",
        Convention::Day => "Time is counted in whole days; the day of the change belongs to the new plan.",
        Convention::DayInclusive => "Time is counted in whole days; the first and the last day both count.",
        Convention::Month30 => "Time is counted in days of months that all have 30 (30E/360).",
    }
}

/// `49.00 × 40 × 80 % × 15/30 = 24.604166667, rounded to 24.60 USD`.
fn product(
    terms: Terms,
    units: Option<Units>,
    fraction: Fraction,
    line: Line,
    rules: &Rules,
) -> Result<String, TooLarge> {
    let mut text = plain(terms.price, &rules.currency);
    if terms.quantity != Decimal::ONE {
        text.push_str(&format!(" × {}", grouped(&shortest(terms.quantity))));
    }
    if !rules.discount.is_zero() {
        text.push_str(&format!(" less {} % discount", shortest(rules.discount)));
    }
    match units {
        Some(units) => text.push_str(&format!(" × {}", units.ratio())),
        None => text.push_str(" for a whole period"),
    }
    let kept = Decimal::ONE_HUNDRED.checked_sub(rules.discount).unwrap_or(Decimal::ONE_HUNDRED);
    let exact = terms.value()?.mul(kept.into())?.mul(Decimal::new(1, 2).into())?;
    let fine = fraction.of(exact, 9)?;
    let rounded = line.amount.abs();
    if fine == rounded {
        text.push_str(&format!(" = {}", amount(rounded, &rules.currency)));
    } else {
        let fine = grouped(&shortest(fine));
        text.push_str(&format!(" = {fine}, rounded to {}", amount(rounded, &rules.currency)));
    }
    if !rules.tax.is_zero() {
        text.push_str(&format!(
            ", with {} % tax of {} {}",
            shortest(rules.tax),
            plain(line.tax.abs(), &rules.currency),
            amount(line.total.abs(), &rules.currency)
        ));
    }
    Ok(text)
}

fn period_line(period: Period, units: Units) -> String {
    let (from, to) = (moment(period.start), moment(period.end));
    let days = Convention::Day.units(period.start, period.end);
    let days = match units.name {
        "days" => String::new(),
        _ => format!(" ({})", counted(days.unsigned_abs(), "day", "days")),
    };
    format!("The billing period runs from {from} to {to}: {} {}{days}.", number(units.whole), units.name)
}

/// A change line by line: the period, what was left of it, the credit, the charge, their sum.
pub fn explain_change(
    change: &Change,
    done: &Prorated,
    rules: &Rules,
    zone: Tz,
) -> Result<Vec<String>, TooLarge> {
    let by = rules.convention;
    let rest = Units::of(by, by.rest(change.period, change.on));
    let mut lines: Vec<String> = zone_line(zone).into_iter().collect();
    lines.push(period_line(change.period, rest));
    lines.push(format!(
        "The change took effect on {}, with {} left: {} of the period. {}",
        moment(change.on),
        rest.share(),
        done.fraction,
        how(by)
    ));
    let credit = product(change.from, Some(rest), done.fraction, done.full_credit, rules)?;
    lines.push(format!("Credit for what is left of the old plan: {credit}."));
    if done.credit != done.full_credit {
        lines.push(format!(
            "Only what was paid and not yet given back is credited: {}.",
            amount(done.credit.total.abs(), &rules.currency)
        ));
    }
    let (units, what) = match change.cycle {
        Cycle::Goes => (Some(rest), "Charge for the rest of the period on the new plan"),
        Cycle::Anew => (None, "Charge for the new plan, whose interval is another and starts at the change"),
    };
    lines.push(format!("{what}: {}.", product(change.to, units, done.charged, done.charge, rules)?));
    lines.push(format!(
        "Each line is rounded to {} (halves up) before they are added.",
        amount(money::minor_unit(&rules.currency), &rules.currency)
    ));
    let (charge, credit) = (done.charge.total, done.credit.total.abs());
    let sum = format!("{} - {}", plain(charge, &rules.currency), plain(credit, &rules.currency));
    lines.push(format!("Net: {sum} = {}.", outcome(done.net, &rules.currency)));
    Ok(lines)
}

/// `25.00 USD to pay`.
fn outcome(net: Decimal, currency: &str) -> String {
    let what = match net.cmp(&Decimal::ZERO) {
        std::cmp::Ordering::Greater => " to pay",
        std::cmp::Ordering::Less => " to give back",
        std::cmp::Ordering::Equal => "",
    };
    format!("{}{what}", amount(net.abs(), currency))
}

/// A span, a line for each part.
pub fn explain_span(terms: Terms, billed: &Billed, rules: &Rules, zone: Tz) -> Result<Vec<String>, TooLarge> {
    let by = rules.convention;
    let mut lines: Vec<String> = zone_line(zone).into_iter().collect();
    for part in &billed.parts {
        let (left, whole) =
            (by.units(part.billed.start, part.billed.end), by.units(part.period.start, part.period.end));
        let units = Units::of(by, (left, whole));
        let head = format!("{} to {}", moment(part.billed.start), moment(part.billed.end));
        if part.billed == part.period {
            let days = counted(part.days.unsigned_abs(), "day", "days");
            let product = product(terms, None, part.fraction, part.line, rules)?;
            lines.push(format!("{head} is a whole period of {days}: {product}."));
        } else {
            let product = product(terms, Some(units), part.fraction, part.line, rules)?;
            lines.push(format!(
                "{head} is {} of the period from {} to {}: {product}.",
                units.share(),
                moment(part.period.start),
                moment(part.period.end)
            ));
        }
    }
    lines.push(format!("In all {} periods, {}.", billed.cycles, amount(billed.total, &rules.currency)));
    Ok(lines)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{
        judge::{calendar::Interval, proration::Span},
        model::{decimal::parse, time::Stamp},
    };

    fn at(text: &str) -> NaiveDateTime {
        Stamp::parse(text).unwrap().naive()
    }

    fn rules(convention: Convention) -> Rules {
        Rules { convention, currency: "USD".into(), discount: Decimal::ZERO, tax: Decimal::ZERO }
    }

    fn terms(price: &str) -> Terms {
        Terms { price: parse(price).unwrap(), quantity: Decimal::ONE }
    }

    #[test]
    fn a_change_is_told_so_that_a_customer_can_follow_it() {
        let change = Change {
            from: terms("49"),
            to: terms("99"),
            period: Period { start: at("2026-08-01"), end: at("2026-09-01") },
            on: at("2026-08-16 10:30:00"),
            cycle: Cycle::Goes,
            paid: None,
        };
        let rules = rules(Convention::Second);
        let done = change.prorate(&rules).unwrap();
        let lines = explain_change(&change, &done, &rules, Tz::UTC).unwrap();
        assert_eq!(
            lines,
            [
                "The billing period runs from 2026-08-01 to 2026-09-01: 2,678,400 seconds (31 days).",
                "The change took effect on 2026-08-16 10:30:00, with 1,344,600 of 2,678,400 seconds left: \
                 0.502016129 of the period. Time is counted in seconds; a day of 23 or 25 hours counts as one day.",
                "Credit for what is left of the old plan: 49.00 × 1,344,600/2,678,400 = 24.598790323, rounded to \
                 24.60 USD.",
                "Charge for the rest of the period on the new plan: 99.00 × 1,344,600/2,678,400 = 49.699596774, \
                 rounded to 49.70 USD.",
                "Each line is rounded to 0.01 USD (halves up) before they are added.",
                "Net: 49.70 - 24.60 = 25.10 USD to pay.",
            ]
        );
    }

    #[test]
    fn limits_discounts_and_taxes_are_named() {
        let change = Change {
            from: Terms { quantity: parse("40").unwrap(), ..terms("12") },
            to: terms("0"),
            period: Period { start: at("2026-06-01"), end: at("2026-07-01") },
            on: at("2026-06-16"),
            cycle: Cycle::Goes,
            paid: Some(parse("100").unwrap()),
        };
        let rules =
            Rules { discount: parse("20").unwrap(), tax: parse("10").unwrap(), ..rules(Convention::Day) };
        let done = change.prorate(&rules).unwrap();
        let text =
            explain_change(&change, &done, &rules, "Europe/Berlin".parse().unwrap()).unwrap().join("\n");
        for part in [
            "Days and clock times are those of Europe/Berlin.",
            "12.00 × 40 less 20 % discount × 15/30 = 192.00 USD, with 10 % tax of 19.20 211.20 USD.",
            "Only what was paid and not yet given back is credited: 110.00 USD.",
            "Net: 0.00 - 110.00 = 110.00 USD to give back.",
        ] {
            assert!(text.contains(part), "'{part}' is not in {text}");
        }
    }

    #[test]
    fn a_span_is_told_part_by_part() {
        let span = Span {
            terms: terms("49"),
            interval: Interval::parse("month", 1).unwrap(),
            anchor_day: Some(10),
            start: at("2026-02-24"),
            end: None,
            through: at("2026-03-10"),
        };
        let rules = rules(Convention::Day);
        let billed = span.bill(&rules).unwrap();
        assert_eq!(
            explain_span(span.terms, &billed, &rules, Tz::UTC).unwrap(),
            [
                "2026-02-24 to 2026-03-10 is 14 of 28 days of the period from 2026-02-10 to 2026-03-10: 49.00 × \
                 14/28 = 24.50 USD.",
                "2026-03-10 to 2026-04-10 is a whole period of 31 days: 49.00 for a whole period = 49.00 USD.",
                "In all 1.5 periods, 73.50 USD.",
            ]
        );
    }
}
