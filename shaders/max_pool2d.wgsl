// The largest value of each window; what lies outside the image does not count. Value i of the grid is a window.

override COUNT: u32 = MAPS * OUTPUTS;

@group(0) @binding(0) var<storage, read> x: array<f32>;             // [maps, height, width]
@group(0) @binding(1) var<storage, read_write> out: array<f32>;     // [maps, out_height, out_width]

fn compute(i: u32) {
    let area = window_area(i % OUTPUTS / OUT_WIDTH, i % OUT_WIDTH);
    var largest = -3.4028234e38;
    for (var y = area.top; y < area.bottom; y++) {
        for (var column = area.left; column < area.right; column++) {
            largest = max(largest, x[network * STRIDE_0 + input_at(i / OUTPUTS, y, column)]);
        }
    }
    out[network * STRIDE_1 + i] = largest;
}
