//! Ops ready to run, and a block of steps recorded from them.

use std::sync::Arc;

use super::feed::SCALARS_STRIDE;
use super::pipelines::Pipeline;
use super::timing::Timing;

/// An op, ready to run.
pub(super) struct Dispatch {
    pub pipeline: Arc<Pipeline>,
    /// Bind groups of the buffers: one, or one for each slot where the op uses a slot's buffers.
    pub buffers: Vec<wgpu::BindGroup>,
    pub groups: [u32; 3],
    /// Runs once per block, with a layer of workgroups for each step.
    pub once_a_block: bool,
}

/// A dispatch as it is recorded: its op in the plan (none for `gather`), its step of the block, and how many steps it works
/// for.
pub(super) struct Scheduled<'a> {
    dispatch: &'a Dispatch,
    op: Option<usize>,
    step: usize,
    steps: u32,
}

/// All dispatches of a block of steps in their order.
pub(super) fn schedule<'a>(
    gather: Option<&'a Dispatch>,
    dispatches: &'a [Dispatch],
    steps: usize,
) -> Vec<Scheduled<'a>> {
    let gather = gather.map(|dispatch| Scheduled { dispatch, op: None, step: 0, steps: steps as u32 });
    let ops = || dispatches.iter().enumerate();
    let in_steps = (0..steps).flat_map(|step| {
        let each = ops().filter(|(_, dispatch)| !dispatch.once_a_block);
        each.map(move |(op, dispatch)| Scheduled { dispatch, op: Some(op), step, steps: 1 })
    });
    let once = ops().filter(|(_, dispatch)| dispatch.once_a_block);
    let once = once.map(|(op, dispatch)| Scheduled { dispatch, op: Some(op), step: 0, steps: steps as u32 });
    gather.into_iter().chain(in_steps).chain(once).collect()
}

/// All dispatches for one step of the block alone, whose scalars are where the first step's are.
pub(super) fn schedule_one(dispatches: &[Dispatch], step: usize) -> Vec<Scheduled<'_>> {
    let scheduled =
        |(op, dispatch): (usize, _)| Scheduled { dispatch, op: Some(op), step: 0, steps: step as u32 + 1 };
    dispatches.iter().enumerate().map(scheduled).collect()
}

/// Records dispatches, all in one pass, or one pass for each where their times are measured; returns their number.
pub(super) fn record(
    encoder: &mut wgpu::CommandEncoder,
    timing: &mut Option<Timing>,
    scheduled: Vec<Scheduled>,
    scalars: &wgpu::BindGroup,
    slot: usize,
    steps_before: u64,
) -> u64 {
    match timing {
        None => {
            let mut pass = encoder.begin_compute_pass(&Default::default());
            scheduled.iter().for_each(|each| each.record(&mut pass, scalars, slot));
        }
        Some(timing) => {
            for each in &scheduled {
                let mut pass = timing.pass(encoder, each.op, steps_before + each.step as u64);
                each.record(&mut pass, scalars, slot);
            }
            timing.resolve(encoder);
        }
    }
    scheduled.len() as u64
}

impl Scheduled<'_> {
    fn record(&self, pass: &mut wgpu::ComputePass, scalars: &wgpu::BindGroup, slot: usize) {
        let [x, y, z] = self.dispatch.groups;
        let groups = [x, y, if self.dispatch.once_a_block { z * self.steps } else { z }];
        self.dispatch.record(pass, scalars, slot, self.step, groups);
    }
}

impl Dispatch {
    /// Records a grid of these sides, whatever the op's own is.
    pub fn record(
        &self,
        pass: &mut wgpu::ComputePass,
        scalars: &wgpu::BindGroup,
        slot: usize,
        step: usize,
        [x, y, z]: [u32; 3],
    ) {
        let Some(buffers) = self.buffers.get(slot).or(self.buffers.first()) else { return };
        pass.set_pipeline(&self.pipeline.raw);
        pass.set_bind_group(0, buffers, &[]);
        pass.set_bind_group(1, scalars, &[(step * SCALARS_STRIDE) as u32]);
        pass.dispatch_workgroups(x, y, z);
    }
}
