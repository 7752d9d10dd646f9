/**
 * One continuous album. The server's pages become parts: the next one loads when its place comes near the window,
 * and one that is far away leaves the document until it comes near again. Each part stands at its own height in the
 * grid, so nothing moves when others come or go.
 *
 * The grid dispatches "tiles:added" {part} when a part has come.
 */

import { paintPlaceholders } from "./placeholder.js";
import { GAP_PX, heightOf, rowsOf } from "./rows.js";

const PAGE_SIZE = 100;
const LARGEST_PAGE = 200;
const TAIL_ROWS = 5;
const LOAD_WINDOWS = 2;
const DROP_WINDOWS = 4;
const REQUEST_TIMEOUT_MS = 20000;
const RETRY_MS = 3000;
const NARROWEST = 0.5;
const WIDEST = 6;
// Browsers without a typed attr() have the proportions of ratios.css.
const exact = CSS.supports("width", "calc(1px * attr(data-width type(<number>)))");

function ratioOf({ dataset: { width, height } }) {
  const ratio = width / height;
  return Math.min(Math.max(exact ? ratio : Math.round(10 * ratio) / 10, NARROWEST), WIDEST);
}

export class AlbumParts {
  #grid;
  /** In the order of the list. `element` is null while a part is out of the document. */
  #parts = [];
  /** id → its part. A list may be so long that to look through all parts for each tile would be slow. */
  #partOf = new Map();
  /** How many images of the list stand before the first part; null if unknown. */
  #before = null;
  #joined = false;
  #loading = false;
  #frame = 0;
  #width = 0;
  #seen = null;
  /** Cursors name places, and other photos have these once tiles have been moved by hand. */
  #isReordered = false;
  #resized = new ResizeObserver(() => this.#measure());

  constructor(grid) {
    this.#grid = grid;
    const element = grid.querySelector("[data-part]");
    const asked = [...new URLSearchParams(location.search)].filter(
      ([name]) => name === "cursor" || name === "around",
    );
    this.#parts = [
      this.#read(element, { ...Object.fromEntries(asked), page_size: element.childElementCount || 1 }),
    ];
    this.#parts[0].tailRows = TAIL_ROWS;
    this.#know(this.#parts[0]);
    if (!element.dataset.previous) this.#before = 0;
    if (element.dataset.previous || element.dataset.next) this.#join();
  }

  /** The image at the top of the window: its tile, its number in the list from 1 or null, and the tile's y in px. */
  get seen() {
    const top = document.querySelector(".topbar")?.getBoundingClientRect().bottom ?? 0;
    for (const part of this.#parts) {
      if (!part.element || part.element.getBoundingClientRect().bottom <= top) continue;
      const tiles = [...part.element.children];
      const tile = tiles.find((one) => one.getBoundingClientRect().bottom > top + 1);
      if (tile)
        return { tile, number: this.#numberOf(part, tile.dataset.image), y: tile.getBoundingClientRect().y };
    }
    return null;
  }

  /** The number of an image in the list, from 1; null if unknown. */
  numberOf(id) {
    const part = this.#partOf.get(id);
    return part ? this.#numberOf(part, id) : null;
  }

  /** The ids of the list that are known, in its order. */
  get ids() {
    return this.#parts.flatMap(({ ids }) => ids);
  }

  /** Whether all tiles from the start, or up to the end, of the list are in the document. */
  reaches(end) {
    const part = this.#parts.at(end === "start" ? 0 : -1);
    return Boolean(part.element && !part[end === "start" ? "previous" : "next"]);
  }

  /** Shows the part of the list that `page` (cursor or around) names, instead of all that are loaded. */
  async jump(page, before = null) {
    const part = await this.#fetch(page);
    for (const { element } of this.#parts) element?.remove();
    this.#parts = [part];
    this.#partOf.clear();
    this.#know(part);
    this.#isReordered = false;
    this.#before = part.previous ? before : 0;
    this.#grid.append(part.element);
    if (part.previous || part.next) this.#join();
    else this.#part();
    this.#announce(part);
    this.#measure();
  }

  /** Fetches the list anew around the tile at the top of the window, which stays there. */
  async reload() {
    const seen = this.seen;
    const id = seen?.tile.dataset.image;
    await this.jump(id ? { around: id } : {});
    const tile = id && this.#grid.querySelector(`[data-image="${id}"]`);
    if (tile) this.scrollTo(tile, seen.y);
  }

  /** The tile of an image, after it has come into the document; undefined if the list lacks the image. */
  async tileOf(id) {
    const find = () => this.#grid.querySelector(`[data-image="${id}"]`);
    if (find()) return find();
    const part = this.#partOf.get(id);
    try {
      if (part) await this.#show(part);
      if (!find()) await this.jump({ around: id });
    } catch {
      return undefined;
    }
    return find() ?? undefined;
  }

  /** Scrolls so that a tile stands at this y of the window (px), or in its middle. */
  scrollTo(tile, y = (innerHeight - tile.getBoundingClientRect().height) / 2) {
    scrollBy({ top: tile.getBoundingClientRect().y - y, behavior: "instant" });
    this.#update();
  }

  /** Call it when tiles of a part have been added or removed. */
  refresh(element) {
    const part = this.#parts.find((one) => one.element === element);
    if (!part) return;
    this.#know(part);
    if (this.#joined) this.#measure();
  }

  /** Call it when tiles have been moved between these parts (a Set of elements). */
  reordered(elements) {
    this.#isReordered = true;
    for (const part of this.#parts) if (elements.has(part.element)) this.#know(part);
    this.#measure();
  }

  #numberOf(part, id) {
    if (this.#before === null) return null;
    let number = this.#before;
    for (const one of this.#parts) {
      if (one === part) return number + one.ids.indexOf(id) + 1;
      number += one.ids.length;
    }
    return null;
  }

  #read(element, page) {
    const { previous, next } = element.dataset;
    return { element, page, previous, next, ids: [], ratios: [], y: 0, height: 0, measuredAt: "" };
  }

  /** Reads the tiles of a part, which are others than before. */
  #know(part) {
    const tiles = [...part.element.children];
    for (const id of part.ids) if (this.#partOf.get(id) === part) this.#partOf.delete(id);
    part.ids = tiles.map(({ dataset }) => dataset.image);
    for (const id of part.ids) this.#partOf.set(id, part);
    part.ratios = tiles.map(ratioOf);
    part.measuredAt = "";
  }

  async #fetch(page) {
    const { parts, query } = this.#grid.dataset;
    const url = new URL(parts + query, location.href);
    for (const [name, value] of Object.entries({ page_size: PAGE_SIZE, ...page }))
      url.searchParams.set(name, value);
    const response = await fetch(url, { signal: AbortSignal.timeout(REQUEST_TIMEOUT_MS) });
    if (!response.ok || response.redirected) throw new Error(`part: ${response.status}`);
    const fragment = new DOMParser().parseFromString(await response.text(), "text/html");
    return this.#read(document.adoptNode(fragment.querySelector("[data-part]")), page);
  }

  /** A page by an image in it where its cursor is out of date, unless that image is gone. */
  #fetchAround(id, size, page) {
    if (!this.#isReordered || !id) return this.#fetch(page);
    return this.#fetch({ around: id, page_size: size }).catch(() => this.#fetch(page));
  }

  #announce({ element }) {
    paintPlaceholders(element);
    this.#grid.dispatchEvent(new CustomEvent("tiles:added", { detail: { part: element }, bubbles: true }));
  }

  // ---- A list of several parts --------------------------------------------------------------

  #join() {
    this.#grid.classList.add("grid--joined");
    document.querySelector(".pager")?.remove();
    if (!this.#joined) {
      for (const type of ["scroll", "resize", "online"]) {
        addEventListener(type, () => this.#plan(), { passive: true });
      }
      this.#resized.observe(this.#grid);
    }
    this.#joined = true;
    for (const part of this.#parts) this.#adopt(part);
    this.#measure();
  }

  /** The contrary of #join(). */
  #part() {
    this.#joined = false;
    this.#grid.classList.remove("grid--joined");
    this.#grid.style.blockSize = "";
  }

  #adopt({ element, next }) {
    element.classList.add("tiles--joined");
    element.classList.toggle("tiles--more", Boolean(next));
  }

  /** Gives every row its height, and every part its place, at the grid's width. The tile at the top stays there. */
  #measure(stay = this.seen) {
    if (!this.#joined) return;
    const [{ width }] = this.#grid.querySelector("[data-part]").getClientRects();
    const seen = width === this.#width ? stay : this.#seen;
    const rowHeight = Number.parseFloat(getComputedStyle(this.#grid.firstElementChild).getPropertyValue("--row"));
    this.#width = width;
    for (const part of this.#parts) measure(part, width, rowHeight || 240);
    this.#place(seen);
    this.#plan();
  }

  #place(seen) {
    let y = 0;
    for (const part of this.#parts) {
      part.y = y;
      if (part.element) part.element.style.insetBlockStart = `${y}px`;
      y += part.height + GAP_PX;
    }
    this.#grid.style.blockSize = `${y - GAP_PX}px`;
    if (!seen?.tile.isConnected) return;
    const moved = seen.tile.getBoundingClientRect().y - seen.y;
    if (Math.abs(moved) >= 1) scrollBy({ top: moved, behavior: "instant" });
  }

  #plan() {
    this.#frame ||= requestAnimationFrame(() => {
      this.#frame = 0;
      this.#update();
    });
  }

  /** Drops what is far away, and loads the nearest part that is missing. */
  async #update() {
    if (!this.#joined) return;
    this.#seen = this.seen;
    this.#grid.dispatchEvent(new CustomEvent("album:moved", { detail: this.#seen }));
    const top = -this.#grid.getBoundingClientRect().y;
    for (const part of this.#parts) if (part.element && !isNear(part, top, DROP_WINDOWS)) this.#drop(part);
    if (this.#loading) return;
    const load = this.#missing(top);
    if (!load) return;
    this.#loading = true;
    try {
      await load();
      this.#plan();
    } catch {
      // The connection or the store is down.
      setTimeout(() => this.#plan(), RETRY_MS);
    }
    this.#loading = false;
  }

  /** @param top of the window in px of the grid. @returns what loads the nearest part that is missing; null if none is. */
  #missing(top) {
    const absent = this.#parts.filter((part) => !part.element && isNear(part, top, LOAD_WINDOWS));
    const [first, last] = [this.#parts[0], this.#parts.at(-1)];
    if (absent.length) {
      const distance = ({ y, height }) => Math.abs(y + height / 2 - top - innerHeight / 2);
      return () => this.#show(absent.sort((a, b) => distance(a) - distance(b))[0]);
    }
    if (last.next && isNear({ y: last.y + last.height, height: 0 }, top, LOAD_WINDOWS)) return () => this.#append();
    if (first.previous && isNear({ y: 0, height: 0 }, top, LOAD_WINDOWS)) return () => this.#prepend();
    return null;
  }

  async #append() {
    const before = this.#parts;
    const { ids, next } = before.at(-1);
    const part = await this.#fetchAround(ids.at(-1), LARGEST_PAGE, { cursor: next });
    if (before !== this.#parts) return;
    this.#withoutRepeats(part);
    before.push(part);
    this.#mount(part);
  }

  async #prepend() {
    const before = this.#parts;
    const { ids, previous } = before[0];
    const part = await this.#fetchAround(ids[0], LARGEST_PAGE, { cursor: previous });
    if (before !== this.#parts) return;
    this.#withoutRepeats(part);
    // It ends in the midst of the list, even where its page is the last one that a reader of cursors would meet.
    part.next ||= "known";
    before.unshift(part);
    if (!part.previous) this.#before = 0;
    else if (this.#before !== null) this.#before -= part.ids.length;
    this.#mount(part);
  }

  /** Fetches a part that has left the document. */
  async #show(part) {
    const before = this.#parts;
    const { ids, page } = part;
    const fresh = await this.#fetchAround(ids[ids.length >> 1], ids.length, page);
    if (before !== this.#parts || part.element) return;
    part.element = fresh.element;
    this.#withoutRepeats(part);
    this.#mount(part);
  }

  /** Images that came or went meanwhile shift pages, so that another part may have some of these. */
  #withoutRepeats(part) {
    for (const tile of [...part.element.children]) {
      if ((this.#partOf.get(tile.dataset.image) ?? part) !== part) tile.remove();
    }
    this.#know(part);
  }

  #mount(part) {
    const seen = this.seen;
    this.#adopt(part);
    const behind = this.#parts.slice(this.#parts.indexOf(part) + 1).find(({ element }) => element);
    this.#grid.insertBefore(part.element, behind?.element ?? null);
    this.#measure(seen);
    this.#announce(part);
  }

  #drop(part) {
    if (part.element.contains(document.activeElement)) return;
    // No page of the store is like it.
    if (this.#isReordered && (!part.ids.length || part.ids.length > LARGEST_PAGE)) return;
    if (this.#parts.filter(({ element }) => element).length === 1) return;
    part.element.remove();
    part.element = null;
  }
}

/** Whether a part is at most so many windows away from the window, which is `top` px below the start of the grid. */
function isNear({ y, height }, top, windows) {
  return y < top + (1 + windows) * innerHeight && y + height > top - windows * innerHeight;
}

/** Gives a part its height, and its rows theirs, where its tiles or these lengths (px) are others than the last time. */
function measure(part, width, rowHeight) {
  const measuredAt = `${width} ${rowHeight}`;
  if (part.measuredAt === measuredAt) return;
  part.measuredAt = measuredAt;
  const rows = rowsOf(part.ratios, width, rowHeight, Boolean(part.next), part.tailRows);
  part.height = heightOf(rows);
  if (part.element && part.next) fill(part, rows, width);
}

/** Each tile learns the height of its row. A tenth of a px less, so that rounding breaks no row. */
function fill({ element, ratios }, rows, width) {
  let index = 0;
  for (const { count, height } of rows) {
    const used = height * ratios.slice(index, index + count).reduce((a, b) => a + b, 0) + GAP_PX * (count - 1);
    for (const tile of [...element.children].slice(index, index + count)) {
      tile.style.setProperty("--row", `${height - 0.1}px`);
      tile.style.marginInlineEnd = "";
    }
    index += count;
    // A row of tall images alone is as high as may be, and not full.
    if (used < width - 1) element.children[index - 1].style.marginInlineEnd = `${width - used - 1}px`;
  }
}
