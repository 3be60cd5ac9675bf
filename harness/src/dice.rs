//! Numbers that look random and are the same for the same seed.

/// A die. What it decides of a run can be had again; when processes do what can't.
#[derive(Clone, Debug)]
pub struct Dice(u64);

impl Dice {
    /// The run of numbers of a seed.
    pub fn new(seed: u64) -> Self {
        Self(seed)
    }

    /// One of its own for somebody else.
    pub fn split(&mut self) -> Self {
        Self(self.next())
    }

    /// A number below `end`, or 0.
    pub fn below(&mut self, end: u64) -> u64 {
        self.next() % end.max(1)
    }

    /// The next of SplitMix64.
    fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut mixed = self.0;
        mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        mixed ^ (mixed >> 31)
    }
}
