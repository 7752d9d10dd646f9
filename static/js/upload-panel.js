/**
 * The panel of uploads at the foot of the window: totals, and a row for each file that is being sent, comes next or
 * needs attention. All others are only counted, so that the page stays small however many files there are.
 */
import { number } from "./format.js";
import { gettext, interpolate } from "./i18n.js";
import { ROOT } from "./root.js";
import { bytesOf, Speed } from "./upload-progress.js";
import { rateText, stateText, totalText } from "./upload-texts.js";

const ANNOUNCE_EVERY_MS = 15_000;
const PREVIEW_PX = 96;
const TROUBLE_STATES = ["failed", "refused", "broken", "missing"];
const RUNNING_STATES = ["sending", "checking"];
const MOST_TROUBLE_ROWS = 30;
const WAITING_ROWS = 3;
const SMALL_SCREEN = matchMedia("(max-width: 40rem), (max-height: 30rem)");
const FOLDED_KEY = "uploads-folded";

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
  #panel;
  #command;
  #items = new Map();
  #rows = new Map();
  #speed = new Speed();
  #announcedAt = 0;
  #paused = false;
  #fileOf;

  /** @param command called with what the user wants: a method of UploadQueue and its argument. */
  constructor(panel, command) {
    this.#panel = panel;
    this.#command = command;
    // It must not lie on the photos that people look at.
    const coversPhoto = SMALL_SCREEN.matches || document.querySelector("[data-viewer]");
    this.#fold(coversPhoto || sessionStorage.getItem(FOLDED_KEY) === "true");
    const onClick = (name, act) => this.#element(name).addEventListener("click", act);
    onClick("fold", () => {
      this.#fold(!this.#folded);
      sessionStorage.setItem(FOLDED_KEY, this.#folded);
    });
    onClick("close", () => this.#close());
    onClick("pause", () => command(this.#paused ? "resume" : "pause"));
    const [unfinished, missing] = [({ isUnfinished }) => isUnfinished, ({ state }) => state === "missing"];
    onClick("cancel-all", () => this.#act("cancel", this.#idsOf(unfinished)));
    onClick("retry-all", () => this.#act("retry", this.#failed()));
    onClick("forget", () => this.#act("cancel", this.#idsOf(missing)));
    this.#element("list").addEventListener("click", ({ target }) => this.#clickRow(target));
    this.#element("again").addEventListener("change", ({ target }) => this.#pickAgain(target));
  }

  /**
   * @param news {items, removed, reset, sentBytes, paused}, what has changed
   * @param fileOf returns the file of an item, or undefined.
   */
  show({ items, removed = [], reset, sentBytes, paused }, fileOf) {
    if (reset) this.#items.clear();
    for (const item of items) this.#items.set(item.id, item);
    for (const id of removed) this.#items.delete(id);
    this.#fileOf = fileOf;
    this.#paused = paused;
    this.#speed.add(sentBytes, performance.now());
    if (reset || paused) this.#speed.reset();
    this.#render();
  }

  #element(name) {
    return this.#panel.querySelector(`[data-${name}]`);
  }

  #idsOf(condition) {
    return [...this.#items.values()].filter(condition).map(({ id }) => id);
  }

  #failed() {
    return this.#idsOf(({ state }) => state === "failed");
  }

  #clickRow(target) {
    const button = target.closest("button");
    if (!button) return;
    const { id } = button.closest("li").dataset;
    this.#act(button.matches("[data-retry]") ? "retry" : "cancel", [id]);
  }

  /** The button that had the focus goes away, so the list has it then. */
  #act(name, ids) {
    this.#command(name, ids);
    this.#element("list").focus({ preventScroll: true });
  }

  /** The files need no album: they fill the gaps that a reload has left. */
  #pickAgain(input) {
    this.#command(
      "add",
      [...input.files].map((file) => ({ file })),
    );
    input.value = "";
  }

  #render() {
    const items = [...this.#items.values()];
    if (!items.length && this.#panel.contains(document.activeElement)) this.#focusPage();
    this.#panel.hidden = !items.length;
    document.body.classList.toggle("has-uploads", items.length > 0);
    const busy = items.some(({ isUnfinished }) => isUnfinished);
    const total = items.length ? totalText(items, { paused: this.#paused }) : "";
    const { sent, all } = bytesOf(items);
    this.#element("total").textContent = total;
    this.#element("rate").textContent = busy && !this.#paused ? rateText(this.#speed.value, all - sent) : "";
    this.#element("overall").value = all ? sent / all : 1;
    this.#showButtons(items, busy);
    this.#renderRows(items);
    this.#announce(total, { now: !busy });
  }

  #showButtons(items, busy) {
    const failed = this.#failed().length;
    const missing = items.filter(({ state }) => state === "missing").length;
    this.#element("close").hidden = busy;
    for (const name of ["pause", "cancel-all"]) this.#element(name).hidden = !busy;
    this.#element("pause").textContent = this.#paused ? gettext("Go on") : gettext("Pause");
    const again = interpolate(gettext("Try %(count)s again"), { count: number(failed) });
    this.#element("retry-all").textContent = again;
    this.#element("retry-all").hidden = busy || failed < 2;
    this.#element("missing").hidden = !missing;
  }

  /** First what is being sent, then what needs attention, then what comes next. */
  #renderRows(items) {
    const trouble = items.filter(({ state }) => TROUBLE_STATES.includes(state));
    const waiting = items.filter(({ state }) => state === "waiting");
    const running = items.filter(({ state }) => RUNNING_STATES.includes(state));
    const shown = [...running, ...trouble.slice(0, MOST_TROUBLE_ROWS), ...waiting.slice(0, WAITING_ROWS)];
    const list = this.#element("list");
    const ids = new Set(shown.map(({ id }) => id));
    for (const [id, row] of this.#rows) {
      if (ids.has(id)) continue;
      row.remove();
      this.#rows.delete(id);
    }
    shown.forEach((item, index) => {
      const row = this.#rows.get(item.id) ?? this.#newRow(item);
      if (list.children[index] !== row) list.insertBefore(row, list.children[index] ?? null);
      this.#updateRow(row, item);
    });
    const others = Math.max(0, trouble.length - MOST_TROUBLE_ROWS) + Math.max(0, waiting.length - WAITING_ROWS);
    const more = interpolate(gettext("and %(count)s more"), { count: number(others) });
    this.#element("more").textContent = others ? more : "";
  }

  #newRow(item) {
    const row = document.getElementById("upload-row").content.firstElementChild.cloneNode(true);
    row.dataset.id = item.id;
    row.querySelector(".upload__name").textContent = item.name;
    const isOfPage = document.querySelector("[data-upload]")?.dataset.album === item.album.id;
    row.querySelector(".upload__album").textContent = isOfPage ? "" : item.album.title;
    row.querySelector("progress").setAttribute("aria-label", item.name);
    row.querySelector("[data-retry] span").textContent = ` ${item.name}`;
    const login = row.querySelector(".upload__login");
    login.href = `${login.getAttribute("href")}?next=${ROOT}albums/${item.album.id}/`;
    this.#rows.set(item.id, row);
    return row;
  }

  #updateRow(row, item) {
    if (item.state === "sending" && !row.dataset.drawn && !this.#folded) {
      row.dataset.drawn = "";
      const file = this.#fileOf(item.id);
      if (file) drawPreview(file, row.querySelector(".upload__picture"));
    }
    row.dataset.state = item.state;
    row.querySelector(".upload__state").textContent = stateText(item);
    const cancel = item.isUnfinished ? gettext("Cancel %(name)s") : gettext("Forget %(name)s");
    row.querySelector("[data-cancel] span").textContent = interpolate(cancel, item);
    const bar = row.querySelector("progress");
    if (item.state === "checking") bar.removeAttribute("value");
    else bar.value = item.size ? item.sentBytes / item.size : 0;
    row.querySelector(".upload__login").hidden = !item.signedOut;
    row.querySelector(".upload__quota")?.toggleAttribute("hidden", !item.overQuota);
  }

  /** Screen readers read the totals now and then, and the last ones at once. */
  #announce(total, { now }) {
    if (!now && Date.now() - this.#announcedAt < ANNOUNCE_EVERY_MS) return;
    this.#announcedAt = Date.now();
    document.querySelector("[data-upload-news]").textContent = total;
  }

  get #folded() {
    return this.#panel.classList.contains("is-folded");
  }

  #fold(folded) {
    this.#panel.classList.toggle("is-folded", Boolean(folded));
    this.#element("fold").setAttribute("aria-expanded", String(!folded));
  }

  #close() {
    this.#command("clear");
    this.#focusPage();
  }

  #focusPage() {
    document.getElementById("main").focus({ preventScroll: true });
  }
}
