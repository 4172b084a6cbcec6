//! Ops ready to run, and a block of steps recorded from them.

use std::sync::Arc;

use super::feed::SCALARS_STRIDE;
use super::kernels::Kernel;
use super::timing::Timing;

/// An op, ready: one bind group, or one a slot where it touches a slot's buffers.
pub(super) struct Dispatch {
    pub kernel: Arc<Kernel>,
    pub buffers: Vec<wgpu::BindGroup>,
    pub groups: [u32; 3],
    /// Runs once a block, one layer of workgroups a step.
    pub once_a_block: bool,
}

/// A dispatch in its place: its op in the plan (none for `gather`), its step of the block, and for how many steps it
/// works.
pub(super) struct Run<'a> {
    dispatch: &'a Dispatch,
    op: Option<usize>,
    step: usize,
    layers: u32,
}

/// All dispatches of a block of steps in their order.
pub(super) fn sequence<'a>(
    gather: Option<&'a Dispatch>,
    dispatches: &'a [Dispatch],
    steps: usize,
) -> Vec<Run<'a>> {
    let gather = gather.map(|dispatch| Run { dispatch, op: None, step: 0, layers: steps as u32 });
    let ops = || dispatches.iter().enumerate();
    let in_steps = (0..steps).flat_map(|step| {
        let each = ops().filter(|(_, dispatch)| !dispatch.once_a_block);
        each.map(move |(op, dispatch)| Run { dispatch, op: Some(op), step, layers: 1 })
    });
    let once = ops().filter(|(_, dispatch)| dispatch.once_a_block);
    let once = once.map(|(op, dispatch)| Run { dispatch, op: Some(op), step: 0, layers: steps as u32 });
    gather.into_iter().chain(in_steps).chain(once).collect()
}

/// All dispatches for one step of the block alone, whose scalars stand where the first step's do.
pub(super) fn single(dispatches: &[Dispatch], step: usize) -> Vec<Run<'_>> {
    let run = |(op, dispatch): (usize, _)| Run { dispatch, op: Some(op), step: 0, layers: step as u32 + 1 };
    dispatches.iter().enumerate().map(run).collect()
}

/// Records dispatches, all in one pass, or where they are timed in one each; how many those are.
pub(super) fn record(
    encoder: &mut wgpu::CommandEncoder,
    timing: &mut Option<Timing>,
    runs: Vec<Run>,
    scalars: &wgpu::BindGroup,
    slot: usize,
    steps_before: u64,
) -> u64 {
    match timing {
        None => {
            let mut pass = encoder.begin_compute_pass(&Default::default());
            runs.iter().for_each(|run| run.dispatch.run(&mut pass, scalars, slot, run.step, run.layers));
        }
        Some(timing) => {
            for run in &runs {
                let mut pass = timing.pass(encoder, run.op, steps_before + run.step as u64);
                run.dispatch.run(&mut pass, scalars, slot, run.step, run.layers);
            }
            timing.resolve(encoder);
        }
    }
    runs.len() as u64
}

impl Dispatch {
    fn run(
        &self,
        pass: &mut wgpu::ComputePass,
        scalars: &wgpu::BindGroup,
        slot: usize,
        step: usize,
        layers: u32,
    ) {
        let [x, y, z] = self.groups;
        let groups = [x, y, if self.once_a_block { z * layers } else { z }];
        self.run_groups(pass, scalars, slot, step, groups);
    }

    /// Runs part of the grid, or more of it.
    pub fn run_groups(
        &self,
        pass: &mut wgpu::ComputePass,
        scalars: &wgpu::BindGroup,
        slot: usize,
        step: usize,
        [x, y, z]: [u32; 3],
    ) {
        let Some(buffers) = self.buffers.get(slot).or(self.buffers.first()) else { return };
        pass.set_pipeline(&self.kernel.pipeline);
        pass.set_bind_group(0, buffers, &[]);
        pass.set_bind_group(1, scalars, &[(step * SCALARS_STRIDE) as u32]);
        pass.dispatch_workgroups(x, y, z);
    }
}
