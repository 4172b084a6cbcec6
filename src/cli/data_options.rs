//! The options that say which data to use and how to read it.

use std::path::{Path, PathBuf};

use clap::{Args, ValueEnum};
use inkgrad::data::{self, Progress};
use inkgrad::model_file::Model;
use inkgrad::picture::Fit;
use inkgrad::{Error, Result};

use super::shell::quoted;

#[derive(Args, Clone, Default)]
pub struct DataOptions {
    /// Labelled images to use instead of the built-in MNIST: a directory, file or zip archive with IDX files, folders of
    /// pictures (CLASS/PICTURE.png), tables (.csv), NumPy's arrays (.npz, .npy) or CIFAR's files (.bin)
    #[arg(long, value_name = "PATH")]
    data: Option<PathBuf>,
    #[command(flatten)]
    how: Reading,
}

/// How the data at a path is read.
#[derive(Args, Clone, Default)]
pub struct Reading {
    /// Fit images to this size, such as 28 or 32x48 (height x width); by default the size that most of them have
    #[arg(long, value_name = "SIZE", value_parser = parse_size, help_heading = "Data")]
    size: Option<Size>,
    /// Use images in grey; by default what most of them are
    #[arg(long, conflicts_with = "colour", help_heading = "Data")]
    grey: bool,
    /// Use images in colour
    #[arg(long, help_heading = "Data")]
    colour: bool,
    /// Fit images of other proportions by padding, by cropping, or by stretching
    #[arg(long, value_name = "HOW", help_heading = "Data")]
    fit: Option<FitChoice>,
    /// Normalise pictures as MNIST's digits were: the ink alone, light on black, in the middle of 28 x 28 pixels
    #[arg(long, conflicts_with_all = ["colour", "fit"], help_heading = "Data")]
    as_digits: bool,
    /// Leave out pictures that cannot be decoded
    #[arg(long, help_heading = "Data")]
    skip_bad: bool,
    /// Share of the images to keep for tests, where the data has no test images of its own [default: 0.15]
    #[arg(long, value_name = "SHARE", value_parser = parse_share, help_heading = "Data")]
    test_share: Option<f64>,
    /// Seed of the choice of images that are held back, for validation and for tests [default: 0]
    #[arg(long, value_name = "SEED", help_heading = "Data")]
    split_seed: Option<u64>,
    /// Decode all pictures anew: do not keep them in the user's cache directory, or use what is kept there
    #[arg(long, help_heading = "Data")]
    no_cache: bool,
}

/// Height and width.
#[derive(Clone, Copy, Debug, PartialEq)]
struct Size([usize; 2]);

fn parse_size(text: &str) -> Result<Size, String> {
    let (height, width) = text.split_once(['x', 'X', '×']).unwrap_or((text, text));
    let side = |text: &str| {
        let side: Option<usize> = text.trim().parse().ok();
        side.filter(|side| (1..=data::idx::MAX_SIDE).contains(side))
    };
    match (side(height), side(width)) {
        (Some(height), Some(width)) => Ok(Size([height, width])),
        _ => Err(format!(
            "a number of pixels such as 28, or 32x48, is needed, from 1 to {}",
            data::idx::MAX_SIDE
        )),
    }
}

fn parse_share(text: &str) -> Result<f64, String> {
    let share = text.parse().ok().filter(|share| (0.001..=0.9).contains(share));
    share.ok_or_else(|| "a number from 0.001 to 0.9 is needed".into())
}

#[derive(Clone, Copy, Debug, ValueEnum)]
enum FitChoice {
    Pad,
    Crop,
    Stretch,
}

impl DataOptions {
    pub fn path(&self) -> Option<&Path> {
        self.data.as_deref()
    }

    /// The options as the library takes them.
    ///
    /// # Errors
    /// `Usage` where an option needs a path that was not given.
    pub fn reading(&self) -> Result<data::Options> {
        let rest = self.rest();
        match self.data.is_some() || rest.is_empty() {
            true => Ok(self.how.options()),
            false => Err(Error::Usage(format!(
                "{} says how to read data: name it with --data PATH",
                rest.split_whitespace().next().unwrap_or_default()
            ))),
        }
    }

    /// As [`DataOptions::reading`], for a model's test: whatever the user did not ask for is as it was in
    /// training.
    ///
    /// # Errors
    /// As [`DataOptions::reading`].
    pub fn reading_for(&self, model: &Model) -> Result<data::Options> {
        let mut options = self.reading()?;
        let how = &self.how;
        if let Some(split) = model.split {
            options.test_share = how.test_share.unwrap_or(split.test_share);
            options.split_seed = how.split_seed.unwrap_or(split.seed);
        } else if how.test_share.is_none() {
            // The model has seen none of these images.
            options.test_share = 1.0;
        }
        if let Some(preparation) = &model.preparation {
            options.as_digits |= preparation.as_digits;
            if how.fit.is_none() {
                options.fit = preparation.fit;
            }
            let task = model.network.task;
            options.size = options.size.or(Some([task.height, task.width]));
            options.channels = options.channels.or(Some(task.channels));
        }
        Ok(options)
    }

    /// The options after the path, as they would be given again.
    pub fn rest(&self) -> String {
        self.how.rest()
    }
}

impl Reading {
    pub fn options(&self) -> data::Options {
        let defaults = data::Options::default();
        data::Options {
            split_seed: self.split_seed.unwrap_or(defaults.split_seed),
            test_share: self.test_share.unwrap_or(defaults.test_share),
            size: self.size.map(|Size(size)| size),
            otherwise: defaults.otherwise,
            channels: match (self.grey, self.colour) {
                (true, _) => Some(1),
                (_, true) => Some(3),
                _ => None,
            },
            fit: match self.fit {
                None | Some(FitChoice::Pad) => Fit::Pad,
                Some(FitChoice::Crop) => Fit::Crop,
                Some(FitChoice::Stretch) => Fit::Stretch,
            },
            as_digits: self.as_digits,
            skip_bad: self.skip_bad,
            cache: match self.no_cache {
                true => None,
                false => dirs::cache_dir().map(|dir| dir.join("inkgrad").join("pictures")),
            },
            progress: Some(decoding()),
        }
    }

    fn rest(&self) -> String {
        let mut rest = Vec::new();
        if let Some(Size([height, width])) = self.size {
            rest.push(format!("--size {height}x{width}"));
        }
        for (is_set, option) in [
            (self.grey, "--grey"),
            (self.colour, "--colour"),
            (self.as_digits, "--as-digits"),
            (self.skip_bad, "--skip-bad"),
            (self.no_cache, "--no-cache"),
        ] {
            if is_set {
                rest.push(option.into());
            }
        }
        if let Some(name) = self.fit.and_then(|fit| fit.to_possible_value()) {
            rest.push(format!("--fit {}", quoted(name.get_name().as_ref())));
        }
        rest.extend(self.test_share.map(|share| format!("--test-share {share}")));
        rest.extend(self.split_seed.map(|seed| format!("--split-seed {seed}")));
        rest.iter().map(|option| format!(" {option}")).collect()
    }
}

/// Shows in a terminal how many pictures are decoded; elsewhere, and where it takes no time, nothing.
fn decoding() -> Progress {
    let bar = std::sync::Mutex::new(None::<indicatif::ProgressBar>);
    let started = std::time::Instant::now();
    Progress::new(move |done, all| {
        let Ok(mut bar) = bar.lock() else { return };
        if bar.is_none() && done < all && started.elapsed().as_millis() > 300 {
            let style = indicatif::ProgressStyle::with_template(
                "decoding pictures {bar:30} {pos} of {len}, {eta} left",
            );
            let new = indicatif::ProgressBar::new(all as u64);
            if let Ok(style) = style {
                new.set_style(style);
            }
            *bar = Some(new);
        }
        if let Some(bar) = &*bar {
            bar.set_position(done as u64);
            if done >= all {
                bar.finish_and_clear();
            }
        }
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sizes_and_shares() {
        assert_eq!(parse_size("28"), Ok(Size([28, 28])));
        assert_eq!(parse_size("32x48"), Ok(Size([32, 48])));
        for bad in ["", "0", "x", "32x", "5000", "-1", "28 28", "1e3"] {
            assert!(parse_size(bad).is_err(), "{bad}");
        }
        assert_eq!(parse_share("0.2"), Ok(0.2));
        assert!(["0", "1", "nan", "-0.1", "x"].iter().all(|bad| parse_share(bad).is_err()));
    }
}
