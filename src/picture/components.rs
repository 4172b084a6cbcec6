//! Connected parts of a mask.

/// A connected part: pixels that touch by side or corner.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Component {
    /// First and last row and column.
    pub top: usize,
    pub bottom: usize,
    pub left: usize,
    pub right: usize,
    /// Pixels.
    pub area: usize,
    /// Its runs of pixels: row, first column, column after the last.
    pub runs: Vec<[usize; 3]>,
}

impl Component {
    pub fn height(&self) -> usize {
        self.bottom - self.top + 1
    }

    /// Indices of its pixels in a plane of this width.
    pub fn pixels(&self, width: usize) -> impl Iterator<Item = usize> {
        self.runs.iter().flat_map(move |[row, first, end]| row * width + first..row * width + end)
    }
}

/// The connected parts of a mask (`[height, width]`), in the order of their first pixels.
pub(super) fn components(mask: &[bool], width: usize) -> Vec<Component> {
    // Runs of a row join those of the row above that they touch.
    let mut runs: Vec<[usize; 3]> = Vec::new();
    let mut parents: Vec<usize> = Vec::new();
    let mut above = 0..0;
    for (row, pixels) in mask.chunks_exact(width.max(1)).enumerate() {
        let begin = runs.len();
        let mut column = 0;
        let mut candidate = above.start;
        while let Some(length) = pixels[column..].iter().position(|is_set| *is_set) {
            let first = column + length;
            let end = pixels[first..].iter().position(|is_set| !is_set).map_or(width, |len| first + len);
            let number = runs.len();
            runs.push([row, first, end]);
            parents.push(number);
            while candidate < above.end && runs[candidate][2] < first {
                candidate += 1;
            }
            let mut touching = candidate;
            while touching < above.end && runs[touching][1] <= end {
                join(&mut parents, touching, number);
                touching += 1;
            }
            column = end;
        }
        above = begin..runs.len();
    }
    let mut numbers = vec![usize::MAX; runs.len()];
    let mut found: Vec<Component> = Vec::new();
    for (at, run) in runs.into_iter().enumerate() {
        let root = root(&mut parents, at);
        let [row, first, end] = run;
        if numbers[root] == usize::MAX {
            numbers[root] = found.len();
            let (area, runs) = (0, Vec::new());
            found.push(Component { top: row, bottom: row, left: first, right: end - 1, area, runs });
        }
        let component = &mut found[numbers[root]];
        component.bottom = row;
        component.left = component.left.min(first);
        component.right = component.right.max(end - 1);
        component.area += end - first;
        component.runs.push(run);
    }
    found
}

fn root(parents: &mut [usize], mut at: usize) -> usize {
    while parents[at] != at {
        parents[at] = parents[parents[at]];
        at = parents[at];
    }
    at
}

fn join(parents: &mut [usize], one: usize, other: usize) {
    let (one, other) = (root(parents, one), root(parents, other));
    // The earlier run is the root: components keep their order.
    parents[one.max(other)] = one.min(other);
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(rows: &[&str]) -> Vec<Component> {
        let mask: Vec<bool> = rows.iter().flat_map(|row| row.bytes().map(|b| b == b'#')).collect();
        components(&mask, rows[0].len())
    }

    #[test]
    fn corners_connect_and_gaps_do_not() {
        let found = of(&["#..##", ".#..#", "....#", "##..#", "..##."]);
        let boxes: Vec<_> = found.iter().map(|c| (c.top, c.bottom, c.left, c.right, c.area)).collect();
        assert_eq!(boxes, [(0, 1, 0, 1, 2), (0, 4, 0, 4, 9)]);
        assert_eq!(found[0].pixels(5).collect::<Vec<_>>(), [0, 6]);
    }

    #[test]
    fn arms_that_meet_below_are_one() {
        assert_eq!(of(&["#.#.#", "#.#.#", "#####"]).len(), 1);
        assert_eq!(of(&[".....", "....."]).len(), 0);
        assert_eq!(of(&["#####", ".....", "#####"]).len(), 2);
    }

    /// Against the plainest way there is: flooding.
    #[test]
    fn they_are_those_that_flooding_finds() {
        for seed in 0..200u32 {
            let (height, width) = (1 + seed as usize % 13, 1 + seed as usize % 17);
            let random = |at: usize| (seed ^ at as u32).wrapping_mul(2_654_435_761).rotate_left(9) % 5 < 2;
            let mask: Vec<bool> = (0..height * width).map(random).collect();
            let mut left = mask.clone();
            let mut areas = Vec::new();
            for start in 0..left.len() {
                let (mut stack, mut area) = (vec![start], 0);
                while let Some(at) = stack.pop() {
                    if !std::mem::take(&mut left[at]) {
                        continue;
                    }
                    area += 1;
                    let (y, x) = (at / width, at % width);
                    for y in y.saturating_sub(1)..(y + 2).min(height) {
                        stack.extend((x.saturating_sub(1)..(x + 2).min(width)).map(|x| y * width + x));
                    }
                }
                if area > 0 {
                    areas.push(area);
                }
            }
            let found: Vec<usize> = components(&mask, width).iter().map(|c| c.area).collect();
            assert_eq!(found, areas, "{height} x {width}");
        }
    }
}
