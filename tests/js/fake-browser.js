/** A browser for the upload queue. Each test responds to the requests and moves the clock itself. */

export class FakeBrowser {
  #now = 1_000_000;
  #timers = [];
  /** What fitsQuota() and isReadable() answer about a file of this name, instead of true. */
  tooBigForQuota = new Set();
  unreadable = new Set();
  /** The requests that have no response yet. */
  requests = [];
  /** The names of all files in the order of their requests. */
  sent = [];

  now = () => this.#now;
  setTimeout = (callback, ms) => this.#timers.push({ at: this.#now + ms, callback });
  fitsQuota = async (file) => !this.tooBigForQuota.has(file.name);
  isReadable = async (file) => !this.unreadable.has(file.name);

  uploadFile = (file, options) =>
    new Promise((resolve) => {
      this.sent.push(file.name);
      this.requests.push({ ...options, name: file.name, resolve });
    });

  get uploading() {
    return this.requests.map(({ name }) => name);
  }

  request(name) {
    const request = this.requests.find((one) => one.name === name);
    if (!request) throw new Error(`${name} is not uploading; these are: ${this.uploading}`);
    return request;
  }

  /** Gives the response to one file's request, or without a name to the requests of all files. */
  async respond(response, name) {
    for (const request of name ? [this.request(name)] : [...this.requests]) {
      this.requests.splice(this.requests.indexOf(request), 1);
      request.resolve(response);
    }
    await settle();
  }

  /** Moves the clock and runs the timers that end until then. */
  async pass(seconds) {
    const end = this.#now + seconds * 1000;
    for (;;) {
      const [next] = this.#timers.filter(({ at }) => at <= end).sort((a, b) => a.at - b.at);
      if (!next) break;
      this.#timers.splice(this.#timers.indexOf(next), 1);
      this.#now = next.at;
      next.callback();
      await settle();
    }
    this.#now = end;
  }
}

/** Lets every promise that can go on do so. */
export const settle = () => new Promise((resolve) => setImmediate(resolve));
