"""Prints by how much ONNX Runtime's probabilities differ, at most, from those in a JSON file. onnx.js runs it."""

import json
import sys

import numpy
import onnxruntime

model, images = sys.argv[1:]
session = onnxruntime.InferenceSession(model)
largest = 0.0
for image in json.load(open(images)):
    shape = image["shape"]
    pixels = numpy.array(image["seen"], numpy.uint8).reshape(1, shape["channels"], shape["height"], shape["width"])
    probabilities = session.run(None, {"pixels": pixels})[0][0]
    largest = max(largest, float(numpy.abs(probabilities - numpy.array(image["probabilities"])).max()))
print(largest)
