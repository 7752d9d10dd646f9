/**
 * Keeps the queue of one user in the browser (IndexedDB), so that uploads go on after a reload, on another page, and
 * when the browser was closed. "items" says what is to be uploaded, "files" has the bytes of those that are not yet.
 */

import { ended, fits, resultOf } from "./indexed-db.js";

function open(user) {
  const request = indexedDB.open(`uploads-${user}`, 1);
  request.onupgradeneeded = () => {
    request.result.createObjectStore("items", { keyPath: "id" });
    request.result.createObjectStore("files");
  };
  return resultOf(request);
}

export class UploadStore {
  #database;

  /** Rejects where the browser keeps nothing, as in some private windows. */
  static async open(user) {
    const store = new UploadStore();
    store.#database = await open(user);
    return store;
  }

  /** @returns {Promise<{record: object, file: File | undefined}[]>} in the order in which they were picked. */
  async load() {
    const transaction = this.#database.transaction(["items", "files"]);
    const [items, files] = ["items", "files"].map((name) => transaction.objectStore(name));
    const answers = [items.getAll(), files.getAllKeys(), files.getAll()].map(resultOf);
    const [records, ids, blobs] = await Promise.all(answers);
    const fileOf = new Map(ids.map((id, index) => [id, blobs[index]]));
    return records.map((record) => ({ record, file: fileOf.get(record.id) }));
  }

  /** Resolves when the records are there; whether they are or not is known from `keep`. */
  save(records) {
    return this.#write((items) => {
      for (const record of records) items.put(record);
    });
  }

  /** @returns {Promise<boolean>} whether the browser has a copy of the file now. */
  async keep(id, file) {
    const has = await fits(file.size).catch(() => false);
    return has && this.#write((_, files) => files.put(file, id));
  }

  /** Removes the copies of files that need not be sent any more. */
  release(records) {
    return this.#write((items, files) => {
      for (const record of records) {
        items.put(record);
        files.delete(record.id);
      }
    });
  }

  remove(ids) {
    return this.#write((items, files) => {
      for (const id of ids) {
        items.delete(id);
        files.delete(id);
      }
    });
  }

  /** @returns {Promise<boolean>} false when the browser has no space, or the file has gone. */
  async #write(change) {
    try {
      const transaction = this.#database.transaction(["items", "files"], "readwrite");
      change(transaction.objectStore("items"), transaction.objectStore("files"));
      await ended(transaction);
      return true;
    } catch {
      return false;
    }
  }
}

/** Where the browser keeps nothing. Uploads end with the page, and the page warns before. */
export const NO_STORE = {
  load: async () => [],
  save: async () => false,
  keep: async () => false,
  release: async () => false,
  remove: async () => false,
};
