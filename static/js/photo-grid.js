/** A grid of photos: one continuous list, over which they open, and in which they are selected. */

import { AlbumGrid } from "./album-grid.js";
import { AlbumParts } from "./album-parts.js";
import { watchPosition } from "./album-position.js";
import { showRail } from "./date-rail.js";
import { watchDrags } from "./drag.js";
import { drawRectangles } from "./drag-selection.js";
import { healImages } from "./healing.js";
import { openPhotos } from "./open-photos.js";
import { keepPosition } from "./return-position.js";
import { startSelection } from "./selection.js";

export function startGrid() {
  const element = document.querySelector("[data-tiles]");
  const parts = new AlbumParts(element);
  const grid = new AlbumGrid(element, parts);
  grid.watch();
  watchPosition(element, parts);
  showRail(element, parts);
  keepPosition(element, parts);
  startDrags(element, parts, startSelection(element, grid, parts));
  openPhotos(element, grid, parts);
  healImages(
    element,
    (image) => image.closest("[data-image]")?.dataset.image,
    (ids) => grid.fetchPictures(ids),
  );
  return grid;
}

async function startDrags(grid, parts, selection) {
  const starters = [drawRectangles(grid, selection)];
  watchDrags(grid, starters);
  if (grid.dataset.order !== "position") return;
  const { orderByHand } = await import("./order-by-hand.js");
  starters.unshift(orderByHand(grid, parts, selection));
}
