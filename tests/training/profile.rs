//! When each op ran.

use inkgrad::executor::Device;
use inkgrad::train::{Trainer, TrainerOptions};
use pollster::block_on;

use super::{MNIST, cpu, gpu, images, network, preset};

#[test]
fn every_dispatch_of_a_profiled_run_is_timed() {
    let (split, recipe) = (images(300), preset("softmax", 20, 40));
    let network = network(&recipe, MNIST);
    for device in [gpu(), cpu()] {
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
            assert!(trainer.spans().await.unwrap().is_empty(), "each span is given once");
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
