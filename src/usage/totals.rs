//! Exact sums by cell.

use super::{meter::Interval, pack::Quantities};
use crate::model::decimal::Decimal;
use anyhow::{Context as _, Result};
use std::collections::HashMap;

/// Sums at one scale, which rises when a finer quantity comes.
#[derive(Debug, Default)]
pub(super) struct Totals {
    /// Sum and count.
    cells: Vec<(i64, i64)>,
    /// What does not fit into a cell.
    over: HashMap<usize, i128>,
    scale: u32,
}

const TOO_LARGE: &str = "the sum of a metric's quantities is too large to be kept exactly";

impl Totals {
    pub(super) fn new(cells: usize) -> Totals {
        Totals { cells: vec![(0, 0); cells], ..Totals::default() }
    }

    fn raise(&mut self, scale: u32) -> Result<()> {
        if scale <= self.scale {
            return Ok(());
        }
        let factor = 10i128.checked_pow(scale - self.scale).context(TOO_LARGE)?;
        for over in self.over.values_mut() {
            *over = over.checked_mul(factor).context(TOO_LARGE)?;
        }
        for cell in 0..self.cells.len() {
            let sum = i128::from(std::mem::take(&mut self.cells[cell].0));
            self.add_wide(cell, sum.checked_mul(factor).context(TOO_LARGE)?)?;
        }
        self.scale = scale;
        Ok(())
    }

    fn add_wide(&mut self, cell: usize, more: i128) -> Result<()> {
        let sum = i128::from(self.cells[cell].0).checked_add(more).context(TOO_LARGE)?;
        if let Ok(sum) = i64::try_from(sum) {
            self.cells[cell].0 = sum;
            return Ok(());
        }
        self.cells[cell].0 = 0;
        let over = self.over.entry(cell).or_default();
        *over = over.checked_add(sum).context(TOO_LARGE)?;
        Ok(())
    }

    /// What a narrow block's mantissas are multiplied by; the totals' scale is raised where it is coarser.
    pub(super) fn factor(&mut self, quantities: &Quantities) -> Result<i128> {
        let scale = match quantities {
            Quantities::Narrow(_, scale) => *scale,
            Quantities::Wide(list) => list.iter().map(Decimal::scale).max().unwrap_or(0),
        };
        self.raise(scale)?;
        10i128.checked_pow(self.scale - scale).context(TOO_LARGE)
    }

    /// Counts an event of a block with that factor.
    #[inline]
    pub(super) fn add(
        &mut self,
        cell: usize,
        quantities: &Quantities,
        row: usize,
        factor: i128,
    ) -> Result<()> {
        let wide = match quantities {
            Quantities::Narrow(list, _) => {
                let (sum, count) = &mut self.cells[cell];
                *count += 1;
                let more = i64::try_from(factor).ok().and_then(|f| list[row].checked_mul(f));
                if let Some(new) = more.and_then(|m| sum.checked_add(m)) {
                    *sum = new;
                    return Ok(());
                }
                i128::from(list[row]).checked_mul(factor)
            }
            Quantities::Wide(list) => {
                self.cells[cell].1 += 1;
                self.mantissa(list[row])
            }
        };
        self.add_wide(cell, wide.context(TOO_LARGE)?)
    }

    fn mantissa(&self, value: Decimal) -> Option<i128> {
        10i128.checked_pow(self.scale.checked_sub(value.scale())?)?.checked_mul(value.mantissa())
    }

    /// Adds so many events of so much in all; both may be negative.
    pub(super) fn change(&mut self, cell: usize, sum: Decimal, count: i64) -> Result<()> {
        self.raise(sum.scale())?;
        let more = self.mantissa(sum).context(TOO_LARGE)?;
        self.cells[cell].1 += count;
        self.add_wide(cell, more)
    }

    /// Adds another thread's totals of the same cells.
    pub(super) fn absorb(&mut self, mut other: Totals) -> Result<()> {
        let scale = self.scale.max(other.scale);
        self.raise(scale)?;
        other.raise(scale)?;
        for (cell, (sum, count)) in other.cells.into_iter().enumerate() {
            self.cells[cell].1 += count;
            self.add_wide(cell, i128::from(sum))?;
        }
        for (cell, over) in other.over {
            self.add_wide(cell, over)?;
        }
        Ok(())
    }

    pub(super) fn interval(&self, cell: usize) -> Result<Interval> {
        let (low, count) = self.cells[cell];
        let over = self.over.get(&cell).copied().unwrap_or(0);
        let mut sum = over.checked_add(i128::from(low)).context(TOO_LARGE)?;
        let mut scale = self.scale;
        while scale > 0 && sum % 10 == 0 {
            sum /= 10;
            scale -= 1;
        }
        let sum = Decimal::try_from_i128_with_scale(sum, scale).ok().context(TOO_LARGE)?;
        Ok(Interval { sum, count: u64::try_from(count).context("a negative number of events")? })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::decimal;
    use proptest::prelude::*;

    fn number() -> impl Strategy<Value = Decimal> {
        (any::<i64>(), 0u32..6).prop_map(|(m, s)| Decimal::from_i128_with_scale(i128::from(m), s))
    }

    proptest! {
        #[test]
        fn totals_are_exact_sums(
            blocks in prop::collection::vec((0u32..4, prop::collection::vec(any::<i64>(), 1..6)), 1..8),
            single in prop::collection::vec(number(), 0..4),
        ) {
            let mut shares = [Totals::new(2), Totals::new(2)];
            let mut plain = Decimal::ZERO;
            let mut count = 0;
            for (at, (scale, list)) in blocks.into_iter().enumerate() {
                for m in &list {
                    plain = decimal::add(plain, Decimal::from_i128_with_scale(i128::from(*m), scale)).unwrap();
                    count += 1;
                }
                let quantities = match at % 3 {
                    0 => Quantities::Wide(list.iter().map(|m| Decimal::from_i128_with_scale(i128::from(*m), scale)).collect()),
                    _ => Quantities::Narrow(list.clone(), scale),
                };
                let share = &mut shares[at % 2];
                let factor = share.factor(&quantities).unwrap();
                for row in 0..list.len() {
                    share.add(1, &quantities, row, factor).unwrap();
                }
            }
            let [mut all, other] = shares;
            all.absorb(other).unwrap();
            for d in single {
                plain = decimal::add(plain, d).unwrap();
                all.change(1, d, 1).unwrap();
                count += 1;
                all.change(1, d, 1).unwrap();
                all.change(1, -d, -1).unwrap();
            }
            prop_assert_eq!(all.interval(1).unwrap(), Interval { sum: plain.normalize(), count });
            prop_assert_eq!(all.interval(0).unwrap(), Interval::default());
        }
    }
}
