//! Which trials a sweep consists of: drawn at random, or every combination.

use inkgrad::random::{self, Stream};
use inkgrad::recipe::Recipe;
use inkgrad::{Error, Result};
use toml::Value;

use super::vary::{Vary, changed};

/// One recipe to try.
#[derive(Clone, Debug, PartialEq)]
pub struct Trial {
    /// From 0.
    pub number: usize,
    /// The values in the varied places.
    pub values: Vec<(String, Value)>,
    pub recipe: Recipe,
}

/// Limit on trials: more than anybody would wait for.
const MAX_TRIALS: usize = 10_000;

/// The first `runs` trials of a random sweep; without a number, every combination of values. The trials of a seed are the
/// same whatever their number, so that a sweep can be made longer.
///
/// # Errors
/// `Usage` if the number of combinations is unlimited or a place is not in the recipe, `Recipe` for a value that is not
/// valid there.
pub fn trials(recipe: &Recipe, varied: &[Vary], runs: Option<usize>, seed: u64) -> Result<Vec<Trial>> {
    let all = combinations(varied);
    let values = match (runs, all) {
        (Some(runs), Some(all)) if runs >= all => (0..all).map(|at| combination(varied, at)).collect(),
        (Some(runs), all) => drawn(varied, runs, seed, all.is_some()),
        (None, Some(all)) if all <= MAX_TRIALS => (0..all).map(|at| combination(varied, at)).collect(),
        (None, Some(all)) => {
            return Err(Error::Usage(format!(
                "{all} combinations: say how many of them to try with --runs N"
            )));
        }
        (None, None) => {
            let what = "a range has an unlimited number of values";
            return Err(Error::Usage(format!(
                "{what}: say how many to draw with --runs N, or how many to divide it into (0.001..0.1/5)"
            )));
        }
    };
    let trial = |(number, values): (usize, Vec<(String, Value)>)| {
        let recipe = changed(recipe, &values)?;
        Ok(Trial { number, values, recipe })
    };
    values.into_iter().enumerate().map(trial).collect()
}

/// How many combinations there are; none if a range is among what is varied.
fn combinations(varied: &[Vary]) -> Option<usize> {
    varied.iter().try_fold(1usize, |all, vary| Some(all.saturating_mul(vary.values.list()?.len())))
}

/// Combination number `at`; the last place varies fastest.
fn combination(varied: &[Vary], mut at: usize) -> Vec<(String, Value)> {
    let mut values: Vec<(String, Value)> = Vec::new();
    for vary in varied.iter().rev() {
        let list = vary.values.list().unwrap_or_default();
        let length = list.len().max(1);
        values.extend(list.get(at % length).map(|value| (vary.path.clone(), value.clone())));
        at /= length;
    }
    values.reverse();
    values
}

/// `runs` random trials; each different, where there are lists alone.
fn drawn(varied: &[Vary], runs: usize, seed: u64, are_different: bool) -> Vec<Vec<(String, Value)>> {
    let mut found: Vec<Vec<(String, Value)>> = Vec::new();
    let mut draw = 0u64;
    while found.len() < runs.min(MAX_TRIALS) {
        let value = |(at, vary): (usize, &Vary)| {
            let [word, ..] = random::philox(seed, Stream::Sweep, draw, at as u32);
            (vary.path.clone(), vary.values.at(random::uniform(word).into()))
        };
        let values: Vec<(String, Value)> = varied.iter().enumerate().map(value).collect();
        draw += 1;
        if !are_different || !found.contains(&values) {
            found.push(values);
        }
    }
    found
}

#[cfg(test)]
mod tests {
    use super::*;

    fn varied(texts: &[&str]) -> Vec<Vary> {
        texts.iter().map(|text| text.parse().unwrap()).collect()
    }

    #[test]
    fn every_combination_once() {
        let recipe = Recipe::preset("mlp").unwrap();
        let both = varied(&["layers.0.units=64,128", "learning_rate=0.1,0.2,0.3"]);
        let all = trials(&recipe, &both, None, 0).unwrap();
        assert_eq!(all.len(), 6);
        let second: Vec<String> = all[1].values.iter().map(|(_, value)| value.to_string()).collect();
        assert_eq!(second, ["64", "0.2"]);
        assert_eq!(all[1].recipe.learning_rate, 0.2);
        assert_eq!(trials(&recipe, &both, Some(9), 0).unwrap(), all);
        let some = trials(&recipe, &both, Some(5), 3).unwrap();
        assert_eq!(some.len(), 5);
        assert!(
            some.iter()
                .enumerate()
                .all(|(at, trial)| some[..at].iter().all(|other| other.values != trial.values))
        );
    }

    #[test]
    fn a_longer_sweep_begins_with_the_shorter() {
        let recipe = Recipe::preset("mlp").unwrap();
        let range = varied(&["learning_rate=0.001..0.1"]);
        let (short, long) =
            (trials(&recipe, &range, Some(4), 1).unwrap(), trials(&recipe, &range, Some(9), 1).unwrap());
        assert_eq!(long[..4], short);
        assert_ne!(trials(&recipe, &range, Some(4), 2).unwrap(), short);
        let rates: Vec<f32> = long.iter().map(|trial| trial.recipe.learning_rate).collect();
        assert!(rates.iter().all(|rate| (0.001..=0.1).contains(rate)), "{rates:?}");
        assert!(trials(&recipe, &range, None, 1).unwrap_err().to_string().contains("--runs N"));
    }
}
