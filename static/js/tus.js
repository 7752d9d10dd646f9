/** Sends a large file by tus 1.0 (tus.io/protocols/resumable-upload): each try goes on where the last one ended. */

import { ROOT } from "./root.js";
import { readResponse, send } from "./upload-request.js";

const UPLOADS_URL = `${ROOT}api/v1/uploads/`;
const BYTES_TYPE = "application/offset+octet-stream";
// Another request writes to this upload, or wrote to it since we asked how far it is.
// As much as the store acknowledges at once. A proxy that gathers requests loses no more of them when a line breaks.
const PART_BYTES = 8 * 2 ** 20;
const OVERTAKEN_STATUSES = [409, 423];
const ENDED_STATUSES = [404, 410];
// The login ended, the page is old, or the store is busy; the upload goes on later.
const ALIVE_STATUSES = [401, 403, 429];

const base64 = (text) => btoa(String.fromCharCode(...new TextEncoder().encode(text)));

/** The value of Upload-Metadata. */
export function metadata(fields) {
  const pairs = Object.entries(fields).filter(([, value]) => value);
  return pairs.map(([key, value]) => `${key} ${base64(value)}`).join(",");
}

/** How far an upload is: its URL, the offset in bytes, and the id of the image that it became. */
function progressOf(request, url) {
  const image = request.getResponseHeader("Content-Location");
  return { url, offset: Number(request.getResponseHeader("Upload-Offset")), image: image?.match(/([^/]+)\/$/)[1] };
}

function failed(request, onBegin) {
  if (OVERTAKEN_STATUSES.includes(request.status)) return readResponse({ status: 0 });
  // The store drops the bytes of a file that it refuses.
  if (request.status >= 400 && request.status < 500 && !ALIVE_STATUSES.includes(request.status)) onBegin(undefined);
  // The album may be there still: a new upload tells.
  return readResponse(ENDED_STATUSES.includes(request.status) ? { status: 0 } : request);
}

/**
 * Sends the bytes that the store does not have yet. Never rejects.
 * @param item {file, album, sha256, uploadUrl}
 * @param options {signal, onOffset, onProgress, onSent, onBegin}; `onBegin` gets the URL under which a later try can go
 *   on, or undefined when that upload has ended; `onOffset` the bytes that the store has already.
 * @returns what readResponse() does.
 */
export async function uploadInParts(item, { signal, onOffset, onProgress, onSent, onBegin }, sendRequest = send) {
  const { file, album, sha256 } = item;
  const ask = (method, url, headers, more) =>
    sendRequest(method, url, { headers: { "Tus-Resumable": "1.0.0", ...headers }, signal, ...more });

  let upload = null;
  let begun = false;
  if (item.uploadUrl) {
    const answer = await ask("HEAD", item.uploadUrl);
    if (answer.status === 200) upload = progressOf(answer, item.uploadUrl);
    else if (ENDED_STATUSES.includes(answer.status)) onBegin(undefined);
    else return readResponse(answer);
  }
  if (!upload) {
    const answer = await ask("POST", UPLOADS_URL, {
      "Upload-Length": file.size,
      "Upload-Metadata": metadata({ filename: file.name, album: album.id, sha256 }),
    });
    if (answer.status !== 201) return readResponse(answer);
    // Behind a proxy the store may know the page's origin by another name.
    upload = progressOf(answer, new URL(answer.getResponseHeader("Location")).pathname);
    begun = true;
    onBegin(upload.url);
  }
  const duplicate = begun && upload.offset === file.size;
  while (upload.offset < file.size) {
    const { url, offset } = upload;
    const end = Math.min(offset + PART_BYTES, file.size);
    onOffset(offset);
    const answer = await ask(
      "PATCH",
      url,
      { "Upload-Offset": offset, "Content-Type": BYTES_TYPE },
      {
        body: file.slice(offset, end),
        onProgress: (bytes) => onProgress(offset + bytes),
        onSent: () => end === file.size && onSent(),
      },
    );
    if (answer.status !== 204) return failed(answer, onBegin);
    upload = progressOf(answer, url);
  }
  return { ok: true, duplicate, status: duplicate ? 200 : 201, retryAfter: 0, id: upload.image, detail: "" };
}
