//! Plans made ready, and run step by step on the pool's threads.

use std::ops::Range;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use crate::cpu::Level;
use crate::cpu::Store;
use crate::cpu::runtime::buffer::Buffer;
use crate::cpu::runtime::chunks::{ChunkRows, ChunkedStage, StageChunk, chunk_local, divide};
use crate::cpu::runtime::cpu_op::{Chunk, CpuOp, ready_ops};
use crate::cpu::runtime::pool::{Pool, StageQueue};
use crate::cpu::runtime::schedule::{StageItem, stages};
use crate::cpu::runtime::tensors::{TensorMemory, Tensors};
use crate::cpu::runtime::timing::{Timing, Watch};
use crate::data::Split;
use crate::error::{Error, Result};
use crate::execution::{ExecutorOptions, Flat, Span, Work};
use crate::plan::{NO_LABEL, Plan, StepScalars, Storage, TensorId};

pub struct Executor {
    pool: Arc<Pool>,
    plan: Plan,
    store: Store,
    /// The plan's ops, made ready for the level.
    ops: Vec<Box<dyn CpuOp>>,
    stages: Vec<ChunkedStage>,
    /// One per worker: they share the tensors, but each has scratch memory of its own.
    tensors: Vec<Tensors>,
    /// What the tensors point into, besides the store.
    _buffers: Vec<Buffer>,
    /// What the losses' op writes each step.
    loss: Option<TensorId>,
    losses: Vec<f32>,
    work: Work,
    /// If a profile was asked for: one list per worker.
    timing: Option<Timing>,
}

impl Executor {
    pub(crate) fn new(
        pool: Arc<Pool>,
        level: Level,
        plan: &Plan,
        store: &Store,
        options: ExecutorOptions,
    ) -> Result<Self> {
        let ops = ready_ops(plan, level)?;
        let (has, wants) = (store.sizes(), plan.flat);
        if (has.parameters, has.statistics) != (wants.parameters, wants.statistics)
            || has.states < wants.states
        {
            return Err(Error::Internal(format!("a store of {has:?} for a plan of {wants:?}")));
        }
        let threads = pool.threads();
        let stages = stages(plan, &ops).into_iter().map(|stage| divide(plan, stage, threads));
        // Ops on no values at all leave a stage without chunks, which no worker would ever bring to its end.
        let stages: Vec<ChunkedStage> = stages.filter(|stage| !stage.chunks.is_empty()).collect();
        let chunk_local = chunk_local(plan, &ops, &stages);
        let (mut buffers, mut memory) = (Vec::new(), Vec::new());
        for (tensor, local) in plan.tensors.iter().zip(&chunk_local) {
            let flat = match tensor.storage {
                Storage::Parameters { .. } => Some(Flat::Parameters),
                Storage::Gradients { .. } => Some(Flat::Gradients),
                Storage::State { which, .. } => Some(Flat::State(which)),
                Storage::Statistics { .. } => Some(Flat::Statistics),
                _ => None,
            };
            let start = match flat.map(|flat| store.flat(flat)) {
                None => {
                    let bytes = tensor.bytes();
                    // After the batch's rows, which are then never touched, each worker gets as many rows as a chunk
                    // has.
                    let more = local.map_or(0, |rows| bytes / rows.batch * rows.largest * threads);
                    let buffer = Buffer::new(bytes.saturating_add(more))?;
                    let start = buffer.pointer();
                    buffers.push(buffer);
                    start
                }
                // `ready_ops` has found the slice inside the buffer.
                Some(Some((start, _))) => start.wrapping_add(4 * tensor.storage.offset()),
                Some(None) => return Err(Error::Internal(format!("the store has no {:?}", tensor.storage))),
            };
            memory.push(TensorMemory::whole(start, tensor.bytes()));
        }
        let scratch = ops.iter().map(|op| op.scratch()).max().unwrap_or(0);
        let mut prepared_weights = vec![std::ptr::null_mut(); plan.tensors.len()];
        for wanted in ops.iter().filter_map(|op| op.prepared_weights()) {
            let buffer = Buffer::floats(wanted.floats)?;
            prepared_weights[wanted.key.index()] = buffer.pointer().cast();
            buffers.push(buffer);
        }
        let prepared_weights: Arc<[*mut f32]> = prepared_weights.into();
        let mut tensors = Vec::new();
        for worker in 0..threads {
            let buffer = Buffer::floats(scratch)?;
            buffer.spoil();
            let own = memory.iter().zip(&chunk_local).map(|(memory, rows)| match rows {
                Some(ChunkRows { batch, largest }) => memory.chunk_local(*batch, batch + worker * largest),
                None => *memory,
            });
            tensors.push(Tensors {
                memory: own.collect(),
                prepared_weights: prepared_weights.clone(),
                scratch: buffer.pointer().cast(),
                scratch_floats: scratch,
                first_row: AtomicUsize::new(0),
                level,
            });
            buffers.push(buffer);
        }
        let mut executor = Executor {
            pool,
            plan: plan.clone(),
            store: store.clone(),
            ops,
            stages,
            tensors,
            work: Work {
                buffers_created: buffers.len() as u64,
                bytes_allocated: buffers.iter().map(|buffer| buffer.size() as u64).sum(),
                ..Work::default()
            },
            _buffers: buffers,
            loss: plan.only(Storage::Losses),
            losses: Vec::new(),
            timing: options.profile.then(|| Timing::new(threads)),
        };
        for (id, values) in &plan.constants {
            executor.write(*id, bytemuck::cast_slice(values))?;
        }
        Ok(executor)
    }

    pub fn run(&mut self, split: &Split, indices: &[u32], scalars: &[StepScalars]) -> Result<()> {
        let (batch, image_bytes) = (self.plan.batch, self.plan.image_bytes);
        if split.image_bytes() != image_bytes {
            let given = split.image_bytes();
            return Err(Error::Internal(format!("images of {given} bytes for a plan of {image_bytes}")));
        }
        if indices.len() != batch * scalars.len() {
            let (steps, given) = (scalars.len(), indices.len());
            return Err(Error::Internal(format!("{given} images for {steps} steps of {batch}")));
        }
        split.check_indices(indices)?;
        self.steps(Some(Feeding { split, indices }), scalars);
        Ok(())
    }

    /// One step on what the tensors hold.
    pub fn run_as_is(&mut self, scalars: StepScalars) -> Result<()> {
        self.steps(None, &[scalars]);
        Ok(())
    }

    fn steps(&mut self, feeding: Option<Feeding>, scalars: &[StepScalars]) {
        let known = self.losses.len();
        self.losses.resize(known + if self.loss.is_some() { scalars.len() } else { 0 }, 0.0);
        let losses = Losses(self.losses[known..].as_mut_ptr());
        let loss = self.loss;
        let (plan, ops, stages, tensors) = (&self.plan, &self.ops, &self.stages, &self.tensors);
        let (timing, done) = (&self.timing, self.work.steps);
        if stages.is_empty() {
            return;
        }
        let queue = StageQueue::new();
        let _guard = self.store.lock();
        // A whole block is one queue: each step's stages in turn.
        self.pool.all(|worker| {
            let Some(tensors) = tensors.get(worker) else { return };
            let work = |stage: usize, chunk: usize| {
                let step = stage / stages.len();
                let scalars = StepScalars { first_row: 0, ..scalars[step] };
                let watch = timing.as_ref().map(|timing| timing.watch(worker, done + step as u64));
                let context =
                    StepContext { plan, ops, feeding: feeding.as_ref(), step, scalars: &scalars, watch };
                stages[stage % stages.len()].work(&context, tensors, chunk);
            };
            let last = |stage: usize| {
                if let (Some(loss), true) = (loss, (stage + 1).is_multiple_of(stages.len())) {
                    // SAFETY: `losses` has room for every step; all others wait for this worker.
                    unsafe { *losses.at(stage / stages.len()) = *tensors.floats(loss) };
                }
            };
            let chunks = |stage: usize| stages[stage % stages.len()].chunks.len();
            queue.work(scalars.len() * stages.len(), chunks, work, last);
        });
        self.work.steps += scalars.len() as u64;
        self.work.dispatches += (scalars.len() * self.plan.ops.len()) as u64;
    }

    /// The losses of the steps since the last call.
    pub fn losses(&mut self) -> Vec<f32> {
        std::mem::take(&mut self.losses)
    }

    pub fn read(&mut self, tensor: TensorId) -> Result<Vec<u8>> {
        let (start, bytes) = self.memory(tensor)?;
        let _guard = self.store.lock();
        // SAFETY: the tensor is that large, and nobody is at work while the guard lives.
        Ok(unsafe { std::slice::from_raw_parts(start, bytes) }.to_vec())
    }

    pub fn write(&mut self, tensor: TensorId, bytes: &[u8]) -> Result<()> {
        let (start, room) = self.memory(tensor)?;
        if room != bytes.len() {
            return Err(Error::Internal(format!("{} bytes for a tensor of {room}", bytes.len())));
        }
        let _guard = self.store.lock();
        // SAFETY: as in `read`.
        unsafe { std::slice::from_raw_parts_mut(start, room) }.copy_from_slice(bytes);
        Ok(())
    }

    /// Start and bytes of a tensor that is kept.
    fn memory(&self, tensor: TensorId) -> Result<(*mut u8, usize)> {
        let memory = self.tensors.first().and_then(|tensors| tensors.memory.get(tensor.index()));
        match memory {
            Some(memory) => memory.kept().ok_or_else(|| {
                let name = self.plan.tensors.get(tensor.index()).map_or("", |tensor| &tensor.name);
                Error::Internal(format!("{name} is used up within a step: nothing of it is kept"))
            }),
            None => Err(Error::Internal("a tensor of another plan".into())),
        }
    }

    /// See [`crate::executor::Executor::spans`].
    pub fn spans(&mut self) -> Vec<Span> {
        self.timing.as_mut().map_or_else(Vec::new, Timing::take)
    }

    pub fn threads(&self) -> usize {
        self.pool.threads()
    }

    pub fn plan(&self) -> &Plan {
        &self.plan
    }

    pub fn work(&self) -> Work {
        self.work
    }

    /// Stages of a step: how many times workers must wait for each other.
    pub fn stages(&self) -> usize {
        self.stages.len()
    }
}

/// Room for one loss per step, written by whichever worker ends the step.
struct Losses(*mut f32);

// SAFETY: only the worker that ends a stage writes, while all others wait.
unsafe impl Sync for Losses {}

impl Losses {
    fn at(&self, step: usize) -> *mut f32 {
        self.0.wrapping_add(step)
    }
}

/// Where the batches' images come from.
struct Feeding<'a> {
    split: &'a Split,
    /// `[steps, batch]`.
    indices: &'a [u32],
}

impl Feeding<'_> {
    /// Copies the images and labels of the rows `rows` of a step.
    fn fetch(&self, plan: &Plan, tensors: &Tensors, step: usize, rows: Range<usize>) {
        let (Some(images), Some(labels)) = (plan.only(Storage::Images), plan.only(Storage::Labels)) else {
            return;
        };
        let (image_bytes, stride) = (plan.image_bytes, plan.image_stride());
        for row in rows {
            let index = self.indices[step * plan.batch + row] as usize;
            // SAFETY: the tensors have `batch` rows, and this row is this worker's.
            unsafe {
                let image = tensors.bytes(images).add(row * stride);
                let label = tensors.words(labels).add(row);
                if index < self.split.len() {
                    let from = self.split.image(index);
                    std::ptr::copy_nonoverlapping(from.as_ptr(), image, image_bytes);
                    *label = self.split.label(index).into();
                } else {
                    std::ptr::write_bytes(image, 0, stride);
                    *label = NO_LABEL;
                }
            }
        }
    }
}

/// What all chunks of a step have in common.
struct StepContext<'a> {
    plan: &'a Plan,
    ops: &'a [Box<dyn CpuOp>],
    feeding: Option<&'a Feeding<'a>>,
    /// Step of the block.
    step: usize,
    scalars: &'a StepScalars,
    watch: Option<Watch<'a>>,
}

impl ChunkedStage {
    /// Does one chunk, given by its index.
    fn work(&self, context: &StepContext, tensors: &Tensors, chunk: usize) {
        let run = |item: StageItem, range: &Range<usize>| {
            let started = context.watch.as_ref().map(Watch::now);
            // SAFETY: `ready_ops` has compared the plan's tensors with what its ops require, and the executor has made as much
            // memory as they ask for. What must not run at once is in different stages, and each chunk is claimed once.
            let chunk = unsafe { Chunk::new(tensors, range.clone()) };
            match (item, context.feeding) {
                (StageItem::CopyBatch, None) => (),
                (StageItem::CopyBatch, Some(feeding)) => {
                    feeding.fetch(context.plan, tensors, context.step, range.clone());
                }
                (StageItem::Op(at), _) => context.ops[at].run(&chunk, context.scalars),
                (StageItem::PrepareWeights(at), _) => context.ops[at].prepare_weights(&chunk),
            }
            if let (Some(watch), Some(started)) = (&context.watch, started) {
                watch.note(item.op(), started);
            }
        };
        match &self.chunks[chunk] {
            StageChunk::Units(item, range) => run(self.items[*item], range),
            StageChunk::Rows(rows) => {
                tensors.first_row.store(rows.start, Ordering::Relaxed);
                self.items.iter().for_each(|item| run(*item, rows));
            }
        }
    }
}
