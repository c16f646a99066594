//! One name for what systems call differently: accounts, metrics, plans, features.

use super::record::Naming;
use crate::cache::Input;
use crate::{
    cache::Cache,
    model::datasets::{self, Dataset},
    settings::Settings,
};
use anyhow::Result;
use hashbrown::HashTable;
use std::{
    collections::{BTreeMap, BTreeSet, HashMap, HashSet},
    hash::BuildHasher as _,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
};

/// Which account an id of a system stands for.
enum Owner {
    One(Arc<str>),
    /// Different accounts in different systems.
    Several,
}

/// One copy of each text, in parts of their own, so that two threads seldom wait for one another.
#[derive(Default)]
struct Interned {
    hasher: foldhash::fast::RandomState,
    parts: [Mutex<HashTable<Arc<str>>>; 32],
}

impl Interned {
    fn of(&self, text: &str) -> Arc<str> {
        let hash = self.hasher.hash_one(text);
        // The table itself goes by the first and the last bits.
        let mut part = locked(&self.parts[(hash >> 32) as usize % self.parts.len()]);
        if let Some(known) = part.find(hash, |known| **known == *text) {
            return known.clone();
        }
        let new: Arc<str> = Arc::from(text);
        part.insert_unique(hash, new.clone(), |known| self.hasher.hash_one(&**known));
        new
    }
}

/// Translates the ids and names of all exports into shared ones.
#[derive(Default)]
pub struct Names {
    by_system: HashMap<(Arc<str>, Arc<str>), Arc<str>>,
    anywhere: HashMap<Arc<str>, Owner>,
    accounts: HashSet<Arc<str>>,
    maps: HashMap<&'static str, BTreeMap<String, String>>,
    unmatched: Mutex<BTreeSet<(String, String)>>,
    interned: Interned,
}

/// Columns that hold an account's id.
fn is_account(column: &str) -> bool {
    matches!(column, "account_id" | "bill_to" | "parent_account_id")
}

/// The map that a column's names go through.
fn map_of(column: &str) -> Option<&'static str> {
    match column {
        "metric" => Some("metric"),
        "plan" | "from_plan" | "to_plan" => Some("plan"),
        "feature" | "features" | "features_used" => Some("feature"),
        _ => None,
    }
}

/// What a lock guards; names are whole whatever a thread died of.
fn locked<T>(lock: &Mutex<T>) -> MutexGuard<'_, T> {
    lock.lock().unwrap_or_else(PoisonError::into_inner)
}

impl Names {
    /// From the identities and accounts among the exports, and the maps of crosscheck.toml.
    pub fn load(cache: &Cache, inputs: &[Input], settings: &Settings) -> Result<Names> {
        let mut names = Names {
            maps: HashMap::from([
                ("metric", settings.maps.metric.clone()),
                ("plan", settings.maps.plan.clone()),
                ("feature", settings.maps.feature.clone()),
            ]),
            ..Names::default()
        };
        let cells = |dataset: &str, columns: &[&str], f: &mut dyn FnMut(&[Option<&str>])| -> Result<()> {
            let Some(dataset) = datasets::find(dataset) else { return Ok(()) };
            let at: Vec<usize> = columns.iter().filter_map(|c| dataset.position(c)).collect();
            for part in inputs.iter().flat_map(|i| &i.content.parts).filter(|p| {
                // Another system's list of accounts has that system's ids, which are to be translated.
                p.dataset.name == dataset.name && (p.system.is_none() || p.dataset.name != "accounts")
            }) {
                cache.read_rows(part, &at, |_, _, cells| {
                    f(cells);
                    Ok(())
                })?;
            }
            Ok(())
        };
        let mut pairs: Vec<(String, String, Arc<str>)> = Vec::new();
        cells("identities", &["system", "external_id", "account_id"], &mut |c| {
            if let [Some(system), Some(external), Some(account)] = c {
                pairs.push((system.to_lowercase(), (*external).to_owned(), Arc::from(*account)));
            }
        })?;
        if pairs.is_empty() {
            return Ok(names);
        }
        cells("accounts", &["account_id"], &mut |c| {
            if let [Some(account)] = c {
                names.accounts.insert(Arc::from(*account));
            }
        })?;
        // The greater account wins where an id stands twice in one system: a choice without regard to order.
        pairs.sort();
        for (system, external, account) in pairs {
            // One copy of each account, as of every other name.
            let account = names.intern(&account);
            names.accounts.insert(account.clone());
            let external: Arc<str> = external.into();
            names.by_system.insert((system.into(), external.clone()), account.clone());
            names
                .anywhere
                .entry(external)
                .and_modify(|owner| {
                    if !matches!(owner, Owner::One(a) if *a == account) {
                        *owner = Owner::Several;
                    }
                })
                .or_insert(Owner::One(account));
        }
        Ok(names)
    }

    /// The account that an id of a system stands for; the id itself where no identity names it.
    pub fn account(&self, system: Option<&str>, id: &str) -> Arc<str> {
        if self.by_system.is_empty() {
            return self.intern(id);
        }
        if let Some(system) = system {
            let key = (Arc::from(system.to_lowercase()), Arc::from(id));
            if let Some(account) = self.by_system.get(&key) {
                return account.clone();
            }
            if !self.accounts.contains(id) {
                locked(&self.unmatched).insert((system.to_owned(), id.to_owned()));
            }
            return self.intern(id);
        }
        if !self.accounts.contains(id)
            && let Some(Owner::One(account)) = self.anywhere.get(id)
        {
            return account.clone();
        }
        self.intern(id)
    }

    /// A metric's shared name.
    pub fn metric(&self, name: &str) -> Arc<str> {
        self.mapped("metric", name)
    }

    fn mapped(&self, map: &str, name: &str) -> Arc<str> {
        match self.maps.get(map).and_then(|m| m.get(name)) {
            Some(shared) => self.intern(shared),
            None => self.intern(name),
        }
    }

    /// One copy of each text.
    pub fn intern(&self, text: &str) -> Arc<str> {
        self.interned.of(text)
    }

    /// Whether an identity names an id of a system, or it is itself an account that an identity or an export of the
    /// company's own names.
    pub(super) fn knows(&self, system: &str, id: &str) -> bool {
        let key = (Arc::from(system.to_lowercase()), Arc::from(id));
        self.by_system.contains_key(&key) || self.accounts.contains(id)
    }

    /// Ids of a system that no identity names: system and id.
    pub fn unmatched(&self) -> BTreeSet<(String, String)> {
        locked(&self.unmatched).clone()
    }

    /// The shared name of a text in a column.
    pub(super) fn shared(&self, naming: Naming, system: Option<&str>, text: &str) -> Arc<str> {
        match naming {
            Naming::Plain => self.intern(text),
            Naming::Account => self.account(system, text),
            Naming::Mapped(map) => self.mapped(map, text),
        }
    }

    /// What names have to do with a column. Plain where no identity and no map could change its texts.
    pub(super) fn naming(&self, dataset: &Dataset, column: &str) -> Naming {
        if is_account(column) && dataset.name != "identities" && !self.by_system.is_empty() {
            return Naming::Account;
        }
        match map_of(column) {
            Some(map) if self.maps.get(map).is_some_and(|m| !m.is_empty()) => Naming::Mapped(map),
            _ => Naming::Plain,
        }
    }
}
