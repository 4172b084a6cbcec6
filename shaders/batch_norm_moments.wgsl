// Mean and biased variance of each channel, and the running statistics' step towards them:
//   mean[c] = sum over r, i of x[r, c, i] / COUNT, variance[c] = sum over r, i of (x[r, c, i] - mean[c])^2 / COUNT
//   running += MOMENTUM * (moment - running), with the unbiased variance
// The variance is taken from the mean in a second pass, since the difference of squares would lose all digits where the
// mean is large.

override MOMENTUM: f32 = 0.1;
/// count / (count - 1), which makes the variance unbiased.
override CORRECTION: f32 = 1.0;
override RUNNING_OFFSET: u32 = 0;

@group(0) @binding(0) var<storage, read> x: array<f32>;                 // [rows, channels, inner]
@group(0) @binding(1) var<storage, read_write> moments: array<f32>;     // [2, channels]: means, variances
@group(0) @binding(2) var<storage, read_write> running: array<f32>;     // [2, channels] at RUNNING_OFFSET

fn compute(channel: u32, thread: u32) {
    var sum = 0.0;
    for (var i = thread; i < COUNT; i += 256u) {
        sum += x[network * STRIDE_0 + value_of_channel(channel, i)];
    }
    let mean = workgroup_sum(thread, sum) / f32(COUNT);

    var squares = 0.0;
    for (var i = thread; i < COUNT; i += 256u) {
        let deviation = x[network * STRIDE_0 + value_of_channel(channel, i)] - mean;
        squares += deviation * deviation;
    }
    let variance = workgroup_sum(thread, squares) / f32(COUNT);
    if (thread == 0u) {
        moments[network * STRIDE_1 + channel] = mean;
        moments[network * STRIDE_1 + CHANNELS + channel] = variance;
        let at = network * STRIDE_2 + RUNNING_OFFSET + channel;
        running[at] += MOMENTUM * (mean - running[at]);
        running[at + CHANNELS] += MOMENTUM * (variance * CORRECTION - running[at + CHANNELS]);
    }
}
