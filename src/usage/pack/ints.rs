//! Columns of integers and decimals in bytes.

use crate::model::decimal::Decimal;
use anyhow::{Result, ensure};

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

pub(super) fn pack_ints(values: &[i64], times: bool) -> Vec<u8> {
    let base = values.iter().copied().min().unwrap_or(0);
    let unit = if times { coarsest(values, base) } else { 1 };
    let offset = |v: i64| v.wrapping_sub(base) as u64 / unit as u64;
    let greatest = offset(values.iter().copied().max().unwrap_or(0));
    let width = (8 - greatest.leading_zeros() as usize / 8).max(1);
    let mut out = Vec::with_capacity(HEAD + values.len() * width);
    out.push(width as u8);
    out.extend_from_slice(&base.to_le_bytes());
    out.extend_from_slice(&unit.to_le_bytes());
    out.resize(HEAD + values.len() * width, 0);
    let into = &mut out[HEAD..];
    let offsets = values.iter().map(|v| v.wrapping_sub(base) as u64);
    // Division by a constant is cheap, by a variable it is not.
    match unit {
        1_000_000_000 => put_all(into, width, offsets.map(|o| o / 1_000_000_000)),
        1_000_000 => put_all(into, width, offsets.map(|o| o / 1_000_000)),
        1_000 => put_all(into, width, offsets.map(|o| o / 1_000)),
        _ => put_all(into, width, offsets),
    }
    out
}

/// The width, the base and the unit stand before the offsets.
const HEAD: usize = 17;

fn put_all(into: &mut [u8], width: usize, offsets: impl Iterator<Item = u64>) {
    match width {
        1 => put::<1>(into, offsets),
        2 => put::<2>(into, offsets),
        3 => put::<3>(into, offsets),
        4 => put::<4>(into, offsets),
        5 => put::<5>(into, offsets),
        6 => put::<6>(into, offsets),
        7 => put::<7>(into, offsets),
        _ => put::<8>(into, offsets),
    }
}

/// Writes the lowest bytes of each.
fn put<const WIDTH: usize>(into: &mut [u8], offsets: impl Iterator<Item = u64>) {
    let (slots, _) = into.as_chunks_mut::<WIDTH>();
    for (slot, offset) in slots.iter_mut().zip(offsets) {
        *slot = std::array::from_fn(|at| (offset >> (8 * at)) as u8);
    }
}

pub(super) fn unpack_ints(bytes: &[u8], rows: usize) -> Result<Vec<i64>> {
    ensure!(bytes.len() >= HEAD, "a packed column is cut short");
    let width = usize::from(bytes[0]);
    let base = i64::from_le_bytes(bytes[1..9].try_into()?);
    let unit = i64::from_le_bytes(bytes[9..HEAD].try_into()?);
    let data = &bytes[HEAD..];
    ensure!((1..=8).contains(&width) && data.len() == rows * width, "a packed column has another length");
    Ok(match width {
        1 => taken::<1>(data, base, unit),
        2 => taken::<2>(data, base, unit),
        3 => taken::<3>(data, base, unit),
        4 => taken::<4>(data, base, unit),
        5 => taken::<5>(data, base, unit),
        6 => taken::<6>(data, base, unit),
        7 => taken::<7>(data, base, unit),
        _ => taken::<8>(data, base, unit),
    })
}

/// The values of offsets of so many bytes. Each offset is read byte by byte: through memory, eight bytes at once, the
/// core would wait for the few that were just written.
fn taken<const WIDTH: usize>(data: &[u8], base: i64, unit: i64) -> Vec<i64> {
    let offset = |bytes: &[u8; WIDTH]| bytes.iter().rev().fold(0, |all, byte| all << 8 | u64::from(*byte));
    let (all, _) = data.as_chunks::<WIDTH>();
    all.iter().map(|bytes| base.wrapping_add((offset(bytes) as i64).wrapping_mul(unit))).collect()
}

pub(super) fn pack_quantities(
    mantissas: &[i64],
    scales: &[u8],
    wide: &[(usize, Decimal)],
    scale: u32,
) -> Vec<u8> {
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
    }
}
