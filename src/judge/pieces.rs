//! Many of one thing, judged on all cores.

use std::{
    sync::{
        Mutex, PoisonError,
        atomic::{AtomicUsize, Ordering},
    },
    thread,
};

/// Fewer than this many are not worth a second thread.
const MANY: usize = 2_000;

/// Pieces a thread: one that meets quick pieces takes more of them.
const PIECES: usize = 8;

/// How many threads so many items are worth.
fn threads_for(items: usize) -> usize {
    if items < MANY { 1 } else { thread::available_parallelism().map_or(1, usize::from) }
}

/// What `f` makes of each item, in the items' order, on all cores where there are many.
pub fn each<'t, T: Sync, R: Send>(items: &'t [T], f: impl Fn(&'t T) -> R + Sync) -> Vec<R> {
    each_on(threads_for(items.len()), items, f)
}

fn each_on<'t, T: Sync, R: Send>(cores: usize, items: &'t [T], f: impl Fn(&'t T) -> R + Sync) -> Vec<R> {
    if cores == 1 || items.is_empty() {
        return items.iter().map(f).collect();
    }
    let length = items.len().div_ceil(cores * PIECES);
    let next = AtomicUsize::new(0);
    let done: Mutex<Vec<(usize, Vec<R>)>> = Mutex::default();
    let work = || {
        loop {
            let at = next.fetch_add(1, Ordering::Relaxed) * length;
            if at >= items.len() {
                return;
            }
            let piece = &items[at..items.len().min(at + length)];
            let made = piece.iter().map(&f).collect();
            done.lock().unwrap_or_else(PoisonError::into_inner).push((at, made));
        }
    };
    thread::scope(|scope| {
        let threads: Vec<_> = (1..cores).map(|_| scope.spawn(work)).collect();
        work();
        for thread in threads {
            thread.join().unwrap_or_else(|panic| std::panic::resume_unwind(panic));
        }
    });
    let mut done = done.into_inner().unwrap_or_else(PoisonError::into_inner);
    done.sort_unstable_by_key(|(at, _)| *at);
    let mut all = Vec::with_capacity(items.len());
    all.extend(done.into_iter().flat_map(|(_, made)| made));
    all
}

/// Changes each item, on all cores where there are many.
pub fn change<T: Send>(items: &mut [T], f: impl Fn(&mut T) + Sync) {
    let length = items.len().div_ceil(threads_for(items.len())).max(1);
    thread::scope(|scope| {
        let mut pieces = items.chunks_mut(length);
        let first = pieces.next();
        for piece in pieces {
            scope.spawn(|| piece.iter_mut().for_each(&f));
        }
        first.into_iter().flatten().for_each(&f);
    });
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn whatever_the_cores_every_item_is_judged_once_and_in_order(
            items in prop::collection::vec(any::<u8>(), 0..300),
            cores in 1usize..5,
        ) {
            let expected: Vec<(usize, u8)> = items.iter().copied().enumerate().collect();
            let numbered: Vec<(usize, &u8)> = items.iter().enumerate().collect();
            prop_assert_eq!(each_on(cores, &numbered, |(at, item)| (*at, **item)), expected);
        }
    }

    #[test]
    fn each_of_many_is_changed_once() {
        let mut items: Vec<usize> = (0..MANY * 2 + 1).collect();
        change(&mut items, |n| *n += 7);
        assert!(items.iter().enumerate().all(|(at, n)| *n == at + 7));
    }
}
