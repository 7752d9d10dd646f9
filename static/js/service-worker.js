/**
 * The service worker. It stores one page, which says that the store cannot be reached, and static files: those of this
 * page, and scripts by which an open page takes photos. It answers with them when they do not come from the store.
 * It takes photos that another app shares. It stores no page and no picture of a user.
 */

import { ROOT } from "./root.js";
import { keepShared } from "./share-store.js";

// The browser asks the store for these without waiting for this worker, where it knows how: the API, pictures, downloads.
const PAST_THE_WORKER = ["api/*", "media/*", "images/*/file/", "albums/*/archive/"].map((path) => ROOT + path);
// All stores of one host share what the browser stores of it.
const CACHES = `${ROOT.slice(1)}shell-`;

/**
 * @param version changes with the page and the files.
 * @param offline the path of the page. @param files the paths of the static files.
 * @param share the path to which other apps share photos.
 */
export function serve({ version, offline, files, share }) {
  const cacheName = `${CACHES}${version}`;

  async function install() {
    const cache = await caches.open(cacheName);
    await cache.addAll([offline, ...files]);
    // Nothing on an open page depends on the worker before.
    await self.skipWaiting();
  }

  async function activate() {
    const old = (await caches.keys()).filter((name) => name.startsWith(CACHES) && name !== cacheName);
    await Promise.all(old.map((name) => caches.delete(name)));
    // The browser asks for a page while it starts this worker.
    await self.registration.navigationPreload?.enable();
    await self.clients.claim();
  }

  const stored = async (request) =>
    (await caches.match(request, { cacheName, ignoreVary: true })) ?? Response.error();

  async function openPage(event) {
    try {
      return (await event.preloadResponse) ?? (await fetch(event.request));
    } catch {
      return stored(offline);
    }
  }

  async function takeShared(request) {
    try {
      const fields = (await request.formData()).getAll("photos");
      await keepShared(fields.filter((field) => field instanceof File && field.size));
      return Response.redirect(share, 303);
    } catch {
      return Response.redirect(`${share}?full`, 303);
    }
  }

  self.addEventListener("install", (event) => {
    const routes = PAST_THE_WORKER.map((pathname) => ({
      condition: { urlPattern: { pathname } },
      source: "network",
    }));
    event.addRoutes?.(routes);
    event.waitUntil(install());
  });
  self.addEventListener("activate", (event) => event.waitUntil(activate()));
  self.addEventListener("fetch", (event) => {
    const { request } = event;
    const { pathname } = new URL(request.url);
    if (request.mode !== "navigate") {
      if (files.includes(pathname)) event.respondWith(fetch(request).catch(() => stored(request)));
    } else if (request.method === "GET") event.respondWith(openPage(event));
    else if (request.method === "POST" && pathname === share) event.respondWith(takeShared(request));
  });
}
