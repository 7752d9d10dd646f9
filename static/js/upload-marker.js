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

const SHARED_KEY = "shared-for";

/** The user of this tab has chosen this album for the photos that another app has shared. */
export function markShared(album) {
  sessionStorage.setItem(SHARED_KEY, album);
}

/** @returns whether they are for this album. Once: the page of the album adds them now. */
export function takeSharedMark(album) {
  try {
    const isMarked = sessionStorage.getItem(SHARED_KEY) === album;
    if (isMarked) sessionStorage.removeItem(SHARED_KEY);
    return isMarked;
  } catch {
    return false;
  }
}
