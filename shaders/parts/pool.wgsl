
// ---- pooling: sizes, and where windows and values lie. Rows and columns are counted from the padding's first, so that none
// is below zero

/// Images times channels.
override MAPS: u32 = 1;

/// Part of a map: its first row and column, and those after its last.
struct Area {
    top: u32,
    bottom: u32,
    left: u32,
    right: u32,
}

/// The part of a window that lies inside the image.
fn window_area(row: u32, column: u32) -> Area {
    let y = row * STRIDE_Y;
    let x = column * STRIDE_X;
    return Area(max(y, TOP), min(y + KERNEL_HEIGHT, TOP + HEIGHT), max(x, LEFT), min(x + KERNEL_WIDTH, LEFT + WIDTH));
}

/// The windows that hold a value: rows and columns of the output.
fn windows_of(y: u32, x: u32) -> Area {
    return Area(
        (max(y + 1u, KERNEL_HEIGHT) - KERNEL_HEIGHT + STRIDE_Y - 1u) / STRIDE_Y, min(y / STRIDE_Y + 1u, OUT_HEIGHT),
        (max(x + 1u, KERNEL_WIDTH) - KERNEL_WIDTH + STRIDE_X - 1u) / STRIDE_X, min(x / STRIDE_X + 1u, OUT_WIDTH));
}

/// Where a value is in its tensor.
fn input_at(map: u32, y: u32, x: u32) -> u32 {
    return (map * HEIGHT + y - TOP) * WIDTH + x - LEFT;
}
