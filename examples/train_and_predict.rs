//! Trains softmax regression on MNIST through the library, then classifies a few test images.

use inkgrad::cpu;
use inkgrad::data::DataSet;
use inkgrad::executor::Device;
use inkgrad::network::{Network, Task};
use inkgrad::recipe::Recipe;
use inkgrad::train::{Trainer, TrainerOptions, evaluate, predict};

fn main() -> inkgrad::Result<()> {
    pollster::block_on(run())
}

async fn run() -> inkgrad::Result<()> {
    let data = DataSet::embedded()?;
    let recipe = Recipe::preset("softmax")?;
    let network = Network::new(Task::from(&data), recipe.normalisation, &recipe.layers)?;
    let device = Device::Cpu(cpu::Device::new());

    let mut trainer =
        Trainer::new(&device, &network, &recipe, &data.train, TrainerOptions::default()).await?;
    while !trainer.is_done() {
        trainer.advance().await?;
    }
    trainer.finish().await?;

    let test = evaluate(&device, &network, trainer.store(), &data.test).await?;
    println!("accuracy {:.4}", test.accuracy());
    let some = data.test.slice(0..10);
    let predictions = predict(&device, &network, trainer.store(), &some).await?;
    println!("labels      {:?}\npredictions {:?}", some.labels(), predictions.labels());
    Ok(())
}
