//! A device that is lost: one that is destroyed looks like one whose driver was reset.

use serde_json::json;

use super::{Page, SOFTMAX, losses, named, train};

#[test]
fn a_run_goes_on_where_its_device_is_lost() {
    let mut ends = Vec::new();
    for is_lost in [false, true] {
        let mut page = Page::with_mnist();
        let mut request = train(SOFTMAX);
        request["device"] = json!("gpu");
        page.ask(request, vec![]);
        let mut events = page.advance();
        if is_lost {
            page.engine.host().gpu.take().unwrap().destroy();
        }
        events.extend(page.rest());
        assert!(named(&events, "failed").is_empty(), "{:?}", named(&events, "failed"));
        assert_eq!(named(&events, "recovered").len(), usize::from(is_lost));
        let (_, file) = page.ask(json!({"do": "model_out", "format": "safetensors"}), vec![]);
        ends.push((losses(&events), file));
    }
    assert!(ends[0] == ends[1], "another model");
}
