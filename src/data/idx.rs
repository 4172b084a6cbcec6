//! Reads IDX files, the format of MNIST and its successors, gzipped or not.
//!
//! A file consists of a big-endian header (magic number, count and, for images, height and width) and one byte
//! per label or pixel. Source: yann.lecun.com/exdb/mnist.
//!
//! Nothing in a file is trusted before it is checked. An uncompressed file must be exactly as long as its
//! header says before memory is allocated. For a gzipped file, memory grows with the bytes that are really
//! decompressed, and decompression stops at the length that the header promises.

use std::fs::File;
use std::io::{self, BufRead, BufReader, Read};
use std::path::{Path, PathBuf};

use flate2::bufread::MultiGzDecoder;

use crate::{Error, Result};

/// Largest height and width of an image, in pixels.
pub const MAX_SIDE: usize = 4096;
/// Largest number of bytes of images or labels in one file: 4 GiB.
pub const MAX_BODY: u64 = 1 << 32;

const GZIP: [u8; 2] = [0x1f, 0x8b];
/// Highest compression that deflate can reach: 258 bytes from two bits.
const MAX_EXPANSION: u64 = 1032;
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
    /// `count` x `height` x `width` bytes, row-major.
    pub pixels: Vec<u8>,
}

/// An IDX file, on disk or in memory.
#[derive(Clone, Debug)]
pub struct Source<'a> {
    name: PathBuf,
    bytes: Option<&'a [u8]>,
}

impl<'a> Source<'a> {
    /// A file on disk.
    pub fn file(path: impl Into<PathBuf>) -> Self {
        Source { name: path.into(), bytes: None }
    }

    /// A file's bytes, and its name for error messages.
    pub fn bytes(name: impl Into<PathBuf>, bytes: &'a [u8]) -> Self {
        Source { name: name.into(), bytes: Some(bytes) }
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
        self.read(|file| {
            let [count] = file.header(LABELS)?;
            file.require(count > 0, || "it holds no labels".into())?;
            file.body(u64::from(count), &format!("{count} labels"))
        })
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
        if let Some(mut bytes) = self.bytes {
            let length = bytes.len() as u64;
            return Stream::detect(&self.name, length, &mut bytes, read);
        }
        let io = |source| Error::io(&self.name, source);
        // asked of the path, since opening a pipe would wait for a writer
        if !std::fs::metadata(&self.name).map_err(io)?.is_file() {
            return Err(Error::bad_file(&self.name, "this is not a file; an IDX file is needed"));
        }
        let file = File::open(&self.name).map_err(io)?;
        let length = file.metadata().map_err(io)?.len();
        Stream::detect(&self.name, length, &mut BufReader::with_capacity(PIECE, file), read)
    }
}

/// What distinguishes label files from image files.
#[derive(Clone, Copy)]
struct Kind {
    magic: u32,
    name: &'static str,
}

const LABELS: Kind = Kind { magic: 0x801, name: "a label file (magic 0x801)" };
const IMAGES: Kind = Kind { magic: 0x803, name: "an image file (magic 0x803)" };

/// A file being read.
struct Stream<'a> {
    name: &'a Path,
    /// Size of the file, compressed or not.
    length: u64,
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
        input: &mut dyn BufRead,
        read: impl FnOnce(&mut Stream) -> Result<T>,
    ) -> Result<T> {
        let packed = loop {
            match input.fill_buf() {
                Ok(start) => break start.starts_with(&GZIP),
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                Err(error) => return Err(Error::io(name, error)),
            }
        };
        let mut unpacker;
        let input: &mut dyn Read = if packed {
            unpacker = MultiGzDecoder::new(input);
            &mut unpacker
        } else {
            input
        };
        read(&mut Stream { name, length, packed, input, consumed: 0 })
    }

    fn bad(&self, what: impl Into<String>) -> Error {
        Error::bad_file(self.name, what)
    }

    fn require(&self, holds: bool, what: impl FnOnce() -> String) -> Result<()> {
        if holds { Ok(()) } else { Err(self.bad(what())) }
    }

    /// Reads the magic number, which must be `kind`'s; returns the `N` integers after it.
    fn header<const N: usize>(&mut self, kind: Kind) -> Result<[u32; N]> {
        let mut magic = [0; 4];
        let mut found = self.fill(&mut magic)?;
        if found == magic.len() {
            let magic = u32::from_be_bytes(magic);
            self.require(magic == kind.magic, || wrong_magic(magic, kind))?;
        }
        let mut fields = [0; N];
        for field in &mut fields {
            let mut bytes = [0; 4];
            found += self.fill(&mut bytes)?;
            *field = u32::from_be_bytes(bytes);
        }
        let wanted = 4 * (N + 1);
        self.require(found == wanted, || {
            format!("its header is cut off: {wanted} bytes expected, {found} found. Fetch the file again")
        })?;
        Ok(fields)
    }

    fn images(&mut self, labels: Option<(usize, &Path)>) -> Result<Images> {
        let [count, height, width] = self.header(IMAGES)?;
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
        // below 2^56, since the sides are
        let total = u64::from(count) * u64::from(height) * u64::from(width);
        let pixels = self.body(total, &format!("{count} images of {height}x{width} pixels"))?;
        Ok(Images { count: count as usize, height: height as usize, width: width as usize, pixels })
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
                    "its header promises {content}, {wanted} bytes: more than {length} bytes of gzip can hold"
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

/// Guesses what a file with the wrong magic number is.
fn wrong_magic(magic: u32, wanted: Kind) -> String {
    let bytes = magic.to_be_bytes();
    let found = if let Some(kind) = [LABELS, IMAGES].into_iter().find(|kind| kind.magic == magic) {
        kind.name.into()
    } else if bytes.starts_with(&GZIP) {
        "gzipped twice".into()
    } else if bytes.starts_with(b"PK") {
        "a zip archive, which must be unpacked first".into()
    } else if bytes.starts_with(b"<") {
        "what seems to be a web page, not data".into()
    } else {
        format!("no IDX file of bytes (magic {magic:#x})")
    };
    format!("this is {found}; {} is needed", wanted.name)
}
