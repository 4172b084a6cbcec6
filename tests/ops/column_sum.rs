use inkgrad::plan::Op;

use super::{Wanted, check};

/// At most 100 additions, each off by half a unit of the last place of a sum that may be larger than the result.
#[test]
fn adds_up_columns() {
    check("column_sum", 2e-6, |op, inputs| {
        let Op::ColumnSum(op) = op else { unreachable!() };
        let x = inputs.floats(op.x);
        let sum = |c: usize| (0..op.rows).map(|r| x[r * op.columns + c]).sum();
        vec![Wanted::Floats((0..op.columns).map(sum).collect())]
    });
}
