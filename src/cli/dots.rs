//! Curves of text: braille patterns, each two dots wide and four high.

/// Dots of a character.
const ACROSS: usize = 2;
const DOWN: usize = 4;
/// The bit of each dot, by column and row (Unicode, block U+2800).
const BITS: [[u32; DOWN]; ACROSS] = [[0x01, 0x02, 0x04, 0x40], [0x08, 0x10, 0x20, 0x80]];
/// The scale is logarithmic where the largest value is at least this multiple of the smallest.
const LOG_FROM: f64 = 20.0;

/// How many values fill `columns` characters.
pub fn values_in(columns: usize) -> usize {
    columns * ACROSS
}

/// Lines of text with a curve through the values, one for every column of dots; `None` and values that are not finite
/// leave a gap. The largest and the smallest value are printed on the left. Empty if there is no value.
pub fn curve(values: &[Option<f64>], rows: usize) -> Vec<String> {
    let finite = || values.iter().flatten().copied().filter(|value| value.is_finite());
    let (low, high) = (finite().fold(f64::INFINITY, f64::min), finite().fold(f64::NEG_INFINITY, f64::max));
    if low > high || rows == 0 {
        return Vec::new();
    }
    let is_log = low > 0.0 && high / low > LOG_FROM;
    let scaled = |value: f64| if is_log { value.ln() } else { value };
    let (bottom, top) = (scaled(low), scaled(high));
    let dots = rows * DOWN;
    let row = |value: f64| match top > bottom {
        true => ((top - scaled(value)) / (top - bottom) * (dots - 1) as f64).round() as usize,
        false => dots / 2,
    };
    let columns = values.len().div_ceil(ACROSS);
    let mut cells = vec![vec![0u32; columns]; rows];
    let mut before: Option<usize> = None;
    for (at, value) in values.iter().enumerate() {
        let Some(here) = value.filter(|value| value.is_finite()).map(row) else { continue };
        // Up or down to the value before, so that a steep curve has no holes.
        let from = before.unwrap_or(here);
        let between = match from < here {
            true => from + 1..here + 1,
            false => here..from.max(here + 1),
        };
        for dot in between {
            if let Some(cell) = cells.get_mut(dot / DOWN).and_then(|row| row.get_mut(at / ACROSS)) {
                *cell |= BITS[at % ACROSS][dot % DOWN];
            }
        }
        before = Some(here);
    }
    let labels = [figure(high), figure(low)];
    let width = labels.iter().map(String::len).max().unwrap_or(0);
    let line = |(at, cells): (usize, &Vec<u32>)| {
        let label = match at {
            0 => &labels[0],
            at if at + 1 == rows => &labels[1],
            _ => "",
        };
        let curve: String = cells.iter().filter_map(|cell| char::from_u32(0x2800 + cell)).collect();
        format!("{label:>width$} ┤{curve}")
    };
    cells.iter().enumerate().map(line).collect()
}

/// A value in few characters.
fn figure(value: f64) -> String {
    match value.abs() {
        large if large >= 1e5 => format!("{value:.0e}"),
        large if large >= 100.0 => format!("{value:.0}"),
        large if large >= 0.001 || large == 0.0 => format!("{value:.3}"),
        _ => format!("{value:.0e}"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_line_falls() {
        let values: Vec<Option<f64>> = (0..8).map(|at| Some(f64::from(8 - at))).collect();
        assert_eq!(curve(&values, 2), ["8.000 ┤⠑⢄⠀⠀", "1.000 ┤⠀⠀⠑⢄"]);
    }

    #[test]
    fn gaps_and_flat_lines() {
        assert!(curve(&[], 3).is_empty());
        assert!(curve(&[None, Some(f64::NAN)], 3).is_empty());
        let flat = curve(&[Some(1.0), None, None, Some(1.0)], 1);
        assert_eq!(flat, ["1.000 ┤⠄⠠"]);
    }
}
