//! Builds a plan: layers call it to name tensors and append ops.

use super::{Element, FlatSizes, Op, Phase, Plan, PlannedOp, Storage, Tensor, TensorId};

pub struct Builder {
    plan: Plan,
}

impl Builder {
    /// Starts a plan for batches of `batch` images of `image_bytes` bytes, with the tensors that every plan has:
    /// `images` u8 `[batch, image_bytes]` and `labels` u32 `[batch]`.
    pub fn new(batch: usize, image_bytes: usize, classes: usize) -> Self {
        let plan = Plan {
            batch,
            image_bytes,
            classes,
            flat: FlatSizes::default(),
            tensors: Vec::new(),
            constants: Vec::new(),
            ops: Vec::new(),
        };
        let mut builder = Builder { plan };
        builder.tensor("images", &[batch, image_bytes], Element::U8, Storage::Images);
        builder.tensor("labels", &[batch], Element::U32, Storage::Labels);
        builder
    }

    pub fn batch(&self) -> usize {
        self.plan.batch
    }

    pub fn classes(&self) -> usize {
        self.plan.classes
    }

    pub fn images(&self) -> TensorId {
        TensorId::new(0)
    }

    pub fn labels(&self) -> TensorId {
        TensorId::new(1)
    }

    pub fn tensor(&mut self, name: &str, shape: &[usize], element: Element, storage: Storage) -> TensorId {
        self.plan.tensors.push(Tensor { name: name.to_owned(), shape: shape.to_vec(), element, storage });
        TensorId::new(self.plan.tensors.len() - 1)
    }

    /// A float32 vector that never changes.
    pub fn constant(&mut self, name: &str, values: Vec<f32>) -> TensorId {
        let id = self.tensor(name, &[values.len()], Element::F32, Storage::Constant);
        self.plan.constants.push((id, values));
        id
    }

    /// A float32 tensor that lives within one step.
    pub fn activation(&mut self, name: &str, shape: &[usize]) -> TensorId {
        self.tensor(name, shape, Element::F32, Storage::Activation)
    }

    /// A float32 tensor that lives within one step, of the shape of another.
    pub fn like(&mut self, name: &str, other: TensorId) -> TensorId {
        let shape = self.shape(other).to_vec();
        self.activation(name, &shape)
    }

    /// The tensor of that name, else a new one of that shape and storage.
    pub fn named(&mut self, name: &str, shape: &[usize], storage: Storage) -> TensorId {
        match self.plan.find(name) {
            Some(id) => id,
            None => self.tensor(name, shape, Element::F32, storage),
        }
    }

    /// A layer's parameter, or statistic, as the network laid it out.
    pub fn parameter(&self, layer: &str, name: &str) -> TensorId {
        self.slice(&format!("{layer}.{name}"))
    }

    /// The gradient of a layer's parameter.
    pub fn gradient(&self, layer: &str, name: &str) -> TensorId {
        self.slice(&format!("{layer}.{name}.gradient"))
    }

    fn slice(&self, name: &str) -> TensorId {
        // A layer that names a parameter it never declared is a mistake in that layer's file, not in any input.
        self.plan.find(name).unwrap_or_else(|| unreachable!("no parameter {name}"))
    }

    pub fn flat(&mut self, sizes: FlatSizes) {
        self.plan.flat = sizes;
    }

    pub fn push(&mut self, phase: Phase, op: impl Into<Op>) {
        self.plan.ops.push(PlannedOp { phase, op: op.into() });
    }

    pub fn shape(&self, id: TensorId) -> &[usize] {
        &self.plan.tensor(id).shape
    }

    pub fn storage(&self, id: TensorId) -> Storage {
        self.plan.tensor(id).storage
    }

    pub fn finish(self) -> Plan {
        self.plan
    }
}
