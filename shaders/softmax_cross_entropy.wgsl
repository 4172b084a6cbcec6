// Softmax and cross-entropy of each row, with the gradient with respect to the logits, in one pass.
//   sample_loss[r]        = log(sum over c of exp(logits[r, c])) - logits[r, label[r]]
//   logits_gradient[r, c] = (softmax(logits[r])[c] - (c == label[r])) * SCALE
// labels [rows], sample_loss [rows], logits [rows, classes]

const HAS_GRADIENT = true;

@group(0) @binding(3) var<storage, read_write> logits_gradient: array<f32>; // [rows, classes]

fn store_gradient(row: u32, class_index: u32, gradient: f32) {
    logits_gradient[network * STRIDE_3 + (first_row + row) * CLASSES + class_index] = gradient;
}
