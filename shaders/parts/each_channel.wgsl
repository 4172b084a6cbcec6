
// ---- each channel: one workgroup of 256 invocations per channel; each invocation takes every 256th value

override ROWS: u32 = 1;
override CHANNELS: u32 = 1;
/// Values of one channel of one row: 1 of a dense layer's output, height * width of a map.
override INNER: u32 = 1;
/// Values of a channel.
override COUNT: u32 = ROWS * INNER;

/// Where value i of a channel is in a tensor [rows, channels, inner].
fn value_of_channel(channel: u32, i: u32) -> u32 {
    return (i / INNER * CHANNELS + channel) * INNER + i % INNER;
}

@compute @workgroup_size(256)
fn main(
    @builtin(workgroup_id) group: vec3<u32>,
    @builtin(num_workgroups) groups: vec3<u32>,
    @builtin(local_invocation_index) thread: u32,
) {
    network = group.z % NETWORKS;
    // a uniform bound: all invocations of a workgroup leave together
    let channel = group.y * groups.x + group.x;
    if (channel < CHANNELS) {
        compute(channel, thread);
    }
}
