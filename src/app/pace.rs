//! How much work is handed over at a time, so that a host can answer requests in between.

/// Seconds of work that are handed over at a time: too short for a person to notice the wait for an answer, too long for the
/// cost of handing over to matter.
const LEAST_SECONDS: f64 = 0.03;
const MOST_SECONDS: f64 = 0.1;

/// A number of pieces of work that grows and shrinks with the time that they take.
#[derive(Clone, Copy, Debug)]
pub(super) struct Pace {
    pieces: usize,
    least: usize,
    most: usize,
}

impl Pace {
    pub fn new(least: usize, most: usize) -> Self {
        Pace { pieces: least, least, most: most.max(least) }
    }

    pub fn pieces(&self) -> usize {
        self.pieces
    }

    /// Adjusts the number after that many pieces took `seconds`.
    pub fn took(&mut self, seconds: f64) {
        if seconds < LEAST_SECONDS {
            self.pieces = (self.pieces * 2).min(self.most);
        } else if seconds > MOST_SECONDS {
            self.pieces = (self.pieces / 2).max(self.least);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn work_grows_until_it_takes_long_enough() {
        let mut pace = Pace::new(1, 32);
        // 0.01 seconds a piece
        (0..10).for_each(|_| pace.took(0.01 * pace.pieces() as f64));
        assert_eq!(pace.pieces(), 4);
        pace.took(0.5);
        assert_eq!(pace.pieces(), 2);
        (0..10).for_each(|_| pace.took(0.0));
        assert_eq!(pace.pieces(), 32);
        (0..10).for_each(|_| pace.took(9.0));
        assert_eq!(pace.pieces(), 1);
    }
}
