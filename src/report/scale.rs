//! From values to places on an axis, and the values that an axis names.

/// An axis from one value to another, linear or logarithmic.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Scale {
    low: f64,
    high: f64,
    is_log: bool,
}

impl Scale {
    /// A scale on which all finite values have a place, with a little room; none where there is no such value. A logarithmic
    /// scale takes only values above zero.
    pub fn over(values: impl Iterator<Item = f64>, is_log: bool) -> Option<Self> {
        let fits = |value: &f64| value.is_finite() && (!is_log || *value > 0.0);
        let (low, high) = values
            .filter(fits)
            .fold((f64::INFINITY, f64::NEG_INFINITY), |(low, high), value| (low.min(value), high.max(value)));
        (low <= high).then(|| Scale::from(low, high, is_log))
    }

    /// A scale from `low` to `high`, widened where they are the same.
    pub fn from(low: f64, high: f64, is_log: bool) -> Self {
        match (low < high, is_log) {
            (true, _) => Scale { low, high, is_log },
            (false, true) => Scale { low: low / 2.0, high: low * 2.0, is_log },
            (false, false) => {
                let room = if low == 0.0 { 1.0 } else { low.abs() / 10.0 };
                Scale { low: low - room, high: low + room, is_log }
            }
        }
    }

    /// The scale with this share of its length added at both ends.
    pub fn with_room(self, share: f64) -> Self {
        let Scale { low, high, is_log } = self;
        match is_log {
            true => {
                let room = (high / low).powf(share);
                Scale { low: low / room, high: high * room, is_log }
            }
            false => {
                let room = (high - low) * share;
                Scale { low: low - room, high: high + room, is_log }
            }
        }
    }

    pub fn low(self) -> f64 {
        self.low
    }

    /// Where a value lies: 0 at the low end, 1 at the high end.
    pub fn place(self, value: f64) -> f64 {
        match self.is_log {
            true => (value / self.low).ln() / (self.high / self.low).ln(),
            false => (value - self.low) / (self.high - self.low),
        }
    }

    /// About `wanted` round values within the scale, with the text for each.
    pub fn ticks(self, wanted: usize) -> Vec<(f64, String)> {
        let decades = (self.high / self.low).log10();
        let values = match self.is_log {
            true if decades > 1.2 => self.decades(wanted),
            _ => self.even(wanted),
        };
        values.into_iter().map(|(value, digits)| (value, shown(value, digits))).collect()
    }

    /// Multiples of 1, 2 or 5 times a power of ten, and the number of decimals that tells them apart.
    fn even(self, wanted: usize) -> Vec<(f64, usize)> {
        let rough = (self.high - self.low) / wanted.max(1) as f64;
        let power = 10f64.powf(rough.log10().floor());
        let step = [1.0, 2.0, 5.0, 10.0]
            .into_iter()
            .map(|times| times * power)
            .find(|step| *step >= rough * (1.0 - 1e-9));
        let step = step.unwrap_or(10.0 * power);
        let digits = (-step.log10().floor()).max(0.0) as usize;
        let first = (self.low / step - 1e-9).ceil() as i64;
        (first..)
            .map(|number| number as f64 * step)
            .take_while(|value| *value <= self.high + step * 1e-9)
            .take(100)
            .map(|value| (value, digits))
            .collect()
    }

    /// Powers of ten, with 2 and 5 times each where there is room.
    fn decades(self, wanted: usize) -> Vec<(f64, usize)> {
        let (first, last) = (self.low.log10().floor() as i32, self.high.log10().ceil() as i32);
        let decades = (last - first).max(1) as usize;
        let times: &[f64] = if decades * 3 <= wanted + 3 { &[1.0, 2.0, 5.0] } else { &[1.0] };
        let every = decades.div_ceil(wanted.max(1)).max(1);
        (first..=last)
            .step_by(every)
            .flat_map(|power| times.iter().map(move |times| (times * 10f64.powi(power), power)))
            .filter(|(value, _)| *value >= self.low * (1.0 - 1e-9) && *value <= self.high * (1.0 + 1e-9))
            .map(|(value, power)| (value, (-power).max(0) as usize))
            .collect()
    }
}

/// A number with `digits` decimals, or as a power of ten if that would be long; large ones with `k` and `M`.
fn shown(value: f64, digits: usize) -> String {
    let large = value.abs();
    let short = |value: f64, letter: &str| {
        let text = format!("{value:.3}");
        format!("{}{letter}", text.trim_end_matches('0').trim_end_matches('.'))
    };
    match digits {
        _ if value == 0.0 => "0".into(),
        _ if large >= 1e6 => short(value / 1e6, "M"),
        _ if large >= 1e4 => short(value / 1e3, "k"),
        _ if large < 1e-3 => format!("{value:.1e}").replace(".0e", "e"),
        digits => format!("{value:.digits$}"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn ticks(scale: Scale, wanted: usize) -> Vec<String> {
        scale.ticks(wanted).into_iter().map(|(_, text)| text).collect()
    }

    #[test]
    fn ticks_are_round() {
        assert_eq!(ticks(Scale::from(0.0, 1.0, false), 5), ["0", "0.2", "0.4", "0.6", "0.8", "1.0"]);
        assert_eq!(ticks(Scale::from(0.0, 45_000.0, false), 5), ["0", "10k", "20k", "30k", "40k"]);
        assert_eq!(
            ticks(Scale::from(0.97, 0.995, false), 5),
            ["0.970", "0.975", "0.980", "0.985", "0.990", "0.995"]
        );
        assert_eq!(ticks(Scale::from(0.01, 2.0, true), 5), ["0.01", "0.1", "1"]);
        assert_eq!(ticks(Scale::from(1e-6, 10.0, true), 4), ["1e-6", "1e-4", "0.01", "1"]);
        assert_eq!(ticks(Scale::from(0.2, 0.5, true), 3), ["0.2", "0.3", "0.4", "0.5"]);
    }

    #[test]
    fn values_have_their_place() {
        let log = Scale::from(0.01, 1.0, true);
        assert!((log.place(0.1) - 0.5).abs() < 1e-12);
        let same = Scale::over([3.0, f64::NAN, 3.0].into_iter(), false).unwrap();
        assert!((same.place(3.0) - 0.5).abs() < 1e-12);
        assert_eq!(Scale::over([f64::NAN, f64::INFINITY].into_iter(), false), None);
        assert_eq!(Scale::over([0.0, -1.0].into_iter(), true), None);
    }
}
