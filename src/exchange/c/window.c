/* Sizes of a layer whose windows move over maps; sides are in the order vertical, horizontal. */
struct window {
    int in_channels, in[2], out_channels, out[2], kernel[2], stride[2], padding[2];
};

