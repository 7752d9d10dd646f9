/** Reload and Back return to the same tile at the same height, also where the page must load that part of the album. */

// Browsers refuse to change an entry of the history more often than some times a second.
const SAVE_MS = 400;

const inFragment = () => location.hash.startsWith("#i-") && location.hash.slice(3);

/** Call it before the page's entry of the history is left. */
export function savePosition(parts) {
  const seen = parts.seen;
  if (seen) history.replaceState({ ...history.state, seen: { id: seen.tile.dataset.image, y: seen.y } }, "");
}

/** @param parts the AlbumParts of the grid. Browsers find the place in an album of one part by themselves. */
export function keepPosition(grid, parts) {
  let timer = 0;
  grid.addEventListener("album:moved", () => {
    clearTimeout(timer);
    timer = setTimeout(savePosition, SAVE_MS, parts);
  });
  const { seen } = history.state ?? {};
  const id = seen?.id ?? inFragment();
  if (!id) return;
  if (seen) history.scrollRestoration = "manual";
  addEventListener("load", () => setTimeout(() => restore(parts, id, seen?.y)));
}

async function restore(parts, id, y) {
  const shown = document.getElementById(`i-${id}`);
  const tile = shown ?? (await parts.tileOf(id));
  if (!tile) return;
  if (y !== undefined || !shown) parts.scrollTo(tile, y);
  // The browser takes the focus away when it jumps to the fragment, so this must run later.
  if (inFragment() === id) tile.querySelector("a")?.focus({ preventScroll: true });
}
