/** What the selection bar does with the selected photos. The API does it; each action says what was done. */

import { number } from "./format.js";
import { gettext, interpolate, ngettext } from "./i18n.js";
import { ask, chosenAlbum, send } from "./photo-actions.js";
import { RemovedTiles } from "./removed-tiles.js";
import { ROOT } from "./root.js";
import { showToast } from "./toast.js";

const told = (text, count, values = {}) => interpolate(text, { count: number(count), ...values });
const isBack = (count) => told(ngettext("%(count)s photo is back.", "%(count)s photos are back.", count), count);
const inTrash = (count) =>
  told(ngettext("%(count)s photo is in the trash.", "%(count)s photos are in the trash.", count), count);
const isDeleted = (count) =>
  told(ngettext("%(count)s photo is deleted.", "%(count)s photos are deleted.", count), count);
const isMoved = (count, album) =>
  told(
    ngettext("%(count)s photo is in “%(album)s” now.", "%(count)s photos are in “%(album)s” now.", count),
    count,
    {
      album,
    },
  );
const isCopied = (count, album) =>
  told(
    ngettext("%(count)s photo copied to “%(album)s”.", "%(count)s photos copied to “%(album)s”.", count),
    count,
    {
      album,
    },
  );
const isRemovedAgain = (count) =>
  told(ngettext("%(count)s photo removed again.", "%(count)s photos removed again.", count), count);
const isCorrected = (count) =>
  told(
    ngettext("The date of %(count)s photo is corrected.", "The date of %(count)s photos is corrected.", count),
    count,
  );
const isFavourite = (count) =>
  told(
    ngettext("%(count)s photo is among your favourites.", "%(count)s photos are among your favourites.", count),
    count,
  );
const isNoFavourite = (count) =>
  told(
    ngettext("%(count)s photo is no favourite any more.", "%(count)s photos are no favourite any more.", count),
    count,
  );
// An archive's URL names its images, and servers take about 8 KB of it.
const ARCHIVE_IMAGES = 200;

export class SelectionActions {
  #bar;
  #albumGrid;
  #tiles;
  #selection;

  constructor(bar, grid, albumGrid, parts, selection) {
    this.#bar = bar;
    this.#albumGrid = albumGrid;
    this.#tiles = new RemovedTiles(grid, parts);
    this.#selection = selection;
  }

  #actions = {
    trash: () => this.#trash(),
    delete: () => this.#ask("delete", () => this.#delete()),
    restore: () => this.#bringBack(),
    move: () => this.#ask("move", (answer) => this.#move(answer)),
    copy: () => this.#ask("copy", (answer) => this.#copy(answer)),
    shift_taken_at: () => this.#ask("shift_taken_at", (answer) => this.#shift(answer)),
    favourite: () => this.#favourite(true),
    unfavourite: () => this.#favourite(false),
    "rotate-left": () => this.#rotate(270),
    "rotate-right": () => this.#rotate(90),
    download: () => this.#download(),
  };

  run(action) {
    this.#bar.querySelector("#selection-menu")?.hidePopover();
    return this.#actions[action]();
  }

  async selectAll() {
    const response = await fetch(this.#bar.dataset.ids).catch(() => null);
    if (response?.ok) this.#selection.addAll(await response.json());
    else showToast(gettext("The list could not be read just now. Try again."), { error: true });
  }

  // ---- Actions ------------------------------------------------------------------------------

  async #trash() {
    const { done } = await this.#batch({ action: "trash" });
    const tiles = this.#tiles.remove(done);
    if (done.length) showToast(inTrash(done.length), { undo: () => this.#restore(done, tiles) });
  }

  async #restore(ids, tiles) {
    const { done } = await this.#send({ action: "restore" }, ids);
    if (done.length) showToast(isBack(done.length));
    this.#tiles.putBack(tiles, done);
  }

  /** In the trash. */
  async #bringBack() {
    const { done } = await this.#batch({ action: "restore" });
    this.#tiles.remove(done);
    if (done.length) showToast(isBack(done.length));
  }

  async #delete() {
    const { done } = await this.#batch({ action: "delete" });
    this.#tiles.remove(done);
    if (done.length) showToast(isDeleted(done.length));
  }

  async #move(answer) {
    const album = await chosenAlbum(answer);
    if (!album) return;
    const sources = Map.groupBy(this.#selection.ids, (id) => this.#selection.albumOf(id));
    const { done } = await this.#batch({ action: "move", album: album.id });
    const tiles = this.#bar.dataset.album ? this.#tiles.remove(done) : null;
    if (!done.length) return;
    showToast(isMoved(done.length, album.title), { undo: () => this.#moveBack(sources, done, tiles) });
  }

  async #moveBack(sources, moved, tiles) {
    const back = [];
    for (const [album, ids] of sources) {
      const { done } = await this.#send(
        { action: "move", album },
        ids.filter((id) => moved.includes(id)),
      );
      back.push(...done);
    }
    if (back.length) showToast(isBack(back.length));
    if (tiles) this.#tiles.putBack(tiles, back);
  }

  async #copy(answer) {
    const album = await chosenAlbum(answer);
    if (!album) return;
    const { done, created } = await this.#batch({ action: "copy", album: album.id });
    if (!done.length) return;
    const undo = created.length ? () => this.#removeCopies(created) : undefined;
    showToast(isCopied(done.length, album.title), { undo });
  }

  /** Of bytes that the album had already there was no copy, so they stay. */
  async #removeCopies(ids) {
    const { done } = await this.#send({ action: "delete" }, ids);
    if (done.length) showToast(isRemovedAgain(done.length));
  }

  async #shift(answer) {
    const [days, hours, minutes] = ["days", "hours", "minutes"].map((name) => Number(answer.get(name)));
    const seconds = Number(answer.get("sign")) * 60 * (minutes + 60 * (hours + 24 * days));
    const { done } = await this.#batch({ action: "shift_taken_at", seconds });
    if (done.length) showToast(isCorrected(done.length));
    this.#albumGrid.renew(done);
  }

  async #favourite(value) {
    const { done } = await this.#batch({ action: "favourite", value });
    if (done.length) showToast(value ? isFavourite(done.length) : isNoFavourite(done.length));
    this.#albumGrid.renew(done);
  }

  async #rotate(by) {
    const { done } = await this.#send({ action: "rotate", by }, this.#selection.ids);
    this.#albumGrid.renew(done);
  }

  #download() {
    const { ids } = this.#selection;
    if (ids.length === 1) return this.#save(`${ROOT}images/${ids[0]}/file/?download=1`);
    for (const [album, images] of Map.groupBy(ids, (id) => this.#selection.albumOf(id))) {
      for (let start = 0; start < images.length; start += ARCHIVE_IMAGES) {
        this.#save(`${ROOT}albums/${album}/archive/?images=${images.slice(start, start + ARCHIVE_IMAGES)}`);
      }
    }
  }

  // ---- Steps of an action -------------------------------------------------------------------

  /** Does it to the selected photos. Those to which it was not done stay selected. */
  async #batch(options) {
    const result = await this.#send(options, this.#selection.ids);
    this.#selection.retain(result.refused.map(({ id }) => id));
    return result;
  }

  async #send(options, ids) {
    this.#bar.setAttribute("aria-busy", "true");
    const result = await send(options, ids);
    this.#bar.removeAttribute("aria-busy");
    return result;
  }

  /** (`form.action` would be the buttons of this name.) */
  #ask(action, act) {
    const { album = "" } = this.#bar.dataset;
    const url = `${this.#bar.getAttribute("action")}?action=${action}&without=${album}`;
    return ask(url, this.#selection.ids.length, act);
  }

  #save(url) {
    const link = Object.assign(document.createElement("a"), { href: url, download: "" });
    document.body.append(link);
    link.click();
    link.remove();
  }
}
