//! What a sweep has found so far, in a file that grows with each trial: a sweep that was interrupted goes on from there.

use std::collections::BTreeMap;
use std::fs::OpenOptions;
use std::io::{Seek, SeekFrom};
use std::path::{Path, PathBuf};

use inkgrad::train::{Evaluation, Fingerprint};
use inkgrad::{Error, Result};
use serde::{Deserialize, Serialize};

use super::super::json;
use super::super::records::Records;
use super::trials::Trial;
use super::vary::text;

/// What trials must have in common to be compared.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(tag = "event", rename = "sweep")]
pub struct Header {
    /// The recipe before it is varied, in TOML.
    pub recipe: String,
    pub vary: Vec<String>,
    pub seed: u64,
    pub seeds: u64,
    pub images: Fingerprint,
}

/// A trial's result.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(tag = "event", rename = "trial")]
pub struct Outcome {
    /// From 0.
    pub trial: usize,
    pub values: BTreeMap<String, String>,
    /// Means over the seeds; none where the loss stopped being finite.
    pub validation_accuracy: Option<f64>,
    pub validation_loss: Option<f64>,
    /// Of each seed.
    pub accuracies: Vec<f64>,
    pub seconds: f64,
}

impl Outcome {
    /// `validations` are those of the trial's seeds, none where a loss stopped being finite.
    pub fn of(trial: &Trial, validations: &[Option<Evaluation>], seconds: f64) -> Self {
        let finite: Vec<&Evaluation> =
            validations.iter().flatten().filter(|one| one.loss.is_finite()).collect();
        let mean = |of: fn(&Evaluation) -> f64| {
            let all = finite.len() == validations.len();
            all.then(|| finite.iter().map(|one| of(one)).sum::<f64>() / finite.len().max(1) as f64)
        };
        Outcome {
            trial: trial.number,
            values: Outcome::values(trial),
            validation_accuracy: mean(Evaluation::accuracy),
            validation_loss: mean(|evaluation| evaluation.loss),
            accuracies: finite.iter().map(|one| one.accuracy()).collect(),
            seconds,
        }
    }

    /// The values of a trial as they are kept.
    pub fn values(trial: &Trial) -> BTreeMap<String, String> {
        trial.values.iter().map(|(path, value)| (path.clone(), text(value))).collect()
    }

    /// Whether this is the trial's result.
    pub fn is_of(&self, trial: &Trial) -> bool {
        self.trial == trial.number && self.values == Outcome::values(trial)
    }
}

pub struct Journal {
    records: Records,
    outcomes: Vec<Outcome>,
}

/// The journal's name in the sweep's directory.
const NAME: &str = "trials.jsonl";

impl Journal {
    /// Opens the journal of a directory, or begins it.
    ///
    /// # Errors
    /// `Usage` where it is another sweep's, `BadFile` where it is no journal, `Io` where it cannot be read or written.
    pub fn open(dir: &Path, header: &Header) -> Result<Self> {
        std::fs::create_dir_all(dir).map_err(|error| Error::io(dir, error))?;
        let path: PathBuf = dir.join(NAME);
        let bytes = match std::fs::read(&path) {
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => Vec::new(),
            read => read.map_err(|error| Error::io(&path, error))?,
        };
        // A line without its end was being written when the program was ended.
        let whole = bytes.iter().rposition(|byte| *byte == b'\n').map_or(0, |at| at + 1);
        let outcomes = parse(&path, &String::from_utf8_lossy(&bytes[..whole]), header)?;
        let file = OpenOptions::new().create(true).write(true).truncate(false).open(&path);
        let mut file = file.map_err(|error| Error::io(&path, error))?;
        let cut = file.set_len(whole as u64).and_then(|()| file.seek(SeekFrom::End(0)));
        cut.map_err(|error| Error::io(&path, error))?;
        let mut records = Records::new(&path, file)?;
        if whole == 0 {
            records.append((json::text(header)? + "\n").as_bytes())?;
        }
        Ok(Journal { records, outcomes })
    }

    /// A trial's result, if it has been made.
    pub fn outcome(&self, trial: &Trial) -> Option<&Outcome> {
        self.outcomes.iter().find(|outcome| outcome.is_of(trial))
    }

    pub fn add(&mut self, outcome: Outcome) -> Result<()> {
        self.records.append((json::text(&outcome)? + "\n").as_bytes())?;
        self.outcomes.push(outcome);
        Ok(())
    }
}

fn parse(path: &Path, text: &str, header: &Header) -> Result<Vec<Outcome>> {
    let mut lines = text.lines();
    let Some(first) = lines.next() else { return Ok(Vec::new()) };
    let bad =
        |error: serde_json::Error| Error::bad_file(path, format!("not what a sweep has written: {error}"));
    let known: Header = serde_json::from_str(first).map_err(bad)?;
    if known != *header {
        let differs = [
            (known.recipe != header.recipe, "its recipe"),
            (known.vary != header.vary, "what it varies"),
            (known.seed != header.seed || known.seeds != header.seeds, "its seeds"),
            (known.images != header.images, "its images"),
        ];
        let what: Vec<&str> = differs.iter().filter(|(differs, _)| *differs).map(|(_, what)| *what).collect();
        return Err(Error::Usage(format!(
            "{}: this is another sweep ({} differ): name another directory with --dir",
            path.display(),
            what.join(", ")
        )));
    }
    lines.map(|line| serde_json::from_str(line).map_err(bad)).collect()
}
