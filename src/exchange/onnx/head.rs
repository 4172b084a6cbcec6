//! Where a reader stands in a graph: the tensor that the next layer reads, and how its values lie.
//!
//! Other programs keep images in another order, `[height, width, channels]`, and flatten them in it. A head therefore has the
//! shape in which its values lie, and an index that says where each value would lie in inkgrad's order.

/// Limit on the values of a layer's output per image: bounds time and memory on files that are made up.
pub(super) const MAX_VALUES: usize = 1 << 22;

#[derive(Clone, Debug, PartialEq)]
pub(super) struct Head {
    /// The tensor's name in the graph.
    pub name: String,
    /// Its shape without the batch.
    pub dims: Vec<usize>,
    /// For each value the position it has in inkgrad's order; none where they are the same.
    pub index: Option<Vec<u32>>,
    /// The shape in inkgrad's order: `[channels, height, width]` or `[values]`.
    pub shape: Vec<usize>,
}

/// The number of values of a shape, if there are any and not too many.
pub(super) fn count(dims: &[usize]) -> Option<usize> {
    let count = dims.iter().try_fold(1usize, |count, side| count.checked_mul(*side))?;
    (1..=MAX_VALUES).contains(&count).then_some(count)
}

impl Head {
    pub fn values(&self) -> usize {
        self.dims.iter().product()
    }

    /// Whether the values lie as inkgrad's convolutions read them.
    pub fn is_image(&self) -> bool {
        self.dims.len() == 3 && self.dims == self.shape && self.index.is_none()
    }

    /// The position in inkgrad's order of the value at `at`.
    pub fn position(&self, at: usize) -> usize {
        self.index.as_ref().and_then(|index| index.get(at)).map_or(at, |position| *position as usize)
    }

    /// Moves the axes: axis `i` of the result is axis `order[i]`, the batch not counted.
    pub fn transpose(&mut self, order: &[usize]) -> Option<()> {
        let mut sorted = order.to_vec();
        sorted.sort_unstable();
        if !sorted.into_iter().eq(0..self.dims.len()) {
            return None;
        }
        let mut strides = vec![1; self.dims.len()];
        for axis in (1..self.dims.len()).rev() {
            strides[axis - 1] = strides[axis] * self.dims[axis];
        }
        let dims: Vec<usize> = order.iter().map(|axis| self.dims[*axis]).collect();
        let strides: Vec<usize> = order.iter().map(|axis| strides[*axis]).collect();
        let (mut index, mut at, mut from) = (Vec::with_capacity(self.values()), vec![0; dims.len()], 0);
        for _ in 0..self.values() {
            index.push(self.position(from) as u32);
            // Counts up the position, last axis first.
            for axis in (0..dims.len()).rev() {
                (at[axis], from) = (at[axis] + 1, from + strides[axis]);
                if at[axis] < dims[axis] {
                    break;
                }
                (at[axis], from) = (0, from - dims[axis] * strides[axis]);
            }
        }
        let is_same = index.iter().enumerate().all(|(at, position)| at == *position as usize);
        (self.dims, self.index) = (dims, (!is_same).then_some(index));
        Some(())
    }

    /// Gives the values another shape, with the same number of values.
    pub fn reshape(&mut self, dims: Vec<usize>) -> Option<()> {
        if count(&dims)? != self.values() {
            return None;
        }
        self.dims = dims;
        Some(())
    }

    /// Values per channel in inkgrad's order.
    pub fn inner(&self) -> usize {
        self.shape.iter().skip(1).product()
    }

    /// One value per channel from a constant that is broadcast over the head as in ONNX; none if it differs within a
    /// channel or does not fit.
    pub fn per_channel(&self, dims: &[usize], values: &[f32]) -> Option<Vec<f32>> {
        let full: Vec<usize> = std::iter::once(1).chain(self.dims.iter().copied()).collect();
        let dims = match dims.len() <= full.len() {
            true => [vec![1; full.len() - dims.len()], dims.to_vec()].concat(),
            false => return None,
        };
        if dims.iter().zip(&full).any(|(side, full)| side != full && *side != 1) {
            return None;
        }
        let mut strides = vec![0; dims.len()];
        let mut stride = 1;
        for axis in (0..dims.len()).rev() {
            strides[axis] = if dims[axis] == 1 { 0 } else { stride };
            stride *= dims[axis];
        }
        let channels = *self.shape.first()?;
        let mut found: Vec<Option<f32>> = vec![None; channels];
        let (mut at, mut from) = (vec![0; full.len()], 0);
        for number in 0..self.values() {
            let value = *values.get(from)?;
            let slot = found.get_mut(self.position(number) / self.inner().max(1))?;
            if slot.is_some_and(|known| known != value) {
                return None;
            }
            *slot = Some(value);
            for axis in (0..full.len()).rev() {
                (at[axis], from) = (at[axis] + 1, from + strides[axis]);
                if at[axis] < full[axis] {
                    break;
                }
                (at[axis], from) = (0, from - full[axis] * strides[axis]);
            }
        }
        found.into_iter().collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Two channels of 2 x 3, in TensorFlow's order.
    fn channels_last() -> Head {
        let mut head = Head { name: "x".into(), dims: vec![2, 2, 3], index: None, shape: vec![2, 2, 3] };
        head.transpose(&[1, 2, 0]).unwrap();
        head
    }

    #[test]
    fn channels_may_come_last() {
        let mut head = channels_last();
        assert_eq!(head.dims, [2, 3, 2]);
        assert_eq!(head.index.as_deref(), Some(&[0, 6, 1, 7, 2, 8, 3, 9, 4, 10, 5, 11][..]));
        assert!(!head.is_image());
        head.transpose(&[2, 0, 1]).unwrap();
        assert!(head.is_image());
        assert_eq!(head.transpose(&[0, 0, 1]), None);
        assert_eq!(head.transpose(&[0, 1]), None);
    }

    #[test]
    fn constants_are_broadcast_from_the_right() {
        let head = channels_last();
        assert_eq!(head.per_channel(&[2], &[5.0, 7.0]), Some(vec![5.0, 7.0]));
        assert_eq!(head.per_channel(&[], &[5.0]), Some(vec![5.0, 5.0]));
        assert_eq!(head.per_channel(&[1, 1, 1, 2], &[5.0, 7.0]), Some(vec![5.0, 7.0]));
        // differs within a channel
        assert_eq!(head.per_channel(&[3, 1], &[1.0, 2.0, 3.0]), None);
        assert_eq!(head.per_channel(&[4], &[1.0; 4]), None);
        assert_eq!(head.per_channel(&[2], &[1.0]), None);
        let image = Head { index: None, dims: vec![2, 2, 3], ..channels_last() };
        assert_eq!(image.per_channel(&[2, 1, 1], &[5.0, 7.0]), Some(vec![5.0, 7.0]));
        assert_eq!(image.per_channel(&[2], &[5.0, 7.0]), None);
    }

    #[test]
    fn sizes_are_bounded() {
        assert_eq!(count(&[usize::MAX, 2]), None);
        assert_eq!(count(&[0, 2]), None);
        assert_eq!(channels_last().reshape(vec![13]), None);
    }
}
