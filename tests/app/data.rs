//! Images from files and from a handful of pictures.

use std::io::{Cursor, Write};

use inkgrad::data::{DataSet, Options};
use inkgrad::picture::png;
use serde_json::{Value, json};

use super::{Page, named};

/// A drawing of a bar, 40 x 40 and dark on white: lying or standing, a little elsewhere each time.
fn bar(is_standing: bool, number: usize) -> Vec<u8> {
    let (from, along) = (14 + number % 5, 5 + number % 4);
    (0..1600)
        .map(|at| {
            let (row, column) = (at / 40, at % 40);
            let (across, length) = if is_standing { (column, row) } else { (row, column) };
            let is_ink = (from..from + 5).contains(&across) && (along..along + 26).contains(&length);
            if is_ink { 20 } else { 245 }
        })
        .collect()
}

fn zip(files: &[(String, Vec<u8>)]) -> Vec<u8> {
    let mut writer = zip::ZipWriter::new(Cursor::new(Vec::new()));
    for (name, bytes) in files {
        writer.start_file(name, zip::write::SimpleFileOptions::default()).unwrap();
        writer.write_all(bytes).unwrap();
    }
    writer.finish().unwrap().into_inner()
}

fn folders(side: [usize; 2]) -> Vec<u8> {
    let [height, width] = side;
    let files = (0..40usize).map(|at| {
        let pixels: Vec<u8> = (0..height * width).map(|pixel| (pixel * 7 + at * 13) as u8).collect();
        (format!("set/{}/{at}.png", ["cats", "dogs"][at % 2]), png(&pixels, height, width, 1).unwrap())
    });
    zip(&files.collect::<Vec<_>>())
}

#[test]
fn a_file_in_memory_is_read_as_on_disk() {
    let table: String = (0..40).map(|at| format!("{},{},0,255,{}\n", at % 3, at, 2 * at)).collect();
    let dir = tempfile::TempDir::new().unwrap();
    for (name, bytes) in [("set.zip", folders([6, 5])), ("set.csv", table.into_bytes())] {
        let path = dir.path().join(name);
        std::fs::write(&path, &bytes).unwrap();
        let wanted = DataSet::open(&path).unwrap();
        let given = DataSet::from_bytes(name.as_ref(), bytes.clone(), &Options::default()).unwrap();
        assert_eq!(given.class_names, wanted.class_names);
        let splits = |set: &DataSet| {
            [&set.train, &set.validation, &set.test]
                .map(|split| (split.images().to_vec(), split.labels().to_vec()))
        };
        assert!(splits(&given) == splits(&wanted), "{name}");
        let (data, _) =
            Page::default().ask(json!({"do": "data", "source": "file", "name": name}), vec![bytes]);
        assert_eq!((&data["train"], &data["test"]), (&json!(wanted.train.len()), &json!(wanted.test.len())));
        assert_eq!((&data["height"], &data["width"]), (&json!(wanted.height), &json!(wanted.width)));
    }
}

#[test]
fn large_pictures_are_made_small_unless_a_size_is_asked_for() {
    let mut page = Page::default();
    let mut read = |request: Value, side| {
        let (data, _) = page.ask(request, vec![folders(side)]);
        [&data["height"], &data["width"], &data["channels"]].map(|value| value.as_u64().unwrap())
    };
    let file = || json!({"do": "data", "source": "file", "name": "a.zip"});
    assert_eq!(read(file(), [60, 50]), [60, 50, 1]);
    assert_eq!(read(file(), [120, 100]), [32, 32, 1]);
    let mut asked = file();
    (asked["size"], asked["colour"]) = (json!(100), json!(true));
    assert_eq!(read(asked, [120, 100]), [100, 100, 3]);
    let mut digits = file();
    digits["as_digits"] = json!(true);
    assert_eq!(read(digits, [60, 50]), [28, 28, 1]);
}

#[test]
fn what_is_no_data_is_refused_and_the_old_data_stays() {
    let mut page = Page::with_mnist();
    let zip = folders([6, 5]);
    for (name, bytes) in [
        ("a.zip", zip[..zip.len() / 2].to_vec()),
        ("a.csv", vec![0xff; 99]),
        ("a.png", vec![]),
        ("a.npz", b"PK\x03\x04".to_vec()),
    ] {
        let refused = page.refused(json!({"do": "data", "source": "file", "name": name}), vec![bytes]);
        assert!(refused["message"].as_str().unwrap().len() > 20, "{refused}");
    }
    let pictures = json!({"do": "data", "source": "pictures", "classes": ["a", "b"], "items": [{"name": "x", "class": 0}]});
    assert_eq!(page.refused(pictures.clone(), vec![])["kind"], "usage");
    assert_eq!(page.refused(pictures, vec![vec![1, 2]])["kind"], "data");
    let (hello, _) = page.ask(json!({"do": "hello"}), vec![]);
    assert_eq!(hello["data"]["name"], "MNIST");
}

const SIGNS: &str = r#"
batch = 8
steps = 60
learning_rate = 0.01
optimiser = { kind = "adam" }
augmentation = { shift = 0.05, rotation = 5 }
layers = [
    { kind = "conv2d", channels = 4, kernel = 5 }, { kind = "relu" }, { kind = "max_pool", size = 4 }, { kind = "dense" },
]
"#;

#[test]
fn two_signs_are_taught_with_five_drawings_each() {
    let mut page = Page::default();
    let items: Vec<Value> = (0..10).map(|at| json!({"name": format!("{at}.png"), "class": at % 2})).collect();
    let files = (0..10).map(|at| png(&bar(at % 2 == 1, at), 40, 40, 1).unwrap()).collect();
    let classes = ["lying", "standing"];
    let request =
        json!({"do": "data", "source": "pictures", "classes": classes, "items": items, "as_digits": true});
    let (data, _) = page.ask(request, files);
    assert_eq!(
        (&data["classes"], &data["counts"], &data["validation"]),
        (&json!(classes), &json!([5, 5]), &json!(0))
    );
    page.ask(json!({"do": "train", "recipe": SIGNS, "device": "cpu"}), vec![]);
    let events = page.rest();
    // There are no other pictures, and it is said.
    let (done, _) = named(&events, "done")[0];
    assert_eq!((&done["of"], &done["images"]), (&json!("training"), &json!(10)));
    for at in 10..16 {
        let rgba: Vec<u8> =
            bar(at % 2 == 1, at + 3).iter().flat_map(|grey| [*grey, *grey, *grey, 255]).collect();
        let (said, _) =
            page.ask(json!({"do": "predict", "model": "current", "width": 40, "height": 40}), vec![rgba]);
        assert_eq!(said["class"], at % 2, "{said}");
    }
}
