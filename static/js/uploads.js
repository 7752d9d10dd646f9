/**
 * The uploads of the signed-in user, whichever page shows them. One tab sends at a time: the one that holds a lock of
 * the browser. It has the queue, and tells the others by a channel what their panels show; they send it what they are
 * told. When it goes away, the next tab has the lock, and goes on with what the browser's store holds.
 */

import { csrfToken } from "./csrf.js";
import { gettext, interpolate } from "./i18n.js";
import { findKnown } from "./known-files.js";
import { ROOT } from "./root.js";
import { showToast } from "./toast.js";
import { uploadInParts } from "./tus.js";
import { shownOf } from "./upload-item.js";
import { readMarker, writeMarker } from "./upload-marker.js";
import { UploadPanel } from "./upload-panel.js";
import { UploadQueue } from "./upload-queue.js";
import { isReadable, uploadFile } from "./upload-request.js";
import { NO_STORE, UploadStore } from "./upload-store.js";

const TELL_EVERY_MS = 200;
// A file of this size or more goes on where a broken try ended. A smaller one is simply sent again.
const LARGE_BYTES = 8 * 2 ** 20;
// Phones suspend tabs that are not seen; such a tab holds the lock, but sends nothing and hears nothing.
const ANSWER_WITHIN_MS = 5000;
const LONGEST_TITLE = 200; // in characters
// A page that was made before the end of an upload may lack its tile. Longer ago, it has it.
const RECENT_MS = 60_000;

let lastId = 0;

/** An id that is greater than all before, so that the store keeps the order. */
function newId() {
  lastId = Math.max(lastId + 1, Date.now() * 1000);
  const random = crypto.getRandomValues(new Uint32Array(1))[0];
  return `${lastId.toString().padStart(18, "0")}-${random.toString(16)}`;
}

/** From the page of the album: the API does not tell what the album's trash has. */
async function fetchFreeBytes(album) {
  const response = await fetch(`${ROOT}albums/${album}/`);
  const page = new DOMParser().parseFromString(await response.text(), "text/html");
  return Number(page.querySelector("[data-upload]").dataset.freeBytes ?? Infinity);
}

/** Drops what came of an upload that is not wanted any more. If this fails, it ends by itself after a day. */
function endUpload(url) {
  const headers = { "Tus-Resumable": "1.0.0", "X-CSRFToken": csrfToken() };
  fetch(url, { method: "DELETE", headers, keepalive: true }).catch(() => {});
}

async function createAlbum(title) {
  const response = await fetch(`${ROOT}api/v1/albums/`, {
    method: "POST",
    headers: { "Content-Type": "application/json", "X-CSRFToken": csrfToken() },
    body: JSON.stringify({ title: [...title].slice(0, LONGEST_TITLE).join("") }),
  });
  if (!response.ok) throw new Error(`albums: ${response.status}`);
  return response.json();
}

class UploadSession {
  #panel;
  #user;
  #data;
  #channel;
  /** Where this tab sends; null while another tab does. */
  #queue = null;
  /** Stands for the lock, from when this tab has it until it is taken away. */
  #lock = null;
  /** What this tab has picked and the sending tab has not taken yet. */
  #unanswered = new Map();
  #changed = new Set();
  #removed = new Set();
  #timer = 0;
  #seen = new Set();
  #creatingAlbums = false;

  constructor(element) {
    this.#data = element.dataset;
    this.#user = element.dataset.user;
    this.#panel = new UploadPanel(element, (name, argument) => this.#command(name, argument));
    document.addEventListener("photo-prepared", ({ detail }) => this.#command("finishImage", detail));
    addEventListener("online", () => this.#command("retryDisconnected"));
    addEventListener("beforeunload", (event) => this.#losesBytes && event.preventDefault());
    // Over plain HTTP browsers offer neither locks nor a store to rely on: each tab sends for itself.
    if (!navigator.locks) this.#becomeSender(NO_STORE);
    else this.#join();
  }

  /** @param files {file, folder}[] @param album {id, title, freeBytes}, or null: each folder becomes an album. */
  async add(files, album) {
    if (album) return this.#add(files, album);
    const folders = new Map();
    for (const one of files) {
      if (!folders.has(one.folder)) folders.set(one.folder, []);
      folders.get(one.folder).push(one);
    }
    if (folders.delete("")) showToast(gettext("Open an album for single photos. A folder becomes an album."));
    this.#creatingAlbums = true;
    for (const [folder, inside] of folders) {
      try {
        const { id, title } = await createAlbum(folder);
        this.#add(inside, { id, title });
      } catch {
        const text = gettext("The album “%(folder)s” could not be made. Nothing was added from it: try again.");
        showToast(interpolate(text, { folder }), { error: true });
      }
    }
    this.#creatingAlbums = false;
    document.dispatchEvent(new CustomEvent("albums-created"));
  }

  get #losesBytes() {
    return this.#creatingAlbums || this.#unanswered.size > 0 || Boolean(this.#queue?.losesBytes);
  }

  #add(files, album) {
    const items = files.map(({ file }) => ({ id: newId(), album, file }));
    if (!this.#queue) {
      for (const item of items) this.#unanswered.set(item.id, item);
      const isUnheard = () => this.#unanswered.size && !this.#lock;
      setTimeout(() => isUnheard() && this.#takePart({ steal: true }), ANSWER_WITHIN_MS);
    }
    this.#command("add", items);
  }

  // ---- Which tab sends ------------------------------------------------------------------------

  #join() {
    this.#channel = new BroadcastChannel(`uploads-${this.#user}`);
    this.#channel.addEventListener("message", ({ data }) => this.#hear(data));
    this.#channel.postMessage({ command: "hello" });
    this.#takePart();
  }

  #takePart({ steal = false } = {}) {
    const lock = {};
    const isSender = async () => {
      this.#lock = lock;
      await this.#becomeSender(await UploadStore.open(this.#user).catch(() => NO_STORE), lock);
      // Until this page goes away.
      await new Promise(() => {});
    };
    navigator.locks.request(`uploads-${this.#user}`, { steal }, isSender).catch(() => {
      // Another tab has got no answer from this one, and has taken the lock; or this tab asked twice.
      if (this.#lock === lock) {
        this.#lock = null;
        this.#queue?.stop();
        this.#queue = null;
      }
      this.#takePart();
    });
  }

  /** @param lock null where browsers have none. */
  async #becomeSender(store, lock = null) {
    const browser = {
      store,
      uploadFile: (item, options) => (item.size < LARGE_BYTES ? uploadFile : uploadInParts)(item, options),
      findKnown: (items) => findKnown(items, this.#data.worker),
      fetchFreeBytes,
      endUpload,
      isReadable,
      now: () => Date.now(),
      setTimeout: (callback, ms) => setTimeout(callback, ms),
    };
    const options = { maxBytes: Number(this.#data.maxBytes), paused: readMarker(this.#user) === "paused" };
    const queue = new UploadQueue(browser, options);
    queue.addEventListener("changed", ({ items, removed }) => this.#gather(items, removed));
    await queue.restore();
    // The lock was taken away meanwhile.
    if (this.#lock !== lock) return queue.stop();
    this.#queue?.stop();
    this.#queue = queue;
    this.#show({ ...this.#state(), items: queue.items.map(shownOf), reset: true });
    const known = new Set(queue.items.map(({ id }) => id));
    const unanswered = [...this.#unanswered.values()].filter(({ id }) => !known.has(id));
    this.#unanswered.clear();
    if (unanswered.length) queue.add(unanswered);
    // In Firefox this asks the user, so it is asked only where there is something to keep.
    if (queue.items.length && store !== NO_STORE) navigator.storage.persist().catch(() => {});
  }

  #command(name, argument) {
    if (this.#queue) this.#queue[name](argument);
    else this.#channel?.postMessage({ command: name, argument });
  }

  #hear({ command, argument, news, taken }) {
    if (news) this.#render(news);
    for (const id of taken ?? []) this.#unanswered.delete(id);
    if (!command || !this.#queue) return;
    if (command === "hello") this.#answerHello();
    else this.#queue[command](argument);
    if (command === "add") this.#channel.postMessage({ taken: argument.map(({ id }) => id) });
  }

  /** A new page of this user: it has no rows yet, and it is logged in. */
  #answerHello() {
    this.#channel.postMessage({ news: { ...this.#state(), items: this.#queue.items.map(shownOf), reset: true } });
    this.#queue.retrySignedOut();
  }

  // ---- What the panels show -------------------------------------------------------------------

  #state() {
    return { sentBytes: this.#queue.sentBytes, paused: this.#queue.paused };
  }

  #gather(items, removed) {
    for (const item of items) this.#changed.add(item);
    for (const id of removed) this.#removed.add(id);
    if (this.#queue) this.#mark();
    this.#timer ||= setTimeout(() => this.#tell(), TELL_EVERY_MS);
  }

  #tell() {
    this.#timer = 0;
    if (!this.#queue) return;
    this.#show({ ...this.#state(), items: [...this.#changed].map(shownOf), removed: [...this.#removed] });
    this.#changed.clear();
    this.#removed.clear();
  }

  #show(news) {
    this.#channel?.postMessage({ news });
    this.#render(news);
    this.#mark();
  }

  /** At once: the user may leave the page before the panels are told, and the next page goes on by this alone. */
  #mark() {
    const { items, paused } = this.#queue;
    const isLeft = items.some(({ state }) => !["done", "duplicate"].includes(state));
    const marker = isLeft ? (paused ? "paused" : "queued") : null;
    if (marker !== readMarker(this.#user)) writeMarker(this.#user, marker);
  }

  #render(news) {
    for (const item of news.items) this.#tellPage(item, Boolean(news.reset));
    this.#panel.show(news, (id) => this.#queue?.items.find((item) => item.id === id)?.file);
  }

  /** Says once of each photo that it is stored. */
  #tellPage({ id, album, image, state, finishedAt }, isOld) {
    if (!image || this.#seen.has(id)) return;
    this.#seen.add(id);
    if (isOld && finishedAt < Date.now() - RECENT_MS) return;
    if (!["done", "duplicate"].includes(state)) return;
    document.dispatchEvent(new CustomEvent("photo-stored", { detail: { album: album.id, image, state } }));
  }
}

export const openUploads = (element) => new UploadSession(element);
