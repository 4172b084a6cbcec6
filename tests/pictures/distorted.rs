//! A digit is recognised whatever is done to its picture that leaves it readable.

use inkgrad::model_file::Model;
use inkgrad::picture::{Picture, Preparation};

use crate::paper::{Random, Sheet};
use crate::{labels, test_images};

/// One of MNIST's test images enlarged 2 to 20 times, inverted, moved, turned by up to 5 degrees, blurred, with noise, shadows
/// and ruled or squared paper.
fn photo(digit: &[u8], seed: u32) -> Picture {
    let mut random = Random::new(seed);
    let scale = match seed % 8 {
        0 => random.within(8.0, 20.0),
        _ => random.within(2.0, 8.0),
    };
    let side = 28.0 * scale;
    let (height, width) = (side * random.within(1.0, 1.6), side * random.within(1.0, 1.6));
    let mut sheet = Sheet::new(height as usize, width as usize);
    let y = side / 2.0 + random.within(0.0, 1.0) * (height - side);
    let x = side / 2.0 + random.within(0.0, 1.0) * (width - side);
    sheet.draw(digit, [y, x], scale, random.within(-5.0, 5.0));
    sheet.blur(random.below(3));
    match random.below(4) {
        0 => sheet.rule((side / random.within(3.0, 6.0)) as usize, false, 0.0),
        1 => sheet.rule((side / random.within(3.0, 6.0)) as usize, true, 0.0),
        _ => {}
    }
    let (light, noise) = (random.within(0.0, 0.6), random.within(0.0, 0.4));
    let is_dark = random.chance(0.7);
    sheet.photo(&mut random, light, noise, is_dark)
}

#[test]
fn distorted_pictures_keep_their_prediction() {
    let model = Model::built_in().unwrap();
    let (images, preparation) = (test_images(), Preparation::digits(28, 28));
    let count = 600;
    let before = labels(&model, images.slice(0..count).images().to_vec());
    let numbers: Vec<usize> = (0..count).collect();
    let seen = inkgrad::threads::map(&numbers, |number| {
        preparation.bytes(&photo(images.image(*number), *number as u32))
    });
    let after = labels(&model, seen.concat());
    let moved: Vec<usize> = numbers.iter().copied().filter(|at| before[*at] != after[*at]).collect();
    assert!(moved.len() * 200 <= 3 * count, "{} of {count} predictions changed: {moved:?}", moved.len());
}

/// MNIST's own images are normalised already: normalising them again changes next to nothing.
#[test]
fn normalised_images_stay_what_they_are() {
    let (images, preparation) = (test_images(), Preparation::digits(28, 28));
    let mut differences = 0;
    for number in 0..300 {
        let image = images.image(number);
        let again = preparation.bytes(&Picture::new(28, 28, 1, image.to_vec()).unwrap());
        let difference: i32 =
            image.iter().zip(&again).map(|(a, b)| (i32::from(*a) - i32::from(*b)).abs()).sum();
        let ink: i32 = image.iter().map(|value| i32::from(*value)).sum();
        differences += i32::from(difference * 4 > ink);
    }
    assert!(differences <= 14, "{differences} of 300 images changed by more than a quarter of their ink");
}

#[test]
fn what_is_normalised_fills_the_box_and_is_centred() {
    let preparation = Preparation::digits(28, 28);
    let images = test_images();
    for number in 0..60u32 {
        let seen = preparation.bytes(&photo(images.image(number as usize), number));
        let ink = |at: usize| f64::from(seen[at]);
        let total: f64 = (0..784).map(ink).sum();
        let y = (0..784).map(|at| ink(at) * (at / 28) as f64).sum::<f64>() / total;
        let x = (0..784).map(|at| ink(at) * (at % 28) as f64).sum::<f64>() / total;
        assert!((13.0..=15.0).contains(&y) && (13.0..=15.0).contains(&x), "{number}: {y} {x}");
        assert_eq!(seen.iter().max(), Some(&255));
        let rows = (0..28).filter(|y| (0..28).any(|x| seen[y * 28 + x] > 0)).count();
        let columns = (0..28).filter(|x| (0..28).any(|y| seen[y * 28 + x] > 0)).count();
        assert_eq!(rows.max(columns), 20, "{number}");
    }
}
