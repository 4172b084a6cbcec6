//! The types of an IDX file's values.

/// The type of a file's values: the third byte of its magic number.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Element {
    U8,
    I8,
    I16,
    I32,
    F32,
    F64,
}

impl Element {
    pub fn of(code: u8) -> Option<Self> {
        Some(match code {
            0x08 => Element::U8,
            0x09 => Element::I8,
            0x0b => Element::I16,
            0x0c => Element::I32,
            0x0d => Element::F32,
            0x0e => Element::F64,
            _ => return None,
        })
    }

    pub fn name(self) -> &'static str {
        match self {
            Element::U8 => "bytes",
            Element::I8 => "signed bytes",
            Element::I16 => "16-bit integers",
            Element::I32 => "32-bit integers",
            Element::F32 => "32-bit floats",
            Element::F64 => "64-bit floats",
        }
    }

    pub fn bytes(self) -> usize {
        match self {
            Element::U8 | Element::I8 => 1,
            Element::I16 => 2,
            Element::I32 | Element::F32 => 4,
            Element::F64 => 8,
        }
    }

    /// A value, of this many bytes, as an integer; floats have none.
    pub fn integer(self, value: &[u8]) -> i64 {
        match (self, value) {
            (Element::U8, [a]) => i64::from(*a),
            (Element::I8, [a]) => i64::from(*a as i8),
            (Element::I16, [a, b]) => i64::from(i16::from_be_bytes([*a, *b])),
            (Element::I32, [a, b, c, d]) => i64::from(i32::from_be_bytes([*a, *b, *c, *d])),
            _ => -1,
        }
    }
}
