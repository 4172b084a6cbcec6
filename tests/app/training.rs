//! Runs: their losses, validations and ends.

use inkgrad::cpu;
use inkgrad::data::DataSet;
use inkgrad::executor::Device;
use inkgrad::model_file::Model;
use inkgrad::network::{Network, Task};
use inkgrad::recipe::Recipe;
use inkgrad::train::{Trainer, TrainerOptions, evaluate_members};
use pollster::block_on;
use serde_json::{Value, json};

use super::{Page, SOFTMAX, canvas, losses, named, train};

/// The losses and the test of the same run by the trainer alone.
fn by_the_trainer(text: &str) -> (Vec<f32>, f64, f64) {
    let data = DataSet::embedded().unwrap();
    let recipe = Recipe::read(text).unwrap();
    let network = Network::new(Task::from(&data), recipe.normalisation, &recipe.layers).unwrap();
    let device = Device::Cpu(cpu::Device::with_threads(2));
    block_on(async {
        let options = TrainerOptions { seed: 5, ..TrainerOptions::default() };
        let mut trainer = Trainer::new(&device, &network, &recipe, &data.train, options).await.unwrap();
        while !trainer.is_done() {
            trainer.advance().await.unwrap();
        }
        let losses = trainer.finish().await.unwrap();
        let weights = [trainer.weights(0).await.unwrap()];
        let test = evaluate_members(&device, &network, &weights, recipe.views, &data.test).await.unwrap();
        (losses, test.accuracy(), test.loss)
    })
}

#[test]
fn a_run_is_that_of_the_trainer() {
    let mut page = Page::with_mnist();
    let (started, _) = page.ask(train(SOFTMAX), vec![]);
    assert_eq!(
        (&started["steps"], &started["parameters"], &started["device"]),
        (&json!(60), &json!(7850), &json!("cpu"))
    );
    let events = page.rest();
    let (wanted, accuracy, loss) = by_the_trainer(SOFTMAX);
    assert_eq!(losses(&events), wanted);
    let (done, images) = named(&events, "done")[0];
    assert_eq!((&done["step"], &done["stopped"], &done["of"]), (&json!(60), &json!(false), &json!("test")));
    assert_eq!(done["accuracy"], accuracy);
    assert!((done["loss"].as_f64().unwrap() - loss).abs() < 1e-5 * loss);
    let mistakes = done["mistakes"].as_array().unwrap();
    assert!(!mistakes.is_empty() && mistakes.iter().all(|mistake| mistake["label"] != mistake["said"]));
    assert_eq!(images[0].len(), 784 * mistakes.len());
    let confusion: u64 = done["confusion"]
        .as_array()
        .unwrap()
        .iter()
        .flat_map(|row| row.as_array().unwrap())
        .map(|count| count.as_u64().unwrap())
        .sum();
    assert_eq!(confusion, 10_000);
    // Validations come often at first, each with the filters.
    let steps: Vec<u64> =
        named(&events, "validation").iter().map(|(event, _)| event["step"].as_u64().unwrap()).collect();
    assert_eq!(steps.len(), 19);
    assert!(steps.is_sorted() && steps[0] == 1 && steps[18] < 60, "{steps:?}");
    let (filters, values) = named(&events, "filters")[0];
    assert_eq!((&filters["count"], &filters["height"], values[0].len()), (&json!(10), &json!(28), 4 * 7840));
    // What was trained is the current network.
    let (saved, file) = page.ask(json!({"do": "model_out", "format": "safetensors"}), vec![]);
    assert_eq!(saved["name"], "test.safetensors");
    let model = Model::from_bytes("test".as_ref(), &file[0]).unwrap();
    assert_eq!((model.steps, model.seed), (60, 5));
}

#[test]
fn pausing_changes_no_bit() {
    let mut page = Page::with_mnist();
    page.ask(train(SOFTMAX), vec![]);
    let mut events = page.advance();
    for _ in 0..100 {
        if named(&events, "validation").is_empty() {
            events.extend(page.advance());
        }
    }
    assert!(!named(&events, "validation").is_empty());
    for _ in 0..3 {
        page.ask(json!({"do": "pause"}), vec![]);
        events.extend(page.rest());
        let (hello, _) = page.ask(json!({"do": "hello"}), vec![]);
        assert_eq!(hello["run"]["is_paused"], true);
        // All that has been handed over has been told.
        assert_eq!(hello["run"]["step"], losses(&events).len());
        told_again(&mut page, &events);
        page.ask(json!({"do": "continue"}), vec![]);
        events.extend(page.advance());
        events.extend(page.advance());
    }
    events.extend(page.rest());
    assert_eq!(losses(&events), by_the_trainer(SOFTMAX).0);
}

/// A page that comes to a run later is told the losses and validations of its events.
fn told_again(page: &mut Page, events: &[super::Told]) {
    let (history, bytes) = page.ask(json!({"do": "history"}), vec![]);
    let told: Vec<u8> = losses(events).iter().flat_map(|loss| loss.to_le_bytes()).collect();
    assert_eq!(bytes[0], told);
    let steps = |events: Vec<&Value>| events.iter().map(|event| event["step"].clone()).collect::<Vec<_>>();
    assert_eq!(
        steps(history["validations"].as_array().unwrap().iter().collect()),
        steps(named(events, "validation").iter().map(|(event, _)| event).collect())
    );
}

#[test]
fn a_run_that_is_stopped_keeps_its_network() {
    let mut page = Page::with_mnist();
    page.ask(train(SOFTMAX), vec![]);
    let mut events = page.advance();
    page.ask(json!({"do": "stop"}), vec![]);
    events.extend(page.rest());
    let (done, _) = named(&events, "done")[0];
    assert_eq!((&done["stopped"], &done["step"]), (&json!(true), &json!(losses(&events).len())));
    assert!(losses(&events).len() < 60);
    page.ask(json!({"do": "model_out", "format": "safetensors"}), vec![]);
    page.ask(json!({"do": "reset"}), vec![]);
    let refused = page.refused(json!({"do": "model_out", "format": "safetensors"}), vec![]);
    assert_eq!(refused["kind"], "usage");
}

#[test]
fn the_rate_is_multiplied_from_now_on() {
    let mut page = Page::with_mnist();
    page.ask(train(&SOFTMAX.replace("\"dense\"", "\"dense\", initial = \"zeros\"")), vec![]);
    page.ask(json!({"do": "rate", "factor": 0.0}), vec![]);
    let events = page.rest();
    // Without learning the loss of a network of zeros stays that of ten equal answers.
    assert!(losses(&events).iter().all(|loss| (loss - 10f32.ln()).abs() < 1e-6));
    assert!(named(&events, "losses").iter().all(|(event, _)| event["rate"] == 0.0));
    page.ask(train(SOFTMAX), vec![]);
    assert_eq!(page.refused(json!({"do": "rate", "factor": -1}), vec![])["kind"], "usage");
}

#[test]
fn a_digit_is_recognised_by_both_networks() {
    let mut page = Page::with_mnist();
    page.ask(train(SOFTMAX), vec![]);
    page.rest();
    let data = DataSet::embedded().unwrap();
    // An image of the test set, dark on white as on a canvas.
    let at = data.test.labels().iter().position(|label| *label == 3).unwrap();
    let rgba: Vec<u8> =
        data.test.image(at).iter().flat_map(|value| [255 - value, 255 - value, 255 - value, 255]).collect();
    for model in ["built_in", "current"] {
        let request = json!({"do": "predict", "model": model, "width": 28, "height": 28});
        let (reply, seen) = page.ask(request, vec![rgba.clone()]);
        assert_eq!((&reply["class"], &reply["names"][3]), (&json!(3), &json!("3")), "{model}");
        assert_eq!(seen[0].len(), 784);
    }
    let (height, width, rgba) = canvas("docs/number.jpg");
    let (read, _) = page.ask(json!({"do": "read", "width": width, "height": height}), vec![rgba]);
    let line: String =
        read["lines"][0].as_array().unwrap().iter().map(|mark| mark["class"].as_str().unwrap()).collect();
    assert!(line.len() > 3, "{read}");
}

#[test]
fn what_is_wrong_is_said() {
    let mut page = Page::default();
    let refused = page.refused(train(SOFTMAX), vec![]);
    assert!(refused["message"].as_str().unwrap().contains("load some first"));
    for request in
        [json!({"do": "dance"}), json!({"do": "rate"}), json!({"do": "hello", "more": 1}), json!({})]
    {
        let refused = page.refused(request, vec![]);
        assert_eq!(refused["kind"], "request", "{refused}");
    }
    let check = |recipe: String| json!({"do": "check", "recipe": recipe});
    let (checked, _) = page.ask(check(SOFTMAX.into()), vec![]);
    assert_eq!((&checked["parameters"], &checked["steps"]), (&json!(7850), &json!(60)));
    for (from, to, line, column) in [
        ("steps = 60", "steps = 0", 3, 1),
        ("steps = 60", "stepz = 60", 3, 1),
        ("steps = 60", "steps = ", 3, 9),
        ("\"sgd\"", "\"sgt\"", 5, 15),
        ("{ kind = \"dense\" }", "{ kind = \"dense\", units = 3 }", 6, 11),
        ("[{ kind", "[{ kind = \"conv2d\", channels = 3, kernel = 40 }, { kind", 6, 11),
    ] {
        assert!(SOFTMAX.contains(from));
        let refused = page.refused(check(SOFTMAX.replacen(from, to, 1)), vec![]);
        assert_eq!(
            (&refused["kind"], &refused["line"], &refused["column"]),
            (&json!("recipe"), &json!(line), &json!(column)),
            "{refused}"
        );
    }
    let refused = page.refused(json!({"do": "predict", "width": 3, "height": 3}), vec![vec![0; 9]]);
    assert_eq!(refused["kind"], "data");
    let refused =
        page.refused(json!({"do": "predict", "model": "current", "width": 1, "height": 1}), vec![vec![0; 4]]);
    assert_eq!(refused["kind"], "usage");
}
