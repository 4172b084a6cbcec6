
// ---- broadcast: what eight lanes of a subgroup have read, for all of its lanes; one column per lane

fn lanes_0_to_3(read: vec4<f32>) -> mat4x4<f32> {
    return mat4x4<f32>(
        subgroupBroadcast(read, 0u), subgroupBroadcast(read, 1u),
        subgroupBroadcast(read, 2u), subgroupBroadcast(read, 3u));
}

fn lanes_4_to_7(read: vec4<f32>) -> mat4x4<f32> {
    return mat4x4<f32>(
        subgroupBroadcast(read, 4u), subgroupBroadcast(read, 5u),
        subgroupBroadcast(read, 6u), subgroupBroadcast(read, 7u));
}
