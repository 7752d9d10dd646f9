/** Finds out which files an album has already, by their SHA-256, before their bytes are sent. */

import { ROOT } from "./root.js";
import { readResponse, send } from "./upload-request.js";

let worker;

/** One file at a time, so that memory stays bounded. Null when the file cannot be read. */
function sha256Of(file, workerUrl) {
  worker ??= new Worker(workerUrl, { type: "module" });
  return new Promise((resolve, reject) => {
    worker.onmessage = ({ data }) => resolve(data);
    worker.onerror = reject;
    worker.postMessage(file);
  });
}

/**
 * Writes `sha256` into each item. Rejects with what readResponse() returns when the store refuses to tell, and with an
 * error when the worker does not work.
 * @param items all of one album.
 * @returns {Promise<Map>} item → id of the album's image, for those that it has.
 */
export async function findKnown(items, workerUrl) {
  for (const item of items) item.sha256 ??= await sha256Of(item.file, workerUrl);
  const hashes = items.map(({ sha256 }) => sha256).filter(Boolean);
  const request = await send("POST", `${ROOT}api/v1/albums/${items[0].album.id}/images/exists/`, {
    headers: { "Content-Type": "application/json" },
    body: JSON.stringify({ sha256: hashes }),
  });
  const response = readResponse(request);
  if (!response.ok) throw response;
  const { existing } = JSON.parse(request.responseText);
  return new Map(items.filter(({ sha256 }) => sha256 in existing).map((item) => [item, existing[item.sha256]]));
}
