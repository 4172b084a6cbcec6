//! What the chunks of a WebP file claim. Its decoder (the crate `image-webp`) believes two of these claims before it looks at
//! the data: the length of the EXIF chunk, and the size of a frame inside, which it compares with the picture's once the
//! frame is decoded.

use image::metadata::Orientation;

struct Chunk<'a> {
    kind: [u8; 4],
    /// Bytes that it claims.
    length: u64,
    /// What the file has of them.
    content: &'a [u8],
}

/// The chunks one after the other, up to the end of the bytes.
fn chunks(mut bytes: &[u8]) -> impl Iterator<Item = Chunk<'_>> {
    std::iter::from_fn(move || {
        let (head, rest) = bytes.split_first_chunk::<8>()?;
        let [a, b, c, d, length @ ..] = *head;
        let length = u32::from_le_bytes(length);
        let padded = length.saturating_add(length & 1);
        let end = |length: u32| (length as usize).min(rest.len());
        bytes = &rest[end(padded)..];
        Some(Chunk { kind: [a, b, c, d], length: length.into(), content: &rest[..end(length)] })
    })
}

/// The header of an extended file, and the chunks behind it; `None` for files of a single frame and nothing else.
fn extended(bytes: &[u8]) -> Option<(&[u8], impl Iterator<Item = Chunk<'_>>)> {
    let mut all = chunks(bytes.get(12..)?);
    let header = all.next().filter(|chunk| &chunk.kind == b"VP8X")?;
    Some((header.content, all))
}

/// Checks that no frame is larger than the picture.
///
/// # Errors
/// If one is.
pub(super) fn check_frames(bytes: &[u8]) -> Result<(), String> {
    let Some((header, mut all)) = extended(bytes) else { return Ok(()) };
    let side = |at: usize| header.get(at..at + 3).map(|it| 1 + u32::from_le_bytes([it[0], it[1], it[2], 0]));
    let (Some(width), Some(height)) = (side(4), side(7)) else { return Ok(()) };
    let fits = |chunk: &Chunk| {
        // Of a key frame: tag, signature, then both sides in 14 bits each (RFC 6386, 9.1).
        let side = |at: usize| {
            chunk.content.get(at..at + 2).map(|it| u32::from(it[0]) | (u32::from(it[1] & 63) << 8))
        };
        &chunk.kind != b"VP8 " || (side(6) <= Some(width) && side(8) <= Some(height))
    };
    let all_fit = |chunk: Chunk| {
        // A frame of an animation has 16 bytes of its own, then chunks: opacity and colours at most.
        let inside = chunk.content.get(16..).filter(|_| &chunk.kind == b"ANMF");
        fits(&chunk) && chunks(inside.unwrap_or_default()).take(2).all(|it| fits(&it))
    };
    if all.all(all_fit) {
        return Ok(());
    }
    Err("a damaged or incomplete picture (a frame inside is larger than the whole)".into())
}

/// How the picture is to be turned, as its EXIF data asks for; upright where the file has not all of them.
pub(super) fn orientation(bytes: &[u8]) -> Orientation {
    let exif = extended(bytes).and_then(|(_, mut all)| all.find(|chunk| &chunk.kind == b"EXIF"));
    exif.filter(|chunk| chunk.content.len() as u64 == chunk.length)
        .and_then(|chunk| Orientation::from_exif_chunk(chunk.content))
        .unwrap_or(Orientation::NoTransforms)
}
