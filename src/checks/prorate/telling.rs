//! What a change's findings say, and its calculation line by line.

use super::{
    change::{Event, Kind},
    inputs::Line,
    judge::{Computed, Downgrade, Judge, Judged, Status},
};
use crate::{
    judge::{
        calendar::reading,
        proration::{amount, explain_change},
    },
    model::{
        decimal::Decimal,
        money::Money,
        time::{Instant, rfc3339},
    },
    report::{Diff, Finding, Passage, Severity, Subject},
};
use anyhow::Result;

/// What a finding about a change is about.
pub(super) fn subject(event: &Event<'_>) -> Subject {
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

impl Judge<'_, '_> {
    fn finding(&self, code: &'static str, severity: Severity, event: &Event<'_>, lines: &[&Line]) -> Finding {
        let mut f = Finding::new(code, severity, Some(&event.account), subject(event));
        f.evidence = vec![self.inputs.data.evidence(event.place.0, event.place.1)];
        f.evidence.extend(lines.iter().map(|l| self.inputs.data.evidence("invoice_lines", l.row.at)));
        f.owner = "billing";
        f
    }

    /// Another sum than is due was invoiced.
    pub(super) fn mismatch(
        &mut self,
        event: &Event<'_>,
        computed: &Computed,
        judged: &Judged,
        lines: &[&Line],
    ) {
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

    /// Nothing was invoiced.
    pub(super) fn not_invoiced(&mut self, event: &Event<'_>, computed: &Computed) {
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
    pub(super) fn shown(&mut self, event: &Event<'_>, computed: &Computed, judged: &Judged, lines: &[&Line]) {
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
    pub(super) fn math(
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
        let own = self.inputs.lines_of(&event.account, event.subscription_id.as_ref());
        let found = own.into_iter().filter(later).filter(on_same).filter_map(|l| {
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
}
