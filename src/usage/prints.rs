//! Which of tens of millions of fingerprints occur more than once, in bounded memory.
//!
//! A print's highest bits choose one of [`BUCKETS`] buckets, each small enough for a core's own cache; 32 more bits
//! stand in the bucket with the event's place, 8 bytes in all. Equal prints are candidates only: what they stand
//! for decides.

use super::scan::Row;
use std::{sync::Mutex, sync::PoisonError, thread};

const BUCKETS: usize = 1024;

/// How many rounds so many events take, where one takes `most`: each round takes a range of the prints' values, so
/// that memory does not grow with the export.
pub(super) fn rounds(rows: u64, most: u64) -> u64 {
    rows.div_ceil(most).max(1)
}

/// The prints of one thread and one round.
pub(super) struct Prints {
    buckets: Vec<Vec<u64>>,
    round: u64,
    rounds: u64,
}

impl Prints {
    /// Room for about so many prints of that round.
    pub(super) fn new(expected: u64, round: u64, rounds: u64) -> Prints {
        let each = usize::try_from(expected / BUCKETS as u64).unwrap_or(0);
        // Buckets differ by about the root of their size.
        let room = each + each.isqrt() * 3;
        Prints { buckets: (0..BUCKETS).map(|_| Vec::with_capacity(room)).collect(), round, rounds }
    }

    /// Takes a print, if it belongs to the round.
    #[inline]
    pub(super) fn push(&mut self, print: u64, row: Row) {
        let scaled = u128::from(print) * u128::from(self.rounds);
        if (scaled >> 64) as u64 == self.round {
            let print = scaled as u64;
            self.buckets[(print >> 54) as usize].push((print << 10) >> 32 << 32 | u64::from(row));
        }
    }
}

/// The rows, rising, whose print occurs at least so often, once of them from the row `new` on.
pub(super) fn repeated(shares: Vec<Prints>, least: u32, new: Row) -> Vec<Row> {
    let threads = shares.len().max(1);
    let mut lanes: Vec<Vec<Vec<Vec<u64>>>> = (0..threads).map(|_| Vec::new()).collect();
    let mut iterators: Vec<_> = shares.into_iter().map(|s| s.buckets.into_iter()).collect();
    for b in 0..BUCKETS {
        lanes[b % threads].push(iterators.iter_mut().filter_map(Iterator::next).collect());
    }
    let found: Mutex<Vec<Row>> = Mutex::new(Vec::new());
    let work = |lane: Vec<Vec<Vec<u64>>>| {
        let mut table = Vec::new();
        let mut mine = Vec::new();
        for bucket in lane {
            frequent(&bucket, least, new, &mut table, &mut mine);
        }
        found.lock().unwrap_or_else(PoisonError::into_inner).extend(mine);
    };
    let mut lanes = lanes.into_iter();
    let own = lanes.next().unwrap_or_default();
    thread::scope(|scope| {
        for lane in lanes {
            scope.spawn(|| work(lane));
        }
        work(own);
    });
    let mut rows = found.into_inner().unwrap_or_else(PoisonError::into_inner);
    rows.sort_unstable();
    rows
}

/// Among the counts of a print: it is that of a new row.
const NEW: u32 = 1 << 31;

/// The rows of one bucket whose print occurs at least so often and is that of a new row. `table` is memory to work in.
fn frequent(bucket: &[Vec<u64>], least: u32, new: Row, table: &mut Vec<(u32, u32)>, found: &mut Vec<Row>) {
    let entries = || bucket.iter().flatten();
    let mask = (entries().count() * 2).next_power_of_two().max(16) - 1;
    table.clear();
    table.resize(mask + 1, (0, 0));
    let slot_of = |table: &[(u32, u32)], tag: u32| {
        let mut slot = tag as usize & mask;
        while table[slot].1 != 0 && table[slot].0 != tag {
            slot = (slot + 1) & mask;
        }
        slot
    };
    let mut any = false;
    for entry in entries() {
        let tag = (entry >> 32) as u32;
        let slot = slot_of(table, tag);
        let mark = if *entry as u32 >= new { NEW } else { 0 };
        let count = (table[slot].1 + 1) | mark;
        table[slot] = (tag, count);
        any |= count >= least | NEW;
    }
    if any {
        found.extend(
            entries()
                .filter(|e| table[slot_of(table, (**e >> 32) as u32)].1 >= least | NEW)
                .map(|e| *e as u32),
        );
    }
}

/// A set of prints that may answer yes for a few that it does not hold.
pub(super) struct Filter {
    bits: Vec<u64>,
}

impl Filter {
    /// For so many prints: at most one in about twenty others passes. More bits would let fewer pass, but would not
    /// stay in a core's own cache.
    pub(super) fn new(prints: u64) -> Filter {
        let bits = (prints * 8).next_power_of_two().clamp(1 << 12, 1 << 33);
        Filter { bits: vec![0; (bits / 64) as usize] }
    }

    #[inline]
    fn places(&self, print: u64) -> [usize; 2] {
        let mask = self.bits.len() * 64 - 1;
        [print as usize & mask, print.wrapping_mul(0x9e37_79b9_7f4a_7c15).rotate_left(32) as usize & mask]
    }

    #[inline]
    pub(super) fn insert(&mut self, print: u64) {
        for at in self.places(print) {
            self.bits[at / 64] |= 1 << (at % 64);
        }
    }

    #[inline]
    pub(super) fn has(&self, print: u64) -> bool {
        self.places(print).iter().all(|at| self.bits[at / 64] >> (at % 64) & 1 == 1)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;
    use std::collections::HashMap;

    proptest! {
        #[test]
        fn repeated_prints_are_found_whatever_the_shares_and_rounds(
            prints in prop::collection::vec(prop_oneof![0u64..20, any::<u64>(), (0u64..4).prop_map(|n| n << 62 | 7)], 0..200),
            rounds in 1u64..4,
            least in 2u32..4,
            new in prop_oneof![Just(0), 0u32..200],
        ) {
            let prints: Vec<u64> = prints.iter().map(|p| p.wrapping_mul(0xff51_afd7_ed55_8ccd)).collect();
            let mut rows: HashMap<u64, Vec<Row>> = HashMap::new();
            for (row, p) in (0..).zip(&prints) {
                rows.entry(*p).or_default().push(row);
            }
            let mut found: Vec<Row> = (0..rounds)
                .flat_map(|round| {
                    let mut shares = [Prints::new(50, round, rounds), Prints::new(0, round, rounds)];
                    for (row, p) in prints.iter().enumerate() {
                        shares[row % 2].push(*p, row as Row);
                    }
                    repeated(shares.into(), least, new)
                })
                .collect();
            found.sort_unstable();
            let mut plain: Vec<Row> = rows
                .into_values()
                .filter(|rows| rows.len() >= least as usize && rows.iter().any(|row| *row >= new))
                .flatten()
                .collect();
            plain.sort_unstable();
            // Different prints may share a tag, but every repeated one is found.
            prop_assert!(plain.iter().all(|r| found.binary_search(r).is_ok()));
            prop_assert!(found.len() <= plain.len() + 2);
        }

        #[test]
        fn a_filter_holds_what_was_put_in(prints in prop::collection::vec(any::<u64>(), 1..100), others in prop::collection::vec(any::<u64>(), 200)) {
            let mut filter = Filter::new(100);
            prints.iter().for_each(|p| filter.insert(*p));
            prop_assert!(prints.iter().all(|p| filter.has(*p)));
            prop_assert!(others.iter().filter(|p| filter.has(**p)).count() < 20);
        }
    }
}
