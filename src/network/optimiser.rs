use serde::{Deserialize, Serialize};

use crate::plan::{Builder, Home, Phase, ops};

/// How gradients change parameters; the learning rate comes with each step.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "snake_case")]
pub enum Optimiser {
    Sgd,
}

impl Optimiser {
    /// Buffers of state, each as long as the parameters.
    pub fn states(&self) -> usize {
        match self {
            Optimiser::Sgd => 0,
        }
    }

    /// Appends the update of the whole flat buffer.
    pub(crate) fn lower(&self, builder: &mut Builder, count: usize) {
        let parameters = builder.named("parameters", &[count], Home::Parameters { offset: 0 });
        let gradients = builder.named("gradients", &[count], Home::Gradients { offset: 0 });
        match self {
            Optimiser::Sgd => builder.push(Phase::Update, ops::Sgd { gradients, parameters, count }),
        }
    }
}
