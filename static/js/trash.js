/** The page of the trash. Its photos are selected as those of an album, and restored or deleted together. */

import { watchDrags } from "./drag.js";
import { drawRectangles } from "./drag-selection.js";
import { paintPlaceholders } from "./placeholder.js";
import { startSelection } from "./selection.js";

const main = document.getElementById("main");

/** All but the bar, which has listeners. */
const partsOf = (element) =>
  [...element.children].filter((part) => !part.matches("[data-selection], [data-selection-news]"));

/** Shows the trash as it is now. After its last entry the further page leads to the first. */
async function reload() {
  const response = await fetch(location.href);
  const page = new DOMParser().parseFromString(await response.text(), "text/html");
  const fresh = page.getElementById("main");
  if (!response.ok || new URL(response.url).pathname !== location.pathname) return location.reload();
  if (response.redirected) history.replaceState(history.state, "", response.url);
  for (const part of partsOf(main)) part.remove();
  main.append(...partsOf(fresh).map((part) => document.adoptNode(part)));
  paintPlaceholders(main);
}

// In place of the AlbumParts of an album.
const parts = { refresh: () => reload().catch(() => {}), reload };

if (document.querySelector("[data-selection]")) {
  watchDrags(main, [drawRectangles(main, startSelection(main, null, parts))]);
}
