//! Lookups in four bytes each: a million lines repeat them.

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
