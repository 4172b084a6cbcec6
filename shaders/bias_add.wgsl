// out[r, c] = x[r, c] + bias[c]. One invocation a value.

override ROWS: u32 = 1;
override COLUMNS: u32 = 1;
override BIAS_OFFSET: u32 = 0;

@group(0) @binding(0) var<storage, read> x: array<f32>;             // [rows, columns]
@group(0) @binding(1) var<storage, read> bias: array<f32>;          // [columns] at BIAS_OFFSET
@group(0) @binding(2) var<storage, read_write> out: array<f32>;     // [rows, columns]

@compute @workgroup_size(256)
fn main(
    @builtin(workgroup_id) group: vec3<u32>,
    @builtin(num_workgroups) groups: vec3<u32>,
    @builtin(local_invocation_index) thread: u32,
) {
    let at = (group.y * groups.x + group.x) * 256u + thread;
    if (at < ROWS * COLUMNS) {
        out[at] = x[at] + bias[BIAS_OFFSET + at % COLUMNS];
    }
}
