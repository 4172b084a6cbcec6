//! Ops with several shaders, and the choice between them.

use std::collections::BTreeMap;

use inkgrad::executor::Device;
use inkgrad::train::{Trainer, TrainerOptions};
use pollster::block_on;

use super::{MNIST, bits, gpu, images, network, preset};

/// If an op lost its other shaders, no other test would notice.
#[test]
fn products_and_convolutions_have_shaders_to_choose_from() {
    let mut most: BTreeMap<&str, usize> = BTreeMap::new();
    for case in inkgrad::verify::cases() {
        let variants = most.entry(case.op).or_default();
        *variants = case.variants().max(*variants);
    }
    most.retain(|_, variants| *variants > 1);
    let wanted = [
        ("conv2d", 7),
        ("conv2d_input_gradient", 7),
        ("conv2d_weight_gradient", 6),
        ("dense", 5),
        ("dense_sgd", 5),
        ("dense_softmax_cross_entropy", 3),
        ("loss_sum", 2),
        ("matmul", 5),
        ("max_pool2d_gradient", 2),
    ];
    assert_eq!(most, BTreeMap::from(wanted));
}

/// Where barriers are costly, every op that has a separate shader gets it; a choice by measurement comes first.
#[test]
fn a_device_that_avoids_barriers_takes_shaders_without() {
    let Device::Gpu(device) = gpu() else { panic!("a GPU") };
    let chosen = |op: &str| {
        let cases = inkgrad::verify::cases().into_iter().filter(|case| case.op == op);
        let names = cases.flat_map(|case| device.variants(&case.plan)).map(|(names, chosen)| names[chosen]);
        names.collect::<std::collections::BTreeSet<_>>()
    };
    assert_eq!(chosen("loss_sum"), ["plain"].into());
    device.avoid_barriers();
    assert_eq!(chosen("loss_sum"), ["separate"].into());
    assert_eq!(chosen("dense_softmax_cross_entropy"), ["separate", "separate_weighted"].into());
    assert_eq!(chosen("dense_sgd"), ["separate"].into());
    assert_eq!(chosen("matmul"), ["plain", "separate"].into());
    // Those with strides have the plain one alone.
    for op in ["conv2d", "conv2d_input_gradient", "conv2d_weight_gradient"] {
        assert_eq!(chosen(op), ["plain", "separate"].into(), "{op}");
    }
    assert_eq!(chosen("relu"), ["plain"].into());
}

/// Timing changes nothing that is trained, is done once for each shape, and its results can be given to another device.
#[test]
fn a_device_that_tunes_remembers() {
    let (split, recipe) = (images(300), preset("lenet5", 20, 3));
    let network = network(&recipe, MNIST);
    let train = |device: &Device| {
        block_on(async {
            let options = TrainerOptions::default();
            let mut trainer = Trainer::new(device, &network, &recipe, &split, options).await.unwrap();
            trainer.advance().await.unwrap();
            let losses = trainer.finish().await.unwrap();
            (bits(&losses), bits(&trainer.weights(0).await.unwrap().parameters), trainer.work())
        })
    };
    let Device::Gpu(tuned) = gpu() else { panic!("a GPU") };
    assert!(tuned.choices().is_empty());
    tuned.tune(BTreeMap::new());
    let device = Device::Gpu(tuned.clone());
    let (losses, parameters, first) = train(&device);
    let choices = tuned.choices();
    let of_op = |op: &str| choices.keys().filter(|key| key.split(' ').next() == Some(op)).count();
    assert_eq!((of_op("conv2d"), of_op("conv2d_weight_gradient")), (2, 2), "{choices:?}");

    let (losses_again, parameters_again, again) = train(&device);
    assert_eq!(
        (&losses_again, &parameters_again),
        (&losses, &parameters),
        "the second run, which times nothing"
    );
    assert!(again.pipelines_created == 0 && again.bind_groups_created < first.bind_groups_created);
    assert_eq!(tuned.choices(), choices);

    let Device::Gpu(other) = gpu() else { panic!("a GPU") };
    let nonsense = ("matmul of nothing".to_owned(), "no such shader".to_owned());
    other.tune(choices.into_iter().chain([nonsense]).collect());
    let (losses_there, parameters_there, _) = train(&Device::Gpu(other));
    assert_eq!(
        (losses_there, parameters_there),
        (losses, parameters),
        "another device that was given the choices"
    );
}
