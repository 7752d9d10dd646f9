/** The page of one image. */
import { startViewer } from "./viewer.js";

startViewer(document.querySelector("[data-viewer]"));
