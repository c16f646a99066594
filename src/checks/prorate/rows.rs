//! The result table, the headline and the notes.

use super::{
    change::Event,
    judge::{Computed, Judge, Judged, Status},
    telling::subject,
};
use crate::{
    judge::{
        naming::{Naming, Words},
        proration::Convention,
    },
    model::{
        decimal::{Decimal, shortest},
        money,
        text::counted,
        time::rfc3339,
    },
    report::{Row, RowsNeeded, telling},
};
use serde_json::{Value, json};
use std::{
    cmp::Reverse,
    collections::{BTreeMap, BTreeSet},
};

impl Judge<'_, '_> {
    /// Says so once where most plans of the changes are unknown to the plans' export.
    pub(super) fn names(&mut self) {
        let catalogue = &self.inputs.catalogue;
        let used = self.events.iter().flat_map(|e| [e.from.as_ref(), e.to.as_ref()]).flatten();
        let names: Vec<&str> = catalogue.names().collect();
        let words = Words {
            kind: ("plan", "plans"),
            clause: "that accounts changed between are unknown to the plans",
            remedy: "the two exports name plans differently; name them alike under [map.plan] in crosscheck.toml",
        };
        let problem =
            Naming::of(used.map(|p| (p, 1)), |p| catalogue.knows(p)).problem(&words, names.into_iter());
        self.out.problems.extend(problem);
    }

    /// Counts, headline and notes.
    pub(super) fn close(&mut self, judged: &[Judged], loose: usize) {
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

    /// A row for each change.
    pub(super) fn rows(&mut self, computed: &[Option<Computed>], judged: &[Judged], lines: &[Vec<usize>]) {
        let needed = self.inputs.data.settings.rows_needed;
        let findings: BTreeSet<(&str, &str)> =
            self.out.findings.iter().map(|f| (f.account.as_deref().unwrap_or(""), &*f.subject.id)).collect();
        let flagged: Vec<bool> = self
            .events
            .iter()
            .map(|event| findings.contains(&(&*event.account, &*subject(event).id)))
            .collect();
        let rank = |n: usize| {
            let judged = &judged[n];
            let first = match judged.status {
                Status::Mismatch | Status::NotInvoiced => 0,
                _ if flagged[n] => 1,
                Status::NotJudged => 2,
                Status::Open => 3,
                Status::Ok => 4,
            };
            let at_stake = judged.delta.or(computed[n].as_ref().map(|c| c.due.net)).unwrap_or_default().abs();
            (first, Reverse(at_stake))
        };
        let all = self.events.len();
        let made = match needed {
            RowsNeeded::None => return,
            RowsNeeded::Telling => telling(all, |n| flagged[n], |a, b| rank(a).cmp(&rank(b))),
            RowsNeeded::Each | RowsNeeded::All => (0..all).collect(),
        };
        let rows: Vec<Row> = made
            .iter()
            .map(|&n| {
                let (event, judged) = (&self.events[n], &judged[n]);
                let own = lines[n].iter().map(|&l| &self.inputs.lines[l]);
                let invoices: BTreeSet<&str> = own.map(|l| &*l.row.invoice_id).collect();
                let in_force = self.policy.rules.convention;
                Row {
                    values: values(event, computed[n].as_ref(), judged, &invoices, in_force),
                    account: Some(event.account.to_string()),
                    flagged: flagged[n],
                    rank: rank(n),
                }
            })
            .collect();
        if made.len() < all {
            let mut left = vec![true; all];
            made.iter().for_each(|&n| left[n] = false);
            for (judged, _) in judged.iter().zip(left).filter(|(_, left)| *left) {
                *self.out.rows_left.entry(judged.status.name().to_owned()).or_default() += 1;
            }
        }
        self.out.rows = rows;
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
