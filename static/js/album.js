/** The album page. */

import { AlbumGrid } from "./album-grid.js";
import { rememberPosition } from "./return-position.js";
import { startSelection } from "./selection.js";
import { showUploads } from "./uploaded-tiles.js";

const element = document.querySelector("[data-tiles]");
const grid = new AlbumGrid(element);
grid.watch();
rememberPosition(element.dataset.list);
startSelection(element, grid);
showUploads(grid, document.querySelector("[data-upload]").dataset.album);
