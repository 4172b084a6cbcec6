// Keeps the page in the browser's cache, so that it opens without a network. Each file is asked for anew when there is one, so that a
// new version is never hidden by an old one; large files that do not change under their name are taken from the cache at once.

const CACHE = "inkgrad-page";

/** Files whose name is enough to know them by: images to train on. */
const STEADY = /\.(xz|gz|bin)$/;

const FILES = "./ FILES".split(" ").slice(0, 1);

self.addEventListener("install", (event) => {
  event.waitUntil(caches.open(CACHE).then((cache) => cache.addAll(FILES)).then(() => self.skipWaiting()));
});
self.addEventListener("activate", (event) => event.waitUntil(self.clients.claim()));

async function answer(request) {
  const cache = await caches.open(CACHE);
  const steady = STEADY.test(new URL(request.url).pathname);
  if (steady) {
    const kept = await cache.match(request);
    if (kept) return kept;
  }
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
  if (request.method === "GET" && new URL(request.url).origin === location.origin) event.respondWith(answer(request));
});
