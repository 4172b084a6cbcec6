//! The reliability diagram: how often answers of a probability are right.

use super::scale::Scale;
use super::statistics::{Bin, Calibration, wilson};
use super::{Anchor, Drawing, Paint, Shape};

const WIDTH: f64 = 400.0;
const LEFT: f64 = 56.0;
const RIGHT: f64 = 10.0;
const TOP: f64 = 12.0;
const SIDE: f64 = WIDTH - LEFT - RIGHT;
/// Height of the bars that count answers, and the room above them.
const COUNTS: f64 = 56.0;
const GAP: f64 = 14.0;
const TEXT: f64 = 13.0;

/// Accuracy over probability, bin by bin, with the diagonal of perfect agreement; below it the number of answers.
pub fn draw(calibration: &Calibration) -> Drawing {
    let base = TOP + SIDE;
    let floor = base + GAP + COUNTS;
    let mut drawing = Drawing::new(WIDTH, floor + 44.0);
    let x = |value: f64| LEFT + value * SIDE;
    let y = |value: f64| base - value * SIDE;
    for (value, text) in Scale::from(0.0, 1.0, false).ticks(5) {
        drawing.add(Shape::line([LEFT, y(value)], [x(1.0), y(value)], Paint::Grid, 1.0));
        drawing.add(Shape::text([LEFT - 8.0, y(value) + 4.5], &text, TEXT, Paint::Muted, Anchor::End));
        drawing.add(Shape::text([x(value), floor + 18.0], text, TEXT, Paint::Muted, Anchor::Middle));
    }
    let most = calibration.bins.iter().map(|bin| bin.answers).max().unwrap_or(0).max(1);
    for bin in calibration.bins.iter().filter(|bin| bin.answers > 0) {
        let width = (bin.high - bin.low) * SIDE - 2.0;
        let title = Some(about(bin));
        let at = [x(bin.low) + 1.0, y(bin.accuracy)];
        let size = [width, (bin.accuracy * SIDE).max(0.5)];
        drawing.add(Shape::Box { at, size, paint: Paint::Series(0), opacity: 0.75, title: title.clone() });
        // The interval of the bar's height: few answers give a wide one.
        let [low, high] = wilson((bin.accuracy * bin.answers as f64).round() as u64, bin.answers);
        let middle = x((bin.low + bin.high) / 2.0);
        drawing.add(Shape::line([middle, y(low)], [middle, y(high)], Paint::Ink, 1.5));
        // On a logarithmic scale, since most answers have a high probability.
        let share = (bin.answers as f64 + 1.0).ln() / (most as f64 + 1.0).ln();
        let height = share * COUNTS;
        let at = [x(bin.low) + 1.0, floor - height];
        drawing.add(Shape::Box { at, size: [width, height], paint: Paint::Muted, opacity: 0.55, title });
    }
    let points = vec![[x(0.0), y(0.0)], [x(1.0), y(1.0)]];
    drawing.add(Shape::Line { points, paint: Paint::Series(1), width: 1.5, is_dashed: true });
    for height in [base, floor] {
        drawing.add(Shape::line([LEFT, height], [x(1.0), height], Paint::Muted, 1.0));
    }
    let label = "probability of the answer";
    drawing.add(Shape::text([x(0.5), floor + 38.0], label, TEXT, Paint::Muted, Anchor::Middle));
    for (middle, text) in [(y(0.5), "share that is right"), (floor - COUNTS / 2.0, "answers")] {
        drawing.add(Shape::Text {
            at: [14.0, middle],
            text: text.into(),
            size: TEXT,
            paint: Paint::Muted,
            anchor: Anchor::Middle,
            is_turned: true,
        });
    }
    drawing
}

fn about(bin: &Bin) -> String {
    format!(
        "probability {:.2} to {:.2}: {} answers, {:.1} % of them right, {:.1} % expected",
        bin.low,
        bin.high,
        bin.answers,
        100.0 * bin.accuracy,
        100.0 * bin.confidence
    )
}
