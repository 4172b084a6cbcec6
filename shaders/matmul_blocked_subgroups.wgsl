// Matrix product, large blocks in registers, one side shared within subgroups: out = A · B, plus a bias for each column where
// there is one, through a ReLU where RELU says so.
//   A is [m, k], or stored as [k, m]; B is [k, n], or stored as [n, k]
//
// The same as matmul_blocked.wgsl, but all invocations of a workgroup want the same 8 lines of one side (rows of A or columns
// of B): each lane reads one of them and gives it to the others. Of the other side each lane has 8 lines of its own. Which
// side is shared is the launch's choice; the shader knows a shared and an own side, not A and B, and a side as lines: a line is
// a row of A or a column of B, K values long.
// For subgroups of 8 lanes and more. No invocation leaves early, so that all lanes are there to ask. (Browsers would want
// `enable subgroups;` here, which naga 30 refuses.)
// The own side is read four values at a time: its stored rows must be whole vec4s and begin at one.

/// Lines of the shared and of the own side, and values of each.
override SHARED: u32 = 1;
override OWN: u32 = 1;
override K: u32 = 1;
override THREADS: u32 = 64;
/// Values from one line to the next, and from one value of a line to the next.
override SHARED_LINE: u32 = 1;
override SHARED_VALUE: u32 = 1;
/// Whether the own side is stored as [k, lines], else as [lines, k].
override OWN_TRANSPOSED: bool = false;
/// Image bytes, `byte / 255 * GAIN + OFFSET`, rows padded to whole words; else float32. The shared side is never bytes.
override OWN_IS_BYTES: bool = false;
override OWN_GAIN: f32 = 1.0;
override OWN_OFFSET: f32 = 0.0;
/// Where the tensor begins in its buffer, in values.
override SHARED_START: u32 = 0;
override OWN_START: u32 = 0;
override BIAS_START: u32 = 0;
override OUT_START: u32 = 0;
/// From one shared line's results to the next one's, and from one own line's.
override OUT_SHARED: u32 = 1;
override OUT_OWN: u32 = 1;
override HAS_BIAS: bool = false;
override RELU: bool = false;
/// 0 where what a ReLU gave, at the same place as the result, is not above 0.
override HAS_GATE: bool = false;
/// Whether there is a bias for each shared line, else for each own one.
override BIAS_IS_SHARED: bool = false;
/// 1 where the own side holds the rows of a whole block of steps, of which first_row is this step's first.
override OWN_IN_BLOCK: u32 = 0;

struct StepScalars { first_row: u32 }

/// Nets side by side: layer z of the grid works for net z % NETS. From one net to the next it is so many words.
override NETS: u32 = 1;
@id(0) override SHARED_NET: u32 = 0;
@id(1) override OWN_NET: u32 = 0;
@id(2) override OWN_BYTES_NET: u32 = 0;
@id(3) override BIAS_NET: u32 = 0;
@id(4) override OUT_NET: u32 = 0;
@id(5) override GATE_NET: u32 = 0;
var<private> net: u32;

@group(0) @binding(0) var<storage, read> shared_side: array<f32>;
// The own side once as floats and once as bytes: the same buffer, of which one view is used.
@group(0) @binding(1) var<storage, read> own: array<vec4<f32>>;
@group(0) @binding(2) var<storage, read> own_bytes: array<u32>;
@group(0) @binding(3) var<storage, read> bias: array<f32>;          // [n]
@group(0) @binding(4) var<storage, read_write> out: array<f32>;     // [m, n]
@group(0) @binding(5) var<storage, read> gate: array<f32>;          // [m, n]
@group(1) @binding(0) var<uniform> scalars: StepScalars;

// Fours of a stored row.
override OWN_FOURS: u32 = (select(K, OWN, OWN_TRANSPOSED) + 3u) / 4u;
override INNER_FOURS: u32 = (K + 3u) / 4u;

/// Value k of a shared line; 0 past the last.
fn shared_at(line: u32, k: u32) -> f32 {
    let at = line * SHARED_LINE + min(k, K - 1u) * SHARED_VALUE;
    return select(0.0, shared_side[SHARED_NET * net + SHARED_START + at], k < K);
}

/// Four values that lie together in a stored row of the own side.
fn own_four(row: u32, four: u32) -> vec4<f32> {
    let at = (row + OWN_IN_BLOCK * scalars.first_row) * OWN_FOURS + four;
    if (OWN_IS_BYTES) {
        return unpack4x8unorm(own_bytes[OWN_BYTES_NET * net + at]) * OWN_GAIN + OWN_OFFSET;
    }
    return own[OWN_NET / 4u * net + OWN_START / 4u + at];
}

/// Values 4 inner .. 4 inner + 4 of four own lines, one value of all four a column of the result.
fn own_block(inner: u32, line: u32) -> mat4x4<f32> {
    if (OWN_TRANSPOSED) {
        let four = min(line / 4u, OWN_FOURS - 1u);
        let last = K - 1u;
        return mat4x4<f32>(
            own_four(min(4u * inner, last), four), own_four(min(4u * inner + 1u, last), four),
            own_four(min(4u * inner + 2u, last), four), own_four(min(4u * inner + 3u, last), four));
    }
    let last = OWN - 1u;
    return transpose(mat4x4<f32>(
        own_four(min(line, last), inner), own_four(min(line + 1u, last), inner),
        own_four(min(line + 2u, last), inner), own_four(min(line + 3u, last), inner)));
}

fn store_one(shared_line: u32, own_line: u32, value: f32) {
    if (shared_line < SHARED && own_line < OWN) {
        var result = value;
        if (HAS_BIAS) {
            result += bias[BIAS_NET * net + BIAS_START + select(own_line, shared_line, BIAS_IS_SHARED)];
        }
        let at = shared_line * OUT_SHARED + own_line * OUT_OWN;
        if (RELU) {
            result = max(result, 0.0);
        }
        if (HAS_GATE) {
            result = select(0.0, result, gate[GATE_NET * net + at] > 0.0);
        }
        out[OUT_NET * net + OUT_START + at] = result;
    }
}

fn store_four(shared_line: u32, own_line: u32, values: vec4<f32>) {
    store_one(shared_line, own_line, values.x);
    store_one(shared_line, own_line + 1u, values.y);
    store_one(shared_line, own_line + 2u, values.z);
    store_one(shared_line, own_line + 3u, values.w);
}

/// Four shared lines, one a column of the matrix.
fn store(shared_line: u32, own_line: u32, block: mat4x4<f32>) {
    store_four(shared_line, own_line, block[0]);
    store_four(shared_line + 1u, own_line, block[1]);
    store_four(shared_line + 2u, own_line, block[2]);
    store_four(shared_line + 3u, own_line, block[3]);
}

@compute @workgroup_size(THREADS)
fn main(
    @builtin(workgroup_id) group: vec3<u32>,
    @builtin(local_invocation_id) local: vec3<u32>,
    @builtin(subgroup_invocation_id) lane: u32,
) {
    net = group.z % NETS;
    // Neighbouring workgroups have the same own lines: of both sides the larger part, best kept in a cache.
    let shared_line = 8u * (group.z / NETS * 65535u + group.x);
    let read_line = min(shared_line + lane % 8u, SHARED - 1u);
    let own_line = 4u * (2u * THREADS * group.y + local.x);
    let next_line = own_line + 4u * THREADS;

    // shared lines 0 to 3 and 4 to 7 by own lines here and further on
    var here = mat4x4<f32>();
    var here_second = mat4x4<f32>();
    var there = mat4x4<f32>();
    var there_second = mat4x4<f32>();
    for (var inner = 0u; inner < INNER_FOURS; inner++) {
        let k = 4u * inner;
        let read = vec4<f32>(
            shared_at(read_line, k), shared_at(read_line, k + 1u),
            shared_at(read_line, k + 2u), shared_at(read_line, k + 3u));
        // a matrix product of columns [value][own line] and [shared line][value] gives columns [shared line][own line]
        let first = mat4x4<f32>(
            subgroupBroadcast(read, 0u), subgroupBroadcast(read, 1u),
            subgroupBroadcast(read, 2u), subgroupBroadcast(read, 3u));
        let second = mat4x4<f32>(
            subgroupBroadcast(read, 4u), subgroupBroadcast(read, 5u),
            subgroupBroadcast(read, 6u), subgroupBroadcast(read, 7u));
        let own_here = own_block(inner, own_line);
        here += own_here * first;
        here_second += own_here * second;
        let own_there = own_block(inner, next_line);
        there += own_there * first;
        there_second += own_there * second;
    }

    store(shared_line, own_line, here);
    store(shared_line + 4u, own_line, here_second);
    store(shared_line, next_line, there);
    store(shared_line + 4u, next_line, there_second);
}
