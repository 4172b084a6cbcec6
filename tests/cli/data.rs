//! Data of one's own: `--data` in its forms, and `inkgrad data`.

use std::fs;
use std::path::Path;

use super::{Bands, Ran, inkgrad, program, ran, text};

/// Folders of pictures: three classes of bright bands, 8 x 8 pixels, `count` of each; dark on light if `inverted`.
fn folders(dir: &Path, parts: &[&str], count: u32, inverted: bool) {
    for part in parts {
        for (class, name) in ["low", "middle", "top"].into_iter().enumerate() {
            let folder = dir.join(part).join(name);
            fs::create_dir_all(&folder).unwrap();
            for number in 0..count {
                let pixel = |at: u32| {
                    let noise = ((at * 7 + number * 13 + part.len() as u32) % 40) as u8;
                    let bright = at / 8 / 3 == class as u32;
                    let value = if bright { 255 - noise } else { noise };
                    if inverted { 255 - value } else { value }
                };
                let pixels = (0..64).map(pixel).collect();
                let picture = image::GrayImage::from_raw(8, 8, pixels).unwrap();
                picture.save(folder.join(format!("{number}.png"))).unwrap();
            }
        }
    }
}

fn train(data: &Path, options: &[&str]) -> Ran {
    let run =
        ["train", "--data", text(data), "--steps", "60", "--batch", "20", "--device", "cpu", "--no-cache"];
    inkgrad(&[&run, options].concat())
}

fn eval(model: &Path, data: &Path, options: &[&str]) -> Ran {
    inkgrad(&[&["eval", text(model), "--data", text(data), "--device", "cpu"], options].concat())
}

#[test]
fn folders_of_pictures_from_training_to_test() {
    let dir = tempfile::tempdir().unwrap();
    let data = dir.path().join("data");
    folders(&data, &["train", "test"], 40, false);
    let model = dir.path().join("m.safetensors");
    let ran = train(&data, &["--save", text(&model)]).well();
    assert!(
        ran.err.contains("note: 10 of the 120 training images are held back for validation"),
        "{}",
        ran.err
    );
    let ran = eval(&model, &data, &[]).well();
    assert_eq!(ran.number("accuracy "), 1.0);
    assert_eq!(ran.number("balanced accuracy "), 1.0);
    for line in ["class   images  precision  recall\nlow         40", "label   low  middle  top\n"] {
        assert!(ran.out.contains(line), "{line:?} is not in\n{}", ran.out);
    }
    let told = eval(&model, &data, &["--json"]).well().events().pop().unwrap();
    assert_eq!((told["macro_f1"].as_f64(), told["classes"][1]["name"].as_str()), (Some(1.0), Some("middle")));
}

/// A model keeps how its pictures were prepared and its test images chosen.
#[test]
fn a_model_knows_how_its_images_came_about() {
    let dir = tempfile::tempdir().unwrap();
    let data = dir.path().join("data");
    folders(&data, &[""], 40, false);
    let model = dir.path().join("m.safetensors");
    let how = [
        "--size",
        "6x5",
        "--colour",
        "--test-share",
        "0.3",
        "--split-seed",
        "9",
        "--save",
        text(&model),
        "--json",
    ];
    let result = train(&data, &how).well().result();
    let told = eval(&model, &data, &["--json"]).well().events().pop().unwrap();
    assert_eq!((&told["images"], &told["test_loss"]), (&36.into(), &result["test_loss"]));
    inkgrad(&["eval", text(&model), "--size", "8", "--device", "cpu"]).failed(2, &["--size", "--data PATH"]);
}

/// Whatever classes a folder happens to hold, each is called what it was called in training.
#[test]
fn classes_go_by_their_names() {
    let dir = tempfile::tempdir().unwrap();
    let (data, some) = (dir.path().join("data"), dir.path().join("some"));
    folders(&data, &["train", "test"], 40, false);
    folders(&some, &[""], 10, false);
    fs::remove_dir_all(some.join("low")).unwrap();
    let model = dir.path().join("m.safetensors");
    train(&data, &["--save", text(&model)]).well();
    // all 20 of them: the model was trained on none
    let told = eval(&model, &some, &["--json"]).well().events().pop().unwrap();
    assert_eq!((told["images"].as_u64(), told["test_accuracy"].as_f64()), (Some(20), Some(1.0)));
    fs::rename(some.join("top"), some.join("bottom")).unwrap();
    eval(&model, &some, &[]).failed(1, &["knows no class `bottom`", "low, middle, top"]);
}

#[test]
fn images_stored_another_way_are_suspected() {
    let dir = tempfile::tempdir().unwrap();
    let (data, inverted) = (dir.path().join("data"), dir.path().join("inverted"));
    folders(&data, &["train", "test"], 40, false);
    folders(&inverted, &["train", "test"], 40, true);
    let model = dir.path().join("m.safetensors");
    train(&data, &["--save", text(&model)]).well();
    let ran = eval(&model, &inverted, &[]).well();
    assert!(ran.err.contains("note: the images seem to be inverted"), "{}", ran.err);
    let ran = eval(&model, &data, &[]).well();
    assert!(!ran.err.contains("seem to be"), "{}", ran.err);
}

#[test]
fn what_a_data_set_holds() {
    let dir = tempfile::tempdir().unwrap();
    let data = dir.path().join("data");
    folders(&data, &["train", "test"], 12, false);
    let (sheet, idx, back) = (dir.path().join("sheet.png"), dir.path().join("idx"), dir.path().join("back"));
    let show =
        |data: &Path, options: &[&str]| inkgrad(&[&["data", text(data), "--no-cache"], options].concat());
    let ran = show(&data, &["--sheet", text(&sheet), "--write", text(&idx)]).well();
    for line in [
        "8 x 8 images in grey, 3 classes: 33 to train, 3 for validation, 36 to test\n",
        "duplicates: ",
        "class   train  validation  test\nlow        11           1    12\n",
    ] {
        assert!(ran.out.contains(line), "{line:?} is not in\n{}", ran.out);
    }
    let sheet = image::open(&sheet).unwrap();
    assert_eq!((sheet.height(), sheet.width()), (3 * 42 + 2, 16 * 42 + 2));
    show(&idx, &["--write", text(&back), "--form", "pictures"]).well();
    let told = |data: &Path| {
        let mut told = show(data, &["--json"]).well().events().pop().unwrap();
        // Within a class images may have another order, and with it the choice for validation.
        told["notes"] = serde_json::Value::Null;
        told
    };
    assert_eq!(told(&data), told(&idx));
    assert_eq!(told(&data), told(&back));
    assert_eq!(told(&data)["classes"][2]["name"], "top");
    show(&idx, &["--write", text(&back)]).failed(2, &["not empty"]);
}

#[test]
fn decoded_pictures_are_kept_in_the_cache_directory() {
    let dir = tempfile::tempdir().unwrap();
    let (data, cache) = (dir.path().join("data"), dir.path().join("cache"));
    folders(&data, &["train", "test"], 5, false);
    let show = |options: &[&str]| {
        let mut command = program();
        command
            .env("XDG_CACHE_HOME", &cache)
            .env("HOME", dir.path())
            .args(["data", text(&data)])
            .args(options);
        ran(&mut command).well()
    };
    show(&["--no-cache"]);
    assert!(!cache.exists());
    let (first, second) = (show(&[]), show(&[]));
    assert_eq!(first.out, second.out);
    if cfg!(target_os = "linux") {
        assert!(fs::read_dir(cache.join("inkgrad/pictures")).unwrap().count() > 0);
    }
}

#[test]
fn class_weights_are_in_the_recipe() {
    let bands = Bands::new();
    let recipe = bands.file("weighted.toml");
    let train = |weights: &str| {
        let text = inkgrad(&["recipe", "softmax"]).well().out;
        fs::write(&recipe, format!("class_weights = {weights}\n{text}")).unwrap();
        bands.train(&["--recipe", super::text(&recipe)])
    };
    train("\"balanced\"").well();
    train("[1.0, 2.0, 0.5]").well();
    train("[1.0, 2.0]").failed(2, &["class_weights lists 2 weights, but the data has 3 classes"]);
    train("[1.0, -2.0, 1.0]").failed(1, &["class_weights: -2"]);
    train("\"equal\"").failed(1, &["class_weights"]);
}

/// Rows of a table: bands as above, of which the class is known by the label in the first column where there is one.
fn rows(count: usize, labelled: bool) -> String {
    let mut text: String = if labelled { "label," } else { "" }.into();
    text += &(0..64).map(|at| format!("p{at}")).collect::<Vec<_>>().join(",");
    for row in 0..count {
        let class = row * 7 % 3;
        let pixel = |at: usize| if at / 8 / 3 == class { 200 + (row + at) % 50 } else { (row * 3 + at) % 50 };
        let pixels: Vec<String> = (0..64).map(|at| pixel(at).to_string()).collect();
        text +=
            &format!("\n{}{}", if labelled { format!("{class},") } else { String::new() }, pixels.join(","));
    }
    text + "\n"
}

/// Where a table has no test images of its own, `eval` takes those that training kept for it, and no others.
#[test]
fn a_table_is_tested_on_the_rows_that_training_did_not_see() {
    let dir = tempfile::tempdir().unwrap();
    let data = dir.path().join("data");
    fs::create_dir(&data).unwrap();
    fs::write(data.join("train.csv"), rows(100, true)).unwrap();
    let model = dir.path().join("m.safetensors");
    let tested = |data: &Path| {
        let result = train(data, &["--save", text(&model), "--json"]).well().result();
        let told = eval(&model, data, &["--json"]).well().events().pop().unwrap();
        assert_eq!(told["test_accuracy"], result["test_accuracy"]);
        assert_eq!(told["test_loss"], result["test_loss"]);
        told["images"].as_u64().unwrap()
    };
    assert_eq!(tested(&data), 15);
    assert_eq!(tested(&data.join("train.csv")), 15);
    // Kaggle's layout: its tests have no labels.
    fs::write(data.join("test.csv"), rows(20, false)).unwrap();
    assert_eq!(tested(&data), 15);
    fs::write(data.join("test.csv"), rows(20, true)).unwrap();
    assert_eq!(tested(&data), 20);
    fs::remove_file(data.join("train.csv")).unwrap();
    fs::write(data.join("test.csv"), rows(20, false)).unwrap();
    eval(&model, &data, &[]).failed(1, &["test.csv: it has no column of labels"]);
}

/// What is read stays what it is.
#[test]
fn no_output_takes_the_place_of_an_input() {
    let dir = tempfile::tempdir().unwrap();
    let (data, table) = (dir.path().join("data"), dir.path().join("t.csv"));
    folders(&data, &["train"], 20, false);
    fs::write(&table, rows(60, true)).unwrap();
    let picture = data.join("train/low/0.png");
    let model = dir.path().join("m.safetensors");
    train(&table, &["--save", text(&model)]).well();
    let onnx = dir.path().join("m.onnx");
    inkgrad(&["export", text(&model), text(&onnx)]).well();
    let same = dir.path().join("m.pt.safetensors");
    fs::copy(&model, &same).unwrap();
    for (file, ran) in [
        (&table, train(&table, &["--save", text(&table)])),
        (&picture, train(&data, &["--plot", text(&picture)])),
        (&picture, inkgrad(&["data", text(&data), "--sheet", text(&picture), "--no-cache"])),
        (&picture, inkgrad(&["read", text(&picture), "--annotate", text(&picture)])),
        (&onnx, inkgrad(&["import", text(&onnx), text(&onnx)])),
        (&same, inkgrad(&["export", text(&same), text(&same)])),
    ] {
        ran.failed(2, &["would overwrite", file.file_name().unwrap().to_str().unwrap()]);
    }
    assert_eq!(fs::read_to_string(&table).unwrap(), rows(60, true));
    image::open(&picture).expect("still a picture");
    // A model beside the images may be saved again.
    let beside = data.join("m.safetensors");
    train(&data, &["--save", text(&beside)]).well();
    train(&data, &["--save", text(&beside)]).well();
}

#[test]
fn pictures_that_are_not_decoded_are_named() {
    let dir = tempfile::tempdir().unwrap();
    folders(dir.path(), &["train"], 10, false);
    fs::write(dir.path().join("train/low/a.HEIC"), b"\0\0\0\x18ftypheic\0\0\0\0mif1heic").unwrap();
    let told = ["a.HEIC", "as iPhones write it", "--skip-bad"];
    inkgrad(&["data", text(dir.path()), "--no-cache"]).failed(1, &told);
    let rest = inkgrad(&["data", text(dir.path()), "--no-cache", "--skip-bad"]).well();
    assert!(rest.err.contains("a.HEIC"), "{}", rest.err);
}
