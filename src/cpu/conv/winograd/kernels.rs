//! The kernels made ready.

// Loops over blocks of registers are counted, so that the compiler unrolls them whole.
#![allow(clippy::needless_range_loop)]

use std::ops::Range;

use crate::cpu::conv::winograd::LINE;
use crate::cpu::conv::winograd::Tiling;
use crate::cpu::conv::winograd::pitch;
use crate::cpu::conv::winograd::transform::kernel;
use crate::cpu::simd::{F32, by_level};

/// How the weights lie.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) enum Order {
    /// `[out, in, taps]`.
    Forward,
    /// Of the way there, `[in, out, taps]`.
    Back,
    /// Of the way there, and the kernels are to be turned round.
    Turned,
}

/// Kernels to points, of the input channels `channels`: `[point, two vectors of output channels, input channel]`.
///
/// # Safety
/// `weight` lies as `order` says, `to` is as large as [`Tiling::prepared`] says; nobody else touches the values of these
/// input channels.
#[inline(always)]
unsafe fn prepare_body<V: F32>(
    tiling: &Tiling,
    weight: *const f32,
    order: Order,
    to: *mut f32,
    channels: Range<usize>,
) {
    unsafe {
        match tiling.kernel {
            3 => kernels::<V, 3>(tiling, weight, order, to, channels),
            _ => kernels::<V, 5>(tiling, weight, order, to, channels),
        }
    }
}
by_level!(
    pub(crate) unsafe fn prepare =
        prepare_body(tiling: &Tiling, weight: *const f32, order: Order, to: *mut f32, channels: Range<usize>)
);

#[inline(always)]
unsafe fn kernels<V: F32, const SIDE: usize>(
    tiling: &Tiling,
    weight: *const f32,
    order: Order,
    to: *mut f32,
    channels: Range<usize>,
) {
    let (ins, outs, taps) = (tiling.in_channels, tiling.out_channels, tiling.taps());
    let all_outs = pitch(outs, V::LANES);
    for channel in channels {
        for out in (0..all_outs).step_by(V::LANES) {
            unsafe {
                let mut columns = [[V::splat(0.0); LINE]; SIDE];
                for x in 0..SIDE {
                    let mut column = [V::splat(0.0); SIDE];
                    for y in 0..SIDE {
                        let tap = y * SIDE + x;
                        let mut values = [0.0; 16];
                        for lane in 0..V::LANES.min(outs - out) {
                            let out = out + lane;
                            values[lane] = *weight.add(match order {
                                Order::Forward => (out * ins + channel) * taps + tap,
                                Order::Back => (channel * outs + out) * taps + tap,
                                Order::Turned => (channel * outs + out) * taps + taps - 1 - tap,
                            });
                        }
                        column[y] = V::load(values.as_ptr());
                    }
                    columns[x] = kernel::<V, SIDE>(column);
                }
                let panel = out / (2 * V::LANES) * (2 * V::LANES);
                let width = (2 * V::LANES).min(all_outs - panel);
                let to = to.add(panel * ins + channel * width + out - panel);
                for y in 0..LINE {
                    let line = kernel::<V, SIDE>(columns.map(|column| column[y]));
                    for x in 0..LINE {
                        line[x].store(to.add((y * LINE + x) * ins * all_outs));
                    }
                }
            }
        }
    }
}
