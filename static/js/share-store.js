/**
 * Keeps photos that another app has shared in the browser (IndexedDB), from when the service worker takes them until
 * the user has chosen their album.
 */

import { ended, fits, resultOf } from "./indexed-db.js";
import { ROOT } from "./root.js";

const MOST_PHOTOS = 1000;
// The browser cannot tell whose they are: the user may not be logged in. So it does not keep them for long.
const KEPT_MS = 24 * 60 * 60 * 1000;

function open() {
  // All stores of one host share the browser's databases.
  const request = indexedDB.open(`${ROOT.slice(1)}shared-photos`, 1);
  request.onupgradeneeded = () => request.result.createObjectStore("files", { keyPath: "id", autoIncrement: true });
  return resultOf(request);
}

/** @param work what is to be done with the object store; must not wait for anything else. */
async function inStore(work) {
  const database = await open();
  const transaction = database.transaction("files", "readwrite");
  const [result] = await Promise.all([work(transaction.objectStore("files")), ended(transaction)]).finally(() =>
    database.close(),
  );
  return result;
}

/** @returns {Promise<{id: number, file: File}[]>} in the order in which they came. Forgets those that are too old. */
export function sharedPhotos() {
  return inStore(async (store) => {
    const all = await resultOf(store.getAll());
    const isOld = ({ sharedAt }) => sharedAt < Date.now() - KEPT_MS;
    for (const { id } of all.filter(isOld)) store.delete(id);
    return all.filter((photo) => !isOld(photo));
  });
}

/** All of these files, or none: rejects where the browser has no space for them. */
export async function keepShared(files) {
  const waiting = await sharedPhotos();
  const bytes = files.reduce((sum, { size }) => sum + size, 0);
  if (waiting.length + files.length > MOST_PHOTOS || !(await fits(bytes))) throw new RangeError("too many photos");
  await inStore((store) => {
    for (const file of files) store.add({ file, sharedAt: Date.now() });
  });
}

export function forgetShared(photos) {
  return inStore((store) => {
    for (const { id } of photos) store.delete(id);
  });
}
