//! Judges lines against the meter and the price list.

use super::{
    amounts::{self, Pricing, Terms},
    by_day,
    causes::{self, Question},
    inputs::Inputs,
    lines::{self, Line},
    meter::Meter,
    unbilled::{Candidates, moment_text},
};
use crate::{
    data::{Data, records::Text},
    engine::Outcome,
    judge::naming::{IDENTITIES, Naming, Words},
    model::{
        decimal::{self, Decimal, exceeds, percent, shortest},
        money::{self, Money},
        text::{counted, grouped},
        time::rfc3339,
    },
    report::{Cause, Diff, Evidence, Finding, Problem, Row, Severity, Subject, format_percent},
    settings::OptionalValue as _,
};
use anyhow::Result;
use chrono::DateTime;
use serde_json::{Value, json};
use std::{
    cmp::Reverse,
    collections::{BTreeMap, BTreeSet},
};

/// A line's quantity as judged.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Status {
    Ok,
    Drift,
    Mismatch,
    NoUsage,
    NotJudged,
}

impl Status {
    fn name(self) -> &'static str {
        match self {
            Status::Ok => "ok",
            Status::Drift => "drift",
            Status::Mismatch => "mismatch",
            Status::NoUsage => "no_usage",
            Status::NotJudged => "not_judged",
        }
    }
}

/// A line with all that was found about it.
struct Judged {
    status: Status,
    metered: Option<Decimal>,
    /// Why it was not judged.
    reason: Option<String>,
    cause: Option<Cause>,
    amount_cause: Option<Cause>,
    expected: Option<Decimal>,
    hold: bool,
    impact: Option<Decimal>,
}

/// The thresholds in force.
struct Limits {
    threshold: Decimal,
    min_delta: Decimal,
    /// Periods must be over by this moment, nanoseconds.
    over_by: i64,
    metrics: Vec<String>,
}

struct Judge<'j, 'd> {
    inputs: &'j Inputs<'d>,
    lines: &'j [Line],
    limits: Limits,
    out: Outcome,
    reasons: BTreeMap<String, u64>,
}

fn subject(kind: &str, id: impl Into<String>) -> Subject {
    Subject { kind: kind.to_owned(), id: id.into() }
}

fn number(d: Decimal) -> String {
    grouped(&shortest(d))
}

fn signed(d: Decimal, expected: Decimal) -> String {
    let plus = if d > Decimal::ZERO { "+" } else { "" };
    match percent(d, expected) {
        Some(p) => format!("{plus}{} %", format_percent(p)),
        None => format!("{plus}{}", number(d)),
    }
}

fn amount_text(amount: Decimal, currency: &str) -> String {
    format!("{} {currency}", grouped(&money::format(amount, currency)))
}

/// Runs the check.
pub(super) fn run(data: &Data<'_>) -> Result<Outcome> {
    let settings = data.settings;
    let settle = settings.opt_duration("settle")?;
    let limits = Limits {
        threshold: settings.opt_percent("threshold")?,
        min_delta: settings.opt_decimal("min-delta")?,
        over_by: (settings.as_of - settle).timestamp_nanos_opt().unwrap_or(i64::MAX),
        metrics: settings.opt_texts("metric")?,
    };
    let inputs = Inputs::load(data)?;
    let mut excluded = BTreeSet::new();
    let mut lines = lines::gather(&inputs)?;
    lines.retain(|l| {
        let wanted = limits.metrics.is_empty() || limits.metrics.iter().any(|m| **m == *l.metric);
        let out = inputs.excluded(&l.account);
        if out {
            excluded.insert(l.account.clone());
        }
        wanted && !out
    });
    let candidates = Candidates::of(&lines);
    let mut meter = Meter::open(&inputs, &lines, &candidates)?;
    for account in meter.accounts() {
        if inputs.excluded(&account) {
            excluded.insert(account);
        }
    }
    let mut judge =
        Judge { inputs: &inputs, lines: &lines, limits, out: Outcome::default(), reasons: BTreeMap::new() };
    judge.out.excluded = excluded.len() as u64;
    judge.faults();
    judge.notes(&meter);
    let guarded = judge.guard(&meter);
    let unmetered = judge.unmetered(&meter);

    let mut judged = judge.quantities(&mut meter, guarded, &unmetered)?;
    judge.causes(&mut meter, &mut judged)?;
    judge.amounts(&mut judged, guarded);
    judge.quantity_findings(&mut judged);
    if !guarded {
        judge.periods(&mut judged);
        judge.unbilled(&mut meter, &candidates)?;
        judge.events(&meter);
    }
    let by_day = settings.opt_choice("by")? == "day";
    if !settings.makes_rows {
        judge.out.rows.clear();
    } else if by_day {
        judge.out.columns = Some(by_day::COLUMNS);
        judge.out.rows = by_day::rows(&inputs, &lines, &mut meter, |at| {
            matches!(judged[at].status, Status::Drift | Status::Mismatch | Status::NoUsage)
        })?;
    } else {
        judge.rows(&judged);
    }
    judge.coverage_of_rules(&judged, guarded);
    judge.close(&judged);
    if let Some(path) = settings.opt_path("hold-list").optional()? {
        judge.out.files.push((path, hold_list(&lines, &judged)));
    }
    Ok(judge.out)
}

fn hold_list(lines: &[Line], judged: &[Judged]) -> Vec<u8> {
    let ids: BTreeSet<&Text> =
        lines.iter().zip(judged).filter(|(_, j)| j.hold).flat_map(|(l, _)| &l.invoices).collect();
    ids.iter().flat_map(|id| format!("{id}\n").into_bytes()).collect()
}

impl Judge<'_, '_> {
    fn data(&self) -> &Data<'_> {
        self.inputs.data
    }

    /// Prices that cannot be computed.
    fn faults(&mut self) {
        for (id, reason, at) in &self.inputs.prices.faults {
            let place = self.inputs.data.evidence("prices", *at);
            let problem = Problem::new("data/unusable-price", format!("price {id} {reason}"));
            self.out.problems.push(problem.at(&place.file, Some(place.line)));
        }
    }

    fn notes(&mut self, meter: &Meter<'_>) {
        let data = self.inputs.data;
        if data.has("usage_events") && data.has("usage_totals") {
            self.out
                .notes
                .push("usage_events and usage_totals were both given: the events were metered".to_owned());
        }
        if let Some((from, to)) = meter.coverage() {
            let text = |t: i64| rfc3339(DateTime::from_timestamp_nanos(t));
            self.out.notes.push(format!("the meter covers {} to {}", text(from), text(to)));
        }
        let mut accounts = meter.accounts();
        accounts.extend(self.lines.iter().map(|l| l.account.clone()));
        let unknown: Vec<&Text> =
            accounts.iter().filter(|a| self.inputs.unknown(a) && !self.inputs.excluded(a)).collect();
        let unmatched = data.names.unmatched();
        let ids: BTreeSet<String> =
            unknown.iter().map(|a| a.to_string()).chain(unmatched.iter().map(|(_, id)| id.clone())).collect();
        self.out.unmatched_ids = ids.len() as u64;
        if !ids.is_empty() {
            let behind: Vec<Money> = self
                .lines
                .iter()
                .filter(|l| ids.contains(&*l.account))
                .filter_map(|l| Some(Money::new(l.amount?, l.currency.as_deref()?)))
                .collect();
            let sums = crate::report::totals(&behind);
            let billed: Vec<String> = sums.iter().map(|m| amount_text(m.amount, &m.currency)).collect();
            let behind = if billed.is_empty() {
                String::new()
            } else {
                format!("; {} are billed to them", billed.join(", "))
            };
            self.out
                .notes
                .push(format!("{} no account{behind}", counted(ids.len() as u64, "id matches", "ids match")));
        }
    }

    /// Whether the two sides name different accounts or metrics: then nothing is compared.
    fn guard(&mut self, meter: &Meter<'_>) -> bool {
        const CLAUSE: &str = "that are billed are unknown to the meter, so nothing was compared";
        let (accounts, metrics) = (meter.accounts(), meter.metrics());
        let billed_accounts =
            Naming::of(self.lines.iter().map(|l| (&*l.account, 1)), |a| accounts.contains(a));
        let billed_metrics = Naming::of(self.lines.iter().map(|l| (&*l.metric, 1)), |m| metrics.contains(m));
        let of_accounts = Words { kind: ("account", "accounts"), clause: CLAUSE, remedy: IDENTITIES };
        let of_metrics = Words {
            kind: ("metric", "metrics"),
            clause: CLAUSE,
            remedy: "the two exports name metrics differently; name them alike under [map.metric] in crosscheck.toml",
        };
        let before = self.out.problems.len();
        self.out.problems.extend(billed_accounts.problem(&of_accounts, accounts.iter().map(|a| &**a)));
        self.out.problems.extend(billed_metrics.problem(&of_metrics, metrics.iter().map(|m| &**m)));
        self.out.problems.len() > before
    }

    /// Metrics that are billed and that no event of anybody measures.
    fn unmetered(&mut self, meter: &Meter<'_>) -> BTreeSet<Text> {
        let metered = meter.metrics();
        let lacking: BTreeSet<Text> =
            self.lines.iter().map(|l| l.metric.clone()).filter(|m| !metered.contains(m)).collect();
        for metric in &lacking {
            let lines = self.lines.iter().filter(|l| l.metric == *metric).count() as u64;
            let message = format!(
                "{metric} is billed on {} but no usage of it, of any account, was exported: this is no data, not \
                 zero usage; add the export that holds it, or map its name under [map.metric]",
                counted(lines, "line", "lines")
            );
            self.out.problems.push(Problem::new("reconcile/no-metering", message));
        }
        lacking
    }

    /// Why a line cannot be judged, before its usage is looked at.
    fn unjudgeable(
        &self,
        line: &Line,
        coverage: Option<(i64, i64)>,
        unmetered: &BTreeSet<Text>,
    ) -> Option<String> {
        if line.end > self.limits.over_by {
            return Some("the period is not over".to_owned());
        }
        if line.start >= line.end {
            return Some("the period ends before it starts".to_owned());
        }
        if unmetered.contains(&line.metric) {
            return Some(format!("no usage of {} was exported", line.metric));
        }
        let text = |t: i64| rfc3339(DateTime::from_timestamp_nanos(t));
        match coverage {
            None => Some("no usage was exported".to_owned()),
            Some((from, _)) if line.start < from => {
                Some(format!("the period starts before the first record of the meter ({})", text(from)))
            }
            Some((_, to)) if line.end > to => {
                Some(format!("the period ends after the last record of the meter ({})", text(to)))
            }
            Some(_) if line.dimension.is_some() && self.lacks_dimension() => {
                Some("usage_events has no dimension".to_owned())
            }
            Some(_) => None,
        }
    }

    fn lacks_dimension(&self) -> bool {
        self.data().has("usage_events") && !self.data().has_column("usage_events", "dimension")
            || !self.data().has("usage_events")
    }

    fn wanted(line: &Line) -> (Text, Text, Option<Text>) {
        (line.account.clone(), line.metric.clone(), line.dimension.clone())
    }

    fn quantities(
        &mut self,
        meter: &mut Meter<'_>,
        guarded: bool,
        unmetered: &BTreeSet<Text>,
    ) -> Result<Vec<Judged>> {
        let single: BTreeSet<_> =
            self.lines.iter().filter(|l| meter.needs_readings(&l.metric)).map(Self::wanted).collect();
        meter.load(self.inputs, &single)?;
        let coverage = meter.coverage();
        let mut judged = Vec::with_capacity(self.lines.len());
        for line in self.lines {
            let reason = if guarded {
                Some("the exports name accounts or metrics differently".to_owned())
            } else {
                self.unjudgeable(line, coverage, unmetered)
            };
            let metered = match reason {
                None => meter.total(&Self::wanted(line), line.start, line.end),
                Some(_) => None,
            };
            let reason = match (reason, metered) {
                (None, None) if self.data().has("usage_events") => {
                    Some("the sum of its quantities has more digits than can be kept".to_owned())
                }
                (None, None) => {
                    Some("a window of usage_totals straddles the period's start or end".to_owned())
                }
                (reason, _) => reason,
            };
            let status = match metered {
                Some(metered) => self.compare(line, metered),
                None => Status::NotJudged,
            };
            if let Some(reason) = &reason {
                *self.reasons.entry(reason.clone()).or_default() += 1;
            }
            judged.push(Judged {
                status,
                metered,
                reason,
                cause: None,
                amount_cause: None,
                expected: None,
                hold: false,
                impact: None,
            });
        }
        Ok(judged)
    }

    fn compare(&self, line: &Line, metered: Decimal) -> Status {
        if line.quantity == metered {
            return Status::Ok;
        }
        let Some(delta) = decimal::sub(line.quantity, metered) else { return Status::Mismatch };
        if metered.is_zero() {
            return Status::NoUsage;
        }
        let beyond = exceeds(delta, metered, self.limits.threshold) && delta.abs() > self.limits.min_delta;
        if beyond { Status::Mismatch } else { Status::Drift }
    }

    fn causes(&mut self, meter: &mut Meter<'_>, judged: &mut [Judged]) -> Result<()> {
        let unequal = |j: &Judged| !matches!(j.status, Status::Ok | Status::NotJudged);
        let wanted: BTreeSet<_> = self
            .lines
            .iter()
            .zip(judged.iter())
            .filter(|(_, j)| unequal(j))
            .map(|(l, _)| Self::wanted(l))
            .collect();
        meter.load(self.inputs, &wanted)?;
        let settings = self.data().settings;
        let Some(coverage) = meter.coverage() else { return Ok(()) };
        let mut windows = causes::Windows::default();
        for (line, j) in self.lines.iter().zip(judged.iter_mut()).filter(|(_, j)| unequal(j)) {
            let (Some(readings), Some(metered)) = (meter.readings(&Self::wanted(line)), j.metered) else {
                continue;
            };
            let question = Question {
                line,
                readings,
                metered,
                coverage,
                timezone: settings.timezone,
                usual: &settings.usual_zones,
                mismatch: j.status != Status::Drift,
            };
            j.cause = causes::explain(&question, &mut windows);
        }
        Ok(())
    }

    /// Prices every line, and judges amounts.
    fn amounts(&mut self, judged: &mut [Judged], guarded: bool) {
        let inputs = self.inputs;
        let has_amounts = self.data().has_column("billed_usage", "amount");
        let priced: Vec<Pricing<'_>> = self.lines.iter().map(|l| amounts::price_line(inputs, l)).collect();
        let (mut looked_at, mut unpriced) = (0, 0);
        for (at, line) in self.lines.iter().enumerate() {
            if let Pricing::OtherCurrency(listed) = &priced[at] {
                judged[at].hold |= line.can_wait() && !guarded;
                if !guarded && line.end <= self.limits.over_by {
                    self.currency(line, listed);
                }
            }
            if !matches!(priced[at], Pricing::Terms(_)) {
                unpriced += 1;
            }
        }
        for bundle in amounts::bundles(inputs, self.lines, &priced) {
            let first = &self.lines[bundle.lines[0]];
            let currency = bundle.terms.listed.price.currency().to_owned();
            let quantities: Vec<Decimal> =
                bundle.lines.iter().flat_map(|l| self.lines[*l].quantities.iter().copied()).collect();
            let expected = bundle.terms.expected(&quantities, bundle.terms.switches).ok();
            let alone = bundle.lines.len() == 1;
            for &l in &bundle.lines {
                let j = &mut judged[l];
                j.expected = expected.filter(|_| alone);
                if let (Some(metered), true) = (j.metered, alone) {
                    j.impact = bundle
                        .terms
                        .price(metered)
                        .ok()
                        .zip(bundle.terms.price(self.lines[l].quantity).ok())
                        .and_then(|(m, b)| amounts::difference(b, m, &currency));
                }
            }
            if guarded
                || !has_amounts
                || bundle.lines.iter().any(|l| self.lines[*l].end > self.limits.over_by)
            {
                continue;
            }
            let billed = bundle
                .lines
                .iter()
                .try_fold(Decimal::ZERO, |sum, l| decimal::add(sum, self.lines[*l].amount?));
            let (Some(expected), Some(billed)) = (expected, billed) else { continue };
            looked_at += 1;
            let Some(delta) = decimal::sub(billed, expected) else { continue };
            if delta.abs() <= money::minor_unit(&currency) || first.currencies.len() > 1 {
                continue;
            }
            let error = exceeds(delta, expected, self.limits.threshold);
            let cause = amounts::explain(inputs, &bundle.terms, &first.metric, &quantities, billed);
            for &l in &bundle.lines {
                judged[l].hold |= error && self.lines[l].can_wait();
                judged[l].amount_cause.clone_from(&cause);
            }
            self.amount_finding(&bundle.lines, &bundle.terms, expected, billed, error, cause);
        }
        self.out.judged.insert("reconcile/amount-mismatch", (looked_at, unpriced));
        for (line, j) in self.lines.iter().zip(judged.iter_mut()) {
            if j.impact.is_none() {
                j.impact = j.metered.and_then(|m| share_of_amount(line, m));
            }
        }
    }

    fn currency(&mut self, line: &Line, listed: &crate::judge::price_book::Listed) {
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

    fn amount_finding(
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

    fn places(&self, line: &Line) -> Vec<Evidence> {
        line.rows.iter().map(|at| self.data().evidence("billed_usage", *at)).collect()
    }

    /// A finding about a line: about its invoice where it has one.
    fn finding(&self, code: &'static str, severity: Severity, line: &Line) -> Finding {
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

    fn quantity_findings(&mut self, judged: &mut [Judged]) {
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

    /// Overlaps and gaps between an account's periods of one metric.
    fn periods(&mut self, judged: &mut [Judged]) {
        let mut series: BTreeMap<(&str, &str, Option<&str>), Vec<usize>> = BTreeMap::new();
        for (at, l) in self.lines.iter().enumerate() {
            series.entry((&l.account, &l.metric, l.dimension.as_deref())).or_default().push(at);
        }
        let mut pairs = 0;
        for members in series.values() {
            let mut members = members.clone();
            members.sort_by_key(|&at| (self.lines[at].start, self.lines[at].end));
            let mut furthest = members[0];
            for &at in &members[1..] {
                pairs += 1;
                let (before, line) = (&self.lines[furthest], &self.lines[at]);
                if line.start < before.end {
                    judged[at].hold |= line.can_wait();
                    judged[furthest].hold |= before.can_wait();
                    self.neighbours("reconcile/period-overlap", Severity::Error, before, line);
                } else if line.start > before.end {
                    self.neighbours("reconcile/period-gap", Severity::Warning, before, line);
                }
                if line.end > before.end {
                    furthest = at;
                }
            }
        }
        self.out.judged.insert("reconcile/period-overlap", (pairs, 0));
        self.out.judged.insert("reconcile/period-gap", (pairs, 0));
    }

    fn neighbours(&mut self, code: &'static str, severity: Severity, before: &Line, line: &Line) {
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

    /// Usage in periods that were billed to others.
    fn unbilled(&mut self, meter: &mut Meter<'_>, candidates: &Candidates) -> Result<()> {
        let mut covered: BTreeMap<(&str, &str), Vec<(i64, i64)>> = BTreeMap::new();
        for l in self.lines {
            covered.entry((&l.account, &l.metric)).or_default().push((l.start, l.end));
        }
        let groups: Vec<_> = meter
            .groups()
            .into_iter()
            .filter(|(a, m)| !candidates.of_metric(m).is_empty() && !self.inputs.excluded(a))
            .collect();
        let single: BTreeSet<_> = groups
            .iter()
            .filter(|(_, m)| meter.needs_readings(m))
            .map(|(a, m)| (a.clone(), m.clone(), None))
            .collect();
        meter.load(self.inputs, &single)?;
        let Some((oldest, newest)) = meter.coverage() else { return Ok(()) };
        let (mut looked_at, mut left_out) = (0, 0);
        for (account, metric) in groups {
            let zone = self.inputs.agreed_zone(&account, None);
            let mut done = covered.get(&(&*account, &*metric)).cloned().unwrap_or_default();
            for candidate in candidates.of_metric(&metric) {
                let pieces = candidate.uncovered(zone, &done);
                done.push(candidate.in_zone(zone));
                let (Some(&(start, _)), Some(&(_, end))) = (pieces.first(), pieces.last()) else { continue };
                if end > self.limits.over_by || start < oldest || end > newest {
                    left_out += 1;
                    continue;
                }
                looked_at += 1;
                let wanted = (account.clone(), metric.clone(), None);
                let used = pieces
                    .iter()
                    .try_fold(Decimal::ZERO, |s, (a, b)| decimal::add(s, meter.total(&wanted, *a, *b)?));
                if let Some(used) = used.filter(|u| *u > Decimal::ZERO) {
                    self.unbilled_finding(&account, &metric, (start, end), zone, used);
                }
            }
        }
        self.out.judged.insert("reconcile/unbilled-usage", (looked_at, left_out));
        Ok(())
    }

    fn unbilled_finding(
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
    fn events(&mut self, meter: &Meter<'_>) {
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

    fn place(&self, file: usize, line: u64) -> Evidence {
        let file = self.data().inputs.get(file).map_or_else(String::new, |i| i.file.clone());
        Evidence { dataset: "usage_events".to_owned(), file, line }
    }

    fn rows(&mut self, judged: &[Judged]) {
        let mut rows: Vec<Row> = Vec::with_capacity(judged.len() + self.out.rows.len());
        for (line, j) in self.lines.iter().zip(judged) {
            let (start_at, end_at) = line.instants();
            let delta = j.metered.and_then(|m| line.quantity.checked_sub(m));
            let share = delta.zip(j.metered).and_then(|(d, m)| percent(d, m)).map(format_percent);
            let currency = line.currency.as_deref();
            let money_of = |a: Option<Decimal>| a.map(|a| money::format(a, currency.unwrap_or("USD")));
            let cause = j.cause.as_ref().or(j.amount_cause.as_ref()).map(|c| c.id.clone());
            let flagged =
                !matches!(j.status, Status::Ok | Status::NotJudged) || j.amount_cause.is_some() || j.hold;
            let rank = match j.status {
                Status::Mismatch | Status::NoUsage => 0,
                _ if j.hold || j.amount_cause.is_some() => 1,
                Status::Drift => 2,
                Status::NotJudged => 3,
                Status::Ok => 4,
            };
            rows.push(Row {
                values: vec![
                    json!(&*line.account),
                    json!(&*line.metric),
                    json!(line.dimension.as_deref()),
                    json!(line.start_text),
                    json!(line.end_text),
                    json!(start_at),
                    json!(end_at),
                    json!(line.invoice_text()),
                    json!(j.metered.map(shortest)),
                    json!(shortest(line.quantity)),
                    json!(delta.map(shortest)),
                    json!(share),
                    json!(money_of(j.expected)),
                    json!(money_of(line.amount)),
                    json!(currency),
                    json!(j.status.name()),
                    json!(cause),
                    json!(j.hold),
                    json!(j.reason),
                ],
                account: Some(line.account.to_string()),
                flagged,
                rank: (rank, Reverse(j.impact.unwrap_or_default())),
            });
        }
        rows.append(&mut self.out.rows);
        // Account, metric, start, dimension.
        rows.sort_by(|a, b| {
            let by = |at: usize| a.values[at].as_str().cmp(&b.values[at].as_str());
            by(0).then_with(|| by(1)).then_with(|| by(5)).then_with(|| by(2))
        });
        self.out.rows = rows;
    }

    /// How far each rule was judged.
    fn coverage_of_rules(&mut self, judged: &[Judged], guarded: bool) {
        let not = judged.iter().filter(|j| j.status == Status::NotJudged).count() as u64;
        let done = judged.len() as u64 - not;
        for code in
            ["reconcile/quantity-mismatch", "reconcile/quantity-drift", "reconcile/billed-without-usage"]
        {
            self.out.judged.insert(code, (done, not));
        }
        let events = self.data().loaded("usage_events");
        for code in
            ["reconcile/conflicting-events", "reconcile/duplicate-events", "reconcile/suspected-duplicates"]
        {
            self.out.judged.insert(code, if guarded { (0, events) } else { (events, 0) });
        }
        let amount = self.out.judged.get("reconcile/amount-mismatch").copied().unwrap_or_default();
        let has_currency = self.data().has_column("billed_usage", "currency");
        let currency = if has_currency { amount } else { (0, amount.0 + amount.1) };
        self.out.judged.insert("reconcile/currency-mismatch", currency);
    }

    fn close(&mut self, judged: &[Judged]) {
        let count = |s: Status| judged.iter().filter(|j| j.status == s).count() as u64;
        let not = count(Status::NotJudged);
        self.out.checked = judged.len() as u64 - not;
        self.out.not_judged = not;
        let (beyond, drift) = (count(Status::Mismatch) + count(Status::NoUsage), count(Status::Drift));
        let threshold = shortest(self.limits.threshold);
        let mut head = if beyond == 0 {
            format!(
                "{} {} within {threshold} % of the meter",
                counted(self.out.checked, "judged line", "judged lines"),
                if self.out.checked == 1 { "is" } else { "are" }
            )
        } else {
            format!(
                "{} of {} by more than {threshold} %",
                grouped(&beyond.to_string()),
                counted(self.out.checked, "judged line differs", "judged lines differ")
            )
        };
        if self.out.checked == 0 {
            head = "no line could be judged".to_owned();
        }
        if drift > 0 {
            head.push_str(&format!(", {drift} by less"));
        }
        if not > 0 {
            head.push_str(&format!("; {} not judged", grouped(&not.to_string())));
        }
        self.out.headline = head;
        for (reason, n) in &self.reasons {
            self.out.notes.push(format!("not judged: {}: {reason}", counted(*n, "line", "lines")));
        }
        let hold: BTreeSet<&Text> =
            self.lines.iter().zip(judged).filter(|(_, j)| j.hold).flat_map(|(l, _)| &l.invoices).collect();
        self.out.own.insert("hold".to_owned(), json!(hold.len()));
        if !hold.is_empty() {
            self.out.notes.push(format!(
                "{} should wait (--hold-list FILE writes their ids)",
                counted(hold.len() as u64, "draft or open invoice", "draft or open invoices")
            ));
        }
    }
}

/// Without prices: the row's amount × |delta| / billed quantity, rounded half-up to the minor unit.
fn share_of_amount(line: &Line, metered: Decimal) -> Option<Decimal> {
    use crate::model::decimal::Exact;
    let (amount, currency) = (line.amount?, line.currency.as_deref()?);
    let delta = decimal::sub(line.quantity, metered)?.abs();
    let product = Exact::from(amount).mul(Exact::from(delta)).ok()?;
    let share = product.div_round(Exact::from(line.quantity), money::minor_digits(currency)).ok()??;
    Some(share.abs())
}

/// A clause as a sentence of its own.
fn sentence(clause: &str) -> String {
    let mut chars = clause.chars();
    let first: String = chars.next().map(|c| c.to_uppercase().collect()).unwrap_or_default();
    let rest = chars.as_str();
    format!("{first}{rest}{}", if rest.ends_with('.') { "" } else { "." })
}
