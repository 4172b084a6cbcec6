// The same as max_pool2d_gradient.wgsl where windows lie side by side, neither overlapping nor leaving gaps: each window's
// gradient goes to its first largest value, row by row, found again from x. Value i of the grid is a window: it reads each of
// its values once and writes their gradients.

/// Whether x is the output of a ReLU: then values that are not above 0 get no gradient.
override RELU: u32 = 0;
/// Windows along each axis, including partial ones below and right of the last whole ones, whose values get no
/// gradient.
override DOWN: u32 = (HEIGHT + TOP + KERNEL_HEIGHT - 1u) / KERNEL_HEIGHT;
override ACROSS: u32 = (WIDTH + LEFT + KERNEL_WIDTH - 1u) / KERNEL_WIDTH;
override COUNT: u32 = MAPS * DOWN * ACROSS;

@group(0) @binding(0) var<storage, read> x: array<f32>;                     // [maps, height, width]
@group(0) @binding(1) var<storage, read> output_gradient: array<f32>;       // [maps, out_height, out_width]
@group(0) @binding(2) var<storage, read_write> input_gradient: array<f32>;  // [maps, height, width]

fn compute(i: u32) {
    let map = i / (DOWN * ACROSS);
    let row = i % (DOWN * ACROSS) / ACROSS;
    let column = i % ACROSS;
    let area = window_area(row, column);

    var largest_at = input_at(map, area.top, area.left);
    var largest = x[network * STRIDE_0 + largest_at];
    for (var y = area.top; y < area.bottom; y++) {
        for (var x_at = area.left; x_at < area.right; x_at++) {
            let at = input_at(map, y, x_at);
            let value = x[network * STRIDE_0 + at];
            largest_at = select(largest_at, at, value > largest);
            largest = max(largest, value);
        }
    }
    var gradient = 0.0;
    if (row < OUT_HEIGHT && column < OUT_WIDTH && (RELU == 0u || largest > 0.0)) {
        gradient = output_gradient[network * STRIDE_1 + (map * OUT_HEIGHT + row) * OUT_WIDTH + column];
    }
    for (var y = area.top; y < area.bottom; y++) {
        for (var x_at = area.left; x_at < area.right; x_at++) {
            let at = input_at(map, y, x_at);
            input_gradient[network * STRIDE_2 + at] = select(0.0, gradient, at == largest_at);
        }
    }
}
