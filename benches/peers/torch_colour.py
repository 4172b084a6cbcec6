"""The preset `colour` in PyTorch, on the CPU: the same network, initial values by the same formulas, recipe and changes of the
training images. `../compare-colour` runs it beside inkgrad.

    python torch_colour.py --data DIR [--steps N] [--seed N] [--threads N]

DIR holds train/CLASS/*.jpg and test/CLASS/*.jpg. Prints one line of JSON with the keys of `inkgrad train --json`."""
import argparse, json, math, os, pathlib, time
import numpy as np
import torch
import torch.nn as nn
import torch.nn.functional as F
from PIL import Image

BATCH, EPOCHS, CROP = 128, 15, 2
PEAK, START, END, RATE = 0.25, 0.1, 0.001, 0.12
WIDTHS = [(24, False), (48, True), (48, False), (96, True), (96, False), (128, True), (128, False)]

p = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
p.add_argument("--data", required=True)
p.add_argument("--steps", type=int, help="stop after that many steps of the whole run")
p.add_argument("--seed", type=int, default=0)
p.add_argument("--threads", type=int, default=os.cpu_count())
p.add_argument("--contiguous", action="store_true", help="plain NCHW in place of channels_last")
a = p.parse_args()
torch.set_num_threads(a.threads)
torch.manual_seed(a.seed)


def load(part):
    """u8 [images, 3, 32, 32] and labels; kept as one file, since decoding takes longer than an epoch."""
    kept = pathlib.Path(a.data) / f".torch_colour_{part}.npz"
    if not kept.exists():
        root = pathlib.Path(a.data) / part
        classes = sorted(folder.name for folder in root.iterdir() if folder.is_dir())
        files = [(file, label) for label, name in enumerate(classes) for file in sorted((root / name).iterdir())]
        images = np.stack([np.asarray(Image.open(file).convert("RGB")).transpose(2, 0, 1) for file, _ in files])
        np.savez(kept, images=images, labels=np.array([label for _, label in files]))
    found = np.load(kept)
    return torch.from_numpy(found["images"]), torch.from_numpy(found["labels"]).long()


def network():
    layers, channels = [], 3
    for width, is_pooled in WIDTHS:
        convolution = nn.Conv2d(channels, width, 3, padding=1, bias=False)
        nn.init.kaiming_normal_(convolution.weight, nonlinearity="relu")
        layers += [convolution] + [nn.MaxPool2d(2)] * is_pooled + [nn.BatchNorm2d(width), nn.ReLU(inplace=True)]
        channels = width
    layers += [nn.AdaptiveMaxPool2d(1), nn.Flatten(), nn.Linear(channels, 10)]
    bound = 1 / math.sqrt(channels)
    nn.init.uniform_(layers[-1].weight, -bound, bound)
    nn.init.zeros_(layers[-1].bias)
    return nn.Sequential(*layers)


def changed(images):
    """Moved by up to CROP whole pixels along each side, each its own way, and one in two mirrored."""
    count, side = len(images), images.shape[-1]
    padded = F.pad(images, (CROP,) * 4)
    along = torch.arange(side)
    rows = torch.randint(2 * CROP + 1, (count, 1)) + along
    columns = torch.randint(2 * CROP + 1, (count, 1)) + along
    columns = torch.where(torch.rand(count, 1) < 0.5, columns.flip(1), columns)
    return padded[torch.arange(count)[:, None, None, None], torch.arange(3)[:, None, None],
                  rows[:, None, :, None], columns[:, None, None, :]]


def predicted(images):
    """Classes by the mean probability of six views: the image, moved by one pixel to both sides along the diagonal, and mirrored."""
    padded = F.pad(images, (1,) * 4)
    moved = [padded[..., by:by + images.shape[-2], by:by + images.shape[-1]] for by in (1, 0, 2)]
    views = moved + [view.flip(-1) for view in moved]
    return sum(model(ready(view)).softmax(1) for view in views).argmax(1)


def ready(images):
    x = (images.float() / 255 - 0.473) / 0.251
    return x if a.contiguous else x.contiguous(memory_format=torch.channels_last)


images, labels = load("train")
test_images, test_labels = load("test")
total = math.ceil(EPOCHS * len(images) / BATCH)
steps = min(a.steps or total, total)
model = network()
if not a.contiguous:
    model = model.to(memory_format=torch.channels_last)
optimiser = torch.optim.SGD(model.parameters(), RATE * START, momentum=0.9, weight_decay=1e-3, nesterov=True, fused=True)
schedule = torch.optim.lr_scheduler.OneCycleLR(
    optimiser, RATE, total_steps=total, pct_start=PEAK, div_factor=1 / START, final_div_factor=START / END,
    cycle_momentum=False)
order = torch.cat([torch.randperm(len(images)) for _ in range(EPOCHS + 1)])

started = time.perf_counter()
model.train()
for step in range(steps):
    batch = order[step * BATCH:(step + 1) * BATCH]
    optimiser.zero_grad(set_to_none=True)
    output = model(ready(changed(images[batch])))
    F.cross_entropy(output, labels[batch], label_smoothing=0.1).backward()
    optimiser.step()
    schedule.step()
seconds = time.perf_counter() - started
model.eval()
with torch.inference_mode():
    parts = zip(test_images.split(500), test_labels.split(500))
    right = sum((predicted(some) == kind).sum().item() for some, kind in parts)
print(json.dumps(dict(
    framework="torch", version=torch.__version__, task="colour", steps=steps, batch=BATCH, seed=a.seed, train_seconds=seconds,
    images_per_second=steps * BATCH / seconds, test_accuracy=right / len(test_labels))))
