//! Sets of other sizes than MNIST's.

use inkgrad::data::{DataSet, Part};

use crate::{gzip, image_file, label_file};

fn set(count: u32, height: u32, width: u32, classes: u8) -> DataSet {
    let labels: Vec<u8> = (0..count).map(|index| (index % u32::from(classes)) as u8).collect();
    let (images, labels) = (image_file(count, height, width), label_file(&labels));
    DataSet::from_idx_bytes(&images, &gzip(&labels), &gzip(&images), &labels).unwrap()
}

#[test]
fn images_of_20_by_20_in_47_classes() {
    let set = set(470, 20, 20, 47);
    assert_eq!((set.height, set.width, set.image_bytes(), set.classes), (20, 20, 400, 47));
    // one in 12 is held back
    assert_eq!((set.validation.len(), set.train.len(), set.test.len()), (39, 431, 470));
    // of each class one in 12, which of 10 images is one at most
    let of =
        |split: &inkgrad::data::Split, class| split.labels().iter().filter(|label| **label == class).count();
    assert!((0..47).all(|class| of(&set.validation, class) <= 1 && of(&set.train, class) >= 9));
    assert_eq!(set.train.images().len(), 431 * 400);
}

#[test]
fn images_of_one_pixel() {
    let set = set(24, 1, 1, 3);
    assert_eq!((set.image_bytes(), set.classes, set.validation.len(), set.train.len()), (1, 3, 2, 22));
}

#[test]
fn images_need_not_be_square() {
    let set = set(12, 3, 5, 2);
    assert_eq!((set.height, set.width, set.image_bytes()), (3, 5, 15));
}

#[test]
fn tiny_sets_go_without_validation() {
    for count in 1..12 {
        let set = set(count, 2, 2, 2);
        assert!(set.validation.is_empty());
        assert_eq!((set.train.len(), set.classes), (count as usize, 2));
    }
    assert_eq!(set(12, 2, 2, 2).validation.len(), 1);
}

#[test]
fn every_label_a_byte_can_hold() {
    let part = Part::from_idx_bytes("train", &image_file(2, 1, 1), &label_file(&[7, 255])).unwrap();
    assert_eq!(part.classes(), 256);
    assert!(part.require([1, 1, 1], 256).is_ok());
    assert!(part.require([1, 1, 1], 255).is_err());
    assert!(part.require([1, 1, 1], 0).is_err());
}

/// The bytes of a grey image of 3 x 1 pixels are as many as those of one pixel in colour.
#[test]
fn colour_is_part_of_the_shape() {
    let grey = Part::from_idx_bytes("train", &image_file(24, 3, 1), &label_file(&[0, 1].repeat(12))).unwrap();
    let mut colour = grey.clone();
    (colour.height, colour.channels) = (1, 3);
    assert_eq!((grey.shape(), colour.shape()), ([1, 3, 1], [3, 1, 1]));
    assert!(colour.require([3, 1, 1], 2).is_ok());
    assert!(colour.require([1, 1, 1], 2).is_err());
    let error = DataSet::from_parts(grey, colour).unwrap_err().to_string();
    assert!(error.contains("1x1 pixels in colour, but 3x1 in grey"), "{error}");
}
