/** Tells before an upload whether a file fits into the user's quota. */

/** The store's own response to a file that does not fit. */
export const QUOTA_EXCEEDED = {
  status: 413,
  code: "quota_exceeded",
  detail: "There is no room left for this file: delete something for ever first. Nothing was stored.",
};

async function sha256Of(file) {
  const digest = await crypto.subtle.digest("SHA-256", await file.arrayBuffer());
  return Array.from(new Uint8Array(digest), (byte) => byte.toString(16).padStart(2, "0")).join("");
}

/**
 * Whether to upload the file. A file that the album already has takes no bytes, so it always fits.
 * True also where the browser or the store cannot answer: then the upload itself gives the answer.
 */
export async function fitsQuota(file, { url, token, freeBytes }) {
  // Browsers offer crypto.subtle over HTTPS and on localhost only.
  if (file.size <= freeBytes || !globalThis.crypto?.subtle) return true;
  const sha256 = await sha256Of(file);
  const response = await fetch(`${url}exists/`, {
    method: "POST",
    headers: { "Content-Type": "application/json", "X-CSRFToken": token },
    body: JSON.stringify({ sha256: [sha256] }),
  });
  return !response.ok || sha256 in (await response.json()).existing;
}
