// Stochastic gradient descent: parameters[i] -= learning_rate * (gradients[i] + WEIGHT_DECAY * parameters[i]).

override COUNT: u32 = 1;
override GRADIENTS_OFFSET: u32 = 0;
override PARAMETERS_OFFSET: u32 = 0;
override WEIGHT_DECAY: f32 = 0.0;

@group(0) @binding(0) var<storage, read> gradients: array<f32>;         // [count]
@group(0) @binding(1) var<storage, read_write> parameters: array<f32>;  // [count]

fn compute(i: u32) {
    let at = network * STRIDE_1 + PARAMETERS_OFFSET + i;
    let old = parameters[at];
    let gradient = gradients[network * STRIDE_0 + GRADIENTS_OFFSET + i] + WEIGHT_DECAY * old;
    parameters[at] = old - learning_rate() * gradient;
}
