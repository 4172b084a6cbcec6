"""MODEL_NAME: classifies images of IMAGE_HEIGHT x IMAGE_WIDTH pixels. Written by inkgrad INKGRAD_VERSION.

    python model.py PICTURE...      # needs torch, safetensors, numpy, pillow

or in a program:

    classifier = Classifier.load()
    probabilities = classifier(images)    # uint8 [batch, IMAGE_CHANNELS, IMAGE_HEIGHT, IMAGE_WIDTH], background 0
"""

from pathlib import Path

import torch
from safetensors.torch import load_file
from torch import nn

CLASSES = CLASS_NAMES
# For each channel: the network sees pixel / 255 * gain + offset.
GAINS = PIXEL_GAINS
OFFSETS = PIXEL_OFFSETS
# The views of an image that are classified: how far moved down and right, and whether mirrored then; their probabilities are averaged.
VIEWS = PIXEL_VIEWS
MEMBERS = MEMBER_COUNT


# PADDED MEAN
def network():
    """The layers: normalised float32 images to logits."""
    return nn.Sequential(
        # MODULES
    )


class Classifier(nn.Module):
    """uint8 images to the probabilities of their classes."""

    def __init__(self):
        super().__init__()
        self.networks = nn.ModuleList(network() for _ in range(MEMBERS))
        self.register_buffer("gains", torch.tensor(GAINS).reshape(-1, 1, 1), persistent=False)
        self.register_buffer("offsets", torch.tensor(OFFSETS).reshape(-1, 1, 1), persistent=False)

    @staticmethod
    def load(path=Path(__file__).with_name("model.safetensors")):
        classifier = Classifier()
        networks = classifier.networks[0] if MEMBERS == 1 else classifier.networks
        networks.load_state_dict(load_file(path))
        return classifier.eval()

    def forward(self, images):
        most = max(abs(by) for view in VIEWS for by in view[:2])
        height, width = images.shape[-2:]
        bordered = nn.functional.pad(images.float() / 255, (most, most, most, most))
        total = 0
        for down, right, mirrored in VIEWS:
            x = bordered[..., most - down : most - down + height, most - right : most - right + width]
            x = x.flip(-1) if mirrored else x
            x = x * self.gains + self.offsets
            for one in self.networks:
                total = total + one(x).softmax(-1)
        return total / (len(VIEWS) * MEMBERS)


def main(pictures):
    import numpy
    from PIL import Image

    classifier = Classifier.load()
    for picture in pictures:
        image = Image.open(picture).convert("L" if IMAGE_CHANNELS == 1 else "RGB").resize((IMAGE_WIDTH, IMAGE_HEIGHT))
        pixels = torch.from_numpy(numpy.array(image)).reshape(1, IMAGE_HEIGHT, IMAGE_WIDTH, IMAGE_CHANNELS)
        with torch.no_grad():
            probabilities = classifier(pixels.permute(0, 3, 1, 2))[0]
        best = int(probabilities.argmax())
        print(f"{picture}: {CLASSES[best]} ({probabilities[best]:.4f})")


if __name__ == "__main__":
    import sys

    main(sys.argv[1:])
