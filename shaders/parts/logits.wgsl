
// ---- logits that an earlier op has stored

@group(0) @binding(2) var<storage, read> logits: array<f32>;                // [rows, classes]

fn logit(row: u32, class_index: u32) -> f32 {
    return logits[network * STRIDE_2 + (first_row + row) * CLASSES + class_index];
}

@compute @workgroup_size(ROW_THREADS, GROUP_ROWS)
fn main(
    @builtin(workgroup_id) group: vec3<u32>,
    @builtin(num_workgroups) groups: vec3<u32>,
    @builtin(local_invocation_id) local: vec3<u32>,
) {
    network = group.z % NETWORKS;
    first_row = (group.y * groups.x + group.x) * GROUP_ROWS;
    cross_entropy(local.y, local.x);
}
