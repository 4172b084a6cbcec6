// Hyperbolic tangent: out[i] = tanh(x[i]). Beyond 9 it is 1 in float32, where the built-in may overflow. One invocation a value.

override COUNT: u32 = 1;

/// Nets side by side: layer z of the grid works for net z % NETS. From one net to the next it is so many words.
override NETS: u32 = 1;
@id(0) override X_NET: u32 = 0;
@id(1) override OUT_NET: u32 = 0;

@group(0) @binding(0) var<storage, read> x: array<f32>;             // [count]
@group(0) @binding(1) var<storage, read_write> out: array<f32>;     // [count]

@compute @workgroup_size(256)
fn main(
    @builtin(workgroup_id) group: vec3<u32>,
    @builtin(num_workgroups) groups: vec3<u32>,
    @builtin(local_invocation_index) thread: u32,
) {
    let net = group.z % NETS;
    let at = (group.y * groups.x + group.x) * 256u + thread;
    if (at < COUNT) {
        out[OUT_NET * net + at] = tanh(clamp(x[X_NET * net + at], -9.0, 9.0));
    }
}
