// Adam (Kingma and Ba 2015, algorithm 1) and AdamW (DECOUPLED), as PyTorch has them; g is the gradient:
//   mean[i]   = BETA1 * mean[i] + (1 - BETA1) * g
//   square[i] = BETA2 * square[i] + (1 - BETA2) * g^2
//   parameters[i] -= learning_rate * mean[i] * correction1 / (sqrt(square[i] * correction2) + EPSILON)
// One invocation a value.

override COUNT: u32 = 1;
override GRADIENTS_OFFSET: u32 = 0;
override PARAMETERS_OFFSET: u32 = 0;
override MEAN_OFFSET: u32 = 0;
override SQUARE_OFFSET: u32 = 0;
override BETA1: f32 = 0.9;
override BETA2: f32 = 0.999;
override EPSILON: f32 = 1e-8;
override WEIGHT_DECAY: f32 = 0.0;
/// Decay beside the gradient, not in it.
override DECOUPLED: bool = false;

struct StepScalars { first_row: u32, step: u32, learning_rate: f32, correction1: f32, correction2: f32 }

/// Nets side by side: layer z of the grid works for net z % NETS. From one net to the next it is so many words.
override NETS: u32 = 1;
@id(0) override GRADIENTS_NET: u32 = 0;
@id(1) override PARAMETERS_NET: u32 = 0;
@id(2) override MEAN_NET: u32 = 0;
@id(3) override SQUARE_NET: u32 = 0;

@group(0) @binding(0) var<storage, read> gradients: array<f32>;         // [count]
@group(0) @binding(1) var<storage, read_write> parameters: array<f32>;  // [count]
@group(0) @binding(2) var<storage, read_write> mean: array<f32>;        // [count]
@group(0) @binding(3) var<storage, read_write> square: array<f32>;      // [count]
@group(1) @binding(0) var<uniform> scalars: StepScalars;

@compute @workgroup_size(256)
fn main(
    @builtin(workgroup_id) group: vec3<u32>,
    @builtin(num_workgroups) groups: vec3<u32>,
    @builtin(local_invocation_index) thread: u32,
) {
    let net = group.z % NETS;
    let at = (group.y * groups.x + group.x) * 256u + thread;
    if (at >= COUNT) {
        return;
    }
    let place = PARAMETERS_NET * net + PARAMETERS_OFFSET + at;
    let mean_place = MEAN_NET * net + MEAN_OFFSET + at;
    let square_place = SQUARE_NET * net + SQUARE_OFFSET + at;
    var old = parameters[place];
    var gradient = gradients[GRADIENTS_NET * net + GRADIENTS_OFFSET + at];
    let decay = WEIGHT_DECAY * old;
    if (DECOUPLED) {
        old -= scalars.learning_rate * decay;
    } else {
        gradient += decay;
    }
    let first = mean[mean_place] + (1.0 - BETA1) * (gradient - mean[mean_place]);
    let second = BETA2 * square[square_place] + (1.0 - BETA2) * gradient * gradient;
    mean[mean_place] = first;
    square[square_place] = second;
    let length = sqrt(second * scalars.correction2) + EPSILON;
    parameters[place] = old - scalars.learning_rate * (first * scalars.correction1) / length;
}
