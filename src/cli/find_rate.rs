//! `train --find-rate`: the learning-rate range test.

use inkgrad::Error;
use inkgrad::report::{Axis, Chart, Paint, Series};
use inkgrad::train::{RatePoint, RateTest, TrainerOptions};
use serde::Serialize;

use super::failure::Failure;
use super::run::Run;
use super::{json, output, plot, plotting};

#[derive(Serialize)]
#[serde(tag = "event", rename_all = "snake_case")]
enum Event {
    Rate { rate: f64, loss: f64, smoothed_loss: f64 },
    Suggestion { learning_rate: f64 },
}

pub async fn run(run: &Run<'_>) -> Result<(), Failure> {
    let Run { options, settings, network, chosen, .. } = *run;
    options.note(format_args!("device: {chosen}"));
    let trainer_options =
        TrainerOptions { seed: settings.seed, feed: options.feed(), ..TrainerOptions::default() };
    let split = run.split();
    let device = &chosen.device();
    let mut test = RateTest::new(device, network, &settings.recipe, &split, trainer_options).await?;
    while let Some(RatePoint { rate, loss, smoothed }) = test.advance().await? {
        if options.json {
            json::line(&Event::Rate { rate, loss, smoothed_loss: smoothed })?;
        }
    }
    let chart = chart(&settings.name, test.points());
    if let (Some(path), Some(drawing)) = (&options.plot, chart.draw()) {
        plotting::write(&drawing, path)?;
    }
    let Some(rate) = test.suggestion() else {
        let what = "the loss fell at no learning rate: nothing can be suggested";
        return Err(Error::Data(format!("{what}. Are the labels those of the images?")).into());
    };
    if options.json {
        return json::line(&Event::Suggestion { learning_rate: rate });
    }
    if !options.quiet {
        output::print(plot::in_text(&Chart { series: chart.series.into_iter().skip(1).collect(), ..chart }))?;
    }
    output::line(format_args!(
        "suggested: --learning-rate {rate:.1e} (a tenth of the rate at which the loss was the smallest; the recipe has {})",
        settings.recipe.learning_rate
    ))
}

/// The losses of the steps, and their smoothed curve, over the logarithm of the rate.
fn chart(name: &str, points: &[RatePoint]) -> Chart {
    // The last losses, which end the test, are so large that they would flatten the rest of the curve.
    let lowest = points.iter().map(|point| point.smoothed).fold(f64::INFINITY, f64::min);
    let shown = points.iter().filter(|point| point.loss < 10.0 * lowest.max(0.1));
    let dots = Series {
        is_dots: true,
        ..Series::line("loss of a step", shown.map(|point| [point.rate, point.loss]).collect(), Paint::Muted)
    };
    let smoothed = points.iter().map(|point| [point.rate, point.smoothed]).collect();
    Chart {
        title: format!("Learning-rate range test of {name}"),
        x: Axis { label: "learning rate".into(), is_log: true },
        y: Axis { label: "loss".into(), is_log: false },
        series: vec![dots, Series::line("smoothed", smoothed, Paint::Series(0))],
    }
}
