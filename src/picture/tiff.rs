//! What a TIFF's directory claims. Its decoder (the crate `tiff`) believes some of these claims before it looks at the data:
//! how many values a field has, which it makes room for before any limit can be set, how long a row of a tile is, and how
//! large a JPEG picture inside is, which no limit holds for.

use std::collections::BTreeMap;

/// Most values of a field that the decoder reads. A picture that is decoded has fewer strips and tiles of the sizes that
/// TIFF allows; each value takes 32 bytes.
const MAX_VALUES: u64 = 1 << 18;
/// Fields from this tag on (XMP, colour profiles, what Photoshop keeps) are not read and may be long.
const UNREAD: u16 = 700;
/// Pixels that a JPEG picture inside may have beyond those of the whole: tiles go beyond its edges.
const BEYOND_EDGES: u64 = 1 << 20;

/// Most bytes of a row of a strip or tile: several times those of the widest picture, in four colours of four bytes.
const MAX_ROW: u64 = 8 << 20;

const WIDTH: u16 = 256;
const BITS: u16 = 258;
const COMPRESSION: u16 = 259;
const STRIP_OFFSETS: u16 = 273;
const SAMPLES: u16 = 277;
const STRIP_LENGTHS: u16 = 279;
const TILE_WIDTH: u16 = 322;
const TILE_OFFSETS: u16 = 324;
const TILE_LENGTHS: u16 = 325;
const JPEG_TABLES: u16 = 347;
/// Value of `COMPRESSION`.
const JPEG: u64 = 7;

/// The directory of a file's first picture, as the decoder reads it.
pub(super) struct Tiff<'a> {
    bytes: &'a [u8],
    is_big_endian: bool,
    fields: BTreeMap<u16, Field>,
}

struct Field {
    kind: u16,
    count: u64,
    /// Where the value lies, or its offset in the file where it is too long.
    at: u64,
}

impl<'a> Tiff<'a> {
    /// `None` where the directory is not there or is cut off; the decoder finds the right words for that. BigTIFF is not
    /// decoded.
    ///
    /// # Errors
    /// What a field claims that no picture needs.
    pub(super) fn read(bytes: &'a [u8]) -> Option<Result<Self, String>> {
        let mut tiff = Tiff { bytes, is_big_endian: bytes.starts_with(b"MM"), fields: BTreeMap::new() };
        let begin = tiff.number(4, 4)?;
        for index in 0..tiff.number(begin, 2)? {
            let at = begin + 2 + 12 * index;
            let (tag, kind) = (tiff.number(at, 2)? as u16, tiff.number(at + 2, 2)? as u16);
            let count = tiff.number(at + 4, 4)?;
            if width(kind).is_none() {
                continue;
            }
            if tag < UNREAD && count > MAX_VALUES {
                let what = format!("a damaged or incomplete picture (its field {tag} claims {count} values)");
                return Some(Err(what));
            }
            tiff.fields.insert(tag, Field { kind, count, at: at + 8 });
        }
        let most = |tag, default| tiff.values(tag).into_iter().max().unwrap_or(default);
        let columns = most(WIDTH, 0).max(most(TILE_WIDTH, 0));
        if columns.saturating_mul(most(SAMPLES, 1)).saturating_mul(most(BITS, 1)) / 8 > MAX_ROW {
            let what = format!("a damaged or incomplete picture (it claims rows of {columns} pixels)");
            return Some(Err(what));
        }
        Some(Ok(tiff))
    }

    /// Checks the sizes of the JPEG pictures inside, where there are any, in a picture of so many `pixels`.
    ///
    /// # Errors
    /// If one is larger than the whole.
    pub(super) fn check_jpeg(&self, pixels: u64) -> Result<(), String> {
        if !self.values(COMPRESSION).contains(&JPEG) {
            return Ok(());
        }
        let most = pixels + BEYOND_EDGES;
        let tables = self.fields.get(&JPEG_TABLES).and_then(|field| self.content(field)).unwrap_or_default();
        let tables = &tables[..tables.len().saturating_sub(2)];
        let strips = self.values(STRIP_OFFSETS).into_iter().zip(self.values(STRIP_LENGTHS));
        let tiles = self.values(TILE_OFFSETS).into_iter().zip(self.values(TILE_LENGTHS));
        let parts: Vec<&[u8]> =
            strips.chain(tiles).map(|(offset, length)| self.slice(offset, length)).collect();
        // Thousands of parts that are all the same bytes would take hours to look through.
        if parts.iter().map(|part| part.len()).sum::<usize>() > 2 * self.bytes.len() {
            return Err("a damaged or incomplete picture (its parts overlap)".into());
        }
        // Without tables a part is decoded as it is, with them without its first two bytes behind them.
        let seam = tables.len().saturating_sub(HEADER);
        let is_too_large = |part: &[u8]| {
            let joined = [&tables[seam..], part.get(2..part.len().min(HEADER)).unwrap_or_default()].concat();
            largest_jpeg(part).max(largest_jpeg(&joined)) > most
        };
        if largest_jpeg(tables) > most || parts.into_iter().any(is_too_large) {
            let what = "a damaged or incomplete picture (a JPEG picture inside is larger than the whole)";
            return Err(what.into());
        }
        Ok(())
    }

    /// The whole numbers of a field, none where it is missing or beyond the file.
    fn values(&self, tag: u16) -> Vec<u64> {
        let Some(field) = self.fields.get(&tag) else { return Vec::new() };
        let Some(size) = width(field.kind) else { return Vec::new() };
        let content = self.content(field).unwrap_or_default();
        content.chunks_exact(size as usize).map(|value| self.whole(value)).collect()
    }

    /// The bytes of a field; `None` where they are beyond the file.
    fn content(&self, field: &Field) -> Option<&'a [u8]> {
        let length = width(field.kind)? * field.count;
        let at = if length <= 4 { field.at } else { self.number(field.at, 4)? };
        let content = self.slice(at, length);
        (content.len() as u64 == length).then_some(content)
    }

    /// The number of `size` bytes at `at`.
    fn number(&self, at: u64, size: u64) -> Option<u64> {
        let bytes = self.slice(at, size);
        (bytes.len() as u64 == size).then(|| self.whole(bytes))
    }

    fn whole(&self, bytes: &[u8]) -> u64 {
        let join = |number: u64, byte: &u8| (number << 8) | u64::from(*byte);
        if self.is_big_endian { bytes.iter().fold(0, join) } else { bytes.iter().rev().fold(0, join) }
    }

    /// What the file has of these bytes.
    fn slice(&self, at: u64, length: u64) -> &'a [u8] {
        let end = self.bytes.len() as u64;
        let begin = at.min(end);
        &self.bytes[begin as usize..begin.saturating_add(length).min(end) as usize]
    }
}

/// Bytes of one value of a kind; `None` for kinds that are unknown to the decoder.
fn width(kind: u16) -> Option<u64> {
    match kind {
        1 | 2 | 6 | 7 => Some(1),
        3 | 8 => Some(2),
        4 | 9 | 11 | 13 => Some(4),
        5 | 10 | 12 | 16..=18 => Some(8),
        _ => None,
    }
}

/// From a marker's first byte to the number of components.
const HEADER: usize = 10;

/// Pixels of the largest picture that a JPEG header (start of frame, T.81 B.2.2) somewhere in these bytes promises; 0 if
/// there is none. The decoder finds headers behind bytes that belong to nothing, so every position counts.
fn largest_jpeg(bytes: &[u8]) -> u64 {
    let number = |pair: &[u8]| (u64::from(pair[0]) << 8) | u64::from(pair[1]);
    let headers = bytes.windows(HEADER).filter(|it| {
        // Fill bytes (0xFF, 0) may stand between a marker's two.
        let is_start = matches!(it[0], 0xff | 0) && matches!(it[1], 0xc0..=0xc2);
        is_start && it[4] == 8 && number(&it[2..]) == 8 + 3 * u64::from(it[9])
    });
    headers.map(|it| number(&it[5..]) * number(&it[7..])).max().unwrap_or(0)
}
