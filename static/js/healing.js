/**
 * Images that fail to load, because their links have ended or the connection was lost, get new links and load again.
 * Until then the stylesheets hide what a browser draws for a broken image, so that its placeholder shows.
 */

const GATHER_MS = 100;
const FIRST_RETRY_MS = 2000;
const MOST_TRIES = 5;
// Servers refuse an address of 4 KB, and an id takes 37 characters.
const BATCH_IMAGES = 80;

/**
 * @param root the element whose images heal, also those that come into it later.
 * @param idOf gives the id of an image's photo, or nothing for an image that is not to heal.
 * @param fetchImages takes ids; gives a Promise of a Map from id to an `<img>` with today's links.
 * @param signal ends it.
 */
export function healImages(root, idOf, fetchImages, signal) {
  /** Image → whether it has its new link and has yet to load. */
  const broken = new Map();
  let [timer, busy, tries] = [0, false, 0];

  const plan = (ms) => {
    if (!timer && tries < MOST_TRIES) timer = setTimeout(run, ms);
  };
  const planRetry = () => plan(FIRST_RETRY_MS * 3 ** Math.max(0, tries - 1));

  async function run() {
    timer = 0;
    if (busy || document.hidden) return;
    for (const image of broken.keys()) if (!image.isConnected) broken.delete(image);
    const images = [...broken].filter(([, asked]) => !asked).map(([image]) => image);
    if (!images.length) return;
    busy = true;
    tries += 1;
    try {
      for (let start = 0; start < images.length; start += BATCH_IMAGES) {
        await renew(images.slice(start, start + BATCH_IMAGES));
      }
    } catch {
      planRetry();
    }
    busy = false;
    if ([...broken.values()].includes(false)) planRetry();
  }

  async function renew(images) {
    const fresh = await fetchImages([...new Set(images.map(idOf))]);
    for (const image of images) {
      const { src, srcset } = fresh.get(idOf(image)) ?? {};
      if (!src) broken.delete(image);
      else {
        broken.set(image, true);
        // The browser loads an image again even if its links are the same.
        Object.assign(image, { srcset, src });
      }
    }
  }

  function take(image) {
    const again = broken.has(image);
    if (!again && !idOf(image)) return;
    image.classList.add("is-broken");
    broken.set(image, false);
    if (again) planRetry();
    else plan(GATHER_MS);
  }

  root.addEventListener("error", ({ target }) => target instanceof HTMLImageElement && take(target), true);
  root.addEventListener(
    "load",
    ({ target }) => {
      if (!broken.delete(target)) return;
      target.classList.remove("is-broken");
      tries = 0;
    },
    true,
  );
  for (const type of ["online", "focus", "visibilitychange"]) {
    addEventListener(
      type,
      () => {
        clearTimeout(timer);
        [timer, tries] = [0, 0];
        if (broken.size) plan(GATHER_MS);
      },
      { signal },
    );
  }
  // Those that failed before this script had come. A lazy image that has yet to load is not complete.
  for (const image of root.querySelectorAll("img")) if (image.complete && !image.naturalWidth) take(image);
}
