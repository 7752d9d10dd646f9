/** Closing a picture leads back to the same page, filter and tile of its album. */

const key = (list) => `place:${list}`;

function focusTile() {
  const tile = location.hash.startsWith("#i-") && document.getElementById(location.hash.slice(1));
  if (tile) tile.querySelector("a")?.focus({ preventScroll: true });
}

/** @param list the album's path with search, status and ordering, but without the page. */
export function rememberPlace(list) {
  sessionStorage.setItem(key(list), location.pathname + location.search);
  // Jumping to the fragment takes the focus away, so this comes after it.
  addEventListener("load", () => setTimeout(focusTile));
}

export function placeOf(list, imageId) {
  return `${sessionStorage.getItem(key(list)) ?? list}#i-${imageId}`;
}
