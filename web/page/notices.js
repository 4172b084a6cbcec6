// Words that come and go in a corner: notes leave by themselves, errors stay until they are read.

import { button, element } from "./dom.js";
import { text } from "./text.js";

/** Milliseconds that a note stays. */
const STAY = 6000;

/** Notices at once; older ones go. */
const MOST = 3;

/** Shows the session's notices in `place`. */
export function notices(place, session) {
  session.on("notice", ({ kind, message }) => {
    for (const old of place.children) if (old.dataset.message === message) old.remove();
    const notice = element(`div.notice.${kind}`, { "data-message": message }, element("p", {}, message));
    notice.append(button("close", text.close, () => notice.remove(), { quiet: true, kind: "bare" }));
    place.append(notice);
    while (place.children.length > MOST) place.firstChild.remove();
    if (kind === "note") setTimeout(() => notice.remove(), STAY);
  });
}
