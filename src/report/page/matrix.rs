//! The confusion matrix as a heat map whose cells lead to their images.

use std::fmt::Write;

use super::super::{Paint, escaped};
use super::Page;

/// Side of a cell where there are few classes, and the whole map's at least where there are many.
const CELL: f64 = 44.0;
const SIDE: f64 = 700.0;
/// Cells smaller than this hold no number; rows smaller than this have no name.
const LEAST_NUMBER: f64 = 26.0;
const LEAST_NAME: f64 = 9.0;
/// Letters of a name beside the map, and of one above it before it is turned.
const LETTERS: usize = 14;
const LEVEL: usize = 4;

pub fn svg(page: &Page) -> String {
    let evaluation = &page.findings.evaluation;
    let classes = evaluation.classes;
    let cell = (SIDE / classes as f64).min(CELL);
    let size = (cell * 0.75).min(14.0);
    let has_names = cell >= LEAST_NAME;
    let raw = |class: usize| page.model.class_names.get(class).cloned().unwrap_or_else(|| class.to_string());
    let names: Vec<String> = (0..classes).map(|class| raw(class).chars().take(LETTERS).collect()).collect();
    let longest = names.iter().map(|name| name.chars().count()).max().unwrap_or(1);
    let is_turned = longest > LEVEL || cell < LEAST_NUMBER;
    let room = if has_names { longest as f64 * size * 0.6 + 10.0 } else { 6.0 };
    let (left, top) = (20.0 + room, 20.0 + if is_turned { room } else { size + 10.0 });
    let side = cell * classes as f64;
    let mut out = format!(
        "<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 {:.0} {:.0}\" role=\"group\" aria-label=\"Confusion matrix\">",
        left + side + 2.0,
        top + side + 2.0
    );
    let ink = |paint: Paint| format!("style=\"fill:{}\"", paint.css());
    let _ = write!(
        out,
        "<text x=\"{:.1}\" y=\"14\" font-size=\"13\" text-anchor=\"middle\" {muted}>prediction</text>\
         <text x=\"13\" y=\"{:.1}\" font-size=\"13\" text-anchor=\"middle\" transform=\"rotate(-90 13 {:.1})\" {muted}>label</text>\
         <rect x=\"{left:.1}\" y=\"{top:.1}\" width=\"{side:.1}\" height=\"{side:.1}\" fill=\"none\" style=\"stroke:{}\"/>",
        left + side / 2.0,
        top + side / 2.0,
        top + side / 2.0,
        Paint::Grid.css(),
        muted = ink(Paint::Muted)
    );
    for (class, name) in names.iter().enumerate().filter(|_| has_names) {
        let middle = (class as f64 + 0.5) * cell;
        let (name, ink) = (escaped(name), ink(Paint::Ink));
        let down = top + middle + size * 0.35;
        let _ = write!(
            out,
            "<text x=\"{:.1}\" y=\"{down:.1}\" font-size=\"{size:.1}\" text-anchor=\"end\" {ink}>{name}</text>",
            left - 8.0
        );
        let across = left + middle;
        let _ = match is_turned {
            true => {
                let (x, y) = (across + size * 0.35, top - 6.0);
                write!(
                    out,
                    "<text x=\"{x:.1}\" y=\"{y:.1}\" font-size=\"{size:.1}\" transform=\"rotate(-90 {x:.1} {y:.1})\" {ink}>{name}</text>"
                )
            }
            false => write!(
                out,
                "<text x=\"{across:.1}\" y=\"{:.1}\" font-size=\"{size:.1}\" text-anchor=\"middle\" {ink}>{name}</text>",
                top - 8.0
            ),
        };
    }
    let most = page.findings.pairs.first().map_or(1, |pair| pair.images).max(1);
    for label in 0..classes {
        let images: u64 = (0..classes).map(|predicted| evaluation.count(label, predicted)).sum();
        for predicted in 0..classes {
            let count = evaluation.count(label, predicted);
            if count == 0 {
                continue;
            }
            let is_right = label == predicted;
            let share = count as f64 / if is_right { images } else { most }.max(1) as f64;
            let paint = if is_right { Paint::Series(0) } else { Paint::Series(1) };
            // The square root keeps single images visible beside many.
            let strength = 0.12 + 0.88 * if is_right { share } else { share.sqrt() };
            let (x, y) = (left + predicted as f64 * cell, top + label as f64 * cell);
            let title = match is_right {
                true => format!("{count} of {images} images of {} recognised", escaped(&raw(label))),
                false => format!(
                    "{count} images of {} predicted as {}",
                    escaped(&raw(label)),
                    escaped(&raw(predicted))
                ),
            };
            let gap = if cell >= LEAST_NUMBER { 1.0 } else { 0.25 };
            let rect = format!(
                "<rect x=\"{:.1}\" y=\"{:.1}\" width=\"{w:.1}\" height=\"{w:.1}\" rx=\"{gap}\" fill-opacity=\"{strength:.2}\" style=\"fill:{}\"><title>{title}</title></rect>",
                x + gap,
                y + gap,
                paint.css(),
                w = cell - 2.0 * gap
            );
            let text = match cell >= LEAST_NUMBER {
                true => {
                    let colour = if strength > 0.55 { Paint::Ground } else { Paint::Ink };
                    let digits = count.to_string();
                    // Long numbers fit their cell.
                    let size = size.min(1.5 * cell / digits.len() as f64);
                    format!(
                        "<text x=\"{:.1}\" y=\"{:.1}\" font-size=\"{size:.1}\" text-anchor=\"middle\" pointer-events=\"none\" {}>{digits}</text>",
                        x + cell / 2.0,
                        y + cell / 2.0 + size * 0.35,
                        ink(colour)
                    )
                }
                false => String::new(),
            };
            out += &match page.findings.confused.contains_key(&(label, predicted)) {
                true => format!("<a href=\"#c{label}-{predicted}\" aria-label=\"{title}\">{rect}{text}</a>"),
                false => rect + &text,
            };
        }
    }
    out + "</svg>"
}
