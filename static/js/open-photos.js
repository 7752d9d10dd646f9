/** Opens a tile's photo over the album. Closing it, or Back, leads to the tile of the photo that was seen last. */

import { number } from "./format.js";
import { gettext, interpolate } from "./i18n.js";
import { RemovedTiles } from "./removed-tiles.js";
import { savePosition } from "./return-position.js";

/** @param albumGrid keeps the tiles of `grid` current. @param parts places them. */
export function openPhotos(grid, albumGrid, parts) {
  let overlay = null;
  const load = async () => {
    const module = await import("./overlay.js");
    await module.prepare(grid.dataset.viewerStyle);
    return module;
  };

  const removed = new RemovedTiles(grid, parts);
  /** Of photos that have left the list: id → where the tile was. */
  const places = new Map();
  const told = {
    changed: (id) => albumGrid.renew([id]),
    left: (id) => places.set(id, removed.remove([id])),
    returned: (id) => {
      removed.putBack(places.get(id) ?? [], [id]);
      places.delete(id);
    },
  };

  const positionOf = (id) => {
    const [position, total] = [
      parts.numberOf(id),
      grid.dataset.order && document.querySelector("[data-live-part] [data-count]:not(a)")?.dataset.count,
    ];
    if (!position) return "";
    const text = total ? gettext("%(number)s of %(total)s") : gettext("photo %(number)s");
    return interpolate(text, { number: number(position), total: total && number(Number(total)) });
  };

  async function open(url, tile) {
    try {
      const { Overlay } = await load();
      if (!history.state?.viewer) return;
      overlay = new Overlay(tile);
      await overlay.open(url, positionOf, told);
    } catch {
      // The image's own page tells what is wrong.
      location.reload();
    }
  }

  async function close() {
    if (!overlay) return;
    const id = overlay.shownId;
    overlay.remove();
    overlay = null;
    const tile = id && !places.has(id) && (await parts.tileOf(id));
    if (!tile || overlay) return;
    const { top, bottom } = tile.getBoundingClientRect();
    if (top < document.querySelector(".topbar").offsetHeight || bottom > innerHeight) parts.scrollTo(tile);
    tile.querySelector("a, button")?.focus({ preventScroll: true });
  }

  grid.addEventListener("click", (event) => {
    const link = event.target.closest("a");
    const tile = link?.closest("[data-image]");
    if (!tile || event.defaultPrevented || event.button || event.ctrlKey || event.metaKey || event.shiftKey) return;
    event.preventDefault();
    savePosition(parts);
    history.pushState({ viewer: true }, "", link.href);
    open(link.href, tile);
  });
  addEventListener("popstate", () => {
    if (!history.state?.viewer) close();
    else if (!overlay) open(location.href, null);
  });
  (window.requestIdleCallback ?? setTimeout)(() => load().catch(() => {}));
}
