//! Random values as a pure function of (seed, stream, step, index): Philox4x32-10.
//!
//! A counter-based generator has no state. Each GPU invocation computes its own values independently of the
//! others, the CPU computes the same ones, and a resumed run gets those of an uninterrupted run. Philox uses
//! only 32-bit additions, multiplications and exclusive-ors; WGSL merely lacks the high half of a 32x32-bit
//! product.
//!
//! Source: Salmon, Moraes, Dror, Shaw, "Parallel random numbers: as easy as 1, 2, 3", SC 2011, and its
//! reference implementation, Random123.

/// What random values are for. Each use has its own stream, so that drawing more values for one never shifts
/// those of another. The tags are part of what a seed means: never renumber them.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[repr(u32)]
pub enum Stream {
    /// The shuffle of the training examples; the step is the epoch.
    Order = 0,
    /// The initial parameters; the step is the index of the tensor.
    Initial = 1,
    /// The dropout masks; the step is the training step.
    Dropout = 2,
    /// The random distortions of training images; the step is the training step.
    Augment = 3,
    /// The choice of images for validation and for tests; the step is class + 256 x purpose.
    Split = 4,
    /// The values of a sweep's trials; the step is the number of the draw.
    Sweep = 5,
}

const MULTIPLIER: [u32; 2] = [0xD251_1F53, 0xCD9E_8D57];
const WEYL: [u32; 2] = [0x9E37_79B9, 0xBB67_AE85];
const ROUNDS: usize = 10;

/// Philox4x32-10 itself: four words from a 128-bit counter and a 64-bit key.
pub fn philox4x32(counter: [u32; 4], key: [u32; 2]) -> [u32; 4] {
    let [mut c0, mut c1, mut c2, mut c3] = counter;
    let [mut k0, mut k1] = key;
    for _ in 0..ROUNDS {
        let (high0, low0) = multiply(MULTIPLIER[0], c0);
        let (high1, low1) = multiply(MULTIPLIER[1], c2);
        (c0, c1, c2, c3) = (high1 ^ c1 ^ k0, low1, high0 ^ c3 ^ k1, low0);
        k0 = k0.wrapping_add(WEYL[0]);
        k1 = k1.wrapping_add(WEYL[1]);
    }
    [c0, c1, c2, c3]
}

fn multiply(a: u32, b: u32) -> (u32, u32) {
    let product = u64::from(a) * u64::from(b);
    ((product >> 32) as u32, product as u32)
}

/// Block `index` (four words) of one stream at one step. The layout, which shaders match:
/// key = (seed low, seed high), counter = (index, step low, step high, stream tag).
pub fn philox(seed: u64, stream: Stream, step: u64, index: u32) -> [u32; 4] {
    philox4x32([index, step as u32, (step >> 32) as u32, stream as u32], [seed as u32, (seed >> 32) as u32])
}

/// A value in [0, 1) from the top 24 bits, each of which an `f32` holds exactly.
pub fn uniform(word: u32) -> f32 {
    (word >> 8) as f32 * (1.0 / 16_777_216.0)
}

/// Two independent standard normal values, by the Box-Muller transform. None exceeds 5.8 in magnitude, since
/// the smallest uniform value is 2^-24.
///
/// Logarithm and cosine are computed in `f64`: libraries differ in their last bit, which rounding to `f32`
/// almost always hides, so that a seed gives the same initial network on every system.
pub fn normal_pair(a: u32, b: u32) -> [f32; 2] {
    // 1 - uniform lies in (0, 1], where the logarithm is finite
    let radius = (-2.0 * (1.0 - f64::from(uniform(a))).ln()).sqrt();
    let angle = std::f64::consts::TAU * f64::from(uniform(b));
    [(radius * angle.cos()) as f32, (radius * angle.sin()) as f32]
}

/// The words of one (seed, stream, step) in sequence: block 0's four, block 1's four, and so on. Repeats after
/// 2^34 words.
#[derive(Clone, Debug)]
pub struct Sequence {
    seed: u64,
    stream: Stream,
    step: u64,
    index: u32,
    block: [u32; 4],
    used: usize,
}

impl Sequence {
    pub fn new(seed: u64, stream: Stream, step: u64) -> Self {
        Sequence { seed, stream, step, index: 0, block: [0; 4], used: 4 }
    }

    /// The words from block `index` on.
    pub fn at(seed: u64, stream: Stream, step: u64, index: u32) -> Self {
        Sequence { index, ..Sequence::new(seed, stream, step) }
    }

    /// The next word.
    pub fn word(&mut self) -> u32 {
        if self.used == self.block.len() {
            self.block = philox(self.seed, self.stream, self.step, self.index);
            self.index = self.index.wrapping_add(1);
            self.used = 0;
        }
        self.used += 1;
        self.block[self.used - 1]
    }

    /// A value in [0, 1).
    pub fn uniform(&mut self) -> f32 {
        uniform(self.word())
    }

    /// A standard normal value, made from two words.
    pub fn normal(&mut self) -> f32 {
        let (a, b) = (self.word(), self.word());
        normal_pair(a, b)[0]
    }

    /// An integer in 0..bound, uniformly (Lemire 2019, "Fast random integer
    /// generation in an interval"); 0 where `bound` is 0.
    pub fn below(&mut self, bound: u32) -> u32 {
        let (mut high, mut low) = multiply(self.word(), bound);
        if low < bound {
            // 2^32 mod bound: this many products must be rejected, or some results would be more likely
            let surplus = bound.wrapping_neg() % bound;
            while low < surplus {
                (high, low) = multiply(self.word(), bound);
            }
        }
        high
    }
}

impl Iterator for Sequence {
    type Item = u32;

    /// Never `None`.
    fn next(&mut self) -> Option<u32> {
        Some(self.word())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Random123's published vectors (tests/kat_vectors, philox4x32 10).
    #[test]
    fn matches_the_known_answers() {
        let ones = u32::MAX;
        let cases = [
            ([0; 4], [0; 2], [0x6627_e8d5, 0xe169_c58d, 0xbc57_ac4c, 0x9b00_dbd8]),
            ([ones; 4], [ones; 2], [0x408f_276d, 0x41c8_3b0e, 0xa20b_c7c6, 0x6d54_51fd]),
            (
                [0x243f_6a88, 0x85a3_08d3, 0x1319_8a2e, 0x0370_7344],
                [0xa409_3822, 0x299f_31d0],
                [0xd16c_fe09, 0x94fd_cceb, 0x5001_e420, 0x2412_6ea1],
            ),
        ];
        for (counter, key, wanted) in cases {
            assert_eq!(philox4x32(counter, key), wanted);
        }
    }

    #[test]
    fn lays_out_key_and_counter_as_documented() {
        let seed = 0x299f_31d0_a409_3822;
        let step = 0x1319_8a2e_85a3_08d3;
        let wanted = philox4x32([7, 0x85a3_08d3, 0x1319_8a2e, 2], [0xa409_3822, 0x299f_31d0]);
        assert_eq!(philox(seed, Stream::Dropout, step, 7), wanted);
    }

    #[test]
    fn sequence_walks_the_blocks() {
        let words: Vec<u32> = Sequence::new(5, Stream::Initial, 3).take(10).collect();
        assert_eq!(words[..4], philox(5, Stream::Initial, 3, 0));
        assert_eq!(words[4..8], philox(5, Stream::Initial, 3, 1));
        assert_eq!(words[8..], philox(5, Stream::Initial, 3, 2)[..2]);
    }

    #[test]
    fn uniform_stays_below_one() {
        assert_eq!(uniform(0), 0.0);
        assert_eq!(uniform(255), 0.0);
        assert_eq!(uniform(256), 1.0 / 16_777_216.0);
        assert_eq!(uniform(u32::MAX), 1.0 - 1.0 / 16_777_216.0);
    }

    #[test]
    fn normal_has_the_moments_of_a_normal() {
        let mut sequence = Sequence::new(1, Stream::Initial, 0);
        let count = 200_000;
        let draws: Vec<f64> = (0..count).map(|_| f64::from(sequence.normal())).collect();
        let moment = |power: i32| draws.iter().map(|x| x.powi(power)).sum::<f64>() / f64::from(count);
        // five standard errors of each: sqrt(1, 2, 15, 96 / count)
        assert!(moment(1).abs() < 0.012, "mean {}", moment(1));
        assert!((moment(2) - 1.0).abs() < 0.016, "variance {}", moment(2));
        assert!(moment(3).abs() < 0.044, "third moment {}", moment(3));
        assert!((moment(4) - 3.0).abs() < 0.11, "fourth moment {}", moment(4));
    }

    #[test]
    fn normal_is_finite_at_the_ends() {
        for a in [0, 1, 255, 256, u32::MAX] {
            for b in [0, 1 << 30, 1 << 31, u32::MAX] {
                assert!(normal_pair(a, b).iter().all(|x| x.abs() < 5.8), "{a} {b}");
            }
        }
    }

    #[test]
    fn below_is_even_and_in_range() {
        let mut sequence = Sequence::new(9, Stream::Order, 0);
        let mut counts = [0u32; 7];
        for _ in 0..70_000 {
            counts[sequence.below(7) as usize] += 1;
        }
        // five standard errors of a count that is 10,000 on average
        assert!(counts.iter().all(|&count| count.abs_diff(10_000) < 463), "{counts:?}");
        // a bound that rejects nearly half of the words
        let bound = (1 << 31) + 1;
        assert!((0..1000).all(|_| sequence.below(bound) < bound));
        assert_eq!(sequence.below(1), 0);
        assert_eq!(sequence.below(0), 0);
    }
}
