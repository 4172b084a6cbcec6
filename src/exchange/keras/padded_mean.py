class PaddedMean(layers.Layer):
    """The mean of each window over the values inside the image, with any padding."""

    def __init__(self, size, strides, padding):
        super().__init__()
        self.size, self.strides, self.padding = size, strides, padding

    def call(self, x):
        def mean(x):
            x = keras.ops.pad(x, ((0, 0), *self.padding, (0, 0)))
            return keras.ops.average_pool(x, self.size, self.strides)

        return mean(x) / mean(keras.ops.ones_like(x))


