// The board: tiles by machine, filter by state, search, copy buttons of the empty page.
import { put } from "./bind.js";
import { connect, tick } from "./live.js";
import { setServerTime } from "./clock.js";

const tiles = document.getElementById("tiles");
const template = document.getElementById("tile");
const plant = document.getElementById("plant");
const find = document.getElementById("find");
const byId = new Map([...tiles.children].map((tile) => [tile.dataset.id, tile]));
const filters = [...document.querySelectorAll(".state-filter")];
let wanted = new URLSearchParams(location.search).get("state") || "";

function create(id) {
  const tile = template.content.firstElementChild.cloneNode(true);
  tile.dataset.id = id;
  const after = [...byId.keys()].filter((other) => other > id).sort()[0];
  tiles.insertBefore(tile, after ? byId.get(after) : null);
  byId.set(id, tile);
  return tile;
}

function filter() {
  const text = find.value.trim().toLowerCase();
  let shown = 0;
  for (const [id, tile] of byId) {
    const name = `${id} ${tile.querySelector("[data-f=name]").textContent}`.toLowerCase();
    tile.hidden = (wanted && tile.dataset.state !== wanted) || (text && !name.includes(text));
    shown += tile.hidden ? 0 : 1;
  }
  document.getElementById("no-match").hidden = shown > 0 || byId.size === 0;
  for (const button of filters) {
    button.setAttribute("aria-pressed", String(button.dataset.filter === wanted));
  }
}

for (const button of filters) {
  button.addEventListener("click", () => {
    wanted = wanted === button.dataset.filter ? "" : button.dataset.filter;
    history.replaceState(null, "", wanted ? `?state=${wanted}` : location.pathname);
    filter();
  });
}
find.addEventListener("input", filter);

for (const button of document.querySelectorAll(".copy")) {
  const label = button.textContent;
  button.addEventListener("click", async () => {
    const text = document.getElementById(button.dataset.copy).textContent;
    try {
      await navigator.clipboard.writeText(text);
    } catch {
      const area = document.createElement("textarea");
      area.value = text;
      document.body.append(area);
      area.select();
      document.execCommand("copy");
      area.remove();
    }
    button.textContent = button.dataset.done;
    setTimeout(() => (button.textContent = label), 2000);
  });
}

setServerTime(Number(document.querySelector("script[data-now]").dataset.now));
connect("", (change) => {
  if (change.plant) put(plant, change.plant);
  for (const id of change.gone || []) {
    byId.get(id)?.remove();
    byId.delete(id);
  }
  if (change.whole) {
    for (const [id, tile] of byId) {
      if (change.tiles[id]) continue;
      tile.remove();
      byId.delete(id);
    }
  }
  let fresh = false;
  for (const [id, fields] of Object.entries(change.tiles || {})) {
    fresh ||= !byId.has(id);
    put(byId.get(id) || create(id), fields);
  }
  document.getElementById("empty").hidden = byId.size > 0;
  document.getElementById("board").hidden = byId.size === 0;
  if (fresh) tick();
  if (wanted || find.value) filter();
});
if (wanted) filter();
