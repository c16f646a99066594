//! What is at fault, as findings.

use super::{
    amounts::{self, Terms},
    judge::{Judge, Judged, Status},
    lines::{self, Line},
    meter::Meter,
    unbilled::moment_text,
};
use crate::{
    data::records::Text,
    model::{
        decimal::{self, Decimal, percent, shortest},
        money::{self, Money},
        text::{counted, grouped},
        time::rfc3339,
    },
    report::{Cause, Diff, Evidence, Finding, Row, Severity, Subject, format_percent},
};
use chrono::DateTime;
use serde_json::{Value, json};
use std::{cmp::Reverse, collections::BTreeMap};

impl Judge<'_, '_> {
    pub(super) fn currency(&mut self, line: &Line, listed: &crate::judge::price_book::Listed) {
        let (billed, priced) = (line.currency.as_deref().unwrap_or(""), listed.price.currency());
        let mut f = self.finding("reconcile/currency-mismatch", Severity::Error, line);
        f.message = format!(
            "{} was billed {} for {} of {}, but the price {} is in {priced}.",
            line.account,
            line.amount.map_or_else(|| billed.to_owned(), |a| amount_text(a, billed)),
            line.metric,
            line.period_text(),
            listed.price.id()
        );
        f.diff.push(Diff::texts("currency", Some(priced), Some(billed)));
        f.evidence.push(self.data().evidence("prices", listed.at));
        "Bill the line in the currency of its price, or add a price in the billed currency."
            .clone_into(&mut f.action);
        self.out.findings.push(f);
    }

    pub(super) fn amount_finding(
        &mut self,
        bundle: &[usize],
        terms: &Terms<'_>,
        expected: Decimal,
        billed: Decimal,
        error: bool,
        cause: Option<Cause>,
    ) {
        let line = &self.lines[bundle[0]];
        let currency = terms.listed.price.currency();
        let severity = if error { Severity::Error } else { Severity::Warning };
        let mut f = self.finding("reconcile/amount-mismatch", severity, line);
        for &l in &bundle[1..] {
            f.evidence.extend(self.places(&self.lines[l]));
        }
        f.evidence.push(self.data().evidence("prices", terms.listed.at));
        let quantity = decimal::sum(bundle.iter().map(|l| self.lines[*l].quantity));
        let delta = billed.saturating_sub(expected);
        f.message = format!(
            "{} was billed {} for {} {} of {}; price {} makes it {} ({}).{}",
            line.account,
            amount_text(billed, currency),
            quantity.map(number).unwrap_or_default(),
            line.metric,
            line.period_text(),
            terms.listed.price.id(),
            amount_text(expected, currency),
            signed(delta, expected),
            cause.as_ref().map_or_else(String::new, |c| format!(" {}", sentence(&c.detail)))
        );
        let mut diff = Diff::decimals("amount", expected, billed);
        diff.expected = Some(money::format(expected, currency));
        diff.actual = Some(money::format(billed, currency));
        diff.delta = Some(money::format(delta, currency));
        f.diff.push(diff);
        f.impact = Some(Money::new(delta.abs(), currency));
        f.cause = cause;
        "Apply the price in force at the period's start, and credit or bill the difference."
            .clone_into(&mut f.action);
        self.out.findings.push(f);
    }

    pub(super) fn places(&self, line: &Line) -> Vec<Evidence> {
        line.rows.iter().map(|at| self.data().evidence("billed_usage", *at)).collect()
    }

    /// A finding about a line: about its invoice where it has one.
    pub(super) fn finding(&self, code: &'static str, severity: Severity, line: &Line) -> Finding {
        let about = match line.invoice_text() {
            Some(id) => subject("invoice", id),
            None => subject("metric", &*line.metric),
        };
        let mut f = Finding::new(code, severity, Some(&line.account), about)
            .with_key("metric", &*line.metric)
            .with_key("period_start", &*line.start_text)
            .with_key("period_end", &*line.end_text);
        if let Some(dimension) = &line.dimension {
            f = f.with_key("dimension", &**dimension);
        }
        f.owner = "billing";
        f.evidence = self.places(line);
        f
    }

    pub(super) fn quantity_findings(&mut self, judged: &mut [Judged]) {
        for (line, j) in self.lines.iter().zip(judged.iter_mut()) {
            let Some(metered) = j.metered else { continue };
            let (code, severity) = match j.status {
                Status::Mismatch => ("reconcile/quantity-mismatch", Severity::Error),
                Status::NoUsage if line.quantity > Decimal::ZERO => {
                    ("reconcile/billed-without-usage", Severity::Error)
                }
                Status::NoUsage => ("reconcile/quantity-mismatch", Severity::Error),
                Status::Drift => ("reconcile/quantity-drift", Severity::Info),
                Status::Ok | Status::NotJudged => continue,
            };
            j.hold |= severity == Severity::Error && line.can_wait();
            let mut f = self.finding(code, severity, line);
            let delta = line.quantity.saturating_sub(metered);
            f.message = format!(
                "{} was billed {} {} for {}; metering counted {} ({}).{}",
                line.account,
                number(line.quantity),
                line.metric,
                line.period_text(),
                number(metered),
                signed(delta, metered),
                j.cause.as_ref().map_or_else(String::new, |c| format!(" {}", sentence(&c.detail)))
            );
            f.diff.push(Diff::decimals("quantity", metered, line.quantity));
            f.cause.clone_from(&j.cause);
            f.impact = j.impact.zip(line.currency.as_deref()).map(|(a, c)| Money::new(a, c));
            f.action = match (severity, line.can_wait(), delta > Decimal::ZERO) {
                (Severity::Info, _, _) => "Find the difference before it grows.",
                (_, true, _) => "Hold the invoice, mend the cause, and bill the metered quantity.",
                (_, false, true) => "Credit what was overcharged, and mend the cause.",
                (_, false, false) => "Decide whether to bill the rest, and mend the cause.",
            }
            .to_owned();
            self.out.findings.push(f);
        }
    }

    pub(super) fn neighbours(&mut self, code: &'static str, severity: Severity, before: &Line, line: &Line) {
        let mut f = Finding::new(code, severity, Some(&line.account), subject("metric", &*line.metric))
            .with_key("metric", &*line.metric)
            .with_key("before", before.period_text())
            .with_key("after", line.period_text());
        if let Some(dimension) = &line.dimension {
            f = f.with_key("dimension", &**dimension);
        }
        f.owner = "billing";
        f.evidence = self.places(before);
        f.evidence.extend(self.places(line));
        let (what, action) = if severity == Severity::Error {
            (
                "overlap: the time that both cover is billed twice",
                "Cut one of the periods, and credit what was billed twice.",
            )
        } else {
            ("leave a hole that nothing bills", "Check whether the export is whole; else bill the hole.")
        };
        f.message = format!(
            "{}'s billed periods of {} {what}: {} and {}.",
            line.account,
            line.metric,
            before.period_text(),
            line.period_text()
        );
        action.clone_into(&mut f.action);
        self.out.findings.push(f);
    }

    pub(super) fn unbilled_finding(
        &mut self,
        account: &Text,
        metric: &Text,
        (start, end): (i64, i64),
        zone: chrono_tz::Tz,
        used: Decimal,
    ) {
        let terms = amounts::price_unbilled(self.inputs, account, metric, start);
        let worth = terms.and_then(|t| Some(Money::new(t.price(used).ok()?, t.listed.price.currency())));
        if worth.as_ref().is_some_and(|w| w.amount.is_zero()) {
            return;
        }
        let severity = if worth.is_some() { Severity::Error } else { Severity::Warning };
        let (from, to) = (moment_text(start, zone), moment_text(end, zone));
        let mut f =
            Finding::new("reconcile/unbilled-usage", severity, Some(account), subject("metric", &**metric))
                .with_key("metric", &**metric)
                .with_key("period_start", &*from)
                .with_key("period_end", &*to);
        f.owner = "billing";
        f.message = format!(
            "{account} used {} {metric} in {}, which others were billed for, and no row bills it{}.",
            number(used),
            lines::month(&from, &to).unwrap_or_else(|| format!("{from} … {to}")),
            worth.as_ref().map_or_else(
                || "; no price says what it is worth".to_owned(),
                |w| format!(": {}", amount_text(w.amount, &w.currency))
            )
        );
        f.diff.push(Diff::decimals("quantity", used, Decimal::ZERO));
        "Bill the usage, or enter a price of 0 where it is free.".clone_into(&mut f.action);
        let instant = |t: i64| rfc3339(DateTime::from_timestamp_nanos(t));
        let minus = |d: Decimal| Value::from(shortest(-d));
        self.out.rows.push(Row {
            values: vec![
                json!(&**account),
                json!(&**metric),
                Value::Null,
                json!(from),
                json!(to),
                json!(instant(start)),
                json!(instant(end)),
                Value::Null,
                json!(shortest(used)),
                json!("0"),
                minus(used),
                json!("-100.00"),
                Value::Null,
                Value::Null,
                json!(worth.as_ref().map(|w| w.currency.clone())),
                json!("unbilled"),
                Value::Null,
                json!(false),
                Value::Null,
            ],
            account: Some(account.to_string()),
            flagged: true,
            rank: (0, Reverse(worth.as_ref().map_or(Decimal::ZERO, |w| w.amount))),
        });
        f.impact = worth;
        self.out.findings.push(f);
    }

    /// What the events themselves show.
    pub(super) fn events(&mut self, meter: &Meter<'_>) {
        let Some((sums, keys)) = meter.sums() else { return };
        let wanted =
            |metric: &str| self.limits.metrics.is_empty() || self.limits.metrics.iter().any(|m| m == metric);
        let mut found = Vec::new();
        for c in &sums.conflicts {
            let key = &keys[c.copies[0].key as usize];
            if self.inputs.excluded(&key.account) || !wanted(&key.metric) {
                continue;
            }
            let mut f = Finding::new(
                "reconcile/conflicting-events",
                Severity::Error,
                Some(&key.account),
                subject("event", &*c.id),
            );
            let contents: Vec<String> = c
                .copies
                .iter()
                .map(|copy| {
                    let key = &keys[copy.key as usize];
                    format!(
                        "{} {} of {} at {}",
                        number(copy.quantity),
                        key.metric,
                        key.account,
                        rfc3339(DateTime::from_timestamp_nanos(copy.time))
                    )
                })
                .collect();
            f.message = format!(
                "Event {} stands for different contents: {}; the first is metered.",
                c.id,
                contents.join("; ")
            );
            f.diff.push(Diff::texts("content", Some(&contents[0]), contents.get(1).map(String::as_str)));
            f.owner = "metering";
            "Find the sender that reuses event ids, and correct the event.".clone_into(&mut f.action);
            f.evidence = c.copies.iter().map(|copy| self.place(copy.file, copy.line)).collect();
            found.push(f);
        }
        let mut duplicates: BTreeMap<&Text, (u64, Decimal)> = BTreeMap::new();
        for (key, d) in &sums.duplicates {
            let key = &keys[*key as usize];
            if !self.inputs.excluded(&key.account) && wanted(&key.metric) {
                let sum = duplicates.entry(&key.metric).or_default();
                sum.0 += d.count;
                sum.1 = decimal::add(sum.1, d.sum).unwrap_or_else(|| sum.1.saturating_add(d.sum));
            }
        }
        for (metric, (count, quantity)) in duplicates {
            let mut f = Finding::new(
                "reconcile/duplicate-events",
                Severity::Info,
                None,
                subject("metric", &**metric),
            )
            .with_key("metric", &**metric);
            f.message = format!(
                "{} of {metric}, {} in all, repeated an earlier event_id and were counted once.",
                counted(count, "event", "events"),
                number(quantity)
            );
            f.diff.push(Diff {
                field: "events".to_owned(),
                expected: None,
                actual: Some(count.to_string()),
                delta: None,
                delta_percent: None,
            });
            f.diff.push(Diff {
                field: "quantity".to_owned(),
                expected: None,
                actual: Some(shortest(quantity)),
                delta: None,
                delta_percent: None,
            });
            f.owner = "metering";
            "Make sure that billing, too, counts each event_id once.".clone_into(&mut f.action);
            found.push(f);
        }
        for s in &sums.suspected {
            let key = &keys[s.key as usize];
            if self.inputs.excluded(&key.account) || !wanted(&key.metric) {
                continue;
            }
            let mut f = Finding::new(
                "reconcile/suspected-duplicates",
                Severity::Warning,
                Some(&key.account),
                subject("metric", &*key.metric),
            )
            .with_key("metric", &*key.metric);
            if let Some(dimension) = &key.dimension {
                f = f.with_key("dimension", &**dimension);
            }
            f.message = format!(
                "{} of {} of {} have three or more events with the same timestamp and quantity under different \
                 ids: {} too many, {} in all, if they are retries.",
                counted(s.groups, "moment", "moments"),
                key.metric,
                key.account,
                counted(s.extra, "event", "events"),
                number(s.quantity)
            );
            f.owner = "metering";
            "Ask the sender's owner whether these were retries.".clone_into(&mut f.action);
            f.evidence = s.places.iter().map(|(file, line)| self.place(*file, *line)).collect();
            found.push(f);
        }
        self.out.findings.extend(found);
    }

    pub(super) fn place(&self, file: usize, line: u64) -> Evidence {
        let file = self.data().inputs.get(file).map_or_else(String::new, |i| i.file.clone());
        Evidence { dataset: "usage_events".to_owned(), file, line }
    }
}

pub(super) fn subject(kind: &str, id: impl Into<String>) -> Subject {
    Subject { kind: kind.to_owned(), id: id.into() }
}

pub(super) fn number(d: Decimal) -> String {
    grouped(&shortest(d))
}

pub(super) fn signed(d: Decimal, expected: Decimal) -> String {
    let plus = if d > Decimal::ZERO { "+" } else { "" };
    match percent(d, expected) {
        Some(p) => format!("{plus}{} %", format_percent(p)),
        None => format!("{plus}{}", number(d)),
    }
}

pub(super) fn amount_text(amount: Decimal, currency: &str) -> String {
    format!("{} {currency}", grouped(&money::format(amount, currency)))
}

/// A clause as a sentence of its own.
pub(super) fn sentence(clause: &str) -> String {
    let mut chars = clause.chars();
    let first: String = chars.next().map(|c| c.to_uppercase().collect()).unwrap_or_default();
    let rest = chars.as_str();
    format!("{first}{rest}{}", if rest.ends_with('.') { "" } else { "." })
}
