//! Money taken twice: more paid than invoiced, or one thing on two lines for the same time.

use super::{
    book::{Kind, Line, Status},
    judge::{Judge, amount_text},
    line::{bill_text, what},
    repeated::given_back,
};
use crate::{
    data::records::Text,
    model::{
        decimal::{self, Decimal},
        money::Money,
    },
    report::{Diff, Finding, Severity, Subject},
};
use std::collections::BTreeSet;

const CODE: &str = "charges/double-charge";

/// Invoices on which more was paid, less what was refunded, than their total. Every invoice is looked at, also
/// without `--all`: one that is paid twice is no longer open.
pub(super) fn payments(judge: &mut Judge<'_, '_>) {
    let book = judge.book;
    let (mut done, mut not) = (0u64, 0u64);
    for (number, bill) in (0u32..).zip(&book.bills) {
        let mut paid = book.paid_on(number).peekable();
        if paid.peek().is_none() || judge.leaves_out(bill.account) {
            continue;
        }
        let told = paid.clone().all(|p| p.amount.is_some() && p.currency.is_none_or(|c| c == bill.currency));
        let sum = |refund: bool| {
            decimal::sum(book.paid_on(number).filter(|p| p.refund == refund).filter_map(|p| p.amount))
        };
        let net = sum(false).zip(sum(true)).and_then(|(taken, back)| decimal::sub(taken, back));
        let Some(net) = net.filter(|_| told) else {
            not += 1;
            continue;
        };
        done += 1;
        let Some(excess) = decimal::sub(net, bill.total).filter(|e| *e > Decimal::ZERO) else { continue };
        // What was only given back and never taken is no double charge.
        if net <= Decimal::ZERO {
            continue;
        }
        let (holder, currency) = (&book.holders[bill.account as usize], &bill.currency);
        let subject = Subject { kind: "invoice".to_owned(), id: bill.id.to_string() };
        let mut f = Finding::new(CODE, Severity::Error, Some(&holder.id), subject);
        let taken = book.paid_on(number).filter(|p| !p.refund).count();
        f.message = format!(
            "{} of {} has a total of {}, and {taken} payments less refunds come to {}: {} too much.",
            bill_text(bill),
            holder.id,
            amount_text(bill.total, currency),
            amount_text(net, currency),
            amount_text(excess, currency)
        );
        f.diff = vec![Diff::decimals("paid", bill.total, net)];
        f.impact = Some(Money::new(excess, currency));
        f.owner = "billing";
        "Refund the second payment, and find out why the invoice was collected again."
            .clone_into(&mut f.action);
        f.evidence = book.paid_on(number).map(|p| book.data.evidence("payments", p.at)).collect();
        f.evidence.push(book.data.evidence("invoices", bill.at));
        let on: Vec<u32> = book.lines_on(number).map(|(at, _)| at).collect();
        for at in on {
            judge.mark(at, "double-charge", Some(excess));
        }
        judge.out.findings.push(f);
    }
    let counted = judge.out.judged.entry(CODE).or_default();
    *counted = (counted.0 + done, counted.1 + not);
}

/// What a line charges for: its subscription, kind and the name on it.
type Thing = (Kind, Text, Option<Text>);

/// Lines for the same thing in periods that overlap, at least one of them judged.
pub(super) fn lines(judge: &mut Judge<'_, '_>) {
    let book = judge.book;
    let accounts: BTreeSet<u32> = judge.judged.iter().map(|j| judge.line(j.line).account).collect();
    let mut compared = 0;
    for account in accounts {
        let only = only_subscription(judge, account);
        let mut things: Vec<(Thing, u32, &Line)> = book
            .lines_of(account)
            .filter_map(|(at, line)| {
                let name = match line.kind {
                    Kind::Subscription => line.plan?,
                    Kind::Usage => line.metric.or(line.feature)?,
                    Kind::OneOff => line.feature.or(line.plan)?,
                    _ => return None,
                };
                let stands = line.amount > Decimal::ZERO && book.bill(line).status != Status::Void;
                line.period.filter(|_| stands)?;
                Some(((line.kind, name, line.subscription.or(only)), at, line))
            })
            .collect();
        compared += things.iter().filter(|(_, at, _)| judge.judges(*at)).count() as u64;
        things.sort_by_key(|(thing, at, line)| {
            let bill = book.bill(line);
            let period = line.period.map(|p| (p.start, p.end));
            (*thing, period, bill.issued.is_none(), bill.issued, &*bill.id, line.at, *at)
        });
        for group in things.chunk_by(|a, b| a.0 == b.0) {
            // The line so far that reaches furthest is the one that a later line can overlap.
            let mut reach = group[0];
            for &next in &group[1..] {
                if overlaps(judge, reach.2, next.2) {
                    found(judge, (reach.1, reach.2), (next.1, next.2));
                }
                let end = |l: &Line| l.period.and_then(|p| p.end);
                if end(next.2) >= end(reach.2) {
                    reach = next;
                }
            }
        }
    }
    judge.out.judged.entry(CODE).or_default().0 += compared;
}

fn only_subscription(judge: &Judge<'_, '_>, account: u32) -> Option<Text> {
    let book = judge.book;
    let mut all = book.history.subscriptions_of(&book.holders[account as usize].id);
    let first = all.next().filter(|_| all.next().is_none())?;
    Some(first.subscription_id)
}

/// Whether two lines for one thing charge for the same time, and nothing was given back for it.
fn overlaps(judge: &Judge<'_, '_>, a: &Line, b: &Line) -> bool {
    let book = judge.book;
    let (Some(first), Some(second)) = (a.period, b.period) else { return false };
    if !first.overlaps(second) {
        return false;
    }
    // Parts of one charge: tiers or dimensions of usage, seats at several prices.
    let whole = a.bill == b.bill && (first.start, first.end) == (second.start, second.end);
    if whole && (a.kind == Kind::Usage || a.unit != b.unit) {
        return false;
    }
    let returned = book.lines_of(a.account).any(|(_, l)| {
        let same = (l.plan == a.plan || l.plan.is_none()) && (l.feature == a.feature || l.feature.is_none());
        let negative = l.amount < Decimal::ZERO && matches!(l.kind, Kind::Credit | Kind::Proration);
        let then = l.period.is_none_or(|p| p.overlaps(first) && p.overlaps(second));
        negative && same && then && book.bill(l).status != Status::Void
    });
    let credited = |l: &Line| given_back(book, l.bill).is_some_and(|back| back >= l.amount);
    !returned && !credited(a) && !credited(b)
}

fn found(judge: &mut Judge<'_, '_>, first: (u32, &Line), second: (u32, &Line)) {
    let book = judge.book;
    // The one that is judged is the one that can be held; of two the later.
    let (at, line, other) = if judge.judges(second.0) {
        (second.0, second.1, first.1)
    } else if judge.judges(first.0) {
        (first.0, first.1, second.1)
    } else {
        return;
    };
    let currency = &line.currency;
    let stake = if other.currency == line.currency { line.amount.min(other.amount) } else { line.amount };
    let f = judge.of_line(CODE, Severity::Error, line);
    let mut f = f.with_key("other_invoice", &*book.bill(other).id);
    f.message = format!(
        "{} charges {} {} for {} from {}, which {} charges from {} as well: the periods overlap.",
        bill_text(book.bill(line)),
        book.holder(line).id,
        amount_text(line.amount, currency),
        what(line),
        judge.start_text(line),
        if other.bill == line.bill { "another line".to_owned() } else { bill_text(book.bill(other)) },
        judge.start_text(other)
    );
    f.impact = judge.stake(line, stake);
    f.action = judge.remedy(line, "find out why it was billed again");
    f.evidence.push(book.data.evidence("invoice_lines", other.at));
    judge.mark(at, "double-charge", Some(stake));
    judge.out.findings.push(f);
}
