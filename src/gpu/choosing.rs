//! Which of its shaders each op of a plan gets: what was remembered or told, else the quickest.

use super::dispatch::Dispatch;
use super::executor::Executor;
use super::tuning::{self, Candidate};
use crate::error::{Error, Result};
use crate::execution::Variants;
use crate::plan::{Launch, TensorId};

impl Executor {
    /// Ops made ready with all their shaders, compiled side by side. Where the driver refuses one of them, each op is tried
    /// by itself, and those whose other shaders it refuses keep the plain one.
    fn candidates(&mut self, ops: &[usize], ways: &[Vec<Launch>], keys: &[String]) -> Result<Vec<Candidate>> {
        let places = self.places.clone();
        let place = |id: TensorId| places[id.index()].clone();
        let launches = |at: &usize| -> Vec<(&'static str, Launch, bool)> {
            let name = self.plan.ops[*at].op.name();
            ways[*at].iter().map(|launch| (name, launch.clone(), false)).collect()
        };
        let each: Vec<_> = ops.iter().map(launches).collect();
        let made: Vec<Option<Vec<Dispatch>>> = match self.prepare(&each.concat(), &place) {
            Ok(dispatches) => {
                let mut dispatches = dispatches.into_iter();
                each.iter().map(|launches| Some(dispatches.by_ref().take(launches.len()).collect())).collect()
            }
            Err(Error::Gpu(_)) => each
                .iter()
                .map(|launches| match self.prepare(launches, &place) {
                    Err(Error::Gpu(_)) => Ok(None),
                    made => made.map(Some),
                })
                .collect::<Result<_>>()?,
            Err(error) => return Err(error),
        };
        let mut candidates = Vec::new();
        for (at, made) in ops.iter().zip(made) {
            let names: Vec<&'static str> = ways[*at].iter().map(|launch| launch.shader.variant).collect();
            match made {
                None => self.shared.choose(&keys[*at], names[0]),
                Some(dispatches) => candidates.push(Candidate {
                    key: keys[*at].clone(),
                    multiply_adds: self.plan.ops[*at].op.multiply_adds() * self.nets as u64,
                    names,
                    dispatches,
                }),
            }
        }
        Ok(candidates)
    }

    /// Which of its launches each op gets.
    pub(super) async fn choose(&mut self, ways: &[Vec<Launch>], variants: Variants) -> Result<Vec<usize>> {
        let tuned = match variants {
            Variants::Plain => return Ok(vec![0; ways.len()]),
            Variants::Nth(nth) => return Ok(ways.iter().map(|ways| nth.min(ways.len() - 1)).collect()),
            Variants::Device => self.shared.is_tuning() && self.shared.has_timestamps(),
        };
        let keys: Vec<String> =
            self.plan.ops.iter().zip(ways).map(|(planned, ways)| tuning::key(&planned.op, ways)).collect();
        let mut unknown: Vec<usize> = Vec::new();
        for (at, ways) in ways.iter().enumerate() {
            let is_new = self.shared.choice(&keys[at]).is_none()
                && unknown.iter().all(|other| keys[*other] != keys[at]);
            if tuned && ways.len() > 1 && is_new {
                unknown.push(at);
            }
        }
        if !unknown.is_empty() {
            let candidates = self.candidates(&unknown, ways, &keys)?;
            let shared = self.shared.clone();
            let best = tuning::quickest(&shared, &self.scalars[0], &candidates, &mut self.work).await?;
            for (candidate, best) in candidates.iter().zip(best) {
                shared.choose(&candidate.key, candidate.names[best]);
            }
        }
        let place = |(ways, key): (&Vec<Launch>, &String)| {
            let name = self.shared.choice(key)?;
            ways.iter().position(|launch| launch.shader.variant == name)
        };
        Ok(ways.iter().zip(&keys).map(|pair| place(pair).unwrap_or(0)).collect())
    }
}
