use inkgrad::cpu;
use inkgrad::executor::Device;
use inkgrad::verify::cases;

/// However an op's work is cut, the bits are the same.
#[test]
fn results_do_not_depend_on_the_number_of_threads() {
    let devices: Vec<Device> =
        [1, 2, 3, 7].map(|threads| Device::Cpu(cpu::Device::with_threads(threads))).into();
    for case in cases() {
        let given: Vec<_> =
            devices.iter().map(|device| pollster::block_on(case.run(device)).unwrap()).collect();
        assert!(given.windows(2).all(|pair| pair[0] == pair[1]), "{} {}", case.op, case.shape);
    }
}
