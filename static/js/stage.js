/** The pane in which photos stand: the shown one and its neighbours beside it, swiped and enlarged. */

import { watchGestures } from "./gestures.js";
import { paintPlaceholders } from "./placeholder.js";
import { fullScale, WHOLE, within, zoomAt } from "./zoom.js";

const SWIPE_PART = 0.2;
const SWIPE_PX_PER_MS = 0.4;
const PULL_PX = 110;
const SETTLE_MS = 260;
const KEY_FACTOR = 1.5;

const reducedMotion = matchMedia("(prefers-reduced-motion: reduce)");

/** "swiped" {way}; "pulling" while a finger pulls the photo down; "pulled" {down}: it has let go. */
export class Stage extends EventTarget {
  #slides;
  #pane = null;
  #picture = null;
  #view = WHOLE;
  #ways = {};

  constructor(slides) {
    super();
    this.#slides = slides;
    watchGestures(slides, this);
  }

  /** Shows a pane, with those of its neighbours or undefined. `ways` tells which neighbours there are. */
  show(pane, previous, next, ways) {
    const isNew = pane !== this.#pane;
    this.#pane = pane;
    this.#ways = ways;
    const panes = { "-1": previous, 0: pane, 1: next };
    const shown = Object.keys(panes).filter((at) => panes[at]);
    for (const at of shown) {
      const each = panes[at];
      each.dataset.at = at;
      each.inert = at !== "0";
      // The shown picture may be enlarged when its neighbours come.
      if (at === "0" && !isNew) continue;
      for (const image of each.querySelectorAll("img")) {
        image.fetchPriority = at === "0" ? "high" : "low";
        image.style.cssText = image.style.backgroundImage ? `background-image: ${image.style.backgroundImage}` : "";
      }
    }
    const wanted = ["-1", "0", "1"].map((at) => panes[at]).filter(Boolean);
    // A pane that stays is not moved: a moved image would load again in some browsers.
    for (const child of [...this.#slides.children]) if (!wanted.includes(child)) child.remove();
    for (const each of wanted) if (each.parentElement !== this.#slides) this.#slides.append(each);
    if (isNew) {
      this.#picture = pane.querySelector("[data-picture]");
      this.#view = WHOLE;
      this.#drag(0, 0);
    }
    for (const each of wanted) paintPlaceholders(each);
  }

  get isEnlarged() {
    return this.#view.scale > 1.01;
  }

  zoomBy(steps) {
    this.#animate();
    this.zoom(KEY_FACTOR ** steps, { x: 0, y: 0 });
    this.settle();
  }

  zoomWhole() {
    if (!this.#picture) return;
    this.#animate();
    this.#look(WHOLE);
  }

  zoomFull(point = { x: 0, y: 0 }) {
    if (!this.#picture) return;
    this.#animate();
    this.#look(zoomAt(this.#view, this.#full, point));
  }

  // ---- What gestures ask for ----------------------------------------------------------------

  start() {
    this.#slides.classList.remove("is-settling");
  }

  zoom(factor, point) {
    if (!this.#picture) return;
    const scale = Math.min(Math.max(this.#view.scale * factor, 0.7), Math.max(2, this.#full) * 1.2);
    this.#look(zoomAt(this.#view, scale, point));
  }

  pan(dx, dy) {
    if (this.#picture) this.#look({ ...this.#view, x: this.#view.x + dx, y: this.#view.y + dy });
  }

  zoomToggle(point) {
    if (this.isEnlarged) this.zoomWhole();
    else this.zoomFull(point);
  }

  settle() {
    this.#drag(0, 0);
    if (!this.#picture) return;
    const most = Math.max(2, this.#full);
    if (this.#view.scale < 1) this.zoomWhole();
    else if (this.#view.scale > most) this.#look(zoomAt(this.#view, most, { x: 0, y: 0 }));
  }

  swipe(dx) {
    const free = this.#ways[dx < 0 ? "next" : "previous"];
    this.#drag(free ? dx : dx / 4, 0);
  }

  swiped(dx, speed) {
    const way = dx < 0 ? "next" : "previous";
    const far = Math.abs(dx) > SWIPE_PART * this.#slides.clientWidth || Math.abs(speed) > SWIPE_PX_PER_MS;
    this.#animate();
    if (!far || !this.#ways[way]) return this.#drag(0, 0);
    this.#drag(Math.sign(dx) * this.#slides.clientWidth, 0);
    const tell = () => this.dispatchEvent(new CustomEvent("swiped", { detail: { way } }));
    if (reducedMotion.matches) tell();
    else setTimeout(tell, SETTLE_MS);
  }

  pull(dy) {
    this.#drag(0, Math.max(0, dy));
    this.dispatchEvent(
      new CustomEvent("pulling", { detail: { part: Math.min(1, Math.max(0, dy) / innerHeight) } }),
    );
  }

  pulled(dy, speed) {
    this.#animate();
    this.#drag(0, 0);
    const far = Math.abs(dy) > PULL_PX || Math.abs(speed) > SWIPE_PX_PER_MS;
    this.dispatchEvent(new CustomEvent("pulled", { detail: { way: far ? (dy > 0 ? "down" : "up") : "" } }));
  }

  // ---- The picture --------------------------------------------------------------------------

  get #originalWidth() {
    return Number(this.#picture.dataset.originalWidth) || this.#picture.naturalWidth;
  }

  get #full() {
    return fullScale(this.#originalWidth, this.#picture.clientWidth, devicePixelRatio);
  }

  #look(view) {
    const picture = this.#picture;
    const box = { width: picture.clientWidth, height: picture.clientHeight };
    this.#view = within(view, box, { width: this.#slides.clientWidth, height: this.#slides.clientHeight });
    const { scale, x, y } = this.#view;
    picture.style.translate = `${x}px ${y}px`;
    picture.style.scale = scale;
    this.#slides.classList.toggle("is-enlarged", this.isEnlarged);
    this.#sharpen(picture, box.width * scale * devicePixelRatio);
  }

  /** Loads a larger file when the shown one has fewer px than the screen asks for. */
  #sharpen(picture, px) {
    const { original, originalWidth } = picture.dataset;
    const largest = Number(picture.getAttribute("width"));
    if (px > largest * 1.05 && original && originalWidth > largest) {
      delete picture.dataset.original;
      const image = new Image();
      image.src = original;
      image.decode().then(
        () => {
          picture.removeAttribute("srcset");
          picture.src = original;
        },
        () => {},
      );
    } else if (px > 1.2 * picture.clientWidth * devicePixelRatio && picture.srcset) {
      picture.sizes = `${largest}px`;
    }
  }

  #drag(x, y) {
    if (x === 0 && y === 0) this.#slides.classList.toggle("is-enlarged", this.isEnlarged);
    this.#slides.style.setProperty("--across", `${x}px`);
    this.#slides.style.setProperty("--down", `${y}px`);
  }

  #animate() {
    this.#slides.classList.add("is-settling");
    setTimeout(() => this.#slides.classList.remove("is-settling"), SETTLE_MS);
  }
}
