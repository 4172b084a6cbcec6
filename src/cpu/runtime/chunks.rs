//! Stages cut in shares of work, and which tensors a share has for itself.

use std::ops::Range;

use crate::cpu::Level;
use crate::cpu::runtime::cpu_op::{Cut, kernel};
use crate::cpu::runtime::schedule::{Item, Stage};
use crate::plan::{Phase, Plan, Storage, TensorId};

/// A stage and its shares of work, cut once.
pub(crate) struct Ready {
    pub items: Vec<Item>,
    /// In a stretch: each share goes through all items. Else: each share is a part of one item, by position.
    pub shares: Vec<(Option<usize>, Range<usize>)>,
}

/// Bytes of a share's activations that still fit beside the weights in a core's own cache.
const SHARE_BYTES: usize = 384 << 10;

/// Rows of a share where fewer would fill the cache: some, since each share goes through all weights.
const MOST_COMPANY: usize = 8;

/// Cuts a stage in shares: a few a worker, so that one who is late delays the others little.
pub(crate) fn cut(plan: &Plan, stage: Stage, threads: usize) -> Ready {
    // As many shares as there would be of that size, but even ones: a last one that is small leaves its worker idle.
    let shares_of = |count: usize, least: usize, most: usize| {
        let least = least.max(1);
        let even = if threads == 1 { count } else { count.div_ceil(2 * threads) };
        let size = even.min(most).max(least);
        let (units, shares) = (count.div_ceil(least), count.div_ceil(size).max(1));
        let cut = move |share: usize| count.min((units * share).div_ceil(shares) * least);
        (0..shares).map(move |share| cut(share)..cut(share + 1)).filter(|range| !range.is_empty())
    };
    match stage {
        Stage::Stretch { rows, granule, items } => {
            let bytes: usize = items
                .iter()
                .flat_map(|item| match item {
                    Item::Op(at) => plan.ops[*at].op.writes(),
                    Item::Feed | Item::Prepare(_) => Vec::new(),
                })
                .map(|id| plan.tensor(id).bytes() / rows.max(1))
                .sum();
            let least = granule.max(4);
            // Where few rows fill a cache anyway, shares enough for the threads to keep each other company.
            let company = rows.div_ceil(4 * threads).min(MOST_COMPANY);
            let most = (SHARE_BYTES / (bytes + plan.image_stride()).max(1)).max(company);
            let shares = shares_of(rows, least, most).map(|range| (None, range)).collect();
            Ready { items, shares }
        }
        Stage::Units { items } => {
            let mut shares = Vec::new();
            for (at, (_, count, grain)) in items.iter().enumerate() {
                shares.extend(shares_of(*count, *grain, usize::MAX).map(|range| (Some(at), range)));
            }
            let items = items.into_iter().map(|(item, ..)| item).collect();
            Ready { items, shares }
        }
    }
}

/// Rows of a batch, and the most of them in a share.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) struct Rows {
    pub all: usize,
    pub most: usize,
}

/// Which tensors live no longer than a share of a stretch, which makes them and uses them up: of those no worker needs more
/// rows than its share has, and all shares can have the same ones, which stay in its cache. None where a plan does not train:
/// there, activations may be what the host wants.
pub(crate) fn fleeting(plan: &Plan, level: Level, stages: &[Ready]) -> Vec<Option<Rows>> {
    let stretches = stages.iter().filter(|stage| stage.shares.iter().all(|(item, _)| item.is_none()));
    let mut found = vec![None; plan.tensors.len()];
    if plan.ops.iter().all(|planned| planned.phase != Phase::Backward) {
        return found;
    }
    for stretch in stretches {
        let ops: Vec<usize> = stretch
            .items
            .iter()
            .filter_map(|item| if let Item::Op(at) = item { Some(*at) } else { None })
            .collect();
        let ranges = || stretch.shares.iter().map(|(_, range)| range);
        let all = ranges().map(|range| range.end).max().unwrap_or(0);
        let rows = Rows { all, most: ranges().map(Range::len).max().unwrap_or(0) };
        let is_fleeting = |id: TensorId| is_fleeting(plan, level, &ops, rows, id);
        for id in ops.iter().flat_map(|at| plan.ops[*at].op.writes()).filter(|id| is_fleeting(*id)) {
            found[id.index()] = Some(rows);
        }
    }
    found
}

fn is_fleeting(plan: &Plan, level: Level, ops: &[usize], rows: Rows, id: TensorId) -> bool {
    let tensor = plan.tensor(id);
    let (reads, writes) = (
        |at: usize| plan.ops[at].op.reads().contains(&id),
        |at: usize| plan.ops[at].op.writes().contains(&id),
    );
    let touching: Vec<usize> = (0..plan.ops.len()).filter(|at| reads(*at) || writes(*at)).collect();
    let by_rows = |at: &usize| match kernel(&plan.ops[*at].op).cut(level) {
        Cut::Samples { rows: all, whole, .. } => all == rows.all && !whole.contains(&id),
        Cut::Units { .. } => false,
    };
    // What nobody reads is what the plan is for; what is read before it is written was put there by the host.
    tensor.storage == Storage::Activation
        && tensor.len().is_multiple_of(rows.all.max(1))
        && touching.iter().all(|at| ops.contains(at) && by_rows(at))
        && touching.iter().any(|at| reads(*at))
        && touching.first().is_some_and(|first| writes(*first) && !reads(*first))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::cpu::runtime::schedule::stages;
    use crate::network::{LossReduction, Network, Normalisation, Optimiser, Task, TrainingOptions};
    use crate::plan::fuse;

    fn lenet5(batch: usize) -> Plan {
        let layers = crate::recipe::Recipe::preset("lenet5").unwrap().layers;
        let task = Task { height: 28, width: 28, classes: 10 };
        let network = Network::new(task, Normalisation::default(), &layers).unwrap();
        fuse::for_cpu(network.training_plan(TrainingOptions::new(batch, Optimiser::SGD, LossReduction::Mean)))
    }

    fn ready(plan: &Plan, threads: usize) -> Vec<Ready> {
        stages(plan, Level::Portable).into_iter().map(|stage| cut(plan, stage, threads)).collect()
    }

    #[test]
    fn activations_that_no_other_stage_reads_live_for_a_share() {
        let plan = lenet5(100);
        let found = fleeting(&plan, Level::Portable, &ready(&plan, 2));
        let of = |name: &str| found[plan.find(name).unwrap().index()];
        for name in ["relu1", "max_pool1", "relu2", "relu1.input_gradient", "conv2.input_gradient"] {
            assert_eq!(of(name), Some(Rows { all: 100, most: MOST_COMPANY }), "{name}");
        }
        // Read by the gradients of the dense layers' weights, written for the update, or brought by the host.
        for name in ["max_pool2", "dense1.weight", "conv1.partial_gradients", "images", "logits_gradient"] {
            assert_eq!(of(name), None, "{name}");
        }
        let task = Task { height: 28, width: 28, classes: 10 };
        let layers = crate::recipe::Recipe::preset("lenet5").unwrap().layers;
        let network = Network::new(task, Normalisation::default(), &layers).unwrap();
        let tests = fuse::for_cpu(network.evaluation_plan(100));
        assert!(fleeting(&tests, Level::Portable, &ready(&tests, 2)).iter().all(Option::is_none));
    }

    #[test]
    fn shares_stay_small_in_a_large_batch() {
        // Of 6,400 images each of the weights' 32 partial gradients is one worker's.
        for (batch, most) in [(8, 8), (100, 8), (6400, 256)] {
            let plan = lenet5(batch);
            for stage in ready(&plan, 2).iter().filter(|stage| stage.shares[0].0.is_none()) {
                let covered: usize = stage.shares.iter().map(|(_, range)| range.len()).sum();
                assert_eq!(covered, batch);
                assert!(stage.shares.iter().all(|(_, range)| range.len() <= most), "{batch}");
            }
        }
    }
}
