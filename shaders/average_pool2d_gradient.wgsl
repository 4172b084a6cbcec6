// Each window's gradient goes in equal parts to its values that lie inside the image.
// One invocation a value: it walks through the windows that hold it, in order.

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
@id(0) override OUTPUT_GRADIENT_NET: u32 = 0;
@id(1) override INPUT_GRADIENT_NET: u32 = 0;

@group(0) @binding(0) var<storage, read> output_gradient: array<f32>;       // [maps, out_height, out_width]
@group(0) @binding(1) var<storage, read_write> input_gradient: array<f32>;  // [maps, height, width]

@compute @workgroup_size(256)
fn main(
    @builtin(workgroup_id) group: vec3<u32>,
    @builtin(num_workgroups) groups: vec3<u32>,
    @builtin(local_invocation_index) thread: u32,
) {
    let net = group.z % NETS;
    let at = (group.y * groups.x + group.x) * 256u + thread;
    if (at >= MAPS * HEIGHT * WIDTH) {
        return;
    }
    let map = at / (HEIGHT * WIDTH);
    // counted with the padding, so that nothing goes below zero
    let own_y = at % (HEIGHT * WIDTH) / WIDTH + TOP;
    let own_x = at % WIDTH + LEFT;
    let first_row = (max(own_y + 1u, KERNEL_HEIGHT) - KERNEL_HEIGHT + STRIDE_Y - 1u) / STRIDE_Y;
    let first_column = (max(own_x + 1u, KERNEL_WIDTH) - KERNEL_WIDTH + STRIDE_X - 1u) / STRIDE_X;
    var sum = 0.0;
    for (var row = first_row; row <= min(own_y / STRIDE_Y, OUT_HEIGHT - 1u); row++) {
        for (var column = first_column; column <= min(own_x / STRIDE_X, OUT_WIDTH - 1u); column++) {
            let top = max(row * STRIDE_Y, TOP);
            let bottom = min(row * STRIDE_Y + KERNEL_HEIGHT, TOP + HEIGHT);
            let left = max(column * STRIDE_X, LEFT);
            let right = min(column * STRIDE_X + KERNEL_WIDTH, LEFT + WIDTH);
            let gradient = output_gradient[OUTPUT_GRADIENT_NET * net + (map * OUT_HEIGHT + row) * OUT_WIDTH + column];
            sum += gradient / f32((bottom - top) * (right - left));
        }
    }
    input_gradient[INPUT_GRADIENT_NET * net + at] = sum;
}
