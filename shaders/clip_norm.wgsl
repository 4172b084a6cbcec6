// Shortens the whole gradient where it is longer than MAX_NORM (Pascanu et al. 2013; PyTorch's clip_grad_norm_):
//   gradients[i] *= min(1, MAX_NORM / (sqrt(sum of sums) + 1e-6))
// Each invocation adds up the few partial sums itself.

override COUNT: u32 = 1;
override PARTS: u32 = 1;
override MAX_NORM: f32 = 1.0;
override GRADIENTS_OFFSET: u32 = 0;

@group(0) @binding(0) var<storage, read> sums: array<f32>;              // [parts]
@group(0) @binding(1) var<storage, read_write> gradients: array<f32>;   // [count] at GRADIENTS_OFFSET

fn compute(i: u32) {
    var square = 0.0;
    for (var part = 0u; part < PARTS; part++) {
        square += sums[network * STRIDE_0 + part];
    }
    gradients[network * STRIDE_1 + GRADIENTS_OFFSET + i] *= min(1.0, MAX_NORM / (sqrt(square) + 1e-6));
}
