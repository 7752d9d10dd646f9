/** Keeps the grid current: asks for the tiles that are still being made and swaps them in place. */
import { paintPlaceholders } from "./placeholder.js";

const FIRST_MS = 1000;
const SLOWEST_MS = 15000;
const AT_ONCE = 40;

export class Tiles {
  #grid;
  #wait = FIRST_MS;
  #timer = 0;

  constructor(grid) {
    this.#grid = grid;
  }

  watch() {
    document.addEventListener("visibilitychange", () => this.#soon());
    this.#grid.addEventListener("submit", (event) => this.#retry(event));
    this.#soon();
  }

  /** Fetch these tiles; those not yet in the grid are hung first or last, as the order asks. */
  async show(ids) {
    const before = this.#pending().length;
    for (let start = 0; start < ids.length; start += AT_ONCE) {
      const some = ids.slice(start, start + AT_ONCE);
      const answer = await fetch(`${this.#grid.dataset.tiles}?ids=${some.join(",")}`);
      if (!answer.ok) throw new Error(`tiles: ${answer.status}`);
      const page = new DOMParser().parseFromString(await answer.text(), "text/html");
      for (const id of some) if (!page.getElementById(`i-${id}`)) document.getElementById(`i-${id}`)?.remove();
      // They come newest first; hung one by one from the oldest, each takes its place.
      for (const tile of [...page.querySelectorAll(".tile")].reverse()) this.#hang(document.adoptNode(tile));
    }
    if (this.#pending().length !== before) this.#wait = FIRST_MS;
    this.#soon();
  }

  #hang(tile) {
    const old = document.getElementById(tile.id);
    if (old?.dataset.status === tile.dataset.status) return;
    const focused = old?.contains(document.activeElement);
    if (old) old.replaceWith(tile);
    else if (this.#grid.dataset.newest === "first") this.#grid.prepend(tile);
    else this.#grid.append(tile);
    paintPlaceholders(tile);
    if (focused) tile.querySelector("a, button")?.focus({ preventScroll: true });
    if (old) return;
    document.querySelector("[data-empty]")?.remove();
    this.#count(1);
  }

  #count(more) {
    const label = document.querySelector("[data-count]");
    const count = Number(label.dataset.count) + more;
    label.dataset.count = count;
    label.textContent = `${count} photo${count === 1 ? "" : "s"}`;
  }

  #pending() {
    return [...this.#grid.querySelectorAll('[data-status="pending"]')].map((tile) => tile.dataset.id);
  }

  #soon() {
    clearTimeout(this.#timer);
    if (document.hidden || !this.#pending().length) return;
    this.#timer = setTimeout(() => this.#ask(), this.#wait);
  }

  async #ask() {
    this.#wait = Math.min(this.#wait * 1.5, SLOWEST_MS);
    await this.show(this.#pending()).catch(() => this.#soon());
  }

  async #retry(event) {
    const form = event.target.closest("[data-retry]");
    if (!form) return;
    event.preventDefault();
    const tile = form.closest(".tile");
    form.querySelector("button").setAttribute("aria-busy", "true");
    try {
      await fetch(form.action, { method: "POST", body: new FormData(form), redirect: "manual" });
      this.#wait = FIRST_MS;
      tile.dataset.status = "asked";
      await this.show([tile.dataset.id]);
    } catch {
      form.submit();
    }
  }
}
