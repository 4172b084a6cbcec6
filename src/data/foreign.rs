//! Files that are there but hold no data: what they are instead, and what to do about it.

/// How many of a file's first bytes are looked at.
pub(super) const SAMPLE: usize = 512;

/// What a file with these first bytes seems to be, in words that follow "this is"; none if it is unknown.
pub(super) fn describe(start: &[u8]) -> Option<String> {
    if start.starts_with(&super::gzip::MAGIC) {
        return Some("gzipped twice".into());
    }
    if start.starts_with(b"PK\x03\x04") || start.starts_with(b"PK\x05\x06") {
        return Some(
            "a zip archive, which must be unpacked first, or named itself with `--data FILE.zip`".into(),
        );
    }
    if start.starts_with(b"\x00\x05\x16\x07") {
        return Some("what macOS keeps beside a file (its `._` companion), not the file".into());
    }
    let text = start.strip_prefix(b"\xef\xbb\xbf").unwrap_or(start).trim_ascii_start();
    if text.starts_with(b"<") {
        return Some("what seems to be a web page, not data. Fetch the file again".into());
    }
    if text.starts_with(b"version https://git-lfs") {
        return Some("a pointer of Git LFS, not the file itself: `git lfs pull` fetches it".into());
    }
    if !is_text(text) {
        return None;
    }
    let line = text.split(|byte| *byte == b'\n').next().unwrap_or_default();
    let line: String = String::from_utf8_lossy(line).chars().take(40).collect();
    Some(match text.first() {
        Some(b'{' | b'[') => format!(
            "JSON text, perhaps a server's answer ({}), not data. Fetch the file again",
            line.trim_end()
        ),
        _ => format!("text ({}), not data. Fetch the file again", line.trim_end()),
    })
}

fn is_text(bytes: &[u8]) -> bool {
    let is_printed = |byte: &u8| !byte.is_ascii_control() || byte.is_ascii_whitespace();
    // The sample may end within a character.
    let is_utf8 = std::str::from_utf8(bytes).err().is_none_or(|error| error.error_len().is_none());
    bytes.len() >= 4 && is_utf8 && bytes.iter().all(is_printed)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_servers_and_tools_leave_in_place_of_a_file() {
        for (start, words) in [
            (&b"<!DOCTYPE html>"[..], "a web page"),
            (b"\n\n <html>", "a web page"),
            (b"\xef\xbb\xbf<html>", "a web page"),
            (b"404: Not Found", "text (404: Not Found)"),
            (b"\xef\xbb\xbf{\"message\":\"Not Found\"}", "JSON text"),
            (b"\nversion https://git-lfs.github.com/spec/v1\noid", "git lfs pull"),
            (b"PK\x03\x04....", "a zip archive"),
            (b"\x00\x05\x16\x07\x00", "macOS"),
            (b"\x1f\x8b\x08", "gzipped twice"),
            ("Größe und ß\u{20ac}".as_bytes().split_last().unwrap().1, "text ("),
        ] {
            let told = describe(start).unwrap();
            assert!(told.contains(words), "{words:?} is not in {told:?}");
        }
        for start in [&b""[..], b"\0\0\x08\x03", b"\x93NUMPY\x01\0", b"abc", b"ab\0cdef"] {
            assert_eq!(describe(start), None);
        }
    }
}
