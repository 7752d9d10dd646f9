/** The page of all photos. */

import { AlbumGrid } from "./album-grid.js";
import { rememberPosition } from "./return-position.js";

const element = document.querySelector("[data-tiles]");
new AlbumGrid(element).watch();
rememberPosition(element.dataset.list);
