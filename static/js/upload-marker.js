/** Says on every page, before any other script of uploads is loaded, whether this browser has uploads to go on with. */

const keyOf = (user) => `uploads:${user}`;

/** @returns "queued", "paused" or null. */
export function readMarker(user) {
  try {
    return localStorage.getItem(keyOf(user));
  } catch {
    // The user forbids this site to store anything.
    return null;
  }
}

/** @param state "queued", "paused", or null: nothing is left to do. */
export function writeMarker(user, state) {
  try {
    if (state) localStorage.setItem(keyOf(user), state);
    else localStorage.removeItem(keyOf(user));
  } catch {
    // Then uploads end with the page, and the page warns before.
  }
}
