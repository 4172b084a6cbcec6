//! Classifies images by an ONNX file with tract, an engine in Rust.
//!
//!     inkgrad-tract MODEL.onnx IMAGES OUT HEIGHT WIDTH CHANNELS
//!
//! IMAGES holds the pixels as bytes, `[images, channels, height, width]`. OUT gets the network's output, float32, little-endian,
//! `[images, classes]`.

use std::error::Error;
use std::fs;

use tract_onnx::prelude::*;

/// Images that are classified at a time.
const BATCH: usize = 100;

type Network = std::sync::Arc<TypedRunnableModel>;

/// The network, for batches of those dimensions.
fn runnable(path: &str, dims: [usize; 4]) -> TractResult<Network> {
    tract_onnx::onnx()
        .model_for_path(path)?
        .with_input_fact(0, u8::fact(dims).into())?
        .into_optimized()?
        .into_runnable()
}

fn main() -> Result<(), Box<dyn Error>> {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let [model, images, out, height, width, channels] = &arguments[..] else {
        return Err("inkgrad-tract MODEL.onnx IMAGES OUT HEIGHT WIDTH CHANNELS".into());
    };
    let shape: [usize; 3] = [channels.parse()?, height.parse()?, width.parse()?];
    let pixels = fs::read(images)?;
    let mut answers = Vec::new();
    let bytes = shape.iter().product::<usize>();
    for some in pixels.chunks(BATCH * bytes) {
        // The last batch may be smaller: its shapes are other ones.
        let dims = [some.len() / bytes, shape[0], shape[1], shape[2]];
        if answers.is_empty() || dims[0] < BATCH {
            answers.push((runnable(model, dims)?, Vec::new()));
        }
        let Some((network, values)) = answers.last_mut() else { continue };
        let input = Tensor::from_shape(&dims, some)?;
        let result = network.run(tvec!(input.into()))?;
        values.extend(result[0].to_plain_array_view::<f32>()?.iter().flat_map(|value| value.to_le_bytes()));
    }
    fs::write(out, answers.into_iter().flat_map(|(_, values)| values).collect::<Vec<u8>>())?;
    Ok(())
}
