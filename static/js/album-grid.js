/** Keeps the tiles of an album current. It fetches those of new and pending images until the store is done. */

import { photos } from "./format.js";
import { replaceLiveParts } from "./live-parts.js";
import { paintPlaceholders } from "./placeholder.js";

const FIRST_POLL_MS = 1000;
const SLOWEST_POLL_MS = 15000;
const REQUEST_TIMEOUT_MS = 20000;
const BATCH_IMAGES = 40;
// A response may lack an image for a moment. After so many in a row the grid takes it as deleted.
const MISSES = 20;
const MISSES_OF_SHOWN_TILE = 3;
/** Order of the list → the attribute by which a tile has its place there. */
const RANKS = { created_at: "added", taken_at: "taken" };

/** "finished" {id, failed, reason}: the store has made the sizes of an image, or has failed to. */
export class AlbumGrid extends EventTarget {
  #grid;
  #pollMs = FIRST_POLL_MS;
  #timer = 0;
  #polling = false;
  /** id → how many responses in a row lacked it. */
  #watched = new Map();
  #added = new Set();
  #addedElsewhere = new Set();

  constructor(grid) {
    super();
    this.#grid = grid;
  }

  watch() {
    for (const { dataset } of this.#grid.querySelectorAll('[data-status="pending"]')) {
      this.#watched.set(dataset.id, 0);
    }
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

  async #fetch(ids) {
    const { tiles, query } = this.#grid.dataset;
    const url = `${tiles}${query}${query ? "&" : "?"}ids=${ids.join(",")}`;
    const response = await fetch(url, { signal: AbortSignal.timeout(REQUEST_TIMEOUT_MS) });
    if (response.status === 404) return this.#watched.clear();
    if (!response.ok || response.redirected) throw new Error(`tiles: ${response.status}`);
    const page = new DOMParser().parseFromString(await response.text(), "text/html");
    for (const id of ids) this.#receive(id, page.getElementById(`i-${id}`));
    const liveParts = page.querySelector("[data-live-parts]");
    if (liveParts) replaceLiveParts(liveParts, this.#grid);
    this.#tellOfOtherPages();
  }

  #receive(id, tile) {
    if (!tile) return this.#countMiss(id);
    const { status } = tile.dataset;
    const reason = tile.querySelector("[data-reason]")?.textContent ?? "";
    if (this.#put(document.adoptNode(tile))) this.#pollMs = FIRST_POLL_MS;
    else if (this.#added.has(id) && !document.getElementById(tile.id)) this.#addedElsewhere.add(id);
    this.#added.delete(id);
    if (status === "pending") return this.#watched.set(id, 0);
    this.#watched.delete(id);
    this.dispatchEvent(new CustomEvent("finished", { detail: { id, failed: status === "failed", reason } }));
  }

  #countMiss(id) {
    const shown = document.getElementById(`i-${id}`);
    const misses = this.#watched.get(id) + 1;
    this.#watched.set(id, misses);
    if (misses < (shown ? MISSES_OF_SHOWN_TILE : MISSES)) return;
    this.#watched.delete(id);
    shown?.remove();
  }

  /** Replaces or inserts the tile. False when the grid stays as it was. */
  #put(tile) {
    const shown = document.getElementById(tile.id);
    if (shown?.dataset.status === tile.dataset.status) return false;
    const focused = shown?.contains(document.activeElement);
    if (shown) shown.replaceWith(tile);
    else if (!this.#insert(tile)) return false;
    paintPlaceholders(tile);
    if (focused) tile.querySelector("a, button")?.focus({ preventScroll: true });
    return true;
  }

  /** Inserts a new tile where a reload would show it. False when that is on another page or in another list. */
  #insert(tile) {
    const { order = "", before, after } = this.#grid.dataset;
    const [, minus, name] = /^(-?)(.*)$/.exec(order);
    if (!(name in RANKS)) return false;
    const rank = ({ dataset }) => Number(dataset[RANKS[name]]) * (minus ? -1 : 1);
    // Of equal ones the newer is the later, in a descending list the earlier.
    const isBehind = (other) => (minus ? rank(other) >= rank(tile) : rank(other) > rank(tile));
    const next = [...this.#grid.children].find(isBehind);
    const onOtherPage = next ? before !== undefined && next === this.#grid.firstElementChild : after !== undefined;
    if (onOtherPage) return false;
    if (next) next.before(tile);
    else this.#grid.append(tile);
    return true;
  }

  #tellOfOtherPages() {
    if (!this.#addedElsewhere.size) return;
    const news = document.querySelector("[data-news]");
    news.hidden = false;
    news.firstChild.data = `${photos(this.#addedElsewhere.size)} added. `;
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
      this.show([tile.dataset.id]);
    } catch {
      form.submit();
    }
  }
}
