/** Adds photos to an album: files that the user picks, pastes, or drops anywhere on the page. */

import { hasFiles, transferredFiles } from "./files.js";
import { UploadPanel } from "./upload-panel.js";
import { UploadQueue } from "./upload-queue.js";

const GATHER_MS = 250;

function watchPicker(form, queue) {
  const input = form.querySelector("input[type=file]");
  const take = () => {
    queue.add([...input.files]);
    input.value = "";
  };
  input.addEventListener("change", take);
  // On a slow line people choose before this script has come.
  if (input.files.length) take();
}

function watchPaste(queue) {
  document.addEventListener("paste", (event) => {
    if (hasFiles(event.clipboardData)) queue.add([...event.clipboardData.files]);
  });
}

function watchDrop(queue) {
  const target = document.querySelector("[data-drop]");
  // The browser sends dragenter and dragleave for every element under the pointer.
  // The pointer has left the window when it has left as many elements as it entered.
  let entered = 0;
  const count = (change) => {
    entered = Math.max(0, entered + change);
    target.hidden = entered === 0;
  };
  addEventListener("dragenter", (event) => hasFiles(event.dataTransfer) && count(1));
  addEventListener("dragleave", (event) => hasFiles(event.dataTransfer) && count(-1));
  addEventListener("dragover", (event) => hasFiles(event.dataTransfer) && event.preventDefault());
  addEventListener("drop", async (event) => {
    if (!hasFiles(event.dataTransfer)) return;
    event.preventDefault();
    count(-entered);
    queue.add(await transferredFiles(event.dataTransfer));
  });
}

/** Shows uploaded images in the grid, and tells the queue which of them the store could not prepare. */
function connect(queue, grid) {
  const arrived = { done: [], duplicate: [] };
  const seen = new WeakSet();
  let timer = 0;
  const show = () => {
    grid.show(arrived.done.splice(0), { added: true });
    grid.show(arrived.duplicate.splice(0));
    timer = 0;
  };
  queue.addEventListener("changed", ({ item }) => {
    if (!item.id || !(item.state in arrived) || seen.has(item)) return;
    seen.add(item);
    arrived[item.state].push(item.id);
    // The grid fetches the tiles of all images that arrive within this time in one request.
    if (!timer) timer = setTimeout(show, GATHER_MS);
  });
  grid.addEventListener("finished", ({ detail }) => queue.finishImage(detail));
}

/** The CSRF token. A login in another tab changes the cookie, but not the form. */
function csrfToken(form) {
  const cookie = document.cookie.match(/(?:^|; )(?:__Host-)?csrftoken=([^;]+)/);
  return cookie?.[1] ?? form.querySelector("[name=csrfmiddlewaretoken]").value;
}

/** The store omits the figure where only an upload can show whether a file fits. */
const freeBytesIn = (form) => Number(form.dataset.freeBytes ?? Infinity);

// Photos that open over the album change the address.
const albumUrl = location.href;

async function fetchFreeBytes() {
  const response = await fetch(albumUrl);
  const fresh = new DOMParser().parseFromString(await response.text(), "text/html");
  return freeBytesIn(fresh.querySelector("[data-upload]"));
}

export function startUploads(form, grid) {
  const queue = new UploadQueue({
    url: form.dataset.upload,
    get token() {
      return csrfToken(form);
    },
    maxBytes: Number(form.dataset.maxBytes),
    freeBytes: freeBytesIn(form),
    fetchFreeBytes,
  });
  new UploadPanel(queue);
  watchPicker(form, queue);
  watchPaste(queue);
  watchDrop(queue);
  connect(queue, grid);
  addEventListener("online", () => queue.retryDisconnected());
  addEventListener("beforeunload", (event) => queue.busy && event.preventDefault());
}
