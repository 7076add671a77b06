//! Choices and bytes that look random and are the same in every run.

use std::cell::RefCell;

use powersync_jwks::random::{Random, RandomError};

/// A generator that follows from its seed (xorshift).
pub struct Dice(u64);

impl Dice {
    pub fn new(seed: u64) -> Self {
        Self(seed.wrapping_mul(0x9e37_79b9_7f4a_7c15) | 1)
    }

    pub fn next(&mut self) -> u64 {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        self.0
    }

    /// A number of the range, both ends included.
    pub fn uniform(&mut self, least: i64, most: i64) -> i64 {
        assert!(least <= most, "{least} to {most} is no range");
        let numbers = (most - least).unsigned_abs() + 1;
        // The low bits of a xorshift are the weakest.
        least + i64::try_from((self.next() >> 11) % numbers).unwrap()
    }

    pub fn one_in(&mut self, sides: i64) -> bool {
        self.uniform(1, sides) == 1
    }

    pub fn pick<'a, T>(&mut self, from: &'a [T]) -> &'a T {
        let last = i64::try_from(from.len()).unwrap() - 1;
        &from[usize::try_from(self.uniform(0, last)).unwrap()]
    }

    pub fn bytes(&mut self, count: usize) -> Vec<u8> {
        (0..count).map(|_| self.next().to_le_bytes()[3]).collect()
    }
}

/// The randomness of a run: bytes that start over with every scene.
pub struct Noise(RefCell<Dice>);

impl Noise {
    pub fn new(seed: u64) -> Self {
        Self(RefCell::new(Dice::new(seed)))
    }
}

impl Random for Noise {
    fn fill(&self, buffer: &mut [u8]) -> Result<(), RandomError> {
        let bytes = self.0.borrow_mut().bytes(buffer.len());
        buffer.copy_from_slice(&bytes);
        Ok(())
    }
}
