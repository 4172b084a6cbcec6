//! What is written is read again: as the same model, or where a description is missing or false as the same network.

use std::path::Path;

use inkgrad::Result;
use inkgrad::exchange::{Said, keras, onnx, pytorch};
use inkgrad::model_file::Model;
use inkgrad::recipe::Recipe;

use super::networks::{model, models, recipe};

fn read(bytes: &[u8], recipe: Option<&Recipe>) -> Result<Model> {
    onnx::read(Path::new("dir/small.onnx"), bytes, Said { recipe, size: None }, &|name| {
        panic!("{name} was asked for")
    })
}

fn options() -> [onnx::Options; 4] {
    use onnx::{Input, Options, Output};
    let of = |input, output| Options { input, output };
    [
        of(Input::Bytes, Output::Probabilities),
        of(Input::Floats, Output::Probabilities),
        of(Input::Bytes, Output::Logits),
        of(Input::Floats, Output::Logits),
    ]
}

#[test]
fn the_same_model_comes_back() {
    for model in models() {
        for options in options() {
            let bytes = onnx::write(&model, options).unwrap();
            assert_eq!(bytes, onnx::write(&model, options).unwrap());
            let again = read(&bytes, None).unwrap();
            assert_eq!(again.to_bytes().unwrap(), model.to_bytes().unwrap());
        }
    }
}

#[test]
fn the_same_model_comes_back_from_pytorch_and_keras() {
    for model in models() {
        let bytes = pytorch::weights(&model).unwrap();
        let again = pytorch::read(Path::new("small.pt.safetensors"), &bytes, Said::default()).unwrap();
        assert_eq!(again.to_bytes().unwrap(), model.to_bytes().unwrap());
        let bytes = keras::weights(&model).unwrap();
        let again = keras::read(Path::new("small.weights.h5"), &bytes, Said::default()).unwrap();
        assert_eq!(again.to_bytes().unwrap(), model.to_bytes().unwrap());
    }
}

/// As another program's file: without the metadata. Ensembles and views are then no chain of layers any more.
#[test]
fn a_network_without_its_description_comes_back() {
    for model in models() {
        let is_chain = model.members.len() == 1 && model.recipe.views.list().len() == 1;
        for options in options() {
            let mut bytes = onnx::write(&model, options).unwrap();
            forget(&mut bytes);
            if !is_chain {
                let told = read(&bytes, None).unwrap_err().to_string();
                let reasons = ["branches", "border", "no such layer"];
                let is_told = told.contains("node `") && reasons.iter().any(|reason| told.contains(reason));
                assert!(is_told, "{told}");
                continue;
            }
            let again = read(&bytes, None).unwrap();
            assert_eq!(again.members, model.members);
            assert_eq!(again.network.task, model.network.task);
            assert_eq!(again.name, "small");

            near(&again, &model);
            // With the recipe it is trained further as before, dropout included.
            let again = read(&bytes, Some(&model.recipe)).unwrap();
            assert_eq!(again.recipe.layers, model.recipe.layers);
            assert_eq!(again.recipe.batch, 20);
        }
    }
}

/// The same normalisation but for rounding.
fn near(one: &Model, other: &Model) {
    let values = |model: &Model| {
        let text = serde_json::to_value(model.recipe.normalisation).unwrap();
        ["mean", "std"].map(|key| match &text[key] {
            serde_json::Value::Array(values) => {
                values.iter().map(|v| v.as_f64().unwrap()).collect::<Vec<_>>()
            }
            value => vec![value.as_f64().unwrap()],
        })
    };
    for (one, other) in values(one).iter().flatten().zip(values(other).iter().flatten()) {
        assert!((one - other).abs() < 1e-5, "{one} {other}");
    }
}

/// A description that is not true of the graph is not believed.
#[test]
fn a_changed_graph_is_read_for_what_it_is() {
    let model = &models()[1];
    let mut bytes = onnx::write(model, onnx::Options::default()).unwrap();
    let at = find(&bytes, b"Tanh");
    bytes[at..at + 4].copy_from_slice(b"Relu");
    let again = read(&bytes, None).unwrap();
    assert_ne!(again.recipe.layers, model.recipe.layers);
    assert_eq!((again.recipe.steps, again.seed), (None, 0));
    let at = find(&bytes, b"Relu");
    bytes[at..at + 4].copy_from_slice(b"Relo");
    let told = read(&bytes, None).unwrap_err().to_string();
    assert!(told.contains("dir/small.onnx: node `relu1` (Relo): inkgrad has no such layer"), "{told}");
}

#[test]
fn a_recipe_of_other_layers_is_refused() {
    let model = &models()[1];
    let bytes = onnx::write(model, onnx::Options::default()).unwrap();
    let other =
        recipe("layers = [{ kind = \"dense\", units = 9 }, { kind = \"relu\" }, { kind = \"dense\" }]");
    let told = read(&bytes, Some(&other)).unwrap_err().to_string();
    assert!(told.contains("layer 1 is Conv"), "{told}");
}

/// Makes the metadata's key unknown.
fn forget(bytes: &mut [u8]) {
    let at = find(bytes, b"\x0a\x07inkgrad\x12");
    bytes[at + 2] = b'x';
}

fn find(bytes: &[u8], what: &[u8]) -> usize {
    bytes.windows(what.len()).position(|window| window == what).expect("it is there")
}

#[test]
fn names_of_classes_are_in_the_metadata() {
    let first = &models()[0];
    let bytes = onnx::write(first, onnx::Options::default()).unwrap();
    find(&bytes, br#"["class \"0\"","class \"1\"","class \"2\""]"#);
    let mut unnamed = model(first.network.task, first.recipe.clone(), 1);
    unnamed.class_names.clear();
    let bytes = onnx::write(&unnamed, onnx::Options::default()).unwrap();
    find(&bytes, br#"["0","1","2"]"#);
}

/// With a recipe the weights alone are enough, whatever the modules are called.
#[test]
fn weights_without_a_description_come_back_with_a_recipe() {
    for model in models().into_iter().filter(|model| model.members.len() == 1) {
        let said = Said { recipe: Some(&model.recipe), size: Some([9, 8]) };
        let mut bytes = pytorch::weights(&model).unwrap();
        let at = find(&bytes, b"\"inkgrad\":");
        bytes[at + 1] = b'x';
        let again = pytorch::read(Path::new("small.safetensors"), &bytes, said).unwrap();
        assert_eq!((&again.members, again.network.task), (&model.members, model.network.task));
        let told = pytorch::read(Path::new("small"), &bytes, Said::default()).unwrap_err().to_string();
        assert!(told.contains("--recipe FILE"), "{told}");

        let mut bytes = keras::weights(&model).unwrap();
        let at = find(&bytes, b"\x07\0inkgrad") + 2;
        bytes[at] = b'x';
        let again = keras::read(Path::new("small.weights.h5"), &bytes, said).unwrap();
        assert_eq!((&again.members, again.network.task), (&model.members, model.network.task));
    }
}

/// Keras' own file, of a network with a kernel without bias, batch normalisation and a dense layer after flattening.
#[test]
fn weights_that_keras_wrote() {
    let bytes = include_bytes!("keras.weights.h5");
    let layers = r#"layers = [
        { kind = "conv2d", channels = 4, kernel = 3, padding = "same", bias = false },
        { kind = "batch_norm", epsilon = 0.001 },
        { kind = "relu" },
        { kind = "max_pool", size = 2 },
        { kind = "conv2d", channels = 3, kernel = 3 },
        { kind = "dense", units = 5 },
        { kind = "dropout", rate = 0.2 },
        { kind = "dense" },
    ]"#;
    let fitting = recipe(layers);
    let model = keras::read(Path::new("it"), bytes, Said { recipe: Some(&fitting), size: None }).unwrap();
    assert_eq!(model.network.task, inkgrad::network::Task::grey(8, 8, 3));
    let other = recipe(&layers.replace("units = 5", "units = 6"));
    let told = keras::read(Path::new("it"), bytes, Said { recipe: Some(&other), size: None })
        .unwrap_err()
        .to_string();
    assert!(told.contains("not those of the recipe's layers") && told.contains("conv2d_1"), "{told}");
}
