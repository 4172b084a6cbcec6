use super::{Bands, inkgrad, text};

fn eval(bands: &Bands, options: &[&str]) -> super::Ran {
    let file = bands.file("model.safetensors");
    inkgrad(&[&["eval", text(&file), "--data", bands.dir(), "--device", "cpu"], options].concat())
}

#[test]
fn a_saved_model_does_as_well_as_it_did() {
    let bands = Bands::new();
    bands.mislabel_tests();
    let file = bands.file("model.safetensors");
    let run = ["--save", text(&file), "--json"];
    let result = bands.train(&run).well().result();
    let evaluation = eval(&bands, &["--json"]).well().events().pop().unwrap();
    for figure in ["test_accuracy", "test_loss", "task"] {
        assert_eq!(evaluation[figure], result[figure], "{figure}");
    }
    assert_eq!(evaluation["images"], 60);
    let row = |label: usize| evaluation["confusion"][label].as_array().unwrap().clone();
    let count = |label: usize, predicted: usize| row(label)[predicted].as_u64().unwrap();
    assert!((0..3).any(|label| count(label, label) < 20), "some images are misclassified: {evaluation}");
    for class in 0..3 {
        let of_class: u64 = (0..3).map(|predicted| count(class, predicted)).sum();
        let predicted: u64 = (0..3).map(|label| count(label, class)).sum();
        let told = &evaluation["classes"][class];
        assert_eq!((of_class, &told["images"]), (20, &20.into()));
        let right = count(class, class) as f64;
        assert_eq!(told["recall"].as_f64(), Some(right / 20.0), "{told}");
        let precision = (predicted > 0).then(|| right / predicted as f64);
        assert_eq!(told["precision"].as_f64(), precision, "{told}");
    }
}

#[test]
fn tables_for_a_reader() {
    let bands = Bands::new();
    bands.train(&["--save", text(&bands.file("model.safetensors"))]).well();
    let ran = eval(&bands, &[]).well();
    assert_eq!(ran.number("accuracy "), 1.0);
    for line in [
        "softmax: loss 0.",
        "class  images  precision  recall\n    0      20     1.0000  1.0000\n",
        "Confusion matrix (row: label, column: prediction):\nlabel   0   1   2\n    0  20   0   0\n",
    ] {
        assert!(ran.out.contains(line), "{line:?} is not in\n{}", ran.out);
    }
}

/// Where a class's precision and recall differ, each stands under its own heading.
#[test]
fn precision_and_recall_stand_in_their_columns() {
    let bands = Bands::new();
    let labels = bands.file("t10k-labels-idx1-ubyte");
    let mut bytes = std::fs::read(&labels).unwrap();
    // Also the images of other classes: more images are of class 1 than are predicted as it.
    bytes[8..13].fill(1);
    std::fs::write(labels, bytes).unwrap();
    bands.train(&["--save", text(&bands.file("model.safetensors"))]).well();
    let told = eval(&bands, &["--json"]).well().events().pop().unwrap();
    let table = eval(&bands, &[]).well().out;
    for class in 0..3 {
        let figure = |name: &str| told["classes"][class][name].as_f64().unwrap();
        let (images, precision, recall) = (figure("images"), figure("precision"), figure("recall"));
        assert_ne!(precision, recall, "{told}");
        let row = format!("{class:>5}{images:>8}{precision:>11.4}{recall:>8.4}\n");
        assert!(table.contains(&row), "{row:?} is not in\n{table}");
    }
}

#[test]
fn a_model_for_other_data_is_refused() {
    let bands = Bands::new();
    bands.train(&["--save", text(&bands.file("model.safetensors"))]).well();
    let file = bands.file("model.safetensors");
    inkgrad(&["eval", text(&file), "--device", "cpu"]).failed(2, &["the built-in MNIST", "--data PATH"]);
}

#[test]
fn a_cut_model_file_is_refused() {
    let bands = Bands::new();
    let file = bands.file("model.safetensors");
    bands.train(&["--save", text(&file)]).well();
    let whole = std::fs::read(&file).unwrap();
    for length in [0, 4, 100, whole.len() - 1] {
        std::fs::write(&file, &whole[..length]).unwrap();
        eval(&bands, &[]).failed(1, &["model.safetensors: not a complete safetensors file"]);
    }
}

#[test]
fn a_model_that_is_not_there() {
    let bands = Bands::new();
    eval(&bands, &[]).failed(2, &["model.safetensors"]);
}
