use inkgrad::plan::Op;
use inkgrad::random::{Stream, philox};
use inkgrad::verify::cases;

use super::{Wanted, check};

#[test]
fn the_mask_is_philox() {
    check("dropout", 1e-7, |op, inputs| {
        let Op::Dropout(op) = op else { unreachable!() };
        let scalars = inputs.case.scalars;
        let seed = u64::from(scalars.seed[0]) | u64::from(scalars.seed[1]) << 32;
        // The layer stands where other streams have the upper half of the step.
        let step = u64::from(scalars.step) | u64::from(op.layer) << 32;
        let values = inputs.floats(op.x).into_iter().enumerate().map(|(i, x)| {
            let word = philox(seed, Stream::Dropout, step, i as u32 / 4)[i % 4];
            let is_kept = f64::from(word) >= (f64::from(op.rate) * 4_294_967_296.0).round();
            if is_kept { x * f64::from(1.0 / (1.0 - op.rate)) } else { 0.0 }
        });
        vec![Wanted::Floats(values.collect())]
    });
}

#[test]
fn as_many_are_dropped_as_the_rate_says() {
    let device = inkgrad::executor::Device::Cpu(inkgrad::cpu::Device::with_threads(1));
    for case in cases().iter().filter(|case| case.op == "dropout") {
        let Op::Dropout(op) = &case.plan.ops[0].op else { unreachable!() };
        let count = op.rows * op.columns;
        if count < 1000 {
            continue;
        }
        let given = pollster::block_on(case.run(&device)).unwrap();
        let dropped = given[0].chunks_exact(4).filter(|word| **word == [0; 4]).count() as f64;
        let rate = f64::from(op.rate);
        // Five standard deviations of a binomial.
        let spread = 5.0 * (count as f64 * rate * (1.0 - rate)).sqrt();
        assert!((dropped - rate * count as f64).abs() <= spread, "{}: {dropped}", case.shape);
    }
}
