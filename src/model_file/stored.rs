//! Weights as a file keeps them, in float32 or float16, little endian.

use std::borrow::Cow;

use half::f16;
use safetensors::tensor::TensorView;
use safetensors::{Dtype, View};

use super::Precision;
use crate::network::Slice;

/// A parameter or statistic on its way into a file.
pub(super) struct Stored<'a> {
    dtype: Dtype,
    shape: &'a [usize],
    bytes: Cow<'a, [u8]>,
}

impl<'a> Stored<'a> {
    pub fn new(slice: &'a Slice, values: &'a [f32], precision: Precision) -> Self {
        let shape = &slice.shape[..];
        match precision {
            Precision::Float32 => {
                Stored { dtype: Dtype::F32, shape, bytes: Cow::Borrowed(bytemuck::cast_slice(values)) }
            }
            Precision::Float16 => {
                let bytes = values.iter().flat_map(|value| f16::from_f32(*value).to_le_bytes()).collect();
                Stored { dtype: Dtype::F16, shape, bytes: Cow::Owned(bytes) }
            }
        }
    }
}

impl View for Stored<'_> {
    fn dtype(&self) -> Dtype {
        self.dtype
    }

    fn shape(&self) -> &[usize] {
        self.shape
    }

    fn data(&self) -> Cow<'_, [u8]> {
        Cow::Borrowed(&self.bytes)
    }

    fn data_len(&self) -> usize {
        self.bytes.len()
    }
}

/// The values of a tensor in float32 or float16.
pub(super) fn floats(tensor: &TensorView) -> Vec<f32> {
    let data = tensor.data();
    match tensor.dtype() {
        Dtype::F16 => {
            data.chunks_exact(2).map(|word| f16::from_le_bytes([word[0], word[1]]).to_f32()).collect()
        }
        _ => bytemuck::pod_collect_to_vec(data),
    }
}
