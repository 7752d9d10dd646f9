/** The page of all photos. */

import { startGrid } from "./photo-grid.js";

startGrid();
