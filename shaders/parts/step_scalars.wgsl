
// ---- step scalars: the few numbers that change from step to step (StepScalars in src/plan/mod.rs)

struct StepScalars {
    first_row: u32,     // of this step in tensors that hold a whole block of steps
    step: u32,
    same_seed: u32,     // 0: network k's seed is k more than the first one's; 1: all have the same
    correction1: f32,   // Adam's 1 / (1 - beta1^t) and 1 / (1 - beta2^t)
    correction2: f32,
    seed_low: u32,
    seed_high: u32,
    average_rate: f32,  // of averaged weights
    learning_rates: array<vec4<f32>, 4>,    // of each network
}

@group(1) @binding(0) var<uniform> scalars: StepScalars;

fn learning_rate() -> f32 {
    return scalars.learning_rates[network / 4u][network % 4u];
}
