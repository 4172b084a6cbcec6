//! Plans made ready, and run step by step on the pool's threads.

use std::ops::Range;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use crate::cpu::Level;
use crate::cpu::Store;
use crate::cpu::runtime::buffer::Buffer;
use crate::cpu::runtime::chunks::{Ready, Rows, cut, fleeting};
use crate::cpu::runtime::cpu_op::{check, kernel};
use crate::cpu::runtime::pool::{Line, Pool};
use crate::cpu::runtime::schedule::{Item, stages};
use crate::cpu::runtime::tensors::{Place, Tensors};
use crate::cpu::runtime::timing::{Timing, Watch};
use crate::data::Split;
use crate::error::{Error, Result};
use crate::execution::{ExecutorOptions, Flat, Span, Work};
use crate::plan::{NO_LABEL, Plan, StepScalars, Storage, TensorId};

pub struct Executor {
    pool: Arc<Pool>,
    plan: Plan,
    store: Store,
    stages: Vec<Ready>,
    /// One a worker: they share the tensors, each has scratch memory of its own.
    tensors: Vec<Tensors>,
    /// What the tensors point into, beside the store.
    _buffers: Vec<Buffer>,
    /// What the losses' op writes each step.
    loss: Option<TensorId>,
    losses: Vec<f32>,
    work: Work,
    /// Where a profile is wanted: one list a worker.
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
        check(plan)?;
        let (has, wants) = (store.sizes(), plan.flat);
        if (has.parameters, has.statistics) != (wants.parameters, wants.statistics)
            || has.states < wants.states
        {
            return Err(Error::Internal(format!("a store of {has:?} for a plan of {wants:?}")));
        }
        let threads = pool.threads();
        let stages = stages(plan, level).into_iter().map(|stage| cut(plan, stage, threads));
        // Ops on no values at all leave a stage without shares, which no worker would ever bring to its end.
        let stages: Vec<Ready> = stages.filter(|stage| !stage.shares.is_empty()).collect();
        let fleeting = fleeting(plan, level, &stages);
        let (mut buffers, mut places) = (Vec::new(), Vec::new());
        for (tensor, fleeting) in plan.tensors.iter().zip(&fleeting) {
            let flat = match tensor.storage {
                Storage::Parameters { .. } => Some(Flat::Parameters),
                Storage::Gradients { .. } => Some(Flat::Gradients),
                Storage::State { which, .. } => Some(Flat::State(which)),
                Storage::Statistics { .. } => Some(Flat::Statistics),
                _ => None,
            };
            let start = match flat.map(|flat| store.place(flat)) {
                None => {
                    let bytes = tensor.bytes();
                    // Behind the batch's rows, which are then never touched, as many for each worker as a share has.
                    let more = fleeting.map_or(0, |rows| bytes / rows.all * rows.most * threads);
                    let buffer = Buffer::new(bytes.saturating_add(more))?;
                    let start = buffer.pointer();
                    buffers.push(buffer);
                    start
                }
                // `check` has found the slice inside the buffer.
                Some(Some((start, _))) => start.wrapping_add(4 * tensor.storage.offset()),
                Some(None) => return Err(Error::Internal(format!("the store has no {:?}", tensor.storage))),
            };
            places.push(Place::whole(start, tensor.bytes()));
        }
        let scratch = plan.ops.iter().map(|planned| kernel(&planned.op).scratch(level)).max().unwrap_or(0);
        let mut prepared = vec![std::ptr::null_mut(); plan.tensors.len()];
        for wanted in plan.ops.iter().filter_map(|planned| kernel(&planned.op).prepared(level)) {
            let buffer = Buffer::floats(wanted.floats)?;
            prepared[wanted.of.index()] = buffer.pointer().cast();
            buffers.push(buffer);
        }
        let prepared: Arc<[*mut f32]> = prepared.into();
        let mut tensors = Vec::new();
        for worker in 0..threads {
            let buffer = Buffer::floats(scratch)?;
            buffer.spoil();
            let own = places.iter().zip(&fleeting).map(|(place, rows)| match rows {
                Some(Rows { all, most }) => place.window(*all, all + worker * most),
                None => *place,
            });
            tensors.push(Tensors {
                places: own.collect(),
                prepared: prepared.clone(),
                scratch: buffer.pointer().cast(),
                first_row: AtomicUsize::new(0),
                level,
            });
            buffers.push(buffer);
        }
        Ok(Executor {
            pool,
            plan: plan.clone(),
            store: store.clone(),
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
        })
    }

    pub fn run(&mut self, split: &Split, indices: &[u32], scalars: &[StepScalars]) -> Result<()> {
        let (batch, pixels) = (self.plan.batch, self.plan.pixels);
        if split.pixels() != pixels {
            let given = split.pixels();
            return Err(Error::Internal(format!("images of {given} pixels for a plan of {pixels}")));
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
        let (plan, stages, tensors) = (&self.plan, &self.stages, &self.tensors);
        let (timing, done) = (&self.timing, self.work.steps);
        if stages.is_empty() {
            return;
        }
        let line = Line::new();
        let _guard = self.store.lock();
        // The line of a whole block: each step's stages in turn.
        self.pool.all(|worker| {
            let Some(tensors) = tensors.get(worker) else { return };
            let work = |stage: usize, share: usize| {
                let step = stage / stages.len();
                let scalars = StepScalars { first_row: 0, ..scalars[step] };
                let watch = timing.as_ref().map(|timing| timing.watch(worker, done + step as u64));
                let moment = Moment { feeding: feeding.as_ref(), step, scalars: &scalars, watch };
                stages[stage % stages.len()].work(plan, tensors, &moment, share);
            };
            let last = |stage: usize| {
                if let (Some(loss), true) = (loss, (stage + 1).is_multiple_of(stages.len())) {
                    // SAFETY: `losses` has room for every step; all others wait for this worker.
                    unsafe { *losses.at(stage / stages.len()) = *tensors.floats(loss) };
                }
            };
            let shares = |stage: usize| stages[stage % stages.len()].shares.len();
            line.work(scalars.len() * stages.len(), shares, work, last);
        });
        self.work.steps += scalars.len() as u64;
        self.work.dispatches += (scalars.len() * self.plan.ops.len()) as u64;
    }

    /// The losses of the steps since the last call.
    pub fn losses(&mut self) -> Vec<f32> {
        std::mem::take(&mut self.losses)
    }

    pub fn read(&mut self, tensor: TensorId) -> Result<Vec<u8>> {
        let (start, bytes) = self.place(tensor)?;
        let _guard = self.store.lock();
        // SAFETY: the place is that large, and nobody is at work while the guard lives.
        Ok(unsafe { std::slice::from_raw_parts(start, bytes) }.to_vec())
    }

    pub fn write(&mut self, tensor: TensorId, bytes: &[u8]) -> Result<()> {
        let (start, room) = self.place(tensor)?;
        if room != bytes.len() {
            return Err(Error::Internal(format!("{} bytes for a tensor of {room}", bytes.len())));
        }
        let _guard = self.store.lock();
        // SAFETY: as in `read`.
        unsafe { std::slice::from_raw_parts_mut(start, room) }.copy_from_slice(bytes);
        Ok(())
    }

    fn place(&self, tensor: TensorId) -> Result<(*mut u8, usize)> {
        let place = self.tensors.first().and_then(|tensors| tensors.places.get(tensor.index()));
        match place {
            Some(place) => place.kept().ok_or_else(|| {
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

    /// Stages of a step: how often workers must wait for each other.
    pub fn stages(&self) -> usize {
        self.stages.len()
    }
}

/// Room for one loss a step, written by whichever worker ends the step.
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
        let (pixels, stride) = (plan.pixels, plan.image_stride());
        for row in rows {
            let index = self.indices[step * plan.batch + row] as usize;
            // SAFETY: the tensors have `batch` rows, and this row is this worker's.
            unsafe {
                let image = tensors.bytes(images).add(row * stride);
                let label = tensors.words(labels).add(row);
                if index < self.split.len() {
                    let from = self.split.image(index);
                    std::ptr::copy_nonoverlapping(from.as_ptr(), image, pixels);
                    *label = self.split.label(index).into();
                } else {
                    std::ptr::write_bytes(image, 0, stride);
                    *label = NO_LABEL;
                }
            }
        }
    }
}

/// What a share of work needs to know beside the plan.
struct Moment<'a> {
    feeding: Option<&'a Feeding<'a>>,
    /// Step of the block.
    step: usize,
    scalars: &'a StepScalars,
    watch: Option<Watch<'a>>,
}

impl Ready {
    /// Does one share.
    fn work(&self, plan: &Plan, tensors: &Tensors, moment: &Moment, share: usize) {
        let run = |item: Item, range: Range<usize>| {
            let started = moment.watch.as_ref().map(Watch::now);
            match (item, moment.feeding) {
                (Item::Feed, None) => (),
                (Item::Feed, Some(feeding)) => feeding.fetch(plan, tensors, moment.step, range),
                // SAFETY: the plan is checked; the schedule keeps apart what must not meet; a share is claimed once.
                (Item::Op(at), _) => unsafe {
                    kernel(&plan.ops[at].op).run(tensors, moment.scalars, range);
                },
                // SAFETY: as above.
                (Item::Prepare(at), _) => unsafe { kernel(&plan.ops[at].op).prepare(tensors, range) },
            }
            if let (Some(watch), Some(started)) = (&moment.watch, started) {
                watch.note(item.op(), started);
            }
        };
        let (only, range) = &self.shares[share];
        match only {
            Some(item) => run(self.items[*item], range.clone()),
            None => {
                tensors.first_row.store(range.start, Ordering::Relaxed);
                self.items.iter().for_each(|item| run(*item, range.clone()));
            }
        }
    }
}
