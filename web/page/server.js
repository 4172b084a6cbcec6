// The engine of `inkgrad app`, over one WebSocket. A message is one binary frame: the length of its JSON (u32, little endian), the JSON in
// UTF-8, then for each attachment its length and its bytes.

const KEPT = "inkgrad-token";
const NOT_ALLOWED = "This page is not allowed to use the engine: open the link that `inkgrad app` has printed.";

/** Seconds between two tries to connect again, growing up to the last. */
const PAUSES = [0.3, 1, 2, 5];

/** The token of the link that opened this page. It is taken out of the address, so that nobody copies it along with a link. */
function token() {
  const here = new URL(location.href);
  const given = here.searchParams.get("token");
  if (given) {
    sessionStorage.setItem(KEPT, given);
    here.searchParams.delete("token");
    history.replaceState(history.state, "", here);
  }
  return sessionStorage.getItem(KEPT) ?? "";
}

function packed(message, attachments) {
  const parts = [new TextEncoder().encode(JSON.stringify(message))];
  for (const part of attachments) {
    parts.push(part instanceof ArrayBuffer ? new Uint8Array(part) : new Uint8Array(part.buffer, part.byteOffset, part.byteLength));
  }
  const frame = new Uint8Array(parts.reduce((length, part) => length + 4 + part.length, 0));
  const view = new DataView(frame.buffer);
  let at = 0;
  for (const part of parts) {
    view.setUint32(at, part.length, true);
    frame.set(part, at + 4);
    at += 4 + part.length;
  }
  return frame;
}

function unpacked(buffer) {
  const view = new DataView(buffer);
  const parts = [];
  for (let at = 0; at < buffer.byteLength; ) {
    const length = view.getUint32(at, true);
    parts.push(buffer.slice(at + 4, at + 4 + length));
    at += 4 + length;
  }
  const [json, ...attachments] = parts;
  return { message: JSON.parse(new TextDecoder().decode(json)), attachments };
}

/**
 * A transport: `send(message, attachments)`, which waits for the first connection and throws where a later one is lost;
 * `onmessage(message, attachments)`; and `onstate(state, detail)`: "lost" (it connects again by itself), "open" (it has), or "closed"
 * with the reason, for good.
 */
export function serverTransport() {
  const query = `?token=${encodeURIComponent(token())}`;
  let socket = null;
  let tries = 0;
  /** What is to be sent once there is a connection; null after the first. */
  let waiting = [];

  const transport = {
    send(message, attachments = []) {
      if (waiting) {
        waiting.push(packed(message, attachments));
        return;
      }
      if (socket?.readyState !== WebSocket.OPEN) throw new Error("not connected");
      socket.send(packed(message, attachments));
    },
    onmessage: () => {},
    onstate: () => {},
  };

  async function isAllowed() {
    try {
      return (await fetch(`token${query}`, { cache: "no-store" })).status !== 403;
    } catch {
      // Nobody is there: perhaps it is being started again.
      return true;
    }
  }

  function connect() {
    const url = new URL(`socket${query}`, location.href);
    url.protocol = "ws:";
    socket = new WebSocket(url);
    socket.binaryType = "arraybuffer";
    socket.onopen = () => {
      tries = 0;
      if (!waiting) return transport.onstate("open");
      for (const frame of waiting) socket.send(frame);
      waiting = null;
      return undefined;
    };
    socket.onmessage = ({ data }) => {
      const { message, attachments } = unpacked(data);
      transport.onmessage(message, attachments);
    };
    socket.onclose = async () => {
      if (!(await isAllowed())) return transport.onstate("closed", NOT_ALLOWED);
      if (!waiting) transport.onstate("lost");
      const pause = PAUSES[Math.min(tries++, PAUSES.length - 1)];
      setTimeout(connect, 1000 * pause);
      return undefined;
    };
  }

  connect();
  return transport;
}
