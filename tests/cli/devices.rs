use super::{Bands, inkgrad, program, ran, text};

/// The program where no Vulkan driver can be found.
fn without_gpu(arguments: &[&str]) -> super::Ran {
    let mut command = program();
    command.args(arguments);
    command.env("VK_DRIVER_FILES", "/nonexistent.json").env("VK_ICD_FILENAMES", "/nonexistent.json");
    ran(&mut command)
}

#[test]
fn devices_are_listed() {
    let devices = inkgrad(&["devices", "--json"]).well();
    let lines = devices.events();
    assert!(
        lines.iter().any(|line| line["device"] == "gpu" && line["name"].is_string()),
        "no adapter: on Debian or Ubuntu `apt-get install mesa-vulkan-drivers` gives one\n{}",
        devices.out
    );
    assert_eq!(lines.last().unwrap()["device"], "cpu");
    let table = inkgrad(&["devices"]).well().out;
    assert!(table.starts_with("number  adapter") && table.contains("CPU, "), "{table}");
}

#[cfg(target_os = "linux")]
#[test]
fn without_an_adapter_the_gpu_is_an_error_and_auto_takes_the_cpu() {
    let bands = Bands::new();
    let run = ["train", "--data", bands.dir(), "--steps", "3", "--batch", "5"];
    let gpu = without_gpu(&[&run[..], &["--device", "gpu"]].concat());
    gpu.failed(2, &["no GPU found", "looked for any adapter", "apt-get install", "--device cpu"]);
    let auto = without_gpu(&run).well();
    assert!(
        auto.err.lines().any(|line| line.starts_with("device: CPU, ") && line.contains("no GPU")),
        "{}",
        auto.err
    );
    assert!(without_gpu(&["devices"]).well().out.contains("no GPU adapter"));
}

#[test]
fn an_adapter_is_chosen_by_any_part_of_its_name() {
    let bands = Bands::new();
    let lines = inkgrad(&["devices", "--json"]).well().events();
    let name = lines[0]["name"].as_str().expect("an adapter").to_uppercase();
    let run = ["train", "--data", bands.dir(), "--steps", "3", "--batch", "5", "--adapter"];
    let ran = inkgrad(&[&run[..], &[&name]].concat()).well();
    assert!(ran.err.contains("by --adapter"), "{}", ran.err);
    inkgrad(&[&run[..], &["no such thing"]].concat()).failed(2, &["no such thing", "inkgrad devices"]);
    inkgrad(&[&run[..], &[&name, "--device", "cpu"]].concat()).failed(2, &["leave one of them out"]);
}

#[test]
fn the_gpu_trains_saves_and_tests() {
    let bands = Bands::new();
    let model = bands.file("gpu.safetensors");
    let run = ["train", "--data", bands.dir(), "--steps", "40", "--batch", "20", "--device", "gpu", "--json"];
    let trained = inkgrad(&[&run[..], &["--save", text(&model)]].concat()).well().result();
    assert_eq!(trained["device"], "gpu");
    assert_eq!(trained["test_accuracy"], 1.0);
    let tested = inkgrad(&["eval", text(&model), "--data", bands.dir(), "--device", "cpu", "--json"]).well();
    assert_eq!(tested.events()[0]["test_accuracy"], 1.0, "{}", tested.out);
}

/// Of a GPU `tests/run` does the same, beside the tests.
#[test]
fn every_vector_level_agrees_with_the_reference() {
    let verified = inkgrad(&["verify", "--device", "cpu"]).well();
    let levels = inkgrad::cpu::Level::available().len();
    assert_eq!(
        verified.out.matches("every op agrees with the reference").count(),
        levels,
        "{}",
        verified.out
    );
    assert_eq!(verified.out.matches("\ndense_softmax_cross_entropy").count(), levels, "{}", verified.out);
}

/// These tests run where a software adapter is: `auto` names it, and leaves it alone, unless there is a real GPU.
#[test]
fn auto_never_takes_a_software_adapter() {
    let bands = Bands::new();
    let ran = inkgrad(&["train", "--data", bands.dir(), "--steps", "3", "--json"]).well();
    let said = ran.err.lines().find(|line| line.starts_with("device: ")).expect(&ran.err);
    match ran.result()["device"].as_str() {
        Some("cpu") => assert!(said.contains("no real GPU here; passed over: "), "{said}"),
        _ => assert!(!said.contains("software"), "{said}"),
    }
}
