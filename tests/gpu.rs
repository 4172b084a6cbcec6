//! The GPU executor as a whole: both feeds, losses against the CPU's, and the work that a step costs. Without an adapter
//! these tests fail.

use std::collections::BTreeMap;

use inkgrad::cpu;
use inkgrad::data::{DataSet, Split};
use inkgrad::executor::{Device, ExecutorOptions, Feed, Flat, Variants, Work};
use inkgrad::gpu::{self, Adapter, Choice};
use inkgrad::network::{Network, Task};
use inkgrad::plan::{FlatSizes, StepScalars, fuse};
use inkgrad::recipe::Recipe;
use inkgrad::train::{Trainer, TrainerOptions, evaluate};
use pollster::block_on;

const REMEDY: &str = "these tests need a GPU adapter; a software one will do: `apt-get install mesa-vulkan-drivers` \
                      (Debian, Ubuntu), `dnf install mesa-vulkan-drivers` (Fedora)";

fn gpu() -> Device {
    let adapter = block_on(Adapter::choose(&Choice::Any)).expect(REMEDY);
    Device::Gpu(block_on(gpu::Device::open(&adapter)).expect("the adapter opens"))
}

fn softmax(steps: u64) -> Recipe {
    Recipe { steps: Some(steps), ..Recipe::preset("softmax").unwrap() }
}

fn network(recipe: &Recipe, task: Task) -> Network {
    Network::new(task, recipe.normalisation, &recipe.layers).unwrap()
}

const MNIST: Task = Task { height: 28, width: 28, classes: 10 };

/// Images of noise that depend on their label: `count` of 28 x 28 in 10 classes.
fn images(count: usize) -> Split {
    let labels: Vec<u8> = (0..count).map(|row| (row * 7 % 10) as u8).collect();
    let pixel = |row: usize, at: usize| {
        let noise = (row * 2_654_435_761 + at * 40_503) >> 7 & 0x7f;
        (noise + if at % 10 == usize::from(labels[row]) { 120 } else { 0 }) as u8
    };
    let pixels = (0..count).flat_map(|row| (0..784).map(move |at| (row, at))).map(|(row, at)| pixel(row, at));
    Split::new(784, pixels.collect(), labels.clone()).unwrap()
}

/// Losses and last parameters of a run.
fn train(device: &Device, split: &Split, steps: u64, options: TrainerOptions) -> (Vec<f32>, Vec<f32>) {
    let recipe = softmax(steps);
    block_on(async {
        let network = network(&recipe, MNIST);
        let mut trainer = Trainer::new(device, &network, &recipe, split, options).await.unwrap();
        let mut losses = Vec::new();
        while !trainer.is_done() {
            trainer.advance().await.unwrap();
            losses.extend(trainer.losses().unwrap());
        }
        losses.extend(trainer.finish().await.unwrap());
        assert_eq!(losses.len() as u64, steps);
        (losses, trainer.weights().await.unwrap().parameters)
    })
}

fn bits(values: &[f32]) -> Vec<u32> {
    values.iter().map(|value| value.to_bits()).collect()
}

#[test]
fn both_devices_give_the_same_losses_for_200_steps() {
    let (split, gpu) = (images(3000), gpu());
    let cpu = Device::Cpu(cpu::Device::new());
    for plain in [false, true] {
        let options = TrainerOptions { seed: 3, plain, ..TrainerOptions::default() };
        let (on_cpu, _) = train(&cpu, &split, 200, options);
        let (on_gpu, _) = train(&gpu, &split, 200, options);
        assert!(on_cpu[199] < 0.5 * on_cpu[0], "it learns: {} to {}", on_cpu[0], on_cpu[199]);
        for (step, (a, b)) in on_cpu.iter().zip(&on_gpu).enumerate() {
            assert!((a - b).abs() <= 1e-4 * a.abs(), "plain {plain}, step {step}: {a} and {b}");
        }
    }
}

#[test]
fn the_same_seed_gives_the_same_bits_and_another_seed_others() {
    let split = images(700);
    for device in [gpu(), Device::Cpu(cpu::Device::new())] {
        let run = |seed| {
            let (losses, parameters) =
                train(&device, &split, 50, TrainerOptions { seed, ..TrainerOptions::default() });
            (bits(&losses), bits(&parameters))
        };
        assert_eq!(run(1), run(1));
        assert_ne!(run(1), run(2));
    }
}

#[test]
fn streamed_and_resident_images_give_the_same_bits_in_blocks_of_any_length() {
    let (split, gpu, recipe) = (images(900), gpu(), softmax(1));
    let network = network(&recipe, MNIST);
    let mut recipe = recipe;
    recipe.batch = 20;
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
                let scalars = StepScalars { learning_rate: 0.3, ..StepScalars::default() };
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

#[test]
fn a_step_is_two_dispatches_and_nothing_is_made_or_read_back_in_the_loop() {
    let (split, gpu, recipe) = (images(1000), gpu(), softmax(320));
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

/// Only what is to live on the device takes more of its memory when there is more of it.
#[test]
fn ten_times_the_images_take_no_more_memory() {
    let devices = [gpu(), Device::Cpu(cpu::Device::with_threads(2))];
    let (few, many) = (images(120), images(1200));
    let network = network(&softmax(1), MNIST);
    for device in devices {
        let work = |feed, split: &Split| {
            let recipe = Recipe { batch: 20, ..softmax(split.len() as u64 / 20) };
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
            let kept =
                work(Feed::Resident, &many).bytes_allocated - work(Feed::Resident, &few).bytes_allocated;
            assert!(kept >= 1080 * (784 + 4), "{kept} bytes for 1,080 images that live on the device");
        }
    }
}

#[test]
fn no_loss_is_lost_when_nobody_asks_for_thousands_of_steps() {
    let gpu = gpu();
    let recipe = Recipe { batch: 1, learning_rate: 0.01, ..softmax(9000) };
    let task = Task { height: 2, width: 2, classes: 3 };
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
    let (on_gpu, on_cpu) = (run(&gpu), run(&Device::Cpu(cpu::Device::new())));
    assert_eq!((on_gpu.len(), on_cpu.len()), (9000, 9000));
    for (step, (a, b)) in on_gpu.iter().zip(&on_cpu).enumerate() {
        assert!((a - b).abs() <= 1e-3 * b.abs(), "step {step}: {a} and {b}");
    }
}

#[test]
fn the_tutorial_is_in_range_on_both_devices() {
    let (data, recipe) = (DataSet::embedded().unwrap(), softmax(1000));
    let network = network(&recipe, Task::from(&data));
    let accuracy = |device: &Device| {
        block_on(async {
            let options = TrainerOptions::default();
            let mut trainer = Trainer::new(device, &network, &recipe, &data.train, options).await.unwrap();
            while !trainer.is_done() {
                trainer.advance().await.unwrap();
            }
            trainer.finish().await.unwrap();
            let test = evaluate(device, &network, trainer.store(), &data.test).await.unwrap();
            assert_eq!(test.confusion.iter().sum::<u32>(), 10_000);
            let diagonal: u64 = (0..10).map(|class| test.count(class, class)).sum();
            assert_eq!(diagonal, test.correct);
            test.accuracy()
        })
    };
    let (on_gpu, on_cpu) = (accuracy(&gpu()), accuracy(&Device::Cpu(cpu::Device::new())));
    for accuracy in [on_gpu, on_cpu] {
        assert!((0.915..=0.925).contains(&accuracy), "{accuracy}");
    }
    assert!((on_gpu - on_cpu).abs() <= 0.001, "{on_gpu} and {on_cpu}");
}

/// Memory that the device has not: an error that says what to do, and the device goes on.
#[test]
fn too_large_an_allocation_is_an_error() {
    let device = gpu();
    let sizes = |parameters| FlatSizes { parameters, states: 0, statistics: 0 };
    let error = device.store(sizes(1 << 40), &[]).err().expect("4 TiB").to_string();
    assert!(error.contains("out of memory") && error.contains("--device cpu"), "{error}");
    device.store(sizes(2), &[1.0, 2.0]).unwrap();
}

/// Small batches, since software Vulkan is slow; every op takes part all the same. Each op's first shader throughout, then its
/// second, then its third, where it has so many. Of the benchmark's tasks those whose first layer reads images as bytes, from
/// anywhere in a block of steps: most presets distort them first.
#[test]
fn every_preset_trains_alike_on_both_devices_for_50_steps() {
    let (split, gpu) = (images(400), gpu());
    let cpu = Device::Cpu(cpu::Device::new());
    let presets = inkgrad::recipe::PRESETS.iter().map(|(name, _)| (*name, Recipe::preset(name).unwrap()));
    let tasks = [
        ("task mlp", include_str!("../benches/tasks/mlp.toml")),
        ("task lenet5", include_str!("../benches/tasks/lenet5.toml")),
    ];
    let tasks = tasks.map(|(name, text)| (name, Recipe::parse(std::path::Path::new(name), text).unwrap()));
    for (preset, mut recipe) in presets.chain(tasks) {
        // `record` is most of this test's work.
        recipe.batch = if preset == "record" { 4 } else { 8 };
        (recipe.steps, recipe.epochs) = (Some(50), None);
        // Rates that leave a network of this size in the calm where rounding stays rounding.
        recipe.learning_rate *= 0.1;
        let network = network(&recipe, MNIST);
        let run = |device: &Device, variants: Variants| {
            block_on(async {
                let options = TrainerOptions { seed: 5, variants, ..TrainerOptions::default() };
                let mut trainer = Trainer::new(device, &network, &recipe, &split, options).await.unwrap();
                while !trainer.is_done() {
                    trainer.advance().await.unwrap();
                }
                trainer.finish().await.unwrap()
            })
        };
        let on_cpu = run(&cpu, Variants::Plain);
        assert_eq!(on_cpu.len(), 50);
        for variant in 0..3 {
            let on_gpu = run(&gpu, Variants::Nth(variant));
            if preset == "lenet5" {
                assert_eq!(
                    bits(&run(&gpu, Variants::Nth(variant))),
                    bits(&on_gpu),
                    "variant {variant} again"
                );
            }
            for (step, (a, b)) in on_cpu.iter().zip(&on_gpu).enumerate() {
                // Errors grow along a trajectory. Most of all where batch normalisation makes gradients that are
                // nothing but rounding, of which Adam makes steps of full length.
                let growth = if preset == "record" { 1.1f32.powi(step as i32) } else { 1.0 };
                let allowed = 2e-3 * growth * a.abs().max(0.1);
                assert!((a - b).abs() <= allowed, "{preset}, variant {variant}, step {step}: {a} and {b}");
            }
        }
    }
}

/// The ops with several shaders: if one of them lost its others, nothing else here would notice.
#[test]
fn products_and_convolutions_have_shaders_to_choose_from() {
    let mut most: BTreeMap<&str, usize> = BTreeMap::new();
    for case in inkgrad::verify::cases() {
        let variants = most.entry(case.op).or_default();
        *variants = case.variants().max(*variants);
    }
    most.retain(|_, variants| *variants > 1);
    let wanted = [
        ("conv2d", 3),
        ("conv2d_input_gradient", 3),
        ("conv2d_weight_gradient", 3),
        ("dense", 3),
        ("dense_sgd", 3),
        ("matmul", 3),
        ("max_pool2d_gradient", 2),
    ];
    assert_eq!(most, BTreeMap::from(wanted));
}

/// Timing changes nothing that is trained, is done once for each shape, and can be taken over.
#[test]
fn a_device_that_tunes_remembers() {
    let split = images(300);
    let recipe = Recipe { batch: 20, steps: Some(3), epochs: None, ..Recipe::preset("lenet5").unwrap() };
    let network = network(&recipe, MNIST);
    let train = |device: &Device| {
        block_on(async {
            let options = TrainerOptions::default();
            let mut trainer = Trainer::new(device, &network, &recipe, &split, options).await.unwrap();
            trainer.advance().await.unwrap();
            let losses = trainer.finish().await.unwrap();
            (bits(&losses), bits(&trainer.weights().await.unwrap().parameters), trainer.work())
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
        "the second run, which timed nothing"
    );
    assert!(again.pipelines_created == 0 && again.bind_groups_created < first.bind_groups_created);
    assert_eq!(tuned.choices(), choices);

    let Device::Gpu(other) = gpu() else { panic!("a GPU") };
    let nonsense = ("matmul of nothing".to_owned(), "no such shader".to_owned());
    other.tune(choices.into_iter().chain([nonsense]).collect());
    let (losses_there, parameters_there, _) = train(&Device::Gpu(other));
    assert_eq!((losses_there, parameters_there), (losses, parameters), "another device that was told");
}

#[test]
fn every_dispatch_of_a_profiled_run_is_timed() {
    let (split, recipe) = (images(300), Recipe { batch: 20, ..softmax(40) });
    let network = network(&recipe, MNIST);
    for device in [gpu(), Device::Cpu(cpu::Device::with_threads(2))] {
        block_on(async {
            let options = TrainerOptions { profile: true, ..TrainerOptions::default() };
            let mut trainer = Trainer::new(&device, &network, &recipe, &split, options).await.unwrap();
            let mut profile = trainer.profile();
            let mut spans = Vec::new();
            while !trainer.is_done() {
                trainer.advance().await.unwrap();
                let block = trainer.spans().await.unwrap();
                profile.add(&block, trainer.work().steps - profile.steps);
                spans.extend(block);
            }
            assert!(trainer.spans().await.unwrap().is_empty(), "they are told once");
            assert!(spans.iter().all(|span| span.start <= span.end && span.step < 40));
            if let Device::Gpu(_) = device {
                assert_eq!(spans.len() as u64, trainer.work().dispatches);
                assert!(spans.windows(2).all(|two| two[0].start <= two[1].start), "one after another");
            }
            for step in 0..40 {
                let ops = spans.iter().filter(|span| span.step == step).filter_map(|span| span.op);
                let ops: std::collections::BTreeSet<usize> = ops.collect();
                assert!(ops.len() >= 2, "step {step}: {ops:?}");
            }
            assert_eq!(profile.steps, 40);
            let products: u64 = profile.rows.iter().map(|row| row.multiply_adds).sum();
            assert_eq!(products, 2 * 20 * 784 * 10, "forward and the weight's gradient");
            assert!(profile.busy_seconds() > 0.0 && profile.idle_share() < 1.0);
        });
    }
}
