//! Reads IDX files, the format of MNIST and its successors, gzipped or not.
//!
//! A file consists of a big-endian header (magic number, count and, for images, height and width) and one byte per label or
//! pixel. Source: yann.lecun.com/exdb/mnist. Variants of the format are read too: images with a dimension for their
//! channels, labels in wider integers or one-hot, QMNIST's labels (rows of integers, of which the first is the class).
//!
//! Nothing in a file is trusted before it is checked. An uncompressed file must be exactly as long as its
//! header says before memory is allocated. For a gzipped file, memory grows with the bytes that are really
//! decompressed, and decompression stops at the length that the header promises.

use std::fs::File;
use std::io::{self, BufRead, BufReader, Read};
use std::path::{Path, PathBuf};

use super::element::Element;
use super::foreign;
use super::gzip::{MAGIC as GZIP, MAX_EXPANSION, Members, is_trailing};
use super::labels;
use super::tree::{Entry, Tree};
use crate::{Error, Result};

/// Largest height and width of an image, in pixels.
pub const MAX_SIDE: usize = 4096;
/// Largest number of bytes of images or labels in one file: 4 GiB.
pub const MAX_BODY: u64 = 1 << 32;

/// Up to this ratio of decompressed to compressed size (MNIST's is 5) memory is allocated at once, beyond it gradually.
const USUAL_EXPANSION: u64 = 16;
/// Bytes decompressed at a time: few enough to stay in the cache.
const PIECE: usize = 1 << 17;

/// The content of an image file.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Images {
    pub count: usize,
    pub height: usize,
    pub width: usize,
    /// 1, or 3 for red, green and blue.
    pub channels: usize,
    /// `count` x `channels` x `height` x `width` bytes, row-major.
    pub pixels: Vec<u8>,
}

/// An IDX file, on disk or in memory.
#[derive(Clone, Debug)]
pub struct Source<'a> {
    name: PathBuf,
    place: Place<'a>,
}

#[derive(Clone, Copy)]
enum Place<'a> {
    File,
    Bytes(&'a [u8]),
    Entry(&'a Tree, &'a Entry),
}

impl std::fmt::Debug for Place<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(match self {
            Place::File => "a file",
            Place::Bytes(_) => "bytes",
            Place::Entry(..) => "a file of a tree",
        })
    }
}

impl<'a> Source<'a> {
    /// A file on disk.
    pub fn file(path: impl Into<PathBuf>) -> Self {
        Source { name: path.into(), place: Place::File }
    }

    /// A file's bytes, and its name for error messages.
    pub fn bytes(name: impl Into<PathBuf>, bytes: &'a [u8]) -> Self {
        Source { name: name.into(), place: Place::Bytes(bytes) }
    }

    pub(super) fn entry(tree: &'a Tree, entry: &'a Entry) -> Self {
        Source { name: tree.path(entry), place: Place::Entry(tree, entry) }
    }

    /// The path, or the name for error messages.
    pub fn name(&self) -> &Path {
        &self.name
    }

    /// The labels, one byte each; at least one.
    ///
    /// # Errors
    /// `BadFile` for whatever is not a well-formed label file, `Io` where it cannot be read.
    pub fn labels(&self) -> Result<Vec<u8>> {
        self.read(|file| file.labels())
    }

    /// The images; at least one, with sides in 1..=[`MAX_SIDE`].
    ///
    /// # Errors
    /// `BadFile` for whatever is not a well-formed image file, `Io` where it cannot be read.
    pub fn images(&self) -> Result<Images> {
        self.read(|file| file.images(None))
    }

    /// The images, if there are as many as labels, which is checked before any is decompressed.
    pub(super) fn images_for(&self, labels: usize, labels_name: &Path) -> Result<Images> {
        self.read(|file| file.images(Some((labels, labels_name))))
    }

    fn read<T>(&self, read: impl FnOnce(&mut Stream) -> Result<T>) -> Result<T> {
        if let Place::Bytes(mut bytes) = self.place {
            let length = bytes.len() as u64;
            return Stream::detect(&self.name, length, false, &mut bytes, read);
        }
        if let Place::Entry(tree, entry) = self.place {
            let is_packed = tree.is_archive();
            return tree.stream(entry, |stream| {
                Stream::detect(&self.name, entry.packed_size, is_packed, stream, read)
            });
        }
        let io = |source| Error::io(&self.name, source);
        // asked of the path, since opening a pipe would wait for a writer
        if !std::fs::metadata(&self.name).map_err(io)?.is_file() {
            return Err(Error::bad_file(&self.name, "this is not a file; an IDX file is needed"));
        }
        let file = File::open(&self.name).map_err(io)?;
        let length = file.metadata().map_err(io)?.len();
        Stream::detect(&self.name, length, false, &mut BufReader::with_capacity(PIECE, file), read)
    }
}

/// What distinguishes label files from image files.
#[derive(Clone, Copy)]
struct Kind {
    name: &'static str,
    dimensions: usize,
    wanted: &'static str,
}

const LABELS: Kind = Kind {
    name: "a label file (magic 0x801)",
    dimensions: 1,
    wanted: "an integer from 0 to 255 for each image",
};
const IMAGES: Kind = Kind {
    name: "an image file (magic 0x803)",
    dimensions: 3,
    wanted: "with bytes in the dimensions count, height, width, and 1 or 3 channels if there is a fourth",
};

/// Most dimensions of an IDX file: more are taken for another kind of file.
const MAX_DIMENSIONS: u8 = 8;
/// Most columns of labels that are rows of numbers.
const MAX_COLUMNS: u32 = 256;

/// A file being read.
struct Stream<'a> {
    name: &'a Path,
    /// Size of the file, compressed or not.
    length: u64,
    /// Whether the input is longer than `length`: decompressed.
    packed: bool,
    /// The decompressed bytes.
    input: &'a mut dyn Read,
    /// Bytes read from `input`.
    consumed: u64,
}

impl Stream<'_> {
    /// Calls `read` with the decompressed bytes of `input`; a gzipped file is recognised by its content, not its name.
    fn detect<T>(
        name: &Path,
        length: u64,
        is_packed: bool,
        input: &mut dyn BufRead,
        read: impl FnOnce(&mut Stream) -> Result<T>,
    ) -> Result<T> {
        let is_gzip = loop {
            match input.fill_buf() {
                Ok(start) => break start.starts_with(&GZIP),
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                Err(error) => return Err(Error::io(name, error)),
            }
        };
        let mut unpacker;
        let input: &mut dyn Read = if is_gzip {
            unpacker = Members::new(input);
            &mut unpacker
        } else {
            input
        };
        read(&mut Stream { name, length, packed: is_packed || is_gzip, input, consumed: 0 })
    }

    fn bad(&self, what: impl Into<String>) -> Error {
        Error::bad_file(self.name, what)
    }

    fn require(&self, holds: bool, what: impl FnOnce() -> String) -> Result<()> {
        if holds { Ok(()) } else { Err(self.bad(what())) }
    }

    /// Reads the magic number and the sizes of a file that should be of this kind: its type of values and its dimensions.
    fn header(&mut self, kind: Kind) -> Result<(Element, Vec<u32>)> {
        let mut magic = [0; 4];
        let found = self.fill(&mut magic)?;
        let cut_off = |wanted: usize, found: usize| {
            format!("its header is cut off: {wanted} bytes expected, {found} found. Fetch the file again")
        };
        let wanted = 4 + 4 * kind.dimensions;
        let [0, 0, element, dimensions @ 1..=MAX_DIMENSIONS] = magic else {
            return Err(self.foreign(&magic[..found], kind, cut_off(wanted, found))?);
        };
        self.require(found == magic.len(), || cut_off(wanted, found))?;
        let Some(element) = Element::of(element) else {
            return Err(self.foreign(&magic, kind, String::new())?);
        };
        let (mut sizes, mut found) = (vec![0; usize::from(dimensions)], found);
        for size in &mut sizes {
            let mut bytes = [0; 4];
            found += self.fill(&mut bytes)?;
            *size = u32::from_be_bytes(bytes);
        }
        let wanted = 4 + 4 * sizes.len();
        self.require(found == wanted, || cut_off(wanted, found))?;
        Ok((element, sizes))
    }

    /// The error for a file that does not begin like an IDX file.
    fn foreign(&mut self, magic: &[u8], kind: Kind, cut_off: String) -> Result<Error> {
        let mut start = magic.to_vec();
        start.resize(foreign::SAMPLE, 0);
        let more = self.fill(&mut start[magic.len()..])?;
        start.truncate(magic.len() + more);
        let what = match (foreign::describe(&start), magic) {
            (Some(what), _) => what,
            (None, [dimensions @ 1..=4, 8..=14, 0, 0]) => format!(
                "an IDX file with a little-endian header ({dimensions} dimensions): write its numbers big-endian"
            ),
            (None, [a, b, c, d]) => {
                format!("no IDX file (magic {:#x})", u32::from_be_bytes([*a, *b, *c, *d]))
            }
            _ => return Ok(self.bad(cut_off)),
        };
        Ok(self.bad(format!("this is {what}; {} is needed", kind.name)))
    }

    /// The error for an IDX file of other values or dimensions.
    fn other_kind(&self, element: Element, sizes: &[u32], kind: Kind) -> Error {
        let what = match (element, sizes.len()) {
            (Element::U8, 1) if kind.dimensions != 1 => LABELS.name.into(),
            (Element::U8, 3) if kind.dimensions != 3 => IMAGES.name.into(),
            _ => format!("an IDX file of {} in dimensions of {sizes:?}", element.name()),
        };
        self.bad(format!("this is {what}; {} is needed, {}", kind.name, kind.wanted))
    }

    fn labels(&mut self) -> Result<Vec<u8>> {
        let (element, sizes) = self.header(LABELS)?;
        let (count, columns) = match (element, &sizes[..]) {
            (Element::F32 | Element::F64, _) => return Err(self.other_kind(element, &sizes, LABELS)),
            (_, [count]) => (*count, None),
            (_, [count, columns]) => (*count, Some(*columns)),
            _ => return Err(self.other_kind(element, &sizes, LABELS)),
        };
        self.require(count > 0, || "it holds no labels".into())?;
        self.require(columns.is_none_or(|columns| (1..=MAX_COLUMNS).contains(&columns)), || {
            format!("its labels have {} columns: 1 to {MAX_COLUMNS} are read", columns.unwrap_or(0))
        })?;
        let bytes = element.bytes() as u64;
        let values = u64::from(count) * u64::from(columns.unwrap_or(1));
        let body = self.body(values * bytes, &format!("{count} labels"))?;
        if element == Element::U8 && columns.is_none() {
            return Ok(body);
        }
        let row = columns.unwrap_or(1) as usize;
        let numbers = body.chunks_exact(element.bytes()).map(|value| element.integer(value));
        let result = match columns {
            // QMNIST: class, writer and more.
            Some(2..) if element != Element::U8 => labels::classes(numbers.step_by(row)),
            Some(2..) => labels::one_hot(numbers, row),
            _ => labels::classes(numbers),
        };
        result.map_err(|what| self.bad(what))
    }

    fn images(&mut self, labels: Option<(usize, &Path)>) -> Result<Images> {
        let (element, sizes) = self.header(IMAGES)?;
        let (count, height, width, channels, is_planar) = match (element, &sizes[..]) {
            (Element::U8, &[count, height, width]) => (count, height, width, 1, true),
            (Element::U8, &[count, height, width, channels @ (1 | 3)]) => {
                (count, height, width, channels, false)
            }
            (Element::U8, &[count, channels @ (1 | 3), height, width]) => {
                (count, height, width, channels, true)
            }
            _ => return Err(self.other_kind(element, &sizes, IMAGES)),
        };
        self.require(count > 0, || "it holds no images".into())?;
        let side = 1..=MAX_SIDE as u32;
        self.require(side.contains(&height) && side.contains(&width), || {
            format!("its images are {height}x{width} pixels: each side must be in 1..={MAX_SIDE}")
        })?;
        if let Some((labels, name)) = labels {
            self.require(u64::from(count) == labels as u64, || {
                format!("it holds {count} images, but {} holds {labels} labels", name.display())
            })?;
        }
        // below 2^58, since the sides are
        let total = u64::from(count) * u64::from(height) * u64::from(width) * u64::from(channels);
        let in_colour = if channels == 1 { "" } else { " in colour" };
        let mut pixels =
            self.body(total, &format!("{count} images of {height}x{width} pixels{in_colour}"))?;
        let [count, height, width, channels] = [count, height, width, channels].map(|size| size as usize);
        if !is_planar {
            super::planar(&mut pixels, height * width, channels);
        }
        Ok(Images { count, height, width, channels, pixels })
    }

    /// The `wanted` bytes after the header, which must be the rest of the file.
    fn body(&mut self, wanted: u64, content: &str) -> Result<Vec<u8>> {
        self.require(wanted <= MAX_BODY, || {
            format!("its header promises {content}, {wanted} bytes: more than {MAX_BODY} are not read")
        })?;
        if self.packed {
            self.require(wanted <= self.length.saturating_mul(MAX_EXPANSION), || {
                let length = self.length;
                format!(
                    "its header promises {content}, {wanted} bytes: more than {length} compressed bytes can hold"
                )
            })?;
        } else {
            let found = self.length.saturating_sub(self.consumed);
            self.require(found == wanted, || wrong_length(content, wanted, found))?;
        }
        let at_once = match self.packed {
            true => wanted.min(self.length.saturating_mul(USUAL_EXPANSION)),
            false => wanted,
        };
        let mut body = Vec::new();
        let too_large = || format!("its {wanted} bytes do not fit into memory");
        let total = usize::try_from(wanted).map_err(|_| self.bad(too_large()))?;
        self.require(body.try_reserve_exact(at_once as usize).is_ok(), too_large)?;
        while body.len() < total {
            let start = body.len();
            let end = total.min(start + PIECE);
            self.require(body.try_reserve(end - start).is_ok(), too_large)?;
            body.resize(end, 0);
            let found = start + self.fill(&mut body[start..])?;
            self.require(found == end, || wrong_length(content, wanted, found as u64))?;
        }
        // asking for one byte more also makes the decoder compare the checksum
        let after = self.fill(&mut [0])?;
        self.require(after == 0, || {
            format!("it goes on after the {content} that its header promises ({wanted} bytes)")
        })?;
        Ok(body)
    }

    /// Reads until `out` is full or the input ends; returns the number of bytes read.
    fn fill(&mut self, out: &mut [u8]) -> Result<usize> {
        let mut filled = 0;
        while filled < out.len() {
            match self.input.read(&mut out[filled..]) {
                Ok(0) => break,
                Ok(read) => filled += read,
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                Err(error) => return Err(self.failed(error)),
            }
        }
        self.consumed += filled as u64;
        Ok(filled)
    }

    /// Distinguishes a broken gzip stream from a failing disk.
    fn failed(&self, error: io::Error) -> Error {
        use io::ErrorKind::{InvalidData, InvalidInput, UnexpectedEof};
        match error.kind() {
            _ if is_trailing(&error) => self.bad(
                "its gzip stream is followed by other data (trailing data). Fetch the file again, or cut it off",
            ),
            UnexpectedEof if self.packed => self.bad("its gzip stream is cut off. Fetch the file again"),
            InvalidData | InvalidInput if self.packed => {
                self.bad(format!("its gzip stream is broken ({error}). Fetch the file again"))
            }
            _ => Error::io(self.name, error),
        }
    }
}

fn wrong_length(content: &str, wanted: u64, found: u64) -> String {
    format!("its header promises {content}: {wanted} bytes expected, {found} found. Fetch the file again")
}
