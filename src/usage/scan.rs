//! Goes through the blocks of several exports, on all cores where they lie in packs.

use super::pack::{BlockView, Form};
use crate::cache::BlockReader;
use anyhow::Result;
use chrono_tz::Tz;
use std::{path::PathBuf, thread};

/// What is known of an export beside its blocks.
pub(super) struct PartInfo {
    /// Index of the file among the report's inputs.
    pub file: usize,
    /// The zone of timestamps without an offset.
    pub zone: Tz,
    /// By series number: form and key.
    pub series: Vec<(Form, u32)>,
    /// The pack that the blocks lie in, which any thread can open.
    pub pack: Option<PathBuf>,
    /// Events in it.
    pub rows: u64,
}

/// The blocks of all parts.
pub(super) struct Scan<'s, 'c> {
    pub parts: &'s [PartInfo],
    pub readers: &'s [BlockReader<'c>],
}

/// Below this many events one thread is enough.
const ALONE: u64 = 200_000;

impl Scan<'_, '_> {
    /// Events in all parts.
    pub(super) fn rows(&self) -> u64 {
        self.parts.iter().map(|p| p.rows).sum()
    }

    /// Calls `f` with every block: part, number, block. Each thread has a state of its own; the states come back
    /// in no order that means anything, at least one.
    pub(super) fn run<T: Send>(
        &self,
        state: impl Fn() -> T + Sync,
        f: impl Fn(&mut T, usize, u32, &BlockView<'_, '_>) -> Result<()> + Sync,
    ) -> Result<Vec<T>> {
        self.run_on(thread::available_parallelism().map_or(1, usize::from), state, f)
    }

    /// The same on at most so many threads.
    pub(super) fn run_on<T: Send>(
        &self,
        threads: usize,
        state: impl Fn() -> T + Sync,
        f: impl Fn(&mut T, usize, u32, &BlockView<'_, '_>) -> Result<()> + Sync,
    ) -> Result<Vec<T>> {
        let threads = if self.rows() < ALONE { 1 } else { threads.max(1) };
        let parts = self.parts;
        let packs = |first: usize, stride: usize, states: &mut T| -> Result<()> {
            for (at, part) in parts.iter().enumerate() {
                let Some(path) = &part.pack else { continue };
                let reader = BlockReader::open_pack(path)?;
                walk(&reader, first, stride, |n, view| f(states, at, n, view))?;
            }
            Ok(())
        };
        thread::scope(|scope| {
            let mut handles = Vec::new();
            for first in 1..threads {
                let (state, packs) = (&state, &packs);
                handles.push(scope.spawn(move || {
                    let mut mine = state();
                    packs(first, threads, &mut mine).map(|()| mine)
                }));
            }
            // What lies in the cache itself is read by its own connection, here.
            let mut mine = state();
            for (at, (part, reader)) in parts.iter().zip(self.readers).enumerate() {
                if part.pack.is_none() {
                    walk(reader, 0, 1, |n, view| f(&mut mine, at, n, view))?;
                }
            }
            packs(0, threads, &mut mine)?;
            let mut states = vec![mine];
            for handle in handles {
                states.push(handle.join().map_err(|_| anyhow::anyhow!("a reading thread panicked"))??);
            }
            Ok(states)
        })
    }
}

fn walk(
    reader: &BlockReader<'_>,
    first: usize,
    stride: usize,
    mut f: impl FnMut(u32, &BlockView<'_, '_>) -> Result<()>,
) -> Result<()> {
    let mut n = u32::try_from(first)?;
    let stride = u32::try_from(stride)?;
    while let Some(view) = BlockView::open(reader, n)? {
        f(n, &view)?;
        n += stride;
    }
    Ok(())
}
