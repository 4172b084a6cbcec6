// Softmax and cross-entropy of each row, for evaluation: softmax_cross_entropy.wgsl without the gradient.
//   sample_loss[r] = log(sum over c of exp(logits[r, c])) - logits[r, label[r]]
// labels [rows], sample_loss [rows], logits [rows, classes]

const HAS_GRADIENT = false;

fn store_gradient(row: u32, class_index: u32, gradient: f32) {}
