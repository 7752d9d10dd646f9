/** Replaces the parts of an album page that change with its photos: figures, toolbar, empty state. */
import { watchMenus } from "./menu.js";

/** @param template the <template data-live-parts> that the store renders for this page. */
export function replaceLiveParts(template, grid) {
  for (const fresh of template.content.querySelectorAll("[data-live-part]")) {
    const name = fresh.dataset.livePart;
    // The store cannot know whether this page shows photos.
    if (name === "empty" && grid.querySelector("[data-image]")) fresh.replaceChildren();
    const shown = document.querySelector(`main [data-live-part="${name}"]`);
    if (!shown || shown.isEqualNode(fresh)) continue;
    shown.replaceWith(document.adoptNode(fresh));
    watchMenus(fresh);
  }
}
