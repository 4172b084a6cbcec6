//! A page of handwriting taken apart: its lines, and on each line the marks that a classifier is asked about.

pub use super::bounds::Bounds;
use super::components::{Component, components};
use super::decode::Picture;
use super::digit::normalised;
use super::ink::ink;
use super::marks::{Mark, joined};
use super::ruling::ON_PAGES;
use super::splitting::{Piece, pieces};
use super::threshold::quantile;
use super::tilt::{Turned, tilt};

/// Pixels of the longer side at which a page is looked at: a digit of a page with 40 lines still has 20.
const LONGEST: usize = 1600;

/// Digits lower than this, in pixels at that size, are specks.
const LEAST_HEIGHT: usize = 8;

/// A connected mark: one digit, or several that touch. Places where it may be cut are numbered from 1; 0 is its left end, and
/// one more than the last cut its right end.
#[derive(Clone, Debug)]
pub struct Touching {
    /// Number of places where it may be cut.
    pub cuts: usize,
    /// What may be a digit: between every two of these places.
    pub candidates: Vec<Candidate>,
}

/// What a classifier is asked about.
#[derive(Clone, Debug)]
pub struct Candidate {
    /// The two places between which it lies.
    pub span: (usize, usize),
    /// The image, normalised as MNIST's: bytes `[height, width]`.
    pub image: Vec<u8>,
    /// Width as a multiple of the height.
    pub aspect: f32,
    /// Height as a multiple of the line's.
    pub height: f32,
    /// How much ink its cuts go through, as a multiple of a line's height.
    pub cut_ink: f32,
    pub bounds: Bounds,
}

/// The lines of a page from top to bottom, each with its marks from left to right. Images are `height` x `width`.
///
/// Ruled lines, frames and specks are left out, broken strokes joined; the page may be tilted by up to 12 degrees.
pub fn lines(picture: &Picture, height: usize, width: usize) -> Vec<Vec<Touching>> {
    let Some(found) = ink(picture, LONGEST, ON_PAGES) else { return Vec::new() };
    let scale = picture.height().max(picture.width()) as f32 / found.height.max(found.width) as f32;
    let turned = Turned::new(found, tilt);
    let ink = &turned.ink;
    let parts = components(&ink.mask, ink.width);
    let Some(line_height) = line_height(&parts) else { return Vec::new() };
    let marks = joined(parts, line_height);
    let place = |mark: &Mark| {
        let touching = pieces(ink, mark, line_height);
        let candidates = touching
            .pieces
            .iter()
            .map(|piece| candidate(&turned, piece, line_height, scale, (height, width)));
        Touching { cuts: touching.cuts, candidates: candidates.collect() }
    };
    in_lines(marks, line_height).iter().map(|line| line.iter().map(place).collect()).collect()
}

fn candidate(
    turned: &Turned,
    piece: &Piece,
    line_height: f32,
    scale: f32,
    size: (usize, usize),
) -> Candidate {
    let Piece { top, left, ink, .. } = piece;
    Candidate {
        span: piece.span,
        image: normalised(ink, size.0, size.1),
        aspect: ink.width as f32 / ink.height as f32,
        height: ink.height as f32 / line_height,
        cut_ink: piece.cut_ink,
        bounds: turned.bounds([*top, *left, ink.height, ink.width], scale),
    }
}

/// The height of most digits: the median of the parts' heights, weighted by their ink.
fn line_height(parts: &[Component]) -> Option<f32> {
    let tall = parts.iter().filter(|part| part.height() >= LEAST_HEIGHT);
    let mut heights = Vec::new();
    for part in tall {
        // Long parts are frames or lines; they count no more than a digit.
        let weight = (part.area as f32).sqrt().min(100.0).ceil() as usize;
        heights.extend(std::iter::repeat_n(part.height() as f32, weight));
    }
    (!heights.is_empty()).then(|| quantile(heights, 0.5))
}

/// Puts marks into lines: each after the mark to its left that is at the same height.
fn in_lines(mut marks: Vec<Mark>, line_height: f32) -> Vec<Vec<Mark>> {
    marks.sort_by_key(|mark| mark.left);
    let mut lines: Vec<Vec<Mark>> = Vec::new();
    for mark in marks {
        let middle = mark.middle();
        let distance = |line: &Vec<Mark>| {
            // The last two digits decide, so that a single low or high digit does not mislead.
            let last = line.iter().rev().take(2);
            let count = last.len().max(1) as f32;
            (last.map(Mark::middle).sum::<f32>() / count - middle).abs()
        };
        let near = lines.iter_mut().map(|line| (distance(line), line));
        let near = near.filter(|(distance, _)| *distance < 0.6 * line_height);
        match near.min_by(|(a, _), (b, _)| a.total_cmp(b)) {
            Some((_, line)) => line.push(mark),
            None => lines.push(vec![mark]),
        }
    }
    let mean = |line: &Vec<Mark>| line.iter().map(Mark::middle).sum::<f32>() / line.len().max(1) as f32;
    lines.sort_by(|a, b| mean(a).total_cmp(&mean(b)));
    lines
}
