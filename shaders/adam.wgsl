// Adam (Kingma and Ba 2015, algorithm 1) and AdamW (DECOUPLED), as in PyTorch; g is the gradient:
//   mean[i]   = BETA1 * mean[i] + (1 - BETA1) * g
//   square[i] = BETA2 * square[i] + (1 - BETA2) * g^2
//   parameters[i] -= learning_rate * mean[i] * correction1 / (sqrt(square[i] * correction2) + EPSILON)

override COUNT: u32 = 1;
override GRADIENTS_OFFSET: u32 = 0;
override PARAMETERS_OFFSET: u32 = 0;
override MEAN_OFFSET: u32 = 0;
override SQUARE_OFFSET: u32 = 0;
override BETA1: f32 = 0.9;
override BETA2: f32 = 0.999;
override EPSILON: f32 = 1e-8;
override WEIGHT_DECAY: f32 = 0.0;
/// Whether weight decay is subtracted from the parameter instead of added to the gradient.
override DECOUPLED: bool = false;

@group(0) @binding(0) var<storage, read> gradients: array<f32>;         // [count]
@group(0) @binding(1) var<storage, read_write> parameters: array<f32>;  // [count]
@group(0) @binding(2) var<storage, read_write> mean: array<f32>;        // [count]
@group(0) @binding(3) var<storage, read_write> square: array<f32>;      // [count]

fn compute(i: u32) {
    let at = network * STRIDE_1 + PARAMETERS_OFFSET + i;
    let mean_at = network * STRIDE_2 + MEAN_OFFSET + i;
    let square_at = network * STRIDE_3 + SQUARE_OFFSET + i;
    var old = parameters[at];
    var gradient = gradients[network * STRIDE_0 + GRADIENTS_OFFSET + i];
    let decay = WEIGHT_DECAY * old;
    if (DECOUPLED) {
        old -= learning_rate() * decay;
    } else {
        gradient += decay;
    }
    let first = mean[mean_at] + (1.0 - BETA1) * (gradient - mean[mean_at]);
    let second = BETA2 * square[square_at] + (1.0 - BETA2) * gradient * gradient;
    mean[mean_at] = first;
    square[square_at] = second;
    let root = sqrt(second * scalars.correction2) + EPSILON;
    parameters[at] = old - learning_rate() * (first * scalars.correction1) / root;
}
