/** Tiles that leave the grid and come back, with all that changes around them. */

import { replaceLiveParts } from "./live-parts.js";

export class RemovedTiles {
  #grid;
  #parts;

  /** @param parts the AlbumParts of the grid. */
  constructor(grid, parts) {
    this.#grid = grid;
    this.#parts = parts;
  }

  /** @returns the tiles, each with where it was. */
  remove(ids) {
    const tiles = ids.map((id) => document.getElementById(`i-${id}`)).filter(Boolean);
    const places = tiles.map((tile) => ({ tile, list: tile.parentElement, next: tile.nextElementSibling }));
    for (const tile of tiles) tile.remove();
    this.#changed(places, ids);
    return places;
  }

  putBack(places, ids) {
    const back = places.filter(({ tile, list }) => list.isConnected && ids.some((id) => tile.id === `i-${id}`));
    for (const { tile, list, next } of back.reverse()) {
      list.insertBefore(tile, next?.parentElement === list ? next : null);
    }
    this.#changed(back, ids);
  }

  /** Call it when these photos, of which some had tiles, have come or gone: fetches what else changes with them. */
  async #changed(places, ids) {
    for (const list of new Set(places.map(({ list }) => list))) this.#parts.refresh(list);
    // The others belong to parts of the list that are out of the document.
    if (places.length < ids.length) await this.#parts.reload().catch(() => {});
    const { tiles, query } = this.#grid.dataset;
    // The trash has been fetched as a whole.
    if (!tiles) return;
    const response = await fetch(`${tiles}${query}`).catch(() => null);
    if (!response?.ok) return;
    const page = new DOMParser().parseFromString(await response.text(), "text/html");
    const parts = page.querySelector("[data-live-parts]");
    if (parts) replaceLiveParts(parts, this.#grid);
  }
}
