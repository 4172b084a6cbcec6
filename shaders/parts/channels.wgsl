
// ---- channels: pixels converted to floats, each channel with its own gain and offset

override CHANNELS: u32 = 1;
override FIRST_GAIN: f32 = 1.0;
override FIRST_OFFSET: f32 = 0.0;
override SECOND_GAIN: f32 = 1.0;
override SECOND_OFFSET: f32 = 0.0;
override THIRD_GAIN: f32 = 1.0;
override THIRD_OFFSET: f32 = 0.0;

/// The float that a channel's pixel from 0 to 1 stands for.
fn normalised(pixel: f32, channel: u32) -> f32 {
    if (channel == 0u) { return pixel * FIRST_GAIN + FIRST_OFFSET; }
    if (channel == 1u) { return pixel * SECOND_GAIN + SECOND_OFFSET; }
    return pixel * THIRD_GAIN + THIRD_OFFSET;
}
