// Matrix product in register blocks, one factor exchanged within subgroups: the same as matmul.wgsl.
//   A is [m, k], or stored as [k, m]; B is [k, n], or stored as [n, k]; out is [m, n]
//
// As matmul_blocked.wgsl, but all invocations of a workgroup use the same 8 vectors of one factor: each lane reads one of them
// and broadcasts it to the others. A vector is a row of A or a column of B, K values long. Of the other factor each lane has 8
// vectors of its own. The launch decides which factor is broadcast: the shader knows a broadcast factor and an own factor, not
// A and B. For subgroups of 8 lanes and more. No invocation leaves early, so that all lanes can broadcast. (Browsers ask for
// `enable subgroups;` here, which naga 30 refuses.) The own factor is read four values at a time: its stored rows must consist
// of whole vec4s and begin at one.

/// Vectors of the broadcast and of the own factor, and values of each.
override BROADCAST: u32 = 1;
override OWN: u32 = 1;
override K: u32 = 1;
override THREADS: u32 = 64;
/// Values from one broadcast vector to the next, and from one value of it to the next.
override BROADCAST_VECTOR: u32 = 1;
override BROADCAST_VALUE: u32 = 1;
/// Whether the own factor is stored as [k, vectors], else as [vectors, k].
override OWN_TRANSPOSED: bool = false;
/// Image bytes in rows that are padded to whole words; else float32. The broadcast factor is never bytes.
override OWN_IS_BYTES: bool = false;
/// Where the tensor begins in its buffer, in values.
override BROADCAST_OFFSET: u32 = 0;
override OWN_OFFSET: u32 = 0;
/// From the results of one broadcast vector to those of the next, and of one own vector.
override OUT_BROADCAST: u32 = 1;
override OUT_OWN: u32 = 1;
/// Whether the result's columns, each with its bias, belong to the broadcast vectors; else to the own ones.
override COLUMNS_ARE_BROADCAST: bool = false;
/// 1 where the own factor holds the rows of a whole block of steps, of which scalars.first_row is this step's first.
override OWN_IN_BLOCK: u32 = 0;

@group(0) @binding(3) var<storage, read> broadcast: array<f32>;
// The own factor once as floats and once as bytes: the same buffer, of which one view is used.
@group(0) @binding(4) var<storage, read> own: array<vec4<f32>>;
@group(0) @binding(5) var<storage, read> own_bytes: array<u32>;

// Fours of a stored row.
override OWN_FOURS: u32 = (select(K, OWN, OWN_TRANSPOSED) + 3u) / 4u;
override INNER_FOURS: u32 = (K + 3u) / 4u;

/// Value k of a broadcast vector; 0 past the last.
fn broadcast_at(vector: u32, k: u32) -> f32 {
    let at = vector * BROADCAST_VECTOR + min(k, K - 1u) * BROADCAST_VALUE;
    return select(0.0, broadcast[network * STRIDE_3 + BROADCAST_OFFSET + at], k < K);
}

/// Four values that lie together in a stored row of the own factor.
fn own_four(row: u32, four: u32) -> vec4<f32> {
    let at = (row + OWN_IN_BLOCK * scalars.first_row) * OWN_FOURS + four;
    if (OWN_IS_BYTES) {
        return pixels(own_bytes[network * STRIDE_5 + at]);
    }
    return own[network * (STRIDE_4 / 4u) + OWN_OFFSET / 4u + at];
}

/// Values 4 inner .. 4 inner + 4 of four own vectors; a column of the result holds one value of each of the
/// four.
fn own_block(inner: u32, vector: u32) -> mat4x4<f32> {
    if (OWN_TRANSPOSED) {
        let four = min(vector / 4u, OWN_FOURS - 1u);
        let last = K - 1u;
        return mat4x4<f32>(
            own_four(min(4u * inner, last), four), own_four(min(4u * inner + 1u, last), four),
            own_four(min(4u * inner + 2u, last), four), own_four(min(4u * inner + 3u, last), four));
    }
    let last = OWN - 1u;
    return transpose(mat4x4<f32>(
        own_four(min(vector, last), inner), own_four(min(vector + 1u, last), inner),
        own_four(min(vector + 2u, last), inner), own_four(min(vector + 3u, last), inner)));
}

/// The result of a broadcast and an own vector.
fn store(broadcast_vector: u32, own_vector: u32, value: f32) {
    if (broadcast_vector < BROADCAST && own_vector < OWN) {
        let column = select(own_vector, broadcast_vector, COLUMNS_ARE_BROADCAST);
        store_result(broadcast_vector * OUT_BROADCAST + own_vector * OUT_OWN, column, value);
    }
}

@compute @workgroup_size(THREADS)
fn main(
    @builtin(workgroup_id) group: vec3<u32>,
    @builtin(local_invocation_id) local: vec3<u32>,
    @builtin(subgroup_invocation_id) lane: u32,
) {
    network = group.z % NETWORKS;
    // Neighbouring workgroups have the same own vectors: they are the larger part of what is read, and so stay
    // in the caches.
    let first = 8u * (group.z / NETWORKS * 65535u + group.x);
    let read_vector = min(first + lane % 8u, BROADCAST - 1u);
    let own_vector = 4u * (2u * THREADS * group.y + local.x);
    let next_vector = own_vector + 4u * THREADS;

    // broadcast vectors 0 to 3 and 4 to 7 by own vectors here and further on
    var here = mat4x4<f32>();
    var here_second = mat4x4<f32>();
    var there = mat4x4<f32>();
    var there_second = mat4x4<f32>();
    for (var inner = 0u; inner < INNER_FOURS; inner++) {
        let k = 4u * inner;
        let read = vec4<f32>(
            broadcast_at(read_vector, k), broadcast_at(read_vector, k + 1u),
            broadcast_at(read_vector, k + 2u), broadcast_at(read_vector, k + 3u));
        // a matrix product of columns [value][own] and [broadcast][value] gives columns [broadcast][own]
        let low = lanes_0_to_3(read);
        let high = lanes_4_to_7(read);
        let own_here = own_block(inner, own_vector);
        here += own_here * low;
        here_second += own_here * high;
        let own_there = own_block(inner, next_vector);
        there += own_there * low;
        there_second += own_there * high;
    }

    store_block(first, own_vector, here);
    store_block(first + 4u, own_vector, here_second);
    store_block(first, next_vector, there);
    store_block(first + 4u, next_vector, there_second);
}
