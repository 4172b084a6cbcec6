//! Writes HDF5: groups within groups, and contiguous arrays. Numbers as in the "HDF5 File Format Specification", version 3,
//! superblock 0 and object headers 1, which every version of the library reads; groups hold their links in their headers.

use std::collections::BTreeMap;

/// What a name in a group stands for.
pub(super) enum Entry {
    Group(Group),
    Floats { dims: Vec<usize>, values: Vec<f32> },
    Bytes(Vec<u8>),
}

#[derive(Default)]
pub(super) struct Group(BTreeMap<String, Entry>);

impl Group {
    /// Puts an array under a path such as `layers/dense/vars/0`.
    pub fn insert(&mut self, path: &str, entry: Entry) {
        match path.split_once('/') {
            None => {
                self.0.insert(path.to_owned(), entry);
            }
            Some((first, rest)) => {
                let inner = self.0.entry(first.to_owned()).or_insert_with(|| Entry::Group(Group::default()));
                if let Entry::Group(group) = inner {
                    group.insert(rest, entry);
                }
            }
        }
    }
}

/// Address of what is not there.
const NOWHERE: u64 = u64::MAX;

const SUPERBLOCK: usize = 96;

/// The file's bytes.
pub(super) fn file(root: &Group) -> Vec<u8> {
    let mut bytes = vec![0; SUPERBLOCK];
    let root = group(&mut bytes, root);
    let mut head = b"\x89HDF\r\n\x1a\n".to_vec();
    // Versions; 8 bytes each for addresses and lengths; nodes of symbol tables, of which there are none.
    head.extend([0, 0, 0, 0, 0, 8, 8, 0, 4, 0, 16, 0, 0, 0, 0, 0]);
    for address in [0, NOWHERE, bytes.len() as u64, NOWHERE, 0, root] {
        head.extend(address.to_le_bytes());
    }
    bytes[..head.len()].copy_from_slice(&head);
    bytes
}

/// Appends a group and all that is in it; returns its address.
fn group(bytes: &mut Vec<u8>, group: &Group) -> u64 {
    let mut messages = Vec::new();
    // Link info and group info: nothing outside this header.
    message(&mut messages, 0x02, &[&[0, 0][..], &NOWHERE.to_le_bytes(), &NOWHERE.to_le_bytes()].concat());
    message(&mut messages, 0x0a, &[0, 0]);
    let mut count = 2;
    for (name, entry) in &group.0 {
        let address = match entry {
            Entry::Group(inner) => self::group(bytes, inner),
            Entry::Floats { dims, values } => {
                let values: Vec<u8> = values.iter().flat_map(|value| value.to_le_bytes()).collect();
                array(bytes, &FLOAT32, dims, &values)
            }
            Entry::Bytes(values) => array(bytes, &UINT8, &[values.len()], values),
        };
        // A hard link whose name's length takes two bytes.
        let link = [&[1, 1][..], &(name.len() as u16).to_le_bytes(), name.as_bytes(), &address.to_le_bytes()];
        message(&mut messages, 0x06, &link.concat());
        count += 1;
    }
    header(bytes, count, &messages)
}

/// IEEE 754, little-endian: sign at 31, exponent of 8 bits at 23 with bias 127, mantissa of 23 bits at 0.
const FLOAT32: [u8; 20] = [0x11, 0x20, 0x1f, 0, 4, 0, 0, 0, 0, 0, 32, 0, 23, 8, 0, 23, 127, 0, 0, 0];
const UINT8: [u8; 12] = [0x10, 0, 0, 0, 1, 0, 0, 0, 0, 0, 8, 0];

/// Appends an array; returns its address.
fn array(bytes: &mut Vec<u8>, datatype: &[u8], dims: &[usize], values: &[u8]) -> u64 {
    let start = align(bytes);
    bytes.extend(values);
    let mut space = vec![1, dims.len() as u8, 0, 0, 0, 0, 0, 0];
    dims.iter().for_each(|side| space.extend((*side as u64).to_le_bytes()));
    let layout = [&[3, 1][..], &start.to_le_bytes(), &(values.len() as u64).to_le_bytes()].concat();
    let mut messages = Vec::new();
    message(&mut messages, 0x01, &space);
    message(&mut messages, 0x03, datatype);
    // No fill value: everything is written.
    message(&mut messages, 0x05, &[2, 2, 2, 1, 0, 0, 0, 0]);
    message(&mut messages, 0x08, &layout);
    header(bytes, 4, &messages)
}

fn message(messages: &mut Vec<u8>, kind: u16, data: &[u8]) {
    let length = data.len().next_multiple_of(8);
    messages.extend(kind.to_le_bytes());
    messages.extend((length as u16).to_le_bytes());
    messages.extend([0; 4]);
    messages.extend(data);
    messages.resize(messages.len() + length - data.len(), 0);
}

/// Appends an object header; returns its address.
fn header(bytes: &mut Vec<u8>, count: u16, messages: &[u8]) -> u64 {
    let start = align(bytes);
    bytes.extend([1, 0]);
    bytes.extend(count.to_le_bytes());
    bytes.extend(1u32.to_le_bytes());
    bytes.extend((messages.len() as u32).to_le_bytes());
    bytes.extend([0; 4]);
    bytes.extend(messages);
    start
}

fn align(bytes: &mut Vec<u8>) -> u64 {
    bytes.resize(bytes.len().next_multiple_of(8), 0);
    bytes.len() as u64
}
