// A recipe in a link: after the #, so that no server ever sees it. Deflated, in base64 that addresses allow.

const KEY = "recipe=";

async function through(bytes, stream) {
  return new Uint8Array(await new Response(new Blob([bytes]).stream().pipeThrough(stream)).arrayBuffer());
}

/** The address's end that holds a recipe. */
export async function recipeLink(recipe) {
  const packed = await through(new TextEncoder().encode(recipe), new CompressionStream("deflate-raw"));
  const text = btoa(String.fromCharCode(...packed));
  return `#train&${KEY}${text.replaceAll("+", "-").replaceAll("/", "_").replaceAll("=", "")}`;
}

/** The recipe of an address's end; null if it holds none, or a broken one. */
export async function recipeIn(hash) {
  const part = hash.replace(/^#/, "").split("&").find((one) => one.startsWith(KEY));
  if (!part) return null;
  try {
    const text = part.slice(KEY.length).replaceAll("-", "+").replaceAll("_", "/");
    const packed = Uint8Array.from(atob(text), (sign) => sign.charCodeAt(0));
    const bytes = await through(packed, new DecompressionStream("deflate-raw"));
    return bytes.length > 200_000 ? null : new TextDecoder("utf-8", { fatal: true }).decode(bytes);
  } catch {
    return null;
  }
}
