// A moving average of the parameters: average[i] += average_rate * (parameters[i] - average[i]).

override COUNT: u32 = 1;
override PARAMETERS_OFFSET: u32 = 0;
override AVERAGE_OFFSET: u32 = 0;

@group(0) @binding(0) var<storage, read> parameters: array<f32>;        // [count]
@group(0) @binding(1) var<storage, read_write> average: array<f32>;     // [count]

fn compute(i: u32) {
    let at = network * STRIDE_1 + AVERAGE_OFFSET + i;
    let old = average[at];
    let now = parameters[network * STRIDE_0 + PARAMETERS_OFFSET + i];
    average[at] = old + scalars.average_rate * (now - old);
}
