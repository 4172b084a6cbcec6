use serde::{Deserialize, Serialize};

/// A size along both axes, `[vertical, horizontal]`; in a recipe one number may stand for both.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Pair(pub [usize; 2]);

impl From<usize> for Pair {
    fn from(side: usize) -> Self {
        Pair([side, side])
    }
}

#[derive(Serialize, Deserialize)]
#[serde(untagged, expecting = "expected a whole number, or two as in [3, 5] (vertical, horizontal)")]
enum Form {
    One(usize),
    Two([usize; 2]),
}

impl Serialize for Pair {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let Pair(sides) = *self;
        let form = if sides[0] == sides[1] { Form::One(sides[0]) } else { Form::Two(sides) };
        form.serialize(serializer)
    }
}

impl<'de> Deserialize<'de> for Pair {
    fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        Ok(match Form::deserialize(deserializer)? {
            Form::One(side) => Pair::from(side),
            Form::Two(sides) => Pair(sides),
        })
    }
}

/// How far windows reach beyond the image.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Padding {
    /// Not at all.
    #[default]
    Valid,
    /// So far that the output is as large as the input, divided by the stride (TensorFlow's "SAME").
    Same,
    /// By this many pixels on each side, as in PyTorch.
    Sides(Pair),
}

#[derive(Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
enum Named {
    Valid,
    Same,
}

#[derive(Serialize, Deserialize)]
#[serde(untagged, expecting = "expected \"same\", \"valid\", or how many on every side")]
enum PaddingForm {
    Named(Named),
    Sides(Pair),
}

impl Serialize for Padding {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let form = match *self {
            Padding::Valid => PaddingForm::Named(Named::Valid),
            Padding::Same => PaddingForm::Named(Named::Same),
            Padding::Sides(sides) => PaddingForm::Sides(sides),
        };
        form.serialize(serializer)
    }
}

impl<'de> Deserialize<'de> for Padding {
    fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        Ok(match PaddingForm::deserialize(deserializer)? {
            PaddingForm::Named(Named::Valid) => Padding::Valid,
            PaddingForm::Named(Named::Same) => Padding::Same,
            PaddingForm::Sides(sides) => Padding::Sides(sides),
        })
    }
}

/// The windows over an image of `[channels, height, width]`.
///
/// # Errors
/// A text that says what does not fit.
pub(super) fn window(
    input: &[usize],
    kernel: Pair,
    stride: Pair,
    padding: Padding,
) -> Result<crate::plan::Window, String> {
    use crate::plan::Window;
    // Larger windows are of no use on images of any permitted size, and sizes could overflow.
    const MAX: usize = 1 << 12;
    let &[_, height, width] = input else {
        return Err(format!(
            "needs images (channels, height, width), but its input is {input:?}: put it before the first dense or flatten layer"
        ));
    };
    let (Pair(kernel), Pair(stride), input) = (kernel, stride, [height, width]);
    if kernel.contains(&0) || stride.contains(&0) || kernel.iter().chain(&stride).any(|side| *side > MAX) {
        return Err(format!("kernel {kernel:?} and stride {stride:?} must be from 1 to {MAX}"));
    }
    let most = [0, 1].map(|i| input[i].max(kernel[i]));
    if stride[0] > most[0] || stride[1] > most[1] {
        return Err(format!("stride {stride:?} goes beyond images of {input:?}: at most {most:?}"));
    }
    let window = match padding {
        Padding::Valid => Window::valid(input, kernel, stride),
        Padding::Same => Window::same(input, kernel, stride),
        Padding::Sides(Pair(sides)) if sides[0] >= kernel[0] || sides[1] >= kernel[1] => {
            return Err(format!("padding {sides:?} must be less than the kernel {kernel:?}"));
        }
        Padding::Sides(Pair(sides)) => Window::padded(input, kernel, stride, sides),
    };
    window.ok_or_else(|| {
        format!("a window of {kernel:?} does not fit into images of {input:?}: pad them, pool less, or use larger images (--size)")
    })
}
