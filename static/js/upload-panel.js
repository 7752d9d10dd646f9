/** The panel of uploads at the foot of the window: totals, and one row a file. */
import { stateText, totalText } from "./format.js";

const ANNOUNCE_EVERY_MS = 4000;
const FOLD_AFTER_MS = 4000;
const PREVIEW_PX = 96;
const NOT_ADDED_STATES = ["failed", "refused"];
const TROUBLE_STATES = [...NOT_ADDED_STATES, "broken"];

/** Draws a small square of the image on a canvas, because the CSP forbids blob: URLs. */
async function drawPreview(file, box) {
  try {
    const bitmap = await createImageBitmap(file, { resizeWidth: 1.5 * PREVIEW_PX, resizeQuality: "medium" });
    const side = Math.min(bitmap.width, bitmap.height);
    const canvas = Object.assign(document.createElement("canvas"), { width: PREVIEW_PX, height: PREVIEW_PX });
    const left = (bitmap.width - side) / 2;
    const top = (bitmap.height - side) / 2;
    canvas.getContext("2d").drawImage(bitmap, left, top, side, side, 0, 0, PREVIEW_PX, PREVIEW_PX);
    bitmap.close();
    box.append(canvas);
  } catch {
    // Some browsers cannot decode HEIC or TIFF. The row keeps its icon.
  }
}

export class UploadPanel {
  #panel = document.querySelector("[data-uploads]");
  #list = this.#panel.querySelector("ol");
  #announcement = document.querySelector("[data-upload-news]");
  #rows = new Map();
  #queue;
  #announcedAt = 0;
  #frame = 0;
  #foldTimer = 0;
  #foldedItself = false;

  constructor(queue) {
    this.#queue = queue;
    queue.addEventListener("added", ({ item }) => this.#add(item));
    queue.addEventListener("changed", ({ item }) => this.#update(item));
    this.#element("fold").addEventListener("click", () => this.#fold(!this.#folded));
    this.#element("close").addEventListener("click", () => this.#close());
    this.#element("retry-all").addEventListener("click", () => queue.retry(this.#failed()));
  }

  #element(name) {
    return this.#panel.querySelector(`[data-${name}]`);
  }

  #failed() {
    return this.#queue.items.filter((item) => item.state === "failed");
  }

  #add(item) {
    const row = document.getElementById("upload-row").content.firstElementChild.cloneNode(true);
    row.querySelector(".upload__name").textContent = item.file.name;
    row.querySelector("button").addEventListener("click", () => this.#queue.retry([item]));
    row.querySelector("progress").setAttribute("aria-label", item.file.name);
    this.#rows.set(item, row);
    this.#list.append(row);
    this.#panel.hidden = false;
    this.#update(item);
  }

  #update(item) {
    const row = this.#rows.get(item);
    if (!row) return;
    if (item.state === "sending" && !row.dataset.drawn) {
      row.dataset.drawn = "";
      drawPreview(item.file, row.querySelector(".upload__picture"));
    }
    row.dataset.state = item.state;
    row.querySelector(".upload__state").textContent = stateText(item);
    const bar = row.querySelector("progress");
    if (item.state === "checking") bar.removeAttribute("value");
    else bar.value = item.sentFraction;
    row.querySelector(".upload__login").hidden = !item.signedOut;
    row.querySelector(".upload__quota")?.toggleAttribute("hidden", !item.overQuota);
    if (TROUBLE_STATES.includes(item.state)) this.#list.prepend(row);
    this.#frame ||= requestAnimationFrame(() => this.#updateTotal());
  }

  #updateTotal() {
    this.#frame = 0;
    const { items, busy } = this.#queue;
    if (!items.length) return;
    const total = totalText(items);
    this.#element("total").textContent = total;
    this.#element("overall").value = this.#overallFraction(items);
    this.#element("close").hidden = busy;
    const failed = this.#failed().length;
    this.#element("retry-all").textContent = `Try ${failed} again`;
    this.#element("retry-all").hidden = busy || failed < 2;
    this.#announce(total, { now: !busy });
    this.#foldWhenCalm(busy || items.some((item) => TROUBLE_STATES.includes(item.state)));
  }

  /** The fraction of all bytes that need no more work. Failed files count, so that the bar reaches its end. */
  #overallFraction(items) {
    const bytes = items.reduce((sum, { file }) => sum + file.size, 0);
    const settled = ({ state, sentFraction }) => (NOT_ADDED_STATES.includes(state) ? 1 : sentFraction);
    const settledBytes = items.reduce((sum, item) => sum + item.file.size * settled(item), 0);
    return bytes ? settledBytes / bytes : 1;
  }

  /** Screen readers read the totals every few seconds, and the last ones at once. */
  #announce(total, { now }) {
    if (!now && Date.now() - this.#announcedAt < ANNOUNCE_EVERY_MS) return;
    this.#announcedAt = Date.now();
    this.#announcement.textContent = total;
  }

  get #folded() {
    return this.#panel.classList.contains("is-folded");
  }

  #fold(folded, { itself = false } = {}) {
    this.#panel.classList.toggle("is-folded", folded);
    this.#element("fold").setAttribute("aria-expanded", String(!folded));
    this.#foldedItself = folded && itself;
  }

  /** Folds some seconds after all went well. A panel that folded itself opens again when something happens. */
  #foldWhenCalm(active) {
    clearTimeout(this.#foldTimer);
    if (active && this.#foldedItself) this.#fold(false);
    if (active || this.#folded) return;
    this.#foldTimer = setTimeout(() => {
      if (this.#panel.matches(":hover, :focus-within")) this.#foldWhenCalm(false);
      else this.#fold(true, { itself: true });
    }, FOLD_AFTER_MS);
  }

  #close() {
    clearTimeout(this.#foldTimer);
    this.#fold(false);
    this.#queue.clear();
    this.#rows.clear();
    this.#list.replaceChildren();
    this.#panel.hidden = true;
    document.getElementById("photos").focus();
  }
}
