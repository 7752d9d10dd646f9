/** Whether a file fits into what is left of the quota. What the album has already needs no room. */

/** The store's answer, given here already where it can be told before the upload. */
export const NO_ROOM = {
  status: 413,
  code: "quota_exceeded",
  detail: "There is no room left for this file: delete something for ever first. Nothing was stored.",
};

async function sha256Of(file) {
  const digest = await crypto.subtle.digest("SHA-256", await file.arrayBuffer());
  return Array.from(new Uint8Array(digest), (byte) => byte.toString(16).padStart(2, "0")).join("");
}

/** Where that cannot be told here, the store says so after the upload. */
export async function fits(file, { url, token, room }) {
  if (file.size <= room || !window.crypto?.subtle) return true;
  const sha256 = await sha256Of(file);
  const answer = await fetch(`${url}exists/`, {
    method: "POST",
    headers: { "Content-Type": "application/json", "X-CSRFToken": token },
    body: JSON.stringify({ sha256: [sha256] }),
  });
  return !answer.ok || sha256 in (await answer.json()).existing;
}
