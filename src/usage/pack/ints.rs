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

pub(super) fn unpack_ints(bytes: &[u8], rows: usize) -> Result<Vec<i64>> {
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
