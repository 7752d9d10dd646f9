/** The page of photos that another app has shared: the user chooses their album, on whose page they are uploaded. */

import { postJson } from "./batch.js";
import { csrfToken } from "./csrf.js";
import { gettext, interpolate, ngettext } from "./i18n.js";
import { forgetShared, sharedPhotos } from "./share-store.js";
import { showToast } from "./toast.js";
import { markShared } from "./upload-marker.js";

/** The id of the album that was chosen, or of a new one; null when it could not be made. */
async function chosenAlbum(answer) {
  const title = answer.get("title").trim();
  if (!title) return answer.get("album");
  const { status, body } = await postJson("/api/v1/albums/", { title }, csrfToken());
  if (status === 201) return body.id;
  showToast(body.detail ?? gettext("The album could not be made. Try again."), { error: true });
  return null;
}

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
  if (!album) return;
  markShared(album);
  location.replace(`/albums/${album}/`);
}

async function discard(photos) {
  await forgetShared(photos).catch(() => {});
  location.replace("/albums/");
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
