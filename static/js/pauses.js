/** When the upload queue may send again after the connection broke, or after the store said that it is busy. */

const LONGEST_PAUSE_SECONDS = 30;
const GIVE_UP_AFTER_MS = 10 * 60 * 1000;

export class Pauses {
  #now;
  #until = 0;
  #seconds = 0;
  #brokenSince = 0;

  /** @param now () => milliseconds */
  constructor(now) {
    this.#now = now;
  }

  get isActive() {
    return this.#now() < this.#until;
  }

  /** @param seconds a shorter pause does not end a longer one. */
  begin(seconds) {
    this.#until = Math.max(this.#until, this.#now() + seconds * 1000);
  }

  end() {
    this.#until = 0;
  }

  /** Call this when the store has answered: the connection is there. */
  noteAnswer() {
    this.#brokenSince = this.#seconds = 0;
  }

  /** How long to wait after the connection broke: each time longer, and 0 when it has been broken for ten minutes. */
  secondsAfterBreak() {
    this.#brokenSince ||= this.#now();
    if (this.#now() - this.#brokenSince > GIVE_UP_AFTER_MS) return 0;
    // Uploads that break during a pause do not make the next one longer.
    if (!this.isActive) this.#seconds = Math.min(2 * this.#seconds || 1, LONGEST_PAUSE_SECONDS);
    return this.#seconds;
  }
}
