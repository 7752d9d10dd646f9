/**
 * How many bytes of the quota are left, as far as the store has told. Of an album with images in its trash it does not
 * tell: the same bytes would come back from there and need no room, so only the upload shows whether a file fits.
 */
export class FreeBytes {
  /** Album → bytes. */
  #left = new Map();
  #fetch;

  /** @param fetchFreeBytes (album) => Promise of bytes, Infinity where the store does not tell. */
  constructor(fetchFreeBytes) {
    this.#fetch = fetchFreeBytes;
  }

  fits({ size, album }) {
    return size <= (this.#left.get(album.id) ?? Infinity);
  }

  set(album, bytes) {
    if (bytes < Infinity) this.#left.set(album, bytes);
    else this.#left.delete(album);
  }

  /** The quota is one for all albums. */
  take(bytes) {
    for (const [album, left] of this.#left) this.#left.set(album, left - bytes);
  }

  /** @param bytes those that a refusal names, or nothing. */
  async refused(album, bytes) {
    if (bytes >= 0 && this.#left.has(album)) this.#left.set(album, bytes);
    else await this.ask(album);
  }

  async ask(album) {
    this.set(album, await this.#fetch(album).catch(() => Infinity));
  }
}
