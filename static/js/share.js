/** The page of photos that another app has shared: the user chooses their album, on whose page they are uploaded. */

import { interpolate, ngettext } from "./i18n.js";
import { chosenAlbum } from "./photo-actions.js";
import { ROOT } from "./root.js";
import { forgetShared, sharedPhotos } from "./share-store.js";
import { markShared } from "./upload-marker.js";

function ask(form, photos) {
  const text = ngettext("Add %(count)s photo to an album", "Add %(count)s photos to an album", photos.length);
  form.querySelector("[data-share-heading]").textContent = interpolate(text, { count: photos.length });
  const albums = form.querySelector("[name=album]");
  form.querySelector("[name=title]").required = !albums;
  form.hidden = false;
  (albums ?? form.querySelector("[name=title]")).focus();
}

async function send(form) {
  const button = form.querySelector("[type=submit]");
  button.disabled = true;
  const album = await chosenAlbum(new FormData(form));
  button.disabled = false;
  if (!album?.id) return;
  markShared(album.id);
  location.replace(`${ROOT}albums/${album.id}/`);
}

async function discard(photos) {
  await forgetShared(photos).catch(() => {});
  location.replace(`${ROOT}albums/`);
}

const form = document.querySelector("[data-share]");
const photos = await sharedPhotos().catch(() => []);
if (photos.length) ask(form, photos);
else document.querySelector("[data-share-empty]").hidden = false;
form.querySelector("[data-share-discard]").addEventListener("click", () => discard(photos));
form.addEventListener("submit", (event) => {
  event.preventDefault();
  send(form);
});
