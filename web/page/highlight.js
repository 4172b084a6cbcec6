// Code with its comments, words and numbers told apart: WGSL and Rust are alike enough for one set of rules.

import { element } from "./dom.js";

const WORDS = new Set((
  "fn let var const struct if else for while loop return break continue override enable requires switch case default discard true false " +
  "pub use mod impl trait enum match mut ref self Self in as where unsafe move crate super type static dyn"
).split(" "));

const TOKEN = /(\/\/[^\n]*|\/\*[\s\S]*?\*\/)|(@\w+|#\[[^\]]*\])|("(?:[^"\\\n]|\\.)*")|\b(\d[\w.]*)|\b([A-Za-z_]\w*)/g;

/** A `<code>` element's children. */
export function highlighted(code) {
  const parts = [];
  let from = 0;
  for (const found of code.matchAll(TOKEN)) {
    const [all, comment, attribute, string, number, word] = found;
    const kind = comment ? "comment" : attribute ? "attribute" : string ? "string" : number ? "number" : WORDS.has(word) ? "word" : null;
    if (!kind) continue;
    parts.push(code.slice(from, found.index), element(`span.${kind}`, {}, all));
    from = found.index + all.length;
  }
  parts.push(code.slice(from));
  return parts;
}
