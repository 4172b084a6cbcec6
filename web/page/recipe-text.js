// A recipe is TOML text, and stays so: a field of the form changes its line and leaves all others, comments too, as they are.

/** Where the top level's fields end: at the first table, `[...]`. */
function topEnd(lines) {
  const at = lines.findIndex((line) => /^\s*\[/.test(line));
  return at < 0 ? lines.length : at;
}

/** The line of a top-level field, -1 if there is none. */
function lineOf(lines, key) {
  const pattern = new RegExp(`^\\s*${key}\\s*=`);
  const at = lines.findIndex((line) => pattern.test(line));
  return at < topEnd(lines) ? at : -1;
}

/** The line's value and its comment, apart: a `#` within quotes begins none. */
function split(line) {
  const equals = line.indexOf("=");
  let quote = "";
  for (let at = equals + 1; at < line.length; at += 1) {
    const sign = line[at];
    if (quote) quote = sign === quote ? "" : quote;
    else if (sign === '"' || sign === "'") quote = sign;
    else if (sign === "#") return { value: line.slice(equals + 1, at).trim(), comment: `  ${line.slice(at)}` };
  }
  return { value: line.slice(equals + 1).trim(), comment: "" };
}

/** The fields of an inline table `{ a = 1, b = [2, 3] }` as pairs; null where it is none on one line. */
function pairs(value) {
  if (!value.startsWith("{") || !value.endsWith("}")) return null;
  const inner = value.slice(1, -1).trim();
  const found = [];
  let [depth, from] = [0, 0];
  for (let at = 0; at <= inner.length; at += 1) {
    if (inner[at] === "[" || inner[at] === "{") depth += 1;
    if (inner[at] === "]" || inner[at] === "}") depth -= 1;
    if (at < inner.length && (inner[at] !== "," || depth)) continue;
    const [key, ...rest] = inner.slice(from, at).split("=");
    if (rest.length) found.push([key.trim(), rest.join("=").trim()]);
    from = at + 1;
  }
  return found;
}

const bare = (value) => value.replace(/^["'](.*)["']$/, "$1");

/** The value of `batch` or `optimiser.kind` as text without quotes; null where there is none. */
export function get(recipe, path) {
  const lines = recipe.split("\n");
  const [key, inner] = path.split(".");
  const at = lineOf(lines, key);
  if (at < 0) return null;
  const { value } = split(lines[at]);
  if (!inner) return bare(value);
  const found = pairs(value)?.find(([name]) => name === inner);
  return found ? bare(found[1]) : null;
}

/** The recipe with a field set to a TOML value (`"0.1"`, `'"adam"'`); null removes it. An inline table that is empty goes too. */
export function set(recipe, path, value) {
  const lines = recipe.split("\n");
  const [key, inner] = path.split(".");
  const at = lineOf(lines, key);
  let written = value;
  if (inner) {
    const fields = at < 0 ? [] : pairs(split(lines[at]).value);
    if (!fields) return recipe;
    const old = fields.find(([name]) => name === inner);
    if (value === null) fields.splice(0, fields.length, ...fields.filter((field) => field !== old));
    else if (old) old[1] = value;
    else fields.push([inner, value]);
    written = fields.length ? `{ ${fields.map(([name, content]) => `${name} = ${content}`).join(", ")} }` : null;
  }
  if (written === null) {
    if (at >= 0) lines.splice(at, 1);
  } else if (at >= 0) lines[at] = `${key} = ${written}${split(lines[at]).comment}`;
  else lines.splice(place(lines), 0, `${key} = ${written}`);
  return lines.join("\n");
}

/** Where a new field goes: after the last one-line field before the layers. */
function place(lines) {
  const end = topEnd(lines);
  for (let at = end - 1; at >= 0; at -= 1) {
    if (/^\s*[a-z_]+\s*=\s*[^[]*$/.test(lines[at]) && !/^\s*layers/.test(lines[at])) return at + 1;
  }
  const layers = lineOf(lines, "layers");
  return layers >= 0 ? layers : end;
}

/** The comment at the top of a preset, without its signs: what the form shows as its description. */
export function withoutIntroduction(recipe) {
  return recipe.replace(/^(\s*#[^\n]*\n)+/, "");
}
