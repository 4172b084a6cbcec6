
// ---- result of a product: through bias and ReLU, or a ReLU mask, into its place

override OUT_OFFSET: u32 = 0;
/// Zero the result where the ReLU output at the same index was <= 0: relu_gradient in the same pass.
override HAS_MASK: bool = false;

@group(0) @binding(0) var<storage, read_write> out: array<f32>;     // [m, n] at OUT_OFFSET
@group(0) @binding(1) var<storage, read> relu_output: array<f32>;   // [m, n]

fn store_result(at: u32, column: u32, sum: f32) {
    var result = with_bias_and_relu(sum, column);
    if (HAS_MASK) {
        result = select(0.0, result, relu_output[network * STRIDE_1 + at] > 0.0);
    }
    out[network * STRIDE_0 + OUT_OFFSET + at] = result;
}
