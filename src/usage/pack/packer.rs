//! Events on their way into a block.

use super::{
    CLASS, Form, ID, ID_TEXT, INGESTED, LINES, META, QUANTITY, SERIES, SeriesCache, SeriesTable, TIME,
    UNIQUE,
    ids::{IdClass, id_bits},
    ints::{pack_ints, pack_quantities},
    series::{SeriesCells, put_bytes},
    ticks,
};
use crate::{
    cache::StoredBlock,
    model::{decimal::Decimal, time::Stamp},
};

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
    pub id: &'a [u8],
    /// The reading of the timestamp and its form.
    pub time: (i64, Form),
    /// Whose it is.
    pub account: &'a [u8],
    /// What was used.
    pub metric: &'a [u8],
    /// How much.
    pub quantity: PackedQuantity,
    /// When it arrived.
    pub ingested: Option<(i64, Form)>,
    /// What `unique` counts.
    pub unique_key: Option<&'a [u8]>,
    /// What else it is split by.
    pub dimension: Option<&'a [u8]>,
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
            id: e.id.as_bytes(),
            time,
            account: e.account.as_bytes(),
            metric: e.metric.as_bytes(),
            quantity: e.quantity.into(),
            ingested,
            unique_key: e.unique_key.map(str::as_bytes),
            dimension: e.dimension.map(str::as_bytes),
        };
        self.push_packed(&packed, cache, table);
        Ok(())
    }

    /// Adds an event whose cells are packed already.
    pub fn push_packed(&mut self, e: &PackedCells<'_>, cache: &mut SeriesCache, table: &SeriesTable) {
        let row = self.times.len();
        let series = cache.number(
            table,
            SeriesCells { form: e.time.1, account: e.account, metric: e.metric, dimension: e.dimension },
        );
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
            put_bytes(&mut self.texts, e.id);
        }
        if e.ingested.is_some() || !self.ingested.is_empty() {
            self.ingested.resize(row, None);
            self.ingested.push(e.ingested);
        }
        if e.unique_key.is_some() || !self.unique.is_empty() {
            self.unique.resize(row, None);
            self.unique.push(e.unique_key.map(xxhash_rust::xxh3::xxh3_64));
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

    /// Forgets the events and keeps the memory: the next block will be about as long.
    fn clear(&mut self) {
        let Packer { lines, series, times, mantissas, scales, wide, ids, classes, texts, ingested, unique } =
            self;
        for list in [lines, series, times, mantissas] {
            list.clear();
        }
        for list in [scales, ids, classes, texts] {
            list.clear();
        }
        wide.clear();
        ingested.clear();
        unique.clear();
    }

    /// The block; the packer is empty afterwards.
    pub fn take(&mut self) -> StoredBlock {
        let p = self;
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
        for end in [p.times.iter().min(), p.times.iter().max()] {
            meta.extend_from_slice(&end.copied().unwrap_or(0).to_le_bytes());
        }
        columns.push((META, meta));
        if !consecutive {
            columns.push((LINES, pack_ints(&p.lines, false)));
        }
        columns.push((SERIES, pack_ints(&p.series, false)));
        columns.push((TIME, pack_ints(&p.times, true)));
        columns.push((QUANTITY, pack_quantities(&p.mantissas, &p.scales, &p.wide, scale)));
        columns.push((ID, handed_over(&mut p.ids)));
        if !uniform {
            columns.push((CLASS, handed_over(&mut p.classes)));
        }
        if !p.texts.is_empty() {
            columns.push((ID_TEXT, handed_over(&mut p.texts)));
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
        p.clear();
        StoredBlock { columns }
    }
}

/// The bytes themselves; room for as many is left in their place, as the next block will be about as long.
fn handed_over(bytes: &mut Vec<u8>) -> Vec<u8> {
    let room = bytes.len() + bytes.len() / 16;
    std::mem::replace(bytes, Vec::with_capacity(room))
}
