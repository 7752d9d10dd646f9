/** The page of albums. */

import { watchMenus } from "./menu.js";
import { paintPlaceholders } from "./placeholder.js";

/** Shows albums that were made of folders: the page as it is now, in place of what it was. */
async function showNewAlbums() {
  const response = await fetch(location.href);
  if (!response.ok || response.redirected) return;
  const page = new DOMParser().parseFromString(await response.text(), "text/html");
  const main = document.getElementById("main");
  main.replaceChildren(...page.getElementById("main").childNodes);
  watchMenus(main);
  paintPlaceholders(main);
}

document.addEventListener("albums-created", showNewAlbums);
