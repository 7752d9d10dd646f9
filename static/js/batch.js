/** Does one thing to many images through the API, in requests of at most 1000 ids. */

import { gettext } from "./i18n.js";

const REQUEST_IDS = 1000;

/** @returns {status, body} of a request with JSON; status 0 without a connection. */
export async function postJson(url, body, token, fetch = globalThis.fetch) {
  try {
    const response = await fetch(url, {
      method: "POST",
      headers: { "Content-Type": "application/json", "X-CSRFToken": token },
      body: JSON.stringify(body),
    });
    return { status: response.status, body: await response.json().catch(() => ({})) };
  } catch {
    return { status: 0, body: { detail: gettext("The connection was lost. Try again.") } };
  }
}

/**
 * @param post sends a body to the API's images/batch/ and returns what postJson() does.
 * @returns done: the ids to which it was done. refused: [{id, detail}] of the others.
 *   created: the ids of new copies.
 */
export async function runBatch(ids, options, post) {
  const [done, refused, created] = [[], [], []];
  for (let start = 0; start < ids.length; start += REQUEST_IDS) {
    const some = ids.slice(start, start + REQUEST_IDS);
    const { status, body } = await post({ ...options, ids: some });
    if (status !== 207) {
      const detail = body.detail ?? gettext("The store could not do it just now. Try again.");
      refused.push(...ids.slice(start).map((id) => ({ id, detail })));
      break;
    }
    for (const result of body.results) {
      if (result.status === 201) created.push(result.image.id);
      if (result.status < 400) done.push(result.id);
      else refused.push({ id: result.id, detail: result.problem?.detail ?? "" });
    }
  }
  return { done, refused, created };
}
