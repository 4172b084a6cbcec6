//! Networks in files: out, and in again.

use std::io::{Cursor, Read};

use inkgrad::data::DataSet;
use serde_json::{Value, json};

use super::{Page, SOFTMAX, losses, named, train};

/// A page with a trained network.
fn trained() -> Page {
    let mut page = Page::with_mnist();
    page.ask(train(SOFTMAX), vec![]);
    page.rest();
    page
}

/// What the current network says of some test images.
fn said(page: &mut Page) -> Vec<Value> {
    let test = DataSet::embedded().unwrap().test;
    let of = |at: usize| {
        let rgba = test.image(at).iter().flat_map(|value| [*value, *value, *value, 255]).collect();
        page.ask(json!({"do": "predict", "model": "current", "width": 28, "height": 28}), vec![rgba]).0["probabilities"].clone()
    };
    (0..5).map(of).collect()
}

fn file(page: &mut Page, format: &str) -> (String, Vec<u8>) {
    let (reply, mut files) = page.ask(json!({"do": "model_out", "format": format}), vec![]);
    (reply["name"].as_str().unwrap().to_owned(), files.remove(0))
}

fn unzipped(bytes: Vec<u8>) -> Vec<(String, Vec<u8>)> {
    let mut archive = zip::ZipArchive::new(Cursor::new(bytes)).unwrap();
    let names: Vec<String> = archive.file_names().map(|name| name.unwrap().into_owned()).collect();
    let read = |name: String| {
        let mut bytes = Vec::new();
        archive.by_name(&name).unwrap().read_to_end(&mut bytes).unwrap();
        (name, bytes)
    };
    names.into_iter().map(read).collect()
}

#[test]
fn a_network_that_comes_back_gives_the_same_answers() {
    let mut page = trained();
    let wanted = said(&mut page);
    let mut files = vec![file(&mut page, "safetensors"), file(&mut page, "onnx")];
    for format in ["pytorch", "keras"] {
        let (name, archive) = file(&mut page, format);
        assert_eq!(name, format!("test.{format}.zip"));
        files.extend(unzipped(archive).into_iter().filter(|(name, _)| !name.ends_with(".py")));
    }
    assert_eq!(files.len(), 4);
    for (name, bytes) in files {
        let mut other = Page::default();
        let (loaded, _) = other.ask(json!({"do": "model_in", "name": name}), vec![bytes]);
        assert_eq!(
            (&loaded["name"], &loaded["step"], &loaded["parameters"]),
            (&json!("test"), &json!(60), &json!(7850))
        );
        assert!(loaded["accuracy"].is_null() && loaded["recipe"].as_str().unwrap().contains("batch = 100"));
        assert_eq!(said(&mut other), wanted, "{name}");
    }
    let (name, archive) = file(&mut page, "c");
    let names: Vec<String> = unzipped(archive).into_iter().map(|(name, _)| name).collect();
    assert_eq!((&name[..], names), ("test.c.zip", vec!["model.h".to_owned(), "model.c".to_owned()]));
}

#[test]
fn a_run_starts_from_a_network_that_was_loaded() {
    let (name, bytes) = file(&mut trained(), "safetensors");
    let mut page = Page::with_mnist();
    let mut from_model = train(SOFTMAX);
    from_model["from"] = json!("model");
    assert_eq!(page.refused(from_model.clone(), vec![])["kind"], "usage");
    let (loaded, _) = page.ask(json!({"do": "model_in", "name": name}), vec![bytes]);
    assert!(loaded["accuracy"].as_f64().unwrap() > 0.8, "{loaded}");
    page.ask(from_model, vec![]);
    let events = page.rest();
    assert!(losses(&events)[0] < 1.0 && !named(&events, "done").is_empty());
}

#[test]
fn what_is_no_network_is_refused_and_the_old_one_stays() {
    let mut page = trained();
    let wanted = said(&mut page);
    let (_, bytes) = file(&mut page, "safetensors");
    for (name, bytes) in [
        ("a.safetensors", bytes[..bytes.len() - 1].to_vec()),
        ("a.onnx", bytes.clone()),
        ("a.h5", vec![]),
        ("a.txt", bytes.clone()),
    ] {
        page.refused(json!({"do": "model_in", "name": name}), vec![bytes]);
    }
    assert_eq!(page.refused(json!({"do": "model_in", "name": "a.onnx"}), vec![])["kind"], "usage");
    assert_eq!(said(&mut page), wanted);
}
