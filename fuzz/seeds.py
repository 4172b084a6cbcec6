#!/usr/bin/env python3
"""Writes the inputs of fuzzing that other programs make, corpus/TARGET/NAME: pictures (Pillow), ONNX (PyTorch's exporter of
TorchScript), weights of Keras. Requires numpy, pillow, torch, onnx, keras, h5py.

    fuzz/seeds.py"""
import io, os, pathlib

os.environ["KERAS_BACKEND"] = "torch"
import numpy as np
from PIL import Image
import torch, keras

CORPUS = pathlib.Path(__file__).resolve().parent / "corpus"


def write(target, name, data):
    (CORPUS / target).mkdir(parents=True, exist_ok=True)
    (CORPUS / target / name).write_bytes(data)


def picture(name, image, kind, **options):
    file = io.BytesIO()
    image.save(file, kind, **options)
    write("picture", name, file.getvalue())


grey = np.full((17, 15), 220, np.uint8)
grey[3:14, 6:9] = 20
grey = Image.fromarray(grey)
colour = Image.merge("RGB", [grey, grey.rotate(30, fillcolor=200), grey.rotate(60, fillcolor=180)])
transparent = colour.copy()
transparent.putalpha(grey.point(lambda value: 255 - value))
exif = Image.Exif()
exif[0x0112] = 6
picture("progressive.jpg", colour, "JPEG", progressive=True, quality=60)
picture("turned.jpg", grey, "JPEG", exif=exif)
picture("cmyk.jpg", colour.convert("CMYK"), "JPEG")
picture("palette.png", colour.quantize(8), "PNG", transparency=3)
picture("bits.png", grey.convert("1"), "PNG")
picture("turned.png", transparent, "PNG", exif=exif)
picture("frames.gif", colour.quantize(8), "GIF", save_all=True, append_images=[grey.quantize(4)], transparency=2)
picture("bits.bmp", grey.convert("1"), "BMP")
picture("palette.bmp", colour.quantize(8), "BMP")
for compression in ["tiff_lzw", "packbits", "tiff_deflate", "jpeg"]:
    picture(compression.removeprefix("tiff_") + ".tif", colour, "TIFF", compression=compression)
picture("fax.tif", grey.convert("1"), "TIFF", compression="group4")
picture("lossy.webp", transparent, "WEBP", quality=50)
picture("frames.webp", colour, "WEBP", save_all=True, append_images=[grey.convert("RGB")], lossless=True)

torch.manual_seed(1)
network = torch.nn.Sequential(
    torch.nn.Conv2d(1, 2, 3, padding=1), torch.nn.BatchNorm2d(2), torch.nn.ReLU(), torch.nn.MaxPool2d(2),
    torch.nn.Flatten(), torch.nn.Dropout(0.1), torch.nn.Linear(18, 3), torch.nn.Softmax(1)).eval()
for name, folded in [("torch.onnx", True), ("torch-training.onnx", False)]:
    file = io.BytesIO()
    training = torch.onnx.TrainingMode.EVAL if folded else torch.onnx.TrainingMode.PRESERVE
    torch.onnx.export(network, torch.zeros(1, 1, 6, 6), file, dynamo=False, training=training,
                      do_constant_folding=folded, dynamic_axes={"pixels": {0: "batch"}}, input_names=["pixels"])
    write("onnx", name, file.getvalue())

model = keras.Sequential([keras.layers.Input((3, 2, 1)), keras.layers.Flatten(),
                          keras.layers.Dense(4, activation="relu"), keras.layers.Dense(3)])
path = CORPUS / "keras" / "keras.weights.h5"
path.parent.mkdir(parents=True, exist_ok=True)
model.save_weights(path)
