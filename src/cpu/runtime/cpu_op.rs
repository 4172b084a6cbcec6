//! An op on the CPU: what the executor must know about it, and how it is run.
//!
//! When an executor is made, every op of the plan is made ready once for the level of vector instructions
//! ([`ready_ops`]). What an op decides then (an algorithm, say), it keeps: how its work is divided, what memory it is
//! given and what it computes all follow from the one decision.

use std::ops::Deref;

use crate::cpu::Level;
pub(crate) use crate::cpu::runtime::chunk::Chunk;
use crate::error::{Error, Result};
use crate::plan::ops::{Operand, with_ops};
use crate::plan::{Element, Op, Plan, StepScalars, TensorId, image_stride};

/// How an op's work may be divided into chunks. Every value of the result has the same bits, however it is divided.
#[derive(Clone, Debug, PartialEq)]
pub(crate) enum Partition {
    /// By rows of the batch: a row of what is written depends on the same row of what is read, and on all of the
    /// `shared` tensors (weights, say; or counters that all rows add to). Chunks begin at multiples of `alignment`, a
    /// power of two: an op that adds up over rows makes one sum of each `alignment` rows, whichever worker has them.
    Rows { rows: usize, shared: Vec<TensorId>, alignment: usize },
    /// By units that are independent of each other. Fewer than `min_chunk` of them are not worth a chunk of their
    /// own.
    Units { count: usize, min_chunk: usize },
}

impl Partition {
    /// Not divided at all.
    pub const SINGLE: Partition = Partition::Units { count: 1, min_chunk: 1 };

    /// By rows that have no tensor in common.
    pub fn rows(rows: usize) -> Self {
        Partition::Rows { rows, shared: Vec::new(), alignment: 1 }
    }
}

/// The least that an op requires of a tensor: `rows` x `columns` elements of one type.
pub(crate) struct Requirement {
    tensor: TensorId,
    element: Element,
    rows: usize,
    columns: usize,
}

impl Requirement {
    pub fn floats(tensor: TensorId, rows: usize, columns: usize) -> Self {
        Requirement { tensor, element: Element::F32, rows, columns }
    }

    pub fn words(tensor: TensorId, count: usize) -> Self {
        Requirement { tensor, element: Element::U32, rows: 1, columns: count }
    }

    pub fn bytes(tensor: TensorId, rows: usize, columns: usize) -> Self {
        Requirement { tensor, element: Element::U8, rows, columns }
    }

    pub fn operand(operand: &Operand, rows: usize, columns: usize) -> Self {
        match operand.pixels {
            None => Requirement::floats(operand.tensor, rows, columns),
            Some(_) => Requirement::bytes(operand.tensor, rows, columns),
        }
    }

    /// Ops reach tensors through pointers and rely on the sizes that they state: here these are compared with the plan's.
    fn check(&self, op: &Op, plan: &Plan) -> Result<()> {
        let error = |what: &str| Err(Error::Internal(format!("plan: {} takes {what}", op.name())));
        let Some(tensor) = plan.tensors.get(self.tensor.index()) else {
            return error("a tensor of another plan");
        };
        if tensor.element != self.element {
            return error(&format!("{} for {:?}", tensor.name, self.element));
        }
        let enough = match self.element {
            Element::U8 => {
                tensor.shape.last() == Some(&self.columns)
                    && tensor.bytes() >= self.rows.saturating_mul(image_stride(self.columns))
            }
            Element::F32 | Element::U32 => tensor.len() >= self.rows.saturating_mul(self.columns),
        };
        if enough { Ok(()) } else { error(&format!("{tensor} for [{}, {}]", self.rows, self.columns)) }
    }
}

/// Memory for an op's transformed weights, computed once per step before any other work of the step; all workers then
/// read it.
pub(crate) struct PreparedWeights {
    /// The tensor under which the op finds it: one that it writes.
    pub key: TensorId,
    pub floats: usize,
    /// Independent units of [`CpuOp::prepare_weights`].
    pub units: usize,
}

/// One op of a plan, ready to run at one level of vector instructions.
pub(crate) trait CpuOp: Send + Sync {
    fn partition(&self) -> Partition;

    fn prepared_weights(&self) -> Option<PreparedWeights> {
        None
    }

    /// Prepares the chunk's units, out of those that [`CpuOp::prepared_weights`] counts.
    fn prepare_weights(&self, _chunk: &Chunk) {}

    /// Every tensor that `run` touches.
    fn requirements(&self) -> Vec<Requirement>;

    /// How many floats of a worker's own scratch memory `run` uses.
    fn scratch(&self) -> usize {
        0
    }

    /// Does one chunk of the work.
    fn run(&self, chunk: &Chunk, scalars: &StepScalars);
}

/// Makes an op of a plan ready for a level. Ops with nothing to decide are their own [`CpuOp`].
pub(crate) trait ForCpu {
    fn for_cpu(&self, level: Level) -> Box<dyn CpuOp>;
}

impl<T: CpuOp + Clone + 'static> ForCpu for T {
    fn for_cpu(&self, _: Level) -> Box<dyn CpuOp> {
        Box::new(self.clone())
    }
}

/// An op that must know the level in advance, because its memory or chunks depend on it.
pub(crate) struct AtLevel<T> {
    pub op: T,
    pub level: Level,
}

impl<T> Deref for AtLevel<T> {
    type Target = T;

    fn deref(&self) -> &T {
        &self.op
    }
}

macro_rules! for_cpu {
    ($(($module:ident, $name:ident),)*) => {
        fn for_cpu(op: &Op, level: Level) -> Box<dyn CpuOp> {
            match op { $(Op::$name(op) => op.for_cpu(level),)* }
        }
    };
}
with_ops!(for_cpu);

/// Makes the ops of a plan ready, in its order.
///
/// # Errors
/// [`Error::Internal`] where a tensor is not what an op requires.
pub(crate) fn ready_ops(plan: &Plan, level: Level) -> Result<Vec<Box<dyn CpuOp>>> {
    let ready = |op: &Op| {
        // The schedule looks these up.
        let named = op.reads().into_iter().chain(op.writes());
        if named.into_iter().any(|id| id.index() >= plan.tensors.len()) {
            return Err(Error::Internal(format!("plan: {} takes a tensor of another plan", op.name())));
        }
        let ready = for_cpu(op, level);
        ready.requirements().iter().try_for_each(|requirement| requirement.check(op, plan))?;
        Ok(ready)
    };
    plan.check_slices()?;
    plan.ops.iter().map(|planned| ready(&planned.op)).collect()
}
