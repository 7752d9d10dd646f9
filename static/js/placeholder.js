/** Paints the ThumbHash of each image behind it until the browser has loaded the image. */
import { thumbHashToDataURL } from "../vendor/thumbhash/thumbhash.js";

function paint(box, image) {
  const bytes = Uint8Array.from(atob(box.dataset.thumbhash), (char) => char.charCodeAt(0));
  box.style.backgroundImage = `url("${thumbHashToDataURL(bytes)}")`;
  box.dataset.painted = "";
  const clear = () => {
    box.style.backgroundImage = "";
  };
  // The placeholder would show through a transparent image. Until it is decoded, nothing else is there to see.
  image?.addEventListener("load", () => image.decode().then(clear, clear), { once: true });
}

export function paintPlaceholders(root = document) {
  const boxes = [...root.querySelectorAll("[data-thumbhash]:not([data-painted])")];
  if (root instanceof Element && root.matches("[data-thumbhash]:not([data-painted])")) boxes.push(root);
  for (const box of boxes) {
    const image = box.matches("img") ? box : box.querySelector("img");
    if (image?.complete && image.naturalWidth) continue;
    try {
      paint(box, image);
    } catch {
      box.removeAttribute("data-thumbhash");
    }
  }
}
