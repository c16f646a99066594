//! The result table, what each rule could judge, and the verdict in words.

use super::judge::{Judge, Judged, Status};
use crate::{
    data::records::Text,
    model::{
        decimal::{Decimal, percent, shortest},
        money,
        text::{counted, grouped},
    },
    report::{Row, format_percent},
};
use serde_json::json;
use std::{cmp::Reverse, collections::BTreeSet};

impl Judge<'_, '_> {
    pub(super) fn rows(&mut self, judged: &[Judged]) {
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
    pub(super) fn coverage_of_rules(&mut self, judged: &[Judged], guarded: bool) {
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

    pub(super) fn close(&mut self, judged: &[Judged]) {
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
