// Hyperbolic tangent: out[i] = tanh(x[i]). Beyond 9 it is 1 in float32, where the built-in may overflow.

override COUNT: u32 = 1;

@group(0) @binding(0) var<storage, read> x: array<f32>;             // [count]
@group(0) @binding(1) var<storage, read_write> out: array<f32>;     // [count]

fn compute(i: u32) {
    out[network * STRIDE_1 + i] = tanh(clamp(x[network * STRIDE_0 + i], -9.0, 9.0));
}
