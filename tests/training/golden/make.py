"""Makes vectors.json: what PyTorch computes for small networks, optimisers and schedules, for tests/training/golden/mod.rs.

    python3 -m venv VENV && VENV/bin/pip install torch==2.15.0 && VENV/bin/python tests/training/golden/make.py

Each case is a recipe and the PyTorch network that it means: same parameters, same images, and then the loss, the
gradients of the first step, and parameters and running statistics after the last.
"""

import json
import pathlib

import torch
from torch import nn

BATCH, HEIGHT, WIDTH, CLASSES = 4, 9, 8, 3
torch.manual_seed(1)

images = torch.tensor([at * 83 % 256 for at in range(BATCH * HEIGHT * WIDTH)]).reshape(BATCH, 1, HEIGHT, WIDTH)
labels = torch.tensor([row * 2 % 3 for row in range(BATCH)])
pixels = (images / 255.0 - 0.25) / 0.5
# The same bytes as images of 6 x 4 pixels in red, green and blue, each normalised its own way.
MEANS, STDS = (0.25, 0.5, 0.4), (0.5, 0.25, 0.3)
colours = images.reshape(BATCH, 3, 6, 4) / 255.0
colours = (colours - torch.tensor(MEANS).reshape(3, 1, 1)) / torch.tensor(STDS).reshape(3, 1, 1)


def numbers(tensor):
    return [float(f"{value:.9g}") for value in tensor.detach().flatten().tolist()]


def case(name, recipe, network, make_optimiser, steps=1, loss=None, after_step=None, clip=None,
         in_colour=False):
    """One case; `network` is a list of (layer name in inkgrad or None, module)."""
    loss = loss or nn.CrossEntropyLoss()
    model = nn.Sequential(*[module for _, module in network])
    model.train()

    def named(read):
        found = {}
        for layer, module in network:
            for parameter in ("weight", "bias"):
                value = getattr(module, parameter, None) if layer else None
                if value is not None:
                    found[f"{layer}.{parameter}"] = numbers(read(value))
        return found

    mean, std = (list(MEANS), list(STDS)) if in_colour else (0.25, 0.5)
    head = f"batch = {BATCH}\nsteps = {steps}\nnormalisation = {{ mean = {mean}, std = {std} }}\n"
    result = {"name": name, "recipe": head + recipe, "parameters": named(lambda p: p)}
    if in_colour:
        result["in_colour"] = True
    optimiser = make_optimiser(model.parameters())
    result["losses"] = []
    for step in range(steps):
        optimiser.zero_grad()
        value = loss(model(colours if in_colour else pixels), labels)
        value.backward()
        if clip:
            nn.utils.clip_grad_norm_(model.parameters(), clip)
        if step == 0:
            result["gradients"] = named(lambda p: p.grad)
        optimiser.step()
        result["losses"].append(value.item())
        if after_step:
            after_step(model)
    result["after"] = named(lambda p: p)
    result["statistics"] = [
        value
        for _, module in network
        if hasattr(module, "running_mean")
        for value in numbers(module.running_mean) + numbers(module.running_var)
    ]
    return result


def layers(*specs):
    return "layers = [\n" + "".join(f"    {{ {spec} }},\n" for spec in specs) + "]\n"


def sgd(parameters):
    return torch.optim.SGD(parameters, lr=0.1)


SGD = 'learning_rate = 0.1\noptimiser = { kind = "sgd" }\n'
cases = [
    case(
        "convolution, ReLU, max pooling, dense",
        SGD + layers(
            'kind = "conv2d", channels = 5, kernel = 3, padding = 1', 'kind = "relu"',
            'kind = "max_pool", size = 2', 'kind = "conv2d", channels = 4, kernel = [2, 3]', 'kind = "relu"',
            'kind = "flatten"', 'kind = "dense", units = 6', 'kind = "relu"', 'kind = "dense"'),
        [("conv1", nn.Conv2d(1, 5, 3, padding=1)), (None, nn.ReLU()), (None, nn.MaxPool2d(2)),
         ("conv2", nn.Conv2d(5, 4, (2, 3))), (None, nn.ReLU()), (None, nn.Flatten()),
         ("dense1", nn.Linear(24, 6)), (None, nn.ReLU()), ("dense2", nn.Linear(6, CLASSES))],
        sgd),
    case(
        "strides, average pooling, tanh, batch normalisation of images and of rows",
        SGD + layers(
            'kind = "conv2d", channels = 3, kernel = 5, stride = 2, padding = 2, bias = false', 'kind = "batch_norm"',
            'kind = "tanh"', 'kind = "average_pool", size = 2, stride = 1',
            'kind = "conv2d", channels = 6, kernel = 2, stride = [2, 1], bias = false', 'kind = "batch_norm", momentum = 0.3',
            'kind = "relu"', 'kind = "flatten"', 'kind = "dense", units = 5', 'kind = "batch_norm", epsilon = 0.001',
            'kind = "tanh"', 'kind = "dense"'),
        [("conv1", nn.Conv2d(1, 3, 5, stride=2, padding=2, bias=False)), ("batch_norm1", nn.BatchNorm2d(3)),
         (None, nn.Tanh()), (None, nn.AvgPool2d(2, stride=1)),
         ("conv2", nn.Conv2d(3, 6, 2, stride=(2, 1), bias=False)), ("batch_norm2", nn.BatchNorm2d(6, momentum=0.3)),
         (None, nn.ReLU()), (None, nn.Flatten()), ("dense1", nn.Linear(24, 5)),
         ("batch_norm3", nn.BatchNorm1d(5, eps=0.001)), (None, nn.Tanh()), ("dense2", nn.Linear(5, CLASSES))],
        sgd),
    case(
        "label smoothing", SGD + "label_smoothing = 0.15\n" + layers('kind = "dense"'),
        [(None, nn.Flatten()), ("dense1", nn.Linear(72, CLASSES))], sgd,
        loss=nn.CrossEntropyLoss(label_smoothing=0.15)),
    case(
        "loss summed over the batch", SGD + 'loss_reduction = "sum"\n' + layers('kind = "dense"'),
        [(None, nn.Flatten()), ("dense1", nn.Linear(72, CLASSES))], sgd,
        loss=nn.CrossEntropyLoss(reduction="sum")),
]

optim = torch.optim
for name, recipe, make in [
    ("SGD with decay", 'kind = "sgd", weight_decay = 0.1', lambda p: optim.SGD(p, lr=0.05, weight_decay=0.1)),
    ("momentum", 'kind = "momentum", momentum = 0.8, weight_decay = 0.1',
     lambda p: optim.SGD(p, lr=0.05, momentum=0.8, weight_decay=0.1)),
    ("Nesterov", 'kind = "nesterov", momentum = 0.8, weight_decay = 0.1',
     lambda p: optim.SGD(p, lr=0.05, momentum=0.8, weight_decay=0.1, nesterov=True)),
    ("Adam", 'kind = "adam", beta1 = 0.8, beta2 = 0.95, epsilon = 1e-4, weight_decay = 0.1',
     lambda p: optim.Adam(p, lr=0.05, betas=(0.8, 0.95), eps=1e-4, weight_decay=0.1)),
    ("AdamW", 'kind = "adamw", epsilon = 1e-4', lambda p: optim.AdamW(p, lr=0.05, eps=1e-4, weight_decay=0.01)),
]:
    cases.append(case(
        f"three steps of {name}",
        "learning_rate = 0.05\noptimiser = { " + recipe + " }\n"
        + layers('kind = "dense", units = 6', 'kind = "tanh"', 'kind = "dense"'),
        [(None, nn.Flatten()), ("dense1", nn.Linear(72, 6)), (None, nn.Tanh()), ("dense2", nn.Linear(6, CLASSES))],
        make, steps=3))

cases.append(case(
    "three steps with a clipped norm",
    SGD + "clip_norm = 0.5\n" + layers('kind = "dense", units = 6', 'kind = "tanh"', 'kind = "dense"'),
    [(None, nn.Flatten()), ("dense1", nn.Linear(72, 6)), (None, nn.Tanh()), ("dense2", nn.Linear(6, CLASSES))],
    sgd, steps=3, clip=0.5))

# The mean is over the images, as in Keras, and not over their weights.
weights = [0.4, 3.0, 1.25]
cases.append(case(
    "class weights, smoothed labels",
    SGD + f"label_smoothing = 0.15\nclass_weights = {weights}\n" + layers('kind = "dense"'),
    [(None, nn.Flatten()), ("dense1", nn.Linear(72, CLASSES))], sgd,
    loss=lambda *given: nn.functional.cross_entropy(
        *given, weight=torch.tensor(weights), label_smoothing=0.15, reduction="none").mean()))
cases.append(case(
    "balanced class weights, summed loss",
    SGD + 'loss_reduction = "sum"\nclass_weights = "balanced"\n' + layers('kind = "dense"'),
    [(None, nn.Flatten()), ("dense1", nn.Linear(72, CLASSES))], sgd,
    loss=nn.CrossEntropyLoss(weight=BATCH / (CLASSES * torch.bincount(labels)), reduction="sum")))

cases += [
    case(
        "colour: convolution, batch normalisation, max pooling",
        "learning_rate = 0.05\noptimiser = { kind = \"nesterov\", momentum = 0.8, weight_decay = 0.1 }\n"
        + "label_smoothing = 0.2\n" + layers(
            'kind = "conv2d", channels = 5, kernel = 3, padding = "same", bias = false', 'kind = "batch_norm"',
            'kind = "relu"', 'kind = "max_pool", size = 2', 'kind = "dense"'),
        [("conv1", nn.Conv2d(3, 5, 3, padding=1, bias=False)), ("batch_norm1", nn.BatchNorm2d(5)), (None, nn.ReLU()),
         (None, nn.MaxPool2d(2)), (None, nn.Flatten()), ("dense1", nn.Linear(30, CLASSES))],
        lambda p: optim.SGD(p, lr=0.05, momentum=0.8, weight_decay=0.1, nesterov=True), steps=3,
        loss=nn.CrossEntropyLoss(label_smoothing=0.2), in_colour=True),
    case(
        "colour: dense layers", SGD + layers('kind = "dense", units = 6', 'kind = "tanh"', 'kind = "dense"'),
        [(None, nn.Flatten()), ("dense1", nn.Linear(72, 6)), (None, nn.Tanh()), ("dense2", nn.Linear(6, CLASSES))],
        sgd, in_colour=True),
    case(
        "colour: average pooling", SGD + layers('kind = "average_pool", size = [3, 2]', 'kind = "dense"'),
        [(None, nn.AvgPool2d((3, 2))), (None, nn.Flatten()), ("dense1", nn.Linear(12, CLASSES))], sgd, in_colour=True),
]

STEPS = 12


def schedule(recipe, make, rate=1.0):
    optimiser = torch.optim.SGD([torch.zeros(1, requires_grad=True)], lr=rate)
    scheduler = make(optimiser)
    factors = []
    for _ in range(STEPS):
        factors.append(optimiser.param_groups[0]["lr"])
        optimiser.step()
        scheduler.step()
    return {"recipe": recipe, "factors": factors}


rates = optim.lr_scheduler
# an epoch is three steps
schedules = [
    schedule('kind = "constant"', lambda o: rates.ConstantLR(o, factor=1.0)),
    schedule('kind = "step", factor = 0.5, every = 2', lambda o: rates.StepLR(o, 6, 0.5)),
    schedule('kind = "exponential", factor = 0.8', lambda o: rates.ExponentialLR(o, 0.8 ** (1 / 3))),
    schedule('kind = "linear", end = 0.1', lambda o: rates.LinearLR(o, 1.0, 0.1, STEPS)),
    schedule('kind = "cosine", end = 0.05', lambda o: rates.CosineAnnealingLR(o, STEPS, 0.05)),
    schedule('kind = "one_cycle"', lambda o: rates.OneCycleLR(o, 1.0, total_steps=STEPS + 1), rate=0.04),
]
# OneCycleLR's last step would be one too many for `scheduler.step()` after it: made again with the true length.
o = torch.optim.SGD([torch.zeros(1, requires_grad=True)], lr=0.04)
cycle = rates.OneCycleLR(o, 1.0, total_steps=STEPS)
factors = [o.param_groups[0]["lr"]]
for _ in range(STEPS - 1):
    o.step()
    cycle.step()
    factors.append(o.param_groups[0]["lr"])
schedules[-1]["factors"] = factors

path = pathlib.Path(__file__).with_name("vectors.json")
path.write_text(json.dumps({
    "torch": torch.__version__.split("+")[0],
    "pixels": images.flatten().tolist(),
    "labels": labels.tolist(),
    "cases": cases,
    "schedules": schedules,
}) + "\n")
