
// ---- pixels: image bytes converted to floats as they are read, four to a word

override GAIN: f32 = 1.0;
override OFFSET: f32 = 0.0;

fn pixels(word: u32) -> vec4<f32> {
    return unpack4x8unorm(word) * GAIN + OFFSET;
}
