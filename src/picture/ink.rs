//! Ink against paper: where it is, whatever the colours, and however uneven the light.

use super::background::{surface, surroundings, without_strokes};
use super::components::components;
use super::contrast::{Plane, contrast_plane};
use super::decode::Picture;
use super::ruling::{Lines, ruling};
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
/// The same in a small picture on paper that is all of one colour, such as MNIST's: there the faintest grey is ink, and counts.
const FAINT: f32 = 0.1;
/// Faint ink leads away from stronger ink by this part of the longer side, and no more than 3 pixels: a faint line that a digit
/// crosses is not its stroke.
const WEAK_REACH: usize = 60;
/// Longer side in pixels from which lines on the paper can be told from strokes.
const LEAST_RULED: usize = 48;
/// Lines are taken away where more than this part of the ink is left.
const LEAST_REST: usize = 8;
/// Share of ink along the edge of a picture above which some of it is probably shadow.
const MOST_ON_EDGE: f32 = 0.12;
/// Longer side, in pixels, below which a picture is a drawing that may well touch its edges, not a photo with shadows.
const LEAST_SHADED: usize = 64;

/// Finds the ink of a picture, reduced so that its longer side has at most `longest` pixels. None where it is blank. Ruled
/// lines do not count as ink.
pub(super) fn ink(picture: &Picture, longest: usize, lines: Lines) -> Option<Ink> {
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
    let beside: Vec<f32> = depths.iter().map(|depth| depth.abs()).filter(|d| *d < WEAK * threshold).collect();
    let is_plain = side < LEAST_RULED && quantile(beside, 0.75) < 1.0;
    let weak_share = if is_plain { FAINT } else { WEAK };
    let mut weak: Vec<bool> = depths.iter().map(|depth| *depth > weak_share * threshold).collect();
    let mut is_strong: Vec<bool> = depths.iter().map(|depth| *depth > threshold).collect();
    if side >= LEAST_RULED {
        // A line may be fainter than ink: among weak pixels it is whole.
        let ruled = ruling(&weak, plane.height, plane.width, lines);
        let rest: Vec<bool> = is_strong.iter().zip(&ruled).map(|(is_ink, line)| *is_ink && !line).collect();
        let count = |mask: &[bool]| mask.iter().filter(|is_ink| **is_ink).count();
        // A one may go from edge to edge.
        if LEAST_REST * count(&rest) > count(&is_strong) {
            is_strong = rest;
            weak.iter_mut().zip(ruled).for_each(|(weak, ruled)| *weak &= !ruled);
        }
    }
    let mask = grown_into(&weak, &is_strong, plane.width, (side / WEAK_REACH).clamp(1, 3));
    let deepest = || depths.iter().copied().fold(0.0, f32::max);
    let full = if is_plain { deepest() } else { 2.0 * threshold };
    let value =
        |(depth, is_ink): (&f32, &bool)| if *is_ink { (255.0 * depth / full).min(255.0) as u8 } else { 0 };
    let values = depths.iter().zip(&mask).map(value).collect();
    Some(Ink { height: plane.height, width: plane.width, values, mask })
}

/// The pixels of `strong`, and those of `weak` that lead to one of them over at most `reach` others.
fn grown_into(weak: &[bool], strong: &[bool], width: usize, reach: usize) -> Vec<bool> {
    let height = weak.len() / width.max(1);
    let mut mask = vec![false; weak.len()];
    let mut edge: Vec<usize> = (0..weak.len()).filter(|at| weak[*at] && strong[*at]).collect();
    edge.iter().for_each(|at| mask[*at] = true);
    for _ in 0..reach {
        let mut next = Vec::new();
        for at in edge {
            let (y, x) = (at / width, at % width);
            for y in y.saturating_sub(1)..(y + 2).min(height) {
                for x in x.saturating_sub(1)..(x + 2).min(width) {
                    let beside = y * width + x;
                    if weak[beside] && !mask[beside] {
                        mask[beside] = true;
                        next.push(beside);
                    }
                }
            }
        }
        if next.is_empty() {
            break;
        }
        edge = next;
    }
    mask
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

    /// The share of broad ink among the outermost pixels: a shadow's, not that of ruled lines.
    fn on_edge(&self, plane: &Plane) -> f32 {
        let (height, width) = (plane.height, plane.width);
        let is_edge = |at: &usize| {
            let (y, x) = (at / width, at % width);
            y == 0 || x == 0 || y + 1 == height || x + 1 == width
        };
        let edge: Vec<usize> = (0..self.depths.len()).filter(is_edge).collect();
        let reach = height.max(width) / 40;
        let is_ink = |y: usize, x: usize| self.depths[y * width + x] > self.threshold;
        let is_broad = |at: &usize| {
            let (y, x) = (at / width, at % width);
            let margin = |end: usize| reach.min((end - 1) / 2);
            let within = |at: usize, end: usize| at.clamp(margin(end), end - 1 - margin(end));
            let aside = |at: usize, end: usize| [at.saturating_sub(reach), (at + reach).min(end - 1)];
            let along = match y == 0 || y + 1 == height {
                true => aside(x, width).map(|x| (y, x)),
                false => aside(y, height).map(|y| (y, x)),
            };
            is_ink(y, x)
                && is_ink(within(y, height), within(x, width))
                && along.into_iter().any(|(y, x)| is_ink(y, x))
        };
        edge.iter().filter(|at| is_broad(at)).count() as f32 / edge.len() as f32
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

/// The median along the plane's edge, a sixteenth of its sides deep: a ruled line may lie along it.
fn edge_median(plane: &Plane) -> f32 {
    let (height, width) = (plane.height, plane.width);
    let (rows, columns) = ((height / 16).max(1), (width / 16).max(1));
    let is_edge = |at: &usize| {
        let (y, x) = (at / width, at % width);
        y < rows || y + rows >= height || x < columns || x + columns >= width
    };
    quantile((0..plane.values.len()).filter(is_edge).map(|at| plane.values[at]).collect(), 0.5)
}

/// The ink of some pixels alone, in the smallest box that holds them.
pub(super) fn cut_out(ink: &Ink, pixels: impl Iterator<Item = usize> + Clone) -> Option<(usize, usize, Ink)> {
    let (mut top, mut bottom, mut left, mut right) = (usize::MAX, 0, usize::MAX, 0);
    for at in pixels.clone() {
        let (y, x) = (at / ink.width, at % ink.width);
        (top, bottom) = (top.min(y), bottom.max(y));
        (left, right) = (left.min(x), right.max(x));
    }
    if top > bottom {
        return None;
    }
    let (height, width) = (bottom - top + 1, right - left + 1);
    let mut own = Ink { height, width, values: vec![0; height * width], mask: vec![false; height * width] };
    for at in pixels {
        let to = (at / ink.width - top) * width + at % ink.width - left;
        own.values[to] = ink.values[at];
        own.mask[to] = true;
    }
    Some((top, left, own))
}
