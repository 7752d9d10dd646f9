/** The album page. */

import { startGrid } from "./photo-grid.js";
import { showUploads } from "./uploaded-tiles.js";

showUploads(startGrid(), document.querySelector("[data-upload]").dataset.album);
