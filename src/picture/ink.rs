//! Ink against paper: where it is, whatever the colours, and however uneven the light.

use super::background::{surface, surroundings, without_strokes};
use super::components::components;
use super::contrast::{Plane, contrast_plane};
use super::decode::Picture;
use super::threshold::{otsu, quantile};

/// The ink of a picture: bytes `[height, width]`, 0 where there is none, 255 where it is full.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Ink {
    pub height: usize,
    pub width: usize,
    pub values: Vec<u8>,
    /// Where there is any; `values` are zero elsewhere.
    pub mask: Vec<bool>,
}

/// Contrast, in steps of 255, below which nothing counts as ink.
const LEAST_CONTRAST: f32 = 6.0;
/// Ink that touches stronger ink counts from this fraction of the threshold on: strokes stay whole where a pen runs dry.
const WEAK: f32 = 0.6;
/// Share of ink along the edge of a picture above which some of it is probably shadow.
const MOST_ON_EDGE: f32 = 0.12;
/// Longer side, in pixels, below which a picture is a drawing that may well touch its edges, not a photo with shadows.
const LEAST_SHADED: usize = 64;

/// Finds the ink of a picture, reduced so that its longer side has at most `longest` pixels. None where it is blank.
pub(super) fn ink(picture: &Picture, longest: usize) -> Option<Ink> {
    let plane = contrast_plane(picture, longest);
    let side = plane.height.max(plane.width);
    let (smooth, deviation) = paper(&plane)?;
    let is_dark = is_dark(&plane, &smooth, deviation);
    let mut found = against(&plane, is_dark, smooth, deviation, (side / 16).max(2))?;
    if side >= LEAST_SHADED && found.on_edge(&plane) > MOST_ON_EDGE {
        // A shadow: paper that no smooth surface describes. What is left after strokes are painted over does; which side
        // is ink has to be asked again.
        let others = [true, false].map(|is_dark| {
            let painted = without_strokes(&plane, is_dark, side / 16);
            against(&plane, is_dark, painted, LEAST_CONTRAST, (side / 32).max(2))
        });
        // Dark ink is the rule in photos, and what it encloses must not pass for light ink.
        let share = |is_dark: bool| if is_dark { 1.0 } else { 0.4 };
        let mut most = share(is_dark) * found.inner_mass(&plane);
        for (other, is_dark) in others.into_iter().zip([true, false]) {
            let mass = other.as_ref().map_or(0.0, |other| share(is_dark) * other.inner_mass(&plane));
            if let Some(other) = other.filter(|_| mass > most) {
                (found, most) = (other, mass);
            }
        }
    }
    let Found { depths, threshold } = found;
    let weak: Vec<bool> = depths.iter().map(|depth| *depth > WEAK * threshold).collect();
    let mut mask = vec![false; weak.len()];
    for component in components(&weak, plane.width) {
        if component.pixels(plane.width).any(|at| depths[at] > threshold) {
            component.pixels(plane.width).for_each(|at| mask[at] = true);
        }
    }
    let full = 2.0 * threshold;
    let value =
        |(depth, is_ink): (&f32, &bool)| if *is_ink { (255.0 * depth / full).min(255.0) as u8 } else { 0 };
    let values = depths.iter().zip(&mask).map(value).collect();
    Some(Ink { height: plane.height, width: plane.width, values, mask })
}

/// How far each pixel is from its paper towards ink, and the depth that divides paper from ink.
struct Found {
    depths: Vec<f32>,
    threshold: f32,
}

impl Found {
    /// The ink that does not touch the picture's edge, by its depth.
    fn inner_mass(&self, plane: &Plane) -> f64 {
        let mask: Vec<bool> = self.depths.iter().map(|depth| *depth > self.threshold).collect();
        let parts = components(&mask, plane.width);
        let inner = parts.iter().filter(|part| {
            part.top > 0 && part.left > 0 && part.bottom + 1 < plane.height && part.right + 1 < plane.width
        });
        inner.flat_map(|part| part.pixels(plane.width)).map(|at| f64::from(self.depths[at])).sum()
    }

    /// The share of ink among the outermost pixels.
    fn on_edge(&self, plane: &Plane) -> f32 {
        let (height, width) = (plane.height, plane.width);
        let is_edge = |at: &usize| {
            let (y, x) = (at / width, at % width);
            y == 0 || x == 0 || y + 1 == height || x + 1 == width
        };
        let edge: Vec<usize> = (0..self.depths.len()).filter(is_edge).collect();
        let ink = edge.iter().filter(|at| self.depths[**at] > self.threshold).count();
        ink as f32 / edge.len() as f32
    }
}

/// Ink against a first idea of the paper, which is then replaced by the paper near each stroke, within `reach`.
fn against(plane: &Plane, is_dark: bool, paper: Vec<f32>, threshold: f32, reach: usize) -> Option<Found> {
    let depths = |paper: &[f32]| -> Vec<f32> {
        let pairs = paper.iter().zip(&plane.values);
        pairs.map(|(paper, value)| if is_dark { paper - value } else { value - paper }).collect()
    };
    let (mut paper, mut found) = (paper, Found { depths: Vec::new(), threshold });
    found.depths = depths(&paper);
    for _ in 0..2 {
        let around = grown(&found.depths, plane, found.threshold);
        paper = surroundings(plane, |at| !around[at], reach, &paper);
        found.depths = depths(&paper);
        found.threshold = division(&found.depths)?;
    }
    Some(found)
}

/// The smooth surface of the paper, and the deviation from it that divides paper from ink.
fn paper(plane: &Plane) -> Option<(Vec<f32>, f32)> {
    let mut paper = vec![edge_median(plane); plane.values.len()];
    let mut threshold = 0.0;
    for round in 0..4 {
        let deviations = || plane.values.iter().zip(&paper).map(|(value, paper)| (value - paper).abs());
        threshold = otsu(deviations())?;
        if round == 3 {
            break;
        }
        let is_paper: Vec<bool> = deviations().map(|deviation| deviation < threshold).collect();
        paper = surface(plane, |at| is_paper[at]);
    }
    Some((paper, threshold))
}

/// Whether the ink is darker than the paper: the side on which more lies.
fn is_dark(plane: &Plane, paper: &[f32], threshold: f32) -> bool {
    let mut sum = 0.0f64;
    for (value, paper) in plane.values.iter().zip(paper) {
        let deviation = value - paper;
        if deviation.abs() > threshold {
            sum += f64::from(deviation);
        }
    }
    sum <= 0.0
}

/// The depth that divides paper from ink. None where there is no ink.
fn division(depths: &[f32]) -> Option<f32> {
    let divided = otsu(depths.iter().map(|depth| depth.max(0.0)))?;
    // Thin strokes are so few pixels that Otsu's threshold can fall among the paper's noise.
    let below: Vec<f32> = depths.iter().map(|d| d.abs()).filter(|d| *d < divided).collect();
    let noise = 1.5 * quantile(below, 0.5);
    let threshold = divided.max(4.0 * noise);
    let above: Vec<f32> = depths.iter().copied().filter(|depth| *depth > threshold).collect();
    let level = quantile(above, 0.7);
    (level >= LEAST_CONTRAST).then(|| threshold.max(0.4 * level))
}

/// The pixels deeper than the threshold and those next to them.
fn grown(depths: &[f32], plane: &Plane, threshold: f32) -> Vec<bool> {
    let (height, width) = (plane.height, plane.width);
    let mut around = vec![false; depths.len()];
    for (at, _) in depths.iter().enumerate().filter(|(_, depth)| **depth > 0.7 * threshold) {
        let (y, x) = (at / width, at % width);
        for y in y.saturating_sub(1)..(y + 2).min(height) {
            for x in x.saturating_sub(1)..(x + 2).min(width) {
                around[y * width + x] = true;
            }
        }
    }
    around
}

/// The median along the plane's edge, a fiftieth of its sides deep.
fn edge_median(plane: &Plane) -> f32 {
    let (height, width) = (plane.height, plane.width);
    let (rows, columns) = ((height / 50).max(1), (width / 50).max(1));
    let is_edge = |at: &usize| {
        let (y, x) = (at / width, at % width);
        y < rows || y + rows >= height || x < columns || x + columns >= width
    };
    quantile((0..plane.values.len()).filter(is_edge).map(|at| plane.values[at]).collect(), 0.5)
}
