//! The MNIST that is built in is MNIST.
#![cfg(feature = "embedded-mnist")]

use inkgrad::data::{DataSet, Part};

fn histogram(labels: &[u8]) -> [usize; 10] {
    let mut counts = [0; 10];
    for &label in labels {
        counts[usize::from(label)] += 1;
    }
    counts
}

#[test]
fn is_split_as_tensorflow_split_it() {
    let set = DataSet::embedded().unwrap();
    assert_eq!((set.height, set.width, set.image_bytes(), set.classes), (28, 28, 784, 10));
    assert_eq!((set.train.len(), set.validation.len(), set.test.len()), (55_000, 5_000, 10_000));
    assert_eq!(set.validation.labels()[..5], [5, 0, 4, 1, 9]);
    assert_eq!(set.train.images().len(), 55_000 * 784);
    // the two splits lie one after the other in one piece of memory
    assert_eq!(set.validation.images().as_ptr_range().end, set.train.images().as_ptr());
    assert_eq!(histogram(set.test.labels()), [980, 1135, 1032, 1010, 982, 892, 958, 1028, 974, 1009]);
}

#[test]
fn halves_come_apart() {
    let test = Part::embedded_test().unwrap();
    assert_eq!((test.height, test.width, test.classes(), test.examples.len()), (28, 28, 10, 10_000));
    assert_eq!(test.examples.labels()[..5], [7, 2, 1, 0, 4]);
    let mut train = Part::embedded_train().unwrap();
    let histogram = histogram(train.examples.labels());
    assert_eq!(histogram, [5923, 6742, 5958, 6131, 5842, 5421, 5918, 6265, 5851, 5949]);
    // the mean that everyone normalises MNIST by
    let sum: u64 = train.examples.images().iter().map(|&pixel| u64::from(pixel)).sum();
    let mean = sum as f64 / train.examples.images().len() as f64 / 255.0;
    assert!((mean - 0.1307).abs() < 5e-5, "{mean}");
    let (validation, rest) = train.split_validation(0);
    assert_eq!((validation.len(), rest.len()), (5_000, 55_000));
}
