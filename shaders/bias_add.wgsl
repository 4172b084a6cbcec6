// out[r, c] = x[r, c] + bias[c]

override ROWS: u32 = 1;
override COLUMNS: u32 = 1;
override BIAS_OFFSET: u32 = 0;
override COUNT: u32 = ROWS * COLUMNS;

@group(0) @binding(0) var<storage, read> x: array<f32>;             // [rows, columns]
@group(0) @binding(1) var<storage, read> bias: array<f32>;          // [columns] at BIAS_OFFSET
@group(0) @binding(2) var<storage, read_write> out: array<f32>;     // [rows, columns]

fn compute(i: u32) {
    let added = bias[network * STRIDE_1 + BIAS_OFFSET + i % COLUMNS];
    out[network * STRIDE_2 + i] = x[network * STRIDE_0 + i] + added;
}
