// Puts fields into their places under a root:
//   data-f="name"            the element's text
//   data-a="attr:name ..."   attributes of the element
//   data-h="name"            hidden while the field is empty
// The places of a root are looked up once.
const known = new WeakMap();

function places(root) {
  let found = known.get(root);
  if (found) return found;
  found = new Map();
  const add = (name, set) => {
    if (!found.has(name)) found.set(name, []);
    found.get(name).push(set);
  };
  for (const element of [root, ...root.querySelectorAll("[data-f],[data-a],[data-h]")]) {
    const { f, a, h } = element.dataset;
    if (f) {
      add(f, (text) => {
        if (element.textContent !== text) element.textContent = text;
      });
    }
    for (const pair of a ? a.split(" ") : []) {
      const [attribute, name] = pair.split(":");
      add(name, (text) => element.setAttribute(attribute, text));
    }
    if (h) add(h, (text) => (element.hidden = text === ""));
  }
  known.set(root, found);
  return found;
}

export function put(root, fields) {
  const found = places(root);
  for (const [name, text] of Object.entries(fields)) {
    for (const set of found.get(name) || []) set(text);
  }
}
