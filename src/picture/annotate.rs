//! Boxes and answers drawn over a picture.

use super::bounds::Bounds;
use super::decode::Picture;
use super::encode::png;
use crate::Result;

const RED: [u8; 3] = [220, 30, 30];

/// Digits and a question mark, five rows of three pixels each, the top row first.
const GLYPHS: [(char, [u8; 5]); 11] = [
    ('0', [0b111, 0b101, 0b101, 0b101, 0b111]),
    ('1', [0b010, 0b110, 0b010, 0b010, 0b111]),
    ('2', [0b111, 0b001, 0b111, 0b100, 0b111]),
    ('3', [0b111, 0b001, 0b111, 0b001, 0b111]),
    ('4', [0b101, 0b101, 0b111, 0b001, 0b001]),
    ('5', [0b111, 0b100, 0b111, 0b001, 0b111]),
    ('6', [0b111, 0b100, 0b111, 0b101, 0b111]),
    ('7', [0b111, 0b001, 0b001, 0b010, 0b010]),
    ('8', [0b111, 0b101, 0b111, 0b101, 0b111]),
    ('9', [0b111, 0b101, 0b111, 0b001, 0b111]),
    ('?', [0b111, 0b001, 0b011, 0b000, 0b010]),
];

/// The picture as a PNG file with a box around each mark and its answer above, in red. Of an answer only digits and `?` are
/// drawn.
///
/// # Errors
/// As [`png`].
pub fn annotated(picture: &Picture, marks: &[(Bounds, String)]) -> Result<Vec<u8>> {
    let (height, width) = (picture.height(), picture.width());
    let mut planes = picture.planes(3);
    let mut fill = |top: f32, left: f32, rows: f32, columns: f32| {
        let range = |from: f32, length: f32, limit: usize| {
            let end = ((from + length).max(0.0) as usize).min(limit);
            (from.max(0.0) as usize).min(end)..end
        };
        for y in range(top, rows, height) {
            for x in range(left, columns, width) {
                planes.iter_mut().zip(RED).for_each(|(plane, value)| plane[y * width + x] = value);
            }
        }
    };
    let pen = (height.max(width) as f32 / 500.0).max(1.0).round();
    for (bounds, answer) in marks {
        let Bounds { top, left, height, width } = *bounds;
        let (top, left, height, width) =
            (top - 2.0 * pen, left - 2.0 * pen, height + 4.0 * pen, width + 4.0 * pen);
        fill(top, left, pen, width);
        fill(top + height - pen, left, pen, width);
        fill(top, left, height, pen);
        fill(top, left + width - pen, height, pen);
        let dot = (height / 16.0).max(1.0).round();
        for (number, letter) in answer.chars().enumerate() {
            let glyph = GLYPHS.iter().find(|(known, _)| *known == letter);
            let rows = glyph.map_or([0; 5], |(_, rows)| *rows);
            let right = left + 4.0 * dot * number as f32;
            // Above the box, or in it where there is no room.
            let above = top - 6.0 * dot;
            let up = if above < 0.0 { top + 2.0 * pen } else { above };
            for (y, row) in rows.into_iter().enumerate() {
                for x in (0..3).filter(|x| row >> (2 - x) & 1 == 1) {
                    fill(up + y as f32 * dot, right + x as f32 * dot, dot, dot);
                }
            }
        }
    }
    png(&planes.concat(), height, width, 3)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn boxes_and_answers_are_red_and_the_rest_stays() {
        let picture = Picture::new(60, 50, 1, vec![200; 3000]).unwrap();
        let bounds = Bounds { top: 30.0, left: 10.0, height: 20.0, width: 12.0 };
        let file = annotated(&picture, &[(bounds, "7".into())]).unwrap();
        let drawn = Picture::decode("drawn".as_ref(), &file).unwrap();
        let pixel = |y: usize, x: usize| &drawn.pixels()[(y * 50 + x) * 3..][..3];
        assert_eq!(pixel(28, 15), RED);
        assert_eq!(pixel(40, 8), RED);
        assert_eq!(pixel(40, 15), [200; 3]);
        assert_eq!(pixel(0, 0), [200; 3]);
        assert!((14..28).any(|y| pixel(y, 9) == RED), "the answer is missing");
    }

    #[test]
    fn marks_beyond_the_edge_do_no_harm() {
        let picture = Picture::new(4, 4, 3, vec![9; 48]).unwrap();
        for at in [-50.0, 0.0, 3.0, 1e9, f32::NAN] {
            let bounds = Bounds { top: at, left: at, height: 3.0, width: at };
            annotated(&picture, &[(bounds, "1?x".into())]).unwrap();
        }
    }
}
