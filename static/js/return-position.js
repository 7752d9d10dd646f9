/** Reload and Back return to the same tile at the same height, also where the page must load that part of the album. */

const inFragment = () => location.hash.startsWith("#i-") && location.hash.slice(3);

/** Call it before the page's entry of the history is left. */
export function savePosition(parts) {
  const seen = parts.seen;
  if (seen) history.replaceState({ ...history.state, seen: { id: seen.tile.dataset.image, y: seen.y } }, "");
}

/** @param parts the AlbumParts of the page. */
export function keepPosition(parts) {
  addEventListener("pagehide", () => savePosition(parts));
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
