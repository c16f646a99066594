//! Numbers as bytes. LEB128 where each stands alone; where a block has many, all of the least width that holds them.

/// Adds a number, LEB128.
pub(super) fn put_number(mut n: u64, out: &mut Vec<u8>) {
    while n >= 0x80 {
        out.push(n as u8 | 0x80);
        n >>= 7;
    }
    out.push(n as u8);
}

/// Takes a number off the front.
pub(super) fn number(bytes: &mut &[u8]) -> Option<u64> {
    let mut value = 0u64;
    for shift in (0..64).step_by(7) {
        let (&byte, rest) = bytes.split_first()?;
        *bytes = rest;
        value |= u64::from(byte & 0x7f) << shift;
        if byte < 0x80 {
            return Some(value);
        }
    }
    None
}

/// Takes a byte off the front.
pub(super) fn byte(bytes: &mut &[u8]) -> Option<u8> {
    let (&byte, rest) = bytes.split_first()?;
    *bytes = rest;
    Some(byte)
}

/// Takes `n` bytes off the front.
pub(super) fn piece<'b>(bytes: &mut &'b [u8], n: u64) -> Option<&'b [u8]> {
    let (head, rest) = bytes.split_at_checked(usize::try_from(n).ok()?)?;
    *bytes = rest;
    Some(head)
}

fn zigzag(n: i64) -> u64 {
    ((n << 1) ^ (n >> 63)).cast_unsigned()
}

fn from_zigzag(n: u64) -> i64 {
    (n >> 1 ^ (n & 1).wrapping_neg()).cast_signed()
}

/// Numbers, each as its distance from the least: `base`, the width of one in bytes, and the distances plus 1, 0 for none.
/// Width 0 says that each is one more than the one before.
#[derive(Clone, Copy, Debug)]
pub(super) struct Distances<'b> {
    base: i64,
    width: u8,
    rows: usize,
    bytes: &'b [u8],
}

impl<'b> Distances<'b> {
    /// Adds numbers; `None` where they lie too far apart.
    pub(super) fn put(numbers: &[Option<i64>], out: &mut Vec<u8>) -> Option<()> {
        let there = || numbers.iter().flatten().copied();
        let base = there().min().unwrap_or(0);
        let distance = |n: i64| n.wrapping_sub(base).cast_unsigned();
        let most = there().max().map_or(0, distance).checked_add(1)?;
        put_number(zigzag(base), out);
        let rising = (0..).zip(numbers).all(|(n, at)| at.is_some_and(|at| distance(at) == n));
        if rising {
            out.push(0);
            return Some(());
        }
        let stored = numbers.iter().map(|n| n.map_or(0, |n| distance(n) + 1));
        match most {
            0..=0xff => {
                out.push(1);
                out.extend(stored.map(|n| n as u8));
            }
            0x100..=0xffff => {
                out.push(2);
                stored.for_each(|n| out.extend_from_slice(&(n as u16).to_le_bytes()));
            }
            0x1_0000..=0xffff_ffff => {
                out.push(4);
                stored.for_each(|n| out.extend_from_slice(&(n as u32).to_le_bytes()));
            }
            _ => {
                out.push(8);
                stored.for_each(|n| out.extend_from_slice(&n.to_le_bytes()));
            }
        }
        Some(())
    }

    /// Those of so many rows, which are all that is left of the bytes.
    pub(super) fn open(mut bytes: &'b [u8], rows: usize) -> Option<Distances<'b>> {
        let base = from_zigzag(number(&mut bytes)?);
        let width = byte(&mut bytes)?;
        let known = matches!(width, 0 | 1 | 2 | 4 | 8);
        let whole = rows.checked_mul(width.into())? == bytes.len();
        (known && whole).then_some(Distances { base, width, rows, bytes })
    }

    /// Whether all numbers lie in a range.
    pub(super) fn within(&self, least: i64, most: i64) -> bool {
        let furthest = match self.width {
            0 => self.rows as u64,
            _ => (0..self.rows).map(|row| self.stored(row)).max().unwrap_or(0),
        };
        let furthest = furthest.saturating_sub(1);
        self.base >= least && self.base.checked_add_unsigned(furthest).is_some_and(|end| end <= most)
    }

    /// The number of a row, where it has one.
    #[inline]
    pub(super) fn get(&self, row: usize) -> Option<i64> {
        let distance = self.stored(row).checked_sub(1)?;
        Some(self.base.wrapping_add(distance.cast_signed()))
    }

    /// A distance plus 1; 0 where the row has no number, or there is no such row.
    #[inline]
    fn stored(&self, row: usize) -> u64 {
        match self.width {
            0 => row as u64 + 1,
            1 => self.bytes.get(row).map_or(0, |n| (*n).into()),
            2 => self.bytes.as_chunks().0.get(row).map_or(0, |n| u16::from_le_bytes(*n).into()),
            4 => self.bytes.as_chunks().0.get(row).map_or(0, |n| u32::from_le_bytes(*n).into()),
            _ => self.bytes.as_chunks().0.get(row).map_or(0, |n| u64::from_le_bytes(*n)),
        }
    }
}
