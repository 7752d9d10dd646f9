/** The image page: arrow keys, Escape, swipes, and images of the neighbours that load in advance. */

import { watchFullscreen } from "./fullscreen.js";
import { returnUrl } from "./return-position.js";

const SWIPE_PX = 60;
const POLL_MS = 3000;

function openNeighbour(viewer, direction) {
  viewer.querySelector(`[data-neighbour="${direction}"]`)?.click();
}

function watchKeys(viewer, backLink, fullscreen) {
  document.addEventListener("keydown", (event) => {
    const typing = event.target.closest("input, textarea, dialog");
    if (typing || event.altKey || event.ctrlKey || event.metaKey || event.shiftKey) return;
    if (event.key === "ArrowLeft") openNeighbour(viewer, "previous");
    else if (event.key === "ArrowRight") openNeighbour(viewer, "next");
    else if (event.key === "Escape" && !fullscreen.justLeft()) backLink.click();
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
      openNeighbour(viewer, across < 0 ? "next" : "previous");
    },
    { passive: true },
  );
}

function preloadNeighbours(viewer, shownImage) {
  for (const { dataset } of viewer.querySelectorAll("[data-neighbour]")) {
    if (!dataset.src) continue;
    const image = new Image();
    image.sizes = shownImage?.sizes ?? "100vw";
    image.srcset = dataset.srcset;
    image.src = dataset.src;
  }
}

export function startViewer(viewer) {
  const backLink = viewer.querySelector("[data-back]");
  backLink.href = returnUrl(viewer.dataset.list, viewer.dataset.id);
  watchKeys(viewer, backLink, watchFullscreen(viewer));
  watchSwipes(viewer);
  const image = viewer.querySelector("[data-picture]");
  Promise.resolve(image?.decode())
    .catch(() => {})
    .then(() => preloadNeighbours(viewer, image));
  if (viewer.dataset.status === "pending") setTimeout(() => location.reload(), POLL_MS);
}
