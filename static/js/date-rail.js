/**
 * The rail of a long list by date, at the right edge: as far down as a month stands in the list. It shows month and
 * year under the mouse, and leads there. The menu of dates does the same by keys, so it is hidden from screen readers.
 */

import { jumpToMonth } from "./album-position.js";
import { number } from "./format.js";
import { language } from "./i18n.js";

// Shorter lists are quickly scrolled.
const FEWEST_PHOTOS = 200;
const YEAR_PX = 24;
const STAYS_MS = 1500;

const monthAndYear = new Intl.DateTimeFormat(language, { month: "long", year: "numeric", timeZone: "UTC" });

/**
 * Where months begin on the rail.
 * @param counts of photos in each. @returns for each the share of the list before it, from 0 to 1.
 */
export function beginsOf(counts) {
  const total = counts.reduce((sum, count) => sum + count, 0);
  let before = 0;
  return counts.map((count) => {
    before += count;
    return (before - count) / total;
  });
}

/** The index of the month at this share of the rail. */
export function monthAt(begins, share) {
  return Math.max(
    begins.findLastIndex((begin) => begin <= share),
    0,
  );
}

/** The years to be written: {year, begin}, none nearer than `least` (a share) to the one before. */
export function yearsOf(months, begins, least) {
  const years = [];
  for (const [index, month] of months.entries()) {
    const [year, begin] = [month.slice(0, 4), begins[index]];
    const isFirst = month.slice(0, 4) !== months[index - 1]?.slice(0, 4);
    if (isFirst && (!years.length || begin - years.at(-1).begin >= least)) years.push({ year, begin });
  }
  return years;
}

class Rail {
  #rail = document.querySelector("[data-rail]");
  #label = this.#rail.querySelector("[data-rail-label]");
  #here = this.#rail.querySelector("[data-rail-here]");
  #parts;
  #menu = null;
  #links = [];
  #begins = [];
  #pointer = null;
  /** A finger that only taps the handle leads nowhere. */
  #hasMoved = false;
  #timer = 0;

  constructor(parts) {
    this.#parts = parts;
    const rail = this.#rail;
    rail.addEventListener("pointerdown", (event) => this.#down(event));
    rail.addEventListener("pointermove", (event) => {
      this.#hasMoved = true;
      this.#point(event);
    });
    rail.addEventListener("pointerup", (event) => this.#up(event));
    for (const type of ["pointercancel", "pointerleave"]) rail.addEventListener(type, () => this.#leave());
    addEventListener("resize", () => this.#draw());
    addEventListener("scroll", () => this.#show(), { passive: true });
    this.#read();
  }

  /** Marks where the image at the top of the window is. The months are others while photos come. */
  mark(seen) {
    this.#read();
    if (!seen || this.#rail.hidden) return;
    const total = this.#links.reduce((sum, { dataset }) => sum + Number(dataset.count), 0);
    const month = new Date(seen.tile.dataset.taken / 1000).toISOString().slice(0, 7);
    const index = this.#links.findIndex(({ dataset }) => dataset.month === month);
    const share = seen.number ? (seen.number - 1) / total : this.#begins[index];
    if (this.#pointer === null) this.#here.style.insetBlockStart = `${100 * Math.min(share ?? 0, 1)}%`;
  }

  #read() {
    const menu = document.querySelector("[data-dates]");
    if (menu === this.#menu) return;
    this.#menu = menu;
    this.#links = [...(menu?.querySelectorAll("a") ?? [])];
    const counts = this.#links.map(({ dataset }) => Number(dataset.count));
    this.#begins = beginsOf(counts);
    this.#rail.hidden = counts.length < 2 || counts.reduce((sum, count) => sum + count, 0) < FEWEST_PHOTOS;
    this.#draw();
  }

  #draw() {
    const months = this.#links.map(({ dataset }) => dataset.month);
    const years = yearsOf(months, this.#begins, YEAR_PX / (this.#rail.clientHeight || 1));
    const ticks = years.map(({ year, begin }) => {
      const tick = document.createElement("span");
      tick.className = "rail__year";
      tick.textContent = year;
      tick.style.insetBlockStart = `${100 * begin}%`;
      return tick;
    });
    for (const tick of this.#rail.querySelectorAll(".rail__year")) tick.remove();
    this.#rail.prepend(...ticks);
  }

  /** Where nothing hovers, the rail is there for a while after one has scrolled. */
  #show() {
    this.#rail.classList.add("is-shown");
    clearTimeout(this.#timer);
    this.#timer = setTimeout(() => {
      if (this.#pointer === null) this.#rail.classList.remove("is-shown");
    }, STAYS_MS);
  }

  #down(event) {
    if (event.button !== 0) return;
    // The tiles under the rail keep the focus and their own gestures.
    event.preventDefault();
    this.#pointer = event.pointerId;
    this.#hasMoved = event.pointerType === "mouse";
    this.#rail.setPointerCapture(event.pointerId);
    this.#point(event);
  }

  /** @returns the link of the month under the pointer, which the label shows. */
  #point({ clientY }) {
    const { top, height } = this.#rail.getBoundingClientRect();
    const share = Math.min(Math.max((clientY - top) / height, 0), 1);
    const link = this.#links[monthAt(this.#begins, share)];
    const { month, count } = link.dataset;
    this.#label.firstChild.data = monthAndYear.format(new Date(`${month}-01`));
    this.#label.lastChild.textContent = number(Number(count));
    this.#label.style.insetBlockStart = `${100 * share}%`;
    this.#label.hidden = false;
    if (this.#pointer !== null) this.#here.style.insetBlockStart = `${100 * share}%`;
    this.#show();
    return link;
  }

  #up(event) {
    if (this.#pointer === null) return;
    const link = this.#point(event);
    this.#pointer = null;
    if (event.pointerType !== "mouse") this.#label.hidden = true;
    if (this.#hasMoved) jumpToMonth(link, this.#parts).catch(() => location.assign(link.href));
  }

  #leave() {
    if (this.#rail.hasPointerCapture?.(this.#pointer ?? -1)) return;
    this.#pointer = null;
    this.#label.hidden = true;
  }
}

/** @param parts the AlbumParts of the grid. */
export function showRail(grid, parts) {
  if (!document.querySelector("[data-rail]")) return;
  const rail = new Rail(parts);
  grid.addEventListener("album:moved", ({ detail }) => rail.mark(detail));
}
