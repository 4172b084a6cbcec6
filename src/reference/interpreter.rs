//! Whole plans in float64, op by op by their definitions.

use super::{Inputs, Values, compute};
use crate::data::Split;
use crate::error::{Error, Result};
use crate::executor::Flat;
use crate::plan::{Element, NO_LABEL, Plan, StepScalars, Storage, TensorId};

/// Runs a plan step by step, as an executor does, in float64 and without any optimisation: gives a network's losses and
/// gradients practically without rounding.
pub struct Interpreter {
    plan: Plan,
    parameters: Vec<f64>,
    gradients: Vec<f64>,
    states: Vec<Vec<f64>>,
    statistics: Vec<f64>,
    /// By [`TensorId::index`]: the tensors that are not slices of the flat buffers.
    tensors: Vec<Option<Values>>,
}

impl Interpreter {
    /// Starts from the given parameters; everything else is zero.
    ///
    /// # Errors
    /// `Internal` where there are more or fewer parameters than the plan has, or a slice lies outside its flat buffer.
    pub fn new(plan: &Plan, parameters: Vec<f64>) -> Result<Self> {
        plan.check_slices()?;
        if parameters.len() != plan.flat.parameters {
            let (given, wanted) = (parameters.len(), plan.flat.parameters);
            return Err(Error::Internal(format!("{given} parameters for a plan of {wanted}")));
        }
        let mut interpreter = Interpreter {
            gradients: vec![0.0; parameters.len()],
            states: vec![vec![0.0; parameters.len()]; plan.flat.states],
            statistics: vec![0.0; plan.flat.statistics],
            parameters,
            plan: plan.clone(),
            tensors: Vec::new(),
        };
        let own = |id: usize| flat_of(plan.tensors[id].storage).is_none();
        interpreter.tensors =
            (0..plan.tensors.len()).map(|id| own(id).then(|| Values::zeros(&plan.tensors[id]))).collect();
        for (id, values) in &plan.constants {
            interpreter.write(*id, Values::Floats(values.iter().map(|value| f64::from(*value)).collect()))?;
        }
        Ok(interpreter)
    }

    /// One step on the images `indices` of `split`, as [`crate::executor::Executor::run`].
    ///
    /// # Errors
    /// `Internal` where an index is neither an image's nor `NO_IMAGE`, or images or indices do not fit the plan.
    pub fn step(&mut self, split: &Split, indices: &[u32], scalars: StepScalars) -> Result<()> {
        split.check_indices(indices)?;
        if split.image_bytes() != self.plan.image_bytes || indices.len() != self.plan.batch {
            let (images, bytes) = (indices.len(), split.image_bytes());
            return Err(Error::Internal(format!("{images} images of {bytes} bytes for another plan")));
        }
        let (mut images, mut labels) = (Vec::new(), Vec::new());
        for index in indices.iter().map(|index| *index as usize) {
            let is_there = index < split.len();
            images.extend_from_slice(if is_there { split.image(index) } else { &[] });
            labels.push(if is_there { split.label(index).into() } else { NO_LABEL });
            images.resize(labels.len() * split.image_bytes(), 0);
        }
        for (storage, values) in
            [(Storage::Images, Values::Bytes(images)), (Storage::Labels, Values::Words(labels))]
        {
            if let Some(id) = self.plan.only(storage) {
                self.write(id, values)?;
            }
        }
        self.step_as_is(scalars)
    }

    /// One step on what the tensors hold, see [`Interpreter::write`].
    pub fn step_as_is(&mut self, scalars: StepScalars) -> Result<()> {
        let plan = self.plan.clone();
        for planned in &plan.ops {
            let mut tensors = vec![None; plan.tensors.len()];
            for id in planned.op.reads().into_iter().chain(planned.op.writes()) {
                tensors[id.index()] = Some(self.read(id)?);
            }
            let results = compute(&planned.op, &Inputs { plan: &plan, scalars, tensors: &tensors })?;
            for (id, values) in planned.op.writes().into_iter().zip(results) {
                self.write(id, values)?;
            }
        }
        Ok(())
    }

    /// A tensor's contents.
    pub fn read(&self, id: TensorId) -> Result<Values> {
        let tensor = self.plan.tensor(id);
        if let Some(flat) = flat_of(tensor.storage) {
            let start = tensor.storage.offset();
            return Ok(Values::Floats(self.flat(flat)[start..start + tensor.len()].to_vec()));
        }
        match self.tensors.get(id.index()) {
            Some(Some(values)) => Ok(values.clone()),
            _ => Err(Error::Internal(format!("{tensor} of another plan"))),
        }
    }

    /// Overwrites a tensor. Fewer values than it has overwrite its first ones.
    pub fn write(&mut self, id: TensorId, values: Values) -> Result<()> {
        let tensor = self.plan.tensor(id);
        let start = tensor.storage.offset();
        let error = Err(Error::Internal(format!("{} values for {tensor}", values.len())));
        if values.len() > tensor.len() {
            return error;
        }
        match (flat_of(tensor.storage), values) {
            (Some(flat), Values::Floats(values)) => {
                self.flat_mut(flat)[start..start + values.len()].copy_from_slice(&values);
            }
            (None, Values::Floats(new)) if tensor.element == Element::F32 => {
                if let Some(Some(Values::Floats(old))) = self.tensors.get_mut(id.index()) {
                    old[..new.len()].copy_from_slice(&new);
                }
            }
            (None, values) if values.len() == tensor.len() => self.tensors[id.index()] = Some(values),
            _ => return error,
        }
        Ok(())
    }

    /// A flat buffer; empty where the plan has no such state.
    pub fn flat(&self, flat: Flat) -> &[f64] {
        match flat {
            Flat::Parameters => &self.parameters,
            Flat::Gradients => &self.gradients,
            Flat::State(which) => self.states.get(which).map_or(&[], Vec::as_slice),
            Flat::Statistics => &self.statistics,
        }
    }

    pub fn flat_mut(&mut self, flat: Flat) -> &mut [f64] {
        match flat {
            Flat::Parameters => &mut self.parameters,
            Flat::Gradients => &mut self.gradients,
            Flat::State(which) => self.states.get_mut(which).map_or(&mut [], Vec::as_mut_slice),
            Flat::Statistics => &mut self.statistics,
        }
    }

    /// The last step's loss; none if the plan computes no loss.
    pub fn loss(&self) -> Option<f64> {
        match self.read(self.plan.only(Storage::Losses)?) {
            Ok(Values::Floats(losses)) => losses.first().copied(),
            _ => None,
        }
    }
}

/// The flat buffer of which a tensor is a slice, if of any.
fn flat_of(storage: Storage) -> Option<Flat> {
    match storage {
        Storage::Parameters { .. } => Some(Flat::Parameters),
        Storage::Gradients { .. } => Some(Flat::Gradients),
        Storage::State { which, .. } => Some(Flat::State(which)),
        Storage::Statistics { .. } => Some(Flat::Statistics),
        _ => None,
    }
}
