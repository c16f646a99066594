//! What events are summed by: a number instead of its texts.

use super::{Form, ids::padded};
use anyhow::{Context as _, Result, ensure};
use foldhash::fast::RandomState;
use std::{
    collections::HashMap,
    sync::{Mutex, PoisonError},
};

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

/// A series as a row names it.
#[derive(Clone, Copy, Debug)]
pub(super) struct SeriesCells<'a> {
    pub form: Form,
    pub account: &'a [u8],
    pub metric: &'a [u8],
    pub dimension: Option<&'a [u8]>,
}

impl SeriesCells<'_> {
    /// As it is stored.
    fn packed(&self) -> Vec<u8> {
        let mut out = vec![self.form as u8 | u8::from(self.dimension.is_some()) << 4];
        put_bytes(&mut out, self.account);
        put_bytes(&mut out, self.metric);
        if let Some(dimension) = self.dimension {
            put_bytes(&mut out, dimension);
        }
        out
    }
}

/// Packed series by number, and their numbers.
type Numbered = (HashMap<Vec<u8>, u32, RandomState>, Vec<Vec<u8>>);

/// Numbers the series of one export; shared by the threads that read it.
#[derive(Debug, Default)]
pub struct SeriesTable {
    inner: Mutex<Numbered>,
}

impl SeriesTable {
    fn number(&self, packed: Vec<u8>) -> u32 {
        let mut inner = self.inner.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(&n) = inner.0.get(&packed) {
            return n;
        }
        let n = u32::try_from(inner.1.len()).unwrap_or(u32::MAX);
        inner.1.push(packed.clone());
        inner.0.insert(packed, n);
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

/// A thread's own view of the table: asks the shared one only for what it has not seen. Texts become numbers first,
/// short ones by comparing two words, so that a row costs no search through bytes.
#[derive(Debug, Default)]
pub struct SeriesCache {
    accounts: Texts,
    /// Metrics and dimensions.
    words: Texts,
    /// Kinds that were met lately.
    recent_kinds: [Option<((u32, u32), usize)>; RECENT_KINDS],
    /// By metric, dimension and form.
    kinds: HashMap<(u32, u32), usize, RandomState>,
    /// By kind and account: the number, or [`UNKNOWN`]. Only of the first few kinds.
    frequent: Vec<Vec<u32>>,
    /// By kind and account, of all others.
    known: HashMap<(usize, u32), u32, RandomState>,
}

/// Kinds that are kept as met lately.
const RECENT_KINDS: usize = 16;

/// So many kinds have a number for every account at hand.
const FREQUENT: usize = 16;

const UNKNOWN: u32 = u32::MAX;

impl SeriesCache {
    #[inline]
    pub(super) fn number(&mut self, table: &SeriesTable, s: SeriesCells<'_>) -> u32 {
        let account = self.accounts.number(s.account);
        let metric = self.words.number(s.metric);
        let dimension = s.dimension.map_or(0, |d| self.words.number(d) + 1);
        let kind = self.kind((metric, dimension << 2 | s.form as u32));
        let known = match self.frequent.get(kind) {
            Some(list) => list.get(account as usize).copied().filter(|n| *n != UNKNOWN),
            None => self.known.get(&(kind, account)).copied(),
        };
        known.unwrap_or_else(|| self.learn(table, s, kind, account))
    }

    /// The number of a metric, dimension and form.
    #[inline]
    fn kind(&mut self, key: (u32, u32)) -> usize {
        let place = (key.0.wrapping_add(key.1 >> 2) as usize) % RECENT_KINDS;
        match self.recent_kinds[place] {
            Some((recent, kind)) if recent == key => kind,
            _ => {
                let next = self.kinds.len();
                let kind = *self.kinds.entry(key).or_insert(next);
                self.recent_kinds[place] = Some((key, kind));
                kind
            }
        }
    }

    #[cold]
    fn learn(&mut self, table: &SeriesTable, s: SeriesCells<'_>, kind: usize, account: u32) -> u32 {
        let n = table.number(s.packed());
        if kind >= FREQUENT {
            self.known.insert((kind, account), n);
            return n;
        }
        let account = account as usize;
        self.frequent.resize(self.frequent.len().max(kind + 1), Vec::new());
        let list = &mut self.frequent[kind];
        if list.len() <= account {
            // Twice as long: accounts come one by one.
            list.resize((account + 1).next_power_of_two(), UNKNOWN);
        }
        list[account] = n;
        n
    }
}

/// A short text that was met lately.
#[derive(Clone, Copy, Debug, Default)]
struct Recent {
    bytes: [u64; 2],
    /// One more than its bytes; 0 where there is none.
    length: u8,
    number: u32,
}

/// Texts that are kept as met lately: few enough for a core's own cache.
const RECENT: usize = 1 << 13;

/// Where a text would stand among them.
#[inline]
fn recent_place([low, high]: [u64; 2]) -> usize {
    let mixed = (low ^ high.rotate_left(29)).wrapping_mul(0x9e37_79b9_7f4a_7c15);
    (mixed >> (64 - RECENT.trailing_zeros())) as usize
}

/// Texts and their numbers.
#[derive(Debug, Default)]
struct Texts {
    /// Those of at most 16 bytes that were met last, by [`recent_place`]; empty until there is one.
    recent: Vec<Recent>,
    /// Texts of at most 16 bytes, by their bytes and one more than their length.
    short: HashMap<(u128, u8), u32, RandomState>,
    long: HashMap<Box<[u8]>, u32, RandomState>,
}

impl Texts {
    #[inline]
    fn number(&mut self, text: &[u8]) -> u32 {
        if text.len() > 16 {
            let next = self.next();
            return self
                .long
                .get(text)
                .copied()
                .unwrap_or_else(|| *self.long.entry(text.into()).or_insert(next));
        }
        let padded = padded(text);
        let (bytes, length) = ([padded as u64, (padded >> 64) as u64], text.len() as u8 + 1);
        match self.recent.get(recent_place(bytes)) {
            Some(recent) if recent.bytes == bytes && recent.length == length => recent.number,
            _ => self.short_number(padded, length),
        }
    }

    /// The number of a short text, which is met lately from now on.
    #[inline(never)]
    fn short_number(&mut self, padded: u128, length: u8) -> u32 {
        let next = self.next();
        let known = self.short.get(&(padded, length)).copied();
        let number = known.unwrap_or_else(|| *self.short.entry((padded, length)).or_insert(next));
        let bytes = [padded as u64, (padded >> 64) as u64];
        self.recent.resize(RECENT, Recent::default());
        self.recent[recent_place(bytes)] = Recent { bytes, length, number };
        number
    }

    /// The number of the next new text.
    fn next(&self) -> u32 {
        (self.short.len() + self.long.len()) as u32
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

pub(super) fn put_bytes(out: &mut Vec<u8>, bytes: &[u8]) {
    let mut n = bytes.len();
    while n >= 128 {
        out.push((n & 127) as u8 | 128);
        n >>= 7;
    }
    out.push(n as u8);
    out.extend_from_slice(bytes);
}

pub(super) fn take_bytes<'a>(rest: &mut &'a [u8]) -> Result<&'a [u8]> {
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

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn series_come_back_by_their_numbers(
            rows in prop::collection::vec(("[a-c\u{e9}]{1,3}|[ab]{16,18}", "[x-z]{1,2}|x{17}", prop::option::of("[de]"), 0u8..3), 1..120)
        ) {
            let table = SeriesTable::default();
            let mut caches = [SeriesCache::default(), SeriesCache::default()];
            let forms = [Form::Instant, Form::Civil, Form::Date];
            let numbers: Vec<u32> = rows
                .iter()
                .enumerate()
                .map(|(at, (account, metric, dimension, form))| {
                    let cells = SeriesCells {
                        form: forms[usize::from(*form)],
                        account: account.as_bytes(),
                        metric: metric.as_bytes(),
                        dimension: dimension.as_ref().map(|d| d.as_bytes()),
                    };
                    caches[at % 2].number(&table, cells)
                })
                .collect();
            let back = read_series(&table.into_bytes()).unwrap();
            for ((account, metric, dimension, form), n) in rows.into_iter().zip(numbers) {
                let one = Series { form: forms[usize::from(form)], account, metric, dimension };
                prop_assert_eq!(&back[n as usize], &one);
            }
        }
    }
}
