//! Stages divided into chunks, and which tensors exist for the rows of a chunk alone.

use std::ops::Range;

use crate::cpu::runtime::cpu_op::{CpuOp, Partition};
use crate::cpu::runtime::schedule::{Stage, StageItem};
use crate::plan::{Phase, Plan, Storage, TensorId};

/// A stage, divided into chunks.
pub(crate) struct ChunkedStage {
    pub items: Vec<StageItem>,
    pub chunks: Vec<StageChunk>,
}

/// The part of a stage that a worker takes at a time.
pub(crate) enum StageChunk {
    /// These rows, through all of the stage's items.
    Rows(Range<usize>),
    /// These units of one item, which is given by its index.
    Units(usize, Range<usize>),
}

/// Bytes of a chunk's activations that still fit beside the weights in a core's own cache.
const CHUNK_BYTES: usize = 384 << 10;

/// Rows per chunk if even fewer would fill the cache: at least some, since each chunk reads all weights.
const MAX_BALANCE_ROWS: usize = 8;

/// Divides a stage into chunks: a few per worker, so that a worker that is late delays the others little.
pub(crate) fn divide(plan: &Plan, stage: Stage, threads: usize) -> ChunkedStage {
    // As many chunks as there would be of that size, but of equal size: a small last one would leave its worker
    // idle.
    let divided = |count: usize, least: usize, most: usize| {
        let least = least.max(1);
        let even = if threads == 1 { count } else { count.div_ceil(2 * threads) };
        let size = even.min(most).max(least);
        let (units, chunks) = (count.div_ceil(least), count.div_ceil(size).max(1));
        let start = move |chunk: usize| count.min((units * chunk).div_ceil(chunks) * least);
        (0..chunks).map(move |chunk| start(chunk)..start(chunk + 1)).filter(|range| !range.is_empty())
    };
    match stage {
        Stage::Rows { rows, alignment, items } => {
            let bytes: usize = items
                .iter()
                .flat_map(|item| match item {
                    StageItem::Op(at) => plan.ops[*at].op.writes(),
                    StageItem::CopyBatch | StageItem::PrepareWeights(_) => Vec::new(),
                })
                .map(|id| plan.tensor(id).bytes() / rows.max(1))
                .sum();
            let least = alignment.max(4);
            // Where few rows fill a cache anyway: enough chunks to balance the threads.
            let balanced = rows.div_ceil(4 * threads).min(MAX_BALANCE_ROWS);
            let most = (CHUNK_BYTES / (bytes + plan.image_stride()).max(1)).max(balanced);
            let chunks = divided(rows, least, most).map(StageChunk::Rows).collect();
            ChunkedStage { items, chunks }
        }
        Stage::Units { items } => {
            let mut chunks = Vec::new();
            for (item, (_, count, min_chunk)) in items.iter().enumerate() {
                let ranges = divided(*count, *min_chunk, usize::MAX);
                chunks.extend(ranges.map(|range| StageChunk::Units(item, range)));
            }
            let items = items.into_iter().map(|(item, ..)| item).collect();
            ChunkedStage { items, chunks }
        }
    }
}

impl ChunkedStage {
    /// The rows of each chunk, where the stage goes by rows.
    fn rows(&self) -> Option<Vec<Range<usize>>> {
        let rows = |chunk: &StageChunk| match chunk {
            StageChunk::Rows(rows) => Some(rows.clone()),
            StageChunk::Units(..) => None,
        };
        self.chunks.iter().map(rows).collect()
    }
}

/// Rows of the batch, and of its largest chunk.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) struct ChunkRows {
    pub batch: usize,
    pub largest: usize,
}

/// Which tensors are chunk-local: a chunk of a stage writes their rows, and nothing but the rest of the same chunk reads
/// them. A worker then needs rows for one chunk only, which all of its chunks write in turn and which stay in its cache. None
/// where a plan does not train: there, activations may be what the host wants.
pub(crate) fn chunk_local(
    plan: &Plan,
    ready_ops: &[Box<dyn CpuOp>],
    stages: &[ChunkedStage],
) -> Vec<Option<ChunkRows>> {
    let mut found = vec![None; plan.tensors.len()];
    if plan.ops.iter().all(|planned| planned.phase != Phase::Backward) {
        return found;
    }
    for stage in stages {
        let Some(chunks) = stage.rows() else { continue };
        let ops: Vec<usize> = stage
            .items
            .iter()
            .filter_map(|item| if let StageItem::Op(at) = item { Some(*at) } else { None })
            .collect();
        let batch = chunks.iter().map(|rows| rows.end).max().unwrap_or(0);
        let rows = ChunkRows { batch, largest: chunks.iter().map(Range::len).max().unwrap_or(0) };
        let is_local = |id: TensorId| is_chunk_local(plan, ready_ops, &ops, rows, id);
        for id in ops.iter().flat_map(|at| plan.ops[*at].op.writes()).filter(|id| is_local(*id)) {
            found[id.index()] = Some(rows);
        }
    }
    found
}

fn is_chunk_local(
    plan: &Plan,
    ready_ops: &[Box<dyn CpuOp>],
    ops: &[usize],
    rows: ChunkRows,
    id: TensorId,
) -> bool {
    let tensor = plan.tensor(id);
    let (reads, writes) = (
        |at: usize| plan.ops[at].op.reads().contains(&id),
        |at: usize| plan.ops[at].op.writes().contains(&id),
    );
    let touching: Vec<usize> = (0..plan.ops.len()).filter(|at| reads(*at) || writes(*at)).collect();
    let by_rows = |at: &usize| match ready_ops[*at].partition() {
        Partition::Rows { rows: all, shared, .. } => all == rows.batch && !shared.contains(&id),
        Partition::Units { .. } => false,
    };
    // A tensor that no op reads is the plan's result; one that is read before it is written comes from the
    // host.
    tensor.storage == Storage::Activation
        && tensor.len().is_multiple_of(rows.batch.max(1))
        && touching.iter().all(|at| ops.contains(at) && by_rows(at))
        && touching.iter().any(|at| reads(*at))
        && touching.first().is_some_and(|first| writes(*first) && !reads(*first))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::cpu::Level;
    use crate::cpu::runtime::cpu_op::ready_ops;
    use crate::cpu::runtime::schedule::stages;
    use crate::network::{LossReduction, Network, Normalisation, Optimiser, Task, TrainingOptions};
    use crate::plan::fuse;

    fn lenet5(batch: usize) -> Plan {
        let layers = crate::recipe::Recipe::preset("lenet5").unwrap().layers;
        let task = Task::grey(28, 28, 10);
        let network = Network::new(task, Normalisation::default(), &layers).unwrap();
        fuse::for_cpu(network.training_plan(TrainingOptions::new(batch, Optimiser::SGD, LossReduction::Mean)))
    }

    fn ready(plan: &Plan, threads: usize) -> (Vec<Box<dyn CpuOp>>, Vec<ChunkedStage>) {
        let ops = ready_ops(plan, Level::Portable).unwrap();
        let stages = stages(plan, &ops).into_iter().map(|stage| divide(plan, stage, threads)).collect();
        (ops, stages)
    }

    #[test]
    fn activations_that_no_other_stage_reads_are_chunk_local() {
        let plan = lenet5(100);
        let (ops, stages) = ready(&plan, 2);
        let found = chunk_local(&plan, &ops, &stages);
        let of = |name: &str| found[plan.find(name).unwrap().index()];
        for name in ["relu1", "max_pool1", "relu2", "relu1.input_gradient", "conv2.input_gradient"] {
            assert_eq!(of(name), Some(ChunkRows { batch: 100, largest: MAX_BALANCE_ROWS }), "{name}");
        }
        // Read by the gradients of the dense layers' weights, written for the update, or brought by the host.
        for name in ["max_pool2", "dense1.weight", "conv1.partial_gradients", "images", "logits_gradient"] {
            assert_eq!(of(name), None, "{name}");
        }
        let task = Task::grey(28, 28, 10);
        let layers = crate::recipe::Recipe::preset("lenet5").unwrap().layers;
        let network = Network::new(task, Normalisation::default(), &layers).unwrap();
        let tests = fuse::for_cpu(network.evaluation_plan(100));
        let (ops, stages) = ready(&tests, 2);
        assert!(chunk_local(&tests, &ops, &stages).iter().all(Option::is_none));
    }

    #[test]
    fn chunks_stay_small_in_a_large_batch() {
        // Of 6,400 images each of the weights' 32 partial gradients is one worker's.
        for (batch, most) in [(8, 8), (100, 8), (6400, 256)] {
            let plan = lenet5(batch);
            for rows in ready(&plan, 2).1.iter().filter_map(ChunkedStage::rows) {
                assert_eq!(rows.iter().map(Range::len).sum::<usize>(), batch);
                assert!(rows.iter().all(|rows| rows.len() <= most), "{batch}");
            }
        }
    }
}
