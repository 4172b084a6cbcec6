//! What shows through the transparent parts of a picture.

use super::luma::luma;

/// Spread of luma within which the visible part of a picture is of one colour: ink without its paper.
const ONE_COLOUR: usize = 64;

/// Puts a picture (`[pixels, 4]`: red, green, blue, opacity) on a plain background; returns the number of channels, 1
/// where it has no colour, and the bytes.
///
/// Where only ink is visible, the background is what sets it off: white behind dark ink, black behind light ink. Where
/// the visible part has its own background, the background goes on with its commonest luma.
pub(super) fn flattened(rgba: &[u8]) -> (usize, Vec<u8>) {
    let mut weights = [0u64; 256];
    let mut is_grey = true;
    let mut is_opaque = true;
    for pixel in rgba.chunks_exact(4) {
        let colour = [pixel[0], pixel[1], pixel[2]];
        weights[usize::from(luma(colour))] += u64::from(pixel[3]);
        is_grey &= pixel[3] == 0 || (colour[0] == colour[1] && colour[1] == colour[2]);
        is_opaque &= pixel[3] == 255;
    }
    let behind = if is_opaque { 0 } else { background(&weights) };
    let channels = if is_grey { 1 } else { 3 };
    let mut bytes = Vec::with_capacity(rgba.len() / 4 * channels);
    for pixel in rgba.chunks_exact(4) {
        let opacity = u32::from(pixel[3]);
        let over = |value: &u8| {
            ((u32::from(*value) * opacity + u32::from(behind) * (255 - opacity) + 127) / 255) as u8
        };
        bytes.extend(pixel[..channels].iter().map(over));
    }
    (channels, bytes)
}

/// The background behind lumas of these weights.
fn background(weights: &[u64; 256]) -> u8 {
    let total: u64 = weights.iter().sum();
    // The luma below which this share of the visible part lies.
    let quantile = |share: u64| {
        let mut below = 0;
        weights.iter().position(|weight| {
            below += weight;
            below * 100 > total * share
        })
    };
    let (Some(dark), Some(middle), Some(light)) = (quantile(3), quantile(50), quantile(97)) else {
        // Nothing is visible.
        return 255;
    };
    if light - dark <= ONE_COLOUR {
        return if middle < 128 { 255 } else { 0 };
    }
    let commonest = (0..256).max_by_key(|at| weights[*at]).unwrap_or(255);
    commonest as u8
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ink_alone_is_set_off_and_paper_goes_on() {
        let of = |pixels: &[[u8; 4]]| flattened(&pixels.concat());
        let dark = of(&[[10, 10, 10, 255], [0, 0, 0, 0], [10, 10, 10, 128]]);
        assert_eq!(dark, (1, vec![10, 255, 132]));
        let light = of(&[[250, 250, 250, 255], [0, 0, 0, 0]]);
        assert_eq!(light, (1, vec![250, 0]));
        let paper = of(&[[230, 230, 230, 255], [230, 230, 230, 255], [0, 0, 0, 255], [9, 9, 9, 0]]);
        assert_eq!(paper, (1, vec![230, 230, 0, 230]));
        let coloured = of(&[[200, 0, 0, 255], [0, 0, 0, 0]]);
        assert_eq!(coloured, (3, vec![200, 0, 0, 255, 255, 255]));
    }

    #[test]
    fn opaque_pictures_stay_what_they_are() {
        assert_eq!(flattened(&[1, 2, 3, 255, 4, 5, 6, 255]), (3, vec![1, 2, 3, 4, 5, 6]));
        assert_eq!(flattened(&[0, 0, 0, 0]), (1, vec![255]));
    }
}
