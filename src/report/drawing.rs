//! Shapes on a plane, and their text as SVG. Other programs (the command line's PNG) read the shapes themselves.

use super::{Paint, escaped, palette};

/// Shapes in the order in which they are painted. Units are CSS pixels, y grows downwards.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Drawing {
    pub width: f64,
    pub height: f64,
    pub shapes: Vec<Shape>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Anchor {
    Start,
    Middle,
    End,
}

#[derive(Clone, Debug, PartialEq)]
pub enum Shape {
    Line {
        points: Vec<[f64; 2]>,
        paint: Paint,
        width: f64,
        is_dashed: bool,
    },
    Area {
        points: Vec<[f64; 2]>,
        paint: Paint,
        opacity: f64,
    },
    /// `title` is shown by viewers that have a pointer.
    Box {
        at: [f64; 2],
        size: [f64; 2],
        paint: Paint,
        opacity: f64,
        title: Option<String>,
    },
    Dot {
        at: [f64; 2],
        radius: f64,
        paint: Paint,
        title: Option<String>,
    },
    /// `at` is on the base line. Text that is turned reads upwards.
    Text {
        at: [f64; 2],
        text: String,
        size: f64,
        paint: Paint,
        anchor: Anchor,
        is_turned: bool,
    },
}

impl Shape {
    /// Text in a line.
    pub fn text(at: [f64; 2], text: impl Into<String>, size: f64, paint: Paint, anchor: Anchor) -> Self {
        Shape::Text { at, text: text.into(), size, paint, anchor, is_turned: false }
    }

    /// A line between two points.
    pub fn line(from: [f64; 2], to: [f64; 2], paint: Paint, width: f64) -> Self {
        Shape::Line { points: vec![from, to], paint, width, is_dashed: false }
    }

    fn moved(mut self, down: f64) -> Self {
        match &mut self {
            Shape::Line { points, .. } | Shape::Area { points, .. } => {
                points.iter_mut().for_each(|point| point[1] += down);
            }
            Shape::Box { at, .. } | Shape::Dot { at, .. } | Shape::Text { at, .. } => at[1] += down,
        }
        self
    }

    fn svg(&self) -> String {
        let path = |points: &[[f64; 2]]| {
            let points = points.iter().map(|[x, y]| format!("{x:.1},{y:.1}"));
            points.collect::<Vec<_>>().join(" ")
        };
        let title = |title: &Option<String>| {
            title.as_ref().map_or_else(String::new, |title| format!("<title>{}</title>", escaped(title)))
        };
        match self {
            Shape::Line { points, paint, width, is_dashed } => format!(
                r#"<polyline points="{}" fill="none" stroke-linejoin="round" stroke-width="{width}"{} style="stroke:{}"/>"#,
                path(points),
                if *is_dashed { r#" stroke-dasharray="5 3""# } else { "" },
                paint.css(),
            ),
            Shape::Area { points, paint, opacity } => format!(
                r#"<polygon points="{}" fill-opacity="{opacity}" style="fill:{}"/>"#,
                path(points),
                paint.css()
            ),
            Shape::Box { at: [x, y], size: [width, height], paint, opacity, title: about } => format!(
                r#"<rect x="{x:.1}" y="{y:.1}" width="{width:.1}" height="{height:.1}" fill-opacity="{opacity:.2}" style="fill:{}">{}</rect>"#,
                paint.css(),
                title(about)
            ),
            Shape::Dot { at: [x, y], radius, paint, title: about } => format!(
                r#"<circle cx="{x:.1}" cy="{y:.1}" r="{radius}" style="fill:{}">{}</circle>"#,
                paint.css(),
                title(about)
            ),
            Shape::Text { at: [x, y], text, size, paint, anchor, is_turned } => {
                let anchor = match anchor {
                    Anchor::Start => "start",
                    Anchor::Middle => "middle",
                    Anchor::End => "end",
                };
                let turned = match is_turned {
                    true => format!(r#" transform="rotate(-90 {x:.1} {y:.1})""#),
                    false => String::new(),
                };
                format!(
                    r#"<text x="{x:.1}" y="{y:.1}" font-size="{size}" text-anchor="{anchor}"{turned} style="fill:{}">{}</text>"#,
                    paint.css(),
                    escaped(text)
                )
            }
        }
    }
}

impl Drawing {
    pub fn new(width: f64, height: f64) -> Self {
        Drawing { width, height, shapes: Vec::new() }
    }

    pub fn add(&mut self, shape: Shape) {
        self.shapes.push(shape);
    }

    /// One drawing under another.
    pub fn stacked(drawings: impl IntoIterator<Item = Drawing>) -> Drawing {
        let mut all = Drawing::default();
        for drawing in drawings {
            let down = all.height;
            all.shapes.extend(drawing.shapes.into_iter().map(|shape| shape.moved(down)));
            all.width = all.width.max(drawing.width);
            all.height += drawing.height;
        }
        all
    }

    /// An element of a page whose style declares the colours; `label` is read to those who do not see it.
    pub fn element(&self, label: &str) -> String {
        self.svg(&format!(r#" role="img" aria-label="{}""#, escaped(label)), "")
    }

    /// A file's text: an image for itself, light or dark as the reader prefers.
    pub fn file(&self) -> String {
        let style = format!(
            "<style>{}text{{font-family:system-ui,sans-serif}}</style><rect width=\"100%\" height=\"100%\" style=\"fill:{}\"/>",
            palette::css("svg"),
            Paint::Ground.css()
        );
        let size = format!(r#" width="{:.0}" height="{:.0}""#, self.width, self.height);
        self.svg(&size, &style) + "\n"
    }

    fn svg(&self, attributes: &str, before: &str) -> String {
        let shapes: String = self.shapes.iter().map(Shape::svg).collect();
        format!(
            r#"<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {:.0} {:.0}"{attributes}>{before}{shapes}</svg>"#,
            self.width, self.height
        )
    }
}
