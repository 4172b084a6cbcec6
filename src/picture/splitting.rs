//! Where digits that touch may be cut apart.

use super::ink::{Ink, cut_out};
use super::marks::Mark;

/// Marks narrower than this, as a multiple of a line's height, are one digit.
const LEAST_WIDTH: f32 = 0.4;
/// Most places at which a mark may be cut.
const MAX_CUTS: usize = 12;
/// Slants at which cuts are tried, in columns per row.
const SLANTS: [f32; 5] = [0.0, -0.18, 0.18, -0.36, 0.36];
/// Widest piece of a mark that may be a digit, as a multiple of a line's height.
const MOST_WIDTH: f32 = 1.8;

/// A mark with its possible cuts, and everything between two of them.
pub(super) struct Pieces {
    pub cuts: usize,
    pub pieces: Vec<Piece>,
}

pub(super) struct Piece {
    pub span: (usize, usize),
    pub top: usize,
    pub left: usize,
    pub ink: Ink,
    /// Ink along its cuts, as a multiple of a line's height.
    pub cut_ink: f32,
}

/// A cut: its column at the mark's middle row, its slant, and the pixels of ink that it goes through.
#[derive(Clone, Copy)]
struct Cut {
    column: f32,
    slant: f32,
    ink: f32,
}

impl Cut {
    fn column_at(&self, rows_below_middle: f32) -> f32 {
        self.column + self.slant * rows_below_middle
    }
}

pub(super) fn pieces(ink: &Ink, mark: &Mark, line_height: f32) -> Pieces {
    let width = (mark.right - mark.left + 1) as f32;
    let cuts = if width < LEAST_WIDTH * line_height { Vec::new() } else { cuts(ink, mark, line_height) };
    let middle = mark.middle();
    let is_right_of = |cut: &Cut, at: usize| {
        let (y, x) = ((at / ink.width) as f32, (at % ink.width) as f32);
        x + 0.5 >= cut.column_at(y - middle)
    };
    let all: Vec<usize> = mark.parts.iter().flat_map(|part| part.pixels(ink.width)).collect();
    let last = cuts.len() + 1;
    let mut out = Vec::new();
    for from in 0..last {
        for to in from + 1..=last {
            let (left, right) = (from.checked_sub(1).map(|at| &cuts[at]), cuts.get(to - 1));
            let is_inside = |at: &usize| {
                left.is_none_or(|cut| is_right_of(cut, *at)) && right.is_none_or(|cut| !is_right_of(cut, *at))
            };
            let Some((top, left_column, own)) = cut_out(ink, all.iter().copied().filter(is_inside)) else {
                continue;
            };
            // The whole mark is kept even if it is too wide to be a digit, so that there is always a
            // candidate.
            let is_whole = (from, to) == (0, last);
            if !is_whole && own.width as f32 > MOST_WIDTH * line_height {
                continue;
            }
            let through: f32 = [left, right].into_iter().flatten().map(|cut| cut.ink).sum();
            let cut_ink = through / line_height;
            out.push(Piece { span: (from, to), top, left: left_column, ink: own, cut_ink });
        }
    }
    Pieces { cuts: cuts.len(), pieces: out }
}

/// The cuts through the least ink, not too close to each other, from left to right.
fn cuts(ink: &Ink, mark: &Mark, line_height: f32) -> Vec<Cut> {
    let (left, right, middle) = (mark.left, mark.right, mark.middle());
    let margin = (0.08 * line_height).ceil() as usize;
    let best_at = |column: usize| {
        let cut = |slant: f32| {
            let through = |y: &usize| {
                let x = column as f32 + 0.5 + slant * (*y as f32 - middle);
                let is_inside = x >= left as f32 && x < right as f32 + 1.0;
                is_inside && ink.mask[y * ink.width + x as usize]
            };
            let ink = (mark.top..=mark.bottom).filter(through).count() as f32;
            Cut { column: column as f32 + 0.5, slant, ink }
        };
        SLANTS.map(cut).into_iter().min_by(|a, b| a.ink.total_cmp(&b.ink))
    };
    let mut all: Vec<Cut> = (left + margin..(right + 1).saturating_sub(margin)).filter_map(best_at).collect();
    all.sort_by(|a, b| a.ink.total_cmp(&b.ink));
    let mut chosen: Vec<Cut> = Vec::new();
    for cut in all {
        let is_apart = |other: &Cut| (other.column - cut.column).abs() >= 0.1 * line_height;
        if chosen.len() < MAX_CUTS && cut.ink <= 0.6 * line_height && chosen.iter().all(is_apart) {
            chosen.push(cut);
        }
    }
    chosen.sort_by(|a, b| a.column.total_cmp(&b.column));
    chosen
}
