//! What the check reads beside the accounts' health.

use super::plan::{Contact, word};
use crate::{
    data::{
        Data,
        records::{Account, Message, Subscription, Text},
    },
    judge::{
        customers::Customers,
        health::{Loaded, day_of},
        naming::{IDENTITIES, Naming, Words},
    },
    model::money::Money,
    report::Problem,
};
use anyhow::Result;
use chrono::NaiveDate;
use std::collections::{BTreeSet, HashMap, HashSet};

/// Messages by account.
type Contacts = HashMap<Text, Vec<Contact>>;

/// Subscriptions and messages.
pub(super) struct Inputs {
    /// By id.
    pub(super) subscriptions: Vec<Subscription>,
    /// Whether messages are there that say whom they went to.
    pub(super) log: bool,
    /// Whether a messages export has accounts.
    pub(super) names_accounts: bool,
    /// The first day of the messages.
    pub(super) log_from: Option<NaiveDate>,
    /// Accounts of subscriptions that match no account.
    pub(super) unknown: Vec<Text>,
    /// Every account's id, sorted.
    known: Vec<Text>,
    contacts: Contacts,
    /// The running subscriptions of each account.
    running: HashMap<Text, BTreeSet<Text>>,
}

fn runs(s: &Subscription) -> bool {
    matches!(&*s.status, "active" | "past_due" | "paused" | "unpaid")
}

impl Inputs {
    pub(super) fn load(data: &Data<'_>, loaded: &Loaded, today: NaiveDate) -> Result<Inputs> {
        let mut subscriptions: Vec<Subscription> = data.load()?;
        subscriptions.sort_by_key(|a| a.subscription_id);
        let mut known: HashSet<Text> = loaded.accounts.iter().map(|a| a.account_id).collect();
        if loaded.excluded > 0 {
            let all: Vec<Account> = data.load()?;
            known.extend(all.into_iter().map(|a| a.account_id));
        }
        let named: BTreeSet<&Text> = subscriptions.iter().map(|s| &s.account_id).collect();
        let unknown = named.iter().filter(|id| !known.contains(**id)).map(|id| *(*id)).collect();
        let mut running: HashMap<Text, BTreeSet<Text>> = HashMap::new();
        for s in subscriptions.iter().filter(|s| runs(s)) {
            running.entry(s.account_id).or_default().insert(s.subscription_id);
        }
        let (contacts, log_from) = contacts(data, &subscriptions, today)?;
        let names_accounts = data.has_column("messages", "account_id");
        let mut known: Vec<Text> = known.into_iter().collect();
        known.sort();
        Ok(Inputs {
            log: data.has("messages") && names_accounts,
            names_accounts,
            log_from,
            unknown,
            known,
            contacts,
            running,
            subscriptions,
        })
    }

    /// The ids of the subscriptions against the accounts.
    fn names(&self) -> Naming<'_> {
        let used = self.subscriptions.iter().map(|s| (&*s.account_id, 1));
        Naming::of(used, |a| self.known.binary_search_by(|k| (**k).cmp(a)).is_ok())
    }

    /// The messages to an account, oldest first.
    pub(super) fn all_of(&self, account: &Text) -> &[Contact] {
        self.contacts.get(account).map_or(&[], Vec::as_slice)
    }

    /// The messages that may do a step of a renewal: those to the account, save what is about another of its
    /// subscriptions.
    pub(super) fn contacts_of(&self, s: &Subscription) -> Vec<Contact> {
        let running = self.running.get(&s.account_id);
        let about_another = |c: &Contact| {
            let other = |id: &Text| *id != s.subscription_id && running.is_some_and(|r| r.contains(id));
            c.related.as_ref().is_some_and(other)
        };
        self.all_of(&s.account_id).iter().filter(|c| !about_another(c)).cloned().collect()
    }

    /// The annual revenue of a renewal: the subscription's own, else the account's where nothing else of it runs.
    pub(super) fn arr(&self, s: &Subscription, account: &Account, customers: &Customers) -> Option<Money> {
        let currency = s.currency.as_ref().or(account.currency.as_ref());
        if let (Some(arr), Some(currency)) = (s.arr, currency) {
            return Some(Money::new(arr, currency));
        }
        let alone = self.running.get(&s.account_id).is_some_and(|r| r.len() == 1);
        customers.arr(&s.account_id).filter(|_| alone).cloned()
    }
}

/// The messages by account, oldest first, and the first day of all. Those after `--as-of` do not count. One without
/// an account that is about a subscription went to that one's account.
fn contacts(
    data: &Data<'_>,
    subscriptions: &[Subscription],
    today: NaiveDate,
) -> Result<(Contacts, Option<NaiveDate>)> {
    let (as_of, zone) = (data.settings.as_of, data.settings.timezone);
    let owners: HashMap<&Text, &Text> =
        subscriptions.iter().map(|s| (&s.subscription_id, &s.account_id)).collect();
    let mut by = Contacts::new();
    let mut first: Option<NaiveDate> = None;
    let messages: Vec<Message> = data.load()?;
    for m in messages.into_iter().filter(|m| m.sent_at <= as_of) {
        let day = day_of(m.sent_at, zone).min(today);
        first = Some(first.map_or(day, |f| f.min(day)));
        let about = m.related_id.as_ref().and_then(|id| owners.get(id)).copied();
        let Some(account) = m.account_id.as_ref().or(about) else { continue };
        let contact =
            Contact { kind: word(&m.kind), sent_at: m.sent_at, day, related: m.related_id, at: m.at };
        by.entry(*account).or_default().push(contact);
    }
    for list in by.values_mut() {
        list.sort_by(|a, b| (a.sent_at, &a.kind, &a.related).cmp(&(b.sent_at, &b.kind, &b.related)));
    }
    Ok((by, first))
}

/// The exports whose ids mostly match no account: then nothing is judged.
pub(super) fn names_differ(data: &Data<'_>, loaded: &Loaded, inputs: &Inputs) -> Vec<Problem> {
    let sides = [
        ("activity", "in activity match no account, so nothing was judged", loaded.names()),
        ("subscriptions", "in subscriptions match no account, so nothing was judged", inputs.names()),
    ];
    let known = inputs.known.iter().map(|k| &**k);
    let problem = |clause: &str, names: &Naming<'_>| {
        names.problem(&Words { kind: ("id", "ids"), clause, remedy: IDENTITIES }, known.clone())
    };
    let told = sides.iter().filter_map(|(of, clause, names)| Some((of, problem(clause, names)?)));
    told.map(|(of, problem)| data.blame(of, problem)).collect()
}
