// Dropout: out[i] = x[i] * GAIN where the mask is set, else 0; the backward pass is the same op on the gradients.
// Value i stays where word i % 4 of Philox with counter [i / 4, step, LAYER, 2] is at least THRESHOLD.
// One invocation a counter, that is four neighbouring values.

override COUNT: u32 = 1;
override THRESHOLD: u32 = 0;
override GAIN: f32 = 1.0;
override LAYER: u32 = 0;

struct StepScalars {
    first_row: u32,
    step: u32,
    learning_rate: f32,
    correction1: f32,
    correction2: f32,
    seed_low: u32,
    seed_high: u32,
}

/// Nets side by side: layer z of the grid works for net z % NETS. From one net to the next it is so many words.
override NETS: u32 = 1;
@id(0) override X_NET: u32 = 0;
@id(1) override OUT_NET: u32 = 0;

@group(0) @binding(0) var<storage, read> x: array<f32>;             // [count]
@group(0) @binding(1) var<storage, read_write> out: array<f32>;     // [count]
@group(1) @binding(0) var<uniform> scalars: StepScalars;

/// The random numbers' use, src/random.rs: Stream::Dropout.
const STREAM = 2u;

/// Net k's seed is k more than the first net's.
fn seed_of(net: u32) -> vec2<u32> {
    let low = scalars.seed_low + net;
    return vec2<u32>(low, scalars.seed_high + u32(low < net));
}

/// The low and the high half of a product of two words.
fn multiply(a: u32, b: u32) -> vec2<u32> {
    let low = (a & 0xffffu) * (b & 0xffffu);
    let cross = (a >> 16u) * (b & 0xffffu) + (low >> 16u);
    let other = (a & 0xffffu) * (b >> 16u) + (cross & 0xffffu);
    return vec2<u32>(a * b, (a >> 16u) * (b >> 16u) + (cross >> 16u) + (other >> 16u));
}

/// Philox4x32-10 (Salmon et al. 2011): four random words from a counter and a key, as src/random.rs makes them.
fn philox(start: vec4<u32>, seed: vec2<u32>) -> vec4<u32> {
    var counter = start;
    var key = seed;
    for (var round = 0u; round < 10u; round++) {
        let first = multiply(0xD2511F53u, counter.x);
        let second = multiply(0xCD9E8D57u, counter.z);
        counter = vec4<u32>(second.y ^ counter.y ^ key.x, second.x, first.y ^ counter.w ^ key.y, first.x);
        key += vec2<u32>(0x9E3779B9u, 0xBB67AE85u);
    }
    return counter;
}

@compute @workgroup_size(256)
fn main(
    @builtin(workgroup_id) group: vec3<u32>,
    @builtin(num_workgroups) groups: vec3<u32>,
    @builtin(local_invocation_index) thread: u32,
) {
    let net = group.z % NETS;
    let block = (group.y * groups.x + group.x) * 256u + thread;
    let first = 4u * block;
    if (first >= COUNT) {
        return;
    }
    let words = philox(vec4<u32>(block, scalars.step, LAYER, STREAM), seed_of(net));
    for (var i = 0u; i < min(4u, COUNT - first); i++) {
        out[OUT_NET * net + first + i] = select(0.0, x[X_NET * net + first + i] * GAIN, words[i] >= THRESHOLD);
    }
}
