// The classes one teaches: names, pictures, and what the engine is given of them.

let last = 0;

export class Signs extends EventTarget {
  /** `{id, name, items: [{id, blob, url, drawn}]}`. */
  classes = [];
  /** Which class new drawings go to. */
  active = null;

  changed() {
    this.dispatchEvent(new Event("change"));
  }

  addClass(name = "") {
    const made = { id: (last += 1), name, items: [] };
    this.classes.push(made);
    this.active ??= made.id;
    this.changed();
    return made;
  }

  removeClass(id) {
    const gone = this.classes.find((one) => one.id === id);
    gone?.items.forEach(({ url }) => URL.revokeObjectURL(url));
    this.classes = this.classes.filter((one) => one !== gone);
    if (this.active === id) this.active = this.classes[0]?.id ?? null;
    this.changed();
  }

  choose(id) {
    if (this.active === id) return;
    this.active = id;
    this.changed();
  }

  rename(id, name) {
    this.of(id).name = name;
    this.changed();
  }

  of(id) {
    return this.classes.find((one) => one.id === id);
  }

  /** Adds pictures (PNG, JPEG ...: blobs) to a class. */
  add(id, blobs, drawn) {
    this.of(id).items.push(...blobs.map((blob) => ({ id: (last += 1), blob, drawn, url: URL.createObjectURL(blob) })));
    this.changed();
  }

  /** Adds files of folders: the innermost folder's name is the class. */
  addFolders(found) {
    for (const { file, folders } of found) {
      const name = folders.at(-1);
      const unused = this.classes.find((one) => !one.name && !one.items.length);
      let into = this.classes.find((one) => one.name === name) ?? unused ?? this.addClass(name);
      if (!into.name) into.name = name;
      into.items.push({ id: (last += 1), blob: file, drawn: false, url: URL.createObjectURL(file) });
    }
    this.changed();
  }

  remove(id, item) {
    const one = this.of(id);
    one.items.filter((each) => each.id === item).forEach(({ url }) => URL.revokeObjectURL(url));
    one.items = one.items.filter((each) => each.id !== item);
    this.changed();
  }

  get pictures() {
    return this.classes.reduce((sum, one) => sum + one.items.length, 0);
  }

  get allDrawn() {
    return this.classes.every((one) => one.items.every(({ drawn }) => drawn));
  }

  /** Why it cannot be trained on yet: "classes", "names", "same", "pictures"; null if it can. */
  missing(fewest) {
    if (this.classes.length < 2) return "classes";
    const names = this.classes.map(({ name }) => name.trim());
    if (names.some((name) => !name)) return "names";
    if (new Set(names).size < names.length) return "same";
    return this.classes.some(({ items }) => items.length < fewest) ? "pictures" : null;
  }

  /** The request `data` and its attachments. */
  async request(drawings) {
    const items = this.classes.flatMap(({ items: pictures }, at) => pictures.map((picture, number) => ({ picture, class: at, name: `${at}-${number}.png` })));
    const attachments = await Promise.all(items.map(({ picture }) => picture.blob.arrayBuffer()));
    const message = {
      do: "data", source: "pictures", classes: this.classes.map(({ name }) => name.trim()),
      items: items.map(({ name, class: label }) => ({ name, class: label })),
      size: drawings ? 28 : 32, colour: !drawings, as_digits: drawings,
    };
    return { message, attachments };
  }
}
