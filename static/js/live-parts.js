/** What else of an album's page changes with its photos: figures, toolbar, empty state. The store renders them. */
import { watchMenus } from "./menu.js";

/** @param template the answer's <template data-fresh>; the empty state is for an empty grid only. */
export function putFresh(template, grid) {
  for (const part of template.content.querySelectorAll("[data-part]")) {
    const { part: name } = part.dataset;
    if (name === "empty" && grid.childElementCount) part.replaceChildren();
    const old = document.querySelector(`main [data-part="${name}"]`);
    if (!old || old.isEqualNode(part)) continue;
    old.replaceWith(document.adoptNode(part));
    watchMenus(part);
  }
}
