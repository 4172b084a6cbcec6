
// ---- window: a kernel that slides over the input by strides, padding around it

override HEIGHT: u32 = 1;
override WIDTH: u32 = 1;
override OUT_HEIGHT: u32 = 1;
override OUT_WIDTH: u32 = 1;
override KERNEL_HEIGHT: u32 = 1;
override KERNEL_WIDTH: u32 = 1;
override STRIDE_Y: u32 = 1;
override STRIDE_X: u32 = 1;
/// Rows of padding above the input and columns left of it.
override TOP: u32 = 0;
override LEFT: u32 = 0;

override INPUTS: u32 = HEIGHT * WIDTH;
override OUTPUTS: u32 = OUT_HEIGHT * OUT_WIDTH;
override KERNEL: u32 = KERNEL_HEIGHT * KERNEL_WIDTH;
