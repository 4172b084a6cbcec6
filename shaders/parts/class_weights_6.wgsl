
// ---- the weight of each class in the loss, at binding 6

const IS_WEIGHTED = true;

@group(0) @binding(6) var<storage, read> class_weights: array<f32>;         // [classes]

fn class_weight(class_index: u32) -> f32 {
    return class_weights[network * STRIDE_6 + class_index];
}
