//! A charge that was wrong before in the same way: the root cause stands.

use super::{
    book::{Book, Line},
    judge::{Judge, amount_text},
    line::{self, State, bill_text},
};
use crate::{
    model::{
        decimal::{self, Decimal},
        text::counted,
    },
    report::Severity,
};
use std::collections::BTreeMap;

/// An earlier line that was wrong in the same way.
struct Earlier<'b> {
    line: &'b Line,
    /// What it charged too much, where that is known.
    excess: Option<Decimal>,
}

/// Finds the earlier invoices of the account on which `line`'s fault stood already.
pub(super) fn find(judge: &mut Judge<'_, '_>, number: u32, line: &Line, state: &State<'_>) {
    let book = judge.book;
    let Some(period) = line.period else { return };
    // By start and invoice, so that the order of rows does not matter.
    let mut earlier: BTreeMap<(crate::model::time::Instant, &str, u32), Earlier<'_>> = BTreeMap::new();
    for (at, other) in book.lines_of(line.account) {
        let alike = other.kind == line.kind && other.plan == line.plan && other.feature == line.feature;
        let Some(before) = other.period.filter(|p| p.start < period.start) else { continue };
        if !alike || other.bill == line.bill {
            continue;
        }
        let then = line::judge(book, other, &judge.moments);
        let same_plan = match (&state.stale, &then.stale) {
            (Some(now), Some(then)) => now.in_force == then.in_force,
            _ => false,
        };
        let same_feature = state.lacking.iter().any(|f| then.lacking.contains(f));
        if same_plan || same_feature {
            let excess = match &then.stale {
                Some(stale) => stale.difference(other),
                None => Some(other.amount),
            };
            let key = (before.start, &*book.bill(other).id, at);
            earlier.insert(key, Earlier { line: other, excess });
        }
    }
    if earlier.is_empty() {
        return;
    }
    let currency = &line.currency;
    let mut f = judge.of_line("charges/repeated", Severity::Error, line);
    if let Some(feature) = line.feature {
        f = f.with_key("feature", &*feature);
    }
    let mut texts: BTreeMap<_, String> = BTreeMap::new();
    let mut owed = Decimal::ZERO;
    for ((start, id, _), was) in &earlier {
        let back = given_back(book, was.line.bill);
        let refunded = match back {
            Some(b) if b > Decimal::ZERO => format!(", {} refunded or credited", amount_text(b, currency)),
            _ => String::new(),
        };
        if let (Some(excess), Some(back)) = (was.excess, back) {
            let left = decimal::sub(excess, back).unwrap_or_default().max(Decimal::ZERO);
            owed = decimal::add(owed, left).unwrap_or(owed);
        }
        let charged = amount_text(was.line.amount, &was.line.currency);
        let text = format!(
            "{} from {}: {charged}{refunded}",
            bill_text(book.bill(was.line)),
            judge.start_text(was.line)
        );
        texts.entry((*start, *id)).or_insert(text);
        f.evidence.push(book.data.evidence("invoice_lines", was.line.at));
        let refunds = book.paid_on(was.line.bill).filter(|p| p.refund);
        f.evidence.extend(refunds.map(|p| book.data.evidence("payments", p.at)));
        let notes = book.credits_on(was.line.bill);
        f.evidence.extend(notes.map(|c| book.data.evidence("credit_notes", c.at)));
    }
    let charged = match &state.stale {
        Some(stale) => format!("{} where {} is in force", stale.charged, stale.in_force),
        None => format!("{}, which is not provisioned,", line::what(line)),
    };
    let list: Vec<String> = texts.into_values().collect();
    f.message = format!(
        "{} was charged for {charged} on {} before {}, so the root cause stands: {}.",
        book.holder(line).id,
        counted(list.len() as u64, "invoice", "invoices"),
        bill_text(book.bill(line)),
        list.join("; ")
    );
    f.impact = judge.stake(line, owed);
    "Mend the synchronisation that the earlier invoices point to; a further refund mends nothing."
        .clone_into(&mut f.action);
    judge.mark(number, "repeated", None);
    judge.out.findings.push(f);
}

/// What was given back on an invoice in its currency: refunds, by whichever of payments and credit notes tells
/// more (one refund often stands in both), and other credits. `None` where it cannot be summed.
pub(super) fn given_back(book: &Book<'_>, bill: u32) -> Option<Decimal> {
    let own = book.bills[bill as usize].currency;
    let refunds = book.paid_on(bill).filter(|p| p.refund && p.currency.is_none_or(|c| c == own));
    let refunds = decimal::sum(refunds.filter_map(|p| p.amount))?;
    let notes = book.credits_on(bill).filter(|c| c.currency == own);
    let noted = decimal::sum(notes.clone().filter(|c| c.refund).map(|c| c.amount))?;
    let credited = decimal::sum(notes.filter(|c| !c.refund).map(|c| c.amount))?;
    decimal::add(refunds.max(noted), credited)
}
