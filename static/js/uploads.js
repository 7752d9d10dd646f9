/** Adding photos: picked, pasted or dropped anywhere on the album's page. */
import { filesOf, hasFiles } from "./files.js";
import { Panel } from "./upload-panel.js";
import { Queue } from "./upload-queue.js";

const GATHER_MS = 250;

function watchPicker(form, queue) {
  const input = form.querySelector("input[type=file]");
  input.addEventListener("change", () => {
    queue.add([...input.files]);
    input.value = "";
  });
}

function watchPaste(queue) {
  document.addEventListener("paste", (event) => {
    if (hasFiles(event.clipboardData)) queue.add([...event.clipboardData.files]);
  });
}

function watchDrop(queue) {
  const target = document.querySelector("[data-drop]");
  // dragleave fires at every child's edge; only the last one out, or none at all, means gone.
  let inside = 0;
  const over = (change) => {
    inside = Math.max(0, inside + change);
    target.hidden = inside === 0;
  };
  addEventListener("dragenter", (event) => hasFiles(event.dataTransfer) && over(1));
  addEventListener("dragleave", (event) => hasFiles(event.dataTransfer) && over(-1));
  addEventListener("dragover", (event) => hasFiles(event.dataTransfer) && event.preventDefault());
  addEventListener("drop", async (event) => {
    if (!hasFiles(event.dataTransfer)) return;
    event.preventDefault();
    over(-inside);
    queue.add(await filesOf(event.dataTransfer));
  });
}

/** Pictures that arrive close together are fetched as tiles in one request; what becomes of them is told the queue. */
function watchArrivals(queue, tiles) {
  const arrived = { done: [], duplicate: [] };
  const told = new WeakSet();
  let timer = 0;
  const show = () => {
    tiles.show(arrived.done.splice(0), { added: true });
    tiles.show(arrived.duplicate.splice(0));
    timer = 0;
  };
  queue.addEventListener("changed", ({ detail: item }) => {
    if (!item.id || !(item.state in arrived) || told.has(item)) return;
    told.add(item);
    arrived[item.state].push(item.id);
    if (!timer) timer = setTimeout(show, GATHER_MS);
  });
  tiles.addEventListener("turned", ({ detail }) => queue.turn(detail));
}

/** The cookie's, which a new login in another tab changes. */
function tokenOf(form) {
  const cookie = document.cookie.match(/(?:^|; )(?:__Host-)?csrftoken=([^;]+)/);
  return cookie?.[1] ?? form.querySelector("[name=csrfmiddlewaretoken]").value;
}

/** The bytes that fit for certain; the store says so only where they can run out. */
const roomOf = (form) => Number(form.dataset.room ?? Infinity);

/** As a reload would say it. */
async function roomNow() {
  const answer = await fetch(location.href);
  const page = new DOMParser().parseFromString(await answer.text(), "text/html");
  return roomOf(page.querySelector("[data-upload]"));
}

export function startUploads(form, tiles) {
  const queue = new Queue({
    url: form.dataset.upload,
    get token() {
      return tokenOf(form);
    },
    maxBytes: Number(form.dataset.maxBytes),
    room: roomOf(form),
    askRoom: roomNow,
  });
  new Panel(queue);
  watchPicker(form, queue);
  watchPaste(queue);
  watchDrop(queue);
  watchArrivals(queue, tiles);
  addEventListener("beforeunload", (event) => queue.busy && event.preventDefault());
}
