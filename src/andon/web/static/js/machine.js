// One machine: its head by events, its panels and charts fetched again a few seconds after a change.
import { put } from "./bind.js";
import { timeline, trend } from "./charts.js";
import { setServerTime } from "./clock.js";
import { connect, tick } from "./live.js";

const PANELS_MS = 5000;
const root = document.getElementById("machine");
const panels = document.getElementById("panels");
const words = JSON.parse(document.getElementById("strings").textContent);
const say = (id) => (text) => {
  document.getElementById(id).textContent = text;
};
const charts = ["timeline", "temperature", "speed"].map((id) => document.getElementById(id));

function draw() {
  // A chart that someone points at or walks through stays as it is.
  if (charts.some((chart) => chart.matches(":hover, :focus"))) return;
  const value = JSON.parse(document.getElementById("value").textContent);
  const [states, temperature, speed] = charts;
  timeline(states, value, words, say("timeline-at"));
  trend(temperature, value, value.temperature, 1, words, say("temperature-at"));
  trend(speed, value, value.speed, 0, words, say("speed-at"));
}

let due = 0;
let fetched = Date.now();

async function refresh() {
  due = 0;
  fetched = Date.now();
  const address = new URL(location.href);
  address.searchParams.set("part", "panels");
  try {
    const answer = await fetch(address, { cache: "no-store" });
    if (!answer.ok || panels.matches(":focus-within")) return;
    panels.innerHTML = await answer.text();
    draw();
    tick();
  } catch {
    // The connection's banner says so already.
  }
}

setServerTime(Number(document.querySelector("script[data-now]").dataset.now));
draw();
new ResizeObserver(draw).observe(charts[0]);
connect(root.dataset.id, (change) => {
  const fields = (change.tiles || {})[root.dataset.id];
  if (!fields) return;
  put(root, fields);
  tick();
  due ||= setTimeout(refresh, Math.max(0, fetched + PANELS_MS - Date.now()));
});
