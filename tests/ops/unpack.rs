use inkgrad::plan::Op;

use super::{Wanted, check};

/// A multiplication by gain / 255 and an addition.
#[test]
fn makes_floats_of_bytes() {
    check("unpack", 2.4e-7, |op, inputs| {
        let Op::Unpack(op) = op else { unreachable!() };
        let (gain, offset) = (f64::from(op.pixels.gain), f64::from(op.pixels.offset));
        let bytes = inputs.bytes(op.images);
        vec![Wanted::Floats(bytes.iter().map(|byte| f64::from(*byte) / 255.0 * gain + offset).collect())]
    });
}
