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

struct StepScalars { first_row: u32, step: u32, learning_rate: f32 }

/// Nets side by side: layer z of the grid works for net z % NETS. From one net to the next it is so many words.
override NETS: u32 = 1;
@id(0) override GRADIENTS_NET: u32 = 0;
@id(1) override PARAMETERS_NET: u32 = 0;
@id(2) override VELOCITY_NET: u32 = 0;

@group(0) @binding(0) var<storage, read> gradients: array<f32>;         // [count]
@group(0) @binding(1) var<storage, read_write> parameters: array<f32>;  // [count]
@group(0) @binding(2) var<storage, read_write> velocity: array<f32>;    // [count]
@group(1) @binding(0) var<uniform> scalars: StepScalars;

@compute @workgroup_size(256)
fn main(
    @builtin(workgroup_id) group: vec3<u32>,
    @builtin(num_workgroups) groups: vec3<u32>,
    @builtin(local_invocation_index) thread: u32,
) {
    let net = group.z % NETS;
    let at = (group.y * groups.x + group.x) * 256u + thread;
    if (at < COUNT) {
        let place = PARAMETERS_NET * net + PARAMETERS_OFFSET + at;
        let old = parameters[place];
        let gradient = gradients[GRADIENTS_NET * net + GRADIENTS_OFFSET + at] + WEIGHT_DECAY * old;
        let velocity_place = VELOCITY_NET * net + VELOCITY_OFFSET + at;
        let speed = MOMENTUM * velocity[velocity_place] + gradient;
        velocity[velocity_place] = speed;
        let way = select(speed, gradient + MOMENTUM * speed, NESTEROV);
        parameters[place] = old - scalars.learning_rate * way;
    }
}
