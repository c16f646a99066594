//! Judges every change: what is due, what was invoiced, why they differ, and whether product and customer knew.

use super::{
    ad_hoc,
    causes::{self, Answer, Invoiced, Question},
    change::{self, Event, Kind, Priced},
    features::{self, Window},
    inputs::{Inputs, Line},
    lines,
};
use crate::{
    data::{Data, records::Text},
    engine::Outcome,
    judge::{
        calendar::reading,
        proration::{Change, Convention, Prorated, Rules, Terms, amount, explain_change},
    },
    model::{
        decimal::{self, Decimal, shortest},
        money::{self, Money},
        text::counted,
        time::{Instant, rfc3339},
    },
    report::{Diff, Finding, Passage, Row, Severity, Subject},
    settings::Settings,
};
use anyhow::{Context as _, Result, bail};
use chrono::{NaiveDateTime, TimeDelta};
use serde_json::{Value, json};
use std::{
    cmp::Reverse,
    collections::{BTreeMap, BTreeSet, HashMap},
};

/// What a change to less gives.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Downgrade {
    Credit,
    AtPeriodEnd,
    Nothing,
}

/// What is in force.
struct Policy {
    rules: Rules,
    downgrade: Downgrade,
    tolerance: TimeDelta,
    show_math: bool,
    as_of: Instant,
}

impl Policy {
    fn of(settings: &Settings) -> Result<Policy> {
        Ok(Policy {
            rules: Rules {
                convention: ad_hoc::convention(settings)?,
                currency: String::new(),
                discount: Decimal::ZERO,
                tax: Decimal::ZERO,
            },
            downgrade: match settings.opt_choice("downgrade")? {
                "at_period_end" => Downgrade::AtPeriodEnd,
                "none" => Downgrade::Nothing,
                _ => Downgrade::Credit,
            },
            tolerance: settings.opt_duration("moment-tolerance")?,
            show_math: settings.opt_switch("show-math")?,
            as_of: settings.as_of,
        })
    }
}

/// How a change was judged.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Status {
    Ok,
    Mismatch,
    NotInvoiced,
    Open,
    NotJudged,
}

impl Status {
    fn name(self) -> &'static str {
        match self {
            Status::Ok => "ok",
            Status::Mismatch => "mismatch",
            Status::NotInvoiced => "not_invoiced",
            Status::Open => "open",
            Status::NotJudged => "not_judged",
        }
    }
}

/// A change with what is due for it.
struct Computed {
    priced: Priced,
    due: Prorated,
    /// Whether the whole of a change to less waits for the period's end.
    waits: bool,
    /// Charges and credits of the change before in the same cycle.
    before: Option<(Vec<Decimal>, NaiveDateTime)>,
}

struct Judged {
    status: Status,
    reason: Option<String>,
    invoiced: Option<Invoiced>,
    delta: Option<Decimal>,
    answer: Answer,
    math: Vec<String>,
}

/// Runs the check on exports.
pub(super) fn run(data: &Data<'_>) -> Result<Outcome> {
    if ad_hoc::answer(data.settings)?.is_some() {
        bail!("--from and --price ask for the mathematics alone: name no exports with them");
    }
    let policy = Policy::of(data.settings)?;
    let inputs = Inputs::load(data)?;
    let mut excluded: BTreeSet<Text> = BTreeSet::new();
    let mut events = change::events(&inputs);
    events.retain(|e| {
        let out = inputs.excluded(&e.account);
        if out {
            excluded.insert(e.account.clone());
        }
        !out
    });
    let (computed, mut reasons) = compute(&inputs, &events, &policy)?;
    let priced: Vec<Option<&Priced>> = computed.iter().map(|c| c.as_ref().map(|c| &c.priced)).collect();
    let of = lines::attribute(&inputs, &events, &priced, policy.rules.convention.unit_seconds());
    let computed = with_payments(&inputs, &events, computed, &of.of)?;
    let mut judge = Judge { inputs: &inputs, policy: &policy, events: &events, out: Outcome::default() };
    judge.out.excluded = excluded.len() as u64;
    let mut judged = Vec::with_capacity(events.len());
    for (n, event) in events.iter().enumerate() {
        let own: Vec<&Line> = of.of[n].iter().map(|&l| &inputs.lines[l]).collect();
        judged.push(judge.change(event, computed[n].as_ref(), &own, reasons[n].take())?);
    }
    judge.features(&computed);
    judge.close(&judged, of.loose);
    judge.rows(&computed, &judged, &of.of);
    Ok(judge.out)
}

type Reasons = Vec<Option<String>>;

/// What is due for every change that can be computed; for the others the reason.
fn compute(
    inputs: &Inputs<'_>,
    events: &[Event<'_>],
    policy: &Policy,
) -> Result<(Vec<Option<Computed>>, Reasons)> {
    // What is left to be credited of a subscription's cycle.
    let mut left: HashMap<(&Text, Option<&Text>, NaiveDateTime), Decimal> = HashMap::new();
    let (mut found, mut reasons) = (Vec::new(), Vec::new());
    for event in events {
        let mut priced = match price(inputs, event, policy) {
            Ok(priced) => priced,
            Err(reason) => {
                found.push(None);
                reasons.push(Some(reason));
                continue;
            }
        };
        let key = (&event.account, event.subscription_id.as_ref(), priced.change.period.start);
        if let Some(rest) = left.get(&key) {
            priced.change.paid = Some(*rest);
        }
        let waits = priced.downgrade && policy.downgrade != Downgrade::Credit;
        let change = if waits { nothing(&priced.change) } else { priced.change.clone() };
        let due = change.prorate(&priced.rules).context("a change's figures are too large")?;
        if let Some(paid) = priced.change.paid {
            let rest = decimal::sum([paid, due.credit.amount, due.charge.amount]);
            left.insert(key, rest.context("a change's figures are too large")?);
        }
        found.push(Some(Computed { priced, due, waits, before: None }));
        reasons.push(None);
    }
    Ok((found, reasons))
}

/// A change for which nothing is credited or charged.
fn nothing(change: &Change) -> Change {
    Change { from: Terms::NOTHING, to: Terms::NOTHING, ..change.clone() }
}

fn price(inputs: &Inputs<'_>, event: &Event<'_>, policy: &Policy) -> Result<Priced, String> {
    if event.at > policy.as_of {
        return Err("it takes effect after --as-of".to_owned());
    }
    let priced = change::price(inputs, event, &policy.rules)?;
    let covered = inputs.covered_from.is_none_or(|from| from <= priced.cycle.1);
    if covered { Ok(priced) } else { Err("the invoices begin after its cycle".to_owned()) }
}

/// Tells each change of the payments of the one before it in the same cycle.
fn with_payments(
    inputs: &Inputs<'_>,
    events: &[Event<'_>],
    mut computed: Vec<Option<Computed>>,
    lines: &[Vec<usize>],
) -> Result<Vec<Option<Computed>>> {
    for n in 1..computed.len() {
        let same = |k: &usize| {
            (&events[*k].account, &events[*k].subscription_id)
                == (&events[n].account, &events[n].subscription_id)
        };
        let Some(k) = (0..n).rev().take_while(|k| events[*k].account == events[n].account).find(same) else {
            continue;
        };
        let (head, tail) = computed.split_at_mut(n);
        let (Some(before), Some(this)) = (&head[k], &mut tail[0]) else { continue };
        if before.priced.cycle != this.priced.cycle || before.priced.change.on >= this.priced.change.on {
            continue;
        }
        let own: Vec<&Line> = lines[k].iter().map(|&l| &inputs.lines[l]).collect();
        let mut payments = vec![before.due.net, before.due.charge.amount];
        payments.extend(invoiced(&own)?.map(|i| i.net));
        payments.retain(|p| *p > Decimal::ZERO);
        payments.sort();
        payments.dedup();
        this.before = Some((payments, before.priced.change.on));
    }
    Ok(computed)
}

/// The sums of a change's lines; `None` without any.
fn invoiced(lines: &[&Line]) -> Result<Option<Invoiced>> {
    if lines.is_empty() {
        return Ok(None);
    }
    let sum = |below: bool| {
        decimal::sum(lines.iter().map(|l| l.row.amount).filter(|a| (*a < Decimal::ZERO) == below))
            .context("invoice lines are too large to be summed")
    };
    let (credit, charge) = (sum(true)?, sum(false)?);
    let net = decimal::add(credit, charge).context("invoice lines are too large to be summed")?;
    let lines = causes::sorted(lines.iter().map(|l| l.row.amount));
    Ok(Some(Invoiced { lines, credit, charge, net }))
}

fn subject(event: &Event<'_>) -> Subject {
    match event.kind {
        Kind::Change => Subject { kind: "plan_change".to_owned(), id: event.id.clone() },
        _ => {
            let id = event.subscription_id.as_ref().map_or_else(|| event.id.clone(), ToString::to_string);
            Subject { kind: "subscription".to_owned(), id }
        }
    }
}

/// `the change of acct_1 from starter to pro on 2026-06-16T00:00:00Z`.
fn spoken(event: &Event<'_>) -> String {
    let at = rfc3339(event.at);
    match (&event.from, &event.to) {
        (Some(from), Some(to)) if from == to => {
            format!("the change of {}'s quantity of {to} at {at}", event.account)
        }
        (Some(from), Some(to)) => format!("the change of {} from {from} to {to} at {at}", event.account),
        (None, Some(to)) => format!("the start of {} on {to} at {at}", event.account),
        (Some(from), None) => format!("the end of {}'s {from} at {at}", event.account),
        (None, None) => format!("the change of {} at {at}", event.account),
    }
}

struct Judge<'j, 'd> {
    inputs: &'j Inputs<'d>,
    policy: &'j Policy,
    events: &'j [Event<'j>],
    out: Outcome,
}

impl Judge<'_, '_> {
    fn count(&mut self, code: &'static str, judged: bool) {
        let counts = self.out.judged.entry(code).or_default();
        if judged {
            counts.0 += 1;
        } else {
            counts.1 += 1;
        }
    }

    fn change(
        &mut self,
        event: &Event<'_>,
        computed: Option<&Computed>,
        lines: &[&Line],
        reason: Option<String>,
    ) -> Result<Judged> {
        let invoiced = invoiced(lines)?;
        let Some(computed) = computed else {
            for code in ["prorate/amount-mismatch", "prorate/not-invoiced", "prorate/not-shown"] {
                self.count(code, false);
            }
            let status = Status::NotJudged;
            let (delta, answer, math) = (None, Answer::default(), Vec::new());
            return Ok(Judged { status, reason, invoiced, delta, answer, math });
        };
        let (net, rules) = (computed.due.net, &computed.priced.rules);
        let delta = invoiced.as_ref().and_then(|i| decimal::sub(i.net, net));
        let answer = match invoiced.clone().filter(|_| delta.is_some_and(|d| !d.is_zero())) {
            Some(invoiced) => self.explain(computed, invoiced),
            None => Answer::default(),
        };
        let foreign = lines.iter().any(|l| *l.row.currency != rules.currency);
        let status = match delta {
            _ if foreign => Status::NotJudged,
            Some(d) if d.abs() > money::minor_unit(&rules.currency) => Status::Mismatch,
            Some(_) => Status::Ok,
            None => self.without_lines(event, computed),
        };
        let reason = foreign.then(|| "it was invoiced in another currency".to_owned());
        let has_lines = self.inputs.data.has("invoice_lines");
        self.count(
            "prorate/amount-mismatch",
            status != Status::NotJudged && has_lines && status != Status::Open,
        );
        self.count("prorate/not-invoiced", status != Status::NotJudged && status != Status::Open);
        let judged = Judged { status, reason, invoiced, delta, answer, math: Vec::new() };
        let math = self.math(event, computed, &judged, lines)?;
        match status {
            Status::Mismatch => self.mismatch(event, computed, &judged, lines),
            Status::NotInvoiced => self.not_invoiced(event, computed),
            _ => {}
        }
        self.shown(event, computed, &judged, lines);
        Ok(Judged { math, ..judged })
    }

    fn explain(&self, computed: &Computed, invoiced: Invoiced) -> Answer {
        let waiting = computed.waits.then(|| nothing(&computed.priced.change));
        // A change that waits was billed as if it did not: the mathematics of the change itself is the first guess.
        let change = waiting.as_ref().unwrap_or(&computed.priced.change);
        causes::explain(&Question {
            change,
            rules: &computed.priced.rules,
            due: &computed.due,
            invoiced,
            old_prices: &computed.priced.old_prices,
            last_payment: computed.before.clone(),
        })
    }

    /// A change that no line prorates.
    fn without_lines(&self, event: &Event<'_>, computed: &Computed) -> Status {
        if computed.priced.at_boundary || computed.waits || computed.due.net.is_zero() {
            return Status::Ok;
        }
        let later = self.inputs.later_invoice(&event.account, event.subscription_id.as_ref(), event.at);
        if later.is_some() && self.inputs.data.has("invoice_lines") {
            Status::NotInvoiced
        } else {
            Status::Open
        }
    }

    fn finding(&self, code: &'static str, severity: Severity, event: &Event<'_>, lines: &[&Line]) -> Finding {
        let mut f = Finding::new(code, severity, Some(&event.account), subject(event));
        f.evidence = vec![self.inputs.data.evidence(event.place.0, event.place.1)];
        f.evidence.extend(lines.iter().map(|l| self.inputs.data.evidence("invoice_lines", l.row.at)));
        f.owner = "billing";
        f
    }

    fn mismatch(&mut self, event: &Event<'_>, computed: &Computed, judged: &Judged, lines: &[&Line]) {
        let (Some(invoiced), Some(delta)) = (&judged.invoiced, judged.delta) else { return };
        let (due, currency) = (&computed.due, &computed.priced.rules.currency);
        let mut f = self.finding("prorate/amount-mismatch", Severity::Error, event, lines);
        let way = if delta > Decimal::ZERO { "too much" } else { "too little" };
        let why = judged.answer.cause.as_ref().map_or_else(String::new, |c| format!(": {}", c.detail));
        f.message = format!(
            "{} was invoiced for {}; {} was due ({} charged, {} credited), so {} {way}{why}.",
            amount(invoiced.net, currency),
            spoken(event),
            amount(due.net, currency),
            amount(due.charge.amount, currency),
            amount(due.credit.amount.abs(), currency),
            amount(delta.abs(), currency)
        );
        f.diff = vec![Diff::decimals("net", due.net, invoiced.net)];
        if due.credit.amount != invoiced.credit {
            f.diff.push(Diff::decimals("credit", due.credit.amount, invoiced.credit));
        }
        if due.charge.amount != invoiced.charge {
            f.diff.push(Diff::decimals("charge", due.charge.amount, invoiced.charge));
        }
        f.cause.clone_from(&judged.answer.cause);
        f.impact = Some(Money::new(delta.abs(), currency));
        f.action = if delta > Decimal::ZERO {
            "Credit what was charged too much, and send the customer the mathematics (--show-math)."
        } else {
            "Bill or write off what was charged too little, and send the customer the mathematics (--show-math)."
        }
        .to_owned();
        self.out.findings.push(f);
    }

    fn not_invoiced(&mut self, event: &Event<'_>, computed: &Computed) {
        let (due, currency) = (&computed.due, &computed.priced.rules.currency);
        let mut f = self.finding("prorate/not-invoiced", Severity::Error, event, &[]);
        let later = self.inputs.later_invoice(&event.account, event.subscription_id.as_ref(), event.at);
        let later = later.map_or_else(String::new, |i| {
            f.evidence.push(self.inputs.data.evidence("invoices", i.at));
            format!(" ({} came later)", i.invoice_id)
        });
        f.message = format!(
            "{} of credit and {} of charge, {} in all, were due for {} and stand on no invoice{later}.",
            amount(due.credit.amount.abs(), currency),
            amount(due.charge.amount, currency),
            amount(due.net, currency),
            spoken(event)
        );
        f.diff = vec![Diff {
            actual: None,
            delta: None,
            delta_percent: None,
            ..Diff::decimals("net", due.net, due.net)
        }];
        f.impact = Some(Money::new(due.net.abs(), currency));
        f.action = if due.net < Decimal::ZERO {
            "Credit the customer, and say how it is computed (--show-math)."
        } else {
            "Add the lines to the next invoice, and show the customer the mathematics before (--show-math)."
        }
        .to_owned();
        self.out.findings.push(f);
    }

    /// Whether the customer saw the mathematics before the charge.
    fn shown(&mut self, event: &Event<'_>, computed: &Computed, judged: &Judged, lines: &[&Line]) {
        if event.kind != Kind::Change || !self.inputs.data.has_column("plan_changes", "shown_to_customer_at")
        {
            return;
        }
        let due = &computed.due;
        let money = !due.credit.amount.is_zero() || !due.charge.amount.is_zero();
        self.count("prorate/not-shown", true);
        if judged.invoiced.is_none() && (!money || computed.priced.at_boundary) {
            return;
        }
        let column = event.row.and_then(|c| c.row.shown_to_customer_at);
        let message = event.row.and_then(|c| c.row.change_id.as_ref()).and_then(|id| self.inputs.told_at(id));
        let shown = [column, message].into_iter().flatten().min();
        let charged = lines.iter().filter_map(|l| self.inputs.charged_at(&l.row.invoice_id)).min();
        let what = match (shown, charged) {
            (None, _) => "was never shown to the customer".to_owned(),
            (Some(shown), Some(charged)) if shown > charged => format!(
                "was shown to the customer at {}, after the charge at {}",
                rfc3339(shown),
                rfc3339(charged)
            ),
            _ => return,
        };
        let mut f = self.finding("prorate/not-shown", Severity::Warning, event, lines);
        let currency = &computed.priced.rules.currency;
        let net = judged.invoiced.as_ref().map_or(due.net, |i| i.net);
        f.message = format!("The mathematics of {} ({}) {what}.", spoken(event), amount(net, currency));
        let text = |t: Option<Instant>| t.map(rfc3339);
        f.diff = vec![Diff::texts("shown_to_customer_at", text(charged).as_deref(), text(shown).as_deref())];
        "Show the customer the lines (--show-math) before the charge is made.".clone_into(&mut f.action);
        self.out.findings.push(f);
    }

    /// The calculation with what the invoice says.
    fn math(
        &mut self,
        event: &Event<'_>,
        computed: &Computed,
        judged: &Judged,
        lines: &[&Line],
    ) -> Result<Vec<String>> {
        if !self.policy.show_math {
            return Ok(Vec::new());
        }
        let rules = &computed.priced.rules;
        let mut told = if computed.waits {
            let what = match self.policy.downgrade {
                Downgrade::AtPeriodEnd => "A change to less takes effect at the end of the period",
                _ => "A change to less gives no credit",
            };
            vec![format!("{what}: nothing is credited or charged for the rest of it.")]
        } else {
            explain_change(&computed.priced.change, &computed.due, rules, event.zone)?
        };
        for line in lines {
            let plan = line.row.plan.as_deref().map_or_else(String::new, |p| format!(" for {p}"));
            told.push(format!(
                "Invoice {} has a {} line{plan} of {}.",
                line.row.invoice_id,
                line.row.kind,
                amount(line.row.amount, &line.row.currency)
            ));
        }
        told.extend(self.next_cycle(event, computed, lines));
        told.push(self.says(event, computed, judged));
        let cause = judged.answer.cause.as_ref();
        told.extend(cause.map(|c| format!("Why: {} ({}).", c.detail, c.id)));
        let mut title: Vec<char> = spoken(event).chars().collect();
        if let Some(first) = title.first_mut() {
            first.make_ascii_uppercase();
        }
        let title: String = title.into_iter().collect();
        let title = format!("{title} ({})", event.id);
        let account = Some(event.account.to_string());
        self.out.passages.push(Passage { title, lines: told.clone(), account });
        Ok(told)
    }

    /// What the same invoices charge for the new plan's later cycles: a customer who sees both needs to know which is
    /// which.
    fn next_cycle(&self, event: &Event<'_>, computed: &Computed, lines: &[&Line]) -> Vec<String> {
        let on_same = |l: &&Line| lines.iter().any(|own| own.row.invoice_id == l.row.invoice_id);
        let later = |l: &&Line| {
            &*l.row.kind == "subscription"
                && l.row.plan == event.to
                && l.start.is_some_and(|s| s >= computed.priced.cycle.1)
        };
        let found = self.inputs.lines.iter().filter(later).filter(on_same).filter_map(|l| {
            let day = |t: Instant| reading(t, event.zone).date();
            Some(format!(
                "Invoice {} also charges {} for the cycle from {} to {}: that is no part of the change.",
                l.row.invoice_id,
                amount(l.row.amount, &l.row.currency),
                day(l.start?),
                day(l.end?)
            ))
        });
        found.collect()
    }

    fn says(&self, event: &Event<'_>, computed: &Computed, judged: &Judged) -> String {
        let currency = &computed.priced.rules.currency;
        match (&judged.invoiced, judged.delta) {
            (Some(i), Some(d)) if d.is_zero() => {
                format!("Invoiced: {}, as it should be.", amount(i.net, currency))
            }
            (Some(i), Some(d)) => format!(
                "Invoiced: {}, which is {} {} than is due.",
                amount(i.net, currency),
                amount(d.abs(), currency),
                if d > Decimal::ZERO { "more" } else { "less" }
            ),
            _ if judged.status == Status::NotInvoiced => {
                "Invoiced: nothing, though a later invoice exists.".to_owned()
            }
            _ if computed.priced.at_boundary => {
                format!(
                    "The change lies on the boundary of {}'s billing period; no line needs to prorate it.",
                    event.account
                )
            }
            _ => "Invoiced: nothing so far.".to_owned(),
        }
    }

    /// The moments and states of features.
    fn features(&mut self, computed: &[Option<Computed>]) {
        let (inputs, policy, events) = (self.inputs, self.policy, self.events);
        for (n, event) in
            events.iter().enumerate().filter(|(_, e)| e.kind == Kind::Change && e.at <= policy.as_of)
        {
            let of_one = |other: &&Event<'_>| {
                other.account == event.account
                    && other.subscription_id == event.subscription_id
                    && other.id != event.id
            };
            let before = events[..n].iter().rev().find(of_one).map(|e| e.at);
            let after = events[n + 1..].iter().find(of_one).map(|e| e.at).filter(|t| *t <= policy.as_of);
            let own = computed[n].as_ref();
            let found = features::of(inputs, event, policy.as_of);
            let known = found.is_some();
            self.count("prorate/feature-moment", known);
            self.count("prorate/feature-state", known);
            let Some(found) = found else { continue };
            let cycle_start = own.map(|c| c.priced.cycle.0).unwrap_or(event.at - TimeDelta::days(31));
            let early = before.map_or(cycle_start, |b| b.max(cycle_start));
            let window =
                Window { from: early.min(event.at), to: after.unwrap_or(policy.as_of).max(event.at) };
            let priced = own.map(|c| &c.priced);
            let waits = own.is_some_and(|c| c.waits);
            let late_features = waits && policy.downgrade == Downgrade::AtPeriodEnd;
            if !late_features {
                let moments = features::moments(inputs, event, priced, &found, &window, policy.tolerance);
                self.out.findings.extend(moments);
            }
            let live = event
                .subscription
                .is_none_or(|s| !matches!(&*s.status, "canceled" | "paused" | "incomplete_expired"));
            let settled = policy.as_of > event.at + policy.tolerance;
            let boundary = own.is_some_and(|c| c.priced.at_boundary);
            if after.is_none() && live && settled && !boundary && !late_features {
                self.out.findings.extend(features::states(inputs, event, &found, policy.as_of));
            }
        }
    }

    fn close(&mut self, judged: &[Judged], loose: usize) {
        let of = |status: Status| judged.iter().filter(|j| j.status == status).count() as u64;
        self.out.not_judged = of(Status::NotJudged);
        self.out.checked = judged.len() as u64 - self.out.not_judged;
        let (wrong, missing) = (of(Status::Mismatch), of(Status::NotInvoiced));
        let changes = counted(self.out.checked, "judged change", "judged changes");
        self.out.headline = match (self.out.checked, wrong, missing) {
            (0, ..) => "no change could be judged".to_owned(),
            (1, 0, 0) => "the one judged change was invoiced as it should be".to_owned(),
            (_, 0, 0) => format!("none of {changes} was invoiced wrong"),
            (_, w, 0) => format!("{w} of {changes} invoiced wrong"),
            (_, 0, m) => format!("{m} of {changes} not invoiced"),
            (_, w, m) => format!("{w} of {changes} invoiced wrong, {m} not invoiced"),
        };
        if self.out.not_judged > 0 {
            self.out.headline.push_str(&format!("; {} not judged", self.out.not_judged));
        }
        let mut reasons: BTreeMap<&str, u64> = BTreeMap::new();
        for reason in judged.iter().filter_map(|j| j.reason.as_deref()) {
            *reasons.entry(reason).or_default() += 1;
        }
        for (reason, n) in reasons {
            self.out.notes.push(format!("not judged: {}: {reason}", counted(n, "change", "changes")));
        }
        if loose > 0 {
            let lines = counted(loose as u64, "proration line belongs", "proration lines belong");
            self.out.notes.push(format!("{lines} to no change in the exports"));
        }
        let unknown: BTreeSet<String> = self
            .events
            .iter()
            .filter(|e| self.inputs.unknown(&e.account))
            .map(|e| e.account.to_string())
            .chain(self.inputs.data.names.unmatched().iter().map(|(_, id)| id.clone()))
            .collect();
        self.out.unmatched_ids = unknown.len() as u64;
    }

    fn rows(&mut self, computed: &[Option<Computed>], judged: &[Judged], lines: &[Vec<usize>]) {
        let findings: BTreeSet<(&str, &str)> =
            self.out.findings.iter().map(|f| (f.account.as_deref().unwrap_or(""), &*f.subject.id)).collect();
        let rows = self.events.iter().enumerate().map(|(n, event)| {
            let judged = &judged[n];
            let own = lines[n].iter().map(|&l| &self.inputs.lines[l]);
            let invoices: BTreeSet<&str> = own.map(|l| &*l.row.invoice_id).collect();
            let flagged = findings.contains(&(&*event.account, &*subject(event).id));
            let rank = match judged.status {
                Status::Mismatch | Status::NotInvoiced => 0,
                _ if flagged => 1,
                Status::NotJudged => 2,
                Status::Open => 3,
                Status::Ok => 4,
            };
            let at_stake = judged.delta.or(computed[n].as_ref().map(|c| c.due.net)).unwrap_or_default().abs();
            Row {
                values: values(event, computed[n].as_ref(), judged, &invoices, self.policy.rules.convention),
                account: Some(event.account.to_string()),
                flagged,
                rank: (rank, Reverse(at_stake)),
            }
        });
        self.out.rows = rows.collect();
    }
}

fn values(
    event: &Event<'_>,
    computed: Option<&Computed>,
    judged: &Judged,
    invoices: &BTreeSet<&str>,
    in_force: Convention,
) -> Vec<Value> {
    let currency = computed.map(|c| &*c.priced.rules.currency);
    let money_of = |d: Option<Decimal>| json!(d.map(|d| money::format(d, currency.unwrap_or("USD"))));
    let due = computed.map(|c| &c.due);
    let change = computed.map(|c| &c.priced.change);
    let joined: Vec<&str> = invoices.iter().copied().collect();
    let convention = judged.answer.convention.unwrap_or(in_force);
    vec![
        json!(&*event.account),
        json!(event.id),
        json!(rfc3339(event.at)),
        json!(computed.map(|c| rfc3339(c.priced.cycle.0))),
        json!(computed.map(|c| rfc3339(c.priced.cycle.1))),
        json!(due.map(|d| d.fraction.to_string())),
        json!(event.from.as_deref()),
        json!(event.to.as_deref()),
        money_of(due.map(|d| d.credit.amount)),
        money_of(due.map(|d| d.charge.amount)),
        money_of(due.map(|d| d.net)),
        money_of(judged.invoiced.as_ref().map(|i| i.net)),
        money_of(judged.delta),
        json!(currency),
        json!(computed.map(|_| convention.name())),
        json!(judged.answer.cause.as_ref().map(|c| &*c.id)),
        json!(judged.status.name()),
        json!(change.map(|c| shortest(c.from.price))),
        json!(change.map(|c| shortest(c.to.price))),
        json!(change.map(|c| shortest(c.from.quantity))),
        json!(change.map(|c| shortest(c.to.quantity))),
        json!((!joined.is_empty()).then(|| joined.join(";"))),
        json!(judged.reason),
        json!((!judged.math.is_empty()).then_some(&judged.math)),
    ]
}
