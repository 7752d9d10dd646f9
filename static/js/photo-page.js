/** The page of an image, and what the viewer takes from it. */

const REQUEST_TIMEOUT_MS = 20000;
export const WAYS = ["previous", "next"];

/** What the page of an image says of it. */
export function read(page, url) {
  const stage = page.querySelector("[data-viewer]");
  const links = Object.fromEntries(WAYS.map((way) => [way, stage.querySelector(`[data-neighbour="${way}"]`)]));
  const pane = stage.querySelector("[data-pane]");
  pane.dataset.url = url;
  return {
    url,
    id: stage.dataset.id,
    name: stage.dataset.name,
    album: stage.dataset.album,
    isPending: stage.dataset.status === "pending",
    title: page.title ?? document.title,
    back: stage.querySelector("[data-back]").href,
    pane,
    facts: [...page.querySelector("#about").childNodes],
    links,
    previous: links.previous?.href,
    next: links.next?.href,
  };
}

/** A Promise that ends when its picture has loaded, or cannot. */
export const pictureLoads = ({ pane }) =>
  pane
    .querySelector("[data-picture]")
    ?.decode()
    .catch(() => {});

export async function fetchPage(url) {
  const response = await fetch(url, { signal: AbortSignal.timeout(REQUEST_TIMEOUT_MS) });
  if (!response.ok || response.redirected) throw new Error(`image: ${response.status}`);
  return new DOMParser().parseFromString(await response.text(), "text/html");
}
