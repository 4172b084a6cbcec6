// The same as max_pool2d_gradient.wgsl where windows lie side by side, neither overlapping nor leaving gaps: each window's
// gradient goes to its first largest value, row by row, found again from x. One invocation a window: it reads each of
// the window's values once and writes their gradients.

/// Images times channels.
override MAPS: u32 = 1;
override HEIGHT: u32 = 1;
override WIDTH: u32 = 1;
override OUT_HEIGHT: u32 = 1;
override OUT_WIDTH: u32 = 1;
override KERNEL_HEIGHT: u32 = 1;
override KERNEL_WIDTH: u32 = 1;
/// Rows above and columns left of the image that do not exist.
override TOP: u32 = 0;
override LEFT: u32 = 0;
/// Whether x is what a ReLU gave: then values that are not above 0 get no gradient.
override RELU: u32 = 0;

/// Nets side by side: layer z of the grid works for net z % NETS. From one net to the next it is so many words.
override NETS: u32 = 1;
@id(0) override X_NET: u32 = 0;
@id(1) override OUTPUT_GRADIENT_NET: u32 = 0;
@id(2) override INPUT_GRADIENT_NET: u32 = 0;

@group(0) @binding(0) var<storage, read> x: array<f32>;                     // [maps, height, width]
@group(0) @binding(1) var<storage, read> output_gradient: array<f32>;       // [maps, out_height, out_width]
@group(0) @binding(2) var<storage, read_write> input_gradient: array<f32>;  // [maps, height, width]

// Windows, and what is left of the image below and right of the last whole ones: those values get no gradient.
override DOWN: u32 = (HEIGHT + TOP + KERNEL_HEIGHT - 1u) / KERNEL_HEIGHT;
override ACROSS: u32 = (WIDTH + LEFT + KERNEL_WIDTH - 1u) / KERNEL_WIDTH;

@compute @workgroup_size(64)
fn main(
    @builtin(workgroup_id) group: vec3<u32>,
    @builtin(num_workgroups) groups: vec3<u32>,
    @builtin(local_invocation_index) thread: u32,
) {
    let net = group.z % NETS;
    let at = (group.y * groups.x + group.x) * 64u + thread;
    if (at >= MAPS * DOWN * ACROSS) {
        return;
    }
    let map = at / (DOWN * ACROSS);
    let row = at % (DOWN * ACROSS) / ACROSS;
    let column = at % ACROSS;
    // counted with the padding, so that nothing goes below zero
    let top = max(row * KERNEL_HEIGHT, TOP);
    let bottom = min((row + 1u) * KERNEL_HEIGHT, TOP + HEIGHT);
    let left = max(column * KERNEL_WIDTH, LEFT);
    let right = min((column + 1u) * KERNEL_WIDTH, LEFT + WIDTH);
    let start = map * HEIGHT * WIDTH;

    var gradient = 0.0;
    if (row < OUT_HEIGHT && column < OUT_WIDTH) {
        gradient = output_gradient[OUTPUT_GRADIENT_NET * net + (map * OUT_HEIGHT + row) * OUT_WIDTH + column];
    }
    var largest = x[X_NET * net + start + (top - TOP) * WIDTH + left - LEFT];
    var place = start + (top - TOP) * WIDTH + left - LEFT;
    for (var y = top; y < bottom; y++) {
        for (var x_at = left; x_at < right; x_at++) {
            let here = start + (y - TOP) * WIDTH + x_at - LEFT;
            let value = x[X_NET * net + here];
            place = select(place, here, value > largest);
            largest = max(largest, value);
        }
    }
    if (RELU == 1u && !(largest > 0.0)) {
        gradient = 0.0;
    }
    for (var y = top; y < bottom; y++) {
        for (var x_at = left; x_at < right; x_at++) {
            let here = start + (y - TOP) * WIDTH + x_at - LEFT;
            input_gradient[INPUT_GRADIENT_NET * net + here] = select(0.0, gradient, here == place);
        }
    }
}
