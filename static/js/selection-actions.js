/** What the selection bar does with the selected photos. The API does it; each action says what was done. */

import { postJson, runBatch } from "./batch.js";
import { fetchForm, showDialog } from "./confirm.js";
import { csrfToken } from "./csrf.js";
import { photos } from "./format.js";
import { replaceLiveParts } from "./live-parts.js";
import { showToast } from "./toast.js";

const are = (count) => `${photos(count)} ${count === 1 ? "is" : "are"}`;
// An archive's URL names its images, and servers take about 8 KB of it.
const ARCHIVE_IMAGES = 200;

export class SelectionActions {
  #bar;
  #grid;
  #albumGrid;
  #parts;
  #selection;

  constructor(bar, grid, albumGrid, parts, selection) {
    this.#bar = bar;
    this.#grid = grid;
    this.#albumGrid = albumGrid;
    this.#parts = parts;
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
    else showToast("The list could not be read just now. Try again.", { error: true });
  }

  // ---- Actions ------------------------------------------------------------------------------

  async #trash() {
    const { done } = await this.#batch({ action: "trash" });
    const tiles = this.#remove(done);
    if (done.length) showToast(`${are(done.length)} in the trash.`, { undo: () => this.#restore(done, tiles) });
  }

  async #restore(ids, tiles) {
    const { done } = await this.#send({ action: "restore" }, ids);
    if (done.length) showToast(`${are(done.length)} back.`);
    this.#putBack(tiles, done);
  }

  /** In the trash. */
  async #bringBack() {
    const { done } = await this.#batch({ action: "restore" });
    this.#remove(done);
    if (done.length) showToast(`${are(done.length)} back.`);
  }

  async #delete() {
    const { done } = await this.#batch({ action: "delete" });
    this.#remove(done);
    if (done.length) showToast(`${are(done.length)} deleted.`);
  }

  async #move(answer) {
    const album = await this.#album(answer);
    if (!album) return;
    const sources = Map.groupBy(this.#selection.ids, (id) => this.#selection.albumOf(id));
    const { done } = await this.#batch({ action: "move", album: album.id });
    const tiles = this.#bar.dataset.album ? this.#remove(done) : null;
    if (!done.length) return;
    showToast(`${are(done.length)} in “${album.title}” now.`, { undo: () => this.#moveBack(sources, done, tiles) });
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
    if (back.length) showToast(`${are(back.length)} back.`);
    if (tiles) this.#putBack(tiles, back);
  }

  async #copy(answer) {
    const album = await this.#album(answer);
    if (!album) return;
    const { done, created } = await this.#batch({ action: "copy", album: album.id });
    if (!done.length) return;
    const undo = created.length ? () => this.#removeCopies(created) : undefined;
    showToast(`${photos(done.length)} copied to “${album.title}”.`, { undo });
  }

  /** Of bytes that the album had already there was no copy, so they stay. */
  async #removeCopies(ids) {
    const { done } = await this.#send({ action: "delete" }, ids);
    if (done.length) showToast(`${photos(done.length)} removed again.`);
  }

  async #shift(answer) {
    const [days, hours, minutes] = ["days", "hours", "minutes"].map((name) => Number(answer.get(name)));
    const seconds = Number(answer.get("sign")) * 60 * (minutes + 60 * (hours + 24 * days));
    const { done } = await this.#batch({ action: "shift_taken_at", seconds });
    if (done.length) showToast(`The date of ${photos(done.length)} is corrected.`);
    this.#albumGrid.renew(done);
  }

  async #favourite(value) {
    const { done } = await this.#batch({ action: "favourite", value });
    if (done.length) showToast(`${are(done.length)} ${value ? "among your favourites" : "no favourite any more"}.`);
    this.#albumGrid.renew(done);
  }

  async #rotate(by) {
    const { done } = await this.#send({ action: "rotate", by }, this.#selection.ids);
    this.#albumGrid.renew(done);
  }

  #download() {
    const { ids } = this.#selection;
    if (ids.length === 1) return this.#save(`/images/${ids[0]}/file/?download=1`);
    for (const [album, images] of Map.groupBy(ids, (id) => this.#selection.albumOf(id))) {
      for (let start = 0; start < images.length; start += ARCHIVE_IMAGES) {
        this.#save(`/albums/${album}/archive/?images=${images.slice(start, start + ARCHIVE_IMAGES)}`);
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

  /** Says why it was not done to some. */
  async #send(options, ids) {
    this.#bar.setAttribute("aria-busy", "true");
    const result = await runBatch(ids, options, (body) => this.#post("/api/v1/images/batch/", body));
    this.#bar.removeAttribute("aria-busy");
    const { refused } = result;
    if (refused.length) {
      const reasons = [...new Set(refused.map(({ detail }) => detail))].join(" ");
      showToast(`It was not done to ${photos(refused.length)}. ${reasons}`, { error: true });
    }
    return result;
  }

  #post(url, body) {
    return postJson(url, body, csrfToken());
  }

  /** Shows the form of an action; `act` gets the answer as FormData. (`form.action` would be the buttons of this name.) */
  async #ask(action, act) {
    const form = await fetchForm(`${this.#bar.getAttribute("action")}?action=${action}`).catch(() => null);
    if (!form) return showToast("The connection was lost. Try again.", { error: true });
    form.querySelector("[data-photos]").textContent = photos(this.#selection.ids.length);
    const dialog = showDialog(form);
    form.addEventListener("submit", (event) => {
      event.preventDefault();
      const answer = new FormData(form);
      answer.set("album-title", form.querySelector("[name=album]")?.selectedOptions[0]?.label ?? "");
      dialog.close();
      act(answer);
    });
  }

  /** {id, title} of the album that was chosen, or of a new one. */
  async #album(answer) {
    const title = answer.get("title").trim();
    if (!title) return { id: answer.get("album"), title: answer.get("album-title") };
    const { status, body } = await this.#post("/api/v1/albums/", { title });
    if (status === 201) return body;
    showToast(body.detail ?? "The album could not be made. Try again.", { error: true });
    return null;
  }

  #save(url) {
    const link = Object.assign(document.createElement("a"), { href: url, download: "" });
    document.body.append(link);
    link.click();
    link.remove();
  }

  // ---- The grid -----------------------------------------------------------------------------

  /** @returns the tiles, each with where it was. */
  #remove(ids) {
    const tiles = ids.map((id) => document.getElementById(`i-${id}`)).filter(Boolean);
    const places = tiles.map((tile) => ({ tile, list: tile.parentElement, next: tile.nextElementSibling }));
    for (const tile of tiles) tile.remove();
    this.#changed(places, ids);
    return places;
  }

  #putBack(places, ids) {
    const back = places.filter(({ tile, list }) => list.isConnected && ids.some((id) => tile.id === `i-${id}`));
    for (const { tile, list, next } of back.reverse()) {
      list.insertBefore(tile, next?.parentElement === list ? next : null);
    }
    this.#changed(back, ids);
  }

  /** Call it when these photos, of which some had tiles, have come or gone: fetches what else changes with them. */
  async #changed(places, ids) {
    for (const list of new Set(places.map(({ list }) => list))) this.#parts.refresh(list);
    // The others belong to parts of the list that are out of the document.
    if (places.length < ids.length) await this.#parts.reload().catch(() => {});
    const { tiles, query } = this.#grid.dataset;
    // The trash has been fetched as a whole.
    if (!tiles) return;
    const response = await fetch(`${tiles}${query}`).catch(() => null);
    if (!response?.ok) return;
    const page = new DOMParser().parseFromString(await response.text(), "text/html");
    const parts = page.querySelector("[data-live-parts]");
    if (parts) replaceLiveParts(parts, this.#grid);
  }
}
