//! What computes a step, and whether it is right.

use inkgrad::plan::Op;
use serde_json::{Value, json};

use super::{Page, SOFTMAX, named, train};

#[test]
fn the_plan_is_explained_with_its_texts() {
    let mut page = Page::default();
    // Nothing is trained yet: the built-in classifier's.
    let (explained, _) = page.ask(json!({"do": "explain"}), vec![]);
    let ops = explained["ops"].as_array().unwrap();
    let has = |op: &str, layer: Value| ops.iter().any(|one| one["op"] == op && one["layer"] == layer);
    for (op, layer) in [
        ("conv2d", json!("conv1")),
        ("max_pool2d", json!("max_pool1")),
        ("matmul", json!("dense2")),
        ("relu_gradient", json!("relu3")),
        ("conv2d_input_gradient", json!("conv2")),
        ("softmax_cross_entropy", Value::Null),
        ("adam", Value::Null),
        ("loss_sum", Value::Null),
    ] {
        assert!(has(op, layer.clone()), "{op} {layer}: {explained}");
    }
    assert!(ops.iter().all(|op| op["variants"][0] == "plain" && op["chosen"].is_null()));
    for op in Op::NAMES {
        let (texts, _) = page.ask(json!({"do": "source", "op": op}), vec![]);
        assert!(texts["wgsl"].as_str().unwrap().contains("fn main("), "{op}");
        assert!(texts["reference"].as_str().unwrap().contains("fn "), "{op}");
        assert!(texts["cpu"].as_str().unwrap().contains("impl "), "{op}");
    }
    assert_eq!(page.refused(json!({"do": "source", "op": "dance"}), vec![])["kind"], "usage");
    let refused = page.refused(json!({"do": "source", "op": "relu", "variant": "fast"}), vec![]);
    assert!(refused["message"].as_str().unwrap().contains("plain"));
}

#[test]
fn times_are_of_the_plan_that_is_explained() {
    let mut page = Page::with_mnist();
    let mut request = train(SOFTMAX);
    for device in ["cpu", "gpu"] {
        request["device"] = json!(device);
        page.ask(request.clone(), vec![]);
        page.advance();
        let (explained, _) = page.ask(json!({"do": "explain"}), vec![]);
        let ops = explained["ops"].as_array().unwrap();
        assert_eq!(ops.iter().all(|op| op["chosen"].is_null()), device == "cpu");
        let (times, _) = page.ask(json!({"do": "times"}), vec![]);
        // A software GPU may have no timestamps.
        if let Some(times) = times["ops"].as_array() {
            assert_eq!(times.len(), ops.len());
            assert!(times.iter().map(|time| time.as_f64().unwrap()).sum::<f64>() > 0.0);
        } else {
            assert_eq!(device, "gpu");
        }
        page.ask(json!({"do": "reset"}), vec![]);
    }
}

#[test]
fn verification_goes_on_beside_other_requests_and_can_be_ended() {
    let mut page = Page::default();
    let (verifying, _) = page.ask(json!({"do": "verify", "device": "cpu"}), vec![]);
    let cases = verifying["cases"].as_u64().unwrap();
    let mut events = page.advance();
    page.ask(json!({"do": "hello"}), vec![]);
    events.extend(page.advance());
    let verified = named(&events, "verified");
    assert!(!verified.is_empty() && (verified.len() as u64) < cases, "{} of {cases}", verified.len());
    assert!(verified.iter().all(|(event, _)| event["passed"] == true && event["tolerance"].is_number()));
    page.ask(json!({"do": "cancel"}), vec![]);
    assert!(!page.engine.is_busy());
}
