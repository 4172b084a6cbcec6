use super::launch::{MAX_BROADCASTING, READ, WRITE, blocks, folded, input, launch, offset};
use super::shader::{Shader, join};
use super::{Access, Constant, Describe, Launch, Operand};
use crate::plan::{Plan, TensorId};

/// A dense layer's gradients and their SGD step in one pass, the gradients never stored:
/// `weight -= learning_rate * output_gradientᵀ · x`, `bias -= learning_rate * column sums of output_gradient`.
/// The same as `matmul`, `column_sum`, `sgd`.
#[derive(Clone, Debug)]
pub struct DenseSgd {
    /// `[rows, inputs]`.
    pub x: Operand,
    /// `[rows, outputs]`.
    pub output_gradient: TensorId,
    /// `[outputs, inputs]`.
    pub weight: TensorId,
    /// `[outputs]`.
    pub bias: TensorId,
    pub rows: usize,
    pub inputs: usize,
    pub outputs: usize,
}

pub(super) static SHADERS: &[Shader] = &[
    Shader::plain(join!("dense_sgd", "dense_sgd", "input_words", "pixels", "step_scalars", "networks")),
    Shader::blocked(join!(
        "dense_sgd_blocked",
        "dense_sgd",
        "input_fours",
        "pixels",
        "step_scalars",
        "networks"
    )),
    Shader::subgroups(join!(
        "dense_sgd_blocked_subgroups",
        "dense_sgd",
        "input_fours",
        "broadcast",
        "pixels",
        "step_scalars",
        "networks"
    )),
    Shader::split(join!("dense_sgd", "dense_sgd", "input_words", "pixels", "step_scalars", "networks")),
    Shader::separate(join!(
        "dense_sgd_separate",
        "dense_sgd",
        "input_words",
        "pixels",
        "step_scalars",
        "networks"
    )),
];

impl Describe for DenseSgd {
    fn reads(&self) -> Vec<TensorId> {
        vec![self.x.tensor, self.output_gradient, self.weight, self.bias]
    }

    fn writes(&self) -> Vec<TensorId> {
        vec![self.weight, self.bias]
    }

    fn multiply_adds(&self) -> u64 {
        (self.rows * self.inputs * self.outputs) as u64
    }

    fn launch(&self, plan: &Plan) -> Launch {
        self.in_words(plan, &SHADERS[0], [32, 4])
    }

    fn alternatives(&self, plan: &Plan) -> Vec<Launch> {
        if self.inputs * self.outputs == 0 {
            return Vec::new();
        }
        let in_fours = self.x.pixels.is_some() || self.inputs.is_multiple_of(4);
        let can_be_blocked = in_fours && self.outputs.is_multiple_of(4);
        let everywhere = [self.separate(plan), self.in_words(plan, &SHADERS[3], [8, 24])];
        let blocked = can_be_blocked.then(|| self.blocked(plan));
        let subgroups = in_fours.then(|| self.with_subgroups(plan));
        everywhere.into_iter().chain(blocked).chain(subgroups).collect()
    }
}

impl DenseSgd {
    /// `width` invocations along the inputs, and `height` that share the rows.
    fn in_words(&self, plan: &Plan, shader: &Shader, [width, height]: [usize; 2]) -> Launch {
        let input_groups = self.inputs.div_ceil(4 * width);
        let constants = self.sizes(plan).chain([
            ("WIDTH", width as f64),
            ("HEIGHT", height as f64),
            ("INPUT_GROUPS", input_groups as f64),
        ]);
        let bindings = [(self.weight, WRITE), (self.output_gradient, READ), (self.x.tensor, READ)];
        let groups = [input_groups as u32 + 1, self.outputs.div_ceil(5) as u32, 1];
        launch(shader, constants, bindings, groups)
    }

    /// Five outputs by four inputs by each invocation.
    fn separate(&self, plan: &Plan) -> Launch {
        let bindings = [(self.weight, WRITE), (self.output_gradient, READ), (self.x.tensor, READ)];
        let invocations = self.outputs.div_ceil(5) * self.inputs.div_ceil(4);
        launch(&SHADERS[4], self.sizes(plan), bindings, folded(invocations.div_ceil(32)))
    }

    fn sizes(&self, plan: &Plan) -> impl Iterator<Item = Constant> {
        [
            ("ROWS", self.rows as f64),
            ("INPUTS", self.inputs as f64),
            ("OUTPUTS", self.outputs as f64),
            ("WEIGHT_OFFSET", offset(plan, self.weight)),
            ("BIAS_OFFSET", offset(plan, self.bias)),
        ]
        .into_iter()
        .chain(input(plan, self.x))
    }

    /// x twice, as floats and as bytes. The bias lies in the weight's flat buffer, which must not be bound twice.
    fn bindings(&self) -> [(TensorId, Access); 4] {
        let x = self.x.tensor;
        [(self.weight, WRITE), (self.output_gradient, READ), (x, READ), (x, READ)]
    }

    fn blocked(&self, plan: &Plan) -> Launch {
        let (width, height) = blocks(self.outputs, self.inputs);
        let constants = self.sizes(plan).chain([("WIDTH", width as f64), ("HEIGHT", height as f64)]);
        let along = |length: usize, side: usize| length.div_ceil(8 * side) as u32;
        let groups = [along(self.inputs, width), along(self.outputs, height), 1];
        launch(&SHADERS[1], constants, self.bindings(), groups)
    }

    fn with_subgroups(&self, plan: &Plan) -> Launch {
        let blocks = self.inputs.div_ceil(8);
        let threads = blocks.next_multiple_of(8).min(MAX_BROADCASTING);
        let constants = self.sizes(plan).chain([("THREADS", threads as f64)]);
        let groups = [blocks.div_ceil(threads) as u32, self.outputs.div_ceil(8) as u32, 1];
        launch(&SHADERS[2], constants, self.bindings(), groups)
    }
}
