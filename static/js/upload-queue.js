/** Uploads files, three at a time. A file that fails stops no other file. */

import { filesize } from "./format.js";
import { fitsQuota, QUOTA_EXCEEDED } from "./quota.js";
import { isReadable, UNREADABLE, uploadFile } from "./upload-request.js";

const PARALLEL_UPLOADS = 3;
const UNFINISHED_STATES = ["waiting", "sending", "checking"];
const BUSY_STATUSES = [429, 503];
// 0: the connection broke. 502 to 504: a proxy did not reach the store. Both mostly pass.
const DISCONNECTED_STATUSES = [0, 502, 503, 504];
// The store would refuse the file again.
const PERMANENT_STATUSES = [400, 404, 413, 415];
// Every other file would get the same response.
const COMMON_STATUSES = [401, 404];
const LONGEST_PAUSE_SECONDS = 30;
const GIVE_UP_AFTER_MS = 10 * 60 * 1000;
// A timer may fire some milliseconds early.
const TIMER_MARGIN_MS = 50;

/** What the queue asks of the browser. Tests pass their own. */
const BROWSER = {
  uploadFile,
  fitsQuota,
  isReadable,
  now: () => Date.now(),
  setTimeout: (callback, ms) => setTimeout(callback, ms),
};

/** "added" and "changed" tell which item of the queue was added or changed. */
class ItemEvent extends Event {
  constructor(type, item) {
    super(type);
    this.item = item;
  }
}

export class UploadQueue extends EventTarget {
  #endpoint;
  #browser;
  #running = 0;
  #pausedUntil = 0;
  #pauseSeconds = 0;
  #disconnectedSince = 0;
  items = [];

  /** @param endpoint {url, token, maxBytes, freeBytes, fetchFreeBytes} */
  constructor(endpoint, browser = BROWSER) {
    super();
    this.#endpoint = endpoint;
    this.#browser = browser;
  }

  get busy() {
    return this.items.some((item) => UNFINISHED_STATES.includes(item.state));
  }

  add(files) {
    if (!this.busy) this.#noteConnection();
    for (const file of files) {
      const item = { file, state: "waiting", sentFraction: 0, detail: "", disconnected: false };
      this.items.push(item);
      this.#dispatch("added", item);
      if (file.size > this.#endpoint.maxBytes) this.#change(item, "refused", this.#tooLarge(file));
    }
    this.#startNext();
  }

  /** Upload these items again now. This also ends a pause of the queue. */
  async retry(items) {
    const askQuota = items.some((item) => item.overQuota);
    for (const item of items) {
      Object.assign(item, { sentFraction: 0, disconnected: false, signedOut: false, overQuota: false });
      this.#change(item, "waiting");
    }
    if (askQuota) {
      // The user may have deleted something in another tab.
      this.#pausedUntil = Infinity;
      this.#endpoint.freeBytes = await this.#endpoint.fetchFreeBytes().catch(() => Infinity);
    }
    this.#noteConnection();
    this.#pausedUntil = 0;
    this.#startNext();
  }

  /** Call this when the browser is online again. */
  retryDisconnected() {
    return this.retry(this.items.filter(({ disconnected, state }) => disconnected && state === "failed"));
  }

  /** Call this when the store has made the sizes of an uploaded image, or has failed to. */
  finishImage({ id, failed, reason }) {
    for (const item of this.items.filter((one) => one.id === id)) {
      if (failed && ["done", "duplicate"].includes(item.state)) this.#change(item, "broken", reason);
      else if (!failed && item.state === "broken") this.#change(item, "done");
    }
  }

  clear() {
    this.items = [];
  }

  #tooLarge(file) {
    const limit = filesize(this.#endpoint.maxBytes);
    return `A file may have at most ${limit}; this one has ${filesize(file.size)}. Nothing was stored.`;
  }

  #waiting() {
    return this.items.filter(({ state }) => state === "waiting");
  }

  #startNext() {
    if (this.#browser.now() < this.#pausedUntil) return;
    while (this.#running < PARALLEL_UPLOADS) {
      const [next] = this.#waiting();
      if (!next) return;
      this.#running += 1;
      this.#upload(next).finally(() => {
        this.#running -= 1;
        this.#startNext();
      });
    }
  }

  async #upload(item) {
    this.#change(item, "sending");
    const fits = await this.#browser.fitsQuota(item.file, this.#endpoint).catch(() => true);
    if (!fits) return this.#fail(item, QUOTA_EXCEEDED);
    const response = await this.#send(item);
    item.disconnected = DISCONNECTED_STATUSES.includes(response.status) && !response.retryAfter;
    if (item.disconnected) {
      const readable = await this.#browser.isReadable(item.file);
      return readable ? this.#waitForConnection(item, response) : this.#fail(item, UNREADABLE);
    }
    this.#noteConnection();
    if (BUSY_STATUSES.includes(response.status) && response.retryAfter) {
      return this.#pause(item, response.retryAfter, "The store is busy; goes on");
    }
    return response.ok ? this.#finish(item, response) : this.#fail(item, response);
  }

  #send(item) {
    const { url, token } = this.#endpoint;
    return this.#browser.uploadFile(item.file, {
      url,
      token,
      onProgress: (fraction) => {
        item.sentFraction = fraction;
        this.#dispatch("changed", item);
      },
      onSent: () => item.state === "sending" && this.#change(item, "checking"),
    });
  }

  #finish(item, { id, duplicate }) {
    Object.assign(item, { id, sentFraction: 1 });
    if (!duplicate) this.#endpoint.freeBytes -= item.file.size;
    this.#change(item, duplicate ? "duplicate" : "done");
  }

  #fail(item, { status, code, freeBytes, detail }) {
    const overQuota = code === QUOTA_EXCEEDED.code;
    // Then files that do not fit are not sent. Infinity stays: the store must tell what the trash has already.
    if (freeBytes >= 0 && this.#endpoint.freeBytes !== Infinity) this.#endpoint.freeBytes = freeBytes;
    const permanent = PERMANENT_STATUSES.includes(status) && !overQuota;
    for (const one of [item, ...(COMMON_STATUSES.includes(status) ? this.#waiting() : [])]) {
      Object.assign(one, { overQuota, signedOut: status === 401 });
      this.#change(one, permanent ? "refused" : "failed", detail);
    }
  }

  /** Each pause is longer than the one before. The store stores no file twice, so sending one again is safe. */
  #waitForConnection(item, { detail }) {
    const now = this.#browser.now();
    this.#disconnectedSince ||= now;
    if (now - this.#disconnectedSince > GIVE_UP_AFTER_MS) return this.#giveUp(item, detail);
    // Uploads that break during a pause do not make the next one longer.
    if (now >= this.#pausedUntil) this.#pauseSeconds = Math.min(2 * this.#pauseSeconds || 1, LONGEST_PAUSE_SECONDS);
    // This file may be what breaks the connection, so the others go first.
    this.items.push(...this.items.splice(this.items.indexOf(item), 1));
    return this.#pause(item, this.#pauseSeconds, "Waiting for the connection; tries again");
  }

  #giveUp(item, detail) {
    for (const one of [item, ...this.#waiting()]) {
      one.disconnected = true;
      this.#change(one, "failed", detail);
    }
  }

  #noteConnection() {
    this.#disconnectedSince = this.#pauseSeconds = 0;
  }

  /** Starts no upload before the pause ends. */
  #pause(item, seconds, reason) {
    this.#pausedUntil = Math.max(this.#pausedUntil, this.#browser.now() + seconds * 1000);
    item.sentFraction = 0;
    this.#change(item, "waiting", `${reason} in ${seconds} s`);
    this.#browser.setTimeout(() => this.#startNext(), seconds * 1000 + TIMER_MARGIN_MS);
  }

  #change(item, state, detail = "") {
    Object.assign(item, { state, detail });
    this.#dispatch("changed", item);
  }

  #dispatch(type, item) {
    this.dispatchEvent(new ItemEvent(type, item));
  }
}
