// Keeps the page in the browser's cache, so that it opens without a network. Each file is asked for anew while there is one, so that a
// new version is never hidden by an old one.

const CACHE = "inkgrad-page";

/** The images to train on: the engine keeps them by itself, in the same cache. */
const IMAGES = /\.bin$/;

// web/build puts the names of all files here.
const FILES = ["./"];

self.addEventListener("install", (event) => {
  event.waitUntil(caches.open(CACHE).then((cache) => cache.addAll(FILES)).then(() => self.skipWaiting()));
});
self.addEventListener("activate", (event) => event.waitUntil(self.clients.claim()));

async function answer(request) {
  const cache = await caches.open(CACHE);
  try {
    const fresh = await fetch(request);
    if (fresh.ok) await cache.put(request, fresh.clone());
    return fresh;
  } catch (error) {
    const kept = await cache.match(request, { ignoreSearch: true });
    if (kept) return kept;
    throw error;
  }
}

self.addEventListener("fetch", (event) => {
  const { request } = event;
  const { origin, pathname } = new URL(request.url);
  if (request.method === "GET" && origin === location.origin && !IMAGES.test(pathname)) event.respondWith(answer(request));
});
