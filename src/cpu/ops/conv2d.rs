use crate::cpu::Level;
use crate::cpu::conv::{ConvAlgorithm, ConvShape, Convolution, Maps, Pass};
use crate::cpu::runtime::cpu_op::{Chunk, CpuOp, ForCpu, Partition, PreparedWeights, Requirement};
use crate::plan::StepScalars;
use crate::plan::ops::Conv2d;

/// A convolution and the algorithm that was chosen for it.
struct ReadyConv2d {
    op: Conv2d,
    convolution: Box<dyn Convolution>,
}

impl Conv2d {
    pub(crate) fn conv_shape(&self) -> ConvShape {
        let &Conv2d { ref x, rows, in_channels, out_channels, window, .. } = self;
        let (pass, has_bytes) = (Pass::Forward, x.pixels.is_some());
        ConvShape { pass, rows, in_channels, out_channels, window, has_bytes }
    }
}

impl ForCpu for Conv2d {
    fn for_cpu(&self, level: Level) -> Box<dyn CpuOp> {
        let shape = self.conv_shape();
        let (algorithm, level) = ConvAlgorithm::choose(&shape, level);
        Box::new(ReadyConv2d { op: self.clone(), convolution: algorithm.convolution(shape, level) })
    }
}

impl CpuOp for ReadyConv2d {
    fn partition(&self) -> Partition {
        let shared = [self.op.weight].into_iter().chain(self.op.bias).collect();
        Partition::Rows { rows: self.op.rows, shared, alignment: self.convolution.alignment() }
    }

    fn requirements(&self) -> Vec<Requirement> {
        let Conv2d { x, weight, bias, out, rows, in_channels, out_channels, window, .. } = &self.op;
        let bias = bias.map(|bias| Requirement::floats(bias, 1, *out_channels));
        let requirements = [
            Requirement::operand(x, *rows, in_channels * window.inputs()),
            Requirement::floats(*weight, *out_channels, in_channels * window.taps()),
            Requirement::floats(*out, *rows, out_channels * window.outputs()),
        ];
        requirements.into_iter().chain(bias).collect()
    }

    fn prepared_weights(&self) -> Option<PreparedWeights> {
        let kernels = self.convolution.transformed_kernels()?;
        Some(PreparedWeights { key: self.op.out, floats: kernels.floats, units: kernels.units })
    }

    fn prepare_weights(&self, chunk: &Chunk) {
        let (weight, to) =
            (chunk.tensors.floats(self.op.weight), chunk.tensors.prepared_weights(self.op.out));
        // SAFETY: `requirements` and `prepared_weights` cover what is touched; the chunk's units are this worker's.
        unsafe { self.convolution.transform_kernels(weight, to, chunk.range()) }
    }

    fn scratch(&self) -> usize {
        self.convolution.scratch()
    }

    fn run(&self, chunk: &Chunk, _: &StepScalars) {
        let (op, tensors) = (&self.op, chunk.tensors);
        let maps = Maps {
            input: tensors.operand(&op.x, op.in_channels * op.window.inputs()),
            weight: tensors.floats(op.weight),
            transformed_kernels: tensors.prepared_weights(op.out),
            bias: op.bias.map_or(std::ptr::null(), |bias| tensors.floats(bias).cast_const()),
            relu: op.relu,
            output: tensors.floats(op.out),
            scratch: tensors.scratch,
        };
        // SAFETY: `requirements`, `prepared_weights` and `scratch` cover what is touched; the chunk's rows are this worker's.
        unsafe { self.convolution.run(&maps, chunk.range()) }
    }
}
