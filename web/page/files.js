// Files in and out: what is dropped (folders too), and what is saved.

/** Entries of a folder that no picture is: hidden files, archives' leftovers. */
const HIDDEN = /^(\.|__MACOSX|Thumbs\.db)/;

async function walk(entry, folders, found) {
  if (HIDDEN.test(entry.name)) return;
  if (entry.isFile) {
    found.push({ file: await new Promise((resolve, reject) => entry.file(resolve, reject)), folders });
    return;
  }
  const reader = entry.createReader();
  for (;;) {
    // A directory comes in parts of a hundred entries; the end is an empty one.
    const entries = await new Promise((resolve, reject) => reader.readEntries(resolve, reject));
    if (!entries.length) return;
    for (const inner of entries) await walk(inner, [...folders, entry.name], found);
  }
}

/** What was dropped, as `{file, folders: [names from the outermost]}`. Call it within the event: what it holds is gone afterwards. */
export async function gather(items) {
  const entries = [...items].map((item) => item.webkitGetAsEntry?.() ?? item.getAsFile?.()).filter(Boolean);
  const found = [];
  for (const entry of entries) {
    if (entry instanceof File) found.push({ file: entry, folders: [] });
    else await walk(entry, [], found);
  }
  return found;
}

/** The files of an input, as `gather` gives them. */
export function chosen(input) {
  return [...input.files]
    .filter((file) => !HIDDEN.test(file.name))
    .map((file) => ({ file, folders: (file.webkitRelativePath || file.name).split("/").slice(0, -1) }));
}

export const isPicture = (file) => /^image\//.test(file.type) || /\.(png|jpe?g|bmp|gif|webp|tiff?)$/i.test(file.name);
export const isModel = (file) => /\.(safetensors|onnx|h5|keras|hdf5)$/i.test(file.name);
export const isArchive = (file) => /\.(zip|npz|csv|gz|tar|bin|idx\d?(-ubyte)?)$/i.test(file.name);

/** Saves bytes as a file, as if a link to it had been clicked. */
export function save(name, bytes) {
  const address = URL.createObjectURL(new Blob([bytes]));
  const link = document.createElement("a");
  [link.href, link.download] = [address, name];
  link.click();
  setTimeout(() => URL.revokeObjectURL(address), 60_000);
}

/** Makes an element take files that are dropped on it. `ondrop(items, event)` must read the items at once. */
export function target(place, ondrop) {
  place.addEventListener("dragover", (event) => {
    if (![...event.dataTransfer.types].includes("Files")) return;
    event.preventDefault();
    event.stopPropagation();
    place.classList.add("over");
  });
  place.addEventListener("dragleave", (event) => {
    if (!place.contains(event.relatedTarget)) place.classList.remove("over");
  });
  place.addEventListener("drop", (event) => {
    event.preventDefault();
    event.stopPropagation();
    for (const over of document.querySelectorAll(".over")) over.classList.remove("over");
    ondrop(event.dataTransfer.items, event);
  });
}
