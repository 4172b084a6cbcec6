
// ---- the weight of each class in the loss, at binding 4

const IS_WEIGHTED = true;

@group(0) @binding(4) var<storage, read> class_weights: array<f32>;         // [classes]

fn class_weight(class_index: u32) -> f32 {
    return class_weights[network * STRIDE_4 + class_index];
}
