/** The album page. */

import { AlbumGrid } from "./album-grid.js";
import { rememberPosition } from "./return-position.js";
import { startSelection } from "./selection.js";
import { startUploads } from "./uploads.js";

const element = document.querySelector("[data-tiles]");
const grid = new AlbumGrid(element);
grid.watch();
rememberPosition(element.dataset.list);
startSelection(element, grid);
startUploads(document.querySelector("[data-upload]"), grid);
