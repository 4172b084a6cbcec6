// Gradient descent with momentum, as in PyTorch's SGD:
//   g = gradients[i] + WEIGHT_DECAY * parameters[i]
//   velocity[i] = MOMENTUM * velocity[i] + g
//   parameters[i] -= learning_rate * velocity[i], or with NESTEROV  learning_rate * (g + MOMENTUM * velocity[i])

override COUNT: u32 = 1;
override GRADIENTS_OFFSET: u32 = 0;
override PARAMETERS_OFFSET: u32 = 0;
override VELOCITY_OFFSET: u32 = 0;
override MOMENTUM: f32 = 0.9;
override NESTEROV: bool = false;
override WEIGHT_DECAY: f32 = 0.0;

@group(0) @binding(0) var<storage, read> gradients: array<f32>;         // [count]
@group(0) @binding(1) var<storage, read_write> parameters: array<f32>;  // [count]
@group(0) @binding(2) var<storage, read_write> velocity: array<f32>;    // [count]

fn compute(i: u32) {
    let at = network * STRIDE_1 + PARAMETERS_OFFSET + i;
    let velocity_at = network * STRIDE_2 + VELOCITY_OFFSET + i;
    let old = parameters[at];
    let gradient = gradients[network * STRIDE_0 + GRADIENTS_OFFSET + i] + WEIGHT_DECAY * old;
    let speed = MOMENTUM * velocity[velocity_at] + gradient;
    velocity[velocity_at] = speed;
    parameters[at] = old - learning_rate() * select(speed, gradient + MOMENTUM * speed, NESTEROV);
}
