/** The buttons that change the shown photo. They act where one looks: full screen, facts and the list stay. */

import { gettext } from "./i18n.js";
import { fetchPage } from "./photo-page.js";
import { showToast } from "./toast.js";

const REQUEST_TIMEOUT_MS = 20000;
// The store makes the sizes of a turned photo again.
const POLL_MS = 1000;
const MOST_POLLS = 60;

const fileOf = (page) => page.querySelector("[data-picture]")?.getAttribute("src").split("?")[0];

/** Sends the form as its button would. @returns the page that the store leads to. */
async function send(form, button) {
  const body = new FormData(form, button);
  const response = await fetch(form.action, {
    method: "POST",
    body,
    signal: AbortSignal.timeout(REQUEST_TIMEOUT_MS),
  });
  if (!response.ok) throw new Error(`change: ${response.status}`);
  return new DOMParser().parseFromString(await response.text(), "text/html");
}

/**
 * @param root holds the buttons. @param shown gives the URL of the shown photo.
 * @param take gets the URL and the new page of a photo that was changed, also when its turned sizes have come.
 * @param signal ends it.
 */
export function watchTools(root, { shown, take, signal }) {
  /** Takes the page again once its picture is another file than `before`. */
  async function awaitSizes(url, before) {
    for (let poll = 0; poll < MOST_POLLS && !signal.aborted; poll += 1) {
      await new Promise((resolve) => setTimeout(resolve, POLL_MS));
      const page = await fetchPage(url).catch(() => null);
      if (page && fileOf(page) !== before) return signal.aborted || take(url, page);
    }
  }

  root.addEventListener("submit", async (event) => {
    const form = event.target.closest("[data-change]");
    if (!form) return;
    event.preventDefault();
    const [button, url] = [event.submitter, shown()];
    button.setAttribute("aria-busy", "true");
    try {
      const page = await send(form, button);
      const file = fileOf(page);
      take(url, page);
      if (signal.aborted) return;
      for (const { textContent } of page.querySelectorAll(".toast__text")) showToast(textContent);
      if (button.name === "by" && file) awaitSizes(url, file);
    } catch {
      showToast(gettext("The store could not do it just now. Try again."), { error: true });
    }
    button.removeAttribute("aria-busy");
  });
}
