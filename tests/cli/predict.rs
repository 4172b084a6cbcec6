//! `inkgrad predict` and `inkgrad read`.

use std::path::{Path, PathBuf};
use std::process::Stdio;

use inkgrad::data::DataSet;
use inkgrad::picture::png;
use tempfile::TempDir;

use crate::{inkgrad, program, ran, text};

/// The first test images of MNIST: 7, 2, 1, 0, 4, 1, 4, 9. Dark on light, five times as large, as PNG.
fn pictures(dir: &Path, count: usize) -> Vec<PathBuf> {
    let test = DataSet::embedded().unwrap().test;
    let file = |number: usize| {
        let pixel = |at: usize| 240 - test.image(number)[at / 140 / 5 * 28 + at % 140 / 5] / 2 - 40;
        let path = dir.join(format!("{number}.png"));
        std::fs::write(&path, png(&(0..19_600).map(pixel).collect::<Vec<u8>>(), 140, 140, 1).unwrap())
            .unwrap();
        path
    };
    (0..count).map(file).collect()
}

#[test]
fn digits_are_recognised_without_a_model() {
    let dir = TempDir::new().unwrap();
    let files = pictures(dir.path(), 4);
    let arguments: Vec<&str> = ["predict"].into_iter().chain(files.iter().map(|file| text(file))).collect();
    let out = inkgrad(&arguments).well().out;
    let classes: Vec<&str> =
        out.lines().map(|line| line.split(": ").nth(1).unwrap().split(' ').next().unwrap()).collect();
    assert_eq!(classes, ["7", "2", "1", "0"], "{out}");
    assert!(out.lines().all(|line| line.matches(", ").count() == 1), "three classes each: {out}");
}

#[test]
fn folders_are_walked_and_answers_come_as_json_or_csv() {
    let dir = TempDir::new().unwrap();
    std::fs::create_dir(dir.path().join("deep")).unwrap();
    pictures(&dir.path().join("deep"), 3);
    std::fs::write(dir.path().join("notes.txt"), "not a picture").unwrap();
    let folder = text(dir.path());
    let events = inkgrad(&["predict", folder, "--json", "--top", "2"]).well().events();
    let classes: Vec<&str> = events.iter().map(|event| event["class"].as_str().unwrap()).collect();
    assert_eq!(classes, ["7", "2", "1"]);
    assert_eq!(events[0]["top"].as_array().unwrap().len(), 2);
    assert_eq!(events[0]["event"], "prediction");
    let csv = inkgrad(&["predict", folder, "--csv", "--top", "1"]).well().out;
    let lines: Vec<&str> = csv.lines().collect();
    assert_eq!((lines.len(), lines[0]), (4, "file,class,probability"));
    assert!(lines[1].contains("0.png,7,"), "{csv}");
}

/// Kaggle's digit recogniser: a test table without labels, answers as its competition takes them.
#[test]
fn rows_of_a_table_are_classified_as_kaggle_wants_them() {
    let dir = TempDir::new().unwrap();
    let test = DataSet::embedded().unwrap().test;
    let head: Vec<String> = (0..784).map(|at| format!("pixel{at}")).collect();
    let mut table = head.join(",") + "\n";
    for number in 0..5 {
        let row: Vec<String> = test.image(number).iter().map(u8::to_string).collect();
        table += &(row.join(",") + "\n");
    }
    let file = dir.path().join("test.csv");
    std::fs::write(&file, table).unwrap();
    let csv = inkgrad(&["predict", text(&file), "--csv"]).well().out;
    assert_eq!(csv, "ImageId,Label\n1,7\n2,2\n3,1\n4,0\n5,4\n");
    let events = inkgrad(&["predict", text(&file), "--json"]).well().events();
    assert!(events.len() == 5 && events[1]["file"].as_str().unwrap().ends_with("test.csv:2"));
    let ran = inkgrad(&["predict", text(&file), "picture.png"]);
    assert!(ran.code == Some(2) && ran.err.contains("name that file alone"), "{}", ran.err);
}

#[test]
fn what_the_network_saw_is_shown_and_saved() {
    let dir = TempDir::new().unwrap();
    let files = pictures(dir.path(), 1);
    let seen = dir.path().join("seen");
    let ran = inkgrad(&["predict", text(&files[0]), "--show", "--save-seen", text(&seen)]).well();
    assert!(ran.out.lines().count() == 15 && ran.out.contains('█'), "{}", ran.out);
    let file = std::fs::read(seen.join("00001-0.png")).unwrap();
    let picture = inkgrad::picture::Picture::decode(Path::new("seen"), &file).unwrap();
    assert_eq!((picture.height(), picture.width(), picture.channels()), (28, 28, 1));
    // A seven: ink on black, the corners empty.
    assert!(picture.pixels()[0] == 0 && picture.pixels().contains(&255));
}

#[test]
fn standard_input_is_a_picture() {
    let dir = TempDir::new().unwrap();
    let file = std::fs::File::open(&pictures(dir.path(), 2)[1]).unwrap();
    let out = ran(program().args(["predict", "-"]).stdin(Stdio::from(file))).well().out;
    assert!(out.starts_with("-: 2 "), "{out}");
}

/// A blank sheet gets an answer, for scripts have one a picture, and a word of warning.
#[test]
fn a_blank_picture_is_noted() {
    let dir = TempDir::new().unwrap();
    let (blank, digit) = (dir.path().join("blank.png"), &pictures(dir.path(), 2)[1]);
    image::GrayImage::from_pixel(40, 40, image::Luma([250])).save(&blank).unwrap();
    let ran = inkgrad(&["predict", text(&blank), text(digit)]).well();
    assert_eq!(ran.out.lines().count(), 2, "{}", ran.out);
    assert_eq!(ran.err.matches("nothing is drawn on it").count(), 1, "{}", ran.err);
    assert!(ran.err.contains("blank.png"), "{}", ran.err);
}

#[test]
fn broken_pictures_are_named_and_the_rest_is_done() {
    let dir = TempDir::new().unwrap();
    pictures(dir.path(), 2);
    std::fs::write(dir.path().join("1a.png"), b"\x89PNG\r\n\x1a\nno").unwrap();
    std::fs::write(dir.path().join("phone.jpg"), b"\0\0\0\x18ftypheic\0\0\0\0").unwrap();
    let ran = inkgrad(&["predict", text(dir.path())]);
    assert_eq!((ran.code, ran.out.lines().count()), (Some(1), 2), "{}{}", ran.out, ran.err);
    assert!(ran.err.contains("1a.png") && ran.err.contains("HEIC"), "{}", ran.err);
    inkgrad(&["predict", "nowhere.png"]).failed(2, &["nowhere.png"]);
    inkgrad(&["read", "nowhere.png"]).failed(2, &["nowhere.png"]);
    let empty = TempDir::new().unwrap();
    inkgrad(&["predict", text(empty.path())]).failed(2, &["no pictures", "png"]);
}

#[test]
fn ones_own_model_prepares_pictures_in_its_size() {
    let bands = crate::Bands::new();
    let model = bands.file("bands.safetensors");
    bands.train(&["--save", text(&model), "--quiet"]).well();
    // The second class: a bright band in the middle of a picture twice as large.
    let pixels: Vec<u8> = (0..256).map(|at| if (6..12).contains(&(at / 16)) { 230 } else { 20 }).collect();
    let file = bands.file("middle.png");
    std::fs::write(&file, png(&pixels, 16, 16, 1).unwrap()).unwrap();
    let events = inkgrad(&["predict", text(&model), text(&file), "--json"]).well().events();
    assert_eq!(events[0]["class"], "1");
    inkgrad(&["predict", text(&model)]).failed(2, &["is a model", "pictures"]);
}

#[test]
fn a_row_of_digits_is_read() {
    let dir = TempDir::new().unwrap();
    let test = DataSet::embedded().unwrap().test;
    // 7 2 1 0 above 4 1 4 9, 140 pixels each.
    let pixel = |at: usize| {
        let (y, x) = (at / 560, at % 560);
        let image = test.image(y / 140 * 4 + x / 140);
        230 - (u32::from(image[y % 140 / 5 * 28 + x % 140 / 5]) * 200 / 255) as u8
    };
    let file = dir.path().join("page.png");
    std::fs::write(&file, png(&(0..280 * 560).map(pixel).collect::<Vec<u8>>(), 280, 560, 1).unwrap())
        .unwrap();
    let out = dir.path().join("out.png");
    let read = inkgrad(&["read", text(&file), "--annotate", text(&out)]).well().out;
    assert_eq!(read, "7210\n4149\n");
    assert!(std::fs::read(&out).unwrap().starts_with(b"\x89PNG"));
    let event = &inkgrad(&["read", text(&file), "--json"]).well().events()[0];
    assert_eq!(event["text"], serde_json::json!(["7210", "4149"]));
    let corner = &event["lines"][1][3]["box"];
    assert!(corner[0].as_f64().unwrap() > 420.0 && corner[1].as_f64().unwrap() > 140.0, "{corner}");
    let unsure = inkgrad(&["read", text(&file), "--sure", "1"]).well().out;
    assert_eq!(unsure, "????\n????\n");
    inkgrad(&["read", text(&file), "--sure", "2"]).failed_to_parse("0 to 1");
}
