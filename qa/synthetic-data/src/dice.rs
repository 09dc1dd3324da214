//! Randomness and ids that depend on nothing but the seed and the patient's number.

use rand_chacha::ChaCha8Rng;
use rand_chacha::rand_core::{RngCore, SeedableRng};
use uuid::Uuid;

const NAMESPACE: Uuid = Uuid::from_u128(0x8f0c_5b0e_2f5d_5a61_9d3e_6b1d_7a44_c0de);

/// A random stream of one patient. Its draws are spelled out here, so that a new version of a random library
/// cannot change the data.
pub struct Dice(ChaCha8Rng);

impl Dice {
    /// The stream of patient `index` under `seed`.
    pub fn new(seed: u64, index: u32) -> Self {
        let mut key = *b"consentry synthetic data stream.";
        key[..8].copy_from_slice(&seed.to_le_bytes());
        key[8..12].copy_from_slice(&index.to_le_bytes());
        Self(ChaCha8Rng::from_seed(key))
    }

    /// A number in `0..n`; 0 when `n` is 0.
    pub fn below(&mut self, n: u32) -> u32 {
        ((u64::from(self.0.next_u32()) * u64::from(n)) >> 32) as u32
    }

    /// A number in `low..=high`.
    pub fn between(&mut self, low: i64, high: i64) -> i64 {
        low + i64::from(self.below((high - low + 1) as u32))
    }

    /// One of `items`, which must not be empty.
    pub fn pick<'a, T>(&mut self, items: &'a [T]) -> &'a T {
        &items[self.below(items.len() as u32) as usize]
    }
}

/// The id of the `n`th thing of a kind of patient `index`.
pub fn id(seed: u64, index: u32, kind: &str, n: u32) -> String {
    Uuid::new_v5(&NAMESPACE, format!("{seed}/{index}/{kind}/{n}").as_bytes()).to_string()
}

/// The id of a thing that all patients of a seed share.
pub fn shared_id(seed: u64, kind: &str) -> String {
    Uuid::new_v5(&NAMESPACE, format!("{seed}/shared/{kind}").as_bytes()).to_string()
}
