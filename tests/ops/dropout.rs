use inkgrad::plan::Op;
use inkgrad::verify::cases;

use super::floats;

#[test]
fn as_many_are_dropped_as_the_rate_says() {
    let mut count = 0;
    for case in cases().iter().filter(|case| case.op == "dropout") {
        let Op::Dropout(op) = &case.plan.ops[0].op else { unreachable!() };
        let values = (op.rows * op.columns) as f64;
        if values < 1000.0 {
            continue;
        }
        let dropped = floats(&case.reference().unwrap()[0]).iter().filter(|value| **value == 0.0).count();
        let rate = f64::from(op.rate);
        // Five standard deviations of a binomial.
        let spread = 5.0 * (values * rate * (1.0 - rate)).sqrt();
        assert!((dropped as f64 - rate * values).abs() <= spread, "{}: {dropped}", case.shape);
        count += 1;
    }
    assert!(count >= 3);
}
