//! Matrix products in blocks of 8 x 8 values an invocation: what `matmul` and `dense` have beside their plain shaders.

use super::launching::{
    BLOCKED, MOST_SHARING, READ, SUBGROUPS, WRITE, blocks, launch, layered, offset, operand,
};
use super::{Constant, Launch, Operand};
use crate::plan::{Plan, TensorId};

/// A product `[m, k] · [k, n]`.
pub(super) struct BlockedProduct {
    pub a: Operand,
    pub b: Operand,
    pub bias: Option<TensorId>,
    pub relu: bool,
    /// As of [`super::Matmul`].
    pub gate: Option<TensorId>,
    pub out: TensorId,
    /// A is stored as `[k, m]`, B as `[n, k]`.
    pub transpose_a: bool,
    pub transpose_b: bool,
    /// m, n, k.
    pub sizes: [usize; 3],
}

/// One side of a product as a list of lines, which `matmul_blocked_subgroups.wgsl` multiplies each with each of the other side:
/// the rows of A, the columns of B.
struct Side {
    operand: Operand,
    lines: usize,
    /// Values of a line.
    k: usize,
    /// Stored as `[k, lines]`, else as `[lines, k]`.
    is_transposed: bool,
    /// From one line's results to the next one's.
    out_step: usize,
}

impl Side {
    /// Values of a stored row.
    fn columns(&self) -> usize {
        if self.is_transposed { self.lines } else { self.k }
    }

    /// Whether the stored rows are whole vec4s from a vec4 on.
    fn is_in_fours(&self, plan: &Plan) -> bool {
        let start = plan.tensor(self.operand.tensor).storage.offset();
        self.operand.pixels.is_some() || (self.columns().is_multiple_of(4) && start.is_multiple_of(4))
    }
}

impl BlockedProduct {
    fn sides(&self) -> [Side; 2] {
        let [m, n, k] = self.sizes;
        [
            Side { operand: self.a, lines: m, k, is_transposed: self.transpose_a, out_step: n },
            Side { operand: self.b, lines: n, k, is_transposed: !self.transpose_b, out_step: 1 },
        ]
    }

    /// In blocks, and the same with one side shared within subgroups: those that can read the sides as they are stored.
    pub fn launches(&self, plan: &Plan) -> Vec<Launch> {
        let [m, n, k] = self.sizes;
        if m * n * k == 0 {
            return Vec::new();
        }
        let [a, b] = self.sides();
        let shared = self.with_subgroups(plan);
        if !(a.is_in_fours(plan) && b.is_in_fours(plan)) {
            return shared.into_iter().collect();
        }
        [Some(self.blocked(plan)), shared].into_iter().flatten().collect()
    }

    fn blocked(&self, plan: &Plan) -> Launch {
        let [m, n, k] = self.sizes;
        let (width, height) = blocks(m, n);
        let constants = [
            ("M", m as f64),
            ("N", n as f64),
            ("K", k as f64),
            ("WIDTH", width as f64),
            ("HEIGHT", height as f64),
            ("TRANSPOSE_A", self.transpose_a as u32 as f64),
            ("TRANSPOSE_B", self.transpose_b as u32 as f64),
            ("A_START", offset(plan, self.a.tensor)),
            ("B_START", offset(plan, self.b.tensor)),
        ]
        .into_iter()
        .chain(self.ends(plan))
        .chain(operand(plan, self.a, ["A_IS_BYTES", "A_GAIN", "A_OFFSET", "A_IN_BLOCK"]))
        .chain(operand(plan, self.b, ["B_IS_BYTES", "B_GAIN", "B_OFFSET", "B_IN_BLOCK"]));
        let (a, b) = (self.a.tensor, self.b.tensor);
        let (bias, gate) = (self.bias.unwrap_or(b), self.gate.unwrap_or(b));
        let bindings =
            [(a, READ), (a, READ), (b, READ), (b, READ), (bias, READ), (self.out, WRITE), (gate, READ)];
        let groups = layered(n.div_ceil(8 * width), m.div_ceil(8 * height));
        let source = include_str!("../../../shaders/matmul_blocked.wgsl");
        Launch { variant: BLOCKED, ..launch(source, constants, bindings, groups) }
    }

    /// Any side of floats can be shared; the other must be stored in fours, for lanes to read theirs.
    fn with_subgroups(&self, plan: &Plan) -> Option<Launch> {
        let threads = |side: &Side| side.lines.div_ceil(8).next_multiple_of(8).min(MOST_SHARING);
        // Lanes that have no line of their own only cost.
        let lanes = |shared: &Side, own: &Side| {
            own.lines.next_multiple_of(8 * threads(own)) * shared.lines.next_multiple_of(8)
        };
        let can_share = |shared: &Side, own: &Side| shared.operand.pixels.is_none() && own.is_in_fours(plan);
        let [a, b] = self.sides();
        let (shared, own, b_is_shared) = match (can_share(&a, &b), can_share(&b, &a)) {
            (true, true) if lanes(&b, &a) < lanes(&a, &b) => (b, a, true),
            (true, _) => (a, b, false),
            (false, true) => (b, a, true),
            (false, false) => return None,
        };
        let threads = threads(&own);
        let (line, value) = if shared.is_transposed { (1, shared.lines) } else { (shared.k, 1) };
        let constants = [
            ("SHARED", shared.lines as f64),
            ("OWN", own.lines as f64),
            ("K", own.k as f64),
            ("THREADS", threads as f64),
            ("SHARED_LINE", line as f64),
            ("SHARED_VALUE", value as f64),
            ("OWN_TRANSPOSED", own.is_transposed as u32 as f64),
            ("SHARED_START", offset(plan, shared.operand.tensor)),
            ("OWN_START", offset(plan, own.operand.tensor)),
            ("OUT_SHARED", shared.out_step as f64),
            ("OUT_OWN", own.out_step as f64),
            ("BIAS_IS_SHARED", b_is_shared as u32 as f64),
        ]
        .into_iter()
        .chain(self.ends(plan))
        .chain(operand(
            plan,
            own.operand,
            ["OWN_IS_BYTES", "OWN_GAIN", "OWN_OFFSET", "OWN_IN_BLOCK"],
        ));
        let (shared_side, own_side) = (shared.operand.tensor, own.operand.tensor);
        let (bias, gate) = (self.bias.unwrap_or(own_side), self.gate.unwrap_or(own_side));
        let own_sides = [(own_side, READ), (own_side, READ)];
        let ends = [(bias, READ), (self.out, WRITE), (gate, READ)];
        let bindings = [(shared_side, READ)].into_iter().chain(own_sides).chain(ends);
        let groups = layered(shared.lines.div_ceil(8), own.lines.div_ceil(8 * threads));
        let source = include_str!("../../../shaders/matmul_blocked_subgroups.wgsl");
        let launch = launch(source, constants, bindings, groups);
        Some(Launch { variant: SUBGROUPS, needs_subgroups: true, ..launch })
    }

    /// What happens to the sums at the end.
    fn ends(&self, plan: &Plan) -> impl Iterator<Item = Constant> {
        [
            ("BIAS_START", self.bias.map_or(0.0, |bias| offset(plan, bias))),
            ("OUT_START", offset(plan, self.out)),
            ("HAS_BIAS", self.bias.is_some() as u32 as f64),
            ("RELU", self.relu as u32 as f64),
            ("HAS_GATE", self.gate.is_some() as u32 as f64),
        ]
        .into_iter()
    }
}
