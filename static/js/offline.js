/** What pages do without a connection: they say so. And the service worker, which answers where no page comes. */

import { ROOT } from "./root.js";

/** Says that the device is offline, for as long as it is. */
export function watchConnection() {
  const notice = document.querySelector("[data-offline]");
  if (!notice) return;
  const show = () => {
    notice.textContent = navigator.onLine ? "" : notice.dataset.offline;
  };
  for (const type of ["online", "offline"]) addEventListener(type, show);
  show();
}

/** When the page has all it needs. Browsers have service workers only over HTTPS and on localhost. */
export function registerWorker() {
  if (!navigator.serviceWorker) return;
  // Some browsers take no modules there, and some users forbid this site to store anything. Pages work without it.
  const register = () => navigator.serviceWorker.register(`${ROOT}sw.js`, { type: "module" }).catch(() => {});
  addEventListener("load", () => (window.requestIdleCallback ?? setTimeout)(register));
}
