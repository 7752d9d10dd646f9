/** The files on their way: three at a time, each for itself, so that a bad one never stops the rest. */

import { filesize } from "./format.js";
import { fits, NO_ROOM } from "./quota.js";
import { canBeRead, send, UNREADABLE } from "./upload-request.js";

const AT_ONCE = 3;
const BUSY = [429, 503];
// The line broke, or a proxy in between did not reach the store: both mostly pass.
const AWAY = [0, 502, 503, 504];
const LONGEST_PAUSE_S = 30;
const AWAY_PATIENCE_MS = 10 * 60 * 1000;
// What is wrong with the file itself stays wrong.
const NEVER = [400, 413, 415];
const UNDER_WAY = ["waiting", "sending", "checking"];

export class Queue extends EventTarget {
  #door;
  #running = 0;
  #held = 0;
  #awaySince = 0;
  #pause = 0;
  items = [];

  /** @param door {url, token, maxBytes, room, askRoom} */
  constructor(door) {
    super();
    this.#door = door;
    addEventListener("online", () =>
      this.retry(this.items.filter(({ lost, state }) => lost && state === "failed")),
    );
  }

  get busy() {
    return this.items.some((item) => UNDER_WAY.includes(item.state));
  }

  add(files) {
    if (!this.busy) this.#answered();
    for (const file of files) {
      const item = { file, state: "waiting", part: 0, detail: "", lost: false };
      this.items.push(item);
      this.#tell("added", item);
      if (file.size > this.#door.maxBytes) this.#set(item, "refused", this.#tooLarge(file));
    }
    this.#pump();
  }

  /** At once, also what waits for the connection; room may have been made in another tab. */
  async retry(items) {
    const lacking = items.some((item) => item.noRoom);
    for (const item of items) {
      Object.assign(item, { part: 0, lost: false, signedOut: false, noRoom: false });
      this.#set(item, "waiting");
    }
    if (lacking) {
      this.#held = Infinity;
      this.#door.room = await this.#door.askRoom().catch(() => Infinity);
    }
    this.#answered();
    this.#held = 0;
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
    return `A file may have at most ${filesize(this.#door.maxBytes)}; this one has ${filesize(file.size)}. Nothing was stored.`;
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
    if (!(await fits(item.file, this.#door).catch(() => true))) return this.#refuse(item, NO_ROOM);
    const answer = await send(item.file, {
      ...this.#door,
      onProgress: (part) => {
        item.part = part;
        this.#tell("changed", item);
      },
      onSent: () => item.state === "sending" && this.#set(item, "checking"),
    });
    item.lost = AWAY.includes(answer.status) && !answer.retryAfter;
    if (item.lost) return (await canBeRead(item.file)) ? this.#wait(item, answer) : this.#refuse(item, UNREADABLE);
    this.#answered();
    if (BUSY.includes(answer.status) && answer.retryAfter)
      return this.#hold(item, answer.retryAfter, "The store is busy; goes on");
    if (!answer.ok) return this.#refuse(item, answer);
    item.id = answer.id;
    item.part = 1;
    if (!answer.duplicate) this.#door.room -= item.file.size;
    return this.#set(item, answer.duplicate ? "duplicate" : "done");
  }

  /** Without a login or an album the files behind it need not be sent either. */
  #refuse(item, { status, code, detail }) {
    const all = [401, 404].includes(status) ? this.items.filter(({ state }) => state === "waiting") : [];
    const noRoom = code === NO_ROOM.code;
    const never = status === 404 || (NEVER.includes(status) && !noRoom);
    for (const one of [item, ...all]) {
      Object.assign(one, { noRoom, signedOut: status === 401 });
      this.#set(one, never ? "refused" : "failed", detail);
    }
  }

  /** Goes on by itself after ever longer pauses: what had arrived already is not stored twice. */
  #wait(item, { detail }) {
    this.#awaySince ||= Date.now();
    if (Date.now() - this.#awaySince > AWAY_PATIENCE_MS) return this.#giveUp(item, detail);
    if (Date.now() >= this.#held) this.#pause = Math.min(2 * this.#pause || 1, LONGEST_PAUSE_S);
    // Behind the others, in case it is this file that breaks the line.
    this.items.push(...this.items.splice(this.items.indexOf(item), 1));
    return this.#hold(item, this.#pause, "Waiting for the connection; tries again");
  }

  #giveUp(item, detail) {
    for (const one of [item, ...this.items.filter(({ state }) => state === "waiting")]) {
      one.lost = true;
      this.#set(one, "failed", detail);
    }
  }

  #answered() {
    this.#awaySince = this.#pause = 0;
  }

  /** Nothing new starts before the pause is over. */
  #hold(item, seconds, why) {
    this.#held = Math.max(this.#held, Date.now() + seconds * 1000);
    item.part = 0;
    this.#set(item, "waiting", `${why} in ${seconds} s`);
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
