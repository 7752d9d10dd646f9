/** The album page: its tiles keep themselves current, files can be dropped anywhere. */

import { Tiles } from "./album-grid.js";
import { rememberPlace } from "./return-position.js";
import { startUploads } from "./uploads.js";

const grid = document.querySelector("[data-tiles]");
const tiles = new Tiles(grid);
tiles.watch();
rememberPlace(grid.dataset.list);
startUploads(document.querySelector("[data-upload]"), tiles);
