use serde::{Deserialize, Serialize};

use super::launch::{READ, WRITE, channels, folded, in_block, launch};
use super::shader::{Shader, join};
use super::{Describe, Launch, Pixels};
use crate::plan::{Plan, TensorId};

/// Distorts training images at random, each independently and all its channels in the same way: mirrored, moved, rotated,
/// zoomed, sheared and elastically distorted, then sampled bilinearly (0 outside) and converted to floats as in `unpack`.
/// Output pixel p takes its value from `centre + shift + A (p - centre) + elastic(p)`, where A rotates, shears and zooms; if
/// the image is to be mirrored, from the mirror image of that point about the middle column. The elastic field is smooth
/// noise: random displacements of a coarse grid of control points, with cubic B-splines between them (the grid as in
/// Ronneberger et al. 2015, section 3.1; Simard et al. 2003 smooth with a Gaussian instead). All random numbers come from
/// Philox, by seed, step and row of the batch.
#[derive(Clone, Debug)]
pub struct Augment {
    /// u8 `[rows, channels, height, width]`.
    pub images: TensorId,
    /// `[rows, channels, height, width]`.
    pub out: TensorId,
    pub rows: usize,
    pub height: usize,
    pub width: usize,
    /// One for each channel, at most [`super::MAX_CHANNELS`].
    pub channels: Vec<Pixels>,
    pub strengths: Strengths,
}

/// How strongly images are changed: each change is drawn uniformly from plus to minus its strength. (`crop` and `flip`
/// are written only if they are set, so that recipes without them give the same bytes as before these fields existed.)
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Strengths {
    /// Largest shift, as a fraction of the image's sides.
    pub shift: f32,
    /// Largest rotation, in degrees.
    pub rotation: f32,
    /// Largest change of size: 0.1 makes images 0.9 to 1.1 times as large.
    pub zoom: f32,
    /// Largest shear: by how many columns a row is shifted against the next one.
    pub shear: f32,
    /// Standard deviation of the elastic displacement, in pixels.
    pub elastic: f32,
    /// Pixels between the points of the elastic grid; 7 where it is 0.
    pub elastic_spacing: f32,
    /// Largest move along each side by whole pixels, which blurs nothing: what PyTorch's `RandomCrop` does with that padding.
    #[serde(skip_serializing_if = "is_zero")]
    pub crop: u32,
    /// Whether one image in two is mirrored, left to right.
    #[serde(skip_serializing_if = "is_no")]
    pub flip: bool,
}

fn is_zero(value: &u32) -> bool {
    *value == 0
}

fn is_no(value: &bool) -> bool {
    !value
}

/// Most cells of the elastic grid along a side: 15 x 15 points are as many as a workgroup has invocations for.
const MAX_CELLS: f32 = 12.0;
const SPACING: f32 = 7.0;

impl Strengths {
    /// Checks what the fields' types cannot.
    pub fn check(&self) -> Result<(), String> {
        let limits = [
            ("shift", self.shift, 1.0),
            ("rotation", self.rotation, 180.0),
            ("zoom", self.zoom, 0.9),
            ("shear", self.shear, 2.0),
            ("elastic", self.elastic, 100.0),
            ("elastic_spacing", self.elastic_spacing, 1000.0),
            ("crop", self.crop as f32, 1000.0),
        ];
        match limits.into_iter().find(|(_, value, most)| !(0.0..=*most).contains(value)) {
            Some((name, value, most)) => Err(format!("augmentation: {name} = {value}: from 0 to {most}")),
            None => Ok(()),
        }
    }
}

/// A whole number from 0 to `count` - 1, uniformly distributed, from a random word; `count` is at most 65,536. Computed in
/// integers, so that all devices agree.
pub(crate) fn below(word: u32, count: u32) -> u32 {
    ((word >> 16) * count) >> 16
}

impl Augment {
    /// Cells of the elastic grid, vertical and horizontal; there are three points more than cells.
    pub(crate) fn cells(&self) -> [usize; 2] {
        let spacing =
            if self.strengths.elastic_spacing > 0.0 { self.strengths.elastic_spacing } else { SPACING };
        [self.height, self.width]
            .map(|side| (side.saturating_sub(1) as f32 / spacing).round().clamp(1.0, MAX_CELLS) as usize)
    }

    /// How far a grid point moves for one unit of its random number, a sum of two uniform ones: `sqrt(6)` makes its
    /// variance 1, and 1 / 0.479 makes up for what B-splines smooth away (they keep 151/315 of the variance along each
    /// side, averaged over pixels).
    pub(crate) fn elastic_gain(&self) -> f32 {
        self.strengths.elastic * 6f32.sqrt() * 315.0 / 151.0
    }
}

pub(super) static SHADERS: &[Shader] =
    &[Shader::plain(join!("augment", "channels", "philox", "step_scalars", "networks"))];

impl Describe for Augment {
    fn reads(&self) -> Vec<TensorId> {
        vec![self.images]
    }

    fn writes(&self) -> Vec<TensorId> {
        vec![self.out]
    }

    fn launch(&self, plan: &Plan) -> Launch {
        let Strengths { shift, rotation, zoom, shear, crop, flip, .. } = self.strengths;
        let [cells_y, cells_x] = self.cells();
        let constants = [
            ("ROWS", self.rows as f64),
            ("HEIGHT", self.height as f64),
            ("WIDTH", self.width as f64),
            ("X_IN_BLOCK", in_block(plan, self.images)),
            ("SHIFT", shift as f64),
            ("ROTATION", rotation.to_radians() as f64),
            ("ZOOM", zoom as f64),
            ("SHEAR", shear as f64),
            ("CROP", crop as f64),
            ("FLIP", flip as u32 as f64),
            ("ELASTIC", self.elastic_gain() as f64),
            ("CELLS_Y", cells_y as f64),
            ("CELLS_X", cells_x as f64),
        ]
        .into_iter()
        .chain(channels(&self.channels));
        let bindings = [(self.images, READ), (self.out, WRITE)];
        launch(&SHADERS[0], constants, bindings, folded(self.rows))
    }
}
