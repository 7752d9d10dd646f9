/**
 * The order of an album by hand: tiles go to another place with the mouse or by Shift and an arrow key. They move at
 * once; the store has the last word, and what it refuses goes back.
 */

import { postJson } from "./batch.js";
import { csrfToken } from "./csrf.js";
import { number, photos } from "./format.js";
import { gettext, interpolate, ngettext } from "./i18n.js";
import { anchorOf, isInPlace, placeAt, wayBack } from "./places.js";
import { ROOT } from "./root.js";
import { showToast } from "./toast.js";

// The API takes so many at once.
const MOST_MOVED = 1000;
const ROW_GAP_PX = 5;
const KEYS = ["ArrowLeft", "ArrowRight", "ArrowUp", "ArrowDown", "Home", "End"];

/** Actions of the selection's menu, by the key that does the same. */
const KEY_OF = {
  "put-earlier": "ArrowLeft",
  "put-later": "ArrowRight",
  "put-first": "Home",
  "put-last": "End",
};

const tileOf = (id) => document.getElementById(`i-${id}`);
const linkOf = (tile) => tile?.querySelector("a, button");

function boxOf(tile) {
  const { left, right, top, bottom } = tile.getBoundingClientRect();
  return { id: tile.dataset.image, left, right, top, bottom };
}

class Order {
  #grid;
  #parts;
  #selection;
  #url;
  /** Moves that the store has yet to confirm, the first of them in flight: {ids, anchor, back, isKept}. */
  #moves = [];
  /** The last message with a way back: {ids, toast}. */
  #told = null;

  constructor(grid, parts, selection, album) {
    this.#grid = grid;
    this.#parts = parts;
    this.#selection = selection;
    this.#url = `${ROOT}api/v1/albums/${album}/`;
  }

  /** The photos that move with this one, in the order of the list: all selected ones if it is selected. */
  together(id) {
    const { ids } = this.#selection;
    if (!ids.includes(id)) return [id];
    const places = new Map(this.#parts.ids.map((each, index) => [each, index]));
    const placeOf = (each) => places.get(each) ?? Infinity;
    return ids.sort((one, other) => (placeOf(one) === placeOf(other) ? 0 : placeOf(one) - placeOf(other)));
  }

  /** Where photos dropped at this point go: the tile beside it, and their index in the known list. */
  placeAt(point) {
    const place = placeAt([...this.#grid.querySelectorAll("[data-image]")].map(boxOf), point);
    return { ...place, index: this.#parts.ids.indexOf(place.id) + Number(place.isAfter) };
  }

  isInPlace(ids, index) {
    return isInPlace(this.#parts.ids, new Set(ids), index);
  }

  /** By mouse. */
  drop(ids, index) {
    const back = this.#move(ids, anchorOf(this.#parts.ids, new Set(ids), index));
    if (back) this.#tell(ids, back);
  }

  /** By a key or the menu. @param isFocused whether the focus stays on the tile. */
  async step(id, key, isFocused = true) {
    const ids = this.together(id);
    const moved = new Set(ids);
    const index = this.#indexFor(id, key, moved);
    if (index !== null && isInPlace(this.#parts.ids, moved, index)) return;
    const anchor = index === null ? await this.#endOf(key, moved) : anchorOf(this.#parts.ids, moved, index);
    const back = anchor && this.#move(ids, anchor, isFocused && id);
    if (!back) return;
    this.#follow(id, isFocused);
    this.#tell(ids, back, isFocused ? id : null);
  }

  /** With a way back. Moves of the same photos one after the other have one message: it leads to before the first. */
  #tell(ids, back, focused = null) {
    if (this.#told?.toast.isConnected && String(this.#told.ids) === String(ids)) return;
    const text = ngettext("%(photos)s is in another place.", "%(photos)s are in another place.", ids.length);
    const undo = () => this.#undo(back, focused);
    this.#told = { ids, toast: showToast(interpolate(text, { photos: photos(ids.length) }), { undo }) };
  }

  #indexFor(moving, key, moved) {
    if (key === "Home" || key === "End") return null;
    const { ids } = this.#parts;
    const own = ids.indexOf(moving);
    if (key === "ArrowLeft" || key === "ArrowRight") {
      const isNext = key === "ArrowRight";
      const others = [...ids.keys()].filter((index) => !moved.has(ids[index]) && index > own === isNext);
      return (isNext ? others[0] + 1 : others.at(-1)) || (others.length ? 0 : own);
    }
    const { left, right, top, bottom } = boxOf(tileOf(moving));
    const y = key === "ArrowUp" ? top - ROW_GAP_PX : bottom + ROW_GAP_PX;
    const { id, index } = this.placeAt({ x: (left + right) / 2, y });
    if (moved.has(id)) return own;
    // The tile may fill its row alone; then the place in the next one would be its own.
    return isInPlace(ids, moved, index) ? ids.indexOf(id) + Number(key === "ArrowDown") : index;
  }

  /** The start or end of the whole list, of which the page may know only a part. */
  async #endOf(key, moved) {
    const ordering = key === "Home" ? "position" : "-position";
    const url = `${this.#url}images/?ordering=${ordering}&page_size=1`;
    const response = await fetch(url).catch(() => null);
    const [image] = (response?.ok && (await response.json()).results) || [];
    if (!image || moved.has(image.id)) return null;
    return key === "Home" ? { before: image.id } : { after: image.id };
  }

  /** @param focused the id of the tile that keeps the focus. @returns the way back; null if nothing moves. */
  #move(ids, anchor, focused = null) {
    if (!anchor) return null;
    if (ids.length > MOST_MOVED) {
      const text = gettext("At most %(count)s photos can be moved at once.");
      showToast(interpolate(text, { count: number(MOST_MOVED) }), { error: true });
      return null;
    }
    const back = wayBack(this.#parts.ids, new Set(ids));
    const isShown = this.#put(ids, anchor);
    const waiting = this.#moves.slice(1).at(-1);
    // A key that is held down moves faster than the store answers.
    if (waiting && isShown && String(waiting.ids) === String(ids)) waiting.anchor = anchor;
    else this.#moves.push({ ids, anchor, back, isShown, focused });
    if (this.#moves.length === 1) this.#save();
    return back;
  }

  async #save() {
    while (this.#moves.length) {
      const { ids, anchor, isShown, focused } = this.#moves[0];
      const { status, body } = await postJson(`${this.#url}order/`, { ids, ...anchor }, csrfToken());
      if (status !== 204) return this.#putBack(status, body.detail);
      if (!isShown) await this.#lookAt(focused ?? ids[0]);
      this.#moves.shift();
    }
  }

  async #putBack(status, detail = gettext("Try again.")) {
    const moves = this.#moves.splice(0).reverse();
    const { focused } = moves.at(-1);
    this.#told?.toast.remove();
    for (const { back, isShown } of moves) {
      if (isShown) for (const { ids, ...anchor } of back) this.#put(ids, anchor);
    }
    // The album is another one than this page shows.
    if (status >= 400 && status < 500) await this.#parts.reload().catch(() => {});
    if (focused) linkOf(tileOf(focused))?.focus({ preventScroll: true });
    showToast(`${gettext("The order is as it was.")} ${detail}`, { error: true });
  }

  #undo(back, focused) {
    this.#told = null;
    let count = 0;
    for (const { ids, ...anchor } of back) {
      this.#move(ids, anchor, focused);
      count += ids.length;
    }
    const text = ngettext("%(photos)s is back in place.", "%(photos)s are back in place.", count);
    showToast(interpolate(text, { photos: photos(count) }));
    if (focused) this.#follow(focused);
  }

  /** Puts the tiles where they go; false if some of them, or that place, are out of the document. */
  #put(ids, { before, after }) {
    const tiles = ids.map(tileOf);
    const beside = tileOf(before ?? after);
    if (!beside || !tiles.every(Boolean)) return false;
    const lists = new Set([...tiles, beside].map(({ parentElement }) => parentElement));
    for (const { style } of tiles) {
      style.removeProperty("--row");
      style.marginInlineEnd = "";
    }
    if (before) beside.before(...tiles);
    else beside.after(...tiles);
    this.#parts.reordered(lists);
    return true;
  }

  /** Shows a photo that went to a part of the list that is not in the document. */
  async #lookAt(id) {
    await this.#parts.jump({ around: id }).catch(() => {});
    this.#follow(id);
  }

  /** Keeps the tile that was moved in the window, and the focus on it, and says where it is. */
  #follow(id, isFocused = true) {
    const tile = tileOf(id);
    if (!tile) return;
    const { top, bottom } = tile.getBoundingClientRect();
    if (top < document.querySelector(".topbar").offsetHeight || bottom > innerHeight) this.#parts.scrollTo(tile);
    if (isFocused) linkOf(tile)?.focus({ preventScroll: true });
    const place = this.#parts.numberOf(id);
    const total = Number(document.querySelector("[data-live-part] [data-count]:not(a)")?.dataset.count);
    const text = place && total ? gettext("Moved to place %(place)s of %(total)s") : gettext("Moved");
    const said = interpolate(text, { place: number(place ?? 0), total: number(total) });
    document.querySelector("[data-selection-news]").textContent = said;
  }
}

/** The tiles that move are dim, a small picture follows the mouse, and a line shows where they would go. */
class TileDrag {
  #order;
  #ids;
  #place = null;
  #ghost = document.createElement("div");
  #line = document.createElement("div");

  constructor(order, tile) {
    this.#order = order;
    this.#ids = order.together(tile.dataset.image);
    this.#ghost.className = "drag-ghost";
    this.#line.className = "drop-line";
    const picture = tile.querySelector("img");
    if (picture)
      this.#ghost.append(Object.assign(new Image(), { src: picture.currentSrc || picture.src, alt: "" }));
    if (this.#ids.length > 1) this.#ghost.append(number(this.#ids.length));
    document.body.append(this.#line, this.#ghost);
    document.documentElement.classList.add("is-dragging");
  }

  move(point) {
    // Tiles that come while the page scrolls may be some of them.
    for (const id of this.#ids) tileOf(id)?.classList.add("is-moving");
    this.#ghost.style.translate = `${point.x}px ${point.y}px`;
    this.#place = this.#order.placeAt(point);
    const { left, right, top, bottom } = boxOf(tileOf(this.#place.id));
    this.#line.hidden = this.#order.isInPlace(this.#ids, this.#place.index);
    this.#line.style.translate = `${Math.max(0, this.#place.isAfter ? right : left - 4)}px ${top}px`;
    this.#line.style.blockSize = `${bottom - top}px`;
  }

  drop() {
    this.cancel();
    const { index } = this.#place;
    if (!this.#order.isInPlace(this.#ids, index)) this.#order.drop(this.#ids, index);
  }

  cancel() {
    this.#ghost.remove();
    this.#line.remove();
    for (const id of this.#ids) tileOf(id)?.classList.remove("is-moving");
    document.documentElement.classList.remove("is-dragging");
  }
}

/**
 * @returns a starter for watchDrags(). The drag of a tile moves it while nothing is being selected; then the drag of
 *   a selected tile moves all selected ones. Other drags select.
 */
export function orderByHand(grid, parts, selection) {
  const bar = document.querySelector("[data-selection]");
  const order = new Order(grid, parts, selection, bar.dataset.album);
  grid.addEventListener("focusin", ({ target }) => {
    if (target.matches(".tile a")) target.setAttribute("aria-describedby", "by-hand");
  });
  grid.addEventListener("keydown", (event) => {
    const tile = event.target.closest(".tile");
    if (!tile || !event.shiftKey || event.altKey || event.ctrlKey || event.metaKey) return;
    if (!KEYS.includes(event.key)) return;
    event.preventDefault();
    order.step(tile.dataset.image, event.key);
  });
  // The menu stays open, so that one goes on step by step. Other actions are those of selection-actions.js.
  bar.addEventListener(
    "submit",
    (event) => {
      const key = KEY_OF[event.submitter?.value];
      if (!key) return;
      event.preventDefault();
      event.stopImmediatePropagation();
      order.step(order.together(selection.ids[0])[0], key, false);
    },
    true,
  );
  return ({ target }) => {
    const tile = grid.contains(target) && !target.closest(".tile__check, button") && target.closest(".tile");
    if (!tile || (selection.isOpen && !selection.ids.includes(tile.dataset.image))) return null;
    return () => new TileDrag(order, tile);
  };
}
