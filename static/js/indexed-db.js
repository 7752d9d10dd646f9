/** What the browser's stores of files (IndexedDB) share. */

// The rest is for the browser's other data of this site, and so that the disk does not fill up.
const MOST_OF_QUOTA = 0.8;

/** Rejects when the transaction was undone: the browser has no space, or a file has gone. */
export const ended = (transaction) =>
  new Promise((resolve, reject) => {
    transaction.oncomplete = resolve;
    transaction.onabort = () => reject(transaction.error);
  });

export const resultOf = (request) =>
  new Promise((resolve, reject) => {
    request.onsuccess = () => resolve(request.result);
    request.onerror = () => reject(request.error);
  });

export async function fits(bytes) {
  const { usage, quota } = await navigator.storage.estimate();
  return usage + bytes <= quota * MOST_OF_QUOTA;
}
