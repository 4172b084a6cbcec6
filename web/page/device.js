// The corner that says where the engine computes: a choice of devices, or why there is none.

import { element, fill } from "./dom.js";
import { text } from "./text.js";

/** Keeps the corner and the line above the views up to date. */
export function device(place, session) {
  const words = text.engine;
  const lamp = element("span.lamp", { "aria-hidden": "true" });
  const select = element("select", { "aria-label": words.device, onchange: () => {
    session.device = select.value;
    session.say("device");
  } });
  const state = element("span.state", { role: "status" });
  const banner = element("p.banner", { role: "alert", hidden: true });
  document.querySelector("main").prepend(banner);
  fill(place, lamp, select, state);

  function changed() {
    const { trouble, hello } = session;
    place.dataset.state = trouble ?? "open";
    select.hidden = Boolean(trouble);
    state.hidden = !trouble;
    state.textContent = trouble ? words.short[trouble] : "";
    banner.hidden = !trouble || trouble === "connecting";
    banner.textContent = trouble && trouble !== "connecting" ? session.reason || words[trouble](session.native) : "";
    if (!hello) return;
    fill(select, hello.devices.map(({ id, name }) => element("option", { value: id, selected: id === session.device }, name)));
    select.title = hello.devices.find(({ id }) => id === session.device)?.note ?? "";
  }
  for (const what of ["trouble", "hello", "device"]) session.on(what, changed);
  changed();
}
