"""MODEL_NAME: classifies images of IMAGE_HEIGHT x IMAGE_WIDTH pixels. Written by inkgrad INKGRAD_VERSION.

    python model.py PICTURE...      # needs keras 3 with one of its backends, h5py, pillow

or in a program:

    model = load()
    probabilities = classify(model, images)    # uint8 [batch, IMAGE_HEIGHT, IMAGE_WIDTH, IMAGE_CHANNELS], background 0
"""

from pathlib import Path

import keras
import numpy
from keras import layers

CLASSES = CLASS_NAMES
# For each channel: the network sees pixel / 255 * gain + offset.
GAINS = PIXEL_GAINS
OFFSETS = PIXEL_OFFSETS
# The views of an image that are classified: how far moved down and right, and whether mirrored then; their probabilities are averaged.
VIEWS = PIXEL_VIEWS
MEMBERS = MEMBER_COUNT


# BORDERED MAX
# PADDED MEAN
def network():
    """The layers: normalised float32 images, channels last, to logits."""
    return keras.Sequential(
        [
            keras.Input((IMAGE_HEIGHT, IMAGE_WIDTH, IMAGE_CHANNELS)),
            # LAYERS
        ]
    )


def load(path=Path(__file__).with_name("model.weights.h5")):
    if MEMBERS == 1:
        model = network()
    else:
        images = keras.Input((IMAGE_HEIGHT, IMAGE_WIDTH, IMAGE_CHANNELS))
        model = keras.Model(images, [network()(images) for _ in range(MEMBERS)])
    model.load_weights(path)
    return model


def classify(model, images):
    """uint8 images to the probabilities of their classes."""
    most = max(abs(by) for view in VIEWS for by in view[:2])
    height, width = images.shape[1:3]
    border = ((0, 0), (most, most), (most, most), (0, 0))
    bordered = numpy.pad(images.astype("float32") / 255, border)
    total = 0
    for down, right, mirrored in VIEWS:
        x = bordered[:, most - down : most - down + height, most - right : most - right + width]
        x = x[:, :, ::-1] if mirrored else x
        x = x * numpy.array(GAINS, "float32") + numpy.array(OFFSETS, "float32")
        logits = model(x)
        for one in [logits] if MEMBERS == 1 else logits:
            total = total + keras.ops.convert_to_numpy(keras.ops.softmax(one))
    return total / (len(VIEWS) * MEMBERS)


def main(pictures):
    from PIL import Image

    model = load()
    for picture in pictures:
        image = Image.open(picture).convert("L" if IMAGE_CHANNELS == 1 else "RGB").resize((IMAGE_WIDTH, IMAGE_HEIGHT))
        pixels = numpy.array(image).reshape(1, IMAGE_HEIGHT, IMAGE_WIDTH, IMAGE_CHANNELS)
        probabilities = classify(model, pixels)[0]
        best = int(probabilities.argmax())
        print(f"{picture}: {CLASSES[best]} ({probabilities[best]:.4f})")


if __name__ == "__main__":
    import sys

    main(sys.argv[1:])
