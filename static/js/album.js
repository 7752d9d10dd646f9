/** The album page: its tiles keep themselves current, files can be dropped anywhere. */
import { rememberPlace } from "./place.js";
import { Tiles } from "./tiles.js";
import { startUploads } from "./uploads.js";

const grid = document.querySelector("[data-tiles]");
const tiles = new Tiles(grid);
tiles.watch();
rememberPlace(grid.dataset.list);
startUploads(document.querySelector("[data-upload]"), tiles);
