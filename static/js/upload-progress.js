/** Figures of all uploads together. */

const WINDOW_MS = 10_000;
const SHORTEST_MS = 1000;

// What is not sent: there already, or refused.
const SENT_STATES = ["done", "broken"];

/** @returns {{sent: number, all: number}} bytes. Those of refused, missing and known files count nowhere. */
export function bytesOf(items) {
  let [sent, all] = [0, 0];
  for (const item of items) {
    const isSent = SENT_STATES.includes(item.state);
    if (!isSent && !item.isUnfinished) continue;
    all += item.size;
    sent += isSent ? item.size : item.sentBytes;
  }
  return { sent, all };
}

/** How fast bytes were sent within the last seconds. */
export class Speed {
  #samples = [];

  /** @param bytes all that were sent until `now` (milliseconds). */
  add(bytes, now) {
    this.#samples.push({ bytes, now });
    while (this.#samples[0].now < now - WINDOW_MS) this.#samples.shift();
  }

  reset() {
    this.#samples = [];
  }

  /** In bytes a second; 0 while it is not known. */
  get value() {
    const [first, last] = [this.#samples[0], this.#samples.at(-1)];
    const ms = first ? last.now - first.now : 0;
    return ms < SHORTEST_MS ? 0 : ((last.bytes - first.bytes) / ms) * 1000;
  }
}
