//! Finds events that were delivered more than once, exactly, in bounded memory.
//!
//! Each id becomes a 64-bit fingerprint with the event's place. Equal fingerprints are candidates only; the full
//! ids decide. Beyond [`ROUND`] events the fingerprints are taken in several rounds, each a range of their values,
//! so that memory does not grow with the export.

use super::{
    pack::{BlockView, IdClass},
    scan::Scan,
};
use anyhow::{Result, ensure};
use std::{sync::Mutex, sync::PoisonError, thread};

/// Fingerprints held at once: 16 bytes each.
const ROUND: u64 = 6 << 20;

/// Fingerprints are sorted into this many buckets, each small enough for a core's own cache.
const BUCKETS: usize = 1024;

/// Where an event stands: part, block, row.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(super) struct Place(u64);

impl Place {
    pub(super) fn new(part: usize, block: u32, row: usize) -> Result<Place> {
        ensure!(part < 1 << 16 && block < 1 << 28 && row < 1 << 20, "too many files or blocks of events");
        Ok(Place((part as u64) << 48 | u64::from(block) << 20 | row as u64))
    }
    pub(super) fn bits(self) -> u64 {
        self.0
    }
    pub(super) fn from_bits(bits: u64) -> Place {
        Place(bits)
    }
    pub(super) fn part(self) -> usize {
        (self.0 >> 48) as usize
    }
    pub(super) fn block(self) -> u32 {
        (self.0 >> 20) as u32 & ((1 << 28) - 1)
    }
    pub(super) fn row(self) -> usize {
        self.0 as usize & ((1 << 20) - 1)
    }
}

/// Mixes all bits of an id into 64.
fn fingerprint(class: IdClass, bits: u128) -> u64 {
    let (low, high) = (bits as u64, (bits >> 64) as u64);
    let mixed =
        u128::from(low ^ 0x9e37_79b9_7f4a_7c15) * u128::from(high ^ 0xd6e8_feb8_6659_fd93 ^ class as u64);
    let folded = (mixed as u64) ^ ((mixed >> 64) as u64) ^ low.rotate_left(17) ^ high.rotate_left(41);
    folded.wrapping_mul(0xff51_afd7_ed55_8ccd) ^ folded >> 29
}

type Bucket = Vec<(u64, Place)>;

/// Groups of places whose ids may be equal; every group of equal ids is within one of them. Neither the order of
/// the groups nor of the places in one means anything.
pub(super) fn candidates(scan: &Scan<'_, '_>) -> Result<Vec<Vec<Place>>> {
    let total = scan.rows();
    let rounds = total.div_ceil(ROUND).max(1);
    let mut groups = Vec::new();
    for round in 0..rounds {
        let parts = scan.run(
            || -> Vec<Bucket> { vec![Vec::new(); BUCKETS] },
            |buckets, part, n, view| scatter(buckets, (part, n), view, (round, rounds)),
        )?;
        groups.extend(collisions(parts));
    }
    Ok(groups)
}

fn scatter(
    buckets: &mut [Bucket],
    (part, n): (usize, u32),
    view: &BlockView<'_, '_>,
    (round, rounds): (u64, u64),
) -> Result<()> {
    let ids = view.ids()?;
    let classes = view.classes()?;
    let first = Place::new(part, n, 0)?;
    Place::new(part, n, view.meta.rows)?;
    for (row, raw) in ids.chunks_exact(16).enumerate() {
        let mut bits = [0u8; 16];
        bits.copy_from_slice(raw);
        let print = fingerprint(classes.get(row), u128::from_le_bytes(bits));
        let scaled = u128::from(print) * u128::from(rounds);
        if (scaled >> 64) as u64 == round {
            buckets[(scaled as u64 >> 54) as usize].push((print, Place(first.0 + row as u64)));
        }
    }
    Ok(())
}

/// The places with equal fingerprints, bucket by bucket, on all cores.
fn collisions(parts: Vec<Vec<Bucket>>) -> Vec<Vec<Place>> {
    let threads = parts.len().max(1);
    let mut lanes: Vec<Vec<Vec<Bucket>>> = (0..threads).map(|_| Vec::new()).collect();
    let mut iterators: Vec<_> = parts.into_iter().map(Vec::into_iter).collect();
    for b in 0..BUCKETS {
        lanes[b % threads].push(iterators.iter_mut().filter_map(Iterator::next).collect());
    }
    let found: Mutex<Vec<Vec<Place>>> = Mutex::new(Vec::new());
    let work = |lane: Vec<Vec<Bucket>>| {
        let mut table: Vec<u32> = Vec::new();
        let mut mine = Vec::new();
        for shares in lane {
            let mut shares = shares.into_iter();
            let mut bucket = shares.next().unwrap_or_default();
            bucket.extend(shares.flatten());
            groups_of(&bucket, &mut table, &mut mine);
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
    found.into_inner().unwrap_or_else(PoisonError::into_inner)
}

fn groups_of(bucket: &Bucket, table: &mut Vec<u32>, groups: &mut Vec<Vec<Place>>) {
    let size = (bucket.len() * 2).next_power_of_two().max(16);
    table.clear();
    table.resize(size, 0);
    let mut pairs: Vec<(u32, u32)> = Vec::new();
    for (at, (print, _)) in bucket.iter().enumerate() {
        let mut slot = *print as usize & (size - 1);
        loop {
            match table[slot] {
                0 => {
                    table[slot] = at as u32 + 1;
                    break;
                }
                other if bucket[other as usize - 1].0 == *print => {
                    pairs.push((other - 1, at as u32));
                    break;
                }
                _ => slot = (slot + 1) & (size - 1),
            }
        }
    }
    pairs.sort_unstable();
    for run in pairs.chunk_by(|a, b| a.0 == b.0) {
        let mut group = vec![bucket[run[0].0 as usize].1];
        group.extend(run.iter().map(|(_, at)| bucket[*at as usize].1));
        groups.push(group);
    }
}
