//! What `inkgrad predict` prints of each picture.

use std::path::Path;

use serde::Serialize;

use super::{Options, show};
use crate::cli::classifier::Classifier;
use crate::cli::failure::Failure;
use crate::cli::{json, output};

pub struct Report<'a> {
    options: &'a Options,
    classifier: &'a Classifier,
    pictures: usize,
}

#[derive(Serialize)]
#[serde(tag = "event", rename = "prediction")]
struct Line<'a> {
    file: &'a str,
    class: &'a str,
    probability: f32,
    /// The most probable classes, the first included.
    top: &'a [Candidate],
}

#[derive(Serialize)]
struct Candidate {
    class: String,
    probability: f32,
}

impl<'a> Report<'a> {
    pub fn new(options: &'a Options, classifier: &'a Classifier) -> Self {
        Report { options, classifier, pictures: 0 }
    }

    /// Pictures reported.
    pub fn pictures(&self) -> usize {
        self.pictures
    }

    /// What is printed before all pictures.
    pub fn begin(&self) -> Result<(), Failure> {
        if !self.options.csv {
            return Ok(());
        }
        let more = (2..=self.top()).map(|number| format!(",class{number},probability{number}"));
        output::line(format_args!("file,class,probability{}", more.collect::<String>()))
    }

    /// One picture: its class, its probability and the runners-up.
    pub fn picture(&mut self, name: &Path, probabilities: &[f32], seen: &[u8]) -> Result<(), Failure> {
        self.pictures += 1;
        let top = self.most_probable(probabilities);
        let [first, others @ ..] = &top[..] else { return Ok(()) };
        let file = name.to_string_lossy();
        if self.options.json {
            let (class, probability) = (&first.class[..], first.probability);
            return json::line(&Line { file: &file, class, probability, top: &top });
        }
        if self.options.csv {
            let cells = top.iter().map(|one| format!(",{},{:.6}", quoted(&one.class), one.probability));
            return output::line(format_args!("{}{}", quoted(&file), cells.collect::<String>()));
        }
        if self.options.show {
            let task = self.classifier.task();
            output::print(show::drawn(seen, task))?;
        }
        let others: Vec<String> =
            others.iter().map(|one| format!("{} {:.4}", one.class, one.probability)).collect();
        let others = if others.is_empty() { String::new() } else { format!("  ({})", others.join(", ")) };
        output::line(format_args!("{file}: {}  {:.4}{others}", first.class, first.probability))
    }

    /// A row of a table as Kaggle takes answers: its number and its class.
    pub fn row(&mut self, number: usize, probabilities: &[f32]) -> Result<(), Failure> {
        self.pictures += 1;
        let class =
            self.most_probable(probabilities).first().map_or_else(String::new, |one| quoted(&one.class));
        output::line(format_args!("{number},{class}"))
    }

    fn top(&self) -> usize {
        usize::from(self.options.top).min(self.classifier.task().classes)
    }

    fn most_probable(&self, probabilities: &[f32]) -> Vec<Candidate> {
        let mut order: Vec<usize> = (0..probabilities.len()).collect();
        // The first of equals comes first, as everywhere.
        order.sort_by(|a, b| probabilities[*b].total_cmp(&probabilities[*a]));
        let candidate =
            |class| Candidate { class: self.classifier.class(class), probability: probabilities[class] };
        order.into_iter().take(self.top()).map(candidate).collect()
    }
}

/// A cell of CSV (RFC 4180), in quotes where it needs them.
fn quoted(text: &str) -> String {
    match text.contains([',', '"', '\n', '\r']) {
        true => format!("\"{}\"", text.replace('"', "\"\"")),
        false => text.to_owned(),
    }
}

#[cfg(test)]
mod tests {
    #[test]
    fn cells_are_quoted_where_they_must_be() {
        assert_eq!(super::quoted("plain 1.png"), "plain 1.png");
        assert_eq!(super::quoted("a,\"b\""), "\"a,\"\"b\"\"\"");
    }
}
