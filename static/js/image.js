/** The page of one image. */
import { Viewer } from "./viewer.js";

const viewer = new Viewer(document.querySelector("main.viewer"));
viewer.addEventListener("close", () => {
  // Of a page that was reloaded while it lay over the album, the entry before is the album.
  if (history.state?.viewer) history.back();
  else location.assign(viewer.back);
});
