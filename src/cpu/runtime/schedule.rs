//! A plan's ops in stages. Within a stage nobody waits; between stages all workers meet.
//!
//! Small networks lose their time to barriers and cold caches. So ops that go row by row through the batch form one stage:
//! a worker takes a chunk of the rows through all of them, forward, loss and backward, while they are in its cache. Ops that
//! are divided otherwise (a weight's gradient) wait for the end of that stage and then run side by side.

use crate::cpu::runtime::cpu_op::{CpuOp, Partition};
use crate::plan::{Plan, Storage, TensorId};

/// What a stage runs: the copying of images and labels, an op of the plan (by index), or the preparation of that op's
/// weights.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum StageItem {
    CopyBatch,
    PrepareWeights(usize),
    Op(usize),
}

impl StageItem {
    pub fn op(self) -> Option<usize> {
        match self {
            StageItem::CopyBatch => None,
            StageItem::PrepareWeights(at) | StageItem::Op(at) => Some(at),
        }
    }
}

#[derive(Clone, Debug, PartialEq)]
pub(crate) enum Stage {
    /// Chunks of the batch's `rows` rows go through all items, one after another; they begin at multiples of `alignment`.
    Rows { rows: usize, alignment: usize, items: Vec<StageItem> },
    /// Items that are independent of each other, each with the number of its units and the fewest worth a chunk.
    Units { items: Vec<(StageItem, usize, usize)> },
}

struct Entry {
    item: StageItem,
    partition: Partition,
    reads: Vec<TensorId>,
    writes: Vec<TensorId>,
}

/// `ops` are those of the plan, made ready.
pub(crate) fn stages(plan: &Plan, ops: &[Box<dyn CpuOp>]) -> Vec<Stage> {
    let fed: Vec<TensorId> =
        [Storage::Images, Storage::Labels].into_iter().filter_map(|storage| plan.only(storage)).collect();
    let feed = Entry {
        item: StageItem::CopyBatch,
        partition: Partition::rows(plan.batch),
        reads: Vec::new(),
        writes: fed,
    };
    let planned_ops = plan.ops.iter().zip(ops).enumerate();
    let op_entries = planned_ops.clone().map(|(at, (planned, op))| Entry {
        item: StageItem::Op(at),
        partition: op.partition(),
        reads: planned.op.reads(),
        writes: planned.op.writes(),
    });
    // Preparations come first: the ops that need them go by rows of the batch, in later stages.
    let prepared = planned_ops.filter_map(|(at, (planned, op))| {
        let partition = Partition::Units { count: op.prepared_weights()?.units, min_chunk: 1 };
        Some(Entry {
            item: StageItem::PrepareWeights(at),
            partition,
            reads: planned.op.reads(),
            writes: Vec::new(),
        })
    });
    let mut waiting: Vec<Entry> = prepared.chain(std::iter::once(feed)).chain(op_entries).collect();
    let mut stages = Vec::new();
    while !waiting.is_empty() {
        let (mut joined, mut skipped): (Vec<Entry>, Vec<Entry>) = (Vec::new(), Vec::new());
        for entry in waiting {
            let fits = joined.first().is_none_or(|first| same_kind(&first.partition, &entry.partition))
                && skipped.iter().all(|earlier| !clash(plan, earlier, &entry, false))
                && joined.iter().all(|earlier| !clash(plan, earlier, &entry, true));
            if fits { joined.push(entry) } else { skipped.push(entry) }
        }
        waiting = skipped;
        stages.push(stage(joined));
    }
    stages
}

fn stage(entries: Vec<Entry>) -> Stage {
    if let Some(Entry { partition: Partition::Rows { rows, .. }, .. }) = entries.first() {
        let alignment = |entry: &Entry| match entry.partition {
            Partition::Rows { alignment, .. } => alignment,
            Partition::Units { .. } => 1,
        };
        let (rows, alignment) = (*rows, entries.iter().map(alignment).max().unwrap_or(1));
        return Stage::Rows { rows, alignment, items: entries.into_iter().map(|entry| entry.item).collect() };
    }
    let units = |entry: Entry| match entry.partition {
        Partition::Units { count, min_chunk } => (entry.item, count, min_chunk.max(1)),
        Partition::Rows { rows, .. } => (entry.item, rows, 1),
    };
    Stage::Units { items: entries.into_iter().map(units).collect() }
}

fn same_kind(a: &Partition, b: &Partition) -> bool {
    match (a, b) {
        (Partition::Rows { rows: a, .. }, Partition::Rows { rows: b, .. }) => a == b,
        (Partition::Units { .. }, Partition::Units { .. }) => true,
        _ => false,
    }
}

/// Whether the later op must wait for the earlier one. In the same stage (`together`) it need not where they meet in
/// the same tensor, row by row.
fn clash(plan: &Plan, earlier: &Entry, later: &Entry, together: bool) -> bool {
    let by_rows = |entry: &Entry, tensor: TensorId| match &entry.partition {
        Partition::Rows { shared, .. } => !shared.contains(&tensor),
        Partition::Units { .. } => false,
    };
    let meet = |a: TensorId, b: TensorId| {
        let harmless = together && a == b && by_rows(earlier, a) && by_rows(later, b);
        !harmless && overlap(plan, a, b)
    };
    let any = |a: &[TensorId], b: &[TensorId]| a.iter().any(|a| b.iter().any(|b| meet(*a, *b)));
    any(&earlier.writes, &later.reads)
        || any(&earlier.writes, &later.writes)
        || any(&earlier.reads, &later.writes)
}

/// Whether two tensors share memory: slices of a flat buffer may.
fn overlap(plan: &Plan, a: TensorId, b: TensorId) -> bool {
    let (a_tensor, b_tensor) = (plan.tensor(a), plan.tensor(b));
    let same_flat = match (a_tensor.storage, b_tensor.storage) {
        (Storage::Parameters { .. }, Storage::Parameters { .. }) => true,
        (Storage::Gradients { .. }, Storage::Gradients { .. }) => true,
        (Storage::State { which: a, .. }, Storage::State { which: b, .. }) => a == b,
        (Storage::Statistics { .. }, Storage::Statistics { .. }) => true,
        _ => return a == b,
    };
    let range =
        |tensor: &crate::plan::Tensor| (tensor.storage.offset(), tensor.storage.offset() + tensor.len());
    let ((a_start, a_end), (b_start, b_end)) = (range(a_tensor), range(b_tensor));
    same_flat && a_start < b_end && b_start < a_end
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::cpu::Level;
    use crate::cpu::runtime::cpu_op::ready_ops;
    use crate::network::{
        LayerSpec, LossReduction, Network, Normalisation, Optimiser, Task, TrainingOptions,
    };
    use crate::plan::fuse;

    fn plan(units: &[Option<usize>]) -> Plan {
        let dense = |units: &Option<usize>| {
            LayerSpec::Dense(crate::network::Dense {
                units: *units,
                initial: Default::default(),
                initial_bias: crate::network::Initial::Zeros,
            })
        };
        let specs: Vec<LayerSpec> = units.iter().map(dense).collect();
        let task = Task::grey(4, 5, 3);
        let network = Network::new(task, Normalisation::default(), &specs).unwrap();
        let options = TrainingOptions::new(8, Optimiser::SGD, LossReduction::Mean);
        network.training_plan(options)
    }

    fn ready_stages(plan: &Plan) -> Vec<Stage> {
        stages(plan, &ready_ops(plan, Level::Portable).unwrap())
    }

    fn names(plan: &Plan) -> Vec<Vec<&'static str>> {
        let name = |item: &StageItem| match item {
            StageItem::CopyBatch => "copy_batch",
            StageItem::PrepareWeights(_) => "prepare_weights",
            StageItem::Op(at) => plan.ops[*at].op.name(),
        };
        let names = |stage: &Stage| match stage {
            Stage::Rows { items, .. } => items.iter().map(name).collect(),
            Stage::Units { items } => items.iter().map(|(item, ..)| name(item)).collect(),
        };
        ready_stages(plan).iter().map(names).collect()
    }

    #[test]
    fn a_step_of_any_depth_is_three_stages() {
        let plan = fuse::for_cpu(plan(&[Some(7), Some(6), None]));
        let stages = names(&plan);
        assert_eq!(stages.len(), 3, "{stages:?}");
        let rows = ["copy_batch", "dense", "dense", "dense", "softmax_cross_entropy", "matmul", "matmul"];
        assert_eq!(stages[0], rows);
        assert_eq!(
            stages[1],
            ["matmul", "column_sum", "matmul", "column_sum", "matmul", "column_sum", "loss_sum"]
        );
        assert_eq!(stages[2], ["sgd"]);
    }

    #[test]
    fn weights_are_prepared_before_all_else() {
        let layers = |name: &str| crate::recipe::Recipe::preset(name).unwrap().layers;
        let task = Task::grey(28, 28, 10);
        for (preset, prepared) in [("softmax", 0), ("lenet5", 3), ("cnn", 2)] {
            let network = Network::new(task, Normalisation::default(), &layers(preset)).unwrap();
            let options = TrainingOptions::new(8, Optimiser::SGD, LossReduction::Mean);
            let stages = names(&fuse::for_cpu(network.training_plan(options)));
            let all = stages.iter().flatten().filter(|name| **name == "prepare_weights").count();
            assert_eq!(all, prepared, "{preset}: {stages:?}");
            if prepared > 0 {
                assert_eq!(stages[0], vec!["prepare_weights"; prepared], "{preset}: {stages:?}");
            }
        }
    }

    #[test]
    fn nothing_is_lost_and_no_order_that_matters_is_broken() {
        for plan in
            [plan(&[Some(7), None]), fuse::for_cpu(plan(&[Some(7), None])), fuse::for_gpu(plan(&[None]))]
        {
            let order: Vec<usize> = ready_stages(&plan)
                .into_iter()
                .flat_map(|stage| match stage {
                    Stage::Rows { items, .. } => items,
                    Stage::Units { items } => items.into_iter().map(|(item, ..)| item).collect(),
                })
                .filter_map(|item| match item {
                    StageItem::CopyBatch | StageItem::PrepareWeights(_) => None,
                    StageItem::Op(at) => Some(at),
                })
                .collect();
            let mut sorted = order.clone();
            sorted.sort();
            assert_eq!(sorted, (0..plan.ops.len()).collect::<Vec<_>>());
            let position = |at: usize| order.iter().position(|other| *other == at);
            for (later, planned) in plan.ops.iter().enumerate() {
                for (earlier, before) in plan.ops[..later].iter().enumerate() {
                    let meets = |a: &[TensorId], b: &[TensorId]| {
                        a.iter().any(|a| b.iter().any(|b| overlap(&plan, *a, *b)))
                    };
                    let (before, after) = (&before.op, &planned.op);
                    if meets(&before.writes(), &after.reads())
                        || meets(&before.writes(), &after.writes())
                        || meets(&before.reads(), &after.writes())
                    {
                        assert!(
                            position(earlier) < position(later),
                            "{} before {}",
                            before.name(),
                            after.name()
                        );
                    }
                }
            }
        }
    }

    #[test]
    fn slices_of_one_flat_buffer_meet_where_they_overlap() {
        let plan = plan(&[Some(7), None]);
        let find = |name: &str| plan.find(name).unwrap();
        assert!(overlap(&plan, find("parameters"), find("dense2.bias")));
        assert!(!overlap(&plan, find("dense1.weight"), find("dense1.bias")));
        assert!(!overlap(&plan, find("parameters"), find("gradients")));
    }
}
