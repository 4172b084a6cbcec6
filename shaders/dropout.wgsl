// Dropout: out[i] = x[i] * GAIN where the mask is set, else 0; the backward pass is the same op on the gradients.
// Value i stays where word i % 4 of Philox with counter [i / 4, step, LAYER, 2] is at least THRESHOLD. One
// invocation per counter, that is, per four neighbouring values.

override VALUES: u32 = 1;
override THRESHOLD: u32 = 0;
override GAIN: f32 = 1.0;
override LAYER: u32 = 0;
override COUNT: u32 = (VALUES + 3u) / 4u;

@group(0) @binding(0) var<storage, read> x: array<f32>;             // [values]
@group(0) @binding(1) var<storage, read_write> out: array<f32>;     // [values]

/// Which stream of random numbers this is: Stream::Dropout in src/random.rs.
const STREAM = 2u;

fn compute(counter: u32) {
    let first = 4u * counter;
    let words = philox(vec4<u32>(counter, scalars.step, LAYER, STREAM), network_seed());
    for (var i = 0u; i < min(4u, VALUES - first); i++) {
        let value = x[network * STRIDE_0 + first + i] * GAIN;
        out[network * STRIDE_1 + first + i] = select(0.0, value, words[i] >= THRESHOLD);
    }
}
