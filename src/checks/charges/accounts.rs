//! What only shows over an account's whole bill: a second subscription, and what is on but never billed.

use super::{
    book::{Book, Kind, Line, Status},
    judge::{Judge, moment_text},
    line::plan_features,
};
use crate::{
    data::records::{Plan, Subscription, Text},
    judge::entitled::Active,
    model::{decimal::Decimal, time::Instant},
    report::{Finding, Severity, Subject},
};
use chrono::TimeDelta;
use std::collections::{BTreeMap, HashSet};

/// Accounts in scope that have an invoice which was not voided.
fn billed_accounts(judge: &mut Judge<'_, '_>) -> Vec<u32> {
    let book = judge.book;
    let billed = |&at: &u32| book.bills_of(at).any(|b| b.status != Status::Void);
    let all: Vec<u32> = (0..book.holders.len() as u32).filter(billed).collect();
    all.into_iter().filter(|&at| !judge.leaves_out(at)).collect()
}

/// Accounts with two live subscriptions to one plan or product.
pub(super) fn second_subscriptions(judge: &mut Judge<'_, '_>) {
    const CODE: &str = "charges/second-subscription";
    let book = judge.book;
    let accounts = billed_accounts(judge);
    judge.out.judged.insert(CODE, (accounts.len() as u64, 0));
    for account in accounts {
        let holder = &book.holders[account as usize];
        let mut live: Vec<&Subscription> =
            book.history.subscriptions_of(&holder.id).filter(|s| is_live(s, judge.moments.as_of)).collect();
        live.sort_by(|a, b| (a.started_at, &a.subscription_id).cmp(&(b.started_at, &b.subscription_id)));
        for (n, later) in live.iter().enumerate() {
            let Some(first) = live[..n].iter().find(|s| same_product(judge, s, later)) else { continue };
            let subject = Subject { kind: "subscription".to_owned(), id: later.subscription_id.to_string() };
            let mut f = Finding::new(CODE, Severity::Warning, Some(&holder.id), subject)
                .with_key("other_subscription", &*first.subscription_id);
            let product = if first.plan == later.plan {
                format!("to {}", later.plan)
            } else {
                format!("to {}, which is the product of {}", later.plan, first.plan)
            };
            f.message = format!(
                "{} has a second live subscription {product}: {} ({}) beside {} ({}).",
                holder.id, later.subscription_id, later.status, first.subscription_id, first.status
            );
            f.owner = "billing";
            "Ask whether both are wanted; else end one and credit what it was charged."
                .clone_into(&mut f.action);
            f.evidence =
                [first, later].map(|s| book.data.evidence("subscriptions", s.at)).into_iter().collect();
            judge.out.findings.push(f);
        }
    }
}

fn is_live(s: &Subscription, as_of: Instant) -> bool {
    matches!(&*s.status, "trialing" | "active" | "past_due" | "paused" | "unpaid")
        && s.canceled_at.is_none_or(|t| t > as_of)
}

/// One plan, or two of one name, or two of one tier with the same features: one product in two intervals.
fn same_product(judge: &Judge<'_, '_>, a: &Subscription, b: &Subscription) -> bool {
    if a.plan == b.plan {
        return true;
    }
    let record = |s: &Subscription| judge.book.plans.in_force(&s.plan, None, judge.moments.as_of);
    let (Some(a), Some(b)) = (record(a), record(b)) else { return false };
    let name = |p: &Plan| p.name.as_deref().map(str::to_lowercase);
    let features = |p: &Plan| {
        let mut list = p.features.clone().unwrap_or_default();
        list.sort();
        list
    };
    let alike = a.tier.is_some() && a.tier == b.tier && !features(a).is_empty();
    name(a).is_some() && name(a) == name(b) || alike && features(a) == features(b)
}

/// What is sold: features of paid plans that no free plan has, and those that lines charge for.
struct Sold {
    plans: HashSet<Text>,
    features: HashSet<Text>,
}

impl Sold {
    fn of(book: &Book<'_>, as_of: Instant) -> Sold {
        let mut free: HashSet<Text> = HashSet::new();
        let mut paid: HashSet<Text> = HashSet::new();
        let mut plans: HashSet<Text> = HashSet::new();
        for plan in book.plans.all() {
            let features = plan.features.as_deref().unwrap_or_default();
            let in_force = plan.effective_to.is_none_or(|t| as_of < t);
            match plan.price {
                Some(price) if price > Decimal::ZERO => {
                    paid.extend(features.iter().cloned());
                    plans.insert(plan.plan);
                }
                Some(_) if in_force => free.extend(features.iter().cloned()),
                _ => {}
            }
        }
        let mut added: HashSet<Text> = HashSet::new();
        added.extend(book.lines.iter().filter(|l| l.charges()).filter_map(|l| l.feature));
        let mut features: HashSet<Text> = paid.difference(&free).cloned().collect();
        features.extend(added);
        Sold { plans, features }
    }
}

/// A time, `[from, to)`.
type Span = (Instant, Instant);

/// Entitlements to something that is sold, still on, and that no line covers for more than a day.
pub(super) fn not_billed(judge: &mut Judge<'_, '_>) {
    const CODE: &str = "charges/not-billed";
    let book = judge.book;
    let sold = Sold::of(book, judge.moments.as_of);
    let mut compared = 0;
    for account in billed_accounts(judge) {
        let holder = &book.holders[account as usize];
        if !book.entitled.knows(&holder.id) {
            continue;
        }
        let lines: Vec<Covering<'_>> =
            book.lines_of(account).filter_map(|(_, line)| Covering::of(book, line)).collect();
        // Usage is billed in arrears: the first invoice reaches back to a time whose plan was billed before.
        let advance = || lines.iter().filter(|l| l.line.kind != Kind::Usage);
        let Some(start) = advance().map(|l| l.from).min() else { continue };
        let Some(end) = advance().map(|l| l.to).max() else { continue };
        let span = (start, end.min(judge.moments.as_of));
        // Several features of one plan that lack the same line are one finding about the plan.
        let mut gaps: BTreeMap<(Span, Option<Text>), Vec<Text>> = BTreeMap::new();
        for name in book.entitled.features_of(&holder.id) {
            let plan = sold.plans.contains(name);
            if !plan && !sold.features.contains(name) {
                continue;
            }
            compared += 1;
            let on: Vec<Active> = book
                .entitled
                .active(&holder.id, name)
                .filter(|a| a.holds(judge.moments.as_of))
                .copied()
                .collect();
            let covers = lines.iter().filter(|l| l.bills(name, plan)).map(|l| (l.from, l.to)).collect();
            for gap in uncovered(&on, span, covers) {
                let plan = if plan { Some(*name) } else { plan_with(book, &holder.id, name, gap.0) };
                gaps.entry((gap, plan)).or_default().push(*name);
            }
        }
        for ((gap, plan), features) in gaps {
            let f = finding(judge, &holder.id, gap, plan, &features, CODE);
            judge.out.findings.push(f);
        }
    }
    judge.out.judged.insert(CODE, (compared, 0));
}

/// A line with the time and the features that it bills.
struct Covering<'b> {
    line: &'b Line,
    from: Instant,
    to: Instant,
    /// Of its plan; `None` where they are not known.
    features: Option<&'b [Text]>,
}

impl<'b> Covering<'b> {
    /// A line that charges for something of its own over a time, on an invoice that stands.
    fn of(book: &'b Book<'_>, line: &'b Line) -> Option<Covering<'b>> {
        let stands = line.kind.is_own() && book.bill(line).status != Status::Void;
        let period = line.period.filter(|_| stands)?;
        Some(Covering {
            line,
            from: period.start,
            to: period.end?,
            features: plan_features(book, line, period),
        })
    }

    /// Whether it bills a feature, or a plan. A subscription line of a plan whose features are not known bills
    /// whatever it may include. A credit bills nothing.
    fn bills(&self, name: &Text, plan: bool) -> bool {
        let line = self.line;
        if line.amount < Decimal::ZERO {
            return false;
        }
        if plan {
            return line.plan.is_some_and(|p| p == *name);
        }
        if let Some(own) = line.feature {
            return own == *name;
        }
        match line.kind {
            Kind::Subscription => self.features.is_none_or(|list| list.contains(name)),
            Kind::Proration => line.plan.is_some() && self.features.is_none_or(|list| list.contains(name)),
            _ => false,
        }
    }
}

/// The times within `span` in which a feature was on and no line covers it, of more than a day. The last of them is
/// left out where it is shorter than the line before it: its bill is still to come.
fn uncovered(on: &[Active], span: Span, mut covers: Vec<Span>) -> Vec<Span> {
    covers.sort_unstable();
    let last = covers.last().map(|(from, to)| *to - *from);
    let mut gaps = Vec::new();
    for active in on {
        let mut from = active.from.map_or(span.0, |f| f.max(span.0));
        let to = active.to.map_or(span.1, |t| t.min(span.1));
        for &(start, end) in &covers {
            if start > from && start.min(to) - from > TimeDelta::days(1) {
                gaps.push((from, start.min(to)));
            }
            from = from.max(end);
        }
        if to - from > TimeDelta::days(1) {
            let to_come = to == span.1 && last.is_some_and(|length| to - from < length);
            if !to_come {
                gaps.push((from, to));
            }
        }
    }
    gaps
}

/// The plan that the account was on at a moment, if it includes the feature.
fn plan_with(book: &Book<'_>, account: &Text, feature: &Text, at: Instant) -> Option<Text> {
    let found = book.history.in_force(account, None, at);
    let with = found
        .iter()
        .find(|f| book.plans.features(f.plan, None, at).is_some_and(|list| list.contains(feature)));
    with.map(|f| *f.plan)
}

fn finding(
    judge: &Judge<'_, '_>,
    account: &Text,
    gap: Span,
    plan: Option<Text>,
    features: &[Text],
    code: &'static str,
) -> Finding {
    let book = judge.book;
    let names: Vec<&str> = features.iter().map(|f| &**f).collect();
    let (kind, id) = match &plan {
        Some(plan) => ("plan", plan.to_string()),
        None => ("feature", names.join(";")),
    };
    let subject = Subject { kind: kind.to_owned(), id };
    let mut f =
        Finding::new(code, Severity::Warning, Some(account), subject).with_key("from", moment_text(gap.0));
    let of_plan = plan.map_or_else(String::new, |p| format!(" of {p}"));
    f.message = format!(
        "{account} had {}{of_plan} from {} to {}, and no line of its invoices covers that time.",
        names.join(", "),
        moment_text(gap.0),
        moment_text(gap.1)
    );
    f.owner = "billing";
    "Bill it or switch it off; where it is given away, say so in the plan or the contract."
        .clone_into(&mut f.action);
    f.evidence = names
        .iter()
        .flat_map(|n| book.entitled.active(account, n).map(|a| book.data.evidence("entitlements", a.at)))
        .collect();
    f
}
