use inkgrad::plan::Op;

use super::{Wanted, check, product, transposed};

/// Sums of up to 784 products of values up to 3 that do not all add up: sqrt(784) roundings of 2^-24 each of a
/// partial sum, over a largest result of about their size, times two.
#[test]
fn products_of_every_layout() {
    check("matmul", 4e-6, |op, inputs| {
        let Op::Matmul(op) = op else { unreachable!() };
        let (a, b) = (inputs.operand(op.a), inputs.operand(op.b));
        let a = if op.transpose_a { transposed(&a, op.m) } else { a };
        let b = if op.transpose_b { b } else { transposed(&b, op.n) };
        let mut out = product(&a, &b, op.k);
        if let Some(gate) = op.gate {
            out.iter_mut()
                .zip(inputs.floats(gate))
                .filter(|(_, gate)| *gate <= 0.0)
                .for_each(|(out, _)| *out = 0.0);
        }
        vec![Wanted::Floats(out)]
    });
}
