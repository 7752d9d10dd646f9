/** Photos over the album, which stays in its place beneath. The page of the image brings all but the frame. */

import { gettext } from "./i18n.js";
import { fetchPage } from "./photo-page.js";
import { Viewer } from "./viewer.js";

let styles;

/** Loads the stylesheet of the image's page. */
export function prepare(href) {
  styles ??= new Promise((resolve) => {
    const link = Object.assign(document.createElement("link"), { rel: "stylesheet", href });
    link.addEventListener("load", resolve);
    link.addEventListener("error", resolve);
    document.head.append(link);
  });
  return styles;
}

export class Overlay {
  #root;
  #viewer = null;
  #title = document.title;
  #firstId;
  #ended = false;

  /** @param tile the tile that was opened, or null. Its picture is shown until the page of the image has come. */
  constructor(tile) {
    this.#firstId = tile?.dataset.image;
    this.#root = document.createElement("div");
    this.#root.className = "viewer viewer--overlay";
    Object.assign(this.#root, { role: "dialog", ariaModal: "true", ariaLabel: gettext("Photo"), tabIndex: -1 });
    const picture = tile?.querySelector("img")?.cloneNode();
    if (picture) {
      Object.assign(picture, { className: "viewer__first", alt: "", sizes: "100vw", loading: "eager" });
      this.#root.append(picture);
    }
    // What a change has led to is said over the photo.
    for (const element of document.querySelectorAll("body > :not([data-toasts])")) element.inert = true;
    document.body.append(this.#root);
    document.documentElement.classList.add("is-covered");
    this.#root.focus();
  }

  /** The id of the image that the visitor sees, or saw last. */
  get shownId() {
    return this.#viewer?.shownId ?? this.#firstId;
  }

  /**
   * Raises an error if the page of the image does not come.
   * @param told changed, left, returned: get the id of a photo that has changed, left the list, or come back.
   */
  async open(url, positionOf, told) {
    const page = await fetchPage(url);
    if (this.#ended) return;
    const main = document.adoptNode(page.querySelector("main.viewer"));
    this.#root.replaceChildren(...main.childNodes);
    this.#viewer = new Viewer(this.#root, { url, positionOf, title: page.title });
    document.title = page.title;
    this.#viewer.addEventListener("close", () => history.back());
    for (const type of ["changed", "left", "returned"]) {
      this.#viewer.addEventListener(type, ({ detail }) => told[type](detail.id));
    }
  }

  remove() {
    this.#ended = true;
    this.#viewer?.stop();
    if (document.fullscreenElement) document.exitFullscreen();
    this.#root.remove();
    for (const element of document.body.children) element.inert = false;
    document.documentElement.classList.remove("is-covered");
    document.title = this.#title;
  }
}
