
// ---- each value: one invocation for every i below COUNT

@compute @workgroup_size(256)
fn main(
    @builtin(workgroup_id) group: vec3<u32>,
    @builtin(num_workgroups) groups: vec3<u32>,
    @builtin(local_invocation_index) thread: u32,
) {
    network = group.z % NETWORKS;
    let i = (group.y * groups.x + group.x) * 256u + thread;
    if (i < COUNT) {
        compute(i);
    }
}
