//! Rewrites of a plan that give the same results in fewer ops. Each takes a plan and returns it rewritten; it leaves alone what
//! it does not recognise.

use super::ops::{
    ColumnSum, Conv2d, Dense, DenseSgd, DenseSoftmaxCrossEntropy, Matmul, MaxPool2dGradient, Operand, Sgd,
};
use super::{Op, Phase, Plan, PlannedOp, Storage, TensorId};

/// Every rewrite that helps an executor whose workers keep their rows of the batch in cache: bytes and biases go into
/// products.
pub fn for_cpu(plan: Plan) -> Plan {
    relu_into_pooling(relu_into_convolution(bias_into_product(bytes_into_product(plan))))
}

/// Everything that saves a dispatch: also ReLU and the loss into products, the update into the gradients.
pub fn for_gpu(plan: Plan) -> Plan {
    update_into_gradient(loss_into_product(relu_into_product(for_cpu(plan))))
}

/// Products read image bytes themselves: `unpack` is removed where all its readers can do without.
pub fn bytes_into_product(mut plan: Plan) -> Plan {
    for at in (0..plan.ops.len()).rev() {
        let Op::Unpack(unpack) = plan.ops[at].op.clone() else { continue };
        // An operand has one scale for all its bytes: images whose channels are scaled differently still need
        // `unpack`.
        let [first, others @ ..] = &unpack.channels[..] else { continue };
        if others.iter().any(|channel| channel != first) {
            continue;
        }
        let from_bytes = Operand { tensor: unpack.images, pixels: Some(*first) };
        let replaced: Option<Vec<PlannedOp>> = plan
            .ops
            .iter()
            .map(|planned| match planned.op.reads().contains(&unpack.out) {
                true => Some(PlannedOp {
                    op: with_operand(&planned.op, unpack.out, from_bytes)?,
                    ..planned.clone()
                }),
                false => Some(planned.clone()),
            })
            .collect();
        if let Some(ops) = replaced {
            plan.ops = ops;
            plan.ops.remove(at);
        }
    }
    plan
}

/// The op with one operand in place of a float tensor, where it takes operands there.
fn with_operand(op: &Op, old: TensorId, new: Operand) -> Option<Op> {
    let mut op = op.clone();
    let operands = match &mut op {
        Op::Matmul(op) => vec![&mut op.a, &mut op.b],
        Op::Dense(op) => vec![&mut op.x],
        Op::DenseSoftmaxCrossEntropy(op) => vec![&mut op.x],
        Op::DenseSgd(op) => vec![&mut op.x],
        Op::Conv2d(op) if op.in_channels == 1 => vec![&mut op.x],
        Op::Conv2dWeightGradient(op) if op.in_channels == 1 => vec![&mut op.x],
        _ => return None,
    };
    operands.into_iter().filter(|operand| operand.tensor == old).for_each(|operand| *operand = new);
    (!op.reads().contains(&old)).then_some(op)
}

/// `matmul` by a transposed weight, then `bias_add`: one `dense`.
pub fn bias_into_product(mut plan: Plan) -> Plan {
    for at in (0..plan.ops.len()).rev() {
        let Op::BiasAdd(add) = plan.ops[at].op.clone() else { continue };
        let Some(producer) = only_producer(&plan, add.x) else { continue };
        let Op::Matmul(Matmul {
            a, b, transpose_a: false, transpose_b: true, m, n, k, relu_mask: None, ..
        }) = plan.ops[producer].op
        else {
            continue;
        };
        if b.pixels.is_some() {
            continue;
        }
        let (weight, bias, out) = (b.tensor, add.bias, add.out);
        plan.ops[at].op =
            Dense { x: a, weight, bias, out, rows: m, inputs: k, outputs: n, relu: false }.into();
        plan.ops.remove(producer);
    }
    plan
}

/// `conv2d`, then `relu`: one `conv2d` that stores nothing below zero. (The backward pass reads the ReLU's output, never its
/// input.)
pub fn relu_into_convolution(mut plan: Plan) -> Plan {
    for at in (0..plan.ops.len()).rev() {
        let Op::Relu(relu) = plan.ops[at].op.clone() else { continue };
        let Some(producer) = only_producer(&plan, relu.x) else { continue };
        let Op::Conv2d(convolution) = plan.ops[producer].op.clone() else { continue };
        plan.ops[producer].op = Conv2d { relu: true, out: relu.out, ..convolution }.into();
        plan.ops.remove(at);
    }
    plan
}

/// `max_pool2d_gradient`, then the `relu_gradient` of what was pooled: one pass over the larger of the tensors instead of
/// two.
pub fn relu_into_pooling(mut plan: Plan) -> Plan {
    for at in (0..plan.ops.len()).rev() {
        let Op::ReluGradient(relu) = plan.ops[at].op.clone() else { continue };
        let Some(producer) = only_producer(&plan, relu.output_gradient) else { continue };
        let Op::MaxPool2dGradient(pooling) = plan.ops[producer].op.clone() else { continue };
        if pooling.x != relu.out || pooling.relu {
            continue;
        }
        let input_gradient = relu.input_gradient;
        plan.ops[producer].op = MaxPool2dGradient { relu: true, input_gradient, ..pooling }.into();
        plan.ops.remove(at);
    }
    plan
}

/// `dense`, then `relu`, and a product, then `relu_gradient`: the product is stored through the ReLU, or zeroed where the ReLU
/// output was <= 0. (On the CPU the extra pass is over values in a core's cache and costs next to nothing.)
pub fn relu_into_product(mut plan: Plan) -> Plan {
    for at in (0..plan.ops.len()).rev() {
        let (input, out) = match &plan.ops[at].op {
            Op::Relu(relu) => (relu.x, relu.out),
            Op::ReluGradient(relu) => (relu.output_gradient, relu.input_gradient),
            _ => continue,
        };
        let Some(producer) = only_producer(&plan, input) else { continue };
        let fused: Op = match (&plan.ops[at].op, plan.ops[producer].op.clone()) {
            (Op::Relu(_), Op::Dense(dense)) => Dense { relu: true, out, ..dense }.into(),
            (
                Op::ReluGradient(relu),
                Op::Matmul(product @ Matmul { transpose_a: false, relu_mask: None, .. }),
            ) => Matmul { relu_mask: Some(relu.out), out, ..product }.into(),
            _ => continue,
        };
        plan.ops[producer].op = fused;
        plan.ops.remove(at);
    }
    plan
}

/// The last `dense` and its `softmax_cross_entropy`: one op that never stores the logits.
pub fn loss_into_product(mut plan: Plan) -> Plan {
    for at in (0..plan.ops.len()).rev() {
        let Op::SoftmaxCrossEntropy(loss) = plan.ops[at].op.clone() else { continue };
        // The fused op has no label smoothing, which is rare.
        if loss.smoothing != 0.0 {
            continue;
        }
        let Some(logits_gradient) = loss.logits_gradient else { continue };
        let Some(producer) = only_producer(&plan, loss.logits) else { continue };
        let Op::Dense(dense) = plan.ops[producer].op.clone() else { continue };
        if dense.relu {
            continue;
        }
        plan.ops[at].op = DenseSoftmaxCrossEntropy {
            x: dense.x,
            weight: dense.weight,
            bias: dense.bias,
            labels: loss.labels,
            logits_gradient,
            sample_loss: loss.sample_loss,
            rows: dense.rows,
            inputs: dense.inputs,
            classes: dense.outputs,
            scale: loss.scale,
            class_weights: loss.class_weights,
        }
        .into();
        plan.ops.remove(producer);
    }
    plan
}

/// Plain SGD with the gradients of dense layers: each layer's product, column sum and update become one `dense_sgd`, if that
/// covers every parameter. The fused ops go to the end, into the update phase: the gradient of a layer's input still reads
/// the old weight.
pub fn update_into_gradient(mut plan: Plan) -> Plan {
    let Some(sgd_at) =
        plan.ops.iter().position(|planned| matches!(planned.op, Op::Sgd(Sgd { weight_decay: 0.0, .. })))
    else {
        return plan;
    };
    let (mut fused, mut removed, mut covered) = (Vec::new(), vec![sgd_at], 0);
    for (at, planned) in plan.ops.iter().enumerate() {
        let Op::Matmul(Matmul {
            a,
            b: x,
            out,
            transpose_a: true,
            transpose_b: false,
            m,
            n,
            k,
            relu_mask: None,
        }) = planned.op
        else {
            continue;
        };
        let column_sum = plan.ops.iter().enumerate().find_map(|(at, planned)| match &planned.op {
            Op::ColumnSum(ColumnSum { x, out, .. }) if *x == a.tensor => Some((at, *out)),
            _ => None,
        });
        let Some((sum_at, bias_gradient)) = column_sum else { return plan };
        let (Some(weight), Some(bias)) = (parameter_of(&plan, out), parameter_of(&plan, bias_gradient))
        else {
            return plan;
        };
        let dense_sgd =
            DenseSgd { x, output_gradient: a.tensor, weight, bias, rows: k, inputs: n, outputs: m };
        fused.push(PlannedOp { phase: Phase::Update, op: dense_sgd.into() });
        removed.extend([at, sum_at]);
        covered += m * n + m;
    }
    if covered != plan.flat.parameters {
        return plan;
    }
    let mut at = 0..;
    plan.ops.retain(|_| at.next().is_some_and(|at| !removed.contains(&at)));
    let metrics =
        plan.ops.iter().position(|planned| planned.phase == Phase::Metrics).unwrap_or(plan.ops.len());
    plan.ops.splice(metrics..metrics, fused);
    plan
}

/// The op that writes an activation, where it is the only one that does and one other op reads it.
fn only_producer(plan: &Plan, tensor: TensorId) -> Option<usize> {
    if plan.tensor(tensor).storage != Storage::Activation {
        return None;
    }
    let readers = plan.ops.iter().filter(|planned| planned.op.reads().contains(&tensor)).count();
    let mut writers =
        plan.ops.iter().enumerate().filter(|(_, planned)| planned.op.writes().contains(&tensor));
    let (at, _) = writers.next()?;
    (readers == 1 && writers.next().is_none()).then_some(at)
}

/// The parameter that this tensor is the gradient of: it has the same offset in the parameters' flat buffer.
fn parameter_of(plan: &Plan, gradient: TensorId) -> Option<TensorId> {
    let Storage::Gradients { offset } = plan.tensor(gradient).storage else { return None };
    let shape = &plan.tensor(gradient).shape;
    let found =
        plan.tensors.iter().position(|t| t.storage == Storage::Parameters { offset } && &t.shape == shape);
    found.map(TensorId::new)
}
