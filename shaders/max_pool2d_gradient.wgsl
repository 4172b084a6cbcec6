// Each window's gradient goes to its first largest value, row by row, found again from x.
// Value i of the grid is a value of the input: it adds up the windows that hold it, in order.

/// Whether x is the output of a ReLU: then values that are not above 0 get no gradient.
override RELU: u32 = 0;
override COUNT: u32 = MAPS * INPUTS;

@group(0) @binding(0) var<storage, read> x: array<f32>;                     // [maps, height, width]
@group(0) @binding(1) var<storage, read> output_gradient: array<f32>;       // [maps, out_height, out_width]
@group(0) @binding(2) var<storage, read_write> input_gradient: array<f32>;  // [maps, height, width]

fn compute(i: u32) {
    let map = i / INPUTS;
    let own_y = i % INPUTS / WIDTH + TOP;
    let own_x = i % WIDTH + LEFT;
    let own = x[network * STRIDE_0 + i];
    let windows = windows_of(own_y, own_x);
    var sum = 0.0;
    for (var row = windows.top; row < windows.bottom; row++) {
        for (var column = windows.left; column < windows.right; column++) {
            let area = window_area(row, column);
            // this is the window's first largest value if none before it is as large and none after it is larger
            var is_largest = RELU == 0u || own > 0.0;
            for (var y = area.top; y < area.bottom; y++) {
                for (var other_x = area.left; other_x < area.right; other_x++) {
                    let value = x[network * STRIDE_0 + input_at(map, y, other_x)];
                    let is_before = y < own_y || (y == own_y && other_x < own_x);
                    is_largest = is_largest && !(value > own || (is_before && value == own));
                }
            }
            let gradient = output_gradient[network * STRIDE_1 + (map * OUT_HEIGHT + row) * OUT_WIDTH + column];
            sum += select(0.0, gradient, is_largest);
        }
    }
    input_gradient[network * STRIDE_2 + i] = sum;
}
