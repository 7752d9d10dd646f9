/** Uploads files, three at a time. A file that fails stops no other file. What is unfinished outlives the page. */

import { FreeBytes } from "./free-bytes.js";
import { KeptItems } from "./kept-items.js";
import { Pauses } from "./pauses.js";
import { isUnfinished, lacks, newItem, RUNNING_STATES, STORED_STATES } from "./upload-item.js";
import { QUOTA_EXCEEDED, UNREADABLE } from "./upload-request.js";

const PARALLEL_UPLOADS = 3;
const BUSY_STATUSES = [429, 503];
// 0: the connection broke. 502 to 504: a proxy did not reach the store. Both mostly pass.
const DISCONNECTED_STATUSES = [0, 502, 503, 504];
// The store would refuse the file again.
const PERMANENT_STATUSES = [400, 404, 413, 415];
// Other files would get the same response: all of them, or those of the album.
const COMMON_STATUSES = [401, 404];
// A timer may fire some milliseconds early.
const TIMER_MARGIN_MS = 50;
// The first batch is small, so that the first upload begins soon.
const FIRST_LOOKUP = { files: PARALLEL_UPLOADS, bytes: 2 ** 25 };
const LOOKUP = { files: 50, bytes: 2 ** 28 };

/**
 * "changed" {items, removed}: these items are new or have changed; the items with these ids are gone.
 *
 * An item: id, album {id, title}, file (null when the browser could not keep it), name, size and sentBytes (bytes),
 * state, detail (the store's sentence, or a reason of upload-texts.js), image (the id of the stored image).
 */
export class UploadQueue extends EventTarget {
  #browser;
  #maxBytes;
  #kept;
  #freeBytes;
  #running = new Map();
  #lookingUp = false;
  #pauses;
  items = [];
  /** All bytes that were sent, those of broken tries too. The panel makes the speed of it. */
  sentBytes = 0;
  paused = false;

  /** @param browser what the queue asks of the browser: see uploads.js. Tests have their own. */
  constructor(browser, { maxBytes, paused = false }) {
    super();
    this.#browser = browser;
    this.#kept = new KeptItems(browser.store);
    this.#freeBytes = new FreeBytes((album) => browser.fetchFreeBytes(album));
    this.#pauses = new Pauses(browser.now);
    this.#maxBytes = maxBytes;
    this.paused = paused;
  }

  get busy() {
    return this.items.some(isUnfinished);
  }

  /** Whether bytes would be lost if the page went away now. */
  get losesBytes() {
    return this.items.some((item) => isUnfinished(item) && !item.kept);
  }

  /** Goes on with what an earlier page has left. */
  async restore() {
    this.items = await this.#kept.load();
    if (this.items.every(({ state }) => ["done", "duplicate"].includes(state))) this.clear();
    this.#tell(this.items);
    this.#startNext();
  }

  /** @param items {id, album {id, title, freeBytes?}, file}. Files that a reload has lost are put back in their places. */
  add(items) {
    if (!this.busy) this.#pauses.noteAnswer();
    const added = items.map((one) => this.#putBack(one) ?? this.#append(one)).filter(Boolean);
    this.#kept.add(added);
    this.#tell(added);
    this.#startNext();
  }

  /** Upload these items again now. This also ends a pause of the queue. */
  async retry(ids) {
    const items = this.#withIds(ids).filter(({ file }) => file);
    const albums = new Set(items.filter(({ overQuota }) => overQuota).map(({ album }) => album.id));
    for (const item of items) {
      Object.assign(item, { sentBytes: 0, disconnected: false, signedOut: false, overQuota: false });
      this.#change(item, "waiting");
    }
    // The user may have deleted something in another tab.
    this.#pauses.begin(Infinity);
    await Promise.all([...albums].map((album) => this.#freeBytes.ask(album)));
    this.#pauses.noteAnswer();
    this.#pauses.end();
    this.resume();
  }

  /** Call this when the browser is online again. */
  retryDisconnected() {
    const ids = this.#idsOf((item) => item.disconnected && ["failed", "waiting"].includes(item.state));
    if (ids.length && !this.paused) this.retry(ids);
  }

  /** Call this when the user may have logged in again. */
  retrySignedOut() {
    const ids = this.#idsOf(({ signedOut }) => signedOut);
    if (ids.length && !this.paused) this.retry(ids);
  }

  pause() {
    this.paused = true;
    for (const item of this.items.filter(({ state }) => RUNNING_STATES.includes(state))) {
      this.#stop(item);
      this.#sendLater(item);
    }
    this.#tell([]);
  }

  resume() {
    this.paused = false;
    this.#tell([]);
    this.#startNext();
  }

  /** Another tab goes on: this queue must neither send nor save any more. */
  stop() {
    this.paused = true;
    for (const item of [...this.#running.keys()]) this.#stop(item);
  }

  /** Forgets these files. What was stored stays stored. */
  cancel(ids) {
    const gone = this.#withIds(ids).filter(({ state }) => !STORED_STATES.includes(state));
    for (const item of gone) {
      this.#stop(item);
      if (item.uploadUrl) this.#browser.endUpload(item.uploadUrl);
      item.state = "cancelled";
    }
    this.#remove(gone);
    this.#startNext();
  }

  /** Call this when the store has made the sizes of an uploaded image, or has failed to. */
  finishImage({ id, failed, reason }) {
    for (const item of this.items.filter(({ image }) => image === id)) {
      if (failed && ["done", "duplicate"].includes(item.state)) this.#change(item, "broken", reason);
      else if (!failed && item.state === "broken") this.#change(item, "done");
    }
  }

  /** Forgets all that is not under way. */
  clear() {
    this.#remove(this.items.filter((item) => !isUnfinished(item)));
  }

  #withIds(ids) {
    const wanted = new Set(ids);
    return this.items.filter(({ id }) => wanted.has(id));
  }

  #idsOf(condition) {
    return this.items.filter(condition).map(({ id }) => id);
  }

  #putBack({ album, file }) {
    const item = this.items.find((one) => lacks(one, file, album));
    return item && Object.assign(item, { file, state: "waiting", detail: "" });
  }

  /** Undefined for a file without an album, which was picked to fill a gap and fills none. */
  #append(picked) {
    if (!picked.album) return undefined;
    const item = newItem(picked, this.#maxBytes);
    this.items.push(item);
    if (picked.album.freeBytes !== undefined) this.#freeBytes.set(item.album.id, picked.album.freeBytes);
    return item;
  }

  // ---- One after the other is sent ------------------------------------------------------------

  #startNext() {
    if (this.paused || this.#pauses.isActive) return;
    this.#lookUp();
    while (this.#running.size < PARALLEL_UPLOADS) {
      const next = this.items.find(({ state, lookedUp }) => state === "waiting" && lookedUp);
      if (!next) return;
      this.#upload(next);
    }
  }

  /** Asks which of the next files are in their album already. Those are never sent. */
  async #lookUp() {
    if (this.#lookingUp) return;
    this.#lookingUp = true;
    for (let batch = this.#nextLookup(); batch.length; batch = this.#nextLookup()) {
      const known = await this.#browser.findKnown(batch).catch((response) => this.#endLookUp(batch[0], response));
      for (const item of batch) {
        item.lookedUp = true;
        item.isNew = Boolean(known) && !known.has(item);
        if (known?.has(item) && item.state === "waiting") {
          this.#finish(item, { id: known.get(item), duplicate: !item.attempted });
        }
      }
      this.#startNext();
    }
    this.#lookingUp = false;
  }

  /** Without login or album no byte needs to be sent to learn that. Otherwise the upload itself must tell. */
  #endLookUp(item, response) {
    if (COMMON_STATUSES.includes(response.status) && item.state === "waiting") this.#fail(item, response);
    return null;
  }

  #nextLookup() {
    const limit = this.#running.size ? LOOKUP : FIRST_LOOKUP;
    const batch = [];
    let bytes = 0;
    for (const item of this.items) {
      if (item.lookedUp || item.state !== "waiting") continue;
      if (batch.length && item.album.id !== batch[0].album.id) break;
      batch.push(item);
      bytes += item.size;
      if (batch.length >= limit.files || bytes >= limit.bytes) break;
    }
    return batch;
  }

  async #upload(item) {
    const controller = new AbortController();
    this.#running.set(item, controller);
    const response = await this.#response(item, controller.signal);
    // Paused or cancelled. Another try may be under way already.
    if (controller.signal.aborted) return;
    await this.#receive(item, response);
    if (this.#running.get(item) === controller) this.#running.delete(item);
    this.#startNext();
  }

  #response(item, signal) {
    this.#change(item, "sending");
    if (item.isNew && !this.#freeBytes.fits(item)) return QUOTA_EXCEEDED;
    const isAgain = item.attempted;
    item.attempted = true;
    this.#kept.save([item]);
    const options = {
      signal,
      onProgress: (bytes) => {
        this.sentBytes += Math.max(0, bytes - item.sentBytes);
        item.sentBytes = bytes;
        this.#tell([item]);
      },
      onOffset: (bytes) => {
        item.sentBytes = bytes;
        this.#tell([item]);
      },
      onSent: () => item.state === "sending" && this.#change(item, "checking"),
      onBegin: (uploadUrl) => {
        item.uploadUrl = uploadUrl;
        this.#kept.save([item]);
      },
    };
    const sending = this.#browser.uploadFile(item, options);
    // What the store has from an earlier try is no duplicate.
    return sending.then((response) => ({ ...response, duplicate: response.duplicate && !isAgain }));
  }

  async #receive(item, response) {
    item.disconnected = DISCONNECTED_STATUSES.includes(response.status) && !response.retryAfter;
    if (item.disconnected) {
      const readable = await this.#browser.isReadable(item.file);
      if (item.state === "cancelled") return undefined;
      return readable ? this.#waitForConnection(item, response) : this.#fail(item, UNREADABLE);
    }
    this.#pauses.noteAnswer();
    if (BUSY_STATUSES.includes(response.status) && response.retryAfter) {
      return this.#wait(item, response.retryAfter, "busy");
    }
    return response.ok ? this.#finish(item, response) : this.#fail(item, response);
  }

  #finish(item, { id, duplicate }) {
    Object.assign(item, { image: id, sentBytes: duplicate ? 0 : item.size, finishedAt: this.#browser.now() });
    if (!duplicate) this.#freeBytes.take(item.size);
    this.#change(item, duplicate ? "duplicate" : "done");
  }

  #fail(item, { status, code, freeBytes, detail }) {
    const overQuota = code === QUOTA_EXCEEDED.code;
    // Then files that do not fit are not sent.
    if (overQuota) this.#freeBytes.refused(item.album.id, freeBytes);
    const permanent = PERMANENT_STATUSES.includes(status) && !overQuota && code !== "checksum_mismatch";
    for (const one of [item, ...this.#waitingWith(item, status)]) {
      Object.assign(one, { overQuota, signedOut: status === 401 });
      this.#change(one, permanent ? "refused" : "failed", detail);
    }
  }

  /** The files that would get the same response: all after the login has ended, an album's when it is gone. */
  #waitingWith({ album }, status) {
    const waiting = this.items.filter(({ state }) => state === "waiting");
    if (status === 401) return waiting;
    return status === 404 ? waiting.filter((one) => one.album.id === album.id) : [];
  }

  /** The store stores no file twice, so sending one again is safe. */
  #waitForConnection(item, { detail }) {
    const seconds = this.#pauses.secondsAfterBreak();
    if (!seconds) return this.#giveUp(item, detail);
    // This file may be what breaks the connection, so the others go first.
    this.items.push(...this.items.splice(this.items.indexOf(item), 1));
    return this.#wait(item, seconds, "disconnected");
  }

  #giveUp(item, detail) {
    for (const one of [item, ...this.items.filter(({ state }) => state === "waiting")]) {
      one.disconnected = true;
      this.#change(one, "failed", detail);
    }
  }

  /** Starts no upload before the pause ends. */
  #wait(item, seconds, reason) {
    this.#pauses.begin(seconds);
    this.#sendLater(item, { reason, seconds });
    this.#browser.setTimeout(() => this.#startNext(), seconds * 1000 + TIMER_MARGIN_MS);
  }

  #sendLater(item, detail) {
    // A large file goes on where it was.
    if (!item.uploadUrl) item.sentBytes = 0;
    this.#change(item, "waiting", detail);
  }

  #stop(item) {
    this.#running.get(item)?.abort();
    this.#running.delete(item);
  }

  // ---- Changes --------------------------------------------------------------------------------

  #change(item, state, detail = "") {
    const was = item.state;
    Object.assign(item, { state, detail });
    if (STORED_STATES.includes(state) || state === "refused") this.#kept.release(item);
    else if (state !== was && !RUNNING_STATES.includes(state)) this.#kept.save([item]);
    this.#tell([item]);
  }

  #remove(items) {
    const gone = new Set(items);
    this.items = this.items.filter((item) => !gone.has(item));
    this.#kept.remove(items);
    const ids = items.map(({ id }) => id);
    this.#tell([], ids);
  }

  #tell(items, removed = []) {
    this.dispatchEvent(Object.assign(new Event("changed"), { items, removed }));
  }
}
