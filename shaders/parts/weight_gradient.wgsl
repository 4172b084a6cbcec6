
// ---- gradient of a convolution's weight: a partial sum for each group of neighbouring images

/// Images per group.
override GROUP: u32 = 1;
override HAS_BIAS: bool = false;
/// Taps of an output channel: one is a (c, i, j).
override TAPS: u32 = IN_CHANNELS * KERNEL;
/// Values of a partial sum.
override PARTIAL: u32 = OUT_CHANNELS * (TAPS + u32(HAS_BIAS));

@group(0) @binding(1) var<storage, read> output_gradient: array<f32>;   // [rows, out_channels, out_height, out_width]
@group(0) @binding(2) var<storage, read_write> partials: array<f32>;    // [groups, weights (+ out_channels)]
