/**
 * Edits a text where it stands: title and description of an album, name and caption of a photo. The API saves it.
 *
 * Leaving the field saves, because phones have neither Ctrl+Enter nor Esc, and a tap elsewhere must lose nothing.
 * Until the store has it, the tab keeps the draft: it is there again after a reload, or back at the photo.
 */

import { csrfToken } from "./csrf.js";
import { gettext, interpolate } from "./i18n.js";
import { showToast } from "./toast.js";

/** @returns the text as the store has it now; throws an Error with its words if it refuses. */
async function send(api, name, value) {
  const response = await fetch(api, {
    method: "PATCH",
    // It goes on when the page is left.
    keepalive: true,
    headers: { "Content-Type": "application/json", "X-CSRFToken": csrfToken() },
    body: JSON.stringify({ [name]: value }),
  }).catch(() => {
    throw new Error(gettext("The connection was lost. Try again."));
  });
  const body = await response.json().catch(() => ({}));
  if (response.ok) return body[name];
  const words = body.errors?.[name]?.join(" ") ?? body.detail;
  throw new Error(words ?? gettext("The store could not do it just now. Try again."));
}

/** What has been typed and not saved, of one text. It ends when the store has another text than the one that was edited. */
class Draft {
  #key;
  #saved;

  constructor(key, saved) {
    this.#key = `draft ${key}`;
    this.#saved = saved;
  }

  get text() {
    const [saved, text] = JSON.parse(sessionStorage.getItem(this.#key) ?? "[]");
    return saved === this.#saved ? text : undefined;
  }

  keep(text) {
    try {
      sessionStorage.setItem(this.#key, JSON.stringify([this.#saved, text]));
    } catch {
      // The browser has no space for it. The field has it.
    }
  }

  forget() {
    sessionStorage.removeItem(this.#key);
  }
}

/** The field in place of one text. The `<template data-editor>` of the page has its HTML. */
class Editor {
  #editable;
  #shown;
  #saved;
  #draft;
  #element = document.querySelector("[data-editor]").content.firstElementChild.cloneNode(true);
  #field = this.#element.querySelector("textarea");
  #error = this.#element.querySelector("[role=alert]");
  #page = location.href;
  #isSaving = false;
  #isClosed = false;

  /** @param editable holds the text, and says of it: data-editable, its name in the API; data-api, data-label. */
  constructor(editable) {
    this.#editable = editable;
    this.#shown = editable.querySelector("[data-text]");
    this.#saved = this.#shown.textContent;
    this.#draft = new Draft(`${editable.dataset.api} ${this.#name}`, this.#saved);
  }

  get #name() {
    return this.#editable.dataset.editable;
  }

  get #hasLines() {
    return "lines" in this.#editable.dataset;
  }

  get #text() {
    const { value } = this.#field;
    return this.#hasLines ? value : value.replace(/\s*\n\s*/g, " ");
  }

  open() {
    const { font, letterSpacing, color } = getComputedStyle(this.#shown);
    const { height } = this.#editable.getBoundingClientRect();
    const minBlockSize = `calc(${height}px + 2 * var(--space-1))`;
    Object.assign(this.#field.style, { font, letterSpacing, color, minBlockSize });
    this.#field.value = this.#draft.text ?? this.#saved;
    this.#field.ariaLabel = this.#editable.dataset.label;
    this.#error.id = `${this.#name}-error`;
    this.#field.setAttribute("aria-describedby", this.#error.id);
    for (const child of this.#editable.children) child.hidden = true;
    this.#editable.prepend(this.#element);
    this.#watch();
    this.#fit();
    this.#field.focus();
    this.#field.setSelectionRange(this.#field.value.length, this.#field.value.length);
  }

  #watch() {
    const on = (type, listener) => this.#element.addEventListener(type, listener);
    on("keydown", (event) => this.#key(event));
    on("input", () => {
      this.#draft.keep(this.#field.value);
      this.#fit();
    });
    on("focusout", ({ relatedTarget }) => {
      // In another window the visitor may look something up.
      if (!this.#element.contains(relatedTarget) && document.hasFocus()) this.#save();
    });
    // The field keeps the focus, because some browsers give none to buttons.
    on("pointerdown", (event) => event.target.closest("button") && event.preventDefault());
    this.#element.querySelector("[data-save]").addEventListener("click", () => this.#save({ leads: true }));
    this.#element.querySelector("[data-discard]").addEventListener("click", () => this.#discard());
  }

  #key(event) {
    const { key, ctrlKey, metaKey, isComposing } = event;
    // The keys of the page under it.
    event.stopPropagation();
    if (isComposing || event.target !== this.#field) return;
    if (key === "Escape") this.#discard();
    else if (key === "Enter" && (!this.#hasLines || ctrlKey || metaKey)) this.#save({ leads: true });
    else return;
    event.preventDefault();
  }

  #fit() {
    this.#field.style.blockSize = "auto";
    const { scrollHeight, clientHeight } = this.#field;
    // Both are rounded.
    if (scrollHeight > clientHeight + 1) this.#field.style.blockSize = `${scrollHeight}px`;
  }

  /** @param leads whether the focus goes back to the button. Otherwise the visitor is elsewhere already. */
  async #save({ leads = false } = {}) {
    if (this.#isSaving || this.#isClosed) return;
    if (this.#text === this.#saved) return this.#discard({ leads });
    this.#isSaving = this.#field.readOnly = true;
    this.#element.setAttribute("aria-busy", "true");
    try {
      const saved = await send(this.#editable.dataset.api, this.#name, this.#text);
      this.#draft.forget();
      this.#shown.textContent = saved;
      this.#close(leads);
      showToast(gettext("Saved."));
      await this.#renew(leads);
    } catch ({ message }) {
      this.#refuse(message);
    }
  }

  #refuse(words) {
    this.#isSaving = this.#field.readOnly = false;
    this.#element.removeAttribute("aria-busy");
    this.#field.setAttribute("aria-invalid", "true");
    this.#error.textContent = words;
    if (this.#element.isConnected) return;
    const values = { label: this.#editable.dataset.label, words };
    showToast(interpolate(gettext("%(label)s: not saved. %(words)s"), values), { error: true });
  }

  #discard({ leads = true } = {}) {
    if (this.#isSaving) return;
    this.#draft.forget();
    this.#close(leads);
  }

  #close(leads) {
    this.#isClosed = true;
    this.#element.remove();
    for (const child of this.#editable.children) child.hidden = false;
    this.#shown.hidden = !this.#shown.textContent;
    if (leads) this.#editable.querySelector("[data-edit]").focus();
  }

  /** The page as the store makes it of the new text. viewer.js does it for photos. */
  async #renew(leads) {
    const detail = { page: this.#page, shown: null };
    document.dispatchEvent(new CustomEvent("text-edited", { detail }));
    await (detail.shown ?? renewAlbum(this.#editable)).catch(() => {});
    // Its button has been replaced.
    if (leads && document.activeElement === document.body) {
      document.querySelector(`[data-edit="${this.#name}"]`)?.focus();
    }
  }
}

async function renewAlbum(editable) {
  const response = await fetch(location.href);
  if (!response.ok || response.redirected || !editable.isConnected) return;
  const page = new DOMParser().parseFromString(await response.text(), "text/html");
  const fresh = (selector) => document.adoptNode(page.querySelector(selector));
  editable.replaceWith(fresh(`[data-editable="${editable.dataset.editable}"]`));
  document.title = page.title;
  // Both name the album, to which dropped photos go.
  document.querySelector("[data-drop]").replaceChildren(...fresh("[data-drop]").childNodes);
  document.querySelector("[data-upload]").dataset.title = fresh("[data-upload]").dataset.title;
}

/** @param link the pencil beside a text. It leads to the page with the form. */
export function edit(link) {
  const editable = link.closest("[data-editable]");
  if (!editable.querySelector(".editor")) new Editor(editable).open();
}
