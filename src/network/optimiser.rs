use serde::{Deserialize, Serialize};

use crate::plan::{Builder, Phase, StepScalars, Storage, ops};

/// How gradients change parameters. The learning rate is given with each step. Formulas and defaults are PyTorch's.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "snake_case", deny_unknown_fields)]
pub enum Optimiser {
    Sgd {
        /// This times the parameter is added to its gradient.
        #[serde(default)]
        weight_decay: f32,
    },
    /// Gradients accumulate in a velocity, which is multiplied by `momentum` in each step.
    Momentum {
        #[serde(default = "nine_tenths")]
        momentum: f32,
        #[serde(default)]
        weight_decay: f32,
    },
    /// Nesterov's momentum, in the form of Sutskever et al. 2013.
    Nesterov {
        #[serde(default = "nine_tenths")]
        momentum: f32,
        #[serde(default)]
        weight_decay: f32,
    },
    /// Adam (Kingma and Ba 2015).
    Adam {
        #[serde(default = "nine_tenths")]
        beta1: f32,
        #[serde(default = "beta2")]
        beta2: f32,
        #[serde(default = "epsilon")]
        epsilon: f32,
        #[serde(default)]
        weight_decay: f32,
    },
    #[serde(rename = "adamw")]
    /// Adam with weight decay decoupled from the gradient (Loshchilov and Hutter 2019).
    AdamW {
        #[serde(default = "nine_tenths")]
        beta1: f32,
        #[serde(default = "beta2")]
        beta2: f32,
        #[serde(default = "epsilon")]
        epsilon: f32,
        #[serde(default = "one_hundredth")]
        weight_decay: f32,
    },
}

fn nine_tenths() -> f32 {
    0.9
}

fn beta2() -> f32 {
    0.999
}

fn epsilon() -> f32 {
    1e-8
}

fn one_hundredth() -> f32 {
    0.01
}

impl Optimiser {
    /// Plain stochastic gradient descent.
    pub const SGD: Optimiser = Optimiser::Sgd { weight_decay: 0.0 };

    /// Number of state buffers, each as long as the parameters.
    pub fn states(&self) -> usize {
        match self {
            Optimiser::Sgd { .. } => 0,
            Optimiser::Momentum { .. } | Optimiser::Nesterov { .. } => 1,
            Optimiser::Adam { .. } | Optimiser::AdamW { .. } => 2,
        }
    }

    /// Checks what the fields' types do not: bounds, and how fields fit together.
    pub(crate) fn check(&self) -> Result<(), String> {
        let (fading, decay, epsilon) = match *self {
            Optimiser::Sgd { weight_decay } => ([0.0; 2], weight_decay, 1.0),
            Optimiser::Momentum { momentum, weight_decay }
            | Optimiser::Nesterov { momentum, weight_decay } => ([momentum; 2], weight_decay, 1.0),
            Optimiser::Adam { beta1, beta2, epsilon, weight_decay }
            | Optimiser::AdamW { beta1, beta2, epsilon, weight_decay } => {
                ([beta1, beta2], weight_decay, epsilon)
            }
        };
        if let Some(wrong) = fading.iter().find(|value| !(0.0..1.0).contains(*value)) {
            return Err(format!(
                "optimiser: {wrong} for `momentum`, `beta1` or `beta2`: from 0 to less than 1"
            ));
        }
        if !(decay.is_finite() && decay >= 0.0) {
            return Err(format!("optimiser: weight_decay = {decay}: zero or more is needed"));
        }
        match epsilon.is_finite() && epsilon > 0.0 {
            true => Ok(()),
            false => Err(format!("optimiser: epsilon = {epsilon}: a number above zero is needed")),
        }
    }

    /// Sets the step scalars that only this optimiser uses; `step` counts from 0.
    pub(crate) fn correct(&self, step: u64, scalars: &mut StepScalars) {
        if let Optimiser::Adam { beta1, beta2, .. } | Optimiser::AdamW { beta1, beta2, .. } = *self {
            let correction = |beta: f32| (1.0 / (1.0 - f64::from(beta).powf(step as f64 + 1.0))) as f32;
            (scalars.correction1, scalars.correction2) = (correction(beta1), correction(beta2));
        }
    }

    /// Appends the update of the whole flat buffer.
    pub(crate) fn lower(&self, builder: &mut Builder, count: usize) {
        let parameters = builder.named("parameters", &[count], Storage::Parameters { offset: 0 });
        let gradients = builder.named("gradients", &[count], Storage::Gradients { offset: 0 });
        let mut state =
            |name: &str, which| builder.named(name, &[count], Storage::State { which, offset: 0 });
        let op: crate::plan::Op = match *self {
            Optimiser::Sgd { weight_decay } => ops::Sgd { gradients, parameters, count, weight_decay }.into(),
            Optimiser::Momentum { momentum, weight_decay }
            | Optimiser::Nesterov { momentum, weight_decay } => {
                let (velocity, nesterov) = (state("velocity", 0), matches!(self, Optimiser::Nesterov { .. }));
                ops::Momentum { gradients, parameters, velocity, count, momentum, nesterov, weight_decay }
                    .into()
            }
            Optimiser::Adam { beta1, beta2, epsilon, weight_decay }
            | Optimiser::AdamW { beta1, beta2, epsilon, weight_decay } => {
                let (mean, square) = (state("mean", 0), state("square", 1));
                let decoupled = matches!(self, Optimiser::AdamW { .. });
                ops::Adam {
                    gradients,
                    parameters,
                    mean,
                    square,
                    count,
                    beta1,
                    beta2,
                    epsilon,
                    weight_decay,
                    decoupled,
                }
                .into()
            }
        };
        builder.push(Phase::Update, op);
    }
}
