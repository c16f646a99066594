//! Goes through the blocks of several exports, on all cores where they lie in packs.

use super::pack::{BlockView, Form};
use crate::cache::BlockReader;
use anyhow::{Context as _, Result};
use chrono_tz::Tz;
use std::{
    collections::HashMap,
    ops::Range,
    path::PathBuf,
    sync::atomic::{AtomicUsize, Ordering},
    thread,
};

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

/// An event's place: how many events stand before it, over all parts in their order.
pub(super) type Row = u32;

/// A block and the rows that it holds.
#[derive(Clone, Debug)]
pub(super) struct BlockAt {
    /// The part's index.
    pub part: usize,
    /// Its number in the part.
    pub n: u32,
    /// The place of its first event.
    pub first: Row,
    /// Its events.
    pub rows: u32,
    /// The first and the last instant that an event of it may have, nanoseconds since 1970 in UTC.
    pub times: (i64, i64),
}

impl BlockAt {
    /// The places of its events.
    pub(super) fn span(&self) -> Range<Row> {
        self.first..self.first + self.rows
    }
}

/// How much is held in memory at once.
#[derive(Clone, Copy, Debug)]
pub(super) struct Limits {
    /// Fewer events are gone through again sooner than remembered.
    pub remembered: u64,
    /// Doubtful events; beyond, they are spilled.
    pub held: usize,
    /// Fingerprints.
    pub round: u64,
}

impl Default for Limits {
    fn default() -> Limits {
        Limits { remembered: 100_000, held: 1 << 20, round: 12 << 20 }
    }
}

/// The blocks of all parts.
pub(super) struct Scan<'s, 'c> {
    pub parts: &'s [PartInfo],
    pub readers: &'s [BlockReader<'c>],
    pub blocks: &'s [BlockAt],
    pub limits: Limits,
}

/// Below this many events one thread is enough.
const ALONE: u64 = 200_000;

/// Nanoseconds that no zone's clock is off from UTC.
const DAY: i64 = 86_400_000_000_000;

/// Finds the blocks of parts.
pub(super) fn blocks(parts: &[PartInfo], readers: &[BlockReader<'_>]) -> Result<Vec<BlockAt>> {
    let mut blocks = Vec::new();
    let mut first: Row = 0;
    for (part, (info, reader)) in parts.iter().zip(readers).enumerate() {
        let exact = info.zone == Tz::UTC || info.series.iter().all(|(form, _)| *form == Form::Instant);
        let slack = if exact { 0 } else { DAY };
        let mut n = 0;
        while let Some(view) = BlockView::open(reader, n)? {
            let rows = u32::try_from(view.meta.rows)?;
            let (least, most) = view.meta.span;
            let times = (least.saturating_sub(slack), most.saturating_add(slack));
            blocks.push(BlockAt { part, n, first, rows, times });
            first = first.checked_add(rows).context("more than four billion events in one comparison")?;
            n += 1;
        }
    }
    Ok(blocks)
}

impl Scan<'_, '_> {
    /// Events in all blocks.
    pub(super) fn rows(&self) -> Row {
        self.blocks.last().map_or(0, |b| b.first + b.rows)
    }

    /// The place of a part's first event.
    pub(super) fn first_of(&self, part: usize) -> Row {
        self.blocks.iter().find(|b| b.part >= part).map_or_else(|| self.rows(), |b| b.first)
    }

    fn locate(&self, row: Row) -> Result<(&BlockAt, usize)> {
        let at = self.blocks.partition_point(|b| b.first + b.rows <= row);
        let block = self.blocks.get(at).context("an event is gone")?;
        Ok((block, (row - block.first) as usize))
    }

    /// The ids of some events, in rising order, as they were written.
    pub(super) fn id_texts(&self, rows: &[Row]) -> Result<HashMap<Row, String>> {
        let shares = self.run(
            cores(),
            |b| !within(rows, b).is_empty(),
            Vec::new,
            |found: &mut Vec<(Row, String)>, block, view| {
                let rows = within(rows, block);
                let places: Vec<usize> = rows.iter().map(|row| (row - block.first) as usize).collect();
                found.extend(rows.iter().copied().zip(view.id_texts(&places)?));
                Ok(())
            },
        )?;
        Ok(shares.into_iter().flatten().collect())
    }

    /// The id of an event as it was written.
    pub(super) fn id_text(&self, row: Row) -> Result<String> {
        let (block, at) = self.locate(row)?;
        let view = BlockView::open(&self.readers[block.part], block.n)?.context("a block is gone")?;
        view.id_text(at)
    }

    /// Calls `f` with every wanted block. Each thread has a state of its own; the states come back in no order that
    /// means anything, at least one.
    pub(super) fn run<T: Send>(
        &self,
        threads: usize,
        wanted: impl Fn(&BlockAt) -> bool,
        state: impl Fn() -> T + Sync,
        f: impl Fn(&mut T, &BlockAt, &BlockView<'_, '_>) -> Result<()> + Sync,
    ) -> Result<Vec<T>> {
        let (packed, inline): (Vec<&BlockAt>, Vec<&BlockAt>) =
            self.blocks.iter().filter(|b| wanted(b)).partition(|b| self.parts[b.part].pack.is_some());
        let rows: u64 = packed.iter().map(|b| u64::from(b.rows)).sum();
        let threads = if rows < ALONE { 1 } else { threads.max(1) };
        let next = AtomicUsize::new(0);
        let work = |mine: &mut T| -> Result<()> {
            let mut open: Option<(usize, BlockReader<'static>)> = None;
            while let Some(block) = packed.get(next.fetch_add(1, Ordering::Relaxed)) {
                let reader = match &mut open {
                    Some((part, reader)) if *part == block.part => reader,
                    other => {
                        let path = self.parts[block.part].pack.as_deref().context("a pack has a path")?;
                        &mut other.insert((block.part, BlockReader::open_pack(path)?)).1
                    }
                };
                let view = BlockView::open(reader, block.n)?.context("a block is gone")?;
                f(mine, block, &view)?;
            }
            Ok(())
        };
        thread::scope(|scope| {
            let handles: Vec<_> = (1..threads)
                .map(|_| {
                    scope.spawn(|| {
                        let mut mine = state();
                        work(&mut mine).map(|()| mine)
                    })
                })
                .collect();
            // What lies in the cache itself is read by its own connection, here.
            let mut mine = state();
            for block in inline {
                let reader = &self.readers[block.part];
                let view = BlockView::open(reader, block.n)?.context("a block is gone")?;
                f(&mut mine, block, &view)?;
            }
            work(&mut mine)?;
            let mut states = vec![mine];
            for handle in handles {
                states.push(handle.join().map_err(|_| anyhow::anyhow!("a reading thread panicked"))??);
            }
            Ok(states)
        })
    }
}

/// The part of a rising list that lies in a block, as rows of the block.
pub(super) fn within<'l>(list: &'l [Row], block: &BlockAt) -> &'l [Row] {
    let span = block.span();
    &list[list.partition_point(|r| *r < span.start)..list.partition_point(|r| *r < span.end)]
}

/// Threads for work on many events.
pub(super) fn cores() -> usize {
    thread::available_parallelism().map_or(1, usize::from)
}
