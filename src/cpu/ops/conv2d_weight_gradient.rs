use crate::cpu::Level;
use crate::cpu::conv::{ConvAlgorithm, ConvShape, GradientTensors, Pass, WeightGradient};
use crate::cpu::runtime::cpu_op::{Chunk, CpuOp, ForCpu, Partition, Requirement};
use crate::plan::StepScalars;
use crate::plan::ops::Conv2dWeightGradient;

/// A weight gradient and the algorithm that was chosen for it.
struct ReadyConv2dWeightGradient {
    op: Conv2dWeightGradient,
    gradient: Box<dyn WeightGradient>,
}

impl Conv2dWeightGradient {
    pub(crate) fn conv_shape(&self) -> ConvShape {
        let &Conv2dWeightGradient { ref x, rows, in_channels, out_channels, window, .. } = self;
        let (pass, has_bytes) = (Pass::WeightGradient, x.pixels.is_some());
        ConvShape { pass, rows, in_channels, out_channels, window, has_bytes }
    }
}

impl ForCpu for Conv2dWeightGradient {
    fn for_cpu(&self, level: Level) -> Box<dyn CpuOp> {
        let shape = self.conv_shape();
        let (algorithm, level) = ConvAlgorithm::choose(&shape, level);
        let gradient = algorithm.weight_gradient(shape, self.group, self.has_bias, level);
        Box::new(ReadyConv2dWeightGradient { op: self.clone(), gradient })
    }
}

impl CpuOp for ReadyConv2dWeightGradient {
    /// Whole groups, each of which makes one partial sum, and whole vectors of images.
    fn partition(&self) -> Partition {
        let alignment = self.op.group.max(self.gradient.alignment());
        Partition::Rows { rows: self.op.rows, shared: Vec::new(), alignment }
    }

    fn requirements(&self) -> Vec<Requirement> {
        let &Conv2dWeightGradient { ref x, rows, in_channels, out_channels, window, .. } = &self.op;
        vec![
            Requirement::operand(x, rows, in_channels * window.inputs()),
            Requirement::floats(self.op.output_gradient, rows, out_channels * window.outputs()),
            Requirement::floats(self.op.partials, self.op.groups(), self.op.columns()),
        ]
    }

    fn scratch(&self) -> usize {
        self.gradient.scratch()
    }

    fn run(&self, chunk: &Chunk, _: &StepScalars) {
        let (op, tensors) = (&self.op, chunk.tensors);
        let tensors = GradientTensors {
            x: tensors.operand(&op.x, op.in_channels * op.window.inputs()),
            output_gradient: tensors.matrix(op.output_gradient, op.out_channels * op.window.outputs()),
            partials: tensors.floats(op.partials),
            scratch: tensors.scratch,
        };
        // SAFETY: `requirements` and `scratch` cover what is touched; the chunk's rows, whole groups, are this worker's.
        unsafe { self.gradient.run(&tensors, chunk.range()) }
    }
}
