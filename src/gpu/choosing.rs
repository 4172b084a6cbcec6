//! Which of its launches each op of a plan gets: the plain one, one that was asked for, one that was remembered, else the
//! fastest by a measurement.

use std::sync::atomic::Ordering;

use super::dispatch::Dispatch;
use super::resources::{OpLaunch, Resources};
use super::shared::Shared;
use super::tuning::{self, Candidate};
use crate::clock::Clock;
use crate::error::{Error, Result};
use crate::execution::{Variants, Work};
use crate::plan::ops::Shader;
use crate::plan::{Launch, Phase, Plan, PlannedOp};

/// A launch for each op of the plan.
pub(super) async fn choose(
    resources: &Resources,
    plan: &Plan,
    variants: Variants,
    work: &mut Work,
) -> Result<Vec<OpLaunch>> {
    let mut launches = possible(&resources.shared, plan);
    let chosen: Vec<usize> = match variants {
        Variants::Plain => vec![0; launches.len()],
        Variants::Nth(nth) => launches.iter().map(|launches| nth.min(launches.len() - 1)).collect(),
        Variants::Device => {
            let ops = plan.ops.iter().zip(&launches);
            let keys: Vec<String> =
                ops.map(|(planned, launches)| tuning::key(&planned.op, launches)).collect();
            if resources.shared.is_tuning() && resources.shared.has_timestamps() {
                Measuring { resources, plan, launches: &launches, keys: &keys }.measure_unknown(work).await?;
            }
            let shared = &resources.shared;
            launches.iter().zip(&keys).map(|(launches, key)| remembered(shared, launches, key)).collect()
        }
    };
    let ops = plan.ops.iter().zip(&mut launches).zip(chosen);
    Ok(ops
        .map(|((planned, launches), chosen)| OpLaunch {
            op: planned.op.name(),
            launch: launches.swap_remove(chosen),
            once_a_block: planned.phase == Phase::Metrics,
        })
        .collect())
}

/// The launches of each op of the plan that this device can run.
fn possible(shared: &Shared, plan: &Plan) -> Vec<Vec<Launch>> {
    let possible = |launch: &Launch| {
        let shader = &launch.shader;
        !shader.needs_subgroups || shared.has_subgroups() && shared.most_lanes() <= shader.most_lanes
    };
    let launches = plan.ops.iter().map(|planned| planned.op.launches(plan).into_iter());
    launches.map(|launches| launches.filter(possible).collect()).collect()
}

/// Of each op of the plan the shaders that this device can run, and which of them it has chosen.
pub(super) fn variants(shared: &Shared, plan: &Plan) -> Vec<(Vec<&'static str>, usize)> {
    let launches = possible(shared, plan);
    let ops = plan.ops.iter().zip(&launches);
    let of = |(planned, launches): (&PlannedOp, &Vec<Launch>)| {
        let names = launches.iter().map(|launch| launch.shader.variant).collect();
        (names, remembered(shared, launches, &tuning::key(&planned.op, launches)))
    };
    ops.map(of).collect()
}

/// The launch that was chosen earlier for such an op, else the plain one; or, where barriers are costly, the separate one.
fn remembered(shared: &Shared, launches: &[Launch], key: &str) -> usize {
    let variant = shared.choice(key);
    let chosen = variant.and_then(|name| launches.iter().position(|launch| launch.shader.variant == name));
    let without_barriers = || match shared.avoids_barriers.load(Ordering::Relaxed) {
        true => launches.iter().position(|launch| launch.shader.variant.starts_with(Shader::SEPARATE)),
        false => None,
    };
    chosen.or_else(without_barriers).unwrap_or(0)
}

/// A plan's ops with their launches and the keys of their choices, to be measured.
struct Measuring<'a> {
    resources: &'a Resources,
    plan: &'a Plan,
    launches: &'a [Vec<Launch>],
    keys: &'a [String],
}

impl Measuring<'_> {
    /// Measures ops that have several launches and no choice yet, each op and shape once, and remembers the fastest.
    async fn measure_unknown(&self, work: &mut Work) -> Result<()> {
        let shared = &self.resources.shared;
        let mut unknown: Vec<usize> = Vec::new();
        for (at, key) in self.keys.iter().enumerate() {
            let is_new =
                shared.choice(key).is_none() && unknown.iter().all(|other| self.keys[*other] != *key);
            if self.launches[at].len() > 1 && is_new {
                unknown.push(at);
            }
        }
        if !cfg!(target_arch = "wasm32") {
            return self.measure(&unknown, None, work).await;
        }
        // Browsers compile one shader after another, so the time for that counts too: of ops that come after it only the shader
        // that they get is compiled.
        unknown.sort_by_key(|at| std::cmp::Reverse(self.plan.ops[*at].op.multiply_adds()));
        let clock = Clock::start();
        for at in unknown {
            if tuning::is_time_up(shared, &clock) {
                let names: Vec<_> = self.launches[at].iter().map(|launch| launch.shader.variant).collect();
                shared.choose(&self.keys[at], names[tuning::unmeasured(shared, &names)]);
            } else {
                self.measure(&[at], Some(&clock), work).await?;
            }
        }
        Ok(())
    }

    /// Measures these ops while `clock` leaves time for it; without a clock, time counts from when all are compiled.
    async fn measure(&self, ops: &[usize], clock: Option<&Clock>, work: &mut Work) -> Result<()> {
        if ops.is_empty() {
            return Ok(());
        }
        let op_launches = |at: &usize| -> Vec<OpLaunch> {
            let op = self.plan.ops[*at].op.name();
            let launches = self.launches[*at].iter().cloned();
            launches.map(|launch| OpLaunch { op, launch, once_a_block: false }).collect()
        };
        let Resources { shared, scalars, networks, .. } = self.resources;
        let each: Vec<_> = ops.iter().map(op_launches).collect();
        let mut candidates = Vec::new();
        for ((at, launches), dispatches) in ops.iter().zip(&each).zip(prepare(self.resources, &each, work)?) {
            let names: Vec<&'static str> = launches.iter().map(|each| each.launch.shader.variant).collect();
            match dispatches {
                None => shared.choose(&self.keys[*at], names[0]),
                Some(dispatches) => candidates.push(Candidate {
                    key: self.keys[*at].clone(),
                    multiply_adds: self.plan.ops[*at].op.multiply_adds() * *networks as u64,
                    names,
                    dispatches,
                }),
            }
        }
        let compiled = Clock::start();
        let clock = clock.unwrap_or(&compiled);
        let fastest = tuning::fastest(shared, &scalars[0], &candidates, clock, work).await?;
        for (candidate, fastest) in candidates.iter().zip(fastest) {
            shared.choose(&candidate.key, candidate.names[fastest]);
        }
        Ok(())
    }
}

/// Ops made ready with all their launches, compiled in parallel. If the driver refuses a shader, each op is tried by
/// itself: an op whose shader is refused gives `None` and keeps its plain launch.
fn prepare(
    resources: &Resources,
    each: &[Vec<OpLaunch>],
    work: &mut Work,
) -> Result<Vec<Option<Vec<Dispatch>>>> {
    match resources.prepare(&each.concat(), work) {
        Ok(dispatches) => {
            let mut dispatches = dispatches.into_iter();
            let take = |launches: &Vec<OpLaunch>| Some(dispatches.by_ref().take(launches.len()).collect());
            Ok(each.iter().map(take).collect())
        }
        Err(Error::Gpu(_)) => each
            .iter()
            .map(|launches| match resources.prepare(launches, work) {
                Err(Error::Gpu(_)) => Ok(None),
                prepared => prepared.map(Some),
            })
            .collect(),
        Err(error) => Err(error),
    }
}
