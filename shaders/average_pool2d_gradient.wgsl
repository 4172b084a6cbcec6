// Each window's gradient goes in equal parts to its values that lie inside the image.
// Value i of the grid is a value of the input: it adds up the windows that hold it, in order.

override COUNT: u32 = MAPS * INPUTS;

@group(0) @binding(0) var<storage, read> output_gradient: array<f32>;       // [maps, out_height, out_width]
@group(0) @binding(1) var<storage, read_write> input_gradient: array<f32>;  // [maps, height, width]

fn compute(i: u32) {
    let map = i / INPUTS;
    let windows = windows_of(i % INPUTS / WIDTH + TOP, i % WIDTH + LEFT);
    var sum = 0.0;
    for (var row = windows.top; row < windows.bottom; row++) {
        for (var column = windows.left; column < windows.right; column++) {
            let area = window_area(row, column);
            let gradient = output_gradient[network * STRIDE_0 + (map * OUT_HEIGHT + row) * OUT_WIDTH + column];
            sum += gradient / f32((area.bottom - area.top) * (area.right - area.left));
        }
    }
    input_gradient[network * STRIDE_1 + i] = sum;
}
