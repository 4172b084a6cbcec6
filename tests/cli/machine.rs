//! What machines and shells do to a run: few threads, empty variables, names of any kind.

use std::process::Command;

use super::{Bands, inkgrad, program, ran, text};

/// The program as a user who may have that many threads in all. Root may have any number: the limit counts for another user.
#[cfg(target_os = "linux")]
fn limited(threads: &str, arguments: &[&str]) -> Command {
    let is_root = Command::new("id").arg("-u").output().unwrap().stdout == b"0\n";
    let other_user = ["setpriv", "--reuid", "23451", "--regid", "23451", "--clear-groups"];
    let limit = ["prlimit", &format!("--nproc={threads}"), env!("CARGO_BIN_EXE_inkgrad")].map(String::from);
    let outside = if is_root { &other_user[..] } else { &[] };
    let all: Vec<&str> = outside.iter().copied().chain(limit.iter().map(String::as_str)).collect();
    let mut command = Command::new(all[0]);
    command.args(&all[1..]).args(arguments);
    command
}

#[cfg(target_os = "linux")]
#[test]
fn a_machine_that_gives_few_threads_is_enough() {
    use std::os::unix::fs::PermissionsExt;
    let bands = Bands::new();
    let model = bands.file("model.safetensors");
    let trained = bands.train(&["--save", text(&model)]).well();
    // Everybody may read what is in there, and run the program.
    for path in [bands.dir(), text(&model)] {
        std::fs::set_permissions(path, PermissionsExt::from_mode(0o755)).unwrap();
    }
    let train = ["train", "--data", bands.dir(), "--steps", "40", "--batch", "20", "--device", "cpu"];
    for threads in ["1", "2", "3"] {
        let again = ran(&mut limited(threads, &train)).well();
        assert_eq!(again.out.lines().next(), trained.out.lines().next(), "no bit depends on threads");
        ran(&mut limited(threads, &["eval", text(&model), "--data", bands.dir(), "--device", "cpu"])).well();
        ran(&mut limited(threads, &["summary", "mlp", "--data", bands.dir()])).well();
    }
}

#[test]
fn a_variable_that_is_set_and_empty_hides_no_gpu() {
    let list = |backend: &str| {
        let ran = ran(program().args(["devices", "--json"]).env("WGPU_BACKEND", backend)).well();
        ran.events().iter().filter(|device| device["device"] == "gpu").count()
    };
    assert!(list("") > 0, "this needs an adapter: `apt-get install mesa-vulkan-drivers`");
    let train = ["train", "--device", "gpu", "--steps", "1"];
    ran(program().args(train).env("WGPU_BACKEND", "nonsense")).failed(2, &["WGPU_BACKEND", "unset it"]);
}

#[test]
fn an_adapter_is_chosen_by_its_number() {
    let first = inkgrad(&["devices", "--json"]).well().events().remove(0);
    assert_eq!(first["number"], 0);
    let trained = inkgrad(&["train", "--adapter", "0", "--steps", "1", "--json", "--no-tune"]).well();
    let adapter = trained.result()["adapter"].as_str().unwrap().to_owned();
    assert!(adapter.starts_with(first["name"].as_str().unwrap()), "{adapter}");
    let missing = inkgrad(&["train", "--adapter", "97", "--steps", "1"]);
    missing.failed(2, &["`97` as its number", "inkgrad devices"]);
}

/// A smaller batch is no remedy for a layer that no buffer can hold.
#[test]
fn a_layer_too_large_for_a_gpu_is_told_as_such() {
    let bands = Bands::new();
    let file = bands.file("wide.toml");
    let recipe = "batch = 1\nsteps = 1\nlearning_rate = 0.1\noptimiser = { kind = \"sgd\" }\n\
        layers = [{ kind = \"dense\", units = 600000 }, { kind = \"dense\" }]\n";
    std::fs::write(&file, recipe).unwrap();
    let ran =
        inkgrad(&["train", "--recipe", text(&file), "--data", bands.dir(), "--device", "gpu", "--no-tune"]);
    let ran = ran.failed(2, &["parameters", "--device cpu"]);
    assert!(!ran.err.contains("--batch"), "{}", ran.err);
}

#[test]
fn a_model_may_have_the_longest_name_there_is() {
    let bands = Bands::new();
    let name = |length: usize| "m".repeat(length);
    bands.train(&["--save", text(&bands.file(&name(255)))]).well();
    assert!(bands.file(&name(255)).is_file());
    let ran = bands.train(&["--save", text(&bands.file(&name(256)))]).failed(2, &["mmm", "too long"]);
    assert!(!ran.err.contains("step "), "refused before the first step: {}", ran.err);
}

/// Windows PowerShell 5 writes `inkgrad recipe lenet5 > my.toml` as UTF-16, and editors add marks to UTF-8.
#[test]
fn a_recipe_is_read_in_the_encodings_that_programs_write() {
    let bands = Bands::new();
    let recipe = "batch = 20\nsteps = 2\nlearning_rate = 0.1\noptimiser = { kind = \"sgd\" }\n\
        layers = [{ kind = \"dense\" }]\n";
    let windows = recipe.replace('\n', "\r\n");
    let wide: Vec<u8> = windows.encode_utf16().flat_map(u16::to_le_bytes).collect();
    let file = bands.file("mine.toml");
    let files = [
        [b"\xff\xfe", &wide[..]].concat(),
        [b"\xef\xbb\xbf", recipe.as_bytes()].concat(),
        windows.into_bytes(),
    ];
    for bytes in files {
        std::fs::write(&file, bytes).unwrap();
        inkgrad(&["summary", text(&file)]).well();
        inkgrad(&["train", "--recipe", text(&file), "--data", bands.dir(), "--device", "cpu"]).well();
    }
    std::fs::write(&file, b"caf\xe9 = 1").unwrap();
    inkgrad(&["summary", text(&file)]).failed(1, &["not text"]);
}

#[cfg(target_os = "linux")]
#[test]
fn names_need_not_be_text() {
    use std::ffi::OsStr;
    use std::os::unix::ffi::OsStrExt;
    let bands = Bands::new();
    let file = bands.file("").join(OsStr::from_bytes(b"re\xe9.toml"));
    std::fs::write(&file, inkgrad(&["recipe", "softmax"]).well().out).unwrap();
    ran(program().arg("summary").arg(&file)).well();
    let model = bands.file("").join(OsStr::from_bytes(b"mod\xe8le.safetensors"));
    let run = ["--data", bands.dir(), "--device", "cpu", "--steps", "2"];
    ran(program().args(["train", "--recipe"]).arg(&file).args(run).arg("--save").arg(&model)).well();
    ran(program().arg("summary").arg(&model)).well();
    ran(program().arg("eval").arg(&model).args(["--data", bands.dir(), "--device", "cpu"])).well();
}
