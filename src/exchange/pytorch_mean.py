class PaddedMean(nn.Module):
    """The mean of each window over the values inside the image, with any padding."""

    def __init__(self, size, stride, padding):
        super().__init__()
        self.size, self.stride, self.padding = size, stride, padding

    def forward(self, x):
        def mean(x):
            return nn.functional.avg_pool2d(nn.functional.pad(x, self.padding), self.size, self.stride)

        return mean(x) / mean(torch.ones_like(x))


