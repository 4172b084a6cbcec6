//! What generated Python scripts have in common.

use std::fmt::Write;

use super::steps::pixel_scales;
use crate::model_file::Model;
use crate::recipe::View;

/// Fills a script's words in capitals: name, sizes, classes, normalisation, views, members.
pub(super) fn fill(script: &str, model: &Model) -> String {
    let task = model.network.task;
    let scales = pixel_scales(&model.network);
    let list =
        |which: usize| scales.iter().map(|scale| python_float(scale[which])).collect::<Vec<_>>().join(", ");
    let views = model.recipe.views.list().iter().fold(String::new(), |mut text, view| {
        let View { down, right, mirrored } = view;
        let _ = write!(text, "({down}, {right}, {}), ", if *mirrored { "True" } else { "False" });
        text
    });
    let names: Vec<String> = model.names().iter().map(|name| text(name)).collect();
    [
        ("MODEL_NAME", comment(&model.name)),
        ("INKGRAD_VERSION", env!("CARGO_PKG_VERSION").to_owned()),
        ("IMAGE_HEIGHT", task.height.to_string()),
        ("IMAGE_WIDTH", task.width.to_string()),
        ("IMAGE_CHANNELS", task.channels.to_string()),
        ("CLASS_NAMES", format!("[{}]", names.join(", "))),
        ("PIXEL_GAINS", format!("[{}]", list(0))),
        ("PIXEL_OFFSETS", format!("[{}]", list(1))),
        ("PIXEL_VIEWS", format!("[{}]", views.trim_end_matches(", "))),
        ("MEMBER_COUNT", model.members.len().to_string()),
    ]
    .into_iter()
    .fold(script.to_owned(), |script, (word, value)| script.replace(word, &value))
}

/// A string literal: JSON's are Python's.
fn text(value: &str) -> String {
    serde_json::Value::from(value).to_string()
}

/// Text made safe for a comment or docstring.
pub(super) fn comment(value: &str) -> String {
    let allowed = |c: char| if c.is_alphanumeric() || " -_.()".contains(c) { c } else { '_' };
    value.chars().map(allowed).collect()
}

/// The shortest text that gives the same float32, as Python writes numbers.
fn python_float(value: f32) -> String {
    format!("{value:?}")
}
