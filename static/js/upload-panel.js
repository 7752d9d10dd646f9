/** The docked list of uploads: one line a file, totals on top, foldable, never in the way. */
import { stateOf, totalOf } from "./format.js";

const NEWS_EVERY_MS = 4000;
const FOLDS_AFTER_MS = 4000;
const NOT_ADDED = ["failed", "refused"];
const TROUBLE = [...NOT_ADDED, "broken"];

/** A small picture of the file, drawn here because the page may not load blob: addresses. */
async function preview(file, box) {
  try {
    const bitmap = await createImageBitmap(file, { resizeWidth: 144, resizeQuality: "medium" });
    const side = Math.min(bitmap.width, bitmap.height);
    const canvas = Object.assign(document.createElement("canvas"), { width: 96, height: 96 });
    const left = (bitmap.width - side) / 2;
    const top = (bitmap.height - side) / 2;
    canvas.getContext("2d").drawImage(bitmap, left, top, side, side, 0, 0, 96, 96);
    bitmap.close();
    box.append(canvas);
  } catch {
    // Not every browser can draw HEIC or TIFF: the icon stays.
  }
}

export class Panel {
  #box = document.querySelector("[data-uploads]");
  #list = this.#box.querySelector("ol");
  #news = document.querySelector("[data-upload-news]");
  #rows = new Map();
  #queue;
  #saidAt = 0;
  #frame = 0;
  #foldTimer = 0;
  #foldedItself = false;

  constructor(queue) {
    this.#queue = queue;
    queue.addEventListener("added", (event) => this.#add(event.detail));
    queue.addEventListener("changed", (event) => this.#update(event.detail));
    this.#part("fold").addEventListener("click", () => this.#fold(!this.#folded));
    this.#part("close").addEventListener("click", () => this.#close());
    this.#part("retry-all").addEventListener("click", () => queue.retry(this.#failed()));
  }

  #part(name) {
    return this.#box.querySelector(`[data-${name}]`);
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
    this.#box.hidden = false;
    this.#update(item);
  }

  #update(item) {
    const row = this.#rows.get(item);
    if (!row) return;
    if (item.state === "sending" && !row.dataset.drawn) {
      row.dataset.drawn = "";
      preview(item.file, row.querySelector(".upload__picture"));
    }
    row.dataset.state = item.state;
    row.querySelector(".upload__state").textContent = stateOf(item);
    const bar = row.querySelector("progress");
    if (item.state === "checking") bar.removeAttribute("value");
    else bar.value = item.part;
    row.querySelector(".upload__login").hidden = !item.signedOut;
    row.querySelector(".upload__room")?.toggleAttribute("hidden", !item.noRoom);
    if (TROUBLE.includes(item.state)) this.#list.prepend(row);
    this.#frame ||= requestAnimationFrame(() => this.#total());
  }

  #total() {
    this.#frame = 0;
    const { items, busy } = this.#queue;
    if (!items.length) return;
    const total = totalOf(items);
    this.#part("total").textContent = total;
    const bytes = items.reduce((sum, item) => sum + item.file.size, 0);
    const gone = items.reduce(
      (sum, item) => sum + item.file.size * (NOT_ADDED.includes(item.state) ? 1 : item.part),
      0,
    );
    this.#part("overall").value = bytes ? gone / bytes : 1;
    this.#part("close").hidden = busy;
    const failed = this.#failed().length;
    this.#part("retry-all").textContent = `Try ${failed} again`;
    this.#part("retry-all").hidden = busy || failed < 2;
    this.#say(total, !busy);
    this.#foldWhenCalm(busy || items.some((item) => TROUBLE.includes(item.state)));
  }

  /** Screen readers hear the totals now and then, and the end at once. */
  #say(total, atOnce) {
    if (!atOnce && Date.now() - this.#saidAt < NEWS_EVERY_MS) return;
    this.#saidAt = Date.now();
    this.#news.textContent = total;
  }

  get #folded() {
    return this.#box.classList.contains("is-folded");
  }

  #fold(folded, byItself = false) {
    this.#box.classList.toggle("is-folded", folded);
    this.#part("fold").setAttribute("aria-expanded", String(!folded));
    this.#foldedItself = folded && byItself;
  }

  /** A while after all went well only the totals stay; what folded itself opens again when there is news. */
  #foldWhenCalm(news) {
    clearTimeout(this.#foldTimer);
    if (news && this.#foldedItself) this.#fold(false);
    if (news || this.#folded) return;
    this.#foldTimer = setTimeout(() => {
      if (this.#box.matches(":hover, :focus-within")) this.#foldWhenCalm(false);
      else this.#fold(true, true);
    }, FOLDS_AFTER_MS);
  }

  #close() {
    clearTimeout(this.#foldTimer);
    this.#fold(false);
    this.#queue.clear();
    this.#rows.clear();
    this.#list.replaceChildren();
    this.#box.hidden = true;
    document.getElementById("photos").focus();
  }
}
