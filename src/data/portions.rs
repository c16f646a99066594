//! A part's rows, dealt out to the threads that read them.

use std::{
    ops::Range,
    sync::{Mutex, PoisonError},
};

/// Rows that a thread takes at a time: some blocks.
const PORTION: u64 = 16 * 1024;

/// Row numbers that are still to be read, those of each thread. A thread goes on where it is; when all of its own are
/// taken, it takes the later half of what another has left. So all end together, and each thread's rows follow one
/// another but for few jumps.
pub(super) struct Portions {
    left: Mutex<Vec<Range<u64>>>,
}

impl Portions {
    /// So many rows for so many threads.
    pub(super) fn new(rows: u64, threads: usize) -> Portions {
        let threads = threads as u64;
        let start = |n: u64| (u128::from(rows) * u128::from(n) / u128::from(threads.max(1))) as u64;
        Portions { left: Mutex::new((0..threads).map(|n| start(n)..start(n + 1)).collect()) }
    }

    /// What a thread is to read next; `None` when nothing is left.
    pub(super) fn next(&self, thread: usize) -> Option<Range<u64>> {
        let mut left = self.left.lock().unwrap_or_else(PoisonError::into_inner);
        if left.get(thread)?.is_empty() {
            let most = left.iter_mut().max_by_key(|numbers| numbers.end - numbers.start)?;
            let rows = most.end - most.start;
            let middle = if rows <= PORTION { most.start } else { most.start + rows / 2 };
            let taken = middle..most.end;
            most.end = middle;
            *left.get_mut(thread)? = taken;
        }
        let own = left.get_mut(thread)?;
        let portion = own.start..own.end.min(own.start + PORTION);
        own.start = portion.end;
        (!portion.is_empty()).then_some(portion)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    proptest::proptest! {
        #[test]
        fn every_row_is_dealt_out_once_whichever_thread_asks(
            rows in 0u64..1_000_000,
            threads in 1usize..5,
            turns in proptest::collection::vec(0usize..5, 0..60),
        ) {
            let portions = Portions::new(rows, threads);
            let mut dealt: Vec<Range<u64>> =
                turns.into_iter().filter_map(|thread| portions.next(thread % threads)).collect();
            dealt.extend(std::iter::from_fn(|| portions.next(0)));
            dealt.sort_by_key(|portion| portion.start);
            let mut end = 0;
            for portion in dealt {
                proptest::prop_assert_eq!(portion.start, end);
                end = portion.end;
            }
            proptest::prop_assert_eq!(end, rows);
            proptest::prop_assert!((0..threads).all(|thread| portions.next(thread).is_none()));
        }
    }
}
