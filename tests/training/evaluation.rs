//! Evaluation and prediction against their definition in float64, and what is reported of a confusion matrix.

use inkgrad::data::Split;
use inkgrad::executor::Device;
use inkgrad::model_file::Weights;
use inkgrad::network::{Network, Task};
use inkgrad::recipe::{Recipe, Views};
use inkgrad::train::{Evaluation, TrainerOptions, evaluate, evaluate_members, predict};
use pollster::block_on;

use super::{cpu, gpu, network, noise, parse, preset, train};

const CLASSES: usize = 7;
const PIXELS: usize = 64;

/// Softmax regression of 8 x 8 images in seven classes.
fn regression() -> Network {
    network(&preset("softmax", 1, 1), Task::grey(8, 8, CLASSES))
}

/// Images of random bytes: more of some classes than of others, and not in turn.
fn random_images(count: usize) -> Split {
    let pixel = |at: usize| ((at as u32 + 1).wrapping_mul(2_654_435_761) >> 13) as u8;
    let label = |row: usize| [0, 3, 1, 3, 6, 5, 3, 0, 2, 3, 4, 0][row % 12];
    Split::new(PIXELS, (0..count * PIXELS).map(pixel).collect(), (0..count).map(label).collect()).unwrap()
}

/// Weights that spread the logits over some ten units.
fn weights(salt: u32) -> Weights {
    let value = |at: usize| {
        let random = (at as u32 + 1).wrapping_mul(salt).wrapping_mul(2_246_822_519) >> 8;
        (random as f32 / (1 << 24) as f32 - 0.5) * 2.5
    };
    Weights { parameters: (0..CLASSES * PIXELS + CLASSES).map(value).collect(), statistics: Vec::new() }
}

/// Class probabilities of one image by the definition, for `[classes, pixels]` weights and then the bias.
fn probabilities(weights: &Weights, image: &[u8]) -> Vec<f64> {
    let (weight, bias) = weights.parameters.split_at(CLASSES * PIXELS);
    let logit = |class: usize| {
        let row = weight[class * PIXELS..][..PIXELS].iter().zip(image);
        f64::from(bias[class]) + row.map(|(w, x)| f64::from(*w) * f64::from(*x) / 255.0).sum::<f64>()
    };
    let logits: Vec<f64> = (0..CLASSES).map(logit).collect();
    let largest = logits.iter().copied().fold(f64::NEG_INFINITY, f64::max);
    let total: f64 = logits.iter().map(|logit| (logit - largest).exp()).sum();
    logits.iter().map(|logit| (logit - largest).exp() / total).collect()
}

/// The mean of several members' probabilities over an image moved, and then mirrored, each way.
fn mean_probabilities(members: &[Weights], views: Views, image: &[u8]) -> Vec<f64> {
    let seen = |([down, right], mirrored): ([isize; 2], bool)| -> Vec<u8> {
        let at = |row: isize, column: isize| match (0..8).contains(&row) && (0..8).contains(&column) {
            true => image[(row * 8 + column) as usize],
            false => 0,
        };
        let column = |pixel: isize| if mirrored { 7 - pixel % 8 } else { pixel % 8 };
        (0..64).map(|pixel| at(pixel / 8 - down, column(pixel) - right)).collect()
    };
    let plain = ([0, 0], false);
    let list: &[([isize; 2], bool)] = match views {
        Views::Plain => &[plain],
        Views::Moved => &[plain, ([1, 0], false), ([-1, 0], false), ([0, 1], false), ([0, -1], false)],
        Views::Mirrored => &[plain, ([0, 0], true)],
        Views::MirroredAndMoved => {
            &[plain, ([0, 0], true), ([-1, -1], false), ([-1, -1], true), ([1, 1], false), ([1, 1], true)]
        }
    };
    let mut mean = vec![0.0; CLASSES];
    for (weights, by) in members.iter().flat_map(|weights| list.iter().map(move |by| (weights, by))) {
        let share = 1.0 / (members.len() * list.len()) as f64;
        let given = probabilities(weights, &seen(*by));
        mean.iter_mut().zip(given).for_each(|(mean, given)| *mean += share * given);
    }
    mean
}

/// An evaluation by the definition.
fn wanted(members: &[Weights], views: Views, split: &Split) -> Evaluation {
    let (mut confusion, mut loss, mut correct) = (vec![0; CLASSES * CLASSES], 0.0, 0);
    for row in 0..split.len() {
        let given = mean_probabilities(members, views, split.image(row));
        let label = usize::from(split.label(row));
        let predicted = (0..CLASSES).max_by(|a, b| given[*a].total_cmp(&given[*b])).unwrap();
        loss -= given[label].ln() / split.len() as f64;
        correct += u64::from(predicted == label);
        confusion[label * CLASSES + predicted] += 1;
    }
    Evaluation { images: split.len(), correct, loss, classes: CLASSES, confusion }
}

#[track_caller]
fn same(given: &Evaluation, wanted: &Evaluation, what: &str) {
    assert!((given.loss - wanted.loss).abs() < 1e-5 * wanted.loss, "{what}: {} {}", given.loss, wanted.loss);
    assert_eq!(&Evaluation { loss: wanted.loss, ..given.clone() }, wanted, "{what}");
}

/// Images come 500 at a time, in blocks of four such batches: whole ones, and every kind of rest.
#[test]
fn every_image_counts_once_whatever_is_left_for_the_last_batch() {
    let (network, weights) = (regression(), weights(1));
    for device in [cpu(), gpu()] {
        let store = weights.store(&device).unwrap();
        for count in [1, 3, 64, 499, 500, 501, 1203, 2000, 2001] {
            let split = random_images(count);
            let what = format!("{count} images on {}", device_name(&device));
            let wanted = wanted(std::slice::from_ref(&weights), Views::Plain, &split);
            assert!(
                count < 64 || (wanted.correct > 0 && wanted.correct < count as u64),
                "{what}: {wanted:?}"
            );
            same(&block_on(evaluate(&device, &network, &store, &split)).unwrap(), &wanted, &what);

            let given = block_on(predict(&device, &network, &store, &split)).unwrap();
            assert_eq!(given.probabilities.len(), count * CLASSES, "{what}");
            for (row, given) in given.rows().enumerate() {
                let wanted = probabilities(&weights, split.image(row));
                let is_close = |(given, wanted): (&f32, f64)| (f64::from(*given) - wanted).abs() < 1e-5;
                assert!(given.iter().zip(wanted).all(is_close), "{what}, image {row}: {given:?}");
            }
        }
    }
}

fn device_name(device: &Device) -> &'static str {
    match device {
        Device::Cpu(_) => "the CPU",
        Device::Gpu(_) => "the GPU",
    }
}

#[test]
fn members_and_views_are_averaged_and_their_confusion_has_a_row_for_each_label() {
    let (network, split) = (regression(), random_images(507));
    let members = [weights(1), weights(7), weights(77)];
    for (members, views) in [
        (&members[..1], Views::Moved),
        (&members[..], Views::Plain),
        (&members[1..], Views::MirroredAndMoved),
        (&members[..1], Views::Mirrored),
    ] {
        let wanted = wanted(members, views, &split);
        let is_transposed =
            |at: usize| wanted.confusion[at] == wanted.confusion[at % CLASSES * CLASSES + at / CLASSES];
        assert!(
            !(0..CLASSES * CLASSES).all(is_transposed),
            "a confusion matrix that can be told from its transpose"
        );
        for device in [cpu(), gpu()] {
            let given = block_on(evaluate_members(&device, &network, members, views, &split)).unwrap();
            same(&given, &wanted, &format!("{} members, {views:?}, {}", members.len(), device_name(&device)));
        }
    }
}

#[test]
fn precision_is_by_column_and_recall_by_row() {
    // Row the label, column the prediction. No image has label 3, and none is taken for class 2.
    let confusion = vec![5, 1, 0, 2, 3, 4, 0, 1, 0, 2, 0, 0, 0, 0, 0, 0];
    let evaluation = Evaluation { images: 18, correct: 9, loss: 1.0, classes: 4, confusion };
    assert_eq!(evaluation.accuracy(), 0.5);
    let precision: Vec<_> = (0..4).map(|class| evaluation.precision(class)).collect();
    assert_eq!(precision, [Some(5.0 / 8.0), Some(4.0 / 7.0), None, Some(0.0)]);
    let recall: Vec<_> = (0..4).map(|class| evaluation.recall(class)).collect();
    assert_eq!(recall, [Some(5.0 / 8.0), Some(4.0 / 8.0), Some(0.0), None]);
    assert_eq!((evaluation.count(0, 3), evaluation.count(3, 0)), (2, 0));
}

/// Layers that differ between training and evaluation, and the loss op without its gradient: what a GPU tells of a test must be
/// what a CPU tells.
#[test]
fn both_devices_give_the_same_test_loss() {
    const TEXT: &str = r#"
batch = 10
steps = 20
learning_rate = 0.01
optimiser = { kind = "adam" }
layers = [
    { kind = "conv2d", channels = 4, kernel = 3 },
    { kind = "batch_norm" },
    { kind = "relu" },
    { kind = "max_pool", size = 2 },
    { kind = "flatten" },
    { kind = "dropout", rate = 0.3 },
    { kind = "dense", units = 12 },
    { kind = "tanh" },
    { kind = "dense" },
]
"#;
    let (recipe, split): (Recipe, Split) = (parse("mine", TEXT), noise(307, 10, 10));
    let (_, trainer) = train(&cpu(), &recipe, &split, TrainerOptions::default());
    let weights = [block_on(trainer.weights(0)).unwrap()];
    let test = |device: &Device| {
        block_on(evaluate_members(device, trainer.network(), &weights, Views::Plain, &split)).unwrap()
    };
    let (on_cpu, on_gpu) = (test(&cpu()), test(&gpu()));
    assert!(on_cpu.loss > 0.1 && on_cpu.correct < 307, "{on_cpu:?}");
    same(&on_gpu, &on_cpu, "the GPU");
}
