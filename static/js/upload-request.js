/** Uploads one file to the API. It uses XMLHttpRequest because fetch() reports no progress of an upload. */
import { QUOTA_EXCEEDED } from "./quota.js";

const CONNECTION_LOST = "The connection was lost. Try again: what had arrived already is not stored twice.";
// These replace the store's own sentences, which speak to programs, and those of a proxy.
const DETAILS = {
  401: "You were signed out. Log in and try again. Nothing was stored.",
  403: "This page has been open for too long. Reload it and try again. Nothing was stored.",
  404: "This album was deleted. Nothing was stored.",
  [QUOTA_EXCEEDED.code]: QUOTA_EXCEEDED.detail,
};

/** The result for a file that the user moved, changed or unplugged after choosing it. */
export const UNREADABLE = {
  status: 400,
  detail: "This file can no longer be read from your device. Nothing was stored.",
};

/** Tells an unreadable file from a broken connection: XMLHttpRequest reports both alike. */
export async function isReadable(file) {
  try {
    await file.slice(0, 1).arrayBuffer();
    return true;
  } catch {
    return false;
  }
}

function bodyOf(request) {
  try {
    return JSON.parse(request.responseText) ?? {};
  } catch {
    // A proxy may answer with a page of HTML; then only the status counts.
    return {};
  }
}

/** @param request an XMLHttpRequest that has a response. */
export function readResponse(request) {
  const { status } = request;
  const body = bodyOf(request);
  const errors = [body.detail, ...Object.values(body.errors ?? {}).flat()];
  const error = errors.find((text) => typeof text === "string");
  const fallback =
    status === 413
      ? "The file is too large for this store. Nothing was stored."
      : "The store could not take it just now. Try again.";
  return {
    ok: status === 200 || status === 201,
    duplicate: status === 200,
    status,
    retryAfter: Number(request.getResponseHeader("Retry-After")) || 0,
    id: body.id,
    code: body.code,
    freeBytes: body.code === QUOTA_EXCEEDED.code ? Math.max(0, body.limit - body.used) : undefined,
    detail: DETAILS[body.code] ?? DETAILS[status] ?? error ?? body.title ?? fallback,
  };
}

/**
 * Never rejects: the status is 0 when the connection broke.
 * @returns {Promise<{ok: boolean, duplicate: boolean, status: number, retryAfter: number, id?: string,
 *   code?: string, freeBytes?: number, detail: string}>} retryAfter in seconds.
 */
export function uploadFile(file, { url, token, onProgress, onSent }) {
  return new Promise((resolve) => {
    const request = new XMLHttpRequest();
    const form = new FormData();
    form.append("file", file, file.name);
    request.upload.addEventListener("progress", ({ lengthComputable, loaded, total }) => {
      if (lengthComputable) onProgress(loaded / total);
    });
    request.upload.addEventListener("load", onSent);
    request.addEventListener("load", () => resolve(readResponse(request)));
    for (const type of ["error", "abort", "timeout"]) {
      request.addEventListener(type, () =>
        resolve({ ok: false, status: 0, retryAfter: 0, detail: CONNECTION_LOST }),
      );
    }
    request.open("POST", url);
    request.setRequestHeader("X-CSRFToken", token);
    request.setRequestHeader("Accept", "application/json");
    request.send(form);
  });
}
