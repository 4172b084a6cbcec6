use serde::{Deserialize, Serialize};

use crate::plan::ops::{MAX_CHANNELS, Pixels};

/// How pixels are normalised: `x = (byte / 255 - mean) / std`.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Normalisation {
    pub mean: PerChannel,
    pub std: PerChannel,
}

/// A number for all channels of an image, or one for red, green and blue each.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
#[serde(untagged, expecting = "a number, or three for red, green and blue, was expected")]
pub enum PerChannel {
    Same(f32),
    Each([f32; MAX_CHANNELS]),
}

impl PerChannel {
    /// One value for each of `channels` channels.
    fn values(self, channels: usize) -> Vec<f32> {
        match self {
            PerChannel::Same(value) => vec![value; channels],
            PerChannel::Each(values) => values.to_vec(),
        }
    }
}

impl From<f32> for PerChannel {
    fn from(value: f32) -> Self {
        PerChannel::Same(value)
    }
}

impl Default for Normalisation {
    fn default() -> Self {
        Normalisation { mean: 0.0.into(), std: 1.0.into() }
    }
}

impl Normalisation {
    /// What is wrong with it for images of that many channels, if anything.
    pub(super) fn check(&self, channels: usize) -> Result<(), String> {
        let (means, stds) = (self.mean.values(channels), self.std.values(channels));
        for (name, values) in [("mean", &means), ("std", &stds)] {
            if values.len() != channels {
                return Err(format!(
                    "normalisation: {} values of `{name}` for images of {channels} channel{}: give one number",
                    values.len(),
                    if channels == 1 { "" } else { "s" },
                ));
            }
        }
        let usable =
            stds.iter().all(|std| std.is_finite() && *std > 0.0) && means.iter().all(|mean| mean.is_finite());
        match usable {
            true => Ok(()),
            false => Err("normalisation: `std` must be above zero and `mean` finite".into()),
        }
    }

    /// How the bytes of each channel become floats.
    pub(crate) fn channels(&self, channels: usize) -> Vec<Pixels> {
        let (means, stds) = (self.mean.values(channels), self.std.values(channels));
        let pixels = |(mean, std): (f32, f32)| Pixels { gain: 1.0 / std, offset: -mean / std };
        means.into_iter().zip(stds).map(pixels).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::network::{Network, Task};

    #[test]
    fn each_channel_has_its_own_gain_and_offset() {
        let read = |text: &str| serde_json::from_str::<Normalisation>(text).unwrap();
        let same = read(r#"{"mean":0.5,"std":0.25}"#);
        let each = read(r#"{"mean":[0.5,0.25,1.0],"std":[0.25,0.5,2.0]}"#);
        let scales = |normalisation: Normalisation, channels| {
            let channels = normalisation.channels(channels);
            channels.iter().map(|Pixels { gain, offset }| [*gain, *offset]).collect::<Vec<_>>()
        };
        assert_eq!(scales(same, 1), [[4.0, -2.0]]);
        assert_eq!(scales(same, 3), [[4.0, -2.0]; 3]);
        assert_eq!(scales(each, 3), [[4.0, -2.0], [2.0, -0.5], [0.5, -0.5]]);
        assert_eq!(serde_json::to_string(&same).unwrap(), r#"{"mean":0.5,"std":0.25}"#);
        assert!(serde_json::from_str::<Normalisation>(r#"{"mean":[0.5,0.5],"std":1}"#).is_err());
    }

    #[test]
    fn what_does_not_fit_the_images_is_refused() {
        let network = |channels, mean: PerChannel, std: PerChannel| {
            let task = Task { channels, ..Task::grey(4, 4, 2) };
            Network::new(task, Normalisation { mean, std }, &[]).unwrap_err().to_string()
        };
        let each = PerChannel::Each;
        for (channels, mean, std, wanted) in [
            (1, each([0.5; 3]), 1.0.into(), "3 values of `mean` for images of 1 channel: give one"),
            (3, 0.5.into(), each([1.0, 0.0, 1.0]), "`std` must be above zero"),
            (3, each([0.5, f32::NAN, 0.5]), 1.0.into(), "`mean` finite"),
            (2, 0.5.into(), 1.0.into(), "images of 2 channels: 1 (grey) and 3"),
            (4, 0.5.into(), 1.0.into(), "images of 4 channels"),
            // Nothing is wrong but that there are no layers.
            (3, each([0.5; 3]), 1.0.into(), "end with a dense layer"),
        ] {
            let error = network(channels, mean, std);
            assert!(error.contains(wanted), "{error}");
        }
    }
}
