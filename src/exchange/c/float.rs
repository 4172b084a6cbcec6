//! The network in float32.

use super::scales;
use super::source::{Source, inner, outputs, scale_and_shift};
use crate::error::Result;
use crate::exchange::steps::{Kind, Values, steps};
use crate::model_file::Model;

pub(super) fn write(source: &mut Source, model: &Model) -> Result<()> {
    let network = &model.network;
    source.begin(include_str!("float.c"), "float", 4, network.task.classes);
    scales(model, source);
    let steps = steps(network)?;
    for (member, weights) in model.members.iter().enumerate() {
        let values = Values { network, weights };
        source.network(member, network.task.image_bytes());
        for step in &steps {
            let name = |what: &str| source.name(member, &step.name, what);
            let (x, count) = (source.buffer(), outputs(step).to_string());
            match &step.kind {
                Kind::Conv { window, has_bias } => {
                    let (weight, bias, sizes) = (name("weight"), name("bias"), name("sizes"));
                    let weight = source.floats(weight, values.tensor(&step.name, "weight")?.values);
                    let bias = match has_bias {
                        true => source.floats(bias, values.tensor(&step.name, "bias")?.values),
                        false => "0".into(),
                    };
                    let sizes = source.window(sizes, step, window);
                    let y = source.next(outputs(step));
                    source.call("conv", &[&x, &y, &weight, &bias, &sizes]);
                }
                Kind::Dense => {
                    let (weight, bias) = (name("weight"), name("bias"));
                    let weight = source.floats(weight, values.tensor(&step.name, "weight")?.values);
                    let bias = source.floats(bias, values.tensor(&step.name, "bias")?.values);
                    let y = source.next(outputs(step));
                    let inputs = step.input[0].to_string();
                    source.call("dense", &[&x, &y, &weight, &bias, &inputs, &count]);
                }
                Kind::BatchNorm { .. } => {
                    let (scale, shift) = (name("scale"), name("shift"));
                    let values = scale_and_shift(step, values)?;
                    let (scale, shift) = (source.floats(scale, &values.0), source.floats(shift, &values.1));
                    let (channels, inner) = (step.input[0].to_string(), inner(step).to_string());
                    source.call("scale_shift", &[&x, &scale, &shift, &channels, &inner]);
                }
                Kind::MaxPool(window) | Kind::AveragePool(window) => {
                    let is_max = matches!(step.kind, Kind::MaxPool(_));
                    let sizes = name("sizes");
                    let sizes = source.window(sizes, step, window);
                    let y = source.next(outputs(step));
                    source.call(if is_max { "max_pool" } else { "average_pool" }, &[&x, &y, &sizes]);
                }
                Kind::Relu => source.call("relu", &[&x, &count]),
                Kind::Tanh => source.call("hyperbolic_tangent", &[&x, &count]),
                Kind::Flatten | Kind::Dropout { .. } => {}
            }
        }
        source.end();
    }
    Ok(())
}
