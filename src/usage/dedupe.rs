//! Finds events that were delivered more than once, exactly, in bounded memory, and says which of them count.
//!
//! Equal fingerprints of ids make events doubtful; their full ids decide. Where very many are doubtful they are
//! spilled to temporary files, a range of ids each, and decided file by file.

use super::{
    meter::SeriesKey,
    pack::{BlockView, IdClass},
    prints::{self, Filter, Prints, repeated},
    scan::{BlockAt, PartInfo, Row, Scan, cores, within},
};
use crate::model::{decimal::Decimal, time::Stamp};
use anyhow::{Context as _, Result};
use serde::{Deserialize, Serialize};
use std::{
    fs::File,
    io::{BufReader, BufWriter, Read as _, Seek as _, Write as _},
    path::Path,
};

/// An event whose id may stand elsewhere too, whole.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(super) struct Candidate {
    pub row: Row,
    pub part: u32,
    class: u8,
    bits: u128,
    pub key: u32,
    /// Nanoseconds since 1970 in UTC.
    pub time: i64,
    #[serde(with = "rust_decimal_bytes")]
    pub quantity: Decimal,
    pub ingested: Option<i64>,
    unique: Option<u64>,
    pub line: u64,
}

mod rust_decimal_bytes {
    use crate::model::decimal::Decimal;
    use serde::{Deserialize as _, Deserializer, Serialize as _, Serializer};

    pub(super) fn serialize<S: Serializer>(value: &Decimal, to: S) -> Result<S::Ok, S::Error> {
        value.serialize().serialize(to)
    }

    pub(super) fn deserialize<'de, D: Deserializer<'de>>(from: D) -> Result<Decimal, D::Error> {
        <[u8; 16]>::deserialize(from).map(Decimal::deserialize)
    }
}

/// Mixes all bits of an id into 64.
#[inline]
fn fingerprint(class: IdClass, bits: u128) -> u64 {
    let (low, high) = (bits as u64, (bits >> 64) as u64);
    let mixed =
        u128::from(low ^ 0x9e37_79b9_7f4a_7c15) * u128::from(high ^ 0xd6e8_feb8_6659_fd93 ^ class as u64);
    let folded = (mixed as u64) ^ ((mixed >> 64) as u64) ^ low.rotate_left(17) ^ high.rotate_left(41);
    folded.wrapping_mul(0xff51_afd7_ed55_8ccd) ^ folded >> 29
}

fn each_print(view: &BlockView<'_, '_>, mut f: impl FnMut(u32, u64)) -> Result<()> {
    let ids = view.ids()?;
    let classes = view.classes()?;
    let (raw, _) = ids.as_chunks::<16>();
    for (at, raw) in (0..).zip(raw) {
        f(at, fingerprint(classes.get(at as usize), u128::from_le_bytes(*raw)));
    }
    Ok(())
}

/// The places of events whose ids may be equal to another's. Those before `old` are known to one another: only ids
/// that an event from `old` on may have are needed.
pub(super) fn doubtful(scan: &Scan<'_, '_>, old: Row) -> Result<Vec<Row>> {
    let (total, new) = (u64::from(scan.rows()), u64::from(scan.rows() - old));
    let mut filter = None;
    if old > 0 && new < total / 4 {
        let shares = scan.run(
            1,
            |b| b.first >= old,
            || Filter::new(new),
            |mine: &mut Filter, _, view| each_print(view, |_, print| mine.insert(print)),
        )?;
        filter = shares.into_iter().next();
    }
    let expected = if filter.is_some() { new * 2 } else { total };
    let (rounds, mut found) = (prints::rounds(expected, scan.limits.round), Vec::new());
    for round in 0..rounds {
        let each = expected / rounds / cores() as u64;
        let shares = scan.run(
            cores(),
            |_| true,
            || Prints::new(each, round, rounds),
            |mine, block, view| {
                let known = filter.as_ref().filter(|_| block.first < old);
                each_print(view, |at, print| {
                    if known.is_none_or(|f| f.has(print)) {
                        mine.push(print, block.first + at);
                    }
                })
            },
        )?;
        found.extend(repeated(shares, 2, old));
    }
    found.sort_unstable();
    Ok(found)
}

/// Gives the doubtful events to `settle`, all of one id together and in an order that is theirs alone.
pub(super) fn groups(
    scan: &Scan<'_, '_>,
    doubtful: &[Row],
    spill: &Path,
    mut settle: impl FnMut(&[Candidate]) -> Result<()>,
) -> Result<()> {
    let wanted = |b: &BlockAt| !within(doubtful, b).is_empty();
    let mut decide = |mut list: Vec<Candidate>| -> Result<()> {
        list.sort_unstable_by_key(|c| (c.class, c.bits, c.row));
        list.chunk_by(|a, b| (a.class, a.bits) == (b.class, b.bits)).try_for_each(&mut settle)
    };
    if doubtful.len() <= scan.limits.held {
        let shares = scan.run(cores(), wanted, Vec::new, |mine, block, view| {
            candidates(&scan.parts[block.part], block, view, within(doubtful, block), |c| {
                mine.push(c);
                Ok(())
            })
        })?;
        return decide(shares.into_iter().flatten().collect());
    }
    let files = doubtful.len().div_ceil((scan.limits.held / 2).max(1));
    let shares = scan.run(
        cores(),
        wanted,
        || Ok(Spill::new(spill, files)),
        |mine: &mut Result<Result<Spill>>, block, view| {
            let Ok(Ok(mine)) = mine else { return Ok(()) };
            candidates(&scan.parts[block.part], block, view, within(doubtful, block), |c| mine.push(&c))
        },
    )?;
    let mut shares = shares.into_iter().map(|s| s?).collect::<Result<Vec<Spill>>>()?;
    for n in 0..files {
        let mut list = Vec::new();
        for share in &mut shares {
            share.read(n, &mut list)?;
        }
        decide(list)?;
    }
    Ok(())
}

/// Candidates in temporary files, which are gone when they are closed.
struct Spill {
    files: Vec<BufWriter<File>>,
}

impl Spill {
    fn new(dir: &Path, files: usize) -> Result<Spill> {
        let one = || Ok(BufWriter::new(tempfile::tempfile_in(dir)?));
        let files = (0..files).map(|_| one()).collect::<std::io::Result<_>>();
        Ok(Spill { files: files.context("cannot make a temporary file")? })
    }

    fn push(&mut self, c: &Candidate) -> Result<()> {
        let class = c.bits ^ u128::from(c.class);
        let print = (class as u64 ^ (class >> 64) as u64).wrapping_mul(0x9e37_79b9_7f4a_7c15) >> 32;
        let n = (print as usize * self.files.len()) >> 32;
        let bytes = postcard::to_stdvec(c)?;
        self.files[n].write_all(&u16::try_from(bytes.len())?.to_le_bytes())?;
        self.files[n].write_all(&bytes).context("cannot write a temporary file")
    }

    fn read(&mut self, n: usize, list: &mut Vec<Candidate>) -> Result<()> {
        self.files[n].flush().context("cannot write a temporary file")?;
        let file = self.files[n].get_mut();
        let size = file.stream_position()?;
        file.rewind()?;
        let mut from = BufReader::new(file).take(size);
        let (mut head, mut bytes) = ([0u8; 2], Vec::new());
        while from.limit() > 0 {
            from.read_exact(&mut head)?;
            bytes.resize(usize::from(u16::from_le_bytes(head)), 0);
            from.read_exact(&mut bytes)?;
            list.push(postcard::from_bytes(&bytes)?);
        }
        Ok(())
    }
}

/// The events in those places of a block.
fn candidates(
    part: &PartInfo,
    block: &BlockAt,
    view: &BlockView<'_, '_>,
    places: &[Row],
    mut f: impl FnMut(Candidate) -> Result<()>,
) -> Result<()> {
    let (series, times, quantities) = (view.series()?, view.times()?, view.quantities()?);
    let (ids, classes, lines) = (view.ids()?, view.classes()?, view.lines()?);
    let (ingested, unique) = (view.ingested()?, view.unique()?);
    let (ids, _) = ids.as_chunks::<16>();
    for &place in places {
        let row = (place - block.first) as usize;
        let (form, key) = part.series[series[row] as usize];
        f(Candidate {
            row: place,
            part: u32::try_from(block.part)?,
            class: classes.get(row) as u8,
            bits: u128::from_le_bytes(ids[row]),
            key,
            time: super::meter::instant(times[row], form, part.zone),
            quantity: quantities.get(row).normalize(),
            ingested: ingested.as_ref().and_then(|i| i[row]).and_then(|s| nanos(s, part)),
            unique: unique.as_ref().and_then(|u| u[row]),
            line: lines.get(row),
        })?;
    }
    Ok(())
}

fn nanos(s: Stamp, part: &PartInfo) -> Option<i64> {
    s.in_zone(part.zone).timestamp_nanos_opt()
}

/// Which of the copies of one id counts.
#[derive(Debug)]
pub(super) struct Ruling<'c> {
    /// The one that counts.
    pub counted: &'c Candidate,
    /// Further copies of the same content.
    pub again: Vec<&'c Candidate>,
    /// Copies of other contents.
    pub other: Vec<&'c Candidate>,
    /// One copy of each content where there are several, first the one that counts; else empty.
    pub contents: Vec<&'c Candidate>,
}

/// Of copies of one event one is counted: of equal contents the earliest to arrive, of different ones the latest
/// to arrive (then the greater content), so that the order of files never matters. Content is account, metric,
/// time and quantity alone. `None` for no copies.
pub(super) fn rule<'c>(copies: &[&'c Candidate], keys: &[SeriesKey], files: &[usize]) -> Option<Ruling<'c>> {
    type Content<'k> = (i64, &'k str, &'k str, Decimal);
    let content = |c: &Candidate| -> Content<'_> {
        let key = &keys[c.key as usize];
        (c.time, &*key.account, &*key.metric, c.quantity)
    };
    let order = |c: &&Candidate| {
        let dimension = &keys[c.key as usize].dimension;
        (c.ingested.unwrap_or(i64::MAX), dimension, c.unique, files[c.part as usize], c.line, c.row)
    };
    let mut contents: Vec<(Content<'_>, Vec<&Candidate>)> = Vec::new();
    for c in copies {
        let own = content(c);
        match contents.iter_mut().find(|(other, _)| *other == own) {
            Some((_, list)) => list.push(c),
            None => contents.push((own, vec![c])),
        }
    }
    for (_, list) in &mut contents {
        list.sort_by(|a, b| order(a).cmp(&order(b)));
    }
    contents.sort_by(|a, b| {
        let latest = |list: &[&Candidate]| list.iter().filter_map(|c| c.ingested).max();
        (latest(&b.1), b.0).cmp(&(latest(&a.1), a.0))
    });
    let several: Vec<&Candidate> =
        if contents.len() > 1 { contents.iter().map(|(_, list)| list[0]).collect() } else { Vec::new() };
    let mut lists = contents.into_iter().map(|(_, list)| list.into_iter());
    let mut first = lists.next()?;
    let counted = first.next()?;
    Some(Ruling { counted, again: first.collect(), other: lists.flatten().collect(), contents: several })
}
