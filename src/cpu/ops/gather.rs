use crate::cpu::runtime::cpu_op::{Chunk, CpuOp, Partition, Requirement};
use crate::plan::ops::Gather;
use crate::plan::{NO_LABEL, StepScalars, image_stride};

impl CpuOp for Gather {
    fn partition(&self) -> Partition {
        Partition::Rows { rows: self.rows, shared: vec![self.all_images, self.all_labels], alignment: 1 }
    }

    fn requirements(&self) -> Vec<Requirement> {
        vec![
            Requirement::bytes(self.all_images, 0, self.columns),
            Requirement::words(self.all_labels, 0),
            Requirement::words(self.indices, self.rows),
            Requirement::bytes(self.images, self.rows, self.columns),
            Requirement::words(self.labels, self.rows),
        ]
    }

    fn run(&self, chunk: &Chunk, _: &StepScalars) {
        let (tensors, range) = (chunk.tensors, chunk.range());
        let stride = image_stride(self.columns);
        let (images, labels) = (tensors.bytes(self.images), tensors.words(self.labels));
        // the op does not say how many examples there are: the tensors do
        let examples = (tensors.size(self.all_labels) / 4).min(tensors.size(self.all_images) / stride.max(1));
        for row in range {
            // SAFETY: `requirements` covers the rows; an example's index is below the number of both its tensors.
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
