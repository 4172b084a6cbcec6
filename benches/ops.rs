//! Measures every op by itself: `cargo bench` runs all, `cargo bench -- conv2d` those with `conv2d` in their name.
//!
//! Each op runs in the largest of its shapes in `inkgrad verify`, on the CPU and on a GPU (software Vulkan if there is no
//! other), there with every shader variant. Times include handing work to the device and waiting for it, which `inkgrad train
//! --profile` leaves out.

use std::sync::OnceLock;

use divan::Bencher;
use inkgrad::executor::{Device, Executor, ExecutorOptions, Feed, Variants};
use inkgrad::gpu::{Adapter, Choice};
use inkgrad::plan::Op;
use inkgrad::verify::{Case, cases};
use inkgrad::{cpu, gpu};
use pollster::block_on;

fn main() {
    divan::main();
}

fn all() -> &'static [Case] {
    static CASES: OnceLock<Vec<Case>> = OnceLock::new();
    CASES.get_or_init(cases)
}

/// A case by its index; divan shows its `Display` text.
#[derive(Clone, Copy)]
struct Bench {
    case: usize,
    variant: usize,
}

impl std::fmt::Display for Bench {
    fn fmt(&self, f: &mut std::fmt::Formatter) -> std::fmt::Result {
        let case = &all()[self.case];
        write!(f, "{} {}", case.op, case.shape)?;
        if variants(case) > 1 { write!(f, " (shader {})", self.variant) } else { Ok(()) }
    }
}

fn variants(case: &Case) -> usize {
    case.variants()
}

/// The largest shape of each op, which says most about its speed.
fn on_the_cpu() -> Vec<Bench> {
    let weight = |case: &Case| case.plan.tensors.iter().map(|tensor| tensor.bytes()).sum::<usize>();
    let largest = |op: &str| {
        let of_op = all().iter().enumerate().filter(|(_, case)| case.op == op);
        of_op.max_by_key(|(_, case)| weight(case)).map(|(case, _)| Bench { case, variant: 0 })
    };
    Op::NAMES.iter().filter_map(|op| largest(op)).collect()
}

fn on_the_gpu() -> Vec<Bench> {
    let variants =
        |bench: Bench| (0..variants(&all()[bench.case])).map(move |variant| Bench { variant, ..bench });
    on_the_cpu().into_iter().flat_map(variants).collect()
}

#[divan::bench(args = on_the_cpu())]
fn cpu(bencher: Bencher, bench: Bench) {
    run(bencher, &Device::Cpu(cpu::Device::new()), bench);
}

#[divan::bench(args = on_the_gpu())]
fn gpu_ops(bencher: Bencher, bench: Bench) {
    static GPU: OnceLock<Device> = OnceLock::new();
    let device = GPU.get_or_init(|| {
        let adapter =
            block_on(Adapter::choose(&Choice::Any)).expect("a GPU: `apt-get install mesa-vulkan-drivers`");
        Device::Gpu(block_on(gpu::Device::open(&adapter)).expect("a device that opens"))
    });
    run(bencher, device, bench);
}

fn run(bencher: Bencher, device: &Device, bench: Bench) {
    let case = &all()[bench.case];
    let mut executor: Executor = block_on(async {
        let store = device.store(case.plan.flat, &vec![0.0; case.plan.flat.parameters]).expect("buffers");
        let variants = Variants::Nth(bench.variant);
        let options =
            ExecutorOptions { feed: Feed::Stream, block: 1, variants, ..ExecutorOptions::default() };
        let mut executor = device.executor(&case.plan, &store, options).await.expect("a plan made ready");
        for (tensor, bytes) in &case.inputs {
            executor.write(*tensor, bytes).expect("room");
        }
        executor
    });
    bencher.bench_local(|| block_on(executor.run_as_is(case.scalars)).expect("a step"));
}
