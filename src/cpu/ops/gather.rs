use std::ops::Range;

use crate::cpu::Level;
use crate::cpu::runtime::cpu_op::{Cut, Kernel, Need};
use crate::cpu::runtime::tensors::Tensors;
use crate::plan::ops::Gather;
use crate::plan::{NO_LABEL, StepScalars, image_stride};

impl Kernel for Gather {
    fn cut(&self, _: Level) -> Cut {
        Cut::Samples { rows: self.rows, whole: vec![self.all_images, self.all_labels], granule: 1 }
    }

    fn needs(&self) -> Vec<Need> {
        vec![
            Need::bytes(self.all_images, 0, self.columns),
            Need::words(self.all_labels, 0),
            Need::words(self.indices, self.rows),
            Need::bytes(self.images, self.rows, self.columns),
            Need::words(self.labels, self.rows),
        ]
    }

    unsafe fn run(&self, tensors: &Tensors, _: &StepScalars, range: Range<usize>) {
        let stride = image_stride(self.columns);
        let (images, labels) = (tensors.bytes(self.images), tensors.words(self.labels));
        // the op does not say how many examples there are: the tensors do
        let examples = (tensors.size(self.all_labels) / 4).min(tensors.size(self.all_images) / stride.max(1));
        for row in range {
            // SAFETY: `needs` covers the rows; an example's index is below the number of both its tensors.
            unsafe {
                let index = *tensors.words(self.indices).add(row) as usize;
                let image = images.add(row * stride);
                if index < examples {
                    let from = tensors.bytes(self.all_images).add(index * stride);
                    std::ptr::copy_nonoverlapping(from, image, stride);
                    *labels.add(row) = *tensors.words(self.all_labels).add(index);
                } else {
                    std::ptr::write_bytes(image, 0, stride);
                    *labels.add(row) = NO_LABEL;
                }
            }
        }
    }
}
