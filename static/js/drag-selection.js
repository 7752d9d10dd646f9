/**
 * Drags that select. The mouse draws a rectangle and selects what it crosses; with Shift, that adds. A finger that
 * went down long enough selects all from there to where it is. Escape gives the selection back that was there before.
 */

import { follow } from "./drag.js";

/** Whether two boxes of {left, right, top, bottom} have a point in common. */
export const overlap = (one, other) =>
  one.left <= other.right && other.left <= one.right && one.top <= other.bottom && other.top <= one.bottom;

/** From the first to the last of two boxes, as one reads rows. */
export function between(boxes, one, other) {
  const comesAfter = (a, b) => a.top - b.top || a.left - b.left;
  const [first, last] = [one, other].sort(comesAfter);
  return boxes.filter((box) => comesAfter(box, first) >= 0 && comesAfter(box, last) <= 0);
}

/** The boxes of all tiles that were in the document during a drag, in px of the grid: tiles go when one scrolls far. */
class Boxes {
  #grid;
  #boxes = new Map();

  constructor(grid) {
    this.#grid = grid;
  }

  /** A point of the window in px of the grid. */
  inGrid({ x, y }) {
    const origin = this.#grid.getBoundingClientRect();
    return { x: x - origin.x, y: y - origin.y };
  }

  of(tile) {
    return this.#boxes.get(tile.querySelector(".tile__check input").value);
  }

  /** All that are known now. */
  read() {
    const origin = this.#grid.getBoundingClientRect();
    for (const tile of this.#grid.querySelectorAll(".tile")) {
      const { x, y, width, height } = tile.getBoundingClientRect();
      const [left, top] = [x - origin.x, y - origin.y];
      const check = tile.querySelector(".tile__check input");
      if (check) this.#boxes.set(check.value, { left, top, right: left + width, bottom: top + height, check });
    }
    return [...this.#boxes.values()];
  }
}

/** What both kinds of drags share: a selection that is another one in each frame, and can be given back. */
class SelectionDrag {
  #selection;
  #before;
  #base;
  boxes;

  constructor(grid, selection, isAdding) {
    this.#selection = selection;
    this.#before = selection.state;
    this.#base = isAdding ? this.#before : { ...this.#before, albums: new Map() };
    this.boxes = new Boxes(grid);
    document.documentElement.classList.add("is-drawing");
  }

  select(boxes) {
    const albums = new Map(this.#base.albums);
    for (const { check } of boxes) albums.set(check.value, check.dataset.album);
    this.#selection.state = { ...this.#base, albums, isOpen: true };
  }

  drop() {
    document.documentElement.classList.remove("is-drawing");
  }

  cancel() {
    this.drop();
    this.#selection.state = this.#before;
  }
}

class Rectangle extends SelectionDrag {
  #start;
  #element = document.createElement("div");

  constructor(grid, selection, down) {
    super(grid, selection, down.shiftKey);
    this.#start = this.boxes.inGrid({ x: down.clientX, y: down.clientY });
    this.#element.className = "marquee";
    document.body.append(this.#element);
  }

  move(point) {
    const [one, other] = [this.#start, this.boxes.inGrid(point)];
    const left = Math.min(one.x, other.x);
    const top = Math.min(one.y, other.y);
    const box = { left, top, right: Math.max(one.x, other.x), bottom: Math.max(one.y, other.y) };
    this.select(this.boxes.read().filter((tile) => overlap(tile, box)));
    const offset = { x: point.x - other.x, y: point.y - other.y };
    Object.assign(this.#element.style, {
      translate: `${left + offset.x}px ${top + offset.y}px`,
      inlineSize: `${box.right - left}px`,
      blockSize: `${box.bottom - top}px`,
    });
  }

  drop() {
    super.drop();
    this.#element.remove();
  }
}

class Run extends SelectionDrag {
  #first;
  #hasLeft = false;

  /** @param first the tile under the finger. */
  constructor(grid, selection, first) {
    super(grid, selection, true);
    this.boxes.read();
    this.#first = this.boxes.of(first);
  }

  move(point) {
    const boxes = this.boxes.read();
    const { x, y } = this.boxes.inGrid(point);
    const under = boxes.find((box) => overlap(box, { left: x, right: x, top: y, bottom: y }));
    // What a long press deselected stays so while the finger stays.
    this.#hasLeft ||= under && under.check !== this.#first.check;
    if (under && this.#hasLeft) this.select(between(boxes, this.#first, under));
  }
}

/** Selects from this tile on while the finger of `down` stays on the glass. Call it when its long press has fired. */
export function dragFromLongPress(grid, selection, tile, down) {
  if (tile.querySelector(".tile__check")) follow(down, grid, new Run(grid, selection, tile));
}

/** Under a finger that selects the page does not scroll, and links are not dragged. The browser asks before it does. */
export function holdScrolling(grid) {
  const isDrawing = () => document.documentElement.classList.contains("is-drawing");
  const hold = (event) => isDrawing() && event.cancelable && event.preventDefault();
  for (const type of ["touchmove", "dragstart"]) grid.addEventListener(type, hold, { passive: false });
}

/**
 * @returns a starter for watchDrags(). A rectangle begins beside the tiles or on a check mark, and anywhere on a tile
 *   while photos are being selected.
 */
export function drawRectangles(grid, selection) {
  return (down) => {
    const { target } = down;
    const isOnScrollbar = down.clientX >= document.documentElement.clientWidth;
    const isBeside = target.matches("html, body, main, .albums, [data-tiles], [data-part]") && !isOnScrollbar;
    const isOnTile = grid.contains(target) && !target.closest("button") && target.closest(".tile");
    const isOnCheck = isOnTile && target.closest(".tile__check");
    if (!isBeside && !isOnCheck && !(isOnTile && selection.isOpen)) return null;
    return () => new Rectangle(grid, selection, down);
  };
}
