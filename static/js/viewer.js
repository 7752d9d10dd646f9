/**
 * Looks at one photo after the other, on the image's page or over the album (overlay.js).
 * It fetches the page of the next image and takes over what it says of that image; buttons, full screen and the
 * choice whether facts are shown stay. The address is always that of the shown image.
 */

import { watchFullscreen } from "./fullscreen.js";
import { healImages } from "./healing.js";
import { fetchPage, pictureLoads, read, WAYS } from "./photo-page.js";
import { Slideshow } from "./slideshow.js";
import { Stage } from "./stage.js";
import { watchRemoval } from "./viewer-removal.js";
import { watchTools } from "./viewer-tools.js";

const POLL_MS = 3000;
const KEPT_PHOTOS = 9;
const REMOVAL_BUTTONS = ["[data-removal] button", "[data-removal] [data-confirm]", "[data-removal] [data-move]"];

/**
 * "shown" {id}; "changed" {id}: the store has it otherwise now; "left", "returned" {id}: it is no more in its list, or
 * again; "close": the visitor wants to leave.
 */
export class Viewer extends EventTarget {
  #root;
  #stage;
  #photo;
  /** URL → Promise of a photo. */
  #photos = new Map();
  #steps = Promise.resolve();
  #timer = 0;
  #slideshow;
  #positionOf;
  #fullscreen;
  #end = new AbortController();

  /** @param root holds the stage and facts of an image's page. @param positionOf gives the words for an id's place. */
  constructor(root, { url = location.href, positionOf = () => "", title = document.title } = {}) {
    super();
    this.#root = root;
    this.#positionOf = positionOf;
    this.#stage = new Stage(root.querySelector("[data-slides]"));
    this.#photo = { ...read(root, url), title };
    this.#photos.set(url, Promise.resolve(this.#photo));
    this.#fullscreen = watchFullscreen(root.querySelector("[data-viewer]"), this.#end.signal);
    this.#slideshow = new Slideshow(root.querySelector("[data-slideshow]"), () => this.#slide());
    this.#watch();
    this.#show(this.#photo, { told: false });
  }

  /** Ends timers and listeners of the document. */
  stop() {
    clearTimeout(this.#timer);
    this.#slideshow.stop();
    this.#end.abort();
  }

  get shownId() {
    return this.#photo.id;
  }

  get back() {
    return this.#photo.back;
  }

  /** Steps wait for each other, so that each press counts, also on a slow line. */
  step(way) {
    this.#steps = this.#steps.then(() => this.#step(way));
    return this.#steps;
  }

  async #step(way) {
    const url = this.#photo[way];
    if (!url || this.#end.signal.aborted) return false;
    const slow = setTimeout(() => this.#root.setAttribute("aria-busy", "true"), 300);
    try {
      const photo = await this.#load(url);
      if (!this.#end.signal.aborted) this.#show(photo);
      return true;
    } catch {
      // The store or the connection is down: the image's own page tells what is wrong.
      location.assign(url);
      return false;
    } finally {
      clearTimeout(slow);
      this.#root.removeAttribute("aria-busy");
    }
  }

  async #slide() {
    const went = await this.step("next");
    await pictureLoads(this.#photo);
    return went && Boolean(this.#photo.next);
  }

  #load(url) {
    if (!this.#photos.has(url)) {
      const photo = fetchPage(url).then((page) => {
        const { id, ...rest } = read(page, url);
        return { id, ...rest, pane: document.adoptNode(rest.pane) };
      });
      photo.catch(() => this.#photos.delete(url));
      this.#photos.set(url, photo);
      if (this.#photos.size > KEPT_PHOTOS) this.#photos.delete(this.#photos.keys().next().value);
    }
    return this.#photos.get(url);
  }

  #show(photo, { told = true } = {}) {
    this.#photo = photo;
    // The most recent ones are kept.
    const promise = this.#photos.get(photo.url) ?? Promise.resolve(photo);
    this.#photos.delete(photo.url);
    this.#photos.set(photo.url, promise);
    const about = this.#root.querySelector("#about");
    // Of the same photo that comes again, a text may be edited just now.
    if (told || !about.querySelector(".editor")) about.replaceChildren(...photo.facts);
    this.#root.querySelector("[data-back]").href = photo.back;
    for (const way of WAYS) this.#link(way, photo.links[way]);
    if (this.#root.role === "dialog") this.#root.ariaLabel = photo.name;
    this.#arrange(photo);
    if (told) this.#tell(photo);
    clearTimeout(this.#timer);
    if (photo.isPending) this.#timer = setTimeout(() => this.#renew(photo), POLL_MS);
    this.dispatchEvent(new CustomEvent("shown", { detail: { id: photo.id } }));
  }

  #tell({ title, url, name, id }) {
    document.title = title;
    history.replaceState(history.state, "", url);
    const words = this.#positionOf(id);
    this.#root.querySelector("[data-viewer-news]").textContent = words ? `${name}, ${words}` : name;
  }

  /** A button that has the focus stays, though it leads elsewhere now. */
  #link(way, fresh) {
    const shown = this.#root.querySelector(`[data-neighbour="${way}"]`);
    if (shown && fresh) {
      if (shown === fresh) return;
      shown.href = fresh.href;
      shown.replaceChildren(...[...fresh.cloneNode(true).childNodes]);
    } else if (fresh) this.#root.querySelector("[data-slides]").after(fresh.cloneNode(true));
    else if (shown) {
      const focused = shown === document.activeElement;
      shown.remove();
      if (focused) this.#root.querySelector("[data-back]").focus();
    }
  }

  /** The neighbours come beside the photo as soon as their pages are there, so their pictures load in advance. */
  async #arrange(photo) {
    const panes = {};
    const put = () => {
      if (this.#photo !== photo) return;
      this.#stage.show(photo.pane, panes.previous, panes.next, photo);
      this.#size();
    };
    put();
    await pictureLoads(photo);
    for (const way of ["next", "previous"]) {
      if (this.#photo !== photo || this.#end.signal.aborted) return;
      if (!photo[way]) continue;
      const neighbour = await this.#load(photo[way]).catch(() => null);
      if (!neighbour || this.#photo !== photo) continue;
      panes[way] = neighbour.pane;
      put();
    }
  }

  /** Without facts beside it, the picture may be as wide as the window. */
  #size() {
    const beside = this.#root.querySelector("#about").checkVisibility() && innerWidth > 900;
    if (beside && !document.fullscreenElement) return;
    for (const image of this.#root.querySelectorAll("[data-picture]")) image.sizes = "100vw";
  }

  /** Fetches the shown image's page again. */
  async #renew(photo) {
    this.#photos.delete(photo.url);
    const fresh = await this.#load(photo.url).catch(() => photo);
    if (this.#photo === photo && !this.#end.signal.aborted) this.#show(fresh, { told: false });
  }

  /** Shows what has changed of a photo, unless another one is shown by now. The focus stays on its button. */
  #take(url, page) {
    const fresh = read(page, url);
    const photo = { ...fresh, pane: document.adoptNode(fresh.pane) };
    this.#photos.set(url, Promise.resolve(photo));
    this.dispatchEvent(new CustomEvent("changed", { detail: { id: photo.id } }));
    if (this.#photo.url !== url || this.#end.signal.aborted) return;
    const { name, value } = document.activeElement ?? {};
    const tools = [...this.#root.querySelectorAll("[data-change] button")];
    const focused = tools.indexOf(document.activeElement) >= 0 && { name, value };
    document.title = page.title;
    this.#show(photo, { told: false });
    if (!focused) return;
    const buttons = [...this.#root.querySelectorAll("[data-change] button")];
    const same = buttons.filter((button) => button.name === focused.name);
    (same.find((button) => button.value === focused.value) ?? same[0] ?? buttons[0])?.focus();
  }

  /** A text of a photo has been saved (edit-in-place.js). */
  #edited(detail) {
    if (this.#photos.has(detail.page)) {
      detail.shown = fetchPage(detail.page).then((page) => this.#take(detail.page, page));
    }
  }

  /** Goes on without a photo that has left its list: to the next one, or else to the one before. */
  async #goOnWithout(photo) {
    const focused = REMOVAL_BUTTONS.find((button) => document.activeElement?.matches(button));
    this.#slideshow.stop();
    // Pages of others lead to it.
    this.#photos.clear();
    this.dispatchEvent(new CustomEvent("left", { detail: { id: photo.id } }));
    if (this.#photo !== photo) return this.#renew(this.#photo);
    const way = ["next", "previous"].find((one) => photo[one]);
    if (!way) return this.#close();
    await this.step(way);
    if (focused) this.#root.querySelector(focused)?.focus();
  }

  async #bringBack(photo) {
    this.#photos.clear();
    this.dispatchEvent(new CustomEvent("returned", { detail: { id: photo.id } }));
    const back = await this.#load(photo.url).catch(() => null);
    if (back && !this.#end.signal.aborted) this.#show(back);
  }

  // ---- What the visitor does ----------------------------------------------------------------

  #watch() {
    const on = (type, listener) => this.#root.addEventListener(type, listener);
    document.addEventListener("keydown", (event) => this.#key(event), { signal: this.#end.signal });
    on("click", (event) => this.#click(event));
    this.#stage.addEventListener("swiped", ({ detail }) => this.#walk(detail.way));
    this.#stage.addEventListener("pulling", ({ detail }) => this.#pull(detail.part));
    this.#stage.addEventListener("pulled", ({ detail }) => this.#pulled(detail.way));
    document.addEventListener("fullscreenchange", () => this.#size(), { signal: this.#end.signal });
    document.addEventListener("text-edited", ({ detail }) => this.#edited(detail), { signal: this.#end.signal });
    this.#showFacts();
    watchTools(this.#root, {
      shown: () => this.#photo.url,
      take: (url, page) => this.#take(url, page),
      signal: this.#end.signal,
    });
    watchRemoval(this.#root, {
      shown: () => this.#photo,
      left: (photo) => this.#goOnWithout(photo),
      returned: (photo) => this.#bringBack(photo),
      changed: async ({ url }) => this.#take(url, await fetchPage(url)),
    });
    healImages(
      this.#root.querySelector("[data-slides]"),
      (image) => image.closest("[data-pane]").dataset.url,
      async (urls) => {
        const pages = await Promise.all(urls.map(fetchPage));
        return new Map(urls.map((url, index) => [url, pages[index].querySelector("[data-picture]")]));
      },
      this.#end.signal,
    );
  }

  #walk(way) {
    this.#slideshow.stop();
    return this.step(way);
  }

  #pull(part) {
    this.#root.classList.add("is-pulled");
    this.#root.style.setProperty("--pulled", String(part));
  }

  #pulled(way) {
    this.#root.classList.remove("is-pulled");
    this.#root.style.removeProperty("--pulled");
    if (way === "down") this.#close();
    if (way === "up") this.#showFacts(true);
  }

  #click(event) {
    const link = event.target.closest("a, button");
    if (!link || event.defaultPrevented || event.ctrlKey || event.metaKey || event.shiftKey) return;
    const { dataset } = link;
    if (dataset.neighbour) this.#walk(dataset.neighbour);
    else if ("back" in dataset) this.#close();
    else if ("about" in dataset) this.#showFacts(!this.#root.querySelector("#about").checkVisibility());
    else if ("slideshow" in dataset) this.#slideshow.toggle();
    else if ("zoom" in dataset) this.#stage.zoomToggle({ x: 0, y: 0 });
    else return;
    event.preventDefault();
  }

  #key(event) {
    const { key, target, altKey, ctrlKey, metaKey } = event;
    if (target.closest?.("input, textarea, select, dialog, [popover]:popover-open")) return;
    if (altKey || ctrlKey || metaKey) return;
    const actions = {
      ArrowLeft: () => this.#walk("previous"),
      ArrowRight: () => this.#walk("next"),
      Escape: () => !this.#fullscreen.justLeft() && this.#escape(),
      "+": () => this.#stage.zoomBy(1),
      "=": () => this.#stage.zoomBy(1),
      "-": () => this.#stage.zoomBy(-1),
      0: () => this.#stage.zoomWhole(),
      1: () => this.#stage.zoomFull(),
      i: () => this.#showFacts(!this.#root.querySelector("#about").checkVisibility()),
      s: () => this.#slideshow.toggle(),
      r: () => this.#press("[value='90']"),
      R: () => this.#press("[value='270']"),
      ".": () => this.#press("[name=favourite]"),
      // In full screen the toast with the way back cannot be seen.
      Delete: () => document.fullscreenElement || this.#root.querySelector(REMOVAL_BUTTONS.slice(0, 2)).click(),
    };
    if (!Object.hasOwn(actions, key)) return;
    event.preventDefault();
    actions[key]();
  }

  /** A button of the facts, also while they are hidden. */
  #press(selector) {
    const button = this.#root.querySelector(`[data-change] ${selector}`);
    button?.form.requestSubmit(button);
  }

  #escape() {
    if (this.#stage.isEnlarged) this.#stage.zoomWhole();
    else this.#close();
  }

  #close() {
    this.stop();
    this.dispatchEvent(new CustomEvent("close"));
  }

  /** Without `shown`: as the stylesheet decides by the width of the window. */
  #showFacts(shown) {
    if (shown !== undefined) this.#root.dataset.facts = shown ? "shown" : "hidden";
    const isShown = this.#root.querySelector("#about").checkVisibility();
    this.#root.querySelector("[data-about]").setAttribute("aria-pressed", String(isShown));
    this.#size();
  }
}
