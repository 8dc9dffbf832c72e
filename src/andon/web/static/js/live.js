// The connection: server-sent events, polling where the server has no stream left, a banner while
// it is gone. Calls `onChange(change)` with fields (see values/display.py) and keeps strip and banners.
import { put } from "./bind.js";
import { now, setServerTime, since, startClock, tick } from "./clock.js";

const SILENCE_MS = 12000; // The server sends something every 5 s.
const POLL_MS = 2000;
const strip = document.getElementById("strip");

let heard = Date.now();
let lost = 0;
let opened = 0;

function banner(id, at, text) {
  const element = document.getElementById(id);
  if (!element) return;
  element.hidden = !at && !text;
  if (element.hidden) return;
  const full = element.dataset.text.replace("{since}", text || since(at));
  const place = element.querySelector("span");
  if (place.textContent !== full) place.textContent = full;
}

function conditions() {
  const { staleAt, storeAt, paused } = strip ? strip.dataset : {};
  banner("offline", lost);
  banner("store-away", lost ? 0 : Number(storeAt));
  banner("engine-away", lost ? 0 : Number(staleAt));
  banner("engine-paused", 0, lost ? "" : paused);
  const body = document.body;
  body.toggleAttribute("data-offline", lost > 0);
  body.toggleAttribute("data-stale", lost > 0 || Boolean(staleAt) || Boolean(storeAt));
}

function alive() {
  heard = Date.now();
  if (lost) {
    lost = 0;
    conditions();
  }
}

function gone() {
  if (!lost) {
    lost = now();
    conditions();
  }
}

export function connect(machine, onChange) {
  const query = machine ? `?machine=${encodeURIComponent(machine)}` : "";
  let source = null;
  let polling = 0;

  const change = (data) => {
    alive();
    if (data.at) setServerTime(Math.max(data.at, now() - 60000));
    if (data.strip && strip) put(strip, data.strip);
    onChange(data);
    conditions();
  };

  const poll = async () => {
    try {
      const answer = await fetch("/api/v1/machines?display=1", { cache: "no-store" });
      if (answer.ok) change((await answer.json()).display);
      else gone();
    } catch {
      gone();
    }
  };

  const open = () => {
    close();
    opened = Date.now();
    source = new EventSource(`/events${query}`);
    source.addEventListener("change", (event) => {
      document.getElementById("polling").hidden = true;
      change(JSON.parse(event.data));
    });
    source.addEventListener("pulse", alive);
    source.onerror = async () => {
      // Closed for good (no stream left, or an error page): ask what it is, poll meanwhile.
      if (source && source.readyState === EventSource.CLOSED) {
        await poll();
        document.getElementById("polling").hidden = lost > 0;
        polling ||= setInterval(poll, POLL_MS);
        setTimeout(() => document.hidden || open(), 15000);
      } else if (Date.now() - heard > 3000) {
        gone();
      }
    };
  };

  const close = () => {
    if (source) source.close();
    source = null;
    clearInterval(polling);
    polling = 0;
  };

  // A hidden tab holds no connection: browsers allow few per server.
  document.addEventListener("visibilitychange", () => {
    if (document.hidden) close();
    else {
      heard = Date.now();
      open();
    }
  });
  setInterval(() => {
    if (document.hidden || Date.now() - heard <= SILENCE_MS) return;
    gone();
    if (!polling && Date.now() - opened > SILENCE_MS) open();
  }, 1000);
  startClock();
  conditions();
  open();
}

export { tick };
