/** Keeps the tiles of an album current. It fetches those of new and pending images until the store is done. */

import { number } from "./format.js";
import { interpolate, ngettext } from "./i18n.js";
import { replaceLiveParts } from "./live-parts.js";
import { paintPlaceholders } from "./placeholder.js";

const FIRST_POLL_MS = 1000;
const SLOWEST_POLL_MS = 15000;
const REQUEST_TIMEOUT_MS = 20000;
const BATCH_IMAGES = 40;
// A response may lack an image for a moment. After so many in a row the grid takes it as deleted.
const MISSES = 20;
const MISSES_OF_SHOWN_TILE = 3;
/** Statuses of tiles whose pictures are still being made. */
const UNFINISHED = ["pending", "turning"];
/** Order of the list → the attribute by which a tile has its place there. */
const RANKS = { created_at: "added", taken_at: "taken" };

/** The page that the store makes of these tiles; null if the album is gone. */
async function fetchTiles(grid, ids) {
  const { tiles, query } = grid.dataset;
  const url = `${tiles}${query}${query ? "&" : "?"}ids=${ids.join(",")}`;
  const response = await fetch(url, { signal: AbortSignal.timeout(REQUEST_TIMEOUT_MS) });
  if (response.status === 404) return null;
  if (!response.ok || response.redirected) throw new Error(`tiles: ${response.status}`);
  return new DOMParser().parseFromString(await response.text(), "text/html");
}

function isInWindow(element) {
  const { top, bottom } = element.getBoundingClientRect();
  return bottom > 0 && top < innerHeight;
}

/** "finished" {id, failed, reason}: the store has made the sizes of an image, or has failed to. */
export class AlbumGrid extends EventTarget {
  #grid;
  #pollMs = FIRST_POLL_MS;
  #timer = 0;
  #polling = false;
  /** id → how many responses in a row lacked it. */
  #watched = new Map();
  #parts;
  #added = new Set();
  /** Images that came while this page was open, and whose tiles it shows. */
  #fresh = new Set();
  /** Images that came, but whose tiles would push others away or belong elsewhere. */
  #held = new Set();

  /** @param parts the AlbumParts of the same grid. */
  constructor(grid, parts) {
    super();
    this.#grid = grid;
    this.#parts = parts;
  }

  watch() {
    this.#watchPending(this.#grid);
    this.#grid.addEventListener("tiles:added", ({ detail }) => this.#watchPending(detail.part));
    // Only the page of an album is told of new images, and can have some to hold.
    document.querySelector("[data-news] a")?.addEventListener("click", (event) => this.#showHeld(event));
    for (const type of ["visibilitychange", "online"]) addEventListener(type, () => this.#schedule(0));
    this.#grid.addEventListener("submit", (event) => this.#retry(event));
    this.#schedule();
  }

  /** Fetch these tiles until they are there. `added`: the images are new in the album. */
  show(ids, { added = false } = {}) {
    for (const id of ids) {
      this.#watched.set(id, 0);
      if (added) this.#added.add(id);
    }
    this.#pollMs = FIRST_POLL_MS;
    this.#schedule(0);
  }

  /** Shows the tiles of images that have changed as the store has them now. */
  renew(ids) {
    const shown = ids.filter((id) => document.getElementById(`i-${id}`));
    // Differs from every status of the store, so that the next response replaces the tile.
    for (const id of shown) document.getElementById(`i-${id}`).dataset.status = "asked";
    this.show(shown);
  }

  #watchPending(element) {
    for (const { dataset } of element.querySelectorAll("[data-image]")) {
      if (UNFINISHED.includes(dataset.status)) this.#watched.set(dataset.image, 0);
    }
    this.#schedule();
  }

  #schedule(ms = this.#pollMs) {
    if (this.#polling) return;
    clearTimeout(this.#timer);
    if (!document.hidden && this.#watched.size) this.#timer = setTimeout(() => this.#poll(), ms);
  }

  async #poll() {
    this.#polling = true;
    this.#pollMs = Math.min(this.#pollMs * 1.5, SLOWEST_POLL_MS);
    try {
      const ids = [...this.#watched.keys()];
      for (let start = 0; start < ids.length; start += BATCH_IMAGES) {
        await this.#fetch(ids.slice(start, start + BATCH_IMAGES));
      }
    } catch {
      // The connection or the store is down. The next poll tries again.
    }
    this.#polling = false;
    this.#schedule();
  }

  /** The `<img>` of each of these images as the store shows it now, with links that have just begun. */
  async fetchPictures(ids) {
    const page = await fetchTiles(this.#grid, ids);
    return new Map(ids.map((id) => [id, page?.getElementById(`i-${id}`)?.querySelector("img")]));
  }

  async #fetch(ids) {
    const page = await fetchTiles(this.#grid, ids);
    if (!page) return this.#watched.clear();
    for (const id of ids) this.#receive(id, page.getElementById(`i-${id}`));
    const liveParts = page.querySelector("[data-live-parts]");
    if (liveParts) replaceLiveParts(liveParts, this.#grid);
    this.#tellOfHeld();
  }

  #receive(id, tile) {
    if (!tile) return this.#countMiss(id);
    const { status } = tile.dataset;
    const reason = tile.querySelector("[data-reason]")?.textContent ?? "";
    if (this.#put(document.adoptNode(tile))) this.#pollMs = FIRST_POLL_MS;
    this.#added.delete(id);
    if (UNFINISHED.includes(status)) return this.#watched.set(id, 0);
    this.#watched.delete(id);
    this.dispatchEvent(new CustomEvent("finished", { detail: { id, failed: status === "failed", reason } }));
  }

  #countMiss(id) {
    const shown = document.getElementById(`i-${id}`);
    const misses = this.#watched.get(id) + 1;
    this.#watched.set(id, misses);
    if (misses < (shown ? MISSES_OF_SHOWN_TILE : MISSES)) return;
    this.#watched.delete(id);
    const part = shown?.parentElement;
    shown?.remove();
    this.#parts.refresh(part);
  }

  /** Replaces or inserts the tile. False when the grid stays as it was. */
  #put(tile) {
    const shown = document.getElementById(tile.id);
    if (shown?.dataset.status === tile.dataset.status) return false;
    const focused = shown?.contains(document.activeElement);
    if (shown) {
      // The height of its row (album-parts.js).
      tile.style.cssText = shown.style.cssText;
      shown.replaceWith(tile);
      const isTurned = tile.dataset.width !== shown.dataset.width || tile.dataset.height !== shown.dataset.height;
      if (isTurned) this.#parts.refresh(tile.parentElement);
    } else if (!this.#added.has(tile.dataset.image) || !this.#insert(tile)) return false;
    paintPlaceholders(tile);
    if (focused) tile.querySelector("a, button")?.focus({ preventScroll: true });
    return true;
  }

  /**
   * Inserts a new tile where a reload would show it, if that moves nothing that one looks at. Otherwise the page
   * tells of it; or nothing happens, because it comes by itself with a part that has yet to load.
   */
  #insert(tile) {
    const id = tile.dataset.image;
    const { order = "" } = this.#grid.dataset;
    const [, minus, name] = /^(-?)(.*)$/.exec(order);
    if (!(name in RANKS)) return this.#hold(id);
    const rank = ({ dataset }) => Number(dataset[RANKS[name]]) * (minus ? -1 : 1);
    // Of equal ones the newer is the later, in a descending list the earlier.
    const isBehind = (other) => (minus ? rank(other) >= rank(tile) : rank(other) > rank(tile));
    const tiles = [...this.#grid.querySelectorAll("[data-image]")];
    const index = tiles.findIndex(isBehind);
    const next = tiles[index];
    if (next ? index === 0 && !this.#parts.reaches("start") : !this.#parts.reaches("end")) return this.#hold(id);
    if (next && tiles.slice(index).some((other) => !this.#fresh.has(other.dataset.image) && isInWindow(other))) {
      return this.#hold(id);
    }
    if (next) next.before(tile);
    else this.#grid.lastElementChild.append(tile);
    this.#fresh.add(id);
    this.#parts.refresh(tile.parentElement);
    return true;
  }

  #hold(id) {
    this.#held.add(id);
    return false;
  }

  #tellOfHeld() {
    if (!this.#held.size) return;
    const news = document.querySelector("[data-news]");
    news.hidden = false;
    const count = this.#held.size;
    const text = ngettext("%(count)s photo added.", "%(count)s photos added.", count);
    news.firstChild.data = `${interpolate(text, { count: number(count) })} `;
  }

  /** Shows the part of the list with the new images. A narrowed list may lack them, so there the link is followed. */
  async #showHeld(event) {
    if (!this.#grid.dataset.order) return;
    event.preventDefault();
    const [id] = this.#held;
    this.#held.clear();
    document.querySelector("[data-news]").hidden = true;
    await this.#parts.jump({ around: id });
    const tile = document.getElementById(`i-${id}`);
    this.#parts.scrollTo(tile);
    tile.querySelector("a").focus({ preventScroll: true });
  }

  /** Sends a failed tile's "Try again" without leaving the page. */
  async #retry(event) {
    const form = event.target.closest("[data-retry]");
    if (!form) return;
    event.preventDefault();
    const tile = form.closest(".tile");
    form.querySelector("button").setAttribute("aria-busy", "true");
    try {
      await fetch(form.action, { method: "POST", body: new FormData(form), redirect: "manual" });
      // Differs from every status of the store, so that the next response replaces the tile.
      tile.dataset.status = "asked";
      this.show([tile.dataset.image]);
    } catch {
      form.submit();
    }
  }
}
