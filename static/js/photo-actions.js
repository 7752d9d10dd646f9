/** Steps of what is done to photos, to the selected ones as to the one that is open: the API does it, some ask first. */

import { postJson, runBatch } from "./batch.js";
import { fetchForm, showDialog } from "./confirm.js";
import { csrfToken } from "./csrf.js";
import { photos } from "./format.js";
import { gettext, interpolate } from "./i18n.js";
import { ROOT } from "./root.js";
import { showToast } from "./toast.js";

const post = (url, body) => postJson(url, body, csrfToken());

/** Says why it was not done to some. @returns what runBatch() of batch.js does. */
export async function send(options, ids) {
  const result = await runBatch(ids, options, (body) => post(`${ROOT}api/v1/images/batch/`, body));
  const { refused } = result;
  if (refused.length) {
    const reasons = [...new Set(refused.map(({ detail }) => detail))].join(" ");
    const values = { photos: photos(refused.length), reasons };
    showToast(interpolate(gettext("It was not done to %(photos)s. %(reasons)s"), values), { error: true });
  }
  return result;
}

/** Shows the form of a page over the photos; `act` gets the answer as FormData. */
export async function ask(url, count, act) {
  const form = await fetchForm(url).catch(() => null);
  if (!form) return showToast(gettext("The connection was lost. Try again."), { error: true });
  const counted = form.querySelector("[data-photos]");
  if (counted) counted.textContent = photos(count);
  const dialog = showDialog(form);
  form.addEventListener("submit", (event) => {
    event.preventDefault();
    const answer = new FormData(form);
    answer.set("album-title", form.querySelector("[name=album]")?.selectedOptions[0]?.label ?? "");
    dialog.close();
    act(answer);
  });
}

/** {id, title} of the album that was chosen, or of a new one; null if it could not be made. */
export async function chosenAlbum(answer) {
  const title = answer.get("title").trim();
  if (!title) return { id: answer.get("album"), title: answer.get("album-title") };
  const { status, body } = await post(`${ROOT}api/v1/albums/`, { title });
  if (status === 201) return body;
  showToast(body.detail ?? gettext("The album could not be made. Try again."), { error: true });
  return null;
}
