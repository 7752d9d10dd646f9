/** The files on their way: three at a time, each for itself, so that a bad one never stops the rest. */
import { fits } from "./room.js";
import { megabytes } from "./words.js";
import { send } from "./send.js";

const AT_ONCE = 3;
const BUSY = [429, 503];
// What is wrong with the file itself stays wrong.
const NEVER = [400, 413, 415];
const UNDER_WAY = ["waiting", "sending", "checking"];

export class Queue extends EventTarget {
  #door;
  #running = 0;
  #held = 0;
  items = [];

  /** @param door {url, token, maxBytes, room} */
  constructor(door) {
    super();
    this.#door = door;
    addEventListener("online", () => this.retry(this.items.filter((item) => item.lost)));
  }

  get busy() {
    return this.items.some((item) => UNDER_WAY.includes(item.state));
  }

  add(files) {
    for (const file of files) {
      const item = { file, state: "waiting", part: 0, detail: "", lost: false };
      this.items.push(item);
      this.#tell("added", item);
      if (file.size > this.#door.maxBytes) this.#set(item, "refused", this.#tooLarge(file));
    }
    this.#pump();
  }

  retry(items) {
    for (const item of items) {
      Object.assign(item, { part: 0, lost: false, signedOut: false });
      this.#set(item, "waiting");
    }
    this.#pump();
  }

  /** An image that was taken has been made, or cannot be. */
  turn({ id, failed, reason }) {
    for (const item of this.items.filter((one) => one.id === id)) {
      if (failed && ["done", "duplicate"].includes(item.state)) this.#set(item, "broken", reason);
      else if (!failed && item.state === "broken") this.#set(item, "done");
    }
  }

  clear() {
    this.items = [];
  }

  #tooLarge(file) {
    return `${megabytes(file.size)} is more than the ${megabytes(this.#door.maxBytes)} this store takes. It was not sent.`;
  }

  #noRoom(file) {
    return `There is no room left for ${megabytes(file.size)}: delete something for ever first. It was not sent.`;
  }

  #pump() {
    if (Date.now() < this.#held) return;
    while (this.#running < AT_ONCE) {
      const next = this.items.find((item) => item.state === "waiting");
      if (!next) return;
      this.#running += 1;
      this.#carry(next).finally(() => {
        this.#running -= 1;
        this.#pump();
      });
    }
  }

  async #carry(item) {
    this.#set(item, "sending");
    if (!(await fits(item.file, this.#door).catch(() => true))) return this.#set(item, "refused", this.#noRoom(item.file));
    const answer = await send(item.file, {
      ...this.#door,
      onProgress: (part) => {
        item.part = part;
        this.#tell("changed", item);
      },
      onSent: () => item.state === "sending" && this.#set(item, "checking"),
    });
    item.lost = answer.status === 0;
    if (BUSY.includes(answer.status) && answer.retryAfter) return this.#hold(item, answer.retryAfter);
    if (!answer.ok) return this.#refuse(item, answer);
    item.id = answer.id;
    item.part = 1;
    if (!answer.duplicate) this.#door.room -= item.file.size;
    return this.#set(item, answer.duplicate ? "duplicate" : "done");
  }

  /** Without a login or an album the files behind it need not be sent either. */
  #refuse(item, { status, code, detail }) {
    const all = [401, 404].includes(status) ? this.items.filter(({ state }) => state === "waiting") : [];
    const never = status === 404 || (NEVER.includes(status) && code !== "quota_exceeded");
    for (const one of [item, ...all]) {
      one.signedOut = status === 401;
      this.#set(one, never ? "refused" : "failed", detail);
    }
  }

  /** The store asked for a pause: nothing new starts before it is over. */
  #hold(item, seconds) {
    this.#held = Date.now() + seconds * 1000;
    item.part = 0;
    this.#set(item, "waiting", `The store is busy; goes on in ${seconds} s`);
    setTimeout(() => this.#pump(), seconds * 1000 + 50);
  }

  #set(item, state, detail = "") {
    Object.assign(item, { state, detail });
    this.#tell("changed", item);
  }

  #tell(type, item) {
    this.dispatchEvent(new CustomEvent(type, { detail: item }));
  }
}
