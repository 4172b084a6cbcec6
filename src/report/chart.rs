//! Curves over two axes.

use super::scale::Scale;
use super::{Anchor, Drawing, Paint, Shape};

/// Curves with what they are called.
#[derive(Clone, Debug, Default)]
pub struct Chart {
    pub title: String,
    pub x: Axis,
    pub y: Axis,
    pub series: Vec<Series>,
}

#[derive(Clone, Debug, Default)]
pub struct Axis {
    pub label: String,
    pub is_log: bool,
}

/// One curve; a break wherever a value is not finite.
#[derive(Clone, Debug)]
pub struct Series {
    pub name: String,
    pub points: Vec<[f64; 2]>,
    /// `[x, low, high]`: the range of what the curve is the mean of.
    pub band: Vec<[f64; 3]>,
    pub paint: Paint,
    pub is_dashed: bool,
    /// A dot at each point and no line between them.
    pub is_dots: bool,
}

impl Series {
    pub fn line(name: impl Into<String>, points: Vec<[f64; 2]>, paint: Paint) -> Self {
        Series { name: name.into(), points, band: Vec::new(), paint, is_dashed: false, is_dots: false }
    }
}

const WIDTH: f64 = 640.0;
const HEIGHT: f64 = 320.0;
/// Room for the labels.
const LEFT: f64 = 72.0;
const RIGHT: f64 = 24.0;
const BOTTOM: f64 = 46.0;
const TEXT: f64 = 13.0;
/// Mean width of a letter, in parts of the text's size; text is never measured.
const LETTER: f64 = 0.56;
const LEGEND_ROW: f64 = 20.0;

impl Chart {
    /// None where no curve has a point that can be drawn.
    pub fn draw(&self) -> Option<Drawing> {
        let all = |at: usize| {
            let points = self.series.iter().flat_map(move |series| series.points.iter().map(move |p| p[at]));
            let bands = self.series.iter().flat_map(|series| &series.band);
            let bands = bands.flat_map(move |[x, low, high]| if at == 0 { [*x, *x] } else { [*low, *high] });
            points.chain(bands)
        };
        let x = Scale::over(all(0), self.x.is_log)?;
        let y = Scale::over(all(1), self.y.is_log)?.with_room(0.05);
        let legend = self.legend();
        let rows = legend.last().map_or(0, |(row, ..)| row + 1);
        let top = 34.0 + rows as f64 * LEGEND_ROW;
        let frame = Frame { x, y, top, bottom: top + HEIGHT - BOTTOM - 34.0 };
        let mut drawing = Drawing::new(WIDTH, frame.bottom + BOTTOM);
        drawing.add(Shape::text([LEFT, 20.0], &self.title, 15.0, Paint::Ink, Anchor::Start));
        for (row, left, series) in legend {
            let middle = 34.0 + row as f64 * LEGEND_ROW + 6.0;
            series.key(&mut drawing, [left, middle]);
            let at = [left + 28.0, middle + 4.5];
            drawing.add(Shape::text(at, &series.name, TEXT, Paint::Muted, Anchor::Start));
        }
        self.axes(&mut drawing, &frame);
        for series in &self.series {
            series.draw(&mut drawing, &frame);
        }
        Some(drawing)
    }

    /// Row and left edge of each name; none for a single curve whose name is the title's.
    fn legend(&self) -> Vec<(usize, f64, &Series)> {
        let (mut row, mut left) = (0, LEFT);
        let named = self.series.iter().filter(|series| !series.name.is_empty());
        named
            .map(|series| {
                let width = 28.0 + series.name.chars().count() as f64 * TEXT * LETTER + 18.0;
                if left + width > WIDTH && left > LEFT {
                    (row, left) = (row + 1, LEFT);
                }
                let at = (row, left, series);
                left += width;
                at
            })
            .collect()
    }

    fn axes(&self, drawing: &mut Drawing, frame: &Frame) {
        let right = WIDTH - RIGHT;
        for (value, text) in frame.y.ticks(5) {
            let [_, y] = frame.place([frame.x.low(), value]);
            drawing.add(Shape::line([LEFT, y], [right, y], Paint::Grid, 1.0));
            drawing.add(Shape::text([LEFT - 8.0, y + 4.5], text, TEXT, Paint::Muted, Anchor::End));
        }
        let base = frame.bottom;
        for (value, text) in frame.x.ticks(6) {
            let [x, _] = frame.place([value, frame.y.low()]);
            drawing.add(Shape::line([x, base], [x, base + 4.0], Paint::Muted, 1.0));
            drawing.add(Shape::text([x, base + 18.0], text, TEXT, Paint::Muted, Anchor::Middle));
        }
        drawing.add(Shape::line([LEFT, base], [right, base], Paint::Muted, 1.0));
        let middle = (LEFT + right) / 2.0;
        drawing.add(Shape::text([middle, base + 38.0], &self.x.label, TEXT, Paint::Muted, Anchor::Middle));
        drawing.add(Shape::Text {
            at: [13.0, (frame.top + base) / 2.0],
            text: self.y.label.clone(),
            size: TEXT,
            paint: Paint::Muted,
            anchor: Anchor::Middle,
            is_turned: true,
        });
    }
}

/// The rectangle of the curves.
struct Frame {
    x: Scale,
    y: Scale,
    top: f64,
    bottom: f64,
}

impl Frame {
    fn place(&self, [x, y]: [f64; 2]) -> [f64; 2] {
        let across = LEFT + self.x.place(x) * (WIDTH - RIGHT - LEFT);
        [across, self.bottom - self.y.place(y) * (self.bottom - self.top)]
    }
}

impl Series {
    fn draw(&self, drawing: &mut Drawing, frame: &Frame) {
        let &Series { paint, is_dashed, .. } = self;
        let upper = self.band.iter().map(|[x, _, high]| frame.place([*x, *high]));
        let lower = self.band.iter().rev().map(|[x, low, _]| frame.place([*x, *low]));
        let outline: Vec<_> = upper.chain(lower).filter(is_finite).collect();
        if outline.len() > 3 {
            drawing.add(Shape::Area { points: outline, paint, opacity: 0.18 });
        }
        let places: Vec<[f64; 2]> = self.points.iter().map(|point| frame.place(*point)).collect();
        for points in places.split(|place| !is_finite(place)).filter(|points| !points.is_empty()) {
            if points.len() > 1 && !self.is_dots {
                drawing.add(Shape::Line { points: points.to_vec(), paint, width: 2.0, is_dashed });
            }
            if points.len() == 1 || self.is_dots {
                let dot = |at: &[f64; 2]| Shape::Dot { at: *at, radius: 3.5, paint, title: None };
                drawing.shapes.extend(points.iter().map(dot));
            }
        }
    }

    /// The sample before the name.
    fn key(&self, drawing: &mut Drawing, [left, middle]: [f64; 2]) {
        let &Series { paint, is_dashed, .. } = self;
        if self.is_dots {
            drawing.add(Shape::Dot { at: [left + 12.0, middle], radius: 3.5, paint, title: None });
            return;
        }
        if !self.band.is_empty() {
            let at = [left, middle - 5.0];
            drawing.add(Shape::Box { at, size: [22.0, 10.0], paint, opacity: 0.18, title: None });
        }
        let points = vec![[left, middle], [left + 22.0, middle]];
        drawing.add(Shape::Line { points, paint, width: 2.0, is_dashed });
    }
}

fn is_finite(place: &[f64; 2]) -> bool {
    place.iter().all(|value| value.is_finite())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn chart(points: &[[f64; 2]]) -> Chart {
        let series = vec![Series::line("a <run>", points.to_vec(), Paint::Series(0))];
        Chart { title: "loss & more".into(), series, ..Chart::default() }
    }

    #[test]
    fn a_curve_breaks_where_it_is_not_finite() {
        let points = [[0.0, 1.0], [1.0, 2.0], [2.0, f64::NAN], [3.0, 1.0], [4.0, 0.5]];
        let drawing = chart(&points).draw().unwrap();
        let lines = drawing
            .shapes
            .iter()
            .filter(|shape| matches!(shape, Shape::Line { paint: Paint::Series(0), width: 2.0, .. }));
        assert_eq!(lines.count(), 3, "two pieces and the legend's");
        let svg = drawing.file();
        assert!(
            svg.contains("a &lt;run&gt;") && svg.contains("loss &amp; more") && !svg.contains("NaN"),
            "{svg}"
        );
    }

    #[test]
    fn nothing_to_draw_is_no_drawing() {
        assert!(chart(&[]).draw().is_none());
        assert!(chart(&[[0.0, f64::INFINITY]]).draw().is_none());
        assert!(chart(&[[5.0, 0.5]]).draw().is_some(), "one point is a dot");
    }
}
