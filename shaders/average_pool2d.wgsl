// The mean of each window, of the values that lie inside the image. Value i of the grid is a window.

override COUNT: u32 = MAPS * OUTPUTS;

@group(0) @binding(0) var<storage, read> x: array<f32>;             // [maps, height, width]
@group(0) @binding(1) var<storage, read_write> out: array<f32>;     // [maps, out_height, out_width]

fn compute(i: u32) {
    let area = window_area(i % OUTPUTS / OUT_WIDTH, i % OUT_WIDTH);
    var sum = 0.0;
    var count = 0.0;
    for (var y = area.top; y < area.bottom; y++) {
        for (var column = area.left; column < area.right; column++) {
            sum += x[network * STRIDE_0 + input_at(i / OUTPUTS, y, column)];
            count += 1.0;
        }
    }
    out[network * STRIDE_1 + i] = sum / max(count, 1.0);
}
