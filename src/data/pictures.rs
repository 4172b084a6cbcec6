//! Folders of pictures, one per class, as in torchvision's ImageFolder: `CLASS/*.png`, with or without `train`, `val` and
//! `test` above the classes.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Mutex, PoisonError};

use super::found::{Found, Halves};
use super::idx::{MAX_BODY, MAX_SIDE};
use super::picture_cache::Cache;
use super::tree::{Entry, Tree};
use super::{Options, Part, Split};
use crate::picture::{ENDINGS, Picture, Preparation, UNDECODED};
use crate::{Error, Result, threads};

/// Longest picture file that is read; several threads read one each.
const MAX_FILE: u64 = 64 << 20;
/// Pictures that are looked at to find out what most of them are.
const SAMPLE: usize = 200;
/// Longest side that is not large: networks for small images would take pictures of more for minutes a step.
const LARGE: usize = 96;
/// Pictures that a worker takes at a time.
const CHUNK: usize = 32;
/// Broken pictures that are named.
const NAMED: usize = 5;

/// Pictures and the numbers of their classes.
type Labelled<'a> = Vec<(&'a Entry, u8)>;

/// Which pictures are of which class and part.
pub(super) struct Layout<'a> {
    tree: &'a Tree,
    classes: Vec<String>,
    train: Labelled<'a>,
    validation: Labelled<'a>,
    test: Labelled<'a>,
}

pub(super) fn is_picture(entry: &Entry) -> bool {
    let ending = entry.name().rsplit_once('.').map(|(_, ending)| ending.to_ascii_lowercase());
    // Those that cannot be decoded are pictures too: they are named with the broken ones.
    ending.is_some_and(|ending| ENDINGS.iter().chain(UNDECODED).any(|known| *known == ending))
}

/// The part that a folder's name stands for.
fn part(folder: &str) -> Option<usize> {
    match folder.to_ascii_lowercase().as_str() {
        "train" | "training" => Some(0),
        "val" | "valid" | "validation" => Some(1),
        "test" | "testing" => Some(2),
        _ => None,
    }
}

/// The folders between a common one and a file.
fn below<'a>(entry: &'a Entry, base: &str) -> Vec<&'a str> {
    let rest = entry.directory().strip_prefix(base).unwrap_or_default();
    rest.split('/').filter(|folder| !folder.is_empty()).collect()
}

/// The folder that all files lie in or below.
fn common<'a>(files: &[&'a Entry]) -> &'a str {
    let Some(first) = files.first() else { return "" };
    let mut base = first.directory();
    while !files.iter().all(|entry| {
        entry
            .directory()
            .strip_prefix(base)
            .is_some_and(|rest| base.is_empty() || rest.is_empty() || rest.starts_with('/'))
    }) {
        base = base.rsplit_once('/').map_or("", |(above, _)| above);
    }
    base
}

/// Numbers by their value, other names by their bytes, as ImageFolder sorts.
pub(super) fn sorted(names: BTreeSet<String>) -> Vec<String> {
    let mut names: Vec<String> = names.into_iter().collect();
    if names.iter().all(|name| name.parse::<u32>().is_ok()) {
        names.sort_by_key(|name| name.parse::<u32>().unwrap_or(0));
    }
    names
}

/// How the pictures of a tree are laid out, if they lie in a folder for each class.
pub(super) fn find(tree: &Tree) -> Result<Option<Layout<'_>>> {
    let pictures: Vec<&Entry> = tree.files().iter().filter(|entry| is_picture(entry)).collect();
    let base = common(&pictures);
    let heads: BTreeSet<&str> =
        pictures.iter().filter_map(|entry| below(entry, base).first().copied()).collect();
    let has_parts = heads.iter().any(|head| part(head) == Some(0))
        && pictures.iter().any(|entry| below(entry, base).len() > 1);
    // Part, class and picture.
    let placed: Vec<(usize, &str, &Entry)> = pictures
        .iter()
        .filter_map(|entry| match (has_parts, &below(entry, base)[..]) {
            (true, [head, class, ..]) => Some((part(head)?, *class, *entry)),
            (false, [class, ..]) => Some((0, *class, *entry)),
            _ => None,
        })
        .collect();
    let classes = placed.iter().filter(|(part, ..)| *part == 0).map(|(_, class, _)| (*class).to_owned());
    let classes = sorted(classes.collect());
    if classes.len() < 2 {
        return Ok(None);
    }
    if classes.len() > 256 {
        let what = format!("{} folders of pictures: at most 256 classes are possible", classes.len());
        return Err(Error::bad_file(tree.root(), what));
    }
    let numbers: BTreeMap<&str, u8> = classes.iter().map(String::as_str).zip(0..=255).collect();
    let mut parts = [Vec::new(), Vec::new(), Vec::new()];
    for (part, class, entry) in placed {
        let Some(number) = numbers.get(class) else {
            let what = format!("its class `{class}` is not among those of the training pictures");
            return Err(Error::bad_file(tree.path(entry), what));
        };
        parts[part].push((entry, *number));
    }
    let [train, validation, test] = parts;
    Ok(Some(Layout { tree, classes, train, validation, test }))
}

/// Decodes and prepares the pictures of the wanted parts.
pub(super) fn read(layout: &Layout, options: &Options, wanted: Halves) -> Result<(Found, Preparation)> {
    let all = || layout.train.iter().chain(&layout.validation).chain(&layout.test);
    let entries: Vec<&Entry> = all().map(|(entry, _)| *entry).collect();
    let wishes = options.wishes();
    let preparation =
        match Cache::recall_preparation(options.cache.as_deref(), &wishes, layout.tree, &entries) {
            Some(preparation) => preparation,
            None => preparation(layout.tree, &entries, options)?,
        };
    // If only one half is wanted, the other's pictures are not decoded.
    let wanted_parts =
        [(wanted.train, &layout.train), (wanted.train, &layout.validation), (wanted.test, &layout.test)];
    let total = wanted_parts.iter().filter(|(is_wanted, _)| *is_wanted).map(|(_, part)| part.len()).sum();
    let progress = Progress { done: AtomicUsize::new(0), total, options };
    let mut parts = Vec::new();
    for (is_wanted, pictures) in wanted_parts {
        parts.push(match is_wanted && !pictures.is_empty() {
            true => Some(prepared(layout, pictures, &preparation, options, &progress)?),
            false => None,
        });
    }
    Cache::keep_preparation(options.cache.as_deref(), &wishes, layout.tree, &entries, &preparation);
    let mut parts = parts.into_iter();
    let mut next = || parts.next().flatten();
    let (train, validation, test) = (next(), next(), next());
    Ok((Found { train, validation, test }, preparation))
}

/// What the options say; for what they leave open, what most of the pictures have.
fn preparation(tree: &Tree, entries: &[&Entry], options: &Options) -> Result<Preparation> {
    let as_asked = |[height, width]: [usize; 2], channels| match options.as_digits {
        true => Preparation::digits(height, width),
        false => Preparation::fitted(height, width, channels, options.fit),
    };
    let size = options.size.or(options.as_digits.then_some([28, 28]));
    if let (Some(size), Some(channels)) = (size, options.channels.or(options.as_digits.then_some(1))) {
        return Ok(as_asked(size, channels));
    }
    let step = entries.len().div_ceil(SAMPLE).max(1);
    let sample: Vec<&Entry> = entries.iter().copied().step_by(step).collect();
    let looked = threads::map(&sample, |entry| {
        let picture = decoded(tree, entry).ok()?;
        Some(([picture.height(), picture.width()], !picture.has_colour()))
    });
    let looked: Vec<_> = looked.into_iter().flatten().collect();
    let mut sizes: BTreeMap<[usize; 2], usize> = BTreeMap::new();
    looked.iter().for_each(|(size, _)| *sizes.entry(*size).or_default() += 1);
    let grey = looked.iter().filter(|(_, is_grey)| *is_grey).count();
    let channels = options.channels.unwrap_or(if 2 * grey >= looked.len() { 1 } else { 3 });
    let commonest = sizes.iter().max_by_key(|(_, count)| **count).map(|(size, count)| (*size, *count));
    let (size, count) = match (size, commonest) {
        (Some(size), _) => (size, looked.len()),
        (None, Some(commonest)) => commonest,
        (None, None) => ([1, 1], 0),
    };
    let [height, width] = size;
    if let Some(otherwise) = options.otherwise
        && (2 * count < looked.len() || height.max(width) > LARGE)
    {
        return Ok(as_asked(otherwise, channels));
    }
    if 2 * count < looked.len() {
        let shown: Vec<_> = sizes.keys().take(4).map(|[height, width]| format!("{height}x{width}")).collect();
        let what = format!("its pictures are of many sizes ({}, ...)", shown.join(", "));
        return Err(Error::Data(format!(
            "{}: {what}. Say which one to fit them to: --size 28, or --size HEIGHTxWIDTH",
            tree.root().display()
        )));
    }
    if height > MAX_SIDE || width > MAX_SIDE {
        let what = format!(
            "its pictures are {height}x{width} pixels: say which size to fit them to, such as --size 64"
        );
        return Err(Error::Data(format!("{}: {what}", tree.root().display())));
    }
    Ok(as_asked(size, channels))
}

fn decoded(tree: &Tree, entry: &Entry) -> Result<Picture> {
    let bytes = tree.read(entry, MAX_FILE)?;
    Picture::decode(&tree.path(entry), &bytes)
}

/// Tells the caller how far the decoding is.
struct Progress<'a> {
    done: AtomicUsize,
    total: usize,
    options: &'a Options,
}

impl Progress<'_> {
    fn add(&self, count: usize) {
        let done = self.done.fetch_add(count, Ordering::Relaxed) + count;
        if let Some(tell) = &self.options.progress {
            tell.tell(done, self.total);
        }
    }
}

fn prepared(
    layout: &Layout,
    pictures: &Labelled,
    preparation: &Preparation,
    options: &Options,
    progress: &Progress,
) -> Result<Part> {
    let tree = layout.tree;
    let bytes = preparation.height * preparation.width * preparation.channels;
    let total = bytes as u64 * pictures.len() as u64;
    if total > MAX_BODY {
        let what = format!("{} pictures of {bytes} bytes are more than {MAX_BODY}", pictures.len());
        return Err(Error::Data(format!("{}: {what}. Choose a smaller --size", tree.root().display())));
    }
    let entries: Vec<&Entry> = pictures.iter().map(|(entry, _)| *entry).collect();
    let cache = options.cache.as_deref().map(|dir| Cache::of(dir, preparation, tree, &entries));
    let mut labels: Vec<u8> = pictures.iter().map(|(_, label)| *label).collect();
    let (mut notes, mut images) = (Vec::new(), None);
    if let Some(kept) = cache.as_ref().and_then(|cache| cache.images(total)) {
        progress.add(pictures.len());
        images = Some(kept);
    }
    let images = match images {
        Some(images) => images,
        None => {
            let mut images = Vec::new();
            let room = images.try_reserve_exact(total as usize);
            room.map_err(|_| Error::NoMemory { bytes: total as usize })?;
            images.resize(total as usize, 0);
            let broken = decode_all(tree, &entries, preparation, &mut images, progress);
            if broken.is_empty() {
                if let Some(cache) = cache {
                    cache.keep(&images);
                }
            } else {
                let what = broken_summary(tree.root(), &broken, pictures.len());
                if !options.skip_bad {
                    return Err(Error::bad_file(tree.root(), format!("{what}. --skip-bad leaves them out")));
                }
                if broken.len() == pictures.len() {
                    return Err(Error::bad_file(tree.root(), what));
                }
                notes.push(format!("left out: {what}"));
                let is_broken = |at: usize| broken.binary_search_by_key(&at, |(at, _)| *at).is_ok();
                let kept = |at: &usize| !is_broken(*at);
                images = (0..labels.len())
                    .filter(kept)
                    .flat_map(|at| images[at * bytes..][..bytes].iter().copied())
                    .collect();
                labels = (0..labels.len()).filter(kept).map(|at| labels[at]).collect();
            }
            images
        }
    };
    let split = Split::new(bytes, images, labels)?;
    let shape = [preparation.channels, preparation.height, preparation.width];
    let mut part = Part::new(shape, split, tree.root().to_owned())?;
    part.class_names = layout.classes.clone();
    part.notes = notes;
    Ok(part)
}

/// Fills `images` with the prepared pictures; returns those that cannot be decoded, by position.
fn decode_all(
    tree: &Tree,
    entries: &[&Entry],
    preparation: &Preparation,
    images: &mut [u8],
    progress: &Progress,
) -> Vec<(usize, Error)> {
    let bytes = preparation.height * preparation.width * preparation.channels;
    let chunks: Vec<_> = entries.chunks(CHUNK).zip(images.chunks_mut(CHUNK * bytes)).enumerate().collect();
    let chunks: Vec<_> =
        chunks.into_iter().map(|(at, (entries, images))| (at, entries, Mutex::new(images))).collect();
    let broken = threads::map(&chunks, |(at, entries, images)| {
        let mut images = images.lock().unwrap_or_else(PoisonError::into_inner);
        let mut broken = Vec::new();
        for (number, (entry, image)) in entries.iter().zip(images.chunks_exact_mut(bytes)).enumerate() {
            match decoded(tree, entry).map(|picture| preparation.bytes(&picture)) {
                Ok(prepared) if prepared.len() == bytes => image.copy_from_slice(&prepared),
                Ok(prepared) => {
                    let what = format!("a prepared picture of {} bytes, not {bytes}", prepared.len());
                    broken.push((at * CHUNK + number, Error::Internal(what)));
                }
                Err(error) => broken.push((at * CHUNK + number, error)),
            }
        }
        progress.add(entries.len());
        broken
    });
    broken.into_iter().flatten().collect()
}

/// How many pictures are broken, and some by name.
fn broken_summary(root: &Path, broken: &[(usize, Error)], all: usize) -> String {
    let root = format!("{}/", root.display());
    let named: Vec<String> = broken
        .iter()
        .take(NAMED)
        .map(|(_, error)| error.to_string().trim_start_matches(root.as_str()).to_owned())
        .collect();
    let more = if broken.len() > NAMED { ", ..." } else { "" };
    format!("{} of {all} pictures cannot be read ({}{more})", broken.len(), named.join("; "))
}
