//! One plane out of a picture in which ink and paper differ most.

use super::decode::Picture;
use super::resample::{Filter, Rectangle, resampled};

/// Values `[height, width]`, row by row.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Plane {
    pub height: usize,
    pub width: usize,
    pub values: Vec<f32>,
}

impl Plane {
    pub fn new(height: usize, width: usize, values: Vec<f32>) -> Self {
        debug_assert_eq!(values.len(), height * width);
        Plane { height, width, values }
    }
}

/// The picture in one plane, from 0 to 255, reduced so that its longer side has at most `longest` pixels.
///
/// Colours are projected on the axis along which they differ most (their first principal component): red ink on green
/// paper has contrast even where both are equally bright.
pub(super) fn contrast_plane(picture: &Picture, longest: usize) -> Plane {
    let size = (picture.height(), picture.width());
    let side = size.0.max(size.1);
    let scale = (longest as f64 / side as f64).min(1.0);
    let reduced = |length: usize| ((length as f64 * scale).round() as usize).max(1);
    let to = (reduced(size.0), reduced(size.1));
    let planes: Vec<Vec<f32>> = picture
        .planes(picture.channels())
        .iter()
        .map(|plane| match size == to {
            true => plane.iter().map(|value| f32::from(*value)).collect(),
            false => resampled(plane, size, Rectangle::whole(size.0, size.1), to, Filter::Area),
        })
        .collect();
    let values = match &planes[..] {
        [red, green, blue] => projected([red, green, blue]),
        [grey, ..] => grey.clone(),
        [] => vec![0.0; to.0 * to.1],
    };
    Plane::new(to.0, to.1, values)
}

/// Rec. 601's weights of luma.
const LUMA: [f32; 3] = [0.299, 0.587, 0.114];

fn projected(planes: [&[f32]; 3]) -> Vec<f32> {
    let axis = axis(planes);
    // The weights' absolute values add up to 1, so that a negative weight's share is added back to stay within 0 to 255.
    let size: f32 = axis.iter().map(|weight| weight.abs()).sum();
    let weights = axis.map(|weight| weight / size);
    let offset: f32 = weights.iter().map(|weight| 255.0 * (-weight).max(0.0)).sum();
    let [red, green, blue] = planes;
    let colours = red.iter().zip(green).zip(blue);
    colours.map(|((r, g), b)| offset + weights[0] * r + weights[1] * g + weights[2] * b).collect()
}

/// The first principal component of the colours, pointing to the brighter; luma's where colours do not differ.
fn axis(planes: [&[f32]; 3]) -> [f32; 3] {
    let count = planes[0].len().max(1) as f64;
    let means = planes.map(|plane| plane.iter().map(|value| f64::from(*value)).sum::<f64>() / count);
    let covariance = |a: usize, b: usize| {
        let products = planes[a].iter().zip(planes[b]);
        let sum: f64 = products.map(|(x, y)| (f64::from(*x) - means[a]) * (f64::from(*y) - means[b])).sum();
        sum / count
    };
    let matrix: [[f64; 3]; 3] = std::array::from_fn(|a| std::array::from_fn(|b| covariance(a, b)));
    // Power iteration; it starts away from luma's axis, which red on green could be at right angles to.
    let mut axis = [0.5, 0.7, 0.3];
    for _ in 0..30 {
        let next: [f64; 3] = std::array::from_fn(|a| (0..3).map(|b| matrix[a][b] * axis[b]).sum());
        let length = next.iter().map(|x| x * x).sum::<f64>().sqrt();
        if length < 1e-6 {
            return LUMA;
        }
        axis = next.map(|x| x / length);
    }
    let brighter: f64 = axis.iter().zip(LUMA).map(|(a, l)| a * f64::from(l)).sum();
    axis.map(|x| if brighter < 0.0 { -x } else { x } as f32)
}
