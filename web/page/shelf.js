// Models kept in this browser (IndexedDB): they stay when the page is closed, and go with the browser's data.

const STORE = "models";

const done = (request) => new Promise((resolve, reject) => {
  request.onsuccess = () => resolve(request.result);
  request.onerror = () => reject(request.error);
});

export class Shelf {
  #base = null;

  async #store(mode) {
    this.#base ??= new Promise((resolve, reject) => {
      const opening = indexedDB.open("inkgrad", 1);
      opening.onupgradeneeded = () => opening.result.createObjectStore(STORE, { keyPath: "id", autoIncrement: true });
      opening.onsuccess = () => resolve(opening.result);
      opening.onerror = () => reject(opening.error);
    });
    return (await this.#base).transaction(STORE, mode).objectStore(STORE);
  }

  /** Keeps `{name, names, accuracy, date, bytes}`. */
  async put(model) {
    return done((await this.#store("readwrite")).add(model));
  }

  /** All models, the newest first. */
  async all() {
    return (await done((await this.#store("readonly")).getAll())).reverse();
  }

  async remove(id) {
    return done((await this.#store("readwrite")).delete(id));
  }
}
