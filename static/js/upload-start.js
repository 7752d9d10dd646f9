/**
 * Takes photos on every page: files that the user picks, drops or pastes. Goes on with the uploads of an earlier page.
 * The scripts that send are loaded only when there is something to send.
 */

import { hasFiles, pickedFiles, transferredFiles } from "./files.js";
import { gettext } from "./i18n.js";
import { showToast } from "./toast.js";
import { markShared, readMarker, takeSharedMark } from "./upload-marker.js";

// Other scripts of the page listen for photos that were stored. They have all run by then.
const pageIsReady = new Promise((resolve) => {
  if (document.readyState === "complete") resolve();
  else addEventListener("DOMContentLoaded", resolve, { once: true });
});

let session;

function openSession(panel) {
  session ??= pageIsReady.then(() => import("./uploads.js")).then(({ openUploads }) => openUploads(panel));
  session.catch(() => {
    session = undefined;
  });
  return session;
}

async function add(panel, files, album) {
  try {
    await (await openSession(panel)).add(files, album);
  } catch {
    showToast(gettext("The connection was lost. Choose the photos again."), { error: true });
  }
}

/** The album that the page shows. Without one, folders become albums. */
function albumOfPage() {
  const form = document.querySelector("[data-upload]");
  if (!form) return null;
  const { album, title, freeBytes } = form.dataset;
  // The store omits the figure where only an upload can show whether a file fits.
  return { id: album, title, freeBytes: Number(freeBytes ?? Infinity) };
}

function watchPickers(panel) {
  const take = (input) => {
    if (!input.files.length) return;
    const files = pickedFiles(input);
    input.value = "";
    add(panel, files, albumOfPage());
  };
  document.addEventListener("change", ({ target }) => target.matches("[data-pick]") && take(target));
  // On a slow line people choose before this script has come.
  for (const input of document.querySelectorAll("[data-pick]")) take(input);
}

function watchPaste(panel) {
  document.addEventListener("paste", async (event) => {
    const album = albumOfPage();
    if (album && hasFiles(event.clipboardData)) add(panel, await transferredFiles(event.clipboardData), album);
  });
}

function watchDrop(panel) {
  const place = () => document.querySelector("[data-drop]");
  // The browser sends dragenter and dragleave for every element under the pointer.
  // The pointer has left the window when it has left as many elements as it entered.
  let entered = 0;
  const count = (change) => {
    entered = Math.max(0, entered + change);
    place()?.toggleAttribute("hidden", entered === 0);
  };
  addEventListener("dragenter", (event) => hasFiles(event.dataTransfer) && count(1));
  addEventListener("dragleave", (event) => hasFiles(event.dataTransfer) && count(-1));
  // On pages that take none, too: the browser would leave the page and open the file.
  addEventListener("dragover", (event) => {
    if (!hasFiles(event.dataTransfer)) return;
    event.preventDefault();
    if (!place()) event.dataTransfer.dropEffect = "none";
  });
  addEventListener("drop", async (event) => {
    if (!hasFiles(event.dataTransfer)) return;
    event.preventDefault();
    count(-entered);
    if (panel && place()) add(panel, await transferredFiles(event.dataTransfer), albumOfPage());
  });
}

/** Photos that another app has shared, on the page of the album that the user has chosen for them (share.js). */
async function addShared(panel) {
  const album = albumOfPage();
  if (!album || !takeSharedMark(album.id)) return;
  try {
    const { forgetShared, sharedPhotos } = await import("./share-store.js");
    const photos = await sharedPhotos();
    const files = photos.map(({ file }) => ({ file, folder: "" }));
    await (await openSession(panel)).add(files, album);
    await forgetShared(photos);
  } catch {
    markShared(album.id);
    showToast(gettext("The connection was lost. Reload this page to add the photos."), { error: true });
  }
}

/** The browser forgets with the log-out what waits to be uploaded, so the user is asked before. */
function watchLogout(panel) {
  const ask = (event) => {
    if (!event.target.matches("[data-logout]") || !readMarker(panel.dataset.user)) return;
    const text = gettext("Photos are waiting to be uploaded. This browser forgets them when you log out. Log out?");
    if (confirm(text)) return;
    event.preventDefault();
    event.stopPropagation();
  };
  document.addEventListener("submit", ask, { capture: true });
}

export function startUploads() {
  // Only signed-in people have the panel.
  const panel = document.querySelector("[data-uploads]");
  watchDrop(panel);
  if (!panel) return;
  watchPickers(panel);
  watchPaste(panel);
  watchLogout(panel);
  addShared(panel);
  if (readMarker(panel.dataset.user)) openSession(panel);
}
