// A small server for the tests: the files of a directory, some of them replaced.

import { readFile } from "node:fs/promises";
import { createServer } from "node:http";
import { extname, join, normalize } from "node:path";

const TYPES = { ".html": "text/html; charset=utf-8", ".js": "text/javascript", ".css": "text/css", ".svg": "image/svg+xml", ".wasm": "application/wasm", ".json": "application/json", ".txt": "text/plain" };

/** Serves `directory` under `prefix`; `replaced` maps paths to functions of the file's text (null: there is none). Gives `{address, asked, close}`. */
export async function serve(directory, { prefix = "/", replaced = {} } = {}) {
  const asked = [];
  const server = createServer(async (request, response) => {
    const path = decodeURIComponent(new URL(request.url, "http://host").pathname);
    asked.push(path);
    if (!path.startsWith(prefix)) return response.writeHead(404).end();
    const inner = normalize(path.slice(prefix.length) || "index.html").replace(/\/$/, "/index.html");
    if (inner.startsWith("..")) return response.writeHead(400).end();
    try {
      let content = await readFile(join(directory, inner)).catch((error) => (replaced[inner] ? null : Promise.reject(error)));
      if (replaced[inner]) content = await replaced[inner](content?.toString() ?? null);
      response.writeHead(200, { "content-type": TYPES[extname(inner)] ?? "application/octet-stream", "cache-control": "no-cache" });
      return response.end(content);
    } catch {
      return response.writeHead(404).end();
    }
  });
  await new Promise((listening) => server.listen(0, "127.0.0.1", listening));
  return { address: `http://127.0.0.1:${server.address().port}${prefix}`, asked, close: () => new Promise((closed) => { server.closeAllConnections(); server.close(closed); }) };
}
