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
        pieces,
        proration::{Change, Prorated, Rules, Terms},
    },
    model::{
        decimal::{self, Decimal},
        money,
        time::Instant,
    },
    settings::Settings,
};
use anyhow::{Context as _, Result, bail};
use chrono::{NaiveDateTime, TimeDelta};
use std::collections::{BTreeSet, HashMap};

/// What a change to less gives.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Downgrade {
    Credit,
    AtPeriodEnd,
    Nothing,
}

/// What is in force.
pub(super) struct Policy {
    pub(super) rules: Rules,
    pub(super) downgrade: Downgrade,
    pub(super) tolerance: TimeDelta,
    pub(super) show_math: bool,
    pub(super) as_of: Instant,
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
pub(super) enum Status {
    Ok,
    Mismatch,
    NotInvoiced,
    Open,
    NotJudged,
}

impl Status {
    /// Its word in the rows.
    pub(super) fn name(self) -> &'static str {
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
pub(super) struct Computed {
    pub(super) priced: Priced,
    pub(super) due: Prorated,
    /// Whether the whole of a change to less waits for the period's end.
    pub(super) waits: bool,
    /// Charges and credits of the change before in the same cycle.
    pub(super) before: Option<(Vec<Decimal>, NaiveDateTime)>,
}

pub(super) struct Judged {
    pub(super) status: Status,
    pub(super) reason: Option<String>,
    pub(super) invoiced: Option<Invoiced>,
    pub(super) delta: Option<Decimal>,
    pub(super) answer: Answer,
    pub(super) math: Vec<String>,
}

/// Runs the check on exports.
pub(super) fn run(data: &Data<'_>) -> Result<Outcome> {
    if ad_hoc::answer(data.settings)?.is_some() {
        bail!("--from and --price ask for the mathematics alone: name no exports with them");
    }
    let policy = Policy::of(data.settings)?;
    let inputs = Inputs::load(data, change::wanted)?;
    let mut excluded: BTreeSet<Text> = BTreeSet::new();
    let mut events = change::events(&inputs);
    events.retain(|e| {
        let out = inputs.excluded(&e.account);
        if out {
            excluded.insert(e.account);
        }
        !out
    });
    let (computed, reasons) = compute(&inputs, &events, &policy)?;
    let priced: Vec<Option<&Priced>> = computed.iter().map(|c| c.as_ref().map(|c| &c.priced)).collect();
    let of = lines::attribute(&inputs, &events, &priced, policy.rules.convention.unit_seconds());
    let computed = with_payments(&inputs, &events, computed, &of.of)?;
    let new = || Judge { inputs: &inputs, policy: &policy, events: &events, out: Outcome::default() };
    let places: Vec<usize> = (0..events.len()).collect();
    let told = pieces::each(&places, |&n| {
        let mut judge = new();
        let own: Vec<&Line> = of.of[n].iter().map(|&l| &inputs.lines[l]).collect();
        let judged = judge.change(&events[n], computed[n].as_ref(), &own, reasons[n].clone());
        judge.features(n, computed[n].as_ref());
        judged.map(|judged| (judged, judge.out))
    });
    let mut judge = new();
    judge.out.excluded = excluded.len() as u64;
    let mut judged = Vec::with_capacity(events.len());
    for one in told {
        let (one, out) = one?;
        judged.push(one);
        judge.absorb(out);
    }
    judge.names();
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
    // Events are sorted by account.
    let accounts: Vec<&[Event<'_>]> = events.chunk_by(|a, b| a.account == b.account).collect();
    let computed = pieces::each(&accounts, |events| compute_account(inputs, events, policy));
    let (mut found, mut reasons) = (Vec::new(), Vec::new());
    for of_account in computed {
        for one in of_account? {
            let (computed, reason) = one.map_or_else(|reason| (None, Some(reason)), |c| (Some(c), None));
            found.push(computed);
            reasons.push(reason);
        }
    }
    Ok((found, reasons))
}

/// The same for the changes of one account.
fn compute_account(
    inputs: &Inputs<'_>,
    events: &[Event<'_>],
    policy: &Policy,
) -> Result<Vec<Result<Computed, String>>> {
    // What is left to be credited of a subscription's cycle.
    let mut left: HashMap<(Option<&Text>, NaiveDateTime), Decimal> = HashMap::new();
    let mut found = Vec::with_capacity(events.len());
    for event in events {
        let mut priced = match price(inputs, event, policy) {
            Ok(priced) => priced,
            Err(reason) => {
                found.push(Err(reason));
                continue;
            }
        };
        let key = (event.subscription_id.as_ref(), priced.change.period.start);
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
        found.push(Ok(Computed { priced, due, waits, before: None }));
    }
    Ok(found)
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

pub(super) struct Judge<'j, 'd> {
    pub(super) inputs: &'j Inputs<'d>,
    pub(super) policy: &'j Policy,
    pub(super) events: &'j [Event<'j>],
    pub(super) out: Outcome,
}

impl Judge<'_, '_> {
    pub(super) fn count(&mut self, code: &'static str, judged: bool) {
        let counts = self.out.judged.entry(code).or_default();
        if judged {
            counts.0 += 1;
        } else {
            counts.1 += 1;
        }
    }

    /// Takes over what was found about one change.
    fn absorb(&mut self, one: Outcome) {
        for (code, (judged, not)) in one.judged {
            let counts = self.out.judged.entry(code).or_default();
            *counts = (counts.0 + judged, counts.1 + not);
        }
        self.out.findings.extend(one.findings);
        self.out.passages.extend(one.passages);
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

    /// The moments and states of a change's features.
    fn features(&mut self, n: usize, own: Option<&Computed>) {
        let (inputs, policy, events) = (self.inputs, self.policy, self.events);
        let event = &events[n];
        if event.kind != Kind::Change || event.at > policy.as_of {
            return;
        }
        let of_one =
            |other: &&Event<'_>| other.subscription_id == event.subscription_id && other.id != event.id;
        // Events are sorted by account.
        let of_account = |other: &&Event<'_>| other.account == event.account;
        let before = events[..n].iter().rev().take_while(of_account).find(of_one).map(|e| e.at);
        let after = events[n + 1..].iter().take_while(of_account).find(of_one).map(|e| e.at);
        let after = after.filter(|t| *t <= policy.as_of);
        let found = features::of(inputs, event, policy.as_of);
        let known = found.is_some();
        self.count("prorate/feature-moment", known);
        self.count("prorate/feature-state", known);
        let Some(found) = found else { return };
        let cycle_start = own.map(|c| c.priced.cycle.0).unwrap_or(event.at - TimeDelta::days(31));
        let early = before.map_or(cycle_start, |b| b.max(cycle_start));
        let window = Window { from: early.min(event.at), to: after.unwrap_or(policy.as_of).max(event.at) };
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
