use crate::cpu::Level;
use crate::cpu::conv::{ConvAlgorithm, ConvShape, Convolution, Maps, Pass};
use crate::cpu::runtime::cpu_op::{Chunk, CpuOp, ForCpu, Partition, PreparedWeights, Requirement};
use crate::cpu::runtime::tensors::Matrix;
use crate::plan::StepScalars;
use crate::plan::ops::Conv2dInputGradient;

/// An input gradient and the algorithm that was chosen for it.
struct ReadyConv2dInputGradient {
    op: Conv2dInputGradient,
    convolution: Box<dyn Convolution>,
}

impl Conv2dInputGradient {
    pub(crate) fn conv_shape(&self) -> ConvShape {
        let &Conv2dInputGradient { rows, in_channels, out_channels, window, .. } = self;
        let pass = Pass::InputGradient;
        ConvShape { pass, rows, in_channels, out_channels, window, has_bytes: false }
    }
}

impl ForCpu for Conv2dInputGradient {
    fn for_cpu(&self, level: Level) -> Box<dyn CpuOp> {
        let shape = self.conv_shape();
        let (algorithm, level) = ConvAlgorithm::choose(&shape, level);
        let convolution = algorithm.convolution(shape, level);
        Box::new(ReadyConv2dInputGradient { op: self.clone(), convolution })
    }
}

impl CpuOp for ReadyConv2dInputGradient {
    fn partition(&self) -> Partition {
        let (rows, shared) = (self.op.rows, vec![self.op.weight]);
        Partition::Rows { rows, shared, alignment: self.convolution.alignment() }
    }

    fn requirements(&self) -> Vec<Requirement> {
        let &Conv2dInputGradient { rows, in_channels, out_channels, window, .. } = &self.op;
        vec![
            Requirement::floats(self.op.output_gradient, rows, out_channels * window.outputs()),
            Requirement::floats(self.op.weight, out_channels, in_channels * window.taps()),
            Requirement::floats(self.op.input_gradient, rows, in_channels * window.inputs()),
        ]
    }

    fn prepared_weights(&self) -> Option<PreparedWeights> {
        let kernels = self.convolution.transformed_kernels()?;
        let key = self.op.input_gradient;
        Some(PreparedWeights { key, floats: kernels.floats, units: kernels.units })
    }

    fn prepare_weights(&self, chunk: &Chunk) {
        let weight = chunk.tensors.floats(self.op.weight);
        let to = chunk.tensors.prepared_weights(self.op.input_gradient);
        // SAFETY: `requirements` and `prepared_weights` cover what is touched; the chunk's units are this worker's.
        unsafe { self.convolution.transform_kernels(weight, to, chunk.range()) }
    }

    fn scratch(&self) -> usize {
        self.convolution.scratch()
    }

    fn run(&self, chunk: &Chunk, _: &StepScalars) {
        let (op, tensors) = (&self.op, chunk.tensors);
        let columns = op.out_channels * op.window.outputs();
        let maps = Maps {
            input: Matrix::Floats(tensors.matrix(op.output_gradient, columns)),
            weight: tensors.floats(op.weight),
            transformed_kernels: tensors.prepared_weights(op.input_gradient),
            bias: std::ptr::null(),
            relu: false,
            output: tensors.floats(op.input_gradient),
            scratch: tensors.scratch,
        };
        // SAFETY: `requirements`, `prepared_weights` and `scratch` cover what is touched; the chunk's rows are this worker's.
        unsafe { self.convolution.run(&maps, chunk.range()) }
    }
}
