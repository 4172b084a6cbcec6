//! A sweep's results: the order of trials, their table and their plot.

use std::cmp::Ordering;

use inkgrad::recipe::Recipe;
use inkgrad::report::{Axis, Chart, Drawing, Paint, Series};
use inkgrad::{Error, Result};

use super::super::table::Table;
use super::journal::Outcome;
use super::trials::Trial;
use super::vary::{Values, Vary, number, text};

/// The recipe's text.
pub fn toml(recipe: &Recipe) -> Result<String> {
    toml::to_string(recipe).map_err(|error| Error::Internal(format!("a recipe cannot be written: {error}")))
}

/// A trial's values as text.
pub fn called(trial: &Trial) -> String {
    let values = trial.values.iter().map(|(path, value)| format!("{path}={}", text(value)));
    values.collect::<Vec<_>>().join(" ")
}

/// The better trial first: by accuracy, then by loss; trials that diverged last.
pub fn order(a: &Outcome, b: &Outcome) -> Ordering {
    let accuracy = |outcome: &Outcome| outcome.validation_accuracy.unwrap_or(-1.0);
    let loss = |outcome: &Outcome| outcome.validation_loss.unwrap_or(f64::INFINITY);
    accuracy(b).total_cmp(&accuracy(a)).then(loss(a).total_cmp(&loss(b))).then(a.trial.cmp(&b.trial))
}

/// A trial's result, in a line.
pub fn line(trial: &Trial, outcome: &Outcome) -> String {
    let found = match (outcome.validation_accuracy, outcome.validation_loss) {
        (Some(accuracy), Some(loss)) => format!("validation accuracy {accuracy:.4}, loss {loss:.4}"),
        _ => "the loss stopped being finite".into(),
    };
    format!("{}: {found}, {:.1} s", called(trial), outcome.seconds)
}

pub fn table(varied: &[Vary], ranked: &[(&Trial, &Outcome)]) -> Table {
    let mut table = Table::new(&[]);
    let has_seeds = ranked.iter().any(|(_, outcome)| outcome.accuracies.len() > 1);
    let mut head = vec!["rank".to_owned(), "trial".into(), "validation accuracy".into(), "loss".into()];
    if has_seeds {
        head.insert(3, "worst to best".into());
    }
    head.extend(varied.iter().map(|vary| vary.path.clone()));
    table.row(head);
    for (rank, (trial, outcome)) in ranked.iter().enumerate() {
        let figure = |value: Option<f64>| value.map_or("diverged".into(), |value| format!("{value:.4}"));
        let mut row = vec![
            (rank + 1).to_string(),
            (trial.number + 1).to_string(),
            figure(outcome.validation_accuracy),
            figure(outcome.validation_loss),
        ];
        if has_seeds {
            let all = || outcome.accuracies.iter().copied();
            let (worst, best) =
                (all().fold(f64::INFINITY, f64::min), all().fold(f64::NEG_INFINITY, f64::max));
            row.insert(3, if worst <= best { format!("{worst:.4} to {best:.4}") } else { "-".into() });
        }
        row.extend(trial.values.iter().map(|(_, value)| text(value)));
        table.row(row);
    }
    table
}

/// The accuracy over each varied field that is a number, one chart under another; none where there is none.
pub fn drawn(varied: &[Vary], ranked: &[(&Trial, &Outcome)]) -> Option<Drawing> {
    let drawings: Vec<Drawing> =
        varied.iter().enumerate().filter_map(|(at, vary)| chart(at, vary, ranked).draw()).collect();
    (!drawings.is_empty()).then(|| Drawing::stacked(drawings))
}

fn chart(at: usize, vary: &Vary, ranked: &[(&Trial, &Outcome)]) -> Chart {
    let point = |(trial, outcome): &(&Trial, &Outcome)| {
        let (_, value) = trial.values.get(at)?;
        Some([number(value)?, outcome.validation_accuracy?])
    };
    let dots = |name: &str, points: Vec<[f64; 2]>, paint: Paint| Series {
        is_dots: true,
        ..Series::line(name, points, paint)
    };
    let numbers = ranked.iter().filter_map(point).map(|[value, _]| value);
    let (low, high) =
        numbers.fold((f64::INFINITY, 0.0f64), |(low, high), value| (low.min(value), high.max(value)));
    let is_log = match vary.values {
        Values::Range { is_log, .. } => is_log,
        Values::List(_) => low > 0.0 && high / low >= 10.0,
    };
    Chart {
        title: format!("Validation accuracy by {}", vary.path),
        x: Axis { label: vary.path.clone(), is_log },
        y: Axis { label: "validation accuracy".into(), is_log: false },
        series: vec![
            dots("trials", ranked.iter().skip(1).filter_map(point).collect(), Paint::Series(0)),
            dots("the best", ranked.iter().take(1).filter_map(point).collect(), Paint::Series(1)),
        ],
    }
}
