/** Paints the ThumbHash of each picture behind it until its bytes are there. */
import { thumbHashToDataURL } from "../vendor/thumbhash/thumbhash.js";

function paint(box, picture) {
  const bytes = Uint8Array.from(atob(box.dataset.thumbhash), (char) => char.charCodeAt(0));
  box.style.backgroundImage = `url("${thumbHashToDataURL(bytes)}")`;
  box.dataset.painted = "";
  // A transparent picture must not show its own blur.
  picture?.addEventListener("load", () => (box.style.backgroundImage = ""), { once: true });
}

export function paintPlaceholders(root = document) {
  const boxes = [...root.querySelectorAll("[data-thumbhash]:not([data-painted])")];
  if (root instanceof Element && root.matches("[data-thumbhash]:not([data-painted])")) boxes.push(root);
  for (const box of boxes) {
    const picture = box.matches("img") ? box : box.querySelector("img");
    if (picture?.complete && picture.naturalWidth) continue;
    try {
      paint(box, picture);
    } catch {
      box.removeAttribute("data-thumbhash");
    }
  }
}
