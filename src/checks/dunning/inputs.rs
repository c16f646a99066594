//! What dunning loads, and the sequences that it makes of it.

use super::{
    policy::{Policy, word},
    retries::{Pause, Pauses},
    sequence::{Clock, End, Ending, Sent, Sequence, Try},
    steps::MessageLog,
    words,
};
use crate::{
    data::{
        Data,
        records::{
            AccessChange, Account, DeletionRequest, Incident, Invoice, Message, Migration, Payment,
            Subscription, Text,
        },
    },
    judge::collection::{Attempt, Closed, Collection, End as How, Owed},
    model::time::Instant,
};
use anyhow::{Context as _, Result};
use chrono::TimeDelta;
use chrono_tz::Tz;
use std::collections::{HashMap, HashSet};

/// Maps by shared names.
pub(super) type Map<'d, T> = HashMap<&'d Text, T, foldhash::fast::RandomState>;
type Set<'d> = HashSet<&'d Text, foldhash::fast::RandomState>;
type Index<'d, T> = Map<'d, Vec<&'d T>>;

fn index<'d, T>(list: &'d [T], key: impl Fn(&'d T) -> Option<&'d Text>) -> Index<'d, T> {
    let mut by: Index<'d, T> = HashMap::default();
    for item in list {
        if let Some(key) = key(item) {
            by.entry(key).or_default().push(item);
        }
    }
    by
}

/// The records as loaded.
pub(super) struct Records {
    pub invoices: Vec<Invoice>,
    pub payments: Vec<Payment>,
    pub messages: Vec<Message>,
    pub access: Vec<AccessChange>,
    pub accounts: Vec<Account>,
    pub subscriptions: Vec<Subscription>,
    pub requests: Vec<DeletionRequest>,
    pub pauses: Pauses,
}

impl Records {
    pub(super) fn load(data: &Data<'_>) -> Result<Records> {
        let as_of = data.settings.as_of;
        let migrations: Vec<Migration> = data.load()?;
        let incidents: Vec<Incident> = data.load()?;
        let pauses = migrations
            .iter()
            .filter_map(|m| Pause::of_migration(m, as_of))
            .chain(incidents.iter().filter_map(|i| Pause::of_incident(i, as_of)))
            .collect();
        let ((payments, accounts), (invoices, subscriptions)) = data.both(
            |data| Ok((data.load::<Payment>()?, data.load::<Account>()?)),
            |data| Ok((data.load()?, data.load()?)),
        )?;
        let mut records = Records {
            invoices,
            payments,
            messages: data.load()?,
            access: data.load()?,
            accounts,
            subscriptions,
            requests: data.load()?,
            pauses: Pauses::new(pauses),
        };
        // What lies ahead of the given time has not happened, and nothing may follow from the order of rows.
        records.messages.retain(|m| m.sent_at <= as_of);
        records.access.retain(|a| a.moment <= as_of);
        records.messages.sort_by(|a, b| {
            (a.sent_at, &a.message_id, &a.kind, &a.account_id, &a.related_id, &a.channel, &a.recipient).cmp(
                &(b.sent_at, &b.message_id, &b.kind, &b.account_id, &b.related_id, &b.channel, &b.recipient),
            )
        });
        // At one moment what was taken comes before what was given back.
        records.access.sort_by(|a, b| {
            let back = |e: &AccessChange| &*e.change == "restored";
            (a.moment, back(a), &a.change, &a.feature, &a.actor, &a.reason).cmp(&(
                b.moment,
                back(b),
                &b.change,
                &b.feature,
                &b.actor,
                &b.reason,
            ))
        });
        Ok(records)
    }

    /// The first record of the message log, whatever it is about.
    pub(super) fn message_log(&self) -> MessageLog {
        self.messages.first().map_or(MessageLog::Absent, |m| MessageLog::From(m.sent_at, m.at))
    }
}

/// All sequences, and what came up while they were made.
pub(super) struct Sequences<'d> {
    /// By account, first failure, invoice.
    pub list: Vec<Sequence<'d>>,
    /// Invoices that were looked at.
    pub invoices: u64,
    /// Invoices whose first failure lies before the payments' first record: their day 0 is not known.
    pub unclear: u64,
    /// First invoices that were never paid.
    pub never_started: u64,
    /// Invoices that payments name and that were not exported.
    pub strayed: u64,
    /// Accounts left out by scope.
    pub excluded: u64,
}

/// What is looked up by its id.
pub(super) struct Lookup<'d> {
    pub accounts: Map<'d, &'d Account>,
    subscriptions: Map<'d, &'d Subscription>,
    by_account: Index<'d, Subscription>,
    /// Where a customer ended all access in person, by moment.
    cancellations: Index<'d, AccessChange>,
    /// Where somebody else ended all access for want of money.
    cut_offs: Index<'d, AccessChange>,
    default_zone: Tz,
    as_of: Instant,
}

impl<'d> Lookup<'d> {
    pub(super) fn new(records: &'d Records, default_zone: Tz, as_of: Instant) -> Lookup<'d> {
        let mut by_account = index(&records.subscriptions, |s| Some(&s.account_id));
        // What is taken from the first of them must not follow from the order of rows.
        by_account.values_mut().for_each(|list| list.sort_by_key(|a| a.subscription_id));
        Lookup {
            accounts: records.accounts.iter().map(|a| (&a.account_id, a)).collect(),
            subscriptions: records.subscriptions.iter().map(|s| (&s.subscription_id, s)).collect(),
            by_account,
            cancellations: index(&records.access, |e| is_cancellation(e).then_some(&e.account_id)),
            cut_offs: index(&records.access, |e| is_cut_off(e).then_some(&e.account_id)),
            default_zone,
            as_of,
        }
    }

    fn of_account(&self, account: &Text) -> &[&'d Subscription] {
        self.by_account.get(account).map_or(&[], Vec::as_slice)
    }

    fn subscription(&self, invoice: &Invoice) -> Option<&'d Subscription> {
        self.subscriptions.get(invoice.subscription_id.as_ref()?).copied()
    }

    /// The subscription's zone, else the one on which all subscriptions of the account agree, else `--timezone`.
    fn billing_zone(&self, invoice: &Invoice) -> Tz {
        if let Some(zone) = self.subscription(invoice).and_then(|s| s.timezone) {
            return zone;
        }
        let mut zones: Vec<Option<Tz>> =
            self.of_account(&invoice.account_id).iter().map(|s| s.timezone).collect();
        zones.dedup();
        match zones[..] {
            [Some(zone)] => zone,
            _ => self.default_zone,
        }
    }

    /// When a canceled subscription came to its end.
    fn canceled(&self, s: &Subscription) -> Option<Instant> {
        let at = s.canceled_at.max(s.cancel_at)?;
        (&*s.status == "canceled" && at <= self.as_of).then_some(at)
    }

    /// When the customer canceled: the invoice's subscription, else all of the account's, else the account itself, or
    /// in person since `since`.
    pub(super) fn canceled_at(&self, invoice: &Invoice, since: Instant) -> Option<Instant> {
        let subscription = match self.subscription(invoice) {
            Some(s) => self.canceled(s),
            None => {
                let all: Option<Vec<Instant>> =
                    self.of_account(&invoice.account_id).iter().map(|s| self.canceled(s)).collect();
                all.and_then(|list| list.into_iter().max())
            }
        };
        let account = self.accounts.get(&invoice.account_id).filter(|a| &*a.status == "canceled");
        let account = account.and_then(|a| a.canceled_at.or(a.status_since)).filter(|at| *at <= self.as_of);
        let own = self.cancellations.get(&invoice.account_id).map_or(&[][..], Vec::as_slice);
        let in_person = own.iter().map(|e| e.moment).find(|at| *at >= since);
        // Whoever cuts off for want of money may cancel along with it: that is not the customer's own.
        let cut_offs = self.cut_offs.get(&invoice.account_id).map_or(&[][..], Vec::as_slice);
        let by_others = |at: &Instant| cut_offs.iter().any(|e| near(Some(e.moment), Some(*at)));
        let of_records = [subscription, account].into_iter().flatten().filter(|at| !by_others(at)).min();
        [of_records, in_person].into_iter().flatten().min()
    }

    /// Whether another export says that the account has no paid access any more.
    pub(super) fn inactive(&self, account: &Text) -> bool {
        self.accounts.get(account).is_some_and(|a| {
            matches!(&*a.status, "canceled" | "suspended" | "paused") || a.plan.as_deref() == Some("free")
        })
    }

    /// Whether a subscription began with this invoice: by its status, or by its start or the end of its trial.
    fn begins(&self, invoice: &Invoice) -> bool {
        let Some(s) = self.subscription(invoice) else {
            let created = self.accounts.get(&invoice.account_id).and_then(|a| a.created_at);
            let issued = invoice.issued_at.or(invoice.period_start.map(|p| p.in_zone(self.default_zone)));
            return near(created, issued);
        };
        if matches!(&*s.status, "incomplete" | "incomplete_expired") {
            return true;
        }
        let start = invoice.period_start.map(|p| p.in_zone(self.billing_zone(invoice))).or(invoice.issued_at);
        near(s.started_at, start) || near(s.trial_end, start)
    }

    /// The account itself, else the first payer of its bill for whom `known` holds.
    pub(super) fn payer(&self, account: &'d Text, known: impl Fn(&Text) -> bool) -> &'d Text {
        let mut at = account;
        for _ in 0..16 {
            if known(at) {
                return at;
            }
            match self.accounts.get(at).and_then(|a| a.bill_to.as_ref()) {
                Some(next) if next != at => at = next,
                _ => return account,
            }
        }
        account
    }
}

fn is_cancellation(e: &AccessChange) -> bool {
    let chosen = words::is_customer(e.actor.as_deref())
        || words::is_customers_choice(e.reason.as_deref()) && !words::is_nonpayment(e.reason.as_deref());
    &*e.change == "revoked" && e.feature.is_none() && chosen
}

fn is_cut_off(e: &AccessChange) -> bool {
    let removal = matches!(&*e.change, "revoked" | "downgraded");
    removal && !words::is_customer(e.actor.as_deref()) && words::is_nonpayment(e.reason.as_deref())
}

/// Within a day: systems that begin a subscription and issue its invoice do not agree to the second.
fn near(a: Option<Instant>, b: Option<Instant>) -> bool {
    matches!((a, b), (Some(a), Some(b)) if (a - b).abs() <= TimeDelta::days(1))
}

/// Replays the payments of every invoice up to the given time.
pub(super) fn sequences<'d>(
    data: &Data<'_>,
    records: &'d Records,
    lookup: &Lookup<'d>,
    policy: &Policy,
) -> Result<Sequences<'d>> {
    let as_of = data.settings.as_of;
    let invoices: Map<'d, &Invoice> = records.invoices.iter().map(|i| (&i.invoice_id, i)).collect();
    let payments = payments_of_failed(records);
    let log_begins = records.payments.iter().map(|p| p.attempted_at).min();
    let concerned: Set<'_> =
        payments.keys().filter_map(|id| invoices.get(id)).map(|i| &i.account_id).collect();
    let paid_before = first_payments(records, &invoices, &concerned);
    let named = records.payments.iter().filter_map(|p| p.invoice_id.as_ref());
    let strayed: Set<'_> = named.filter(|id| !invoices.contains_key(id)).collect();
    let mut out = Sequences {
        list: Vec::new(),
        invoices: 0,
        unclear: 0,
        never_started: 0,
        strayed: strayed.len() as u64,
        excluded: 0,
    };
    let mut excluded: Set<'_> = HashSet::default();
    for invoice in &records.invoices {
        let kind = lookup.accounts.get(&invoice.account_id).and_then(|a| a.kind.as_deref());
        if data.settings.scope.excludes(&invoice.account_id, kind) {
            excluded.insert(&invoice.account_id);
            continue;
        }
        out.invoices += 1;
        let Some(log) = payments.get(&invoice.invoice_id) else { continue };
        let attempts: Vec<Attempt> = log.iter().filter_map(|p| Attempt::of(p, &invoice.currency)).collect();
        let collection = Collection::seen_at(&Owed::of(invoice), &attempts, as_of)
            .with_context(|| format!("invoice {}", invoice.invoice_id))?;
        let Some(first_failed) = collection.first_failed_at else { continue };
        let never_paid = collection.closed.is_none_or(|c| c.end != How::Paid);
        let paid_earlier = paid_before.get(&invoice.account_id).is_some_and(|at| *at < first_failed);
        if never_paid && !paid_earlier && lookup.begins(invoice) {
            out.never_started += 1;
            continue;
        }
        let cut = log.first().is_some_and(|p| p.attempt.is_some_and(|n| n > 1))
            && matches!((invoice.issued_at, log_begins), (Some(issued), Some(begins)) if issued < begins);
        if cut {
            out.unclear += 1;
            continue;
        }
        let clock = Clock::set(first_failed, lookup.billing_zone(invoice));
        let end = end_of(collection.closed, lookup.canceled_at(invoice, first_failed));
        let recovered = collection.recovered_at();
        let mut tries: Vec<Try> = log
            .iter()
            .filter(|p| &*p.status != "refunded" && p.attempted_at >= first_failed && p.attempted_at <= as_of)
            .filter(|p| recovered.is_none_or(|at| p.attempted_at <= at))
            .map(|p| Try::of(p))
            .collect();
        // The first failure comes first, whatever else bears its timestamp.
        tries.sort_by_key(|t: &Try| (t.at, !t.failed));
        out.list.push(Sequence { invoice, clock, first_failed, tries, messages: Vec::new(), end });
    }
    out.excluded = excluded.len() as u64;
    out.list.sort_by(|a, b| {
        (&a.invoice.account_id, a.first_failed, &a.invoice.invoice_id).cmp(&(
            &b.invoice.account_id,
            b.first_failed,
            &b.invoice.invoice_id,
        ))
    });
    attribute(records, &payments, &invoices, policy, &mut out.list);
    Ok(out)
}

/// The payments of every invoice of which one failed, in their order.
fn payments_of_failed(records: &Records) -> Index<'_, Payment> {
    let failed = records.payments.iter().filter(|p| &*p.status == "failed");
    let failed: Set<'_> = failed.filter_map(|p| p.invoice_id.as_ref()).collect();
    let mut by_invoice = index(&records.payments, |p| p.invoice_id.as_ref().filter(|id| failed.contains(id)));
    for log in by_invoice.values_mut() {
        log.sort_by(|a, b| (a.attempted_at, &a.payment_id).cmp(&(b.attempted_at, &b.payment_id)));
    }
    by_invoice
}

/// When the first money of each of these accounts came.
fn first_payments<'d>(
    records: &'d Records,
    invoices: &Map<'d, &'d Invoice>,
    accounts: &Set<'_>,
) -> Map<'d, Instant> {
    let mut first: Map<'_, Instant> = HashMap::default();
    let mut keep = |account: &'d Text, at: Instant| {
        if accounts.contains(account) {
            let slot = first.entry(account).or_insert(at);
            *slot = (*slot).min(at);
        }
    };
    for p in records.payments.iter().filter(|p| &*p.status == "succeeded") {
        let invoice = p.invoice_id.as_ref().and_then(|id| invoices.get(id));
        if let Some(account) = invoice.map(|i| &i.account_id).or(p.account_id.as_ref()) {
            keep(account, p.attempted_at);
        }
    }
    for i in records.invoices.iter().filter(|i| &*i.status == "paid") {
        if let Some(at) = i.paid_at.or(i.issued_at) {
            keep(&i.account_id, at);
        }
    }
    first
}

/// The earlier of the collection's end and the customer's cancellation. A write-off has no date: it came after all
/// that is known, unless the customer had gone before.
fn end_of(closed: Option<Closed>, canceled: Option<Instant>) -> Option<End> {
    let closed = closed.map(|c| End {
        how: match c.end {
            How::Paid => Ending::Paid,
            How::Void => Ending::Void,
            How::WrittenOff => Ending::WrittenOff,
        },
        at: c.at,
    });
    let canceled = canceled.map(|at| End { how: Ending::Canceled, at: Some(at) });
    match (closed, canceled) {
        (Some(End { at: Some(a), .. }), Some(End { at: Some(b), .. })) if b < a => canceled,
        (Some(End { at: None, how: Ending::WrittenOff }), Some(_)) => canceled,
        (Some(closed), _) => Some(closed),
        (None, canceled) => canceled,
    }
}

/// Gives each dunning message to its sequence: by the invoice or payment that it names, else to the account's
/// earliest that runs, else to the one that ended last.
fn attribute(
    records: &Records,
    payments: &Index<'_, Payment>,
    invoices: &Map<'_, &Invoice>,
    policy: &Policy,
    sequences: &mut [Sequence<'_>],
) {
    let mut by_id: HashMap<Text, usize, foldhash::fast::RandomState> = HashMap::default();
    let mut by_account: HashMap<Text, Vec<usize>, foldhash::fast::RandomState> = HashMap::default();
    for (at, s) in sequences.iter().enumerate() {
        for p in payments.get(&s.invoice.invoice_id).into_iter().flatten() {
            by_id.insert(p.payment_id, at);
        }
        by_account.entry(s.invoice.account_id).or_default().push(at);
    }
    by_id.extend(sequences.iter().enumerate().map(|(at, s)| (s.invoice.invoice_id, at)));
    for m in &records.messages {
        let kinds = [Some(word(&m.kind)), m.template.as_deref().map(word)];
        let Some(kind) = kinds.into_iter().flatten().find(|k| policy.is_dunning(k)) else { continue };
        let related = m.related_id.as_ref();
        let named = related.and_then(|id| by_id.get(id)).copied();
        // A message about an invoice without a sequence says nothing of the account's others.
        let elsewhere = related.is_some_and(|id| invoices.contains_key(id) && !by_id.contains_key(id));
        let by_time = || {
            let list = by_account.get(m.account_id.as_ref()?)?;
            let runs = |i: &usize| sequences[*i].runs_at(m.sent_at);
            // Mail and payment logs do not agree to the second.
            let fails_today = |i: &usize| {
                let s = &sequences[*i];
                s.clock.start(0) <= m.sent_at && m.sent_at < s.first_failed
            };
            let ended = |i: &usize| sequences[*i].ended_at().is_some_and(|at| at <= m.sent_at);
            let all = || list.iter().copied();
            let last_ended = || all().filter(ended).max_by_key(|i| sequences[*i].ended_at());
            all().find(runs).or_else(|| all().find(fails_today)).or_else(last_ended)
        };
        let at = if elsewhere { None } else { named.or_else(by_time) };
        if let Some(at) = at {
            sequences[at].messages.push(Sent::of(m, kind));
        }
    }
}
