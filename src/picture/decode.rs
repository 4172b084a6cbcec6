//! Picture files to pixels: any of the usual formats, upright, without transparency, within bounded memory.

use std::io::Cursor;
use std::path::Path;

use image::metadata::Orientation;
use image::{DynamicImage, ImageDecoder, ImageFormat, ImageReader, Limits};

use super::luma::luma;
use super::tiff::Tiff;
use super::transparency::flattened;
use super::webp;
use crate::{Error, Result};

/// What the names of picture files end in, in lower case. The format itself is told by a file's bytes.
pub const ENDINGS: &[&str] = &["png", "jpg", "jpeg", "gif", "bmp", "tif", "tiff", "webp"];

/// The same of pictures that are not decoded: their errors say how to convert them.
pub const UNDECODED: &[&str] = &["heic", "heif", "avif"];

const FORMATS: &[ImageFormat] = &[
    ImageFormat::Png,
    ImageFormat::Jpeg,
    ImageFormat::Gif,
    ImageFormat::Bmp,
    ImageFormat::Tiff,
    ImageFormat::WebP,
];

/// Longest file that is read: more than any picture within the other limits.
pub(crate) const MAX_FILE: u64 = 256 << 20;
/// Longest side, in pixels: as long as JPEG's can be.
const MAX_SIDE: u32 = 65_535;
/// Most pixels: more than phones' cameras take by default. A decoder of progressive JPEG needs up to nine bytes for each.
const MAX_PIXELS: u64 = 64_000_000;
/// Most bytes of the decoded pixels.
const MAX_BYTES: u64 = 256 << 20;
/// What a decoder may take beside what its file and its pixels hold: metadata that is packed, and small frames.
const SPARE: u64 = 16 << 20;

/// A decoded picture: bytes `[height, width, channels]`, 1 channel (grey) or 3 (red, green, blue), no transparency.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Picture {
    height: usize,
    width: usize,
    channels: usize,
    pixels: Vec<u8>,
}

impl Picture {
    /// A picture from its pixels, `[height, width, channels]`.
    ///
    /// # Errors
    /// `Data` where a side is 0, `channels` is neither 1 nor 3, or the number of bytes is another.
    pub fn new(height: usize, width: usize, channels: usize, pixels: Vec<u8>) -> Result<Self> {
        let bytes = height.checked_mul(width).and_then(|area| area.checked_mul(channels));
        if !matches!(channels, 1 | 3) || bytes != Some(pixels.len()) || pixels.is_empty() {
            let what = format!("{} bytes are not a picture of {height} x {width}", pixels.len());
            return Err(Error::Data(format!("{what} pixels and {channels} channels (1 or 3)")));
        }
        Ok(Picture { height, width, channels, pixels })
    }

    /// A picture from pixels of red, green, blue and opacity, `[height, width, 4]`; what is transparent takes a colour that
    /// sets the rest off, as where a file is decoded.
    ///
    /// # Errors
    /// `Data` where a side is 0, the picture is too large, or the number of bytes is another.
    pub fn from_rgba(height: usize, width: usize, rgba: &[u8]) -> Result<Self> {
        let pixels = height.checked_mul(width).filter(|pixels| *pixels as u64 <= MAX_PIXELS);
        match pixels {
            Some(pixels) if pixels > 0 && rgba.len() == 4 * pixels => {
                let (channels, bytes) = flattened(rgba);
                Self::new(height, width, channels, bytes)
            }
            _ => Err(Error::Data(format!(
                "{} bytes are not a picture of {height} x {width} pixels of 4 bytes, at most {MAX_PIXELS} of them",
                rgba.len()
            ))),
        }
    }

    /// Decodes a picture's file: PNG, JPEG, GIF (its first frame), BMP, TIFF or WebP, told by its bytes. It is turned
    /// upright as its EXIF data asks for, and what is transparent takes a colour that sets the rest off. `name` is the
    /// file's in errors.
    ///
    /// # Errors
    /// `BadFile` where it is no such picture, is damaged, or is larger than 64 million pixels.
    pub fn decode(name: &Path, bytes: &[u8]) -> Result<Self> {
        let bad = |what: String| Error::bad_file(name, what);
        let format = format_of(bytes).map_err(bad)?;
        let tiff = match format {
            ImageFormat::Tiff => Tiff::read(bytes).transpose().map_err(bad)?,
            _ => None,
        };
        let mut reader = ImageReader::with_format(Cursor::new(bytes), format);
        let file = bytes.len() as u64;
        // Before the pixels: metadata, which are read once and kept once.
        reader.limits(limits(2 * file + SPARE));
        let refused = |error: image::ImageError| bad(refusal(&error));
        let mut decoder = reader.into_decoder().map_err(refused)?;
        let (width, height) = decoder.dimensions();
        let pixels = u64::from(width) * u64::from(height);
        if pixels == 0 {
            return Err(bad("a picture without pixels".into()));
        }
        if pixels > MAX_PIXELS || decoder.total_bytes() > MAX_BYTES {
            let what = format!("{width} x {height} pixels are too many");
            return Err(bad(format!("{what}: at most {MAX_PIXELS} are decoded. Reduce it first")));
        }
        // Decoders of TIFF keep a copy of the pixels (with four colours, a third more), those of GIF a frame that is larger
        // than the picture.
        let copy = decoder.total_bytes() + decoder.total_bytes() / 3;
        decoder.set_limits(limits(copy + file + SPARE)).map_err(refused)?;
        if let Some(tiff) = tiff {
            tiff.check_jpeg(pixels).map_err(bad)?;
        }
        // A picture whose EXIF data cannot be read is upright.
        let orientation = match format {
            ImageFormat::WebP => {
                webp::check_frames(bytes).map_err(bad)?;
                webp::orientation(bytes)
            }
            _ => decoder.orientation().unwrap_or(Orientation::NoTransforms),
        };
        let mut image = DynamicImage::from_decoder(decoder).map_err(refused)?;
        image.apply_orientation(orientation);
        Self::from_image(image)
    }

    /// Reads and decodes a file; see [`Picture::decode`].
    ///
    /// # Errors
    /// `Io` where it cannot be read; else as [`Picture::decode`].
    pub fn open(path: &Path) -> Result<Self> {
        let file = std::fs::File::open(path).map_err(|error| Error::io(path, error))?;
        Self::read(path, file)
    }

    /// Decodes what a reader gives, such as standard input; `name` stands for it in errors.
    ///
    /// # Errors
    /// `Io` where it cannot be read; else as [`Picture::decode`].
    pub fn read(name: &Path, reader: impl std::io::Read) -> Result<Self> {
        let mut bytes = Vec::new();
        let mut bounded = reader.take(MAX_FILE + 1);
        std::io::Read::read_to_end(&mut bounded, &mut bytes).map_err(|error| Error::io(name, error))?;
        if bytes.len() as u64 > MAX_FILE {
            let what = format!("more than {MAX_FILE} bytes: no picture that can be decoded is so long");
            return Err(Error::bad_file(name, what));
        }
        Self::decode(name, &bytes)
    }

    fn from_image(image: DynamicImage) -> Result<Self> {
        let (height, width) = (image.height() as usize, image.width() as usize);
        match image {
            DynamicImage::ImageLuma8(grey) => Self::new(height, width, 1, grey.into_raw()),
            DynamicImage::ImageRgb8(colour) => Self::new(height, width, 3, colour.into_raw()),
            other if other.color().has_alpha() => {
                let (channels, pixels) = flattened(other.into_rgba8().as_raw());
                Self::new(height, width, channels, pixels)
            }
            other if other.color().has_color() => Self::new(height, width, 3, other.into_rgb8().into_raw()),
            other => Self::new(height, width, 1, other.into_luma8().into_raw()),
        }
    }

    pub fn height(&self) -> usize {
        self.height
    }

    pub fn width(&self) -> usize {
        self.width
    }

    /// 1 (grey) or 3 (red, green, blue).
    pub fn channels(&self) -> usize {
        self.channels
    }

    /// Whether any pixel has colour.
    pub fn has_colour(&self) -> bool {
        let is_grey = |pixel: &[u8]| pixel[0] == pixel[1] && pixel[1] == pixel[2];
        self.channels == 3 && !self.pixels.chunks_exact(3).all(is_grey)
    }

    /// Bytes `[height, width, channels]`.
    pub fn pixels(&self) -> &[u8] {
        &self.pixels
    }

    /// The picture in 1 or 3 channels, planar: `[channels, height, width]`. Grey is Rec. 601's luma, as in PIL's mode L.
    pub fn planes(&self, channels: usize) -> Vec<Vec<u8>> {
        match (self.channels, channels) {
            (1, wanted) => vec![self.pixels.clone(); wanted.max(1)],
            (_, 1) => vec![self.pixels.chunks_exact(3).map(|p| luma([p[0], p[1], p[2]])).collect()],
            (own, _) => {
                (0..own).map(|c| self.pixels.iter().skip(c).step_by(own).copied().collect()).collect()
            }
        }
    }
}

/// What a decoder is bounded by, with so many bytes at most.
fn limits(bytes: u64) -> Limits {
    let mut limits = Limits::default();
    limits.max_image_width = Some(MAX_SIDE);
    limits.max_image_height = Some(MAX_SIDE);
    limits.max_alloc = Some(bytes);
    limits
}

/// The format of a file's bytes, or why they are not decoded.
fn format_of(bytes: &[u8]) -> Result<ImageFormat, String> {
    if bytes.is_empty() {
        return Err("an empty file, not a picture".into());
    }
    if bytes.get(4..8) == Some(b"ftyp") {
        let brand = bytes.get(8..12).unwrap_or_default();
        let remedy = "convert it first, with `sips -s format png IN --out OUT.png` on a Mac, `heif-convert IN OUT.png` \
                      (Debian's libheif-examples) or ImageMagick's `magick IN OUT.png`";
        return Err(match brand {
            b"avif" | b"avis" => format!("AVIF is not decoded: {remedy}"),
            b"heic" | b"heix" | b"heim" | b"heis" | b"hevc" | b"hevx" | b"mif1" | b"msf1" => {
                format!(
                    "HEIC, as iPhones write it, is not decoded: {remedy}. (Settings, Camera, Formats, Most Compatible makes them write JPEG)"
                )
            }
            _ => "a film, not a picture: save one frame of it as PNG or JPEG".into(),
        });
    }
    match image::guess_format(bytes) {
        Ok(format) if FORMATS.contains(&format) => Ok(format),
        _ if bytes.starts_with(b"%PDF") => Err("a PDF, not a picture: save its page as PNG first".into()),
        _ => Err("not a picture that can be decoded: PNG, JPEG, GIF, BMP, TIFF and WebP are".into()),
    }
}

fn refusal(error: &image::ImageError) -> String {
    match error {
        image::ImageError::Limits(_) => {
            format!("too large to be decoded: at most {MAX_PIXELS} pixels are. Reduce it first")
        }
        image::ImageError::Unsupported(_) => format!("{error}. Save it as PNG or JPEG"),
        _ => {
            // Some messages of decoders end with a line break.
            let what: Vec<String> = error.to_string().split_whitespace().map(str::to_owned).collect();
            format!("a damaged or incomplete picture ({})", what.join(" "))
        }
    }
}
