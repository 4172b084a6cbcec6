// Mean and biased variance of each channel over rows and inner places, and the running statistics' step towards them.
// A workgroup a channel: each invocation takes every 256th value, then the sums meet in a fixed tree. The variance is
// taken from the mean in a second walk, since the difference of squares would lose all digits where the mean is large.

override ROWS: u32 = 1;
override CHANNELS: u32 = 1;
override INNER: u32 = 1;
override MOMENTUM: f32 = 0.1;
/// count / (count - 1), which makes the variance unbiased.
override CORRECTION: f32 = 1.0;
override RUNNING_OFFSET: u32 = 0;

/// Nets side by side: layer z of the grid works for net z % NETS. From one net to the next it is so many words.
override NETS: u32 = 1;
@id(0) override X_NET: u32 = 0;
@id(1) override MOMENTS_NET: u32 = 0;
@id(2) override RUNNING_NET: u32 = 0;

@group(0) @binding(0) var<storage, read> x: array<f32>;                 // [rows, channels, inner]
@group(0) @binding(1) var<storage, read_write> moments: array<f32>;     // [2, channels]: means, variances
@group(0) @binding(2) var<storage, read_write> running: array<f32>;     // [2, channels] at RUNNING_OFFSET

override COUNT: u32 = ROWS * INNER;

var<workgroup> shares: array<f32, 256>;

@compute @workgroup_size(256)
fn main(
    @builtin(workgroup_id) group: vec3<u32>,
    @builtin(num_workgroups) groups: vec3<u32>,
    @builtin(local_invocation_index) thread: u32,
) {
    let net = group.z % NETS;
    // a uniform bound: all invocations of a workgroup leave together
    let channel = group.y * groups.x + group.x;
    if (channel >= CHANNELS) {
        return;
    }
    var sum = 0.0;
    for (var i = thread; i < COUNT; i += 256u) {
        sum += x[X_NET * net + (i / INNER * CHANNELS + channel) * INNER + i % INNER];
    }
    shares[thread] = sum;
    workgroupBarrier();
    for (var half = 128u; half > 0u; half /= 2u) {
        if (thread < half) {
            shares[thread] += shares[thread + half];
        }
        workgroupBarrier();
    }
    let mean = shares[0] / f32(COUNT);
    // all have read the first sum before anyone overwrites it
    workgroupBarrier();

    var squares = 0.0;
    for (var i = thread; i < COUNT; i += 256u) {
        let away = x[X_NET * net + (i / INNER * CHANNELS + channel) * INNER + i % INNER] - mean;
        squares += away * away;
    }
    shares[thread] = squares;
    workgroupBarrier();
    for (var half = 128u; half > 0u; half /= 2u) {
        if (thread < half) {
            shares[thread] += shares[thread + half];
        }
        workgroupBarrier();
    }
    if (thread == 0u) {
        let variance = shares[0] / f32(COUNT);
        moments[MOMENTS_NET * net + channel] = mean;
        moments[MOMENTS_NET * net + CHANNELS + channel] = variance;
        let at = RUNNING_NET * net + RUNNING_OFFSET + channel;
        running[at] += MOMENTUM * (mean - running[at]);
        running[at + CHANNELS] += MOMENTUM * (variance * CORRECTION - running[at + CHANNELS]);
    }
}
