/** One file to the API, by XMLHttpRequest because only it tells how much has gone. */
import { NO_ROOM } from "./quota.js";

const LOST = "The connection was lost. Try again: what had arrived already is not stored twice.";
// Where the store's own sentence is not for this page, or a proxy in between gave the answer.
const MEANT = {
  401: "You were signed out. Log in and try again. Nothing was stored.",
  403: "This page has been open for too long. Reload it and try again. Nothing was stored.",
  404: "This album was deleted. Nothing was stored.",
  [NO_ROOM.code]: NO_ROOM.detail,
};

/** A file that was moved, changed or unplugged since it was picked breaks the line as well. */
export const UNREADABLE = {
  status: 400,
  detail: "This file can no longer be read from your device. Nothing was stored.",
};
export const canBeRead = (file) =>
  file
    .slice(0, 1)
    .arrayBuffer()
    .then(
      () => true,
      () => false,
    );

function understand(request) {
  let body = {};
  try {
    body = JSON.parse(request.responseText);
  } catch {
    // A proxy in between may answer with a page of its own; the status is enough then.
  }
  const said = [body.detail, ...Object.values(body.errors ?? {}).flat()].find((text) => typeof text === "string");
  const fallback =
    request.status === 413
      ? "The file is too large for this store. Nothing was stored."
      : "The store could not take it just now. Try again.";
  return {
    ok: request.status === 200 || request.status === 201,
    duplicate: request.status === 200,
    status: request.status,
    retryAfter: Number(request.getResponseHeader("Retry-After")) || 0,
    id: body.id,
    code: body.code,
    detail: MEANT[body.code] ?? MEANT[request.status] ?? said ?? body.title ?? fallback,
  };
}

/** @returns {Promise<{ok: boolean, status: number, code?: string, detail: string}>} status 0 when the line broke. */
export function send(file, { url, token, onProgress, onSent }) {
  return new Promise((resolve) => {
    const request = new XMLHttpRequest();
    const form = new FormData();
    form.append("file", file, file.name);
    request.upload.addEventListener(
      "progress",
      (event) => event.lengthComputable && onProgress(event.loaded / event.total),
    );
    request.upload.addEventListener("load", onSent);
    request.addEventListener("load", () => resolve(understand(request)));
    for (const type of ["error", "abort", "timeout"]) {
      request.addEventListener(type, () => resolve({ ok: false, status: 0, retryAfter: 0, detail: LOST }));
    }
    request.open("POST", url);
    request.setRequestHeader("X-CSRFToken", token);
    request.setRequestHeader("Accept", "application/json");
    request.send(form);
  });
}
