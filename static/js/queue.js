/** The files on their way: three at a time, each for itself, so that a bad one never stops the rest. */
import { megabytes } from "./words.js";
import { send } from "./send.js";

const AT_ONCE = 3;
const BUSY = [429, 503];
const UNDER_WAY = ["waiting", "sending", "checking"];

export class Queue extends EventTarget {
  #door;
  #running = 0;
  #held = 0;
  items = [];

  /** @param door {url, token, maxBytes} */
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
      item.part = 0;
      this.#set(item, "waiting");
    }
    this.#pump();
  }

  clear() {
    this.items = [];
  }

  #tooLarge(file) {
    return `${megabytes(file.size)} is more than the ${megabytes(this.#door.maxBytes)} this store takes. It was not sent.`;
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
    item.id = answer.id;
    if (!answer.ok) return this.#set(item, "failed", answer.detail);
    item.part = 1;
    return this.#set(item, answer.duplicate ? "duplicate" : "done");
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
