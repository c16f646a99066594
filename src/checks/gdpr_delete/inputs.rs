//! What is loaded: requests, systems, confirmations, and what is known of accounts.

use super::policy::Policy;
use crate::{
    data::{Data, record, records::Text},
    judge::naming::{Naming, Words},
    model::{
        mask::Private,
        time::{Instant, Stamp},
    },
    report::Problem,
};
use anyhow::Result;
use chrono::NaiveDate;
use std::collections::{HashMap, HashSet};

record! {
    /// A request with what identifies its person.
    Request of "deletion_requests" {
        request_id: Text,
        account_id: Option<Text>,
        subject_id: Option<Private>,
        name: Option<Private>,
        email: Option<Private>,
        phone: Option<Private>,
        other_identifiers: Option<Vec<Private>>,
        received_at: Instant,
        kind: Option<Text>,
        country: Option<Text>,
        state: Option<Text>,
        verified_at: Option<Instant>,
        extended_until: Option<Stamp>,
        extension_reason: Option<Text>,
        customer_told_at: Option<Instant>,
        status: Option<Text>,
    }
}

record! {
    /// A system that may hold personal data.
    System of "systems" {
        system: Text,
        kind: Option<Text>,
        owner: Option<Text>,
        holds_personal_data: Option<bool>,
        retention_basis: Option<Text>,
        retention_days: Option<i64>,
    }
}

record! {
    /// What one system says of one request.
    Confirmation of "deletion_confirmations" {
        request_id: Text,
        system: Text,
        status: Text,
        confirmed_at: Option<Instant>,
        confirmed_by: Option<Text>,
        retention_basis: Option<Text>,
        retained_until: Option<NaiveDate>,
        evidence: Option<Text>,
    }
}

record! {
    /// An account: whether it is in scope, and whether a person has come back with it.
    Account of "accounts" {
        account_id: Text,
        kind: Option<Text>,
        email: Option<Private>,
        created_at: Option<Instant>,
    }
}

/// What the check reads.
pub(super) struct Inputs {
    /// Received by now and in scope, in the order of receipt.
    pub requests: Vec<Request>,
    /// By name.
    pub systems: Vec<System>,
    /// By request, each system's answer.
    pub confirmations: HashMap<Text, Vec<Confirmation>>,
    pub accounts: Vec<Account>,
    /// Every request that is named, in scope or not.
    known: HashSet<Text>,
    /// Requests of accounts out of scope.
    pub excluded: u64,
    /// Which columns the exports have.
    pub has: Has,
}

/// Columns whose absence is not the same as an empty cell.
#[derive(Clone, Copy, Debug)]
pub(super) struct Has {
    pub verified: bool,
    pub told: bool,
    pub reasons: bool,
}

impl Inputs {
    pub(super) fn load(data: &Data<'_>, policy: &Policy) -> Result<Inputs> {
        let mut requests: Vec<Request> = data.load()?;
        let mut systems: Vec<System> = data.load()?;
        let list: Vec<Confirmation> = data.load()?;
        let accounts: Vec<Account> = data.load()?;
        let kinds: HashMap<&str, Option<&str>> =
            accounts.iter().map(|a| (&*a.account_id, a.kind.as_deref())).collect();
        let known: HashSet<Text> = requests.iter().map(|r| r.request_id).collect();
        requests.retain(|r| r.received_at <= policy.as_of);
        let all = requests.len();
        requests.retain(|r| {
            let id = r.account_id.as_deref();
            !id.is_some_and(|id| data.settings.scope.excludes(id, kinds.get(id).copied().flatten()))
        });
        let excluded = (all - requests.len()) as u64;
        requests.sort_by(|a, b| (a.received_at, &a.request_id).cmp(&(b.received_at, &b.request_id)));
        systems.sort_by_key(|a| a.system);
        let mut confirmations: HashMap<Text, Vec<Confirmation>> = HashMap::new();
        for c in list {
            confirmations.entry(c.request_id).or_default().push(c);
        }
        let column = |name| data.has_column(REQUESTS, name);
        let has = Has {
            verified: column("verified_at"),
            told: column("customer_told_at"),
            reasons: column("extension_reason"),
        };
        Ok(Inputs { requests, systems, confirmations, accounts, known, excluded, has })
    }

    /// Whether confirmations speak of other requests or other systems altogether: then nothing is judged.
    pub(super) fn names_differ(&self, data: &Data<'_>) -> Option<Problem> {
        let names = Naming::of(self.confirmations.keys().map(|id| (id, 1)), |id| self.known.contains(id));
        let answered = self.known.iter().filter(|id| self.confirmations.contains_key(*id)).count();
        // A log of confirmations that goes back further than the requests is no mismatch: most requests have some.
        if answered * 2 < self.known.len() {
            let words = Words {
                kind: ("request", "requests"),
                clause: "in deletion_confirmations are not in deletion_requests, so nothing was judged",
                remedy: "the two exports name requests differently, or are of two times",
            };
            if let Some(problem) = names.problem(&words, self.known.iter().map(|id| &**id)) {
                return Some(data.blame(CONFIRMATIONS, problem));
            }
        }
        let every = self.confirmations.values().flatten();
        let systems: HashSet<&str> = self.systems.iter().map(|s| &*s.system).collect();
        let names = Naming::of(every.map(|c| (&*c.system, 1)), |s| systems.contains(s));
        let words = Words {
            kind: ("system", "systems"),
            clause: "in deletion_confirmations are not in systems, so nothing was judged",
            remedy: "the two exports name systems differently; name them alike",
        };
        let problem = names.problem(&words, systems.iter().copied())?;
        Some(data.blame(CONFIRMATIONS, problem))
    }

    /// Accounts with the moment of their creation, by their address in lower case.
    pub(super) fn by_address(&self) -> HashMap<String, Vec<&Account>> {
        let mut by: HashMap<String, Vec<&Account>> = HashMap::new();
        for account in &self.accounts {
            if let (Some(email), Some(_)) = (&account.email, account.created_at) {
                by.entry(email.reveal().trim().to_lowercase()).or_default().push(account);
            }
        }
        by
    }
}

/// Where a confirmation stands.
pub(super) const CONFIRMATIONS: &str = "deletion_confirmations";
/// Where a request stands.
pub(super) const REQUESTS: &str = "deletion_requests";
