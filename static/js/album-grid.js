/** Keeps the grid current: asks for the tiles that are new or still being made until all have come. */

import { photos } from "./format.js";
import { putFresh } from "./live-parts.js";
import { paintPlaceholders } from "./placeholder.js";

const FIRST_MS = 1000;
const SLOWEST_MS = 15000;
const PATIENCE_MS = 20000;
const AT_ONCE = 40;
// An answer may miss an image for a moment; after so many it is taken for deleted.
const MISSES = 20;
const MISSES_IF_SHOWN = 3;

/** Tells with "turned" {id, failed, reason} that an image has been made, or cannot be. */
export class Tiles extends EventTarget {
  #grid;
  #wait = FIRST_MS;
  #timer = 0;
  #asking = false;
  /** id → how many answers in a row missed it. */
  #watched = new Map();
  #added = new Set();
  #elsewhere = new Set();

  constructor(grid) {
    super();
    this.#grid = grid;
  }

  watch() {
    for (const tile of this.#grid.querySelectorAll('[data-status="pending"]'))
      this.#watched.set(tile.dataset.id, 0);
    for (const type of ["visibilitychange", "online"]) addEventListener(type, () => this.#soon(0));
    this.#grid.addEventListener("submit", (event) => this.#retry(event));
    this.#soon();
  }

  /** Show these images where they belong, however often that has to be tried. `added`: the album has just got them. */
  show(ids, { added = false } = {}) {
    for (const id of ids) {
      this.#watched.set(id, 0);
      if (added) this.#added.add(id);
    }
    this.#wait = FIRST_MS;
    this.#soon(0);
  }

  #soon(wait = this.#wait) {
    if (this.#asking) return;
    clearTimeout(this.#timer);
    if (!document.hidden && this.#watched.size) this.#timer = setTimeout(() => this.#ask(), wait);
  }

  async #ask() {
    this.#asking = true;
    this.#wait = Math.min(this.#wait * 1.5, SLOWEST_MS);
    try {
      const ids = [...this.#watched.keys()];
      for (let start = 0; start < ids.length; start += AT_ONCE)
        await this.#fetch(ids.slice(start, start + AT_ONCE));
    } catch {
      // The line or the store is down; the next try comes later.
    }
    this.#asking = false;
    this.#soon();
  }

  async #fetch(ids) {
    const { tiles, query } = this.#grid.dataset;
    const url = `${tiles}${query}${query ? "&" : "?"}ids=${ids.join(",")}`;
    const answer = await fetch(url, { signal: AbortSignal.timeout(PATIENCE_MS) });
    if (answer.status === 404) return this.#watched.clear();
    if (!answer.ok || answer.redirected) throw new Error(`tiles: ${answer.status}`);
    const page = new DOMParser().parseFromString(await answer.text(), "text/html");
    for (const id of ids) this.#take(id, page.getElementById(`i-${id}`));
    const fresh = page.querySelector("[data-fresh]");
    if (fresh) putFresh(fresh, this.#grid);
    this.#tellElsewhere();
  }

  #take(id, tile) {
    if (!tile) return this.#miss(id);
    const { status } = tile.dataset;
    const reason = tile.querySelector("[data-reason]")?.textContent ?? "";
    if (this.#hang(document.adoptNode(tile))) this.#wait = FIRST_MS;
    else if (this.#added.has(id) && !document.getElementById(tile.id)) this.#elsewhere.add(id);
    this.#added.delete(id);
    if (status === "pending") return this.#watched.set(id, 0);
    this.#watched.delete(id);
    this.dispatchEvent(new CustomEvent("turned", { detail: { id, failed: status === "failed", reason } }));
  }

  #miss(id) {
    const shown = document.getElementById(`i-${id}`);
    const misses = this.#watched.get(id) + 1;
    this.#watched.set(id, misses);
    if (misses < (shown ? MISSES_IF_SHOWN : MISSES)) return;
    this.#watched.delete(id);
    shown?.remove();
  }

  /** Whether the grid has changed. */
  #hang(tile) {
    const old = document.getElementById(tile.id);
    if (old?.dataset.status === tile.dataset.status) return false;
    const focused = old?.contains(document.activeElement);
    if (old) old.replaceWith(tile);
    else if (!this.#place(tile)) return false;
    paintPlaceholders(tile);
    if (focused) tile.querySelector("a, button")?.focus({ preventScroll: true });
    return true;
  }

  /** Hang a new tile where a reload would show it; false when that is on another page or in no such list. */
  #place(tile) {
    const { order = "", before, after } = this.#grid.dataset;
    if (!order.endsWith("created_at")) return false;
    const rank = ({ dataset }) => Number(dataset.added) * (order.startsWith("-") ? -1 : 1);
    const next = [...this.#grid.children].find((other) => rank(other) > rank(tile));
    const beyond = next ? before !== undefined && next === this.#grid.firstElementChild : after !== undefined;
    if (beyond) return false;
    if (next) next.before(tile);
    else this.#grid.append(tile);
    return true;
  }

  #tellElsewhere() {
    const news = document.querySelector("[data-news]");
    if (!this.#elsewhere.size) return;
    news.hidden = false;
    news.firstChild.data = `${photos(this.#elsewhere.size)} added. `;
  }

  async #retry(event) {
    const form = event.target.closest("[data-retry]");
    if (!form) return;
    event.preventDefault();
    const tile = form.closest(".tile");
    form.querySelector("button").setAttribute("aria-busy", "true");
    try {
      await fetch(form.action, { method: "POST", body: new FormData(form), redirect: "manual" });
      tile.dataset.status = "asked";
      this.show([tile.dataset.id]);
    } catch {
      form.submit();
    }
  }
}
