//! The records of exports by the lines on which they stand.

use crate::{
    data::Data,
    model::{
        datasets::Store,
        time::{Instant, Stamp},
    },
};
use anyhow::Result;
use std::collections::{BTreeMap, HashMap};

/// What is known of the record on a line.
#[derive(Clone, Debug, Default)]
pub(super) struct Found {
    pub account: Option<String>,
    pub created_at: Option<Instant>,
}

/// Reads the exports that are asked for, each once.
pub(super) struct Records<'d> {
    data: &'d Data<'d>,
    read: HashMap<usize, BTreeMap<u64, Found>>,
}

impl<'d> Records<'d> {
    pub(super) fn of(data: &'d Data<'d>) -> Records<'d> {
        Records { data, read: HashMap::new() }
    }

    /// The record of an input that stands on a line, or began on one before it.
    pub(super) fn at(&mut self, input: usize, line: u64) -> Result<Found> {
        if !self.read.contains_key(&input) {
            self.read.insert(input, self.lines(input)?);
        }
        let lines = self.read.get(&input);
        let found = lines.and_then(|l| l.range(..=line).next_back()).map(|(_, found)| found.clone());
        Ok(found.unwrap_or_default())
    }

    fn lines(&self, input: usize) -> Result<BTreeMap<u64, Found>> {
        let mut lines = BTreeMap::new();
        let zone = self.data.zone_of(input);
        for part in &self.data.inputs[input].content.parts {
            let Some(account) = part.dataset.position("account_id") else { continue };
            if part.dataset.store != Store::Rows {
                continue;
            }
            let created = part.dataset.position("created_at");
            let columns: Vec<usize> = [Some(account), created].into_iter().flatten().collect();
            self.data.cache.read_rows(part, &columns, |_, line, cells| {
                let text = |at: usize| cells.get(at).copied().flatten();
                let name = |id| self.data.names.account(part.system.as_deref(), id);
                let stamp = text(1).and_then(|t| Stamp::parse(t).ok());
                let found = Found {
                    account: text(0).map(|id| name(id).to_string()),
                    created_at: stamp.map(|s| s.in_zone(zone)),
                };
                lines.insert(line, found);
                Ok(())
            })?;
        }
        Ok(lines)
    }
}
