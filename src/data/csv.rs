//! Tables of pixels, one image per row, as Kaggle and many others write MNIST. The label comes first or last, or in a
//! column that the header calls `label` or the like; labels may be words.

use std::collections::{BTreeSet, HashMap};
use std::io::{BufRead, BufReader, Read};
use std::path::Path;

use csv::{ByteRecord, Reader, ReaderBuilder};

use super::found::{Found, Halves};
use super::gzip::{self, Members};
use super::idx::{MAX_BODY, MAX_SIDE};
use super::pictures::sorted;
use super::tree::{Entry, Tree};
use super::{Options, Part, Split, foreign};
use crate::{Error, Result};

const NO_LABELS: &str = "it has no column of labels: a header calls it `label`";
/// Longest row that is read, in columns: an image of 1024 x 1024 pixels and its label.
const MAX_COLUMNS: usize = 1024 * 1024 + 1;
/// Longest row that is read, in bytes.
const MAX_ROW: u64 = 8 << 20;
/// Rows that are looked at to find the column of the labels, where no header names it.
const SAMPLE: usize = 300;
const MAX_CLASSES: usize = 256;

/// What a header calls the column of the labels, and columns that are neither labels nor pixels.
const LABELS: &[&str] = &["label", "labels", "class", "target", "y", "digit", "category"];
const OTHERS: &[&str] = &["id", "imageid", "image_id", "index", ""];

pub(super) fn is_csv(entry: &Entry) -> bool {
    let name = entry.name().to_ascii_lowercase();
    let name = name.strip_suffix(".gz").unwrap_or(&name);
    (name.ends_with(".csv") || name.ends_with(".tsv")) && !name.contains("submission")
}

/// The data set, if a tree holds tables.
pub(super) fn read(tree: &Tree, options: &Options, wanted: Halves) -> Result<Option<Found>> {
    let tables: Vec<&Entry> = tree.files().iter().filter(|entry| is_csv(entry)).collect();
    let named = |words: &[&str]| -> Vec<&Entry> {
        let has = |entry: &&Entry| {
            let name = entry.name().to_ascii_lowercase();
            name.split(|c: char| !c.is_ascii_alphanumeric()).any(|part| words.contains(&part))
        };
        tables.iter().copied().filter(has).collect()
    };
    let one = |files: Vec<&'_ Entry>| match files[..] {
        [] => Ok(None),
        [one] => Ok(Some(one.clone())),
        _ => {
            let names: Vec<_> = files.iter().map(|entry| tree.path(entry).display().to_string()).collect();
            let what = format!("several tables for the same purpose: {}. Keep or name one", names.join(", "));
            Err(Error::bad_file(tree.root(), what))
        }
    };
    let (train, validation, test) = (
        one(named(&["train", "training"]))?,
        one(named(&["val", "valid", "validation"]))?,
        one(named(&["test", "testing", "t10k"]))?,
    );
    let (train, test) = match (train, test) {
        (None, None) => (one(tables)?, None),
        halves => halves,
    };
    if !wanted.train {
        // Without labelled images for tests, some are drawn from the training half: the caller reads both.
        let Some(entry) = test else { return Ok(train.map(|_| Found::default())) };
        let test = table(tree, &entry, options)?;
        // Read alone, it numbers its classes itself; for names the training half's numbers are needed.
        let Some(classes) = test.classes() else {
            let labelled = train.map(|_| Found::default());
            return labelled.map(Some).ok_or_else(|| Error::bad_file(tree.path(&entry), NO_LABELS));
        };
        let classes = classes.map_err(|what| Error::bad_file(tree.path(&entry), what))?;
        return Ok(Some(Found { test: Some(test.part(&classes)?), ..Found::default() }));
    }
    let Some(train) = train else { return Ok(None) };
    let first = table(tree, &train, options)?;
    let Some(classes) = first.classes() else {
        return Err(Error::bad_file(tree.path(&train), NO_LABELS));
    };
    let classes = classes.map_err(|what| Error::bad_file(tree.path(&train), what))?;
    let mut main = first.part(&classes)?;
    let mut other = |entry: Option<Entry>| -> Result<Option<Part>> {
        let Some(entry) = entry else { return Ok(None) };
        let table = table(tree, &entry, options)?;
        if table.labels.is_none() {
            main.notes.push(format!("{} has no labels: it cannot be tested on", tree.path(&entry).display()));
            return Ok(None);
        }
        table.part(&classes).map(Some)
    };
    let (validation, test) = (other(validation)?, other(test.filter(|_| wanted.test))?);
    Ok(Some(Found { train: Some(main), validation, test }))
}

/// The images of a table that has no labels, as Kaggle's `test.csv`; all get label 0. In a directory it is the table for tests.
pub(super) fn unlabelled(tree: &Tree, options: &Options) -> Result<Part> {
    let tables = || tree.files().iter().filter(|entry| is_csv(entry));
    let is_test = |entry: &&Entry| entry.name().to_ascii_lowercase().contains("test");
    let Some(entry) = tables().find(is_test).or(tables().next()) else {
        return Err(Error::bad_file(tree.root(), "it holds no table of images (.csv)"));
    };
    let mut table = table(tree, entry, options)?;
    let images = table.pixels.len() / table.shape.iter().product::<usize>().max(1);
    table.words = vec!["0".into()];
    table.labels = Some(vec![0; images]);
    table.part(&Classes::Numbers)
}

/// A table's images, and their labels where it has any.
struct Table {
    name: std::path::PathBuf,
    shape: [usize; 3],
    pixels: Vec<u8>,
    /// Number of each row's label in `words`.
    labels: Option<Vec<u16>>,
    words: Vec<String>,
}

/// The classes of a data set: numbers, or names in their order.
enum Classes {
    Numbers,
    Names(Vec<String>),
}

impl Table {
    fn classes(&self) -> Option<Result<Classes, String>> {
        self.labels.as_ref()?;
        let numbers = self.words.iter().filter(|word| word.parse::<u8>().is_ok()).count();
        Some(match numbers {
            _ if numbers == self.words.len() => Ok(Classes::Numbers),
            _ if self.words.iter().all(|word| word.parse::<f64>().is_ok()) => {
                Err("its labels are not classes: whole numbers from 0 to 255, or names, are possible".into())
            }
            _ => Ok(Classes::Names(sorted(self.words.iter().cloned().collect::<BTreeSet<_>>()))),
        })
    }

    fn part(self, classes: &Classes) -> Result<Part> {
        let number = |word: &String| match classes {
            Classes::Numbers => word.parse::<u8>().ok(),
            Classes::Names(names) => {
                names.iter().position(|name| name == word).and_then(|at| u8::try_from(at).ok())
            }
        };
        let numbers = self.words.iter().map(|word| {
            number(word).ok_or_else(|| {
                Error::bad_file(
                    &self.name,
                    format!("its label `{word}` is not among those of the training images"),
                )
            })
        });
        let numbers = numbers.collect::<Result<Vec<u8>>>()?;
        let labels = self.labels.unwrap_or_default().iter().map(|word| numbers[usize::from(*word)]).collect();
        let split = Split::new(self.shape.iter().product(), self.pixels, labels)?;
        let mut part = Part::new(self.shape, split, self.name)?;
        if let Classes::Names(names) = classes {
            part.class_names = names.clone();
        }
        Ok(part)
    }
}

fn table(tree: &Tree, entry: &Entry, options: &Options) -> Result<Table> {
    let name = tree.path(entry);
    tree.stream(entry, |stream| {
        let start = stream.fill_buf().map_err(|error| tree.failed(entry, error))?;
        if start.starts_with(&gzip::MAGIC) {
            rows(&name, &mut BufReader::new(Members::new(stream)), options)
        } else {
            rows(&name, stream, options)
        }
    })
}

/// Passes on bytes up to the end of a row; a row that never ends is an error before it fills the memory.
struct Rows<'a> {
    input: &'a mut dyn BufRead,
    in_row: u64,
}

impl Read for Rows<'_> {
    fn read(&mut self, out: &mut [u8]) -> std::io::Result<usize> {
        let read = self.input.read(out)?;
        match out[..read].iter().rposition(|byte| *byte == b'\n') {
            Some(at) => self.in_row = (read - at) as u64,
            None => self.in_row += read as u64,
        }
        match self.in_row > MAX_ROW {
            true => Err(std::io::Error::new(std::io::ErrorKind::InvalidData, "a row without end")),
            false => Ok(read),
        }
    }
}

fn rows(name: &Path, input: &mut dyn BufRead, options: &Options) -> Result<Table> {
    let bad = |what: String| Error::bad_file(name, what);
    let start = input.fill_buf().map_err(|error| Error::io(name, error))?;
    let head = start.trim_ascii_start();
    if head.starts_with(b"<") || head.starts_with(b"version https://git-lfs") || head.starts_with(b"{") {
        let what = foreign::describe(start).unwrap_or_default();
        return Err(bad(format!("this is {what}; a table of pixels is needed")));
    }
    let line = start.split(|byte| *byte == b'\n').next().unwrap_or_default();
    let count = |delimiter: u8| line.iter().filter(|byte| **byte == delimiter).count();
    let delimiter =
        [b',', b';', b'\t'].into_iter().max_by_key(|delimiter| (count(*delimiter), *delimiter == b','));
    let mut reader = ReaderBuilder::new()
        .has_headers(false)
        .flexible(true)
        .delimiter(delimiter.unwrap_or(b','))
        .from_reader(Rows { input, in_row: 0 });
    let mut sample = Vec::new();
    let mut record = ByteRecord::new();
    while sample.len() < SAMPLE && next(name, &mut reader, &mut record)? {
        sample.push(record.clone());
    }
    let Some(first) = sample.first() else { return Err(bad("it holds no rows".into())) };
    let columns = first.len();
    if columns > MAX_COLUMNS {
        return Err(bad(format!("{columns} columns: at most {MAX_COLUMNS} are read")));
    }
    let has_header = 2 * first.iter().filter(|field| number(field).is_some()).count() < columns;
    let label = match has_header {
        true => {
            let heads: Vec<String> = first
                .iter()
                .map(|head| {
                    String::from_utf8_lossy(head).trim_matches(['\u{feff}', ' ', '"']).to_ascii_lowercase()
                })
                .collect();
            Columns {
                label: heads.iter().position(|head| LABELS.contains(&head.as_str())),
                others: (0..columns).filter(|at| OTHERS.contains(&heads[*at].as_str())).collect(),
            }
        }
        false => Columns { label: label_column(&sample, columns, options), others: Vec::new() },
    };
    let width = columns - usize::from(label.label.is_some()) - label.others.len();
    let Some([height, side]) = size(width, options) else {
        let what = format!("its {columns} columns are not the pixels of square grey images and a label");
        return Err(bad(format!(
            "{what}: say their size with --size HEIGHTxWIDTH; images in colour are not read from tables"
        )));
    };
    let mut table = Table {
        name: name.to_owned(),
        shape: [1, height, side],
        pixels: Vec::new(),
        labels: label.label.map(|_| Vec::new()),
        words: Vec::new(),
    };
    let mut known: HashMap<Vec<u8>, u16> = HashMap::new();
    let mut row = 0u64;
    let mut take = |record: &ByteRecord, row: u64| -> Result<()> {
        if record.len() != columns {
            return Err(bad(format!("row {row} has {} columns, the first has {columns}", record.len())));
        }
        if table.pixels.len() as u64 + width as u64 > MAX_BODY {
            return Err(bad(format!("more than {MAX_BODY} pixels are not read")));
        }
        for (at, field) in record.iter().enumerate() {
            if Some(at) == label.label {
                let word = field.trim_ascii();
                let number = match known.get(word) {
                    Some(number) => *number,
                    None if word.is_empty() => return Err(bad(format!("row {row} has no label"))),
                    None if known.len() == MAX_CLASSES => {
                        return Err(bad(format!("it has more than {MAX_CLASSES} different labels")));
                    }
                    None => {
                        let number = known.len() as u16;
                        known.insert(word.to_vec(), number);
                        table.words.push(String::from_utf8_lossy(word).into_owned());
                        number
                    }
                };
                if let Some(labels) = &mut table.labels {
                    labels.push(number);
                }
            } else if !label.others.contains(&at) {
                let pixel = pixel(field).ok_or_else(|| {
                    let field = String::from_utf8_lossy(field);
                    let field: String = field.chars().take(20).collect();
                    bad(format!(
                        "row {row}, column {}: `{field}` is not a pixel, a whole number from 0 to 255",
                        at + 1
                    ))
                })?;
                table.pixels.push(pixel);
            }
        }
        Ok(())
    };
    for record in sample.iter().skip(usize::from(has_header)) {
        row += 1;
        take(record, row)?;
    }
    drop(sample);
    while next(name, &mut reader, &mut record)? {
        row += 1;
        take(&record, row)?;
    }
    match row {
        0 => Err(bad("it holds no images".into())),
        _ => Ok(table),
    }
}

struct Columns {
    label: Option<usize>,
    others: Vec<usize>,
}

fn next<R: Read>(name: &Path, reader: &mut Reader<R>, record: &mut ByteRecord) -> Result<bool> {
    reader.read_byte_record(record).map_err(|error| match error.kind() {
        csv::ErrorKind::Io(inner) if gzip::is_trailing(inner) => {
            Error::bad_file(name, "its gzip stream is followed by other data (trailing data)")
        }
        csv::ErrorKind::Io(inner) => Error::bad_file(name, format!("it cannot be read to its end ({inner})")),
        _ => Error::bad_file(name, error.to_string()),
    })
}

fn number(field: &[u8]) -> Option<f64> {
    std::str::from_utf8(field.trim_ascii()).ok()?.parse().ok()
}

/// A whole number from 0 to 255, perhaps written as `12.0`.
fn pixel(field: &[u8]) -> Option<u8> {
    let mut value = 0u32;
    match field {
        [] => return None,
        digits if digits.len() <= 3 && digits.iter().all(u8::is_ascii_digit) => {
            digits.iter().for_each(|digit| value = 10 * value + u32::from(digit - b'0'));
            return u8::try_from(value).ok();
        }
        _ => {}
    }
    number(field)
        .filter(|number| number.fract() == 0.0 && (0.0..=255.0).contains(number))
        .map(|number| number as u8)
}

/// Height and width of images of that many pixels.
fn size(pixels: usize, options: &Options) -> Option<[usize; 2]> {
    if let Some([height, width]) = options.size.filter(|[height, width]| height * width == pixels) {
        return Some([height, width]);
    }
    let side = pixels.isqrt();
    (pixels > 0 && side * side == pixels && side <= MAX_SIDE).then_some([side, side])
}

/// Which column holds the labels, of a table whose header does not say. The first or the last: words, or the one with fewer
/// different numbers, of which there are at least two; pixels in a corner are mostly background. None if without a label the
/// columns are just a square's pixels.
fn label_column(sample: &[ByteRecord], columns: usize, options: &Options) -> Option<usize> {
    if size(columns, options).is_some() && (columns < 2 || size(columns - 1, options).is_none()) {
        return None;
    }
    let values =
        |at: usize| -> BTreeSet<&[u8]> { sample.iter().filter_map(|record| record.get(at)).collect() };
    let last = columns.checked_sub(1)?;
    let (first_values, last_values) = (values(0), values(last));
    let is_word = |values: &BTreeSet<&[u8]>| values.iter().any(|value| number(value).is_none());
    let is_last = match (is_word(&first_values), is_word(&last_values)) {
        (false, true) => true,
        (true, false) => false,
        _ => last_values.len() > 1 && (first_values.len() < 2 || last_values.len() < first_values.len()),
    };
    Some(if is_last { last } else { 0 })
}
