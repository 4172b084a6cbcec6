use inkgrad::cpu::{self, Level};
use inkgrad::executor::Device;
use inkgrad::verify::cases;

/// However an op's work is cut, the bits are the same, whatever the vectors' length.
#[test]
fn results_do_not_depend_on_the_number_of_threads() {
    for level in Level::available() {
        let device = |threads| cpu::Device::with_threads(threads).with_level(level).unwrap();
        let devices: Vec<Device> = [1, 2, 3, 7].map(device).map(Device::Cpu).into();
        for case in cases() {
            let given: Vec<_> =
                devices.iter().map(|device| pollster::block_on(case.run(device)).unwrap()).collect();
            assert!(given.windows(2).all(|pair| pair[0] == pair[1]), "{} {} {level:?}", case.op, case.shape);
        }
    }
}
