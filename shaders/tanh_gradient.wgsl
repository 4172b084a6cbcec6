// The gradient through tanh: output_gradient[i] * (1 - out[i]^2). One invocation a value.

override COUNT: u32 = 1;

/// Nets side by side: layer z of the grid works for net z % NETS. From one net to the next it is so many words.
override NETS: u32 = 1;
@id(0) override OUT_NET: u32 = 0;
@id(1) override OUTPUT_GRADIENT_NET: u32 = 0;
@id(2) override INPUT_GRADIENT_NET: u32 = 0;

@group(0) @binding(0) var<storage, read> out: array<f32>;                   // [count], of the forward pass
@group(0) @binding(1) var<storage, read> output_gradient: array<f32>;       // [count]
@group(0) @binding(2) var<storage, read_write> input_gradient: array<f32>;  // [count]

@compute @workgroup_size(256)
fn main(
    @builtin(workgroup_id) group: vec3<u32>,
    @builtin(num_workgroups) groups: vec3<u32>,
    @builtin(local_invocation_index) thread: u32,
) {
    let net = group.z % NETS;
    let at = (group.y * groups.x + group.x) * 256u + thread;
    if (at < COUNT) {
        let value = out[OUT_NET * net + at];
        let gradient = output_gradient[OUTPUT_GRADIENT_NET * net + at];
        input_gradient[INPUT_GRADIENT_NET * net + at] = gradient * (1.0 - value * value);
    }
}
