/** Requests that send files to the API. They use XMLHttpRequest because fetch() reports no progress of an upload. */

import { csrfToken } from "./csrf.js";
import { ROOT } from "./root.js";

// A line may be dead without telling.
const STALLED_AFTER_MS = 60_000;

/** The result for a file that is larger than what is left of the quota; the store says the same. */
export const QUOTA_EXCEEDED = {
  status: 413,
  code: "quota_exceeded",
  detail: { reason: "noRoom" },
};

/** The result for a file that the user moved, changed or unplugged after choosing it. */
export const UNREADABLE = { status: 400, detail: { reason: "unreadable" } };

// These replace the store's own sentences, which speak to programs, and those of a proxy.
const DETAILS = {
  401: { reason: "signedOut" },
  403: { reason: "oldPage" },
  404: { reason: "albumDeleted" },
  [QUOTA_EXCEEDED.code]: QUOTA_EXCEEDED.detail,
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

/**
 * @param request an XMLHttpRequest; its status is 0 when the connection broke.
 * @returns {{ok: boolean, duplicate: boolean, status: number, retryAfter: number, id?: string, code?: string,
 *   freeBytes?: number, detail: string | object}} retryAfter in seconds; detail as upload-texts.js takes it.
 */
export function readResponse(request) {
  const { status } = request;
  if (!status) return { ok: false, status, retryAfter: 0, detail: { reason: "connectionLost" } };
  const body = bodyOf(request);
  const errors = [body.detail, ...Object.values(body.errors ?? {}).flat()];
  const error = errors.find((text) => typeof text === "string");
  const fallback = { reason: status === 413 ? "tooLargeForProxy" : "notNow" };
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
 * Sends one request. Never rejects: the XMLHttpRequest has status 0 when the connection broke, when no byte went for a
 * minute, or when `signal` ended it. `onProgress` gets how many bytes were sent.
 */
export function send(method, url, { headers, body, signal, onProgress, onSent }) {
  return new Promise((resolve) => {
    const request = new XMLHttpRequest();
    let timer = 0;
    const watch = () => {
      clearTimeout(timer);
      timer = setTimeout(() => request.abort(), STALLED_AFTER_MS);
    };
    request.upload.addEventListener("progress", ({ loaded }) => {
      watch();
      onProgress?.(loaded);
    });
    // What the store does then may take longer.
    request.upload.addEventListener("loadend", () => clearTimeout(timer));
    if (onSent) request.upload.addEventListener("load", onSent);
    request.addEventListener("loadend", () => resolve(request));
    request.open(method, url);
    request.setRequestHeader("X-CSRFToken", csrfToken());
    request.setRequestHeader("Accept", "application/json");
    for (const [name, value] of Object.entries(headers ?? {})) request.setRequestHeader(name, value);
    signal?.addEventListener("abort", () => request.abort());
    if (body) watch();
    request.send(body);
  });
}

/** Sends one file as a form. `onProgress` gets the bytes of it that were sent. */
export async function uploadFile({ file, album, sha256 }, { signal, onProgress, onSent }) {
  const form = new FormData();
  if (sha256) form.append("sha256", sha256);
  form.append("file", file, file.name);
  const request = await send("POST", `${ROOT}api/v1/albums/${album.id}/images/`, {
    body: form,
    signal,
    // The form is a little longer than the file.
    onProgress: (bytes) => onProgress(Math.min(bytes, file.size)),
    onSent,
  });
  return readResponse(request);
}
