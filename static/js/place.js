/** Closing a picture leads back to the same page, filter and tile of its album. */

const key = (album) => `place:${album}`;

function focusTile() {
  const tile = location.hash.startsWith("#i-") && document.getElementById(location.hash.slice(1));
  if (tile) tile.querySelector("a")?.focus({ preventScroll: true });
}

export function rememberPlace(album) {
  sessionStorage.setItem(key(album), location.pathname + location.search);
  // Jumping to the fragment takes the focus away, so this comes after it.
  addEventListener("load", () => setTimeout(focusTile));
}

export function placeOf(album, imageId) {
  return `${sessionStorage.getItem(key(album)) ?? album}#i-${imageId}`;
}
