//! Which of an op's shaders is the fastest here, by a measurement.

use super::adapter::Kind;
use super::dispatch::Dispatch;
use super::shared::Shared;
use super::timing::Timing;
use crate::clock::Clock;
use crate::error::Result;
use crate::execution::Work;
use crate::plan::{Launch, Op};

/// An op with shaders to choose from, ready to be measured.
pub(super) struct Candidate {
    pub key: String,
    pub multiply_adds: u64,
    pub names: Vec<&'static str>,
    pub dispatches: Vec<Dispatch>,
}

/// A name for an op's choice: equal for two ops where the fastest of their launches is the same. So it holds all sizes of the
/// plain launch, but not where a tensor begins in a flat buffer or how pixels are scaled; and the variants to choose from, since
/// a choice made before a shader was added, or on a device that has not all of them, says nothing of the others.
pub(super) fn key(op: &Op, launches: &[Launch]) -> String {
    let mut key = op.name().to_owned();
    if let Some(plain) = launches.first() {
        let sizes = plain.constants.iter().filter(|(name, value)| {
            let is_size = !["OFFSET", "GAIN"].iter().any(|end| name.ends_with(end));
            is_size && *value != 0.0
        });
        sizes.for_each(|(name, value)| key += &format!(" {name}={value}"));
    }
    key += ":";
    launches.iter().for_each(|launch| key += &format!(" {}", launch.shader.variant));
    key
}

/// A trial is long enough when it takes this many seconds: timestamps tick in microseconds at worst, in browsers in tenths of a
/// millisecond.
const ENOUGH: f64 = if cfg!(target_arch = "wasm32") { 4e-3 } else { 1e-3 };

/// An op that takes less is run this often in a trial, one after another, as ops follow one another in training.
const MAX_REPEATS: usize = if cfg!(target_arch = "wasm32") { 256 } else { 32 };

/// Multiply-adds of the first, shortest trial: a fraction of a millisecond for the slowest of devices.
const MIN_WORK: f64 = 1e6;

/// On hardware, which needs microseconds for [`MIN_WORK`], the first trial has this many times as much.
const HARDWARE_GROWTH: f64 = 16.0;

/// Seconds that measuring a plan may take in all. Drivers that compile on first use spend most of it on that.
const BUDGET: f64 = 0.25;

/// The same on hardware, where measuring an op takes some 20 ms: enough for deep networks, whose runs take far longer. In
/// browsers compiling counts too, one shader after another, some 80 ms each.
const BUDGET_ON_HARDWARE: f64 = if cfg!(target_arch = "wasm32") { 0.5 } else { 2.0 };

/// What ops get on hardware without a measurement; ops that have neither get the plain variant. On an NVIDIA H200, of the ops of
/// `deepcnn`, `lenet5` and most of `record`'s, none took more than 2.2 times as long as with its fastest variant.
const UNMEASURED_ON_HARDWARE: [&str; 2] = ["split", "disjoint"];

/// Seconds of work before the first measurement on hardware, which raises its clock only once there is work.
const WARM_UP: f64 = 0.03;

/// A variant this many times slower than the fastest so far is not measured any longer.
const HOPELESS: f64 = 3.0;

/// What an op of these variants gets where no time is left to measure it: the last variant, the one made for large sizes; on
/// hardware the first of [`UNMEASURED_ON_HARDWARE`] that it has.
pub(super) fn unmeasured(shared: &Shared, names: &[&str]) -> usize {
    let at = |wanted: &&str| names.iter().position(|name| *name == *wanted);
    match shared.about.kind {
        Kind::Software => names.len().saturating_sub(1),
        _ => UNMEASURED_ON_HARDWARE.iter().find_map(at).unwrap_or(0),
    }
}

/// Whether `clock` shows more than the seconds that measuring a plan may take.
pub(super) fn is_time_up(shared: &Shared, clock: &Clock) -> bool {
    let budget = match shared.about.kind {
        Kind::Software => BUDGET,
        _ => BUDGET_ON_HARDWARE,
    };
    clock.seconds() > budget
}

/// The fastest variant of each candidate, measured one after another, the most work first, until [`is_time_up`]; the others get
/// their [`unmeasured`] variant.
pub(super) async fn fastest(
    shared: &Shared,
    scalars: &wgpu::BindGroup,
    candidates: &[Candidate],
    clock: &Clock,
    work: &mut Work,
) -> Result<Vec<usize>> {
    let mut timing = Timing::new(shared, work)?;
    let mut best: Vec<usize> =
        candidates.iter().map(|candidate| unmeasured(shared, &candidate.names)).collect();
    let mut order: Vec<usize> = (0..candidates.len()).collect();
    order.sort_by_key(|at| std::cmp::Reverse(candidates[*at].multiply_adds));
    if let (true, Some(first)) = (shared.about.kind != Kind::Software, order.first()) {
        warm_up(shared, scalars, &candidates[*first], clock).await?;
    }
    for at in order {
        if is_time_up(shared, clock) {
            break;
        }
        best[at] = fastest_of(shared, scalars, &candidates[at], &mut timing).await?;
    }
    Ok(best)
}

async fn warm_up(
    shared: &Shared,
    scalars: &wgpu::BindGroup,
    candidate: &Candidate,
    clock: &Clock,
) -> Result<()> {
    let Some(dispatch) = candidate.dispatches.first() else { return Ok(()) };
    while clock.seconds() < WARM_UP {
        let mut encoder = shared.raw.create_command_encoder(&Default::default());
        {
            let mut pass = encoder.begin_compute_pass(&Default::default());
            dispatch.record(&mut pass, scalars, 0, 0, dispatch.groups);
        }
        shared.queue.submit([encoder.finish()]);
        shared.drained().await?;
    }
    Ok(())
}

/// Each variant is run on part of its grid, then on more of it, then whole and more and more often, until it takes
/// [`ENOUGH`]: slow devices never run whole ops, fast ones are measured with all their cores busy.
///
/// The tensors still hold zeros, and the learning rate is zero: ops that change parameters in place change nothing.
async fn fastest_of(
    shared: &Shared,
    scalars: &wgpu::BindGroup,
    candidate: &Candidate,
    timing: &mut Timing,
) -> Result<usize> {
    let mut rates: Vec<Option<f64>> = vec![None; candidate.dispatches.len()];
    let mut growth = if shared.about.kind == Kind::Software { 1.0 } else { HARDWARE_GROWTH };
    let least = least_fraction(candidate.dispatches.iter().map(|dispatch| dispatch.groups));
    while rates.iter().any(Option::is_none) {
        let share = growth * MIN_WORK / (candidate.multiply_adds as f64).max(MIN_WORK);
        let wanted = share.clamp(least, 1.0);
        let repeats = (share as usize).clamp(1, MAX_REPEATS);
        let mut encoder = shared.raw.create_command_encoder(&Default::default());
        let mut trials = Vec::new();
        // Once to warm up, then in this order and in reverse: a clock that rises meanwhile favours no variant.
        let unknown: Vec<usize> = (0..rates.len()).filter(|variant| rates[*variant].is_none()).collect();
        let order = unknown.iter().map(|variant| (*variant, false));
        let forth = unknown.iter().map(|variant| (*variant, true));
        let back = unknown.iter().rev().map(|variant| (*variant, true));
        for (variant, is_counted) in order.chain(forth).chain(back) {
            let dispatch = &candidate.dispatches[variant];
            let (groups, fraction) = part(dispatch.groups, wanted);
            let mut pass = timing.pass(&mut encoder, None, 0);
            (0..repeats).for_each(|_| dispatch.record(&mut pass, scalars, 0, 0, groups));
            trials.push((variant, fraction * repeats as f64, is_counted));
        }
        timing.resolve(&mut encoder);
        let submission = shared.queue.submit([encoder.finish()]);
        timing.collect(shared, submission).await?;
        let mut measured: Vec<Measured> = vec![Measured::default(); rates.len()];
        for ((variant, fraction, is_counted), span) in trials.into_iter().zip(timing.take()) {
            if is_counted {
                let seconds = (span.end - span.start).max(1e-9);
                let Measured { rate, is_enough } = measured[variant];
                let is_enough = is_enough || seconds >= ENOUGH || fraction >= MAX_REPEATS as f64;
                measured[variant] = Measured { rate: rate.max(fraction / seconds), is_enough };
            }
        }
        let fastest =
            measured.iter().map(|each| each.rate).chain(rates.iter().flatten().copied()).fold(0.0, f64::max);
        for variant in unknown {
            let Measured { rate, is_enough } = measured[variant];
            if is_enough || repeats > 1 && rate * HOPELESS < fastest {
                rates[variant] = Some(rate);
            }
        }
        growth *= 4.0;
    }
    let rate = |variant: usize| rates[variant].unwrap_or(0.0);
    // A variant must be clearly faster: by less than this, the plain one stays.
    Ok((1..rates.len())
        .fold(0, |best, variant| if rate(variant) > 1.05 * rate(best) { variant } else { best }))
}

/// The faster of a variant's trials in a round, and whether it took long enough.
#[derive(Clone, Copy, Default)]
struct Measured {
    rate: f64,
    is_enough: bool,
}

/// The smallest fraction that all of the grids can be divided into: a variant with a finer grid must not be measured by a
/// single slice of it, which has neither work for all cores nor the neighbours that find its operands in a cache.
fn least_fraction(grids: impl Iterator<Item = [u32; 3]>) -> f64 {
    grids.map(|groups| part(groups, 0.0).1).fold(0.0, f64::max)
}

/// About that fraction of a grid's workgroups, divided along its longest side; and which fraction it is.
fn part(groups: [u32; 3], fraction: f64) -> ([u32; 3], f64) {
    let longest = (0..3).max_by_key(|side| groups[*side]).unwrap_or(0);
    let mut part = groups;
    part[longest] = ((f64::from(groups[longest]) * fraction).ceil() as u32).clamp(1, groups[longest].max(1));
    (part, f64::from(part[longest]) / f64::from(groups[longest].max(1)))
}

#[cfg(test)]
mod tests {
    use super::{key, least_fraction, part};
    use crate::plan::ops::{Dense, Pixels};
    use crate::plan::{Builder, Element, Op, Plan, Storage};

    /// A dense layer whose weight begins at `offset` of the parameters; of image bytes, or of floats.
    fn dense(rows: usize, offset: usize, pixels: Option<Pixels>) -> (Plan, Op) {
        let (inputs, outputs) = (8, 16);
        let mut builder = Builder::new(rows, inputs, outputs);
        let mut parameter = |name: &str, shape: &[usize], offset| {
            builder.tensor(name, shape, Element::F32, Storage::Parameters { offset })
        };
        let weight = parameter("weight", &[outputs, inputs], offset);
        let bias = parameter("bias", &[outputs], offset + outputs * inputs);
        let out = builder.activation("out", &[rows, outputs]);
        let x = crate::plan::ops::Operand { tensor: builder.images(), pixels };
        let dense = Dense { x, weight, bias, out, rows, inputs, outputs, relu: false };
        (builder.finish(), dense.into())
    }

    #[test]
    fn a_key_tells_apart_what_may_have_another_fastest_shader() {
        let key = |(plan, op): (Plan, Op), variants: usize| {
            let launches = op.launches(&plan);
            assert_eq!(launches.len(), 4);
            key(&op, &launches[..variants])
        };
        let pixels = |gain| Some(Pixels { gain, offset: 0.5 });
        let known = key(dense(100, 0, pixels(1.0)), 4);
        // A layer of the same sizes elsewhere in the parameters, and other pixels, have the same fastest shader.
        assert_eq!(key(dense(100, 64, pixels(2.0)), 4), known);
        let others = [
            key(dense(101, 0, pixels(1.0)), 4),
            key(dense(100, 0, None), 4),
            key(dense(100, 0, pixels(1.0)), 2),
            key(dense(100, 0, pixels(1.0)), 1),
        ];
        for (at, other) in others.iter().enumerate() {
            assert!(*other != known && !others[..at].contains(other), "{other}");
        }
    }

    #[test]
    fn parts_of_grids() {
        assert_eq!(part([10, 4, 1], 1.0), ([10, 4, 1], 1.0));
        assert_eq!(part([10, 4, 1], 0.11), ([2, 4, 1], 0.2));
        assert_eq!(part([1, 4, 100], 0.001), ([1, 4, 1], 0.01));
        assert_eq!(least_fraction([[16, 16, 1], [1, 128, 1], [1, 4, 1]].into_iter()), 0.25);
        assert_eq!(least_fraction([[0, 1, 1]].into_iter()), 1.0);
    }
}
