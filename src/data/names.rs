//! One name for what systems call differently: accounts, metrics, plans, features.

use super::record::Naming;
use crate::cache::Input;
use crate::{
    cache::Cache,
    model::{
        datasets::{self, Dataset},
        interned::Text,
    },
    settings::Settings,
};
use anyhow::Result;
use std::{
    collections::{BTreeMap, BTreeSet, HashMap, HashSet},
    sync::{Mutex, MutexGuard, PoisonError},
};

/// Which account an id of a system stands for.
enum Owner {
    One(Text),
    /// Different accounts in different systems.
    Several,
}

/// Translates the ids and names of all exports into shared ones.
#[derive(Default)]
pub struct Names {
    by_system: HashMap<(Text, Text), Text>,
    anywhere: HashMap<Text, Owner>,
    accounts: HashSet<Text>,
    maps: HashMap<&'static str, BTreeMap<String, String>>,
    unmatched: Mutex<BTreeSet<(String, String)>>,
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
        let mut pairs: Vec<(String, String, Text)> = Vec::new();
        cells("identities", &["system", "external_id", "account_id"], &mut |c| {
            if let [Some(system), Some(external), Some(account)] = c {
                pairs.push((system.to_lowercase(), (*external).to_owned(), Text::from(*account)));
            }
        })?;
        if pairs.is_empty() {
            return Ok(names);
        }
        cells("accounts", &["account_id"], &mut |c| {
            if let [Some(account)] = c {
                names.accounts.insert(Text::from(*account));
            }
        })?;
        // The greater account wins where an id stands twice in one system: a choice without regard to order.
        pairs.sort();
        for (system, external, account) in pairs {
            // One copy of each account, as of every other name.
            let account = names.intern(&account);
            names.accounts.insert(account);
            let external: Text = external.into();
            names.by_system.insert((system.into(), external), account);
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
    pub fn account(&self, system: Option<&str>, id: &str) -> Text {
        let id = Text::from(id);
        if self.by_system.is_empty() {
            return id;
        }
        if let Some(system) = system {
            let key = (Text::from(system.to_lowercase()), id);
            if let Some(account) = self.by_system.get(&key) {
                return *account;
            }
            if !self.accounts.contains(&id) {
                locked(&self.unmatched).insert((system.to_owned(), id.to_string()));
            }
            return id;
        }
        match self.anywhere.get(&id) {
            Some(Owner::One(account)) if !self.accounts.contains(&id) => *account,
            _ => id,
        }
    }

    /// A metric's shared name.
    pub fn metric(&self, name: &str) -> Text {
        self.mapped("metric", name)
    }

    fn mapped(&self, map: &str, name: &str) -> Text {
        match self.maps.get(map).and_then(|m| m.get(name)) {
            Some(shared) => self.intern(shared),
            None => self.intern(name),
        }
    }

    /// One copy of each text.
    pub fn intern(&self, text: &str) -> Text {
        text.into()
    }

    /// Whether an identity names an id of a system, or it is itself an account that an identity or an export of the
    /// company's own names.
    pub(super) fn knows(&self, system: &str, id: &str) -> bool {
        let key = (Text::from(system.to_lowercase()), Text::from(id));
        self.by_system.contains_key(&key) || self.accounts.contains(&key.1)
    }

    /// Ids of a system that no identity names: system and id.
    pub fn unmatched(&self) -> BTreeSet<(String, String)> {
        locked(&self.unmatched).clone()
    }

    /// The shared name of a text in a column.
    pub(super) fn shared(&self, naming: Naming, system: Option<&str>, text: &str) -> Text {
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
