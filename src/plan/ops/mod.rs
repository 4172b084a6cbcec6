//! The ops that plans are made of, one file per op. An op is plain data: tensors, sizes, and how its shader is
//! launched. What it computes is in `src/reference/<op>.rs`, `src/cpu/ops/<op>.rs` and `shaders/<op>.wgsl`.

use super::{Plan, TensorId};

mod adam;
mod augment;
mod average_pool2d;
mod average_pool2d_gradient;
mod average_weights;
mod batch_norm;
mod batch_norm_input_gradient;
mod batch_norm_moments;
mod batch_norm_sums;
mod bias_add;
mod blocked_convolution;
mod clip_norm;
mod column_sum;
mod confusion;
mod conv2d;
mod conv2d_input_gradient;
mod conv2d_weight_gradient;
mod count_correct;
mod dense;
mod dense_sgd;
mod dense_softmax_cross_entropy;
mod dropout;
mod gather;
mod launch;
mod loss_sum;
mod matmul;
mod max_pool2d;
mod max_pool2d_gradient;
mod momentum;
mod product;
mod relu;
mod relu_gradient;
mod sgd;
mod shader;
mod softmax_cross_entropy;
mod square_sum;
mod tanh;
mod tanh_gradient;
mod unpack;

/// Calls `$callback!` with every op as `(module, Type)`: the one list that a new op joins.
macro_rules! with_ops {
    ($callback:ident) => {
        $callback! {
            (unpack, Unpack),
            (gather, Gather),
            (matmul, Matmul),
            (bias_add, BiasAdd),
            (column_sum, ColumnSum),
            (softmax_cross_entropy, SoftmaxCrossEntropy),
            (loss_sum, LossSum),
            (sgd, Sgd),
            (count_correct, CountCorrect),
            (confusion, Confusion),
            (dense, Dense),
            (dense_softmax_cross_entropy, DenseSoftmaxCrossEntropy),
            (dense_sgd, DenseSgd),
            (conv2d, Conv2d),
            (conv2d_input_gradient, Conv2dInputGradient),
            (conv2d_weight_gradient, Conv2dWeightGradient),
            (max_pool2d, MaxPool2d),
            (max_pool2d_gradient, MaxPool2dGradient),
            (average_pool2d, AveragePool2d),
            (average_pool2d_gradient, AveragePool2dGradient),
            (relu, Relu),
            (relu_gradient, ReluGradient),
            (tanh, Tanh),
            (tanh_gradient, TanhGradient),
            (dropout, Dropout),
            (batch_norm, BatchNorm),
            (batch_norm_moments, BatchNormMoments),
            (batch_norm_sums, BatchNormSums),
            (batch_norm_input_gradient, BatchNormInputGradient),
            (augment, Augment),
            (momentum, Momentum),
            (adam, Adam),
            (square_sum, SquareSum),
            (clip_norm, ClipNorm),
            (average_weights, AverageWeights),
        }
    };
}
pub(crate) use with_ops;

/// What every op describes: its tensors, its cost and its launches.
pub(crate) trait Describe {
    fn reads(&self) -> Vec<TensorId>;
    fn writes(&self) -> Vec<TensorId>;
    /// Multiplications of a product, each with its addition: what counts as work in figures of speed.
    fn multiply_adds(&self) -> u64 {
        0
    }
    /// How the op's shader is launched in this plan.
    fn launch(&self, plan: &Plan) -> Launch;
    /// Launches of other shaders that give the same result, if shapes and offsets allow them; which is the fastest
    /// depends on the adapter.
    fn alternatives(&self, _plan: &Plan) -> Vec<Launch> {
        Vec::new()
    }
}

/// The name and value of a shader's `override` constant.
pub type Constant = (&'static str, f64);

/// One dispatch: a shader, its constants, its buffers, its grid. Plain data; `gpu` makes pipelines of it.
#[derive(Clone, Debug)]
pub struct Launch {
    pub shader: Shader,
    /// Values of the shader's `override` constants.
    pub constants: Vec<Constant>,
    /// Group 0, binding 0, 1, …: each the whole buffer that holds the tensor. (Group 1 holds the step scalars.) Where several
    /// networks train in one run, the shader's `override` with the binding as its `@id` is the stride between networks in
    /// that buffer, in 32-bit words. No buffer may be listed twice if one of the two is written.
    pub bindings: Vec<(TensorId, Access)>,
    /// Workgroups along x, y and z. An op of `Phase::Metrics` (and `gather`) does a whole block of steps in one dispatch:
    /// z is 1 here, the executor multiplies it by the number of steps, and `group.z / NETWORKS` is the step. Where several
    /// networks train in one run, the executor multiplies z by their number, and `group.z % NETWORKS` is the network.
    pub groups: [u32; 3],
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Access {
    Read,
    ReadWrite,
}

/// How the bytes of a channel become floats: `x = byte / 255 * gain + offset`.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Pixels {
    pub gain: f32,
    pub offset: f32,
}

/// Most channels of an image: red, green and blue.
pub const MAX_CHANNELS: usize = 3;

/// An operand of a product: float32 values, or image bytes that are converted to floats as they are read.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Operand {
    pub tensor: TensorId,
    /// `Some` where the tensor holds image bytes (rows padded to whole words) with the same scale for all
    /// channels.
    pub pixels: Option<Pixels>,
}

impl From<TensorId> for Operand {
    fn from(tensor: TensorId) -> Self {
        Operand { tensor, pixels: None }
    }
}

macro_rules! define {
    ($(($module:ident, $name:ident),)*) => {
        $(pub use $module::$name;)*

        #[derive(Clone, Debug)]
        pub enum Op { $($name($name),)* }

        impl Op {
            /// The op's name, which its shader, its CPU module and its tests have too.
            pub fn name(&self) -> &'static str {
                match self { $(Op::$name(_) => stringify!($module),)* }
            }

            /// Every op's name.
            pub const NAMES: &[&str] = &[$(stringify!($module),)*];

            /// Every op's name and shaders, the plain one first.
            pub fn all_shaders() -> Vec<(&'static str, &'static [Shader])> {
                vec![$((stringify!($module), $module::SHADERS),)*]
            }

            fn describe(&self) -> &dyn Describe {
                match self { $(Op::$name(op) => op,)* }
            }
        }

        $(impl From<$name> for Op {
            fn from(op: $name) -> Op { Op::$name(op) }
        })*
    };
}
with_ops!(define);

pub use augment::Strengths;
pub(crate) use augment::below;
pub use shader::Shader;
pub use softmax_cross_entropy::ClassWeights;

impl Op {
    pub fn reads(&self) -> Vec<TensorId> {
        self.describe().reads()
    }

    /// Tensors that the op writes, or updates in place.
    pub fn writes(&self) -> Vec<TensorId> {
        self.describe().writes()
    }

    /// Multiply-adds of one step, where the op is a product or a convolution; else 0.
    pub fn multiply_adds(&self) -> u64 {
        self.describe().multiply_adds()
    }

    /// How the op can be launched in this plan: first with the plain shader, then with those that may be faster.
    pub fn launches(&self, plan: &Plan) -> Vec<Launch> {
        let op = self.describe();
        let mut launches = vec![op.launch(plan)];
        launches.extend(op.alternatives(plan));
        launches
    }

    pub fn launch(&self, plan: &Plan) -> Launch {
        self.describe().launch(plan)
    }
}
