//! Tensors: a name, a shape, and the buffer that holds the values.

/// A tensor of one plan, by position.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct TensorId(u32);

impl TensorId {
    pub(crate) fn new(index: usize) -> Self {
        TensorId(index as u32)
    }

    pub fn index(self) -> usize {
        self.0 as usize
    }
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Element {
    F32,
    U32,
    /// Bytes, in rows (the last dimension) that are padded to whole 32-bit words.
    U8,
}

/// Which buffer holds a tensor. Offsets count float32 values.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Storage {
    /// The batch's pixels, `u8 [batch, pixels]`.
    Images,
    /// The batch's labels, `u32 [batch]`.
    Labels,
    Parameters {
        offset: usize,
    },
    Gradients {
        offset: usize,
    },
    /// Optimiser state number `which`, laid out as the parameters are.
    State {
        which: usize,
        offset: usize,
    },
    Statistics {
        offset: usize,
    },
    /// Made and used up within one step.
    Activation,
    /// One loss per image, kept to the end of the block: `[batch]`, in the block at row `first_row`.
    SampleLoss,
    /// One loss per step of the block.
    Losses,
    /// Float32 values that the plan itself gives, see [`super::Plan::constants`].
    Constant,
    /// Counters that add up over steps until the host clears them, `u32`.
    Counts,
}

impl Storage {
    /// Where in its flat buffer the tensor begins; 0 for a buffer of its own.
    pub fn offset(&self) -> usize {
        match *self {
            Storage::Parameters { offset }
            | Storage::Gradients { offset }
            | Storage::State { offset, .. }
            | Storage::Statistics { offset } => offset,
            _ => 0,
        }
    }
}

#[derive(Clone, Debug)]
pub struct Tensor {
    pub name: String,
    pub shape: Vec<usize>,
    pub element: Element,
    pub storage: Storage,
}

impl Tensor {
    /// Number of values.
    pub fn len(&self) -> usize {
        self.shape.iter().product()
    }

    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// Bytes of the values alone, rows of bytes padded to whole words.
    pub fn bytes(&self) -> usize {
        match self.element {
            Element::F32 | Element::U32 => 4 * self.len(),
            Element::U8 => {
                let row = self.shape.last().copied().unwrap_or(0);
                self.len() / row.max(1) * super::image_stride(row)
            }
        }
    }
}

impl std::fmt::Display for Tensor {
    fn fmt(&self, f: &mut std::fmt::Formatter) -> std::fmt::Result {
        write!(f, "{}{:?}", self.name, self.shape)
    }
}
