// The mean of each window, of the values that lie inside the image. One invocation a window.

/// Images times channels.
override MAPS: u32 = 1;
override HEIGHT: u32 = 1;
override WIDTH: u32 = 1;
override OUT_HEIGHT: u32 = 1;
override OUT_WIDTH: u32 = 1;
override KERNEL_HEIGHT: u32 = 1;
override KERNEL_WIDTH: u32 = 1;
override STRIDE_Y: u32 = 1;
override STRIDE_X: u32 = 1;
/// Rows above and columns left of the image that do not exist.
override TOP: u32 = 0;
override LEFT: u32 = 0;

/// Nets side by side: layer z of the grid works for net z % NETS. From one net to the next it is so many words.
override NETS: u32 = 1;
@id(0) override X_NET: u32 = 0;
@id(1) override OUT_NET: u32 = 0;

@group(0) @binding(0) var<storage, read> x: array<f32>;             // [maps, height, width]
@group(0) @binding(1) var<storage, read_write> out: array<f32>;     // [maps, out_height, out_width]

@compute @workgroup_size(256)
fn main(
    @builtin(workgroup_id) group: vec3<u32>,
    @builtin(num_workgroups) groups: vec3<u32>,
    @builtin(local_invocation_index) thread: u32,
) {
    let net = group.z % NETS;
    let at = (group.y * groups.x + group.x) * 256u + thread;
    if (at >= MAPS * OUT_HEIGHT * OUT_WIDTH) {
        return;
    }
    let map = at / (OUT_HEIGHT * OUT_WIDTH);
    let place = at % (OUT_HEIGHT * OUT_WIDTH);
    let first_y = place / OUT_WIDTH * STRIDE_Y;
    let first_x = place % OUT_WIDTH * STRIDE_X;
    var sum = 0.0;
    var count = 0.0;
    // counted with the padding, so that nothing goes below zero
    for (var y = max(first_y, TOP); y < min(first_y + KERNEL_HEIGHT, TOP + HEIGHT); y++) {
        for (var x_at = max(first_x, LEFT); x_at < min(first_x + KERNEL_WIDTH, LEFT + WIDTH); x_at++) {
            let value = x[X_NET * net + (map * HEIGHT + y - TOP) * WIDTH + x_at - LEFT];
            sum += value;
            count += 1.0;
        }
    }
    out[OUT_NET * net + at] = sum / max(count, 1.0);
}
