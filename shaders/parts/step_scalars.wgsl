
// ---- step scalars: the few numbers that change from step to step (StepScalars in src/plan/mod.rs)

struct StepScalars {
    first_row: u32,     // of this step in tensors that hold a whole block of steps
    step: u32,
    learning_rate: f32,
    correction1: f32,   // Adam's 1 / (1 - beta1^t) and 1 / (1 - beta2^t)
    correction2: f32,
    seed_low: u32,
    seed_high: u32,
    average_rate: f32,  // of averaged weights
}

@group(1) @binding(0) var<uniform> scalars: StepScalars;
