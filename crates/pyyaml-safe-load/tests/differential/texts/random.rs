//! A small generator of random numbers that gives the same numbers on every machine.

/// The generator `SplitMix64`.
pub struct Random(u64);

impl Random {
    /// The generator of a seed. Neighbouring seeds give unlike numbers.
    pub fn seeded(seed: u64) -> Self {
        Self(seed.wrapping_mul(0x2545_F491_4F6C_DD1D))
    }

    pub fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9E37_79B9_7F4A_7C15);
        let mut value = self.0;
        value = (value ^ (value >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        value = (value ^ (value >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        value ^ (value >> 31)
    }

    pub fn below(&mut self, limit: usize) -> usize {
        usize::try_from(self.next() % limit.max(1) as u64).unwrap()
    }

    pub fn one_in(&mut self, times: usize) -> bool {
        self.below(times) == 0
    }

    /// A number below `rare` once in `times`, otherwise a number below `usual`.
    pub fn below_either(&mut self, times: usize, rare: usize, usual: usize) -> usize {
        let limit = if self.one_in(times) { rare } else { usual };
        self.below(limit)
    }

    pub fn pick<'a, T: ?Sized>(&mut self, from: &[&'a T]) -> &'a T {
        from[self.below(from.len())]
    }
}
