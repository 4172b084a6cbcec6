//! The pictures of a page: test images, where the network looks, weights. Each kind lies in one sheet.

use std::collections::BTreeMap;

use super::super::Answer;
use super::super::sheet::{COLUMNS, Sheet, reduced, reduced_size};
use super::super::weights::{WeightPictures, first_layer};
use super::{Page, grouped};
use crate::error::Result;
use crate::train::Occlusion;

/// Images shown of each cell of the confusion matrix: fewer where the page would become too large.
const OF_A_CELL: [usize; 5] = [24, 12, 6, 3, 1];
/// Bytes of the sheet of test images.
const MAX_BYTES: usize = 1_200_000;
/// Larger images are reduced to at most this side, in pixels.
const MAX_SIDE: usize = 64;
/// About the height of a picture on the page, in CSS pixels.
const HEIGHT: usize = 56;

pub struct Pictures {
    /// The number in the sheet of each image that is in it.
    numbers: BTreeMap<usize, usize>,
    of_a_cell: usize,
    style: String,
}

impl Pictures {
    pub fn new(page: &Page) -> Result<Self> {
        let task = page.model.network.task;
        let mut by = task.height.max(task.width).div_ceil(MAX_SIDE);
        let (numbers, of_a_cell, url, sheet) = loop {
            let mut found = None;
            for of_a_cell in OF_A_CELL {
                let (sheet, numbers) = images(page, by, of_a_cell);
                let url = if sheet.is_empty() { String::new() } else { sheet.url()? };
                if url.len() <= MAX_BYTES {
                    found = Some((numbers, of_a_cell, url, sheet));
                    break;
                }
            }
            match found {
                Some(found) => break found,
                // Ends at the latest where an image is one pixel.
                None => by += 1,
            }
        };
        let [height, width] = reduced_size(&task, by);
        let mut style = rule("p", &sheet, &url, height, width, HEIGHT);
        let side = task.height.max(task.width).div_ceil(MAX_SIDE);
        if !page.looks.is_empty() {
            let [height, width] = reduced_size(&task, side);
            let mut sheet = Sheet::new(height, width, 3);
            for (answer, occlusion) in page.findings.to_look_at().iter().zip(page.looks) {
                sheet.add(look(page, answer, occlusion, side));
            }
            style += &rule("o", &sheet, &sheet.url()?, height, width, HEIGHT * 3 / 2);
            // Beside it the image, in the same size.
            let times =
                times(height, HEIGHT * 3 / 2) as f64 / times(reduced_size(&task, by)[0], HEIGHT) as f64;
            style += &format!(".pair .p{{zoom:{times:.3}}}\n");
        }
        if let Some(first) = first_layer(page.model) {
            let mut sheet = Sheet::new(first.height, first.width, 3);
            first.pictures.into_iter().for_each(|picture| {
                sheet.add(picture);
            });
            style += &rule("w", &sheet, &sheet.url()?, first.height, first.width, HEIGHT);
        }
        Ok(Pictures { numbers, of_a_cell, style })
    }

    /// CSS that shows a sheet's parts.
    pub fn style(&self) -> &str {
        &self.style
    }

    fn image(&self, image: usize) -> String {
        match self.numbers.get(&image) {
            Some(number) => part("p", *number, &format!("test image {image}")),
            None => String::new(),
        }
    }

    /// The pictures of the first layer's weights.
    pub fn weights(&self, page: &Page, first: &WeightPictures) -> String {
        let is_output =
            first.units == page.model.network.task.classes && page.model.network.layers.len() <= 2;
        let figure = |unit: usize| {
            let called = if is_output { page.class(unit) } else { unit.to_string() };
            let picture = part("w", unit, &format!("weights of {called}"));
            let caption =
                if is_output { format!("<figcaption>{called}</figcaption>") } else { String::new() };
            format!("<figure>{picture}{caption}</figure>")
        };
        (0..first.pictures.len()).map(figure).collect()
    }
}

/// A sheet of all test images that the page shows, and their numbers in it.
fn images(page: &Page, by: usize, of_a_cell: usize) -> (Sheet, BTreeMap<usize, usize>) {
    let task = page.model.network.task;
    let [height, width] = reduced_size(&task, by);
    let mut sheet = Sheet::new(height, width, task.channels);
    let mut numbers = BTreeMap::new();
    let findings = page.findings;
    let cells = findings.confused.values().flat_map(|answers| answers.iter().take(of_a_cell));
    for answer in findings.mistakes.iter().chain(&findings.unsure).chain(cells) {
        numbers
            .entry(answer.image)
            .or_insert_with(|| sheet.add(reduced(page.test.image(answer.image), &task, by)));
    }
    (sheet, numbers)
}

/// By how much a picture of this height is enlarged to about `wanted`.
fn times(height: usize, wanted: usize) -> usize {
    ((wanted as f64 / height.max(1) as f64).round() as usize).max(1)
}

/// The rule of a class of elements that each show one picture of a sheet, enlarged by a whole number.
fn rule(class: &str, sheet: &Sheet, url: &str, height: usize, width: usize, wanted: usize) -> String {
    let times = times(height, wanted);
    let (height, width, [columns, rows]) = (height * times, width * times, sheet.size());
    format!(
        ".{class}{{width:{width}px;height:{height}px;background-image:url({url});background-size:{}px {}px;\
         background-position:calc(var(--x)*-{width}px) calc(var(--y)*-{height}px)}}\n",
        columns * width,
        rows * height
    )
}

fn part(class: &str, number: usize, label: &str) -> String {
    let (x, y) = (number % COLUMNS, number / COLUMNS);
    format!("<i class=\"{class}\" style=\"--x:{x};--y:{y}\" role=\"img\" aria-label=\"{label}\"></i>")
}

/// An image in grey under the colours of an occlusion: orange where it speaks for the answer, blue against.
fn look(page: &Page, answer: &Answer, occlusion: &Occlusion, by: usize) -> Vec<u8> {
    const FOR: [f32; 3] = [255.0, 120.0, 20.0];
    const AGAINST: [f32; 3] = [50.0, 140.0, 255.0];
    /// A smaller largest fall is noise, and stays pale.
    const LEAST: f32 = 0.02;
    let task = page.model.network.task;
    let [height, width] = reduced_size(&task, by);
    let planes = reduced(page.test.image(answer.image), &task, by);
    let area = height * width;
    let most = occlusion.falls.iter().fold(LEAST, |most, fall| most.max(fall.abs()));
    let pixel = |at: usize| {
        let grey = (0..task.channels).map(|channel| f32::from(planes[channel * area + at])).sum::<f32>()
            / task.channels as f32;
        let (y, x) = ((at / width * by).min(task.height - 1), (at % width * by).min(task.width - 1));
        let fall = occlusion.falls[y * task.width + x] / most;
        let colour = if fall >= 0.0 { FOR } else { AGAINST };
        let strength = 0.75 * fall.abs().min(1.0);
        colour.map(|colour| {
            ((0.25 * 255.0 + 0.6 * grey) * (1.0 - strength) + colour * strength).min(255.0) as u8
        })
    };
    let pixels: Vec<[u8; 3]> = (0..area).map(pixel).collect();
    (0..3).flat_map(|channel| pixels.iter().map(move |pixel| pixel[channel])).collect()
}

impl Page<'_> {
    /// A picture with the predicted and the right class.
    fn figure(&self, pictures: &Pictures, answer: &Answer, picture: &str) -> String {
        let said = self.class(answer.said);
        let caption = match answer.is_right() {
            true => format!(
                "<b class=\"good\">{said}</b> {}<br><span class=\"quiet\">right</span>",
                sure(answer.probability)
            ),
            false => format!(
                "<b class=\"bad\">{said}</b> {}<br><span class=\"quiet\">is</span> <b>{}</b> <span class=\"quiet\">{}</span>",
                sure(answer.probability),
                self.class(answer.right),
                sure(answer.of_right)
            ),
        };
        let image = pictures.image(answer.image);
        let shown =
            if picture.is_empty() { image } else { format!("<div class=\"pair\">{image}{picture}</div>") };
        format!(
            "<figure title=\"test image {}\">{shown}<figcaption>{caption}</figcaption></figure>\n",
            answer.image
        )
    }

    fn figures<'a>(&self, pictures: &Pictures, answers: impl IntoIterator<Item = &'a Answer>) -> String {
        let figures: String = answers.into_iter().map(|answer| self.figure(pictures, answer, "")).collect();
        format!("<div class=\"answers\">{figures}</div>\n")
    }

    pub(super) fn mistakes(&self, pictures: &Pictures) -> String {
        let mistakes = &self.findings.mistakes;
        if mistakes.is_empty() {
            return "<p>There is none: every test image was recognised.</p>\n".into();
        }
        format!(
            "<p>The predicted class and its probability; below it the label and the label's probability.</p>\n{}",
            self.figures(pictures, mistakes)
        )
    }

    pub(super) fn unsure(&self, pictures: &Pictures) -> String {
        let unsure = &self.findings.unsure;
        let right = unsure.iter().filter(|answer| answer.is_right()).count();
        format!(
            "<p>The {} answers with the smallest probability; {right} of them are right.</p>\n{}",
            unsure.len(),
            self.figures(pictures, unsure)
        )
    }

    pub(super) fn looks(&self, pictures: &Pictures) -> String {
        let Some(first) = self.looks.first() else { return String::new() };
        let answers = self.findings.to_look_at();
        let figures = answers.iter().zip(self.looks).enumerate().map(|(number, (answer, _))| {
            let picture = part("o", number, "where the network looks");
            self.figure(pictures, answer, &picture)
        });
        format!(
            "<p>A square of {side} × {side} pixels covers the image place by place. Orange: covering it makes the answer less probable, so it \
             speaks for the answer. Blue: it speaks against it. Each picture has its own scale of colours.</p>\n<div class=\"answers\">{}</div>\n",
            figures.collect::<String>(),
            side = first.side,
        )
    }

    /// The images of each cell of the confusion matrix, which its link shows.
    pub(super) fn cells(&self, pictures: &Pictures) -> String {
        let cell = |((label, predicted), answers): (&(usize, usize), &Vec<Answer>)| {
            let shown = answers.iter().take(pictures.of_a_cell);
            let of = match answers.len() > pictures.of_a_cell {
                true => format!(", the {} most confident shown", pictures.of_a_cell),
                false => String::new(),
            };
            format!(
                "<div class=\"cell\" id=\"c{label}-{predicted}\"><p><span><b>{}</b> predicted as <b>{}</b>: {} image{}{of}</span><a href=\"#confusion\">close</a></p>\n{}</div>\n",
                self.class(*label),
                self.class(*predicted),
                grouped(answers.len() as u64),
                if answers.len() == 1 { "" } else { "s" },
                self.figures(pictures, shown)
            )
        };
        self.findings.confused.iter().map(cell).collect()
    }
}

/// A probability in few digits, and never a wrong 100 %.
fn sure(probability: f32) -> String {
    match f64::from(probability) {
        high if (0.9995..1.0).contains(&high) => "99.9+ %".into(),
        low if low > 0.0 && low < 0.001 => "&lt; 0.1 %".into(),
        value => format!("{:.1} %", 100.0 * value),
    }
}
