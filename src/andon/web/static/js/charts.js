// The timeline of states and the trends: SVG of our own, made again when the width changes.
import { duration, exactTime, hourMinute, now } from "./clock.js";

const NS = "http://www.w3.org/2000/svg";
const STEPS_MIN = [5, 10, 15, 30, 60, 120, 180, 240, 360];

function element(name, attributes, parent) {
  const made = document.createElementNS(NS, name);
  for (const [key, value] of Object.entries(attributes)) made.setAttribute(key, value);
  parent?.append(made);
  return made;
}

function canvas(place, height) {
  const width = Math.max(200, place.clientWidth);
  const svg = element("svg", { viewBox: `0 0 ${width} ${height}`, height });
  place.replaceChildren(svg);
  return { svg, width };
}

function timeAxis(svg, scale, from, to, top, bottom) {
  const width = scale(to);
  const step = STEPS_MIN.find((m) => ((to - from) / 60000 / m) * 76 < width) || 360;
  const first = Math.ceil(from / (step * 60000)) * step * 60000;
  for (let t = first; t <= to; t += step * 60000) {
    const x = scale(t);
    element("line", { class: "axis", x1: x, x2: x, y1: top, y2: bottom }, svg);
    if (x < 18 || x > width - 18) continue;
    element("text", { x, y: bottom + 16, "text-anchor": "middle" }, svg).textContent = hourMinute(t);
  }
}

// intervals: as /api/v1/machines/<id>; say(text) shows what an interval is.
export function timeline(place, value, words, say) {
  const { svg, width } = canvas(place, 78);
  const to = Math.max(now(), value.at);
  const from = to - value.hours * 3600000;
  const scale = (ms) => ((ms - from) / (to - from)) * width;
  timeAxis(svg, scale, from, to, 0, 56);
  const segments = value.intervals.map((i) => {
    const end = i.end_us === null ? to : i.end_us / 1000;
    const x = Math.max(0, scale(i.start_us / 1000));
    const kind = `seg seg-${i.state}${i.provisional ? " seg-provisional" : ""}`;
    const rect = element(
      "rect",
      { class: kind, x, y: 6, height: 44, width: Math.max(0.6, scale(end) - x) },
      svg,
    );
    return { rect, i, end, x };
  });
  const describe = ({ i, end }) => {
    const name = i.repair && i.state === "MAINTENANCE" ? words.repair : words[i.state];
    const until = i.end_us === null ? words.open : exactTime(end);
    const start = i.start_us / 1000;
    const raw = i.state_raw && i.state_raw !== i.state ? ` · ${words.reported_as} ${i.state_raw}` : "";
    const soft = i.provisional ? ` · ${words.provisional.toLowerCase()}` : "";
    return `${name} · ${exactTime(start)} – ${until} · ${duration(end - start)}${raw}${soft}`;
  };
  let chosen = -1;
  const choose = (index) => {
    segments[chosen]?.rect.classList.remove("seg-on");
    chosen = index;
    const segment = segments[index];
    if (segment) {
      segment.rect.classList.add("seg-on");
      svg.append(segment.rect);
    }
    say(segment ? describe(segment) : words.help);
  };
  const at = (event) => {
    const box = svg.getBoundingClientRect();
    const x = ((event.clientX - box.left) / box.width) * width;
    let index = segments.length - 1;
    while (index > 0 && segments[index].x > x) index -= 1;
    choose(index);
  };
  svg.addEventListener("pointermove", at);
  svg.addEventListener("pointerdown", at);
  svg.addEventListener("pointerleave", () => choose(-1));
  place.onkeydown = (event) => {
    const last = segments.length - 1;
    const moves = {
      ArrowLeft: Math.max(0, (chosen < 0 ? segments.length : chosen) - 1),
      ArrowRight: Math.min(last, chosen + 1),
      Home: 0,
      End: last,
      Escape: -1,
    };
    if (!(event.key in moves)) return;
    event.preventDefault();
    choose(moves[event.key]);
  };
  place.onblur = () => choose(-1);
  say(words.help);
}

function niceStep(span) {
  const rough = span / 4;
  const power = 10 ** Math.floor(Math.log10(rough));
  return [1, 2, 5, 10].map((n) => n * power).find((n) => n >= rough);
}

// points: [ms, min, avg, max] of each minute; a missing minute breaks the line.
export function trend(place, value, points, digits, words, say) {
  const height = 148;
  const bottom = height - 22;
  const left = 44;
  const { svg, width } = canvas(place, height);
  if (!points.length) {
    element("text", { x: 0, y: 60 }, svg).textContent = words.no_trend;
    return;
  }
  const to = Math.max(now(), value.at);
  const from = to - value.hours * 3600000;
  const scale = (ms) => left + ((ms - from) / (to - from)) * (width - left);
  let [low, high] = [Math.min(...points.map((p) => p[1])), Math.max(...points.map((p) => p[3]))];
  if (high - low < 1e-9) [low, high] = [low - 1, high + 1];
  const step = niceStep(high - low);
  [low, high] = [Math.floor(low / step) * step, Math.ceil(high / step) * step];
  const y = (v) => bottom - ((v - low) / (high - low)) * (bottom - 6);
  timeAxis(svg, scale, from, to, 6, bottom);
  for (let v = low; v <= high + step / 2; v += step) {
    element("line", { class: "axis", x1: left, x2: width, y1: y(v), y2: y(v) }, svg);
    element("text", { x: left - 8, y: y(v) + 4, "text-anchor": "end" }, svg).textContent =
      Number(v.toFixed(6)).toLocaleString("en", { useGrouping: false });
  }
  const runs = [];
  for (const p of points) {
    const run = runs[runs.length - 1];
    if (run && p[0] - run[run.length - 1][0] <= 60000) run.push(p);
    else runs.push([p]);
  }
  const middle = (p) => scale(p[0] + 30000).toFixed(1);
  for (const run of runs) {
    const over = run.map((p) => `${middle(p)},${y(p[3]).toFixed(1)}`);
    const under = run.map((p) => `${middle(p)},${y(p[1]).toFixed(1)}`).reverse();
    element("path", { class: "band", d: `M${[...over, ...under].join("L")}Z` }, svg);
    const line = run.map((p) => `${middle(p)},${y(p[2]).toFixed(1)}`).join("L");
    element("path", { class: "line", d: `M${line}` }, svg);
  }
  const cursor = element("line", { class: "cursor", y1: 6, y2: bottom, visibility: "hidden" }, svg);
  const dot = element("circle", { class: "dot", r: 3.5, visibility: "hidden" }, svg);
  svg.addEventListener("pointermove", (event) => {
    const box = svg.getBoundingClientRect();
    const x = ((event.clientX - box.left) / box.width) * width;
    let near = points[0];
    for (const p of points) if (Math.abs(middle(p) - x) < Math.abs(middle(near) - x)) near = p;
    for (const mark of [cursor, dot]) mark.setAttribute("visibility", "visible");
    cursor.setAttribute("x1", middle(near));
    cursor.setAttribute("x2", middle(near));
    dot.setAttribute("cx", middle(near));
    dot.setAttribute("cy", y(near[2]));
    const [minimum, average, maximum] = near.slice(1).map((v) => v.toFixed(digits));
    say(
      `${hourMinute(near[0])} · ${words.minimum} ${minimum} · ${words.average} ${average} · ${words.maximum} ${maximum}`,
    );
  });
  svg.addEventListener("pointerleave", () => {
    for (const mark of [cursor, dot]) mark.setAttribute("visibility", "hidden");
    say("");
  });
}
