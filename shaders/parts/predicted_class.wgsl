
// ---- the class that a row's logits predict

/// The class of the largest logit, the first of equals.
fn predicted_class(row: u32) -> u32 {
    let start = network * STRIDE_0 + row * CLASSES;
    var largest = logits[start];
    var predicted = 0u;
    for (var class_index = 1u; class_index < CLASSES; class_index++) {
        let logit = logits[start + class_index];
        if (logit > largest) {
            largest = logit;
            predicted = class_index;
        }
    }
    return predicted;
}
