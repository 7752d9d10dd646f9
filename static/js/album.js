/** The album page. */

import { AlbumGrid } from "./album-grid.js";
import { AlbumParts } from "./album-parts.js";
import { watchPosition } from "./album-position.js";
import { healImages } from "./healing.js";
import { openPhotos } from "./open-photos.js";
import { keepPosition } from "./return-position.js";
import { startUploads } from "./uploads.js";

const element = document.querySelector("[data-tiles]");
const parts = new AlbumParts(element);
const grid = new AlbumGrid(element, parts);
grid.watch();
watchPosition(element, parts);
keepPosition(element, parts);
openPhotos(element, parts);
healImages(
  element,
  (image) => image.closest("[data-image]")?.dataset.image,
  (ids) => grid.fetchPictures(ids),
);
startUploads(document.querySelector("[data-upload]"), grid);
