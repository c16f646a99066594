//! Seeded chance: the same seed gives the same data on every machine and in every year.

/// A generator of the multiply-and-fold kind; good enough for made-up data, and nothing else.
pub(crate) struct Dice {
    state: u64,
}

impl Dice {
    /// From a seed.
    pub(crate) fn new(seed: u64) -> Dice {
        Dice { state: seed }
    }

    /// 64 even bits.
    pub(crate) fn bits(&mut self) -> u64 {
        self.state = self.state.wrapping_add(0xA076_1D64_78BD_642F);
        let wide = u128::from(self.state) * u128::from(self.state ^ 0xE703_7ED1_A0B4_28DB);
        (wide >> 64) as u64 ^ wide as u64
    }

    /// One of `0..n`.
    pub(crate) fn below(&mut self, n: u64) -> u64 {
        ((u128::from(self.bits()) * u128::from(n)) >> 64) as u64
    }
}
