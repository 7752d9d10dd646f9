/** A browser for the upload queue. Each test responds to the requests and moves the clock itself. */

export class FakeBrowser {
  #now = 1_000_000;
  #timers = [];
  /** Names of files that isReadable() denies. */
  unreadable = new Set();
  /** Name of a file → id of the image that findKnown() answers. */
  known = new Map();
  /** The names of the files of each question that findKnown() was asked. */
  lookups = [];
  /** Addresses of uploads that the queue gave up. */
  ended = [];
  store = new FakeStore();
  /** The requests that have no response yet. */
  requests = [];
  /** The names of all files in the order of their requests. */
  sent = [];

  now = () => this.#now;
  setTimeout = (callback, ms) => this.#timers.push({ at: this.#now + ms, callback });
  endUpload = (url) => this.ended.push(url);
  fetchFreeBytes = async () => Infinity;
  findKnown = async (items) => {
    this.lookups.push(items.map(({ name }) => name));
    return new Map(
      items.filter(({ name }) => this.known.has(name)).map((item) => [item, this.known.get(item.name)]),
    );
  };
  isReadable = async (file) => !this.unreadable.has(file.name);

  uploadFile = (item, options) =>
    new Promise((resolve) => {
      this.sent.push(item.name);
      const request = { ...options, item, name: item.name, resolve };
      this.requests.push(request);
      options.signal.addEventListener("abort", () => {
        this.requests.splice(this.requests.indexOf(request), 1);
        resolve({ ok: false, status: 0, retryAfter: 0, detail: "Aborted." });
      });
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

/** What the browser keeps, in memory. */
export class FakeStore {
  records = new Map();
  files = new Map();
  /** Names of files for which there is no space. */
  tooLarge = new Set();

  load = async () =>
    [...this.records.values()].map((record) => ({
      record: structuredClone(record),
      file: this.files.get(record.id),
    }));
  save = async (records) => {
    for (const record of records) this.records.set(record.id, structuredClone(record));
    return true;
  };
  keep = async (id, file) => {
    if (this.tooLarge.has(file.name)) return false;
    this.files.set(id, file);
    return true;
  };
  release = async (records) => {
    for (const { id } of records) this.files.delete(id);
    return this.save(records);
  };
  remove = async (ids) => {
    for (const id of ids) {
      this.records.delete(id);
      this.files.delete(id);
    }
    return true;
  };
}

/** Lets every promise that can go on do so. */
export const settle = () => new Promise((resolve) => setImmediate(resolve));
