use inkgrad::cpu::{self, Level};
use inkgrad::executor::Device;
use pollster::block_on;
fn main() {
    let args: Vec<String> = std::env::args().skip(1).collect();
    let gpu = args[0] == "gpu";
    let devices: Vec<Device> = if gpu {
        let a = block_on(inkgrad::gpu::Adapter::choose(&inkgrad::gpu::Choice::Any)).unwrap();
        vec![Device::Gpu(block_on(inkgrad::gpu::Device::open(&a)).unwrap())]
    } else {
        Level::available()
            .into_iter()
            .map(|l| Device::Cpu(cpu::Device::with_threads(2).with_level(l).unwrap()))
            .collect()
    };
    for case in inkgrad::verify::cases() {
        if !args[1..].iter().any(|a| a == case.op) {
            continue;
        }
        let wanted = case.reference().unwrap();
        for d in &devices {
            if !case.is_for(d) {
                continue;
            }
            let c = block_on(case.compare(d, &wanted)).unwrap();
            println!(
                "{} {} {}: {:.1e} of {:.1e}",
                if c.passed() { "ok" } else { "FAIL" },
                c.op,
                c.shape,
                c.error,
                c.tolerance
            );
        }
    }
}
