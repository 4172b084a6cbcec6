// Stochastic gradient descent: parameters[i] -= learning_rate * (gradients[i] + WEIGHT_DECAY * parameters[i]).
// One invocation a value.

override COUNT: u32 = 1;
override GRADIENTS_OFFSET: u32 = 0;
override PARAMETERS_OFFSET: u32 = 0;
override WEIGHT_DECAY: f32 = 0.0;

struct StepScalars { first_row: u32, step: u32, learning_rate: f32 }

/// Nets side by side: layer z of the grid works for net z % NETS. From one net to the next it is so many words.
override NETS: u32 = 1;
@id(0) override GRADIENTS_NET: u32 = 0;
@id(1) override PARAMETERS_NET: u32 = 0;

@group(0) @binding(0) var<storage, read> gradients: array<f32>;         // [count]
@group(0) @binding(1) var<storage, read_write> parameters: array<f32>;  // [count]
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
        parameters[place] = old - scalars.learning_rate * gradient;
    }
}
