/** A worker: takes a file, answers with its SHA-256 in hexadecimal, or with null when the file cannot be read. */

import { Sha256 } from "./sha256.js";

// Up to this size the browser's own function, some ten times as fast, may have the whole file in memory.
const WHOLE_BYTES = 16 * 2 ** 20;
const STEP_BYTES = 2 ** 20;

const hex = (digest) => Array.from(new Uint8Array(digest), (byte) => byte.toString(16).padStart(2, "0")).join("");

async function sha256Of(file) {
  // Browsers offer crypto.subtle over HTTPS and on localhost only.
  if (file.size <= WHOLE_BYTES && crypto.subtle) {
    return hex(await crypto.subtle.digest("SHA-256", await file.arrayBuffer()));
  }
  const hash = new Sha256();
  for (let start = 0; start < file.size; start += STEP_BYTES) {
    hash.update(new Uint8Array(await file.slice(start, start + STEP_BYTES).arrayBuffer()));
  }
  return hash.hex();
}

addEventListener("message", async ({ data }) => postMessage(await sha256Of(data).catch(() => null)));
