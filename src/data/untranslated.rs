//! Which ids of the exports' systems no identity sheet translates.

use super::Data;
use crate::{model::datasets::Store, usage::pack::read_series};
use anyhow::Result;
use std::collections::{BTreeMap, BTreeSet};

/// Account ids of one system that nothing connects with the other exports.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Untranslated {
    /// The system, in small letters.
    pub system: String,
    /// Different ids that no identity names and no export of another origin has.
    pub ids: u64,
    /// Different ids of the system.
    pub of: u64,
}

/// Account ids by the system that they belong to; under `None` the company's own.
type Origins = BTreeMap<Option<String>, BTreeSet<String>>;

impl Data<'_> {
    /// The systems with ids that cannot be joined, by name. None where all exports come from one origin: then there is
    /// nothing to join. An id that two origins share needs no sheet.
    pub fn untranslated(&self) -> Result<Vec<Untranslated>> {
        let origins = self.origins()?;
        if origins.len() + usize::from(self.has("identities")) < 2 {
            return Ok(Vec::new());
        }
        let shared = |system: &str, id: &String| {
            let others = origins.iter().filter(|(s, _)| s.as_deref() != Some(system));
            self.names.knows(system, id) || others.into_iter().any(|(_, ids)| ids.contains(id))
        };
        let systems = origins.iter().filter_map(|(s, ids)| Some((s.as_deref()?, ids)));
        let found = systems.map(|(system, ids)| Untranslated {
            system: system.to_owned(),
            ids: ids.iter().filter(|id| !shared(system, id)).count() as u64,
            of: ids.len() as u64,
        });
        Ok(found.filter(|u| u.ids > 0).collect())
    }

    fn origins(&self) -> Result<Origins> {
        let mut origins = Origins::new();
        for part in self.inputs.iter().flat_map(|i| &i.content.parts).filter(|p| p.loaded > 0) {
            let Some(account) = part.dataset.position("account_id") else { continue };
            if part.dataset.name == "identities" {
                continue;
            }
            let mut ids = BTreeSet::new();
            match part.dataset.store {
                Store::Packed => {
                    let series = read_series(&self.cache.series(part.id)?)?;
                    ids.extend(series.into_iter().map(|s| s.account));
                }
                Store::Rows => self.cache.read_rows(part, &[account], |_, _, cells| {
                    if let [Some(id)] = cells
                        && !ids.contains(*id)
                    {
                        ids.insert((*id).to_owned());
                    }
                    Ok(())
                })?,
            }
            if !ids.is_empty() {
                origins.entry(part.system.as_deref().map(str::to_lowercase)).or_default().append(&mut ids);
            }
        }
        Ok(origins)
    }
}
