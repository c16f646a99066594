//! Judges lines against the meter and the price list.

use super::{
    amounts::{self, Pricing},
    by_day,
    causes::{self, Question},
    findings::amount_text,
    inputs::Inputs,
    lines::{self, Line},
    meter::Meter,
    unbilled::{Candidates, Covered},
};
use crate::{
    data::{Data, records::Text},
    engine::Outcome,
    judge::naming::{IDENTITIES, Naming, Words},
    model::{
        decimal::{self, Decimal, exceeds},
        money::{self, Money},
        text::counted,
        time::rfc3339,
    },
    report::{Cause, Problem, Severity},
    settings::OptionalValue as _,
};
use anyhow::Result;
use chrono::DateTime;
use chrono_tz::Tz;
use std::collections::{BTreeMap, BTreeSet, HashMap};

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
    pub(super) fn name(self) -> &'static str {
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
pub(super) struct Judged {
    pub(super) status: Status,
    pub(super) metered: Option<Decimal>,
    /// Why it was not judged.
    pub(super) reason: Option<String>,
    pub(super) cause: Option<Cause>,
    pub(super) amount_cause: Option<Cause>,
    pub(super) expected: Option<Decimal>,
    pub(super) hold: bool,
    pub(super) impact: Option<Decimal>,
}

/// The thresholds in force.
pub(super) struct Limits {
    pub(super) threshold: Decimal,
    pub(super) min_delta: Decimal,
    /// Periods must be over by this moment, nanoseconds.
    pub(super) over_by: i64,
    pub(super) metrics: Vec<String>,
}

pub(super) struct Judge<'j, 'd> {
    pub(super) inputs: &'j Inputs<'d>,
    pub(super) lines: &'j [Line],
    pub(super) limits: Limits,
    pub(super) out: Outcome,
    pub(super) reasons: BTreeMap<String, u64>,
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
            excluded.insert(l.account);
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
    if settings.rows_needed == crate::report::RowsNeeded::None {
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
    pub(super) fn data(&self) -> &Data<'_> {
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
        accounts.extend(self.lines.iter().map(|l| l.account));
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
            Naming::of(self.lines.iter().map(|l| (&l.account, 1)), |a| accounts.contains(a));
        let billed_metrics = Naming::of(self.lines.iter().map(|l| (&l.metric, 1)), |m| metrics.contains(m));
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
            self.lines.iter().map(|l| l.metric).filter(|m| !metered.contains(m)).collect();
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
        (line.account, line.metric, line.dimension)
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

    /// Usage in periods that were billed to others.
    fn unbilled(&mut self, meter: &mut Meter<'_>, candidates: &Candidates) -> Result<()> {
        let mut covered: HashMap<(Text, Text), Covered> = HashMap::new();
        for l in self.lines {
            covered.entry((l.account, l.metric)).or_default().add((l.start, l.end));
        }
        let mut periods: HashMap<(Text, Tz), Vec<(i64, i64)>> = HashMap::new();
        let groups: Vec<_> = meter
            .groups()
            .into_iter()
            .filter(|(a, m)| !candidates.of_metric(m).is_empty() && !self.inputs.excluded(a))
            .collect();
        let single: BTreeSet<_> =
            groups.iter().filter(|(_, m)| meter.needs_readings(m)).map(|(a, m)| (*a, *m, None)).collect();
        meter.load(self.inputs, &single)?;
        let Some((oldest, newest)) = meter.coverage() else { return Ok(()) };
        let (mut looked_at, mut left_out) = (0, 0);
        for (account, metric) in groups {
            let zone = self.inputs.agreed_zone(&account, None);
            let mut done = covered.remove(&(account, metric)).unwrap_or_default();
            let periods = periods.entry((metric, zone)).or_insert_with(|| candidates.in_zone(&metric, zone));
            for &period in periods.iter() {
                let pieces = done.leave_of(period);
                done.add(period);
                let (Some(&(start, _)), Some(&(_, end))) = (pieces.first(), pieces.last()) else { continue };
                if end > self.limits.over_by || start < oldest || end > newest {
                    left_out += 1;
                    continue;
                }
                looked_at += 1;
                let wanted = (account, metric, None);
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
