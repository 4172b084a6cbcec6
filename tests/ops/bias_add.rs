use inkgrad::plan::Op;

use super::{Wanted, check};

/// One addition: half a unit of the last place.
#[test]
fn adds_the_bias_to_every_row() {
    check("bias_add", 6e-8, |op, inputs| {
        let Op::BiasAdd(op) = op else { unreachable!() };
        let (x, bias) = (inputs.floats(op.x), inputs.floats(op.bias));
        vec![Wanted::Floats(x.iter().enumerate().map(|(i, x)| x + bias[i % op.columns]).collect())]
    });
}
