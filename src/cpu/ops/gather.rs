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
        let stride = image_stride(self.columns);
        let (all_images, all_labels): (&[u8], &[u32]) =
            (chunk.whole(self.all_images), chunk.whole(self.all_labels));
        // The op does not say how many examples there are: the tensors do.
        let examples = all_labels.len().min(all_images.len() / stride.max(1));
        let images = chunk.rows_mut::<u8>(self.images, stride).chunks_exact_mut(stride.max(1));
        let indices: &[u32] = chunk.units(self.indices);
        for ((index, image), label) in indices.iter().zip(images).zip(chunk.units_mut::<u32>(self.labels)) {
            let index = *index as usize;
            if index < examples {
                image.copy_from_slice(&all_images[index * stride..(index + 1) * stride]);
                *label = all_labels[index];
            } else {
                image.fill(0);
                *label = NO_LABEL;
            }
        }
    }
}
