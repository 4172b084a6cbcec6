//! The tables of a page.

use super::super::escaped;
use super::{Page, grouped};
use crate::error::{Error, Result};

impl Page<'_> {
    /// The commonest mistakes.
    pub(super) fn pairs(&self) -> String {
        let row = |pair: &super::super::Pair| {
            let (label, predicted) = (pair.label, pair.predicted);
            format!(
                "<tr><td>{}</td><td class=\"text\">{}</td><td><a href=\"#c{label}-{predicted}\">{}</a></td></tr>\n",
                self.class(label),
                self.class(predicted),
                grouped(pair.images)
            )
        };
        let rows: String = self.findings.pairs.iter().map(row).collect();
        match rows.is_empty() {
            true => "<p>Every image was predicted correctly.</p>\n".into(),
            false => format!(
                "<div class=\"wide\"><table><caption>Most confused</caption><thead><tr><th>class</th><th class=\"text\">predicted as</th><th>images</th></tr></thead>\n<tbody>{rows}</tbody></table></div>\n"
            ),
        }
    }

    /// Precision, recall and F1 of each class.
    pub(super) fn classes(&self) -> String {
        let evaluation = &self.findings.evaluation;
        let classes = 0..evaluation.classes;
        let least =
            |of: &dyn Fn(usize) -> Option<f64>| classes.clone().filter_map(of).fold(f64::INFINITY, f64::min);
        let figures: [&dyn Fn(usize) -> Option<f64>; 3] =
            [&|class| evaluation.precision(class), &|class| evaluation.recall(class), &|class| {
                evaluation.f1(class)
            }];
        let lowest = figures.map(least);
        let row = |class: usize| {
            let images: u64 = classes.clone().map(|predicted| evaluation.count(class, predicted)).sum();
            let cells = figures.iter().zip(lowest).map(|(figure, least)| match figure(class) {
                None => "<td>–</td>".to_owned(),
                Some(value) if value == least && value < 1.0 => format!("<td class=\"low\">{value:.4}</td>"),
                Some(value) => format!("<td>{value:.4}</td>"),
            });
            format!(
                "<tr><td>{}</td><td>{}</td>{}</tr>\n",
                self.class(class),
                grouped(images),
                cells.collect::<String>()
            )
        };
        format!(
            "<p>Precision: of the images predicted as a class, the share that is of it. Recall: of a class's images, the share that was \
             recognised. F1: the harmonic mean of both. The lowest of each is marked.</p>\n\
             <div class=\"wide\"><table><thead><tr><th>class</th><th>images</th><th>precision</th><th>recall</th><th>F1</th></tr></thead>\n<tbody>{}</tbody>\n\
             <tbody><tr><th>mean</th><td>{}</td><td></td><td>{:.4}</td><td>{:.4}</td></tr></tbody></table></div>\n",
            classes.clone().map(row).collect::<String>(),
            grouped(evaluation.images as u64),
            evaluation.balanced_accuracy(),
            evaluation.macro_f1(),
        )
    }

    /// The layers, the recipe, and how all was made.
    pub(super) fn network(&self) -> Result<String> {
        let network = &self.model.network;
        let layer = |placed: &crate::network::Placed| {
            let parameters: usize =
                network.parameters[placed.parameters.clone()].iter().map(|slice| slice.len()).sum();
            let shape: Vec<String> = placed.output.iter().map(ToString::to_string).collect();
            let of = |number: u64| if number == 0 { String::new() } else { grouped(number) };
            format!(
                "<tr><td>{}</td><td>{}</td><td>{}</td><td>{}</td></tr>\n",
                escaped(&placed.name),
                shape.join(" × "),
                of(parameters as u64),
                of(placed.multiply_adds())
            )
        };
        let layers: String = network.layers.iter().map(layer).collect();
        let recipe = toml::to_string(&self.model.recipe)
            .map_err(|error| Error::Internal(format!("a recipe cannot be written: {error}")))?;
        let fact = |(what, value): &(String, String)| {
            format!("<tr><th>{}</th><td>{}</td></tr>\n", escaped(what), escaped(value))
        };
        let facts: String = self.made.iter().map(fact).collect();
        Ok(format!(
            "<div class=\"beside\">\n<div class=\"wide\"><table><caption>Layers</caption><thead><tr><th>layer</th><th>output</th><th>parameters</th><th>multiply-adds</th></tr></thead>\n<tbody>{layers}</tbody></table></div>\n\
             <div><table class=\"facts\"><caption>How it was made</caption><tbody>{facts}</tbody></table></div>\n</div>\n\
             <details><summary>The recipe</summary><pre>{}</pre></details>\n",
            escaped(&recipe)
        ))
    }
}
