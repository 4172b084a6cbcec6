// Distorts training images at random, each independently and all its channels in the same way: output pixel p takes
// its value, bilinearly, from
//   centre + shift + A (p - centre) + elastic(p),  A = turn * shear / zoom
// in its image (0 outside), or from that point's mirror image, as a float: value / 255 * gain + offset. The elastic field is a
// cubic B-spline between the random displacements of a coarse grid of control points. One workgroup per image.

override ROWS: u32 = 1;
override HEIGHT: u32 = 1;
override WIDTH: u32 = 1;
/// 1 where images holds the rows of a whole block of steps, of which first_row is this step's first.
override X_IN_BLOCK: u32 = 0;
/// Largest changes, in either direction: fraction of the sides, radians, change of size, columns per row.
override SHIFT: f32 = 0.0;
override ROTATION: f32 = 0.0;
override ZOOM: f32 = 0.0;
override SHEAR: f32 = 0.0;
/// Largest move by whole pixels, in either direction.
override CROP: u32 = 0;
/// Whether one image in two is mirrored.
override FLIP: bool = false;
/// Pixels that a control point moves for one unit of its random number.
override ELASTIC: f32 = 0.0;
/// Cells of the elastic grid, at most 12 x 12.
override CELLS_Y: u32 = 1;
override CELLS_X: u32 = 1;

@group(0) @binding(0) var<storage, read> images: array<u32>;        // u8 [rows, channels, height, width], rows padded to words
@group(0) @binding(1) var<storage, read_write> out: array<f32>;     // [rows, channels, height, width]

override PIXELS: u32 = HEIGHT * WIDTH;
override WORDS: u32 = (CHANNELS * PIXELS + 3u) / 4u;
override CONTROLS_X: u32 = CELLS_X + 3u;
override CONTROLS: u32 = (CELLS_Y + 3u) * (CELLS_X + 3u);

/// Which stream of random numbers this is: Stream::Augment in src/random.rs.
const STREAM = 3u;

var<workgroup> controls: array<vec2<f32>, 225>;   // displacements of the control points

/// Two moves of up to CROP pixels, uniformly distributed, from two random words.
fn whole_pixels(words: vec2<u32>) -> vec2<f32> {
    let moves = ((words >> vec2<u32>(16u)) * (2u * CROP + 1u)) >> vec2<u32>(16u);
    return vec2<f32>(moves) - f32(CROP);
}

/// Uniformly distributed from -1 to 1.
fn uniform_values(words: vec4<u32>) -> vec4<f32> {
    return vec4<f32>(words >> vec4<u32>(8u)) * (2.0 / 16777216.0) - 1.0;
}

/// Cosine and sine of an angle up to pi: by their series at a quarter of it, doubled twice. The built-ins may be off by
/// 2^-11, which is a hundredth of a pixel at an image's edge.
fn direction(angle: f32) -> vec2<f32> {
    let a = angle / 4.0;
    let q = a * a;
    let s = a * (1.0 + q * (-1.0 / 6.0 + q * (1.0 / 120.0 - q / 5040.0)));
    let c = 1.0 + q * (-0.5 + q * (1.0 / 24.0 + q * (-1.0 / 720.0 + q / 40320.0)));
    let half = vec2<f32>(c * c - s * s, 2.0 * s * c);
    return vec2<f32>(half.x * half.x - half.y * half.y, 2.0 * half.x * half.y);
}

/// Weights of the four control points around a position in its cell, `t` from 0 to 1: the cubic B-spline.
fn spline(t: f32) -> vec4<f32> {
    let u = 1.0 - t;
    return vec4<f32>(
        u * u * u, 3.0 * t * t * t - 6.0 * t * t + 4.0, 3.0 * u * u * u - 6.0 * u * u + 4.0, t * t * t) / 6.0;
}

/// A channel's pixel from 0 to 1, 0 outside the image.
fn pixel_at(row: u32, channel: u32, y: i32, x: i32) -> f32 {
    if (y < 0 || x < 0 || y >= i32(HEIGHT) || x >= i32(WIDTH)) {
        return 0.0;
    }
    let at = channel * PIXELS + u32(y) * WIDTH + u32(x);
    return unpack4x8unorm(images[network * STRIDE_0 + row * WORDS + at / 4u])[at % 4u];
}

@compute @workgroup_size(256)
fn main(
    @builtin(workgroup_id) group: vec3<u32>,
    @builtin(num_workgroups) groups: vec3<u32>,
    @builtin(local_invocation_index) thread: u32,
) {
    network = group.z % NETWORKS;
    // a uniform bound: all invocations of a workgroup leave together
    let row = group.y * groups.x + group.x;
    if (row >= ROWS) {
        return;
    }
    let seed = network_seed();
    if (thread < CONTROLS) {
        let random = uniform_values(philox(vec4<u32>(2u + thread, scalars.step, row, STREAM), seed));
        controls[thread] = ELASTIC * 0.5 * (random.xy + random.zw);
    }
    workgroupBarrier();

    let first = uniform_values(philox(vec4<u32>(0u, scalars.step, row, STREAM), seed));
    let second_words = philox(vec4<u32>(1u, scalars.step, row, STREAM), seed);
    let second = uniform_values(second_words);
    let is_mirrored = FLIP && second_words.w < 0x80000000u;
    let turn = direction(ROTATION * first.z);
    let size = 1.0 + ZOOM * first.w;
    let slant = SHEAR * second.x;
    let along_row = vec2<f32>(turn.x, turn.y) / size;
    let along_column = vec2<f32>(turn.x * slant - turn.y, turn.y * slant + turn.x) / size;
    let centre = 0.5 * vec2<f32>(f32(WIDTH - 1u), f32(HEIGHT - 1u));
    let start = centre + SHIFT * first.xy * vec2<f32>(f32(WIDTH), f32(HEIGHT)) + whole_pixels(second_words.yz);
    let cells = vec2<f32>(f32(CELLS_X), f32(CELLS_Y));

    for (var at = thread; at < PIXELS; at += 256u) {
        let pixel = vec2<f32>(f32(at % WIDTH), f32(at / WIDTH));
        let away = pixel - centre;
        var source = start + along_row * away.x + along_column * away.y;
        if (ELASTIC > 0.0) {
            let t = pixel * cells / max(2.0 * centre, vec2<f32>(1.0));
            let cell = min(floor(t), cells - 1.0);
            let along_x = spline(t.x - cell.x);
            let along_y = spline(t.y - cell.y);
            for (var y = 0u; y < 4u; y++) {
                var moved = vec2<f32>();
                for (var x = 0u; x < 4u; x++) {
                    moved += along_x[x] * controls[(u32(cell.y) + y) * CONTROLS_X + u32(cell.x) + x];
                }
                source += along_y[y] * moved;
            }
        }
        if (is_mirrored) {
            source.x = 2.0 * centre.x - source.x;
        }
        // far outside everything is 0; the bound keeps the integers small
        source = clamp(source, vec2<f32>(-2.0), 2.0 * centre + 2.0);
        let corner = floor(source);
        let fraction = source - corner;
        let y = i32(corner.y);
        let x = i32(corner.x);
        let image = row + X_IN_BLOCK * scalars.first_row;
        for (var k = 0u; k < CHANNELS; k++) {
            let upper = mix(pixel_at(image, k, y, x), pixel_at(image, k, y, x + 1), fraction.x);
            let lower = mix(pixel_at(image, k, y + 1, x), pixel_at(image, k, y + 1, x + 1), fraction.x);
            let plane = network * STRIDE_1 + (row * CHANNELS + k) * PIXELS;
            out[plane + at] = normalised(mix(upper, lower, fraction.y), k);
        }
    }
}
