// Gradient descent with momentum, as PyTorch's SGD has it:
//   g = gradients[i] + WEIGHT_DECAY * parameters[i]
//   velocity[i] = MOMENTUM * velocity[i] + g
//   parameters[i] -= learning_rate * velocity[i], or with NESTEROV  learning_rate * (g + MOMENTUM * velocity[i])
// One invocation a value.

override COUNT: u32 = 1;
override GRADIENTS_OFFSET: u32 = 0;
override PARAMETERS_OFFSET: u32 = 0;
override VELOCITY_OFFSET: u32 = 0;
override MOMENTUM: f32 = 0.9;
override NESTEROV: bool = false;
override WEIGHT_DECAY: f32 = 0.0;

struct Numbers { first_row: u32, step: u32, learning_rate: f32 }

@group(0) @binding(0) var<storage, read> gradients: array<f32>;         // [count]
@group(0) @binding(1) var<storage, read_write> parameters: array<f32>;  // [count]
@group(0) @binding(2) var<storage, read_write> velocity: array<f32>;    // [count]
@group(1) @binding(0) var<uniform> numbers: Numbers;

@compute @workgroup_size(256)
fn main(
    @builtin(workgroup_id) group: vec3<u32>,
    @builtin(num_workgroups) groups: vec3<u32>,
    @builtin(local_invocation_index) thread: u32,
) {
    let at = (group.y * groups.x + group.x) * 256u + thread;
    if (at < COUNT) {
        let old = parameters[PARAMETERS_OFFSET + at];
        let gradient = gradients[GRADIENTS_OFFSET + at] + WEIGHT_DECAY * old;
        let speed = MOMENTUM * velocity[VELOCITY_OFFSET + at] + gradient;
        velocity[VELOCITY_OFFSET + at] = speed;
        let way = select(speed, gradient + MOMENTUM * speed, NESTEROV);
        parameters[PARAMETERS_OFFSET + at] = old - numbers.learning_rate * way;
    }
}
