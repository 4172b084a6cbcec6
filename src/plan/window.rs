//! The geometry of sliding windows: of convolutions and of pooling.

/// A window of `kernel` values that moves by `stride` over `[height, width]`, zeros (or nothing) around it.
/// All pairs are `[vertical, horizontal]`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Window {
    /// Sides of the input.
    pub input: [usize; 2],
    /// Sides of the output.
    pub output: [usize; 2],
    pub kernel: [usize; 2],
    pub stride: [usize; 2],
    /// Rows of padding above the input and columns left of it. Below and right there are as many as the last window reaches.
    pub padding: [usize; 2],
}

impl Window {
    /// Only where the whole kernel fits: `output = (input - kernel) / stride + 1`; none where it never does.
    pub fn valid(input: [usize; 2], kernel: [usize; 2], stride: [usize; 2]) -> Option<Self> {
        let side = |i: usize| {
            let room = input[i].checked_sub(kernel[i]).filter(|_| kernel[i] > 0 && stride[i] > 0)?;
            Some(room / stride[i] + 1)
        };
        Some(Window { input, output: [side(0)?, side(1)?], kernel, stride, padding: [0, 0] })
    }

    /// TensorFlow's "SAME": `output = ceil(input / stride)`, the padding divided evenly, the odd row or column below and
    /// right.
    pub fn same(input: [usize; 2], kernel: [usize; 2], stride: [usize; 2]) -> Option<Self> {
        if kernel.contains(&0) || stride.contains(&0) || input.contains(&0) {
            return None;
        }
        let output = [input[0].div_ceil(stride[0]), input[1].div_ceil(stride[1])];
        let missing = |i: usize| ((output[i] - 1) * stride[i] + kernel[i]).saturating_sub(input[i]);
        Some(Window { input, output, kernel, stride, padding: [missing(0) / 2, missing(1) / 2] })
    }

    /// `padding` zeros on every side, as in PyTorch's layers.
    pub fn padded(
        input: [usize; 2],
        kernel: [usize; 2],
        stride: [usize; 2],
        padding: [usize; 2],
    ) -> Option<Self> {
        let around = [input[0].checked_add(2 * padding[0])?, input[1].checked_add(2 * padding[1])?];
        let valid = Window::valid(around, kernel, stride)?;
        Some(Window { input, padding, ..valid })
    }

    pub fn inputs(&self) -> usize {
        self.input[0] * self.input[1]
    }

    pub fn outputs(&self) -> usize {
        self.output[0] * self.output[1]
    }

    /// Values in the kernel.
    pub fn taps(&self) -> usize {
        self.kernel[0] * self.kernel[1]
    }

    /// Whether no two windows share a value.
    pub fn is_disjoint(&self) -> bool {
        self.kernel[0] <= self.stride[0] && self.kernel[1] <= self.stride[1]
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sides_are_the_frameworks() {
        let valid = Window::valid([28, 28], [5, 5], [1, 1]).unwrap();
        assert_eq!((valid.output, valid.padding), ([24, 24], [0, 0]));
        let same = Window::same([28, 28], [5, 5], [2, 2]).unwrap();
        assert_eq!((same.output, same.padding), ([14, 14], [1, 1]));
        let even = Window::same([7, 7], [4, 4], [1, 1]).unwrap();
        assert_eq!((even.output, even.padding), ([7, 7], [1, 1]));
        let padded = Window::padded([28, 28], [5, 5], [2, 2], [2, 2]).unwrap();
        assert_eq!((padded.output, padded.padding), ([14, 14], [2, 2]));
        assert_eq!(Window::valid([4, 4], [5, 5], [1, 1]), None);
        assert_eq!(Window::valid([4, 4], [2, 2], [0, 1]), None);
    }
}
