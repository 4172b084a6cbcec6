// The gradient through tanh: input_gradient[i] = output_gradient[i] * (1 - out[i]^2).

override COUNT: u32 = 1;

@group(0) @binding(0) var<storage, read> out: array<f32>;                   // [count], of the forward pass
@group(0) @binding(1) var<storage, read> output_gradient: array<f32>;       // [count]
@group(0) @binding(2) var<storage, read_write> input_gradient: array<f32>;  // [count]

fn compute(i: u32) {
    let value = out[network * STRIDE_0 + i];
    let gradient = output_gradient[network * STRIDE_1 + i];
    input_gradient[network * STRIDE_2 + i] = gradient * (1.0 - value * value);
}
