//! What every op tells the executor, and how it is run.

use std::ops::Range;

use crate::cpu::Level;
use crate::cpu::runtime::tensors::Tensors;
use crate::error::{Error, Result};
use crate::plan::ops::{self, Operand, with_ops};
use crate::plan::{Element, Op, Plan, StepScalars, TensorId, image_stride};

/// How an op's work is cut in parts. However it is cut, every value of the result has the same bits.
#[derive(Clone, Debug, PartialEq)]
pub(crate) enum Cut {
    /// By rows of the batch: a row of what is written depends on the same row of what is read, and on all of the
    /// tensors named in `whole` (weights, say; or counters that all rows add to). Cuts fall on multiples of `granule`,
    /// a power of two: an op that adds up over rows makes one sum of each granule, whoever works on it.
    Samples { rows: usize, whole: Vec<TensorId>, granule: usize },
    /// In units that are independent of each other, `grain` of them at least worth a worker's while.
    Units { count: usize, grain: usize },
}

impl Cut {
    /// Not worth cutting.
    pub const WHOLE: Cut = Cut::Units { count: 1, grain: 1 };
}

/// A tensor as an op takes it: `rows` x `columns` values.
pub(crate) struct Need {
    tensor: TensorId,
    element: Element,
    rows: usize,
    columns: usize,
}

impl Need {
    pub fn floats(tensor: TensorId, rows: usize, columns: usize) -> Self {
        Need { tensor, element: Element::F32, rows, columns }
    }

    pub fn words(tensor: TensorId, count: usize) -> Self {
        Need { tensor, element: Element::U32, rows: 1, columns: count }
    }

    pub fn bytes(tensor: TensorId, rows: usize, columns: usize) -> Self {
        Need { tensor, element: Element::U8, rows, columns }
    }

    pub fn operand(operand: &Operand, rows: usize, columns: usize) -> Self {
        match operand.pixels {
            None => Need::floats(operand.tensor, rows, columns),
            Some(_) => Need::bytes(operand.tensor, rows, columns),
        }
    }

    /// Kernels go by pointers and trust in the sizes that ops state: here they are held against the tensors'.
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

/// What an op makes of its weights once a step, before any of its own work: memory that all workers then read.
pub(crate) struct Prepared {
    /// The tensor under which the op finds it: one that it writes.
    pub of: TensorId,
    pub floats: usize,
    /// Independent units of [`Kernel::prepare`].
    pub units: usize,
}

pub(crate) trait Kernel {
    fn cut(&self, level: Level) -> Cut;

    fn prepared(&self, _level: Level) -> Option<Prepared> {
        None
    }

    /// Does the units `range` of what [`Kernel::prepared`] says.
    ///
    /// # Safety
    /// As [`Kernel::run`].
    unsafe fn prepare(&self, _tensors: &Tensors, _range: Range<usize>) {}

    /// Every tensor that `run` touches.
    fn needs(&self) -> Vec<Need>;

    /// How many floats of a worker's own memory `run` wants.
    fn scratch(&self, _level: Level) -> usize {
        0
    }

    /// Does the part `range` of the work, counted in the rows or units of [`Cut`].
    ///
    /// # Safety
    /// The tensors are as large as `needs` says and the scratch memory as `scratch` says, nobody else is at work
    /// on the same part, and nobody writes what the op reads.
    unsafe fn run(&self, tensors: &Tensors, scalars: &StepScalars, range: Range<usize>);
}

macro_rules! kernels {
    ($(($module:ident, $name:ident),)*) => {
        pub(crate) fn kernel(op: &Op) -> &dyn Kernel {
            match op { $(Op::$name(op) => { let op: &ops::$name = op; op })* }
        }
    };
}
with_ops!(kernels);

pub(crate) fn check(plan: &Plan) -> Result<()> {
    for planned in &plan.ops {
        // the schedule looks these up
        let named = planned.op.reads().into_iter().chain(planned.op.writes());
        if named.into_iter().any(|id| id.index() >= plan.tensors.len()) {
            return Err(Error::Internal(format!(
                "plan: {} takes a tensor of another plan",
                planned.op.name()
            )));
        }
        kernel(&planned.op).needs().iter().try_for_each(|need| need.check(&planned.op, plan))?;
    }
    plan.check_slices()
}
