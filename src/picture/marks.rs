//! From connected parts to marks: broken strokes are joined, specks and frames left out.

use super::components::Component;

/// Parts that belong together.
#[derive(Clone, Debug)]
pub(super) struct Mark {
    pub top: usize,
    pub bottom: usize,
    pub left: usize,
    pub right: usize,
    pub parts: Vec<Component>,
}

impl Mark {
    fn new(part: Component) -> Self {
        let Component { top, bottom, left, right, .. } = part;
        Mark { top, bottom, left, right, parts: vec![part] }
    }

    /// Row half-way between its top and its bottom.
    pub fn middle(&self) -> f32 {
        (self.top + self.bottom) as f32 / 2.0
    }

    fn height(&self) -> usize {
        self.bottom - self.top + 1
    }

    fn width(&self) -> usize {
        self.right - self.left + 1
    }

    fn area(&self) -> usize {
        self.parts.iter().map(|part| part.area).sum()
    }

    fn join(&mut self, other: Mark) {
        (self.top, self.bottom) = (self.top.min(other.top), self.bottom.max(other.bottom));
        (self.left, self.right) = (self.left.min(other.left), self.right.max(other.right));
        self.parts.extend(other.parts);
    }

    /// Columns that both have.
    fn shared_columns(&self, other: &Mark) -> usize {
        (self.right.min(other.right) + 1).saturating_sub(self.left.max(other.left))
    }

    /// Rows between the two.
    fn rows_apart(&self, other: &Mark) -> usize {
        let below = other.top.saturating_sub(self.bottom);
        below.max(self.top.saturating_sub(other.bottom))
    }
}

/// The marks that parts make, on a page whose digits are about `line_height` high.
pub(super) fn joined(parts: Vec<Component>, line_height: f32) -> Vec<Mark> {
    let of_height = |share: f32| (share * line_height) as usize;
    let is_speck = |mark: &Mark| {
        mark.height().max(mark.width()) <= of_height(0.12).max(1) || mark.area() <= of_height(0.1).pow(2)
    };
    // A frame or a grid is far higher than a line, or wide and almost empty.
    let is_frame = |mark: &Mark| {
        let fill = mark.area() as f32 / (mark.height() * mark.width()) as f32;
        mark.height() > of_height(2.6) || (mark.width() > of_height(6.0) && fill < 0.06)
    };
    let marks = parts.into_iter().map(Mark::new);
    let mut marks: Vec<Mark> = marks.filter(|mark| !is_speck(mark) && !is_frame(mark)).collect();
    // Small parts join the mark above, below or beside which they lie; the smallest first.
    marks.sort_by_key(|mark| std::cmp::Reverse(mark.area()));
    let mut at = marks.len();
    while at > 0 {
        at -= 1;
        let part = &marks[at];
        let fits = |other: &Mark| {
            let shared = part.shared_columns(other);
            let together = part.bottom.max(other.bottom) - part.top.min(other.top) + 1;
            2 * shared >= part.width().min(other.width())
                && part.rows_apart(other) <= of_height(0.25)
                && together <= of_height(1.35)
        };
        let near = marks.iter().enumerate().filter(|(number, other)| *number != at && fits(other));
        let best = near.min_by_key(|(_, other)| part.rows_apart(other)).map(|(number, _)| number);
        if let Some(best) = best {
            let part = marks.swap_remove(at);
            // `swap_remove` has put the last mark here.
            let best = if best == marks.len() { at } else { best };
            marks[best].join(part);
            at = at.min(marks.len());
        }
    }
    // What is still small was no part of a digit.
    marks.retain(|mark| mark.height() >= of_height(0.3) || mark.width() >= of_height(0.45));
    // A dash or the rest of a line: long and flat.
    marks.retain(|mark| mark.height() >= of_height(0.3));
    marks
}
