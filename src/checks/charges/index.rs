//! Names and lookups in four bytes each: a million lines repeat them.

use crate::data::records::Text;
use anyhow::{Context as _, Result};
use std::collections::HashMap;

/// A shared name by number: four bytes where a million lines repeat it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(super) struct Sym(std::num::NonZeroU32);

/// The names behind the numbers. Equal names come as one shared text, so that its address tells them apart.
#[derive(Debug, Default)]
pub(super) struct Symbols {
    by_address: HashMap<usize, Sym, foldhash::fast::RandomState>,
    texts: Vec<Text>,
}

/// Tells a shared name from all others.
pub(super) fn address(text: &Text) -> usize {
    text.address()
}

impl Symbols {
    pub(super) fn of(&mut self, text: &Text) -> Result<Sym> {
        let address = address(text);
        if let Some(known) = self.by_address.get(&address) {
            return Ok(*known);
        }
        self.texts.push(text.clone());
        let number = u32::try_from(self.texts.len()).ok().and_then(std::num::NonZeroU32::new);
        let new = Sym(number.context("there are more than four thousand million names")?);
        self.by_address.insert(address, new);
        Ok(new)
    }

    pub(super) fn of_some(&mut self, text: Option<&Text>) -> Result<Option<Sym>> {
        text.map(|t| self.of(t)).transpose()
    }

    /// The number of a name, if it has one.
    pub(super) fn known(&self, text: &Text) -> Option<Sym> {
        self.by_address.get(&address(text)).copied()
    }

    /// The name.
    pub(super) fn text(&self, sym: Sym) -> &Text {
        &self.texts[sym.0.get() as usize - 1]
    }
}

/// Items in runs, one run an owner.
#[derive(Debug, Default)]
pub(super) struct Runs {
    starts: Vec<u32>,
    items: Vec<u32>,
}

impl Runs {
    /// Of `owners[i]` for each item `i`; a run keeps the order of its items.
    pub(super) fn new(owners: impl Iterator<Item = u32> + Clone, count: usize) -> Runs {
        let mut starts = vec![0u32; count + 1];
        owners.clone().for_each(|o| starts[o as usize + 1] += 1);
        for i in 0..count {
            starts[i + 1] += starts[i];
        }
        let mut next = starts.clone();
        let mut items = vec![0u32; starts[count] as usize];
        for (item, owner) in (0u32..).zip(owners) {
            let at = &mut next[owner as usize];
            items[*at as usize] = item;
            *at += 1;
        }
        Runs { starts, items }
    }

    /// The items of an owner.
    pub(super) fn of(&self, owner: u32) -> &[u32] {
        let at = owner as usize;
        &self.items[self.starts[at] as usize..self.starts[at + 1] as usize]
    }
}
