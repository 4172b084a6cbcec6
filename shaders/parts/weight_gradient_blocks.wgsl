
// ---- weight gradient in register blocks: 8 output channels of two kernel rows per invocation, a kernel row being one (c,
// i) with its up to 5 j. An invocation goes through a group's images strip by strip; the op defines gradient_blocks(image,
// channel, y, x)

override THREADS: u32 = 64;
override SLOTS: u32 = THREADS;
const DEPTH_FIRST = false;
override KERNEL_ROWS: u32 = IN_CHANNELS * KERNEL_HEIGHT;
override GROUPS: u32 = (ROWS + GROUP - 1u) / GROUP;

/// The gradients of a strip, one position per column: of four channels, and of the next four.
struct GradientBlocks {
    first: mat4x4<f32>,
    second: mat4x4<f32>,
}

/// The sums of a tap, or of the bias: of four channels, and of the next four.
struct Sums {
    first: vec4<f32>,
    second: vec4<f32>,
}

struct KernelRow {
    tap0: Sums,
    tap1: Sums,
    tap2: Sums,
    tap3: Sums,
    tap4: Sums,
}

fn with_strip(sums: Sums, gradients: GradientBlocks, values: vec4<f32>) -> Sums {
    return Sums(sums.first + gradients.first * values, sums.second + gradients.second * values);
}

fn row_with_strip(sums: KernelRow, gradients: GradientBlocks, seen: Seen) -> KernelRow {
    var row = sums;
    row.tap0 = with_strip(row.tap0, gradients, seen.first);
    if (KERNEL_WIDTH > 1u) { row.tap1 = with_strip(row.tap1, gradients, second_column(seen)); }
    if (KERNEL_WIDTH > 2u) { row.tap2 = with_strip(row.tap2, gradients, third_column(seen)); }
    if (KERNEL_WIDTH > 3u) { row.tap3 = with_strip(row.tap3, gradients, fourth_column(seen)); }
    if (KERNEL_WIDTH > 4u) { row.tap4 = with_strip(row.tap4, gradients, seen.second); }
    return row;
}

/// Two sums over the depth.
fn pair_over_depth(a: Sums, b: Sums, slot: u32, depth: u32) -> mat4x4<f32> {
    return sum_over_depth(mat4x4<f32>(a.first, a.second, b.first, b.second), slot, depth);
}

fn row_over_depth(row: KernelRow, slot: u32, depth: u32) -> KernelRow {
    let first = pair_over_depth(row.tap0, row.tap1, slot, depth);
    let next = pair_over_depth(row.tap2, row.tap3, slot, depth);
    let last = pair_over_depth(row.tap4, row.tap4, slot, depth);
    return KernelRow(
        Sums(first[0], first[1]), Sums(first[2], first[3]), Sums(next[0], next[1]), Sums(next[2], next[3]),
        Sums(last[0], last[1]));
}

/// Kernel rows `kernel_row` and the next of 8 channels, summed over a group's images and stored. The invocation of `depth`
/// takes every DEPTH-th row of the output.
fn sum_group(group: u32, kernel_row: u32, channel: u32, slot: u32, depth: u32, is_stored: bool) {
    let row_a = min(kernel_row, KERNEL_ROWS - 1u);
    let row_b = min(kernel_row + 1u, KERNEL_ROWS - 1u);
    var a: KernelRow;
    var b: KernelRow;
    var bias: Sums;
    let first = group * GROUP;
    let output_rows = (min(first + GROUP, ROWS) - first) * OUT_HEIGHT;
    for (var output_row = depth; output_row < output_rows; output_row += DEPTH) {
        let image = first + output_row / OUT_HEIGHT;
        let y = output_row % OUT_HEIGHT;
        for (var x = 0u; x < OUT_WIDTH; x += 4u) {
            let gradients = gradient_blocks(image, channel, y, x);
            let seen_a = seen(image, row_a / KERNEL_HEIGHT, row_a % KERNEL_HEIGHT, y, x);
            let seen_b = seen(image, row_b / KERNEL_HEIGHT, row_b % KERNEL_HEIGHT, y, x);
            if (HAS_BIAS) {
                bias = with_strip(bias, gradients, vec4<f32>(1.0));
            }
            a = row_with_strip(a, gradients, seen_a);
            b = row_with_strip(b, gradients, seen_b);
        }
    }
    if (DEPTH > 1u) {
        a = row_over_depth(a, slot, depth);
        b = row_over_depth(b, slot, depth);
        let sum = pair_over_depth(bias, bias, slot, depth);
        bias = Sums(sum[0], sum[1]);
    }
    if (is_stored && depth == 0u) {
        store_row(group, kernel_row, channel, a);
        store_row(group, kernel_row + 1u, channel, b);
        if (HAS_BIAS && kernel_row == 0u) {
            store_eight(group * PARTIAL + OUT_CHANNELS * TAPS, 1u, channel, bias);
        }
    }
}

fn store_row(group: u32, kernel_row: u32, channel: u32, row: KernelRow) {
    if (kernel_row < KERNEL_ROWS) {
        let start = group * PARTIAL + kernel_row * KERNEL_WIDTH;
        store_eight(start, TAPS, channel, row.tap0);
        if (KERNEL_WIDTH > 1u) { store_eight(start + 1u, TAPS, channel, row.tap1); }
        if (KERNEL_WIDTH > 2u) { store_eight(start + 2u, TAPS, channel, row.tap2); }
        if (KERNEL_WIDTH > 3u) { store_eight(start + 3u, TAPS, channel, row.tap3); }
        if (KERNEL_WIDTH > 4u) { store_eight(start + 4u, TAPS, channel, row.tap4); }
    }
}

/// A tap, or the bias, of eight channels; channels are `step` values apart.
fn store_eight(start: u32, step: u32, channel: u32, sums: Sums) {
    store_four(start, step, channel, sums.first);
    store_four(start, step, channel + 4u, sums.second);
}
