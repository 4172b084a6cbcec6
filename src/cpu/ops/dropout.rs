use crate::cpu::runtime::cpu_op::{Chunk, CpuOp, Partition, Requirement};
use crate::plan::StepScalars;
use crate::plan::ops::Dropout;
use crate::random::{Stream, philox4x32};

impl CpuOp for Dropout {
    fn partition(&self) -> Partition {
        Partition::rows(self.rows)
    }

    fn requirements(&self) -> Vec<Requirement> {
        [self.x, self.out].map(|tensor| Requirement::floats(tensor, self.rows, self.columns)).into()
    }

    fn run(&self, chunk: &Chunk, scalars: &StepScalars) {
        let (x, out): (&[f32], _) =
            (chunk.rows(self.x, self.columns), chunk.rows_mut(self.out, self.columns));
        let (threshold, gain) = (self.threshold(), self.gain());
        let (start, end) = (chunk.range().start * self.columns, chunk.range().end * self.columns);
        for block in start / 4..end.div_ceil(4) {
            let counter = [block as u32, scalars.step, self.layer, Stream::Dropout as u32];
            let words = philox4x32(counter, scalars.seed);
            // A block of four may begin in the row before, or end in the one after.
            for i in (4 * block).max(start)..(4 * block + 4).min(end) {
                out[i - start] = if words[i % 4] >= threshold { x[i - start] * gain } else { 0.0 };
            }
        }
    }
}
