/** One picture: arrow keys, Escape, a swipe, and its neighbours fetched before they are asked for. */

import { watchScreen } from "./fullscreen.js";
import { placeOf } from "./return-position.js";

const SWIPE_PX = 60;
const POLL_MS = 3000;

function watchKeys(viewer, back, screen) {
  const go = (way) => viewer.querySelector(`[data-turn="${way}"]`)?.click();
  document.addEventListener("keydown", (event) => {
    const typing = event.target.closest("input, textarea, dialog");
    if (typing || event.altKey || event.ctrlKey || event.metaKey || event.shiftKey) return;
    if (event.key === "ArrowLeft") go("previous");
    else if (event.key === "ArrowRight") go("next");
    else if (event.key === "Escape" && !screen.justLeft()) back.click();
  });
}

function watchSwipes(viewer) {
  let start = null;
  viewer.addEventListener(
    "touchstart",
    (event) => {
      const zoomed = visualViewport.scale > 1.01;
      start = event.touches.length === 1 && !zoomed ? event.touches[0] : null;
    },
    { passive: true },
  );
  viewer.addEventListener(
    "touchend",
    (event) => {
      if (!start) return;
      const across = event.changedTouches[0].clientX - start.clientX;
      const down = event.changedTouches[0].clientY - start.clientY;
      start = null;
      if (Math.abs(across) < SWIPE_PX || Math.abs(across) < 2 * Math.abs(down)) return;
      viewer.querySelector(`[data-turn="${across < 0 ? "next" : "previous"}"]`)?.click();
    },
    { passive: true },
  );
}

function fetchNeighbours(viewer, picture) {
  for (const { dataset } of viewer.querySelectorAll("[data-turn]")) {
    if (!dataset.src) continue;
    const image = new Image();
    image.sizes = picture?.sizes ?? "100vw";
    image.srcset = dataset.srcset;
    image.src = dataset.src;
  }
}

export function startViewer(viewer) {
  const back = viewer.querySelector("[data-back]");
  back.href = placeOf(viewer.dataset.list, viewer.dataset.id);
  watchKeys(viewer, back, watchScreen(viewer));
  watchSwipes(viewer);
  const picture = viewer.querySelector("[data-picture]");
  Promise.resolve(picture?.decode())
    .catch(() => {})
    .then(() => fetchNeighbours(viewer, picture));
  if (viewer.dataset.status === "pending") setTimeout(() => location.reload(), POLL_MS);
}
