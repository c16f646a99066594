//! The form of a block of events.
//!
//! Events stand in the file's order, so that times are small offsets and lines need no room. Columns are arrays
//! of little-endian integers of the least width that holds them, as offsets from the least, in the coarsest unit
//! that loses nothing. An event id is 128 bits: a UUID's own, a text of at most 15 bytes as it is, any other by
//! its XXH3-128 with the text kept beside; with 10^9 such ids in one comparison the odds of one collision are
//! below 10^-20 (n²/2^129).

use crate::{
    cache::StoredBlock,
    model::{decimal::Decimal, time::Stamp},
};
use anyhow::{Context as _, Result, ensure};
use chrono::DateTime;
use std::{
    collections::HashMap,
    sync::{Mutex, PoisonError},
};

const META: u8 = 0;
const LINES: u8 = 1;
const SERIES: u8 = 2;
const TIME: u8 = 3;
const QUANTITY: u8 = 4;
const ID: u8 = 5;
const INGESTED: u8 = 6;
const UNIQUE: u8 = 7;
const ID_TEXT: u8 = 8;
const CLASS: u8 = 9;

/// How the timestamps of a series were written.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Form {
    /// With an offset: nanoseconds since 1970 in UTC.
    Instant,
    /// Without one: nanoseconds since 1970 on the clock of the source's zone.
    Civil,
    /// A day alone.
    Date,
}

/// Nanoseconds since 1970 of a stamp's reading, and its form. `None` outside 1678 … 2261.
pub fn ticks(stamp: Stamp) -> Option<(i64, Form)> {
    let form = match stamp {
        Stamp::Instant(_) => Form::Instant,
        Stamp::Civil(_) => Form::Civil,
        Stamp::Date(_) => Form::Date,
    };
    Some((stamp.naive().and_utc().timestamp_nanos_opt()?, form))
}

/// The stamp of a reading.
pub fn stamp(ticks: i64, form: Form) -> Stamp {
    let t = DateTime::from_timestamp_nanos(ticks);
    match form {
        Form::Instant => Stamp::Instant(t),
        Form::Civil => Stamp::Civil(t.naive_utc()),
        Form::Date => Stamp::Date(t.date_naive()),
    }
}

/// What events are summed by, as the export writes it.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Series {
    /// How its timestamps were written.
    pub form: Form,
    /// The account as the export names it.
    pub account: String,
    /// The metric as the export names it.
    pub metric: String,
    /// The dimension, where the export has one.
    pub dimension: Option<String>,
}

/// Packed series by number, and their numbers.
type Numbered = (HashMap<Vec<u8>, u32, foldhash::fast::RandomState>, Vec<Vec<u8>>);

/// Numbers the series of one export; shared by the threads that read it.
#[derive(Debug, Default)]
pub struct SeriesTable {
    inner: Mutex<Numbered>,
}

/// A thread's own view of the table: asks the shared one only for what it has not seen.
#[derive(Debug, Default)]
pub struct SeriesCache {
    known: hashbrown::HashMap<Vec<u8>, u32, foldhash::fast::RandomState>,
    scratch: Vec<u8>,
}

impl SeriesTable {
    fn number(&self, packed: &[u8]) -> u32 {
        let mut inner = self.inner.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(&n) = inner.0.get(packed) {
            return n;
        }
        let n = u32::try_from(inner.1.len()).unwrap_or(u32::MAX);
        inner.0.insert(packed.to_vec(), n);
        inner.1.push(packed.to_vec());
        n
    }

    /// The table as it is stored.
    pub fn into_bytes(self) -> Vec<u8> {
        let inner = self.inner.into_inner().unwrap_or_else(PoisonError::into_inner);
        let mut out = Vec::new();
        for s in inner.1 {
            put_bytes(&mut out, &s);
        }
        out
    }
}

impl SeriesCache {
    fn number(&mut self, table: &SeriesTable, s: (Form, &str, &str, Option<&str>)) -> u32 {
        self.scratch.clear();
        self.scratch.push(s.0 as u8 | u8::from(s.3.is_some()) << 4);
        put_bytes(&mut self.scratch, s.1.as_bytes());
        put_bytes(&mut self.scratch, s.2.as_bytes());
        if let Some(d) = s.3 {
            put_bytes(&mut self.scratch, d.as_bytes());
        }
        if let Some(&n) = self.known.get(self.scratch.as_slice()) {
            return n;
        }
        let n = table.number(&self.scratch);
        self.known.insert(self.scratch.clone(), n);
        n
    }
}

/// The series of a stored table, in the order of their numbers.
pub fn read_series(bytes: &[u8]) -> Result<Vec<Series>> {
    let mut rest = bytes;
    let mut found = Vec::new();
    while !rest.is_empty() {
        let mut one = take_bytes(&mut rest)?;
        let (&head, tail) = one.split_first().context("a series is empty")?;
        one = tail;
        let form = match head & 15 {
            0 => Form::Instant,
            1 => Form::Civil,
            _ => Form::Date,
        };
        let account = std::str::from_utf8(take_bytes(&mut one)?)?.to_owned();
        let metric = std::str::from_utf8(take_bytes(&mut one)?)?.to_owned();
        let dimension =
            if head & 16 == 0 { None } else { Some(std::str::from_utf8(take_bytes(&mut one)?)?.to_owned()) };
        found.push(Series { form, account, metric, dimension });
    }
    Ok(found)
}

fn put_bytes(out: &mut Vec<u8>, bytes: &[u8]) {
    let mut n = bytes.len();
    while n >= 128 {
        out.push((n & 127) as u8 | 128);
        n >>= 7;
    }
    out.push(n as u8);
    out.extend_from_slice(bytes);
}

fn take_bytes<'a>(rest: &mut &'a [u8]) -> Result<&'a [u8]> {
    let (mut n, mut shift) = (0usize, 0u32);
    loop {
        let (&b, tail) = rest.split_first().context("a packed text is cut short")?;
        *rest = tail;
        n |= usize::from(b & 127) << shift;
        if b < 128 {
            break;
        }
        shift += 7;
        ensure!(shift < 35, "a packed text is too long");
    }
    ensure!(n <= rest.len(), "a packed text is cut short");
    let (one, tail) = rest.split_at(n);
    *rest = tail;
    Ok(one)
}

/// How an id became 128 bits.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
#[repr(u8)]
pub enum IdClass {
    /// At most 15 bytes, as they are.
    Short = 0,
    /// A lower-case UUID with hyphens.
    Uuid = 1,
    /// XXH3-128 of a longer text.
    Hashed = 2,
}

/// An event id in 128 bits.
pub fn id_bits(text: &str) -> (IdClass, u128) {
    let b = text.as_bytes();
    if b.len() <= 15 {
        let mut raw = [0u8; 16];
        raw[..b.len()].copy_from_slice(b);
        raw[15] = b.len() as u8;
        return (IdClass::Short, u128::from_le_bytes(raw));
    }
    match uuid_bits(b) {
        Some(bits) => (IdClass::Uuid, bits),
        None => (IdClass::Hashed, xxhash_rust::xxh3::xxh3_128(b)),
    }
}

/// The value of each hexadecimal digit in lower case; 255 for every other byte.
const HEX: [u8; 256] = {
    let mut table = [255u8; 256];
    let mut digit = 0;
    while digit < 16 {
        table[b"0123456789abcdef"[digit] as usize] = digit as u8;
        digit += 1;
    }
    table
};

fn uuid_bits(b: &[u8]) -> Option<u128> {
    let b: &[u8; 36] = b.try_into().ok()?;
    if b[8] != b'-' || b[13] != b'-' || b[18] != b'-' || b[23] != b'-' {
        return None;
    }
    const PLACES: [usize; 16] = [0, 2, 4, 6, 9, 11, 14, 16, 19, 21, 24, 26, 28, 30, 32, 34];
    let mut raw = [0u8; 16];
    let mut bad = 0u8;
    for (out, at) in raw.iter_mut().zip(PLACES) {
        let (high, low) = (HEX[usize::from(b[at])], HEX[usize::from(b[at + 1])]);
        bad |= high | low;
        *out = high << 4 | (low & 15);
    }
    if bad > 15 { None } else { Some(u128::from_be_bytes(raw)) }
}

fn id_text(class: IdClass, bits: u128) -> Option<String> {
    match class {
        IdClass::Short => {
            let raw = bits.to_le_bytes();
            String::from_utf8(raw[..usize::from(raw[15].min(15))].to_vec()).ok()
        }
        IdClass::Uuid => {
            let hex = format!("{bits:032x}");
            let parts = [&hex[..8], &hex[8..12], &hex[12..16], &hex[16..20], &hex[20..]];
            Some(parts.join("-"))
        }
        IdClass::Hashed => None,
    }
}

/// One event on its way into a block, every cell canonical.
#[derive(Clone, Copy, Debug)]
pub struct EventCells<'a> {
    /// Line in the file.
    pub line: u64,
    /// The id as it is written.
    pub id: &'a str,
    /// When it happened.
    pub timestamp: Stamp,
    /// Whose it is.
    pub account: &'a str,
    /// What was used.
    pub metric: &'a str,
    /// How much.
    pub quantity: Decimal,
    /// When it arrived.
    pub ingested_at: Option<Stamp>,
    /// What `unique` counts.
    pub unique_key: Option<&'a str>,
    /// What else it is split by.
    pub dimension: Option<&'a str>,
}

/// A quantity as a packer takes it: the mantissa and the digits after the point, without trailing zeros.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum PackedQuantity {
    /// Mantissa and scale, the usual case.
    Narrow(i64, u8),
    /// Anything else.
    Wide(Decimal),
}

impl From<Decimal> for PackedQuantity {
    fn from(value: Decimal) -> Self {
        let value = value.normalize();
        match i64::try_from(value.mantissa()) {
            Ok(mantissa) => PackedQuantity::Narrow(mantissa, value.scale() as u8),
            Err(_) => PackedQuantity::Wide(value),
        }
    }
}

/// An event whose cells are in the form that blocks keep.
#[derive(Clone, Copy, Debug)]
pub struct PackedCells<'a> {
    /// Line in the file.
    pub line: u64,
    /// The id as it is written.
    pub id: &'a str,
    /// The reading of the timestamp and its form.
    pub time: (i64, Form),
    /// Whose it is.
    pub account: &'a str,
    /// What was used.
    pub metric: &'a str,
    /// How much.
    pub quantity: PackedQuantity,
    /// When it arrived.
    pub ingested: Option<(i64, Form)>,
    /// What `unique` counts.
    pub unique_key: Option<&'a str>,
    /// What else it is split by.
    pub dimension: Option<&'a str>,
}

/// Gathers events into one block.
#[derive(Debug, Default)]
pub struct Packer {
    lines: Vec<i64>,
    series: Vec<i64>,
    times: Vec<i64>,
    mantissas: Vec<i64>,
    scales: Vec<u8>,
    /// Quantities that do not fit, by row; their mantissa above is 0.
    wide: Vec<(usize, Decimal)>,
    ids: Vec<u8>,
    classes: Vec<u8>,
    texts: Vec<u8>,
    /// Empty until the first row that has one; then one a row.
    ingested: Vec<Option<(i64, Form)>>,
    unique: Vec<Option<u64>>,
}

impl Packer {
    /// Adds an event. `Err` says why it cannot be kept.
    pub fn push(
        &mut self,
        e: &EventCells<'_>,
        cache: &mut SeriesCache,
        table: &SeriesTable,
    ) -> Result<(), &'static str> {
        const RANGE: &str = "lies outside the years 1678 to 2261";
        let time = ticks(e.timestamp).ok_or(RANGE)?;
        let ingested = match e.ingested_at {
            Some(t) => Some(ticks(t).ok_or(RANGE)?),
            None => None,
        };
        let packed = PackedCells {
            line: e.line,
            id: e.id,
            time,
            account: e.account,
            metric: e.metric,
            quantity: e.quantity.into(),
            ingested,
            unique_key: e.unique_key,
            dimension: e.dimension,
        };
        self.push_packed(&packed, cache, table);
        Ok(())
    }

    /// Adds an event whose cells are packed already.
    pub fn push_packed(&mut self, e: &PackedCells<'_>, cache: &mut SeriesCache, table: &SeriesTable) {
        let row = self.times.len();
        let series = cache.number(table, (e.time.1, e.account, e.metric, e.dimension));
        let (class, bits) = id_bits(e.id);
        self.lines.push(i64::try_from(e.line).unwrap_or(i64::MAX));
        self.series.push(i64::from(series));
        self.times.push(e.time.0);
        let (mantissa, scale) = match e.quantity {
            PackedQuantity::Narrow(mantissa, scale) => (mantissa, scale),
            PackedQuantity::Wide(value) => {
                self.wide.push((row, value));
                (0, value.scale() as u8)
            }
        };
        self.mantissas.push(mantissa);
        self.scales.push(scale);
        self.ids.extend_from_slice(&bits.to_le_bytes());
        self.classes.push(class as u8);
        if class == IdClass::Hashed {
            put_bytes(&mut self.texts, e.id.as_bytes());
        }
        if e.ingested.is_some() || !self.ingested.is_empty() {
            self.ingested.resize(row, None);
            self.ingested.push(e.ingested);
        }
        if e.unique_key.is_some() || !self.unique.is_empty() {
            self.unique.resize(row, None);
            self.unique.push(e.unique_key.map(|k| xxhash_rust::xxh3::xxh3_64(k.as_bytes())));
        }
    }

    /// Events so far.
    pub fn len(&self) -> usize {
        self.times.len()
    }

    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        self.times.is_empty()
    }

    /// The block; the packer is empty afterwards.
    pub fn take(&mut self) -> StoredBlock {
        let p = std::mem::take(self);
        let rows = p.times.len();
        let scale = u32::from(p.scales.iter().copied().max().unwrap_or(0));
        let mut columns = Vec::with_capacity(8);
        let mut meta = Vec::new();
        meta.extend_from_slice(&(rows as u32).to_le_bytes());
        meta.push(scale as u8);
        let first_line = p.lines.first().copied().unwrap_or(0);
        let consecutive = p.lines.iter().zip(first_line..).all(|(a, b)| *a == b);
        meta.push(u8::from(consecutive));
        meta.extend_from_slice(&first_line.to_le_bytes());
        let class = p.classes.first().copied().unwrap_or(0);
        let uniform = p.classes.iter().all(|c| *c == class);
        meta.push(if uniform { class } else { 255 });
        columns.push((META, meta));
        if !consecutive {
            columns.push((LINES, pack_ints(&p.lines, false)));
        }
        columns.push((SERIES, pack_ints(&p.series, false)));
        columns.push((TIME, pack_ints(&p.times, true)));
        columns.push((QUANTITY, pack_quantities(&p.mantissas, &p.scales, &p.wide, scale)));
        columns.push((ID, p.ids));
        if !uniform {
            columns.push((CLASS, p.classes));
        }
        if !p.texts.is_empty() {
            columns.push((ID_TEXT, p.texts));
        }
        if p.ingested.iter().any(Option::is_some) {
            let mut out: Vec<u8> = p
                .ingested
                .iter()
                .map(|i| match i {
                    None => 255,
                    Some((_, form)) => *form as u8,
                })
                .collect();
            out.resize(rows, 255);
            let values: Vec<i64> = p.ingested.iter().flatten().map(|(t, _)| *t).collect();
            out.extend(pack_ints(&values, true));
            columns.push((INGESTED, out));
        }
        if p.unique.iter().any(Option::is_some) {
            let mut out: Vec<u8> = p.unique.iter().map(|u| u8::from(u.is_some())).collect();
            out.resize(rows, 0);
            for u in p.unique.iter().flatten() {
                out.extend_from_slice(&u.to_le_bytes());
            }
            columns.push((UNIQUE, out));
        }
        StoredBlock { columns }
    }
}

/// Nanoseconds in the units that timestamps are written in, coarsest first.
const UNITS: [i64; 4] = [1_000_000_000, 1_000_000, 1_000, 1];

/// The coarsest unit that loses nothing.
fn coarsest(values: &[i64], base: i64) -> i64 {
    let offsets = || values.iter().map(|v| v.wrapping_sub(base) as u64);
    if offsets().all(|o| o % 1_000_000_000 == 0) {
        UNITS[0]
    } else if offsets().all(|o| o % 1_000_000 == 0) {
        UNITS[1]
    } else if offsets().all(|o| o % 1_000 == 0) {
        UNITS[2]
    } else {
        UNITS[3]
    }
}

fn pack_ints(values: &[i64], times: bool) -> Vec<u8> {
    let base = values.iter().copied().min().unwrap_or(0);
    let unit = if times { coarsest(values, base) } else { 1 };
    let offset = |v: i64| v.wrapping_sub(base) as u64 / unit as u64;
    let greatest = offset(values.iter().copied().max().unwrap_or(0));
    let width = (8 - greatest.leading_zeros() as usize / 8).max(1);
    let mut out = Vec::with_capacity(17 + values.len() * width);
    out.push(width as u8);
    out.extend_from_slice(&base.to_le_bytes());
    out.extend_from_slice(&unit.to_le_bytes());
    macro_rules! fixed {
        ($div:expr, $($w:literal)*) => { match width {
            $($w => for v in values {
                let o = $div(v.wrapping_sub(base) as u64);
                let mut raw = [0u8; $w];
                raw.copy_from_slice(&o.to_le_bytes()[..$w]);
                out.extend_from_slice(&raw);
            },)*
            _ => {}
        } };
    }
    // Division by a constant is cheap, by a variable it is not.
    match unit {
        1_000_000_000 => fixed!(|o| o / 1_000_000_000, 1 2 3 4 5 6 7 8),
        1_000_000 => fixed!(|o| o / 1_000_000, 1 2 3 4 5 6 7 8),
        1_000 => fixed!(|o| o / 1_000, 1 2 3 4 5 6 7 8),
        _ => fixed!(|o: u64| o, 1 2 3 4 5 6 7 8),
    }
    out
}

fn unpack_ints(bytes: &[u8], rows: usize) -> Result<Vec<i64>> {
    ensure!(bytes.len() >= 17, "a packed column is cut short");
    let width = usize::from(bytes[0]);
    let base = i64::from_le_bytes(bytes[1..9].try_into()?);
    let unit = i64::from_le_bytes(bytes[9..17].try_into()?);
    let data = &bytes[17..];
    ensure!((1..=8).contains(&width) && data.len() == rows * width, "a packed column has another length");
    let mut out = Vec::with_capacity(rows);
    macro_rules! fixed {
        ($($w:literal)*) => { match width {
            $($w => out.extend(data.chunks_exact($w).map(|c| {
                let mut raw = [0u8; 8];
                raw[..$w].copy_from_slice(c);
                base.wrapping_add((u64::from_le_bytes(raw) as i64).wrapping_mul(unit))
            })),)*
            _ => anyhow::bail!("a packed column has an unknown width"),
        } };
    }
    fixed!(1 2 3 4 5 6 7 8);
    Ok(out)
}

fn pack_quantities(mantissas: &[i64], scales: &[u8], wide: &[(usize, Decimal)], scale: u32) -> Vec<u8> {
    let powers: Vec<Option<i64>> = (0..=scale).map(|s| 10i64.checked_pow(scale - s)).collect();
    let narrow = |(m, s): (&i64, &u8)| powers[usize::from(*s)].and_then(|p| m.checked_mul(p));
    let small: Option<Vec<i64>> =
        if wide.is_empty() { mantissas.iter().zip(scales).map(narrow).collect() } else { None };
    match small {
        Some(list) => {
            let mut out = vec![0];
            out.extend(pack_ints(&list, false));
            out
        }
        None => {
            // Wide figures keep their own scale: 16 bytes of mantissa and one of scale.
            let mut out = vec![1];
            let mut wide = wide.iter().peekable();
            for (row, (m, s)) in mantissas.iter().zip(scales).enumerate() {
                let (m, s) = match wide.next_if(|(r, _)| *r == row) {
                    Some((_, d)) => (d.mantissa(), d.scale() as u8),
                    None => (i128::from(*m), *s),
                };
                out.extend_from_slice(&m.to_le_bytes());
                out.push(s);
            }
            out
        }
    }
}

/// The quantities of a block.
#[derive(Debug)]
pub enum Quantities {
    /// Mantissas at the block's scale.
    Narrow(Vec<i64>, u32),
    /// Decimals of any size.
    Wide(Vec<Decimal>),
}

impl Quantities {
    /// The quantity of a row.
    pub fn get(&self, row: usize) -> Decimal {
        match self {
            Quantities::Narrow(list, scale) => Decimal::from_i128_with_scale(i128::from(list[row]), *scale),
            Quantities::Wide(list) => list[row],
        }
    }
}

/// What every reader of a block needs first.
#[derive(Clone, Copy, Debug)]
pub struct Meta {
    /// Events in it.
    pub rows: usize,
    scale: u32,
    consecutive: bool,
    first_line: i64,
    class: u8,
}

/// Reads single columns of a block.
pub struct BlockView<'r, 'c> {
    reader: &'r crate::cache::BlockReader<'c>,
    n: u32,
    /// What it holds.
    pub meta: Meta,
}

impl<'r, 'c> BlockView<'r, 'c> {
    /// The block of that number, or `None` beyond the last.
    pub fn open(reader: &'r crate::cache::BlockReader<'c>, n: u32) -> Result<Option<BlockView<'r, 'c>>> {
        let Some(meta) = reader.column(n, META)? else { return Ok(None) };
        ensure!(meta.len() == 15, "a block's head has another length");
        let rows = u32::from_le_bytes(meta[0..4].try_into()?) as usize;
        let first_line = i64::from_le_bytes(meta[6..14].try_into()?);
        let meta =
            Meta { rows, scale: u32::from(meta[4]), consecutive: meta[5] == 1, first_line, class: meta[14] };
        Ok(Some(BlockView { reader, n, meta }))
    }

    fn need(&self, column: u8) -> Result<Vec<u8>> {
        self.reader.column(self.n, column)?.context("a block lacks a column")
    }

    /// The series number of each event.
    pub fn series(&self) -> Result<Vec<i64>> {
        unpack_ints(&self.need(SERIES)?, self.meta.rows)
    }

    /// The reading of each event's timestamp, nanoseconds.
    pub fn times(&self) -> Result<Vec<i64>> {
        unpack_ints(&self.need(TIME)?, self.meta.rows)
    }

    /// The quantities.
    pub fn quantities(&self) -> Result<Quantities> {
        let bytes = self.need(QUANTITY)?;
        let (&kind, data) = bytes.split_first().context("a packed column is empty")?;
        if kind == 0 {
            return Ok(Quantities::Narrow(unpack_ints(data, self.meta.rows)?, self.meta.scale));
        }
        ensure!(data.len() == 17 * self.meta.rows, "a packed column has another length");
        let mut list = Vec::with_capacity(self.meta.rows);
        for c in data.chunks_exact(17) {
            let mantissa = i128::from_le_bytes(c[..16].try_into()?);
            list.push(Decimal::try_from_i128_with_scale(mantissa, u32::from(c[16]))?);
        }
        Ok(Quantities::Wide(list))
    }

    /// The ids' bits, 16 bytes each.
    pub fn ids(&self) -> Result<Vec<u8>> {
        let ids = self.need(ID)?;
        ensure!(ids.len() == 16 * self.meta.rows, "a packed column has another length");
        Ok(ids)
    }

    /// The class of each id.
    pub fn classes(&self) -> Result<Classes> {
        Ok(if self.meta.class == 255 {
            Classes::Each(self.need(CLASS)?)
        } else {
            Classes::All(self.meta.class)
        })
    }

    /// The lines of the events.
    pub fn lines(&self) -> Result<Lines> {
        Ok(if self.meta.consecutive {
            Lines::From(self.meta.first_line)
        } else {
            Lines::Each(unpack_ints(&self.need(LINES)?, self.meta.rows)?)
        })
    }

    /// When each event arrived, as it was written.
    pub fn ingested(&self) -> Result<Option<Vec<Option<Stamp>>>> {
        let Some(bytes) = self.reader.column(self.n, INGESTED)? else { return Ok(None) };
        ensure!(bytes.len() >= self.meta.rows, "a packed column is cut short");
        let (forms, data) = bytes.split_at(self.meta.rows);
        let count = forms.iter().filter(|f| **f != 255).count();
        let mut values = unpack_ints(data, count)?.into_iter();
        Ok(Some(
            forms
                .iter()
                .map(|f| match f {
                    255 => None,
                    0 => values.next().map(|t| stamp(t, Form::Instant)),
                    1 => values.next().map(|t| stamp(t, Form::Civil)),
                    _ => values.next().map(|t| stamp(t, Form::Date)),
                })
                .collect(),
        ))
    }

    /// The hash of each event's unique key.
    pub fn unique(&self) -> Result<Option<Vec<Option<u64>>>> {
        let Some(bytes) = self.reader.column(self.n, UNIQUE)? else { return Ok(None) };
        ensure!(bytes.len() >= self.meta.rows, "a packed column is cut short");
        let (marks, data) = bytes.split_at(self.meta.rows);
        let mut values = data.chunks_exact(8).map(|c| {
            let mut raw = [0u8; 8];
            raw.copy_from_slice(c);
            u64::from_le_bytes(raw)
        });
        Ok(Some(marks.iter().map(|m| if *m == 1 { values.next() } else { None }).collect()))
    }

    /// The ids of some rows (rising) as they were written.
    pub fn id_texts(&self, rows: &[usize]) -> Result<Vec<String>> {
        let classes = self.classes()?;
        let ids = self.ids()?;
        let texts = self.reader.column(self.n, ID_TEXT)?.unwrap_or_default();
        let mut rest = texts.as_slice();
        let mut passed = 0;
        let mut found = Vec::with_capacity(rows.len());
        for &row in rows {
            while passed < row {
                if classes.get(passed) == IdClass::Hashed {
                    take_bytes(&mut rest)?;
                }
                passed += 1;
            }
            let mut raw = [0u8; 16];
            raw.copy_from_slice(&ids[row * 16..row * 16 + 16]);
            let text = match id_text(classes.get(row), u128::from_le_bytes(raw)) {
                Some(text) => text,
                None => {
                    passed += 1;
                    std::str::from_utf8(take_bytes(&mut rest)?)?.to_owned()
                }
            };
            found.push(text);
        }
        Ok(found)
    }

    /// The id of an event as it was written.
    pub fn id_text(&self, row: usize) -> Result<String> {
        Ok(self.id_texts(&[row])?.pop().unwrap_or_default())
    }
}

/// The classes of a block's ids.
#[derive(Debug)]
pub enum Classes {
    /// All the same.
    All(u8),
    /// One each.
    Each(Vec<u8>),
}

impl Classes {
    /// The class of a row's id.
    pub fn get(&self, row: usize) -> IdClass {
        match self {
            Classes::All(c) => class_of(*c),
            Classes::Each(list) => class_of(list[row]),
        }
    }
}

fn class_of(byte: u8) -> IdClass {
    match byte {
        0 => IdClass::Short,
        1 => IdClass::Uuid,
        _ => IdClass::Hashed,
    }
}

/// The lines of a block's events.
#[derive(Debug)]
pub enum Lines {
    /// One after the other from this.
    From(i64),
    /// One each.
    Each(Vec<i64>),
}

impl Lines {
    /// The line of a row.
    pub fn get(&self, row: usize) -> u64 {
        let line = match self {
            Lines::From(first) => first.saturating_add(i64::try_from(row).unwrap_or(0)),
            Lines::Each(list) => list[row],
        };
        u64::try_from(line).unwrap_or(0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn integers_come_back(values in proptest::collection::vec(any::<i64>(), 0..50), times: bool) {
            prop_assert_eq!(unpack_ints(&pack_ints(&values, times), values.len()).unwrap(), values);
        }

        #[test]
        fn close_times_take_few_bytes(base in 0i64..1_900_000_000_000, steps in proptest::collection::vec(0i64..60_000, 1..50)) {
            let values: Vec<i64> = steps.iter().map(|s| (base + s) * 1_000_000).collect();
            let packed = pack_ints(&values, true);
            prop_assert!(packed.len() <= 17 + 2 * values.len());
            prop_assert_eq!(unpack_ints(&packed, values.len()).unwrap(), values);
        }

        #[test]
        fn ids_come_back_or_are_hashed(text in "[ -~]{0,40}") {
            let (class, bits) = id_bits(&text);
            match id_text(class, bits) {
                Some(back) => prop_assert_eq!(back, text),
                None => prop_assert!(text.len() > 15),
            }
        }

        #[test]
        fn uuids_come_back(bits: u128) {
            let text = id_text(IdClass::Uuid, bits).unwrap();
            prop_assert_eq!(id_bits(&text), (IdClass::Uuid, bits));
        }
    }

    #[test]
    fn an_upper_case_uuid_is_another_text() {
        assert_eq!(id_bits("0B1C2D3E-0000-4000-8000-00000000000A").0, IdClass::Hashed);
        assert_eq!(id_bits("0b1c2d3e-0000-4000-8000-00000000000a").0, IdClass::Uuid);
    }
}
