// Rectified linear unit: out[i] = max(x[i], 0).

override COUNT: u32 = 1;

@group(0) @binding(0) var<storage, read> x: array<f32>;             // [count]
@group(0) @binding(1) var<storage, read_write> out: array<f32>;     // [count]

fn compute(i: u32) {
    out[network * STRIDE_1 + i] = max(x[network * STRIDE_0 + i], 0.0);
}
