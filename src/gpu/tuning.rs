//! Which of an op's shaders is the quickest here: measured once for each op and shape, then remembered.

use std::collections::BTreeMap;

use super::device::Shared;
use super::dispatch::Dispatch;
use super::timing::Timing;
use crate::clock::Clock;
use crate::error::Result;
use crate::execution::Work;
use crate::plan::{Launch, Op};

/// The variant chosen for each op and shape, by op and sizes, such as `matmul M=100 N=256 K=784: plain blocked`.
pub type Choices = BTreeMap<String, String>;

/// An op with shaders to choose from, ready to be timed.
pub(super) struct Candidate {
    pub key: String,
    pub multiply_adds: u64,
    pub names: Vec<&'static str>,
    pub dispatches: Vec<Dispatch>,
}

/// What tells two ops apart for which different shaders may be the quickest: everything of the plain launch but where in a
/// flat buffer its tensors stand, and what there is to choose from: `launches`.
pub(super) fn key(op: &Op, launches: &[Launch]) -> String {
    let mut key = op.name().to_owned();
    if let Some(plain) = launches.first() {
        let sizes = plain.constants.iter().filter(|(name, value)| {
            let is_place = ["START", "OFFSET", "GAIN"].iter().any(|end| name.ends_with(end));
            !is_place && *value != 0.0
        });
        sizes.for_each(|(name, value)| key += &format!(" {name}={value}"));
    }
    key += ":";
    launches.iter().for_each(|launch| key += &format!(" {}", launch.shader.variant));
    key
}

/// A trial is long enough when it takes this many seconds: timestamps tick in microseconds at worst.
const ENOUGH: f64 = 1e-3;

/// Multiply-adds of the first, shortest trial: a fraction of a millisecond for the slowest of devices.
const LEAST_WORK: f64 = 1e6;

/// Seconds that the timing of a plan may take in all. Drivers that compile on first use spend most of it on that.
const BUDGET: f64 = 0.25;

/// The quickest variant of each candidate, one after another, the most work first. What there is no time left for gets the
/// last variant, the one made for large sizes.
pub(super) async fn quickest(
    shared: &Shared,
    scalars: &wgpu::BindGroup,
    candidates: &[Candidate],
    work: &mut Work,
) -> Result<Vec<usize>> {
    let clock = Clock::start();
    let mut timing = Timing::new(shared, work)?;
    let mut best: Vec<usize> =
        candidates.iter().map(|candidate| candidate.names.len().saturating_sub(1)).collect();
    let mut order: Vec<usize> = (0..candidates.len()).collect();
    order.sort_by_key(|at| std::cmp::Reverse(candidates[*at].multiply_adds));
    for at in order {
        if clock.seconds() > BUDGET {
            break;
        }
        best[at] = quickest_of(shared, scalars, &candidates[at], &mut timing).await?;
    }
    Ok(best)
}

/// Each variant is run on part of its grid, then on more of it, until it takes [`ENOUGH`] or runs whole: slow devices never
/// run whole ops, quick ones are judged with all their cores busy.
///
/// The tensors hold zeros yet, and the learning rate is zero: ops that change parameters in place change nothing.
async fn quickest_of(
    shared: &Shared,
    scalars: &wgpu::BindGroup,
    candidate: &Candidate,
    timing: &mut Timing,
) -> Result<usize> {
    let mut rates: Vec<Option<f64>> = vec![None; candidate.dispatches.len()];
    let mut grown = 1.0;
    let least = least_share(candidate.dispatches.iter().map(|dispatch| dispatch.groups));
    while rates.iter().any(Option::is_none) {
        let share = (grown * LEAST_WORK / candidate.multiply_adds.max(1) as f64).clamp(least, 1.0);
        let mut encoder = shared.raw.create_command_encoder(&Default::default());
        let mut trials = Vec::new();
        for (variant, dispatch) in candidate.dispatches.iter().enumerate() {
            if rates[variant].is_none() {
                let (groups, share) = part(dispatch.groups, share);
                // Once to warm up, once for the figure.
                for is_counted in [false, true] {
                    let mut pass = timing.pass(&mut encoder, None, 0);
                    dispatch.run_groups(&mut pass, scalars, 0, 0, groups);
                    trials.push((variant, share, is_counted));
                }
            }
        }
        timing.resolve(&mut encoder);
        let submission = shared.queue.submit([encoder.finish()]);
        timing.collect(shared, submission).await?;
        for ((variant, share, is_counted), span) in trials.into_iter().zip(timing.take()) {
            let seconds = (span.end - span.start).max(1e-9);
            if is_counted && (seconds >= ENOUGH || share >= 1.0) {
                rates[variant] = Some(share / seconds);
            }
        }
        grown *= 4.0;
    }
    let rate = |variant: usize| rates[variant].unwrap_or(0.0);
    // A variant must be worth its while: by less than this, the plain one stays.
    Ok((1..rates.len())
        .fold(0, |best, variant| if rate(variant) > 1.05 * rate(best) { variant } else { best }))
}

/// What every one of the grids can be cut down to: a variant with a finer grid is not to be judged by a single slice of it,
/// which has neither work for all cores nor the neighbours that share its operands in a cache.
fn least_share(grids: impl Iterator<Item = [u32; 3]>) -> f64 {
    grids.map(|groups| part(groups, 0.0).1).fold(0.0, f64::max)
}

/// About `share` of a grid's workgroups, cut along its longest side; and the share that this is.
fn part(groups: [u32; 3], share: f64) -> ([u32; 3], f64) {
    let longest = (0..3).max_by_key(|side| groups[*side]).unwrap_or(0);
    let mut part = groups;
    part[longest] = ((f64::from(groups[longest]) * share).ceil() as u32).clamp(1, groups[longest].max(1));
    (part, f64::from(part[longest]) / f64::from(groups[longest].max(1)))
}

#[cfg(test)]
mod tests {
    use super::{key, least_share, part};

    /// What was timed before a shader was added, or on a device that has not all of them, says nothing of the others.
    #[test]
    fn a_choice_is_one_of_what_there_was() {
        let case = crate::verify::cases().into_iter().find(|case| case.variants() > 1).unwrap();
        let op = &case.plan.ops[0].op;
        let launches = op.launches(&case.plan);
        assert_ne!(key(op, &launches), key(op, &launches[..1]));
        assert_eq!(key(op, &launches), key(op, &launches));
    }

    #[test]
    fn parts_of_grids() {
        assert_eq!(part([10, 4, 1], 1.0), ([10, 4, 1], 1.0));
        assert_eq!(part([10, 4, 1], 0.11), ([2, 4, 1], 0.2));
        assert_eq!(part([1, 4, 100], 0.001), ([1, 4, 1], 0.01));
        assert_eq!(least_share([[16, 16, 1], [1, 128, 1], [1, 4, 1]].into_iter()), 0.25);
        assert_eq!(least_share([[0, 1, 1]].into_iter()), 1.0);
    }
}
