/** Selecting photos in a grid: check marks, ranges by Shift, a long press, keys, and a bar of what can be done. */

import { dragFromLongPress, holdScrolling } from "./drag-selection.js";
import { number } from "./format.js";
import { gettext, interpolate } from "./i18n.js";
import { watchLongPress } from "./long-press.js";
import { SelectionActions } from "./selection-actions.js";

const checkOf = (tile) => tile.querySelector(".tile__check input");
const isModified = (event) => event.altKey || event.ctrlKey || event.metaKey;

/**
 * The selected ids. Tiles come and go; those that come again are checked again.
 * "change": the selection is another one, or its mode has begun or ended.
 */
class Selection extends EventTarget {
  #grid;
  /** id → id of its album. */
  #albums = new Map();
  /** The tile from which Shift selects a range. */
  #anchor = null;
  isOpen = false;

  constructor(grid) {
    super();
    this.#grid = grid;
    new MutationObserver(() => this.#check()).observe(grid, { childList: true, subtree: true });
  }

  get ids() {
    return [...this.#albums.keys()];
  }

  albumOf(id) {
    return this.#albums.get(id);
  }

  /** All that a drag changes, to be given back. */
  get state() {
    return { albums: new Map(this.#albums), anchor: this.#anchor, isOpen: this.isOpen };
  }

  set state({ albums, anchor, isOpen }) {
    const isSame =
      isOpen === this.isOpen && this.#albums.size === albums.size && this.ids.every((id) => albums.has(id));
    [this.#albums, this.#anchor, this.isOpen] = [new Map(albums), anchor, isOpen];
    if (!isSame) this.#changed();
  }

  open() {
    this.isOpen = true;
    this.#changed();
  }

  clear() {
    this.#albums.clear();
    this.#anchor = null;
    this.isOpen = false;
    this.#changed();
  }

  toggle(tile, { range = false } = {}) {
    const { value } = checkOf(tile);
    const selected = !this.#albums.has(value);
    for (const each of range ? this.#rangeTo(tile) : [tile]) this.#set(each, range || selected);
    this.#anchor = tile;
    this.#changed();
  }

  /** @param runs [id of an album, ids of some of its photos][], in the order of the list. */
  addAll(runs) {
    for (const [album, images] of runs) for (const id of images) this.#albums.set(id, album);
    this.#changed();
  }

  /** Only these stay selected. */
  retain(ids) {
    const kept = ids.map((id) => [id, this.#albums.get(id)]);
    this.clear();
    this.#albums = new Map(kept);
    this.#changed();
  }

  #rangeTo(tile) {
    const tiles = [...this.#grid.querySelectorAll(".tile")];
    const ends = [tiles.indexOf(this.#anchor), tiles.indexOf(tile)].sort((one, other) => one - other);
    return ends[0] < 0 ? [tile] : tiles.slice(ends[0], ends[1] + 1);
  }

  #set(tile, selected) {
    const { value, dataset } = checkOf(tile);
    if (selected) this.#albums.set(value, dataset.album);
    else this.#albums.delete(value);
  }

  #changed() {
    this.isOpen ||= this.#albums.size > 0;
    this.#check();
    this.dispatchEvent(new Event("change"));
  }

  #check() {
    for (const box of this.#grid.querySelectorAll(".tile__check input")) box.checked = this.#albums.has(box.value);
  }
}

function watchPointer(grid, selection) {
  const longPress = watchLongPress(grid, ".tile", (tile, down) => {
    selection.toggle(tile);
    dragFromLongPress(grid, selection, tile, down);
  });
  holdScrolling(grid);
  // Before other listeners of the grid: while one selects, a click opens nothing.
  grid.addEventListener(
    "click",
    (event) => {
      const tile = event.target.closest(".tile");
      const check = event.target.closest(".tile__check");
      const link = event.target.closest(".tile__link, a.tile__state");
      if (!tile || isModified(event) || !(check || (link && (selection.isOpen || longPress.justFired())))) return;
      event.stopPropagation();
      // A label repeats the click for its box, which the browser then checks; selection.toggle() has the last word.
      if (check && !event.target.matches("input")) return;
      if (link) event.preventDefault();
      if (!longPress.justFired()) queueMicrotask(() => selection.toggle(tile, { range: event.shiftKey }));
    },
    true,
  );
}

function watchKeys(grid, bar, selection) {
  grid.addEventListener("keydown", (event) => {
    const tile = event.target.closest(".tile");
    const isLink = event.target.matches(".tile__link, a.tile__state");
    if (!tile || isModified(event)) return;
    if (event.key.toLowerCase() !== "x" && !(event.key === " " && isLink)) return;
    event.preventDefault();
    selection.toggle(tile, { range: event.shiftKey });
  });
  document.addEventListener("keydown", (event) => {
    const here = grid.contains(event.target) || bar.contains(event.target) || event.target.matches("body, main");
    if (event.key !== "Escape" || !here || !selection.isOpen || bar.querySelector(":popover-open")) return;
    event.preventDefault();
    selection.clear();
  });
}

function showBar(bar, grid, selection) {
  const count = selection.ids.length;
  const text = count
    ? interpolate(gettext("%(count)s selected"), { count: number(count) })
    : gettext("None selected");
  const wasOpen = bar.classList.contains("is-open");
  bar.classList.toggle("is-open", selection.isOpen);
  grid.classList.toggle("is-selecting", selection.isOpen);
  bar.querySelector("[data-selected-count]").textContent = text;
  for (const button of bar.querySelectorAll("[name=action], [popovertarget]")) button.disabled = !count;
  if (selection.isOpen || wasOpen) document.querySelector("[data-selection-news]").textContent = text;
}

/**
 * @param grid the element with the tiles. @param albumGrid keeps them current. @param parts places them.
 * @returns the Selection.
 */
export function startSelection(grid, albumGrid, parts) {
  const bar = document.querySelector("[data-selection]");
  const selection = new Selection(grid);
  const actions = new SelectionActions(bar, grid, albumGrid, parts, selection);
  selection.addEventListener("change", () => showBar(bar, grid, selection));
  watchPointer(grid, selection);
  watchKeys(grid, bar, selection);
  bar.addEventListener("submit", (event) => {
    event.preventDefault();
    actions.run(event.submitter.value);
  });
  bar.querySelector("[data-clear]").addEventListener("click", () => selection.clear());
  bar.querySelector("[data-select-all]").addEventListener("click", () => actions.selectAll());
  document.addEventListener("click", (event) => {
    if (event.target.closest("[data-select]")) selection.open();
  });
  // The browser may have kept boxes checked over a reload or the way back.
  addEventListener("pageshow", () => selection.clear());
  return selection;
}
