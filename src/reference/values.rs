//! The contents of tensors, and how devices store them.

use crate::plan::{Element, Tensor, image_stride};

/// A tensor's values in row-major order.
#[derive(Clone, Debug, PartialEq)]
pub enum Values {
    /// Of a tensor that devices hold in float32.
    Floats(Vec<f64>),
    Words(Vec<u32>),
    /// Without the padding that devices give each row.
    Bytes(Vec<u8>),
}

impl Values {
    /// As many zeros as `tensor` has values.
    pub fn zeros(tensor: &Tensor) -> Self {
        match tensor.element {
            Element::F32 => Values::Floats(vec![0.0; tensor.len()]),
            Element::U32 => Values::Words(vec![0; tensor.len()]),
            Element::U8 => Values::Bytes(vec![0; tensor.len()]),
        }
    }

    /// From a device's bytes: little endian 32-bit words, or rows of bytes that are padded to whole words.
    pub fn from_device(tensor: &Tensor, bytes: &[u8]) -> Self {
        let words = bytemuck::pod_collect_to_vec::<u8, u32>;
        match tensor.element {
            Element::F32 => {
                Values::Floats(words(bytes).into_iter().map(|word| f32::from_bits(word).into()).collect())
            }
            Element::U32 => Values::Words(words(bytes)),
            Element::U8 => {
                let columns = tensor.shape.last().copied().unwrap_or(0);
                let rows = bytes.chunks_exact(image_stride(columns).max(1));
                Values::Bytes(rows.flat_map(|row| &row[..columns]).copied().collect())
            }
        }
    }

    pub fn len(&self) -> usize {
        match self {
            Values::Floats(values) => values.len(),
            Values::Words(values) => values.len(),
            Values::Bytes(values) => values.len(),
        }
    }

    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }
}

impl From<Vec<f64>> for Values {
    fn from(values: Vec<f64>) -> Self {
        Values::Floats(values)
    }
}
