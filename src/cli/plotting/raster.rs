//! A drawing's pixels, on a light ground.

use inkgrad::picture;
use inkgrad::report::{Anchor, Drawing, Paint, Palette, Shape};
use inkgrad::{Error, Result};
use ttf_parser::{Face, OutlineBuilder};
use zeno::{Command, Fill, Join, Mask, PathBuilder, Stroke, Style, Vector};

/// Pixels of a drawing's unit, along each axis: sharp on displays of high resolution.
const PIXELS: f32 = 2.0;

/// Outlines of the letters; `data/fonts` says where they come from.
const FONT: &[u8] = include_bytes!("../../../data/fonts/roboto-latin.ttf");

/// # Errors
/// `Internal` where the drawing cannot be made.
pub fn png(drawing: &Drawing) -> Result<Vec<u8>> {
    let face = Face::parse(FONT, 0)
        .map_err(|error| Error::Internal(format!("the letters of plots cannot be read: {error}")))?;
    let side = |length: f64| ((length as f32 * PIXELS).ceil() as usize).max(1);
    let mut canvas = Canvas::new(side(drawing.width), side(drawing.height));
    for shape in &drawing.shapes {
        canvas.paint(&face, shape);
    }
    picture::png(&canvas.planes, canvas.height, canvas.width, 3)
}

struct Canvas {
    width: usize,
    height: usize,
    /// Red, green and blue: `[3, height, width]`.
    planes: Vec<u8>,
}

impl Canvas {
    fn new(width: usize, height: usize) -> Self {
        let ground = Palette::light().colour(Paint::Ground);
        let planes = ground.into_iter().flat_map(|value| std::iter::repeat_n(value, width * height));
        Canvas { width, height, planes: planes.collect() }
    }

    /// Mixes a colour in wherever the path covers pixels, as far as it covers them.
    fn cover<'a>(&mut self, path: &Vec<Command>, style: impl Into<Style<'a>>, paint: Paint, opacity: f64) {
        if path.is_empty() {
            return;
        }
        let (mask, at) = Mask::new(path).style(style).render();
        let colour = Palette::light().colour(paint);
        for (row, line) in mask.chunks_exact((at.width as usize).max(1)).enumerate() {
            for (column, coverage) in line.iter().enumerate().filter(|(_, coverage)| **coverage > 0) {
                let (x, y) = (i64::from(at.left) + column as i64, i64::from(at.top) + row as i64);
                if !(0..self.width as i64).contains(&x) || !(0..self.height as i64).contains(&y) {
                    continue;
                }
                let strength = f64::from(*coverage) / 255.0 * opacity;
                for (plane, value) in self.planes.chunks_exact_mut(self.width * self.height).zip(colour) {
                    let pixel = &mut plane[y as usize * self.width + x as usize];
                    let mixed = f64::from(*pixel) * (1.0 - strength) + f64::from(value) * strength;
                    *pixel = mixed.round() as u8;
                }
            }
        }
    }

    fn paint(&mut self, face: &Face, shape: &Shape) {
        match shape {
            Shape::Line { points, paint, width, is_dashed } => {
                let dashes = [5.0 * PIXELS, 3.0 * PIXELS];
                let mut stroke = Stroke::new(*width as f32 * PIXELS);
                stroke.join(Join::Round);
                if *is_dashed {
                    stroke.dash(&dashes, 0.0);
                }
                self.cover(&through(points, false), stroke, *paint, 1.0);
            }
            Shape::Area { points, paint, opacity } => {
                self.cover(&through(points, true), Fill::NonZero, *paint, *opacity);
            }
            Shape::Box { at: [x, y], size: [width, height], paint, opacity, .. } => {
                let corners = [[*x, *y], [x + width, *y], [x + width, y + height], [*x, y + height]];
                self.cover(&through(&corners, true), Fill::NonZero, *paint, *opacity);
            }
            Shape::Dot { at, radius, paint, .. } => {
                let mut path = Vec::new();
                path.add_circle(place(*at), *radius as f32 * PIXELS);
                self.cover(&path, Fill::NonZero, *paint, 1.0);
            }
            Shape::Text { at, text, size, paint, anchor, is_turned } => {
                let em = *size as f32 * PIXELS / f32::from(face.units_per_em());
                let width = em * width(face, text);
                let back = match anchor {
                    Anchor::Start => 0.0,
                    Anchor::Middle => width / 2.0,
                    Anchor::End => width,
                };
                // The font's y grows upwards.
                let [along, up] = match is_turned {
                    false => [Vector::new(em, 0.0), Vector::new(0.0, -em)],
                    true => [Vector::new(0.0, -em), Vector::new(-em, 0.0)],
                };
                let start = place(*at) - along * (back / em);
                let mut letters = Letters { path: Vec::new(), start, along, up };
                for letter in text.chars() {
                    let glyph = face.glyph_index(letter).unwrap_or_default();
                    face.outline_glyph(glyph, &mut letters);
                    letters.start = letters.start + along * advance(face, letter);
                }
                self.cover(&letters.path, Fill::NonZero, *paint, 1.0);
            }
        }
    }
}

fn place([x, y]: [f64; 2]) -> Vector {
    Vector::new(x as f32 * PIXELS, y as f32 * PIXELS)
}

fn through(points: &[[f64; 2]], is_closed: bool) -> Vec<Command> {
    let mut path = Vec::new();
    for (at, point) in points.iter().enumerate() {
        match at {
            0 => path.move_to(place(*point)),
            _ => path.line_to(place(*point)),
        };
    }
    if is_closed && !path.is_empty() {
        path.close();
    }
    path
}

/// Of a letter, in the font's units. Letters that the font lacks are shown as its sign for them.
fn advance(face: &Face, letter: char) -> f32 {
    face.glyph_hor_advance(face.glyph_index(letter).unwrap_or_default()).unwrap_or(0).into()
}

fn width(face: &Face, text: &str) -> f32 {
    text.chars().map(|letter| advance(face, letter)).sum()
}

/// Letters side by side: from where, and which ways one of the font's units goes.
struct Letters {
    path: Vec<Command>,
    start: Vector,
    along: Vector,
    up: Vector,
}

impl Letters {
    fn at(&self, x: f32, y: f32) -> Vector {
        self.start + self.along * x + self.up * y
    }
}

impl OutlineBuilder for Letters {
    fn move_to(&mut self, x: f32, y: f32) {
        let to = self.at(x, y);
        self.path.move_to(to);
    }

    fn line_to(&mut self, x: f32, y: f32) {
        let to = self.at(x, y);
        self.path.line_to(to);
    }

    fn quad_to(&mut self, x1: f32, y1: f32, x: f32, y: f32) {
        let (by, to) = (self.at(x1, y1), self.at(x, y));
        self.path.quad_to(by, to);
    }

    fn curve_to(&mut self, x1: f32, y1: f32, x2: f32, y2: f32, x: f32, y: f32) {
        let (first, second, to) = (self.at(x1, y1), self.at(x2, y2), self.at(x, y));
        self.path.curve_to(first, second, to);
    }

    fn close(&mut self) {
        self.path.close();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Ink is where the shapes are, and nowhere else.
    #[test]
    fn shapes_become_pixels() {
        let mut drawing = Drawing::new(100.0, 50.0);
        let size = [20.0, 10.0];
        drawing.add(Shape::Box { at: [10.0, 10.0], size, paint: Paint::Ink, opacity: 1.0, title: None });
        drawing.add(Shape::text([90.0, 40.0], "W", 20.0, Paint::Ink, Anchor::End));
        let face = Face::parse(FONT, 0).unwrap();
        let mut canvas = Canvas::new(200, 100);
        drawing.shapes.iter().for_each(|shape| canvas.paint(&face, shape));
        let dark = |x: std::ops::Range<usize>, y: std::ops::Range<usize>| {
            let places = y.flat_map(|y| x.clone().map(move |x| y * 200 + x));
            places.filter(|at| canvas.planes[*at] < 128).count()
        };
        assert_eq!(dark(20..60, 20..40), 40 * 20, "the box");
        let letter = dark(130..182, 45..84);
        assert!((100..800).contains(&letter), "the letter: {letter}");
        assert_eq!(dark(0..200, 0..100), 800 + letter, "elsewhere");
        assert_eq!(&png(&drawing).unwrap()[1..4], b"PNG");
    }
}
