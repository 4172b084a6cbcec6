use inkgrad::cpu;
use inkgrad::executor::Device;
use inkgrad::plan::Op;
use inkgrad::plan::ops::{Augment, Strengths};
use inkgrad::random::{Stream, philox, uniform};
use inkgrad::verify::cases;

use super::{Wanted, check};

fn even(words: [u32; 4]) -> [f64; 4] {
    words.map(|word| 2.0 * f64::from(uniform(word)) - 1.0)
}

/// Weight of a grid point at distance `d`, in cells: the cubic B-spline.
fn spline(d: f64) -> f64 {
    let d = d.abs();
    match d {
        d if d < 1.0 => (3.0 * d * d * d - 6.0 * d * d + 4.0) / 6.0,
        d if d < 2.0 => (2.0 - d).powi(3) / 6.0,
        _ => 0.0,
    }
}

/// Places of up to 40 pixels rounded to 2^-18 of one, times the contrast of random pixels.
#[test]
fn pixels_come_from_where_the_formula_says() {
    check("augment", 2e-4, |op, inputs| {
        let Op::Augment(op) = op else { unreachable!() };
        let bytes = inputs.bytes(op.images);
        let rows = bytes.chunks_exact(op.height * op.width).enumerate();
        vec![Wanted::Floats(
            rows.flat_map(|(row, image)| changed(op, inputs.case.scalars, row, image)).collect(),
        )]
    });
}

fn changed(op: &Augment, scalars: inkgrad::plan::StepScalars, row: usize, image: &[u8]) -> Vec<f64> {
    let seed = u64::from(scalars.seed[0]) | u64::from(scalars.seed[1]) << 32;
    let step = u64::from(scalars.step) | (row as u64) << 32;
    let random = |block: usize| even(philox(seed, Stream::Augment, step, block as u32));
    let Strengths { shift, rotation, zoom, shear, elastic, elastic_spacing } = op.strengths;
    let [shift, rotation, zoom, shear, elastic] = [shift, rotation, zoom, shear, elastic].map(f64::from);
    let (first, second) = (random(0), random(1));
    let (angle, size, slant) = ((rotation * first[2]).to_radians(), 1.0 + zoom * first[3], shear * second[0]);
    let spacing = if elastic_spacing > 0.0 { f64::from(elastic_spacing) } else { 7.0 };
    let cells = |side: usize| ((side - 1) as f64 / spacing).round().clamp(1.0, 12.0) as usize;
    let (cells_y, cells_x) = (cells(op.height), cells(op.width));
    // Two even numbers of variance 1/3 are halved: what brings their sum to variance 1, and B-splines back to it.
    let gain = elastic * 6f64.sqrt() * 315.0 / 151.0 / 2.0;
    let ink = |y: f64, x: f64| {
        let inside = y >= 0.0 && x >= 0.0 && y < op.height as f64 && x < op.width as f64;
        if inside { f64::from(image[y as usize * op.width + x as usize]) / 255.0 } else { 0.0 }
    };
    let mut out = Vec::new();
    for y in 0..op.height {
        for x in 0..op.width {
            let (center_y, center_x) = ((op.height - 1) as f64 / 2.0, (op.width - 1) as f64 / 2.0);
            let (dy, dx) = (y as f64 - center_y, x as f64 - center_x);
            let slanted = dx + slant * dy;
            let mut from_x = center_x
                + shift * first[0] * op.width as f64
                + (angle.cos() * slanted - angle.sin() * dy) / size;
            let mut from_y = center_y
                + shift * first[1] * op.height as f64
                + (angle.sin() * slanted + angle.cos() * dy) / size;
            if elastic > 0.0 {
                let t = |at: usize, side: usize, cells: usize| {
                    at as f64 * cells as f64 / ((side - 1) as f64).max(1.0)
                };
                let (ty, tx) = (t(y, op.height, cells_y), t(x, op.width, cells_x));
                for py in 0..cells_y + 3 {
                    for px in 0..cells_x + 3 {
                        // Point 0 lies one cell before the image.
                        let weight = spline(ty - (py as f64 - 1.0)) * spline(tx - (px as f64 - 1.0));
                        let words = random(2 + py * (cells_x + 3) + px);
                        from_x += weight * gain * (words[0] + words[2]);
                        from_y += weight * gain * (words[1] + words[3]);
                    }
                }
            }
            let (left, top) = (from_x.floor(), from_y.floor());
            let (share_x, share_y) = (from_x - left, from_y - top);
            let upper = ink(top, left) * (1.0 - share_x) + ink(top, left + 1.0) * share_x;
            let lower = ink(top + 1.0, left) * (1.0 - share_x) + ink(top + 1.0, left + 1.0) * share_x;
            let value = upper * (1.0 - share_y) + lower * share_y;
            out.push(value * f64::from(op.pixels.gain) + f64::from(op.pixels.offset));
        }
    }
    out
}

#[test]
fn without_strengths_nothing_changes_and_rows_change_each_its_own_way() {
    let device = Device::Cpu(cpu::Device::with_threads(2));
    let run = |case: &inkgrad::verify::Case| pollster::block_on(case.run(&device)).unwrap().remove(0);
    let cases = cases();
    let plain = cases.iter().filter(|case| case.op == "augment").find(|case| {
        matches!(&case.plan.ops[0].op, Op::Augment(op) if op.strengths == Strengths::default() && op.rows == 9)
    });
    let plain = plain.unwrap();
    let Op::Augment(op) = &plain.plan.ops[0].op else { unreachable!() };
    let image = |given: &[u8], row: usize| given[row * 784 * 4..][..784 * 4].to_vec();
    let bytes = super::Inputs { case: plain }.bytes(op.images);
    let given: Vec<f32> =
        run(plain).chunks_exact(4).map(|word| f32::from_le_bytes(word.try_into().unwrap())).collect();
    for (byte, value) in bytes.iter().zip(&given) {
        assert_eq!(*value, f32::from(*byte) * (op.pixels.gain / 255.0) + op.pixels.offset);
    }
    let changed = cases.iter().find(
        |case| matches!(&case.plan.ops[0].op, Op::Augment(op) if op.strengths.shift > 0.0 && op.rows == 9),
    );
    let given = run(changed.unwrap());
    assert_ne!(image(&given, 0), image(&given, 1));
}
