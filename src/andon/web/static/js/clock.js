// The server's time, durations that count by themselves, and times in the plant's zone.
let offset = 0;
const zone = document.documentElement.dataset.tz || undefined;
const pad = (n) => String(n).padStart(2, "0");

export const setServerTime = (ms) => {
  offset = ms - Date.now();
};

export const now = () => Date.now() + offset;

// As values/clock.py's duration: the two largest units.
export function duration(ms) {
  const s = Math.max(0, Math.floor(ms / 1000));
  const [d, h, m] = [Math.floor(s / 86400), Math.floor((s % 86400) / 3600), Math.floor((s % 3600) / 60)];
  if (d) return `${d} d ${h} h`;
  if (h) return `${h} h ${pad(m)} m`;
  if (m) return `${m} m ${pad(s % 60)} s`;
  return `${s} s`;
}

const formats = {};
function format(name, options) {
  formats[name] ||= new Intl.DateTimeFormat("en-GB", { timeZone: zone, hour12: false, ...options });
  return formats[name];
}

const day = { day: "2-digit", month: "short" };
const hm = { hour: "2-digit", minute: "2-digit" };
const hms = { ...hm, second: "2-digit" };

export const timeOfDay = (ms) => format("hms", hms).format(ms);
export const hourMinute = (ms) => format("hm", hm).format(ms);
export const exactTime = (ms) => format("exact", { ...hms, fractionalSecondDigits: 3 }).format(ms);

// "13:04:05", with the day where it is another one.
export function since(ms) {
  const date = format("day", day).format(ms);
  const time = timeOfDay(ms);
  return date === format("day", day).format(now()) ? time : `${date}, ${time}`;
}

function tick() {
  const t = now();
  for (const element of document.querySelectorAll("[data-at]")) {
    const at = Number(element.dataset.at);
    const text = at ? duration(t - at) : "";
    if (element.textContent !== text) element.textContent = text;
  }
  for (const element of document.querySelectorAll("[data-clock-at]")) {
    const text = since(Number(element.dataset.clockAt));
    if (element.textContent !== text) element.textContent = text;
  }
  const clock = document.getElementById("clock");
  if (clock) clock.textContent = timeOfDay(t);
}

export function startClock() {
  tick();
  setInterval(() => document.hidden || tick(), 1000);
  document.addEventListener("visibilitychange", () => document.hidden || tick());
}

export { tick };
