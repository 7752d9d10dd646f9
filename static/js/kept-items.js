/** The items of the upload queue as the browser's store has them, so that the next page can go on with them. */

import { isUnfinished, recordOf, restoredItem } from "./upload-item.js";

export class KeptItems {
  #store;
  #toCopy = [];
  #copying = false;

  /** @param store see upload-store.js */
  constructor(store) {
    this.#store = store;
  }

  /** @returns {Promise<object[]>} the items that an earlier page has left. */
  async load() {
    return (await this.#store.load()).map(({ record, file }) => restoredItem(record, file));
  }

  /** New items, or new files of old ones. Their `kept` becomes true when the browser has a copy. */
  add(items) {
    this.save(items);
    this.#toCopy.push(...items);
    this.#copy();
  }

  save(items) {
    this.#store.save(items.map(recordOf));
  }

  /** Saves the item, and drops its file. */
  release(item) {
    this.#store.release([recordOf(item)]);
  }

  remove(items) {
    this.#store.remove(items.map(({ id }) => id));
  }

  /** One file after the other, while the first ones are sent. */
  async #copy() {
    if (this.#copying) return;
    this.#copying = true;
    for (let item = this.#toCopy.shift(); item; item = this.#toCopy.shift()) {
      if (!isUnfinished(item)) continue;
      item.kept = await this.#store.keep(item.id, item.file);
      if (item.state === "cancelled") this.remove([item]);
      else if (!isUnfinished(item) && item.state !== "failed") this.release(item);
    }
    this.#copying = false;
  }
}
