class BorderedMax(layers.Layer):
    """The largest value of each window, with any padding."""

    def __init__(self, size, strides, padding):
        super().__init__()
        self.size, self.strides, self.padding = size, strides, padding

    def call(self, x):
        x = keras.ops.pad(x, ((0, 0), *self.padding, (0, 0)), constant_values=-3.0e38)
        return keras.ops.max_pool(x, self.size, self.strides)


