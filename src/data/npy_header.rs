//! The header of an NPY file: type, order and shape of the array, as a Python dictionary.

use std::io::BufRead;

/// Longest header that is read; NumPy's are below 1 KB.
const MAX_HEADER: usize = 1 << 16;
/// Most dimensions of NumPy's arrays.
const MAX_DIMENSIONS: usize = 64;

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Kind {
    U8,
    /// Of this many bytes.
    Signed(usize, Order),
    Unsigned(usize, Order),
    Float(usize, Order),
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Order {
    Little,
    Big,
}

impl Kind {
    /// From a type such as `|u1` or `<f4`.
    fn parse(text: &str) -> Option<Self> {
        let (order, rest) = match text.split_at_checked(1)? {
            (">", rest) => (Order::Big, rest),
            ("<" | "=" | "|", rest) => (Order::Little, rest),
            _ => (Order::Little, text),
        };
        Some(match rest {
            "u1" | "b1" => Kind::U8,
            "i1" => Kind::Signed(1, order),
            "i2" => Kind::Signed(2, order),
            "i4" => Kind::Signed(4, order),
            "i8" => Kind::Signed(8, order),
            "u2" => Kind::Unsigned(2, order),
            "u4" => Kind::Unsigned(4, order),
            "u8" => Kind::Unsigned(8, order),
            "f4" => Kind::Float(4, order),
            "f8" => Kind::Float(8, order),
            _ => return None,
        })
    }

    pub fn bytes(self) -> usize {
        match self {
            Kind::U8 => 1,
            Kind::Signed(bytes, _) | Kind::Unsigned(bytes, _) | Kind::Float(bytes, _) => bytes,
        }
    }

    pub fn is_float(self) -> bool {
        matches!(self, Kind::Float(..))
    }

    /// A value of this many bytes.
    pub fn number(self, value: &[u8]) -> f64 {
        let (Kind::Signed(_, order) | Kind::Unsigned(_, order) | Kind::Float(_, order)) = self else {
            return value.first().copied().unwrap_or(0).into();
        };
        let push = |word: u64, byte: &u8| word << 8 | u64::from(*byte);
        let word = match order {
            Order::Little => value.iter().rev().fold(0, push),
            Order::Big => value.iter().fold(0, push),
        };
        match self {
            Kind::Float(4, _) => f32::from_bits(word as u32).into(),
            Kind::Float(..) => f64::from_bits(word),
            Kind::Signed(bytes, _) => {
                let unused = 64 - 8 * bytes as u32;
                (((word << unused) as i64) >> unused) as f64
            }
            _ => word as f64,
        }
    }
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Header {
    pub kind: Kind,
    pub is_fortran: bool,
    pub shape: Vec<u64>,
}

impl Header {
    /// Reads from the start of a file to the end of its header.
    ///
    /// # Errors
    /// Says what is wrong.
    pub fn read(stream: &mut dyn BufRead) -> Result<Self, String> {
        let mut fixed = [0; 8];
        let cut = |_| "its header is cut off. Fetch the file again".to_owned();
        stream.read_exact(&mut fixed).map_err(cut)?;
        let [.., version, _] = fixed;
        if !fixed.starts_with(b"\x93NUMPY") {
            return Err("this is not an NPY file as numpy.save writes it".into());
        }
        let mut length = [0; 4];
        let bytes = if version == 1 { 2 } else { 4 };
        stream.read_exact(&mut length[..bytes]).map_err(cut)?;
        let length = u32::from_le_bytes(length) as usize;
        if !(1..=3).contains(&version) || length > MAX_HEADER {
            return Err(format!("an NPY header of version {version} and {length} bytes is not read"));
        }
        let mut text = vec![0; length];
        stream.read_exact(&mut text).map_err(cut)?;
        Self::parse(&String::from_utf8_lossy(&text))
    }

    /// From `{'descr': '|u1', 'fortran_order': False, 'shape': (60000, 28, 28), }`.
    fn parse(text: &str) -> Result<Self, String> {
        let bad =
            || format!("its header cannot be read: {}", text.chars().take(80).collect::<String>().trim_end());
        let after = |key: &str| {
            let at = [format!("'{key}'"), format!("\"{key}\"")]
                .iter()
                .find_map(|key| text.find(key.as_str()).map(|at| at + key.len()))?;
            text[at..].trim_start().strip_prefix(':').map(str::trim_start)
        };
        let descr = after("descr").ok_or_else(bad)?;
        let Some(quote) = descr.chars().next().filter(|c| "'\"".contains(*c)) else {
            return Err(
                "it holds records of several fields: images and labels must be arrays of their own".into()
            );
        };
        let descr = descr[1..].split(quote).next().unwrap_or_default();
        let kind = Kind::parse(descr).ok_or_else(|| {
            let object = if descr.ends_with('O') { " (Python objects)" } else { "" };
            format!("its type {descr}{object} is not read: integers and floats of 32 or 64 bits are")
        })?;
        let is_fortran = match after("fortran_order").ok_or_else(bad)? {
            rest if rest.starts_with("True") => true,
            rest if rest.starts_with("False") => false,
            _ => return Err(bad()),
        };
        let shape = after("shape").and_then(|rest| rest.strip_prefix('(')).ok_or_else(bad)?;
        let (shape, _) = shape.split_once(')').ok_or_else(bad)?;
        let sizes = shape.split(',').map(str::trim).filter(|size| !size.is_empty());
        let shape = sizes.map(|size| size.trim_end_matches('L').parse()).collect::<Result<Vec<u64>, _>>();
        let shape = shape.map_err(|_| bad())?;
        match shape.len() <= MAX_DIMENSIONS {
            true => Ok(Header { kind, is_fortran, shape }),
            false => Err(bad()),
        }
    }

    /// Number of values; none if it does not fit into 64 bits.
    pub fn values(&self) -> Option<u64> {
        self.shape.iter().try_fold(1u64, |values, size| values.checked_mul(*size))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn dictionaries_as_numpy_writes_them() {
        let header =
            Header::parse("{'descr': '|u1', 'fortran_order': False, 'shape': (3, 28, 28), }   \n").unwrap();
        assert_eq!(header, Header { kind: Kind::U8, is_fortran: false, shape: vec![3, 28, 28] });
        let header = Header::parse("{\"shape\":(5,),\"descr\":\">i2\",\"fortran_order\":True}").unwrap();
        assert_eq!(header, Header { kind: Kind::Signed(2, Order::Big), is_fortran: true, shape: vec![5] });
        for (bad, words) in [
            ("{}", "cannot be read"),
            ("{'descr': '|O', 'fortran_order': False, 'shape': (3,)}", "Python objects"),
            ("{'descr': [('a', '<i4')], 'fortran_order': False, 'shape': (3,)}", "several fields"),
            ("{'descr': '<i4', 'fortran_order': False, 'shape': (-3,)}", "cannot be read"),
            ("{'descr': '<i4', 'fortran_order': False, 'shape': (3", "cannot be read"),
        ] {
            let told = Header::parse(bad).unwrap_err();
            assert!(told.contains(words), "{told}");
        }
    }

    #[test]
    fn numbers_of_every_type() {
        let number = |text: &str, bytes: &[u8]| Kind::parse(text).unwrap().number(bytes);
        assert_eq!(number("|u1", &[200]), 200.0);
        assert_eq!(number("|i1", &[0xff]), -1.0);
        assert_eq!(number("<i2", &[0xfe, 0xff]), -2.0);
        assert_eq!(number(">u2", &[1, 2]), 258.0);
        assert_eq!(number("<i8", &[0xff; 8]), -1.0);
        assert_eq!(number("<f4", &0.5f32.to_le_bytes()), 0.5);
        assert_eq!(number(">f8", &0.25f64.to_be_bytes()), 0.25);
    }
}
