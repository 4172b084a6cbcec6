//! Models out to other programs, and back in. What the files hold is checked in tests/exchange; here it is the commands.

use super::{Bands, Ran, inkgrad, text};

/// A trained model, and where it lies.
fn trained() -> (Bands, String) {
    let bands = Bands::new();
    bands.mislabel_tests();
    let model = text(&bands.file("model.safetensors")).to_owned();
    bands.train(&["--save", &model]).well();
    (bands, model)
}

fn evaluated(bands: &Bands, model: &str) -> serde_json::Value {
    let ran = inkgrad(&["eval", model, "--data", bands.dir(), "--device", "cpu", "--json"]);
    ran.well().events().pop().unwrap()
}

fn export(model: &str, options: &[&str]) -> Ran {
    inkgrad(&[&["export", model], options].concat())
}

#[test]
fn a_model_that_was_out_and_in_again_answers_as_before() {
    let (bands, model) = trained();
    let wanted = evaluated(&bands, &model);
    for name in ["out.onnx", "out.pt.safetensors", "out.weights.h5"] {
        let (file, back) = (bands.file(name), bands.file(&format!("{name}.back")));
        let told = export(&model, &[text(&file)]).well().err;
        let bytes = std::fs::metadata(&file).unwrap().len();
        assert!(told.contains(&format!("{name}: {bytes} bytes")), "{told}");
        let told = inkgrad(&["import", text(&file), text(&back)]).well().err;
        assert!(told.contains("195 parameters"), "{told}");
        let got = evaluated(&bands, text(&back));
        for figure in ["confusion", "test_loss", "test_accuracy"] {
            assert_eq!(got[figure], wanted[figure], "{name}: {figure}");
        }
    }
}

/// What ONNX takes and gives is as the options say.
#[test]
fn options_of_onnx_change_the_graph() {
    let (bands, model) = trained();
    let exported = |name: &str, options: &[&str]| {
        let file = bands.file(name);
        export(&model, &[&[text(&file)], options].concat()).well();
        std::fs::read(file).unwrap()
    };
    let holds = |bytes: &[u8], word: &str| bytes.windows(word.len()).any(|some| some == word.as_bytes());
    let plain = exported("plain.onnx", &[]);
    assert!(holds(&plain, "Softmax") && holds(&plain, "Cast"), "bytes become probabilities");
    assert!(!holds(&exported("logits.onnx", &["--output", "logits"]), "Softmax"));
    assert!(!holds(&exported("floats.onnx", &["--input", "floats"]), "Cast"));
}

#[test]
fn directories_hold_the_network_and_a_program_for_it() {
    let (bands, model) = trained();
    let dir = bands.file("new/deep");
    for (option, files) in [
        ("--pytorch", ["model.safetensors", "model.py"]),
        ("--keras", ["model.weights.h5", "model.py"]),
        ("--c", ["model.c", "model.h"]),
    ] {
        let told = export(&model, &[option, text(&dir)]).well().err;
        for file in files {
            let bytes = std::fs::metadata(dir.join(file)).expect(file).len();
            assert!(told.contains(&format!("{file}: {bytes} bytes")), "{told}");
        }
    }
    let flash = |options: &[&str]| -> f64 {
        let told = export(&model, &[&["--c", text(&dir)], options].concat()).well().err;
        let figure = told.split_once("flash: ").and_then(|(_, rest)| rest.split(' ').next());
        figure.expect(&told).parse().expect(&told)
    };
    let (float32, int8) = (flash(&[]), flash(&["--int8", "--data", bands.dir()]));
    assert!(int8 < float32, "flash: {float32} bytes in float32, {int8} in int8");
}

#[test]
fn what_cannot_go_out_or_come_in_is_said() {
    let (bands, model) = trained();
    export(&model, &[text(&bands.file("model.xyz"))]).failed(2, &["model.xyz", "end it in .onnx"]);
    export(&model, &[]).failed_to_parse("<FILE>");
    let absent = bands.file("absent.safetensors");
    export(text(&absent), &[text(&bands.file("m.onnx"))]).failed(2, &["absent.safetensors"]);
    let broken = bands.file("broken.onnx");
    std::fs::write(&broken, b"\x08\x07no graph").unwrap();
    let back = bands.file("back.safetensors");
    inkgrad(&["import", text(&broken), text(&back)]).failed(1, &["broken.onnx"]);
    assert!(!back.exists());
}
