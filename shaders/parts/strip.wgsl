
// ---- strips: four neighbouring positions of a row, stride 1. What they see of an input row through kernels up to 5 wide is 8
// values, read once for all taps of the kernel's row. Reads outside the image are moved inside it and their result replaced by
// 0. x is float32 or, with one channel, image bytes in rows that are padded to whole words

override X_IS_BYTES: bool = false;
/// 1 where x holds the rows of a whole block of steps, of which scalars.first_row is this step's first.
override X_IN_BLOCK: u32 = 0;
override WORDS: u32 = (INPUTS + 3u) / 4u;
/// Rows of image bytes in whole words are read by words.
override BY_WORDS: bool = X_IS_BYTES && WIDTH % 4u == 0u;
/// How far into a word a strip's first value is.
override SHIFT: u32 = (4u - LEFT % 4u) % 4u;

@group(0) @binding(0) var<storage, read> x: array<u32>;     // [rows, in_channels, height, width]

/// What the four positions see through a kernel's first column, and through its fifth.
struct Seen {
    first: vec4<f32>,
    second: vec4<f32>,
}

/// What they see through the kernel's columns in between.
fn second_column(seen: Seen) -> vec4<f32> { return vec4<f32>(seen.first.yzw, seen.second.x); }
fn third_column(seen: Seen) -> vec4<f32> { return vec4<f32>(seen.first.zw, seen.second.xy); }
fn fourth_column(seen: Seen) -> vec4<f32> { return vec4<f32>(seen.first.w, seen.second.xyz); }

/// The value at `column` of the image's row that begins at `start`; 0 outside the row.
fn value_at(start: u32, column: i32, inside: bool) -> f32 {
    let at = start + u32(clamp(column, 0, i32(WIDTH) - 1));
    var value: f32;
    if (X_IS_BYTES) {
        value = pixels(x[network * STRIDE_0 + at / 4u])[at % 4u];
    } else {
        value = bitcast<f32>(x[network * STRIDE_0 + at]);
    }
    return select(0.0, value, inside && column >= 0 && column < i32(WIDTH));
}

/// Word `at` of the image's row that begins at word `start`; 0 outside the row.
fn word_at(start: u32, at: i32, inside: bool) -> vec4<f32> {
    let last = i32(WIDTH / 4u) - 1;
    let word = x[network * STRIDE_0 + start + u32(clamp(at, 0, last))];
    return select(vec4<f32>(), pixels(word), inside && at >= 0 && at <= last);
}

/// What is seen from `column` on, a multiple of four less LEFT, in the row that begins at `start`.
fn seen_by_words(start: u32, column: i32, inside: bool) -> Seen {
    let word = (column - i32(SHIFT)) / 4;
    let a = word_at(start / 4u, word, inside);
    let b = word_at(start / 4u, word + 1, inside);
    if (SHIFT == 0u) {
        return Seen(a, b);
    }
    let c = word_at(start / 4u, word + 2, inside);
    if (SHIFT == 1u) {
        return Seen(vec4<f32>(a.yzw, b.x), vec4<f32>(b.yzw, c.x));
    }
    if (SHIFT == 2u) {
        return Seen(vec4<f32>(a.zw, b.xy), vec4<f32>(b.zw, c.xy));
    }
    return Seen(vec4<f32>(a.w, b.xyz), vec4<f32>(b.w, c.xyz));
}

/// What the strip that begins at (out_y, out_x) sees of an input channel through row `i` of the kernel.
fn seen(image: u32, channel: u32, i: u32, out_y: u32, out_x: u32) -> Seen {
    let y = i32(out_y + i) - i32(TOP);
    let inside = y >= 0 && y < i32(HEIGHT);
    let row = u32(clamp(y, 0, i32(HEIGHT) - 1));
    let stored = image + X_IN_BLOCK * scalars.first_row;
    let start = select((stored * IN_CHANNELS + channel) * INPUTS, 4u * stored * WORDS, X_IS_BYTES) + row * WIDTH;
    let column = i32(out_x) - i32(LEFT);
    if (BY_WORDS) {
        return seen_by_words(start, column, inside);
    }
    var result: Seen;
    result.first = vec4<f32>(
        value_at(start, column, inside), value_at(start, column + 1, inside),
        value_at(start, column + 2, inside), value_at(start, column + 3, inside));
    if (KERNEL_WIDTH > 1u) { result.second.x = value_at(start, column + 4, inside); }
    if (KERNEL_WIDTH > 2u) { result.second.y = value_at(start, column + 5, inside); }
    if (KERNEL_WIDTH > 3u) { result.second.z = value_at(start, column + 6, inside); }
    if (KERNEL_WIDTH > 4u) { result.second.w = value_at(start, column + 7, inside); }
    return result;
}
