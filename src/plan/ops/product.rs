//! Matrix products: the shaders of `matmul` and `dense`, and how they are launched.

use super::launch::{
    MAX_BROADCASTING, READ, WRITE, blocks, folded, is_large, large_tile, launch, layered, offset, operand,
    pixels, split_tile, tile,
};
use super::shader::{Shader, join};
use super::{Constant, Launch, Operand};
use crate::plan::{Plan, TensorId};

pub(super) static SHADERS: &[Shader] = &[
    Shader::plain(join!(
        "matmul",
        "product_operands",
        "product_result",
        "bias_relu",
        "tiled_product",
        "tile_slices",
        "store_block",
        "pixels",
        "step_scalars",
        "networks"
    )),
    Shader::blocked(join!(
        "matmul_blocked",
        "product_blocks",
        "product_operands",
        "product_result",
        "bias_relu",
        "store_block",
        "pixels",
        "step_scalars",
        "networks"
    )),
    Shader::subgroups(join!(
        "matmul_blocked_subgroups",
        "product_result",
        "bias_relu",
        "store_block",
        "broadcast",
        "pixels",
        "step_scalars",
        "networks"
    )),
    Shader::split(join!(
        "matmul_split",
        "product_blocks",
        "product_operands",
        "product_result",
        "bias_relu",
        "depth_sum",
        "store_block",
        "pixels",
        "step_scalars",
        "networks"
    )),
    Shader::large(join!(
        "matmul",
        "product_operands",
        "product_result",
        "bias_relu",
        "tiled_product_large",
        "tile_slices",
        "store_block",
        "pixels",
        "step_scalars",
        "networks"
    )),
    Shader::separate(join!(
        "matmul",
        "product_operands",
        "product_result",
        "bias_relu",
        "separate_product",
        "pixels",
        "step_scalars",
        "networks"
    )),
];

/// A product `[m, k] · [k, n]`.
pub(super) struct Product {
    pub a: Operand,
    pub b: Operand,
    /// One value per column.
    pub bias: Option<TensorId>,
    pub relu: bool,
    /// As in [`super::Matmul`].
    pub relu_mask: Option<TensorId>,
    pub out: TensorId,
    /// A is stored as `[k, m]`, B as `[n, k]`.
    pub transpose_a: bool,
    pub transpose_b: bool,
    /// m, n, k.
    pub sizes: [usize; 3],
}

/// One factor of a product as a list of vectors: the rows of A, or the columns of B. `matmul_blocked_subgroups.wgsl`
/// multiplies each vector of one factor with each vector of the other.
struct Factor {
    operand: Operand,
    vectors: usize,
    /// Values of a vector.
    k: usize,
    /// Stored as `[k, vectors]`, else as `[vectors, k]`.
    is_transposed: bool,
    /// Distance from one vector's results to the next vector's, in values.
    out_step: usize,
}

impl Factor {
    /// Values of a stored row.
    fn columns(&self) -> usize {
        if self.is_transposed { self.vectors } else { self.k }
    }

    /// Whether the stored rows consist of whole vec4s and begin at one.
    fn is_in_fours(&self, plan: &Plan) -> bool {
        let start = plan.tensor(self.operand.tensor).storage.offset();
        self.operand.pixels.is_some() || (self.columns().is_multiple_of(4) && start.is_multiple_of(4))
    }
}

impl Product {
    fn factors(&self) -> [Factor; 2] {
        let [m, n, k] = self.sizes;
        [
            Factor { operand: self.a, vectors: m, k, is_transposed: self.transpose_a, out_step: n },
            Factor { operand: self.b, vectors: n, k, is_transposed: !self.transpose_b, out_step: 1 },
        ]
    }

    /// In tiles of 4 x 4 values per invocation, which works for every shape.
    pub fn plain(&self, plan: &Plan) -> Launch {
        let [m, n, _] = self.sizes;
        self.tiled(plan, &SHADERS[0], tile(m, n, 1), 4)
    }

    /// In tiles of 8 x 8 values per invocation.
    fn large(&self, plan: &Plan) -> Launch {
        let [m, n, _] = self.sizes;
        self.tiled(plan, &SHADERS[4], large_tile(m, n), 8)
    }

    /// In tiles of (width, height) invocations, each with `side` x `side` values.
    fn tiled(&self, plan: &Plan, shader: &Shader, (width, height): (usize, usize), side: usize) -> Launch {
        let [m, n, _] = self.sizes;
        let sides = [("TILE_WIDTH", width as f64), ("TILE_HEIGHT", height as f64)];
        let operands = [(self.a.tensor, READ), (self.b.tensor, READ)];
        let constants =
            sides.into_iter().chain(self.operand_constants(plan)).chain(self.result_constants(plan));
        let bindings = self.result_bindings().into_iter().chain(operands);
        launch(shader, constants, bindings, layered(n.div_ceil(side * width), m.div_ceil(side * height)))
    }

    /// Value by value.
    fn separate(&self, plan: &Plan) -> Launch {
        let [m, n, _] = self.sizes;
        let operands = [(self.a.tensor, READ), (self.b.tensor, READ)];
        let constants = self.operand_constants(plan).chain(self.result_constants(plan));
        let bindings = self.result_bindings().into_iter().chain(operands);
        launch(&SHADERS[5], constants, bindings, folded((m * n).div_ceil(64)))
    }

    /// Value by value where blocks are impossible or tiles would be narrow (which SwiftShader compiles for more than ten minutes);
    /// split sums; large tiles; and, where the factors are stored so that it can be done, register blocks without subgroups and
    /// with them.
    pub fn alternatives(&self, plan: &Plan) -> Vec<Launch> {
        let [m, n, k] = self.sizes;
        if m * n * k == 0 {
            return Vec::new();
        }
        let is_in_fours = self.factors().iter().all(|factor| factor.is_in_fours(plan));
        let blocked = is_in_fours.then(|| self.blocked(plan));
        // With many rows a tiled product is faster, also on SwiftShader: the evaluation of softmax regression.
        let is_narrow = m.min(n) <= 8 || m * n <= 256;
        let separate = (is_narrow || !is_in_fours).then(|| self.separate(plan));
        let split = Some(self.split(plan));
        let large = is_large(m, n, k).then(|| self.large(plan));
        [separate, split, large, blocked, self.with_subgroups(plan)].into_iter().flatten().collect()
    }

    fn blocked(&self, plan: &Plan) -> Launch {
        let [m, n, _] = self.sizes;
        let (width, height) = blocks(m, n);
        let sides = vec![("WIDTH", width as f64), ("HEIGHT", height as f64)];
        self.in_fours(plan, &SHADERS[1], sides, layered(n.div_ceil(8 * width), m.div_ceil(8 * height)))
    }

    fn split(&self, plan: &Plan) -> Launch {
        let [m, n, k] = self.sizes;
        let (width, height, depth) = split_tile(m, n, k);
        let [a, b] = self.factors().map(|factor| factor.is_in_fours(plan) as u32 as f64);
        let sides = vec![
            ("WIDTH", width as f64),
            ("HEIGHT", height as f64),
            ("DEPTH", depth as f64),
            ("A_IN_FOURS", a),
            ("B_IN_FOURS", b),
        ];
        self.in_fours(plan, &SHADERS[3], sides, layered(n.div_ceil(4 * width), m.div_ceil(4 * height)))
    }

    /// With both factors bound twice, as vec4s and as bytes.
    fn in_fours(&self, plan: &Plan, shader: &Shader, sides: Vec<Constant>, groups: [u32; 3]) -> Launch {
        let (a, b) = (self.a.tensor, self.b.tensor);
        let operands = [(a, READ), (a, READ), (b, READ), (b, READ)];
        let constants =
            sides.into_iter().chain(self.operand_constants(plan)).chain(self.result_constants(plan));
        let bindings = self.result_bindings().into_iter().chain(operands);
        launch(shader, constants, bindings, groups)
    }

    /// Any factor of floats can be broadcast. The other must be stored in whole vec4s, which the lanes read.
    fn with_subgroups(&self, plan: &Plan) -> Option<Launch> {
        let threads = |own: &Factor| own.vectors.div_ceil(8).next_multiple_of(8).min(MAX_BROADCASTING);
        // Lanes that have no vector of their own are wasted.
        let lanes = |broadcast: &Factor, own: &Factor| {
            own.vectors.next_multiple_of(8 * threads(own)) * broadcast.vectors.next_multiple_of(8)
        };
        let can_serve =
            |broadcast: &Factor, own: &Factor| broadcast.operand.pixels.is_none() && own.is_in_fours(plan);
        let [a, b] = self.factors();
        let (broadcast, own, b_is_broadcast) = match (can_serve(&a, &b), can_serve(&b, &a)) {
            (true, true) if lanes(&b, &a) < lanes(&a, &b) => (b, a, true),
            (true, _) => (a, b, false),
            (false, true) => (b, a, true),
            (false, false) => return None,
        };
        let threads = threads(&own);
        let (vector, value) = if broadcast.is_transposed { (1, broadcast.vectors) } else { (broadcast.k, 1) };
        let constants = [
            ("BROADCAST", broadcast.vectors as f64),
            ("OWN", own.vectors as f64),
            ("K", own.k as f64),
            ("THREADS", threads as f64),
            ("BROADCAST_VECTOR", vector as f64),
            ("BROADCAST_VALUE", value as f64),
            ("OWN_TRANSPOSED", own.is_transposed as u32 as f64),
            ("BROADCAST_OFFSET", offset(plan, broadcast.operand.tensor)),
            ("OWN_OFFSET", offset(plan, own.operand.tensor)),
            ("OUT_BROADCAST", broadcast.out_step as f64),
            ("OUT_OWN", own.out_step as f64),
            ("COLUMNS_ARE_BROADCAST", b_is_broadcast as u32 as f64),
        ]
        .into_iter()
        .chain(operand(plan, own.operand, ["OWN_IS_BYTES", "OWN_IN_BLOCK"]))
        .chain(self.result_constants(plan));
        let own_operand = own.operand.tensor;
        let operands = [(broadcast.operand.tensor, READ), (own_operand, READ), (own_operand, READ)];
        let bindings = self.result_bindings().into_iter().chain(operands);
        let groups = layered(broadcast.vectors.div_ceil(8), own.vectors.div_ceil(8 * threads));
        Some(launch(&SHADERS[2], constants, bindings, groups))
    }

    /// Sizes and storage of both operands, for the shaders that know A and B.
    fn operand_constants(&self, plan: &Plan) -> impl Iterator<Item = Constant> {
        let [m, n, k] = self.sizes;
        [
            ("M", m as f64),
            ("N", n as f64),
            ("K", k as f64),
            ("TRANSPOSE_A", self.transpose_a as u32 as f64),
            ("TRANSPOSE_B", self.transpose_b as u32 as f64),
            ("A_OFFSET", offset(plan, self.a.tensor)),
            ("B_OFFSET", offset(plan, self.b.tensor)),
        ]
        .into_iter()
        .chain(operand(plan, self.a, ["A_IS_BYTES", "A_IN_BLOCK"]))
        .chain(operand(plan, self.b, ["B_IS_BYTES", "B_IN_BLOCK"]))
    }

    /// What happens to the sums at the end.
    fn result_constants(&self, plan: &Plan) -> impl Iterator<Item = Constant> {
        [
            ("HAS_BIAS", self.bias.is_some() as u32 as f64),
            ("BIAS_OFFSET", self.bias.map_or(0.0, |bias| offset(plan, bias))),
            ("RELU", self.relu as u32 as f64),
            ("HAS_MASK", self.relu_mask.is_some() as u32 as f64),
            ("OUT_OFFSET", offset(plan, self.out)),
        ]
        .into_iter()
        .chain(pixels(&[self.a, self.b]))
    }

    /// The result, ReLU mask and bias; where there is none, something to bind that is only read.
    fn result_bindings(&self) -> [(TensorId, super::Access); 3] {
        let unused = self.b.tensor;
        let (mask, bias) = (self.relu_mask.unwrap_or(unused), self.bias.unwrap_or(unused));
        [(self.out, WRITE), (mask, READ), (bias, READ)]
    }
}
