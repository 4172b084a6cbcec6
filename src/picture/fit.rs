//! Pictures of any size in one size.

use serde::{Deserialize, Serialize};

use super::decode::Picture;
use super::resample::{Filter, Rectangle, byte, resampled};

/// How a picture of other proportions becomes one of a given size.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Fit {
    /// All of it, with its proportions, in the middle; the rest takes the median of the picture's edge.
    #[default]
    Pad,
    /// The largest part from its middle with the right proportions.
    Crop,
    /// All of it, with other proportions.
    Stretch,
}

/// A picture in another size and number of channels (1 or 3), planar: `[channels, height, width]`. One that has the size
/// already keeps its pixels.
pub(super) fn fitted(
    picture: &Picture,
    (height, width, channels): (usize, usize, usize),
    fit: Fit,
) -> Vec<u8> {
    let size = (picture.height(), picture.width());
    let planes = picture.planes(channels);
    planes.iter().flat_map(|plane| plane_fitted(plane, size, (height, width), fit)).collect()
}

fn plane_fitted(plane: &[u8], size: (usize, usize), to: (usize, usize), fit: Fit) -> Vec<u8> {
    if size == to {
        return plane.to_vec();
    }
    let (height, width) = (size.0 as f64, size.1 as f64);
    let whole = Rectangle::whole(size.0, size.1);
    let bytes = |from: Rectangle, to: (usize, usize)| {
        let values = resampled(plane, size, from, to, Filter::Smooth);
        values.into_iter().map(byte).collect::<Vec<u8>>()
    };
    // Result pixels for a pixel, along each axis.
    let scales = (to.0 as f64 / height, to.1 as f64 / width);
    match fit {
        Fit::Stretch => bytes(whole, to),
        Fit::Crop => {
            let scale = scales.0.max(scales.1);
            let (part_height, part_width) = (to.0 as f64 / scale, to.1 as f64 / scale);
            let (top, left) = ((height - part_height) / 2.0, (width - part_width) / 2.0);
            bytes(Rectangle { top, left, height: part_height, width: part_width }, to)
        }
        Fit::Pad => {
            let scale = scales.0.min(scales.1);
            let side = |length: f64, most: usize| ((length * scale).round() as usize).clamp(1, most.max(1));
            let inner = (side(height, to.0), side(width, to.1));
            let mut out = vec![edge_median(plane, size); to.0 * to.1];
            let (top, left) = ((to.0 - inner.0) / 2, (to.1 - inner.1) / 2);
            for (row, pixels) in bytes(whole, inner).chunks_exact(inner.1).enumerate() {
                out[(top + row) * to.1 + left..][..inner.1].copy_from_slice(pixels);
            }
            out
        }
    }
}

/// The median of the pixels along the edge.
fn edge_median(plane: &[u8], (height, width): (usize, usize)) -> u8 {
    let mut edge: Vec<u8> = Vec::with_capacity(2 * (height + width));
    edge.extend(&plane[..width]);
    edge.extend(&plane[(height - 1) * width..]);
    for row in plane.chunks_exact(width) {
        edge.extend([row[0], row[width - 1]]);
    }
    let middle = edge.len() / 2;
    *edge.select_nth_unstable(middle).1
}

#[cfg(test)]
mod tests {
    use super::*;

    fn picture(height: usize, width: usize) -> Picture {
        let pixels = (0..height * width).map(|at| 100u8.wrapping_add((at % width) as u8)).collect();
        Picture::new(height, width, 1, pixels).unwrap()
    }

    #[test]
    fn a_picture_that_fits_is_left_alone() {
        let own = picture(4, 6);
        for fit in [Fit::Pad, Fit::Crop, Fit::Stretch] {
            assert_eq!(fitted(&own, (4, 6, 1), fit), own.pixels());
            assert_eq!(fitted(&own, (4, 6, 3), fit), own.pixels().repeat(3));
        }
    }

    #[test]
    fn padding_keeps_all_cropping_the_middle_stretching_the_size() {
        let wide = picture(2, 8);
        let padded = fitted(&wide, (4, 4, 1), Fit::Pad);
        // The edge's median is 104; two columns each are averaged.
        assert_eq!(padded, [[104; 4], [101, 103, 105, 107].map(|x| x), [104; 4], [104; 4]].concat());
        assert_eq!(fitted(&wide, (2, 2, 1), Fit::Crop), [103, 104, 103, 104]);
        assert_eq!(fitted(&wide, (1, 2, 1), Fit::Stretch), [102, 106]);
    }

    #[test]
    fn colours_become_planes_or_grey() {
        let colour = Picture::new(1, 2, 3, vec![10, 20, 30, 40, 50, 60]).unwrap();
        assert_eq!(fitted(&colour, (1, 2, 3), Fit::Pad), [10, 40, 20, 50, 30, 60]);
        assert_eq!(fitted(&colour, (1, 2, 1), Fit::Pad), [18, 48]);
    }

    #[test]
    fn extreme_proportions_keep_a_pixel() {
        let line = picture(1, 4000);
        for fit in [Fit::Pad, Fit::Crop, Fit::Stretch] {
            assert_eq!(fitted(&line, (28, 28, 3), fit).len(), 3 * 28 * 28);
        }
    }
}
