/** Closing an image returns to the page, filter and tile of the album that the visitor came from. */

const storageKey = (list) => `return-position:${list}`;

function focusTile() {
  const tile = location.hash.startsWith("#i-") && document.getElementById(location.hash.slice(1));
  if (tile) tile.querySelector("a")?.focus({ preventScroll: true });
}

/** @param list the album's path with search, status and ordering, but without the page. */
export function rememberPosition(list) {
  sessionStorage.setItem(storageKey(list), location.pathname + location.search);
  // The browser takes the focus away when it jumps to the fragment, so this must run later.
  addEventListener("load", () => setTimeout(focusTile));
}

/** The URL of the image's tile on the page that rememberPosition() stored, or else on the list's first page. */
export function returnUrl(list, imageId) {
  return `${sessionStorage.getItem(storageKey(list)) ?? list}#i-${imageId}`;
}
