//! The order in which a training run sees its examples.

use crate::random::{Sequence, Stream};
use crate::{Error, Result};

/// Endlessly many shuffled epochs, in batches that are all full.
///
/// Where an epoch ends inside a batch, the batch holds the rest of it and then the start of the next,
/// newly shuffled one, as with TensorFlow's `next_batch`. A batch may be larger than the set.
///
/// The shuffle of epoch e depends on nothing but (seed, e), so the whole state is one number: the batches
/// drawn so far. A checkpoint keeps that number, and [`BatchOrder::at`] continues from it.
#[derive(Clone, Debug)]
pub struct BatchOrder {
    batch: usize,
    seed: u64,
    position: u64,
    epoch: u64,
    /// Examples already drawn in this epoch.
    drawn: usize,
    shuffled: Vec<u32>,
}

impl BatchOrder {
    /// The order from its beginning.
    ///
    /// # Errors
    /// `Data` where there is no example, or more than a 32-bit index can name; `Recipe` for an empty batch.
    pub fn new(examples: usize, batch: usize, seed: u64) -> Result<Self> {
        Self::at(examples, batch, seed, 0)
    }

    /// The order after `position` batches: what [`BatchOrder::new`] and as many draws would give.
    ///
    /// # Errors
    /// As [`BatchOrder::new`], and `Internal` for a position that no run could have reached.
    pub fn at(examples: usize, batch: usize, seed: u64, position: u64) -> Result<Self> {
        if examples == 0 {
            return Err(Error::Data("there are no training examples to draw batches from".into()));
        }
        let count = u32::try_from(examples).map_err(|_| {
            Error::Data(format!("{examples} training examples are too many: at most {}", u32::MAX))
        })?;
        if batch == 0 {
            return Err(Error::Recipe("a batch of 0 examples: use at least 1".into()));
        }
        let total = position.checked_mul(batch as u64).ok_or_else(|| {
            Error::Internal(format!("{position} batches of {batch}: more than a run can have drawn"))
        })?;
        let (epoch, drawn) = (total / u64::from(count), (total % u64::from(count)) as usize);
        let mut order = BatchOrder { batch, seed, position, epoch, drawn, shuffled: vec![0; examples] };
        order.shuffle();
        Ok(order)
    }

    /// Draws the next batch: `out` is cleared and gets `batch` indices of examples.
    pub fn next_batch(&mut self, out: &mut Vec<u32>) {
        out.clear();
        while out.len() < self.batch {
            if self.drawn == self.shuffled.len() {
                self.epoch = self.epoch.wrapping_add(1);
                self.drawn = 0;
                self.shuffle();
            }
            let rest = &self.shuffled[self.drawn..];
            let taken = rest.len().min(self.batch - out.len());
            out.extend_from_slice(&rest[..taken]);
            self.drawn += taken;
        }
        self.position = self.position.wrapping_add(1);
    }

    /// Batches drawn so far, counted from the beginning of the run.
    pub fn position(&self) -> u64 {
        self.position
    }

    /// Whole epochs drawn so far.
    pub fn epochs(&self) -> u64 {
        self.epoch.wrapping_add(u64::from(self.drawn == self.shuffled.len()))
    }

    /// The Fisher-Yates shuffle, always from 0, 1, 2, ..., so that no epoch depends on the one before.
    fn shuffle(&mut self) {
        for (index, slot) in (0..).zip(&mut self.shuffled) {
            *slot = index;
        }
        let mut random = Sequence::new(self.seed, Stream::Order, self.epoch);
        for last in (1..self.shuffled.len()).rev() {
            let other = random.below(last as u32 + 1) as usize;
            self.shuffled.swap(last, other);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn draw(order: &mut BatchOrder, batches: usize) -> Vec<u32> {
        let mut batch = Vec::new();
        let mut all = Vec::new();
        for _ in 0..batches {
            order.next_batch(&mut batch);
            all.extend_from_slice(&batch);
        }
        all
    }

    fn is_permutation(indices: &[u32]) -> bool {
        let mut sorted = indices.to_vec();
        sorted.sort_unstable();
        (0..).zip(&sorted).all(|(wanted, &index)| wanted == index)
    }

    #[test]
    fn small_sets_are_shuffled_evenly() {
        let mut counts = [0u32; 6];
        for seed in 0..6000 {
            let order = draw(&mut BatchOrder::new(3, 3, seed).unwrap(), 1);
            let rank = order[0] * 2 + u32::from(order[1] > order[2]);
            counts[rank as usize] += 1;
        }
        assert!(counts.iter().all(|&count| count.abs_diff(1000) < 145), "{counts:?}");
    }

    #[test]
    fn position_and_epochs_count_up() {
        let mut order = BatchOrder::new(10, 5, 0).unwrap();
        assert_eq!((order.position(), order.epochs()), (0, 0));
        draw(&mut order, 1);
        assert_eq!((order.position(), order.epochs()), (1, 0));
        draw(&mut order, 1);
        assert_eq!((order.position(), order.epochs()), (2, 1));
        assert_eq!(BatchOrder::at(10, 5, 0, 2).unwrap().epochs(), 1);
    }

    #[test]
    fn one_example_is_drawn_for_ever() {
        assert_eq!(draw(&mut BatchOrder::new(1, 3, 7).unwrap(), 2), [0; 6]);
    }

    #[test]
    fn a_batch_that_divides_the_set_never_crosses() {
        let all = draw(&mut BatchOrder::new(20, 5, 1).unwrap(), 12);
        assert!(all.chunks(20).all(is_permutation));
    }

    #[test]
    fn refuses_what_it_cannot_draw() {
        for (result, word) in [
            (BatchOrder::new(0, 5, 1), "no training examples"),
            (BatchOrder::new(5, 0, 1), "at least 1"),
            (BatchOrder::at(5, 50, 1, u64::MAX), "more than a run"),
        ] {
            assert!(result.unwrap_err().to_string().contains(word));
        }
        // the last position that fits still draws
        let mut last = BatchOrder::at(3, 1, 1, u64::MAX).unwrap();
        assert_eq!(draw(&mut last, 7).len(), 7);
        let mut last = BatchOrder::at(1, 1, 1, u64::MAX).unwrap();
        draw(&mut last, 1);
        assert_eq!((last.position(), last.epochs()), (0, 0));
    }
}
