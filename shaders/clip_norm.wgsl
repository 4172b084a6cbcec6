// Shortens the whole gradient where it is longer than MAX_NORM (Pascanu et al. 2013; PyTorch's clip_grad_norm_):
//   gradients[i] *= min(1, MAX_NORM / (sqrt(sum of sums) + 1e-6))
// One invocation a value; each adds up the few partial sums itself.

override COUNT: u32 = 1;
override PARTS: u32 = 1;
override MAX_NORM: f32 = 1.0;
override GRADIENTS_OFFSET: u32 = 0;

/// Nets side by side: layer z of the grid works for net z % NETS. From one net to the next it is so many words.
override NETS: u32 = 1;
@id(0) override SUMS_NET: u32 = 0;
@id(1) override GRADIENTS_NET: u32 = 0;

@group(0) @binding(0) var<storage, read> sums: array<f32>;              // [parts]
@group(0) @binding(1) var<storage, read_write> gradients: array<f32>;   // [count] at GRADIENTS_OFFSET

@compute @workgroup_size(256)
fn main(
    @builtin(workgroup_id) group: vec3<u32>,
    @builtin(num_workgroups) groups: vec3<u32>,
    @builtin(local_invocation_index) thread: u32,
) {
    let net = group.z % NETS;
    let at = (group.y * groups.x + group.x) * 256u + thread;
    var square = 0.0;
    for (var part = 0u; part < PARTS; part++) {
        square += sums[SUMS_NET * net + part];
    }
    if (at < COUNT) {
        gradients[GRADIENTS_NET * net + GRADIENTS_OFFSET + at] *= min(1.0, MAX_NORM / (sqrt(square) + 1e-6));
    }
}
