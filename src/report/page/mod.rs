//! A model's report: one HTML page that holds all it shows.

mod matrix;
mod pictures;
mod style;
mod tables;

use super::curves::charts;
use super::{Chart, Findings, Runs, escaped, reliability, weights};
use crate::data::Split;
use crate::error::Result;
use crate::model_file::Model;
use crate::train::Occlusion;

use pictures::Pictures;

/// All that a page shows.
pub struct Page<'a> {
    pub model: &'a Model,
    pub findings: &'a Findings,
    /// The test images, which the findings count.
    pub test: &'a Split,
    /// What the training recorded, if that is known.
    pub runs: Option<&'a Runs>,
    /// Where the network looks in some of the images: one for each of [`Findings::to_look_at`].
    pub looks: &'a [Occlusion],
    /// What a person should know about how the data was read, one sentence each.
    pub notes: &'a [String],
    /// How the model and the page were made: what, and its value.
    pub made: &'a [(String, String)],
}

/// Answers for which the page shows where the network looks: how many of the most confident mistakes, and of
/// the least confident answers.
const LOOKS: [usize; 2] = [8, 4];

impl Findings {
    /// The answers for which a page shows where the network looks.
    pub fn to_look_at(&self) -> Vec<super::Answer> {
        let [mistakes, unsure] = LOOKS;
        let mut answers: Vec<super::Answer> = self.mistakes.iter().take(mistakes).copied().collect();
        for answer in self.unsure.iter().take(unsure) {
            if !answers.contains(answer) {
                answers.push(*answer);
            }
        }
        answers
    }
}

/// A number with its digits in groups of three.
fn grouped(number: u64) -> String {
    let digits = number.to_string();
    let mut out = String::new();
    for (at, digit) in digits.chars().enumerate() {
        if at > 0 && (digits.len() - at).is_multiple_of(3) {
            out.push(',');
        }
        out.push(digit);
    }
    out
}

/// A fraction in per cent, with as many digits as are significant.
fn percent(fraction: f64) -> String {
    format!("{:.2} %", 100.0 * fraction)
}

impl Page<'_> {
    /// The page's text.
    ///
    /// # Errors
    /// `Internal` where a picture or the recipe cannot be written.
    pub fn html(&self) -> Result<String> {
        let pictures = Pictures::new(self)?;
        let sections = [
            ("confusion", "Confusion", self.confusion(&pictures)),
            ("classes", "Classes", self.classes()),
            ("calibration", "Calibration", self.calibration()),
            ("training", "Training", self.training()),
            ("mistakes", "Most confident mistakes", self.mistakes(&pictures)),
            ("unsure", "Least confident answers", self.unsure(&pictures)),
            ("looks", "Where it looks", self.looks(&pictures)),
            ("weights", "First layer", self.first_layer(&pictures)),
            ("network", "Network", self.network()?),
        ];
        let shown = || sections.iter().filter(|(.., content)| !content.is_empty());
        let links: String = shown().map(|(id, title, _)| format!("<a href=\"#{id}\">{title}</a> ")).collect();
        let body: String = shown()
            .map(|(id, title, content)| {
                format!("<section id=\"{id}\">\n<h2>{title}</h2>\n{content}</section>\n")
            })
            .collect();
        let name = escaped(&self.model.name);
        Ok(format!(
            "<!DOCTYPE html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\">\n\
             <meta name=\"viewport\" content=\"width=device-width,initial-scale=1\">\n\
             <meta name=\"color-scheme\" content=\"light dark\">\n<title>{name}: {} accuracy</title>\n\
             <style>\n{}{}</style>\n</head>\n<body>\n<main>\n{}<nav aria-label=\"Sections\">{links}</nav>\n{body}</main>\n</body>\n</html>\n",
            percent(self.findings.evaluation.accuracy()),
            style::sheet(),
            pictures.style(),
            self.head(),
        ))
    }

    fn class(&self, class: usize) -> String {
        escaped(&self.model.class_names.get(class).cloned().unwrap_or_else(|| class.to_string()))
    }

    fn head(&self) -> String {
        let Findings { evaluation, interval: [low, high], calibration, .. } = self.findings;
        let task = self.model.network.task;
        let wrong = evaluation.images as u64 - evaluation.correct.min(evaluation.images as u64);
        let tile = |value: String, what: &str, more: String| {
            format!(
                "<div class=\"tile\"><strong>{value}</strong><span>{what}</span><small>{more}</small></div>\n"
            )
        };
        let tiles = [
            tile(
                percent(evaluation.accuracy()),
                "accuracy",
                format!("95 % interval {:.2} to {:.2} %", 100.0 * low, 100.0 * high),
            ),
            tile(grouped(wrong), "mistakes", format!("of {} test images", grouped(evaluation.images as u64))),
            tile(format!("{:.4}", evaluation.loss), "loss", "cross-entropy of an image, in nats".into()),
            tile(
                percent(evaluation.balanced_accuracy()),
                "balanced accuracy",
                "every class counts the same".into(),
            ),
            tile(
                percent(calibration.error),
                "calibration error",
                "0 %: right as often as its probabilities say".into(),
            ),
        ];
        let members = match self.model.members.len() {
            1 => String::new(),
            members => format!(", {members} networks averaged"),
        };
        let colour = if task.channels == 1 { "" } else { " colour" };
        let notes: String =
            self.notes.iter().map(|note| format!("<p class=\"note\">{}</p>\n", escaped(note))).collect();
        format!(
            "<header>\n<h1>{}</h1>\n<p>{} × {}{colour} images in {} classes; {} parameters{members}</p>\n{notes}</header>\n<div class=\"tiles\">\n{}</div>\n",
            escaped(&self.model.name),
            task.height,
            task.width,
            task.classes,
            grouped(self.model.network.parameter_count() as u64),
            tiles.concat()
        )
    }

    fn confusion(&self, pictures: &Pictures) -> String {
        format!(
            "<p>Each row is a class, each column a prediction. Choose a coloured cell to see its images.</p>\n\
             <div class=\"beside\">\n<div class=\"matrix\">{}</div>\n{}</div>\n{}",
            matrix::svg(self),
            self.pairs(),
            self.cells(pictures)
        )
    }

    fn calibration(&self) -> String {
        let Findings { calibration, .. } = self.findings;
        let drawing = reliability::draw(calibration).element("Reliability diagram");
        format!(
            "<div class=\"beside\">\n<div class=\"plot narrow\">{drawing}</div>\n<div><p>Answers are sorted by their probability into {} bins. \
             A bar is the share of a bin's answers that is right, with its 95 % interval; on the dashed line the network is right as \
             often as it says. Below: how many answers a bin has, on a logarithmic scale.</p>\n\
             <p>Expected calibration error: <strong>{:.4}</strong>, the mean distance from the line over all answers.</p></div>\n</div>\n",
            calibration.bins.len(),
            calibration.error
        )
    }

    fn training(&self) -> String {
        let Some(runs) = self.runs else {
            return "<p>No log of the training was given: <code>inkgrad train --log FILE</code> writes one, and \
                    <code>inkgrad report --log FILE</code> shows its curves here.</p>\n"
                .into();
        };
        let drawings = charts(std::slice::from_ref(runs)).into_iter().filter_map(|chart| {
            let chart = Chart { title: chart.title.split(" of ").next().unwrap_or_default().into(), ..chart };
            Some(format!("<div class=\"plot\">{}</div>\n", chart.draw()?.element(&chart.title)))
        });
        format!("<div class=\"plots\">\n{}</div>\n", drawings.collect::<String>())
    }

    fn first_layer(&self, pictures: &Pictures) -> String {
        let Some(first) = weights::first_layer(self.model) else { return String::new() };
        let what = match first.are_kernels {
            true => format!("kernels of {} × {} pixels", first.height, first.width),
            false => "units, each with a weight for every pixel".into(),
        };
        let colours = match self.model.network.task.channels {
            1 => "Blue is a weight above zero, orange one below; each picture has its own scale.",
            _ => "The weights of red, green and blue are shown as these colours; grey is zero.",
        };
        let shown = match first.pictures.len() < first.units {
            true => format!(" The first {} are shown.", first.pictures.len()),
            false => String::new(),
        };
        format!(
            "<p><code>{}</code>: {} {what}. {colours}{shown}</p>\n<div class=\"answers\">{}</div>\n",
            escaped(&first.layer),
            first.units,
            pictures.weights(self, &first)
        )
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn digits_in_groups() {
        let all = [0, 12, 123, 1234, 60_000, 1_234_567].map(grouped);
        assert_eq!(all, ["0", "12", "123", "1,234", "60,000", "1,234,567"]);
    }
}
