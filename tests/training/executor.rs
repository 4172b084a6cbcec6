//! The executors as a whole: both feeds, what a step costs, and results that repeat.

use inkgrad::data::Split;
use inkgrad::executor::{Device, ExecutorOptions, Feed, Flat, Work};
use inkgrad::network::Task;
use inkgrad::plan::{FlatSizes, StepScalars, fuse};
use inkgrad::recipe::Recipe;
use inkgrad::train::{Trainer, TrainerOptions};
use pollster::block_on;

use super::{MNIST, bits, cpu, gpu, images, network, preset, train};

#[test]
fn the_same_seed_gives_the_same_bits_and_another_seed_others() {
    let (split, recipe) = (images(700), preset("softmax", 100, 50));
    for device in [gpu(), cpu()] {
        let run = |seed| {
            let options = TrainerOptions { seed, ..TrainerOptions::default() };
            let (losses, trainer) = train(&device, &recipe, &split, options);
            (bits(&losses), bits(&block_on(trainer.weights(0)).unwrap().parameters))
        };
        assert_eq!(run(1), run(1));
        assert_ne!(run(1), run(2));
    }
}

#[test]
fn streamed_and_resident_images_give_the_same_bits_in_blocks_of_any_length() {
    let (split, gpu, recipe) = (images(900), gpu(), preset("softmax", 20, 1));
    let network = network(&recipe, MNIST);
    let plan = fuse::for_gpu(network.training_plan(recipe.training_options()));
    let run = |feed, block: usize| {
        block_on(async {
            let store = gpu.store(plan.flat, &network.initial_parameters(0)).unwrap();
            let mut executor = gpu
                .executor(&plan, &store, ExecutorOptions { feed, block, ..ExecutorOptions::default() })
                .await
                .unwrap();
            let indices: Vec<u32> = (0..40 * 20).map(|at| at * 7 % 900).collect();
            for block in indices.chunks(block * 20) {
                let scalars = StepScalars { learning_rates: [0.3; 16], ..StepScalars::default() };
                executor.run(&split, block, &vec![scalars; block.len() / 20]).await.unwrap();
            }
            let losses = executor.finish().await.unwrap();
            assert_eq!(losses.len(), 40);
            (bits(&losses), bits(&store.read(Flat::Parameters).await.unwrap()))
        })
    };
    let first = run(Feed::Stream, 1);
    for block in [1, 7, 32] {
        assert_eq!(run(Feed::Stream, block), first, "streamed, blocks of {block}");
        assert_eq!(run(Feed::Resident, block), first, "resident, blocks of {block}");
    }
}

/// The device keeps the images that it got last, and takes no others for them.
#[test]
fn resident_images_are_those_of_the_run() {
    let (gpu, recipe) = (gpu(), preset("softmax", 20, 30));
    let last = |split: &Split, feed| {
        let options = TrainerOptions { feed, ..TrainerOptions::default() };
        let (_, trainer) = train(&gpu, &recipe, split, options);
        bits(&block_on(trainer.weights(0)).unwrap().parameters)
    };
    let first = images(600);
    let turned: Vec<u8> = first.images().iter().rev().copied().collect();
    let second = Split::new(784, turned, first.labels().to_vec()).unwrap();
    let expected = [&first, &second].map(|split| last(split, Feed::Stream));
    assert_ne!(expected[0], expected[1]);
    for _ in 0..2 {
        assert_eq!([&first, &second].map(|split| last(split, Feed::Resident)), expected);
    }
}

#[test]
fn a_step_is_two_dispatches_and_nothing_is_made_or_read_back_in_the_loop() {
    let (split, gpu, recipe) = (images(1000), gpu(), preset("softmax", 100, 320));
    let network = network(&recipe, MNIST);
    for feed in [Feed::Stream, Feed::Resident] {
        block_on(async {
            let options = TrainerOptions { feed, ..TrainerOptions::default() };
            let mut trainer = Trainer::new(&gpu, &network, &recipe, &split, options).await.unwrap();
            trainer.advance().await.unwrap();
            let before = trainer.work();
            while !trainer.is_done() {
                trainer.advance().await.unwrap();
            }
            let after = trainer.work();
            let (steps, blocks) = (after.steps - before.steps, after.submissions - before.submissions);
            assert_eq!((steps, blocks), (288, 9));
            let a_block = if feed == Feed::Resident { 2 } else { 1 };
            let same = Work {
                steps: after.steps,
                submissions: after.submissions,
                dispatches: before.dispatches + 2 * steps + a_block * blocks,
                bytes_uploaded: after.bytes_uploaded,
                ..before
            };
            assert_eq!(after, same, "{feed:?}: no buffer, bind group, pipeline or read-back");
            let image_bytes = steps * 100 * 784;
            let uploaded = after.bytes_uploaded - before.bytes_uploaded;
            assert_eq!(uploaded >= image_bytes, feed == Feed::Stream, "{feed:?}: {uploaded} bytes");
            assert_eq!(trainer.finish().await.unwrap().len(), 320);
        });
    }
}

/// Only the resident feed's memory grows with the number of images.
#[test]
fn ten_times_the_images_take_no_more_memory() {
    let (few, many) = (images(120), images(1200));
    let network = network(&preset("softmax", 20, 1), MNIST);
    for device in [gpu(), cpu()] {
        let work = |feed, split: &Split| {
            let recipe = preset("softmax", 20, split.len() as u64 / 20);
            block_on(async {
                let options = TrainerOptions { feed, ..TrainerOptions::default() };
                let mut trainer = Trainer::new(&device, &network, &recipe, split, options).await.unwrap();
                while !trainer.is_done() {
                    trainer.advance().await.unwrap();
                    trainer.losses().unwrap();
                }
                let work = trainer.work();
                trainer.finish().await.unwrap();
                work
            })
        };
        let (one, ten) = (work(Feed::Stream, &few), work(Feed::Stream, &many));
        assert!(one.bytes_allocated > 20 * 784, "{one:?}");
        assert_eq!(ten.bytes_allocated, one.bytes_allocated);
        assert_eq!(ten.steps, 10 * one.steps);
        assert!(ten.dispatches <= 10 * one.dispatches && ten.submissions <= 10 * one.submissions);
        if matches!(device, Device::Gpu(_)) {
            let resident =
                work(Feed::Resident, &many).bytes_allocated - work(Feed::Resident, &few).bytes_allocated;
            assert!(
                resident >= 1080 * (784 + 4),
                "{resident} bytes for 1,080 images more that stay on the device"
            );
        }
    }
}

#[test]
fn no_loss_is_lost_when_nobody_asks_for_thousands_of_steps() {
    let gpu = gpu();
    let recipe = Recipe { learning_rate: 0.01, ..preset("softmax", 1, 9000) };
    let task = Task::grey(2, 2, 3);
    let split =
        Split::new(4, (0..24).map(|at| (at * 37 % 256) as u8).collect(), vec![0, 1, 2, 1, 0, 2]).unwrap();
    let network = network(&recipe, task);
    let run = |device: &Device| {
        block_on(async {
            let mut trainer =
                Trainer::new(device, &network, &recipe, &split, TrainerOptions::default()).await.unwrap();
            while !trainer.is_done() {
                trainer.advance().await.unwrap();
            }
            trainer.finish().await.unwrap()
        })
    };
    let (on_gpu, on_cpu) = (run(&gpu), run(&cpu()));
    assert_eq!((on_gpu.len(), on_cpu.len()), (9000, 9000));
    for (step, (a, b)) in on_gpu.iter().zip(&on_cpu).enumerate() {
        assert!((a - b).abs() <= 1e-3 * b.abs(), "step {step}: {a} and {b}");
    }
}

/// More memory than the device has: an error that says what to do, after which the device still works.
#[test]
fn too_large_an_allocation_is_an_error() {
    let device = gpu();
    let sizes = |parameters| FlatSizes { parameters, states: 0, statistics: 0 };
    let error = device.store(sizes(1 << 40), &[]).err().expect("4 TiB").to_string();
    assert!(error.contains("memory for a network of this size"), "{error}");
    assert!(error.contains("--device cpu") && !error.contains("--batch"), "{error}");
    device.store(sizes(2), &[1.0, 2.0]).unwrap();
}
