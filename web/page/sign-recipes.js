// The recipes that own signs are taught with: few pictures, so much distortion, and a few seconds.

const DRAWINGS = `# A few drawings of each sign: LeNet-5's layers, and no drawing is seen twice alike.
batch = BATCH
steps = STEPS
learning_rate = 0.004
label_smoothing = 0.05
schedule = { kind = "one_cycle" }
optimiser = { kind = "adam" }
normalisation = { mean = 0.1307, std = 0.3081 }
augmentation = { shift = 0.08, rotation = 12, zoom = 0.12, shear = 0.12, elastic = 0.6 }
class_weights = "balanced"
`;

const PHOTOS = `# A few pictures in colour of each class: small convolutions; pictures are mirrored, moved and turned.
batch = BATCH
steps = STEPS
learning_rate = 0.003
label_smoothing = 0.05
schedule = { kind = "one_cycle" }
optimiser = { kind = "adam" }
normalisation = { mean = 0.473, std = 0.251 }
augmentation = { shift = 0.08, rotation = 10, zoom = 0.12, flip = true }
class_weights = "balanced"
`;

const layer = (kind, fields = {}) => `\n[[layers]]\nkind = "${kind}"\n${Object.entries(fields).map(([key, value]) => `${key} = ${value}\n`).join("")}`;

const convolution = (channels, kernel) => layer("conv2d", { channels, kernel, padding: '"same"' }) + layer("relu") + layer("max_pool", { size: 2 });

/** A recipe for `pictures` pictures to train on, drawings or photos. */
export function signRecipe(pictures, drawings) {
  const batch = Math.max(2, Math.min(32, pictures));
  // About as long for ten pictures as for a hundred: distortion makes new ones of them.
  const steps = Math.round(Math.min(1200, Math.max(250, (12 * pictures) / batch)));
  const layers = drawings
    ? convolution(8, 5) + convolution(16, 5) + layer("dense", { units: 64 }) + layer("relu") + layer("dropout", { rate: 0.2 }) + layer("dense")
    : convolution(16, 3) + convolution(32, 3) + convolution(32, 3) + layer("dense", { units: 64 }) + layer("relu") + layer("dropout", { rate: 0.3 }) + layer("dense");
  return (drawings ? DRAWINGS : PHOTOS).replace("BATCH", batch).replace("STEPS", steps) + layers;
}
