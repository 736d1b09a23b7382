// Bars of what was allowed and denied over time. The plotting library comes when a plot is looked at.
import { html, useEffect, useRef, useState } from "../vendor/preact-htm.js";
import { number } from "../format.js";
import { Segments } from "./field.js";

const HOUR = 3600;
const HEIGHT = 180;

/** Spans of time: seconds, and the seconds of a bar. */
export const SPANS = {
  "24 hours": { length: 24 * HOUR, step: HOUR },
  "7 days": { length: 7 * 24 * HOUR, step: 6 * HOUR },
  "30 days": { length: 30 * 24 * HOUR, step: 24 * HOUR },
};

/** Since when a span is, at the start of a bar. */
export function sinceOf(span) {
  const { length, step } = SPANS[span];
  const now = Math.floor(Date.now() / 1000);
  return new Date((Math.floor(now / step) * step - length + step) * 1000);
}

let library = null;
/** A classic script, which names one thing. */
function load() {
  library ??= new Promise((found, failed) => {
    const sheet = Object.assign(document.createElement("link"), { rel: "stylesheet", href: "vendor/uPlot.css" });
    const script = Object.assign(document.createElement("script"), { src: "vendor/uPlot.min.js" });
    script.onload = () => found(globalThis.uPlot);
    script.onerror = failed;
    document.head.append(sheet, script);
  });
  return library;
}

/** Rows of { bucket, allowed, denied } as bars, those without use included. */
function barsOf(rows, span) {
  const { length, step } = SPANS[span];
  const first = sinceOf(span).getTime() / 1000;
  const times = Array.from({ length: length / step }, (_, at) => first + at * step);
  const allowed = times.map(() => 0);
  const denied = times.map(() => 0);
  for (const row of rows) {
    const at = Math.floor((new Date(row.bucket).getTime() / 1000 - first) / step);
    if (at < 0 || at >= times.length) continue;
    allowed[at] += row.allowed;
    denied[at] += row.denied;
  }
  return { times, allowed, denied };
}

const sum = (values) => values.reduce((total, value) => total + value, 0);

/** A plot with its legend, and a choice of spans. */
export function Plot({ title, rows, span, setSpan }) {
  const host = useRef(null);
  const legend = useRef(null);
  const [scheme, setScheme] = useState(0);
  const { times, allowed, denied } = barsOf(rows ?? [], span);
  const key = JSON.stringify([span, allowed, denied, scheme]);
  useEffect(() => {
    const changed = () => setScheme((count) => count + 1);
    const system = matchMedia("(prefers-color-scheme: dark)");
    const chosen = new MutationObserver(changed);
    system.addEventListener("change", changed);
    chosen.observe(document.documentElement, { attributeFilter: ["data-scheme"] });
    return () => {
      system.removeEventListener("change", changed);
      chosen.disconnect();
    };
  }, []);
  useEffect(() => {
    let plot = null;
    let isGone = false;
    const resize = new ResizeObserver(() => plot?.setSize({ width: host.current.clientWidth, height: HEIGHT }));
    load().then((Library) => {
      if (isGone) return;
      const options = optionsOf(Library, host.current, legend.current);
      // Stacked: the denied stand on the allowed, and are drawn first.
      const top = allowed.map((value, at) => value + denied[at]);
      plot = new Library(options, [times, top, allowed], host.current);
      resize.observe(host.current);
    }, () => {});
    return () => {
      isGone = true;
      resize.disconnect();
      plot?.destroy();
    };
  }, [key]);
  const said = `${title}: ${number(sum(allowed))} allowed and ${number(sum(denied))} denied in ${span}`;
  return html`<section class="card" aria-label=${title}>
    <div class="between"><h2>${title}</h2>
      <${Segments} name="span" label="Span of time" value=${span} set=${setSpan} options=${Object.keys(SPANS).map((name) => [name, name])} /></div>
    <p class="legend" ref=${legend}>
      <span class="allowed"><i>${number(sum(allowed))} allowed</i></span>
      <span class="denied"><i>${number(sum(denied))} denied</i></span>
    </p>
    <div class="plot" ref=${host} role="img" aria-label=${said}></div>
    ${sum(allowed) + sum(denied) === 0 && rows && html`<p class="faint">Not used in this time.</p>`}
  </section>`;
}

/** Colours as the style sheet has them now. */
function optionsOf(Library, host, legend) {
  const colour = (selector) => getComputedStyle(legend.querySelector(selector)).color;
  const style = getComputedStyle(host);
  const [axis, line] = [style.color, style.outlineColor];
  const bars = Library.paths.bars({ size: [0.72, 28], radius: 0.15 });
  const series = (label, selector) => ({ label, fill: colour(selector), width: 0, paths: bars, points: { show: false } });
  const font = `12px ${style.fontFamily}`;
  const axes = { stroke: axis, font, grid: { stroke: line, width: 1 }, ticks: { show: false } };
  return {
    width: host.clientWidth,
    height: HEIGHT,
    padding: [8, 6, 0, 0],
    legend: { show: false },
    cursor: { show: false },
    scales: { x: { range: (_, low, high) => pad(low, high) }, y: { range: (_, low, high) => [0, Math.max(high * 1.08, 4)] } },
    axes: [
      { ...axes, grid: { show: false }, size: 28, values: (_, marks) => marks.map(short), space: 70 },
      { ...axes, size: 46, values: (_, marks) => marks.map((value) => (Number.isInteger(value) ? compact.format(value) : "")) },
    ],
    series: [{}, series("denied", ".denied"), series("allowed", ".allowed")],
  };
}

const compact = new Intl.NumberFormat("en", { notation: "compact" });
const time = new Intl.DateTimeFormat("en", { hour: "2-digit", minute: "2-digit", hourCycle: "h23" });
const day = new Intl.DateTimeFormat("en", { month: "short", day: "numeric" });

function short(seconds) {
  const at = new Date(seconds * 1000);
  return at.getHours() + at.getMinutes() === 0 ? day.format(at) : time.format(at);
}

/** Half a bar on either side. */
function pad(low, high) {
  const half = (high - low) / 46;
  return [low - half, high + half];
}
