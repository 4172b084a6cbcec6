//! Reads HDF5 as h5py writes it by default, and as `hdf5_write` does: superblock 0 or 1, object headers 1, groups as symbol
//! tables or as links in their headers, contiguous or compact arrays. Chunked and compressed arrays are not read. Nothing is
//! copied, so that the file's size bounds the memory.

/// An array: its path, sides, class and size of its elements, and its bytes.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Array<'a> {
    pub path: String,
    pub dims: Vec<usize>,
    pub is_float32: bool,
    pub bytes: &'a [u8],
}

type TextResult<T> = Result<T, String>;

/// Limit on groups and arrays, on the parts of all their headers, and on groups within groups: files whose links form cycles, or
/// lead to the same place many times, are refused.
const MAX_OBJECTS: usize = 20_000;
const MAX_PARTS: usize = 20 * MAX_OBJECTS;
const MAX_DEPTH: usize = 12;
/// Longest path of an array, in bytes.
const MAX_PATH: usize = 1024;
/// Most axes of an array, HDF5's own limit (`H5S_MAX_RANK`).
const MAX_RANK: usize = 32;

struct Reader<'a> {
    bytes: &'a [u8],
    arrays: Vec<Array<'a>>,
    /// Objects, and parts of headers, that may still follow.
    left: usize,
    parts_left: usize,
}

/// All arrays of a file.
///
/// # Errors
/// A text that says what is malformed, or what is not read.
pub(super) fn arrays(bytes: &[u8]) -> TextResult<Vec<Array<'_>>> {
    let mut reader = Reader { bytes, arrays: Vec::new(), left: MAX_OBJECTS, parts_left: MAX_PARTS };
    if reader.at(0, 8)? != b"\x89HDF\r\n\x1a\n" {
        return Err("not an HDF5 file".into());
    }
    let root = match reader.at(8, 8)? {
        [0, _, _, _, _, 8, 8, _] => reader.address(64)?,
        [1, _, _, _, _, 8, 8, _] => reader.address(68)?,
        [version, ..] => {
            let what = format!("an HDF5 file of superblock {version}");
            return Err(format!("{what}: write it without `libver`, as Keras does"));
        }
        [] => 0,
    };
    reader.object(root, String::new(), 0)?;
    Ok(reader.arrays)
}

impl<'a> Reader<'a> {
    fn at(&self, start: usize, length: usize) -> TextResult<&'a [u8]> {
        let bytes = start.checked_add(length).and_then(|end| self.bytes.get(start..end));
        bytes.ok_or_else(|| format!("it ends before byte {start} + {length}"))
    }

    fn number(&self, start: usize, length: usize) -> TextResult<usize> {
        let bytes = self.at(start, length)?;
        let value = bytes.iter().rev().fold(0u64, |value, byte| value << 8 | u64::from(*byte));
        usize::try_from(value).map_err(|_| format!("{value} at byte {start}"))
    }

    fn address(&self, start: usize) -> TextResult<usize> {
        self.number(start, 8)
    }

    /// Messages of an object header: kind, where the data begins, and its length.
    fn messages(&self, header: usize) -> TextResult<Vec<(usize, usize, usize)>> {
        if self.at(header, 1)? != [1] {
            return Err(format!("an object at byte {header} of a version that is not read"));
        }
        let mut messages = Vec::new();
        let mut blocks = vec![(header.saturating_add(16), self.number(header + 8, 4)?)];
        let mut next = 0;
        while let Some(&(mut start, length)) = blocks.get(next) {
            next += 1;
            self.at(start, length)?;
            let end = start + length;
            while start + 8 <= end {
                let (kind, size) = (self.number(start, 2)?, self.number(start + 2, 2)?);
                let data = start + 8;
                if data + size > end {
                    return Err(format!("a message at byte {start} is too long"));
                }
                if kind == 0x10 && size >= 16 {
                    blocks.push((self.address(data)?, self.number(data + 8, 8)?));
                } else {
                    messages.push((kind, data, size));
                }
                if blocks.len() > 64 || messages.len() > MAX_OBJECTS {
                    return Err(format!("the object at byte {header} has too many parts"));
                }
                start = data + size;
            }
        }
        Ok(messages)
    }

    /// Reads a group or an array.
    fn object(&mut self, header: usize, path: String, depth: usize) -> TextResult<()> {
        self.left = self.left.checked_sub(1).ok_or("too many objects")?;
        if depth > MAX_DEPTH {
            return Err(format!("groups within groups, {depth} deep"));
        }
        if path.len() > MAX_PATH {
            return Err(format!("a path of {} bytes", path.len()));
        }
        let messages = self.messages(header)?;
        self.parts_left = self.parts_left.checked_sub(messages.len()).ok_or("too many parts of headers")?;
        let of = |kind: usize| messages.iter().find(|message| message.0 == kind);
        if let (Some(space), Some(datatype), Some(layout)) = (of(0x01), of(0x03), of(0x08)) {
            let array = self.array(path, space.1, datatype.1, layout.1, layout.2)?;
            self.arrays.push(array);
            return Ok(());
        }
        for (kind, data, size) in &messages {
            match kind {
                0x11 => {
                    let (tree, heap) = (self.address(*data)?, self.address(data + 8)?);
                    if self.at(heap, 4)? != b"HEAP" {
                        return Err(format!("no names at byte {heap}"));
                    }
                    let names = self.address(heap.saturating_add(24))?;
                    self.tree(tree, names, &path, depth, 0)?;
                }
                0x06 => {
                    if let Some((name, header)) = self.link(*data, *size)? {
                        self.object(header, join(&path, &name), depth + 1)?;
                    }
                }
                _ => {}
            }
        }
        Ok(())
    }

    /// A link in a group's header: name and address; none if it leads out of the file.
    fn link(&self, data: usize, size: usize) -> TextResult<Option<(String, usize)>> {
        let flags = self.number(data + 1, 1)?;
        let mut at = data + 2;
        if flags & 8 != 0 {
            if self.number(at, 1)? != 0 {
                return Ok(None);
            }
            at += 1;
        }
        at += if flags & 4 != 0 { 8 } else { 0 } + if flags & 16 != 0 { 1 } else { 0 };
        let width = 1 << (flags & 3);
        let length = self.number(at, width)?;
        at += width;
        if length > size {
            return Err(format!("a link at byte {data} with too long a name"));
        }
        let name = String::from_utf8_lossy(self.at(at, length)?).into_owned();
        Ok(Some((name, self.address(at + length)?)))
    }

    /// A B-tree of a group's names, down to the nodes of symbols.
    fn tree(&mut self, node: usize, names: usize, path: &str, depth: usize, level: usize) -> TextResult<()> {
        self.left = self.left.checked_sub(1).ok_or("too many objects")?;
        match self.at(node, 4)? {
            b"TREE" if level <= MAX_DEPTH => {
                for child in 0..self.number(node.saturating_add(6), 2)? {
                    let child = self.address(node.saturating_add(32 + 16 * child))?;
                    self.tree(child, names, path, depth, level + 1)?;
                }
                Ok(())
            }
            b"SNOD" => {
                for symbol in 0..self.number(node.saturating_add(6), 2)? {
                    let entry = node.saturating_add(8 + 40 * symbol);
                    let (name, header) = (self.address(entry)?, self.address(entry.saturating_add(8))?);
                    let name = self.text(names.saturating_add(name))?;
                    self.object(header, join(path, &name), depth + 1)?;
                }
                Ok(())
            }
            _ => Err(format!("no group at byte {node}")),
        }
    }

    /// A name that ends with 0.
    fn text(&self, start: usize) -> TextResult<String> {
        let rest = self.bytes.get(start..).unwrap_or_default();
        let length = rest.iter().take(1024).position(|byte| *byte == 0);
        let length = length.ok_or_else(|| format!("a name without an end at byte {start}"))?;
        Ok(String::from_utf8_lossy(&rest[..length]).into_owned())
    }

    fn array(
        &self,
        path: String,
        space: usize,
        datatype: usize,
        layout: usize,
        size: usize,
    ) -> TextResult<Array<'a>> {
        let (version, rank) = (self.number(space, 1)?, self.number(space + 1, 1)?);
        if rank > MAX_RANK {
            return Err(format!("`{path}` has {rank} axes"));
        }
        let first = match version {
            1 => space + 8,
            2 => space + 4,
            _ => return Err(format!("`{path}` has a shape of version {version}")),
        };
        let dims =
            (0..rank).map(|axis| self.number(first + 8 * axis, 8)).collect::<TextResult<Vec<usize>>>()?;
        let width = self.number(datatype + 4, 4)?;
        let is_float32 = width == 4
            && self.at(datatype, 4)?[..] == [0x11, 0x20, 0x1f, 0]
            && self.at(datatype + 8, 12)? == [0, 0, 32, 0, 23, 8, 0, 23, 127, 0, 0, 0];
        let length = dims.iter().try_fold(width, |length, side| length.checked_mul(*side));
        let length = length.ok_or_else(|| format!("`{path}` has the shape {dims:?}"))?;
        let (start, stored) = match (self.number(layout, 1)?, self.number(layout + 1, 1)?) {
            (3 | 4, 0) => (layout + 4, self.number(layout + 2, 2)?.min(size)),
            (3 | 4, 1) => (self.address(layout + 2)?, self.number(layout + 10, 8)?),
            (3 | 4, _) => return Err(format!("`{path}` is chunked or compressed: save it without")),
            (version, _) => return Err(format!("`{path}` has a layout of version {version}")),
        };
        if stored < length {
            return Err(format!("`{path}` has {stored} bytes for the shape {dims:?}"));
        }
        let bytes = if length == 0 { &[] } else { self.at(start, length)? };
        Ok(Array { path, dims, is_float32, bytes })
    }
}

fn join(path: &str, name: &str) -> String {
    if path.is_empty() { name.to_owned() } else { format!("{path}/{name}") }
}

#[cfg(test)]
mod tests {
    use super::super::hdf5_write::{Entry, Group, file};
    use super::*;

    fn read(path: &str, dims: Vec<usize>) -> TextResult<usize> {
        let mut root = Group::default();
        root.insert(path, Entry::Floats { dims, values: vec![0.5] });
        arrays(&file(&root)).map(|arrays| arrays.len())
    }

    /// Names of groups are stored once and belong to the path of every array in them.
    #[test]
    fn paths_and_axes_are_bounded() {
        let name = "n".repeat(600);
        assert_eq!(read(&name, vec![1; 32]), Ok(1));
        assert!(read(&format!("{name}/{name}"), vec![1]).unwrap_err().contains("a path of 1201 bytes"));
        assert!(read("short", vec![1; 33]).unwrap_err().contains("33 axes"));
    }
}
